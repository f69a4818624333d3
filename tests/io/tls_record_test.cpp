// What goes into one TLS record.
#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "tests/io/tls_memory.hpp"

using namespace slipstream;
using namespace slipstream::test;
using io::tls_context;
using io::transfer;

TEST_CASE("B4 performance.md 7: records hold whole frames, unless those are small, and are of about the same size") {
    for (const std::size_t payload : {16U, 600U, 1024U, 8192U, 16'000U, 40'000U}) {
        const tls_options options = trusting();
        tls_context context(options);
        const tls_server server(plain_server());
        tls_link l(context, server);
        REQUIRE(l.shake_hands());
        const std::string frame = "PUB b " + std::to_string(payload) + "\r\n" + std::string(payload, 'x') + "\r\n";
        std::string frames;
        while (frames.size() < 150'000) frames += frame;

        std::vector<std::string> records;
        for (std::string_view rest = frames; !rest.empty();) {
            const io::transfer_result result = l.client->write(rest);
            REQUIRE(result.outcome != transfer::ended);
            rest.remove_prefix(result.n);
            for (std::string_view sent = l.client->unsent(); !sent.empty();) {
                const std::size_t size = 5 + 256 * static_cast<unsigned char>(sent.at(3)) + static_cast<unsigned char>(sent.at(4));
                l.server.feed(sent.substr(0, size));
                records.push_back(l.server.read());
                sent.remove_prefix(size);
            }
            l.client->on_sent(l.client->unsent().size());
        }
        std::string all;
        for (const std::string& r : records) all += r;
        CHECK(all == frames);
        const auto [least, most] = std::minmax_element(records.begin(), records.end(),
                                                       [](const std::string& a, const std::string& b) { return a.size() < b.size(); });
        CHECK(most->size() <= least->size() + std::max<std::size_t>(frame.size(), 1'000));
        if (payload < 512 || payload > 16'384) continue;
        for (const std::string& r : records) CHECK(r.size() % frame.size() == 0);
    }
}
