// What happens in the model of session_world.hpp: wishes of a user, moods of a server, answers to what a login needs.
#include <array>
#include <stdexcept>

#include "fuzz/session_world.hpp"
#include "protocol/auth/nkey.hpp"
#include "protocol/wire/base64.hpp"
#include "protocol/wire/encoder.hpp"

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

void session_world::connect() {
    wish(session::duration::max(), [&](operation& op) { return core_->connect(detail::plain_completion(&op), now_); });
}

void session_world::act() {
    switch (in_.below(5)) {
        case 0:
        case 1: user(); break;
        case 2: server(); break;
        case 3: manage(); break;
        default: pass(std::chrono::milliseconds(in_.flag() ? in_.below(8000) : in_.below(64))); break;
    }
}

void session_world::user() {
    switch (in_.below(10)) {
        case 0:
        case 1: publish(); break;
        case 2: subscribe(); break;
        case 3:
            if (const auto s = subscription()) static_cast<void>(core_->unsubscribe(*s, in_.below(3)));
            break;
        case 4:
            if (const auto s = subscription()) {
                wish(session::duration::max(), [&](operation& op) { return core_->next(s, detail::message_completion(&op)); });
            }
            break;
        case 5: request(); break;
        case 6: {
            const std::chrono::milliseconds timeout(1 + in_.below(4000));
            wish(timeout, [&](operation& op) { return core_->flush(timeout, detail::plain_completion(&op), now_); });
            break;
        }
        case 7:
            if (const auto s = subscription()) {
                wish(8s, [&](operation& op) { return core_->drain(s, detail::plain_completion(&op), now_); });
            }
            break;
        case 8: core_->cancel(operations_[in_.below(operations_.size())].id, in_.flag(), now_); break;
        default:
            connect();
            dials_.clear();  // the user may dial as often as it likes
            break;
    }
}

/// What is done less often.
void session_world::manage() {
    switch (in_.below(9)) {
        case 0:
            static_cast<void>(core_->reconnect(now_));
            dials_.clear();
            break;
        case 1: {
            static const std::array<std::vector<std::string>, 4> lists = {
                {{"b.test"}, {"nats://u:s3cr3t-passw0rd@c.test", "a.test"}, {"127.0.0.1:4", "localhost:4"}, {"not a server"}}};
            const auto& list = lists[in_.below(lists.size())];
            const bool refused = static_cast<bool>(core_->set_servers(list, now_));
            FUZZ_CHECK(refused || list.front() != "not a server");
            tls_by_url_ = tls_by_url_ && refused;
            dials_.clear();
            break;
        }
        case 2: hand_over(); break;
        case 3: {
            std::size_t current = 0;
            for (const known_server& s : core_->servers()) {
                check_quiet(s.address);
                current += s.current ? 1 : 0;
            }
            FUZZ_CHECK(current <= 1);
            check_quiet(core_->connected_server());
            FUZZ_CHECK(core_->new_inbox() != core_->new_inbox() && !core_->options_problem() && core_->generation() >= generation_);
            FUZZ_CHECK(core_->writable() || core_->stats().outbox_bytes > 0);
            FUZZ_CHECK(!core_->write_due() || core_->stats().outbox_bytes > 0);
            FUZZ_CHECK(core_->server_info().max_payload > 0 && core_->options().outbox_bytes == options_.outbox_bytes);
            break;
        }
        case 4:
            core_->resume_reading(now_);
            FUZZ_CHECK(!core_->reading_paused() || !core_->reading_may_resume(now_));
            break;
        case 5:
            if (in_.below(4) == 3) {
                leaving_ = true;
                wish(9s, [&](operation& op) { return core_->drain(detail::plain_completion(&op), now_); });
            }
            break;
        case 6: {
            const std::chrono::milliseconds timeout(in_.below(4000));
            wish(timeout, [&](operation& op) { return core_->wait_writable(timeout, detail::plain_completion(&op), now_); });
            FUZZ_CHECK(timeout.count() > 0 || operations_.back().latest == now_);
            break;
        }
        case 7:
            for (int i = 0; i < 8; ++i) publish();
            break;
        default:
            if (const auto s = subscription()) {  // what a user does with a queue
                message m;
                while (s->queue.pop(m)) {}
                core_->resume_reading(now_);
            }
            break;
    }
}

void session_world::publish() {
    const std::string n = std::to_string(++counter_) + std::string(in_.below(4) * (large_ ? 30'000 : 100), 'x');
    const std::string block = in_.flag() ? "NATS/1.0\r\nA: b\r\n\r\n" : "";
    const std::string_view subject = in_.flag() ? "a" : "b";
    const std::error_code ec = n.size() > 300 ? publish_gathered({subject, {}, block, n}) : core_->publish(subject, {}, block, n);
    if (!ec) accepted_.push_back(n);
}

/// The longest count as large.
std::error_code session_world::publish_gathered(const wire::outgoing& m) {
    return core_->publish_gathered(
        m,
        [this](std::span<const std::string_view> pieces) {
            FUZZ_CHECK(secured_ || !tls_demanded_);  // B3, B4
            std::string bytes;
            for (const std::string_view piece : pieces) bytes += piece;
            bytes.resize(static_cast<std::size_t>(in_.below(bytes.size() + 1)));
            server_.reads(bytes);
            return bytes.size();
        },
        now_);
}

/// Frames of another thread.
void session_world::hand_over() {
    wire::write_buffer frames;
    std::vector<std::pair<std::size_t, std::string>> handed;  // where each ends
    for (std::uint64_t left = 1 + in_.below(4); left > 0; --left) {
        const std::string n = std::to_string(++counter_) + std::string(in_.below(4) * (large_ ? 30'000 : 300), 'y');
        if (in_.flag())
            encode_hpub(frames, "a", {}, "NATS/1.0\r\nA: b\r\n\r\n", n);
        else
            encode_pub(frames, "b", {}, n);
        handed.emplace_back(frames.size(), n);
    }
    const std::size_t taken = core_->take_frames(frames.view(), false, now_);
    std::size_t whole = 0;
    for (const auto& [end, n] : handed) {
        if (end > taken) break;
        ++whole;
        accepted_.push_back(n);
    }
    FUZZ_CHECK(taken == (whole == 0 ? 0 : handed[whole - 1].first));
}

void session_world::subscribe() {
    std::shared_ptr<session::subscription_state> s;
    std::function<void(const message_view&)> handler;
    if (in_.flag()) handler = [this](const message_view& m) { on_message(m); };
    const std::uint64_t how = in_.below(16);
    subscribe_options options{.max_messages = how % 4, .pending_messages = large_ ? 200U : 3U};
    if (how / 4 == 1) options.when_full = slow_consumer_policy::pause_reading;
    if (how == 7) options.pause_limit = 0ms;
    if (how / 4 == 2) options.queue_group = "g";
    if (how / 4 == 3) options.queue_group = "not a group";
    const std::error_code ec = core_->subscribe(in_.flag() ? "a" : "b", options, handler, s);
    FUZZ_CHECK(ec || (how / 4 != 3 && how != 7));
    if (!ec) subscriptions_.push_back(s);
}

void session_world::request() {
    const std::chrono::milliseconds timeout(1 + in_.below(4000));
    const char* const subject = std::array{"svc", "silent", "denied", "nobody", "unheard"}[in_.below(5)];
    const std::string number = "r" + std::to_string(++counter_);
    operation& op =
        wish(timeout, [&](operation& o) { return core_->request(subject, {}, number, timeout, detail::message_completion(&o), now_); });
    op.number = number;
}

/// Handlers do what users do.
void session_world::on_message(const message_view& m) {
    FUZZ_CHECK(!ended_ && !m.subject().empty());
    switch (in_.below(10)) {  // behind the input's end it is 0: nothing, or handlers would call each other for ever
        case 1: publish(); break;
        case 2:
            if (const auto s = subscription()) static_cast<void>(core_->unsubscribe(*s, 0));
            break;
        case 3: throw std::runtime_error("a handler's words");
        case 4: throw 4;
        default: break;
    }
}

std::shared_ptr<session::subscription_state> session_world::subscription() {
    return subscriptions_.empty() ? nullptr : subscriptions_[in_.below(subscriptions_.size())];
}

void session_world::server() {
    std::string said;
    switch (in_.below(16)) {
        case 0: refuse_ = !refuse_; break;
        case 1: mute_ = !mute_; break;
        case 2: stuck_ = !stuck_; break;
        case 3:
            if (open_) down(in_.flag() ? std::error_code() : std::make_error_code(std::errc::connection_reset));
            break;
        case 4: {
            const char* const subject = in_.flag() ? "a" : "b";
            const char* const reply = in_.flag() ? "r" : "";
            server_.deliver(subject, reply, in_.text(40));
            break;
        }
        case 5: said = "\x01 garbage\r\n"; break;
        case 6: said = "-ERR '" + std::string(in_.text(60)) + "'\r\n"; break;
        case 7: said = "INFO {\"headers\":true,\"max_payload\":" + std::to_string(1 + in_.below(2000)) + ",\"ldm\":true}\r\n"; break;
        case 8: {
            static constexpr std::array words = {"-ERR 'Permissions Violation for Subscription to \"a\"'\r\n",
                                                 "-ERR 'Permissions Violation for Publish to \"svc\"'\r\n",
                                                 "-ERR 'Authorization Violation'\r\n",
                                                 "-ERR 'User Authentication Expired'\r\n",
                                                 "-ERR 'Maximum Control Line Exceeded'\r\n",
                                                 "-ERR 'Maximum Subscriptions Exceeded'\r\n",
                                                 "-ERR 'Maximum Payload Violation'\r\n",
                                                 "-ERR 'Stale Connection'\r\n"};
            said = words[in_.below(words.size())];
            break;
        }
        case 9: said = info(); break;
        case 10: {
            constexpr std::array<const char*, 4> words{"PING\r\n", "+OK\r\n", "MSG nobody 9999 0\r\n\r\n", "INFO {\"max_payload\":\r\n"};
            said = words[in_.below(words.size())];
            break;
        }
        case 11: server_.deliver_status(in_.flag() ? "a" : "b", in_.flag() ? "503" : "100 Idle"); break;
        case 12: server_.deliver(in_.flag() ? "a" : "b", {}, std::string(in_.below(4) * (large_ ? 30'000 : 300), 'z')); break;
        default:  // anything
            said = in_.text(120);
            honest_ = honest_ && said.empty();
            break;
    }
    heard_ += said;
    secret_echoed_ = secret_echoed_ || heard_.find("s3cr3t") != std::string::npos;
    server_.say(said);
}

void session_world::down(std::error_code ec) {
    open_ = connected_ = securing_ = false;
    core_->on_transport_down(generation_, ec, now_);
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

void session_world::check_quiet(std::string_view text) const {
    const test_user& u = user_of_test();
    if (secret_echoed_) return;
    for (const std::string_view word :
         {std::string_view("s3cr3t"), std::string_view(u.seed).substr(4, 16), std::string_view(u.jwt).substr(4, 16)})
        FUZZ_CHECK(text.find(word) == std::string_view::npos);
}

}  // namespace fuzz
