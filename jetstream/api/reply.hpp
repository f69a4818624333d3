// The common part of every API reply: status line or JSON envelope, and the error in it (failure mode A20).
//
// Rule: branch on err_code, never on text (contract W32). What cannot be read is errc::invalid_response, never success.
#pragma once

#include <cstdint>
#include <string>
#include <system_error>

#include <slipstream/jetstream/error.hpp>
#include <slipstream/message.hpp>

#include "jetstream/api/json.hpp"

namespace slipstream::jetstream::api {

/// The `error` member as contract S28 reads it: numbers that are no 64-bit integers are 0, a description that is no text is
/// "unknown error", and an `error` that is no object (null too) is an error all the same.
struct api_error {
    std::int64_t code = 0;
    std::int64_t err_code = 0;
    std::string description = "unknown error";
};

api_error read_error(simdjson::dom::element error);

/// err_code; without one, a `code` that is an err_code (managed services do that, contract S29); else errc::unspecified.
std::error_code to_error_code(const api_error& error) noexcept;
void store(const api_error& error, error_info* info);

/// A reply that is only a status (direct get; an API that is not there).
std::error_code status_error(const message_view& reply, error_info* info);

/// Parses the reply; no error means that `out` is an object without `error`.
std::error_code open_reply(const message_view& reply, json_document& out, error_info* info);

}  // namespace slipstream::jetstream::api
