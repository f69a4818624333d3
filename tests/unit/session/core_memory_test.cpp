// What happens when memory ends anywhere: an error or an end, never a corruption (H9).
#include <algorithm>
#include <deque>
#include <functional>
#include <memory>
#include <new>
#include <string>

#include <doctest/doctest.h>

#include <slipstream/error.hpp>

#include "protocol/session/core.hpp"
#include "tests/support/alloc_counter.hpp"

using namespace slipstream;
using namespace slipstream::test;
using namespace std::chrono_literals;

namespace {

/// Ends of one operation, counted.
class ending final : public detail::completion<std::error_code>, public detail::completion<std::error_code, message> {
public:
    void complete(std::error_code e) override {
        ++ends;
        ec = e;
    }
    void complete(std::error_code e, message&&) override { complete(e); }
    void destroy() noexcept override { ++ends; }

    int ends = 0;
    bool begun = false;
    std::error_code ec;
};

/// A client and a server that answers everything, where allocation number `nth` inside the client fails.
class world {
public:
    explicit world(std::uint64_t nth) : left_(nth) {}

    /// Calls the client. False when memory ended in it.
    bool call(const std::function<void()>& what) {
        const std::uint64_t before = allocations();
        bool done = true;
        try {
            const failing_allocation failing(left_);
            what();
        } catch (const std::bad_alloc&) {
            done = false;
        }
        const std::uint64_t made = allocations() - before;
        left_ = made >= left_ ? UINT64_MAX : left_ - made;  // it fails once
        made_in_all += made;
        return done;
    }
    /// As the shell: a fact that cannot be handled is the end of the connection.
    void fact(const std::function<void()>& what) {
        if (!call(what) && open_) {
            open_ = false;
            call([this] { core->on_transport_down(generation_, std::make_error_code(std::errc::not_enough_memory), now); });
        }
    }
    void server_says(std::string_view bytes) {
        if (!open_) return;
        fact([&] {
            const std::span<char> space = core->read_space();
            std::copy(bytes.begin(), bytes.end(), space.begin());
            core->on_read(generation_, bytes.size(), now);
        });
    }
    void pump() {
        for (int turns = 0; turns < 1000; ++turns) {
            bool more = false;
            session::transport_action a;
            while (core->next_action(a)) {
                more = true;
                open_ = a.what == session::transport_action::kind::dial;
                if (!open_) continue;
                generation_ = a.generation;
                fact([this] { core->on_dialed(generation_, {}, now); });
                server_says("INFO {\"headers\":true,\"max_payload\":1000,\"connect_urls\":[\"127.0.0.1:4222\"]}\r\n");
            }
            event e;
            while (core->next_event(e)) more = true;
            session::finished_operation f;
            for (;;) {
                bool some = false;
                call([&] { some = core->next_finished(f); });
                if (!some) break;
                more = true;
                f.complete();
            }
            std::string_view bytes;
            std::size_t pings = 0;
            for (;;) {
                call([&] { bytes = open_ ? core->pending_write(now) : std::string_view(); });
                if (bytes.empty()) break;
                for (std::size_t at = 0; (at = bytes.find("PING\r\n", at)) != std::string_view::npos; at += 6) ++pings;
                core->on_written(generation_, bytes.size(), now);
                more = true;
            }
            for (; pings != 0; --pings) server_says("PONG\r\n");
            if (!more) return;
        }
        FAIL("the client spins");
    }
    void run_for(session::duration d) {
        const session::time_point end = now + d;
        while (core->next_deadline() <= end) {
            now = std::max(now, core->next_deadline());
            fact([this] { core->on_time(now); });
            pump();
        }
        now = end;
    }
    ending& operation() { return operations.emplace_back(); }
    detail::plain_completion plain(ending& e) { return detail::plain_completion(&e); }
    detail::message_completion with_message(ending& e) { return detail::message_completion(&e); }

    std::unique_ptr<session::core> core;
    session::time_point now{1h};
    std::deque<ending> operations;
    std::uint64_t made_in_all = 0;

private:
    std::uint64_t left_;
    bool open_ = false;
    std::uint64_t generation_ = 0;
};

/// A life with a bit of everything. Returns how many allocations it took.
std::uint64_t live(std::uint64_t nth) {
    world w(nth);
    connect_options o;
    o.servers = {"127.0.0.1:4222", "another.server.example.test:4222"};
    o.inbox_prefix = "a.long.enough.prefix.for.a.string.of.its.own";
    if (!w.call([&] { w.core = std::make_unique<session::core>(o, 1, "0123456789abcdefghijkl"); })) return 0;
    session::core& core = *w.core;
    const std::string subject = "a.subject.that.is.too.long.for.the.small.string.optimisation";
    const auto wish = [&](const std::function<void(ending&)>& what) {
        ending& e = w.operation();
        e.begun = true;
        w.call([&] { what(e); });
        w.pump();
    };
    std::shared_ptr<session::subscription_state> queued;
    std::shared_ptr<session::subscription_state> handled;
    std::shared_ptr<session::subscription_state> drained;
    int seen = 0;

    wish([&](ending& e) { core.connect(w.plain(e), w.now); });
    w.run_for(30s);  // a dial that got lost ends by its deadline
    wish([&](ending& e) { core.connect(w.plain(e), w.now); });
    w.call([&] { static_cast<void>(core.subscribe(subject, {.pending_messages = 2}, nullptr, queued)); });
    w.call([&] { static_cast<void>(core.subscribe(subject, {.queue_group = "q"}, [&seen](const message_view&) { ++seen; }, handled)); });
    w.call([&] { static_cast<void>(core.subscribe(subject, {}, nullptr, drained)); });
    w.pump();
    for (int i = 0; i < 20; ++i) w.call([&] { static_cast<void>(core.publish(subject, "reply", {}, "payload")); });
    if (queued) wish([&](ending& e) { core.next(queued, w.with_message(e)); });
    for (int i = 0; i < 5; ++i) wish([&](ending& e) { core.request(subject, {}, "x", 10s, w.with_message(e), w.now); });
    wish([&](ending& e) { core.flush(10s, w.plain(e), w.now); });
    for (int i = 0; i < 5; ++i) w.server_says("MSG " + subject + " 1 1\r\nx\r\nMSG " + subject + " 2 1\r\nx\r\n");
    w.server_says("MSG a.long.enough.prefix.for.a.string.of.its.own.0123456789abcdefghijkl.0000000001 4 2\r\nok\r\n");
    w.server_says("-ERR 'Permissions Violation for Publish to \"" + subject + "\"'\r\n-ERR 'what is this, and why so long'\r\n");
    w.pump();
    wish([&](ending& e) { core.request(subject, {}, "x", 20s, w.with_message(e), w.now); });
    w.call([&] { static_cast<void>(core.publish(subject, {}, {}, "kept")); });
    w.server_says("nonsense\r\n");
    w.call([&] { static_cast<void>(core.publish(subject, {}, {}, "held")); });
    wish([&](ending& e) { core.flush(20s, w.plain(e), w.now); });
    w.pump();
    w.run_for(10s);
    if (drained) wish([&](ending& e) { core.drain(drained, w.plain(e), w.now); });
    w.run_for(10s);

    // Whatever went wrong is over: now it works again.
    ending& flushed = w.operation();
    w.run_for(1min);
    if (core.state() == client_state::connected) {
        core.flush(10s, w.plain(flushed), w.now);
        w.pump();
        CHECK(flushed.ends == 1);
        CHECK_FALSE(flushed.ec);
    } else {
        CHECK(core.state() == client_state::idle);  // the connects themselves have failed
        flushed.ends = 1;
    }
    wish([&](ending& e) { core.drain(w.plain(e), w.now); });
    w.run_for(1min);
    core.close(w.now);
    w.pump();
    CHECK(core.stats().pending_requests == 0);
    CHECK(core.stats().subscriptions == 0);
    CHECK(core.next_deadline() == session::never);
    w.core.reset();
    for (const ending& e : w.operations) CHECK(e.ends == 1);
    return w.made_in_all;
}

}  // namespace

TEST_CASE("H9: memory ends at every allocation in turn; every operation still ends once, and the client works again") {
    const std::uint64_t all = live(UINT64_MAX);
    CHECK(all > 100);
    for (std::uint64_t nth = 1; nth <= all; ++nth) {
        CAPTURE(nth);
        live(nth);
    }
}
