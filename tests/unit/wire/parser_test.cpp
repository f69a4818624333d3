// The grammar: what every server may send.
#include "protocol/wire/parser.hpp"

#include <doctest/doctest.h>

#include <string>

#include "tests/unit/wire/parse_script.hpp"

using namespace slipstream;
using test::only_op;
using test::parse_script;
using test::script_error;
using wire::op_kind;
using wire::parse_error;

TEST_CASE("A1: a message shows nothing of the frame before it, whose bytes may be gone") {
    wire::parser p;
    REQUIRE(p.next("INFO {\"a\":1}\r\n").op.text == "{\"a\":1}");
    const wire::parse_result& r = p.next("MSG a 1 1\r\nx\r\n");
    REQUIRE(r.status == wire::parse_status::op);
    CHECK(r.op.text.empty());
    CHECK(r.op.message.payload() == "x");
}

TEST_CASE("protocol 1: every operation of the server, in one read and split at every byte") {
    const std::string script =
        "INFO {\"server_id\":\"NA\"} \r\n"
        "PING\r\n"
        "MSG foo 1 5\r\nhello\r\n"
        "MSG foo.bar 22 _INBOX.x 0\r\n\r\n"
        "HMSG foo 1 22 27\r\nNATS/1.0\r\nBar: Baz\r\n\r\nhello\r\n"
        "HMSG foo 1 r.s 12 12\r\nNATS/1.0\r\n\r\n\r\n"
        "PONG\r\n"
        "+OK\r\n"
        "-ERR 'Stale Connection'\r\n";
    const test::parse_outcome got = parse_script(script);
    CHECK(got.error == parse_error::none);
    CHECK(got.consumed == script.size());
    REQUIRE(got.ops.size() == 9);

    CHECK(got.ops[0].kind == op_kind::info);
    CHECK(got.ops[0].text == R"({"server_id":"NA"})");
    CHECK(got.ops[1].kind == op_kind::ping);

    CHECK(got.ops[2] == test::parsed_op{op_kind::msg, 1, "foo", "", "", "hello", "", 20});
    CHECK(got.ops[3] == test::parsed_op{op_kind::msg, 22, "foo.bar", "_INBOX.x", "", "", "", 29});
    CHECK(got.ops[4] == test::parsed_op{op_kind::msg, 1, "foo", "", "NATS/1.0\r\nBar: Baz\r\n\r\n", "hello", "", 47});
    CHECK(got.ops[5] == test::parsed_op{op_kind::msg, 1, "foo", "r.s", "NATS/1.0\r\n\r\n", "", "", 36});

    CHECK(got.ops[6].kind == op_kind::pong);
    CHECK(got.ops[7].kind == op_kind::ok);
    CHECK(got.ops[8].kind == op_kind::err);
    CHECK(got.ops[8].text == "Stale Connection");
}

TEST_CASE("protocol 14: payload bytes that look like protocol pass untouched") {
    const std::string payload = "\r\nPING\r\n-ERR 'x'\r\nMSG a 1 1\r\n";
    const test::parsed_op op = only_op("MSG a 1 " + std::to_string(payload.size()) + "\r\n" + payload + "\r\n");
    CHECK(op.payload == payload);
}

TEST_CASE("protocol 14: all byte values pass in payload, header block and subject") {
    std::string bytes;
    for (int c = 0; c < 256; ++c) bytes += static_cast<char>(c);
    const std::string size = std::to_string(bytes.size());
    CHECK(only_op("MSG a 1 " + size + "\r\n" + bytes + "\r\n").payload == bytes);
    const test::parsed_op with_headers = only_op("HMSG a 1 " + size + " " + size + "\r\n" + bytes + "\r\n");
    CHECK(with_headers.header_block == bytes);
    CHECK(with_headers.payload.empty());

    std::string subject = bytes;
    for (const char c : {' ', '\t', '\r', '\n'}) std::erase(subject, c);
    CHECK(only_op("MSG " + subject + " 1 1\r\nx\r\n").subject == subject);
}

TEST_CASE("A24 protocol 2: letters in any case, tabs, repeated and trailing blanks, bare LF after control lines") {
    CHECK(only_op("ping\r\n").kind == op_kind::ping);
    CHECK(only_op("pOnG\n").kind == op_kind::pong);
    CHECK(only_op("+ok\n").kind == op_kind::ok);
    CHECK(only_op("info {}\n").text == "{}");
    CHECK(only_op("INFO\t{}\t \r\n").text == "{}");
    CHECK(only_op("INFO{}\r\n").text == "{}");
    CHECK(only_op("-err 'x'\n").text == "x");
    for (const char* const line :
         {"msg a 7 b 3\n", "MSG\ta\t7\tb\t3\r\n", "MSG  a \t 7   b 3\r\n", "mSg a 7 b 3 \t \r\n", "MSG a 7 b 003\r\n"}) {
        const test::parsed_op op = only_op(std::string(line) + "abc\r\n");
        CHECK(op.subject == "a");
        CHECK(op.sid == 7);
        CHECK(op.reply_to == "b");
        CHECK(op.payload == "abc");
    }
    for (const char* const line : {"hmsg a 7 b 2 3\n", "HMSG\ta\t7\tb\t2\t3\r\n", "hMsG  a 7  b  02 \t 003 \r\n"}) {
        const test::parsed_op op = only_op(std::string(line) + "abc\r\n");
        CHECK(op.reply_to == "b");
        CHECK(op.header_block == "ab");
        CHECK(op.payload == "c");
    }
}

TEST_CASE("protocol 1.3: two blanks before the size mean no reply subject") {
    const test::parsed_op op = only_op("MSG $JS.EVENT.ADVISORY.x 1  4\r\nbody\r\n");
    CHECK(op.reply_to.empty());
    CHECK(op.payload == "body");
    CHECK(only_op("HMSG a 1  4 4\r\nbody\r\n").reply_to.empty());
}

TEST_CASE("A24 protocol 2: text after PING, PONG and +OK is ignored up to the line end") {
    CHECK(only_op("PING abc\r\n").kind == op_kind::ping);
    CHECK(only_op("PINGzzz\r\n").kind == op_kind::ping);
    CHECK(only_op("PONG\r\r x\r\n").kind == op_kind::pong);
    CHECK(only_op("+OKjunk\r\n").kind == op_kind::ok);
    const test::parse_outcome two = parse_script("PING MSG a 1 1\r\nPONG\r\n");
    CHECK(two.ops.size() == 2);
}

TEST_CASE("A24 protocol 2: empty line, leading blank, leading CR, unknown verb") {
    for (const char* const script : {"\r\n",
                                     "\n",
                                     " PING\r\n",
                                     "\tPING\r\n",
                                     "\rPING\r\n",
                                     "GET / HTTP/1.1\r\n",
                                     "HTTP/1.1 400 Bad Request\r\n",
                                     "PUB a 1\r\nx\r\n",
                                     "CONNECT {}\r\n",
                                     "MSGa 1 1\r\nx\r\n",
                                     "HMSGa 1 1 1\r\nx\r\n",
                                     "MS\r\n",
                                     "MSG\r\n",
                                     "MSG\n",
                                     "HMSG\r\n",
                                     "PIN\r\n",
                                     "PO\r\n",
                                     "P\r\n",
                                     "INF {}\r\n",
                                     "+O\r\n",
                                     "+KO\r\n",
                                     "-ER\r\n",
                                     "- ERR\r\n",
                                     "\x0bOK\r\n",
                                     "\rERR\r\n",
                                     "A\r\n",
                                     "\xff\r\n"}) {
        INFO("script: ", script);
        CHECK(script_error(script) == parse_error::unknown_operation);
    }
    CHECK(script_error(std::string_view("\0PING\r\n", 7)) == parse_error::unknown_operation);
}

TEST_CASE("A14: -ERR without a text is an error of the server with empty text") {
    for (const char* const script :
         {"-ERR\r\n", "-ERR\n", "-ERR \r\n", "-ERR\t\t\n", "-ERR ''\r\n", "-ERR '\r\n", "-ERR ' '\r\n", "-ERR \r\r\n"}) {
        INFO("script: ", script);
        const test::parsed_op op = only_op(script);
        CHECK(op.kind == op_kind::err);
        CHECK(op.text.empty());
    }
}

TEST_CASE("protocol 7: the text of -ERR loses one pair of quotes and nothing else") {
    const auto text = [](const std::string& rest) { return only_op("-ERR" + rest + "\r\n").text; };
    CHECK(text(" 'Stale Connection'") == "Stale Connection");
    CHECK(text("'Stale Connection'") == "Stale Connection");
    CHECK(text("   'Stale Connection'  ") == "Stale Connection");
    CHECK(text(" Stale Connection") == "Stale Connection");
    CHECK(text(" 'never closed") == "never closed");
    CHECK(text(" it's 'so'") == "it's 'so'");
    CHECK(text(" ''quoted''") == "'quoted'");
    CHECK(text(R"( 'Permissions Violation for Publish to "x\"y\\z"')") == R"(Permissions Violation for Publish to "x\"y\\z")");
    const std::string subject(3000, 's');
    CHECK(text(" 'Permissions Violation for Publish to \"" + subject + "\"'").ends_with(subject + "\""));
}

TEST_CASE("A9: a read that ends between CR and LF waits for one more byte only") {
    for (const std::string line : {"INFO {}", "PING", "MSG a 1 0", "-ERR 'x'"}) {
        wire::parser parser;
        CHECK(parser.next(line + "\r").status == wire::parse_status::need_more);
        const std::string rest = line.starts_with("MSG") ? "\r\n\r\n" : "\r\n";
        const wire::parse_result result = parser.next(line + rest);
        CHECK(result.status == wire::parse_status::op);
        CHECK(result.op.consumed == line.size() + rest.size());
    }
    wire::parser parser;
    CHECK(parser.next("MSG a 1 0\r\n\r").status == wire::parse_status::need_more);
    CHECK(parser.wanted() == 13);
    CHECK(parser.next("MSG a 1 0\r\n\r\n").status == wire::parse_status::op);
}

TEST_CASE("A10 A16 A17: frames behind the first PONG, unasked PONGs and +OKs, 10000 PINGs, unknown sids: all are just operations") {
    std::string script = "PONG\r\nPONG\r\n+OK\r\nMSG a 18446744073709551 1\r\nx\r\n";
    for (int i = 0; i < 10'000; ++i) script += "PING\r\n";
    const test::parse_outcome got = parse_script(script);
    CHECK(got.error == parse_error::none);
    CHECK(got.consumed == script.size());
    CHECK(got.ops.size() == 10'004);
}

TEST_CASE("A11: an error behind good frames comes after them, and stays") {
    const test::parse_outcome got = parse_script("PING\r\nMSG a 1 1\r\nx\r\nBOOM\r\nPING\r\n");
    CHECK(got.error == parse_error::unknown_operation);
    CHECK(got.ops.size() == 2);
    CHECK(got.consumed == 20);

    wire::parser parser;
    CHECK(parser.next("BOOM").status == wire::parse_status::error);
    parser.reset();
    CHECK(parser.next("PING\r\n").status == wire::parse_status::op);
}

TEST_CASE("A11: every parse error has a text of its own") {
    std::string seen;
    for (int e = 0; e <= static_cast<int>(parse_error::payload_not_terminated); ++e) {
        const std::string text = "[" + std::string(to_string(static_cast<parse_error>(e))) + "]";
        CHECK(text != "[unknown]");
        CHECK(seen.find(text) == std::string::npos);
        seen += text;
    }
}

// A line that is there in full is read another way than one that comes in pieces; parse_script compares the two.
TEST_CASE("performance: lines as servers write them, with every length of subject, reply subject and what follows") {
    for (std::size_t size = 1; size < 40; ++size) {
        const std::string text(size, 's');
        for (const std::size_t payload : {0U, 1U, 7U, 16U}) {
            const std::string body(payload, 'b');
            const std::string end = std::to_string(payload) + "\r\n" + body + "\r\n";
            CHECK(only_op("MSG " + text + " 1 " + end).subject == text);
            const test::parsed_op op = only_op("MSG a 12345678901 " + text + " " + end);
            CHECK(op.sid == 12'345'678'901);
            CHECK(op.reply_to == text);
            CHECK(op.payload == body);
        }
        CHECK(only_op("MSG " + text + "  1 0\r\n\r\n").subject == text);
        const test::parsed_op op = only_op("HMSG " + text + " 9 r." + text + " 12 14\r\nNATS/1.0\r\n\r\nhi\r\n");
        CHECK(op.subject == text);
        CHECK(op.reply_to == "r." + text);
        CHECK(op.header_block == "NATS/1.0\r\n\r\n");
        CHECK(op.payload == "hi");
    }
}

TEST_CASE("performance: what looks like a line as servers write it and is not quite one means the same as in pieces") {
    CHECK(only_op("MSG a 1 2 3\r\nabc\r\n").reply_to == "2");
    CHECK(only_op("MSG foo 1 2 3\r\nabc\r\n").header_block.empty());
    CHECK(only_op("MSG a 1 2x 3\r\nabc\r\n").reply_to == "2x");
    CHECK(only_op("HMSG a 1 2 2 3\r\nabc\r\n").reply_to == "2");
    CHECK(only_op("MSG a\x01z 1 r\x1f 3\r\nabc\r\n").reply_to == "r\x1f");
    CHECK(only_op("MSG a 1 r 3 \r\nabc\r\n").payload == "abc");
    CHECK(only_op("MSG a 1 r\t3\r\nabc\r\n").reply_to == "r");
    CHECK(only_op("MSG a 1  r 3\r\nabc\r\n").reply_to == "r");
    CHECK(only_op("MSG  a 1 3\r\nabc\r\n").subject == "a");
    CHECK(only_op("MSG a 1 3\nabc\r\n").payload == "abc");
    CHECK(only_op("MSG a 0000000000000000001 3\r\nabc\r\n").sid == 1);
    CHECK(script_error("MSG a 00000000000000000001 3\r\nabc\r\n") == parse_error::wrong_number);
    CHECK(script_error("MSG a 1 00000000000000000003\r\nabc\r\n") == parse_error::wrong_number);
    CHECK(script_error("MSG a 1: 3\r\nabc\r\n") == parse_error::wrong_number);
    CHECK(script_error("MSG a 1 r /3\r\nabc\r\n") == parse_error::wrong_number);
    CHECK(script_error("MSG a\0011 3\r\nabc\r\n") == parse_error::wrong_arguments);
    CHECK(script_error("MSG aa  3\r\nabc\r\n") == parse_error::wrong_arguments);
    CHECK(script_error("MSG a 1 \r\nabc\r\n") == parse_error::wrong_arguments);
    CHECK(script_error("MSG a 1 3\rabc\r\n") == parse_error::wrong_arguments);
    CHECK(script_error("MSG a 1 3\rxabc\r\n") == parse_error::wrong_arguments);
    CHECK(script_error("MSG a 1 r 3 3\r\nabc\r\n") == parse_error::wrong_arguments);
    CHECK(script_error("HMSG a 1 r 3\r\nabc\r\n") == parse_error::wrong_number);
    CHECK(script_error("HMSG a 1 r 0 3\r\nabc\r\n") == parse_error::wrong_header_size);
    CHECK(script_error("HMSG a 1 r 4 3\r\nabc\r\n") == parse_error::wrong_header_size);
    CHECK(script_error("MSG a 1 r 2\r\nabc\r\n") == parse_error::payload_not_terminated);
}
