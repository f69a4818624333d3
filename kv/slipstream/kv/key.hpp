// Rules for names of buckets and keys, and sets of prefixes.
#pragma once

#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <slipstream/kv/error.hpp>

namespace slipstream::kv {

/// `[A-Za-z0-9_-]+`, at most 252 bytes (its stream is `KV_<name>`, and names of streams have at most 255); errc::invalid_bucket.
std::error_code check_bucket_name(std::string_view name) noexcept;
/// `[-/_=.A-Za-z0-9]+`, no empty token; at most 1024 bytes (it must fit the server's control line); errc::invalid_key.
std::error_code check_key(std::string_view key) noexcept;

/// Which keys a watch, scan or listing is about: all keys that begin with any of the prefixes. Prefixes are *byte* prefixes
/// everywhere: "nod" covers "node.a" (contract W8). Overlapping and repeated prefixes are a plain union (W9). No prefix at all
/// covers nothing (S94).
class prefixes {
public:
    /// Everything.
    prefixes() : list_{std::string()} {}
    prefixes(std::string_view prefix) : list_{std::string(prefix)} {}  // NOLINT(google-explicit-constructor)
    prefixes(const char* prefix) : prefixes(std::string_view(prefix)) {}  // NOLINT(google-explicit-constructor)
    prefixes(const std::string& prefix) : prefixes(std::string_view(prefix)) {}  // NOLINT(google-explicit-constructor)
    prefixes(std::vector<std::string> list) : list_(std::move(list)) {}  // NOLINT(google-explicit-constructor)

    /// Sorted, without what another prefix covers.
    [[nodiscard]] prefixes normalised() const;
    [[nodiscard]] const std::vector<std::string>& list() const noexcept { return list_; }
    [[nodiscard]] bool matches(std::string_view key) const noexcept;
    /// errc::invalid_prefix when any of them is not the beginning of a valid key.
    [[nodiscard]] std::error_code check() const noexcept;

private:
    std::vector<std::string> list_;
    bool normalised_ = false;  // then sorted, and no element begins with another
};

}  // namespace slipstream::kv
