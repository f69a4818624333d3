// What follows from a creation of a consumer that failed: another attempt or the end (contract W32: by codes, never by text).
#pragma once

#include <system_error>

namespace slipstream::jetstream::machine {

enum class creation_failure {
    retry,      ///< It may well work later.
    retry_few,  ///< As retry; but should nothing have worked yet, a few times are enough.
    final,      ///< Repeating it cannot help.
};

/// `was_live`: the same request worked before, so that the server's objections to it can only be passing, unless the stream is gone.
creation_failure judge_creation(std::error_code ec, bool was_live) noexcept;

/// Whether the server may have made the consumer all the same, so that it must be deleted.
bool may_exist(std::error_code ec) noexcept;

}  // namespace slipstream::jetstream::machine
