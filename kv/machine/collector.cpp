#include "kv/machine/collector.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "kv/codec/decode.hpp"
#include "kv/codec/subjects.hpp"
#include "kv/machine/key_order.hpp"

namespace slipstream::kv::machine {
namespace {

/// What a server announces is a hint: memory grows with what is received.
constexpr std::uint64_t max_reserved = std::uint64_t{1} << 20;

std::size_t reservation(std::uint64_t messages) noexcept { return static_cast<std::size_t>(std::min(messages, max_reserved)); }

bool is_in_scope(const collector_settings& settings, std::string_view key) noexcept {
    const std::vector<std::string>& list = settings.scope.list();
    return (!list.empty() && list.front().empty()) || settings.scope.matches(key);  // mostly everything is asked for
}

/// Whether the key is alive after this message.
bool is_alive(const collector_settings& settings, operation what, const message_view& m, bool headers_only) noexcept {
    return what == operation::put && !(settings.empty_is_tombstone && codec::is_empty_value(m, headers_only));
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

void key_collector::add(const message_view& message, const jetstream::delivery_info&) {
    const std::optional<std::string_view> key = codec::key_of(settings_.key_prefix, message.subject());
    if (!key || !is_in_scope(settings_, *key)) return;
    if (is_alive(settings_, codec::operation_of(message), message, true))
        keys_.emplace_back(*key);
    else
        removals_.add(*key, keys_.size());
}

void key_collector::clear() noexcept {
    keys_.clear();
    removals_.clear();
}

std::vector<std::string> key_collector::finish() {
    removals_.apply(
        keys_.size(), [this](std::size_t i) { return std::string_view(keys_[i]); }, [this](std::size_t i) { keys_[i].clear(); });
    if (!removals_.empty()) std::erase_if(keys_, [](const std::string& key) { return key.empty(); });
    const bool in_order = std::adjacent_find(keys_.begin(), keys_.end(), std::greater_equal<>()) == keys_.end();
    if (!in_order && sort_keys(keys_)) keys_.erase(std::unique(keys_.begin(), keys_.end()), keys_.end());
    return std::move(keys_);
}

// --- entries ---

void entry_collector::expect(std::uint64_t messages) { entries_.reserve(reservation(messages)); }

void entry_collector::add(const message_view& message, const jetstream::delivery_info& place) {
    const std::optional<codec::decoded> d = codec::decode_delivery(settings_.key_prefix, message, place);
    if (!d || !is_in_scope(settings_, d->key)) return;
    if (is_alive(settings_, d->operation, message, false))
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
