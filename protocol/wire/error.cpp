// Names, sentences and groups of every error code of the core layer, in one table.
//
// A code may belong to several conditions. The one rule between them: a code whose operation may already have taken effect
// (`outcome_unknown`) is never `transient`, so that a loop that repeats transient failures cannot store something twice.
#include <slipstream/error.hpp>

#include <cstddef>
#include <iterator>
#include <string>
#include <string_view>

namespace slipstream {
namespace {

using conditions = unsigned;

consteval conditions bit(condition c) { return 1U << static_cast<unsigned>(c); }

constexpr conditions none = 0;
constexpr conditions invalid = bit(condition::invalid_argument);
constexpr conditions timed_out = bit(condition::timed_out);
constexpr conditions transient = bit(condition::transient);
constexpr conditions closed = bit(condition::closed);
constexpr conditions denied = bit(condition::denied);
constexpr conditions unknown = bit(condition::outcome_unknown);
constexpr conditions protocol = bit(condition::protocol);

constexpr std::errc no_equivalent{};

struct entry {
    errc code;
    const char* name;
    const char* message;
    conditions groups;
    std::errc generic;  // what std::errc comparisons see
};

constexpr entry table[] = {
    {errc::invalid_subject, "invalid_subject",
     "The subject is not valid: it is empty, has an empty token, white space or a control character, or a wildcard where none may be.",
     invalid, std::errc::invalid_argument},
    {errc::invalid_reply_subject, "invalid_reply_subject", "The reply subject is not valid.", invalid, std::errc::invalid_argument},
    {errc::invalid_queue_group, "invalid_queue_group", "The queue group is not valid.", invalid, std::errc::invalid_argument},
    {errc::invalid_header_name, "invalid_header_name",
     "The header name is not valid: it must be printable ASCII without blanks and colons, and not empty.", invalid,
     std::errc::invalid_argument},
    {errc::invalid_header_value, "invalid_header_value", "The header value holds a carriage return, a line feed or a NUL.", invalid,
     std::errc::invalid_argument},
    {errc::invalid_url, "invalid_url", "The server URL is not valid.", invalid, std::errc::invalid_argument},
    {errc::invalid_option, "invalid_option", "An option is outside its documented range.", invalid, std::errc::invalid_argument},
    {errc::invalid_inbox_prefix, "invalid_inbox_prefix", "The inbox prefix is not a valid subject, or it is reserved.", invalid,
     std::errc::invalid_argument},
    {errc::max_payload, "max_payload", "Headers and payload together exceed the server's max_payload.", invalid, std::errc::message_size},
    {errc::headers_unsupported, "headers_unsupported", "The connected server does not support headers.", invalid,
     std::errc::operation_not_supported},
    {errc::buffer_full, "buffer_full", "The outbox is full.", transient, std::errc::no_buffer_space},
    {errc::operation_in_progress, "operation_in_progress", "An operation of this kind is already in progress on the object.", none,
     std::errc::operation_in_progress},
    {errc::timeout, "timeout", "The deadline passed after the request was sent; whether it was handled is unknown.", timed_out | unknown,
     std::errc::timed_out},
    {errc::timeout_unsent, "timeout_unsent", "The deadline passed before the request could be sent.", timed_out | transient,
     std::errc::timed_out},
    {errc::no_responders, "no_responders", "Nobody listens on the subject of the request.", transient, no_equivalent},
    {errc::connection_lost, "connection_lost", "The connection was lost after the request was sent; whether it was handled is unknown.",
     unknown, std::errc::connection_aborted},
    {errc::not_connected, "not_connected", "The client is not connected.", transient, std::errc::not_connected},
    {errc::closed, "closed", "The client was closed.", closed, no_equivalent},
    {errc::draining, "draining", "The client or the subscription is draining and takes nothing new.", closed, no_equivalent},
    {errc::subscription_closed, "subscription_closed", "The subscription has ended.", closed, no_equivalent},
    {errc::outcome_unknown, "outcome_unknown", "The write was sent but its result was lost; it may or may not have been stored.", unknown,
     no_equivalent},
    {errc::protocol_error, "protocol_error", "The server broke the NATS protocol or one of its limits.", protocol,
     std::errc::protocol_error},
    {errc::stale_connection, "stale_connection", "The connection is stale: pings were not answered.", transient,
     std::errc::connection_aborted},
    {errc::write_stalled, "write_stalled", "The server accepted no bytes within the write timeout.", timed_out | transient,
     std::errc::timed_out},
    {errc::connection_eof, "connection_eof", "The server closed the connection.", transient, std::errc::connection_aborted},
    {errc::connection_left, "connection_left", "The client left the server for another connection.", transient, no_equivalent},
    {errc::handshake_timeout, "handshake_timeout",
     "The server did not answer, or the handshake did not complete, within the time allowed for it.",
     timed_out | transient, std::errc::timed_out},
    {errc::no_servers, "no_servers", "No server could be reached; every one has used up its attempts.", transient, no_equivalent},
    {errc::tls_required, "tls_required", "TLS is required by one side and not available on the other.", none, no_equivalent},
    {errc::tls_failed, "tls_failed", "The TLS handshake failed, or the encrypted stream is broken.", none, no_equivalent},
    {errc::tls_certificate_expired, "tls_certificate_expired", "The server's certificate has expired.", none, no_equivalent},
    {errc::tls_certificate_not_yet_valid, "tls_certificate_not_yet_valid", "The server's certificate is not valid yet.", none,
     no_equivalent},
    {errc::tls_unknown_ca, "tls_unknown_ca", "The server's certificate was issued by an authority that is not trusted.", none,
     no_equivalent},
    {errc::tls_certificate_invalid, "tls_certificate_invalid", "The server's certificate is broken, too weak or not one for servers.", none,
     no_equivalent},
    {errc::tls_name_mismatch, "tls_name_mismatch", "The server's certificate is for another name.", none, no_equivalent},
    {errc::tls_refused, "tls_refused", "The server refused the TLS handshake.", none, no_equivalent},
    {errc::tls_client_certificate_required, "tls_client_certificate_required", "The server demands a client certificate.", denied,
     std::errc::permission_denied},
    {errc::tls_client_certificate_refused, "tls_client_certificate_refused", "The server does not accept the client's certificate.", denied,
     std::errc::permission_denied},
    {errc::tls_bad_ca, "tls_bad_ca", "The CA certificates cannot be read or are not valid.", invalid, std::errc::invalid_argument},
    {errc::tls_bad_certificate, "tls_bad_certificate", "The client's certificate cannot be read or is not valid.", invalid,
     std::errc::invalid_argument},
    {errc::tls_bad_key, "tls_bad_key", "The private key cannot be read, is not valid, or is not that of the certificate.", invalid,
     std::errc::invalid_argument},
    {errc::creds_malformed, "creds_malformed", "The credentials are not a document with a user's JWT and seed.", invalid,
     std::errc::invalid_argument},
    {errc::jwt_malformed, "jwt_malformed", "The user's JWT is not the text of a JWT.", invalid, std::errc::invalid_argument},
    {errc::nkey_malformed, "nkey_malformed", "The nkey is not the text of a key.", invalid, std::errc::invalid_argument},
    {errc::nkey_checksum, "nkey_checksum", "The checksum of the nkey is wrong.", invalid, std::errc::invalid_argument},
    {errc::nkey_wrong_type, "nkey_wrong_type", "The nkey is of another kind than is needed here.", invalid, std::errc::invalid_argument},
    {errc::key_mismatch, "key_mismatch", "The seed does not belong to the user that the JWT names.", invalid,
     std::errc::invalid_argument},
    {errc::credentials_unreadable, "credentials_unreadable", "A file with credentials cannot be read.", denied, no_equivalent},
    {errc::nonce_missing, "nonce_missing", "The server offers no nonce to sign: it takes no login by key.", denied, no_equivalent},
    {errc::credential_provider_failed, "credential_provider_failed", "The credential provider gave no credentials.", denied | transient,
     no_equivalent},
    {errc::signer_failed, "signer_failed", "The signing callback gave no signature.", denied | transient, no_equivalent},
    {errc::server_error, "server_error", "The server reported an error.", none, no_equivalent},
    {errc::authorization_violation, "authorization_violation", "The server refused the credentials.", denied, std::errc::permission_denied},
    {errc::authentication_timeout, "authentication_timeout", "The login came too late for the server.", timed_out | transient,
     std::errc::timed_out},
    {errc::authentication_expired, "authentication_expired", "The user's authentication has expired.", denied,
     std::errc::permission_denied},
    {errc::authentication_revoked, "authentication_revoked", "The user's authentication was revoked.", denied,
     std::errc::permission_denied},
    {errc::account_authentication_expired, "account_authentication_expired", "The account's authentication has expired.", denied,
     std::errc::permission_denied},
    {errc::permission_denied, "permission_denied", "The server denies this publish or subscription.", denied, std::errc::permission_denied},
    {errc::max_connections, "max_connections", "The server or the account has no room for another connection.", transient, no_equivalent},
    {errc::max_subscriptions, "max_subscriptions", "The server refuses further subscriptions of this connection.", none, no_equivalent},
    {errc::max_control_line, "max_control_line", "A protocol line was longer than the server's max_control_line.", invalid, no_equivalent},
};

consteval bool in_order() {
    int expected = 1;
    for (const entry& e : table) {
        if (static_cast<int>(e.code) != expected++) return false;
        if ((e.groups & unknown) != 0 && (e.groups & transient) != 0) return false;
    }
    return true;
}
static_assert(in_order(), "one entry for each errc, in the order of the enumeration, and nothing both transient and of unknown outcome");
static_assert(std::size(table) == static_cast<std::size_t>(errc::max_control_line), "every errc has an entry");

const entry* find(int value) noexcept {
    if (value < 1 || static_cast<std::size_t>(value) > std::size(table)) return nullptr;
    return &table[value - 1];
}

/// What the operating system reports, seen as our groups.
conditions groups_of(std::errc e) noexcept {
    switch (e) {
        case std::errc::timed_out: return timed_out | transient;
        case std::errc::connection_refused:
        case std::errc::connection_reset:
        case std::errc::connection_aborted:
        case std::errc::broken_pipe:
        case std::errc::host_unreachable:
        case std::errc::network_unreachable:
        case std::errc::network_down:
        case std::errc::network_reset:
        case std::errc::not_connected:
        case std::errc::resource_unavailable_try_again:
        case std::errc::no_buffer_space:
        case std::errc::too_many_files_open:
        case std::errc::too_many_files_open_in_system: return transient;
        case std::errc::invalid_argument: return invalid;
        case std::errc::permission_denied:
        case std::errc::operation_not_permitted: return denied;
        case std::errc::protocol_error: return protocol;
        default: return none;
    }
}

bool contains(conditions groups, int c) noexcept { return c > 0 && c < 32 && (groups & (1U << static_cast<unsigned>(c))) != 0; }

class core_category_type final : public std::error_category {
public:
    const char* name() const noexcept override { return "slipstream"; }

    std::string message(int value) const override {
        const entry* e = find(value);
        return e != nullptr ? e->message : "Unknown slipstream error.";
    }

    std::error_condition default_error_condition(int value) const noexcept override {
        const entry* e = find(value);
        if (e != nullptr && e->generic != no_equivalent) return std::make_error_condition(e->generic);
        return {value, *this};
    }

    bool equivalent(int value, const std::error_condition& c) const noexcept override {
        if (c.category() != condition_category()) return default_error_condition(value) == c;
        const entry* e = find(value);
        return e != nullptr && contains(e->groups, c.value());
    }
};

class condition_category_type final : public std::error_category {
public:
    const char* name() const noexcept override { return "slipstream.condition"; }

    std::string message(int value) const override {
        switch (static_cast<condition>(value)) {
            case condition::invalid_argument: return "An argument is not valid.";
            case condition::timed_out: return "The operation timed out.";
            case condition::transient: return "The operation failed for now and may be repeated.";
            case condition::closed: return "The object is closed.";
            case condition::denied: return "Authentication failed or permission is missing.";
            case condition::not_found: return "The object does not exist.";
            case condition::conflict: return "The object exists already or was changed by somebody else.";
            case condition::outcome_unknown: return "The operation may or may not have taken effect.";
            case condition::protocol: return "The peer broke the protocol.";
        }
        return "Unknown slipstream condition.";
    }

    /// For codes of the system, of Asio and of anybody else who maps them to std::errc. Those of our own layers answer through
    /// their own categories, which know more: there a timeout can mean an unknown outcome.
    bool equivalent(const std::error_code& code, int c) const noexcept override {
        if (std::string_view(code.category().name()).starts_with("slipstream")) return false;
        const std::error_condition generic = code.default_error_condition();
        if (generic.category() != std::generic_category()) return false;
        return contains(groups_of(static_cast<std::errc>(generic.value())), c);
    }
};

}  // namespace

const std::error_category& core_category() noexcept {
    static const core_category_type category;
    return category;
}

const std::error_category& condition_category() noexcept {
    static const condition_category_type category;
    return category;
}

const char* to_string(errc e) noexcept {
    const entry* found = find(static_cast<int>(e));
    return found != nullptr ? found->name : "unknown";
}

}  // namespace slipstream
