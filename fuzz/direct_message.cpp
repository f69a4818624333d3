// A reply of DIRECT.GET (spec/jetstream.md 9; A20, A21): a message only when subject, sequence and time are there and exact, taken from
// the last header of each name; everything of it lies in the reply; a status without them is an error and never a message.
//
// The input is the header block up to the first empty line, then the payload.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include <slipstream/message.hpp>

#include "fuzz/check.hpp"
#include "jetstream/api/decode.hpp"
#include "jetstream/api/number.hpp"
#include "jetstream/api/time.hpp"

using namespace slipstream::jetstream;
using slipstream::message;
using slipstream::message_view;

namespace {

void check(std::string_view block, std::string_view payload) {
    const message_view reply("_INBOX.x", {}, block, payload);
    stored_message out;
    error_info info;
    const std::error_code ec = api::decode_direct_message(message(reply), out, &info);
    const auto subject = reply.headers().get_last("Nats-Subject").value_or("");
    const auto sequence = api::parse_number(reply.headers().get_last("Nats-Sequence").value_or(""));
    const auto time = api::parse_time(reply.headers().get_last("Nats-Time-Stamp").value_or(""));
    const bool whole = !subject.empty() && sequence && *sequence != 0 && time;
    FUZZ_CHECK(!ec == whole);
    if (!whole) {
        FUZZ_CHECK(out.sequence() == 0 && out.subject().empty());
        return;
    }
    FUZZ_CHECK(out.subject() == subject && out.sequence() == *sequence && out.time() == *time);
    FUZZ_CHECK(out.payload() == payload);
    FUZZ_CHECK(out.headers().block() == block);
    stored_message moved = std::move(out);
    FUZZ_CHECK(moved.subject() == subject);
    FUZZ_CHECK(out.subject().empty());  // NOLINT(bugprone-use-after-move): it must stay harmless
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    const std::size_t blank = input.find("\r\n\r\n");
    const std::size_t end = blank == std::string_view::npos ? size : blank + 4;
    check(input.substr(0, end), input.substr(end));
    const std::string answered = "NATS/1.0\r\nNats-Subject: a\r\nNats-Sequence: 5\r\nNats-Time-Stamp: 2026-01-02T03:04:05Z\r\n";
    check(answered + std::string(input.substr(0, end)), input.substr(end));
    return 0;
}
