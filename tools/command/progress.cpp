#include "tools/command/progress.hpp"

#include <algorithm>
#include <cstdio>
#include <utility>

#include <unistd.h>

namespace command {

progress::progress(const output& out, std::string what, std::uint64_t total)
    : what_(std::move(what)), total_(total), enabled_(!out.json() && isatty(STDERR_FILENO) != 0) {}

progress::~progress() {
    if (drawn_) std::fputs("\r\x1b[K", stderr);
}

void progress::at(std::uint64_t count) {
    // The clock is looked at rarely: a progress bar must not slow what it shows.
    if (!enabled_ || (count & 63U) != 0) return;
    const auto now = std::chrono::steady_clock::now();
    if (now < next_) return;
    next_ = now + std::chrono::milliseconds(100);
    draw(count);
}

void progress::draw(std::uint64_t count) {
    drawn_ = true;
    if (total_ <= 1) {
        std::fprintf(stderr, "\r\x1b[K%llu %s", static_cast<unsigned long long>(count), what_.c_str());
        return;
    }
    constexpr std::size_t width = 30;
    const auto full =
        std::min<std::size_t>(width, static_cast<std::size_t>(static_cast<double>(count) / static_cast<double>(total_) * width));
    const std::string bar = std::string(full, '#') + std::string(width - full, '.');
    std::fprintf(stderr, "\r\x1b[K[%s] %llu of %llu %s", bar.c_str(), static_cast<unsigned long long>(count),
                 static_cast<unsigned long long>(total_), what_.c_str());
    std::fflush(stderr);
}

}  // namespace command
