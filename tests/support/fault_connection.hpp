// One connection through the fault proxy: two sockets and what is on its way between them. Of the proxy's thread alone.
#pragma once

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/fault_proxy.hpp"

namespace slipstream::test {

inline void close_with_reset(int& socket) {
    if (socket < 0) return;
    const linger now{1, 0};
    ::setsockopt(socket, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    ::close(std::exchange(socket, -1));
}

class fault_proxy::connection {
    static constexpr std::size_t read_size = std::size_t{64} * 1024;
    static constexpr std::size_t lane_limit = std::size_t{1024} * 1024;  // more is not read before some has gone on

public:
    /// `server` -1: muted.
    connection(fault_proxy& proxy, std::uint64_t number, int client, int server) : proxy_(proxy), number_(number) {
        lane(way::to_server).from = client;
        lane(way::to_client).from = server;
    }
    connection(const connection&) = delete;
    connection& operator=(const connection&) = delete;
    ~connection() { reset(); }

    [[nodiscard]] bool is_over() const noexcept { return lanes_[0].from < 0; }

    void reset() {
        for (one_way& l : lanes_) close_with_reset(l.from);
    }
    void finish(way w) {
        one_way& l = lane(w);
        if (is_over() || muted() || l.ended) return;
        ::shutdown(to(w), SHUT_WR);
        l.ended = true;
        forget(l);
    }
    void end(ending how) {
        if (how != ending::fin || muted()) return reset();
        finish(way::to_client);
        finish(way::to_server);
    }
    void cut_after(way w, std::uint64_t more, ending how) {
        one_way& l = lane(w);
        l.cut_at = l.passed + more;
        l.cut_how = how;
        if (more == 0) reach(l);
    }

    void call_off() {
        for (one_way& l : lanes_) l.cut_at.reset();
    }

    /// Two entries: the client's socket, the server's.
    void add_to(std::vector<pollfd>& polled, clock::time_point now) {
        for (const way w : {way::to_server, way::to_client}) {
            const way back = w == way::to_server ? way::to_client : way::to_server;
            short events = 0;
            if (reads(w))
                events = POLLIN;
            else if (!lane(w).source_ended && !lane(w).hung_up)
                events = POLLRDHUP;
            if (writes(back, now)) events = static_cast<short>(events | POLLOUT);
            // Without a wish it is not asked at all: what a socket says unasked would keep the thread busy.
            polled.push_back({events != 0 ? lane(w).from : -1, events, 0});
        }
    }
    /// When the next delayed byte is due.
    [[nodiscard]] clock::time_point next_due() const {
        clock::time_point at = clock::time_point::max();
        for (const one_way& l : lanes_) {
            if (!l.queue.empty()) at = std::min(at, l.queue.front().due);
        }
        return at;
    }
    void on_poll(const pollfd& client, const pollfd& server, clock::time_point now) {
        take(way::to_server, client.revents, now);
        if (!is_over()) take(way::to_client, server.revents, now);
        for (const way w : {way::to_server, way::to_client}) {
            if (!is_over()) give(w, now);
        }
        if (!is_over() && lanes_[0].ended && lanes_[1].ended && lanes_[0].source_ended && lanes_[1].source_ended) close();
    }

private:
    struct piece {
        clock::time_point due;
        std::string bytes;
    };
    struct one_way {
        int from = -1;
        std::deque<piece> queue;
        std::size_t queued = 0;
        std::uint64_t passed = 0;
        std::optional<std::uint64_t> cut_at;
        ending cut_how = ending::reset;
        bool stalled = false;
        bool source_ended = false;  // FIN came
        bool hung_up = false;       // it will, when what is before it has been read
        bool ended = false;         // FIN was sent; nothing goes this way any more
    };

    [[nodiscard]] one_way& lane(way w) { return lanes_.at(static_cast<std::size_t>(w)); }
    [[nodiscard]] int to(way w) { return lane(w == way::to_server ? way::to_client : way::to_server).from; }
    [[nodiscard]] bool muted() const noexcept { return lanes_[1].from < 0; }

    [[nodiscard]] bool reads(way w) {
        const one_way& l = lane(w);
        if (l.from < 0 || l.source_ended || muted()) return false;
        return l.ended || (!proxy_.rules(w).hold && l.queued < lane_limit);
    }
    [[nodiscard]] bool writes(way w, clock::time_point now) {
        const one_way& l = lane(w);
        if (l.ended || proxy_.rules(w).hold) return false;
        return l.queue.empty() ? l.source_ended : l.queue.front().due <= now;
    }
    void forget(one_way& l) {
        proxy_.live_.swallowed += l.queued;
        l.queue.clear();
        l.queued = 0;
    }
    void close() {
        for (one_way& l : lanes_) ::close(std::exchange(l.from, -1));
    }

    /// The place of the cut.
    void reach(one_way& l) {
        l.cut_at.reset();
        if (l.cut_how != ending::stall) return end(l.cut_how);
        l.stalled = true;
        forget(l);
    }

    /// Reads what one side has sent.
    void take(way w, short events, clock::time_point now) {
        one_way& l = lane(w);
        if ((events & POLLIN) == 0) {
            if ((events & (POLLERR | POLLHUP)) != 0) return reset();
            if ((events & POLLRDHUP) == 0) return;
            if (muted()) return reset();
            l.hung_up = true;
        }
        if (!reads(w)) return;
        std::string bytes(read_size, '\0');
        const ssize_t n = ::recv(l.from, bytes.data(), bytes.size(), MSG_DONTWAIT);
        if (n < 0) {
            if (errno != EAGAIN && errno != EINTR) reset();
            return;
        }
        if (n == 0) {
            l.source_ended = true;
            return;
        }
        bytes.resize(static_cast<std::size_t>(n));
        if (l.ended || l.stalled || proxy_.rules(w).swallow) {
            proxy_.live_.swallowed += bytes.size();
            return;
        }
        l.queued += bytes.size();
        l.queue.push_back({now + proxy_.rules(w).delay, std::move(bytes)});
    }

    /// Writes what is due the other side.
    void give(way w, clock::time_point now) {
        one_way& l = lane(w);
        if (proxy_.rules(w).swallow) forget(l);
        const std::size_t most = proxy_.rules(w).piece;
        while (!l.queue.empty() && writes(w, now)) {
            piece& first = l.queue.front();
            std::size_t size = first.bytes.size();
            if (most != 0) size = std::min(size, most);
            if (l.cut_at) size = std::min<std::size_t>(size, *l.cut_at - l.passed);
            const ssize_t n = ::send(to(w), first.bytes.data(), size, MSG_NOSIGNAL | MSG_DONTWAIT);
            if (n < 0) {
                if (errno != EAGAIN && errno != EINTR && errno != ENOTCONN) reset();
                return;
            }
            count(w, static_cast<std::size_t>(n));
            first.bytes.erase(0, static_cast<std::size_t>(n));
            if (first.bytes.empty()) l.queue.pop_front();
            if (l.cut_at && l.passed == *l.cut_at) return reach(l);
            if (most != 0) return;  // the rest in another round
        }
        if (l.queue.empty() && l.source_ended && !l.stalled && !proxy_.rules(w).hold && !proxy_.rules(w).swallow) finish(w);
    }
    void count(way w, std::size_t n) {
        lane(w).passed += n;
        lane(w).queued -= n;
        proxy_counts& c = proxy_.live_;
        (w == way::to_server ? c.to_server : c.to_client) += n;
        if (number_ == c.accepted) (w == way::to_server ? c.last_to_server : c.last_to_client) += n;
    }

    fault_proxy& proxy_;
    std::uint64_t number_;
    std::array<one_way, 2> lanes_;
};

}  // namespace slipstream::test
