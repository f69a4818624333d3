// The handle, and what an ordered consumer asks of the server.
#include <slipstream/jetstream/ordered_consumer.hpp>

#include <algorithm>
#include <chrono>
#include <memory>
#include <new>
#include <optional>
#include <system_error>
#include <utility>

#include <asio/bind_cancellation_slot.hpp>
#include <asio/post.hpp>

#include <slipstream/jetstream/error.hpp>

#include "jetstream/ordered_consumer_impl.hpp"

namespace slipstream::jetstream {
namespace {

using std::chrono::milliseconds;

/// Deleting is best effort: nobody waits for it, and the server's reaper comes after inactive_threshold.
constexpr milliseconds remove_timeout{5'000};
/// The server refuses shorter heartbeats (10083).
constexpr milliseconds min_heartbeat{100};
/// Beyond this a time is as good as for ever; it keeps sums with the clock in range (failure mode E13).
constexpr milliseconds max_time = std::chrono::hours(24 * 365);

milliseconds bounded(milliseconds t) noexcept { return std::min(t, max_time); }

/// A fresh, unguessable word from the client's source of inboxes.
std::string fresh_word(client& nc) {
    const std::string inbox = nc.new_inbox();
    return inbox.substr(inbox.rfind('.') + 1);
}

/// FNV-1a: spreads the retries of many consumers; nothing else depends on it.
std::uint64_t mixed(std::string_view text) noexcept {
    std::uint64_t hash = 0xcbf29ce484222325U;
    for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
    return hash;
}

machine::ordered_settings settings_of(const ordered_options& o, std::uint64_t seed) {
    return {.start = o.start,
            .stream_facts = o.stream_facts,
            .replay_on_restart = o.replay_on_restart,
            .idle_heartbeat = bounded(o.idle_heartbeat),
            .setup_timeout = bounded(o.setup_timeout),
            .reconnect_wait = bounded(o.reconnect_wait),
            .reconnect_max_wait = bounded(o.reconnect_max_wait),
            .seed = seed};
}

bool is_allowed(const ordered_options& o) noexcept {
    const ordered_start& s = o.start;
    const bool by_sequence = s.policy == deliver_policy::by_start_sequence;
    const bool known_policy =
        by_sequence || s.policy == deliver_policy::all || s.policy == deliver_policy::new_ || s.policy == deliver_policy::last_per_subject;
    return known_policy && (!by_sequence || s.sequence > 0) && (s.stream_created == wall_time{} || o.stream_facts) &&
           o.idle_heartbeat >= min_heartbeat && o.inactive_threshold > milliseconds(0) && o.setup_timeout > milliseconds(0) &&
           o.reconnect_wait >= milliseconds(0) && o.reconnect_max_wait >= o.reconnect_wait;
}

}  // namespace

// --- the handle ---

ordered_consumer::ordered_consumer(context js, std::string_view stream, ordered_options options, ordered_handler& handler)
    : impl_(std::make_shared<impl>(std::move(js), stream, std::move(options), handler)) {
    impl_->begin();
}

ordered_consumer& ordered_consumer::operator=(ordered_consumer&& other) noexcept {
    if (this != &other) {
        stop();
        impl_ = std::move(other.impl_);
    }
    return *this;
}

ordered_consumer::~ordered_consumer() { stop(); }

void ordered_consumer::stop() noexcept {
    // The handler may destroy this handle while it is being called.
    if (const std::shared_ptr<impl> keep = impl_) keep->stop();
}

void ordered_consumer::taken(std::uint64_t count) {
    if (impl_) impl_->taken(count);
}

void ordered_consumer::restart(ordered_start from) {
    if (impl_) impl_->restart(from);
}

std::string_view ordered_consumer::name() const noexcept { return impl_ ? impl_->name() : std::string_view(); }

error_info ordered_consumer::failure() const { return impl_ ? impl_->failure() : error_info(); }

std::uint64_t ordered_consumer::restarts() const noexcept { return impl_ ? impl_->restarts() : 0; }

// --- beginning and end ---

ordered_consumer::impl::impl(context js, std::string_view stream, ordered_options options, ordered_handler& handler)
    : js_(std::move(js)),
      client_(js_.connection()),
      stream_(stream),
      options_(std::move(options)),
      handler_(&handler),
      id_(fresh_word(client_)),
      machine_(settings_of(options_, mixed(id_))) {}

void ordered_consumer::impl::begin() {
    asio::post(js_.get_executor(), [weak = weak_from_this()] {
        const std::shared_ptr<impl> self = weak.lock();
        if (!self) return;
        try {
            self->run();
        } catch (const std::bad_alloc&) {
            self->end_without_memory();
        }
    });
}

/// Of a consumer that could not begin.
void ordered_consumer::impl::end_without_memory() {
    machine_.stop();
    if (ordered_handler* const handler = std::exchange(handler_, nullptr))
        handler->on_ended(std::make_error_code(std::errc::not_enough_memory));
}

void ordered_consumer::impl::run() {
    if (handler_ == nullptr) return;
    if (!is_allowed(options_)) {
        machine_.stop();
        return std::exchange(handler_, nullptr)->on_ended(errc::invalid_config);
    }
    timer_ = slipstream::detail::wake_timer(js_.get_executor(), weak_from_this());
    events_ = client_.listen([weak = weak_from_this()](const event& e) {
        if (const std::shared_ptr<impl> self = weak.lock()) self->on_event(e);
    });
    if (client_.state() == client_state::closed)
        machine_.on_closed();
    else
        machine_.start(client_.healthy(), std::chrono::steady_clock::now());
    pump();
}

void ordered_consumer::impl::stop() noexcept {
    handler_ = nullptr;
    timer_.stop();
    events_ = event_listener();
    machine_.stop();
    try {
        pump();
    } catch (...) {
        // Out of memory: the server's reaper removes the consumer once the inbox is gone.
    }
    inbox_ = subscription();
}

void ordered_consumer::impl::on_context_end() noexcept {
    handler_ = nullptr;
    machine_.stop();
    events_ = event_listener();
    inbox_ = subscription();
}

void ordered_consumer::impl::taken(std::uint64_t count) {
    machine_.taken(count);
    if (machine_.has_actions()) pump();
}

void ordered_consumer::impl::restart(const ordered_start& from) {
    machine_.restart(from);
    pump();
}

// --- requests ---

std::string ordered_consumer::impl::name_of(std::uint64_t incarnation) const { return id_ + '-' + std::to_string(incarnation); }

consumer_config ordered_consumer::impl::config_for(const action& a) const {
    consumer_config config;
    config.name = name_of(a.incarnation);
    config.description = options_.description;
    config.deliver_policy = a.start.policy;
    if (a.start.policy == deliver_policy::by_start_sequence) config.opt_start_seq = a.start.sequence;
    config.ack_policy = ack_policy::none;
    config.max_deliver = 1;
    config.filter_subjects = options_.filter_subjects;
    config.headers_only = options_.headers_only;
    config.deliver_subject = inbox_subject_;
    config.flow_control = true;
    config.idle_heartbeat = options_.idle_heartbeat;
    config.inactive_threshold = options_.inactive_threshold;
    config.num_replicas = 1;
    config.mem_storage = true;
    return config;
}

void ordered_consumer::impl::create(const action& a) {
    // Interest first: the server's reaper and the first deliveries both look for it (S69, G15).
    inbox_subject_ = client_.new_inbox();
    std::error_code ec;
    inbox_ = client_.subscribe(
        inbox_subject_, [self = shared_from_this(), incarnation = a.incarnation](const message_view& m) { self->on_frame(incarnation, m); },
        subscribe_options{}, ec);
    if (ec) return machine_.on_create_failed(a.incarnation, ec);
    name_ = name_of(a.incarnation);
    const consumer_config config = config_for(a);
    const auto words = std::make_shared<error_info>();
    creation_ = std::make_shared<asio::cancellation_signal>();
    auto done = [weak = weak_from_this(), incarnation = a.incarnation, words, signal = creation_, js = js_, stream = stream_, name = name_](
                    std::error_code failure, const consumer_info& info) mutable {
        const std::shared_ptr<impl> self = weak.lock();
        const bool wanted = self && self->handler_ != nullptr && self->machine_.incarnation() == incarnation;
        // Given up meanwhile. The server may have taken up the deletion before the creation: then this one removes it.
        if (!failure && !wanted) js.async_delete_consumer(stream, name, {.timeout = remove_timeout}, [js](std::error_code) {});
        if (!wanted) return;
        if (failure) {
            self->failure_ = std::move(*words);
            self->machine_.on_create_failed(incarnation, failure);
        } else {
            self->machine_.on_created(incarnation, {.num_pending = info.num_pending, .delivered = info.delivered});
        }
        self->pump();
    };
    js_.async_create_consumer(stream_, config, {.timeout = std::chrono::ceil<milliseconds>(a.timeout), .info = words.get()},
                              asio::bind_cancellation_slot(creation_->slot(), std::move(done)));
}

void ordered_consumer::impl::read_stream(const action& a) {
    stream_info_.reset();
    js_.async_stream_info(stream_, {.timeout = std::chrono::ceil<milliseconds>(a.timeout)},
                          [weak = weak_from_this(), incarnation = a.incarnation](std::error_code failure, stream_info info) {
                              const std::shared_ptr<impl> self = weak.lock();
                              if (!self || incarnation != self->machine_.incarnation()) return;
                              if (failure) {
                                  self->machine_.on_stream_failed(incarnation, failure);
                              } else {
                                  const machine::stream_facts facts = machine::facts_of(info);
                                  self->stream_info_ = std::move(info);
                                  self->machine_.on_stream(incarnation, facts);
                              }
                              self->pump();
                          });
}

void ordered_consumer::impl::find_end(const action& a) {
    const milliseconds timeout = std::chrono::ceil<milliseconds>(a.timeout);
    const auto found = [weak = weak_from_this(), incarnation = a.incarnation](std::optional<std::uint64_t> sequence) {
        const std::shared_ptr<impl> self = weak.lock();
        if (!self) return;
        self->machine_.on_end_found(incarnation, sequence);
        self->pump();
    };
    if (!a.exact) {
        return js_.async_stream_info(stream_, {.timeout = timeout}, [found](std::error_code failure, const stream_info& info) {
            found(failure ? std::nullopt : std::optional(info.state.last_seq));
        });
    }
    struct search {
        std::size_t left = 0;
        std::optional<std::uint64_t> last = 0;
    };
    static const std::vector<std::string> everything{">"};
    const std::vector<std::string>& filters = options_.filter_subjects.empty() ? everything : options_.filter_subjects;
    const auto all = std::make_shared<search>(search{.left = filters.size()});
    for (const std::string& filter : filters) {
        js_.async_get_message(stream_, {.last_by_subject = filter, .timeout = timeout},
                              [found, all](std::error_code failure, const stored_message& m) {
                                  if (failure && failure != errc::message_not_found) all->last.reset();
                                  if (!failure && all->last) all->last = std::max(*all->last, m.sequence());
                                  if (--all->left == 0) found(all->last);
                              });
    }
}

void ordered_consumer::impl::remove(std::uint64_t incarnation) {
    // The context held by the handler keeps the client until the server has been told, should this have been its last user.
    js_.async_delete_consumer(stream_, name_of(incarnation), {.timeout = remove_timeout}, [js = js_](std::error_code) {});
}

}  // namespace slipstream::jetstream
