// Requests through the server with as little as possible at both ends.
//
//     request --mode responder                    answers everything sent to "req"
//     request --window 1 --n 20000 [--tls 1] [--load "PROGRAM ARGUMENT..."]
//                                                 so many at a time; --load starts the responder. With a window of one: waits with
//                                                 epoll and reads once, as an event loop does, and keeps every latency
//     ... --distinct 1                            each with a reply subject of its own, as whoever must tell replies apart has them:
//                                                 a server remembers where subjects lead, and finds a new one anew each time
#include <sys/epoll.h>

#include <chrono>
#include <optional>
#include <sstream>
#include <thread>

#include "bench/limits/raw.hpp"

namespace {

using namespace bench;

[[noreturn]] void respond() {
    raw_connection c;
    c.connect();
    c.write("SUB req 1\r\nPING\r\n");
    std::string out;
    for (;;) {
        out.clear();
        c.each_message([&out](const raw_message& m) {
            if (m.reply_to.empty()) return;
            out.append("PUB ").append(m.reply_to).append(" ").append(std::to_string(m.payload.size())).append("\r\n");
            out.append(m.payload).append("\r\n");
        });
        if (!out.empty()) c.write(out);
        c.fill();
    }
}

constexpr std::string_view first_inbox = "_INBOX.r.12345678";

/// The same length as the first inbox.
void number_inbox(std::string& request, std::uint32_t number) {
    char* const digits = request.data() + request.find(first_inbox.substr(0, 9)) + 9;
    for (int i = 0; i < 8; ++i) digits[i] = "0123456789abcdef"[number >> (28 - 4 * i) & 15U];
}

/// Until somebody answers: before, the server says that nobody does.
void wait_for_responder(raw_connection& c, const std::string& request) {
    for (bool answered = false; !answered;) {
        c.write(request);
        for (bool any = false; !any;) {
            c.each_message([&](const raw_message& m) {
                any = true;
                answered = m.headers.empty();
            });
            if (!any) c.fill();
        }
        if (!answered) std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
}

}  // namespace

int main(int argc, char** argv) {
    const arguments given(argc, argv);
    if (given.text("mode") == "responder") respond();
    const std::size_t n = given.number("n", 20'000);
    const std::size_t window = given.number("window", 1);
    const std::size_t size = given.number("size", 128);
    std::vector<std::string> command;
    std::istringstream words(given.text("load"));
    for (std::string word; words >> word;) command.push_back(word);
    std::optional<companion> load;
    if (!command.empty()) load.emplace(command);

    raw_connection c(std::size_t{256} * 1024, given.number("tls", 0) != 0);
    c.connect();
    if (load) load->go();
    c.write("SUB _INBOX.r.* 1\r\n");
    c.flush();
    std::string request = "PUB req " + std::string(first_inbox) + ' ' + std::to_string(size) + "\r\n" + std::string(size, 'x') + "\r\n";
    wait_for_responder(c, request);

    report out("request", "limit");
    out.number("window", window);
    if (window == 1) {
        const int poller = epoll_create1(EPOLL_CLOEXEC);
        epoll_event wanted{};
        wanted.events = EPOLLIN;
        epoll_ctl(poller, EPOLL_CTL_ADD, c.fd(), &wanted);
        std::vector<std::int64_t> latencies;
        latencies.reserve(n);
        const auto once = [&] {
            const std::int64_t began = now_ns();
            c.write(request);
            for (bool answered = false; !answered;) {
                epoll_event ready{};
                epoll_wait(poller, &ready, 1, -1);
                c.fill();
                c.each_message([&](const raw_message&) { answered = true; });
            }
            latencies.push_back(now_ns() - began);
        };
        for (int i = 0; i < 500; ++i) once();
        latencies.clear();
        const mark begin = mark::now();
        for (std::size_t i = 0; i < n; ++i) once();
        const mark end = mark::now();
        out.latencies(latencies).print(begin, end, static_cast<double>(n));
        return 0;
    }
    const bool distinct = given.number("distinct", 0) != 0;
    std::uint32_t number = 0;
    std::string batch;
    const auto ask = [&] {
        if (distinct) number_inbox(request, ++number);
        batch += request;
    };
    std::size_t sent = std::min(window, n);
    for (std::size_t i = 0; i < sent; ++i) ask();
    const mark begin = mark::now();
    c.write(batch);
    for (std::size_t done = 0; done < n;) {
        batch.clear();
        c.each_message([&](const raw_message&) {
            ++done;
            if (sent >= n) return;
            ++sent;
            ask();
        });
        if (!batch.empty()) c.write(batch);
        if (done < n) c.fill();
    }
    const mark end = mark::now();
    out.print(begin, end, static_cast<double>(n));
}
