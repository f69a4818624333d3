// Key-value errors.
#pragma once

#include <system_error>
#include <type_traits>

#include <slipstream/error.hpp>

namespace slipstream::kv {

enum class errc {
    invalid_bucket = 1,   ///< Allowed: A-Z a-z 0-9 _ -
    invalid_key,          ///< Allowed: A-Z a-z 0-9 - / _ = . with no leading, trailing or double dot.
    invalid_prefix,       ///< As a key, but may be empty and may end in a dot.
    invalid_revision,     ///< Unknown, or not a revision of this store.
    invalid_config,       ///< A bucket_config value is outside its range.
    invalid_cursor,       ///< Cannot be read, or is at the end of the number range.
    bucket_not_found,
    bucket_exists,        ///< With another configuration.
    not_a_bucket,         ///< A stream of that name exists but does not keep the last value of each key.
    key_not_found,
    key_exists,
    revision_mismatch,    ///< The key's last revision is not the expected one (a missing key included).
    bucket_full,          ///< max_bytes is reached; overwrites and deletes of existing keys may still pass.
    value_too_large,      ///< Beyond the bucket's max_value_size.
    cursor_expired,       ///< Changes after the cursor are no longer in the bucket; watch without a cursor instead.
    bucket_deleted,       ///< The bucket vanished under a watch.
    watch_stopped,        ///< The watch was stopped by its owner.
};

const std::error_category& category() noexcept;
inline std::error_code make_error_code(errc e) noexcept { return {static_cast<int>(e), category()}; }
const char* to_string(errc e) noexcept;

}  // namespace slipstream::kv

template <>
struct std::is_error_code_enum<slipstream::kv::errc> : std::true_type {};
