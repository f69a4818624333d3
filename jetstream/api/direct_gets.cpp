// See direct_gets.hpp.
#include <slipstream/jetstream/detail/direct_gets.hpp>

#include <slipstream/subject.hpp>

#include "jetstream/api/names.hpp"
#include "jetstream/api/subjects.hpp"

namespace slipstream::jetstream::api {

direct_gets::direct_gets(std::string_view prefix, std::string_view stream, std::string_view begin) {
    if (begin.size() >= max_subject_in_line || check_stream_name(stream) || check_publish_subject(std::string(begin).append("x"))) return;
    subject_ = subject(prefix, verbs::direct_get, stream, begin);
    room_ = max_subject_in_line - begin.size();
}

}  // namespace slipstream::jetstream::api
