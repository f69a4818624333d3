// When a consumer counts as gone: nothing heard in two whole windows of one heartbeat each (contract W33, F14).
//
// Counting windows instead of noting the time of each frame keeps the clock out of the message path. A window that closes late
// was not watched: the event loop was busy and what arrived meanwhile is still unread, so it proves nothing.
#pragma once

#include "jetstream/machine/time.hpp"

namespace slipstream::jetstream::machine {

class silence {
public:
    explicit silence(duration heartbeat) noexcept : window_(std::max(heartbeat, duration(1))) {}

    void begin(time_point now) noexcept {
        closes_ = now + window_;
        heard_ = false;
        missed_ = 0;
    }
    void end() noexcept { closes_ = never; }
    void heard() noexcept { heard_ = true; }

    /// True when the consumer counts as gone.
    [[nodiscard]] bool on_time(time_point now) noexcept {
        if (now < closes_) return false;
        const bool late = now - closes_ > window_ / 2;
        if (heard_) missed_ = 0;
        else if (!late) ++missed_;
        heard_ = false;
        closes_ = now + window_;
        return missed_ >= 2;
    }
    [[nodiscard]] time_point closes() const noexcept { return closes_; }

private:
    duration window_;
    time_point closes_ = never;
    unsigned missed_ = 0;
    bool heard_ = false;
};

}  // namespace slipstream::jetstream::machine
