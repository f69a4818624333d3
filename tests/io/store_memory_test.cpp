// Operations of the store in the whole client while memory ends: for each of them every allocation fails in turn, from the call until
// its handler is told. Watches are in watch_memory_test.cpp.
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <slipstream/client.hpp>
#include <slipstream/detail/wake_timer.hpp>
#include <slipstream/jetstream/context.hpp>
#include <slipstream/kv/bucket.hpp>

#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/error.hpp>
#include <asio/io_context.hpp>

#include "tests/io/server_thread.hpp"
#include "tests/io/small_bucket.hpp"
#include "tests/support/alloc_counter.hpp"

using namespace slipstream;
using namespace slipstream::test;

namespace {

/// A small bucket "b" with all of the API that the store asks for. Bucket "n" is not there until it is made. Every key reads as "value"
/// but "marked", a delete marker; "marked" and "taken" refuse one write in two, and nobody stores "gone".
class small_store {
public:
    small_bucket::answers operator()(const std::string& subject, const std::string& reply, const std::string& body) {
        if (subject == "$KV.b.gone" || subject.starts_with("$JS.API.DIRECT.GET.")) return std::nullopt;
        if (subject == "$KV.b.marked" || subject == "$KV.b.taken") {
            refuses_ = !refuses_;
            if (refuses_) return one(reply, R"({"error":{"code":400,"err_code":10071,"description":"wrong last sequence: 7"}})");
        }
        if (subject == "$JS.API.STREAM.INFO.KV_n") {
            constexpr auto not_found = R"({"type":"io.nats.jetstream.api.v1.stream_info_response","error":{"code":404,"err_code":10059,)"
                                       R"("description":"stream not found"}})";
            return one(reply, not_found);
        }
        if (subject == "$JS.API.STREAM.CREATE.KV_n") return one(reply, typed("stream_create_response", stream("n")));
        if (subject == "$JS.API.STREAM.DELETE.KV_b") return one(reply, typed("stream_delete_response", R"("success":true)"));
        if (subject == "$JS.API.STREAM.LIST") {
            const std::string list = R"("total":2,"offset":0,"limit":256,"streams":[{)" + stream("b") + "},{" + stream("a") + "}]";
            return one(reply, typed("stream_list_response", list));
        }
        if (subject == "$JS.API.STREAM.MSG.GET.KV_b") {
            const bool marked = body.find("$KV.b.marked") != std::string::npos;
            const std::string_view what =
                marked ? R"($KV.b.marked","hdrs":"TkFUUy8xLjANCktWLU9wZXJhdGlvbjogREVMDQoNCg==")" : R"($KV.b.k","data":"dmFsdWU=")";
            return one(reply, typed("stream_msg_get_response",
                                    R"("message":{"subject":")" + std::string(what) + R"(,"seq":7,"time":"2026-01-02T03:04:05Z"})"));
        }
        return bucket_(subject, reply, body);
    }

private:
    static std::vector<peer_message> one(const std::string& to, std::string payload) { return {{.to = to, .payload = std::move(payload)}}; }
    static std::string typed(const std::string& type, const std::string& fields) {
        return R"({"type":"io.nats.jetstream.api.v1.)" + type + "\"," + fields + "}";
    }
    static std::string stream(const std::string& name) {
        return R"("config":{"name":"KV_)" + name + R"(","subjects":["$KV.)" + name +
               R"(.>"],"max_msgs_per_subject":1,"discard":"new","storage":"file","num_replicas":1,"allow_direct":true,)"
               R"("deny_delete":true,"allow_rollup_hdrs":true},"created":"2026-01-02T03:04:05Z",)"
               R"("state":{"messages":7,"bytes":100,"first_seq":1,"last_seq":7,"consumer_count":0})";
    }

    small_bucket bucket_;
    bool refuses_ = false;
};

/// A program with an open bucket, and how its operation went. What is told is judged without taking memory.
struct program {
    explicit program(const std::string& url) {
        connect_options o;
        o.servers = {url};
        o.ping_interval = std::chrono::seconds(60);
        nc.emplace(loop.get_executor(), std::move(o));
        nc->async_connect([](std::error_code failed) { REQUIRE_FALSE(failed); });
        js.emplace(*nc);
        kv::async_open_bucket(*js, "b", {}, [this](std::error_code failed, kv::bucket b) {
            REQUIRE_FALSE(failed);
            bucket.emplace(std::move(b));
        });
        REQUIRE(run_until(loop, [this] { return bucket.has_value(); }));
    }

    /// Lets go of everything. True when nothing of it is left on the event loop.
    bool ends() {
        nc->close();
        bucket.reset();
        js.reset();
        nc.reset();
        return runs_out(loop);
    }

    /// The handler of an operation; `judge` sees the result of one without error.
    template <class Judge>
    auto told(Judge judge) {
        return [this, judge](std::error_code code, auto&&... result) {
            ++calls;
            ec = code;
            right = code || judge(result...);
        };
    }

    asio::io_context loop{1};
    std::optional<client> nc;
    std::optional<jetstream::context> js;
    std::optional<kv::bucket> bucket;
    kv::bucket_config config{.bucket = "n"};
    int calls = 0;
    std::error_code ec;
    bool right = true;
};

struct operation {
    const char* name;
    std::function<void(program&)> start;
    std::function<bool(std::error_code)> as_ever = [](std::error_code ec) { return !ec; };
};

bool is_stored(kv::revision r) { return r.is_known(); }
bool is_value(const std::optional<kv::entry>& e) { return e && e->key() == "k" && e->value() == "value"; }
bool is_opened(const kv::bucket& b) { return b.name() == "b"; }
bool is_made(const kv::bucket& b) { return b.name() == "n"; }

template <class List>
bool is_whole(const List& entries) {
    return entries.size() == 3 && entries[0].key() == "k0" && entries[1].key() == "k1" && entries[2].key() == "k2";
}

const std::vector<operation>& operations() {
    static const std::vector<operation> all{
        {"open", [](program& p) { kv::async_open_bucket(*p.js, "b", {}, p.told(is_opened)); }},
        {"create bucket", [](program& p) { kv::async_create_bucket(*p.js, p.config, {}, p.told(is_made)); }},
        {"get or create", [](program& p) { kv::async_get_or_create_bucket(*p.js, p.config, {}, p.told(is_made)); }},
        {"delete bucket", [](program& p) { kv::async_delete_bucket(*p.js, "b", {}, p.told([] { return true; })); }},
        {"list buckets",
         [](program& p) {
             kv::async_list_buckets(
                 *p.js, {}, p.told([](const auto& list) { return list.size() == 2 && list[0].bucket == "a" && list[1].bucket == "b"; }));
         }},
        {"status", [](program& p) { p.bucket->async_status({}, p.told([](const auto& s) { return s.bucket == "b"; })); }},
        {"get", [](program& p) { p.bucket->async_get("k", {}, p.told(is_value)); }},
        {"get from the leader", [](program& p) { p.bucket->async_get("k", {.leader_read = true}, p.told(is_value)); }},
        {"entry", [](program& p) { p.bucket->async_entry("k", {}, p.told(is_value)); }},
        {"put", [](program& p) { p.bucket->async_put("k", "value", {}, p.told(is_stored)); }},
        {"put that nobody stores",
         [](program& p) { p.bucket->async_put("gone", "value", {.timeout = std::chrono::milliseconds(200)}, p.told(is_stored)); },
         [](std::error_code ec) { return ec == errc::no_responders || ec == condition::timed_out || ec == errc::outcome_unknown; }},
        {"update", [](program& p) { p.bucket->async_update("k", "value", kv::revision(1), {}, p.told(is_stored)); }},
        {"create", [](program& p) { p.bucket->async_create("k", "value", {}, p.told(is_stored)); }},
        {"create over a marker", [](program& p) { p.bucket->async_create("marked", "value", {}, p.told(is_stored)); }},
        {"create over a value", [](program& p) { p.bucket->async_create("taken", "value", {}, p.told(is_stored)); },
         [](std::error_code ec) { return !ec || ec == kv::errc::key_exists; }},
        {"erase", [](program& p) { p.bucket->async_erase("k", {}, p.told(is_stored)); }},
        {"purge", [](program& p) { p.bucket->async_purge("k", {}, p.told(is_stored)); }},
        {"keys",
         [](program& p) {
             p.bucket->async_keys({}, {}, p.told([](const std::vector<std::string>& keys) {
                 return keys.size() == 3 && keys[0] == "k0" && keys[1] == "k1" && keys[2] == "k2";
             }));
         }},
        {"scan", [](program& p) { p.bucket->async_scan({}, {}, p.told([](const auto& entries) { return is_whole(entries); })); }},
        {"history",
         [](program& p) {
             p.bucket->async_history("k1", {}, p.told([](const auto& list) { return list.size() == 1 && list[0].key() == "k1"; }));
         }},
    };
    return all;
}

/// Until its handler has been told.
void finish(program& p) {
    REQUIRE(run_until(p.loop, [&p] { return p.calls > 0; }));
}

/// False when there is no allocation of this number any more.
bool live(const std::string& url, const operation& op, std::uint64_t nth) {
    CAPTURE(nth);
    program p(url);
    bool refused = false;
    int escaped = 0;
    bool hit = false;
    {
        const allocation_counter counter;
        const failing_allocation fails(nth);
        try {
            op.start(p);
        } catch (const std::bad_alloc&) {
            refused = true;
        }
        while (p.calls == 0 && !refused && counter.count() < nth) {
            try {
                static_cast<void>(p.loop.run_one_for(std::chrono::seconds(1)));
            } catch (const std::bad_alloc&) {
                ++escaped;
            }
        }
        hit = counter.count() >= nth;
    }
    CHECK(escaped == 0);
    if (!refused) {
        finish(p);
        CAPTURE(p.ec);
        CHECK(p.right);
        const bool is_lost =
            hit && (p.ec == std::errc::not_enough_memory || p.ec == errc::connection_lost || p.ec == condition::outcome_unknown);
        CHECK((op.as_ever(p.ec) || is_lost));
    }
    CHECK(p.calls == (refused ? 0 : 1));

    // There is memory again, and the client lives on.
    p.calls = 0;
    op.start(p);
    finish(p);
    CAPTURE(p.ec);
    CHECK(op.as_ever(p.ec));
    CHECK(p.right);
    CHECK(p.calls == 1);
    CHECK(p.ends());
    CHECK(p.calls == 1);
    return hit;
}

}  // namespace

TEST_CASE("H9: memory ends at any point of any operation of the store; its handler is told once, and the client lives on") {
    server_thread server([] { return peer_answers(small_store()); });
    for (const operation& op : operations()) {
        CAPTURE(std::string(op.name));
        CHECK_FALSE(live(server.url(), op, UINT64_MAX));
        const std::int64_t before = live_allocations();
        std::uint64_t nth = 1;
        while (nth < 1'000 && live(server.url(), op, nth)) ++nth;
        CHECK(live_allocations() == before);
        CHECK(nth < 1'000);
        CHECK((nth > 1 || !allocations_are_counted()));
    }
}

TEST_CASE("H9: what ends while there is no memory at all for a turn is told all the same") {
    server_thread server([] { return peer_answers(small_store()); });
    program p(server.url());
    const auto told = p.told([](const auto&...) { return true; });
    constexpr auto rest = failing_allocation::extent::rest;
    std::optional<kv::watch> watch;
    const auto take_all = [&] {
        watch.emplace(p.bucket->watch());
        kv::update u;
        REQUIRE(run_until(p.loop, [&] {
            while (watch->try_next(u)) {}
            return u.kind() == kv::update_kind::initial_done;
        }));
    };
    std::error_code expected;
    SUBCASE("a listing that is cancelled") {
        asio::cancellation_signal signal;
        p.bucket->async_keys({}, {}, asio::bind_cancellation_slot(signal.slot(), told));
        signal.emit(asio::cancellation_type::terminal);
        const failing_allocation fails(1, rest);
        while (p.loop.poll_one() != 0) {}
        // It could not even begin.
        expected = allocations_are_counted() ? std::make_error_code(std::errc::not_enough_memory) : asio::error::operation_aborted;
    }
    SUBCASE("a watch that is stopped") {
        take_all();
        watch->async_next(told);
        const failing_allocation fails(1, rest);
        watch->stop();
        expected = kv::errc::watch_stopped;
    }
    SUBCASE("a watch whose handle is destroyed") {
        take_all();
        watch->async_next(told);
        const failing_allocation fails(1, rest);
        watch.reset();
        expected = kv::errc::watch_stopped;
    }
    finish(p);
    CHECK(p.ec == expected);
    watch.reset();
    CHECK(p.ends());
    CHECK(p.calls == 1);
}

TEST_CASE("H9: an update is handed to its taker, or he is refused: at whatever allocation memory ends for good") {
    server_thread server([] { return peer_answers(small_store()); });
    program p(server.url());
    kv::watch watch = p.bucket->watch();
    kv::update first;
    REQUIRE(run_until(p.loop, [&] { return watch.try_next(first); }));
    int taken = 0;
    for (std::uint64_t nth = 1; nth < 20; ++nth) {
        CAPTURE(nth);
        p.calls = 0;
        p.bucket->async_put("k", "value", {}, p.told(is_stored));
        finish(p);
        p.calls = 0;
        bool refused = false;
        {
            const failing_allocation fails(nth, failing_allocation::extent::rest);
            try {
                watch.async_next(p.told([](const kv::update&) { return true; }));
            } catch (const std::bad_alloc&) {
                refused = true;
            }
        }
        if (!refused) finish(p);
        static_cast<void>(p.loop.poll());
        CHECK(p.calls == (refused ? 0 : 1));
        CHECK_FALSE(p.ec);
        taken += refused ? 0 : 1;
    }
    CHECK(taken > 10);
    watch.stop();
    CHECK(p.ends());
}

TEST_CASE("H9: a timer that has been made needs no more memory, and goes on when its target throws") {
    struct sleeper final : slipstream::detail::wakeable {
        void on_wake() override {
            if (++wakes == throwing) throw std::bad_alloc();
            if (wakes < 5) timer.wake_at(slipstream::detail::wake_timer::time_point::min());
        }
        void on_context_end() noexcept override { ++ends; }

        slipstream::detail::wake_timer timer;
        int wakes = 0;
        int throwing = 0;
        int ends = 0;
    };
    asio::io_context loop{1};
    const auto s = std::make_shared<sleeper>();
    s->timer = slipstream::detail::wake_timer(loop.get_executor(), s);
    {
        const failing_allocation fails(1, failing_allocation::extent::rest);
        s->timer.wake_at(slipstream::detail::wake_timer::time_point::min());
        while (loop.poll_one() != 0) {}
    }
    CHECK(s->wakes == 5);
    CHECK(s->ends == 0);
    s->throwing = 6;
    s->timer.wake_at(slipstream::detail::wake_timer::time_point::min());
    CHECK_THROWS_AS(loop.poll(), std::bad_alloc);
    s->timer.wake_at(slipstream::detail::wake_timer::time_point::min());
    loop.poll();
    CHECK(s->wakes == 7);
    s->timer.stop();
    CHECK(runs_out(loop));
    CHECK(s->ends == 0);
}
