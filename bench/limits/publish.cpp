// The ingest ceiling: frames made beforehand in large writes, then a PING and its PONG.
//
//     publish --size 128 --n 2000000 [--chunk 32768] [--notsent-lowat 16384] [--tls 1]
#include "bench/limits/raw.hpp"

int main(int argc, char** argv) {
    using namespace bench;
    const arguments given(argc, argv);
    const std::size_t size = given.number("size", 128);
    const std::size_t n = given.number("n", 2'000'000);
    const std::string frame = "PUB b " + std::to_string(size) + "\r\n" + std::string(size, 'x') + "\r\n";
    const std::size_t batch = std::max<std::size_t>(given.number("chunk", std::size_t{32} * 1024) / frame.size(), 1);
    std::string frames;
    for (std::size_t i = 0; i < batch; ++i) frames += frame;
    raw_connection c(std::size_t{64} * 1024, given.number("tls", 0) != 0);
    c.connect();
    if (const int low = static_cast<int>(given.number("notsent-lowat", 0)); low != 0)
        setsockopt(c.fd(), IPPROTO_TCP, TCP_NOTSENT_LOWAT, &low, sizeof low);
    const mark begin = mark::now();
    for (std::size_t left = n; left != 0;) {
        const std::size_t now = std::min(batch, left);
        c.write(std::string_view(frames).substr(0, now * frame.size()));
        left -= now;
    }
    c.flush();
    const mark end = mark::now();
    report("pub", "limit").number("size", size).print(begin, end, static_cast<double>(n));
}
