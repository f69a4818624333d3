// Ordered consumers on a real server.
#include "tests/integration/ordered_support.hpp"

using namespace slipstream;
using namespace slipstream::test;
using jetstream::deliver_policy;
using jetstream::disposition;
using jetstream::ordered_consumer;
using jetstream::ordered_options;
using sequences = std::vector<std::uint64_t>;

namespace {

struct ordered_fixture : jetstream_fixture {
    using jetstream_fixture::jetstream_fixture;

    void publish(std::string subject, int count = 1, std::size_t size = 1) {
        auto user = [&]() -> asio::awaitable<void> {
            const std::string payload(size, 'x');
            for (int i = 0; i < count; ++i) co_await js.async_publish(subject, payload);
        };
        run(user);
    }
    void make_stream(jetstream::stream_config config) {
        auto user = [&]() -> asio::awaitable<void> { co_await js.async_create_stream(config); };
        run(user);
    }
    bool wait(const std::function<bool()>& done) { return run_until(io, done); }
    std::size_t consumers() {
        std::size_t count = 0;
        auto user = [&]() -> asio::awaitable<void> { count = (co_await js.async_list_consumers("S")).size(); };
        run(user);
        return count;
    }
    /// Nobody waits for deletions: they are asked for, and done a moment later.
    void expect_no_consumers() {
        const auto end = std::chrono::steady_clock::now() + 10s;
        while (consumers() > 0 && std::chrono::steady_clock::now() < end) {}
        CHECK(consumers() == 0);
    }
};

ordered_options quick() {
    ordered_options o;
    o.idle_heartbeat = 150ms;
    return o;
}

}  // namespace

TEST_CASE("spec/jetstream.md 8: the four policies and filters") {
    ordered_fixture f;
    f.make_stream(f.in_memory("S", {"s.>"}));
    f.publish("s.a", 2);
    f.publish("s.b", 2);
    f.publish("s.c", 1);
    struct row {
        jetstream::ordered_start start;
        std::vector<std::string> filters;
        sequences wanted;
    };
    for (const row& r :
         {row{{.policy = deliver_policy::all}, {}, {1, 2, 3, 4, 5}}, row{{.policy = deliver_policy::last_per_subject}, {}, {2, 4, 5}},
          row{{.policy = deliver_policy::by_start_sequence, .sequence = 4}, {}, {4, 5}}, row{{.policy = deliver_policy::new_}, {}, {}},
          row{{.policy = deliver_policy::all}, {"s.a"}, {1, 2}}, row{{.policy = deliver_policy::all}, {"s.a", "s.c"}, {1, 2, 5}},
          row{{.policy = deliver_policy::last_per_subject}, {"s.b"}, {4}}}) {
        ordered_options o = quick();
        o.start = r.start;
        o.filter_subjects = r.filters;
        ordered_recorder told;
        const ordered_consumer consumer(f.js, "S", o, told);
        CHECK(told.created.empty());  // never before the constructor returns
        REQUIRE(f.wait([&] { return told.caught_up == 1; }));
        CHECK(told.sequences == r.wanted);
        REQUIRE(told.created.size() == 1);
        CHECK(told.created[0].num_pending == r.wanted.size());
        CHECK(told.restarts.empty());
    }
    f.expect_no_consumers();
}

TEST_CASE("L16, W4: heartbeats tell how far an idle consumer has come") {
    ordered_fixture f;
    f.make_stream(f.in_memory("S", {"s.>"}));
    f.publish("s.a");
    ordered_options o = quick();
    o.filter_subjects = {"s.a"};
    ordered_recorder told;
    const ordered_consumer consumer(f.js, "S", o, told);
    REQUIRE(f.wait([&] { return told.caught_up == 1; }));
    f.publish("s.b", 30);
    CHECK(f.wait([&] { return told.frontier == 31; }));
    CHECK(told.sequences == sequences{1});
}

TEST_CASE("headers_only and the start's facts") {
    ordered_fixture f;
    f.make_stream(f.in_memory("S", {"s.>"}));
    f.publish("s.a", 3, 100);
    ordered_options o = quick();
    o.headers_only = true;
    o.stream_facts = true;
    o.start = {.policy = deliver_policy::by_start_sequence, .sequence = 3};
    ordered_recorder told;
    told.on_each = [](const message_view& m, const jetstream::delivery_info&) {
        CHECK(m.payload().empty());
        CHECK(m.headers().get("Nats-Msg-Size") == "100");
        return disposition::taken;
    };
    const ordered_consumer consumer(f.js, "S", o, told);
    REQUIRE(f.wait([&] { return told.caught_up == 1; }));
    CHECK(told.sequences == sequences{3});
    CHECK(told.created[0].begins_after == 2);
    CHECK(told.created[0].stream != nullptr);
}

TEST_CASE("W1, L11, W2, L12: what the server says of impossible starts") {
    ordered_fixture f;
    f.make_stream(f.in_memory("S", {"s.>"}));
    f.publish("s.a", 10);
    auto purge = [&]() -> asio::awaitable<void> { co_await f.js.async_purge_stream("S", {.sequence = 7}); };
    f.run(purge);  // first_seq 7
    for (const auto& [start, facts, kind] : {std::tuple{3, false, jetstream::ordered_loss::kind::start_clamped},
                                             std::tuple{6, true, jetstream::ordered_loss::kind::start_clamped},
                                             std::tuple{12, true, jetstream::ordered_loss::kind::beyond_end}}) {
        CAPTURE(start);
        ordered_options o = quick();
        o.stream_facts = facts;
        o.start = {.policy = deliver_policy::by_start_sequence, .sequence = static_cast<std::uint64_t>(start)};
        ordered_recorder told;
        const ordered_consumer consumer(f.js, "S", o, told);
        REQUIRE(f.wait([&] { return told.ended; }));
        CHECK(told.reason() == jetstream::errc::start_sequence_clamped);
        CHECK(told.losses == std::vector{kind});
        CHECK(told.sequences.empty());
    }
    for (const std::uint64_t start : {7U, 11U}) {
        ordered_options o = quick();
        o.stream_facts = true;
        o.start = {.policy = deliver_policy::by_start_sequence, .sequence = start};
        ordered_recorder told;
        const ordered_consumer consumer(f.js, "S", o, told);
        REQUIRE(f.wait([&] { return told.caught_up == 1; }));
        CHECK(told.losses.empty());
        CHECK(told.sequences.size() == 11 - start);
    }
}

TEST_CASE("W1: the handler may accept a clamped start") {
    ordered_fixture f;
    f.make_stream(f.in_memory("S", {"s.>"}));
    f.publish("s.a", 10);
    auto purge = [&]() -> asio::awaitable<void> { co_await f.js.async_purge_stream("S", {.sequence = 7}); };
    f.run(purge);
    ordered_options o = quick();
    o.start = {.policy = deliver_policy::by_start_sequence, .sequence = 3};
    ordered_recorder told;
    told.verdict.what = jetstream::ordered_verdict::kind::accept;
    const ordered_consumer consumer(f.js, "S", o, told);
    REQUIRE(f.wait([&] { return told.caught_up == 1; }));
    CHECK(told.sequences == sequences{7, 8, 9, 10});
}

TEST_CASE("F6, D3: a handler that refuses while it is full gets everything in the end, once") {
    ordered_fixture f;
    f.make_stream(f.in_memory("S", {"s.>"}));
    f.publish("s.a", 500);
    ordered_recorder told;
    std::size_t queued = 0;
    told.on_each = [&](const message_view&, const jetstream::delivery_info&) {
        if (queued == 40) return disposition::refused;
        ++queued;
        return disposition::queued;
    };
    ordered_consumer consumer(f.js, "S", quick(), told);
    REQUIRE(f.wait([&] {
        const std::size_t some = std::min<std::size_t>(queued, 3);
        queued -= some;
        if (some > 0) consumer.taken(some);
        if (queued > 0) asio::post(f.io, [] {});  // the taker comes again, whatever the server does
        return told.sequences.size() == 500;
    }));
    CHECK(told.is_increasing());
    CHECK(told.sequences.back() == 500);
    CHECK(consumer.restarts() > 5);
    CHECK(f.consumers() <= 1);
}

TEST_CASE("W10, F13, L23: messages that are not taken hold the server back; it goes on when they are") {
    ordered_fixture f;
    f.make_stream(f.in_memory("S", {"s.>"}));
    f.publish("s.a", 80, 200'000);
    ordered_recorder told;
    told.on_each = [](const message_view&, const jetstream::delivery_info&) { return disposition::queued; };
    ordered_consumer consumer(f.js, "S", quick(), told);
    std::size_t seen = 0;
    const auto quiet = [&] {
        const std::size_t now = told.sequences.size();
        return std::exchange(seen, now) == now && now > 0;
    };
    for (int i = 0; i < 10; ++i) static_cast<void>(run_until(f.io, [&] { return quiet() && i > 8; }, 200ms));
    CHECK(told.sequences.size() < 40);  // about the server's first window of 2 MiB
    std::size_t taken = 0;
    REQUIRE(f.wait([&] {
        if (taken < told.sequences.size()) consumer.taken(1), ++taken;
        return told.sequences.size() == 80;
    }));
    CHECK(told.restarts.empty());
    CHECK(told.is_increasing());
}

TEST_CASE("G1, W31: restarts of the server, and no consumer is left behind") {
    ordered_fixture f;
    jetstream::stream_config config = f.in_memory("S", {"s.>"});
    config.storage = jetstream::storage_type::file;
    f.make_stream(config);
    ordered_recorder told;
    std::uint64_t published = 0;
    {
        ordered_consumer consumer(f.js, "S", quick(), told);
        for (int round = 0; round < 3; ++round) {
            f.publish("s.a", 20);
            published += 20;
            REQUIRE(f.wait([&] { return told.sequences.size() == published; }));
            f.server.kill();
            REQUIRE(f.wait([&] { return !f.nc.healthy(); }));
            f.server.start();
            REQUIRE(f.wait([&] { return f.nc.healthy(); }));
        }
        f.publish("s.a", 20);
        REQUIRE(f.wait([&] { return told.sequences.size() == published + 20; }));
        CHECK(told.is_increasing());
        CHECK(told.restarts.size() == 3);
        CHECK(consumer.restarts() >= 3);
        CHECK(consumer.name().size() > 20);
        CHECK(told.caught_up == 1);
    }
    f.expect_no_consumers();
}

TEST_CASE("W33, W20: ends: the stream is gone, options that are not allowed, a closed client, a denied inbox") {
    {
        ordered_fixture f;
        f.make_stream(f.in_memory("S", {"s.>"}));
        ordered_recorder told;
        const ordered_consumer consumer(f.js, "S", quick(), told);
        REQUIRE(f.wait([&] { return told.caught_up == 1; }));
        auto remove = [&]() -> asio::awaitable<void> { co_await f.js.async_delete_stream("S"); };
        f.run(remove);
        REQUIRE(f.wait([&] { return told.ended; }));
        CHECK(told.reason() == jetstream::errc::stream_not_found);
    }
    {
        ordered_fixture f;
        for (int i = 0; i < 5; ++i) {
            ordered_options o = quick();
            if (i == 0) o.idle_heartbeat = 10ms;
            if (i == 1) o.start = {.policy = deliver_policy::last};
            if (i == 2) o.start = {.policy = deliver_policy::by_start_sequence, .sequence = 0};
            if (i == 3) o.setup_timeout = 0ms;
            if (i == 4) o.reconnect_max_wait = 1ms;
            ordered_recorder told;
            const ordered_consumer consumer(f.js, "S", o, told);
            CHECK_FALSE(told.ended);
            REQUIRE(f.wait([&] { return told.ended; }));
            CHECK(told.reason() == jetstream::errc::invalid_config);
        }
        ordered_recorder told;
        const ordered_consumer unknown(f.js, "bad.name", quick(), told);
        REQUIRE(f.wait([&] { return told.ended; }));
        CHECK(told.reason() == jetstream::errc::invalid_stream_name);
        ordered_recorder late;
        f.nc.close();
        const ordered_consumer closed(f.js, "S", quick(), late);
        REQUIRE(f.wait([&] { return late.ended; }));
        CHECK(late.reason() == slipstream::errc::closed);
    }
    {
        ordered_fixture f(
            configured("authorization { users: [ { user: u, password: p, permissions: { subscribe: { deny: \"_INBOX.*\" } } }, "
                       "{ user: a, password: a } ] }\nno_auth_user: a"));
        f.make_stream(f.in_memory("S", {"s.>"}));
        connect_options o = f.options();
        o.auth = user_password{"u", "p"};
        client denied = f.connected(o);
        ordered_recorder told;
        const ordered_consumer consumer(jetstream::context(denied), "S", quick(), told);
        REQUIRE(f.wait([&] { return told.ended; }));
        CHECK(told.reason() == slipstream::errc::permission_denied);
        denied.close();
    }
}

TEST_CASE("E5: without JetStream the set-up ends, and says why") {
    ordered_fixture f(without_jetstream());
    ordered_recorder told;
    const ordered_consumer consumer(f.js, "S", quick(), told);
    REQUIRE(f.wait([&] { return told.ended; }));
    CHECK(told.reason() == slipstream::errc::no_responders);
}

TEST_CASE("H2: the handler stops and destroys its consumer from every callback") {
    ordered_fixture f;
    f.make_stream(f.in_memory("S", {"s.>"}));
    f.publish("s.a", 3);
    struct quitter final : jetstream::ordered_handler {
        ordered_consumer consumer;
        int where = 0;
        bool gone = false;
        void leave(int here) {
            CHECK_FALSE(gone);
            if (here != where) return;
            gone = true;
            consumer = {};
        }
        disposition on_message(const message_view&, const jetstream::delivery_info&) override {
            leave(0);
            return disposition::taken;
        }
        void on_created(const jetstream::ordered_created&) override { leave(1); }
        void on_caught_up() override { leave(2); }
        void on_idle(std::uint64_t) override { leave(3); }
        void on_ended(std::error_code) override { CHECK(false); }
    };
    for (int where = 0; where < 4; ++where) {
        quitter q;
        q.where = where;
        ordered_options o = quick();
        o.filter_subjects = {"s.a"};
        q.consumer = ordered_consumer(f.js, "S", o, q);
        if (where == 3) f.publish("s.other", 1);
        REQUIRE(f.wait([&] { return q.gone; }));
        static_cast<void>(run_until(f.io, [] { return false; }, 250ms));
        f.expect_no_consumers();
    }
}

TEST_CASE("L2, A19: the longer ACK subjects of newer servers") {
    if (!ordered_fixture().at_least(14)) return;  // an older server refuses the configuration
    ordered_fixture f(configured("feature_flags { js_ack_fc_v2: true }"));
    f.make_stream(f.in_memory("S", {"s.>"}));
    f.publish("s.a", 30, 200'000);
    ordered_recorder told;
    bool v2 = false;
    told.on_each = [&](const message_view& m, const jetstream::delivery_info& info) {
        v2 = std::count(m.reply_to().begin(), m.reply_to().end(), '.') >= 10;
        CHECK(info.stream == "S");
        return disposition::taken;
    };
    const ordered_consumer consumer(f.js, "S", quick(), told);
    REQUIRE(f.wait([&] { return told.sequences.size() == 30; }));
    CHECK(v2);
    CHECK(told.restarts.empty());
}
