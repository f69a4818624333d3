// Names, sentences and groups of JetStream's error codes, in one table.
//
// Rule as in the core layer: what may have taken effect (`outcome_unknown`) is never `transient`.
#include <slipstream/jetstream/error.hpp>

#include <algorithm>
#include <iterator>

namespace slipstream::jetstream {
namespace {

using conditions = unsigned;

consteval conditions bit(condition c) { return 1U << static_cast<unsigned>(c); }

constexpr conditions none = 0;
constexpr conditions invalid = bit(condition::invalid_argument);
constexpr conditions transient = bit(condition::transient);
constexpr conditions denied = bit(condition::denied);
constexpr conditions missing = bit(condition::not_found);
constexpr conditions conflict = bit(condition::conflict);
constexpr conditions unreadable = bit(condition::protocol) | bit(condition::outcome_unknown);

struct entry {
    errc code;
    const char* name;
    const char* message;
    conditions groups;
};

constexpr entry table[] = {
    {errc::invalid_response, "invalid_response", "The reply is not what the JetStream API promises.", unreadable},
    {errc::invalid_stream_name, "invalid_stream_name",
     "The stream name is not valid: it is empty, too long, or holds white space or one of . * > / \\.", invalid},
    {errc::invalid_consumer_name, "invalid_consumer_name",
     "The consumer name is not valid: it is empty, too long, or holds white space or one of . * > / \\.", invalid},
    {errc::invalid_config, "invalid_config", "A configuration value is outside its range.", invalid},
    {errc::consumer_gone, "consumer_gone", "The consumer vanished and could not be made again.", missing},
    {errc::start_sequence_clamped, "start_sequence_clamped", "The server began later than asked; messages in between are gone.", none},
    {errc::unspecified, "unspecified", "The server reports an error without a number.", none},

    {errc::account_limits, "account_limits", "A resource limit of the account is exceeded.", none},
    {errc::bad_request, "bad_request", "The server cannot make sense of the request.", invalid},
    {errc::temporarily_unavailable, "temporarily_unavailable", "JetStream is temporarily unavailable.", transient},
    {errc::consumer_create, "consumer_create", "The server refuses to make or change the consumer.", none},
    {errc::consumer_name_in_use, "consumer_name_in_use", "The consumer name is already in use.", conflict},
    {errc::consumer_not_found, "consumer_not_found", "The consumer does not exist.", missing},
    {errc::insufficient_resources, "insufficient_resources", "The server has too few resources at the moment.", transient},
    {errc::invalid_json, "invalid_json", "The server cannot read the request, or does not know one of its fields.", invalid},
    {errc::maximum_consumers, "maximum_consumers", "The limit of consumers is reached.", none},
    {errc::maximum_streams, "maximum_streams", "The limit of streams is reached.", none},
    {errc::memory_resources, "memory_resources", "The server has too little memory for the stream.", none},
    {errc::message_not_found, "message_not_found", "No such message is in the stream.", missing},
    {errc::not_enabled_for_account, "not_enabled_for_account", "JetStream is not enabled for the account.", denied},
    {errc::sequence_not_found, "sequence_not_found", "The stream has no message of that sequence.", missing},
    {errc::storage_resources, "storage_resources", "The server has too little storage for the stream.", none},
    {errc::stream_create, "stream_create", "The server failed to make the stream.", none},
    {errc::stream_invalid_config, "stream_invalid_config", "The server refuses the configuration of the stream.", invalid},
    {errc::message_too_large, "message_too_large", "The message exceeds the stream's maximum size (headers count too).", invalid},
    {errc::stream_name_mismatch, "stream_name_mismatch", "The stream's name in the request differs from the one in its subject.", invalid},
    {errc::delete_not_permitted, "delete_not_permitted", "The stream does not permit to delete messages.", denied},
    {errc::stream_name_in_use, "stream_name_in_use", "The stream exists with another configuration.", conflict},
    {errc::stream_not_found, "stream_not_found", "The stream does not exist.", missing},
    {errc::wrong_stream, "wrong_stream", "The message would be stored in another stream than the expected one.", conflict},
    {errc::subjects_overlap, "subjects_overlap", "The subjects overlap those of another stream.", conflict},
    {errc::wrong_last_msg_id, "wrong_last_msg_id", "The last message has another id than the expected one.", conflict},
    {errc::wrong_last_sequence, "wrong_last_sequence", "The last sequence is not the expected one.", conflict},
    {errc::replicas_not_supported, "replicas_not_supported", "Several replicas need a cluster.", invalid},
    {errc::not_enabled, "not_enabled", "JetStream is not enabled.", none},
    {errc::store_failed, "store_failed", "The stream has reached a limit and takes no new messages.", none},
    {errc::consumer_exists, "consumer_exists", "The consumer exists with another configuration.", conflict},
    {errc::consumer_does_not_exist, "consumer_does_not_exist", "The consumer does not exist.", missing},
    {errc::msg_id_in_flight, "msg_id_in_flight", "A message of the same id is being stored at this moment.", transient},
    {errc::sequence_not_ready, "sequence_not_ready", "The expected sequence cannot be checked yet.", transient},
    {errc::wrong_last_sequence_in_flight, "wrong_last_sequence_in_flight",
     "The last sequence is not the expected one, because of a message being stored at this moment.", conflict},
    {errc::ttl_invalid, "ttl_invalid", "The message's time to live is not valid; it is at least one second.", invalid},
    {errc::ttl_disabled, "ttl_disabled", "The stream does not allow messages with a time to live.", invalid},
    {errc::too_many_requests, "too_many_requests", "The server has too many requests at the moment.", transient},
    {errc::api_level, "api_level", "The server does not support the API level that the request needs.", none},
};

static_assert(std::ranges::is_sorted(table, {}, &entry::code), "looked up by halving");

const entry* find(int value) noexcept {
    const auto* found = std::ranges::lower_bound(table, static_cast<errc>(value), {}, &entry::code);
    return found != std::end(table) && found->code == static_cast<errc>(value) ? found : nullptr;
}

class category_type final : public std::error_category {
public:
    const char* name() const noexcept override { return "slipstream.jetstream"; }

    std::string message(int value) const override {
        if (const entry* e = find(value)) return e->message;
        return "JetStream error " + std::to_string(value) + ".";
    }

    bool equivalent(int value, const std::error_condition& c) const noexcept override {
        if (c.category() != condition_category()) return default_error_condition(value) == c;
        const entry* e = find(value);
        return e != nullptr && c.value() > 0 && c.value() < 32 && (e->groups & (1U << static_cast<unsigned>(c.value()))) != 0;
    }
};

}  // namespace

const std::error_category& category() noexcept {
    static const category_type instance;
    return instance;
}

std::string to_string(errc e) {
    if (const entry* found = find(static_cast<int>(e))) return found->name;
    return "err_code_" + std::to_string(static_cast<int>(e));
}

}  // namespace slipstream::jetstream
