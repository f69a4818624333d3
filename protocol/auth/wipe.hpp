// Erases secrets from memory; the compiler does not remove it.
#pragma once

#include <cstddef>
#include <string>

namespace slipstream::auth {

void wipe(void* bytes, std::size_t size) noexcept;

/// Wipes everything the string has room for and empties it.
void wipe(std::string& text) noexcept;

}  // namespace slipstream::auth
