// The delivery ceiling: reads, and parses every frame. The load comes from the fake server, or through a server from --load.
//
//     receive --size 128 --n 1000000 [--subscriptions 1] [--load "PROGRAM ARGUMENT..."]
#include <optional>
#include <sstream>

#include "bench/limits/raw.hpp"

int main(int argc, char** argv) {
    using namespace bench;
    const arguments given(argc, argv);
    const std::size_t size = given.number("size", 128);
    const std::size_t fan = given.number("subscriptions", 1);
    const std::size_t n = given.number("n", 1'000'000) / fan * fan;
    std::vector<std::string> command;
    std::istringstream words(given.text("load"));
    for (std::string word; words >> word;) command.push_back(word);
    std::optional<companion> load;
    if (!command.empty()) load.emplace(command);

    raw_connection c;
    c.connect();
    std::string subscribe;
    for (std::size_t i = 1; i <= fan; ++i) subscribe += "SUB b " + std::to_string(i) + "\r\n";
    if (load) {
        c.write(subscribe);
        c.flush();
        load->go();
    } else {
        c.write(subscribe + "PING\r\n");
        static_cast<void>(c.line());  // PONG, and the messages follow
    }
    if (c.unread().empty()) c.fill();
    std::size_t seen = 0;
    const auto count = [&](const raw_message& m) { seen += m.payload.size() == size ? 1 : 0; };
    const mark begin = mark::now();
    c.each_message(count);
    while (seen < n) {
        c.fill();
        c.each_message(count);
    }
    const mark end = mark::now();
    report("recv", "limit").number("size", size).number("subscriptions", fan).print(begin, end, static_cast<double>(n));
}
