// Event callbacks: order, registration, exceptions; message handlers that throw.
#include <asio/post.hpp>

#include "protocol/io/event_hub.hpp"
#include "tests/io/fixture.hpp"

using namespace slipstream;
using namespace slipstream::test;

namespace {

event of(event_kind kind) {
    event e;
    e.kind = kind;
    return e;
}

}  // namespace

TEST_CASE("I2: a listener hears nothing after its registration has ended, also when that happens inside a callback") {
    std::string heard;
    io::event_hub hub([&](const event&) { heard += 'o'; });
    std::shared_ptr<void> a = hub.add([&](const event&) { heard += 'a'; });
    std::shared_ptr<void> b;
    std::shared_ptr<void> c = hub.add([&](const event&) {
        heard += 'c';
        b.reset();
        c.reset();
    });
    b = hub.add([&](const event&) { heard += 'b'; });
    hub.tell(of(event_kind::connected));
    CHECK(heard == "oac");
    a.reset();
    hub.tell(of(event_kind::disconnected));
    CHECK(heard == "oaco");
}

TEST_CASE("I2: registrations that come and go leave nothing behind, and one made inside a callback hears the next event") {
    std::string heard;
    io::event_hub hub(nullptr);
    std::vector<std::shared_ptr<void>> more;
    const std::shared_ptr<void> maker = hub.add([&](const event&) {
        heard += 'm';
        if (more.empty()) {
            for (int i = 0; i < 100; ++i) more.push_back(hub.add([&](const event&) { heard += 'n'; }));
        }
    });
    hub.tell(of(event_kind::connected));
    CHECK(heard == "m");
    more.resize(1);
    for (int i = 0; i < 10'000; ++i) static_cast<void>(hub.add([](const event&) {}));
    hub.tell(of(event_kind::connected));
    CHECK(heard == "mmn");
    CHECK(hub.size() <= 3);
}

TEST_CASE("H6: an event callback that throws is reported to all, once, and never stops the others") {
    std::vector<event> told;
    io::event_hub hub([&](const event&) { throw std::runtime_error("first"); });
    const std::shared_ptr<void> second = hub.add([&](const event& e) {
        told.push_back(e);
        if (e.kind == event_kind::connected) throw 5;  // not even a std::exception
    });
    hub.tell(of(event_kind::connected));
    REQUIRE(told.size() == 3);
    CHECK(told[0].kind == event_kind::connected);
    CHECK(told[1].kind == event_kind::handler_failed);
    CHECK(told[1].detail == "event callback: first");
    CHECK(told[2].kind == event_kind::handler_failed);
    CHECK(told[2].detail == "event callback: unknown exception");
    told.clear();
    hub.tell(of(event_kind::closed));
    CHECK(told.size() == 1);  // nothing follows closed
}

TEST_CASE("I2: what callbacks hold is let go of, also when that leads back here") {
    io::event_hub hub(nullptr);
    struct returning {
        explicit returning(io::event_hub& h) : hub(h) {}
        returning(const returning&) = default;
        ~returning() {
            hub.clear();
            static_cast<void>(hub.add([](const event&) {}));
        }
        io::event_hub& hub;
    };
    {
        io::event_hub other([held = std::make_shared<returning>(hub)](const event&) {});
        other.clear();
        other.tell(of(event_kind::connected));
    }
    hub.clear();
    CHECK(hub.size() <= 1);
}

TEST_CASE_FIXTURE(io_fixture, "H6: a client with throwing callbacks and handlers works on and tells") {
    connect_options o = options();
    o.on_event = [this](const event& e) {
        events.push_back(e);
        if (e.kind == event_kind::connected) throw std::runtime_error("from on_event");
    };
    client nc(context.get_executor(), o);
    int heard = 0;
    const event_listener listener = nc.listen([&](const event&) { ++heard; });
    int handled = 0;
    const subscription in = nc.subscribe("in", [&](const message_view&) {
        ++handled;
        throw std::runtime_error("from the handler");
    });
    auto server = [&]() -> asio::awaitable<void> { co_await serve_one(peer); };
    auto user = [&]() -> asio::awaitable<void> {
        co_await nc.async_connect();
        CHECK_FALSE(nc.publish("in", "1"));
        CHECK_FALSE(nc.publish("in", "2"));
        co_await nc.async_flush();
        CHECK(handled == 2);
        CHECK(nc.healthy());
        nc.close();
    };
    play(context, server, user);
    CHECK(runs_out());
    CHECK(heard == static_cast<int>(events.size()));
    REQUIRE(count(event_kind::handler_failed) == 3);
    CHECK(events[1].detail == "event callback: from on_event");
    CHECK(last(event_kind::handler_failed).subject == "in");
    CHECK(last(event_kind::handler_failed).detail == "from the handler");
}
