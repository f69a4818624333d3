// API subjects: one builder, so that the prefix is never forgotten (failure mode F21).
//
// Told: the prefix and names that were checked (names.hpp). Emits: subjects to publish to.
#pragma once

#include <string>
#include <string_view>

namespace slipstream::jetstream::api {

/// `<prefix>.<verb>[.<token>][.<token>]`, in one allocation. Empty tokens are left out.
std::string subject(std::string_view prefix, std::string_view verb, std::string_view first = {}, std::string_view second = {});

namespace verbs {
inline constexpr std::string_view account_info = "INFO";
inline constexpr std::string_view stream_create = "STREAM.CREATE";
inline constexpr std::string_view stream_update = "STREAM.UPDATE";
inline constexpr std::string_view stream_info = "STREAM.INFO";
inline constexpr std::string_view stream_delete = "STREAM.DELETE";
inline constexpr std::string_view stream_purge = "STREAM.PURGE";
inline constexpr std::string_view stream_names = "STREAM.NAMES";
inline constexpr std::string_view stream_list = "STREAM.LIST";
inline constexpr std::string_view message_get = "STREAM.MSG.GET";
inline constexpr std::string_view direct_get = "DIRECT.GET";
inline constexpr std::string_view consumer_create = "CONSUMER.CREATE";
inline constexpr std::string_view consumer_info = "CONSUMER.INFO";
inline constexpr std::string_view consumer_delete = "CONSUMER.DELETE";
inline constexpr std::string_view consumer_list = "CONSUMER.LIST";
}  // namespace verbs

}  // namespace slipstream::jetstream::api
