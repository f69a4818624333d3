// Logins (spec/auth.md 3-6; B12-B16, S7-S14): what the check before the first connection says is what proving comes to, whichever way
// the parts arrive (in memory, from files, from a signer, from a provider); a proved login signs this connection's nonce with this
// user's key; what is late or not asked for changes nothing; no word of a failure shows a part of a secret; end() leaves nothing.
#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <variant>
#include <vector>

#include <slipstream/error.hpp>

#include <sodium/crypto_sign.h>

#include "fuzz/check.hpp"
#include "fuzz/input.hpp"
#include "protocol/auth/base32.hpp"
#include "protocol/auth/login_check.hpp"
#include "protocol/auth/nkey.hpp"
#include "protocol/auth/wipe.hpp"
#include "protocol/session/connect_message.hpp"
#include "protocol/session/login_machine.hpp"
#include "protocol/wire/base64.hpp"
#include "tests/support/base64url.hpp"

using namespace slipstream;
using session::login_action;
using session::login_machine;

namespace {

/// A user, and logins of it that are right or nearly so.
class maker {
public:
    explicit maker(fuzz::input& in) : in_(in) {
        std::array<unsigned char, auth::key_size> bytes{};
        for (unsigned char& byte : bytes) byte = in_.byte();
        seed_ = std::string(auth::encode_seed(auth::nkey_kind::user, bytes).reveal());
        user_ = auth::nkey_pair(auth::nkey_kind::user, bytes).public_key();
    }

    login make() {
        switch (in_.below(12)) {
            case 0: return user_password{.user = word(), .password = secret(word())};
            case 1: return token_auth{secret(word())};
            case 2: return nkey_seed{secret(seed())};
            case 3: return nkey_file{path()};
            case 4: return nkey_signer{.public_key = in_.flag() ? user_ : word(), .sign = any_signer()};
            case 5: return creds_text{secret(document())};
            case 6: return creds_base64{secret(in_.flag() ? detail::encode_base64(document()) : word())};
            case 7: return creds_file{.path = path(), .key_path = in_.flag() ? path() : ""};
            case 8: return jwt_seed{.jwt = secret(jwt()), .seed = secret(seed())};
            case 9: return jwt_signer{.jwt = secret(jwt()), .sign = any_signer()};
            case 10: return bearer_jwt{secret(jwt())};
            default: return no_auth{};
        }
    }
    /// A file's contents: what a login may need, or anything.
    std::string file() {
        switch (in_.below(4)) {
            case 0: return document();
            case 1: return jwt();
            case 2: return seed();
            default: return word();
        }
    }
    [[nodiscard]] const std::string& user() const noexcept { return user_; }
    /// No word of these may be shown.
    [[nodiscard]] bool shows(std::string_view text) const {
        return std::any_of(secrets_.begin(), secrets_.end(), [&](const std::string& s) {
            return s.size() >= 8 && text.find(std::string_view(s).substr(s.size() - 8)) != std::string_view::npos;
        });
    }

private:
    std::string keep(std::string text) { return secrets_.emplace_back(std::move(text)); }
    std::string word() { return keep(in_.flag() ? "" : std::string(in_.text(40)) + "#s3cr3t#"); }
    std::string seed() {
        std::string text = keep(seed_);
        if (in_.flag()) text[in_.below(text.size())] = static_cast<char>(in_.byte());
        return in_.flag() ? " " + text + "\r\n" : text;
    }
    std::string jwt() {
        const std::string subject = in_.flag() ? user_ : "U" + std::string(in_.text(60));
        const std::string text = keep("e30." + test::base64url("{\"sub\":\"" + subject + "\"}") + ".c2lnbmF0dXJl");
        return in_.flag() ? text : text.substr(in_.below(12));
    }
    std::string document() {
        if (in_.below(4) == 3) return word();
        const std::string first = jwt();
        return "-----BEGIN NATS USER JWT-----\n" + first + "\n------END NATS USER JWT------\n\n-----BEGIN USER NKEY SEED-----\n" + seed() +
               "\n------END USER NKEY SEED------\n";
    }
    std::string path() { return in_.flag() ? "/f" : std::string(in_.text(6)); }
    signer any_signer() {
        return in_.flag() ? signer() : signer([](const std::string&, const signature_reply&) {});
    }

    fuzz::input& in_;
    std::string seed_;
    std::string user_;
    std::vector<std::string> secrets_;
};

/// The kinds that hold everything a proof needs.
bool is_whole(const login& how) {
    return !std::holds_alternative<nkey_file>(how) && !std::holds_alternative<creds_file>(how) &&
           !std::holds_alternative<nkey_signer>(how) && !std::holds_alternative<jwt_signer>(how);
}
bool signs(const login& how) {
    return std::holds_alternative<nkey_seed>(how) || std::holds_alternative<creds_text>(how) || std::holds_alternative<creds_base64>(how) ||
           std::holds_alternative<jwt_seed>(how) || !is_whole(how);
}

/// `sig` is of the nonce, by the key.
bool is_signature(std::string_view sig, std::string_view nonce, std::string_view public_key) {
    std::string text(sig);
    std::replace(text.begin(), text.end(), '-', '+');
    std::replace(text.begin(), text.end(), '_', '/');
    text += "==";
    std::string raw;
    std::array<unsigned char, 35> key{};
    if (!detail::decode_base64(text, raw) || raw.size() != auth::signature_size || !auth::decode_base32(public_key, key)) return false;
    return crypto_sign_verify_detached(reinterpret_cast<const unsigned char*>(raw.data()),
                                       reinterpret_cast<const unsigned char*>(nonce.data()), nonce.size(), key.data() + 1) == 0;
}

/// Does what the machine asks for, well or badly, until it asks for nothing more. `good` stays when all was as it should be.
void answer(login_machine& machine, maker& made, fuzz::input& in, bool& good) {
    login_action action;
    for (int turns = 0; machine.next(action); ++turns) {
        FUZZ_CHECK(turns < 3 && !machine.has_action());
        const std::uint64_t other = action.id + 1 + in.below(3);
        machine.on_file(other, {}, secret("late"));
        machine.on_signature(other, {}, secret("late"));
        machine.on_answer(other, {}, no_auth{});
        FUZZ_CHECK(machine.now() == login_machine::state::asking || machine.now() == login_machine::state::proving);
        const bool fails = in.below(4) == 3;
        good = good && !fails;
        const std::error_code ec = !fails      ? std::error_code()
                                   : in.flag() ? std::error_code(ENOENT, std::generic_category())
                                               : make_error_code(errc::creds_malformed);
        switch (action.what) {
            case login_action::kind::read_file: machine.on_file(action.id, ec, secret(made.file())); break;
            case login_action::kind::sign: {
                const bool whole = in.flag();
                good = good && whole;
                machine.on_signature(action.id, ec, secret(std::string(whole ? auth::signature_size : in.below(200), 's')));
                if (!fails && !whole) FUZZ_CHECK(machine.now() != login_machine::state::proving);
                break;
            }
            default: FUZZ_CHECK(false);
        }
        if (fails) FUZZ_CHECK(machine.now() == login_machine::state::failed);
    }
}

void check_proved(const login_machine& machine, const login& how, const maker& made, std::string_view nonce) {
    const session::login_fields& fields = machine.fields();
    FUZZ_CHECK(fields.sig.empty() == !signs(how));
    const bool own_key = std::holds_alternative<nkey_seed>(how) || std::holds_alternative<jwt_seed>(how);
    if (own_key) FUZZ_CHECK(is_signature(fields.sig, nonce, made.user()));
    if (std::holds_alternative<nkey_seed>(how)) FUZZ_CHECK(fields.nkey == made.user() && fields.jwt.empty());
    if (const auto* const given = std::get_if<user_password>(&how))
        FUZZ_CHECK(fields.with_user && fields.user == given->user && fields.pass == given->password.reveal());
    if (const auto* const given = std::get_if<token_auth>(&how))
        FUZZ_CHECK(fields.with_token && fields.auth_token == given->token.reveal());
    wire::write_buffer out;
    session::append_connect(out, {.login = fields});
    FUZZ_CHECK(out.view().starts_with("CONNECT {") && out.view().find('\n') == out.size() - 1);
}

void check(fuzz::input in) {
    maker made(in);
    const login how = made.make();
    const std::error_code wrong = auth::check_login(how);
    const std::string nonce(in.below(4) == 0 ? in.text(200) : std::string_view("PXoWU7zWAMt75FY"));
    const bool through_provider = in.flag();

    login_machine machine;
    const authentication given = std::visit([](const auto& each) -> authentication { return each; }, how);
    FUZZ_CHECK(auth::check_login(given) == wrong);
    if (through_provider) {
        const credential_provider provider{[](const login_request&, const login_reply&) {}};
        FUZZ_CHECK(!auth::check_login(authentication(provider)) && auth::check_login(authentication(credential_provider())));
        machine.begin(provider, {"a.test:4222", {}});
        login_action ask;
        FUZZ_CHECK(machine.has_action() && machine.next(ask) && ask.what == login_action::kind::ask);
        machine.prove(nonce);  // too early
        FUZZ_CHECK(machine.now() == login_machine::state::asking);
        const std::error_code ec = in.below(4) == 3 ? make_error_code(std::errc::io_error) : std::error_code();
        machine.on_answer(ask.id, ec, how);
        FUZZ_CHECK((machine.now() == login_machine::state::known) == (!ec && !wrong));
        if (!ec && wrong) FUZZ_CHECK(machine.why().error == wrong);
    } else {
        machine.begin(given, {});
        FUZZ_CHECK(machine.now() == login_machine::state::known && !machine.has_action());
    }
    const bool known = machine.now() == login_machine::state::known;
    machine.prove(nonce);
    bool good = !wrong;
    answer(machine, made, in, good);
    const bool ready = machine.now() == login_machine::state::ready;
    if (known) FUZZ_CHECK(ready || machine.now() == login_machine::state::failed);
    const bool nonce_fits = !signs(how) || (!nonce.empty() && nonce.size() <= login_machine::longest_nonce);
    if (ready) FUZZ_CHECK(nonce_fits);
    if (known && signs(how) && is_whole(how) && nonce_fits) FUZZ_CHECK(ready == !wrong);
    if (known && good && nonce_fits && !signs(how)) FUZZ_CHECK(ready);
    if (ready) check_proved(machine, how, made, nonce);
    if (machine.now() == login_machine::state::failed)
        FUZZ_CHECK(machine.why().error && !made.shows(machine.why().detail) && !made.shows(machine.why().error.message()));
    FUZZ_CHECK(machine.take_traces() == (through_provider || !std::holds_alternative<no_auth>(given)));
    FUZZ_CHECK(!machine.take_traces());
    machine.end();
    FUZZ_CHECK(machine.now() == login_machine::state::none && !machine.has_action() && machine.fields().sig.empty());
    auth::wipe_traces();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size > 1024) return 0;
    check(fuzz::input(data, size));
    return 0;
}
