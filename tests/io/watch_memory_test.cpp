// A watch in the whole client while memory ends: every allocation fails in turn, from opening the bucket to the end of the client. The
// machine by itself is in tests/unit/kv/watch_memory_test.cpp.
#include <cstdint>
#include <new>
#include <optional>
#include <string>
#include <system_error>

#include <doctest/doctest.h>

#include <slipstream/client.hpp>
#include <slipstream/jetstream/context.hpp>
#include <slipstream/kv/bucket.hpp>

#include <asio/io_context.hpp>

#include "tests/io/server_thread.hpp"
#include "tests/io/small_bucket.hpp"
#include "tests/support/alloc_counter.hpp"

using namespace slipstream;
using namespace slipstream::test;

namespace {

/// What a program knows that opens a bucket and watches it.
struct follower {
    explicit follower(const std::string& url, bool with_handler) : handled_(with_handler) {
        connect_options o;
        o.servers = {url};
        o.ping_interval = std::chrono::seconds(60);
        nc.emplace(loop.get_executor(), std::move(o));
        bool up = false;
        nc->async_connect([&up](std::error_code ec) { up = !ec; });
        REQUIRE(run_until(loop, [&up] { return up; }));
    }

    /// One step of the program that may be refused for lack of memory; then it is to be tried again.
    void go_on() {
        if (!bucket && opens_ == opened_) open();
        if (bucket && !watch) begin();
        if (watch && !handled_ && !end && taking_ == taken_) take();
        if (watch && handled_ && watch->is_ended()) end = watch->end_reason();
    }
    [[nodiscard]] bool over() const { return initial_done || end || failed; }

    asio::io_context loop{1};
    std::optional<client> nc;
    std::optional<kv::bucket> bucket;
    std::optional<kv::watch> watch;
    std::string state;  // the keys' numbers; short
    bool right = true;
    bool initial_done = false;
    bool in_order = true;
    std::error_code end;
    std::error_code failed;  // to open the bucket
    int surplus = 0;         // completions that nobody waited for

private:
    void open() {
        ++opens_;
        try {
            kv::async_open_bucket(jetstream::context(*nc), "b", {.timeout = std::chrono::milliseconds(300)},
                                  [this](std::error_code ec, const kv::bucket& b) {
                                      surplus += ++opened_ > opens_ ? 1 : 0;
                                      failed = ec;
                                      if (!ec) bucket.emplace(b);
                                  });
        } catch (const std::bad_alloc&) {
            --opens_;
            throw;
        }
    }
    void begin() {
        constexpr kv::watch_options options{.timeout = std::chrono::milliseconds(400), .heartbeat = std::chrono::milliseconds(200)};
        if (handled_)
            watch.emplace(bucket->watch({}, [this](const kv::update_view& u) { on_update(u); }, options));
        else
            watch.emplace(bucket->watch({}, options));
    }
    void take() {
        ++taking_;
        try {
            watch->async_next([this](std::error_code ec, const kv::update& u) {
                surplus += ++taken_ > taking_ ? 1 : 0;
                if (ec)
                    end = ec;
                else
                    on_update(u.view());
            });
        } catch (const std::bad_alloc&) {
            --taking_;
            throw;
        }
    }
    void on_update(const kv::update_view& u) {
        if (u.kind == kv::update_kind::initial_done) initial_done = true;
        if (!u.is_change()) return;
        in_order = in_order && last_ < u.revision.value();
        last_ = u.revision.value();
        // Takes no memory of its own.
        right = right && u.key.size() == 2 && u.key[0] == 'k' && u.value == "value";
        if (right) state += u.key[1];
    }

    const bool handled_;
    int opens_ = 0;
    int opened_ = 0;
    int taking_ = 0;
    int taken_ = 0;
    std::uint64_t last_ = 0;
};

/// False when there is no allocation of this number any more.
bool live(const std::string& url, bool with_handler, std::uint64_t nth) {
    CAPTURE(nth);
    follower f(url, with_handler);
    bool hit = false;
    {
        const allocation_counter counter;
        const failing_allocation fails(nth);
        while (!f.over() && !hit) {
            try {
                f.go_on();
                static_cast<void>(f.loop.run_one_for(std::chrono::seconds(1)));
            } catch (const std::bad_alloc&) {  // refused to the program, or to the event loop
            }
            hit = counter.count() >= nth;
        }
        if (!hit) {
            f.watch.reset();
            f.nc->close();
            hit = counter.count() >= nth;
        }
    }
    // There is memory again.
    INFO("bucket " << f.bucket.has_value() << ", watch " << (f.watch && f.watch->is_ended())
                   << (f.watch ? f.watch->end_reason().message() : ""));
    REQUIRE(run_until(f.loop, [&f] {
        f.go_on();
        return f.over();
    }));
    CHECK(f.surplus == 0);
    CHECK(f.in_order);
    if (f.initial_done) {
        CHECK(f.right);
        CHECK(f.state.ends_with("012"));  // a watch that had to begin again tells all of it again
    } else {
        CAPTURE(f.end);
        CAPTURE(f.failed);
        const std::error_code why = f.end ? f.end : f.failed;
        CHECK((why == std::errc::not_enough_memory || why == kv::errc::watch_stopped || why == condition::timed_out ||
               why == condition::closed || why == errc::connection_lost));
    }
    f.watch.reset();
    f.bucket.reset();
    f.nc->close();
    f.nc.reset();
    CHECK(runs_out(f.loop));
    return hit;
}

}  // namespace

TEST_CASE("H9 I24: memory ends at any point of a watch; it tells the truth or ends with a reason, and nothing is left of it") {
    server_thread server([] { return peer_answers(small_bucket()); });
    bool with_handler = false;
    SUBCASE("taken from its queue") {}
    SUBCASE("told to a handler") { with_handler = true; }
    CHECK_FALSE(live(server.url(), with_handler, UINT64_MAX));
    std::uint64_t nth = 1;
    const std::int64_t before = live_allocations();
    while (nth < 1'000 && live(server.url(), with_handler, nth)) ++nth;
    CHECK(live_allocations() == before);
    CHECK(nth < 1'000);
    CHECK((nth > 20 || !allocations_are_counted()));
}
