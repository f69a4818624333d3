// What a hostile server cannot do: numbers, sizes, endless lines, announced payloads.
#include "protocol/wire/parser.hpp"

#include <doctest/doctest.h>

#include <sys/mman.h>
#include <unistd.h>

#include <cstring>
#include <limits>
#include <string>

#include "tests/unit/wire/parse_script.hpp"

using namespace slipstream;
using test::only_op;
using test::parse_script;
using test::script_error;
using wire::parse_error;
using wire::parse_status;

namespace {

constexpr std::size_t mib = std::size_t{1024} * 1024;

/// Three pages of which the middle one can be made unreadable.
class guarded_pages {
public:
    guarded_pages() : page_(static_cast<std::size_t>(::sysconf(_SC_PAGESIZE))) {
        void* const p = ::mmap(nullptr, 3 * page_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        REQUIRE(p != MAP_FAILED);
        bytes_ = static_cast<char*>(p);
    }
    ~guarded_pages() { ::munmap(bytes_, 3 * page_); }
    guarded_pages(const guarded_pages&) = delete;
    guarded_pages& operator=(const guarded_pages&) = delete;

    [[nodiscard]] std::size_t page() const { return page_; }
    [[nodiscard]] char* bytes() const { return bytes_; }
    void forbid_middle() const { REQUIRE(::mprotect(bytes_ + page_, page_, PROT_NONE) == 0); }

private:
    std::size_t page_;
    char* bytes_ = nullptr;
};

}  // namespace

TEST_CASE("A1: a size near the maximum of any type is refused before arithmetic") {
    for (const char* const size :
         {"2147483647", "2147483648", "4294967295", "9223372036854775807", "9223372036854775808", "9999999999999999999"}) {
        INFO("size ", size);
        CHECK(script_error("MSG foo 1 " + std::string(size) + "\r\n") == parse_error::payload_too_large);
        CHECK(script_error("HMSG foo 1 12 " + std::string(size) + "\r\n") == parse_error::payload_too_large);
        CHECK(script_error("HMSG foo 1 " + std::string(size) + " " + std::string(size) + "\r\n") == parse_error::payload_too_large);
    }
}

TEST_CASE("A2: a size of 2^32 and more is refused, never truncated") {
    CHECK(script_error("MSG foo 1 4294967296\r\n\r\n") == parse_error::payload_too_large);
    CHECK(script_error("MSG foo 1 4294967301\r\nhello\r\n") == parse_error::payload_too_large);
    CHECK(script_error("HMSG foo 1 4294967301 5\r\nhello\r\n") == parse_error::wrong_header_size);
    CHECK(script_error("HMSG foo 1 5 4294967301\r\nhello\r\n") == parse_error::payload_too_large);
}

TEST_CASE("A3: numbers are one to nineteen digits") {
    const std::string twenty = "10000000000000000000";
    for (const std::string number : {"+5", "-1", "0x1", "5.0", "1e3", "5a", "a", "''", "1_0", "\x01", "5\x01", "1\xd9\xa3", "/", ":"}) {
        INFO("number ", number);
        CHECK(script_error("MSG foo 1 " + number + "\r\nhello\r\n") == parse_error::wrong_number);
        CHECK(script_error("MSG foo " + number + " 5\r\nhello\r\n") == parse_error::wrong_number);
        CHECK(script_error("HMSG foo 1 " + number + " 5\r\nhello\r\n") == parse_error::wrong_number);
        CHECK(script_error("HMSG foo 1 5 " + number + "\r\nhello\r\n") == parse_error::wrong_number);
    }
    for (const std::string& number : {twenty, std::string(25, '9'), "0000000000000000000" + std::string("5"), std::string(400, '1')}) {
        CHECK(script_error("MSG foo 1 " + number + "\r\nhello\r\n") == parse_error::wrong_number);
        CHECK(script_error("MSG foo " + number + " 5\r\nhello\r\n") == parse_error::wrong_number);
        CHECK(script_error("HMSG foo 1 " + number + " 5\r\nhello\r\n") == parse_error::wrong_number);
        CHECK(script_error("HMSG foo 1 5 " + number + "\r\nhello\r\n") == parse_error::wrong_number);
    }
    CHECK(only_op("MSG foo 9999999999999999999 0000000000000000005\r\nhello\r\n").sid == 9999999999999999999U);
    CHECK(only_op("MSG foo 0 5\r\nhello\r\n").sid == 0);
}

TEST_CASE("A4: a payload that is not followed by CRLF") {
    for (const char* const script : {"MSG a 1 3\r\nabc\n\n", "MSG a 1 3\r\nabcd\r\n", "MSG a 1 3\r\nabc\rx", "MSG a 1 3\r\nab\r\n\r\n",
                                     "MSG a 1 0\r\nxx", "MSG a 1 3\r\nabcPING\r\n", "HMSG a 1 3 4\r\nabcd\n\r"}) {
        INFO("script: ", script);
        CHECK(script_error(script) == parse_error::payload_not_terminated);
    }
    const test::parse_outcome short_by_one = parse_script("MSG a 1 4\r\nabc\r\nPING\r\n");
    CHECK(short_by_one.ops.empty());
    CHECK(short_by_one.error == parse_error::payload_not_terminated);
}

TEST_CASE("A5: header sizes and numbers of arguments") {
    CHECK(script_error("HMSG a 1 6 5\r\nhello\r\n") == parse_error::wrong_header_size);
    CHECK(script_error("HMSG a 1 0 5\r\nhello\r\n") == parse_error::wrong_header_size);
    CHECK(script_error("HMSG a 1 0 0\r\n\r\n") == parse_error::wrong_header_size);
    CHECK(script_error("HMSG a 1 1 0\r\n\r\n") == parse_error::wrong_header_size);
    const test::parsed_op all_headers = only_op("HMSG a 1 5 5\r\nhello\r\n");
    CHECK(all_headers.header_block == "hello");
    CHECK(all_headers.payload.empty());
    CHECK(only_op("HMSG a 1 1 5\r\nhello\r\n").payload == "ello");

    for (const char* const script :
         {"MSG \r\n", "MSG  \n", "MSG a\r\n", "MSG a 1\r\n", "MSG a 1 r 5 x\r\nhello\r\n", "MSG a 1 r s t 5\r\nhello\r\n", "HMSG a\r\n",
          "HMSG a 1\r\n", "HMSG a 1 5\r\n", "HMSG a 1 r 5 5 5\r\nhello\r\n"}) {
        INFO("script: ", script);
        CHECK(script_error(script) == parse_error::wrong_arguments);
    }
    for (const char* const script :
         {"MSG a 1\r 5\r\nhello\r\n", "MSG a\rb 1 5\r\n", "MSG a 1 5\r\r\n", "HMSG \r a 1 5 5\r\n", "MSG a 1 5\r \n"}) {
        INFO("script: ", script);
        CHECK(script_error(script) == parse_error::wrong_arguments);
    }
}

TEST_CASE("A7: a control line that never ends is refused at 64 KiB, INFO at 1 MiB") {
    constexpr std::size_t line = std::size_t{64} * 1024;
    for (const std::string start : {"MSG ", "HMSG ", "MSG a 1 ", "-ERR ", "PING", "PONG", "+OK"}) {
        INFO("line of ", start);
        CHECK(script_error(start + std::string(line - start.size() - 1, 'a')) == parse_error::none);
        CHECK(script_error(start + std::string(line - start.size(), 'a')) == parse_error::line_too_long);
        CHECK(script_error(start + std::string(2 * line, 'a') + "\r\n") == parse_error::line_too_long);
    }
    CHECK(script_error("MSG" + std::string(line, ' ')) == parse_error::line_too_long);
    CHECK(script_error("INFO " + std::string(mib - 6, 'a')) == parse_error::none);
    CHECK(script_error("INFO " + std::string(mib - 5, 'a')) == parse_error::line_too_long);
    CHECK(script_error("INFO " + std::string(3 * mib, 'a') + "\r\n") == parse_error::line_too_long);
}

TEST_CASE("A7: lines of exactly the limit pass") {
    constexpr std::size_t line = std::size_t{64} * 1024;
    const std::string subject(line - std::strlen("MSG  1 1\r\n"), 's');
    CHECK(only_op("MSG " + subject + " 1 1\r\nx\r\n").subject.size() == subject.size());
    CHECK(script_error("MSG s" + subject + " 1 1\r\nx\r\n") == parse_error::line_too_long);
    CHECK(script_error("MSG s" + subject + " 1 1\nx\r\n") == parse_error::none);
    CHECK(script_error("MSG ss" + subject + " 1 1\nx\r\n") == parse_error::line_too_long);
    CHECK(only_op("INFO " + std::string(mib - 7, 'a') + "\r\n").text.size() == mib - 7);
    CHECK(script_error("INFO " + std::string(mib - 6, 'a') + "\r\n") == parse_error::line_too_long);
    CHECK(only_op("-ERR " + std::string(line - 7, 'a') + "\r\n").text.size() == line - 7);
    CHECK(script_error("-ERR " + std::string(line - 6, 'a') + "\r\n") == parse_error::line_too_long);
}

TEST_CASE("A7: small limits, at every split, give the same answer") {
    wire::parser_limits limits;
    limits.control_line = 24;
    limits.info_line = 40;
    for (std::size_t n = 0; n < 30; ++n) {
        const std::string fill(n, 'x');
        parse_script("MSG " + fill + " 1 1\r\nx\r\nPING\r\n", limits);
        parse_script("MSG a 1" + std::string(n, ' ') + "1\r\nx\r\n", limits);
        parse_script("MSG a b c d e" + fill + "\r\n", limits);
        parse_script("MSG abc 1 1" + std::string(n, ' ') + "\rx\n", limits);
        parse_script("-ERR " + fill + "\r\n", limits);
        CHECK(parse_script("INFO " + fill + "12345\r\n", limits).error == (n + 12 <= 40 ? parse_error::none : parse_error::line_too_long));
        CHECK(parse_script("PING" + fill + "\r\n", limits).error == (n + 6 <= 24 ? parse_error::none : parse_error::line_too_long));
    }
}

TEST_CASE("A8: a payload over the cap is refused from its line alone; wanted() never exceeds the cap") {
    CHECK(script_error("MSG foo 1 1073741824\r\n") == parse_error::payload_too_large);

    wire::parser_limits exact;
    exact.payload_floor = 0;
    wire::parser parser(exact);
    CHECK(parser.payload_cap() == mib + 64 * 1024);
    for (const auto& [announced, cap] : {std::pair{std::int64_t{1}, std::size_t{1}},
                                         {std::int64_t{0}, std::size_t{1}},
                                         {std::int64_t{-5}, std::size_t{1}},
                                         {std::int64_t{1000}, std::size_t{1000}},
                                         {std::int64_t{64} * 1024 * 1024, 64 * mib},
                                         {std::int64_t{64} * 1024 * 1024 + 1, 64 * mib},
                                         {std::numeric_limits<std::int64_t>::max(), 64 * mib},
                                         {std::numeric_limits<std::int64_t>::min(), std::size_t{1}}}) {
        parser.set_max_payload(announced);
        CHECK(parser.payload_cap() == cap + 64 * 1024);
        const std::string line = "MSG foo 1 " + std::to_string(parser.payload_cap()) + "\r\n";
        CHECK(parser.next(line).status == parse_status::need_more);
        CHECK(parser.wanted() == line.size() + parser.payload_cap() + 2);
        parser.reset();
        CHECK(parser.wanted() == 0);
        const wire::parse_result over = parser.next("MSG foo 1 " + std::to_string(parser.payload_cap() + 1) + "\r\n");
        CHECK(over.error == parse_error::payload_too_large);
        CHECK(parser.wanted() == 0);
        parser.reset();
    }
}

TEST_CASE("A8 protocol 3: what this user may publish does not limit what others may send") {
    wire::parser parser;
    parser.set_max_payload(1000);  // as the INFO after CONNECT may say for one user
    CHECK(parser.next("MSG foo 1 " + std::to_string(8 * mib) + "\r\n").status == parse_status::need_more);
    parser.reset();
    CHECK(parser.next("MSG foo 1 " + std::to_string(8 * mib + 64 * 1024 + 1) + "\r\n").error == parse_error::payload_too_large);
}

TEST_CASE("performance: a payload that arrives in pieces is never looked at, and its line only once") {
    const guarded_pages pages;
    const std::size_t page = pages.page();
    // 64 bytes of the payload lie before the forbidden page, since a line is read in blocks.
    const std::string line = "MSG foo 1 " + std::to_string(page + 64) + "\r\n";
    char* const begin = pages.bytes() + page - 64 - line.size();
    std::memcpy(begin, line.data(), line.size());
    std::memset(begin + line.size(), 'x', 64);
    std::memcpy(pages.bytes() + 2 * page, "\r\n", 2);
    pages.forbid_middle();
    wire::parser parser;
    for (std::size_t size = 0; size < line.size() + 64 + page + 2; ++size) {
        REQUIRE(parser.next({begin, size}).status == parse_status::need_more);
    }
    const wire::parse_result result = parser.next({begin, line.size() + 64 + page + 2});
    CHECK(result.status == parse_status::op);
    CHECK(result.op.message.payload().size() == page + 64);
}

TEST_CASE("A7: what was looked at of an unfinished line is not looked at again") {
    for (const std::string start : {"MSG ", "INFO ", "-ERR '"}) {
        const guarded_pages pages;
        const std::size_t page = pages.page();
        std::memset(pages.bytes(), 's', 3 * page);
        std::memcpy(pages.bytes(), start.data(), start.size());
        const std::string_view end = start == "MSG " ? " 1 0\r\n\r\n" : "\r\n";
        std::memcpy(pages.bytes() + 3 * page - end.size(), end.data(), end.size());
        wire::parser parser;
        // Bytes are read in blocks of up to 16, the last one from its end.
        const std::size_t seen = 2 * page + 16;
        REQUIRE(parser.next({pages.bytes(), seen}).status == parse_status::need_more);
        pages.forbid_middle();
        for (std::size_t size = seen; size < 3 * page; ++size)
            REQUIRE(parser.next({pages.bytes(), size}).status == parse_status::need_more);
        const wire::parse_result result = parser.next({pages.bytes(), 3 * page});
        CHECK(result.status == parse_status::op);
        CHECK(result.op.consumed == 3 * page);
    }
}

TEST_CASE("A8: a caller that passes fewer bytes than before gets need_more, not a crash") {
    for (const std::string script : {"MSG foo 1 5\r\nhello\r\n", "INFO {}\r\n", "HMSG foo 1 2 5\r\nhello\r\n"}) {
        for (std::size_t size = 1; size < script.size(); ++size) {
            wire::parser parser;
            CHECK(parser.next(std::string_view(script).substr(0, size)).status == parse_status::need_more);
            CHECK(parser.next({}).status == parse_status::need_more);
            CHECK(parser.next(script).status == parse_status::op);
        }
    }
}
