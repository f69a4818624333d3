// Request bodies of the JetStream API.
//
// Told: configurations and options. Emits: JSON. Invariant: what is at its default and newer than server 2.10 is not sent, because
// a server that does not know a field refuses the whole request (10025).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>

#include <slipstream/jetstream/consumer_config.hpp>
#include <slipstream/jetstream/options.hpp>
#include <slipstream/jetstream/stream_config.hpp>

namespace slipstream::jetstream::api {

/// What can be told without a server: names, subjects, signs. errc::invalid_stream_name, errc::invalid_config,
/// slipstream::errc::invalid_subject.
std::error_code check(const stream_config& config) noexcept;
/// errc::invalid_consumer_name, errc::invalid_config, slipstream::errc::invalid_subject.
std::error_code check(const consumer_config& config) noexcept;
std::error_code check(const purge_options& options) noexcept;
std::error_code check(const message_selector& selector) noexcept;

/// STREAM.CREATE and STREAM.UPDATE.
std::string encode_stream(const stream_config& config);
/// CONSUMER.CREATE. `name` is the one in the subject.
std::string encode_create_consumer(std::string_view stream, std::string_view name, const consumer_config& config);
/// STREAM.PURGE; empty when everything is to go.
std::string encode_purge(const purge_options& options);
/// STREAM.MSG.GET and the body form of DIRECT.GET.
std::string encode_get_message(const message_selector& selector);
/// LIST and NAMES; empty for the first page of everything.
std::string encode_page(std::uint64_t offset, std::string_view subject);

}  // namespace slipstream::jetstream::api
