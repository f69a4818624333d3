// The floor of a connect: a handshake written by hand.
//
//     connect --n 200
#include "bench/limits/raw.hpp"

int main(int argc, char** argv) {
    using namespace bench;
    const arguments given(argc, argv);
    const std::size_t n = given.number("n", 200);
    std::vector<std::int64_t> latencies;
    latencies.reserve(n);
    const auto once = [&latencies] {
        const std::int64_t began = now_ns();
        raw_connection c(8192);
        c.connect();
        latencies.push_back(now_ns() - began);
    };
    once();
    latencies.clear();
    const mark begin = mark::now();
    for (std::size_t i = 0; i < n; ++i) once();
    const mark end = mark::now();
    report("connect", "limit").latencies(latencies).print(begin, end, static_cast<double>(n));
}
