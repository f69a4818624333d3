// Ordered consumers against a server made of a script: orders of arrival and faults that a healthy server does not show.
#include <sstream>

#include <slipstream/subject.hpp>

#include "tests/integration/ordered_support.hpp"
#include "tests/support/scripted_peer.hpp"

using namespace slipstream;
using namespace slipstream::test;
using jetstream::deliver_policy;
using jetstream::disposition;
using jetstream::ordered_consumer;
using jetstream::ordered_options;
using sequences = std::vector<std::uint64_t>;

namespace {

/// What a client publishes or subscribes.
struct operation {
    std::string verb;
    std::string subject;
    std::string reply;
    std::string payload;
};

/// The server's side of one connection, for JetStream's subjects.
class stream_peer {
public:
    explicit stream_peer(peer_connection connection) : connection_(std::move(connection)) {}

    asio::awaitable<operation> next() {
        for (;;) {
            const std::string line = co_await connection_.line();
            std::istringstream in(line);
            std::vector<std::string> words;
            for (std::string word; in >> word;) words.push_back(word);
            operation out;
            out.verb = words.front();
            if (out.verb == "PING") {
                co_await connection_.send("PONG\r\n");
                continue;
            }
            if (out.verb == "PONG") continue;
            if (out.verb == "SUB") {
                sids_.emplace_back(words[1], words.back());
                continue;
            }
            if (out.verb == "UNSUB") {
                std::erase_if(sids_, [&](const auto& s) { return s.second == words[1]; });
                continue;
            }
            out.subject = words[1];
            if (words.size() > 3) out.reply = words[2];
            out.payload = co_await connection_.bytes(std::stoul(words.back()) + 2);
            out.payload.resize(out.payload.size() - 2);
            co_return out;
        }
    }
    /// The next request to an API subject that begins so; others in between are a failure.
    asio::awaitable<operation> api(std::string beginning) {
        operation out = co_await next();
        CAPTURE(out.subject);
        REQUIRE(out.subject.starts_with("$JS.API." + beginning));
        co_return out;
    }
    asio::awaitable<operation> creation() {
        operation out = co_await api("CONSUMER.CREATE.S.");
        inbox_ = out.payload.substr(out.payload.find("\"deliver_subject\":\"") + 19);
        inbox_ = inbox_.substr(0, inbox_.find('"'));
        co_return out;
    }
    asio::awaitable<void> answer(const operation& request, std::string payload) { co_await send(request.reply, {}, std::move(payload)); }
    asio::awaitable<void> created(const operation& request, std::uint64_t pending, std::uint64_t after) {
        std::string reply = R"({"stream_name":"S","name":"c","created":"2026-01-02T03:04:05Z","config":{"ack_policy":"none"},)";
        reply += R"("ack_floor":{"consumer_seq":0,"stream_seq":0},"delivered":{"consumer_seq":0,"stream_seq":)" + std::to_string(after);
        reply += R"(},"num_pending":)" + std::to_string(pending) + "}";
        co_await answer(request, std::move(reply));
    }
    asio::awaitable<void> stream_is(const operation& request, std::uint64_t first, std::uint64_t last) {
        std::string reply = R"({"config":{"name":"S","subjects":["s.>"]},"created":"2026-01-01T00:00:00Z",)";
        reply +=
            R"("state":{"messages":1,"bytes":1,"first_seq":)" + std::to_string(first) + R"(,"last_seq":)" + std::to_string(last) + "}}";
        co_await answer(request, std::move(reply));
    }
    asio::awaitable<void> message(std::uint64_t consumer_sequence, std::uint64_t stream_sequence, std::uint64_t pending) {
        co_await deliver("s.a", "$JS.ACK.S.c.1." + std::to_string(stream_sequence) + "." + std::to_string(consumer_sequence) +
                                    ".1700000000000000000." + std::to_string(pending));
    }
    asio::awaitable<void> deliver(std::string subject, std::string reply) {
        co_await connection_.send("MSG " + subject + " " + sid(inbox_) + " " + reply + " 1\r\nx\r\n");
    }
    asio::awaitable<void> status(std::string reply, std::string block) {
        const std::string size = std::to_string(block.size());
        co_await connection_.send("HMSG " + inbox_ + " " + sid(inbox_) + " " + reply + (reply.empty() ? "" : " ") + size + " " + size +
                                  "\r\n" + block + "\r\n");
    }
    [[nodiscard]] std::string sid(const std::string& subject) const {
        for (const auto& [pattern, id] : sids_) {
            if (subject_matches(pattern, subject)) return id;
        }
        return "9999";
    }
    [[nodiscard]] const std::string& inbox() const noexcept { return inbox_; }
    peer_connection& connection() noexcept { return connection_; }

private:
    asio::awaitable<void> send(std::string subject, std::string reply, std::string payload) {
        co_await connection_.send("MSG " + subject + " " + sid(subject) + " " + reply + std::to_string(payload.size()) + "\r\n" + payload +
                                  "\r\n");
    }

    peer_connection connection_;
    std::vector<std::pair<std::string, std::string>> sids_;
    std::string inbox_;
};

/// Plays `server` against an ordered consumer; ends when the script ends.
template <class Server>
void against(Server& server, const ordered_options& options, ordered_recorder& told, ordered_consumer& consumer) {
    asio::io_context io;
    scripted_peer peer(io);
    connect_options o;
    o.servers = {peer.url()};
    client nc(io.get_executor(), o);
    auto whole = [&]() -> asio::awaitable<void> {
        peer_connection connection = co_await peer.accept();
        co_await connection.handshake();
        stream_peer stream(std::move(connection));
        co_await server(stream);
    };
    auto user = [&]() -> asio::awaitable<void> {
        co_await nc.async_connect();
        consumer = ordered_consumer(jetstream::context(nc), "S", options, told);
    };
    play(io, whole, user);
    consumer = {};
    nc.close();
    CHECK(runs_out(io));
}

ordered_options from(std::uint64_t sequence, bool facts = false) {
    ordered_options o;
    o.start = {.policy = deliver_policy::by_start_sequence, .sequence = sequence};
    o.stream_facts = facts;
    return o;
}

}  // namespace

TEST_CASE("S69, S103, F8: what is asked for: interest first, then a named consumer without acknowledgements") {
    ordered_recorder told;
    ordered_consumer consumer;
    auto server = [&](stream_peer& s) -> asio::awaitable<void> {
        const operation create = co_await s.creation();
        CHECK(s.sid(s.inbox()) != "9999");
        for (const char* const member : {R"("deliver_policy":"by_start_sequence")", R"("opt_start_seq":5)", R"("ack_policy":"none")",
                                         R"("max_deliver":1)", R"("flow_control":true)", R"("idle_heartbeat":2000000000)",
                                         R"("inactive_threshold":30000000000)", R"("mem_storage":true)", R"("num_replicas":1)"}) {
            CAPTURE(member);
            CHECK(create.payload.find(member) != std::string::npos);
        }
        co_await s.created(create, 1, 4);
        co_await s.message(1, 5, 0);
        while (told.caught_up == 0) co_await asio::post(s.connection().socket().get_executor(), asio::use_awaitable);
    };
    against(server, from(5), told, consumer);
    CHECK(told.sequences == sequences{5});
}

TEST_CASE("G15, W1: deliveries before the creation's reply and before the start was checked are kept, in order; flow control waits") {
    ordered_recorder told;
    ordered_consumer consumer;
    auto server = [&](stream_peer& s) -> asio::awaitable<void> {
        const operation create = co_await s.creation();
        const operation info = co_await s.api("STREAM.INFO.S");
        co_await s.message(1, 5, 3);
        co_await s.created(create, 4, 4);
        co_await s.message(2, 6, 2);
        co_await s.status("$JS.FC.S.c.1", "NATS/1.0 100 FlowControl Request\r\n\r\n");
        co_await s.message(3, 7, 1);
        CHECK(told.sequences.empty());
        co_await s.stream_is(info, 1, 8);
        const operation answer = co_await s.next();
        CHECK(answer.subject == "$JS.FC.S.c.1");
        CHECK(told.sequences == sequences{5, 6, 7});
        co_await s.message(4, 8, 0);
        while (told.caught_up == 0) co_await asio::post(s.connection().socket().get_executor(), asio::use_awaitable);
    };
    against(server, from(5, true), told, consumer);
    CHECK(told.sequences == sequences{5, 6, 7, 8});
    CHECK(told.restarts.empty());
}

TEST_CASE("F5, F8, G20: a gap: the old consumer is let go and deleted, the next begins behind the last message, late ones do not count") {
    ordered_recorder told;
    ordered_consumer consumer;
    auto server = [&](stream_peer& s) -> asio::awaitable<void> {
        const operation create = co_await s.creation();
        co_await s.created(create, 9, 4);
        co_await s.message(1, 5, 8);
        const std::string old_sid = s.sid(s.inbox());
        co_await s.message(3, 7, 6);
        const operation removal = co_await s.api("CONSUMER.DELETE.S.");
        CHECK(s.sid(s.inbox()) == "9999");  // unsubscribed before
        const operation again = co_await s.creation();
        CHECK(again.subject != create.subject);
        CHECK(again.payload.find(R"("opt_start_seq":6)") != std::string::npos);
        co_await s.connection().send("MSG s.a " + old_sid + " $JS.ACK.S.c.1.8.4.1700000000000000000.5 1\r\nx\r\n");
        co_await s.answer(removal, R"({"success":true})");
        co_await s.created(again, 2, 5);
        co_await s.message(1, 6, 1);
        co_await s.message(2, 7, 0);
        while (told.caught_up == 0) co_await asio::post(s.connection().socket().get_executor(), asio::use_awaitable);
    };
    against(server, from(5), told, consumer);
    CHECK(told.sequences == sequences{5, 6, 7});
    CHECK(told.restarts == std::vector{jetstream::restart_reason::gap});
}

TEST_CASE("A19, G13: a place that cannot be read ends the consumer; it is never taken for 0") {
    for (const char* const ack : {"$JS.ACK.S.c.1.5.1.1700000000000000000.0.x", "$JS.ACK.S.c.1.18446744073709551616.1.1700000000000000000.0",
                                  "$JS.ACK.S.c.1..1.1.0"}) {
        ordered_recorder told;
        ordered_consumer consumer;
        auto server = [&](stream_peer& s) -> asio::awaitable<void> {
            const operation create = co_await s.creation();
            co_await s.created(create, 1, 4);
            co_await s.deliver("s.a", ack);
            static_cast<void>(co_await s.api("CONSUMER.DELETE.S."));
        };
        against(server, from(5), told, consumer);
        CHECK(told.ended);
        CHECK(told.reason() == jetstream::errc::invalid_response);
        CHECK(told.sequences.empty());
    }
}

TEST_CASE("A22, W39: foreign messages on the inbox do not count, a final status begins again") {
    ordered_recorder told;
    ordered_consumer consumer;
    auto server = [&](stream_peer& s) -> asio::awaitable<void> {
        const operation create = co_await s.creation();
        co_await s.created(create, 2, 4);
        co_await s.deliver("hello", "some.reply");
        co_await s.message(1, 5, 1);
        co_await s.status("", "NATS/1.0 409 Consumer Deleted\r\n\r\n");
        static_cast<void>(co_await s.api("CONSUMER.DELETE.S."));
        const operation again = co_await s.creation();
        co_await s.created(again, 1, 5);
        co_await s.message(1, 6, 0);
        while (told.caught_up == 0) co_await asio::post(s.connection().socket().get_executor(), asio::use_awaitable);
    };
    against(server, from(5), told, consumer);
    CHECK(told.sequences == sequences{5, 6});
    CHECK(told.restarts == std::vector{jetstream::restart_reason::server_status});
}

TEST_CASE("F17, F18: a creation whose reply is lost with the connection: deleted by name, made again under another") {
    ordered_recorder told;
    ordered_consumer consumer;
    asio::io_context io;
    scripted_peer peer(io);
    connect_options o;
    o.servers = {peer.url()};
    client nc(io.get_executor(), o);
    auto server = [&]() -> asio::awaitable<void> {
        std::string lost;
        {
            peer_connection connection = co_await peer.accept();
            co_await connection.handshake();
            stream_peer s(std::move(connection));
            lost = (co_await s.creation()).subject;
        }
        peer_connection connection = co_await peer.accept();
        co_await connection.handshake();
        stream_peer s(std::move(connection));
        const operation removal = co_await s.api("CONSUMER.DELETE.S.");
        CHECK(lost == "$JS.API.CONSUMER.CREATE.S." + removal.subject.substr(std::string("$JS.API.CONSUMER.DELETE.S.").size()));
        const operation again = co_await s.creation();
        CHECK(again.subject != lost);
        co_await s.created(again, 0, 4);
        while (told.caught_up == 0) co_await asio::post(io, asio::use_awaitable);
    };
    auto user = [&]() -> asio::awaitable<void> {
        co_await nc.async_connect();
        consumer = ordered_consumer(jetstream::context(nc), "S", from(5), told);
    };
    play(io, server, user);
    CHECK_FALSE(told.ended);
    consumer = {};
    nc.close();
    CHECK(runs_out(io));
}
