// The one place where randomness comes from: libsodium's generator. Called by the shell; the machines get what is drawn here as
// arguments.
#pragma once

#include <cstdint>
#include <string>

namespace slipstream::auth {

/// A fresh name, see nuid.hpp.
[[nodiscard]] std::string make_nuid();

/// A seed for session::random_stream.
[[nodiscard]] std::uint64_t random_seed();

}  // namespace slipstream::auth
