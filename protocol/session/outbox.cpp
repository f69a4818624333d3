#include "protocol/session/outbox.hpp"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <utility>
#include <vector>

#include "protocol/auth/wipe.hpp"

namespace slipstream::session {

namespace {

bool is_user_frame(const wire::frame& f) noexcept { return f.kind == wire::frame_kind::pub || f.kind == wire::frame_kind::hpub; }

void wipe_contents(wire::write_buffer& buffer) noexcept {
    if (!buffer.empty()) auth::wipe(buffer.bytes(), buffer.size());
}

}  // namespace

/// What may throw comes first. The row of blocks and the spare ones have room for all of them from here on.
void outbox::close_block() {
    make_room_for_blocks(1);
    block next;
    if (spare_.empty()) static_cast<void>(next.bytes.reserve(block_capacity));
    closed_.push({});
    if (!spare_.empty()) {
        next.bytes = std::move(spare_.back());
        spare_.pop_back();
        least_spare_ = std::min(least_spare_, spare_.size());
    }
    ahead_ += back_.bytes.size();
    closed_.waiting().back() = std::exchange(back_, std::move(next));
}

void outbox::make_room_for_blocks(std::size_t more) {
    const std::size_t blocks = closed_.size() + spare_.size() + more + 2;
    if (spare_.capacity() < blocks) spare_.reserve(2 * blocks);
}

void outbox::adopt(wire::write_buffer& frames) {
    end_quick();
    assert(!held_open_);
    if (!back_.bytes.empty()) close_block();
    make_room_for_blocks(1);
    closed_.push({});
    wire::write_buffer& place = closed_.waiting().back().bytes;
    if (!spare_.empty()) {
        place = std::move(spare_.back());
        spare_.pop_back();
        least_spare_ = std::min(least_spare_, spare_.size());
    }
    place.swap(frames);
    ahead_ += place.size();
}

void outbox::begin_quick() noexcept {
    const std::size_t used = size();
    const std::size_t end = std::min(back_.bytes.capacity(), block_size);
    const std::size_t space = end > back_.bytes.size() ? end - back_.bytes.size() : 0;
    const std::size_t until_due = write_size - static_cast<std::size_t>(appended() - offered_) % write_size;
    quick_ = held_open_ || used > limit_ ? 0 : std::min({space, limit_ - used, until_due});
}

std::string_view outbox::pending() noexcept {
    end_quick();
    note_size();
    if (front_offset_ == front_.bytes.size()) {
        if (!closed_.empty()) {
            keep_for_later(std::move(front_.bytes));
            closed_.pop(front_);
        } else if (!back_.bytes.empty()) {
            ahead_ += back_.bytes.size();
            std::swap(front_, back_);
        }
        front_offset_ = 0;
    }
    offered_ = appended();
    return front_.bytes.view().substr(front_offset_);
}

void outbox::on_written(std::size_t n) noexcept {
    end_quick();
    assert(n <= front_.bytes.size() - front_offset_);
    n = std::min(n, front_.bytes.size() - front_offset_);
    front_offset_ += n;
    ahead_ -= n;
    written_ += n;
    if (front_offset_ == front_.bytes.size()) front_done();
}

void outbox::on_passed(std::size_t n) noexcept {
    end_quick();
    assert(unwritten() == 0);
    written_ += n;
    offered_ = written_;
}

void outbox::front_done() noexcept {
    if (std::exchange(front_.secret, false)) wipe_contents(front_.bytes);
    // A sustained flow keeps its blocks; after a burst they go back.
    const bool calm = front_.bytes.size() < kept_capacity / 2;
    calm_ = calm ? std::min(calm_ + 1, calm_writes) : 0;
    front_.bytes.clear();
    front_offset_ = 0;
    if (calm_ == calm_writes) {
        front_.bytes.shrink(kept_capacity);
        back_.bytes.shrink(kept_capacity);  // has no effect while there is something in it
    }
    if (++period_ == writes_of_a_period) {
        release_spare(least_spare_);
        period_ = 0;
        least_spare_ = spare_.size();
    }
}

void outbox::keep_for_later(wire::write_buffer written) noexcept {
    const bool usual = written.capacity() >= block_capacity && written.capacity() <= 2 * block_capacity;
    if (usual && spare_.size() < spare_.capacity()) spare_.push_back(std::move(written));
}

void outbox::release_spare(std::size_t count) noexcept {
    spare_.erase(spare_.begin(), spare_.begin() + static_cast<std::ptrdiff_t>(std::min(count, spare_.size())));
}

void outbox::trim() noexcept {
    end_quick();
    release_spare(spare_.size());
    least_spare_ = 0;
    front_.bytes.shrink(kept_capacity);
    back_.bytes.shrink(kept_capacity);
}

void outbox::on_connection_lost(const std::function<bool(const wire::frame&)>& keep) {
    note_size();
    wire::write_buffer kept;
    const auto collect = [&](std::string_view bytes, std::size_t already_written) {
        wire::frame_walker walker(bytes);
        while (walker.next() == wire::walk_status::frame) {
            const wire::frame& f = walker.current();
            if (f.begin + f.size <= already_written || !is_user_frame(f)) continue;
            if (keep(f)) kept.append(bytes.substr(f.begin, f.size));
        }
        assert(walker.offset() == bytes.size());
    };
    collect(front_.bytes.view(), front_offset_);
    for (const block& b : closed_.waiting()) collect(b.bytes.view(), 0);
    collect(back_.bytes.view(), 0);
    // What was in the stream came before what is held (after hold() there may be both).
    if (!kept.empty()) {
        kept.append(held_.view());
        held_.swap(kept);
    }
    forget_stream();
    held_open_ = true;
}

void outbox::release(const std::function<bool(const wire::frame&, std::uint64_t position)>& keep) {
    end_quick();
    note_size();
    const std::string_view bytes = held_.view();
    std::vector<std::string_view> runs;  // of frames to keep; nothing changes before it is complete
    std::uint64_t position = appended();
    wire::frame_walker walker(bytes);
    while (walker.next() == wire::walk_status::frame) {
        const wire::frame& f = walker.current();
        if (!keep(f, position)) continue;
        position += f.size;
        const std::string_view frame = bytes.substr(f.begin, f.size);
        if (!runs.empty() && runs.back().data() + runs.back().size() == frame.data()) {
            runs.back() = {runs.back().data(), runs.back().size() + frame.size()};
        } else {
            runs.push_back(frame);
        }
    }
    assert(walker.offset() == bytes.size());
    if (!runs.empty()) static_cast<void>(back_.bytes.reserve(bytes.size()));
    for (const std::string_view run : runs) back_.bytes.append(run);
    held_.clear();
    held_.shrink(0);  // outages are rare
    held_open_ = false;
}

/// In place: frames move to the front of their block, behind what the walker has seen.
void outbox::recall(const std::function<bool(const wire::frame&, std::uint64_t position)>& keep) {
    end_quick();
    std::uint64_t begin = handed_over();
    const auto pick = [&](block& b) {
        std::size_t kept = 0;
        if (b.secret) {  // a handshake holds no user frames
            kept = b.bytes.size();
        } else {
            wire::frame_walker walker(b.bytes.view());
            while (walker.next() == wire::walk_status::frame) {
                const wire::frame& f = walker.current();
                if (is_user_frame(f) && !keep(f, begin + kept)) continue;
                if (kept != f.begin) std::memmove(b.bytes.bytes() + kept, b.bytes.data() + f.begin, f.size);
                kept += f.size;
            }
            assert(walker.offset() == b.bytes.size());
            b.bytes.truncate(kept);
        }
        begin += kept;
    };
    for (block& b : closed_.waiting()) pick(b);
    ahead_ = static_cast<std::size_t>(begin - written_);
    pick(back_);
    offered_ = std::min(offered_, appended());
}

void outbox::forget_stream() noexcept {
    end_quick();
    const auto forget = [](block& b) {
        if (std::exchange(b.secret, false)) wipe_contents(b.bytes);
        b.bytes.clear();
        b.bytes.shrink(kept_capacity);
    };
    forget(front_);
    front_offset_ = 0;
    for (block& b : closed_.waiting()) forget(b);
    closed_.clear();
    release_spare(spare_.size());
    forget(back_);
    ahead_ = 0;
    written_ = 0;
    offered_ = 0;
}

void outbox::clear() noexcept {
    note_size();
    forget_stream();
    held_.clear();
    held_.shrink(0);
    held_open_ = true;
}

std::size_t outbox::capacity() const noexcept {
    std::size_t sum = front_.bytes.capacity() + back_.bytes.capacity() + held_.capacity();
    for (const block& b : closed_.waiting()) sum += b.bytes.capacity();
    for (const wire::write_buffer& b : spare_) sum += b.capacity();
    return sum;
}

}  // namespace slipstream::session
