// Publishing and requests through a connection that is cut again and again, at places that a seed chooses.
#include <algorithm>
#include <random>

#include "tests/integration/fault_support.hpp"

using namespace slipstream;
using namespace slipstream::test;

namespace {

struct messaging_world : fault_world {
    messaging_world() : fault_world(core_only()) {}

    /// The open connection will end somewhere in the next bytes, one way or the other.
    void cut_soon(std::uint64_t within) {
        const way where = random() % 2 == 0 ? way::to_server : way::to_client;
        const ending how = random() % 2 == 0 ? ending::reset : ending::fin;
        proxy.cut_after(where, 1 + random() % within, how);
    }
    std::mt19937 random{20'251'125};
};

}  // namespace

TEST_CASE_FIXTURE(messaging_world,
                  "I14 C13 C14 I11: cut anywhere while publishing: what was flushed came once, nothing came twice or in another order") {
    std::vector<int> received;
    const subscription seen = truth.subscribe("data", [&](const message_view& m) {
        // Whole or not at all: each payload is its number, many times.
        const std::string_view payload = m.payload();
        const std::string number(payload.substr(0, payload.find(' ')));
        CHECK((payload.size() == (number.size() + 1) * 40 || payload.size() == (number.size() + 1) * 10'000));
        received.push_back(std::stoi(number));
    });
    REQUIRE_FALSE(std::get<0>(wait(truth.async_flush({}, result))));

    client nc(io.get_executor(), options());
    connect(nc);
    std::vector<int> flushed;
    int next = 0;
    int lost_flushes = 0;
    for (int round = 0; round < 400; ++round) {
        const bool with_large = round % 4 == 0;  // one that leaves from where it lies
        cut_soon(with_large ? 60'000 : 4'000);
        const int first = next;
        for (int i = 0; i < 20; ++i, ++next) {
            std::string payload;
            for (int k = 0; k < (with_large && i == 10 ? 10'000 : 40); ++k) payload += std::to_string(next) + ' ';
            REQUIRE_FALSE(nc.publish("data", payload));
        }
        const auto [ec] = wait(nc.async_flush({.timeout = 20s}, result));
        if (ec) {
            CHECK(ec == errc::connection_lost);
            ++lost_flushes;
        } else {
            for (int i = first; i < next; ++i) flushed.push_back(i);
        }
    }
    proxy.pass();
    // What was still kept goes out, and what the server has is told.
    REQUIRE(run_until([&] { return std::get<0>(wait(nc.async_flush({}, result))) == std::error_code(); }));
    REQUIRE_FALSE(std::get<0>(wait(truth.async_flush({}, result))));
    CHECK(events[event_kind::disconnected] > 100);
    CHECK(lost_flushes > 50);
    CHECK(flushed.size() > 1000);
    CHECK(std::adjacent_find(received.begin(), received.end(), std::greater_equal<>()) == received.end());
    CHECK(std::includes(received.begin(), received.end(), flushed.begin(), flushed.end()));
    nc.close();
}

TEST_CASE_FIXTURE(messaging_world, "I1 E1 E4: cut anywhere during requests: each ends once, and says no more than is known") {
    std::map<std::string, int> handled;
    const subscription service = truth.subscribe("svc", [&](const message_view& m) {
        ++handled[std::string(m.payload())];
        CHECK_FALSE(truth.publish(m.reply_to(), m.payload()));
    });
    REQUIRE_FALSE(std::get<0>(wait(truth.async_flush({}, result))));

    client nc(io.get_executor(), options());
    connect(nc);
    struct one {
        int ends = 0;
        std::error_code ec;
    };
    std::vector<one> requests(6'000);
    std::size_t started = 0;
    std::size_t ended = 0;
    while (started < requests.size()) {
        cut_soon(1'500);
        for (int i = 0; i < 20; ++i) {
            const std::size_t id = started++;
            nc.async_request("svc", std::to_string(id), {.timeout = 20s}, [&, id](std::error_code ec, message m) {
                ++requests[id].ends;
                requests[id].ec = ec;
                ++ended;
                if (!ec) CHECK(m.payload() == std::to_string(id));
            });
        }
        // A few remain in flight over each cut.
        REQUIRE(run_until([&] { return ended + 10 >= started; }));
    }
    proxy.pass();
    REQUIRE(run_until([&] { return ended == started; }));
    REQUIRE(run_until([&] { return std::get<0>(wait(nc.async_flush({}, result))) == std::error_code(); }));
    REQUIRE_FALSE(std::get<0>(wait(truth.async_flush({}, result))));
    std::size_t answered = 0;
    std::size_t lost = 0;
    for (std::size_t id = 0; id < requests.size(); ++id) {
        CAPTURE(id);
        const one& r = requests[id];
        CHECK(r.ends == 1);
        const int times = handled[std::to_string(id)];
        CHECK(times <= 1);
        if (!r.ec) {
            CHECK(times == 1);
            ++answered;
        } else {
            CHECK(r.ec == errc::connection_lost);
            CHECK(r.ec == condition::outcome_unknown);
            ++lost;
        }
    }
    CHECK(events[event_kind::disconnected] > 100);
    CHECK(answered > 1000);
    CHECK(lost > 50);
    CHECK(nc.stats().pending_requests == 0);
    nc.close();
}

TEST_CASE_FIXTURE(
    messaging_world,
    "C15 C16 I7 I12: after every cut the subscriptions are there before what is published, with what was left of their counts") {
    client nc(io.get_executor(), options());
    connect(nc);
    const int total = 300;
    subscription counted = nc.subscribe("own", {.max_messages = total});
    int all = 0;
    const subscription plain = nc.subscribe("own", [&](const message_view&) { ++all; });
    std::uint64_t told = 0;
    for (int round = 0; !counted.is_closed() && round < 2'000; ++round) {
        cut_soon(400);
        for (int i = 0; i < 5; ++i) REQUIRE_FALSE(nc.publish("own", "x"));
        static_cast<void>(wait(nc.async_flush({.timeout = 20s}, result)));
        for (message m; counted.try_next(m);) ++told;
        // Two subscriptions to one subject see the same, until the first has had its number: a cut may fall between their copies.
        CHECK(counted.received() <= static_cast<std::uint64_t>(total));
    }
    proxy.pass();
    CHECK(told == static_cast<std::uint64_t>(total));
    CHECK(counted.received() == static_cast<std::uint64_t>(total));
    CHECK(events[event_kind::disconnected] > 10);
    REQUIRE(run_until([&] { return std::get<0>(wait(nc.async_flush({}, result))) == std::error_code(); }));
    // A message that is published after a reconnect reaches the subscription that was restored.
    const int before = all;
    REQUIRE_FALSE(nc.publish("own", "last"));
    REQUIRE_FALSE(std::get<0>(wait(nc.async_flush({}, result))));
    CHECK(all == before + 1);
    nc.close();
}
