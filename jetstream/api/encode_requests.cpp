// The small request bodies. See encode.hpp.
#include "jetstream/api/encode.hpp"

#include <slipstream/detail/json_writer.hpp>
#include <slipstream/jetstream/error.hpp>
#include <slipstream/subject.hpp>

namespace slipstream::jetstream::api {

using detail::json_writer;

std::error_code check(const purge_options& o) noexcept {
    if (o.sequence && o.keep) return errc::invalid_config;  // the server: 10003
    return o.filter.empty() ? std::error_code() : check_subscribe_subject(o.filter);
}

std::error_code check(const message_selector& s) noexcept {
    if ((s.sequence != 0) == !s.last_by_subject.empty()) return errc::invalid_config;
    return s.last_by_subject.empty() ? std::error_code() : check_subscribe_subject(s.last_by_subject);
}

std::string encode_purge(const purge_options& o) {
    std::string out;
    if (o.filter.empty() && !o.sequence && !o.keep) return out;
    json_writer json(out);
    json.begin_object();
    if (!o.filter.empty()) json.member("filter", o.filter);
    if (o.sequence) json.member("seq", *o.sequence);
    if (o.keep) json.member("keep", *o.keep);
    json.end_object();
    return out;
}

std::string encode_get_message(const message_selector& s) {
    std::string out;
    json_writer json(out);
    json.begin_object();
    if (s.sequence != 0) json.member("seq", s.sequence);
    else json.member("last_by_subj", s.last_by_subject);
    json.end_object();
    return out;
}

std::string encode_page(std::uint64_t offset, std::string_view subject) {
    std::string out;
    if (offset == 0 && subject.empty()) return out;
    json_writer json(out);
    json.begin_object();
    if (offset != 0) json.member("offset", offset);
    if (!subject.empty()) json.member("subject", subject);
    json.end_object();
    return out;
}

}  // namespace slipstream::jetstream::api
