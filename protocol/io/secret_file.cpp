#include "protocol/io/secret_file.hpp"

#include <cstdlib>

#include <slipstream/error.hpp>

#include "protocol/auth/creds.hpp"
#include "protocol/io/regular_file.hpp"

namespace slipstream::io {

namespace {

std::string expanded(const std::string& path) {
    if (!path.starts_with("~/")) return path;
    const char* const home = std::getenv("HOME");
    return home != nullptr && *home != '\0' ? home + path.substr(1) : path;
}

}  // namespace

std::error_code read_secret_file(const std::string& path, secret& out) {
    const file_result result = read_regular_file(expanded(path), auth::max_document, out);
    switch (result.problem) {
        case file_problem::none: break;
        case file_problem::system: return result.ec;
        case file_problem::not_regular: return errc::credentials_unreadable;
        case file_problem::too_large: return errc::creds_malformed;
    }
    return {};
}

}  // namespace slipstream::io
