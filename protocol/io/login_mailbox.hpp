// The way back from the user's login callbacks to the client: any thread, any time.
//
// A reply is posted to the client's executor, so that an answer never runs inside the callback and never on another thread. This is the one
// place of a client with a lock: a reply may come from another thread while the execution context ends, and must find it either alive or
// known to be gone. Held for the length of a post, at most a few times in the life of a connection.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <system_error>
#include <utility>

#include <asio/any_io_executor.hpp>

#include <slipstream/authentication.hpp>

namespace slipstream::io {

class client_impl;

class login_mailbox {
public:
    login_mailbox(asio::any_io_executor executor, std::weak_ptr<client_impl> client) noexcept
        : executor_(std::move(executor)), client_(std::move(client)) {}

    void deliver(std::uint64_t id, std::error_code ec, login answer) noexcept;
    void deliver(std::uint64_t id, std::error_code ec, secret signature) noexcept;
    /// The context ends: whatever still comes is dropped.
    void close() noexcept;

private:
    template <class Answer>
    void keep_and_post(std::uint64_t id, std::error_code ec, Answer answer) noexcept;
    void post(std::function<void(client_impl&)> hand_over);

    std::mutex mutex_;
    asio::any_io_executor executor_;  // empty once closed
    std::weak_ptr<client_impl> client_;
};

/// The reply that a callback gets.
template <class Answer>
class posted_reply final : public detail::reply_sink<Answer> {
public:
    posted_reply(std::shared_ptr<login_mailbox> box, std::uint64_t id, errc dropped) noexcept
        : box_(std::move(box)), id_(id), dropped_(dropped) {}
    posted_reply(const posted_reply&) = delete;
    posted_reply& operator=(const posted_reply&) = delete;
    ~posted_reply() override { answer(dropped_, {}); }

    void answer(std::error_code failure, Answer answer) noexcept override {
        if (!answered_.exchange(true)) box_->deliver(id_, failure, std::move(answer));
    }

private:
    std::shared_ptr<login_mailbox> box_;
    std::uint64_t id_;
    errc dropped_;
    std::atomic<bool> answered_{false};
};

}  // namespace slipstream::io
