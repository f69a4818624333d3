#include "protocol/session/request_table.hpp"

#include <array>
#include <cassert>
#include <cstring>
#include <new>
#include <utility>

namespace slipstream::session {

namespace {

constexpr std::string_view digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
constexpr std::uint32_t numbers = request_table::generations + 1;  // what five digits can say
constexpr std::size_t half = request_table::token_size / 2;
constexpr std::uint8_t no_digit = 0xff;
constexpr unsigned index_bits = 30;
constexpr std::size_t kept_subject = 256;

static_assert(digits.size() == 62 && numbers < (1U << index_bits));

constexpr std::array<std::uint8_t, 256> digit_values = [] {
    std::array<std::uint8_t, 256> values{};
    values.fill(no_digit);
    for (std::size_t i = 0; i < digits.size(); ++i) values[static_cast<unsigned char>(digits[i])] = static_cast<std::uint8_t>(i);
    return values;
}();

void put_number(std::uint32_t n, char* out) noexcept {
    for (std::size_t i = half; i-- > 0; n /= 62) out[i] = digits[n % 62];
}

/// As put_number(n + 1) where n is what is there.
void count_up(char* number) noexcept {
    for (std::size_t i = half; i-- > 0;) {
        const std::size_t digit = digit_values[static_cast<unsigned char>(number[i])] + std::size_t{1};
        number[i] = digits[digit % digits.size()];
        if (digit != digits.size()) return;
    }
}

bool get_number(const char* in, std::uint32_t& n) noexcept {
    const auto digit = [in](std::size_t i) -> std::uint32_t { return digit_values[static_cast<unsigned char>(in[i])]; };
    static_assert(half == 5);
    n = (((digit(0) * 62 + digit(1)) * 62 + digit(2)) * 62 + digit(3)) * 62 + digit(4);  // below 62^5
    return (digit(0) | digit(1) | digit(2) | digit(3) | digit(4)) < 64;  // no_digit has all bits
}

}  // namespace

request_slot& request_table::acquire(std::string_view subject, detail::message_completion completion) {
    assert(completion);
    if (free_.empty()) {
        if (slots_.size() == numbers) throw std::bad_alloc();
        if (slots_.size() == slots_.capacity()) slots_.reserve(slots_.empty() ? 16 : 2 * slots_.size());
        free_.reserve(slots_.capacity());
        auto fresh = std::make_unique<request_slot>();
        fresh->index = static_cast<std::uint32_t>(slots_.size());
        put_number(fresh->index, fresh->token.data());
        put_number(0, fresh->token.data() + half);
        free_.push_back(fresh->index);
        slots_.push_back(std::move(fresh));
    }
    request_slot& slot = *slots_[free_.back()];
    slot.subject.assign(subject);
    free_.pop_back();
    if (slot.generation < generations) [[likely]] {
        ++slot.generation;
        count_up(slot.token.data() + half);
    } else {
        set_generation(slot, 1);
    }
    slot.completion = std::move(completion);
    slot.epoch = 0;
    slot.position = 0;
    ++pending_;
    return slot;
}

void request_table::set_generation(request_slot& slot, std::uint32_t generation) noexcept {
    slot.generation = generation;
    put_number(generation, slot.token.data() + half);
}

request_slot* request_table::find(std::string_view token) noexcept {
    std::uint32_t index = 0;
    if (token.size() != token_size || !get_number(token.data(), index) || index >= slots_.size()) return nullptr;
    request_slot* const slot = slots_[index].get();
    return slot->completion && std::memcmp(token.data(), slot->token.data(), token_size) == 0 ? slot : nullptr;
}

request_slot* request_table::find(detail::operation_id id) noexcept {
    return pending_slot(id.value & ((std::uint64_t{1} << index_bits) - 1), id.value >> index_bits);
}

detail::operation_id request_table::id_of(const request_slot& slot) noexcept {
    return {std::uint64_t{slot.generation} << index_bits | slot.index};
}

request_slot* request_table::pending_slot(std::uint64_t index, std::uint64_t generation) noexcept {
    if (index >= slots_.size()) return nullptr;
    request_slot* const slot = slots_[index].get();
    return slot->completion && slot->generation == generation ? slot : nullptr;
}

detail::message_completion request_table::finish(request_slot& slot) noexcept {
    assert(slot.completion && !slot.armed());
    if (slot.subject.capacity() > kept_subject) std::string().swap(slot.subject);
    free_.push_back(slot.index);
    --pending_;
    return std::exchange(slot.completion, nullptr);
}

void request_table::for_each(const std::function<void(request_slot&)>& visit) {
    for (std::size_t i = 0; i < slots_.size() && pending_ != 0; ++i) {
        request_slot& slot = *slots_[i];
        if (slot.completion) visit(slot);
    }
}

}  // namespace slipstream::session
