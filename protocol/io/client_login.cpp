// What a login needs of the outside: files and the user's callbacks. See session/login_machine.hpp for what is done with it.
#include <functional>
#include <memory>
#include <utility>

#include <asio/post.hpp>

#include "protocol/auth/wipe.hpp"
#include "protocol/io/client_impl.hpp"
#include "protocol/io/login_mailbox.hpp"
#include "protocol/io/secret_file.hpp"

namespace slipstream::io {

using session::clock;

// --- the mailbox -----------------------------------------------------------------------------------------------------------------

void login_mailbox::deliver(std::uint64_t id, std::error_code ec, login answer) noexcept { keep_and_post(id, ec, std::move(answer)); }

void login_mailbox::deliver(std::uint64_t id, std::error_code ec, secret signature) noexcept {
    keep_and_post(id, ec, std::move(signature));
}

template <class Answer>
void login_mailbox::keep_and_post(std::uint64_t id, std::error_code ec, Answer answer) noexcept {
    try {
        // Not destroyed under the lock, whatever becomes of the post: an answer may hold callbacks, and these other replies.
        const auto held = std::make_shared<Answer>(std::move(answer));
        post([id, ec, held](client_impl& client) { client.on_login_reply(id, ec, std::move(*held)); });
    } catch (...) {  // out of memory: the attempt ends at its deadline
    }
}

void login_mailbox::post(std::function<void(client_impl&)> hand_over) {
    const std::lock_guard lock(mutex_);
    if (!executor_) return;
    asio::post(executor_, [client = client_, hand_over = std::move(hand_over)] {
        if (const std::shared_ptr<client_impl> target = client.lock()) hand_over(*target);
    });
}

void login_mailbox::close() noexcept {
    const std::lock_guard lock(mutex_);
    executor_ = asio::any_io_executor();
}

// --- the client ------------------------------------------------------------------------------------------------------------------

void client_impl::pull_login_actions() {
    for (session::login_action action; core_.next_login_action(action);) {
        using kind = session::login_action::kind;
        switch (action.what) {
            case kind::ask: ask_provider(action); break;
            case kind::read_file: read_login_file(action); break;
            case kind::sign: ask_signer(action); break;
            case kind::none: break;
        }
    }
}

void client_impl::read_login_file(const session::login_action& action) {
    secret contents;
    const std::error_code ec = read_secret_file(action.path, contents);
    core_.on_login_file(action.id, ec, std::move(contents), now_);
}

void client_impl::ask_provider(session::login_action& action) {
    const login_reply reply(std::make_shared<posted_reply<login>>(mailbox(), action.id, errc::credential_provider_failed));
    try {
        action.provider.ask(std::move(action.request), reply);
    } catch (...) {
        reply.fail();
    }
}

void client_impl::ask_signer(session::login_action& action) {
    const signature_reply reply(std::make_shared<posted_reply<secret>>(mailbox(), action.id, errc::signer_failed));
    try {
        action.sign_with(std::move(action.nonce), reply);
    } catch (...) {
        reply.fail();
    }
}

void client_impl::wipe_login_traces() noexcept {
    if (core_.take_login_traces()) [[unlikely]] auth::wipe_traces();
}

const std::shared_ptr<login_mailbox>& client_impl::mailbox() {
    if (!mailbox_) mailbox_ = std::make_shared<login_mailbox>(executor_, weak_from_this());
    return mailbox_;
}

void client_impl::on_login_reply(std::uint64_t id, std::error_code ec, login answer) {
    {
        const entry_check check(wire_);
        core_.on_login_answer(id, ec, std::move(answer), clock::now());
    }
    wipe_login_traces();
    enter();
}

void client_impl::on_login_reply(std::uint64_t id, std::error_code ec, secret signature) {
    {
        const entry_check check(wire_);
        core_.on_login_signature(id, ec, std::move(signature), clock::now());
    }
    wipe_login_traces();
    enter();
}

}  // namespace slipstream::io
