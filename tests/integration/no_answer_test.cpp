// Addresses that swallow what is sent to them, in a network namespace of this program's own: no RST, no ICMP, no SYN-ACK.
//
// The namespace has a loopback device and a route that sends 192.0.2.0/24 to it. What is sent to an address of that network arrives,
// is for nobody there, and is dropped, as the kernel forwards nothing. Addresses are given to the device and taken from it while
// connections use them: a cable that is plugged in and pulled. The namespace ends with the program, and with it all of this.
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include <arpa/inet.h>
#include <net/if.h>
#include <net/route.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <string>
#include <system_error>

#include "tests/integration/core_fixture.hpp"

using namespace slipstream;
using namespace slipstream::test;

namespace {

constexpr int meson_skipped = 77;
const std::string nobody = "192.0.2.1";

[[noreturn]] void fail(const char* what) { throw std::system_error(errno, std::generic_category(), what); }

/// One ioctl on a socket that is good for nothing else.
void ask(unsigned long request, void* argument, const char* what) {
    const int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) fail("socket");
    const int failed = ::ioctl(fd, request, argument);
    const int why = errno;
    ::close(fd);
    errno = why;
    if (failed != 0) fail(what);
}

void put(sockaddr& where, const char* address) {
    sockaddr_in in{};
    in.sin_family = AF_INET;
    if (::inet_pton(AF_INET, address, &in.sin_addr) != 1) throw std::invalid_argument(address);
    std::memcpy(&where, &in, sizeof in);
}

ifreq about(const std::string& device) {
    ifreq out{};
    std::memcpy(out.ifr_name, device.c_str(), std::min(device.size() + 1, sizeof out.ifr_name - 1));
    return out;
}

void bring_up(const std::string& device, bool up = true) {
    ifreq r = about(device);
    ask(SIOCGIFFLAGS, &r, "SIOCGIFFLAGS");
    r.ifr_flags = static_cast<short>(up ? r.ifr_flags | IFF_UP : r.ifr_flags & ~IFF_UP);
    ask(SIOCSIFFLAGS, &r, "SIOCSIFFLAGS");
}

void write_file(const char* path, const std::string& text) {
    std::ofstream file(path);
    if (!(file << text).flush()) fail(path);
}

/// As root a namespace for the network alone, else one for users around it. Precondition: no other thread.
void enter_namespace() {
    const uid_t user = ::getuid();
    const gid_t group = ::getgid();
    if (::unshare(CLONE_NEWNET) != 0) {
        if (::unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0) fail("unshare");
        write_file("/proc/self/setgroups", "deny");
        write_file("/proc/self/uid_map", std::to_string(user) + " " + std::to_string(user) + " 1");
        write_file("/proc/self/gid_map", std::to_string(group) + " " + std::to_string(group) + " 1");
    }
    bring_up("lo");
    rtentry route{};
    put(route.rt_dst, "192.0.2.0");
    put(route.rt_genmask, "255.255.255.0");
    route.rt_flags = RTF_UP;
    char device[] = "lo";
    route.rt_dev = device;
    ask(SIOCADDRT, &route, "SIOCADDRT");
}

/// An address that answers while it is plugged in.
class plug {
public:
    plug(std::string label, std::string address) : label_("lo:" + label), address_(std::move(address)) { in(); }
    plug(const plug&) = delete;
    plug& operator=(const plug&) = delete;
    ~plug() {
        try {
            out();
        } catch (const std::system_error& e) {
            std::fprintf(stderr, "%s\n", e.what());
        }
    }

    void in() {
        if (std::exchange(in_, true)) return;
        ifreq r = about(label_);
        put(r.ifr_addr, address_.c_str());
        ask(SIOCSIFADDR, &r, "SIOCSIFADDR");
        put(r.ifr_netmask, "255.255.255.255");
        ask(SIOCSIFNETMASK, &r, "SIOCSIFNETMASK");
    }
    void out() {
        if (std::exchange(in_, false)) bring_up(label_, false);
    }

private:
    std::string label_;
    std::string address_;
    bool in_ = false;
};

/// A server at an address that can be unplugged.
struct pluggable {
    core_fixture f;
    plug at;
    std::string url;

    pluggable(const std::string& label, const std::string& address)
        : at(label, address), url("nats://" + address + ":" + std::to_string(f.server.port())) {
        f.server.set_config("listen: \"0.0.0.0:" + std::to_string(f.server.port()) + "\"\n");
        f.server.restart();
    }
};

}  // namespace

TEST_CASE("C1: an address that swallows SYNs: the attempt ends by its deadline, with an error that says so") {
    core_fixture f;
    connect_options o = f.options();
    o.servers = {"nats://" + nobody + ":4222"};
    const std::error_code wanted = errc::handshake_timeout;
    SUBCASE("that of the attempt") { o.connect_timeout = 300ms; }
    SUBCASE("that of the dial") { o.dial_timeout = 200ms; }
    client nc(f.context.get_executor(), o);
    auto story = [&]() -> asio::awaitable<void> {
        auto [ec] = co_await nc.async_connect(use_tuple);
        CHECK(ec == wanted);
        CHECK(ec == condition::timed_out);
        CHECK(nc.state() == client_state::idle);
        CHECK_FALSE(nc.healthy());
    };
    f.run(story);
    CHECK(nc.stats().dials == 1);
    const event& failed = f.first(event_kind::connect_failed);
    CHECK(failed.error == wanted);
    CHECK(failed.server == nobody + ":4222");
    nc.close();
}

TEST_CASE("C1: the next server is tried, and it is connected to") {
    core_fixture f;
    connect_options o = f.options();
    o.servers = {"nats://" + nobody + ":4222", "nats://192.0.2.2:4222", f.server.url()};
    o.randomize_servers = false;
    o.dial_timeout = 200ms;
    client nc(f.context.get_executor(), o);
    auto story = [&]() -> asio::awaitable<void> {
        co_await nc.async_connect();
        co_await nc.async_flush();
    };
    f.run(story);
    CHECK(nc.stats().dials == 3);
    CHECK(f.count(event_kind::connect_failed) == 2);
    CHECK(f.first(event_kind::connected).server == f.server.address());
    nc.close();
}

TEST_CASE("C1: a connect that is cancelled or closed while nobody answers ends at once") {
    core_fixture f;
    connect_options o = f.options();
    o.servers = {"nats://" + nobody + ":4222"};
    o.connect_timeout = std::chrono::hours(1);
    client nc(f.context.get_executor(), o);
    std::error_code ec;
    auto connecting = [&]() -> asio::awaitable<void> { std::tie(ec) = co_await nc.async_connect(use_tuple); };
    auto closing = [&]() -> asio::awaitable<void> {
        co_await f.pause(100ms);
        CHECK_FALSE(ec);
        nc.close();
    };
    play(f.context, connecting, closing);
    CHECK(ec == errc::closed);
    CHECK(nc.stats().dials == 1);
}

TEST_CASE("C1 C3 C6 I5: the cable is pulled: noticed by pings, left; dials that nobody answers end; the next server takes over, and back") {
    pluggable a("a", "192.0.2.10");
    pluggable b("b", "192.0.2.20");
    core_fixture& f = a.f;
    connect_options o = f.options();
    o.servers = {"nats://" + nobody + ":4222", a.url, b.url};
    o.randomize_servers = false;
    o.dial_timeout = 200ms;
    o.ping_interval = 100ms;
    client nc(f.context.get_executor(), o);
    subscription in = nc.subscribe("in");
    const auto talks = [&]() -> asio::awaitable<void> {
        CHECK_FALSE(nc.publish("in", "x"));
        const message m = co_await in.async_next();
        CHECK(m.payload() == "x");
    };
    auto story = [&]() -> asio::awaitable<void> {
        co_await nc.async_connect();
        co_await talks();
        for (pluggable* lost : {&a, &b, &a}) {
            pluggable& other = lost == &a ? b : a;
            const std::size_t before = f.count(event_kind::connected);
            lost->at.out();
            while (f.count(event_kind::connected) == before) co_await f.pause(10ms);
            CHECK("nats://" + f.events.back().server == other.url);
            co_await talks();
            lost->at.in();
        }
    };
    f.run(story);
    CHECK(f.count(event_kind::disconnected) == 3);
    for (const event& e : f.events) {
        if (e.kind == event_kind::disconnected) CHECK(e.reason == disconnect_reason::stale);
        if (e.kind == event_kind::connect_failed) CHECK(e.error == errc::handshake_timeout);
    }
    CHECK(f.count(event_kind::connect_failed) >= 1);
    nc.close();
}

int main(int argc, char** argv) {
    try {
        enter_namespace();
    } catch (const std::exception& e) {
        std::printf("SKIPPED: no network namespace of its own (%s): addresses that swallow SYNs were not tested\n", e.what());
        return meson_skipped;
    }
    return doctest::Context(argc, argv).run();
}
