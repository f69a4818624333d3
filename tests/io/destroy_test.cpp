// Destroyed at any moment: rounds from seeds, in each of which a client, its subscriptions, a bucket, watches and pending operations
// are ended, dropped or left behind by their event loop, in any order, after any number of handlers, also from inside one.
//
// Steps are handlers that the loop has run, not time; the kernel's share in their order is all that a seed does not fix.
#include <algorithm>
#include <deque>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <slipstream/client.hpp>
#include <slipstream/jetstream/context.hpp>
#include <slipstream/kv/bucket.hpp>

#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/io_context.hpp>

#include "tests/io/destroy_budget.hpp"
#include "tests/io/small_bucket.hpp"
#include "tests/support/alloc_counter.hpp"
#include "tests/support/scripted_peer.hpp"

using namespace slipstream;
using namespace slipstream::test;
using namespace std::chrono_literals;

namespace {

/// What was called when, and what should not have been. Outlives everything else of a round.
struct ledger {
    std::string problem;                // the first one
    std::deque<int> completions;        // calls of each operation's handler
    std::shared_ptr<int> token = std::make_shared<int>(0);  // held by every handler
    bool closed = false;                // close() was called
    bool told_closed = false;           // the event has come
    bool loop_gone = false;

    void report(const std::string& what) {
        if (problem.empty()) problem = what;
    }
};

/// A handle with what may still be called because of it.
template <class Handle>
struct held {
    Handle handle;
    std::shared_ptr<bool> ended = std::make_shared<bool>(false);
};

class round_of {
public:
    explicit round_of(std::uint64_t seed, ledger& log) : random_(seed), log_(log) {
        loop_.emplace(1);
        peer_.emplace(*loop_);
        asio::co_spawn(*loop_, accept_all(), [](std::exception_ptr) {});
        connect_options o;
        o.servers = {peer_->url()};
        o.reconnect_wait = o.reconnect_max_wait = 1ms;
        o.ping_interval = one_in(4) ? 1ms : 60'000ms;
        o.connect_timeout = one_in(8) ? 1ms : 5'000ms;
        o.retry_on_failed_connect = one_in(2);
        o.reconnect = !one_in(8);
        o.fail_fast = one_in(8);
        o.drain_timeout = one_in(2) ? 1ms : 5'000ms;
        o.on_event = [this, token = log_.token](const event& e) { on_event(e); };
        clients_.emplace_back(client(loop_->get_executor(), std::move(o)));
        js_.emplace(*clients_.front());
    }
    round_of(const round_of&) = delete;
    round_of& operator=(const round_of&) = delete;

    void play() {
        const std::size_t steps = random_() % 120;
        for (std::size_t i = 0; i < steps; ++i) {
            if (i == 0 || one_in(3)) act();
            if (!step() && waits_left_ == 0) break;
        }
        std::vector<void (round_of::*)()> ends{&round_of::close,        &round_of::drop_clients, &round_of::drop_subscriptions,
                                               &round_of::drop_watches, &round_of::drop_buckets, &round_of::cancel_all};
        const bool loop_first = one_in(2);
        if (loop_first) ends.push_back(one_in(4) ? &round_of::stop_loop : &round_of::destroy_loop);
        std::shuffle(ends.begin(), ends.end(), random_);
        for (const auto end : ends) {
            (this->*end)();
            for (std::size_t i = random_() % 5; i > 0; --i) step();
        }
        if (!loop_first) run_out();
        destroy_loop();
    }

private:
    bool one_in(unsigned n) { return random_() % n == 0; }

    /// One handler; false when there was none. A few times in a round it waits a little, for the peer and for timers.
    bool step() {
        if (!loop_) return false;
        if (loop_->stopped()) loop_->restart();
        if (loop_->poll_one() != 0) return true;
        if (waits_left_ == 0) return false;
        --waits_left_;
        return loop_->run_one_for(1ms) != 0;
    }
    /// With all handles gone the loop has nothing left to do, and every operation has ended.
    void run_out() {
        stop_peer();
        loop_->restart();
        loop_->run_for(20s);
        if (!loop_->stopped()) log_.report("something is left on the event loop");
        for (const int calls : log_.completions) {
            if (calls != 1) log_.report("an operation has ended " + std::to_string(calls) + " times");
        }
        if (!log_.told_closed) log_.report("no closed event");
    }

    // --- the peer ---

    asio::awaitable<void> accept_all() {
        for (;;) {
            auto c = std::make_shared<peer_connection>(co_await peer_->accept());
            connections_.push_back(c);
            asio::co_spawn(*loop_, serve_one(c, bucket_), [](std::exception_ptr) {});
        }
    }
    static asio::awaitable<void> serve_one(std::shared_ptr<peer_connection> c, std::shared_ptr<small_bucket> bucket) {
        co_await c->handshake();
        peer_answers answers = [bucket](const std::string& s, const std::string& r, const std::string& b) { return (*bucket)(s, r, b); };
        co_await serve(*c, std::move(answers));
    }
    void disturb() {
        if (connections_.empty()) return;
        peer_connection& c = *connections_[random_() % connections_.size()];
        if (!c.socket().is_open()) return;
        std::error_code ignored;
        switch (random_() % 4) {
            case 0: c.reset(); break;
            case 1: c.close(); break;
            case 2: c.socket().shutdown(asio::ip::tcp::socket::shutdown_send, ignored); break;
            default: c.socket().send(asio::buffer(std::string_view("-ERR 'Unknown Protocol Operation'\r\nPING\r\nMSG a")), 0, ignored);
        }
    }
    void stop_peer() {
        peer_->stop();
        for (const auto& c : connections_) c->socket().close();
        connections_.clear();
    }

    // --- what handlers do ---

    void on_event(const event& e) {
        if (log_.loop_gone) log_.report("an event after the end of the event loop");
        if (log_.told_closed) log_.report("an event after closed");
        if (e.kind == event_kind::closed) log_.told_closed = true;
        disrupt();
    }
    /// A handler for an operation that completes with an error and perhaps more.
    auto completion() {
        const std::size_t id = log_.completions.size();
        log_.completions.push_back(0);
        // Some handlers hold a handle on what they wait for.
        std::optional<client> copy;
        if (one_in(8) && live_client() != nullptr) copy = *live_client();
        return [this, id, token = log_.token, copy = std::move(copy)](std::error_code ec, auto&&... values) {
            if (log_.loop_gone) log_.report("a completion after the end of the event loop");
            if (++log_.completions[id] > 1) log_.report("an operation that ended twice");
            if constexpr (sizeof...(values) == 1) (keep(ec, values), ...);
            disrupt();
        };
    }
    void keep(std::error_code ec, kv::bucket& opened) {
        if (!ec && !finishing_) buckets_.push_back(opened);
    }
    template <class Value>
    void keep(std::error_code, Value&) {}
    void on_told(const bool& ended, const std::string& who) {
        if (log_.loop_gone) log_.report("a handler after the end of the event loop");
        if (log_.closed) log_.report("a handler of a " + who + " after close()");
        if (ended) log_.report("a handler of a " + who + " after its handle was dropped");
        disrupt();
    }
    /// The same endings from inside a handler, now and then.
    void disrupt() {
        if (!one_in(60)) return;
        switch (random_() % 6) {
            case 0: close(); break;
            case 1: drop_clients(); break;
            case 2: drop_subscriptions(); break;
            case 3: drop_watches(); break;
            case 4: drop_buckets(); break;
            default: act();
        }
    }

    // --- what a program does ---

    client* live_client() { return clients_.empty() ? nullptr : &clients_.front().value(); }

    /// Binds a slot to one of two handlers.
    template <class Start>
    void start(Start start) {
        if (one_in(2)) return start(completion());
        signals_.emplace_back();
        start(asio::bind_cancellation_slot(signals_.back().slot(), completion()));
    }

    void act() {
        client* const nc = live_client();
        if (nc == nullptr || finishing_ || !loop_) return;
        switch (random_() % 17) {
            case 0:
            case 1: start([&](auto h) { nc->async_connect(std::move(h)); }); break;
            case 2: subscribe(*nc); break;
            case 3: start([&](auto h) { nc->async_request("echo.a", "x", {}, std::move(h)); }); break;
            case 4:
                start([&](auto h) { nc->async_request("silent.a", "x", {.timeout = one_in(2) ? 1ms : 60'000ms}, std::move(h)); });
                break;
            case 5: start([&](auto h) { nc->async_flush({}, std::move(h)); }); break;
            case 6:
            case 7: static_cast<void>(nc->publish("in", "x")); break;
            case 8: next(); break;
            case 9:
                if (one_in(6)) start([&](auto h) { nc->async_drain(std::move(h)); });
                break;
            case 10:
                if (!subscriptions_.empty() && one_in(2))
                    start([&](auto h) { any(subscriptions_).handle.async_drain(std::move(h)); });
                else if (clients_.size() < 4)
                    clients_.push_back(clients_.front());
                break;
            case 11:
                if (js_) start([&](auto h) { kv::async_open_bucket(*js_, "b", {}, std::move(h)); });
                break;
            case 12:
            case 13: watch(); break;
            case 14:
                if (!buckets_.empty()) start([&](auto h) { buckets_.front().async_put("k", "v", {}, std::move(h)); });
                break;
            case 15:
                if (!buckets_.empty()) start([&](auto h) { buckets_.front().async_get("k", {}, std::move(h)); });
                break;
            default: one_in(2) ? disturb() : cancel_one();
        }
    }
    void subscribe(client& nc) {
        std::error_code ec;
        held<subscription> one;
        if (one_in(2)) {
            one.handle = nc.subscribe("in", subscribe_options{}, ec);
        } else {
            message_handler handler = [this, ended = one.ended, token = log_.token](const message_view&) {
                on_told(*ended, "subscription");
            };
            one.handle = nc.subscribe("in", std::move(handler), {}, ec);
        }
        if (!ec) subscriptions_.push_back(std::move(one));
    }
    void watch() {
        if (buckets_.empty()) return;
        held<kv::watch> one;
        if (one_in(2)) {
            one.handle = buckets_.front().watch();
        } else {
            kv::watch_handler handler = [this, ended = one.ended, token = log_.token](const kv::update_view&) { on_told(*ended, "watch"); };
            one.handle = buckets_.front().watch({}, std::move(handler));
        }
        watches_.push_back(std::move(one));
    }
    void next() {
        if (!watches_.empty() && one_in(2))
            start([&](auto h) { any(watches_).handle.async_next(std::move(h)); });
        else if (!subscriptions_.empty())
            start([&](auto h) { any(subscriptions_).handle.async_next(std::move(h)); });
    }
    template <class Container>
    typename Container::value_type& any(Container& from) {
        return from[random_() % from.size()];
    }

    // --- how it ends ---

    void close() {
        if (client* const nc = live_client()) {
            nc->close();
            log_.closed = true;
        }
    }
    void drop_clients() {
        // A handler that holds a handle on what it waits for keeps the client until it is closed.
        close();
        finishing_ = true;
        js_.reset();
        const auto gone = std::exchange(clients_, {});
    }
    template <class Handle>
    void drop(std::vector<held<Handle>>& handles) {
        for (held<Handle>& one : handles) *one.ended = true;
        const auto gone = std::exchange(handles, {});
    }
    void drop_subscriptions() { drop(subscriptions_); }
    void drop_watches() { drop(watches_); }
    void drop_buckets() { const auto gone = std::exchange(buckets_, {}); }
    void cancel_one() {
        if (!signals_.empty()) any(signals_).emit(asio::cancellation_type::terminal);
    }
    void cancel_all() {
        for (asio::cancellation_signal& s : signals_)
            s.emit(one_in(2) ? asio::cancellation_type::total : asio::cancellation_type::terminal);
    }
    void stop_loop() {
        if (loop_) loop_->stop();
    }
    void destroy_loop() {
        if (!loop_) return;
        finishing_ = true;
        connections_.clear();
        peer_.reset();
        loop_.reset();
        log_.loop_gone = true;
    }

    std::mt19937_64 random_;
    ledger& log_;
    std::deque<asio::cancellation_signal> signals_;  // outlive the operations
    std::optional<asio::io_context> loop_;
    std::optional<scripted_peer> peer_;
    std::shared_ptr<small_bucket> bucket_ = std::make_shared<small_bucket>();
    std::vector<std::shared_ptr<peer_connection>> connections_;
    std::vector<std::optional<client>> clients_;
    std::optional<jetstream::context> js_;
    std::vector<held<subscription>> subscriptions_;
    std::vector<kv::bucket> buckets_;
    std::vector<held<kv::watch>> watches_;
    unsigned waits_left_ = static_cast<unsigned>(random_() % 3);
    bool finishing_ = false;
};

std::size_t open_descriptors() {
    return static_cast<std::size_t>(
        std::distance(std::filesystem::directory_iterator("/proc/self/fd"), std::filesystem::directory_iterator()));
}

std::string play_one(std::uint64_t seed) {
    ledger log;
    {
        round_of round(seed, log);
        round.play();
    }
    if (log.token.use_count() != 1) log.report("a handler was not destroyed");
    for (const int calls : log.completions) {
        if (calls > 1) log.report("an operation that ended twice");
    }
    return log.problem;
}

/// `play_one`, and whether it has left something behind.
std::string play_and_count(std::uint64_t seed, std::size_t descriptors) {
    std::string problem;
    // What is made once for a process is left the first time only.
    for (int attempt = 0; attempt < 2; ++attempt) {
        const std::int64_t before = live_allocations();
        problem = play_one(seed);
        if (!problem.empty()) return problem;
        const std::int64_t left = live_allocations() - before;
        if (open_descriptors() != descriptors) return "a file descriptor is left";
        if (left == 0) return {};
        problem = std::to_string(left) + " allocations are left";
    }
    return problem;
}

}  // namespace

TEST_CASE("E9 H1 H2 H4 H8 H10 H11 I1 I2: destroyed at any moment, in any order: no callback after the end, nothing left behind") {
    const std::uint64_t rounds = destroy_rounds(1'500);
    const std::uint64_t first = destroy_seed();
    static_cast<void>(play_one(first));  // what is made once for a process
    const std::size_t descriptors = open_descriptors();
    int failures = 0;
    for (std::uint64_t seed = first; seed < first + rounds && failures < 5; ++seed) {
        const std::string problem = play_and_count(seed, descriptors);
        if (problem.empty()) continue;
        ++failures;
        FAIL_CHECK("SLIPSTREAM_DESTROY_SEED=" << seed << ": " << problem);
    }
    CHECK(failures == 0);
}
