// What an error of the layers below means for a key or a bucket (contract R4, S108-S111, W13, W36; failure-modes G6).
//
// Told: the error of one request. Decides: the error of the operation. Codes that mean nothing special here pass unchanged.
// Invariant: by code, never by text (W32); what may have been stored is never reported as not stored.
#pragma once

#include <system_error>

namespace slipstream::kv::codec {

/// The expectation of a conditional write failed: 10071, and 10164 when other writes were in flight (replicas).
bool is_mismatch(std::error_code ec) noexcept;

/// Of storing a message under a key: revision_mismatch, bucket_full, value_too_large, bucket_not_found; outcome_unknown for a
/// deadline that passed or a connection that broke after the message was sent, and for an answer that cannot be read.
std::error_code of_write(std::error_code ec) noexcept;

/// Of a request that reads, or acts on a bucket as a whole: bucket_not_found.
std::error_code of_bucket(std::error_code ec) noexcept;

/// Of making a bucket: bucket_exists.
std::error_code of_create(std::error_code ec) noexcept;

/// Of a request inside a write that has stored nothing so far: a deadline or a lost connection means exactly that.
std::error_code of_read_before_write(std::error_code ec) noexcept;

}  // namespace slipstream::kv::codec
