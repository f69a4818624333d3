// What happened in a run, as one number: equal for equal runs, on every compiler. On request also as text.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace slipstream::sim {

class trace {
public:
    bool keep_text = false;

    void add(std::int64_t when_ns, std::string_view what, std::uint64_t a = 0, std::uint64_t b = 0, std::string_view text = {}) {
        number(static_cast<std::uint64_t>(when_ns));
        bytes(what);
        number(a);
        number(b);
        bytes(text);
        if (keep_text) note(when_ns, what, a, b, text);
    }
    [[nodiscard]] std::uint64_t hash() const noexcept { return hash_; }
    [[nodiscard]] const std::vector<std::string>& lines() const noexcept { return lines_; }

private:
    void number(std::uint64_t n) noexcept {
        hash_ = (hash_ ^ n) * 0x9e3779b97f4a7c15U;
        hash_ ^= hash_ >> 29;
    }
    void bytes(std::string_view text) noexcept {
        for (const char c : text) hash_ = (hash_ ^ static_cast<unsigned char>(c)) * 0x100000001b3U;  // FNV-1a
        number(text.size());
    }
    void note(std::int64_t when_ns, std::string_view what, std::uint64_t a, std::uint64_t b, std::string_view text);

    std::uint64_t hash_ = 0xcbf29ce484222325U;
    std::vector<std::string> lines_;
};

}  // namespace slipstream::sim
