// Drives the ordered machine by hand: manual time, actions as text.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "jetstream/machine/ordered_machine.hpp"

namespace doctest {
template <>
struct StringMaker<std::vector<std::string>> {
    static String convert(const std::vector<std::string>& lines);
};
}  // namespace doctest

namespace slipstream::test {

namespace ordered = slipstream::jetstream::machine;
using lines = std::vector<std::string>;

/// The first line that begins so; empty when there is none.
std::string find(const lines& in, std::string_view beginning);

std::string render(const ordered::ordered_action& action);
std::string render(const jetstream::ordered_start& start);

class ordered_script {
public:
    explicit ordered_script(ordered::ordered_settings settings = {}) : machine(settings) {}

    /// Everything the machine wants now. Messages that were put aside are handed over when it says so.
    lines pump();
    void advance(ordered::duration by) {
        now += by;
        machine.on_time(now);
    }
    /// Moves on to the machine's own deadline.
    void advance_to_deadline() {
        now = machine.next_deadline();
        machine.on_time(now);
    }
    /// Starts connected and takes the first creation through to live; drops the actions.
    void go_live(std::uint64_t pending = 0, jetstream::sequence_pair delivered = {});
    /// A message for the current incarnation, taken by the handler if it gets that far. True if it did.
    bool message(std::uint64_t consumer_sequence, std::uint64_t stream_sequence, std::uint64_t pending = 0,
                 jetstream::disposition what = jetstream::disposition::taken);
    void heartbeat(std::uint64_t last_consumer, std::uint64_t last_stream, std::string_view stalled = {});
    void flow_request(std::string_view subject);

    ordered::ordered_machine machine;
    ordered::time_point now{std::chrono::hours(1)};
    std::vector<std::uint64_t> delivered;  ///< Stream sequences the handler saw.
    bool shows_ends = false;  ///< pump() shows the questions for the end; else nobody may ask, and counts must do.
    std::vector<ordered::message_place> held;
};

}  // namespace slipstream::test
