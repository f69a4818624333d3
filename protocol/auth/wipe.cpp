#include "protocol/auth/wipe.hpp"

#include <array>
#include <cstring>

#include <sodium/utils.h>

namespace slipstream::auth {

void wipe(void* bytes, std::size_t size) noexcept {
    if (size != 0) sodium_memzero(bytes, size);
}

void wipe(std::string& text) noexcept {
    text.resize(text.capacity());  // within the capacity: does not allocate
    wipe(text.data(), text.size());
    text.clear();
}

void wipe_traces() noexcept {
    // Copying nothing of value in every size that has a way of its own: the same function, so the same registers.
    std::array<char, 1024> from{};
    std::array<char, 1024> to;
    void* (*volatile const copy)(void*, const void*, std::size_t) = std::memcpy;
    for (std::size_t size = 1; size <= from.size(); size *= 2) copy(to.data(), from.data(), size);
    constexpr std::size_t deepest = 16 * 1024;  // of calls, with room to spare; small beside the smallest thread's stack
    sodium_stackzero(deepest);
}

}  // namespace slipstream::auth
