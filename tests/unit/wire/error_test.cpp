#include <slipstream/error.hpp>

#include <doctest/doctest.h>

#include <cerrno>
#include <ostream>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <slipstream/event.hpp>

using namespace slipstream;

namespace {

std::vector<errc> every_code() {
    std::vector<errc> all;
    for (int value = 1; value <= static_cast<int>(errc::max_control_line); ++value) all.push_back(static_cast<errc>(value));
    return all;
}

std::set<std::string> codes_of(condition c) {
    std::set<std::string> names;
    for (const errc e : every_code()) {
        if (make_error_code(e) == c) names.insert(to_string(e));
    }
    return names;
}

/// A library's category that knows nothing of ours.
class foreign_category final : public std::error_category {
public:
    const char* name() const noexcept override { return "foreign"; }
    std::string message(int) const override { return "foreign"; }
    std::error_condition default_error_condition(int value) const noexcept override {
        return value == 1 ? std::make_error_condition(std::errc::connection_refused) : std::error_condition(value, *this);
    }
};

/// A higher layer of ours, where a timeout is not transient.
class layer_category final : public std::error_category {
public:
    const char* name() const noexcept override { return "slipstream.layer"; }
    std::string message(int) const override { return "layer"; }
    std::error_condition default_error_condition(int) const noexcept override { return std::make_error_condition(std::errc::timed_out); }
};

}  // namespace

TEST_CASE("style-anchors 3.8: every code has a name of its own and a full sentence") {
    std::set<std::string> names;
    std::set<std::string> messages;
    for (const errc e : every_code()) {
        const std::string name = to_string(e);
        const std::string message = make_error_code(e).message();
        INFO(name);
        CHECK(name.find_first_not_of("abcdefghijklmnopqrstuvwxyz_") == std::string::npos);
        CHECK(names.insert(name).second);
        CHECK(messages.insert(message).second);
        CHECK(message.front() >= 'A');
        CHECK(message.front() <= 'Z');
        CHECK(message.ends_with('.'));
    }
    CHECK(std::string_view(to_string(errc::buffer_full)) == "buffer_full");
    CHECK(std::string_view(to_string(errc::max_control_line)) == "max_control_line");
    CHECK(std::string_view(core_category().name()) == "slipstream");
}

TEST_CASE("style-anchors 3.8: values that are no code do no harm") {
    for (const int value : {0, -1, static_cast<int>(errc::max_control_line) + 1, 1'000'000}) {
        const std::error_code odd(value, core_category());
        CHECK(odd.message() == "Unknown slipstream error.");
        CHECK(std::string_view(to_string(static_cast<errc>(value))) == "unknown");
        CHECK_FALSE(odd == condition::transient);
        CHECK(odd.default_error_condition().category() == core_category());
    }
    CHECK(std::error_condition(99, condition_category()).message() == "Unknown slipstream condition.");
    CHECK_FALSE(make_error_code(errc::timeout) == std::error_condition(99, condition_category()));
    CHECK_FALSE(make_error_code(errc::timeout) == std::error_condition(0, condition_category()));
    CHECK_FALSE(make_error_code(errc::timeout) == std::error_condition(-3, condition_category()));
}

TEST_CASE("E1: which codes belong to which condition") {
    using names = std::set<std::string>;
    CHECK(codes_of(condition::invalid_argument) == names{"invalid_subject", "invalid_reply_subject", "invalid_queue_group",
                                                         "invalid_header_name", "invalid_header_value", "invalid_url", "invalid_option",
                                                         "invalid_inbox_prefix", "max_payload", "headers_unsupported", "tls_bad_ca",
                                                         "tls_bad_certificate", "tls_bad_key", "max_control_line", "creds_malformed",
                                                         "jwt_malformed", "nkey_malformed", "nkey_checksum", "nkey_wrong_type",
                                                         "key_mismatch"});
    CHECK(codes_of(condition::timed_out) ==
          names{"timeout", "timeout_unsent", "handshake_timeout", "write_stalled", "authentication_timeout"});
    CHECK(codes_of(condition::closed) == names{"closed", "draining", "subscription_closed"});
    CHECK(codes_of(condition::denied) == names{"authorization_violation", "authentication_expired", "authentication_revoked",
                                               "account_authentication_expired", "permission_denied", "tls_client_certificate_required",
                                               "tls_client_certificate_refused", "credentials_unreadable", "nonce_missing",
                                               "credential_provider_failed", "signer_failed"});
    CHECK(codes_of(condition::protocol) == names{"protocol_error"});
    CHECK(codes_of(condition::transient) == names{"buffer_full", "timeout_unsent", "no_responders", "not_connected", "stale_connection",
                                                  "write_stalled", "connection_eof", "handshake_timeout", "no_servers",
                                                  "authentication_timeout", "max_connections", "credential_provider_failed",
                                                  "signer_failed", "connection_left"});
    CHECK(codes_of(condition::not_found).empty());
    CHECK(codes_of(condition::conflict).empty());
}

TEST_CASE("W13: what may have taken effect is outcome_unknown, and never transient") {
    CHECK(codes_of(condition::outcome_unknown) == std::set<std::string>{"timeout", "connection_lost", "outcome_unknown"});
    for (const errc e : every_code()) {
        const bool both = make_error_code(e) == condition::outcome_unknown && make_error_code(e) == condition::transient;
        CHECK_FALSE(both);
    }
}

TEST_CASE("E1: codes of the system belong to conditions through std::errc") {
    const auto system = [](int value) { return std::error_code(value, std::system_category()); };
    CHECK(system(ETIMEDOUT) == condition::timed_out);
    CHECK(system(ECONNREFUSED) == condition::transient);
    CHECK(system(ECONNRESET) == condition::transient);
    CHECK(system(EPIPE) == condition::transient);
    CHECK(system(EHOSTUNREACH) == condition::transient);
    CHECK(system(EINVAL) == condition::invalid_argument);
    CHECK(system(EACCES) == condition::denied);
    CHECK(std::make_error_code(std::errc::connection_reset) == condition::transient);
    CHECK(std::make_error_code(std::errc::protocol_error) == condition::protocol);
    CHECK_FALSE(system(ENOENT) == condition::transient);
    CHECK_FALSE(system(ENOENT) == condition::not_found);  // a file of the creds, not a stream
    CHECK_FALSE(system(ECANCELED) == condition::transient);
    CHECK_FALSE(system(ECANCELED) == condition::closed);
    CHECK_FALSE(std::error_code() == condition::transient);
    CHECK_FALSE(std::error_code() == condition::closed);
}

TEST_CASE("E1: foreign codes are grouped by their std::errc, those of our own layers by their own category alone") {
    const foreign_category foreign;
    CHECK(std::error_code(1, foreign) == condition::transient);
    CHECK_FALSE(std::error_code(2, foreign) == condition::transient);
    const layer_category layer;
    CHECK_FALSE(std::error_code(1, layer) == condition::timed_out);
    CHECK_FALSE(std::error_code(1, layer) == condition::transient);
}

TEST_CASE("E1: generic comparisons with std::errc") {
    CHECK(make_error_code(errc::timeout) == std::errc::timed_out);
    CHECK(make_error_code(errc::invalid_subject) == std::errc::invalid_argument);
    CHECK(make_error_code(errc::permission_denied) == std::errc::permission_denied);
    CHECK(make_error_code(errc::not_connected) == std::errc::not_connected);
    CHECK_FALSE(make_error_code(errc::no_responders) == std::errc::timed_out);
    CHECK_FALSE(make_error_code(errc::closed) == std::errc::timed_out);
    CHECK_FALSE(make_error_code(errc::timeout) == std::errc::invalid_argument);
    const std::error_code ec = errc::timeout;  // implicitly, as throw std::system_error(errc) needs
    CHECK(ec == errc::timeout);
    CHECK(ec != errc::closed);
}

TEST_CASE("style-anchors 3.8: every condition has a sentence") {
    std::set<std::string> messages;
    for (int c = 1; c <= static_cast<int>(condition::protocol); ++c) {
        const std::string message = make_error_condition(static_cast<condition>(c)).message();
        CHECK(message.ends_with('.'));
        CHECK(message != "Unknown slipstream condition.");
        CHECK(messages.insert(message).second);
    }
}

TEST_CASE("cli: events and reasons have stable words") {
    std::set<std::string_view> words;
    for (int k = 0; k <= static_cast<int>(event_kind::closed); ++k) CHECK(words.insert(to_string(static_cast<event_kind>(k))).second);
    CHECK_FALSE(words.contains("unknown"));
    CHECK(words.contains("slow_consumer"));
    CHECK(words.contains("lame_duck"));
    words.clear();
    for (int r = 0; r <= static_cast<int>(disconnect_reason::timeout); ++r)
        CHECK(words.insert(to_string(static_cast<disconnect_reason>(r))).second);
    CHECK_FALSE(words.contains("unknown"));
    for (const std::string_view word :
         {"eof", "reset", "stale", "write_stall", "protocol_error", "auth", "tls", "server_error", "max_payload", "lame_duck", "closed"}) {
        CHECK(words.contains(word));
    }
    CHECK(to_string(static_cast<event_kind>(99)) == "unknown");
    CHECK(to_string(static_cast<disconnect_reason>(99)) == "unknown");
}
