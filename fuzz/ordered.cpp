// The ordered consumer's machine (I19, I20, I22, I23, I25): in a model of a stream whose server, connection and clock do what the input
// says, what was told equals the stream in the end; and told whatever a broken server may tell, it still delivers in order, wants one
// consumer at a time, comes to rest after every fact, and is silent after its end.
//
// The first byte says which, and the settings.
#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>
#include <system_error>

#include <slipstream/error.hpp>
#include <slipstream/jetstream/error.hpp>

#include "fuzz/check.hpp"
#include "fuzz/input.hpp"
#include "tests/unit/jetstream/ordered_world.hpp"

using namespace slipstream;
using namespace slipstream::jetstream::machine;
using jetstream::deliver_policy;
using kind = ordered_action::kind;

namespace {

ordered_settings settings_of(std::uint8_t flags) {
    ordered_settings s;
    s.stream_facts = (flags & 1U) != 0;
    s.replay_on_restart = (flags & 2U) != 0;
    s.start.policy = (flags & 4U) != 0 ? deliver_policy::all : deliver_policy::last_per_subject;
    if ((flags & 8U) != 0) {
        s.stream_facts = true;
        s.start = {.policy = deliver_policy::by_start_sequence,
                   .sequence = 10,
                   .stream_created = jetstream::wall_time(std::chrono::nanoseconds(1'000))};
    }
    s.seed = flags;
    return s;
}

void run_in_world(fuzz::input& in, std::uint8_t flags) {
    const ordered_settings settings = settings_of(flags);
    test::ordered_world world(settings, [&in] { return in.below(65'536); });
    world.replicated = (flags & 64U) != 0;
    world.may_evict = !world.replicated && (settings.start.policy == deliver_policy::by_start_sequence || (flags & 32U) != 0);
    world.may_recreate = world.may_evict && (flags & 16U) != 0 && settings.stream_facts;
    for (int steps = 0; steps < 500 && !in.empty(); ++steps) world.step();
    world.heal();
    for (const char* const promise : world.broken) {
        std::fprintf(stderr, "%s\n", promise);
        FUZZ_CHECK(promise == nullptr);
    }
    FUZZ_CHECK(!world.ended && world.caught_up == 1 && world.live_consumers() == 1);
    const bool resumed = settings.start.policy == deliver_policy::by_start_sequence && world.losses == 0;
    for (const auto& [key, sequence] : world.truth()) {
        if (!resumed || sequence >= 10) FUZZ_CHECK(world.fold.contains(key) && world.fold.at(key) == sequence);
    }
}

/// Facts without sense.
class hostile_run {
public:
    hostile_run(fuzz::input& in, std::uint8_t flags) : in_(in), machine_(settings_of(flags)) {
        machine_.start((flags & 16U) != 0, now_);
        pump();
    }

    void run() {
        for (int facts = 0; facts < 500 && !in_.empty(); ++facts) {
            fact();
            pump();
        }
        machine_.stop();
        pump();
        FUZZ_CHECK(machine_.is_ended() && machine_.next_deadline() == never);
    }

private:
    void fact() {
        const std::uint64_t incarnation = machine_.incarnation() + (in_.below(8) == 0 ? in_.below(3) : 0);
        constexpr std::array errors{jetstream::errc::temporarily_unavailable, jetstream::errc::stream_not_found,
                                    jetstream::errc::consumer_not_found, jetstream::errc::invalid_response, jetstream::errc::unspecified};
        constexpr std::array failures{slipstream::errc::timeout, slipstream::errc::timeout_unsent, slipstream::errc::no_responders,
                                      slipstream::errc::permission_denied};
        switch (in_.below(17)) {
            case 0: machine_.on_connected(); break;
            case 1: machine_.on_disconnected(); break;
            case 2: machine_.on_created(incarnation, {.num_pending = in_.number(), .delivered = {in_.number(), in_.number()}}); break;
            case 3: machine_.on_create_failed(incarnation, errors[in_.below(errors.size())]); break;
            case 4: machine_.on_create_failed(incarnation, make_error_code(failures[in_.below(failures.size())])); break;
            case 5:
                machine_.on_stream(incarnation, {.created = jetstream::wall_time(std::chrono::nanoseconds(in_.below(3) * 500)),
                                                 .first_seq = in_.number(),
                                                 .last_seq = in_.number()});
                break;
            case 6: machine_.on_stream_failed(incarnation, errors[in_.below(errors.size())]); break;
            case 7:
            case 8: message(incarnation); break;
            case 9: status(incarnation); break;
            case 10:
                now_ += std::chrono::milliseconds(in_.below(6'000));
                machine_.on_time(now_);
                break;
            case 11: machine_.taken(in_.number()); break;
            case 12: restart(); break;
            case 13: machine_.on_not_held(incarnation); break;
            case 14:
                if (in_.below(8) == 7) machine_.on_closed();
                if (in_.below(8) == 7) machine_.on_denied(jetstream::errc::invalid_response);
                break;
            case 15:
                if (machine_.next_deadline() == never) break;
                now_ = std::max(now_, machine_.next_deadline());
                machine_.on_time(now_);
                break;
            default:
                machine_.on_end_found(incarnation, in_.below(4) == 0 ? std::nullopt : std::optional<std::uint64_t>(in_.number()));
                break;
        }
    }

    void restart() {
        last_ = 0;
        caught_up_ = false;
        machine_.restart({.policy = deliver_policy::last_per_subject});
    }

    void message(std::uint64_t incarnation) {
        // Mostly the next one, so that the machine goes on.
        message_place place;
        place.consumer_sequence = in_.below(4) == 0 ? in_.number() : ++consumer_;
        place.stream_sequence = in_.below(4) == 0 ? in_.number() : last_ + 1 + in_.below(3);
        place.pending = in_.below(3);
        place.size = in_.below(16) == 15 ? std::size_t{4} << 20U : in_.below(65'536);
        hand_over(incarnation, place);
    }
    void hand_over(std::uint64_t incarnation, const message_place& place) {
        if (machine_.on_message(incarnation, place) != step::deliver) return;
        FUZZ_CHECK(incarnation == machine_.incarnation() && created_ == incarnation);
        FUZZ_CHECK(place.stream_sequence > last_);  // I19
        constexpr std::array dispositions{jetstream::disposition::taken, jetstream::disposition::queued, jetstream::disposition::refused};
        const auto what = dispositions[in_.below(dispositions.size())];
        if (what != jetstream::disposition::refused) last_ = place.stream_sequence;
        machine_.handled(place, what);
    }
    void status(std::uint64_t incarnation) {
        delivery_status s;
        s.what = std::array{delivery_status::kind::idle_heartbeat, delivery_status::kind::flow_control, delivery_status::kind::other,
                            delivery_status::kind::message}[in_.below(4)];
        s.code = s.what == delivery_status::kind::other ? 409 : 100;
        if (in_.flag()) s.last_consumer = in_.flag() ? consumer_ : in_.number();
        if (in_.flag()) s.last_stream = in_.number();
        std::string answer(in_.text(20));
        if (s.what == delivery_status::kind::flow_control) answer += '.';  // never without a subject
        s.answer_to = answer;
        machine_.on_status(incarnation, s);
    }

    void pump() {
        ordered_action a;
        for (int actions = 0; machine_.next_action(a, now_); ++actions) {
            FUZZ_CHECK(actions < 1'000);
            act(a);
        }
        FUZZ_CHECK(!machine_.has_actions());
    }
    void act(const ordered_action& a) {
        if (ended_) FUZZ_CHECK(a.what == kind::unsubscribe || a.what == kind::remove);
        switch (a.what) {
            case kind::create:
                FUZZ_CHECK(a.incarnation > wanted_ && a.incarnation == machine_.incarnation());  // I20
                FUZZ_CHECK(a.start.policy != deliver_policy::by_start_sequence || a.start.sequence > 0);
                wanted_ = a.incarnation;
                consumer_ = 0;
                break;
            case kind::tell_created:
                created_ = a.incarnation;
                if (in_.below(8) == 7) restart();
                break;
            case kind::tell_restarted:
                if (a.from_scratch) last_ = 0;
                if (a.from_scratch) caught_up_ = false;
                break;
            case kind::tell_caught_up:
                FUZZ_CHECK(!caught_up_);  // I25
                caught_up_ = true;
                break;
            case kind::ask_loss:
                if (in_.flag()) {
                    machine_.answer({.what = jetstream::ordered_verdict::kind::accept});
                } else {
                    last_ = 0;
                    caught_up_ = false;
                    machine_.answer({.what = in_.flag() ? jetstream::ordered_verdict::kind::restart : jetstream::ordered_verdict::kind::end,
                                     .from = {.policy = deliver_policy::last_per_subject}});
                }
                break;
            case kind::deliver_held: machine_.held_done(); break;  // the shell has lost them: a gap like any other
            case kind::flow_reply: FUZZ_CHECK(!a.subject.empty()); break;
            case kind::tell_ended:
                FUZZ_CHECK(a.error);
                ended_ = true;
                break;
            default: break;
        }
    }

    fuzz::input& in_;
    ordered_machine machine_;
    time_point now_{std::chrono::hours(1)};
    std::uint64_t wanted_ = 0;
    std::uint64_t created_ = 0;
    std::uint64_t consumer_ = 0;
    std::uint64_t last_ = 0;
    bool caught_up_ = false;
    bool ended_ = false;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size > 4096) return 0;
    fuzz::input in(data, size);
    const std::uint8_t flags = in.byte();
    if ((flags & 128U) == 0)
        run_in_world(in, flags);
    else
        hostile_run(in, flags).run();
    return 0;
}
