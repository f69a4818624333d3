// The delivery ceiling: reads, and parses every frame. The load comes from the fake server, or through a server from --load.
//
//     receive --size 128 --n 1000000 [--subscriptions 1] [--connections 1] [--tls 1] [--load "PROGRAM ARGUMENT..."]
#include <poll.h>

#include <memory>
#include <optional>
#include <sstream>

#include "bench/limits/raw.hpp"

int main(int argc, char** argv) {
    using namespace bench;
    const arguments given(argc, argv);
    const std::size_t size = given.number("size", 128);
    const std::size_t fan = given.number("subscriptions", 1);
    const std::size_t connections = given.number("connections", 1);
    const std::size_t n = given.number("n", 1'000'000) / (fan * connections) * (fan * connections);
    std::vector<std::string> command;
    std::istringstream words(given.text("load"));
    for (std::string word; words >> word;) command.push_back(word);
    std::optional<companion> load;
    if (!command.empty()) load.emplace(command);

    std::vector<std::unique_ptr<raw_connection>> all;
    std::string subscribe;
    for (std::size_t i = 1; i <= fan; ++i) subscribe += "SUB b " + std::to_string(i) + "\r\n";
    for (std::size_t i = 0; i < connections; ++i) {
        raw_connection& c = *all.emplace_back(std::make_unique<raw_connection>(std::size_t{256} * 1024, given.number("tls", 0) != 0));
        c.connect();
        c.write(subscribe);
        if (load) {
            c.flush();
        } else {
            c.write("PING\r\n");
            static_cast<void>(c.line());  // PONG, and the messages follow
        }
    }
    if (load) load->go();
    std::size_t seen = 0;
    const auto count = [&](const raw_message& m) { seen += m.payload.size() == size ? 1 : 0; };
    if (all.front()->unread().empty()) all.front()->fill();
    const mark begin = mark::now();
    all.front()->each_message(count);
    if (connections == 1) {
        while (seen < n) {
            all.front()->fill();
            all.front()->each_message(count);
        }
    } else {
        std::vector<pollfd> ready;
        for (const auto& c : all) ready.push_back({c->fd(), POLLIN, 0});
        while (seen < n) {
            if (poll(ready.data(), ready.size(), -1) < 0) die("poll");
            for (std::size_t i = 0; i < connections; ++i) {
                if (ready[i].revents == 0) continue;
                all[i]->fill();
                all[i]->each_message(count);
            }
        }
    }
    const mark end = mark::now();
    report out("recv", "limit");
    out.number("size", size).number("connections", connections).number("subscriptions", fan).print(begin, end, static_cast<double>(n));
}
