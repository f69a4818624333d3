// Drives a watch machine by hand, as the ordered consumer would; updates as text.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "kv/machine/watch_machine.hpp"

namespace doctest {
template <>
struct StringMaker<std::vector<std::string>> {
    static String convert(const std::vector<std::string>& lines);
};
}  // namespace doctest

namespace slipstream::test {

using lines = std::vector<std::string>;

std::string render(const kv::update_view& u);

class watch_script {
public:
    /// With a handler when `in_place`: its updates are in `told`.
    explicit watch_script(kv::watch_options options = {}, kv::prefixes scope = {}, bool in_place = true);

    /// A creation of the consumer; `stream` is told with it.
    void created(jetstream::ordered_start start, std::uint64_t pending = 0, std::uint64_t begins_after = 0, std::uint64_t snapshot = 0);
    jetstream::disposition put(std::string_view key, std::string_view value, std::uint64_t sequence, std::uint64_t pending = 0);
    jetstream::disposition mark(std::string_view key, std::string_view operation, std::uint64_t sequence, std::uint64_t pending = 0);
    jetstream::disposition deliver(const message_view& m, std::uint64_t sequence, std::uint64_t pending);
    /// Takes everything that is queued.
    lines take_all();

    jetstream::stream_info stream;
    lines told;
    kv::machine::watch_machine machine;
    kv::machine::time_point now{std::chrono::hours(1)};

private:
    std::uint64_t delivered_ = 0;
};

const jetstream::ordered_start state_sync{.policy = jetstream::deliver_policy::last_per_subject};
jetstream::ordered_start from(std::uint64_t sequence);
const jetstream::wall_time monday = jetstream::wall_time(std::chrono::nanoseconds(1'000));

}  // namespace slipstream::test
