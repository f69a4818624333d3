// Base64 is a public detail header because the layers above decode it too.
#pragma once

#include <slipstream/detail/base64.hpp>

namespace slipstream::wire {

using detail::append_base64;
using detail::base64_encoded_size;
using detail::base64_rule;
using detail::decode_base64;
using detail::encode_base64;

}  // namespace slipstream::wire
