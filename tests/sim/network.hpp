// Simulated TCP: connections with a queue for each direction.
//
// Told: dials, bytes, ends, faults, the time. Decides: when bytes arrive and in which pieces. Emits: calls to the two ends. As in
// TCP, a direction keeps its order and loses nothing but its tail; what is dropped by a fault is held back until the fault ends or
// the connection does. A connection that one end has left may live on at the other. A system that has taken a part of a write takes
// nothing for a while: the part ends where it hurts, mostly inside a frame.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <system_error>

#include "tests/sim/clock.hpp"

namespace slipstream::sim {

struct path {
    duration latency = std::chrono::microseconds(100);
    duration jitter = std::chrono::microseconds(400);
    std::uint64_t rate = 0;      // bytes in a second, 0 = no limit
    std::size_t capacity = 64 * 1024;  // of what the sender may have under way
    std::uint64_t stingy = 0;    // of so many writes of the client one is taken in part, 0 = none
};

/// One direction.
struct direction {
    struct packet {
        time_point due;
        std::string bytes;
    };
    std::deque<packet> flying;
    std::string arrived;         // and not yet read
    std::size_t read_from = 0;   // of it
    time_point last_due{};
    std::size_t under_way = 0;   // flying and arrived
    bool held = false;           // silently dropped
    bool closed_flying = false;  // the FIN is sent
    bool closed = false;         // the FIN has arrived, behind all bytes
    time_point fin_due{};

    [[nodiscard]] std::string_view unread() const noexcept { return std::string_view(arrived).substr(read_from); }
    void read(std::size_t n) {
        read_from += n;
        under_way -= n;
        if (read_from == arrived.size()) {
            arrived.clear();
            read_from = 0;
        }
    }
};

struct link {
    std::uint64_t id = 0;
    std::size_t client = 0;
    std::size_t server = 0;
    std::uint64_t generation = 0;
    direction to_server;
    direction to_client;
    bool accepted = false;       // the server has it
    bool established = false;    // the client knows
    bool client_open = true;
    bool server_open = true;
    bool reset_for_client = false;  // what has arrived is the last
    bool server_reads = true;    // false: window 0
    bool cut_in_write = false;   // the next write of some size is taken in part, and is the last
    bool last_written = false;   // it was
    bool left = false;           // the client has ended it of its own will, in order
    bool troubled = false;       // something has happened to what is under way to the server
    time_point full_until{};     // the client's system takes nothing before
    std::uint64_t connection = 0;   // index + 1 of the server's
    std::uint64_t fed = 0;          // bytes that the client has got
    std::uint64_t written = 0;      // bytes that the client has handed over
    time_point last_fed{};
    time_point blocked_since = never;  // the client has more than is taken
};

class network {
public:
    class ends {
    public:
        virtual ~ends() = default;
        virtual void on_dial_answer(link&, std::error_code) = 0;
        virtual void on_accept(link&) = 0;
        virtual void on_client_readable(link&) = 0;   // bytes, an end, or a reset
        virtual void on_client_writable(link&) = 0;
        virtual void on_server_readable(link&) = 0;
        virtual void on_server_writable(link&) = 0;
    };
    enum class dial_answer : std::uint8_t { accept, refuse, silence };

    network(clock& time, random_stream rng, ends& told) : time_(time), rng_(rng), told_(told) {}

    link& dial(std::size_t client, std::size_t server, std::uint64_t generation, dial_answer answer);
    /// How many of the bytes were taken.
    std::size_t client_writes(link& l, std::string_view bytes);
    std::size_t server_writes(link& l, std::string_view bytes);
    void client_reads(link& l, std::size_t n);
    void server_reads(link& l, std::size_t n);

    /// The client's close: what it has sent still arrives.
    void client_closes(link& l);
    /// The server sends nothing more; `reads_on` is a half-closed connection.
    void server_closes(link& l, bool reads_on);
    /// Both directions lose what is under way, but for a random part of what the client was sent.
    void reset(link& l);

    void hold(link& l, bool to_client, bool to_server, bool on);
    void stop_server_reading(link& l, bool stopped);

    [[nodiscard]] std::deque<link>& links() noexcept { return links_; }
    [[nodiscard]] path& path_of(std::size_t client) noexcept { return paths_[client]; }

private:
    void send(link& l, direction& d, std::string_view bytes);
    void arrive(link& l, direction& d);
    void schedule(link& l, direction& d, time_point due);
    void finish(link& l, direction& d);
    [[nodiscard]] duration draw_latency(const link& l);
    std::size_t part_of(std::string_view bytes);

    clock& time_;
    random_stream rng_;
    ends& told_;
    std::deque<link> links_;
    path paths_[2];
};

}  // namespace slipstream::sim
