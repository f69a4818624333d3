#include "protocol/auth/jwt.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <new>
#include <string>

#include <simdjson.h>

#include <slipstream/detail/base64.hpp>
#include <slipstream/error.hpp>

#include "protocol/auth/creds.hpp"
#include "protocol/auth/text.hpp"
#include "protocol/auth/wipe.hpp"

namespace slipstream::auth {

namespace {

/// The second of the three parts.
std::string_view claims_of(std::string_view jwt) noexcept {
    const std::size_t first = jwt.find('.');
    const std::size_t second = jwt.find('.', first + 1);
    return jwt.substr(first + 1, second - first - 1);
}

}  // namespace

std::error_code check_jwt(std::string_view jwt) noexcept {
    if (jwt.size() > max_document) return errc::jwt_malformed;
    std::size_t parts = 1;
    std::size_t in_part = 0;
    for (const char c : jwt) {
        if (c == '.') {
            if (in_part == 0) return errc::jwt_malformed;
            ++parts;
            in_part = 0;
        } else if (is_base64url(c)) {
            ++in_part;
        } else {
            return errc::jwt_malformed;
        }
    }
    return parts == 3 && in_part != 0 ? std::error_code() : errc::jwt_malformed;
}

bool names_another_user(std::string_view jwt, std::string_view public_key) {
    const std::string_view encoded = claims_of(jwt);
    wiped_text base64;
    base64.text = encoded;
    std::replace(base64.text.begin(), base64.text.end(), '-', '+');
    std::replace(base64.text.begin(), base64.text.end(), '_', '/');
    wiped_text json;
    json.text.reserve(encoded.size() + simdjson::SIMDJSON_PADDING);
    if (!detail::decode_base64(base64.text, json.text, detail::base64_rule::lenient)) return false;
    // On demand: the texts of a document stay where they are, so there is nothing else to wipe.
    simdjson::ondemand::parser parser;
    simdjson::ondemand::document document;
    const simdjson::padded_string_view view(json.text.data(), json.text.size(), json.text.capacity());
    simdjson::error_code error = parser.iterate(view).get(document);
    if (error == simdjson::MEMALLOC) throw std::bad_alloc();
    std::string_view sub;
    if (error == simdjson::SUCCESS) error = document.find_field_unordered("sub").get_string().get(sub);
    return error == simdjson::SUCCESS && sub != public_key;
}

}  // namespace slipstream::auth
