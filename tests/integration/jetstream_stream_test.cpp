// Streams on a real server.
#include "tests/integration/jetstream_support.hpp"

using namespace slipstream;
using namespace slipstream::test;
using jetstream::stream_config;
using jetstream::stream_info;
using js_errc = jetstream::errc;

TEST_CASE("L3 S116: creating a stream; an equal one again is success, and says what is there") {
    jetstream_fixture f;
    auto user = [&]() -> asio::awaitable<void> {
        stream_config c = f.in_memory("ORDERS", {"orders.>", "returns.*"});
        c.description = "all \"orders\"";
        c.max_msgs_per_subject = 3;
        c.max_age = 1h;
        c.duplicate_window = 30s;
        c.discard = jetstream::discard_policy::new_;
        c.allow_direct = c.deny_delete = c.allow_rollup_hdrs = true;
        c.consumer_limits.max_ack_pending = 77;
        c.metadata = {{"owner", "me"}};
        const stream_info first = co_await f.js.async_create_stream(c);
        CHECK(first.config == c);  // metadata without the server's own keys; nothing unknown
        CHECK(first.state.messages == 0);
        CHECK(first.state.last_seq == 0);
        const auto age = std::chrono::system_clock::now() - first.created;
        CHECK(age > -60s);
        CHECK(age < 60s);

        co_await f.js.async_publish("orders.1", "x");
        const stream_info again = co_await f.js.async_create_stream(c);
        CHECK(again.created == first.created);
        CHECK(again.state.messages == 1);
        CHECK(again.config == c);
    };
    f.run(user);
}

TEST_CASE("spec/jetstream.md 3: every member that 2.10 knows is stored as it was sent") {
    jetstream_fixture f;
    auto user = [&]() -> asio::awaitable<void> {
        co_await f.make("UP", "up.>");
        stream_config c = f.in_memory("AGG", {"agg.>"});
        c.max_consumers = 5;
        c.max_msgs = 1000;
        c.max_bytes = 1 << 20;
        c.max_msg_size = 4096;
        c.max_msgs_per_subject = 10;
        c.discard = jetstream::discard_policy::new_;
        c.discard_new_per_subject = true;
        c.duplicate_window = 1min;
        c.deny_purge = true;
        c.compression = jetstream::store_compression::none;
        c.republish = jetstream::republish_config{"agg.>", "copy.>", true};
        c.subject_transform = jetstream::subject_transform{"agg.*", "agg.$1.t"};
        jetstream::stream_source source;
        source.name = "UP";
        source.opt_start_seq = 1;
        source.subject_transforms = {{"up.>", "agg.up.>"}};
        c.sources = {source};
        const stream_info made = co_await f.js.async_create_stream(c);
        CHECK(made.config == c);
        CHECK(made.config.other.empty());

        stream_config mirror;
        mirror.name = "MIR";
        mirror.storage = jetstream::storage_type::memory;
        mirror.mirror.emplace();
        mirror.mirror->name = "UP";
        mirror.mirror_direct = true;
        const stream_info mirrored = co_await f.js.async_create_stream(mirror);
        REQUIRE(mirrored.config.mirror);
        CHECK(mirrored.config.mirror->name == "UP");
        CHECK(mirrored.config.subjects.empty());
    };
    f.run(user);
}

TEST_CASE("L4 S117: another configuration is stream_name_in_use, with the server's words") {
    jetstream_fixture f;
    auto user = [&]() -> asio::awaitable<void> {
        co_await f.make("S", "s");
        const stream_config other = f.in_memory("S", {"s", "t"});
        jetstream::error_info info;
        auto [ec, result] = co_await f.js.async_create_stream(other, {.info = &info}, use_tuple);
        CHECK(ec == js_errc::stream_name_in_use);
        CHECK(ec == condition::conflict);
        CHECK(info.code == 400);
        CHECK(info.err_code == 10058);
        CHECK_FALSE(info.description.empty());
        CHECK(result.config.name.empty());

        const stream_config overlapping = f.in_memory("T", {"s"});
        auto [ec2, result2] = co_await f.js.async_create_stream(overlapping, {.info = &info}, use_tuple);
        CHECK(ec2 == js_errc::subjects_overlap);
        CHECK(info.err_code == 10065);

        stream_config replicated = f.in_memory("R", {"r"});
        replicated.num_replicas = 3;
        auto [ec3, result3] = co_await f.js.async_create_stream(replicated, {}, use_tuple);
        CHECK(ec3 == js_errc::replicas_not_supported);

        stream_config short_age = f.in_memory("A", {"a"});
        short_age.max_age = 1ms;
        auto [ec4, result4] = co_await f.js.async_create_stream(short_age, {.info = &info}, use_tuple);
        CHECK(ec4 == js_errc::stream_invalid_config);
        CHECK(ec4 == condition::invalid_argument);

        // A success leaves nothing of the failure before it.
        co_await f.js.async_stream_info("S", {.info = &info});
        CHECK(info.err_code == 0);
        CHECK(info.description.empty());
    };
    f.run(user);
}

TEST_CASE("L29 W23: the account's stream limit") {
    jetstream_fixture f(configured(R"(accounts: { A: { jetstream: { max_streams: 1 }, users: [ { user: a, password: a } ] } }
no_auth_user: a)"));
    auto user = [&]() -> asio::awaitable<void> {
        co_await f.make("ONE", "one");
        co_await f.make("ONE", "one");
        const stream_config second = f.in_memory("TWO", {"two"});
        auto [ec, result] = co_await f.js.async_create_stream(second, {}, use_tuple);
        CHECK(ec == js_errc::maximum_streams);
    };
    f.run(user);
}

TEST_CASE("spec/jetstream.md 2: information, update, deletion; and of what is not there") {
    jetstream_fixture f;
    auto user = [&]() -> asio::awaitable<void> {
        auto [missing, no_info] = co_await f.js.async_stream_info("S", {}, use_tuple);
        CHECK(missing == js_errc::stream_not_found);
        CHECK(missing == condition::not_found);
        const stream_config unknown = f.in_memory("S", {"s"});
        auto [not_updated, no_update] = co_await f.js.async_update_stream(unknown, {}, use_tuple);
        CHECK(not_updated == js_errc::stream_not_found);
        auto [not_deleted] = co_await f.js.async_delete_stream("S", {}, use_tuple);
        CHECK(not_deleted == js_errc::stream_not_found);

        const stream_info made = co_await f.make("S", "s");
        co_await f.js.async_publish("s", "1");
        co_await f.js.async_publish("s", "2");
        stream_info now = co_await f.js.async_stream_info("S");
        CHECK(now.state.messages == 2);
        CHECK(now.state.first_seq == 1);
        CHECK(now.state.last_seq == 2);
        CHECK(now.state.bytes > 0);
        CHECK(now.state.num_subjects == 1);
        CHECK(now.state.last_ts >= now.state.first_ts);
        CHECK(now.created == made.created);

        stream_config changed = now.config;
        changed.subjects = {"s", "t"};
        changed.max_msgs = 1;
        const stream_info updated = co_await f.js.async_update_stream(changed);
        CHECK(updated.config.subjects.size() == 2);
        CHECK(updated.state.messages == 1);
        CHECK(updated.created == made.created);  // L13
        changed.storage = jetstream::storage_type::file;
        auto [refused, no_change] = co_await f.js.async_update_stream(changed, {}, use_tuple);
        CHECK(refused == js_errc::stream_invalid_config);

        co_await f.js.async_delete_stream("S");
        auto [gone, nothing] = co_await f.js.async_stream_info("S", {}, use_tuple);
        CHECK(gone == js_errc::stream_not_found);
        co_await f.make("S", "s");
        now = co_await f.js.async_stream_info("S");
        CHECK(now.created != made.created);  // L13
    };
    f.run(user);
}

TEST_CASE("spec/jetstream.md 2: purge: all, by subject, up to a sequence, leaving some") {
    jetstream_fixture f;
    auto user = [&]() -> asio::awaitable<void> {
        co_await f.make("S", "a.*", "b");
        for (const std::string_view subject : {"a.1", "a.1", "a.2", "b", "b", "b", "b"}) co_await f.js.async_publish(subject, "x");
        const auto r1 = co_await f.js.async_purge_stream("S", {.filter = "a.1"});
        CHECK(r1 == 2);
        const auto r2 = co_await f.js.async_purge_stream("S", {.sequence = 5});
        CHECK(r2 == 2);
        const auto r3 = co_await f.js.async_purge_stream("S", {.filter = "b", .keep = 1});
        CHECK(r3 == 2);
        const auto r4 = co_await f.js.async_purge_stream("S");
        CHECK(r4 == 1);
        const auto r5 = co_await f.js.async_purge_stream("S");
        CHECK(r5 == 0);
        const stream_info empty = co_await f.js.async_stream_info("S");
        CHECK(empty.state.messages == 0);
        CHECK(empty.state.first_seq == 8);  // L13
        auto [ec, count] = co_await f.js.async_purge_stream("NOPE", {}, use_tuple);
        CHECK(ec == js_errc::stream_not_found);
        auto [both, none] = co_await f.js.async_purge_stream("S", {.sequence = 1, .keep = 1}, use_tuple);
        CHECK(both == js_errc::invalid_config);
    };
    f.run(user);
}

TEST_CASE("A21: more streams than fit on one page") {
    jetstream_fixture f;
    auto user = [&]() -> asio::awaitable<void> {
        const auto r6 = co_await f.js.async_list_streams();
        CHECK(r6.empty());
        const auto r7 = co_await f.js.async_list_stream_names();
        CHECK(r7.empty());
        constexpr int count = 300;  // LIST gives 256 at a time
        int pending = count;
        std::error_code failure;
        for (int i = 0; i < count; ++i) {
            const stream_config c = f.in_memory("S" + std::to_string(1000 + i), {(i % 2 == 0 ? "even." : "odd.") + std::to_string(i)});
            f.js.async_create_stream(c, {.timeout = 30s}, [&](std::error_code ec, const stream_info&) {
                if (ec) failure = ec;
                --pending;
            });
        }
        while (pending > 0) co_await f.pause(5ms);
        REQUIRE_FALSE(failure);

        const std::vector<stream_info> all = co_await f.js.async_list_streams({}, {.timeout = 30s});
        REQUIRE(all.size() == count);
        const std::vector<stream_info> odd = co_await f.js.async_list_streams("odd.>", {.timeout = 30s});
        CHECK(odd.size() == count / 2);
        for (const stream_info& s : odd) CHECK(s.config.subjects.at(0).starts_with("odd."));
        const std::vector<std::string> names = co_await f.js.async_list_stream_names({}, {.timeout = 30s});
        REQUIRE(names.size() == count);
        for (int i = 0; i < count; ++i) {
            CHECK(names[static_cast<std::size_t>(i)] == "S" + std::to_string(1000 + i));
            CHECK(all[static_cast<std::size_t>(i)].config.name == "S" + std::to_string(1000 + i));
        }
        const auto r8 = co_await f.js.async_list_stream_names("even.7");
        CHECK(r8.empty());
        const auto r9 = co_await f.js.async_list_stream_names("even.8");
        CHECK(r9 == std::vector<std::string>(1, "S1008"));
    };
    f.run(user);
}

TEST_CASE("F16 W20: names and subjects that are not valid are refused before a byte is sent") {
    jetstream_fixture f;
    auto user = [&]() -> asio::awaitable<void> {
        const auto sent = f.nc.stats().socket_out_bytes;
        const stream_config dotted = f.in_memory("a.b", {"s"});
        auto [a, a_] = co_await f.js.async_create_stream(dotted, {}, use_tuple);
        CHECK(a == js_errc::invalid_stream_name);
        auto [b, b_] = co_await f.js.async_update_stream(dotted, {}, use_tuple);
        CHECK(b == js_errc::invalid_stream_name);
        auto [c, c_] = co_await f.js.async_stream_info("a b", {}, use_tuple);
        CHECK(c == js_errc::invalid_stream_name);
        auto [d] = co_await f.js.async_delete_stream("", {}, use_tuple);
        CHECK(d == js_errc::invalid_stream_name);
        auto [e, e_] = co_await f.js.async_purge_stream("*", {}, use_tuple);
        CHECK(e == js_errc::invalid_stream_name);
        auto [g, g_] = co_await f.js.async_list_streams("a b", {}, use_tuple);
        CHECK(g == errc::invalid_subject);
        auto [h, h_] = co_await f.js.async_list_stream_names("a..b", {}, use_tuple);
        CHECK(h == errc::invalid_subject);
        const stream_config bad_subject = f.in_memory("S", {"a..b"});
        auto [i, i_] = co_await f.js.async_create_stream(bad_subject, {}, use_tuple);
        CHECK(i == errc::invalid_subject);
        auto [j, j_] = co_await f.js.async_stream_info("S", {.timeout = -1ms}, use_tuple);
        CHECK(j == errc::invalid_option);
        auto [k, k_] = co_await f.js.async_get_message("S", {}, use_tuple);
        CHECK(k == js_errc::invalid_config);
        auto [l] = co_await f.js.async_delete_consumer("S", "a.b", {}, use_tuple);
        CHECK(l == js_errc::invalid_consumer_name);
        auto [m, m_] = co_await f.js.async_publish("a b", "x", {}, use_tuple);
        CHECK(m == errc::invalid_subject);
        auto [n, n_] = co_await f.js.async_publish("a", "x", {.msg_id = "1\r\n2"}, use_tuple);
        CHECK(n == errc::invalid_header_value);
        auto [o, o_] = co_await f.js.async_publish("a", "x", {.ttl = -1s}, use_tuple);
        CHECK(o == errc::invalid_option);
        for (const std::error_code ec : {a, b, c, d, e, g, h, i, j, k, l, m, n, o}) CHECK(ec == condition::invalid_argument);
        CHECK(f.nc.stats().socket_out_bytes == sent);
    };
    f.run(user);
}
