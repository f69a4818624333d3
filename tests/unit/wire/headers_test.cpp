// Reading header blocks, which nobody has checked before us.
#include <slipstream/headers.hpp>

#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

#include <slipstream/message.hpp>

using namespace std::string_literals;
using namespace std::string_view_literals;
using slipstream::header;
using slipstream::header_view;

namespace {

using list = std::vector<std::pair<std::string, std::string>>;

list headers_of(std::string_view block) {
    const std::string exact(block);  // a sanitizer sees a read beyond the block
    list found;
    for (const header& h : header_view(exact)) found.emplace_back(h.name, h.value);
    return found;
}

}  // namespace

TEST_CASE("protocol 6: names, values, order and duplicates") {
    CHECK(headers_of("NATS/1.0\r\n\r\n").empty());
    CHECK(headers_of("NATS/1.0\r\nBar: Baz\r\n\r\n") == list{{"Bar", "Baz"}});
    CHECK(headers_of("NATS/1.0\r\nB: 1\r\nA: 2\r\nB: 3\r\nb: 4\r\n\r\n") == list{{"B", "1"}, {"A", "2"}, {"B", "3"}, {"b", "4"}});
    CHECK(headers_of("NATS/1.0\r\nTime: 12:30:00\r\n\r\n") == list{{"Time", "12:30:00"}});
    CHECK(headers_of("NATS/1.0\r\nA:1\r\nB:   2 \t \r\nC:\t3\r\nD : 4\r\n\r\n") == list{{"A", "1"}, {"B", "2"}, {"C", "3"}, {"D ", "4"}});
    CHECK(headers_of("NATS/1.0\r\nA: in  between\t\r\n\r\n") == list{{"A", "in  between"}});
}

TEST_CASE("A6: a block without NATS/1.0 shows nothing, whatever else is in it") {
    for (const char* const block :
         {"", "NATS/1.", "NATS/1.1\r\nA: b\r\n\r\n", "nats/1.0\r\nA: b\r\n\r\n", "NATS/1.0x\r\nA: b\r\n\r\n", "NATS/1.0503\r\nA: b\r\n\r\n",
          " NATS/1.0\r\nA: b\r\n\r\n", "A: b\r\n\r\n", "HTTP/1.1 200 OK\r\nA: b\r\n\r\n", "NATS/1.00\r\n\r\n", "NATS", "\r\n\r\n"}) {
        INFO("block: ", block);
        const header_view view{std::string_view(block)};
        CHECK_FALSE(view.valid());
        CHECK(view.empty());
        CHECK(view.begin() == view.end());
        CHECK(view.status() == 0);
        CHECK(view.description().empty());
        CHECK_FALSE(view.get("A").has_value());
        CHECK(view.block() == block);
    }
    CHECK_FALSE(header_view().valid());
    CHECK(header_view().empty());
}

TEST_CASE("A6: what is wrong inside a valid block is skipped or accepted") {
    for (const std::string_view start : {"NATS/1.0", "NATS/1.0\r", "NATS/1.0\n", "NATS/1.0 ", "NATS/1.0\t"}) {
        const std::string exact(start);
        CHECK(header_view(exact).valid());
    }
    CHECK(headers_of("NATS/1.0").empty());
    CHECK(headers_of("NATS/1.0\r").empty());
    CHECK(headers_of("NATS/1.0\n").empty());
    CHECK(headers_of("NATS/1.0\r\nA: b\r\n") == list{{"A", "b"}});            // no blank line
    CHECK(headers_of("NATS/1.0\r\nA: b") == list{{"A", "b"}});                // no line end either
    CHECK(headers_of("NATS/1.0\nA: b\nC: d\n\n") == list{{"A", "b"}, {"C", "d"}});  // LF only
    CHECK(headers_of("NATS/1.0\r\nA: b\r\n\r\nC: d\r\n") == list{{"A", "b"}});  // after the blank line
    CHECK(headers_of("NATS/1.0\r\nno colon\r\n: no name\r\nA: b\r\n\r\n") == list{{"A", "b"}});
    CHECK(headers_of("NATS/1.0\r\nA:\r\nB: \r\nC: \t \r\nD:\n\r\n") == list{{"A", ""}, {"B", ""}, {"C", ""}, {"D", ""}});
    CHECK(headers_of("NATS/1.0\r\nA:") == list{{"A", ""}});
    CHECK(headers_of("NATS/1.0\r\n:\r\n::\r\nA::b\r\n\r\n") == list{{"A", ":b"}});
    CHECK(headers_of("NATS/1.0\r\n folded: x\r\n\r\n") == list{{" folded", "x"}});
    CHECK(headers_of("NATS/1.0\r\nA: b\rc\r\n\r\n") == list{{"A", "b\rc"}});
    CHECK(headers_of("NATS/1.0\r\nA\0: b\0c\r\n\r\n"sv) == list{{"A\0"s, "b\0c"s}});
    CHECK(headers_of("NATS/1.0\r\nA: \xff\xfe\r\nB: \xc3\xa9\r\n\r\n") == list{{"A", "\xff\xfe"}, {"B", "\xc3\xa9"}});
}

TEST_CASE("A6: large blocks, many headers") {
    std::string block = "NATS/1.0\r\n";
    for (int i = 0; i < 5000; ++i) block += "Name-" + std::to_string(i) + ": value " + std::to_string(i) + "\r\n";
    block += "\r\n";
    const header_view view(block);
    CHECK(block.size() > 65536);
    CHECK(std::distance(view.begin(), view.end()) == 5000);
    CHECK(view.get("Name-4999") == "value 4999");
    const std::string long_value(200'000, 'v');
    CHECK(headers_of("NATS/1.0\r\nA: " + long_value + "\r\n\r\n") == list{{"A", long_value}});
}

TEST_CASE("protocol 6: the server looks at the first of several, direct get appends after a publisher's own") {
    const header_view view("NATS/1.0\r\nNats-Sequence: 1\r\nX: y\r\nNats-Sequence: 2\r\n\r\n");
    CHECK(view.get("Nats-Sequence") == "1");
    CHECK(view.get_last("Nats-Sequence") == "2");
    CHECK(view.get_last("X") == "y");
    CHECK_FALSE(view.get("nats-sequence").has_value());
    CHECK_FALSE(view.get("").has_value());
    CHECK_FALSE(view.get("Nats").has_value());
    CHECK_FALSE(view.get_last("Y").has_value());
}

TEST_CASE("protocol 6: iterators go forward, more than once") {
    const header_view view("NATS/1.0\r\nA: 1\r\nB: 2\r\n\r\n");
    auto it = view.begin();
    const auto first = it++;
    CHECK(first->name == "A");
    CHECK(it->name == "B");
    CHECK(first != it);
    CHECK(++it == view.end());
    CHECK(first->value == "1");
    CHECK(++it == view.end());  // stays there
    CHECK(view.begin() == view.begin());
}

TEST_CASE("A22: every status of the server, and what is none") {
    struct row {
        const char* block;
        int status;
        const char* description;
    };
    const row rows[] = {
        {"NATS/1.0 100 Idle Heartbeat\r\nNats-Last-Consumer: 1\r\n\r\n", 100, "Idle Heartbeat"},
        {"NATS/1.0 100 FlowControl Request\r\n\r\n", 100, "FlowControl Request"},
        {"NATS/1.0 204 EOB\r\n\r\n", 204, "EOB"},
        {"NATS/1.0 404 No Messages\r\n\r\n", 404, "No Messages"},
        {"NATS/1.0 408 Request Timeout\r\n\r\n", 408, "Request Timeout"},
        {"NATS/1.0 409 Message Size Exceeds MaxBytes\r\n\r\n", 409, "Message Size Exceeds MaxBytes"},
        {"NATS/1.0 412 Minimum Sequence\r\n\r\n", 412, "Minimum Sequence"},
        {"NATS/1.0 423 Nats-Wrong-Pin-Id\r\n\r\n", 423, "Nats-Wrong-Pin-Id"},
        {"NATS/1.0 429 Too Many Requests\r\n\r\n", 429, "Too Many Requests"},
        {"NATS/1.0 500\r\n\r\n", 500, ""},
        {"NATS/1.0 503\r\n\r\n", 503, ""},
        {"NATS/1.0 503 \r\n\r\n", 503, ""},
        {"NATS/1.0 503", 503, ""},
        {"NATS/1.0 503\n", 503, ""},
        {"NATS/1.0\t503\tNo\r\n\r\n", 503, "No"},
        {"NATS/1.0   503   No  Responders  \r\n\r\n", 503, "No  Responders"},
        {"NATS/1.0 499 unknown\r\n\r\n", 499, "unknown"},
        {"NATS/1.0 503\rx\r\n\r\n", 503, ""},
        {"NATS/1.0 404 a\rb\r\n\r\n", 404, "a"},
        {"NATS/1.0\r\n\r\n", 0, ""},
        {"NATS/1.0 \r\n\r\n", 0, ""},
        {"NATS/1.0 5\r\n\r\n", 0, ""},
        {"NATS/1.0 50\r\n\r\n", 0, ""},
        {"NATS/1.0 5030\r\n\r\n", 0, ""},
        {"NATS/1.0 503x\r\n\r\n", 0, ""},
        {"NATS/1.0 +50\r\n\r\n", 0, ""},
        {"NATS/1.0 OK\r\n\r\n", 0, ""},
        {"NATS/1.0 000 zero\r\n\r\n", 0, ""},
        {"NATS/1.0\r\n503: x\r\n\r\n", 0, ""},
    };
    for (const row& r : rows) {
        INFO("block: ", r.block);
        const header_view view{std::string_view(r.block)};
        CHECK(view.valid());
        CHECK(view.status() == r.status);
        CHECK(view.description() == r.description);
    }
    CHECK(header_view("NATS/1.0 503\r\nNats-Subject: nobody\r\n\r\n").get("Nats-Subject") == "nobody");
}

TEST_CASE("A22 protocol 6: a message is only a status when it has a code and no payload") {
    using slipstream::message_view;
    CHECK(message_view("s", "", "NATS/1.0 503\r\n\r\n", "").status() == 503);
    CHECK(message_view("s", "", "NATS/1.0 404 foo\r\n\r\n", "a user's").status() == 0);
    CHECK(message_view("s", "", "NATS/1.0\r\nA: b\r\n\r\n", "").status() == 0);
    CHECK(message_view("s", "", "", "").status() == 0);
    CHECK(message_view("s", "", "rubbish", "").status() == 0);
}
