// Watches of a bucket.
#include <slipstream/kv/watch.hpp>

#include <chrono>
#include <memory>
#include <new>
#include <utility>

#include <asio/error.hpp>
#include <asio/post.hpp>

#include <slipstream/error.hpp>
#include <slipstream/kv/bucket.hpp>

#include "kv/bucket_impl.hpp"
#include "kv/codec/subjects.hpp"
#include "kv/out_of_memory.hpp"
#include "kv/watch_impl.hpp"

namespace slipstream::kv {
namespace {

using std::chrono::milliseconds;

/// What the user's handle owns: its end is the watch's end.
class watch_handle final : public watch_source {
public:
    explicit watch_handle(std::shared_ptr<watch_impl> impl) noexcept : impl_(std::move(impl)) {}
    watch_handle(const watch_handle&) = delete;
    watch_handle& operator=(const watch_handle&) = delete;
    ~watch_handle() override { watch_impl::release(std::move(impl_)); }

    executor_type get_executor() const noexcept override { return impl_->get_executor(); }
    void start_next(next_handler handler) override { impl_->start_next(std::move(handler)); }
    bool try_next(update& out) override { return impl_->try_next(out); }
    void stop() noexcept override { impl_->stop(); }
    cursor position() const noexcept override { return impl_->position(); }
    bool is_ended() const noexcept override { return impl_->is_ended(); }
    std::error_code end_reason() const noexcept override { return impl_->end_reason(); }

private:
    std::shared_ptr<watch_impl> impl_;
};

}  // namespace

kv::watch bucket::start_watch(prefixes which, watch_options options) { return start_watch(std::move(which), options, {}); }

kv::watch bucket::start_watch(prefixes which, watch_options options, watch_handler on_update) {
    const std::error_code refused = machine::check_watch(which, options);
    watch_impl::source from{
        .js = impl_->js, .stream = impl_->stream, .key_prefix = impl_->key_prefix, .timeout = impl_->timeout_for(options.timeout)};
    auto state = std::make_shared<watch_impl>(std::move(from), which.normalised(), options, std::move(on_update));
    auto handle = std::make_unique<watch_handle>(state);
    state->begin(refused);
    return kv::watch(std::move(handle));
}

// --- beginning and end ---

watch_impl::watch_impl(source from, const prefixes& scope, const watch_options& options, watch_handler handler)
    : source_(std::move(from)),
      scope_(scope),
      options_(options),
      machine_({.key_prefix = source_.key_prefix, .scope = scope, .options = options}, guarded(std::move(handler))) {}

watch_handler watch_impl::guarded(watch_handler handler) {
    if (!handler) return handler;
    return [this, handler = std::move(handler)](const update_view& u) {
        try {
            handler(u);
        } catch (...) {
            finish(errc::watch_stopped);
        }
    };
}

void watch_impl::begin(std::error_code refused) {
    timer_ = slipstream::detail::wake_timer(get_executor(), weak_from_this());
    if (!refused && !scope_.list().empty()) {
        consumer_ = jetstream::ordered_consumer(source_.js, source_.stream, consumer_options(), *this);
        return;
    }
    asio::post(get_executor(), [weak = weak_from_this(), refused] {
        const std::shared_ptr<watch_impl> self = weak.lock();
        if (!self || self->ended_) return;
        if (refused) return self->finish(refused);
        self->machine_.watch_nothing();  // S94: never an unfiltered consumer
        self->settle();
    });
}

jetstream::ordered_options watch_impl::consumer_options() const {
    jetstream::ordered_options o;
    o.filter_subjects = codec::filter_subjects(source_.key_prefix, scope_);
    o.start = machine_.first_start();
    o.headers_only = options_.meta_only;
    o.description = "slipstream kv watch";
    o.stream_facts = true;
    o.idle_heartbeat = options_.heartbeat;
    o.inactive_threshold = options_.inactive_threshold;
    o.setup_timeout = source_.timeout;
    return o;
}

/// The handler of updates may destroy the handle: then this object lives until the handler has returned. Also until the waiter has been
/// told, when no turn could be posted for that.
void watch_impl::release(std::shared_ptr<watch_impl> self) noexcept {
    watch_impl& me = *self;
    me.stop();
    if (me.telling_ > 0 || me.waiter_) me.kept_ = std::move(self);
}

void watch_impl::finish(std::error_code reason) noexcept {
    if (ended_) return;
    ended_ = true;
    end_reason_ = reason;
    machine_.on_ended();
    consumer_.stop();
    if (!context_ended_) schedule_turn();
    if (!waiter_) timer_.stop();
}

void watch_impl::on_context_end() noexcept {
    context_ended_ = true;
    const std::shared_ptr<watch_impl> last = std::move(kept_);
    // Whoever waits can never be told; destroying the handler may destroy the handle and with it all but the caller's reference.
    const watch_source::next_handler unheard = std::move(waiter_);
    finish(slipstream::errc::closed);
}

// --- told by the consumer ---

jetstream::disposition watch_impl::on_message(const message_view& message, const jetstream::delivery_info& info) {
    const telling scope(*this);
    const jetstream::disposition what = machine_.on_message(message, info);
    if (machine_.needs_attention())
        settle();
    else if (waiter_)
        schedule_turn();
    return what;
}

void watch_impl::on_created(const jetstream::ordered_created& facts) {
    const telling scope(*this);
    machine_.on_created(facts);
    settle();
}

void watch_impl::on_caught_up() {
    const telling scope(*this);
    machine_.on_caught_up();
    settle();
}

void watch_impl::on_idle(std::uint64_t frontier) {
    const telling scope(*this);
    machine_.on_idle(frontier);
    settle();
}

void watch_impl::on_stalled() { machine_.on_stalled(); }

void watch_impl::on_restarted(jetstream::restart_reason reason, bool) { machine_.on_restarted(reason); }

jetstream::ordered_verdict watch_impl::on_lost(const jetstream::ordered_loss& loss) {
    const telling scope(*this);
    const jetstream::ordered_verdict verdict = machine_.on_lost(loss);
    schedule_turn();
    return verdict;
}

void watch_impl::on_ended(std::error_code reason) { finish(machine_.end_for(reason)); }

void watch_impl::settle() {
    if (ended_) return;
    if (const std::error_code ec = machine_.wants_end()) return finish(ec);
    if (const auto from = machine_.take_restart()) consumer_.restart(*from);
    schedule_turn();
    timer_.wake_at(machine_.next_deadline());
}

// --- retention ---

void watch_impl::on_wake() {
    const std::shared_ptr<watch_impl> last = std::move(kept_);
    if (ended_)
        timer_.stop();
    else if (machine_.wants_floor(std::chrono::steady_clock::now()))
        ask_for_floor();
    else
        timer_.wake_at(machine_.next_deadline());
    if (waiter_ && (ended_ || machine_.has_updates())) turn(std::move(waiter_));
}

void watch_impl::ask_for_floor() {
    machine_.on_floor_asked(std::chrono::steady_clock::now());
    auto done = [weak = weak_from_this()](std::error_code ec, const jetstream::stream_info& info) {
        const std::shared_ptr<watch_impl> self = weak.lock();
        if (!self || self->ended_) return;
        if (ec)
            self->machine_.on_no_floor();
        else
            self->machine_.on_floor(info);
        self->settle();
    };
    if (!unless_out_of_memory([&] { source_.js.async_stream_info(source_.stream, {}, std::move(done)); })) return;
    machine_.on_no_floor();
    settle();
}

// --- the taker ---

bool watch_impl::try_next(update& out) {
    if (!machine_.take(out)) return false;
    if (const std::uint64_t count = machine_.take_count(); count > 0) consumer_.taken(count);
    return true;
}

void watch_impl::start_next(watch_source::next_handler handler) {
    if (context_ended_) return;  // no handler can run any more
    if (waiter_) return handler.post(slipstream::errc::operation_in_progress, update());
    keep_waiting(std::move(handler));
    schedule_turn();
    if (!ended_ || !waiter_) return;
    // No turn could be posted, and the timer is gone.
    const watch_source::next_handler refused = std::move(waiter_);
    throw std::bad_alloc();
}

void watch_impl::keep_waiting(watch_source::next_handler handler) {
    ++waiter_id_;
    asio::cancellation_slot slot = handler.slot();
    // Called from wherever the signal is emitted: everything else happens on the client's executor. The watch may outlive that, and
    // the signal both.
    if (slot.is_connected()) {
        slot.assign([weak = weak_from_this(), executor = get_executor(), id = waiter_id_, mark = timer_.context_mark()](
                        asio::cancellation_type type) {
            if (type == asio::cancellation_type::none || mark.expired()) return;
            asio::post(executor, [weak, id] {
                if (const std::shared_ptr<watch_impl> self = weak.lock()) self->cancel(id);
            });
        });
    }
    waiter_ = std::move(handler);
}

void watch_impl::cancel(std::uint64_t id) {
    if (!waiter_ || waiter_id_ != id) return;  // it has been told already
    auto handler = std::move(waiter_);
    handler.complete(asio::error::operation_aborted, update());
}

/// The waiter on its way to its turn. It goes back when there is no memory for the way.
class watch_impl::posted_turn {
public:
    explicit posted_turn(std::shared_ptr<watch_impl> impl) noexcept : impl_(std::move(impl)), handler_(std::move(impl_->waiter_)) {}
    posted_turn(posted_turn&&) noexcept = default;
    posted_turn& operator=(posted_turn&&) = delete;
    ~posted_turn() {
        if (handler_ && impl_->posting_) impl_->waiter_ = std::move(handler_);
    }
    void operator()() { impl_->turn(std::move(handler_)); }

private:
    std::shared_ptr<watch_impl> impl_;
    watch_source::next_handler handler_;
};

/// The update is taken when the waiter is told and not before: position() must not run ahead of it.
void watch_impl::schedule_turn() noexcept {
    if (!waiter_ || (!ended_ && !machine_.has_updates())) return;
    posting_ = true;
    const std::error_code failed = unless_out_of_memory([this] { asio::post(get_executor(), posted_turn(shared_from_this())); });
    posting_ = false;
    // The wait of the timer is pending as it is, and needs no memory to end.
    if (failed) timer_.wake_at(slipstream::detail::wake_timer::time_point::min());
}

void watch_impl::turn(watch_source::next_handler handler) {
    update u;
    if (try_next(u)) return handler.complete(std::error_code(), std::move(u));
    if (ended_) return handler.complete(end_reason_, update());
    // Somebody took it with try_next.
    if (waiter_) return handler.complete(slipstream::errc::operation_in_progress, update());
    keep_waiting(std::move(handler));
}

}  // namespace slipstream::kv
