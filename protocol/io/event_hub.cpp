#include "protocol/io/event_hub.hpp"

#include <cstddef>
#include <exception>
#include <optional>
#include <utility>

namespace slipstream::io {

namespace {

std::optional<std::string> failure_of(const event_hub::callback& call, const event& e) {
    try {
        call(e);
        return std::nullopt;
    } catch (const std::exception& error) {
        return error.what();
    } catch (...) {
        return "unknown exception";
    }
}

}  // namespace

event_hub::event_hub(callback first) {
    if (first) first_ = std::make_shared<callback>(std::move(first));
}

std::shared_ptr<void> event_hub::add(callback listener) {
    if (telling_ == 0) forget_ended();
    auto registered = std::make_shared<callback>(std::move(listener));
    listeners_.push_back(registered);
    return registered;
}

void event_hub::tell(const event& e) {
    std::vector<std::string> failures;
    const auto call = [&](const std::shared_ptr<callback>& listener) {
        if (!listener || !*listener) return;
        if (std::optional<std::string> what = failure_of(*listener, e)) failures.push_back(std::move(*what));
    };
    ++telling_;  // callbacks that throw are caught below: this is always taken back
    call(std::shared_ptr<callback>(first_));
    // Those that are added meanwhile hear the next event; the vector may grow under this loop.
    const std::size_t count = listeners_.size();
    for (std::size_t i = 0; i < count && i < listeners_.size(); ++i) call(listeners_[i].lock());
    --telling_;

    if (e.kind == event_kind::handler_failed || e.kind == event_kind::closed) return;
    for (std::string& what : failures) {
        event failed;
        failed.kind = event_kind::handler_failed;
        failed.generation = e.generation;
        failed.detail = "event callback: " + what;
        tell(failed);
    }
}

void event_hub::forget_ended() {
    std::erase_if(listeners_, [](const std::weak_ptr<callback>& listener) { return listener.expired(); });
}

void event_hub::clear() noexcept {
    // Moved out first: what a callback holds may come back here when it is destroyed.
    const auto first = std::exchange(first_, nullptr);
    const auto listeners = std::exchange(listeners_, {});
}

}  // namespace slipstream::io
