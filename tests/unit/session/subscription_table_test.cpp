#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <vector>

#include "protocol/session/subscription_table.hpp"
#include "tests/support/alloc_counter.hpp"

namespace slipstream::session {
namespace {

std::shared_ptr<subscription_state> make(std::string_view subject = "a", const subscribe_options& options = {}) {
    return std::make_shared<subscription_state>(subject, options, nullptr);
}

TEST_CASE("A17: sids count from one, and a message for an ended or unknown subscription finds nothing") {
    subscription_table table;
    const auto a = make("a");
    const auto b = make("b");
    table.add(a);
    table.add(b);
    CHECK(a->sid == 1);
    CHECK(b->sid == 2);
    CHECK(table.size() == 2);
    CHECK(table.find(1) == a.get());
    CHECK(table.find(2) == b.get());
    REQUIRE(table.find_owner(2) != nullptr);
    CHECK(*table.find_owner(2) == b);
    for (const std::uint64_t unknown :
         {std::uint64_t{0}, std::uint64_t{3}, std::uint64_t{1} << 24, (std::uint64_t{1} << 24) + 1, UINT64_MAX}) {
        CAPTURE(unknown);
        CHECK(table.find(unknown) == nullptr);
        CHECK(table.find_owner(unknown) == nullptr);
        CHECK(table.remove(unknown) == nullptr);
    }
    CHECK(table.remove(1) == a);
    CHECK(a->sid == 0);
    CHECK(table.size() == 1);
    CHECK(table.find(1) == nullptr);
    CHECK(table.remove(1) == nullptr);

    const auto c = make("c");
    table.add(c);
    CHECK(c->sid == (std::uint64_t{1} << 24) + 1);
    CHECK(table.find(1) == nullptr);
    CHECK(table.find(c->sid) == c.get());
    CHECK(table.find(c->sid + (std::uint64_t{1} << 24)) == nullptr);
}

TEST_CASE("D6: the table owns a live state, a handle keeps an ended one") {
    subscription_table table;
    auto state = make();
    const std::weak_ptr<subscription_state> watch = state;
    table.add(std::move(state));
    CHECK(watch.lock() != nullptr);
    CHECK(table.remove(1) == watch.lock());
    CHECK(watch.expired());
}

TEST_CASE("A17: the generation wraps so that every sid stays below 2^53") {
    subscription_table table;
    for (std::uint64_t i = 0; i < 3000; ++i) {
        const auto s = make();
        table.add(s);
        REQUIRE(s->sid == (i << subscription_table::slot_bits) + 1);
        REQUIRE(table.remove(s->sid) == s);
    }
    constexpr std::uint32_t last = (1U << subscription_table::generation_bits) - 1;
    CHECK(subscription_table::generation_after(last - 1) == last);
    CHECK(subscription_table::generation_after(last) == 0);
    constexpr std::uint64_t highest = (std::uint64_t{last} << subscription_table::slot_bits) + (1U << subscription_table::slot_bits) - 1;
    CHECK(highest < std::uint64_t{1} << 53);
}

TEST_CASE("D6: a visitor may remove what it is shown, others, and add new ones") {
    subscription_table table;
    std::vector<std::shared_ptr<subscription_state>> states;
    for (int i = 0; i < 20; ++i) table.add(states.emplace_back(make(std::to_string(i))));
    std::vector<std::string> visited;
    table.for_each([&](subscription_state& s) {
        visited.push_back(s.subject);
        if (s.subject == "3") {
            states.clear();
            const auto kept = *table.find_owner(s.sid);
            CHECK(kept.use_count() == 3);  // the table, this one, and the visit itself: it survives its removal
            for (const std::uint64_t sid : {4U, 5U, 6U}) table.remove(sid);  // itself among them: still safe to use
            CHECK(s.subject == "3");
            CHECK(s.sid == 0);
        }
        if (s.subject == "10") {
            for (int i = 0; i < 40; ++i) table.add(make("new"));
        }
    });
    CHECK(visited[3] == "3");
    CHECK(visited[4] == "6");
    CHECK(table.size() == 17 + 40);
}

TEST_CASE("D2: drops are counted exactly and an episode is told once") {
    const subscribe_options options{.pending_messages = 4, .pending_bytes = 1000};
    const auto s = make("a", options);
    message out;
    const message_view m("a", "", "", "12345");
    for (int i = 0; i < 4; ++i) CHECK(s->accept(m) == delivery::queued);
    CHECK(s->accept(m) == delivery::dropped_first);
    CHECK(s->accept(m) == delivery::dropped);
    CHECK(s->queue.pop(out));
    CHECK(s->accept(m) == delivery::queued);  // room again, but the episode goes on
    CHECK(s->accept(m) == delivery::dropped);
    CHECK(s->queue.pop(out));
    CHECK(s->queue.pop(out));
    CHECK(s->accept(m) == delivery::queued);  // half empty: it has ended
    CHECK(s->accept(m) == delivery::queued);
    CHECK(s->accept(m) == delivery::dropped_first);
    CHECK(s->received == 11);
    CHECK(s->dropped == 4);
    CHECK(s->received - s->dropped == 3 + s->queue.messages());
}

TEST_CASE("D4: the byte limit drops and begins an episode as well; headers count") {
    const subscribe_options options{.pending_messages = 100, .pending_bytes = 40};
    const auto s = make("a", options);
    message out;
    const message_view m("a", "", "NATS/1.0\r\n\r\n", "12345678");  // 20 bytes
    CHECK(s->accept(m) == delivery::queued);
    CHECK(s->accept(m) == delivery::queued);
    CHECK(s->accept(m) == delivery::dropped_first);
    CHECK(s->queue.pop(out));
    CHECK(s->accept(m) == delivery::queued);
    CHECK(s->accept(m) == delivery::dropped_first);  // it had been half empty in between
    CHECK(s->accept(message_view("a", "", "", "")) == delivery::queued);
    CHECK(s->dropped == 2);

    // Few messages, but more than half of the bytes: the episode goes on.
    const auto bytes = make("a", options);
    const message_view twelve("a", "", "", "123456789012");
    for (int i = 0; i < 3; ++i) CHECK(bytes->accept(twelve) == delivery::queued);
    CHECK(bytes->accept(twelve) == delivery::dropped_first);
    CHECK(bytes->queue.pop(out));
    CHECK(bytes->accept(twelve) == delivery::queued);
    CHECK(bytes->accept(twelve) == delivery::dropped);
}

TEST_CASE("D3: flow control and heartbeats are queued beyond the limit, and are no drops") {
    const auto s = make("a", subscribe_options{.pending_messages = 2});
    const message_view m("a", "", "", "x");
    const message_view flow_control("a", "reply", "NATS/1.0 100 FlowControl Request\r\n\r\n", "");
    const message_view no_status("a", "reply", "NATS/1.0 100 FlowControl Request\r\n\r\n", "with a payload it is a user's message");
    const message_view other("a", "", "NATS/1.0 409 Consumer Deleted\r\n\r\n", "");
    CHECK(s->accept(m) == delivery::queued);
    CHECK(s->accept(m) == delivery::queued);
    CHECK(s->accept(m) == delivery::dropped_first);
    CHECK(s->accept(flow_control) == delivery::queued);
    CHECK(s->accept(no_status) == delivery::dropped);
    CHECK(s->accept(other) == delivery::dropped);
    CHECK(s->queue.messages() == 3);
    CHECK(s->dropped == 3);
    CHECK(s->received == 6);
}

TEST_CASE("D2: with a queue of one message every overflow after an empty queue is an episode of its own") {
    const auto s = make("a", subscribe_options{.pending_messages = 1});
    message out;
    const message_view m("a", "", "", "x");
    for (int i = 0; i < 3; ++i) {
        CHECK(s->accept(m) == delivery::queued);
        CHECK(s->accept(m) == delivery::dropped_first);
        CHECK(s->accept(m) == delivery::dropped);
        CHECK(s->queue.pop(out));
    }
    CHECK(s->dropped == 6);
}

TEST_CASE("A17: options are copied: the state outlives the caller's text") {
    std::string group = "workers";
    const auto s = make("a", subscribe_options{.queue_group = group, .max_messages = 7});
    group = "changed";
    CHECK(s->queue_group == "workers");
    CHECK(s->max_messages == 7);
    CHECK(s->queue.max_messages() == subscribe_options{}.pending_messages);
}

TEST_CASE("I3: ending subscriptions needs no memory, so it cannot fail") {
    subscription_table table;
    std::vector<std::shared_ptr<subscription_state>> states;
    for (int i = 0; i < 100; ++i) table.add(states.emplace_back(make()));
    const test::allocation_counter counter;
    for (const auto& s : states) table.remove(s->sid);
    CHECK(counter.count() == 0);
    CHECK(table.size() == 0);
}

TEST_CASE("I3: subscribing and ending again and again neither grows the table nor allocates in it") {
    subscription_table table;
    std::vector<std::shared_ptr<subscription_state>> states;
    for (int i = 0; i < 10; ++i) states.push_back(make());
    const auto cycle = [&] {
        for (const auto& s : states) table.add(s);
        for (const auto& s : states) table.remove(s->sid);
    };
    cycle();
    const test::allocation_counter counter;
    for (int i = 0; i < 1000; ++i) cycle();
    CHECK(counter.count() == 0);
    CHECK(table.size() == 0);
    for (const auto& s : states) table.add(s);
    for (const auto& s : states) CHECK((s->sid & 0xffffff) <= 10);
}

}  // namespace
}  // namespace slipstream::session
