// Reads a file that may hold secrets, without a wait and within a bound (B15, B21).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <system_error>

#include <slipstream/secret.hpp>

namespace slipstream::io {

enum class file_problem : std::uint8_t { none, system, not_regular, too_large };

struct file_result {
    file_problem problem = file_problem::none;
    std::error_code ec{};  ///< With file_problem::system.
};

/// Regular files only, so that nothing can make the event loop wait: not a FIFO, not a device. At most `most` bytes, whatever size the
/// system tells. Copies made on the way are wiped.
[[nodiscard]] file_result read_regular_file(const std::string& path, std::size_t most, secret& out);

}  // namespace slipstream::io
