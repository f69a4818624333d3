#include "kv/codec/outcome.hpp"

#include <slipstream/error.hpp>
#include <slipstream/jetstream/error.hpp>
#include <slipstream/kv/error.hpp>

namespace slipstream::kv::codec {

bool is_mismatch(std::error_code ec) noexcept {
    return ec == jetstream::errc::wrong_last_sequence || ec == jetstream::errc::wrong_last_sequence_in_flight;
}

std::error_code of_write(std::error_code ec) noexcept {
    if (is_mismatch(ec)) return errc::revision_mismatch;
    if (ec == jetstream::errc::store_failed) return errc::bucket_full;
    if (ec == jetstream::errc::message_too_large) return errc::value_too_large;
    // The layer below says so itself for a deadline and a lost connection; a garbled answer says as little.
    if (ec == slipstream::errc::timeout || ec == slipstream::errc::connection_lost || ec == jetstream::errc::invalid_response) {
        return slipstream::errc::outcome_unknown;
    }
    return of_bucket(ec);
}

std::error_code of_bucket(std::error_code ec) noexcept {
    return ec == jetstream::errc::stream_not_found ? make_error_code(errc::bucket_not_found) : ec;
}

std::error_code of_create(std::error_code ec) noexcept {
    return ec == jetstream::errc::stream_name_in_use ? make_error_code(errc::bucket_exists) : ec;
}

std::error_code of_read_before_write(std::error_code ec) noexcept {
    if (ec == slipstream::errc::timeout) return slipstream::errc::timeout_unsent;
    if (ec == slipstream::errc::connection_lost) return slipstream::errc::not_connected;
    return of_bucket(ec);
}

}  // namespace slipstream::kv::codec
