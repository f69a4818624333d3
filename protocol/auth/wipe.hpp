// Erases secrets from memory; the compiler does not remove it.
#pragma once

#include <array>
#include <cstddef>
#include <string>

namespace slipstream::auth {

void wipe(void* bytes, std::size_t size) noexcept;

/// Wipes everything the string has room for and empties it.
void wipe(std::string& text) noexcept;

/// Erases what work with secrets leaves behind where no object is: in the registers that copying uses, and on the stack below the
/// caller. The dynamic linker puts registers there whenever any library calls a function for the first time. To be called as far up
/// the stack as the work began.
void wipe_traces() noexcept;

/// A place for secret bytes on the stack or in an object: wiped on every way out.
template <class Byte, std::size_t N>
struct wiped_array {
    std::array<Byte, N> bytes{};
    wiped_array() noexcept = default;
    wiped_array(const wiped_array&) = delete;
    wiped_array& operator=(const wiped_array&) = delete;
    ~wiped_array() { wipe(bytes.data(), N); }
};
template <std::size_t N>
using wiped_bytes = wiped_array<unsigned char, N>;
template <std::size_t N>
using wiped_chars = wiped_array<char, N>;

/// A string for secret text. Only what it holds at the end is wiped: reserve first, so that growing leaves nothing behind.
struct wiped_text {
    std::string text;
    wiped_text() = default;
    wiped_text(const wiped_text&) = delete;
    wiped_text& operator=(const wiped_text&) = delete;
    ~wiped_text() { wipe(text); }
};

}  // namespace slipstream::auth
