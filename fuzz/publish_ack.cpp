// Publish acknowledgement: the scan in place and the JSON decoder say the same about every text (contract S28, W32; A20); success only
// with a stream and a sequence above 0 that are exactly the text's; a reply that is a status is never an acknowledgement.
#include <climits>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <slipstream/message.hpp>

#include "fuzz/check.hpp"
#include "fuzz/json_reference.hpp"
#include "jetstream/api/publish_ack.hpp"

using namespace slipstream::jetstream;
using fuzz::json_value;
using slipstream::message_view;

namespace {

const json_value* find(const json_value& object, std::string_view name) {
    const json_value* found = nullptr;
    for (std::size_t i = 0; i < object.names.size(); ++i) {
        if (object.names[i] == name) found = &object.items[i];  // the last one counts
    }
    return found;
}

bool is_text(const json_value* v) { return v != nullptr && v->what == json_value::kind::string; }
bool is_absent(const json_value* v) { return v == nullptr || v->what == json_value::kind::null; }

/// What a slow reading of the rules makes of it: nothing unless it is an acknowledgement.
std::optional<publish_ack> expected(const std::optional<json_value>& document) {
    if (!document || document->what != json_value::kind::object || find(*document, "error") != nullptr) return std::nullopt;
    const json_value* const stream = find(*document, "stream");
    const json_value* const sequence = find(*document, "seq");
    const json_value* const domain = find(*document, "domain");
    const json_value* const duplicate = find(*document, "duplicate");
    if (!is_text(stream) || stream->text.empty() || sequence == nullptr || sequence->what != json_value::kind::number) return std::nullopt;
    if (!is_absent(domain) && !is_text(domain)) return std::nullopt;
    if (!is_absent(duplicate) && duplicate->what != json_value::kind::boolean) return std::nullopt;
    publish_ack ack;
    ack.stream = stream->text;
    ack.sequence = sequence->as_uint64().value_or(0);
    if (is_text(domain)) ack.domain = domain->text;
    ack.duplicate = duplicate != nullptr && duplicate->truth;
    return ack.sequence != 0 ? std::optional(ack) : std::nullopt;
}

/// 0 for what is no 64-bit integer.
std::int64_t number(const json_value& error, std::string_view name) {
    const json_value* const member = find(error, name);
    return member != nullptr ? member->as_int64().value_or(0) : 0;
}

int as_int(std::int64_t value) { return value >= INT_MIN && value <= INT_MAX ? static_cast<int>(value) : 0; }

/// err_code, or a code that is one (S29), or nothing that can be told apart.
std::error_code expected_code(const json_value& error) {
    for (const char* const name : {"err_code", "code"}) {
        const std::int64_t code = number(error, name);
        if (code >= 10'000 && code <= INT_MAX) return static_cast<errc>(code);
    }
    return errc::unspecified;
}

void check(std::string_view text) {
    const std::optional<json_value> document = fuzz::read_json(text);
    const auto wanted = expected(document);
    const auto usual = api::read_usual_ack(text);
    publish_ack ack;
    error_info info;
    const std::error_code ec = api::decode_publish_ack(message_view("r", {}, {}, text), ack, &info);
    FUZZ_CHECK(!ec == wanted.has_value());
    FUZZ_CHECK(!usual || wanted);
    if (usual) {
        FUZZ_CHECK(usual->stream == wanted->stream && usual->domain == wanted->domain);
        FUZZ_CHECK(usual->sequence == wanted->sequence && usual->duplicate == wanted->duplicate);
    }
    if (wanted) {
        FUZZ_CHECK(ack.stream == wanted->stream && ack.domain == wanted->domain);
        FUZZ_CHECK(ack.sequence == wanted->sequence && ack.duplicate == wanted->duplicate);
    }
    if (!document || document->what != json_value::kind::object) {
        FUZZ_CHECK(ec == errc::invalid_response);
    } else if (const json_value* const error = find(*document, "error")) {
        FUZZ_CHECK(ec == expected_code(*error));
        FUZZ_CHECK(info.code == as_int(number(*error, "code")) && info.err_code == as_int(number(*error, "err_code")));
    }
}

void check_status(std::string_view text) {
    publish_ack ack;
    const std::string block = "NATS/1.0 " + std::string(text) + "\r\n\r\n";
    const message_view reply("r", {}, block, {});
    FUZZ_CHECK(api::decode_publish_ack(reply, ack, nullptr));
    FUZZ_CHECK(ack.stream.empty() && ack.sequence == 0);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string input(reinterpret_cast<const char*>(data), size);
    check(input);
    check("{\"stream\":\"S\",\"seq\":" + input + "}");
    check("{\"seq\":1,\"stream\":" + input + ", \"duplicate\": true}");
    check("{\"stream\":\"S\", \"seq\":7," + input);
    check_status(input.substr(0, 40));
    return 0;
}
