// The create-reply classifier and the publish acknowledgement, against a small JSON reader of their own (contract S24-S31, A20):
// `created` only for bytes that are not JSON or have no error; the error's numbers exactly; never an acknowledgement without
// stream and sequence.
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <slipstream/jetstream/create_response.hpp>
#include <slipstream/message.hpp>

#include "fuzz/check.hpp"
#include "fuzz/json_reference.hpp"
#include "jetstream/api/publish_ack.hpp"

using namespace slipstream::jetstream;
using fuzz::json_value;

namespace {

/// The last member of that name.
const json_value* find(const json_value& object, std::string_view name) {
    const json_value* found = nullptr;
    for (std::size_t i = 0; i < object.names.size(); ++i) {
        if (object.names[i] == name) found = &object.items[i];
    }
    return found;
}

std::int64_t integer(const json_value& error, std::string_view name) {
    const json_value* member = find(error, name);
    return member != nullptr ? member->as_int64().value_or(0) : 0;
}

create_outcome expected_outcome(std::int64_t code, std::int64_t err_code, const std::string& description) {
    if (code == 10058 || err_code == 10058) return create_outcome::already_exists;
    if (err_code == 10027) return create_outcome::stream_limit;
    if (code == 400 && description.find("maximum number of streams") != std::string::npos) return create_outcome::stream_limit;
    return create_outcome::failed;
}

void check_classifier(std::string_view text) {
    const create_response r = classify_create_response(text);
    const std::optional<json_value> document = fuzz::read_json(text);
    FUZZ_CHECK(r.parsed == document.has_value());
    const json_value* error = document ? find(*document, "error") : nullptr;
    if (error == nullptr) {
        FUZZ_CHECK(r.outcome == create_outcome::created);
        FUZZ_CHECK(r.code == 0 && r.err_code == 0 && r.description.empty());
        return;
    }
    const json_value* text_member = find(*error, "description");
    const std::string description =
        text_member != nullptr && text_member->what == json_value::kind::string ? text_member->text : "unknown error";
    FUZZ_CHECK(r.outcome != create_outcome::created);
    FUZZ_CHECK(r.code == integer(*error, "code"));
    FUZZ_CHECK(r.err_code == integer(*error, "err_code"));
    FUZZ_CHECK(r.description == description);
    FUZZ_CHECK(r.outcome == expected_outcome(r.code, r.err_code, description));
}

void check_ack(std::string_view text) {
    publish_ack ack;
    const std::error_code ec = api::decode_publish_ack(slipstream::message_view("r", {}, {}, text), ack, nullptr);
    const auto usual = api::read_usual_ack(text);
    const std::optional<json_value> document = fuzz::read_json(text);
    FUZZ_CHECK(!usual || document);
    if (!ec) {
        FUZZ_CHECK(document && document->what == json_value::kind::object);
        FUZZ_CHECK(find(*document, "error") == nullptr);
        const json_value* stream = find(*document, "stream");
        const json_value* sequence = find(*document, "seq");
        FUZZ_CHECK(stream != nullptr && stream->what == json_value::kind::string && stream->text == ack.stream && !ack.stream.empty());
        FUZZ_CHECK(sequence != nullptr && sequence->as_uint64() == ack.sequence && ack.sequence != 0);
    }
    if (document && find(*document, "error") != nullptr) FUZZ_CHECK(ec && ec != errc::invalid_response);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string input(reinterpret_cast<const char*>(data), size);
    check_classifier(input);
    check_ack(input);
    check_classifier("{\"error\":" + input + "}");
    check_classifier("{\"x\":" + input + ",\"error\":{\"code\":403,\"err_code\":10058}}");
    check_ack("{\"stream\":\"S\",\"seq\":" + input + "}");
    check_ack("{\"stream\":" + input + ",\"seq\":1,\"duplicate\": true}");
    return 0;
}
