// A handler that writes down what an ordered consumer tells.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <slipstream/jetstream/ordered_consumer.hpp>

#include "tests/integration/jetstream_support.hpp"

namespace slipstream::test {

class ordered_recorder final : public jetstream::ordered_handler {
public:
    jetstream::disposition on_message(const message_view& message, const jetstream::delivery_info& info) override {
        const jetstream::disposition what = on_each ? on_each(message, info) : jetstream::disposition::taken;
        if (what != jetstream::disposition::refused) sequences.push_back(info.stream_sequence), subjects.emplace_back(message.subject());
        return what;
    }
    void on_created(const jetstream::ordered_created& c) override { created.push_back(c); }
    void on_caught_up() override { ++caught_up; }
    void on_idle(std::uint64_t to) override { frontier = to; }
    void on_restarted(jetstream::restart_reason reason, bool) override { restarts.push_back(reason); }
    jetstream::ordered_verdict on_lost(const jetstream::ordered_loss& loss) override {
        losses.push_back(loss.what);
        return verdict;
    }
    void on_ended(std::error_code reason) override {
        ended = true;
        reason_ = reason;
    }
    [[nodiscard]] std::error_code reason() const noexcept { return reason_; }
    [[nodiscard]] bool is_increasing() const {
        return std::adjacent_find(sequences.begin(), sequences.end(), std::greater_equal<>()) == sequences.end();
    }

    std::function<jetstream::disposition(const message_view&, const jetstream::delivery_info&)> on_each;
    std::vector<std::uint64_t> sequences;
    std::vector<std::string> subjects;
    std::vector<jetstream::ordered_created> created;
    std::vector<jetstream::restart_reason> restarts;
    std::vector<jetstream::ordered_loss::kind> losses;
    jetstream::ordered_verdict verdict;
    int caught_up = 0;
    std::uint64_t frontier = 0;
    bool ended = false;

private:
    std::error_code reason_;
};

}  // namespace slipstream::test
