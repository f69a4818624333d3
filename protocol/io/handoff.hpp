// From threads that publish to the client's executor: a bounded buffer of frames, and one wake-up for each time that it is filled.
//
// A publishing thread checks and encodes its message and appends it to the last of a row of blocks, under a lock. The first one to find
// nothing waiting posts one handler; the client then takes block after block, as soon as its outbox has room: mostly as they are, so that
// nobody copies or looks at the frames again, and memory goes round between the threads. Nothing else is shared: what the checks need to
// know of the server are atomic copies, told by the client after each turn.
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
#include <vector>

#include <asio/any_io_executor.hpp>

#include <slipstream/client_state.hpp>
#include <slipstream/connect_options.hpp>
#include <slipstream/server_info.hpp>

#include "protocol/session/fifo.hpp"
#include "protocol/session/handed_batch.hpp"
#include "protocol/wire/encoder.hpp"

namespace slipstream::io {

class client_impl;

class handoff : public std::enable_shared_from_this<handoff> {
public:
    handoff(asio::any_io_executor executor, std::weak_ptr<client_impl> client, const connect_options& options)
        : executor_(std::move(executor)),
          client_(std::move(client)),
          limit_(options.handoff_bytes),
          most_of_line_(options.max_control_line),
          fail_fast_(options.fail_fast) {
        unused_.reserve(most_unused);
    }

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
    /// Bytes of frames that were accepted and are not taken.
    [[nodiscard]] std::size_t waiting() noexcept {
        const std::lock_guard lock(mutex_);
        return incoming_bytes_ + being_taken_.load(std::memory_order_relaxed);
    }
    /// Messages that were accepted, the oldest first, of which some may have been taken already; empty when there are none.
    [[nodiscard]] session::handed_batch& next();
    /// Frames of next() that are left; fewer than all when some were taken.
    [[nodiscard]] std::string_view left() const noexcept { return staged_.frames.view().substr(taken_); }
    /// So many bytes of left() have been taken over: whole frames.
    void taken(std::size_t n) noexcept {
        taken_ += n;
        being_taken_.fetch_sub(n, std::memory_order_relaxed);
    }
    /// All of next() has been taken over, and it is empty.
    void taken_whole() noexcept {
        taken_ = 0;
        being_taken_.store(0, std::memory_order_relaxed);
    }

private:
    static constexpr std::size_t kept_capacity = 256 * 1024;
    /// A block that outgrows this gets as much memory as one of the outbox, which can then use it again.
    static constexpr std::size_t small_capacity = 8 * 1024;
    static constexpr std::size_t most_unused = 4;

    [[nodiscard]] session::handed_batch& place_for(std::size_t size);

    void wake();

    std::mutex mutex_;
    asio::any_io_executor executor_;      // empty after end()
    std::weak_ptr<client_impl> client_;
    std::error_code refusal_;
    session::fifo<session::handed_batch> incoming_;  // the last one is being filled; the others are full
    std::size_t incoming_bytes_ = 0;
    std::vector<wire::write_buffer> unused_;         // for later blocks; has room for most_unused
    std::atomic<std::size_t> being_taken_{0};  // bytes left in staged_, for the limit
    std::atomic<bool> filled_{false};     // the client knows that there is something, or will learn it from a handler that is posted

    const std::size_t limit_;
    const std::size_t most_of_line_;
    const bool fail_fast_;
    std::atomic<std::int64_t> max_payload_{slipstream::server_info().max_payload};
    std::atomic<bool> headers_{true};
    std::atomic<bool> up_{false};

    // The client's alone.
    session::handed_batch staged_;
    std::size_t taken_ = 0;               // of it
};

}  // namespace slipstream::io
