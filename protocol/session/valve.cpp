#include "protocol/session/valve.hpp"

#include <algorithm>
#include <utility>

namespace slipstream::session {

namespace {

/// A few writes: what is still in the processor's cache when it leaves. Half as much costs a twelfth more time a message, twice as
/// much or more gains nothing.
constexpr std::size_t usual = std::size_t{128} * 1024;

}  // namespace

valve::valve(context& shared) noexcept : context_(shared), much_(std::min(usual, shared.options.outbox_bytes / 2)) {}

void valve::wait(std::uint64_t number, detail::plain_completion done, time_point deadline) {
    all_.reserve(all_.size() + 1);
    context_.out.begin();
    all_.push_back({number, deadline, std::move(done)});
    first_deadline_ = std::min(first_deadline_, deadline);
}

bool valve::cancel(std::uint64_t number) {
    const auto found = std::find_if(all_.begin(), all_.end(), [number](const waiter& w) { return w.number == number; });
    if (found == all_.end()) return false;
    context_.out.finish(std::move(found->done), operation_aborted());
    all_.erase(found);
    find_first_deadline();
    return true;
}

void valve::on_time(time_point now) {
    if (now < first_deadline_) return;
    const auto in_time = [now](const waiter& w) { return w.deadline > now; };
    for (waiter& w : all_) {
        if (!in_time(w)) context_.out.finish(std::move(w.done), errc::timeout);
    }
    std::erase_if(all_, [&](const waiter& w) { return !in_time(w); });
    find_first_deadline();
}

void valve::finish_all(std::error_code ec) noexcept {
    for (waiter& w : all_) context_.out.finish(std::move(w.done), ec);
    all_.clear();
    first_deadline_ = never;
}

void valve::find_first_deadline() noexcept {
    first_deadline_ = never;
    for (const waiter& w : all_) first_deadline_ = std::min(first_deadline_, w.deadline);
}

}  // namespace slipstream::session
