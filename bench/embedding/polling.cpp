// Busy polling: a loop that never sleeps answers sooner, because nothing has to wake it, and costs a whole core. The library needs
// nothing for it: poll() instead of run().
//
// Usage: embedding_polling SERVER_URL [REQUESTS]. Prints the median round trip of both ways, one after the other.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <system_error>
#include <vector>

#include <asio/io_context.hpp>

#include <slipstream/client.hpp>

namespace {

using clock_type = std::chrono::steady_clock;

[[noreturn]] void give_up(const std::error_code& ec, const char* what) {
    std::fprintf(stderr, "%s: %s\n", what, ec.message().c_str());
    std::_Exit(1);
}

/// Pings the server, one round trip after the other.
class pinger {
public:
    pinger(const std::string& url, std::size_t total) : total_(total), nc_(io_.get_executor(), options_for(url)) {
        latencies_.reserve(total_);
    }

    /// With `polling` this thread asks the kernel again and again, else it sleeps until there is something.
    void run(bool polling) {
        nc_.async_connect([this](std::error_code ec) {
            if (ec) give_up(ec, "connect");
            ping();
        });
        if (polling) {
            while (!io_.stopped()) io_.poll();
        } else {
            io_.run();
        }
    }
    [[nodiscard]] double median_us() {
        std::sort(latencies_.begin(), latencies_.end());
        return std::chrono::duration<double, std::micro>(latencies_.at(latencies_.size() / 2)).count();
    }

private:
    static slipstream::connect_options options_for(const std::string& url) {
        slipstream::connect_options options;
        options.servers = {url};
        return options;
    }
    void ping() {
        nc_.async_flush({}, [this, began = clock_type::now()](std::error_code ec) {
            if (ec) give_up(ec, "flush");
            latencies_.push_back(clock_type::now() - began);
            if (latencies_.size() == total_) return nc_.close();
            ping();
        });
    }

    std::size_t total_;
    std::vector<clock_type::duration> latencies_;
    asio::io_context io_{1};
    slipstream::client nc_;
};

}  // namespace

int main(int argc, char** argv) {
    if (argc < 2) return 2;
    const std::size_t total = argc > 2 ? std::strtoul(argv[2], nullptr, 10) : 1000;
    for (const bool polling : {false, true}) {
        pinger p(argv[1], total);
        p.run(polling);
        std::printf("%s: median round trip %.1f us\n", polling ? "polling" : "sleeping", p.median_us());
    }
    return 0;
}
