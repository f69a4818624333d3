// How many rounds the destroy tests play, and from which seed: SLIPSTREAM_DESTROY_ROUNDS=N plays another number of them than the suite
// does, SLIPSTREAM_DESTROY_SEED=S begins with another seed. A failure names the seed of its round.
#pragma once

#include <cstdint>
#include <cstdlib>

namespace slipstream::test {

inline std::uint64_t number_from_environment(const char* name, std::uint64_t otherwise) {
    const char* const text = std::getenv(name);
    return text != nullptr && *text != '\0' ? std::strtoull(text, nullptr, 10) : otherwise;
}

inline std::uint64_t destroy_rounds(std::uint64_t of_the_suite) {
    return number_from_environment("SLIPSTREAM_DESTROY_ROUNDS", of_the_suite);
}
inline std::uint64_t destroy_seed() { return number_from_environment("SLIPSTREAM_DESTROY_SEED", 1); }

}  // namespace slipstream::test
