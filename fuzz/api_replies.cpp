// Every other JSON reply of the JetStream API (A20, S28): success only for a whole valid document that is an object without `error` and
// has what the API promises, in the right types; what was decoded and is sent back is read as the same; lists count what they give.
//
// The first byte says which reply it is, the rest is the reply.
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <slipstream/jetstream/create_response.hpp>
#include <slipstream/message.hpp>

#include "fuzz/check.hpp"
#include "fuzz/json_reference.hpp"
#include "jetstream/api/decode.hpp"
#include "jetstream/api/encode.hpp"

using namespace slipstream::jetstream;
using fuzz::json_value;
using slipstream::message_view;

namespace {

const json_value* find(const json_value* object, std::string_view name) {
    const json_value* found = nullptr;
    if (object == nullptr) return nullptr;
    for (std::size_t i = 0; i < object->names.size(); ++i) {
        if (object->names[i] == name) found = &object->items[i];
    }
    return found;
}

bool is_text(const json_value* v) { return v != nullptr && v->what == json_value::kind::string; }
bool is_number(const json_value* v) { return v != nullptr && v->what == json_value::kind::number; }
/// -0 is 0 here: a reader of integers need not tell them apart.
bool is(const json_value* v, std::uint64_t number) {
    return is_number(v) && (v->as_uint64() == number || (v->text == "-0" && number == 0));
}
bool is_true(const json_value* v) { return v != nullptr && v->truth; }

/// A reply, and what a slow reader makes of it.
struct reply {
    explicit reply(std::string_view text) : payload(text), document(fuzz::read_json(text)) {}
    [[nodiscard]] message_view view() const { return {"r", {}, {}, payload}; }
    [[nodiscard]] const json_value* root() const { return document ? &*document : nullptr; }
    /// Nothing of what may be success for any decoder.
    void check_success() const {
        FUZZ_CHECK(document && document->what == json_value::kind::object);
        FUZZ_CHECK(find(root(), "error") == nullptr);
    }
    void check_numbers(const json_value* object, std::initializer_list<const char*> names) const {
        for (const char* const name : names) FUZZ_CHECK(is_number(find(object, name)));
    }

    std::string_view payload;
    std::optional<json_value> document;
};

/// What an update sends of it is read as the same configuration.
void check_stream_again(const stream_config& config) {
    const std::string sent = api::encode_stream(config);
    FUZZ_CHECK(fuzz::read_json(sent).has_value());
    stream_info again;
    const std::string echo =
        R"({"created":"2026-01-01T00:00:00Z","state":{"messages":0,"bytes":0,"first_seq":1,"last_seq":0},"config":)" + sent + "}";
    FUZZ_CHECK(!api::decode_stream_info(message_view("r", {}, {}, echo), again, nullptr));
    FUZZ_CHECK(again.config == config);
    static_cast<void>(api::check(config));
}

void check_stream(const reply& r) {
    stream_info out;
    error_info info;
    if (const auto ec = api::decode_stream_info(r.view(), out, &info)) {
        if (find(r.root(), "error") != nullptr) FUZZ_CHECK(ec != errc::invalid_response);
        return;
    }
    r.check_success();
    FUZZ_CHECK(is_text(find(r.root(), "created")));
    const json_value* const state = find(r.root(), "state");
    r.check_numbers(state, {"messages", "bytes", "first_seq", "last_seq"});
    FUZZ_CHECK(is(find(state, "first_seq"), out.state.first_seq) && is(find(state, "last_seq"), out.state.last_seq));
    const json_value* const name = find(find(r.root(), "config"), "name");
    FUZZ_CHECK(is_text(name) && name->text == out.config.name);
    check_stream_again(out.config);
}

void check_stream_create(const reply& r) {
    stream_info out;
    const auto ec = api::decode_stream_create(r.view(), out, nullptr);
    const create_response says = classify_create_response(r.payload);
    if (!ec) r.check_success();
    if (says.outcome != create_outcome::created) FUZZ_CHECK(ec);
    if (says.outcome == create_outcome::already_exists) FUZZ_CHECK(ec == errc::stream_name_in_use);
}

void check_consumer(const reply& r) {
    consumer_info out;
    if (api::decode_consumer_info(r.view(), out, nullptr)) return;
    r.check_success();
    FUZZ_CHECK(is_text(find(r.root(), "name")) && find(r.root(), "name")->text == out.name);
    static_cast<void>(api::check(out.config));
    consumer_config sent;
    const std::string request = api::encode_create_consumer("S", out.name, out.config);
    FUZZ_CHECK(fuzz::read_json(request).has_value());
    FUZZ_CHECK(api::decode_requested_consumer(request, sent));
    FUZZ_CHECK(api::fulfils(sent, sent));
}

void check_small(const reply& r) {
    if (!api::decode_success(r.view(), nullptr)) {
        r.check_success();
        FUZZ_CHECK(is_true(find(r.root(), "success")));
    }
    std::uint64_t purged = 0;
    if (!api::decode_purge(r.view(), purged, nullptr)) {
        FUZZ_CHECK(is_true(find(r.root(), "success")));
        FUZZ_CHECK(is(find(r.root(), "purged"), purged));
    }
}

void check_account(const reply& r) {
    account_info out;
    if (api::decode_account_info(r.view(), out, nullptr)) return;
    r.check_success();
    r.check_numbers(r.root(), {"memory", "storage", "streams", "consumers"});
    FUZZ_CHECK(is(find(r.root(), "streams"), out.streams));
    FUZZ_CHECK(out.api_level >= 0);
}

void check_message(const reply& r) {
    stored_message out;
    if (api::decode_message(r.view(), out, nullptr)) return;
    r.check_success();
    const json_value* const message = find(r.root(), "message");
    FUZZ_CHECK(is(find(message, "seq"), out.sequence()) && out.sequence() != 0);
    FUZZ_CHECK(is_text(find(message, "subject")) && find(message, "subject")->text == out.subject() && !out.subject().empty());
    FUZZ_CHECK(is_text(find(message, "time")));
}

template <class Entry>
void check_list(const reply& r, const char* name) {
    std::vector<Entry> out(1);
    api::page where;
    if (api::decode_list(r.view(), out, where, nullptr)) return;
    r.check_success();
    FUZZ_CHECK(is(find(r.root(), "total"), where.total));
    const json_value* const list = find(r.root(), name);
    FUZZ_CHECK(list != nullptr && list->items.size() == where.received && out.size() == where.received + 1);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string input(reinterpret_cast<const char*>(data) + 1, size - 1);
    const reply r(input);
    switch (data[0]) {
        case 's': check_stream(r); break;
        case 'S': check_stream_create(r); break;
        case 'c': check_consumer(r); break;
        case 'd': check_small(r); break;
        case 'a': check_account(r); break;
        case 'm': check_message(r); break;
        case 'l': check_list<stream_info>(r, "streams"); break;
        case 'L': check_list<consumer_info>(r, "consumers"); break;
        case 'n': check_list<std::string>(r, "streams"); break;
        case 'f': static_cast<void>(api::filter_of_page(input)); break;
        default: break;
    }
    return 0;
}
