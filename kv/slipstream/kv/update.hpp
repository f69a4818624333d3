// What a watch tells: as a view while it lies in the read buffer, and as an owning copy.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <slipstream/jetstream/stream_config.hpp>
#include <slipstream/kv/entry.hpp>
#include <slipstream/kv/revision.hpp>

namespace slipstream::kv {

enum class update_kind : std::uint8_t {
    put,           ///< A key has a value.
    erase,         ///< A key was deleted (the server's DEL marker).
    purge,         ///< A key and its history were removed, or it expired in a bucket with limit markers.
    /// All keys that had a value when the watch was set up have been told, as the replica of the bucket knew them that serves the watch:
    /// should it lag behind the leader, the rest follows as changes. Once for each beginning.
    initial_done,
    /// Forget everything: the current state follows, up to the next initial_done. Keys not told by then no longer exist.
    resync,
};

/// Why a watch had to begin again.
enum class resync_reason : std::uint8_t {
    none,
    expired,           ///< What followed the cursor is no longer in the bucket.
    overrun,           ///< The bucket dropped changes before they were delivered (age or size limits).
    stream_recreated,  ///< The bucket was deleted and made again.
    consumer_gone,     ///< The server lost the watch's consumer before the current state was complete.
    gap,               ///< The current state was not told completely.
};

const char* to_string(update_kind kind) noexcept;
const char* to_string(resync_reason reason) noexcept;

/// One update as it lies in the read buffer.
/// Lifetime: only inside the handler it was passed to. Assign it to an `update` to keep it.
struct update_view {
    update_kind kind = update_kind::put;
    bool initial = false;           ///< Told as part of the current state, before initial_done.
    resync_reason reason = resync_reason::none;  ///< Of a resync.
    std::string_view key;
    std::string_view value;         ///< Of a put; empty under watch_options::meta_only.
    std::uint64_t value_size = 0;   ///< Length of the value also under meta_only.
    kv::revision revision;          ///< Increases strictly from update to update, except after a resync.
    jetstream::wall_time created{}; ///< When the server stored it.
    std::uint64_t delta = 0;        ///< Updates that the server still holds for this watch, as it counts them: too few during changes.
    std::uint64_t count = 0;        ///< Of initial_done: puts, erases and purges told since the watch began or began again.

    [[nodiscard]] bool is_change() const noexcept { return kind <= update_kind::purge; }
    [[nodiscard]] bool is_delete() const noexcept { return kind == update_kind::erase || kind == update_kind::purge; }
    /// A put of nothing: what programs without delete markers write as a conditional delete.
    [[nodiscard]] bool is_tombstone() const noexcept { return kind == update_kind::put && value_size == 0; }
};

/// One update that owns its bytes. A class with constructors on purpose: safe as a temporary inside co_await on g++ 12.
class update {
public:
    update() noexcept {}
    explicit update(const update_view& view) { assign(view); }

    /// Copies `view` and reuses the memory of this update when it suffices.
    void assign(const update_view& view);
    [[nodiscard]] update_view view() const noexcept {
        update_view out = facts_;
        out.key = key_;
        out.value = value_;
        return out;
    }

    [[nodiscard]] update_kind kind() const noexcept { return facts_.kind; }
    [[nodiscard]] bool initial() const noexcept { return facts_.initial; }
    [[nodiscard]] resync_reason reason() const noexcept { return facts_.reason; }
    [[nodiscard]] const std::string& key() const& noexcept { return key_; }
    [[nodiscard]] std::string key() && noexcept { return std::move(key_); }
    [[nodiscard]] const std::string& value() const& noexcept { return value_; }
    [[nodiscard]] std::string value() && noexcept { return std::move(value_); }
    [[nodiscard]] std::uint64_t value_size() const noexcept { return facts_.value_size; }
    [[nodiscard]] kv::revision revision() const noexcept { return facts_.revision; }
    [[nodiscard]] jetstream::wall_time created() const noexcept { return facts_.created; }
    [[nodiscard]] std::uint64_t delta() const noexcept { return facts_.delta; }
    [[nodiscard]] std::uint64_t count() const noexcept { return facts_.count; }
    [[nodiscard]] bool is_change() const noexcept { return facts_.is_change(); }
    [[nodiscard]] bool is_delete() const noexcept { return facts_.is_delete(); }
    [[nodiscard]] bool is_tombstone() const noexcept { return facts_.is_tombstone(); }

private:
    update_view facts_;  // its views are empty
    std::string key_;
    std::string value_;
};

}  // namespace slipstream::kv
