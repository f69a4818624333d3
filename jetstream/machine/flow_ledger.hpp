// Which flow control request may be answered when (F13, D3, W10): a request stands behind the messages delivered before it and is
// answered when the last of those has been taken. The server has at most one window of messages on the way until then, which is
// what bounds the taker's queue.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace slipstream::jetstream::machine {

class flow_ledger {
public:
    /// A message was queued by the handler.
    void queued() noexcept { ++outstanding_; }

    /// Returns the subject to answer on at once, if any.
    [[nodiscard]] std::optional<std::string> request(std::string_view subject) {
        if (outstanding_ == 0) return std::string(subject);
        if (subject_ != subject) {
            subject_ = subject;
            before_ = outstanding_;
        }
        return std::nullopt;
    }

    /// `count` more of the queued messages were taken, oldest first. Returns the subject to answer on now, if any.
    [[nodiscard]] std::optional<std::string> taken(std::uint64_t count) {
        outstanding_ -= std::min(count, outstanding_);
        if (subject_.empty()) return std::nullopt;
        before_ -= std::min(count, before_);
        if (before_ > 0) return std::nullopt;
        return std::exchange(subject_, std::string());
    }

    /// The requests of an ended consumer need no answer. Its messages may still be queued.
    void forget_request() noexcept { subject_.clear(); }
    [[nodiscard]] std::uint64_t outstanding() const noexcept { return outstanding_; }

private:
    std::uint64_t outstanding_ = 0;
    std::uint64_t before_ = 0;  // of those, delivered before the request
    std::string subject_;       // of the request that waits; empty = none
};

}  // namespace slipstream::jetstream::machine
