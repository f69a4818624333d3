#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

#include "protocol/session/random.hpp"
#include "protocol/session/read_buffer.hpp"
#include "tests/support/alloc_counter.hpp"

namespace slipstream::session {
namespace {

void receive(read_buffer& buffer, std::string_view bytes, std::size_t frame_size = 0) {
    while (!bytes.empty()) {
        const std::span<char> space = buffer.prepare(frame_size);
        REQUIRE(!space.empty());
        const std::size_t n = std::min(space.size(), bytes.size());
        std::copy_n(bytes.begin(), n, space.begin());
        buffer.commit(n);
        bytes.remove_prefix(n);
    }
}

TEST_CASE("A10: bytes are consumed by offset and what is left stays, whole, for the next read") {
    read_buffer buffer;
    CHECK(buffer.unconsumed().empty());
    CHECK(buffer.capacity() == 0);
    receive(buffer, "PING\r\nMSG a 1 5\r\nhel");
    buffer.consume(6);
    CHECK(buffer.unconsumed() == "MSG a 1 5\r\nhel");
    receive(buffer, "lo\r\n");
    CHECK(buffer.unconsumed() == "MSG a 1 5\r\nhello\r\n");
    buffer.consume(buffer.unconsumed().size());
    CHECK(buffer.unconsumed().empty());
    CHECK(buffer.prepare().size() == read_buffer::initial_capacity);
}

TEST_CASE("A8: an announced size costs nothing; memory follows what was received") {
    read_buffer buffer;
    const std::size_t announced = std::size_t{64} * 1024 * 1024;
    std::size_t received = 0;
    receive(buffer, "MSG foo 1 67108864\r\n");
    received += 20;
    CHECK(buffer.prepare(announced).size() <= read_buffer::initial_capacity);
    CHECK(buffer.capacity() == read_buffer::initial_capacity);
    const std::string piece(10'000, 'x');
    while (received < 3'000'000) {
        receive(buffer, piece, announced);
        received += piece.size();
        REQUIRE(buffer.capacity() <= std::max(read_buffer::initial_capacity, 2 * received));
    }
    CHECK(buffer.unconsumed().size() == received);
}

TEST_CASE("A8: a large frame is assembled with linear copying and ends in a block of its own size") {
    read_buffer buffer;
    const std::size_t frame = 10'000'000;
    std::string text(frame, '\0');
    for (std::size_t i = 0; i < frame; ++i) text[i] = static_cast<char>('a' + i % 26);
    std::size_t moved = 0;
    std::size_t capacity = 0;
    for (std::size_t at = 0; at < frame;) {
        const std::size_t waiting = buffer.unconsumed().size();
        const std::span<char> space = buffer.prepare(frame);
        if (buffer.capacity() != capacity) moved += waiting;
        capacity = buffer.capacity();
        const std::size_t n = std::min({space.size(), frame - at, std::size_t{20'000}});
        std::copy_n(text.begin() + static_cast<std::ptrdiff_t>(at), n, space.begin());
        buffer.commit(n);
        at += n;
    }
    CHECK(buffer.unconsumed() == text);
    CHECK(moved < 2 * frame);
    CHECK(buffer.capacity() == frame);
}

TEST_CASE("A7: a line without end grows the block only to twice what came") {
    read_buffer buffer;
    std::size_t received = 0;
    for (int i = 0; i < 300; ++i) {
        receive(buffer, std::string(4096, 'a'));
        received += 4096;
        REQUIRE(buffer.capacity() <= std::max(read_buffer::initial_capacity, 2 * received));
    }
    CHECK(buffer.unconsumed() == std::string(received, 'a'));
}

TEST_CASE("I5: after one large message the memory goes back; while large ones keep coming it stays") {
    read_buffer buffer;
    const std::size_t frame = 8'000'000;
    receive(buffer, std::string(frame, 'x'), frame);
    buffer.consume(frame);
    const test::allocation_counter counter;
    for (int i = 0; i < 5; ++i) {
        receive(buffer, std::string_view("MSG a 1 5\r\nhello\r\n"));
        buffer.consume(18);
    }
    receive(buffer, std::string_view("MSG a"), frame);
    buffer.consume(5);
    CHECK(buffer.capacity() >= frame);
    CHECK(counter.count() == 0);
    for (int i = 0; i < 40; ++i) {
        receive(buffer, std::string_view("MSG a 1 5\r\nhello\r\n"));
        buffer.consume(18);
    }
    CHECK(buffer.capacity() == read_buffer::initial_capacity);
}

TEST_CASE("A9: a frame size that is already there says nothing, and a read always has room") {
    read_buffer buffer;
    receive(buffer, std::string(read_buffer::initial_capacity, 'a'), 10);
    CHECK(buffer.unconsumed().size() == read_buffer::initial_capacity);
    CHECK(buffer.prepare(10).size() >= read_buffer::least_space);
    // One byte is missing, the block has that byte: no growth.
    read_buffer exact;
    receive(exact, std::string(read_buffer::initial_capacity - 1, 'a'));
    CHECK(exact.prepare(read_buffer::initial_capacity).size() == 1);
    CHECK(exact.capacity() == read_buffer::initial_capacity);
}

TEST_CASE("A10: random reads and consumption lose, double and reorder nothing, and allocate nothing in steady state") {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        random_stream rng(seed);
        read_buffer buffer;
        unsigned char in = 0;
        unsigned char out = 0;
        std::size_t largest = 0;
        static_cast<void>(buffer.prepare());
        const test::allocation_counter counter;
        for (int step = 0; step < 500; ++step) {
            const std::span<char> space = buffer.prepare();
            const std::size_t n = std::min<std::size_t>(space.size(), rng.below(9000));
            for (std::size_t i = 0; i < n; ++i) space[i] = static_cast<char>(in++);
            buffer.commit(n);
            largest = std::max(largest, buffer.unconsumed().size());
            const std::size_t take = rng.below(2) == 0 ? buffer.unconsumed().size() : rng.below(buffer.unconsumed().size() + 1);
            bool right = true;
            for (const char c : buffer.unconsumed().substr(0, take)) right = right && static_cast<unsigned char>(c) == out++;
            REQUIRE(right);
            buffer.consume(take);
        }
        if (largest + read_buffer::least_space <= read_buffer::initial_capacity) REQUIRE(counter.count() == 0);
        buffer.clear();
        CHECK(buffer.unconsumed().empty());
    }
}

}  // namespace
}  // namespace slipstream::session
