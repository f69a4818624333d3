// Against answers that a healthy server does not give. A real server without JetStream carries the requests; a second client
// answers them from a script.
#include "tests/integration/jetstream_support.hpp"

#include <deque>
#include <optional>

using namespace slipstream;
using namespace slipstream::test;
using jetstream::consumer_config;
using jetstream::publish_ack;
using jetstream::stream_config;
using jetstream::stream_info;
using js_errc = jetstream::errc;

namespace {

std::string refusal(int err_code) {
    return R"({"error":{"code":400,"err_code":)" + std::to_string(err_code) + R"(,"description":"as the test says"},"stream":"S","seq":0})";
}

const std::string state = R"("created":"2026-01-02T03:04:05.6Z","state":{"messages":0,"bytes":0,"first_seq":0,"last_seq":0})";
const std::string stream = R"({"type":"x","config":{"name":"S","subjects":["s"]},)" + state + "}";

struct request_seen {
    std::string subject;
    std::string payload;
};

struct scripted_fixture : jetstream_fixture {
    scripted_fixture() : jetstream_fixture(without_jetstream()), peer(connected()) {
        answers_ = peer.subscribe("$JS.API.>", [this](const message_view& m) { answer(m); });
        publishes_ = peer.subscribe("s", [this](const message_view& m) { answer(m); });
        auto user = [&]() -> asio::awaitable<void> { co_await peer.async_flush(); };
        run(user);
    }
    ~scripted_fixture() { peer.close(); }

    client peer;
    std::vector<request_seen> seen;
    std::deque<std::optional<std::string>> script;  ///< One answer for each request; nothing = silence. Repeats the last one.

private:
    void answer(const message_view& m) {
        seen.push_back({std::string(m.subject()), std::string(m.payload())});
        const std::optional<std::string> text = script.empty() ? std::nullopt : script.front();
        if (script.size() > 1) script.pop_front();
        const std::string reply_to(m.reply_to());
        if (text) CHECK_FALSE(peer.publish(reply_to, *text));
    }

    subscription answers_;
    subscription publishes_;
};

}  // namespace

TEST_CASE("A20: garbage is invalid_response for every call, and never success") {
    scripted_fixture f;
    auto user = [&]() -> asio::awaitable<void> {
        const stream_config config = f.in_memory("S", {"s"});
        const consumer_config consuming;
        for (const std::string_view garbage : {"", "+OK", "{}", "null", "[]", "{\"success\":false}", "{\"total\":3}", "\xFF\xFE",
                                               "{\"stream\":\"S\"}", "{\"message\":{}}"}) {
            CAPTURE(garbage);
            f.script.assign(1, std::string(garbage));
            auto [a, a_] = co_await f.js.async_create_stream(config, {}, use_tuple);
            CHECK(a == js_errc::invalid_response);
            auto [b, b_] = co_await f.js.async_stream_info("S", {}, use_tuple);
            CHECK(b == js_errc::invalid_response);
            auto [c] = co_await f.js.async_delete_stream("S", {}, use_tuple);
            CHECK(c == js_errc::invalid_response);
            auto [d, d_] = co_await f.js.async_purge_stream("S", {}, use_tuple);
            CHECK(d == js_errc::invalid_response);
            auto [e, e_] = co_await f.js.async_list_streams({}, {}, use_tuple);
            CHECK(e == js_errc::invalid_response);
            auto [g, g_] = co_await f.js.async_list_stream_names({}, {}, use_tuple);
            CHECK(g == js_errc::invalid_response);
            auto [h, h_] = co_await f.js.async_get_message("S", {.sequence = 1}, use_tuple);
            CHECK(h == js_errc::invalid_response);
            auto [i, i_] = co_await f.js.async_get_message("S", {.sequence = 1, .direct = true}, use_tuple);
            CHECK(i == js_errc::invalid_response);
            auto [j, j_] = co_await f.js.async_create_consumer("S", consuming, {}, use_tuple);
            CHECK(j == js_errc::invalid_response);
            auto [k, k_] = co_await f.js.async_account_info({}, use_tuple);
            CHECK(k == js_errc::invalid_response);
            auto [l, l_] = co_await f.js.async_publish("s", "x", {}, use_tuple);
            CHECK(l == js_errc::invalid_response);
            CHECK(l == condition::outcome_unknown);
        }
    };
    f.run(user);
}

TEST_CASE("F19: `not just now` is tried again until the deadline, and then told") {
    scripted_fixture f;
    auto user = [&]() -> asio::awaitable<void> {
        f.script = {refusal(10008), refusal(10167), refusal(10008), stream};
        jetstream::error_info info;
        const stream_info made = co_await f.js.async_stream_info("S", {.info = &info});
        CHECK(made.config.name == "S");
        CHECK(f.seen.size() == 4);

        f.script = {refusal(10008)};
        std::error_code ec;
        for (int i = 0; i < 5 && (i == 0 || ec == errc::timeout); ++i) {  // the machine may stand still just before the deadline
            f.seen.clear();
            ec = std::get<0>(co_await f.js.async_stream_info("S", {.timeout = 400ms, .info = &info}, use_tuple));
        }
        CHECK(ec == js_errc::temporarily_unavailable);  // the server's word, not a timeout
        CHECK(ec == condition::transient);
        CHECK(info.err_code == 10008);
        CHECK(f.seen.size() >= 3);
        CHECK(f.seen.size() <= 8);

        f.seen.clear();
        f.script = {refusal(10163), std::string(R"({"stream":"S","seq":7})")};
        const publish_ack ack = co_await f.js.async_publish("s", "payload", {.expected_last_subject_sequence = 3});
        CHECK(ack.sequence == 7);
        REQUIRE(f.seen.size() == 2);
        CHECK(f.seen[1].payload == "payload");

        f.seen.clear();
        f.script = {refusal(10023)};
        auto [resources, nothing] = co_await f.js.async_stream_info("S", {}, use_tuple);
        CHECK(resources == js_errc::insufficient_resources);
        CHECK(f.seen.size() == 1);
    };
    f.run(user);
}

TEST_CASE("A21: pages: what is asked for, totals that change, a server that never brings anything") {
    scripted_fixture f;
    auto user = [&]() -> asio::awaitable<void> {
        f.script = {R"({"total":5,"offset":0,"limit":2,"streams":["a","b"]})", R"({"total":4,"offset":2,"limit":2,"streams":["c"]})",
                    R"({"total":4,"offset":3,"limit":2,"streams":["d"]})"};
        const std::vector<std::string> names = co_await f.js.async_list_stream_names("x.>");
        CHECK(names.size() == 4);
        CHECK(names.back() == "d");
        REQUIRE(f.seen.size() == 3);
        CHECK(f.seen[0].payload == R"({"subject":"x.>"})");
        CHECK(f.seen[1].payload == R"({"offset":2,"subject":"x.>"})");
        CHECK(f.seen[2].payload == R"({"offset":3,"subject":"x.>"})");

        f.seen.clear();
        f.script = {R"({"total":99,"offset":0,"limit":2,"streams":["a"]})", R"({"total":99,"offset":1,"limit":2,"streams":null})"};
        const std::vector<std::string> fewer = co_await f.js.async_list_stream_names();
        CHECK(fewer.size() == 1);
        CHECK(f.seen.size() == 2);

        f.seen.clear();
        f.script = {R"({"total":18446744073709551615,"offset":0,"limit":1,"streams":["a"]})"};
        const jetstream::context patient(f.nc, {.timeout = 120s});
        const stopwatch clock;
        auto [ec, endless] = co_await patient.async_list_stream_names({}, {.timeout = 200ms}, use_tuple);
        CHECK(ec == condition::timed_out);
        CHECK(endless.empty());
        CHECK(clock.elapsed() >= 200ms);

        // A page in the middle that has to be asked for again is not there twice.
        f.script = {R"({"total":3,"offset":0,"limit":2,"streams":["a","b"]})", refusal(10008),
                    R"({"total":3,"offset":2,"limit":2,"streams":["c"]})"};
        const std::vector<std::string> all = co_await f.js.async_list_stream_names();
        CHECK(all.size() == 3);
    };
    f.run(user);
}

TEST_CASE("S29 S30: answers of managed services to a creation") {
    scripted_fixture f;
    auto user = [&]() -> asio::awaitable<void> {
        const stream_config c = f.in_memory("S", {"s"});
        f.script = {R"({"error":{"code":10058,"description":"stream name already in use"}})"};
        auto [exists, a] = co_await f.js.async_create_stream(c, {}, use_tuple);
        CHECK(exists == js_errc::stream_name_in_use);
        f.script = {R"({"error":{"code":400,"description":"maximum number of streams reached"}})"};
        auto [limit, b] = co_await f.js.async_create_stream(c, {}, use_tuple);
        CHECK(limit == js_errc::maximum_streams);
        jetstream::error_info info;
        f.script = {R"({"error":{"code":403,"description":"insufficient permissions"}})"};
        auto [other, d] = co_await f.js.async_create_stream(c, {.info = &info}, use_tuple);
        CHECK(other == js_errc::unspecified);
        CHECK(info.code == 403);
        CHECK(info.description == "insufficient permissions");
    };
    f.run(user);
}
