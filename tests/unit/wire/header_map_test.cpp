// Headers to send: nothing that goes in can be read as anything else.
#include <slipstream/headers.hpp>

#include <doctest/doctest.h>

#include <new>
#include <ostream>
#include <string>

#include <slipstream/error.hpp>

#include "tests/support/alloc_counter.hpp"

using slipstream::errc;
using slipstream::header;
using slipstream::header_map;

TEST_CASE("protocol 6: the block is complete after every change") {
    header_map map;
    CHECK(map.empty());
    CHECK(map.block().empty());
    CHECK_FALSE(map.append("A", "1"));
    CHECK(map.block() == "NATS/1.0\r\nA: 1\r\n\r\n");
    CHECK_FALSE(map.append("B", ""));
    CHECK_FALSE(map.append("A", "2"));
    CHECK(map.block() == "NATS/1.0\r\nA: 1\r\nB: \r\nA: 2\r\n\r\n");
    CHECK_FALSE(map.set("A", "3"));
    CHECK(map.block() == "NATS/1.0\r\nA: 3\r\nB: \r\n\r\n");
    CHECK_FALSE(map.set("C", "4"));
    CHECK(map.block() == "NATS/1.0\r\nA: 3\r\nB: \r\nC: 4\r\n\r\n");
    map.erase("nothing");
    map.erase("A");
    CHECK(map.block() == "NATS/1.0\r\nB: \r\nC: 4\r\n\r\n");
    CHECK(map.view().get("C") == "4");
    map.erase("B");
    map.erase("C");
    CHECK(map.empty());
    CHECK(map.block().empty());
    CHECK_FALSE(map.append("A", "1"));
    map.clear();
    CHECK(map.empty());
}

TEST_CASE("protocol 6: blanks around a value are cut, as every reader does; the case of names is kept") {
    header_map map;
    CHECK_FALSE(map.append("Nats-Msg-Id", " \tB "));
    CHECK_FALSE(map.append("nats-msg-id", "\t"));
    CHECK_FALSE(map.append("X", "in  the\tmiddle"));
    CHECK(map.block() == "NATS/1.0\r\nNats-Msg-Id: B\r\nnats-msg-id: \r\nX: in  the\tmiddle\r\n\r\n");
    map.erase("Nats-Msg-Id");
    CHECK(map.view().get("nats-msg-id") == "");
}

TEST_CASE("A23: header names are printable ASCII without a colon, at least one") {
    for (int c = 0; c < 256; ++c) {
        const std::string name{'A', static_cast<char>(c), 'B'};
        header_map map;
        const bool good = c > 32 && c < 127 && c != ':';
        INFO("byte ", c);
        CHECK(map.append(name, "v") == (good ? std::error_code() : make_error_code(errc::invalid_header_name)));
        CHECK(map.set(name, "v") == (good ? std::error_code() : make_error_code(errc::invalid_header_name)));
        CHECK(map.empty() == !good);
    }
    header_map map;
    CHECK(map.append("", "v") == errc::invalid_header_name);
    CHECK(map.append("A\r\nB", "v") == errc::invalid_header_name);
    CHECK(map.append("\xc3\xa9", "v") == errc::invalid_header_name);
    CHECK(map.empty());
}

TEST_CASE("A23: header values hold everything but CR, LF and NUL") {
    for (int c = 0; c < 256; ++c) {
        const std::string value{'a', static_cast<char>(c), 'b'};
        header_map map;
        const bool good = c != '\r' && c != '\n' && c != 0;
        INFO("byte ", c);
        CHECK(map.append("A", value) == (good ? std::error_code() : make_error_code(errc::invalid_header_value)));
        CHECK(map.empty() == !good);
        if (good) CHECK(map.view().get("A") == value);
    }
    header_map map;
    CHECK_FALSE(map.append("A", "1"));
    CHECK(map.set("A", "x\r\nEvil: 1") == errc::invalid_header_value);
    CHECK(map.append("B", "\n") == errc::invalid_header_value);
    CHECK(map.block() == "NATS/1.0\r\nA: 1\r\n\r\n");
}

TEST_CASE("A23: a list with a bad header throws the code") {
    const header_map good{{"A", "1"}, {"B", "2"}};
    CHECK(good.block() == "NATS/1.0\r\nA: 1\r\nB: 2\r\n\r\n");
    const auto code_of = [](header bad) -> std::error_code {
        try {
            const header_map map{{"A", "1"}, bad};
        } catch (const std::system_error& e) {
            return e.code();
        }
        return {};
    };
    CHECK(code_of({"B", "2"}) == std::error_code());
    CHECK(code_of({"B:", "2"}) == errc::invalid_header_name);
    CHECK(code_of({"B", "2\r"}) == errc::invalid_header_value);
}

TEST_CASE("D14: names and values may be views of the map itself") {
    header_map map;
    CHECK_FALSE(map.append("First", "value one"));
    for (int i = 0; i < 20; ++i) {
        const header first = *map.view().begin();
        CHECK_FALSE(map.append(first.name, first.value));
    }
    CHECK(map.view().get_last("First") == "value one");
    CHECK_FALSE(map.set(map.view().begin()->name, map.view().begin()->value));
    CHECK(map.block() == "NATS/1.0\r\nFirst: value one\r\n\r\n");
    map.erase(map.view().begin()->name);
    CHECK(map.empty());
}

TEST_CASE("D13: what is sent is what is read") {
    header_map map;
    for (int i = 0; i < 300; ++i) CHECK_FALSE(map.append("Name-" + std::to_string(i % 7), "value:" + std::to_string(i)));
    int i = 0;
    for (const header& h : slipstream::header_view(map.block())) {
        CHECK(h == header{"Name-" + std::to_string(i % 7), "value:" + std::to_string(i)});
        ++i;
    }
    CHECK(i == 300);
    header_map copy = map;
    CHECK(copy.block() == map.block());
}

TEST_CASE("performance: a cleared map keeps its memory") {
    header_map map;
    const auto fill = [&map] {
        map.clear();
        (void)map.append("Nats-Expected-Last-Subject-Sequence", "1234567890");
        (void)map.append("KV-Operation", "PURGE");
        (void)map.append("Nats-Rollup", "sub");
    };
    fill();
    const slipstream::test::allocation_counter counter;
    for (int i = 0; i < 100; ++i) fill();
    CHECK(counter.count() == 0);
}

TEST_CASE("H9: when memory runs out the map is as it was") {
    const std::string long_value(500, 'x');
    for (const int operation : {0, 1, 2}) {
        bool failed = true;
        for (std::uint64_t nth = 1; failed; ++nth) {
            REQUIRE(nth < 20);
            header_map map{{"A", "1"}, {"B", "2"}, {"A", "3"}};
            const std::string before(map.block());
            failed = false;
            try {
                const slipstream::test::failing_allocation failing(nth);
                if (operation == 0) (void)map.append("C", long_value);
                if (operation == 1) (void)map.set("A", long_value);
                if (operation == 2) map.erase("A");
            } catch (const std::bad_alloc&) {
                failed = true;
            }
            CHECK((map.block() == before) == failed);
            CHECK(failed == (nth == 1));  // each of them allocates once
        }
    }
}
