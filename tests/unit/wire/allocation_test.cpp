// The steady state allocates nothing: counted.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <new>
#include <string>

#include <slipstream/headers.hpp>

#include "protocol/wire/encoder.hpp"
#include "protocol/wire/frame_walker.hpp"
#include "protocol/wire/parser.hpp"
#include "tests/support/alloc_counter.hpp"

using namespace slipstream;
using test::allocation_counter;

TEST_CASE("performance: the counter counts, and fails the allocation it is told to") {
    const allocation_counter counter;
    void* const one = ::operator new(10);  // calls that no compiler may leave out
    CHECK(counter.count() == 1);
    void* const two = ::operator new[](10);
    CHECK(counter.count() == 2);
    ::operator delete(one);
    ::operator delete[](two);
    const test::failing_allocation failing(1);
    CHECK_THROWS_AS((void)::operator new(10), std::bad_alloc);
    CHECK_NOTHROW(::operator delete(::operator new(10)));
    CHECK(counter.count() == 4);
}

TEST_CASE("performance: the parser never allocates, also for frames in pieces and for errors") {
    const std::string subject(200, 's');
    const std::string script =
        "INFO {\"a\":1}\r\nMSG " + subject +
        " 1 5\r\nhello\r\nHMSG a 1 r 12 14\r\nNATS/1.0\r\n\r\nhi\r\nPING\r\nPONG\r\n+OK\r\n-ERR 'x'\r\nMSG a 1 x\r\n";
    std::uint64_t ops = 0;
    std::uint64_t errors = 0;
    const allocation_counter counter;
    for (std::size_t step = 1; step < script.size(); ++step) {
        wire::parser parser;
        std::string_view rest = script;
        for (std::size_t end = step; !rest.empty(); end += step) {
            const std::size_t consumed = script.size() - rest.size();
            const std::size_t visible = std::min(end, script.size()) - consumed;
            const wire::parse_result result = parser.next(rest.substr(0, visible));
            if (result.status == wire::parse_status::op) {
                ++ops;
                rest.remove_prefix(result.op.consumed);
                end -= step;
            } else if (result.status == wire::parse_status::error) {
                ++errors;
                break;
            }
        }
    }
    CHECK(counter.count() == 0);
    CHECK(errors == script.size() - 1);
    CHECK(ops == 7 * (script.size() - 1));
}

TEST_CASE("performance: reading headers never allocates") {
    const std::string block = "NATS/1.0 404 No Messages\r\nNats-Stream: KV_config\r\nNats-Sequence: 123\r\nNats-Sequence: 124\r\n\r\n";
    std::size_t sum = 0;
    const allocation_counter counter;
    for (int i = 0; i < 100; ++i) {
        const header_view view(block);
        sum += static_cast<std::size_t>(view.status()) + view.description().size();
        sum += view.get("Nats-Stream").value_or("").size() + view.get_last("Nats-Sequence").value_or("").size();
        for (const header& h : view) sum += h.name.size();
    }
    CHECK(counter.count() == 0);
    CHECK(sum == 100 * (404 + 11 + 9 + 3 + 11 + 13 + 13));
}

TEST_CASE("performance: the encoder allocates nothing once its buffer has grown") {
    wire::write_buffer out;
    const std::string payload(1000, 'x');
    header_map headers;
    REQUIRE_FALSE(headers.append("Nats-Msg-Id", "42"));
    const auto round = [&] {
        for (std::uint64_t sid = 1; sid < 50; ++sid) {
            encode_sub(out, "foo.*", "workers", sid);
            encode_pub(out, "foo.bar", "_INBOX.1.2", payload);
            encode_hpub(out, "foo.bar", "", headers.block(), payload);
            encode_unsub(out, sid, 10);
            encode_ping(out);
            encode_pong(out);
        }
        out.clear();
    };
    round();
    const allocation_counter counter;
    for (int i = 0; i < 100; ++i) round();
    CHECK(counter.count() == 0);
    CHECK(out.empty());
}

TEST_CASE("performance: walking frames never allocates") {
    wire::write_buffer out;
    encode_sub(out, "foo.*", "workers", 1);
    encode_pub(out, "foo.bar", "_INBOX.1.2", "payload");
    int frames = 0;
    const allocation_counter counter;
    for (wire::frame_walker walk(out.view()); walk.next() == wire::walk_status::frame;) ++frames;
    CHECK(counter.count() == 0);
    CHECK(frames == 2);
}
