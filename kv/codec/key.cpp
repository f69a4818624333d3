// Which names of buckets and keys are allowed (ADR-8, contract W20, W37), and sets of byte prefixes (W8, W9).
//
// Decides before a byte is sent: the server itself takes more than the convention allows (literal wildcards), and answers the
// rest with silence or by closing the connection.
#include <slipstream/kv/key.hpp>

#include <algorithm>
#include <array>
#include <cstddef>

namespace slipstream::kv {
namespace {

constexpr std::size_t max_bucket_size = 252;
constexpr std::size_t max_key_size = 1024;

using byte_set = std::array<bool, 256>;

consteval byte_set make_set(std::string_view others) {
    byte_set set{};
    for (unsigned c = '0'; c <= '9'; ++c) set[c] = true;
    for (unsigned c = 'A'; c <= 'Z'; ++c) set[c] = true;
    for (unsigned c = 'a'; c <= 'z'; ++c) set[c] = true;
    for (char c : others) set[static_cast<unsigned char>(c)] = true;
    return set;
}

constexpr byte_set bucket_bytes = make_set("_-");
constexpr byte_set key_bytes = make_set("-/_=.");

bool holds_only(std::string_view text, const byte_set& allowed) noexcept {
    return std::all_of(text.begin(), text.end(), [&](char c) { return allowed[static_cast<unsigned char>(c)]; });
}

/// Allowed bytes, and no token empty but the last.
bool begins_a_key(std::string_view prefix) noexcept {
    if (prefix.size() > max_key_size) return false;
    bool in_token = false;
    for (const char c : prefix) {
        if (!key_bytes[static_cast<unsigned char>(c)] || (c == '.' && !in_token)) return false;
        in_token = c != '.';
    }
    return true;
}

}  // namespace

std::error_code check_bucket_name(std::string_view name) noexcept {
    if (name.empty() || name.size() > max_bucket_size || !holds_only(name, bucket_bytes)) return errc::invalid_bucket;
    return {};
}

std::error_code check_key(std::string_view key) noexcept {
    if (key.empty() || key.ends_with('.') || !begins_a_key(key)) return errc::invalid_key;
    return {};
}

prefixes prefixes::normalised() const {
    prefixes result;
    if (normalised_) {
        result = *this;
        return result;
    }
    result.list_ = list_;
    std::sort(result.list_.begin(), result.list_.end());
    // What a prefix covers stands right behind it.
    std::size_t kept = 0;
    for (std::size_t i = 0; i < result.list_.size(); ++i) {
        if (kept > 0 && result.list_[i].starts_with(result.list_[kept - 1])) continue;
        if (kept != i) result.list_[kept] = std::move(result.list_[i]);
        ++kept;
    }
    result.list_.resize(kept);
    result.normalised_ = true;
    return result;
}

bool prefixes::matches(std::string_view key) const noexcept {
    if (list_.size() == 1) return key.starts_with(list_.front());
    if (!normalised_) return std::any_of(list_.begin(), list_.end(), [&](const std::string& p) { return key.starts_with(p); });
    // Of sorted prefixes that do not cover each other, only the last one that is not above the key can be its beginning.
    const auto after = std::upper_bound(list_.begin(), list_.end(), key);
    return after != list_.begin() && key.starts_with(*std::prev(after));
}

std::error_code prefixes::check() const noexcept {
    if (!std::all_of(list_.begin(), list_.end(), [](const std::string& p) { return begins_a_key(p); })) return errc::invalid_prefix;
    return {};
}

}  // namespace slipstream::kv
