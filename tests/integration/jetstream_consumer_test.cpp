// Consumers on a real server.
#include "tests/integration/jetstream_support.hpp"

#include <slipstream/jetstream/ack_subject.hpp>

using namespace slipstream;
using namespace slipstream::test;
using jetstream::consumer_config;
using jetstream::consumer_info;
using js_errc = jetstream::errc;

namespace {

consumer_config push_to(std::string deliver_subject) {
    consumer_config c;
    c.deliver_subject = std::move(deliver_subject);
    c.ack_policy = jetstream::ack_policy::none;
    c.max_deliver = 1;
    c.flow_control = true;
    c.idle_heartbeat = 5s;
    c.mem_storage = true;
    c.num_replicas = 1;
    c.inactive_threshold = 30s;
    return c;
}

asio::awaitable<void> make_numbers(jetstream_fixture& f) {
    co_await f.make("S", "s.*");
    for (int i = 1; i <= 5; ++i) co_await f.js.async_publish("s." + std::to_string(i % 2), std::to_string(i));
}

}  // namespace

TEST_CASE("spec/jetstream.md 7: a push consumer delivers, and its ACK subjects are read") {
    jetstream_fixture f;
    auto user = [&]() -> asio::awaitable<void> {
        co_await make_numbers(f);
        const std::string inbox = f.nc.new_inbox();
        subscription in = f.nc.subscribe(inbox);
        consumer_config c = push_to(inbox);
        c.name = "w1";
        c.description = "of a test";
        c.metadata = {{"k", "v"}};
        const consumer_info made = co_await f.js.async_create_consumer("S", c);
        CHECK(made.stream_name == "S");
        CHECK(made.name == "w1");
        CHECK(made.num_pending == 5);
        CHECK(made.config.deliver_subject == inbox);
        CHECK(made.config.flow_control);
        CHECK(made.config.idle_heartbeat == 5s);
        CHECK(made.config.inactive_threshold == 30s);
        CHECK(made.config.ack_policy == jetstream::ack_policy::none);
        CHECK(made.config.mem_storage);
        CHECK(made.config.metadata == c.metadata);
        CHECK(made.delivered.stream_seq == 0);
        for (std::uint64_t i = 1; i <= 5; ++i) {
            const message m = co_await in.async_next();
            const auto info = jetstream::parse_ack_subject(m.reply_to());
            REQUIRE(info);
            CHECK(info->stream == "S");
            CHECK(info->consumer == "w1");
            CHECK(info->stream_sequence == i);
            CHECK(info->consumer_sequence == i);
            CHECK(info->delivered == 1);
            CHECK(info->pending == 5 - i);
            CHECK(m.payload() == std::to_string(i));
        }
        const consumer_info now = co_await f.js.async_consumer_info("S", "w1");
        CHECK(now.num_pending == 0);
        CHECK(now.delivered.stream_seq == 5);
        CHECK(now.push_bound);
        CHECK(now.created == made.created);
        const std::vector<consumer_info> all = co_await f.js.async_list_consumers("S");
        REQUIRE(all.size() == 1);
        CHECK(all[0].name == "w1");
        co_await f.js.async_delete_consumer("S", "w1");
        auto [gone, none] = co_await f.js.async_consumer_info("S", "w1", {}, use_tuple);
        CHECK(gone == js_errc::consumer_not_found);
        auto [twice] = co_await f.js.async_delete_consumer("S", "w1", {}, use_tuple);
        CHECK(twice == js_errc::consumer_not_found);
        const auto r1 = co_await f.js.async_list_consumers("S");
        CHECK(r1.empty());
    };
    f.run(user);
}

TEST_CASE("L2 A19: the newer ACK subjects, with and without a domain") {
    std::string config = "feature_flags: { js_ack_fc_v2: true }";
    std::string domain;
    SUBCASE("without a domain") {}
    SUBCASE("with a domain") { domain = "hub"; }
    nats_server_options o;
    {
        const nats_server probe(without_jetstream());
        if (probe.version() < server_version{2, 14, 0}) return;  // no such flag
    }
    o.jetstream = domain.empty();
    if (!domain.empty()) config += "\njetstream: { domain: hub }";
    o.config = config;
    jetstream_fixture f(o, {.domain = domain});
    auto user = [&]() -> asio::awaitable<void> {
        co_await make_numbers(f);
        const std::string inbox = f.nc.new_inbox();
        subscription in = f.nc.subscribe(inbox);
        const consumer_config c = push_to(inbox);
        const consumer_info made = co_await f.js.async_create_consumer("S", c);
        for (std::uint64_t i = 1; i <= 5; ++i) {
            const message m = co_await in.async_next();
            CAPTURE(m.reply_to());
            const auto info = jetstream::parse_ack_subject(m.reply_to());
            REQUIRE(info);
            CHECK(info->domain == domain);
            CHECK(info->stream == "S");
            CHECK(info->consumer == made.name);
            CHECK(info->stream_sequence == i);
            CHECK(info->pending == 5 - i);
        }
    };
    f.run(user);
}

TEST_CASE("F18: a consumer without a name gets one, and it is not the same twice") {
    jetstream_fixture f;
    auto user = [&]() -> asio::awaitable<void> {
        co_await make_numbers(f);
        const consumer_config c = push_to("deliver.here");
        const consumer_info one = co_await f.js.async_create_consumer("S", c);
        consumer_config elsewhere = c;
        elsewhere.deliver_subject = "deliver.there";
        const consumer_info two = co_await f.js.async_create_consumer("S", elsewhere);
        CHECK(one.name.size() >= 16);
        CHECK(one.name != two.name);
        CHECK(one.name.find('.') == std::string::npos);
        consumer_config durable;
        durable.durable_name = "d";
        const auto r2 = co_await f.js.async_create_consumer("S", durable);
        CHECK(r2.name == "d");
        const auto r3 = co_await f.js.async_list_consumers("S");
        CHECK(r3.size() == 3);
    };
    f.run(user);
}

TEST_CASE("F17: an equal consumer again is success, another one under the name is consumer_exists") {
    jetstream_fixture f;
    auto user = [&]() -> asio::awaitable<void> {
        co_await make_numbers(f);
        consumer_config c = push_to("deliver.here");
        c.name = "w";
        c.filter_subjects = {"s.1"};
        const consumer_info one = co_await f.js.async_create_consumer("S", c);
        CHECK(one.num_pending == 3);
        CHECK(one.config.filter_subjects == c.filter_subjects);
        const consumer_info two = co_await f.js.async_create_consumer("S", c);
        CHECK(two.created == one.created);
        consumer_config other = c;
        other.filter_subjects = {"s.0"};
        jetstream::error_info info;
        auto [ec, none] = co_await f.js.async_create_consumer("S", other, {.info = &info}, use_tuple);
        CHECK(ec == js_errc::consumer_exists);
        CHECK(ec == condition::conflict);
        CHECK(info.err_code == 10148);
        auto [no_stream, nothing] = co_await f.js.async_create_consumer("NOPE", c, {}, use_tuple);
        CHECK(no_stream == js_errc::stream_not_found);
        auto [no_list, empty] = co_await f.js.async_list_consumers("NOPE", {}, use_tuple);
        CHECK(no_list == js_errc::stream_not_found);
    };
    f.run(user);
}

TEST_CASE("S95 L22: several filters in one consumer; overlapping ones are refused") {
    jetstream_fixture f;
    auto user = [&]() -> asio::awaitable<void> {
        co_await make_numbers(f);
        consumer_config c = push_to("deliver.here");
        c.filter_subjects = {"s.1", "s.7"};
        const consumer_info made = co_await f.js.async_create_consumer("S", c);
        CHECK(made.num_pending == 3);
        CHECK(made.config.filter_subjects == c.filter_subjects);
        c.filter_subjects = {"s.*", "s.1"};
        jetstream::error_info info;
        auto [ec, none] = co_await f.js.async_create_consumer("S", c, {.info = &info}, use_tuple);
        CHECK(ec.value() == 10138);
        CHECK(info.err_code == 10138);
    };
    f.run(user);
}

TEST_CASE("W1 L10 L11: last per subject, and a start that the server had to move") {
    jetstream_fixture f;
    auto user = [&]() -> asio::awaitable<void> {
        co_await make_numbers(f);
        consumer_config last = push_to("deliver.last");
        last.deliver_policy = jetstream::deliver_policy::last_per_subject;
        const auto r4 = co_await f.js.async_create_consumer("S", last);
        CHECK(r4.num_pending == 2);  // no filter: `>` is sent for it

        consumer_config from = push_to("deliver.from");
        from.deliver_policy = jetstream::deliver_policy::by_start_sequence;
        from.opt_start_seq = 3;
        const consumer_info honoured = co_await f.js.async_create_consumer("S", from);
        CHECK(honoured.delivered.stream_seq == 2);
        CHECK(honoured.num_pending == 3);
        co_await f.js.async_purge_stream("S", {.sequence = 5});
        const consumer_info clamped = co_await f.js.async_create_consumer("S", from);
        CHECK(clamped.delivered.stream_seq == 4);  // the floor is 5
        CHECK(clamped.num_pending == 1);
    };
    f.run(user);
}
