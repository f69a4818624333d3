// The pure half of an erased completion handler: the state machines own these and know nothing of Asio.
#pragma once

#include <cstdint>
#include <memory>
#include <system_error>
#include <type_traits>
#include <utility>

#include <slipstream/message.hpp>

namespace slipstream::detail {

/// How an argument is handed on until somebody keeps it: a number or a code as it is, what owns memory by reference.
template <class T>
using passed = std::conditional_t<std::is_trivially_copyable_v<T>, T, T&&>;

/// One pending operation's handler. Exactly one of `complete` and `destroy` is called, and ends the object.
template <class... Args>
class completion {
public:
    virtual void complete(passed<Args>... args) = 0;
    virtual void destroy() noexcept = 0;

protected:
    ~completion() = default;
};

struct completion_destroyer {
    template <class Completion>
    void operator()(Completion* c) const noexcept {
        c->destroy();
    }
};

template <class... Args>
using completion_ptr = std::unique_ptr<completion<Args...>, completion_destroyer>;

using plain_completion = completion_ptr<std::error_code>;
using message_completion = completion_ptr<std::error_code, message>;

/// Names a pending operation so that it can be cancelled; never reused for another operation.
struct operation_id {
    std::uint64_t value = 0;
    explicit operator bool() const noexcept { return value != 0; }
    friend bool operator==(const operation_id&, const operation_id&) = default;
};

}  // namespace slipstream::detail
