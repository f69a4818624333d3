// A TCP proxy on loopback that breaks what passes through it: between a client under test and a real server.
//
//     fault_proxy proxy(server.port());          // the client dials proxy.url()
//     proxy.cut_next(way::to_client, 17);        // its next connection ends when the client has been sent 17 bytes
//     proxy.swallow(way::to_server);             // from now on: the client's bytes vanish, the server's arrive
//     proxy.cut();  proxy.refuse();              // RST for all, and nobody gets in
//
// It has a thread of its own, so that it goes on while the test's event loop stands still. Every call may be made at any time from
// any thread and has taken effect when it returns. It never sleeps: the thread waits for sockets, calls, and the ends of delays.
#pragma once

#include <array>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "tests/support/nats_server.hpp"

namespace slipstream::test {

enum class way : std::uint8_t { to_server, to_client };
enum class ending : std::uint8_t {
    reset,  ///< RST to both sides; what is still on its way is lost.
    fin,    ///< FIN to both sides; what they still send vanishes.
    stall,  ///< No end at all: what follows that way vanishes, the other way goes on.
};

struct proxy_counts {
    std::uint64_t accepted = 0;   ///< Connections in all, muted ones included.
    std::uint64_t open = 0;       ///< Connections now.
    std::uint64_t to_server = 0;  ///< Bytes passed on, over all connections.
    std::uint64_t to_client = 0;
    std::uint64_t swallowed = 0;  ///< Bytes that vanished, both ways.
    std::uint64_t last_to_server = 0;  ///< Of the connection that was accepted last.
    std::uint64_t last_to_client = 0;
};

class fault_proxy {
public:
    explicit fault_proxy(std::uint16_t server_port);  ///< Throws std::runtime_error when no port is free.
    fault_proxy(const fault_proxy&) = delete;
    fault_proxy& operator=(const fault_proxy&) = delete;
    ~fault_proxy();  ///< Resets what is open.

    [[nodiscard]] std::uint16_t port() const noexcept { return port_.port(); }
    [[nodiscard]] std::string address() const { return "127.0.0.1:" + std::to_string(port()); }
    [[nodiscard]] std::string url() const { return "nats://" + address(); }

    // --- ends of connections ---
    /// The next connection ends when exactly so many of its bytes have passed that way (0: as soon as it is accepted). Each call is for
    /// one connection more.
    void cut_next(way w, std::uint64_t bytes, ending how = ending::reset);
    /// Each open connection ends when so many more bytes have passed that way.
    void cut_after(way w, std::uint64_t more, ending how = ending::reset);
    void cut(ending how = ending::reset);  ///< Every open connection, now.
    void finish(way w);  ///< FIN to that side of every open connection; the other way goes on.

    // --- what happens to bytes, on open connections and on new ones ---
    void hold(way w);  ///< Nothing is read from the other side: its window fills up.
    void swallow(way w);  ///< Everything is read and vanishes: a black hole.
    void split(way w, std::size_t piece);  ///< At most so many bytes in one write.
    void delay(way w, std::chrono::milliseconds time);  ///< Each byte arrives so much later, in order.
    void pass(way w);  ///< Undoes these four; what was held goes on.
    void pass();  ///< Both ways; cuts that are still to come are called off as well.

    // --- new connections ---
    void refuse();  ///< Dials are refused.
    void mute();  ///< Dials are accepted, and nothing is said or read.
    void listen();  ///< Undoes both; muted connections stay mute.
    void redirect(std::uint16_t server_port);  ///< New connections go to another server.

    [[nodiscard]] proxy_counts counts();  ///< Of now: what either side has received is in it.
    /// Waits until `done(counts())`; false when the time is up. For tests whose event loop need not run meanwhile.
    template <class Condition>
    bool wait(Condition done, std::chrono::milliseconds limit = std::chrono::seconds(20)) {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, limit, [&] { return done(counts_); });
    }

private:
    using clock = std::chrono::steady_clock;
    class connection;
    struct lane_rules {
        bool hold = false;
        bool swallow = false;
        std::size_t piece = 0;  // 0 = as it comes
        std::chrono::milliseconds delay{0};
    };
    struct planned_cut {
        way where;
        std::uint64_t bytes;
        ending how;
    };
    enum class entrance : std::uint8_t { open, muted, refused };

    [[nodiscard]] lane_rules& rules(way w) { return rules_.at(static_cast<std::size_t>(w)); }
    /// Has the thread do it, and returns when it has.
    void call(std::function<void()> what);
    void run();
    void accept_all();
    void begin(int client);
    void set_entrance(entrance to);

    port_reservation port_;
    int wake_ = -1;

    // Of the thread alone.
    std::uint16_t target_;
    int listener_ = -1;
    entrance entrance_ = entrance::open;
    std::array<lane_rules, 2> rules_{};
    std::deque<planned_cut> planned_;
    std::list<std::unique_ptr<connection>> connections_;
    proxy_counts live_;
    bool stopping_ = false;

    // Between the thread and everybody else.
    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<std::function<void()>> calls_;
    std::uint64_t asked_ = 0;
    std::uint64_t answered_ = 0;
    proxy_counts counts_;

    std::thread thread_;
};

}  // namespace slipstream::test
