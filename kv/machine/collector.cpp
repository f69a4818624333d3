#include "kv/machine/collector.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <limits>
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
        const std::size_t size = std::min(common.size(), key.size());
        if (size == common.size() && std::memcmp(key.data(), common.data(), size) == 0) [[likely]]
            continue;
        std::size_t same = 0;
        while (same < size && common[same] == key[same]) ++same;
        common = common.substr(0, same);
    }
    return common.size();
}

/// The eight bytes behind what all keys begin with; zeros where a key has ended. They decide nearly always.
struct place {
    std::array<char, 8> front;
    std::uint32_t index;  // of the key

    [[nodiscard]] std::uint64_t bytes() const noexcept {
        std::uint64_t word = 0;
        std::memcpy(&word, front.data(), sizeof word);
        return word;
    }
};

/// By the fronts, one byte after the other from the last to the first, those that are not the same everywhere. With std::sort instead a
/// listing takes a sixth more instructions, and twice as many when that sorts the keys themselves.
void sort_places(std::vector<place>& order) {
    std::uint64_t different = 0;
    for (const place& p : order) different |= p.bytes() ^ order.front().bytes();
    std::array<char, 8> differs{};
    std::memcpy(differs.data(), &different, sizeof different);
    std::vector<place> other(order.size());
    for (std::size_t k = differs.size(); k-- > 0;) {
        if (differs[k] == 0) continue;
        std::array<std::uint32_t, 256> at{};
        for (const place& p : order) ++at[static_cast<unsigned char>(p.front[k])];
        std::uint32_t sum = 0;
        for (std::uint32_t& n : at) sum += std::exchange(n, sum);
        for (const place& p : order) other[at[static_cast<unsigned char>(p.front[k])]++] = p;
        order.swap(other);
    }
}

/// By bytes. True when keys with the same front were found, so that some may be the same.
bool sort_keys(std::vector<std::string>& keys) {
    if (keys.size() > std::numeric_limits<std::uint32_t>::max()) {
        std::sort(keys.begin(), keys.end());
        return true;
    }
    const std::size_t skip = common_prefix(keys);
    std::vector<place> order;
    order.reserve(keys.size());
    for (std::size_t i = 0; i < keys.size(); ++i) {
        place p{{}, static_cast<std::uint32_t>(i)};
        const char* const from = keys[i].data() + skip;
        const std::size_t left = keys[i].size() - skip;
        if (left >= p.front.size()) {
            std::memcpy(p.front.data(), from, p.front.size());
        } else {
            for (std::size_t k = 0; k < left; ++k) p.front[k] = from[k];
        }
        order.push_back(p);
    }
    sort_places(order);
    bool ties = false;
    for (auto first = order.begin(); first != order.end();) {
        auto last = first + 1;
        while (last != order.end() && last->bytes() == first->bytes()) ++last;
        if (last - first > 1) {
            ties = true;
            std::sort(first, last, [&keys](const place& a, const place& b) { return keys[a.index] < keys[b.index]; });
        }
        first = last;
    }
    // Moves them where they belong, one cycle of places after the other: there is no second list of keys.
    for (std::uint32_t i = 0; i < order.size(); ++i) {
        if (order[i].index == i) continue;
        std::string first = std::move(keys[i]);
        std::uint32_t hole = i;
        for (std::uint32_t from = order[hole].index; from != i; from = order[hole].index) {
            keys[hole] = std::move(keys[from]);
            order[hole].index = hole;
            hole = from;
        }
        keys[hole] = std::move(first);
        order[hole].index = hole;
    }
    return ties;
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
    if (!removals_.empty()) std::erase_if(keys_, [](const std::string& key) { return key.empty(); });
    const bool in_order = std::adjacent_find(keys_.begin(), keys_.end(), std::greater_equal<>()) == keys_.end();
    if (!in_order && sort_keys(keys_)) keys_.erase(std::unique(keys_.begin(), keys_.end()), keys_.end());
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
