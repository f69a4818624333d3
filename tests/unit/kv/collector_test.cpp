// What comes out of a drained consumer.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "kv/machine/collector.hpp"
#include "kv/machine/key_order.hpp"

using namespace slipstream;
using kv::machine::collector_settings;
using kv::machine::entry_collector;
using kv::machine::history_collector;
using kv::machine::key_collector;
using keys = std::vector<std::string>;

namespace {

template <class Collector>
class feed {
public:
    explicit feed(Collector& c) : collector_(c) {}
    feed& put(std::string_view key, std::string_view value = "v") {
        const std::string size = "NATS/1.0\r\nNats-Msg-Size: " + std::to_string(value.size()) + "\r\n\r\n";
        return Collector::headers_only ? message(key, size, "") : message(key, "", value);
    }
    feed& mark(std::string_view key, std::string_view header = "KV-Operation: DEL") {
        return message(key, "NATS/1.0\r\n" + std::string(header) + "\r\n\r\n", "");
    }
    feed& message(std::string_view key, std::string_view block, std::string_view payload) {
        const std::string subject = "$KV.b." + std::string(key);
        jetstream::delivery_info place;
        place.stream_sequence = ++sequence_;
        collector_.add(message_view(subject, "", block, payload), place);
        return *this;
    }

private:
    Collector& collector_;
    std::uint64_t sequence_ = 0;
};

collector_settings everything(bool empty_is_tombstone = false) {
    return {.key_prefix = "$KV.b.", .scope = {}, .empty_is_tombstone = empty_is_tombstone};
}

}  // namespace

TEST_CASE("S65: keys are sorted, each once, without deleted ones") {
    key_collector c(everything());
    feed(c).put("b").put("a").mark("c").put("d").mark("e", "KV-Operation: PURGE").mark("f", "Nats-Marker-Reason: MaxAge");
    CHECK(c.finish() == keys{"a", "b", "d"});
}

TEST_CASE("S65: keys come out by bytes, whatever they begin with and however alike they are") {
    const std::vector<keys> lists = {
        {"key.10", "key.9", "key.1", "key.100", "key", "key.", "key.9"},
        {"a.same.beginning.of.many.bytes.z.1", "a.same.beginning.of.many.bytes.a.2", "a.same.beginning.of.many.bytes"},
        {"12345678x", "12345678a", "12345678", "1234567", "12345678ab", "12345678a0"},
        {"\xff", "a", "\x80z", "Z", "z.\xc3\xa9", "-"},
    };
    for (const keys& list : lists) {
        key_collector c(everything());
        feed f(c);
        for (const std::string& key : list) f.put(key);
        keys expected = list;
        std::sort(expected.begin(), expected.end());
        expected.erase(std::unique(expected.begin(), expected.end()), expected.end());
        CHECK(c.finish() == expected);
    }
    key_collector many(everything());
    feed f(many);
    keys expected;
    for (unsigned i = 0; i < 5000; ++i) {
        const std::string key = "node." + std::to_string(i * 7919U % 5000U) + ".state";
        f.put(key);
        expected.push_back(key);
    }
    std::sort(expected.begin(), expected.end());
    CHECK(many.finish() == expected);
}

TEST_CASE("S65: many keys, whatever their bytes are and wherever they differ") {
    std::uint64_t random = 1;
    const auto below = [&random](std::size_t n) {
        random = random * 6364136223846793005ULL + 1442695040888963407ULL;
        return static_cast<std::size_t>(random >> 33U) % n;
    };
    const auto check = [](keys list) {
        keys expected = list;
        std::sort(expected.begin(), expected.end());
        const bool twice = std::adjacent_find(expected.begin(), expected.end()) != expected.end();
        CHECK(kv::machine::sort_keys(list) >= twice);
        CHECK(list == expected);
    };
    std::string bytes;
    for (int c = 0; c < 256; ++c) bytes += static_cast<char>(c);
    // With 16 kinds of bytes eight fit into 32 bits, with 17 seven, with 256 four.
    for (const std::string_view alphabet :
         {std::string_view("ab"), std::string_view("0123456789abcdef"), std::string_view("0123456789abcdefg"),
          std::string_view("0123456789.-_=/ABCDEFGHIJKLMNOPQRSTUVWXYZ"), std::string_view(bytes)}) {
        for (const std::size_t common : {0U, 1U, 7U, 8U, 9U, 16U, 30U}) {
            const std::string prefix(common, 'p');
            keys same_size;
            keys any_size;
            keys late;  // differ behind the bytes that are looked at first, most of them
            for (int i = 0; i < 400; ++i) {
                std::string text;
                for (int k = 0; k < 12; ++k) text += alphabet[below(alphabet.size())];
                same_size.push_back(prefix + text);
                any_size.push_back(prefix + text.substr(0, below(13)));
                late.push_back(prefix + text[0] + "in_the_middle" + text.substr(1, below(4)));
            }
            check(same_size);
            check(any_size);
            check(late);
        }
    }
    check({});
    check({""});
    check({"b", "", "a", ""});
    check({std::string("a\0b", 3), "a", std::string("a\0", 2), std::string("a\0\0", 3)});
    check(keys(100, "the_same_everywhere"));
}

TEST_CASE("W6, L18, G3: the last message of a key decides, however often it was written during the drain") {
    key_collector c(everything());
    feed(c).put("a").put("b").put("a").mark("b").mark("c").put("c").put("d").mark("d").put("d").mark("a").put("e").mark("e").mark("e");
    CHECK(c.finish() == keys{"c", "d"});
}

TEST_CASE("S67: the empty value test under headers only, when empty means deleted") {
    for (const bool hidden : {true, false}) {
        key_collector c(everything(hidden));
        feed f(c);
        f.put("empty", "").put("full", "x").message("unsaid", "", "").put("was", "x").put("was", "");
        f.message("forged", "NATS/1.0\r\nNats-Msg-Size: 0\r\nNats-Msg-Size: 5\r\n\r\n", "");
        CHECK(c.finish() == (hidden ? keys{"forged", "full", "unsaid"} : keys{"empty", "forged", "full", "unsaid", "was"}));
    }
}

TEST_CASE("W8: only keys with one of the prefixes") {
    key_collector c(
        {.key_prefix = "$KV.b.", .scope = kv::prefixes(std::vector<std::string>{"nod", "x."}).normalised(), .empty_is_tombstone = false});
    feed(c).put("node.a").put("nod").put("no").put("x.1").put("xy");
    CHECK(c.finish() == keys{"nod", "node.a", "x.1"});
}

TEST_CASE("W39, S88: what is no key of the bucket is left out") {
    key_collector c(everything());
    jetstream::delivery_info place;
    c.add(message_view("_INBOX.x", "", "", ""), place);
    c.add(message_view("$KV.b.", "", "", ""), place);
    CHECK(c.finish().empty());
}

TEST_CASE("W7: a drain that begins again forgets") {
    key_collector c(everything());
    feed f(c);
    f.put("a").mark("b");
    c.clear();
    f.put("b");
    CHECK(c.finish() == keys{"b"});
}

TEST_CASE("I9: an announced number of messages reserves within bounds") {
    key_collector c(everything());
    c.expect(~std::uint64_t{0});
    feed(c).put("a");
    CHECK(c.finish() == keys{"a"});
}

TEST_CASE("S66, S71: a scan yields the last value of each key with its revision, sorted") {
    entry_collector c(everything());
    feed f(c);
    for (int i = 0; i < 1'500; ++i) f.put("k" + std::to_string(i), "old");
    f.put("k7", "new").mark("k8").mark("k9").put("k9", "again");
    const std::vector<kv::entry> out = c.finish();
    REQUIRE(out.size() == 1'499);
    for (std::size_t i = 1; i < out.size(); ++i) CHECK(out[i - 1].key() < out[i].key());
    for (const kv::entry& e : out) {
        CHECK(e.operation() == kv::operation::put);
        CHECK(e.key() != "k8");
        if (e.key() == "k7") CHECK((e.value() == "new" && e.revision().value() == 1'501));
        if (e.key() == "k9") CHECK((e.value() == "again" && e.revision().value() == 1'504));
        if (e.key() == "k0") CHECK((e.value() == "old" && e.revision().value() == 1));
    }
}

TEST_CASE("S66, W26: a scan hides empty values only where they stand for deletes") {
    for (const bool hidden : {true, false}) {
        entry_collector c(everything(hidden));
        feed(c).put("a", "x").put("a", "").put("b", "");
        CHECK(c.finish().size() == (hidden ? 0U : 2U));
    }
}

TEST_CASE("G17: history tells everything of one key in order") {
    history_collector c("$KV.b.", "k");
    feed(c).put("k", "1").put("k", "").mark("k").put("other", "x").mark("k", "KV-Operation: PURGE").put("k", "2");
    const std::vector<kv::entry> out = c.finish();
    REQUIRE(out.size() == 5);
    const kv::operation wanted[] = {kv::operation::put, kv::operation::put, kv::operation::erase, kv::operation::purge, kv::operation::put};
    for (std::size_t i = 0; i < 5; ++i) CHECK(out[i].operation() == wanted[i]);
    CHECK(out[0].value() == "1");
    CHECK(out[4].value() == "2");
    CHECK(out[4].revision().value() == 6);
}
