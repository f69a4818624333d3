// A progress bar on stderr, for people, and only for what takes longer than a second.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "tools/command/output.hpp"

namespace command {

class progress {
public:
    /// `total` 0 = unknown.
    progress(const output& out, std::string what, std::uint64_t total);
    ~progress();
    progress(const progress&) = delete;
    progress& operator=(const progress&) = delete;
    void at(std::uint64_t count);

private:
    void draw(std::uint64_t count);

    std::string what_;
    std::uint64_t total_;
    std::chrono::steady_clock::time_point next_ = std::chrono::steady_clock::now() + std::chrono::seconds(1);
    bool enabled_;
    bool drawn_ = false;
};

}  // namespace command
