// Frames of the client, byte for byte, and the walk over them.
#include "protocol/wire/encoder.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <string>
#include <vector>

#include "protocol/wire/frame_walker.hpp"

using namespace slipstream;
using wire::frame_kind;
using wire::walk_status;
using wire::write_buffer;

namespace {

constexpr std::string_view block = "NATS/1.0\r\nBar: Baz\r\n\r\n";

template <class Encode>
std::string encoded(Encode encode) {
    write_buffer out;
    out.append("before");  // frames go behind what is there
    encode(out);
    return std::string(out.view().substr(6));
}

std::string pub(std::string_view subject, std::string_view reply_to, std::string_view payload) {
    const std::string frame = encoded([&](write_buffer& out) { encode_pub(out, subject, reply_to, payload); });
    CHECK(frame.size() == wire::publish_size({subject, reply_to, {}, payload}));
    return frame;
}

std::string hpub(std::string_view subject, std::string_view reply_to, std::string_view headers, std::string_view payload) {
    const std::string frame = encoded([&](write_buffer& out) { encode_hpub(out, subject, reply_to, headers, payload); });
    CHECK(frame.size() == wire::publish_size({subject, reply_to, headers, payload}));
    return frame;
}

/// One frame of every kind, and a few more.
std::string all_frames() {
    write_buffer out;
    encode_connect(out, R"({"verbose":false,"name":"a b"})");
    encode_ping(out);
    encode_sub(out, "foo.*", "", 1);
    encode_sub(out, "foo.>", "workers", 18446744073709551615U);
    encode_pub(out, "a", "", "");
    encode_pub(out, "a.b", "_INBOX.1", "\r\nPUB x 1\r\n");
    encode_hpub(out, "a", "", block, "hello");
    encode_hpub(out, "a", "r", block, "");
    encode_unsub(out, 1);
    encode_unsub(out, 2, 77);
    encode_pong(out);
    return std::string(out.view());
}

}  // namespace

TEST_CASE("protocol 1: PUB and HPUB") {
    CHECK(pub("foo", "", "hello") == "PUB foo 5\r\nhello\r\n");
    CHECK(pub("foo", "bar", "hello") == "PUB foo bar 5\r\nhello\r\n");
    CHECK(pub("foo", "", "") == "PUB foo 0\r\n\r\n");
    CHECK(pub("foo", "", std::string_view()) == "PUB foo 0\r\n\r\n");
    CHECK(hpub("foo", "", block, "hello") == "HPUB foo 22 27\r\n" + std::string(block) + "hello\r\n");
    CHECK(hpub("foo", "bar", block, "") == "HPUB foo bar 22 22\r\n" + std::string(block) + "\r\n");
    CHECK(pub("s", "", std::string_view("\0\r\n\xff", 4)) == std::string("PUB s 4\r\n\0\r\n\xff\r\n", 15));
}

TEST_CASE("protocol 1: sizes of every number of digits") {
    for (std::size_t size : {0U, 1U, 9U, 10U, 99U, 100U, 999U, 1000U, 9999U, 10'000U, 99'999U, 100'000U, 1'048'576U}) {
        const std::string payload(size, 'x');
        CHECK(pub("a", "", payload) == "PUB a " + std::to_string(size) + "\r\n" + payload + "\r\n");
        for (const std::string_view reply : {"", "r", "_INBOX.x"})
            CHECK(wire::publish_size_of_plain({"a", reply, {}, payload}) == pub("a", reply, payload).size());
        for (std::size_t length = 1; length < 40; ++length) {
            const std::string subject = std::string("subject.of.a.certain.length.and.some.more").substr(0, length);
            CHECK(pub(subject, "", payload) == "PUB " + subject + " " + std::to_string(size) + "\r\n" + payload + "\r\n");
        }
    }
}

TEST_CASE("protocol 1: SUB, UNSUB, PING, PONG, CONNECT") {
    CHECK(encoded([](write_buffer& out) { encode_sub(out, "foo", "", 7); }) == "SUB foo 7\r\n");
    CHECK(encoded([](write_buffer& out) { encode_sub(out, "foo", "q.r", 12); }) == "SUB foo q.r 12\r\n");
    CHECK(encoded([](write_buffer& out) { encode_unsub(out, 12); }) == "UNSUB 12\r\n");
    CHECK(encoded([](write_buffer& out) { encode_unsub(out, 12, 5); }) == "UNSUB 12 5\r\n");
    CHECK(encoded([](write_buffer& out) { encode_ping(out); }) == "PING\r\n");
    CHECK(encoded([](write_buffer& out) { encode_pong(out); }) == "PONG\r\n");
    CHECK(encoded([](write_buffer& out) { encode_connect(out, "{}"); }) == "CONNECT {}\r\n");
}

TEST_CASE("protocol 1.2: every integer is written as plain decimal digits") {
    std::vector<std::uint64_t> numbers{0, std::numeric_limits<std::uint64_t>::max()};
    for (std::uint64_t power = 1; power < std::numeric_limits<std::uint64_t>::max() / 10; power *= 10) {
        for (const std::uint64_t n : {power - 1, power, power + 1, 5 * power, 10 * power - 1}) numbers.push_back(n);
    }
    for (unsigned bit = 0; bit < 64; ++bit) {
        for (const std::uint64_t n : {(std::uint64_t{1} << bit) - 1, std::uint64_t{1} << bit}) numbers.push_back(n);
    }
    for (const std::uint64_t n : numbers) {
        CHECK(wire::encoder_detail::digits(n) == std::to_string(n).size());
        if (n >> 32 == 0) CHECK(wire::encoder_detail::digits_of_small(n) == std::to_string(n).size());
        CHECK(encoded([n](write_buffer& out) { encode_unsub(out, n); }) == "UNSUB " + std::to_string(n) + "\r\n");
        CHECK(encoded([n](write_buffer& out) { encode_sub(out, "a", "", n); }) == "SUB a " + std::to_string(n) + "\r\n");
    }
}

TEST_CASE("C13: the walk gives back every frame that was encoded") {
    const std::string bytes = all_frames();
    wire::frame_walker walk(bytes);
    std::size_t end = 0;
    const auto next = [&](frame_kind kind) {
        REQUIRE(walk.next() == walk_status::frame);
        const wire::frame& f = walk.current();
        CHECK(f.kind == kind);
        CHECK(f.begin == end);
        end = f.begin + f.size;
        CHECK(walk.offset() == end);
        return f;
    };
    next(frame_kind::connect);
    next(frame_kind::ping);
    CHECK(next(frame_kind::sub).subject == "foo.*");
    const wire::frame queue = next(frame_kind::sub);
    CHECK(queue.queue_group == "workers");
    CHECK(queue.sid == 18446744073709551615U);
    CHECK(next(frame_kind::pub).payload.empty());
    const wire::frame request = next(frame_kind::pub);
    CHECK(request.subject == "a.b");
    CHECK(request.reply_to == "_INBOX.1");
    CHECK(request.payload == "\r\nPUB x 1\r\n");
    const wire::frame with_headers = next(frame_kind::hpub);
    CHECK(with_headers.header_block == block);
    CHECK(with_headers.payload == "hello");
    CHECK(with_headers.reply_to.empty());
    CHECK(next(frame_kind::hpub).reply_to == "r");
    CHECK(next(frame_kind::unsub).max_messages == 0);
    const wire::frame unsub = next(frame_kind::unsub);
    CHECK(unsub.sid == 2);
    CHECK(unsub.max_messages == 77);
    next(frame_kind::pong);
    CHECK(end == bytes.size());
    CHECK(walk.next() == walk_status::end);
    CHECK(walk.next() == walk_status::end);
}

TEST_CASE("C13: cut at every byte, the walk finds the whole frames and reports the beginning of the next") {
    const std::string bytes = all_frames();
    std::vector<std::size_t> borders{0};
    for (wire::frame_walker walk(bytes); walk.next() == walk_status::frame;) borders.push_back(walk.offset());
    REQUIRE(borders.size() == 12);
    for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
        const std::string part = bytes.substr(0, cut);  // a copy, so that reading on is noticed
        wire::frame_walker walk(part);
        std::size_t frames = 0;
        walk_status status = walk.next();
        for (; status == walk_status::frame; status = walk.next()) ++frames;
        INFO("cut at ", cut);
        REQUIRE(frames < borders.size());
        CHECK(walk.offset() == borders[frames]);
        CHECK(status == (cut == borders[frames] ? walk_status::end : walk_status::incomplete));
        CHECK((frames + 1 == borders.size() || cut < borders[frames + 1]));
    }
}

TEST_CASE("C13: the walk stops at bytes that the encoder does not write") {
    for (const char* const script : {"x",
                                     "MSG a 1 1\r\nx\r\n",
                                     "pub a 1\r\nx\r\n",
                                     "PUB a\r\n",
                                     "PUB  1\r\n",
                                     "PUB a  1\r\nx\r\n",
                                     "PUB a b c 1\r\nx\r\n",
                                     "PUB a -1\r\n",
                                     "PUB a 1x\r\nx\r\n",
                                     "PUB a 1\nx\r\n",
                                     "PUB a 10\nx\r\n",
                                     "PUB a 1\r\nxyz\r\n",
                                     "PUB a 99999999999999999999\r\n",
                                     "HPUB a 5\r\nhello\r\n",
                                     "HPUB a 6 5\r\nhello\r\n",
                                     "HPUB a b c 1 5\r\nhello\r\n",
                                     "SUB a\r\n",
                                     "SUB a b c\r\n",
                                     "SUB a b 1 2\r\n",
                                     "UNSUB\r\n",
                                     "UNSUB x\r\n",
                                     "UNSUB 1 2 3\r\n",
                                     "UNSUB 1 \r\n",
                                     "PING \r\n",
                                     "PUB \r\n",
                                     "SUB \n"}) {
        INFO("script: ", script);
        wire::frame_walker walk(script);
        CHECK(walk.next() == walk_status::malformed);
        CHECK(walk.offset() == 0);
        CHECK(walk.next() == walk_status::malformed);
    }
    wire::frame_walker huge("PUB a 18446744073709551615\r\nx");
    CHECK(huge.next() == walk_status::incomplete);
}
