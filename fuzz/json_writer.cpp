// JSON writer: whatever strings and numbers are written, the text is one line that a slow reader takes and reads back as the same;
// bytes that are not UTF-8 become replacement characters and nothing else changes.
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include <slipstream/detail/json_writer.hpp>

#include "fuzz/check.hpp"
#include "fuzz/input.hpp"
#include "fuzz/json_reference.hpp"

using namespace slipstream::detail;
using fuzz::json_value;

namespace {

void check_line(std::string_view json) {
    FUZZ_CHECK(std::none_of(json.begin(), json.end(), [](char c) { return (c >= 0 && c < ' ') || c == 127; }));
    FUZZ_CHECK(is_utf8(json));
}

void check_string(std::string_view text) {
    std::string json = "before";
    append_json_string(json, text);
    FUZZ_CHECK(json.starts_with("before"));
    json.erase(0, 6);
    check_line(json);
    const auto back = fuzz::read_json(json);
    FUZZ_CHECK(back && back->what == json_value::kind::string);
    FUZZ_CHECK((back->text == text) == is_utf8(text));
    std::string again;
    append_json_string(again, back->text);  // repaired text stays as it is
    FUZZ_CHECK(again == json);
    FUZZ_CHECK(is_utf8(text) == fuzz::read_json("\"" + std::string(text) + "\"").has_value() ||
               std::any_of(text.begin(), text.end(), [](char c) { return (c >= 0 && c < ' ') || c == '"' || c == '\\'; }));
}

void check_document(fuzz::input in) {
    std::string json;
    json_writer w(json);
    const std::uint64_t whole = in.word();
    const double real = std::bit_cast<double>(in.word());
    const bool flag = in.flag();
    const std::string_view name = in.text(20);
    const std::string_view text = in.text(60);
    w.begin_object();
    w.member("u", whole).member("i", static_cast<std::int64_t>(whole)).member("d", real).member("b", flag);
    w.key("f").fixed(real, static_cast<int>(whole % 12) - 1);
    w.member(name, text).key("list").begin_array().value(text).null().begin_object().end_object().begin_array().end_array().end_array();
    w.end_object();
    check_line(json);
    const auto back = fuzz::read_json(json);
    FUZZ_CHECK(back && back->items.size() == 7);
    FUZZ_CHECK(back->items[0].as_uint64() == whole);
    FUZZ_CHECK(back->items[1].as_int64() == static_cast<std::int64_t>(whole));
    FUZZ_CHECK(back->items[2].what == (std::isfinite(real) ? json_value::kind::number : json_value::kind::null));
    if (std::isfinite(real)) FUZZ_CHECK(std::strtod(back->items[2].text.c_str(), nullptr) == real);
    FUZZ_CHECK(back->items[3].what == json_value::kind::boolean && back->items[3].truth == flag);
    FUZZ_CHECK(back->items[4].what == back->items[2].what);
    if (is_utf8(name)) FUZZ_CHECK(back->names[5] == name);
    FUZZ_CHECK(back->items[6].items.size() == 4);
    FUZZ_CHECK(back->items[6].items[0].text == back->items[5].text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    check_string({reinterpret_cast<const char*>(data), size});
    check_document(fuzz::input(data, size));
    return 0;
}
