#include "protocol/io/context_registry.hpp"

namespace slipstream::io {

asio::execution_context::id context_registry::id;

context_registry::place context_registry::add(context_user& user) {
    const std::lock_guard lock(mutex_);
    return users_.insert(users_.end(), &user);
}

void context_registry::remove(place at) noexcept {
    const std::lock_guard lock(mutex_);
    users_.erase(at);
}

void context_registry::shutdown() noexcept {
    // One at a time and unlocked: what a client gives up may hold another client.
    for (;;) {
        context_user* user = nullptr;
        {
            const std::lock_guard lock(mutex_);
            if (users_.empty()) return;
            user = users_.front();
            users_.pop_front();
        }
        user->on_context_shutdown();
    }
}

}  // namespace slipstream::io
