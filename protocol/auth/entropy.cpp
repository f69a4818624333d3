#include "protocol/auth/entropy.hpp"

#include <array>
#include <cstddef>

#include <sodium/core.h>
#include <sodium/randombytes.h>

#include "protocol/auth/nuid.hpp"
#include "protocol/auth/wipe.hpp"

namespace slipstream::auth {

namespace {

void draw(void* out, std::size_t size) noexcept {
    // Idempotent and safe from any thread, unlike a draw without it.
    [[maybe_unused]] const int ready = sodium_init();
    randombytes_buf(out, size);  // ends the process rather than give weak numbers
}

}  // namespace

std::string make_nuid() {
    std::array<unsigned char, nuid_random_bytes> random{};
    draw(random.data(), random.size());
    std::string name = encode_nuid(random);
    wipe(random.data(), random.size());
    return name;
}

std::uint64_t random_seed() {
    std::uint64_t seed = 0;
    draw(&seed, sizeof seed);
    return seed;
}

}  // namespace slipstream::auth
