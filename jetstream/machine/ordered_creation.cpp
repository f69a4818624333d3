// The set-up of one incarnation: creation, stream information, the check that delivery begins where it was asked to.
#include "jetstream/machine/creation_failure.hpp"
#include "jetstream/machine/ordered_machine.hpp"

#include <algorithm>
#include <utility>

namespace slipstream::jetstream::machine {

namespace {

/// "Nobody answers" so often in a row before the first success: JetStream is not there (ADR-22 asks for two more attempts).
constexpr unsigned few_attempts = 3;

}  // namespace

void ordered_machine::create(time_point now) {
    phase_ = phase::creating;
    current_ = ++last_incarnation_;
    asked_ = next_start();
    needs_facts_ = settings_.stream_facts;
    reread_ = false;
    snapshot_.reset();
    timeout_ = was_live_ ? request_timeout : std::clamp(setup_deadline_ - now, duration(1), request_timeout);
    // Stream information tells what the state must contain when it was read before the creation, and that the stream is still
    // the right one when it was read after it (contract W2). One write carries both requests.
    const bool read_first = needs_facts_ && !must_verify();
    if (read_first && known_) {
        facts_ = std::exchange(known_, std::nullopt);
        snapshot_ = facts_->last_seq;
    } else if (read_first) {
        read_stream();
    }
    known_.reset();
    ordered_action& a = emit(ordered_action::kind::create);
    a.start = asked_;
    a.timeout = timeout_;
    if (needs_facts_ && !read_first) read_stream();
}

/// Whether delivery continues something: then the consumer must be on the very stream that it was begun on.
bool ordered_machine::must_verify() const noexcept {
    return asked_.policy == deliver_policy::by_start_sequence || identity_ != wall_time{};
}

void ordered_machine::read_stream() { emit(ordered_action::kind::read_stream).timeout = timeout_; }

void ordered_machine::on_created(std::uint64_t incarnation, const creation_facts& facts) {
    if (!is_current(incarnation) || phase_ != phase::creating || creation_) return;
    creation_ = facts;
    if (asked_.policy == deliver_policy::by_start_sequence && facts.delivered.consumer_seq != 0 && !needs_facts_) {
        // The reply does not show where delivery began: the stream's floor must tell.
        needs_facts_ = true;
        reread_ = true;
    }
    if (reread_) read_stream();
    check_start();
}

void ordered_machine::on_stream(std::uint64_t incarnation, const stream_facts& facts) {
    if (!is_current(incarnation) || phase_ != phase::creating || facts_) return;
    if (must_verify() && !creation_) {
        // It was read before the consumer was made, so it proves nothing about the consumer's stream.
        reread_ = true;
        return;
    }
    if (!must_verify() && creation_) {
        // It may have been read after the consumer was made, from another stream even. The next consumer is made after it for sure.
        known_ = facts;
        trouble_ = trouble{.reason = restart_reason::create_failed, .told = false, .at_once = true};
        return;
    }
    if (!must_verify()) snapshot_ = facts.last_seq;
    facts_ = facts;
    check_start();
}

void ordered_machine::on_create_failed(std::uint64_t incarnation, std::error_code ec) {
    if (!is_current(incarnation) || phase_ != phase::creating || creation_) return;
    remove_ = may_exist(ec);
    failed(ec);
}

void ordered_machine::on_stream_failed(std::uint64_t incarnation, std::error_code ec) {
    if (!is_current(incarnation) || phase_ != phase::creating || facts_) return;
    failed(ec);
}

void ordered_machine::failed(std::error_code ec) {
    last_error_ = ec;
    const creation_failure judged = judge_creation(ec, was_live_);
    unanswered_ = judged == creation_failure::retry_few ? unanswered_ + 1 : 0;
    if (judged == creation_failure::final || unanswered_ >= few_attempts) return end(ec);
    pacing_.failed();
    fail(restart_reason::create_failed);
}

/// Contract W1: the creation's reply says where delivery begins, `start - 1` when the start was honoured.
void ordered_machine::check_start() {
    if (!creation_ || (needs_facts_ && !facts_)) return;
    const bool by_sequence = asked_.policy == deliver_policy::by_start_sequence;
    const wall_time wanted = asked_.stream_created != wall_time{} ? asked_.stream_created : identity_;
    loss_ = ordered_loss{.start = asked_};
    if (facts_ && wanted != wall_time{} && facts_->created != wanted) {
        loss_.what = ordered_loss::kind::stream_recreated;
    } else if (told_too_little_) {
        loss_.what = ordered_loss::kind::state_incomplete;
    } else if (by_sequence && facts_ && asked_.sequence - 1 > facts_->last_seq) {
        loss_.what = ordered_loss::kind::beyond_end;
    } else {
        if (by_sequence) loss_.floor = clamped_to();
        if (loss_.floor == 0) return go_live();
        loss_.what = ordered_loss::kind::start_clamped;
    }
    phase_ = phase::asking;
    emit(ordered_action::kind::ask_loss).loss = loss_;
}

/// The stream's floor when it lies above the start that was asked for; 0 when the start was honoured.
std::uint64_t ordered_machine::clamped_to() const noexcept {
    // The floor only rises: one that is low enough after the creation was low enough then.
    if (facts_ && facts_->first_seq <= asked_.sequence) return 0;
    if (creation_->delivered.consumer_seq != 0) return facts_->first_seq;
    return creation_->delivered.stream_seq >= asked_.sequence ? creation_->delivered.stream_seq + 1 : 0;
}

void ordered_machine::go_live() {
    const bool first = !was_live_;
    const creation_facts creation = *creation_;
    phase_ = phase::live;
    was_live_ = true;
    began_ = true;
    unanswered_ = 0;
    last_error_.clear();
    received_ = 0;  // messages that were put aside are counted when they are handed over
    const std::uint64_t expected = creation.delivered.consumer_seq + creation.num_pending;
    search_ = {.expected = expected, .none_said = expected == 0};
    if (facts_) identity_ = facts_->created;
    const bool told_start = creation.delivered.consumer_seq == 0;
    const std::uint64_t begins_after = told_start ? creation.delivered.stream_seq : 0;
    if (told_start && (asked_.policy == deliver_policy::new_ || asked_.policy == deliver_policy::all)) reached(begins_after);

    ordered_action& told = emit(ordered_action::kind::tell_created);
    told.created = ordered_created{.first = first, .start = asked_, .num_pending = creation.num_pending, .begins_after = begins_after};
    if (asked_.policy == deliver_policy::last_per_subject) told.created.snapshot = snapshot_.value_or(0);
    if (!caught_up_ && is_state())
        find_end(expected == 0);
    else if (expected == 0)
        caught_up();
    emit(ordered_action::kind::deliver_held);
}

}  // namespace slipstream::jetstream::machine
