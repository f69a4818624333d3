// The server's words for enumerations: one table for both directions.
#pragma once

#include <cstddef>
#include <string_view>

#include <slipstream/jetstream/consumer_config.hpp>
#include <slipstream/jetstream/stream_config.hpp>

namespace slipstream::jetstream::api {

template <class Enum>
struct words;  // `list` holds the words in the order of the enumerators

template <>
struct words<retention_policy> {
    static constexpr std::string_view list[] = {"limits", "interest", "workqueue"};
};
template <>
struct words<discard_policy> {
    static constexpr std::string_view list[] = {"old", "new"};
};
template <>
struct words<storage_type> {
    static constexpr std::string_view list[] = {"file", "memory"};
};
template <>
struct words<store_compression> {
    static constexpr std::string_view list[] = {"none", "s2"};
};
template <>
struct words<persist_mode> {
    static constexpr std::string_view list[] = {"default", "async"};
};
template <>
struct words<deliver_policy> {
    static constexpr std::string_view list[] = {"all", "last", "new", "by_start_sequence", "by_start_time", "last_per_subject"};
};
template <>
struct words<ack_policy> {
    static constexpr std::string_view list[] = {"none", "all", "explicit", "flow_control"};
};
template <>
struct words<replay_policy> {
    static constexpr std::string_view list[] = {"instant", "original"};
};

template <class Enum>
constexpr std::string_view to_word(Enum e) noexcept {
    return words<Enum>::list[static_cast<std::size_t>(e)];
}

/// False, and `out` as it was, for a word that is not in the list.
template <class Enum>
constexpr bool from_word(std::string_view word, Enum& out) noexcept {
    std::size_t i = 0;
    for (const std::string_view w : words<Enum>::list) {
        if (w == word) {
            out = static_cast<Enum>(i);
            return true;
        }
        ++i;
    }
    return false;
}

}  // namespace slipstream::jetstream::api
