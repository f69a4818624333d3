#include <slipstream/message.hpp>

#include <doctest/doctest.h>

#include <new>
#include <string>
#include <utility>

#include "tests/support/alloc_counter.hpp"

using slipstream::message;
using slipstream::message_view;

namespace {

constexpr std::string_view block = "NATS/1.0 404 No Messages\r\nA: b\r\n\r\n";

bool same(const message_view& a, const message_view& b) {
    return a.subject() == b.subject() && a.reply_to() == b.reply_to() && a.header_block() == b.header_block() && a.payload() == b.payload();
}

}  // namespace

TEST_CASE("D14: a message outlives the bytes it was made from") {
    message kept;
    {
        const std::string subject = "a.b", reply = "_INBOX.1", headers(block), payload("bin\0ary", 7);
        kept = message(message_view(subject, reply, headers, payload));
    }
    CHECK(kept.subject() == "a.b");
    CHECK(kept.reply_to() == "_INBOX.1");
    CHECK(kept.header_block() == block);
    CHECK(kept.headers().get("A") == "b");
    CHECK(kept.payload() == std::string_view("bin\0ary", 7));
    CHECK(kept.size() == block.size() + 7);
    CHECK(kept.status() == 0);
    CHECK(message(message_view("s", "", block, "")).status() == 404);
}

TEST_CASE("D13: empty parts") {
    const message empty;
    CHECK(empty.subject().empty());
    CHECK(empty.payload().empty());
    CHECK(empty.size() == 0);
    CHECK(empty.status() == 0);
    const message nothing{message_view()};
    CHECK(same(nothing.view(), message_view()));
    const message subject_only(message_view("s", {}, {}, {}));
    CHECK(subject_only.subject() == "s");
    CHECK(subject_only.payload().empty());
}

TEST_CASE("H11: moving leaves an empty message, clone makes an equal one") {
    const message_view view("subject", "reply", block, "payload");
    message a(view);
    message b(std::move(a));
    CHECK(same(b.view(), view));
    CHECK(same(a.view(), message_view()));  // NOLINT(bugprone-use-after-move): that is the point
    a.assign(view);
    CHECK(same(a.view(), view));
    b = std::move(a);
    CHECK(same(b.view(), view));
    CHECK(same(a.view(), message_view()));
    message& self = b;
    b = std::move(self);
    CHECK(same(b.view(), view));
    const message copy = b.clone();
    CHECK(same(copy.view(), view));
    CHECK(copy.payload().data() != b.payload().data());
    CHECK(message().clone().size() == 0);
}

TEST_CASE("performance: assign reuses the memory when it suffices") {
    message m(message_view("subject", "reply", block, "a payload of some size"));
    const slipstream::test::allocation_counter counter;
    for (int i = 0; i < 100; ++i) {
        m.assign(message_view("subject", "reply", block, "a payload of some size"));
        m.assign(message_view("s", "", "", "smaller"));
    }
    CHECK(counter.count() == 0);
    CHECK(m.payload() == "smaller");
    message moved = std::move(m);
    m = std::move(moved);
    CHECK(counter.count() == 0);
    const message fresh(message_view("s", "r", block, "p"));
    CHECK(counter.count() == 1);  // one block for all parts
}

TEST_CASE("D14: a message can be assigned from views of itself") {
    message m(message_view("subject", "reply", block, "payload"));
    m.assign(m.view());
    CHECK(same(m.view(), message_view("subject", "reply", block, "payload")));
    m.assign(message_view(m.payload(), m.subject(), {}, m.reply_to()));
    CHECK(same(m.view(), message_view("payload", "subject", "", "reply")));
}

TEST_CASE("H9: when memory runs out the message is as it was") {
    message m(message_view("subject", "", "", "payload"));
    const std::string large(1000, 'x');
    bool failed = false;
    try {
        const slipstream::test::failing_allocation failing(1);
        m.assign(message_view("other", "", "", large));
    } catch (const std::bad_alloc&) {
        failed = true;
    }
    CHECK(failed);
    CHECK(same(m.view(), message_view("subject", "", "", "payload")));
}
