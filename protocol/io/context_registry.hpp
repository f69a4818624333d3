// The clients that live on one execution context, so that they learn of its end.
//
// A handle may outlive its io_context. Sockets, timers and strands may not: they belong to services of the context. Asio tells its
// services before it takes them down, so each client gives up what it has on the context then, and later calls on its handles find
// a closed client (H10). Contexts may be shared by clients on different threads, so the list has a lock; it is taken when a client
// begins and ends, never in between.
#pragma once

#include <list>
#include <mutex>

#include <asio/execution_context.hpp>

namespace slipstream::io {

/// Who must know when a context ends.
class context_user {
public:
    /// The context is being destroyed; no handler will run any more.
    virtual void on_context_shutdown() noexcept = 0;

protected:
    ~context_user() = default;
};

class context_registry final : public asio::execution_context::service {
public:
    using key_type = context_registry;
    static asio::execution_context::id id;

    explicit context_registry(asio::execution_context& context) : service(context) {}

    using place = std::list<context_user*>::iterator;
    [[nodiscard]] place add(context_user& user);
    /// Not after on_context_shutdown was called.
    void remove(place at) noexcept;

private:
    void shutdown() noexcept override;

    std::mutex mutex_;
    std::list<context_user*> users_;
};

}  // namespace slipstream::io
