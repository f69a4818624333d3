// Header block: reading never leaves the block, lookups agree with iteration, what is written reads back the same.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <slipstream/headers.hpp>

#include "fuzz/check.hpp"

using slipstream::header;
using slipstream::header_map;
using slipstream::header_view;

namespace {

void check_lookups(const header_view& view) {
    std::size_t count = 0;
    for (const header& h : view) {
        if (++count > 64) break;  // lookups are linear, pairs of them quadratic
        FUZZ_CHECK(view.get(h.name).has_value() && view.get_last(h.name).has_value());
        std::string_view first, last;
        bool seen = false;
        for (const header& other : view) {
            if (other.name != h.name) continue;
            if (!seen) first = other.value;
            seen = true;
            last = other.value;
        }
        FUZZ_CHECK(view.get(h.name) == first);
        FUZZ_CHECK(view.get_last(h.name) == last);
    }
}

void check_reading(std::string_view block) {
    const header_view view(block);
    FUZZ_CHECK(view.block() == block);
    FUZZ_CHECK(view.empty() == (view.begin() == view.end()));
    FUZZ_CHECK(view.status() == 0 || (view.status() >= 1 && view.status() <= 999));
    FUZZ_CHECK(view.description().find_first_of("\r\n") == std::string_view::npos);
    if (view.status() == 0) FUZZ_CHECK(view.description().empty());
    if (!view.valid()) FUZZ_CHECK(view.empty() && view.status() == 0);
    std::size_t bytes = 0;
    for (const header& h : view) {
        FUZZ_CHECK(!h.name.empty());
        FUZZ_CHECK(h.name.find_first_of(":\n") == std::string_view::npos);
        FUZZ_CHECK(h.value.find('\n') == std::string_view::npos);
        FUZZ_CHECK(h.value.empty() ||
                   (h.value.front() != ' ' && h.value.back() != ' ' && h.value.front() != '\t' && h.value.back() != '\t'));
        FUZZ_CHECK(h.name.data() >= block.data() && h.value.data() + h.value.size() <= block.data() + block.size());
        bytes += h.name.size() + h.value.size() + 1;
        FUZZ_CHECK(bytes <= block.size());
    }
    check_lookups(view);
}

bool may_be_sent(const header& h) {
    return std::all_of(h.name.begin(), h.name.end(), [](char c) { return c > 32 && c < 127 && c != ':'; }) &&
           h.value.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos;
}

/// A map built from what was read gives the same back, header by header, after every step.
void check_writing(std::string_view block) {
    header_map map;
    std::vector<std::pair<std::string, std::string>> expected;
    for (const header& h : header_view(block)) {
        const std::error_code ec = map.append(h.name, h.value);
        FUZZ_CHECK(!ec == may_be_sent(h));
        if (!ec) expected.emplace_back(h.name, h.value);
    }
    const auto check_equal = [&] {
        std::size_t i = 0;
        for (const header& h : map.view()) {
            FUZZ_CHECK(i < expected.size() && h.name == expected[i].first && h.value == expected[i].second);
            ++i;
        }
        FUZZ_CHECK(i == expected.size());
        FUZZ_CHECK(map.empty() == expected.empty());
        FUZZ_CHECK(map.empty() || (map.block().starts_with("NATS/1.0\r\n") && map.block().ends_with("\r\n\r\n")));
    };
    check_equal();
    for (int round = 0; round < 8 && !expected.empty(); ++round) {
        const std::string name = expected[expected.size() / 2].first;
        if (round % 2 == 0) {
            FUZZ_CHECK(!map.set(name, "replaced"));
            bool placed = false;
            std::erase_if(expected, [&](auto& h) {
                if (h.first != name) return false;
                if (placed) return true;
                h.second = "replaced";
                placed = true;
                return false;
            });
        } else {
            map.erase(name);
            std::erase_if(expected, [&](const auto& h) { return h.first == name; });
        }
        check_equal();
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    check_reading(input);
    check_writing(input);
    const std::string block = "NATS/1.0\r\n" + std::string(input);  // most inputs are not even valid without
    check_reading(block);
    check_writing(block);
    header_map map;  // as name, as value, and split at the first colon
    const std::size_t colon = std::min(input.find(':'), input.size());
    const header split{input.substr(0, colon), input.substr(std::min(colon + 1, input.size()))};
    if (!map.append(split.name, split.value)) {
        FUZZ_CHECK(std::distance(map.view().begin(), map.view().end()) == 1);
        FUZZ_CHECK(map.view().begin()->name == split.name);
        FUZZ_CHECK(std::count(map.block().begin(), map.block().end(), '\n') == 3);
        const header_map listed{split, {"B", "c"}};
        FUZZ_CHECK(!map.append("B", "c") && listed.block() == map.block());
        map.clear();
        FUZZ_CHECK(map.empty() && map.view().empty());
        FUZZ_CHECK(!map.append("B", "c") && map.block() == "NATS/1.0\r\nB: c\r\n\r\n");  // in memory that it has already
    } else {
        bool thrown = false;
        try {
            static_cast<void>(header_map{split});
        } catch (const std::system_error&) {
            thrown = true;
        }
        FUZZ_CHECK(thrown);
    }
    return 0;
}
