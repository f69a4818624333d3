// Tells events to connect_options::on_event and to the listeners, in the order of their registration.
//
// A callback may do anything, also end its own registration or add others. One that throws is reported to all of them as
// handler_failed; one that throws while it is told that, or is told `closed`, is not reported again.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <slipstream/event.hpp>

namespace slipstream::io {

class event_hub {
public:
    using callback = std::function<void(const event&)>;

    explicit event_hub(callback first);

    /// The registration lasts as long as what is returned.
    [[nodiscard]] std::shared_ptr<void> add(callback listener);
    void tell(const event& e);
    /// After the last event: lets go of all callbacks and of what they hold.
    void clear() noexcept;
    /// Registrations in memory; ended ones stay at most until the next add.
    [[nodiscard]] std::size_t size() const noexcept { return listeners_.size(); }

private:
    void forget_ended();

    std::shared_ptr<callback> first_;  // null when there is none
    std::vector<std::weak_ptr<callback>> listeners_;
    unsigned telling_ = 0;  // depth: places in listeners_ must not shift meanwhile
};

}  // namespace slipstream::io
