// The process of a watch_world: what jetstream::ordered_consumer and kv::watch_impl do with their machines.
#pragma once

#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "watch_world.hpp"

namespace slipstream::test {

class watch_world::process {
public:
    process(watch_world& w, kv::cursor from, std::uint64_t seed)
        : world_(w), watch_({.key_prefix = "$KV.b.", .scope = {}, .options = options(from)}, {}), consumer_(settings(watch_, seed)) {
        consumer_.start(w.connected_, w.now_);
        pump();
    }

    void pump() {
        ordered::ordered_action a;
        while (consumer_.next_action(a, world_.now_)) act(a);
        ask_for_floor();
    }
    void on_frame(const frame& f) {
        if (f.what == frame::kind::message)
            hand_over(f);
        else
            consumer_.on_status(f.incarnation, status_of(f));
        pump();
    }
    void on_connected() { consumer_.on_connected(), pump(); }
    void on_disconnected() { consumer_.on_disconnected(), pump(); }
    void on_time() {
        consumer_.on_time(world_.now_);
        pump();
    }
    void on_answer(const request& r, std::optional<jetstream::stream_info> info, const ordered::creation_facts& facts, std::error_code ec) {
        if (r.floor) {
            if (info)
                watch_.on_floor(*info);
            else
                watch_.on_no_floor();
            settle();
        } else if (r.action.what == ordered::ordered_action::kind::create) {
            if (ec)
                consumer_.on_create_failed(r.action.incarnation, ec);
            else
                consumer_.on_created(r.action.incarnation, facts);
        } else if (r.action.what == ordered::ordered_action::kind::find_end) {
            consumer_.on_end_found(r.action.incarnation, std::nullopt);
        } else if (info) {
            if (r.action.incarnation == consumer_.incarnation()) info_ = *info;
            consumer_.on_stream(r.action.incarnation, ordered::facts_of(*info));
        } else {
            consumer_.on_stream_failed(r.action.incarnation, ec);
        }
        pump();
    }
    void on_end_found(const request& r, std::uint64_t sequence) {
        consumer_.on_end_found(r.action.incarnation, sequence);
        pump();
    }
    bool take(kv::update& u) {
        if (!watch_.take(u)) return false;
        if (const std::uint64_t count = watch_.take_count()) consumer_.taken(count);
        pump();
        return true;
    }
    [[nodiscard]] kv::cursor position() const { return watch_.position(); }
    [[nodiscard]] std::uint64_t incarnation() const { return consumer_.incarnation(); }
    [[nodiscard]] std::error_code ended() const { return ended_; }

private:
    static kv::watch_options options(kv::cursor from) {
        kv::watch_options o;
        o.from = from;
        o.on_expired = kv::on_expired::resync;
        o.pending_messages = 6;
        return o;
    }
    static ordered::ordered_settings settings(const kv::machine::watch_machine& watch, std::uint64_t seed) {
        ordered::ordered_settings s;
        s.start = watch.first_start();
        s.stream_facts = true;
        s.setup_timeout = std::chrono::hours(24);
        s.seed = seed;
        return s;
    }
    static ordered::delivery_status status_of(const frame& f) {
        ordered::delivery_status s;
        s.code = 100;
        s.what =
            f.what == frame::kind::flow ? ordered::delivery_status::kind::flow_control : ordered::delivery_status::kind::idle_heartbeat;
        if (f.what == frame::kind::flow || f.stalled) s.answer_to = "fc";
        if (f.what == frame::kind::heartbeat) {
            s.last_consumer = f.place.consumer_sequence;
            s.last_stream = f.last_stream;
        }
        return s;
    }
    void hand_over(const frame& f) {
        const ordered::step s = consumer_.on_message(f.incarnation, f.place);
        if (s == ordered::step::hold) held_.push_back(f);
        if (s != ordered::step::deliver) return;
        const std::string subject = "$KV.b.k" + std::to_string(f.record.key);
        const message_view m(subject, "", f.record.marker ? "NATS/1.0\r\nKV-Operation: DEL\r\n\r\n" : "", "");
        jetstream::delivery_info info;
        info.stream_sequence = f.place.stream_sequence;
        info.consumer_sequence = f.place.consumer_sequence;
        info.pending = f.place.pending;
        const jetstream::disposition what = watch_.on_message(m, info);
        settle();
        consumer_.handled(f.place, what);
    }
    void act(const ordered::ordered_action& a) {
        using action = ordered::ordered_action::kind;
        switch (a.what) {
            case action::create:
            case action::read_stream:
            case action::find_end: world_.requests_.push_back({.action = a}); break;
            case action::unsubscribe:
                held_.clear();
                if (const auto c = world_.consumers_.find(a.incarnation); c != world_.consumers_.end()) c->second.interest = false;
                break;
            case action::remove:
                world_.consumers_.erase(a.incarnation);
                world_.removed_.insert(a.incarnation);
                break;
            case action::flow_reply:
                if (const auto c = world_.consumers_.find(a.incarnation); c != world_.consumers_.end())
                    c->second.unanswered = 0, c->second.asked = false;
                break;
            case action::deliver_held:
                for (const frame& f : std::exchange(held_, {})) {
                    hand_over(f);
                    ordered::ordered_action inner;
                    while (consumer_.next_action(inner, world_.now_)) act(inner);
                }
                consumer_.held_done();
                break;
            case action::tell_created: {
                jetstream::ordered_created created = a.created;
                created.stream = info_ ? &*info_ : nullptr;
                watch_.on_created(created);
                settle();
                break;
            }
            case action::ask_loss: {
                jetstream::ordered_loss loss = a.loss;
                loss.stream = info_ ? &*info_ : nullptr;
                consumer_.answer(watch_.on_lost(loss));
                break;
            }
            case action::tell_caught_up: watch_.on_caught_up(), settle(); break;
            case action::tell_idle: watch_.on_idle(a.sequence), settle(); break;
            case action::tell_stalled: watch_.on_stalled(); break;
            case action::tell_restarted: watch_.on_restarted(a.reason); break;
            case action::tell_ended: ended_ = watch_.end_for(a.error); break;
            case action::none: break;
        }
    }
    /// After each call of the watch; what the consumer is told here it does when the pump goes on.
    void settle() {
        if (const auto again = watch_.take_restart()) consumer_.restart(*again);
    }
    void ask_for_floor() {
        if (watch_.wants_floor(world_.now_)) {
            watch_.on_floor_asked(world_.now_);
            world_.requests_.push_back({.action = {}, .floor = true});
        }
    }

    watch_world& world_;
    kv::machine::watch_machine watch_;
    ordered::ordered_machine consumer_;
    std::optional<jetstream::stream_info> info_;
    std::vector<frame> held_;
    std::error_code ended_;
};

}  // namespace slipstream::test
