#include "kv/machine/collector.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "kv/codec/decode.hpp"

namespace slipstream::kv::machine {
namespace {

/// What a server announces is a hint: memory grows with what is received.
constexpr std::uint64_t max_reserved = std::uint64_t{1} << 20;

std::size_t reservation(std::uint64_t messages) noexcept { return static_cast<std::size_t>(std::min(messages, max_reserved)); }

/// Whether the key is alive after this message.
bool is_alive(const collector_settings& settings, const codec::decoded& d, const message_view& m, bool headers_only) noexcept {
    return d.operation == operation::put && !(settings.empty_is_tombstone && codec::is_empty_value(m, headers_only));
}

std::size_t common_prefix(const std::vector<std::string>& keys) noexcept {
    std::string_view common = keys.front();
    for (const std::string& key : keys) {
        std::size_t same = 0;
        while (same < common.size() && same < key.size() && common[same] == key[same]) ++same;
        common = common.substr(0, same);
    }
    return common.size();
}

/// By bytes. What all keys begin with is left out, and the eight bytes behind it decide nearly always: they are compared as one number,
/// without a look at the key.
void sort_keys(std::vector<std::string>& keys) {
    struct place {
        std::uint64_t front;
        std::size_t index;
    };
    const std::size_t skip = common_prefix(keys);
    std::vector<place> order;
    order.reserve(keys.size());
    for (std::size_t i = 0; i < keys.size(); ++i) {
        std::uint64_t front = 0;
        for (std::size_t k = 0; k < 8; ++k) {
            const std::size_t at = skip + k;
            front = front << 8U | (at < keys[i].size() ? static_cast<unsigned char>(keys[i][at]) : 0U);
        }
        order.push_back({front, i});
    }
    std::sort(order.begin(), order.end(), [&keys](const place& a, const place& b) {
        return a.front != b.front ? a.front < b.front : keys[a.index] < keys[b.index];
    });
    // Moves them where they belong, one cycle of places after the other: there is no second list of keys.
    for (std::size_t i = 0; i < keys.size(); ++i) {
        if (order[i].index == i) continue;
        std::string first = std::move(keys[i]);
        std::size_t hole = i;
        for (std::size_t from = order[hole].index; from != i; from = order[hole].index) {
            keys[hole] = std::move(keys[from]);
            order[hole].index = hole;
            hole = from;
        }
        keys[hole] = std::move(first);
        order[hole].index = hole;
    }
}

}  // namespace

template <class KeyOf, class Dead>
void removals::apply(std::size_t count, KeyOf key_of, Dead dead) {
    if (list_.empty()) return;
    std::unordered_map<std::string_view, std::size_t> last;
    last.reserve(list_.size());
    for (const removal& r : list_) last[r.key] = r.at;
    for (std::size_t i = 0; i < count; ++i) {
        if (const auto r = last.find(key_of(i)); r != last.end() && r->second > i) dead(i);
    }
}

// --- keys ---

void key_collector::expect(std::uint64_t messages) { keys_.reserve(reservation(messages)); }

void key_collector::add(const message_view& message, const jetstream::delivery_info& place) {
    const std::optional<codec::decoded> d = codec::decode_delivery(settings_.key_prefix, message, place);
    if (!d || !settings_.scope.matches(d->key)) return;
    if (is_alive(settings_, *d, message, true))
        keys_.emplace_back(d->key);
    else
        removals_.add(d->key, keys_.size());
}

void key_collector::clear() noexcept {
    keys_.clear();
    removals_.clear();
}

std::vector<std::string> key_collector::finish() {
    removals_.apply(
        keys_.size(), [this](std::size_t i) { return std::string_view(keys_[i]); }, [this](std::size_t i) { keys_[i].clear(); });
    std::erase_if(keys_, [](const std::string& key) { return key.empty(); });  // the removed ones
    if (!std::is_sorted(keys_.begin(), keys_.end())) sort_keys(keys_);
    keys_.erase(std::unique(keys_.begin(), keys_.end()), keys_.end());
    return std::move(keys_);
}

// --- entries ---

void entry_collector::expect(std::uint64_t messages) { entries_.reserve(reservation(messages)); }

void entry_collector::add(const message_view& message, const jetstream::delivery_info& place) {
    const std::optional<codec::decoded> d = codec::decode_delivery(settings_.key_prefix, message, place);
    if (!d || !settings_.scope.matches(d->key)) return;
    if (is_alive(settings_, *d, message, false))
        entries_.emplace_back(std::string(d->key), std::string(d->value), d->revision, d->created, d->operation);
    else
        removals_.add(d->key, entries_.size());
}

void entry_collector::clear() noexcept {
    entries_.clear();
    removals_.clear();
}

std::vector<entry> entry_collector::finish() {
    removals_.apply(
        entries_.size(), [this](std::size_t i) { return std::string_view(entries_[i].key()); },
        [this](std::size_t i) { entries_[i] = entry(); });
    std::erase_if(entries_, [](const entry& e) { return e.key().empty(); });
    // The newest of each key first.
    std::sort(entries_.begin(), entries_.end(), [](const entry& a, const entry& b) {
        const int order = a.key().compare(b.key());
        return order != 0 ? order < 0 : a.revision() > b.revision();
    });
    entries_.erase(std::unique(entries_.begin(), entries_.end(), [](const entry& a, const entry& b) { return a.key() == b.key(); }),
                   entries_.end());
    return std::move(entries_);
}

// --- history ---

void history_collector::expect(std::uint64_t messages) { entries_.reserve(reservation(messages)); }

void history_collector::add(const message_view& message, const jetstream::delivery_info& place) {
    const std::optional<codec::decoded> d = codec::decode_delivery(key_prefix_, message, place);
    if (!d || d->key != key_) return;
    entries_.emplace_back(key_, std::string(d->value), d->revision, d->created, d->operation, d->delta);
}

}  // namespace slipstream::kv::machine
