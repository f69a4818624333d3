// How facts and wishes become bytes, completions and the next wait. See client_impl.hpp.
#include <algorithm>
#include <cerrno>
#include <new>
#include <span>
#include <string>
#include <system_error>
#include <utility>

#include <asio/error.hpp>
#include <asio/post.hpp>

#include "protocol/io/client_impl.hpp"
#include "protocol/io/handoff.hpp"

namespace slipstream::io {

namespace {

using session::clock;

// What one turn does at most, so that others on the loop get their turn too (D12). More goes on in the next.
constexpr int reads_per_turn = 4;
constexpr std::size_t completions_per_turn = 1024;
constexpr std::size_t bytes_per_turn = 1024 * 1024;

// So many replies are handed to their handlers before the next ones are copied: no more than malloc keeps at hand for the next.
constexpr std::size_t replies_at_once = 4;

}  // namespace

class client_impl::turn_scope {
public:
    explicit turn_scope(client_impl& client) : client_(client), check_(client.wire_) {
        client.in_turn_ = true;
        client.wants_turn_ = false;
        client.now_ = clock::now();
        client.completions_left_ = completions_per_turn;
        client.bytes_left_ = bytes_per_turn;
    }
    turn_scope(const turn_scope&) = delete;
    turn_scope& operator=(const turn_scope&) = delete;
    void done() noexcept { done_ = true; }
    /// Also left by an exception that a completion threw: it goes on to whoever runs the event loop, the rest in another turn.
    ~turn_scope() {
        client_.in_turn_ = false;
        client_.in_core_ = false;
        if (done_ && !client_.wants_turn_) return;
        try {
            client_.wake();
        } catch (...) {
        }
    }

private:
    client_impl& client_;
    entry_check check_;
    bool done_ = false;
};

void client_impl::post_turn() {
    if (!executor_) return;
    asio::post(executor_, [self = shared_from_this()] {
        self->turn_posted_ = false;
        self->enter();
    });
    turn_posted_ = true;
}

/// Facts that come while a turn is under way (a handler runs the event loop itself) are taken up by that turn.
void client_impl::enter() {
    if (!in_turn_ && executor_) run_turn();
}

void client_impl::run_turn() {
    turn_scope scope(*this);
    bool more = true;
    while (more) {
        if (!apply_facts()) pull_outputs();
        // What was written may make room for other threads' messages, and let a drain go on.
        more = (write_out() && (handoff_ || core_.next_output() != session::output_kind::none)) || facts_.any();
    }
    if (handoff_) tell_handoff();
    if (core_.reading_paused()) {
        if (core_.reading_may_resume(now_)) wants_turn_ = true;  // this turn has told the consumer, and he has taken something
    } else if (transport_) {
        transport_->await_readable();
    }
    arm_timer();
    wipe_login_traces();
    scope.done();
}

// --- facts ---------------------------------------------------------------------------------------------------------------------

void client_impl::on_dialed(transport&, std::error_code ec) {
    facts_.dialed = true;
    dial_result_ = ec;
    enter();
}

void client_impl::on_readable(transport&) {
    facts_.readable = true;
    enter();
}

void client_impl::on_writable(transport&) { enter(); }

/// True when what came of them has been told already.
bool client_impl::apply_facts() {
    bool told = false;
    if (std::exchange(facts_.dialed, false)) {
        if (dial_result_) drop_transport();
        core_.on_dialed(generation_, dial_result_, now_);
    }
    if (std::exchange(facts_.secured, false)) apply_secured();
    if (core_.reading_paused()) resume_reading();
    const bool rest = core_.read_unfinished();  // a completion has thrown
    if (std::exchange(facts_.readable, false) || rest) told = read_in();
    if (std::exchange(facts_.time, false)) {
        core_.on_time(now_);
        if (transport_) transport_->on_time(now_);
        if (now_ >= finish_by_) drop_transport();
        told = false;
    }
    // What is taken is written before more is, as long as it is in the processor's cache.
    if (handoff_ && handoff_->filled()) {
        take_handed_over(2 * session::outbox::block_size, false, now_);
        told = false;
    }
    return told;
}

/// Where the parser stopped when memory ended is unknown: then this connection cannot be used any more (H9), and false is returned. What
/// completions throw is another matter: none is called in `work`.
template <class Work>
bool client_impl::parse(Work work) {
    in_core_ = true;
    try {
        work();
        in_core_ = false;
        return true;
    } catch (const std::bad_alloc&) {
        in_core_ = false;
        if (!transport_) throw;
        transport_down(std::make_error_code(std::errc::not_enough_memory));
        return false;
    }
}

/// True when everything that came of it has been told.
bool client_impl::read_in() {
    bool told = false;
    for (int i = 0; i < reads_per_turn && !core_.reading_paused(); ++i) {
        if (!transport_) return false;
        if (core_.read_unfinished() && !finish_read()) return false;
        transfer_result result;
        if (!parse([&] { result = transport_->read_some(core_.read_space()); })) return false;
        told = result.n != 0;
        if (told) {
            ++socket_reads_;
            if (!parse([&] { core_.on_read(generation_, result.n, now_, replies_at_once); }) || !finish_read()) return false;
        }
        if (result.outcome == transfer::ended) {
            transport_down(result.ec);
            return false;
        }
        if (result.outcome == transfer::blocked) return told;
        now_ = clock::now();  // those who were called have taken their time
    }
    return told;
}

/// What was parsed no further because a queue was full goes on when there is room.
void client_impl::resume_reading() {
    static_cast<void>(parse([this] { core_.resume_reading(now_); }));
    now_ = clock::now();
}

/// Tells what a read has brought, and goes on with it where it stopped. False when the connection was given up meanwhile.
bool client_impl::finish_read() {
    const std::uint64_t generation = generation_;
    pull_outputs();
    while (core_.read_unfinished()) {
        if (!parse([this] { core_.read_on(now_, completions_left_ != 0 ? replies_at_once : SIZE_MAX); })) return false;
        pull_outputs();
    }
    return transport_ && generation_ == generation;
}

void client_impl::transport_down(std::error_code ec) {
    const std::error_code why = ec ? ec : write_error_;  // reading was ended because writing had failed
    const std::string detail = transport_->tls_detail();
    drop_transport();
    core_.on_transport_down(generation_, why, now_, detail);
}

// --- outputs -------------------------------------------------------------------------------------------------------------------

void client_impl::pull_outputs() {
    for (;;) {
        switch (core_.next_output()) {
            case session::output_kind::none: return;
            case session::output_kind::news:
                pull_actions();
                pull_login_actions();
                pull_events();
                break;
            case session::output_kind::finished:
                if (completions_left_ != 0) complete_operations();
                if (completions_left_ != 0) break;
                wants_turn_ = true;
                return;
        }
    }
}

void client_impl::pull_actions() {
    for (session::transport_action action; core_.next_action(action);) {
        using kind = session::transport_action::kind;
        switch (action.what) {
            case kind::dial: dial(action); break;
            case kind::start_tls: start_tls(action); break;
            case kind::close:
                if (action.generation == generation_) drop_transport();
                break;
            case kind::leave:
                if (action.generation == generation_) forget_transport(true);
                break;
            case kind::shut_down:
                if (action.generation == generation_ && transport_) finish_by_ = now_ + transport::linger_time;
                break;
            case kind::none: break;
        }
    }
}

void client_impl::pull_events() {
    for (event e; core_.next_event(e);) {
        tell_handoff();  // whoever hears of it may publish on another thread at once
        events_.tell(e);
        if (e.kind == event_kind::closed) events_.clear();
    }
}

/// There is one, and one may be completed.
void client_impl::complete_operations() {
    do {
        session::finished_operation op = core_.take_finished();
        --completions_left_;
        // The pure side cannot name Asio's code, whose category is Asio's own.
        if (op.ec && op.ec == std::error_code(ECANCELED, std::system_category())) op.ec = asio::error::operation_aborted;
        op.complete();
    } while (completions_left_ != 0 && core_.has_finished());
}

void client_impl::dial(const session::transport_action& action) {
    drop_transport();
    generation_ = action.generation;
    const connect_options& options = core_.options();
    const transport_settings settings{options.tcp_notsent_lowat, options.connect_timeout};
    try {
        endpoint_ = action.host + ' ' + std::to_string(action.port);
        transport_ = std::make_shared<transport>(executor_, shared_from_this(), settings);
        dial_result_.clear();
        facts_.dialed = transport_->dial(action.host, action.port, now_);
        return;
    } catch (const std::system_error& e) {  // no thread for the resolver, for one
        dial_result_ = e.code();
    } catch (const std::bad_alloc&) {
        dial_result_ = std::make_error_code(std::errc::not_enough_memory);
    }
    facts_.dialed = true;
}

void client_impl::forget_transport(bool leave) noexcept {
    facts_.dialed = facts_.secured = facts_.readable = false;
    tls_state_ = {};
    write_error_.clear();
    finish_by_ = session::never;
    const std::shared_ptr<transport> old = std::exchange(transport_, nullptr);
    if (!old) return;
    try {
        if (leave) return old->finish();
    } catch (...) {  // no memory to wait with
    }
    old->close();
}

// --- writing -------------------------------------------------------------------------------------------------------------------

/// True when something was written: the core may have more to say.
bool client_impl::write_some() {
    if (write_error_) return false;
    bool some = false;
    for (bool more = true; more;) {
        const std::string_view bytes = core_.pending_write(now_);
        if (bytes.empty()) break;
        if (bytes_left_ == 0) {
            wants_turn_ = true;
            return some;
        }
        const transfer_result result = transport_->write_some(bytes.substr(0, bytes_left_));
        if (result.n != 0) {
            some = true;
            more = core_.on_written(generation_, result.n, now_);
        }
        if (!goes_on(result)) return some;
    }
    if (finish_by_ != session::never) {
        finish_by_ = session::never;
        std::exchange(transport_, nullptr)->finish();
    }
    return some;
}

/// What the result of a write means for the next one; false when there can be none now.
bool client_impl::goes_on(const transfer_result& result) {
    if (result.n != 0) {
        ++socket_writes_;
        bytes_left_ -= std::min(bytes_left_, result.n);
    }
    if (result.outcome == transfer::ended) write_error_ = result.ec;
    if (result.outcome == transfer::blocked) transport_->await_writable();
    return result.outcome == transfer::more;
}

/// Not while the core is parsing: the end of the turn is near.
bool client_impl::may_write_early() const noexcept { return !in_core_ && transport_ && transport_->connected(); }

/// Outside of a turn it has the time and the budget of one.
void client_impl::begin_early_write() noexcept {
    if (in_turn_) return;
    now_ = clock::now();
    bytes_left_ = bytes_per_turn;
}

/// Also when the peer had no room for what came before: it works at the same time, and is seldom behind for long. Without, a publisher
/// that does not let the event loop run would queue megabytes because of one moment.
void client_impl::write_early() {
    if (!may_write_early()) return;
    begin_early_write();
    try {
        write_some();
    } catch (const std::bad_alloc&) {  // no wait for a blocked peer could begin: the turn that is due anyway tries again
    }
}

/// From where the payload lies, behind what is queued. What the peer does not take at once is copied, and goes the usual way.
std::error_code client_impl::publish_large(const wire::outgoing& m) {
    begin_early_write();
    if (write_error_ || bytes_left_ == 0) return core_.publish(m);
    transfer_result result;
    bool tried = false;
    const std::error_code ec = core_.publish_gathered(
        m,
        [&](std::span<const std::string_view> pieces) {
            tried = true;
            result = transport_->write_pieces(pieces);
            return result.n;
        },
        now_);
    try {
        if (tried) static_cast<void>(goes_on(result));
    } catch (const std::bad_alloc&) {  // as in write_early
    }
    return ec;
}

// --- time ----------------------------------------------------------------------------------------------------------------------

/// A timer that is due too early is mostly left alone: when it fires, it is set anew. Deadlines move with every byte, the timer must not:
/// it follows them once in a second at most, so that a calm client is not woken up for nothing.
void client_impl::arm_timer() {
    session::time_point at = std::min(core_.next_deadline(), finish_by_);
    if (transport_) at = std::min(at, transport_->next_deadline());
    if (at == session::never) {
        if (timer_at_ != session::never) {
            timer_at_ = session::never;
            ++timer_generation_;
            timer_->cancel();
        }
        return;
    }
    if (timer_at_ <= at) {
        if (timer_at_ == at || now_ < postpone_from_) return;
        postpone_from_ = now_ + std::chrono::seconds(1);
    }
    timer_at_ = at;
    timer_->expires_at(at);
    timer_->async_wait([self = shared_from_this(), generation = ++timer_generation_](std::error_code) {
        if (generation != self->timer_generation_) return;
        self->timer_at_ = session::never;
        self->facts_.time = true;
        self->enter();
    });
}

}  // namespace slipstream::io
