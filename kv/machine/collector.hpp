// Keys and entries gathered from a drained consumer (contract S65-S74, W6, W7, W29, W39, W40; G3, G14, I28).
//
// Told: deliveries in stream order; that everything begins again. Decides: which keys are alive at the end. Invariant: the last
// message of a key decides, however often it was written during the drain; each key comes out once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <slipstream/jetstream/ack_subject.hpp>
#include <slipstream/kv/entry.hpp>
#include <slipstream/kv/key.hpp>
#include <slipstream/message.hpp>

namespace slipstream::kv::machine {

/// What is gathered from: the bucket's subjects, the keys asked for, and whether an empty value stands for a deleted key.
struct collector_settings {
    std::string key_prefix;
    prefixes scope;
    bool empty_is_tombstone = false;
};

/// Keys that died during the drain, or were dead already.
class removals {
public:
    /// `at` live deliveries came before it.
    void add(std::string_view key, std::size_t at) { list_.push_back({std::string(key), at}); }
    void clear() noexcept { list_.clear(); }
    [[nodiscard]] bool empty() const noexcept { return list_.empty(); }
    /// Calls dead(i) for each live delivery 0 <= i < count whose key was removed after it.
    template <class KeyOf, class Dead>
    void apply(std::size_t count, KeyOf key_of, Dead dead);

private:
    struct removal {
        std::string key;
        std::size_t at;
    };
    std::vector<removal> list_;
};

/// From deliveries with headers only.
class key_collector {
public:
    using result = std::vector<std::string>;
    static constexpr bool headers_only = true;

    explicit key_collector(collector_settings settings) : settings_(std::move(settings)) {}
    void expect(std::uint64_t messages);
    void add(const message_view& message, const jetstream::delivery_info& place);
    void clear() noexcept;
    /// Sorted, each once.
    [[nodiscard]] result finish();

private:
    collector_settings settings_;
    result keys_;
    removals removals_;
};

class entry_collector {
public:
    using result = std::vector<entry>;
    static constexpr bool headers_only = false;

    explicit entry_collector(collector_settings settings) : settings_(std::move(settings)) {}
    void expect(std::uint64_t messages);
    void add(const message_view& message, const jetstream::delivery_info& place);
    void clear() noexcept;
    /// Put entries, sorted by key, each key once.
    [[nodiscard]] result finish();

private:
    collector_settings settings_;
    result entries_;
    removals removals_;
};

/// All revisions of one key, deletes included, oldest first.
class history_collector {
public:
    using result = std::vector<entry>;
    static constexpr bool headers_only = false;

    history_collector(std::string key_prefix, std::string key) : key_prefix_(std::move(key_prefix)), key_(std::move(key)) {}
    void expect(std::uint64_t messages);
    void add(const message_view& message, const jetstream::delivery_info& place);
    void clear() noexcept { entries_.clear(); }
    [[nodiscard]] result finish() { return std::move(entries_); }

private:
    std::string key_prefix_;
    std::string key_;
    result entries_;
};

}  // namespace slipstream::kv::machine
