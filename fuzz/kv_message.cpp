// What a message of a bucket says (W27, R24, S67, S88): the operation by the headers alone, key and value as parts of the message, the
// revision from the ACK subject or unknown, never 0 by accident; gathering reads as watching does.
//
// The input: subject, LF, reply subject, LF, header block up to the first empty line, then the value.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <slipstream/jetstream/ack_subject.hpp>

#include "fuzz/check.hpp"
#include "fuzz/input.hpp"
#include "kv/codec/decode.hpp"
#include "kv/codec/subjects.hpp"
#include "kv/machine/collector.hpp"

using namespace slipstream;
using kv::operation;

namespace {

operation expected_operation(const header_view& headers) {
    const std::string_view said = headers.get("KV-Operation").value_or("");
    const std::string_view reason = headers.get("Nats-Marker-Reason").value_or("");
    if (said == "DEL") return operation::erase;
    if (said == "PURGE" || reason == "MaxAge" || reason == "Purge") return operation::purge;
    return reason == "Remove" ? operation::erase : operation::put;
}

void check_gathered(const message_view& m, const kv::codec::decoded& d, const jetstream::delivery_info& place) {
    const kv::machine::collector_settings settings{.key_prefix = "$KV.b.", .scope = {}, .empty_is_tombstone = true};
    kv::machine::key_collector keys(settings);
    kv::machine::entry_collector entries(settings);
    kv::machine::history_collector history("$KV.b.", std::string(d.key));
    keys.add(m, place);
    entries.add(m, place);
    history.add(m, place);
    const bool put = d.operation == operation::put;
    const auto found_keys = keys.finish();
    FUZZ_CHECK(found_keys.size() == (put && !kv::codec::is_empty_value(m, true) ? 1U : 0U));
    const auto found = entries.finish();
    FUZZ_CHECK(found.size() == (put && !d.value.empty() ? 1U : 0U));
    if (!found.empty()) FUZZ_CHECK(found[0].key() == d.key && found[0].value() == d.value && found[0].revision() == d.revision);
    const auto revisions = history.finish();
    FUZZ_CHECK(revisions.size() == 1 && revisions[0].operation() == d.operation && revisions[0].value() == d.value);
}

void check(const message_view& m) {
    const auto d = kv::codec::decode_delivery("$KV.b.", m);
    FUZZ_CHECK(d.has_value() == (m.subject().starts_with("$KV.b.") && m.subject().size() > 6));
    FUZZ_CHECK(kv::codec::is_empty_value(m, false) == m.payload().empty());
    FUZZ_CHECK(kv::codec::is_empty_value(m, true) == (m.headers().get_last("Nats-Msg-Size") == "0"));
    if (!d) return;
    FUZZ_CHECK(d->key == m.subject().substr(6) && d->key.data() == m.subject().data() + 6);
    FUZZ_CHECK(d->operation == expected_operation(m.headers()));
    FUZZ_CHECK(d->value == (d->operation == operation::put ? m.payload() : std::string_view()));
    const auto place = jetstream::parse_ack_subject(m.reply_to());
    FUZZ_CHECK(d->revision.is_known() == place.has_value());
    if (!place) return;
    FUZZ_CHECK(d->revision.value() == place->stream_sequence && d->delta == place->pending && d->created == place->timestamp);
    check_gathered(m, *d, *place);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::input in(data, size);
    const std::string_view subject = in.line();
    const std::string_view reply_to = in.line();
    const std::string_view rest = in.rest();
    const std::size_t blank = rest.find("\r\n\r\n");
    const std::size_t end = blank == std::string_view::npos ? 0 : blank + 4;
    check(message_view(subject, reply_to, rest.substr(0, end), rest.substr(end)));
    const std::string key = "$KV.b." + std::string(subject);
    check(message_view(key, "$JS.ACK.KV_b.c.1.42.7.1700000000000000000.0", rest.substr(0, end), rest.substr(end)));
    return 0;
}
