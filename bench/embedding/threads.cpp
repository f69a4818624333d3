// Several event loops: one thread, one io_context and one client each. The clients share nothing, so there is no lock and no hand-over
// between threads; a queue group spreads the requests over them.
//
// Usage: embedding_threads SERVER_URL [THREADS [REQUESTS [WORK]]]. A request is WORK microseconds of computing. Prints how many requests
// each thread has answered, and how many all of them answer in a second.
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include <asio/io_context.hpp>
#include <asio/post.hpp>

#include <slipstream/client.hpp>

namespace {

[[noreturn]] void give_up(const std::error_code& ec, const char* what) {
    std::fprintf(stderr, "%s: %s\n", what, ec.message().c_str());
    std::_Exit(1);
}

slipstream::connect_options options_for(const std::string& url) {
    slipstream::connect_options options;
    options.servers = {url};
    return options;
}

/// Stands for what a service computes.
void compute(std::chrono::microseconds work) {
    for (const auto end = std::chrono::steady_clock::now() + work; std::chrono::steady_clock::now() < end;) {}
}

/// Everything of one thread. Nobody else touches it while the loop runs, but for post().
class worker {
public:
    worker(const std::string& url, std::chrono::microseconds work) : work_(work), nc_(io_.get_executor(), options_for(url)) {}

    /// Answers requests to "work" from now on. `ready` counts up when the server knows.
    void start(std::atomic<unsigned>& ready) {
        in_ = nc_.subscribe("work",
                            [this](const slipstream::message_view& m) {
                                ++answered_;
                                compute(work_);
                                if (const std::error_code ec = nc_.publish(m.reply_to(), m.payload())) give_up(ec, "publish");
                            },
                            {.queue_group = "workers"});
        nc_.async_connect([this, &ready](std::error_code ec) {
            if (ec) give_up(ec, "connect");
            nc_.async_flush({}, [&ready](std::error_code flushed) {
                if (flushed) give_up(flushed, "flush");
                ++ready;
            });
        });
        thread_ = std::thread([this] { io_.run(); });
    }
    /// From any thread: a client is used on its own loop, so the call is posted there.
    void stop() {
        asio::post(io_, [this] { nc_.close(); });
        thread_.join();
    }
    [[nodiscard]] std::uint64_t answered() const noexcept { return answered_; }  // after stop()

private:
    std::chrono::microseconds work_;
    asio::io_context io_{1};  // one thread runs it, and Asio may know
    slipstream::client nc_;
    slipstream::subscription in_;
    std::uint64_t answered_ = 0;
    std::thread thread_;
};

/// Sends so many requests, 64 at a time, and ends when all are answered.
class requester {
public:
    requester(const std::string& url, std::uint64_t total) : total_(total), nc_(io_.get_executor(), options_for(url)) {}

    void run() {
        nc_.async_connect([this](std::error_code ec) {
            if (ec) give_up(ec, "connect");
            for (int i = 0; i < 64; ++i) send();
        });
        io_.run();
    }

private:
    void send() {
        if (sent_ == total_) return;
        ++sent_;
        nc_.async_request("work", "a payload", {}, [this](std::error_code ec, const slipstream::message&) {
            if (ec) give_up(ec, "request");
            if (++answered_ == total_) nc_.close();
            send();
        });
    }

    std::uint64_t total_;
    std::uint64_t sent_ = 0;
    std::uint64_t answered_ = 0;
    asio::io_context io_{1};
    slipstream::client nc_;
};

}  // namespace

int main(int argc, char** argv) {
    if (argc < 2) return 2;
    const std::string url = argv[1];
    const std::size_t threads = argc > 2 ? std::strtoul(argv[2], nullptr, 10) : 2;
    const std::uint64_t requests = argc > 3 ? std::strtoull(argv[3], nullptr, 10) : 1000;

    const std::chrono::microseconds work(argc > 4 ? std::strtol(argv[4], nullptr, 10) : 0);

    std::vector<std::unique_ptr<worker>> workers;
    std::atomic<unsigned> ready{0};
    for (std::size_t i = 0; i < threads; ++i) workers.push_back(std::make_unique<worker>(url, work));
    for (const auto& w : workers) w->start(ready);
    while (ready != threads) std::this_thread::yield();

    const auto began = std::chrono::steady_clock::now();
    requester(url, requests).run();
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - began;

    std::uint64_t all = 0;
    for (const auto& w : workers) {
        w->stop();
        all += w->answered();
        std::printf("a thread has answered %llu\n", static_cast<unsigned long long>(w->answered()));
    }
    std::printf("together %llu of %llu\n", static_cast<unsigned long long>(all), static_cast<unsigned long long>(requests));
    std::printf("%.0f requests a second\n", static_cast<double>(all) / seconds.count());
    return all == requests ? 0 : 1;
}
