#include <doctest/doctest.h>

#include <array>
#include <cctype>
#include <chrono>
#include <set>
#include <string>
#include <vector>

#include <slipstream/error.hpp>

#include "protocol/session/request_table.hpp"
#include "tests/support/alloc_counter.hpp"
#include "tests/unit/session/recorder.hpp"

namespace slipstream::session {
namespace {

using test::completion_count;
using test::counting_completion;

std::string token_of(const request_slot& slot) {
    std::string token(request_table::token_size, '?');
    request_table::write_token(slot, token.data());
    return token;
}

TEST_CASE("E3: the first reply finds its request, a second or late one finds nothing") {
    completion_count count;
    request_table table;
    request_slot& slot = table.acquire("a.b", counting_completion::make(count));
    const std::string token = token_of(slot);
    CHECK(table.pending() == 1);
    CHECK(table.find(token) == &slot);
    CHECK(slot.subject == "a.b");
    table.finish(slot).release()->complete(errc::timeout, {});
    CHECK(count.completed == 1);
    CHECK(table.pending() == 0);
    CHECK(table.find(token) == nullptr);

    // The slot is used again: the old token still names nothing.
    request_slot& again = table.acquire("c", counting_completion::make(count));
    CHECK(&again == &slot);
    CHECK(again.generation == 2);
    CHECK(table.find(token) == nullptr);
    CHECK(table.find(token_of(again)) == &again);
    CHECK(table.finish(again));
    CHECK(count.destroyed == 1);
}

TEST_CASE("A17: tokens that nobody made name nothing") {
    completion_count count;
    request_table table;
    request_slot& slot = table.acquire("a", counting_completion::make(count));
    const std::string token = token_of(slot);
    CHECK(token == "0000000001");
    for (const std::string_view wrong :
         {"", "0", "000000000", "00000000011", "0000000000", "0000100001", "zzzzz00001", "zzzzzzzzzz", "00000 0001", "0000.00001",
          "00000\xff"
          "0001",
          "*", ">"}) {
        CAPTURE(wrong);
        CHECK(table.find(wrong) == nullptr);
    }
    CHECK(table.find(std::string_view("00000\0"
                                      "0001",
                                      10)) == nullptr);
    for (std::size_t i = 0; i < token.size(); ++i) {
        std::string changed = token;
        changed[i] = changed[i] == 'Z' ? 'a' : 'Z';
        CHECK(table.find(changed) == nullptr);
    }
    CHECK(table.find(token) == &slot);
}

TEST_CASE("E11: tokens and operation ids differ between all pending requests, and ids name them") {
    completion_count count;
    request_table table;
    std::set<std::string> tokens;
    std::set<std::uint64_t> ids;
    std::vector<request_slot*> slots;
    for (int i = 0; i < 5000; ++i) {
        request_slot& slot = table.acquire("s", counting_completion::make(count));
        slots.push_back(&slot);
        CHECK(tokens.insert(token_of(slot)).second);
        CHECK(ids.insert(request_table::id_of(slot).value).second);
    }
    for (request_slot* slot : slots) {
        REQUIRE(table.find(token_of(*slot)) == slot);  // addresses are stable while the table grows
        REQUIRE(table.find(request_table::id_of(*slot)) == slot);
        REQUIRE(request_table::id_of(*slot).value != 0);
        REQUIRE(request_table::id_of(*slot).value < std::uint64_t{1} << 60);
    }
    // A character that is no digit must not stand for any number: slot 255 and its like exist here.
    for (int c = 0; c < 256; ++c) {
        const bool digit = std::isalnum(c) != 0;
        const std::string last = std::string("0000") + static_cast<char>(c) + "00001";
        const std::string first = std::string("000") + static_cast<char>(c) + "000001";
        CAPTURE(c);
        CHECK((table.find(last) != nullptr) == digit);
        CHECK((table.find(first) != nullptr) == digit);
    }
    const detail::operation_id id = request_table::id_of(*slots[7]);
    CHECK(table.finish(*slots[7]));
    CHECK(table.find(id) == nullptr);
    CHECK(table.find(detail::operation_id{}) == nullptr);
    CHECK(table.find(detail::operation_id{UINT64_MAX}) == nullptr);
}

TEST_CASE("E3: the generation wraps around without ever being zero") {
    completion_count count;
    request_table table;
    request_slot& slot = table.acquire("s", counting_completion::make(count));
    CHECK(slot.generation == 1);
    request_table::set_generation(slot, request_table::generations - 1);
    CHECK(table.finish(slot));
    CHECK(table.acquire("s", counting_completion::make(count)).generation == request_table::generations);
    CHECK(token_of(slot) == "00000zzzzz");
    CHECK(table.find("00000zzzzz") == &slot);
    CHECK(table.find(request_table::id_of(slot)) == &slot);
    CHECK(table.finish(slot));
    CHECK(table.acquire("s", counting_completion::make(count)).generation == 1);
    CHECK(table.find("00000zzzzz") == nullptr);
    CHECK(table.find("0000000001") == &slot);
}

TEST_CASE("E3: the text of a token counts as its number does") {
    completion_count count;
    request_table table;
    request_slot& slot = table.acquire("s", counting_completion::make(count));
    for (const std::uint32_t start : {1U, 61U, 62U * 62 - 1, 62U * 62 * 62 - 1, 62U * 62 * 62 * 62 - 1}) {
        request_table::set_generation(slot, start);
        CHECK(table.finish(slot));
        static_cast<void>(table.acquire("s", counting_completion::make(count)));
        const std::string counted = token_of(slot);
        request_table::set_generation(slot, start + 1);
        CHECK(counted == token_of(slot));
    }
}

TEST_CASE("E2: a million requests that end leave no entry behind") {
    completion_count count;
    request_table table;
    std::array<request_slot*, 8> window{};
    for (int i = 0; i < 1'000'000; ++i) {
        request_slot*& slot = window[static_cast<std::size_t>(i) % window.size()];
        if (slot != nullptr) table.finish(*slot).release()->complete(errc::timeout, {});
        slot = &table.acquire("a", counting_completion::make(count));
        if (slot->index >= window.size()) FAIL("the table grew");
    }
    CHECK(table.pending() == window.size());
    for (request_slot* slot : window) table.finish(*slot).release()->complete({}, {});
    CHECK(table.pending() == 0);
    CHECK(count.completed == 1'000'000);
}

TEST_CASE("E2: in steady state a request allocates nothing in the table") {
    completion_count count;
    request_table table;
    const std::string subject(100, 's');
    std::vector<request_slot*> slots(20);
    const auto cycle = [&](detail::message_completion(&completions)[20]) {
        for (std::size_t i = 0; i < slots.size(); ++i) slots[i] = &table.acquire(subject, std::move(completions[i]));
        for (std::size_t i = 0; i < slots.size(); ++i) completions[i] = table.finish(*slots[i]);
    };
    detail::message_completion completions[20];
    for (auto& c : completions) c = counting_completion::make(count);
    cycle(completions);
    const test::allocation_counter counter;
    for (int i = 0; i < 100; ++i) cycle(completions);
    CHECK(counter.count() == 0);
}

TEST_CASE("E2: ending requests needs no memory, so it cannot fail") {
    completion_count count;
    request_table table;
    std::vector<request_slot*> slots;
    for (int i = 0; i < 100; ++i) slots.push_back(&table.acquire("s", counting_completion::make(count)));
    const test::allocation_counter counter;
    for (request_slot* slot : slots) table.finish(*slot).reset();
    CHECK(counter.count() == 0);
    CHECK(table.pending() == 0);
    CHECK(count.destroyed == 100);
}

TEST_CASE("I5: a long subject is not kept by a free slot") {
    completion_count count;
    request_table table;
    request_slot& slot = table.acquire(std::string(50'000, 's'), counting_completion::make(count));
    CHECK(slot.subject.capacity() >= 50'000);
    CHECK(table.finish(slot));
    CHECK(slot.subject.capacity() < 1000);
}

TEST_CASE("I1: a visitor may finish what it is shown, others, and begin new ones") {
    completion_count count;
    request_table table;
    std::vector<request_slot*> slots;
    for (int i = 0; i < 40; ++i) slots.push_back(&table.acquire("old", counting_completion::make(count)));
    int visited = 0;
    table.for_each([&](request_slot& slot) {
        ++visited;
        if (slot.subject == "new") return;
        table.finish(slot).release()->complete(errc::connection_lost, {});
        if (slot.index == 3 && slots[4]->completion) table.finish(*slots[4]).release()->complete(errc::closed, {});
        if (slot.index % 10 == 0) table.acquire("new", counting_completion::make(count));
    });
    CHECK(count.completed == 40);
    CHECK(visited >= 39);
    CHECK(table.pending() == 4);
}

TEST_CASE("I1: running out of memory leaves the table as it was, and the completion is destroyed once") {
    for (std::uint64_t nth = 1; nth <= 6; ++nth) {
        completion_count count;
        request_table table;
        detail::message_completion completion = counting_completion::make(count);
        bool thrown = false;
        {
            const test::failing_allocation fails(nth);
            try {
                table.acquire(std::string_view("a subject that is too long for the small string"), std::move(completion));
            } catch (const std::bad_alloc&) {
                thrown = true;
            }
        }
        completion.reset();
        CHECK(table.pending() == (thrown ? 0 : 1));
        CHECK(count.destroyed == (thrown ? 1 : 0));
        request_slot& slot = table.acquire("s", counting_completion::make(count));
        CHECK(table.find(token_of(slot)) == &slot);
        if (nth <= 4) CHECK(thrown);
    }
}

}  // namespace
}  // namespace slipstream::session
