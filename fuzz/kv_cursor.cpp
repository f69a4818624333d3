// Saved revisions and cursors (R1, R2; I24): what was written is read back equal, as bytes and as text; anything else gives nothing and
// never 0; the order of revisions is the order of their bytes.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <slipstream/kv/revision.hpp>

#include "fuzz/check.hpp"
#include "fuzz/input.hpp"

using slipstream::kv::cursor;
using slipstream::kv::revision;

namespace {

void check_same(const cursor& c) {
    const auto bytes = cursor::from_bytes(c.to_bytes());
    const auto text = cursor::from_string(c.to_string());
    FUZZ_CHECK(bytes && text);
    FUZZ_CHECK(c.is_none() ? bytes->is_none() && text->is_none() : *bytes == c && *text == c);
}

void check_saved(std::string_view saved) {
    const auto r = revision::from_bytes(saved);
    FUZZ_CHECK(r.has_value() == (saved.empty() || saved.size() == 8));
    if (r) FUZZ_CHECK(r->to_bytes() == saved && r->is_known() == !saved.empty());
    const auto c = cursor::from_bytes(saved);
    FUZZ_CHECK(c.has_value() == (saved.empty() || saved.size() == 8 || saved.size() == 16));
    if (c) check_same(*c);
    const auto t = cursor::from_string(saved);
    if (!t) return;
    FUZZ_CHECK(!saved.empty() && saved.find_first_not_of("0123456789@-") == std::string_view::npos);
    FUZZ_CHECK(t->is_none() == (saved.substr(0, saved.find('@')).find_first_not_of('0') == std::string_view::npos));
    check_same(*t);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    check_saved(input);
    check_saved(input.substr(0, 8));
    check_saved(input.substr(0, 16));
    fuzz::input in(data, size);
    const revision a(in.word());
    const revision b(in.word());
    FUZZ_CHECK((a < b) == (a.to_bytes() < b.to_bytes()) && revision() < a);
    check_same(cursor(a.value(), static_cast<std::int64_t>(b.value())));
    check_same(cursor(a));
    return 0;
}
