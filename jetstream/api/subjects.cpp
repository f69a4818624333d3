// See subjects.hpp.
#include "jetstream/api/subjects.hpp"

namespace slipstream::jetstream::api {

std::string subject(std::string_view prefix, std::string_view verb, std::string_view first, std::string_view second) {
    std::string out;
    out.reserve(prefix.size() + verb.size() + first.size() + second.size() + 3);
    out += prefix;
    for (const std::string_view part : {verb, first, second}) {
        if (part.empty()) continue;
        out += '.';
        out += part;
    }
    return out;
}

}  // namespace slipstream::jetstream::api
