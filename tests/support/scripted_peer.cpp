#include "tests/support/scripted_peer.hpp"

#include <algorithm>
#include <utility>

#include <asio/buffer.hpp>
#include <asio/error.hpp>
#include <asio/read.hpp>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/write.hpp>

namespace slipstream::test {

namespace {

using asio::ip::tcp;

std::runtime_error script_error(std::string_view what, std::string_view wanted, std::string_view got) {
    return std::runtime_error(std::string(what) + "\nwanted: " + std::string(wanted) + "\ngot:    " + std::string(got));
}

}  // namespace

asio::awaitable<std::string> peer_connection::some() {
    if (!received_.empty()) co_return std::exchange(received_, {});
    std::string chunk(64 * 1024, '\0');
    std::error_code ec;
    const std::size_t n = co_await socket_->async_read_some(asio::buffer(chunk), asio::redirect_error(asio::use_awaitable, ec));
    if (ec && ec != asio::error::eof) throw std::system_error(ec, "peer read");
    chunk.resize(n);
    co_return chunk;
}

asio::awaitable<std::string> peer_connection::bytes(std::size_t n) {
    while (received_.size() < n) {
        std::string have = std::exchange(received_, {});
        std::string more = co_await some();
        if (more.empty()) throw script_error("the client closed too early", std::to_string(n) + " bytes", have);
        received_ = std::move(have);
        received_ += more;
    }
    std::string out = received_.substr(0, n);
    received_.erase(0, n);
    co_return out;
}

asio::awaitable<void> peer_connection::expect(std::string wanted) {
    std::string got;
    while (got.size() < wanted.size()) {
        std::string more = co_await some();
        if (more.empty()) throw script_error("the client closed too early", wanted, got);
        got += more;
        const std::size_t both = std::min(got.size(), wanted.size());
        if (got.compare(0, both, wanted, 0, both) != 0) {
            throw script_error("unexpected bytes from the client", wanted, got);
        }
    }
    received_ = got.substr(wanted.size());
}

asio::awaitable<std::string> peer_connection::line() {
    std::size_t end = 0;
    while ((end = received_.find("\r\n")) == std::string::npos) {
        std::string have = std::exchange(received_, {});
        std::string more = co_await some();
        if (more.empty()) throw script_error("the client closed too early", "a line", have);
        received_ = std::move(have);
        received_ += more;
    }
    std::string out = received_.substr(0, end);
    received_.erase(0, end + 2);
    co_return out;
}

asio::awaitable<std::string> peer_connection::rest(bool* was_reset) {
    std::string all = std::exchange(received_, {});
    std::string chunk(64 * 1024, '\0');
    for (;;) {
        std::error_code ec;
        const std::size_t n = co_await socket_->async_read_some(asio::buffer(chunk), asio::redirect_error(asio::use_awaitable, ec));
        all.append(chunk, 0, n);
        if (!ec) continue;
        if (was_reset != nullptr) *was_reset = ec != asio::error::eof;
        co_return all;
    }
}

asio::awaitable<void> peer_connection::send(std::string text) {
    const std::string owned = std::move(text);
    co_await asio::async_write(*socket_, asio::buffer(owned), asio::use_awaitable);
}

std::string peer_connection::info(std::string_view fields) {
    std::string out = R"(INFO {"server_id":"PEER","version":"2.15.1","proto":1,"headers":true,"max_payload":1048576)";
    if (!fields.empty()) out.append(",").append(fields);
    return out += "} \r\n";
}

asio::awaitable<std::string> peer_connection::handshake(std::string fields) {
    co_await send(info(fields));
    const std::string connect = co_await line();
    if (!connect.starts_with("CONNECT {")) throw script_error("no CONNECT", "CONNECT {", connect);
    const std::string ping = co_await line();
    if (ping != "PING") throw script_error("no PING after CONNECT", "PING", ping);
    co_await send("PONG\r\n");
    co_return connect.substr(8);
}

void peer_connection::close() { socket_->close(); }
void peer_connection::half_close() { socket_->shutdown(tcp::socket::shutdown_send); }
void peer_connection::reset() {
    socket_->set_option(asio::socket_base::linger(true, 0));
    socket_->close();
}

scripted_peer::scripted_peer(asio::io_context& context) : acceptor_(context, {asio::ip::make_address("127.0.0.1"), 0}) {}

asio::awaitable<peer_connection> scripted_peer::accept() {
    tcp::socket socket = co_await acceptor_.async_accept(asio::use_awaitable);
    // Small answers must not wait for each other.
    socket.set_option(tcp::no_delay(true));
    co_return peer_connection(std::move(socket));
}

void scripted_peer::stop() { acceptor_.close(); }

bool run_until(asio::io_context& context, const std::function<bool()>& done, std::chrono::milliseconds limit) {
    const auto end = std::chrono::steady_clock::now() + limit;
    while (!done()) {
        if (context.stopped()) context.restart();
        if (std::chrono::steady_clock::now() >= end) return false;
        if (context.run_one_until(end) == 0 && !done()) return false;
    }
    return true;
}

bool runs_out(asio::io_context& context, std::chrono::milliseconds limit) {
    context.restart();  // it may have stopped before this work was given to it
    return run_until(context, [&context] { return context.stopped(); }, limit);
}

void play(asio::io_context& context, std::vector<script> scripts, std::chrono::milliseconds limit) {
    struct progress {
        std::size_t running;
        std::exception_ptr failure;
    };
    const auto state = std::make_shared<progress>(progress{scripts.size(), nullptr});  // a script may go on after another has failed
    for (const script& s : scripts) {
        asio::co_spawn(context, s(), [state](std::exception_ptr e) {
            --state->running;
            if (e && !state->failure) state->failure = e;
        });
    }
    const bool ended = run_until(context, [&] { return state->running == 0 || state->failure; }, limit);
    if (state->failure) std::rethrow_exception(state->failure);
    if (!ended) throw std::runtime_error("a script waits for what does not come");
}

}  // namespace slipstream::test
