// Reads one JSON text (RFC 8259) from front to back: INFO, which comes twice with every connection and delays it. Of a small text a
// general parser makes a tree first, in memory of its own; while its code is not in the processor's cache, that takes twice as long.
//
// Told: the text. Decides: whether it is JSON. Emits: values in their order; nothing is kept. Invariants: what was read or skipped was
// checked in full (grammar, UTF-8, surrogates, depth, integers within 64 bits). After a false nothing more is to be asked, but for null().
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace slipstream::wire {

class json_reader {
public:
    /// Containers inside each other beyond `depth` are refused.
    json_reader(std::string_view text, unsigned depth) noexcept : rest_(text), depth_left_(depth) {}

    /// Nothing but blanks is left.
    [[nodiscard]] bool at_end() noexcept {
        if (rest_.empty() || rest_.front() <= ' ') pass_blanks();
        return rest_.empty();
    }

    // --- the next value; false: it is not of that kind, or not JSON ---
    /// After its false another kind may be tried.
    [[nodiscard]] bool null() noexcept { return !at_end() && rest_.front() == 'n' && word("null"); }
    [[nodiscard]] bool boolean(bool& out) noexcept;
    struct number_value {
        bool natural = false;  ///< An integer from 0 on, in `value`.
        std::uint64_t value = 0;
    };
    [[nodiscard]] bool number(number_value& out) noexcept;
    /// Lifetime: until the next string, and that of the text.
    [[nodiscard]] bool string(std::string_view& out);
    /// The last string holds control characters: only an escape can bring them, but for DEL.
    [[nodiscard]] bool controls() const noexcept { return controls_; }
    /// Any kind.
    [[nodiscard]] bool skip();
    /// Calls `member(key)` for each; it reads or skips the value, and its false ends everything. The key is valid until it reads a string.
    template <class Member>
    [[nodiscard]] bool object(Member member) {
        if (!begin('{')) return false;
        if (!take('}')) {
            do {
                std::string_view key;
                if (!string(key) || !take(':') || !member(key)) return false;
            } while (take(','));
            if (!take('}')) return false;
        }
        ++depth_left_;
        return true;
    }
    /// Calls `element()` for each, likewise.
    template <class Element>
    [[nodiscard]] bool array(Element element) {
        if (!begin('[')) return false;
        if (!take(']')) {
            do {
                if (!element()) return false;
            } while (take(','));
            if (!take(']')) return false;
        }
        ++depth_left_;
        return true;
    }

private:
    void pass_blanks() noexcept;
    /// Passes blanks, and `c` if it is next.
    [[nodiscard]] bool take(char c) noexcept {
        if (rest_.empty() || rest_.front() != c) {  // mostly it is, there are no blanks
            pass_blanks();
            if (rest_.empty() || rest_.front() != c) return false;
        }
        rest_.remove_prefix(1);
        return true;
    }
    [[nodiscard]] bool begin(char bracket) noexcept;
    [[nodiscard]] bool word(std::string_view expected) noexcept;
    [[nodiscard]] bool some_digits() noexcept;
    [[nodiscard]] bool decode(std::string_view text);

    std::string_view rest_;
    unsigned depth_left_;
    std::string decoded_;  // the last string that had escapes
    bool controls_ = false;
};

}  // namespace slipstream::wire
