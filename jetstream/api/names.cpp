// See names.hpp.
#include "jetstream/api/names.hpp"

#include <slipstream/jetstream/error.hpp>
#include <slipstream/subject.hpp>

#include <algorithm>
#include <array>
#include <cstddef>

namespace slipstream::jetstream::api {
namespace {

constexpr std::size_t max_name = 255;

constexpr std::array<bool, 256> refused_bytes = [] {
    std::array<bool, 256> refused{};
    for (std::size_t c = 0; c <= ' '; ++c) refused[c] = true;
    for (const char c : std::string_view(".*>/\\\x7F")) refused[static_cast<unsigned char>(c)] = true;
    return refused;
}();

/// One subject token that is also a file name for the server.
bool is_name(std::string_view name) noexcept {
    constexpr auto refused = [](char c) { return refused_bytes[static_cast<unsigned char>(c)]; };
    return !name.empty() && name.size() <= max_name && std::ranges::none_of(name, refused);
}

}  // namespace

std::error_code check_stream_name(std::string_view name) noexcept {
    return is_name(name) ? std::error_code() : errc::invalid_stream_name;
}

std::error_code check_consumer_name(std::string_view name) noexcept {
    return is_name(name) ? std::error_code() : errc::invalid_consumer_name;
}

std::error_code make_api_prefix(std::string_view domain, std::string_view api_prefix, std::string& out) {
    if (!domain.empty()) {
        if (!api_prefix.empty() || !is_name(domain)) return errc::invalid_config;
        out = "$JS.";
        out += domain;
        out += ".API";
        return {};
    }
    // A trailing dot is how imported APIs are often written down; the builder adds its own.
    out = api_prefix.empty() ? std::string_view("$JS.API") : api_prefix;
    if (out.ends_with('.')) out.pop_back();
    return check_publish_subject(out) ? std::error_code(errc::invalid_config) : std::error_code();
}

}  // namespace slipstream::jetstream::api
