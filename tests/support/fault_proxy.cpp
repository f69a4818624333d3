#include "tests/support/fault_proxy.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <stdexcept>
#include <utility>
#include <vector>

namespace slipstream::test {
namespace {

constexpr std::size_t read_size = std::size_t{64} * 1024;
constexpr std::size_t lane_limit = std::size_t{1024} * 1024;  // more is not read before some has gone on

sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

void send_at_once(int socket) {
    const int on = 1;
    ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

void close_with_reset(int& socket) {
    if (socket < 0) return;
    const linger now{1, 0};
    ::setsockopt(socket, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    ::close(std::exchange(socket, -1));
}

/// A socket for dials to `port`, or -1.
int listen_on(std::uint16_t port) {
    int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    const int on = 1;
    ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    const sockaddr_in address = loopback(port);
    if (::bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 || ::listen(socket, 128) != 0) {
        ::close(std::exchange(socket, -1));
    }
    return socket;
}

}  // namespace

// --- one connection ----------------------------------------------------------------------------------------------------------

class fault_proxy::connection {
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

// --- the proxy ---------------------------------------------------------------------------------------------------------------

fault_proxy::fault_proxy(std::uint16_t server_port) : wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)), target_(server_port) {
    set_entrance(entrance::open);
    thread_ = std::thread([this] { run(); });
}

fault_proxy::~fault_proxy() {
    call([this] { stopping_ = true; });
    thread_.join();
    connections_.clear();
    if (listener_ >= 0) ::close(listener_);
    ::close(wake_);
}

void fault_proxy::set_entrance(entrance to) {
    entrance_ = to;
    if (to == entrance::refused) {
        if (listener_ >= 0) ::close(std::exchange(listener_, -1));
    } else if (listener_ < 0) {
        listener_ = listen_on(port());
        if (listener_ < 0) throw std::runtime_error("fault_proxy: cannot listen on port " + std::to_string(port()));
    }
}

void fault_proxy::call(std::function<void()> what) {
    std::unique_lock lock(mutex_);
    calls_.push_back(std::move(what));
    const std::uint64_t number = ++asked_;
    const std::uint64_t one = 1;
    if (::write(wake_, &one, sizeof one) < 0) throw std::runtime_error("fault_proxy: cannot wake its thread");
    changed_.wait(lock, [&] { return answered_ >= number; });
}

void fault_proxy::cut_next(way w, std::uint64_t bytes, ending how) {
    call([=, this] { planned_.push_back({w, bytes, how}); });
}
void fault_proxy::cut_after(way w, std::uint64_t more, ending how) {
    call([=, this] {
        for (const auto& c : connections_) c->cut_after(w, more, how);
    });
}
void fault_proxy::cut(ending how) {
    call([=, this] {
        for (const auto& c : connections_) c->end(how);
    });
}
void fault_proxy::finish(way w) {
    call([=, this] {
        for (const auto& c : connections_) c->finish(w);
    });
}
void fault_proxy::hold(way w) {
    call([=, this] { rules(w).hold = true; });
}
void fault_proxy::swallow(way w) {
    call([=, this] { rules(w).swallow = true; });
}
void fault_proxy::split(way w, std::size_t piece) {
    call([=, this] { rules(w).piece = piece; });
}
void fault_proxy::delay(way w, std::chrono::milliseconds time) {
    call([=, this] { rules(w).delay = time; });
}
void fault_proxy::pass(way w) {
    call([=, this] { rules(w) = lane_rules(); });
}
void fault_proxy::pass() {
    call([this] {
        rules_ = {};
        planned_.clear();
        for (const auto& c : connections_) c->call_off();
    });
}
void fault_proxy::refuse() {
    call([this] { set_entrance(entrance::refused); });
}
void fault_proxy::mute() {
    call([this] { set_entrance(entrance::muted); });
}
void fault_proxy::listen() {
    call([this] { set_entrance(entrance::open); });
}
void fault_proxy::redirect(std::uint16_t server_port) {
    call([=, this] { target_ = server_port; });
}

proxy_counts fault_proxy::counts() {
    call([] {});
    const std::lock_guard lock(mutex_);
    return counts_;
}

void fault_proxy::accept_all() {
    for (;;) {
        const int client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (client < 0) return;
        begin(client);
    }
}

void fault_proxy::begin(int client) {
    send_at_once(client);
    live_.last_to_server = live_.last_to_client = 0;
    int server = -1;
    if (entrance_ == entrance::open) {
        server = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        send_at_once(server);
        const sockaddr_in address = loopback(target_);
        if (::connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 && errno != EINPROGRESS) {
            ++live_.accepted;
            close_with_reset(server);
            close_with_reset(client);
            return;
        }
    }
    connections_.push_back(std::make_unique<connection>(*this, ++live_.accepted, client, server));
    if (!planned_.empty() && server >= 0) {
        const planned_cut cut = planned_.front();
        planned_.pop_front();
        connections_.back()->cut_after(cut.where, cut.bytes, cut.how);
    }
}

void fault_proxy::run() {
    std::vector<pollfd> polled;
    while (!stopping_) {
        clock::time_point now = clock::now();
        clock::time_point due = clock::time_point::max();
        polled.assign({{wake_, POLLIN, 0}, {listener_, POLLIN, 0}});
        const std::size_t asked = connections_.size();
        for (const auto& c : connections_) {
            c->add_to(polled, now);
            if (const auto at = c->next_due(); at > now) due = std::min(due, at);
        }
        const auto left =
            due == clock::time_point::max() ? std::chrono::milliseconds(-1) : std::chrono::ceil<std::chrono::milliseconds>(due - now);
        ::poll(polled.data(), polled.size(), static_cast<int>(left.count()));

        now = clock::now();
        auto c = connections_.begin();
        for (std::size_t i = 0; i < asked; ++i, ++c) (*c)->on_poll(polled[2 + 2 * i], polled[3 + 2 * i], now);
        if ((polled[1].revents & POLLIN) != 0) accept_all();

        std::uint64_t drained = 0;
        while (::read(wake_, &drained, sizeof drained) > 0) {}
        std::unique_lock lock(mutex_);
        const auto calls = std::exchange(calls_, {});
        lock.unlock();
        for (const auto& what : calls) what();
        connections_.remove_if([](const auto& one) { return one->is_over(); });
        live_.open = connections_.size();
        lock.lock();
        counts_ = live_;
        answered_ += calls.size();
        changed_.notify_all();
    }
}

}  // namespace slipstream::test
