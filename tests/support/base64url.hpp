// The text form that JWTs and signatures have: base64 with two other letters, and nothing that fills up the end.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

#include <slipstream/detail/base64.hpp>

namespace slipstream::test {

[[nodiscard]] inline std::string base64url(std::string_view bytes) {
    std::string text = detail::encode_base64(bytes);
    text.erase(text.find_last_not_of('=') + 1);
    std::replace(text.begin(), text.end(), '+', '-');
    std::replace(text.begin(), text.end(), '/', '_');
    return text;
}

}  // namespace slipstream::test
