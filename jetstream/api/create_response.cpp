// The STREAM.CREATE classifier (contract S24-S31, S116-S123, W23). A pure function of bytes; order of the rules matters.
#include <slipstream/jetstream/create_response.hpp>

#include "jetstream/api/json.hpp"
#include "jetstream/api/reply.hpp"

#include <slipstream/jetstream/error.hpp>

namespace slipstream::jetstream {
namespace {

create_outcome outcome_of(const api::api_error& error) {
    constexpr auto in_use = static_cast<std::int64_t>(errc::stream_name_in_use);
    if (error.err_code == in_use || error.code == in_use) return create_outcome::already_exists;  // S29
    if (error.err_code == static_cast<std::int64_t>(errc::maximum_streams)) return create_outcome::stream_limit;  // W23
    if (error.code == 400 && error.description.find("maximum number of streams") != std::string::npos)
        return create_outcome::stream_limit;  // S30
    return create_outcome::failed;
}

}  // namespace

create_response classify_create_response(std::string_view reply) {
    create_response out;
    api::json_document document;
    out.parsed = document.parse(reply);
    simdjson::dom::element element;
    if (!out.parsed || !api::object_reader(document.root()).find("error", element)) {
        out.outcome = create_outcome::created;  // S26, S27
        return out;
    }
    api::api_error error = api::read_error(element);
    out.outcome = outcome_of(error);
    out.code = error.code;
    out.err_code = error.err_code;
    out.description = std::move(error.description);
    return out;
}

}  // namespace slipstream::jetstream
