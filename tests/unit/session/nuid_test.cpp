#include <doctest/doctest.h>

#include <array>
#include <map>
#include <set>
#include <string>

#include "protocol/auth/entropy.hpp"
#include "protocol/auth/nuid.hpp"
#include "protocol/auth/wipe.hpp"
#include "protocol/session/random.hpp"

namespace slipstream::auth {
namespace {

using bytes = std::array<unsigned char, nuid_random_bytes>;

TEST_CASE("E11: a name is the random number in base 62, fixed width") {
    bytes number{};
    CHECK(encode_nuid(number) == "0000000000000000000000");
    number.back() = 61;
    CHECK(encode_nuid(number) == "000000000000000000000z");
    number.back() = 62;
    CHECK(encode_nuid(number) == "0000000000000000000010");
    number = {};
    number[nuid_random_bytes - 8] = 1;  // 2^56
    CHECK(encode_nuid(number) == "0000000000005K1WLnfhB2");
    number.fill(0xff);  // 2^192 - 1
    CHECK(encode_nuid(number) == "x0ldQH2K1TdSrwuqMMiME3");
}

TEST_CASE("E11: no character is likelier than another, at any place") {
    session::random_stream rng(1);
    std::array<std::map<char, int>, nuid_size> seen;
    constexpr int rounds = 62'000;
    for (int i = 0; i < rounds; ++i) {
        bytes number{};
        for (unsigned char& b : number) b = static_cast<unsigned char>(rng.below(256));
        const std::string name = encode_nuid(number);
        for (std::size_t k = 0; k < nuid_size; ++k) ++seen[k][name[k]];
    }
    for (const auto& place : seen) {
        CHECK(place.size() == 62);
        for (const auto& [c, n] : place) CHECK_MESSAGE((n > 820 && n < 1180), c, ": ", n);
    }
}

TEST_CASE("E11: drawn names and seeds do not repeat, and fit into a subject") {
    std::set<std::string> names;
    std::set<std::uint64_t> seeds;
    for (int i = 0; i < 2000; ++i) {
        const std::string name = make_nuid();
        CHECK(name.size() == nuid_size);
        CHECK(name.find_first_not_of("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz") == std::string::npos);
        CHECK(names.insert(name).second);
        CHECK(seeds.insert(random_seed()).second);
    }
}

TEST_CASE("B13: wiping erases all the memory a string has") {
    std::string text(100, 's');
    const char* const memory = text.data();
    const std::size_t capacity = text.capacity();
    text.resize(50);
    wipe(text);
    CHECK(text.empty());
    REQUIRE(text.capacity() == capacity);
    REQUIRE(text.data() == memory);
    for (std::size_t i = 0; i < capacity; ++i) CHECK(memory[i] == '\0');
    char block[4] = {'a', 'b', 'c', 'd'};
    wipe(block, 3);
    CHECK(std::string(block, 4) == std::string("\0\0\0d", 4));
    wipe(nullptr, 0);
}

}  // namespace
}  // namespace slipstream::auth
