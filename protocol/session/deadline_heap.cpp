#include "protocol/session/deadline_heap.hpp"

namespace slipstream::session {

namespace {

bool before(const deadline_entry& a, const deadline_entry& b) noexcept {
    return a.deadline != b.deadline ? a.deadline < b.deadline : a.order < b.order;
}

}  // namespace

void deadline_heap::arm(deadline_entry& e, time_point at) {
    if (at == never) {
        disarm(e);
        return;
    }
    if (!e.armed()) {
        heap_.push_back(&e);
        e.heap_index = static_cast<std::uint32_t>(heap_.size() - 1);
    }
    e.deadline = at;
    e.order = ++armed_so_far_;
    settle(e.heap_index);
}

void deadline_heap::disarm(deadline_entry& e) noexcept {
    if (!e.armed()) return;
    const std::size_t hole = e.heap_index;
    deadline_entry* const last = heap_.back();
    heap_.pop_back();
    e.heap_index = deadline_entry::unarmed;
    e.deadline = never;
    if (last != &e) {
        place(hole, last);
        settle(hole);
    }
    // After a burst the array goes back; never while it is about to be used again at the same size.
    if (heap_.capacity() > kept_capacity && heap_.empty()) std::vector<deadline_entry*>().swap(heap_);
}

deadline_entry* deadline_heap::pop_due(time_point now) noexcept {
    if (heap_.empty() || heap_.front()->deadline > now) return nullptr;
    deadline_entry* const e = heap_.front();
    disarm(*e);
    return e;
}

void deadline_heap::settle(std::size_t i) noexcept {
    const bool too_deep = i > 0 && before(*heap_[i], *heap_[(i - 1) / 2]);
    too_deep ? sift_up(i) : sift_down(i);
}

void deadline_heap::sift_up(std::size_t i) noexcept {
    deadline_entry* const e = heap_[i];
    while (i > 0) {
        const std::size_t parent = (i - 1) / 2;
        if (!before(*e, *heap_[parent])) break;
        place(i, heap_[parent]);
        i = parent;
    }
    place(i, e);
}

void deadline_heap::sift_down(std::size_t i) noexcept {
    deadline_entry* const e = heap_[i];
    for (;;) {
        std::size_t child = 2 * i + 1;
        if (child >= heap_.size()) break;
        if (child + 1 < heap_.size() && before(*heap_[child + 1], *heap_[child])) ++child;
        if (!before(*heap_[child], *e)) break;
        place(i, heap_[child]);
        i = child;
    }
    place(i, e);
}

void deadline_heap::place(std::size_t i, deadline_entry* e) noexcept {
    heap_[i] = e;
    e->heap_index = static_cast<std::uint32_t>(i);
}

}  // namespace slipstream::session
