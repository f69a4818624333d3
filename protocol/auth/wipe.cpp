#include "protocol/auth/wipe.hpp"

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

}  // namespace slipstream::auth
