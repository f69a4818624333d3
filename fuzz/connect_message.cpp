// CONNECT (A23, B12; spec/protocol.md 5): one line that the server reads as a JSON object with exactly the fields that were set, and
// no text of the user, whatever it holds, reaches another field or ends the line.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <slipstream/detail/json_writer.hpp>

#include "fuzz/check.hpp"
#include "fuzz/input.hpp"
#include "fuzz/json_reference.hpp"
#include "fuzz/server_grammar.hpp"
#include "protocol/session/connect_message.hpp"

using namespace slipstream;
using fuzz::json_value;

namespace {

/// Bytes that are not UTF-8 are replaced; then only the shape is compared.
void check_text(const json_value* member, bool wanted, std::string_view text) {
    FUZZ_CHECK((member != nullptr) == wanted);
    if (member == nullptr) return;
    FUZZ_CHECK(member->what == json_value::kind::string);
    if (detail::is_utf8(text)) FUZZ_CHECK(member->text == text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::input in(data, size);
    const std::uint8_t flags = in.byte();
    session::connect_fields fields;
    fields.echo = (flags & 1U) != 0;
    fields.headers = (flags & 2U) != 0;
    fields.login.with_user = (flags & 4U) != 0;
    fields.login.with_token = (flags & 8U) != 0;
    fields.name = in.line();
    fields.login.user = in.line();
    fields.login.pass = in.line();
    fields.login.auth_token = in.line();
    fields.login.jwt = in.line();
    fields.login.nkey = in.line();
    fields.login.sig = in.rest();

    wire::write_buffer out;
    session::append_connect(out, fields);
    fuzz::server_reader server(out.view());
    const auto frame = server.next();
    FUZZ_CHECK(frame && frame->verb == "CONNECT" && server.at_end());
    const auto json = fuzz::read_json(frame->arguments.at(0));
    FUZZ_CHECK(json && json->what == json_value::kind::object);
    const auto find = [&](std::string_view name) -> const json_value* {
        const auto found = std::find(json->names.begin(), json->names.end(), name);
        FUZZ_CHECK(std::count(json->names.begin(), json->names.end(), name) <= 1);
        return found == json->names.end() ? nullptr : &json->items[static_cast<std::size_t>(found - json->names.begin())];
    };
    check_text(find("name"), !fields.name.empty(), fields.name);
    check_text(find("user"), fields.login.with_user, fields.login.user);
    check_text(find("pass"), fields.login.with_user, fields.login.pass);
    check_text(find("auth_token"), fields.login.with_token, fields.login.auth_token);
    check_text(find("jwt"), !fields.login.jwt.empty(), fields.login.jwt);
    check_text(find("nkey"), !fields.login.nkey.empty(), fields.login.nkey);
    check_text(find("sig"), !fields.login.sig.empty(), fields.login.sig);
    for (const char* const name : {"verbose", "pedantic", "echo", "protocol", "headers", "no_responders", "lang", "version"}) {
        FUZZ_CHECK(find(name) != nullptr);
    }
    std::size_t wanted = 8 + (fields.login.with_user ? 2U : 0U) + (fields.login.with_token ? 1U : 0U);
    for (const std::string_view text : {fields.name, fields.login.jwt, fields.login.nkey, fields.login.sig}) wanted += text.empty() ? 0 : 1;
    FUZZ_CHECK(json->names.size() == wanted);
    return 0;
}
