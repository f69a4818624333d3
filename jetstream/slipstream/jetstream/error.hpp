// JetStream errors: the server's own numbers.
#pragma once

#include <string>
#include <system_error>
#include <type_traits>

#include <slipstream/error.hpp>

namespace slipstream::jetstream {

/// Values of 10000 and above are the server's err_code; any err_code the server sends arrives as this value even when it has no
/// name here. Decide by these, never by text.
enum class errc {
    invalid_response = 1,      ///< The reply is not what the API promises: no valid JSON, or fields are missing.
    invalid_stream_name = 2,   ///< Empty, longer than 255 bytes, or holds white space, `.`, `*`, `>`, `/`, `\`.
    invalid_consumer_name = 3, ///< As above.
    invalid_config = 4,        ///< A config value is outside its range; refused before a byte is sent.
    consumer_gone = 5,         ///< The consumer vanished and could not be made again.
    start_sequence_clamped = 6,///< The server began later than asked: messages in between are gone.
    unspecified = 7,           ///< The server reports an error without an err_code; error_info has its words.

    account_limits = 10002,
    bad_request = 10003,
    temporarily_unavailable = 10008,
    consumer_create = 10012,
    consumer_name_in_use = 10013,
    consumer_not_found = 10014,
    insufficient_resources = 10023,
    invalid_json = 10025,
    maximum_consumers = 10026,
    maximum_streams = 10027,
    memory_resources = 10028,
    message_not_found = 10037,
    not_enabled_for_account = 10039,
    sequence_not_found = 10043,
    storage_resources = 10047,
    stream_create = 10049,
    stream_invalid_config = 10052,
    message_too_large = 10054,
    stream_name_mismatch = 10056,
    delete_not_permitted = 10057,
    stream_name_in_use = 10058,    ///< Exists with another configuration.
    stream_not_found = 10059,
    wrong_stream = 10060,          ///< Nats-Expected-Stream.
    subjects_overlap = 10065,
    wrong_last_msg_id = 10070,
    wrong_last_sequence = 10071,
    replicas_not_supported = 10074,
    not_enabled = 10076,
    store_failed = 10077,          ///< A limit with discard new: the stream is full.
    consumer_exists = 10148,
    consumer_does_not_exist = 10149,
    msg_id_in_flight = 10158,
    sequence_not_ready = 10163,
    wrong_last_sequence_in_flight = 10164,  ///< The other code of a failed compare-and-set (replicas, batches).
    ttl_invalid = 10165,
    ttl_disabled = 10166,
    too_many_requests = 10167,
    api_level = 10185,
};

const std::error_category& category() noexcept;
inline std::error_code make_error_code(errc e) noexcept { return {static_cast<int>(e), category()}; }

/// The enumerator's own name, "err_code_N" for one without a name here.
std::string to_string(errc e);

/// What the server said beside the code; empty (zeros) when the failure is not of the server's making. Pass a pointer in the options
/// of a call to receive it; it must live until completion.
struct error_info {
    int code = 0;               ///< HTTP-like; not unique, not stable in meaning.
    int err_code = 0;
    std::string description{};
};

}  // namespace slipstream::jetstream

template <>
struct std::is_error_code_enum<slipstream::jetstream::errc> : std::true_type {};
