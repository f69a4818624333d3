// The JSON writer is a public detail header because the layers above write JSON too.
#pragma once

#include <slipstream/detail/json_writer.hpp>

namespace slipstream::wire {

using detail::append_json_string;
using detail::is_utf8;
using detail::json_writer;

}  // namespace slipstream::wire
