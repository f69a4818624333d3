// The small server of tests/support/scripted_peer.hpp in a loop and a thread of its own: for tests whose clients have several
// threads, or whose allocations are counted.
#pragma once

#include <functional>
#include <string>
#include <thread>
#include <utility>

#include <asio/detached.hpp>
#include <asio/executor_work_guard.hpp>
#include <asio/post.hpp>

#include "tests/support/scripted_peer.hpp"

namespace slipstream::test {

class server_thread {
public:
    /// `special` is asked for the answers to each connection.
    explicit server_thread(std::function<peer_answers()> special = {})
        : special_(std::move(special)), peer_(context_), work_(context_.get_executor()), url_(peer_.url()) {
        asio::co_spawn(context_, accept_all(), asio::detached);
        thread_ = std::thread([this] { context_.run(); });
    }
    server_thread(const server_thread&) = delete;
    server_thread& operator=(const server_thread&) = delete;
    ~server_thread() {
        context_.stop();
        thread_.join();
    }
    [[nodiscard]] const std::string& url() const noexcept { return url_; }

private:
    asio::awaitable<void> accept_all() {
        for (;;) {
            peer_connection c = co_await peer_.accept();
            asio::co_spawn(context_, one(std::move(c)), asio::detached);
        }
    }
    asio::awaitable<void> one(peer_connection c) {
        try {
            co_await c.handshake();
            peer_answers answers;
            if (special_) answers = special_();
            co_await serve(c, std::move(answers));
        } catch (const std::exception&) {  // the client left early; its test knows
        }
    }

    std::function<peer_answers()> special_;
    asio::io_context context_{1};
    scripted_peer peer_;
    asio::executor_work_guard<asio::io_context::executor_type> work_;
    std::string url_;
    std::thread thread_;
};

}  // namespace slipstream::test
