// What users publish: small and large, until there is no room and then again, and from other threads.
#include <algorithm>
#include <utility>

#include <slipstream/error.hpp>

#include "protocol/session/handed_batch.hpp"
#include "protocol/wire/encoder.hpp"
#include "protocol/wire/frame_walker.hpp"
#include "protocol/wire/write_buffer.hpp"
#include "tests/sim/alloc_meter.hpp"
#include "tests/sim/client.hpp"
#include "tests/sim/world.hpp"

namespace slipstream::sim {

namespace {

/// Of a payload that the shell writes from where it lies. Much less than in production, so that there are many.
constexpr std::size_t large = 200;

}  // namespace

void sim_client::publish(const std::string& subject, std::size_t size, std::uint64_t how) {
    message_truth& m = world_.new_message(this, subject, size);
    m.with_headers = (how & publish_with_headers) != 0;
    const std::string payload = payload_of(m.number, size);
    m.outbox_before = core_->stats().outbox_bytes;
    const wire::outgoing out{subject, (how & publish_with_reply) != 0 ? "t.4" : "", m.with_headers ? header_block : "", payload};
    const bool takes_pieces = transport_open && attempt->established && !securing && !paused() && attempt->blocked_since == never;
    std::string taken;
    std::error_code ec;
    if (size >= large && takes_pieces && !in_read_ && !one_in(rng_, 3)) {
        ec = publish_gathered(out, taken);
    } else {
        const metered in_core;
        ec = core_->publish(subject, out.reply_to, out.header_block, payload);
    }
    m.accepted = !ec;
    if (!ec) ++messages;
    if (ec == errc::buffer_full) world_.hit(probe::buffer_full);
    if (ec == errc::not_connected) world_.hit(probe::fail_fast_refused);
    world_.count_operation(!ec);
    world_.note("publish", slot, m.number, ec ? ec.message() : "");
    world_.tell([&](invariant& i) { i.on_publish(*this, m, ec); });
    if (taken.empty()) return;
    link& l = *attempt;
    sent(l, taken);
    if (l.last_written) world_.cut(l);
}

std::error_code sim_client::publish_gathered(const wire::outgoing& m, std::string& taken) {
    const metered in_core;
    return core_->publish_gathered(
        m,
        [&](std::span<const std::string_view> pieces) {
            const unmetered mine;
            std::string bytes;
            for (const std::string_view piece : pieces) bytes += piece;
            taken = offer(bytes);
            world_.hit(taken.size() == bytes.size() ? probe::gathered_whole : probe::gathered_in_part);
            return taken.size();
        },
        world_.time.now());
}

/// As a publisher that heeds the valve: on while there is room, and then he waits for more.
void sim_client::flood(flood_rest what) {
    for (; what.left != 0 && core_->writable(); --what.left) publish(what.subject, what.size, 0);
    if (what.left == 0 || ended) return;
    world_.hit(probe::valve_closed);
    operation& op = begin(operation_kind::writable, what.timeout);
    op.flood = std::move(what);
    const metered in_core;
    op.id = core_->wait_writable(op.flood.timeout, detail::plain_completion(&op), world_.time.now());
}

// --- messages of other threads ---------------------------------------------------------------------------------------------------

/// What protocol/io's hand-off does: checks what it can by what it was told last, and keeps the frame.
void sim_client::hand_over(const std::string& subject, std::size_t size, bool with_headers) {
    message_truth& m = world_.new_message(this, subject, size);
    m.with_headers = with_headers;
    m.handed_over = true;
    const std::string payload = payload_of(m.number, size);
    const wire::outgoing out{subject, "", with_headers ? header_block : std::string_view(), payload};
    const slipstream::server_info& info = core_->server_info();
    const std::size_t frame = wire::publish_size(out);
    m.accepted = !ended && !close_wished && !(options().fail_fast && !up) &&
                 out.payload.size() + out.header_block.size() <= static_cast<std::size_t>(info.max_payload) &&
                 (!with_headers || info.headers || info.server_id.empty()) &&
                 (handed_over_.empty() || handed_over_.size() + frame <= handoff_limit);
    world_.count_operation(m.accepted);
    world_.note("hand over", slot, m.number, m.accepted ? "" : "refused");
    if (!m.accepted) return;
    ++messages;
    wire::write_buffer encoded;
    wire::encode_publish(encoded, frame, out);
    handed_over_ += encoded.view();
    handed_over_ends_.emplace_back(handed_over_.size(), m.number);
}

namespace {

/// As protocol/io's hand-off keeps them.
session::handed_batch batch_of(std::string_view frames) {
    session::handed_batch batch;
    wire::frame_walker walker(frames);
    while (walker.next() == wire::walk_status::frame) {
        const wire::frame& f = walker.current();
        batch.append(f.size, {f.subject, f.reply_to, f.header_block, f.payload});
    }
    return batch;
}

}  // namespace

/// As the shell does it: the whole batch first, sometimes (a batch of which some were taken has no second chance).
std::size_t sim_client::take_from(std::string_view frames, bool all) {
    const bool whole = frames.size() % 4 != 0;
    session::handed_batch batch = whole ? batch_of(frames) : session::handed_batch();
    const metered in_core;
    if (whole) {
        const session::batch_fate fate = core_->take_batch(batch, all);
        if (fate != session::batch_fate::by_frames) return fate == session::batch_fate::taken ? frames.size() : 0;
    }
    return core_->take_frames(frames, all, world_.time.now());
}

/// True when something was taken.
bool sim_client::take_handed_over(bool all) {
    if (handed_over_.empty()) return false;
    const std::size_t before = core_->stats().outbox_bytes;
    const std::size_t n = take_from(handed_over_, all);
    if (n == 0) {
        world_.hit(probe::handed_over_waits);
        return false;
    }
    world_.note("taken over", slot, n);
    world_.hit(probe::handed_over);
    handed_over_.erase(0, n);
    ++turns;
    std::size_t frames = 0;
    for (auto& [end, number] : handed_over_ends_) {
        if (end <= n) {
            world_.truth(number)->taken = turns;
            ++frames;
        } else {
            end -= n;
        }
    }
    handed_over_ends_.erase(handed_over_ends_.begin(), handed_over_ends_.begin() + static_cast<std::ptrdiff_t>(frames));
    if (all) taken_beyond += n;
    world_.tell([&](invariant& i) { i.on_taken_over(*this, before, frames, all); });
    return true;
}

}  // namespace slipstream::sim
