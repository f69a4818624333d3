#include <slipstream/subject.hpp>

#include <doctest/doctest.h>

#include <ostream>
#include <string>

#include <slipstream/error.hpp>

using namespace slipstream;

TEST_CASE("A23 protocol 13: subjects to publish to") {
    for (const char* const good : {"a", "a.b", "foo.bar.baz", "$KV.bucket.key", "_INBOX.x", "a*", "*a", "a>", ">a", "a.b*c.d", "**", ">>",
                                   "*>", "a=b/c-d_e", "\xc3\xa9.\xe2\x82\xac", "\xff", "\"quoted\"", "a:b", "~"}) {
        INFO("subject: ", good);
        CHECK_FALSE(check_publish_subject(good));
        CHECK_FALSE(check_subscribe_subject(good));
        CHECK_FALSE(check_queue_group(good));
    }
    for (const char* const bad :
         {"", ".", "..", "a.", ".a", "a..b", "a b", " a", "a ", "a\tb", "a\r\nPUB x 1", "a\n", "\r", "a\x01", "\x7f", "a.\x7f.b", " "}) {
        INFO("subject: ", bad);
        CHECK(check_publish_subject(bad) == errc::invalid_subject);
        CHECK(check_subscribe_subject(bad) == errc::invalid_subject);
        CHECK(check_queue_group(bad) == errc::invalid_queue_group);
    }
    CHECK(check_publish_subject(std::string_view("a\0b", 3)) == errc::invalid_subject);
    CHECK(check_publish_subject(std::string(100'000, 'a')) == std::error_code());
}

TEST_CASE("A23 protocol 13: one byte decides wherever it stands, however long the subject") {
    // Long subjects are looked at in blocks, those of 8 to 15 bytes in two halves of one, shorter ones byte by byte.
    for (std::size_t size = 1; size <= 70; ++size) {
        for (std::size_t at = 0; at < size; ++at) {
            INFO("size ", size, ", byte ", at);
            std::string subject(size, 'a');
            for (const char bad : {' ', '\x01', '\r', '\n', '\t', '\x7f', '\0'}) {
                subject[at] = bad;
                CHECK(check_publish_subject(subject) == errc::invalid_subject);
            }
            for (const char inside : {'*', '>', '\x80', '\xff', '~', '!'}) {
                subject[at] = inside;
                const bool alone = size == 1 && (inside == '*' || inside == '>');
                CHECK(!check_publish_subject(subject) == !alone);
            }
            subject[at] = '.';
            CHECK(!check_publish_subject(subject) == (at != 0 && at + 1 != size));
            if (at + 1 == size) continue;
            subject[at + 1] = '.';
            CHECK(check_publish_subject(subject) == errc::invalid_subject);
            if (at == 0 || at + 2 >= size) continue;
            subject.replace(at, 2, "*.");
            subject[at - 1] = '.';
            CHECK(check_publish_subject(subject) == errc::invalid_subject);
        }
    }
}

TEST_CASE("A23 protocol 13: two dots are an empty token only when they are neighbours") {
    for (std::size_t size = 1; size <= 40; ++size) {
        for (std::size_t first = 1; first + 2 < size; ++first) {
            for (std::size_t second = first + 1; second + 1 < size; ++second) {
                INFO("size ", size, ", bytes ", first, " and ", second);
                std::string subject(size, 'a');
                subject[first] = subject[second] = '.';
                CHECK(!check_publish_subject(subject) == (second > first + 1));
            }
        }
    }
}

TEST_CASE("A23 protocol 13: wildcards are whole tokens, > only the last, and only to subscribe") {
    for (const char* const pattern : {"*", ">", "a.*", "*.a", "a.*.b", "a.>", "*.>", "*.*", "a.*.>"}) {
        INFO("pattern: ", pattern);
        CHECK_FALSE(check_subscribe_subject(pattern));
        CHECK(check_publish_subject(pattern) == errc::invalid_subject);
        CHECK(check_queue_group(pattern) == errc::invalid_queue_group);
    }
    for (const char* const bad : {">.a", "a.>.b", ">.>", ">.*", "a..>", ".>", "*.", "a.>."}) {
        INFO("pattern: ", bad);
        CHECK(check_subscribe_subject(bad) == errc::invalid_subject);
    }
}

TEST_CASE("A23: every byte, alone and inside a token") {
    for (int c = 0; c < 256; ++c) {
        const bool forbidden = c <= 32 || c == 127;
        const std::string inside{'a', static_cast<char>(c), 'b'};
        INFO("byte ", c);
        CHECK(check_publish_subject(inside) == (forbidden ? make_error_code(errc::invalid_subject) : std::error_code()));
        const std::string alone{static_cast<char>(c)};
        const bool wildcard = c == '*' || c == '>';
        CHECK(check_publish_subject(alone) ==
              (forbidden || wildcard || c == '.' ? make_error_code(errc::invalid_subject) : std::error_code()));
        CHECK(check_subscribe_subject(alone) == (forbidden || c == '.' ? make_error_code(errc::invalid_subject) : std::error_code()));
    }
}

TEST_CASE("protocol 13: which pattern matches which subject") {
    struct row {
        const char* pattern;
        const char* subject;
        bool matches;
    };
    const row rows[] = {
        {"a", "a", true},
        {"a", "b", false},
        {"a", "A", false},
        {"a", "a.b", false},
        {"a.b", "a", false},
        {"a.b", "a.b", true},
        {"*", "a", true},
        {"*", "a.b", false},
        {"a.*", "a.b", true},
        {"a.*", "a", false},
        {"a.*", "a.b.c", false},
        {"*.b", "a.b", true},
        {"a.*.c", "a.b.c", true},
        {"a.*.c", "a.b.d", false},
        {">", "a", true},
        {">", "a.b.c", true},
        {"a.>", "a.b", true},
        {"a.>", "a.b.c.d", true},
        {"a.>", "a", false},
        {"a.>", "b.c", false},
        {"*.>", "a.b", true},
        {"*.>", "a", false},
        {"a*", "ab", false},
        {"a*", "a*", true},
        {"a>", "a>", true},
        {"a>", "ab", false},
        {"*", "*", true},
        {"a.*", "a.*", true},
        {"a.b", "a.*", false},
        {"abc", "ab", false},
        {"ab", "abc", false},
        {"a.>", "a.*.>", true},
        {"\xc3\xa9.*", "\xc3\xa9.x", true},
        // Malformed subjects reach nobody; malformed patterns match nothing by accident.
        {">", "", false},
        {"*", "", false},
        {">", "a..b", false},
        {"a.>", "a.", false},
        {"a.*", "a.", false},
        {"*.a", ".a", false},
        {"", "", false},
        {"", "a", false},
        {"a..b", "a..b", false},
        {"a.>.b", "a.x.b", false},
        {"a.>.b", "a.>.b", true},
    };
    for (const row& r : rows) {
        INFO(r.pattern, " / ", r.subject);
        CHECK(subject_matches(r.pattern, r.subject) == r.matches);
    }
}
