// A completion that only counts what happens to it.
#pragma once

#include <system_error>

#include <slipstream/detail/completion.hpp>

namespace slipstream::test {

struct completion_count {
    int completed = 0;
    int destroyed = 0;
    std::error_code ec;
};

class counting_completion final : public detail::completion<std::error_code, message> {
public:
    static detail::message_completion make(completion_count& count) { return detail::message_completion(new counting_completion(count)); }

    void complete(std::error_code ec, message&&) override {
        ++count_.completed;
        count_.ec = ec;
        delete this;
    }
    void destroy() noexcept override {
        ++count_.destroyed;
        delete this;
    }

private:
    explicit counting_completion(completion_count& count) noexcept : count_(count) {}
    completion_count& count_;
};

}  // namespace slipstream::test
