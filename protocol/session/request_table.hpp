// Requests that wait for their reply, all through one inbox subscription.
//
// The reply subject is `<inbox>.<token>`: slot number and generation in base 62, so that a reply finds its request by index and a
// late reply of an ended one is recognised (E3). Slots are recycled; nothing is allocated per request in steady state beyond what
// the completion and the reply itself own. Invariant: a slot is pending exactly as long as it holds a completion (E2).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <tuple>
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

class request_table {
public:
    static constexpr std::size_t token_size = std::tuple_size_v<decltype(request_slot::token)>;  // base 62 of index (5) and generation (5)
    static constexpr std::uint32_t generations = 62U * 62 * 62 * 62 * 62 - 1;  // then 1 follows; 0 is never one

    /// A free slot, its generation advanced, with `completion` (not null). Stable address until the table dies.
    request_slot& acquire(std::string_view subject, detail::message_completion completion);
    /// Writes the slot's token to `out`, token_size characters.
    static void write_token(const request_slot& slot, char* out) noexcept { std::memcpy(out, slot.token.data(), token_size); }
    /// The pending request a token names, or null when it has ended or never was.
    [[nodiscard]] request_slot* find(std::string_view token) noexcept;
    [[nodiscard]] request_slot* find(detail::operation_id id) noexcept;
    /// Never zero, below 2^60, and not given again before its slot was used `generations` times.
    [[nodiscard]] static detail::operation_id id_of(const request_slot& slot) noexcept;
    /// Frees the slot and hands its completion over. The slot must not be armed any more.
    detail::message_completion finish(request_slot& slot) noexcept;
    /// As if the slot had been used so often: for tests of the wrap-around.
    static void set_generation(request_slot& slot, std::uint32_t generation) noexcept;
    /// Visits pending requests in no particular order; `visit` may finish any of them and acquire new ones.
    void for_each(const std::function<void(request_slot&)>& visit);
    [[nodiscard]] std::size_t pending() const noexcept { return pending_; }

private:
    [[nodiscard]] request_slot* pending_slot(std::uint64_t index, std::uint64_t generation) noexcept;

    std::vector<std::unique_ptr<request_slot>> slots_;
    std::vector<std::uint32_t> free_;  // its capacity is that of slots_, so that finish cannot fail
    std::size_t pending_ = 0;
};

}  // namespace slipstream::session
