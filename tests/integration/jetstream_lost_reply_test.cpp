// A connection that goes after a request has left and before its reply: byte for byte, against a scripted server.
#include "tests/integration/jetstream_support.hpp"

#include <optional>

using namespace slipstream;
using namespace slipstream::test;
using jetstream::consumer_config;
using jetstream::consumer_info;
using js_errc = jetstream::errc;

namespace {

struct request_line {
    std::string subject;
    std::string reply_to;
    std::string payload;
};

/// One connection of a server that takes requests and answers them by hand.
class api_connection {
public:
    explicit api_connection(peer_connection c) : connection_(std::move(c)) {}

    asio::awaitable<void> handshake() { co_await connection_.handshake(R"("headers":true)"); }

    asio::awaitable<request_line> next_request() {
        for (;;) {
            const std::string line = co_await connection_.line();
            const std::vector<std::string> words = split(line);
            if (words[0] == "SUB") inbox_sid_ = words.back();
            if (words[0] == "PING") co_await connection_.send("PONG\r\n");
            if (words[0] != "PUB") continue;
            REQUIRE(words.size() == 4);
            request_line out;
            out.subject = words[1];
            out.reply_to = words[2];
            out.payload = co_await connection_.bytes(std::stoul(words[3]));
            co_await connection_.expect("\r\n");
            co_return out;
        }
    }
    asio::awaitable<void> answer(const request_line& request, std::string text) {
        std::string frame = "MSG " + request.reply_to + " " + inbox_sid_ + " " + std::to_string(text.size()) + "\r\n" + text + "\r\n";
        co_await connection_.send(std::move(frame));
    }
    void close() { connection_.close(); }
    asio::awaitable<std::string> rest() { return connection_.rest(); }

private:
    static std::vector<std::string> split(const std::string& line) {
        std::vector<std::string> out(1);
        for (const char c : line) {
            if (c == ' ') out.emplace_back();
            else out.back().push_back(c);
        }
        return out;
    }

    peer_connection connection_;
    std::string inbox_sid_;
};

struct lost_reply_fixture {
    asio::io_context io{1};
    scripted_peer peer{io};
    client nc{io.get_executor(), options()};
    jetstream::context js{nc};

    connect_options options() const {
        connect_options o;
        o.servers = {peer.url()};
        o.reconnect_wait = 1ms;
        return o;
    }
    asio::awaitable<api_connection> accept() {
        api_connection c(co_await peer.accept());
        co_await c.handshake();
        co_return c;
    }
};

const std::string refused_name = R"({"error":{"code":400,"err_code":10148,"description":"consumer already exists"}})";

std::string consumer(const std::string& config) {
    return R"({"type":"x","stream_name":"S","name":"w","created":"2026-01-02T03:04:05Z","config":)" + config +
           R"(,"delivered":{"consumer_seq":0,"stream_seq":0},"ack_floor":{"consumer_seq":0,"stream_seq":0},"num_pending":0})";
}

}  // namespace

TEST_CASE("F17: a creation whose reply was lost is repeated; when the name is taken, the consumer that has it is looked at") {
    lost_reply_fixture f;
    std::string existing =
        R"({"name":"w","deliver_policy":"all","ack_policy":"explicit","replay_policy":"instant","max_ack_pending":1000,)"
        R"("max_deliver":-1,"max_waiting":512})";
    std::error_code expected;
    SUBCASE("it is the one of the first attempt") {}
    SUBCASE("it is another one") {
        existing = R"({"name":"w","deliver_policy":"new","ack_policy":"explicit","replay_policy":"instant"})";
        expected = js_errc::consumer_exists;
    }
    SUBCASE("it is gone again") {
        existing.clear();
        expected = js_errc::consumer_exists;
    }
    auto server = [&]() -> asio::awaitable<void> {
        api_connection one = co_await f.accept();
        const request_line first = co_await one.next_request();
        CHECK(first.subject == "$JS.API.CONSUMER.CREATE.S.w");
        one.close();
        api_connection two = co_await f.accept();
        const request_line second = co_await two.next_request();
        CHECK(second.subject == first.subject);
        CHECK(second.payload == first.payload);
        co_await two.answer(second, refused_name);
        const request_line look_up = co_await two.next_request();
        CHECK(look_up.subject == "$JS.API.CONSUMER.INFO.S.w");
        CHECK(look_up.payload.empty());
        std::string found = R"({"error":{"code":404,"err_code":10014,"description":"consumer not found"}})";
        if (!existing.empty()) found = consumer(existing);
        co_await two.answer(look_up, found);
        co_await two.rest();
    };
    auto user = [&]() -> asio::awaitable<void> {
        co_await f.nc.async_connect();
        consumer_config c;
        c.name = "w";
        auto [ec, made] = co_await f.js.async_create_consumer("S", c, {.timeout = 20s}, use_tuple);
        CHECK(ec == expected);
        CHECK(made.name == (expected ? "" : "w"));
        f.nc.close();
    };
    play(f.io, server, user);
}

TEST_CASE("F17: without a lost reply the refusal is the answer, and nothing is looked up") {
    lost_reply_fixture f;
    auto server = [&]() -> asio::awaitable<void> {
        api_connection one = co_await f.accept();
        const request_line first = co_await one.next_request();
        co_await one.answer(first, refused_name);
        const std::string rest = co_await one.rest();
        CHECK(rest.find("PUB") == std::string::npos);
    };
    auto user = [&]() -> asio::awaitable<void> {
        co_await f.nc.async_connect();
        consumer_config c;
        c.name = "w";
        auto [ec, none] = co_await f.js.async_create_consumer("S", c, {}, use_tuple);
        CHECK(ec == js_errc::consumer_exists);
        f.nc.close();
    };
    play(f.io, server, user);
}

TEST_CASE("W13: a deletion, a purge, an update and a publish are not repeated when their reply was lost") {
    lost_reply_fixture f;
    std::error_code expected = errc::connection_lost;
    std::function<asio::awaitable<std::error_code>()> call;
    SUBCASE("delete") {
        call = [&]() -> asio::awaitable<std::error_code> {
            auto [ec] = co_await f.js.async_delete_stream("S", {.timeout = 20s}, use_tuple);
            co_return ec;
        };
    }
    SUBCASE("purge") {
        call = [&]() -> asio::awaitable<std::error_code> {
            auto [ec, n] = co_await f.js.async_purge_stream("S", {.timeout = 20s}, use_tuple);
            co_return ec;
        };
    }
    SUBCASE("update") {
        call = [&]() -> asio::awaitable<std::error_code> {
            jetstream::stream_config c;
            c.name = "S";
            auto [ec, info] = co_await f.js.async_update_stream(c, {.timeout = 20s}, use_tuple);
            co_return ec;
        };
    }
    SUBCASE("publish") {
        expected = errc::outcome_unknown;
        call = [&]() -> asio::awaitable<std::error_code> {
            auto [ec, ack] = co_await f.js.async_publish("s", "x", {.timeout = 20s}, use_tuple);
            co_return ec;
        };
    }
    auto server = [&]() -> asio::awaitable<void> {
        api_connection one = co_await f.accept();
        co_await one.next_request();
        one.close();
        api_connection two = co_await f.accept();
        const std::string rest = co_await two.rest();
        CHECK(rest.find("PUB") == std::string::npos);
    };
    auto user = [&]() -> asio::awaitable<void> {
        co_await f.nc.async_connect();
        const std::error_code ec = co_await call();
        CHECK(ec == expected);
        CHECK(ec == condition::outcome_unknown);
        co_await f.nc.async_connect();  // joins the attempt in progress
        f.nc.close();
    };
    play(f.io, server, user);
}

TEST_CASE("E1 G1: a read whose reply was lost is repeated as often as needed, within its one deadline") {
    lost_reply_fixture f;
    auto server = [&]() -> asio::awaitable<void> {
        for (int i = 0; i < 3; ++i) {
            api_connection c = co_await f.accept();
            const request_line request = co_await c.next_request();
            CHECK(request.subject == "$JS.API.STREAM.MSG.GET.S");
            CHECK(request.payload == R"({"seq":7})");
            c.close();
        }
        api_connection last = co_await f.accept();
        const request_line request = co_await last.next_request();
        co_await last.answer(request, R"({"message":{"subject":"s","seq":7,"data":"eA==","time":"2026-01-02T03:04:05Z"}})");
        co_await last.next_request();  // of the second read, which is never answered
        co_await last.rest();
    };
    auto user = [&]() -> asio::awaitable<void> {
        co_await f.nc.async_connect();
        const jetstream::stored_message m = co_await f.js.async_get_message("S", {.sequence = 7, .timeout = 20s});
        CHECK(m.payload() == "x");
        const stopwatch clock;
        auto [ec, none] = co_await f.js.async_get_message("S", {.sequence = 7, .timeout = 50ms}, use_tuple);
        CHECK(ec == errc::timeout);
        CHECK(clock.elapsed() >= 50ms);
        f.nc.close();
    };
    play(f.io, server, user);
}
