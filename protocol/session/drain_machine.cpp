#include "protocol/session/drain_machine.hpp"

namespace slipstream::session {

void drain_machine::begin() {
    if (active()) return;
    stage_ = stage::subscriptions;
    subscriptions_.for_each([this](subscription_state& s) {
        if (s.waiter) subscriptions_.mark_consumer(s);
        subscriptions_.begin_drain(s);
    });
    static_cast<void>(advance());
}

bool drain_machine::advance() {
    for (;;) {
        switch (stage_) {
            case stage::none: return false;
            case stage::subscriptions:
                // While down nothing can come, and they are not restored (D8).
                if (context_.up && !subscriptions_.only_inbox()) {
                    if (fence_ == 0) fence_ = barriers_.queue_fence();
                    if (barriers_.reached() < fence_) return false;
                }
                end_subscriptions();
                stage_ = stage::consumers;
                break;
            case stage::consumers:
                if (!context_.out.finished.empty() || subscriptions_.consumers() != 0 || requests_.pending() != 0) return false;
                stage_ = stage::flushing;
                fence_ = 0;
                break;
            case stage::flushing:
                if (!context_.up) {
                    if (context_.box.size() != 0) return false;  // held: sent when a connection is up again
                    stage_ = stage::done;
                    break;
                }
                if (fence_ == 0) fence_ = barriers_.queue_fence();
                if (barriers_.reached() < fence_) return false;
                stage_ = stage::done;
                break;
            case stage::done: return true;
        }
    }
}

void drain_machine::end_subscriptions() {
    subscriptions_.for_each([this](subscription_state& s) { subscriptions_.end(s, errc::subscription_closed); });
}

}  // namespace slipstream::session
