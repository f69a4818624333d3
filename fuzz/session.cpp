// The client's machine, driven by a list of events (failure-modes 3.4): operations end once and in time (I1), nothing follows the end
// (I2), the server reads whole frames (I3), events alternate and agree with the state (I4), silence is noticed in time (I5), dials are
// bounded (I6), subscriptions are restored (I7), nothing is written before INFO, nor in plain text where TLS was asked for (I8, B3, B4),
// memory is bounded (I9), any bytes from the server do no harm and a broken protocol ends the connection at once (I10), publishes and
// requests come once and publishes in order (I14); all of it also when a read is handed over in parts and anything happens between two of
// them. With every kind of login, and no secret is in any event or address shown.
#include <cstddef>
#include <cstdint>

#include "fuzz/session_world.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size > 4096) return 0;
    fuzz::session_world(data, size).run();
    return 0;
}
