#include "kv/machine/update_queue.hpp"

#include <algorithm>
#include <cstring>
#include <new>

namespace slipstream::kv::machine {
namespace {

constexpr std::size_t block_size = std::size_t{64} * 1024;

}  // namespace

struct update_queue::record {
    update_view facts;  // its views are lengths only
    std::uint64_t position;
    std::size_t key_size;
    std::size_t value_size;
    [[nodiscard]] char* bytes() noexcept { return reinterpret_cast<char*>(this + 1); }
    [[nodiscard]] std::size_t size() const noexcept { return rounded(sizeof(record) + key_size + value_size); }
    static std::size_t rounded(std::size_t n) noexcept { return (n + alignof(record) - 1) / alignof(record) * alignof(record); }
};

struct update_queue::block {
    explicit block(std::size_t n) : memory(::operator new(n)), capacity(n) {}
    block(const block&) = delete;
    block& operator=(const block&) = delete;
    ~block() { ::operator delete(memory); }

    void* memory;
    std::size_t capacity;
    std::size_t begin = 0;
    std::size_t end = 0;
    block* next = nullptr;
    [[nodiscard]] char* at(std::size_t offset) noexcept { return static_cast<char*>(memory) + offset; }
};

update_queue::~update_queue() {
    clear();
    delete spare_;
}

std::size_t update_queue::size_of(const update_view& u) noexcept { return record::rounded(sizeof(record) + u.key.size() + u.value.size()); }

bool update_queue::has_room(const update_view& u) const noexcept {
    return empty() || (updates_ < max_updates_ && bytes_ < max_bytes_ && size_of(u) <= max_bytes_ - bytes_);
}

void update_queue::push(const update_view& u, std::uint64_t position) {
    const std::size_t size = size_of(u);
    if (tail_ == nullptr || tail_->capacity - tail_->end < size) {
        block* fresh = spare_;
        if (fresh != nullptr && fresh->capacity >= size)
            spare_ = nullptr;
        else
            fresh = new block(std::max(size, block_size));
        if (tail_ != nullptr)
            tail_->next = fresh;
        else
            head_ = fresh;
        tail_ = fresh;
    }
    update_view facts = u;
    facts.key = facts.value = {};
    last_ =
        ::new (tail_->at(tail_->end)) record{.facts = facts, .position = position, .key_size = u.key.size(), .value_size = u.value.size()};
    if (!u.key.empty()) std::memcpy(last_->bytes(), u.key.data(), u.key.size());
    if (!u.value.empty()) std::memcpy(last_->bytes() + u.key.size(), u.value.data(), u.value.size());
    tail_->end += size;
    bytes_ += size;
    ++updates_;
}

void update_queue::extend(std::uint64_t position) noexcept { last_->position = std::max(last_->position, position); }

bool update_queue::pop(update& out, std::uint64_t& position) {
    if (empty()) return false;
    record* const r = std::launder(reinterpret_cast<record*>(head_->at(head_->begin)));
    update_view u = r->facts;
    u.key = {r->bytes(), r->key_size};
    u.value = {r->bytes() + r->key_size, r->value_size};
    out.assign(u);
    position = r->position;
    const std::size_t size = r->size();
    head_->begin += size;
    bytes_ -= size;
    if (--updates_ == 0) last_ = nullptr;
    if (head_->begin == head_->end) {
        block* const emptied = head_;
        head_ = head_->next;
        if (head_ == nullptr) tail_ = nullptr;
        release(emptied);
    }
    return true;
}

void update_queue::clear() noexcept {
    while (head_ != nullptr) {
        block* const b = head_;
        head_ = head_->next;
        release(b);
    }
    tail_ = nullptr;
    last_ = nullptr;
    updates_ = 0;
    bytes_ = 0;
}

void update_queue::release(block* b) noexcept {
    // Blocks made for one large value are given back.
    if (spare_ != nullptr || b->capacity > block_size) {
        delete b;
        return;
    }
    b->begin = b->end = 0;
    b->next = nullptr;
    spare_ = b;
}

}  // namespace slipstream::kv::machine
