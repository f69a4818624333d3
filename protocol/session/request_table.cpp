#include "protocol/session/request_table.hpp"

#include <new>

namespace slipstream::session {

namespace {

void put_number(std::uint32_t n, char* out) noexcept {
    for (std::size_t i = token_digits::count; i-- > 0; n /= 62) out[i] = token_digits::digits[n % 62];
}

}  // namespace

void request_table::add_slot() {
    if (slots_.size() == token_digits::numbers) throw std::bad_alloc();
    if (slots_.size() == slots_.capacity()) slots_.reserve(slots_.empty() ? 16 : 2 * slots_.size());
    free_.reserve(slots_.capacity());
    auto fresh = std::make_unique<request_slot>();
    fresh->index = static_cast<std::uint32_t>(slots_.size());
    put_number(fresh->index, fresh->token.data());
    put_number(0, fresh->token.data() + token_digits::count);
    free_.push_back(fresh->index);
    slots_.push_back(std::move(fresh));
}

void request_table::set_generation(request_slot& slot, std::uint32_t generation) noexcept {
    slot.generation = generation;
    put_number(generation, slot.token.data() + token_digits::count);
}

request_slot* request_table::find(detail::operation_id id) noexcept {
    return pending_slot(id.value & ((std::uint64_t{1} << index_bits) - 1), id.value >> index_bits);
}

request_slot* request_table::pending_slot(std::uint64_t index, std::uint64_t generation) noexcept {
    if (index >= slots_.size()) return nullptr;
    request_slot* const slot = slots_[index].get();
    return slot->completion && slot->generation == generation ? slot : nullptr;
}

void request_table::for_each(const std::function<void(request_slot&)>& visit) {
    for (std::size_t i = 0; i < slots_.size() && pending_ != 0; ++i) {
        request_slot& slot = *slots_[i];
        if (slot.completion) visit(slot);
    }
}

}  // namespace slipstream::session
