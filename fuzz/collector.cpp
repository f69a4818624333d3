// Listings of keys, entries and of one key's history (S65-S74, W7, W29, W39; G3, G14, I28): drained from a model of a bucket that is
// written to meanwhile, and begun again at any moment, they are exactly the live keys, each once and in order, with their newest values;
// the history is all that came of its key, in that order. From deliveries without sense they are what a slow second reading makes of
// these, and nothing that is not a key, or was not asked for. What a server announces costs no memory beyond a bound.
//
// The first byte says which, and the settings; then the keys, the prefixes asked for, and what happens.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fuzz/check.hpp"
#include "fuzz/input.hpp"
#include "kv/machine/collector.hpp"

using namespace slipstream;
using kv::operation;

namespace {

constexpr std::string_view key_prefix = "$KV.b.";
/// The most that is set aside for what a server announces.
constexpr std::size_t max_reserved = std::size_t{1} << 20;

/// What a writer, or the server in his place, says about a key.
struct kind {
    std::string_view headers;  // of the message
    operation what;
};
constexpr std::array kinds{
    kind{"", operation::put},
    kind{"", operation::put},
    kind{"KV-Operation: DEL\r\n", operation::erase},
    kind{"KV-Operation: PURGE\r\nNats-Rollup: sub\r\n", operation::purge},
    kind{"Nats-Marker-Reason: MaxAge\r\nNats-Rollup: sub\r\n", operation::purge},
    kind{"Nats-Marker-Reason: Remove\r\n", operation::erase},
    kind{"Mine: 1\r\n", operation::put},
    kind{"Nats-Msg-Size: 0\r\nKV-Operation: MOVE\r\n", operation::put},  // a writer's own
};

struct stored {
    std::string subject;
    kind what;
    std::string value;
};

std::string block_of(const stored& m, bool with_size) {
    std::string block(m.what.headers);
    if (with_size) block += "Nats-Msg-Size: " + std::to_string(m.value.size()) + "\r\n";
    return block.empty() ? block : "NATS/1.0\r\n" + block + "\r\n";
}

/// Keys that begin alike and differ late, as they do in buckets: the sort looks at few bytes.
std::vector<std::string> read_keys(fuzz::input& in) {
    constexpr std::string_view alphabet = "abcdefgABC0129-/_=.";
    const auto read = [&](std::size_t max) {
        std::string text(in.text(max));
        for (char& c : text) c = alphabet[static_cast<unsigned char>(c) % alphabet.size()];
        return text;
    };
    const std::string common = read(12);
    std::vector<std::string> keys(1 + in.below(24));
    for (std::string& key : keys) {
        key = common + read(14);
        if (kv::check_key(key)) std::replace(key.begin(), key.end(), '.', '_');
        if (key.empty()) key = "k";
        FUZZ_CHECK(!kv::check_key(key));
    }
    return keys;
}

kv::prefixes read_scope(fuzz::input& in, const std::vector<std::string>& keys) {
    std::vector<std::string> list;
    for (std::size_t left = in.below(4); left > 0; --left) {
        const std::string& key = keys[in.below(keys.size())];
        list.push_back(key.substr(0, in.below(key.size() + 1)));
    }
    if (list.empty()) return {};
    return in.flag() ? kv::prefixes(list).normalised() : kv::prefixes(list);
}

/// All three kinds of listing, and what they must be, read slowly.
class listing {
public:
    listing(kv::machine::collector_settings settings, std::string key)
        : settings_(settings), key_(std::move(key)), keys_(settings), entries_(settings), history_(settings.key_prefix, key_) {}

    void expect(std::uint64_t messages) {
        keys_.expect(messages);
        entries_.expect(messages);
        history_.expect(messages);
    }
    void clear() {
        keys_.clear();
        entries_.clear();
        history_.clear();
        alive_.clear();
        of_key_.clear();
    }
    void add(const stored& m, std::uint64_t sequence, std::uint64_t pending) {
        jetstream::delivery_info place;
        place.stream_sequence = sequence;
        place.pending = pending;
        place.timestamp = jetstream::wall_time(std::chrono::nanoseconds(sequence % 1'000));
        ++received_;
        const std::string short_block = block_of(m, true);
        const std::string block = block_of(m, false);
        keys_.add(message_view(m.subject, {}, short_block, {}), place);
        entries_.add(message_view(m.subject, {}, block, m.value), place);
        history_.add(message_view(m.subject, {}, block, m.value), place);
        note(m, sequence, pending);
    }

    /// Ends them, once. Returns the live keys and their revisions.
    std::map<std::string, std::uint64_t> finish() {
        std::map<std::string, std::uint64_t> out;
        const auto keys = keys_.finish();
        const auto entries = entries_.finish();
        FUZZ_CHECK(keys.size() == alive_.size() && entries.size() == alive_.size());
        FUZZ_CHECK(keys.capacity() <= bound() && entries.capacity() <= bound());
        auto key = keys.begin();
        auto entry = entries.begin();
        for (const auto& [name, puts] : alive_) {  // in the order of the keys' bytes
            FUZZ_CHECK(*key++ == name && entry->key() == name && entry->operation() == operation::put);
            const auto newest = std::max_element(puts.begin(), puts.end());
            FUZZ_CHECK(entry->revision().value() == newest->first);
            FUZZ_CHECK(std::find(puts.begin(), puts.end(), std::pair(newest->first, entry->value())) != puts.end());
            out.emplace(name, newest->first);
            ++entry;
        }
        const auto revisions = history_.finish();
        FUZZ_CHECK(revisions.size() == of_key_.size() && revisions.capacity() <= bound());
        for (std::size_t i = 0; i < revisions.size(); ++i) {
            const auto& [m, sequence, pending] = of_key_[i];
            FUZZ_CHECK(revisions[i].key() == key_ && revisions[i].operation() == m.what.what);
            FUZZ_CHECK(revisions[i].value() == (m.what.what == operation::put ? m.value : std::string()));
            FUZZ_CHECK(revisions[i].revision().value() == sequence && revisions[i].delta() == pending);
        }
        return out;
    }

private:
    struct revision_of_key {
        stored m;
        std::uint64_t sequence;
        std::uint64_t pending;
    };

    void note(const stored& m, std::uint64_t sequence, std::uint64_t pending) {
        if (!m.subject.starts_with(key_prefix) || m.subject.size() == key_prefix.size()) return;
        const std::string key = m.subject.substr(key_prefix.size());
        if (key == key_) of_key_.push_back({m, sequence, pending});
        const auto& list = settings_.scope.list();
        if (std::none_of(list.begin(), list.end(), [&](const std::string& p) { return key.starts_with(p); })) return;
        if (m.what.what == operation::put && !(settings_.empty_is_tombstone && m.value.empty()))
            alive_[key].emplace_back(sequence, m.value);
        else
            alive_.erase(key);
    }
    [[nodiscard]] std::size_t bound() const { return std::max(max_reserved, 2 * received_ + 16); }

    kv::machine::collector_settings settings_;
    std::string key_;
    kv::machine::key_collector keys_;
    kv::machine::entry_collector entries_;
    kv::machine::history_collector history_;
    std::map<std::string, std::vector<std::pair<std::uint64_t, std::string>>> alive_;  // the puts since a key was last removed
    std::vector<revision_of_key> of_key_;
    std::size_t received_ = 0;
};

class world {
public:
    world(fuzz::input& in, std::uint8_t flags)
        : in_(in),
          keys_(read_keys(in)),
          settings_{.key_prefix = std::string(key_prefix), .scope = read_scope(in, keys_), .empty_is_tombstone = (flags & 2U) != 0},
          listing_(settings_, keys_[0]) {}

    /// A drain of each key's last message, and of what is written meanwhile.
    void drain() {
        for (std::size_t left = in_.below(64); left > 0; --left) write();
        begin();
        for (int events = 0; events < 400 && !in_.empty(); ++events) {
            switch (in_.below(8)) {
                case 0: write(); break;
                case 1:
                    if (in_.below(4) != 0) break;
                    listing_.clear();
                    begin();
                    break;
                default: deliver(); break;
            }
        }
        while (deliver()) {}
        const auto listed = listing_.finish();
        std::size_t alive = 0;
        for (const auto& [sequence, m] : bucket_) {
            const std::string key = m.subject.substr(key_prefix.size());
            const auto& list = settings_.scope.list();
            const bool asked = std::any_of(list.begin(), list.end(), [&](const std::string& p) { return key.starts_with(p); });
            const bool is_alive = m.what.what == operation::put && !(settings_.empty_is_tombstone && m.value.empty());
            if (!asked || !is_alive) continue;
            ++alive;
            FUZZ_CHECK(listed.contains(key) && listed.at(key) == sequence);
        }
        FUZZ_CHECK(listed.size() == alive);
    }

    void gather_without_sense() {
        for (int events = 0; events < 400 && !in_.empty(); ++events) {
            const std::uint64_t what = in_.below(16);
            if (what == 0) listing_.clear();
            if (what == 1) announce();
            stored m = message();
            if (what == 2) m.subject = in_.text(40);
            listing_.add(m, in_.below(4) == 0 ? in_.number() : ++last_, in_.below(256));
        }
        static_cast<void>(listing_.finish());
    }

private:
    stored message() {
        stored m;
        m.subject = std::string(key_prefix) + keys_[in_.below(keys_.size())];
        m.what = kinds[in_.below(kinds.size())];
        m.value = in_.text(3);
        return m;
    }
    void write() {
        stored m = message();
        std::erase_if(bucket_, [&](const auto& old) { return old.second.subject == m.subject; });
        bucket_.emplace(++last_, std::move(m));
    }
    void begin() {
        next_ = 1;
        listing_.expect(bucket_.size());
        if (in_.below(32) == 31) announce();
    }
    /// More than there is.
    void announce() {
        if (!std::exchange(announced_, true)) listing_.expect(in_.number());
    }
    bool deliver() {
        const auto m = bucket_.lower_bound(next_);
        if (m == bucket_.end()) return false;
        next_ = m->first + 1;
        listing_.add(m->second, m->first, static_cast<std::uint64_t>(std::distance(m, bucket_.end())) - 1);
        return true;
    }

    fuzz::input& in_;
    std::vector<std::string> keys_;
    kv::machine::collector_settings settings_;
    listing listing_;
    std::map<std::uint64_t, stored> bucket_;
    std::uint64_t last_ = 0;
    std::uint64_t next_ = 1;
    bool announced_ = false;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size > 4096) return 0;
    fuzz::input in(data, size);
    const std::uint8_t flags = in.byte();
    world w(in, flags);
    if ((flags & 1U) != 0)
        w.drain();
    else
        w.gather_without_sense();
    return 0;
}
