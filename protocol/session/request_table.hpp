// Requests that wait for their reply, all through one inbox subscription.
//
// The reply subject is `<inbox>.<token>`: slot number and generation in base 62, so that a reply finds its request by index and a
// late reply of an ended one is recognised (E3). Slots are recycled; nothing is allocated per request in steady state beyond what
// the completion and the reply itself own. Invariant: a slot is pending exactly as long as it holds a completion (E2).
#pragma once

#include <array>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include <slipstream/detail/completion.hpp>

#include "protocol/session/deadline_queue.hpp"

namespace slipstream::session {

struct request_slot : deadline_entry {
    detail::message_completion completion;  // null = free
    std::string subject;                    // to match permission errors; capacity is reused
    std::uint32_t index = 0;
    std::uint32_t generation = 0;           // 1 to request_table::generations
    std::array<char, 10> token{};           // index and generation, as text
    std::uint64_t epoch = 0;                // connection generation whose stream it was queued on; 0 = held
    std::uint64_t position = 0;             // of its frame in that stream
};

/// Numbers of five digits in base 62.
namespace token_digits {

inline constexpr std::string_view digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
inline constexpr std::size_t count = 5;
inline constexpr std::uint32_t numbers = 62U * 62 * 62 * 62 * 62;
inline constexpr std::uint8_t no_digit = 0xff;

inline constexpr std::array<std::uint8_t, 256> values = [] {
    std::array<std::uint8_t, 256> table{};
    table.fill(no_digit);
    for (std::size_t i = 0; i < digits.size(); ++i) table[static_cast<unsigned char>(digits[i])] = static_cast<std::uint8_t>(i);
    return table;
}();
/// Of digits, the next ones; behind the last comes the first.
inline constexpr std::array<char, 256> successors = [] {
    std::array<char, 256> table{};
    for (std::size_t i = 0; i < digits.size(); ++i) table[static_cast<unsigned char>(digits[i])] = digits[(i + 1) % digits.size()];
    return table;
}();

/// From `number` on: the one after it takes its place.
inline void count_up(char* number) noexcept {
    for (std::size_t i = count; i-- > 0;) {
        number[i] = successors[static_cast<unsigned char>(number[i])];
        if (number[i] != digits.front()) return;
    }
}

/// False when there is something else than digits.
inline bool read(const char* in, std::uint32_t& n) noexcept {
    const auto digit = [in](std::size_t i) -> std::uint32_t { return values[static_cast<unsigned char>(in[i])]; };
    static_assert(count == 5);
    n = (((digit(0) * 62 + digit(1)) * 62 + digit(2)) * 62 + digit(3)) * 62 + digit(4);  // below 62^5
    return (digit(0) | digit(1) | digit(2) | digit(3) | digit(4)) < 64;  // no_digit has all bits
}

}  // namespace token_digits

/// What each request asks is inline: calls would be a tenth of its cost.
class request_table {
public:
    static constexpr std::size_t token_size = std::tuple_size_v<decltype(request_slot::token)>;  // of index and generation
    static constexpr std::uint32_t generations = token_digits::numbers - 1;  // then 1 follows; 0 is never one

    /// A free slot, its generation advanced, with `completion` (not null). Stable address until the table dies.
    request_slot& acquire(std::string_view subject, detail::message_completion&& completion) {
        assert(completion);
        if (free_.empty()) [[unlikely]]
            add_slot();
        request_slot& slot = *slots_[free_.back()];
        slot.subject.assign(subject);
        free_.pop_back();
        if (slot.generation < generations) [[likely]] {
            ++slot.generation;
            token_digits::count_up(slot.token.data() + token_size / 2);
        } else {
            set_generation(slot, 1);
        }
        slot.completion = std::move(completion);
        slot.epoch = 0;
        slot.position = 0;
        ++pending_;
        return slot;
    }
    /// Writes the slot's token to `out`, token_size characters.
    static void write_token(const request_slot& slot, char* out) noexcept { std::memcpy(out, slot.token.data(), token_size); }
    /// The pending request a token names, or null when it has ended or never was.
    [[nodiscard]] request_slot* find(std::string_view token) noexcept {
        std::uint32_t index = 0;
        if (token.size() != token_size || !token_digits::read(token.data(), index) || index >= slots_.size()) return nullptr;
        request_slot* const slot = slots_[index].get();
        return slot->completion && std::memcmp(token.data(), slot->token.data(), token_size) == 0 ? slot : nullptr;
    }
    [[nodiscard]] request_slot* find(detail::operation_id id) noexcept;
    /// Never zero, below 2^60, and not given again before its slot was used `generations` times.
    [[nodiscard]] static detail::operation_id id_of(const request_slot& slot) noexcept {
        return {std::uint64_t{slot.generation} << index_bits | slot.index};
    }
    /// Frees the slot and hands its completion over. The slot must not be armed any more.
    [[gnu::always_inline]]
    detail::message_completion finish(request_slot& slot) noexcept {
        assert(slot.completion && !slot.armed());
        if (slot.subject.capacity() > kept_subject) [[unlikely]]
            std::string().swap(slot.subject);
        free_.push_back(slot.index);
        --pending_;
        return std::exchange(slot.completion, nullptr);
    }
    /// As if the slot had been used so often: for tests of the wrap-around.
    static void set_generation(request_slot& slot, std::uint32_t generation) noexcept;
    /// Visits pending requests in no particular order; `visit` may finish any of them and acquire new ones.
    void for_each(const std::function<void(request_slot&)>& visit);
    [[nodiscard]] std::size_t pending() const noexcept { return pending_; }

private:
    static constexpr unsigned index_bits = 30;
    static constexpr std::size_t kept_subject = 256;
    static_assert(token_size == 2 * token_digits::count && token_digits::numbers < (1U << index_bits));

    void add_slot();
    [[nodiscard]] request_slot* pending_slot(std::uint64_t index, std::uint64_t generation) noexcept;

    std::vector<std::unique_ptr<request_slot>> slots_;
    std::vector<std::uint32_t> free_;  // its capacity is that of slots_, so that finish cannot fail
    std::size_t pending_ = 0;
};

}  // namespace slipstream::session
