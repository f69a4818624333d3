// The end of threads and of the process with clients still there.
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <thread>

#include "tests/io/fixture.hpp"
#include "tests/io/server_thread.hpp"

using namespace slipstream;
using namespace slipstream::test;

namespace {

/// A connected client with everything pending.
struct busy {
    explicit busy(const std::string& url) {
        connect_options o;
        o.servers = {url};
        nc.emplace(context.get_executor(), std::move(o));
        outcome up;
        nc->async_connect(up.plain());
        REQUIRE(run_until(context, [&] { return up.calls == 1; }));
        in = nc->subscribe("in");
        in.async_next([](std::error_code, const message&) {});
        nc->async_request("silent.x", "", {}, [](std::error_code, const message&) {});
        nc->async_flush({}, [](std::error_code) {});
        static_cast<void>(context.poll());
    }
    asio::io_context context{1};
    std::optional<client> nc;
    subscription in;
};

std::optional<client>& handle_until_exit() {
    static std::optional<client> handle;
    return handle;
}

}  // namespace

// Played by the test below in a process of its own, whose first use of the library this is.
TEST_CASE("H5: the process that leaves everything behind" * doctest::skip()) {
    static const std::optional<client>& last = handle_until_exit();  // destroyed after everything else
    static const server_thread server;
    static busy until_exit(server.url());
    std::thread([] {
        thread_local std::optional<busy> until_thread_exit;
        until_thread_exit.emplace(server.url());
        handle_until_exit() = *until_thread_exit->nc;
        static_cast<void>(make_error_code(errc::closed).message());
    }).join();
    CHECK(last->state() == client_state::closed);  // its event loop has gone with the thread
    CHECK(until_exit.nc->healthy());
}

TEST_CASE("H5: threads and processes may end with clients connected and operations pending") {
    std::array<char, 4096> self{};
    REQUIRE(::readlink("/proc/self/exe", self.data(), self.size() - 1) > 0);
    const std::string command = "'" + std::string(self.data()) + "' --no-skip --test-case='H5: the process*' > /dev/null";
    const int status = std::system(command.c_str());
    CHECK(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 0);
}
