// Who the user in the model of session_world.hpp is: the options, the login and its secrets, answers to what a login needs.
#include <array>
#include <stdexcept>

#include "fuzz/session_world.hpp"
#include "protocol/auth/nkey.hpp"
#include "protocol/wire/base64.hpp"

namespace fuzz {
namespace {

/// The key of a user, whose seed and JWT are secrets. Made once.
struct test_user {
    test_user() {
        std::array<unsigned char, auth::key_size> bytes{};
        bytes.fill(7);
        const auth::nkey_pair keys(auth::nkey_kind::user, bytes);
        seed = std::string(auth::encode_seed(auth::nkey_kind::user, bytes).reveal());
        public_key = keys.public_key();
        jwt = "e30." + detail::encode_base64("{\"sub\":\"" + public_key + "\"}") + ".c2lnbmF0dXJl";
        std::erase(jwt, '=');
        document = "-----BEGIN NATS USER JWT-----\n" + jwt + "\n------END NATS USER JWT------\n\n-----BEGIN USER NKEY SEED-----\n" + seed +
                   "\n------END USER NKEY SEED------\n";
    }
    std::string seed;
    std::string public_key;
    std::string jwt;
    std::string document;
};

const test_user& user_of_test() {
    static const test_user user;
    return user;
}

constexpr std::string_view password = "s3cr3t-passw0rd";

/// By number, so that a provider answers with the same kinds.
login login_of(std::uint64_t kind) {
    const test_user& u = user_of_test();
    const signer sign = [](const std::string&, const signature_reply&) {};
    switch (kind) {
        case 1: return user_password{.user = "u", .password = secret(password)};
        case 2: return token_auth{secret(password)};
        case 3: return nkey_seed{secret(u.seed)};
        case 4: return nkey_file{"/seed"};
        case 5: return nkey_signer{.public_key = u.public_key, .sign = sign};
        case 6: return creds_text{secret(u.document)};
        case 7: return creds_base64{secret(detail::encode_base64(u.document))};
        case 8: return creds_file{.path = "/document", .key_path = {}};
        case 9: return creds_file{.path = "/jwt", .key_path = "/seed"};
        case 10: return jwt_seed{.jwt = secret(u.jwt), .seed = secret(u.seed)};
        case 11: return jwt_signer{.jwt = secret(u.jwt), .sign = sign};
        case 12: return bearer_jwt{secret(u.jwt)};
        default: return no_auth{};
    }
}

}  // namespace

authentication session_world::choose_login() {
    const std::uint64_t kind = in_.below(16);
    if (kind == 15) return credential_provider{[](const login_request&, const login_reply&) {}};
    return std::visit([](auto each) -> authentication { return each; }, login_of(kind));
}

connect_options session_world::choose_options() {
    connect_options o;
    const std::uint8_t flags = in_.byte();
    const std::uint8_t more = in_.byte();
    static const std::array<std::vector<std::string>, 4> lists = {
        {{"a.test", "b.test"}, {"nats://u:s3cr3t-passw0rd@a.test", "b.test:1"}, {"tls://a.test", "tls://localhost:4"}, {"a.test"}}};
    o.servers = lists[in_.below(lists.size())];
    tls_by_url_ = o.servers.front().starts_with("tls://");
    o.auth = choose_login();
    if (in_.below(4) == 3) o.tls.mode = in_.flag() ? tls_mode::first : tls_mode::required;
    if (in_.below(8) == 7) o.tls.server_name = "t.test";
    o.ping_interval = ping_interval;
    o.max_pings_out = pings_out;
    o.write_timeout = 5s;
    o.drain_timeout = 8s;
    large_ = (more & 16U) != 0;
    parted_ = (more & 32U) != 0;
    batches_ = (more & 64U) != 0;
    o.outbox_bytes = large_ ? std::size_t{1} << 20U : 1500;
    o.retry_on_failed_connect = (flags & 1U) == 0;
    o.fail_fast = (flags & 2U) != 0;
    o.no_echo = (flags & 4U) != 0;
    o.randomize_servers = (flags & 8U) == 0;
    o.ignore_discovered_servers = (flags & 16U) != 0;
    o.tls.refuse_plaintext_login = (flags & 32U) != 0;
    if ((flags & 64U) != 0) o.dial_timeout = o.info_timeout = o.tls_timeout = o.login_timeout = 900ms;
    if ((flags & 128U) != 0) o.lame_duck_leave.reset();
    // A provider may answer that there is no login.
    const bool proves = !std::holds_alternative<no_auth>(o.auth) && !std::holds_alternative<credential_provider>(o.auth);
    tls_by_option_ = o.tls.mode != tls_mode::automatic || !o.tls.server_name.empty() || (o.tls.refuse_plaintext_login && proves);
    tls_wished_ = tls_by_url_ || tls_by_option_ || o.tls.refuse_plaintext_login;
    if ((more & 1U) != 0) o.max_reconnects = 2;
    if ((more & 2U) != 0) o.max_auth_failures = 2;
    if ((more & 4U) != 0) {
        o.choose_server = [this](const reconnect_plan& plan) -> std::size_t {
            FUZZ_CHECK(!plan.servers.empty() && plan.next < plan.servers.size());
            for (const known_server& s : plan.servers) check_quiet(s.address);
            if (in_.below(8) == 7) throw std::runtime_error("no choice");
            return in_.below(plan.servers.size() + 1);
        };
    }
    if ((more & 8U) != 0) {
        o.reconnect_delay = [this](const reconnect_plan&) {
            if (in_.below(8) == 7) throw 1;
            return std::chrono::milliseconds(in_.below(8) == 7 ? -1 : 200 + static_cast<int>(in_.below(3000)));
        };
    }
    return o;
}

/// Well, or badly, or later than it was asked for.
void session_world::answer_login(const session::login_action& action) {
    using kind = session::login_action::kind;
    const std::uint64_t mood = failing_ ? in_.below(8) : 0;
    if (mood == 7) return;  // never
    const std::uint64_t id = action.id + (mood == 6 ? 1 : 0);
    const std::error_code ec = mood == 5 ? make_error_code(std::errc::permission_denied) : std::error_code();
    const test_user& u = user_of_test();
    switch (action.what) {
        case kind::ask:
            check_quiet(action.request.server);
            core_->on_login_answer(id, ec, login_of(in_.empty() ? 0 : in_.below(15)), now_);
            break;
        case kind::read_file: {
            const std::string& contents = action.path == "/document" ? u.document : action.path == "/jwt" ? u.jwt : u.seed;
            core_->on_login_file(id, ec, secret(mood == 4 ? std::string_view("s3cr3t-nonsense") : std::string_view(contents)), now_);
            break;
        }
        case kind::sign:
            FUZZ_CHECK(!action.nonce.empty());
            core_->on_login_signature(id, ec, secret(std::string(mood == 4 ? 3 : auth::signature_size, 's')), now_);
            break;
        case kind::none: FUZZ_CHECK(false);
    }
}

bool session_world::says_a_secret(std::string_view text) {
    const test_user& u = user_of_test();
    const auto has = [text](std::string_view word) { return text.find(word) != std::string_view::npos; };
    return has("s3cr3t") || has(std::string_view(u.seed).substr(4, 16)) || has(std::string_view(u.jwt).substr(4, 16));
}

void session_world::check_quiet(std::string_view text) const { FUZZ_CHECK(secret_echoed_ || !says_a_secret(text)); }

}  // namespace fuzz
