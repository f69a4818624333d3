// Options of single calls. All are trivially destructible: safe as temporaries inside co_await on every compiler we support.
//
// `timeout` is the total deadline of one call, with every request inside it: 0 = the bucket's default (30 s, contract S1);
// negative: slipstream::errc::invalid_option. `info` receives the server's own words when the server refused; it must live
// until the call completes.
#pragma once

#include <chrono>
#include <optional>
#include <type_traits>

#include <slipstream/jetstream/error.hpp>
#include <slipstream/kv/revision.hpp>

namespace slipstream::kv {

/// What bounds every operation unless it says otherwise.
inline constexpr std::chrono::milliseconds default_timeout{30'000};

/// One key is read.
struct get_options {
    std::chrono::milliseconds timeout{0};
    std::optional<kv::revision> revision = {};  ///< Exactly this revision of the key instead of the last; history must reach back to it.
    /// Ask the stream's leader instead of any replica or mirror: sees your own last write (contract W42); slower.
    bool leader_read = false;
    jetstream::error_info* info = nullptr;
};

/// Many keys, or the bucket as a whole, are read.
struct read_options {
    std::chrono::milliseconds timeout{0};
    jetstream::error_info* info = nullptr;
};

struct put_options {
    std::chrono::milliseconds timeout{0};
    jetstream::error_info* info = nullptr;
};

struct create_options {
    std::chrono::milliseconds timeout{0};
    /// The key vanishes after so long (at least 1 s); 0 = never. The bucket must have been opened with limit markers switched on
    /// (server 2.11); otherwise jetstream::errc::ttl_disabled, before a byte is sent.
    std::chrono::seconds ttl{0};
    jetstream::error_info* info = nullptr;
};

struct update_options {
    std::chrono::milliseconds timeout{0};
    jetstream::error_info* info = nullptr;
};

struct erase_options {
    std::chrono::milliseconds timeout{0};
    std::optional<kv::revision> expected = {};  ///< Only if this is still the key's last revision: errc::revision_mismatch otherwise.
    jetstream::error_info* info = nullptr;
};

struct purge_options {
    std::chrono::milliseconds timeout{0};
    std::optional<kv::revision> expected = {};  ///< Only if this is still the key's last revision: errc::revision_mismatch otherwise.
    /// The marker vanishes after so long (at least 1 s); 0 = it stays. As create_options::ttl. A watch that resumes later than
    /// that from a cursor before the purge cannot see it.
    std::chrono::seconds ttl{0};
    jetstream::error_info* info = nullptr;
};

/// How a bucket is made or opened, and what its handle does by default.
struct open_options {
    std::chrono::milliseconds timeout{0};                           ///< Of this call.
    std::chrono::milliseconds operation_timeout = default_timeout;  ///< Of the handle's operations that name none. Not 0.
    /// Compatibility with programs that write an empty value where they mean a conditional delete (contract W26): get, scan and
    /// keys hide empty values (async_entry shows them), and an erase with an expected revision writes one. By default an empty
    /// value is a value, and every erase writes the server's delete marker.
    bool empty_is_tombstone = false;
    jetstream::error_info* info = nullptr;
};

/// A bucket is deleted, or buckets are listed.
struct manage_options {
    std::chrono::milliseconds timeout{0};
    jetstream::error_info* info = nullptr;
};

static_assert(std::is_trivially_destructible_v<get_options>);
static_assert(std::is_trivially_destructible_v<read_options>);
static_assert(std::is_trivially_destructible_v<put_options>);
static_assert(std::is_trivially_destructible_v<create_options>);
static_assert(std::is_trivially_destructible_v<update_options>);
static_assert(std::is_trivially_destructible_v<erase_options>);
static_assert(std::is_trivially_destructible_v<purge_options>);
static_assert(std::is_trivially_destructible_v<open_options>);
static_assert(std::is_trivially_destructible_v<manage_options>);

}  // namespace slipstream::kv
