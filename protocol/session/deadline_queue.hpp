// Every timeout of a client, the earliest first.
//
// Told: entries and when they are due. Decides: which is next. Most operations share one timeout, or a few, and time goes on: their
// deadlines come in order. So there are a few runs, lists of entries in order of their deadlines, and an entry joins the run whose last
// deadline is the latest that is not after its own: arming and disarming cost a few pointers, whatever the number of entries. What fits
// no run goes to a heap. Invariants: runs are in order; entries know their place, so that an operation that ends early is removed at
// once: nothing of it stays behind, and the memory is bounded by what is pending. Only the heap has memory of its own.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "protocol/session/time.hpp"

namespace slipstream::session {

/// Base of what can have a deadline; its owner keeps it in place while armed.
struct deadline_entry {
    static constexpr std::uint32_t unarmed = UINT32_MAX;
    time_point deadline = never;
    std::uint64_t order = 0;  // ties end in the order of arming
    deadline_entry* before = nullptr;  // in its run
    deadline_entry* after = nullptr;
    std::uint32_t place = unarmed;     // the number of its run, or that of all runs and its index in the heap
    [[nodiscard]] bool armed() const noexcept { return place != unarmed; }
};

class deadline_queue {
public:
    /// How many timeouts may be mixed before the heap is needed.
    static constexpr std::uint32_t runs = 4;

    /// Arms `e`, or moves it when it is armed already. `never` disarms it. When memory ends it is disarmed.
    void arm(deadline_entry& e, time_point at) {
        if (e.armed() || at == never || (runs_[0].last != nullptr && runs_[0].last->deadline > at)) [[unlikely]]
            arm_anywhere(e, at);
        else
            join(0, e, at);
    }
    void disarm(deadline_entry& e) noexcept {
        if (!e.armed()) return;
        if (e.place < runs) [[likely]]
            leave_run(e);
        else
            leave_heap(e);
        e.place = deadline_entry::unarmed;
        e.deadline = never;
        --size_;
    }
    [[nodiscard]] time_point next() const noexcept {
        if (size_ == 0) return never;
        static_assert(runs == 4);  // not a loop: each turn asks
        const time_point at = std::min(std::min(runs_[0].at, runs_[1].at), std::min(runs_[2].at, runs_[3].at));
        return heap_.empty() ? at : std::min(at, heap_.front()->deadline);
    }
    /// Disarms and returns the earliest entry that is due at `now`, else null.
    deadline_entry* pop_due(time_point now) noexcept;
    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    /// Of them, those in the heap.
    [[nodiscard]] std::size_t unordered() const noexcept { return heap_.size(); }

private:
    struct run {
        deadline_entry* first = nullptr;
        deadline_entry* last = nullptr;
        time_point at = never;  // of the first
    };
    static constexpr std::size_t kept_capacity = 4096;  // entries

    [[nodiscard]] deadline_entry* first() const noexcept;
    void arm_anywhere(deadline_entry& e, time_point at);
    void set(deadline_entry& e, time_point at) noexcept {
        e.deadline = at;
        e.order = ++armed_so_far_;
        ++size_;
    }
    /// The end of a run whose last deadline is not after `at`.
    void join(std::uint32_t number, deadline_entry& e, time_point at) noexcept {
        run& r = runs_[number];
        e.before = r.last;
        e.after = nullptr;
        if (r.last == nullptr) {
            r.first = &e;
            r.at = at;
        } else {
            r.last->after = &e;
        }
        r.last = &e;
        e.place = number;
        set(e, at);
    }
    void leave_run(deadline_entry& e) noexcept {
        run& r = runs_[e.place];
        (e.before != nullptr ? e.before->after : r.first) = e.after;
        (e.after != nullptr ? e.after->before : r.last) = e.before;
        if (e.before == nullptr) r.at = e.after != nullptr ? e.after->deadline : never;
    }
    void leave_heap(deadline_entry& e) noexcept;
    void settle(std::size_t i) noexcept;
    void sift_up(std::size_t i) noexcept;
    void sift_down(std::size_t i) noexcept;
    void put(std::size_t i, deadline_entry* e) noexcept;

    std::array<run, runs> runs_;
    std::vector<deadline_entry*> heap_;
    std::size_t size_ = 0;
    std::uint64_t armed_so_far_ = 0;
};

}  // namespace slipstream::session
