// From threads that publish to the client's executor: a bounded buffer of frames, and one wake-up for each time that it is filled.
//
// A publishing thread checks and encodes its message and appends it under a lock. The first one to find the buffer empty posts one
// handler; the client then swaps the buffer for an empty one and takes the frames over, as fast as its outbox has room for them. Nothing
// else is shared: what the checks need to know of the server are atomic copies, told by the client after each turn.
// Invariants: frames of one thread keep their order; what was accepted is taken over, unless the client ends; at most
// connect_options::handoff_bytes wait, or one message that is larger.
// After end() the executor is not referred to any more, so this object may outlive the io_context, on any thread.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string_view>
#include <system_error>

#include <asio/any_io_executor.hpp>

#include <slipstream/client_state.hpp>
#include <slipstream/connect_options.hpp>
#include <slipstream/server_info.hpp>

#include "protocol/wire/encoder.hpp"
#include "protocol/wire/write_buffer.hpp"

namespace slipstream::io {

class client_impl;

class handoff : public std::enable_shared_from_this<handoff> {
public:
    handoff(asio::any_io_executor executor, std::weak_ptr<client_impl> client, const connect_options& options)
        : executor_(std::move(executor)),
          client_(std::move(client)),
          limit_(options.handoff_bytes),
          most_of_line_(options.max_control_line),
          fail_fast_(options.fail_fast) {}

    // --- any thread ---
    std::error_code publish(const wire::outgoing& m);

    // --- the client's executor ---
    /// What checks depend on.
    void tell(const slipstream::server_info& info, bool headers_known, bool up) noexcept;
    /// Nothing more is accepted, for this reason; what was accepted can still be taken.
    void refuse(std::error_code why) noexcept;
    /// The client has ended.
    void end() noexcept;
    /// There is something to take. Cheap.
    [[nodiscard]] bool filled() const noexcept { return filled_.load(std::memory_order_relaxed); }
    /// Frames that were accepted, the oldest first; empty when there are none. Valid until taken().
    [[nodiscard]] std::string_view next();
    /// So many bytes of next() have been taken over: whole frames.
    void taken(std::size_t n) noexcept {
        taken_ += n;
        being_taken_.fetch_sub(n, std::memory_order_relaxed);
    }

private:
    static constexpr std::size_t kept_capacity = 256 * 1024;

    void wake();

    std::mutex mutex_;
    asio::any_io_executor executor_;      // empty after end()
    std::weak_ptr<client_impl> client_;
    std::error_code refusal_;
    wire::write_buffer incoming_;
    std::atomic<std::size_t> being_taken_{0};  // bytes left in staged_, for the limit
    std::atomic<bool> filled_{false};     // the client knows that there is something, or will learn it from a handler that is posted

    const std::size_t limit_;
    const std::size_t most_of_line_;
    const bool fail_fast_;
    std::atomic<std::int64_t> max_payload_{slipstream::server_info().max_payload};
    std::atomic<bool> headers_{true};
    std::atomic<bool> up_{false};

    // The client's alone.
    wire::write_buffer staged_;
    std::size_t taken_ = 0;               // of it
};

}  // namespace slipstream::io
