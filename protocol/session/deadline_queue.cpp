#include "protocol/session/deadline_queue.hpp"

namespace slipstream::session {

namespace {

bool is_before(const deadline_entry& a, const deadline_entry& b) noexcept {
    return a.deadline != b.deadline ? a.deadline < b.deadline : a.order < b.order;
}

}  // namespace

void deadline_queue::arm_anywhere(deadline_entry& e, time_point at) {
    disarm(e);
    if (at == never) return;
    // Runs are filled from the first on, so that the earlier ones mostly have the later ends: the first that fits is the best.
    for (std::uint32_t i = 0; i < runs; ++i) {
        if (runs_[i].last == nullptr || runs_[i].last->deadline <= at) return join(i, e, at);
    }
    heap_.push_back(&e);
    set(e, at);
    put(heap_.size() - 1, &e);
    sift_up(heap_.size() - 1);
}

deadline_entry* deadline_queue::first() const noexcept {
    deadline_entry* found = heap_.empty() ? nullptr : heap_.front();
    for (const run& r : runs_) {
        if (r.first != nullptr && (found == nullptr || is_before(*r.first, *found))) found = r.first;
    }
    return found;
}

deadline_entry* deadline_queue::pop_due(time_point now) noexcept {
    deadline_entry* const e = first();
    if (e == nullptr || e->deadline > now) return nullptr;
    disarm(*e);
    return e;
}

void deadline_queue::leave_heap(deadline_entry& e) noexcept {
    const std::size_t hole = e.place - runs;
    deadline_entry* const last = heap_.back();
    heap_.pop_back();
    if (last != &e) {
        put(hole, last);
        settle(hole);
    }
    // After a burst the array goes back; never while it is about to be used again at the same size.
    if (heap_.capacity() > kept_capacity && heap_.empty()) std::vector<deadline_entry*>().swap(heap_);
}

void deadline_queue::settle(std::size_t i) noexcept {
    const bool too_deep = i > 0 && is_before(*heap_[i], *heap_[(i - 1) / 2]);
    too_deep ? sift_up(i) : sift_down(i);
}

void deadline_queue::sift_up(std::size_t i) noexcept {
    deadline_entry* const e = heap_[i];
    while (i > 0) {
        const std::size_t parent = (i - 1) / 2;
        if (!is_before(*e, *heap_[parent])) break;
        put(i, heap_[parent]);
        i = parent;
    }
    put(i, e);
}

void deadline_queue::sift_down(std::size_t i) noexcept {
    deadline_entry* const e = heap_[i];
    for (;;) {
        std::size_t child = 2 * i + 1;
        if (child >= heap_.size()) break;
        if (child + 1 < heap_.size() && is_before(*heap_[child + 1], *heap_[child])) ++child;
        if (!is_before(*heap_[child], *e)) break;
        put(i, heap_[child]);
        i = child;
    }
    put(i, e);
}

void deadline_queue::put(std::size_t i, deadline_entry* e) noexcept {
    heap_[i] = e;
    e->place = runs + static_cast<std::uint32_t>(i);
}

}  // namespace slipstream::session
