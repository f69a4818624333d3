#include <array>
#include <cstddef>
#include <string>

#include <doctest/doctest.h>

#include "tools/command/hide_secrets.hpp"

namespace {

/// Arguments as main() gets them, hidden, and every byte they then have.
template <std::size_t N>
std::string hidden(std::array<std::string, N> words) {
    std::array<char*, N> argv;
    for (std::size_t i = 0; i < N; ++i) argv[i] = words[i].data();
    command::hide_secrets(static_cast<int>(N), argv.data());
    std::string out;
    for (const std::string& word : words) out += word + '|';
    return out;
}

std::string zeros(std::size_t n) { return std::string(n, '\0'); }

}  // namespace

TEST_CASE("B13 B11 cli.md: secrets do not stay on the command line, and nothing else is touched") {
    CHECK(hidden<6>({"slipstream", "--user", "u", "--password", "abc", "rtt"}) == "slipstream|--user|u|--password|" + zeros(3) + "|rtt|");
    CHECK(hidden<3>({"slipstream", "--token=abcd", "rtt"}) == "slipstream|--token=" + zeros(4) + "|rtt|");
    CHECK(hidden<3>({"slipstream", "--creds-inline", "YWJj"}) == "slipstream|--creds-inline|" + zeros(4) + "|");
    CHECK(hidden<4>({"slipstream", "pub", "--tokens", "abc"}) == "slipstream|pub|--tokens|abc|");
    CHECK(hidden<2>({"slipstream", "--password"}) == "slipstream|--password|");
    CHECK(hidden<3>({"slipstream", "--password=", "x"}) == "slipstream|--password=|x|");
}
