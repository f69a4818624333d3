#include "tests/support/fault_proxy.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <stdexcept>
#include <utility>
#include <vector>

#include "tests/support/fault_connection.hpp"

namespace slipstream::test {
namespace {

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
