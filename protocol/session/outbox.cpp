#include "protocol/session/outbox.hpp"

#include <algorithm>
#include <cassert>
#include <utility>
#include <vector>

#include "protocol/auth/wipe.hpp"

namespace slipstream::session {

namespace {

bool is_user_frame(const wire::frame& f) noexcept { return f.kind == wire::frame_kind::pub || f.kind == wire::frame_kind::hpub; }

void wipe_contents(wire::write_buffer& buffer) noexcept {
    if (!buffer.empty()) auth::wipe(const_cast<char*>(buffer.data()), buffer.size());  // the buffer's own memory, which is not const
}

}  // namespace

std::string_view outbox::pending() noexcept {
    note_size();
    if (front_offset_ == front_.size() && !back_.empty()) {
        front_.swap(back_);
        front_offset_ = 0;
        front_is_secret_ = std::exchange(back_is_secret_, false);
    }
    return front_.view().substr(front_offset_);
}

void outbox::on_written(std::size_t n) noexcept {
    assert(n <= front_.size() - front_offset_);
    n = std::min(n, front_.size() - front_offset_);
    front_offset_ += n;
    written_ += n;
    if (front_offset_ == front_.size()) front_done();
}

void outbox::front_done() noexcept {
    if (std::exchange(front_is_secret_, false)) wipe_contents(front_);
    // A sustained flow keeps its blocks; after a burst they go back.
    const bool calm = front_.size() < kept_capacity / 2;
    calm_ = calm ? std::min(calm_ + 1, calm_writes) : 0;
    front_.clear();
    front_offset_ = 0;
    if (calm_ == calm_writes) {
        front_.shrink(kept_capacity);
        back_.shrink(kept_capacity);  // has no effect while there is something in it
    }
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
    collect(front_.view(), front_offset_);
    collect(back_.view(), 0);
    // What was in the stream came before what is held (after hold() there may be both).
    if (!kept.empty()) {
        kept.append(held_.view());
        held_.swap(kept);
    }
    forget_stream();
    held_open_ = true;
}

void outbox::release(const std::function<bool(const wire::frame&, std::uint64_t position)>& keep) {
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
    if (!runs.empty()) static_cast<void>(back_.reserve(bytes.size()));
    for (const std::string_view run : runs) back_.append(run);
    held_.clear();
    held_.shrink(0);  // outages are rare
    held_open_ = false;
}

void outbox::recall(const std::function<bool(const wire::frame&, std::uint64_t position)>& keep) {
    if (back_is_secret_) return;  // a handshake holds no user frames
    wire::write_buffer kept;
    static_cast<void>(kept.reserve(back_.size() + 1));
    wire::frame_walker walker(back_.view());
    while (walker.next() == wire::walk_status::frame) {
        const wire::frame& f = walker.current();
        if (is_user_frame(f) && !keep(f, handed_over() + kept.size())) continue;
        kept.append(back_.view().substr(f.begin, f.size));
    }
    assert(walker.offset() == back_.size());
    back_.swap(kept);
}

void outbox::forget_stream() noexcept {
    if (std::exchange(front_is_secret_, false)) wipe_contents(front_);
    if (std::exchange(back_is_secret_, false)) wipe_contents(back_);
    front_.clear();
    front_.shrink(kept_capacity);
    front_offset_ = 0;
    back_.clear();
    back_.shrink(kept_capacity);
    written_ = 0;
}

void outbox::clear() noexcept {
    note_size();
    forget_stream();
    held_.clear();
    held_.shrink(0);
    held_open_ = true;
}

}  // namespace slipstream::session
