// What may be done again when a request's fate is unknown.
#pragma once

namespace slipstream::jetstream {

enum class request_kind {
    repeatable,  ///< Reads, and creating what may exist already: twice is as good as once.
    once,        ///< Deleting, purging, updating: a lost reply is reported.
    publish,     ///< As once; and a stream that is just being made is waited for.
};

}  // namespace slipstream::jetstream
