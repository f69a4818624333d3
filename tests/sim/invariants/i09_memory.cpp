// I9: memory held is bounded by what the limits allow and by bytes received, never by what a peer announces.
#include <algorithm>

#include "tests/sim/alloc_meter.hpp"
#include "tests/sim/invariants/all.hpp"
#include "tests/sim/world.hpp"

namespace slipstream::sim {

namespace {

class i09_memory final : public invariant {
public:
    explicit i09_memory(world& w) : invariant(w, "I9") {}

    void on_publish(sim_client& c, const message_truth& m, std::error_code ec) override {
        const std::size_t now = c.core().stats().outbox_bytes;
        if (!ec && m.outbox_before != 0 && now > c.options().outbox_bytes)
            violated("the outbox took a message beyond its limit: " + std::to_string(now) + " bytes");
    }
    void on_taken_over(sim_client& c, std::size_t before, std::size_t messages, bool all) override {
        const std::size_t now = c.core().stats().outbox_bytes;
        if (!all && now > c.options().outbox_bytes && (before != 0 || messages > 1) && now > before)
            violated("the outbox took messages of other threads beyond its limit: " + std::to_string(now) + " bytes");
    }
    void on_before_read(sim_client&, link&, std::string_view bytes) override { received_ += bytes.size(); }
    void on_settled(sim_client& c) override {
        const connect_options& o = c.options();
        const statistics s = c.core().stats();
        const std::size_t most_held = bound();
        // A message that is larger than the outbox is taken when nothing else waits; one that was cut off inside counts whole again.
        if (s.outbox_bytes > o.outbox_bytes + largest_frame_ + c.taken_beyond + control_slack(c))
            return violated("the outbox holds " + std::to_string(s.outbox_bytes) + " bytes");
        for (const app_subscription& a : c.subscriptions) {
            const auto& q = a.state->queue;
            if (q.messages() > q.max_messages() + session::message_queue::status_messages) return violated("a queue is beyond its limit");
        }
        if (metered_bytes() > most_held) violated("the clients hold " + std::to_string(metered_bytes()) + " bytes");
    }

private:
    static constexpr std::size_t each_client = 1024 * 1024;      // events, tables, read buffer
    static constexpr std::size_t each_operation = 2 * 1024;
    static constexpr std::size_t each_subscription = 16 * 1024;
    static constexpr std::size_t line_and_headers = 256;          // of one message

    /// SUB, UNSUB, PING and PONG are not refused for want of room.
    static std::size_t control_slack(const sim_client& c) { return 4096 + 128 * (c.subscriptions.size() + c.operations.size()); }

    std::size_t bound() {
        std::size_t sum = 3 * static_cast<std::size_t>(received_);
        for (const sim_client& c : world_.clients()) {
            if (c.destroyed()) continue;
            sum += each_client + each_operation * c.operations.size() + each_subscription * c.subscriptions.size();
        }
        for (const message_truth& m : world_.truths()) {  // published, and perhaps not yet written
            if (m.from != nullptr && m.number > counted_) {
                published_ += 3 * m.size + line_and_headers;
                largest_frame_ = std::max(largest_frame_, m.size + line_and_headers);
                counted_ = m.number;
            }
        }
        return sum + published_;
    }

    std::uint64_t received_ = 0;
    std::size_t published_ = 0;
    std::size_t largest_frame_ = 0;
    std::uint64_t counted_ = 0;
};

}  // namespace

std::unique_ptr<invariant> make_i09(world& w) { return std::make_unique<i09_memory>(w); }

}  // namespace slipstream::sim
