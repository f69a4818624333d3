// What a push consumer's server says between the messages (spec/jetstream.md 7; A22): a stored message is a message whatever its header
// block begins with, numbers are exact or absent, and the views lie in the frame.
//
// The input: reply subject, LF, header block.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include <slipstream/message.hpp>

#include "fuzz/check.hpp"
#include "jetstream/api/number.hpp"
#include "jetstream/machine/delivery_status.hpp"

using namespace slipstream::jetstream;
using machine::delivery_status;
using slipstream::message_view;
using kind = delivery_status::kind;

namespace {

void check(const message_view& m) {
    const delivery_status status = machine::read_status(m);
    if (m.status() == 0 || m.reply_to().starts_with("$JS.ACK.")) FUZZ_CHECK(status.what == kind::message);
    if (status.what == kind::message) {
        FUZZ_CHECK(!status.last_consumer && !status.last_stream && status.answer_to.empty());
        return;
    }
    FUZZ_CHECK(status.code == m.status() && status.code != 0);
    FUZZ_CHECK((status.what == kind::other) != (status.code == 100));
    if (status.last_consumer) FUZZ_CHECK(status.last_consumer == api::parse_number(m.headers().get("Nats-Last-Consumer").value_or("")));
    if (status.last_stream) FUZZ_CHECK(status.last_stream == api::parse_number(m.headers().get("Nats-Last-Stream").value_or("")));
    if (status.what == kind::flow_control) FUZZ_CHECK(status.answer_to == m.reply_to() && !status.answer_to.empty());
    if (status.what == kind::idle_heartbeat && !status.answer_to.empty()) {
        FUZZ_CHECK(status.answer_to == m.headers().get("Nats-Consumer-Stalled").value_or(""));
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    const std::size_t end = std::min(input.find('\n'), size);
    const std::string_view reply_to = input.substr(0, end);
    const std::string_view block = input.substr(std::min(end + 1, size));
    check(message_view("deliver", reply_to, block, {}));
    check(message_view("deliver", reply_to, block, "x"));
    return 0;
}
