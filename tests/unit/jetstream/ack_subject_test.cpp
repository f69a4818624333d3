// The ACK-subject parser against the contract's vectors, the grammar and a slow reference.
#include <slipstream/jetstream/ack_subject.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "jetstream/api/delivery_reader.hpp"
#include "tests/support/alloc_counter.hpp"

using namespace slipstream::jetstream;

namespace {

std::optional<std::uint64_t> sequence_of(std::string_view subject) {
    const auto info = parse_ack_subject(subject);
    return info ? std::optional(info->stream_sequence) : std::nullopt;
}

std::string join(const std::vector<std::string>& tokens) {
    std::string out;
    for (const std::string& t : tokens) out += (out.empty() ? "" : ".") + t;
    return out;
}

const std::vector<std::string> v1{"$JS", "ACK", "KV_certs", "cons", "1", "42", "7", "1700000000000000000", "3"};
const std::vector<std::string> v2{"$JS", "ACK", "hub", "AABBCC", "KV_certs", "cons", "1", "42", "7", "1700000000000000000", "3"};

}  // namespace

TEST_CASE("S81, S124: nine tokens, every field in its place") {
    const auto info = parse_ack_subject("$JS.ACK.KV_certs.cons.2.42.7.1700000000000000123.9");
    REQUIRE(info);
    CHECK(info->domain.empty());
    CHECK(info->stream == "KV_certs");
    CHECK(info->consumer == "cons");
    CHECK(info->delivered == 2);
    CHECK(info->stream_sequence == 42);
    CHECK(info->consumer_sequence == 7);
    CHECK(info->timestamp.time_since_epoch().count() == 1700000000000000123);
    CHECK(info->pending == 9);
}

TEST_CASE("S82, S125, S126: eleven tokens and more") {
    const auto info = parse_ack_subject("$JS.ACK.hub.AABBCC.KV_certs.cons.1.42.7.1700000000000000000.5");
    REQUIRE(info);
    CHECK(info->domain == "hub");
    CHECK(info->stream == "KV_certs");
    CHECK(info->consumer == "cons");
    CHECK(info->delivered == 1);
    CHECK(info->stream_sequence == 42);
    CHECK(info->consumer_sequence == 7);
    CHECK(info->pending == 5);
    CHECK(sequence_of("$JS.ACK.hub.AABBCC.KV_certs.cons.1.42.7.1700000000000000000.0") == 42);
    CHECK(sequence_of("$JS.ACK.hub.AABBCC.KV_certs.cons.1.99.7.1700000000000000000.0.rng") == 99);
    CHECK(sequence_of("$JS.ACK.hub.AABBCC.KV_certs.cons.1.99.7.1700000000000000000.0.rng.and.more.and.more") == 99);
}

TEST_CASE("L2: what servers sent; a domain of `_` is none") {
    CHECK(sequence_of("$JS.ACK.V.c.1.2.2.1795424264196232811.0") == 2);
    const auto named = parse_ack_subject("$JS.ACK.dom.szMpdrwD.V.c.1.1.1.1795424263892158319.1");
    REQUIRE(named);
    CHECK(named->domain == "dom");
    const auto unnamed = parse_ack_subject("$JS.ACK._.szMpdrwD.V.c.1.1.1.1795424263892158319.1");
    REQUIRE(unnamed);
    CHECK(unnamed->domain.empty());
    CHECK(unnamed->stream == "V");
}

TEST_CASE("S85, S127: the sequence is never the last token") {
    CHECK(sequence_of("$JS.ACK.KV_certs.cons.1.42.7.1700000000000000000.0") != 0);
    CHECK(parse_ack_subject("$JS.ACK.KV_certs.cons.1.42.7.1700000000000000000.0")->pending == 0);
}

TEST_CASE("S83, S84, S128: not an ACK subject") {
    for (const std::string_view bad :
         {"", "not.an.ack.subject", "$JS.ACK.too.few.tokens", "$JS.ACK.s.c.1.notnum.7.0.0", "$JS.ACK", "$JS.ACK.", "$JS.FC.s.c.1.42.7.0.0",
          "$js.ack.s.c.1.42.7.0.0", "x$JS.ACK.s.c.1.42.7.0.0", "JS.ACK.s.c.1.42.7.0.0", "_INBOX.abc.def.1.2.3.4.5.6"}) {
        CAPTURE(bad);
        CHECK_FALSE(parse_ack_subject(bad));
    }
}

TEST_CASE("W28, A19: ten tokens give nothing, whichever layout they might be") {
    std::vector<std::string> ten = v1;
    ten.emplace_back("8");
    CHECK_FALSE(parse_ack_subject(join(ten)));
    ten = v2;
    ten.pop_back();
    CHECK_FALSE(parse_ack_subject(join(ten)));
}

TEST_CASE("A19: every count of tokens from 0 to 20") {
    for (std::size_t count = 0; count <= 20; ++count) {
        std::vector<std::string> tokens{"$JS", "ACK"};
        while (tokens.size() < count) tokens.emplace_back("1");
        tokens.resize(count);
        CAPTURE(count);
        CHECK(parse_ack_subject(join(tokens)).has_value() == (count == 9 || count >= 11));
    }
}

TEST_CASE("A19: an empty token anywhere gives nothing") {
    for (const auto& layout : {v1, v2}) {
        for (std::size_t i = 0; i < layout.size(); ++i) {
            auto tokens = layout;
            tokens[i].clear();
            CAPTURE(join(tokens));
            CHECK_FALSE(parse_ack_subject(join(tokens)));
        }
    }
    CHECK_FALSE(parse_ack_subject(join(v2) + "..x"));
    CHECK_FALSE(parse_ack_subject(join(v2) + ".x."));
    CHECK_FALSE(parse_ack_subject(join(v1) + "."));
}

TEST_CASE("S84, W28: numbers are decimal digits up to 2^64-1, in every numeric field") {
    struct {
        std::string_view text;
        bool valid;
    } const cases[] = {{"0", true},
                       {"007", true},
                       {"18446744073709551615", true},
                       {"18446744073709551616", false},
                       {"99999999999999999999", false},
                       {"+42", false},
                       {"-1", false},
                       {" 42", false},
                       {"42 ", false},
                       {"4_2", false},
                       {"0x2a", false},
                       {"1e3", false},
                       {"4/", false},
                       {"4:", false},
                       {"\xC2\xB2", false},
                       {"1844674407370955161500", false},
                       {"000000000000000000000000000018446744073709551615", true}};
    for (const auto& layout : {v1, v2}) {
        for (std::size_t field = layout.size() - 5; field < layout.size(); ++field) {
            for (const auto& c : cases) {
                auto tokens = layout;
                tokens[field] = c.text;
                CAPTURE(join(tokens));
                CHECK(parse_ack_subject(join(tokens)).has_value() == c.valid);
            }
        }
    }
    CHECK(sequence_of("$JS.ACK.s.c.1.18446744073709551615.7.1.0") == UINT64_MAX);
}

TEST_CASE("A19: a time beyond the range is the latest one and the rest stays known") {
    const auto info = parse_ack_subject("$JS.ACK.s.c.1.42.7.18446744073709551615.0");
    REQUIRE(info);
    CHECK(info->timestamp == wall_time::max());
    CHECK(info->stream_sequence == 42);
}

TEST_CASE("S86: no allocation, also for refused and long subjects") {
    const std::string good = join(v2) + "." + std::string(300, 'x');
    REQUIRE(parse_ack_subject(good));
    const std::string bad = "$JS.ACK." + std::string(4000, '.');
    std::uint64_t sum = 0;
    const slipstream::test::allocation_counter counter;
    for (int i = 0; i < 1000; ++i) {
        sum += parse_ack_subject(good)->stream_sequence;
        sum += parse_ack_subject(bad) ? 1 : 0;
    }
    CHECK(counter.count() == 0);
    CHECK(sum == 42'000);
}

TEST_CASE("A19: agrees with a slow reference on mutated subjects") {
    // Splits, counts, checks: written for clarity, not for speed.
    const auto reference = [](const std::string& s) -> std::optional<std::uint64_t> {
        std::vector<std::string> tokens(1);
        for (const char c : s) {
            if (c == '.') tokens.emplace_back();
            else tokens.back().push_back(c);
        }
        if ((tokens.size() != 9 && tokens.size() < 11) || tokens[0] != "$JS" || tokens[1] != "ACK") return std::nullopt;
        if (std::ranges::any_of(tokens, [](const std::string& t) { return t.empty(); })) return std::nullopt;
        const std::size_t first = tokens.size() == 9 ? 4 : 6;
        std::uint64_t numbers[5]{};
        for (std::size_t i = 0; i < 5; ++i) {
            const std::string& t = tokens[first + i];
            const auto [end, ec] = std::from_chars(t.data(), t.data() + t.size(), numbers[i]);
            if (ec != std::errc() || end != t.data() + t.size()) return std::nullopt;
        }
        return numbers[1];
    };
    std::uint64_t random = 12345;
    const auto next = [&random](std::size_t below) {
        random = random * 6364136223846793005ULL + 1442695040888963407ULL;
        return static_cast<std::size_t>(random >> 33) % below;
    };
    std::size_t accepted = 0;
    api::delivery_reader reader;  // sees a mixture of consumers
    for (int i = 0; i < 20'000; ++i) {
        std::string s = join(next(2) == 0 ? v1 : v2);
        for (std::size_t changes = next(3); changes > 0; --changes) {
            constexpr std::string_view alphabet = "..0918$J_x+";
            const std::size_t at = next(s.size());
            switch (next(3)) {
                case 0: s[at] = alphabet[next(alphabet.size())]; break;
                case 1: s.insert(at, 1, alphabet[next(alphabet.size())]); break;
                default: s.erase(at, 1);
            }
        }
        CAPTURE(s);
        REQUIRE(sequence_of(s) == reference(s));
        const delivery_info* const info = reader.read(s);
        REQUIRE((info != nullptr) == reference(s).has_value());
        if (info != nullptr) REQUIRE(info->stream_sequence == *reference(s));
        accepted += sequence_of(s) ? 1 : 0;
    }
    CHECK(accepted > 5'000);
    CHECK(accepted < 19'000);
}

TEST_CASE("S81, S82, S86: a reader of one consumer's deliveries tells what the parser tells, without allocation") {
    for (const auto& layout : {v1, v2}) {
        api::delivery_reader reader;
        const std::string_view numbers[] = {"0", "9", "10", "1234567", "12345678", "123456789", "1234567890123456", "12345678901234567",
                                            "1700000000000000000", "9999999999999999999", "18446744073709551615", "x", ""};
        for (std::size_t field = layout.size() - 5; field < layout.size(); ++field) {
            for (const std::string_view number : numbers) {
                auto tokens = layout;
                tokens[field] = number;
                const std::string subject = join(tokens);
                CAPTURE(subject);
                const slipstream::test::allocation_counter counter;
                const delivery_info* const info = reader.read(subject);
                const auto expected = parse_ack_subject(subject);
                CHECK(counter.count() == 0);
                REQUIRE((info != nullptr) == expected.has_value());
                if (info == nullptr) continue;
                CHECK(info->domain == expected->domain);
                CHECK(info->stream == expected->stream);
                CHECK(info->consumer == expected->consumer);
                CHECK(info->delivered == expected->delivered);
                CHECK(info->stream_sequence == expected->stream_sequence);
                CHECK(info->consumer_sequence == expected->consumer_sequence);
                CHECK(info->timestamp == expected->timestamp);
                CHECK(info->pending == expected->pending);
            }
        }
        // Another consumer's, and one whose names are too long to be remembered.
        for (const std::string& name : {std::string("other"), std::string(300, 'n')}) {
            auto tokens = layout;
            tokens[layout.size() - 6] = name;
            const std::string subject = join(tokens);
            for (int i = 0; i < 2; ++i) {
                const delivery_info* const info = reader.read(subject);
                REQUIRE(info != nullptr);
                CHECK(info->consumer == name);
                CHECK(info->pending == 3);
            }
        }
    }
}
