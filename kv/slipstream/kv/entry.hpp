// What a bucket holds and what a watch tells.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include <slipstream/jetstream/stream_config.hpp>
#include <slipstream/kv/revision.hpp>

namespace slipstream::kv {

/// `erase` is the server's DEL marker (`delete` is a C++ keyword).
enum class operation { put, erase, purge };

/// One revision of a key. A class with constructors on purpose: safe as a temporary inside co_await on g++ 12.
class entry {
public:
    entry() noexcept = default;
    entry(std::string&& key, std::string&& value, kv::revision revision, jetstream::wall_time created, kv::operation operation,
          std::uint64_t delta = 0) noexcept
        : key_(std::move(key)), value_(std::move(value)), revision_(revision), created_(created), delta_(delta), operation_(operation) {}
    entry(const std::string& key, const std::string& value, kv::revision revision, jetstream::wall_time created, kv::operation operation,
          std::uint64_t delta = 0)
        : key_(key), value_(value), revision_(revision), created_(created), delta_(delta), operation_(operation) {}

    [[nodiscard]] const std::string& key() const& noexcept { return key_; }
    [[nodiscard]] std::string key() && noexcept { return std::move(key_); }
    [[nodiscard]] const std::string& value() const& noexcept { return value_; }
    [[nodiscard]] std::string value() && noexcept { return std::move(value_); }
    [[nodiscard]] kv::revision revision() const noexcept { return revision_; }
    [[nodiscard]] jetstream::wall_time created() const noexcept { return created_; }
    [[nodiscard]] kv::operation operation() const noexcept { return operation_; }
    /// A put of nothing: what programs without delete markers write as a conditional delete.
    [[nodiscard]] bool is_tombstone() const noexcept { return operation_ == kv::operation::put && value_.empty(); }
    /// Revisions of this watch or history still to come after this one.
    [[nodiscard]] std::uint64_t delta() const noexcept { return delta_; }

private:
    std::string key_;
    std::string value_;
    kv::revision revision_;
    jetstream::wall_time created_{};
    std::uint64_t delta_ = 0;
    kv::operation operation_ = kv::operation::put;
};

}  // namespace slipstream::kv
