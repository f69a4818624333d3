#include "protocol/session/leave_machine.hpp"

namespace slipstream::session {

void leave_machine::begin(duration wait, time_point now) noexcept {
    if (active()) return;
    stage_ = stage::waiting;
    due_ = false;
    until_ = deadline_after(now, wait);
}

void leave_machine::stop() noexcept {
    stage_ = stage::none;
    until_ = never;
    context_.leaving = false;
}

bool leave_machine::advance(const server_pool& pool, time_point now) {
    switch (stage_) {
        case stage::none: return false;
        case stage::waiting:
            if (now < until_ && !due_) return false;
            due_ = true;
            until_ = never;
            if (!pool.has_alternative()) return false;  // one that is learnt later will do
            fence_ = barriers_.queue_fence();
            context_.box.hold();
            context_.leaving = true;
            stage_ = stage::emptying;
            until_ = deadline_after(now, grace);
            return false;
        case stage::emptying:
            if (now >= until_) return true;
            return barriers_.reached() >= fence_ && barriers_.on_the_wire() == 0 && requests_.on_the_wire() == 0;
    }
    return false;
}

}  // namespace slipstream::session
