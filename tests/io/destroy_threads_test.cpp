// Destroyed at any moment by one thread while others run the client's strand. Meant for ThreadSanitizer.
#include <atomic>
#include <functional>
#include <optional>
#include <random>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <slipstream/client.hpp>

#include <asio/post.hpp>
#include <asio/strand.hpp>
#include <asio/thread_pool.hpp>

#include "tests/io/destroy_budget.hpp"
#include "tests/io/server_thread.hpp"

using namespace slipstream;
using namespace slipstream::test;

namespace {

/// One client on a strand of two threads, and a thread that knows only its state and the last handle.
class strand_round {
public:
    strand_round(std::uint64_t seed, const std::string& url) : random_(seed) {
        connect_options o;
        o.servers = {url};
        o.on_event = [this](const event& e) {
            CHECK_FALSE(closed_told_);
            closed_told_ = e.kind == event_kind::closed;
        };
        outside_.emplace(strand_, std::move(o));
    }
    void play() {
        asio::post(strand_, [this] {
            inside_ = *outside_;
            steps_left_ = random_() % 40;
            started_ = true;
            step();
        });
        while (!started_) std::this_thread::yield();
        const std::uint64_t looks = seed_of_looks_() % 2'000;
        std::uint64_t up = 0;
        for (std::uint64_t i = 0; i < looks; ++i) up += outside_->healthy() ? 1 : 0;
        CHECK(up <= looks);
        outside_.reset();
        pool_.join();
        CHECK(closed_told_);
        CHECK(started_operations_ == ended_operations_);
    }

private:
    void step() {
        if (steps_left_-- == 0) return end();
        switch (random_() % 6) {
            case 0: inside_->async_connect(ended()); break;
            case 1: inside_->async_request("echo.a", "x", {}, [done = ended()](std::error_code ec, const message&) { done(ec); }); break;
            case 2: inside_->async_flush({}, ended()); break;
            case 3: static_cast<void>(inside_->publish("in", "x")); break;
            case 4: {
                std::error_code ec;
                message_handler count = [this](const message_view&) {
                    CHECK_FALSE(gone_);
                    ++received_;
                };
                subscriptions_.push_back(inside_->subscribe("in", std::move(count), {}, ec));
                break;
            }
            default: subscriptions_.clear();
        }
        asio::post(strand_, [this] { step(); });
    }
    void end() {
        gone_ = true;
        if (random_() % 2 == 0) inside_->close();
        if (random_() % 2 == 0) subscriptions_.clear();
        inside_.reset();
        subscriptions_.clear();
    }
    std::function<void(std::error_code)> ended() {
        ++started_operations_;
        return [this](std::error_code) { ++ended_operations_; };
    }

    asio::thread_pool pool_{2};
    asio::strand<asio::thread_pool::executor_type> strand_ = asio::make_strand(pool_);
    std::optional<client> outside_;
    std::mt19937_64 random_;
    std::mt19937_64 seed_of_looks_{random_()};
    std::atomic<bool> started_ = false;
    // On the strand.
    std::optional<client> inside_;
    std::vector<subscription> subscriptions_;
    std::uint64_t steps_left_ = 0;
    std::uint64_t received_ = 0;
    int started_operations_ = 0;
    int ended_operations_ = 0;
    bool gone_ = false;
    bool closed_told_ = false;
};

}  // namespace

TEST_CASE("H1 H3 H4 H11 H12: on a strand of two threads as well, and the last handle goes on a third") {
    const std::uint64_t rounds = destroy_rounds(1'500) / 20;
    const std::uint64_t first = destroy_seed();
    const server_thread server;
    for (std::uint64_t seed = first; seed < first + rounds; ++seed) {
        CAPTURE(seed);
        strand_round round(seed, server.url());
        round.play();
    }
}
