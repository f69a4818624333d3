// What came of an attempt to move bytes without waiting.
#pragma once

#include <cstddef>
#include <system_error>

namespace slipstream::io {

enum class transfer {
    more,     ///< Done in full: there may be more to do at once.
    blocked,  ///< Everything there was, or all that the peer takes for now.
    ended,    ///< The connection is over: `ec`, or no error when the peer closed it.
};

struct transfer_result {
    transfer outcome = transfer::blocked;
    std::size_t n = 0;
    std::error_code ec;
};

}  // namespace slipstream::io
