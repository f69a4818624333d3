// Rules for names of streams and consumers and for API prefixes, checked before a byte is sent (failure mode F16, contract W20).
//
// A name that breaks them would not be refused by the server: a dot makes another API subject (silence until the deadline), a
// blank breaks the protocol line (the server closes the connection).
#pragma once

#include <string>
#include <string_view>
#include <system_error>

namespace slipstream::jetstream::api {

/// errc::invalid_stream_name or no error.
std::error_code check_stream_name(std::string_view name) noexcept;
/// errc::invalid_consumer_name or no error.
std::error_code check_consumer_name(std::string_view name) noexcept;

/// The prefix of every API subject: `api_prefix`, or the domain's, or the default. errc::invalid_config when both are given, the
/// prefix is not a literal subject, or the domain not a token.
std::error_code make_api_prefix(std::string_view domain, std::string_view api_prefix, std::string& out);

}  // namespace slipstream::jetstream::api
