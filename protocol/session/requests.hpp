// Requests: published with a reply subject in the client's inbox, ended by the first reply, an error or the deadline.
//
// Told: wishes, messages to the inbox, refusals, connections lost and restored, the time. Decides: which request a message answers,
// and how a request ends that gets no answer. Emits: PUB and HPUB frames and finished operations. Invariants: a request ends exactly
// once (I1); timeout_unsent and not_connected are reported only for requests whose frame is never sent afterwards; a frame whose
// request has ended is not sent on a later connection.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <slipstream/detail/completion.hpp>
#include <slipstream/message.hpp>

#include "protocol/session/context.hpp"
#include "protocol/session/deadline_queue.hpp"
#include "protocol/session/request_table.hpp"
#include "protocol/session/subscriptions.hpp"
#include "protocol/wire/encoder.hpp"
#include "protocol/wire/frame_walker.hpp"

namespace slipstream::session {

class requests {
public:
    /// `inbox` is the client's own: prefix and id.
    requests(context& shared, subscriptions& subs, std::string_view inbox);

    // --- wishes ---
    /// `m` has been checked, with reply_shape as its reply subject; `size` is that of its frame. Returns the number of the operation,
    /// below 2^60.
    std::uint64_t start(std::size_t size, const wire::outgoing& m, detail::message_completion&& done, time_point deadline);
    void cancel(std::uint64_t id);

    // --- facts ---
    /// A message for the inbox subscription.
    void on_reply(const message_view& m);
    /// The server refused publishing to `subject`: ends the requests there that it can have seen (W25). Returns how many.
    std::size_t refuse(std::string_view subject, std::error_code ec);
    /// As refuse, by the reply subject.
    bool refuse_reply(std::string_view reply_to, std::error_code ec);
    void on_time(time_point now);
    void finish_all(std::error_code ec);
    /// Ends the requests whose frame has not been handed to a transport.
    void finish_held(std::error_code ec);

    // --- the outbox's questions ---
    /// A frame survives the loss of its connection: is it still wanted? Its request becomes held.
    [[nodiscard]] bool keep_after_loss(const wire::frame& f);
    /// After keep_after_loss for every kept frame: ends the requests whose frame is gone.
    void on_lost();
    /// A frame is about to enter the stream at `position` (or has moved there): is it still wanted?
    [[nodiscard]] bool place(const wire::frame& f, std::uint64_t position);
    /// Ends the request of a frame that this server cannot take.
    void refuse_frame(const wire::frame& f, std::error_code ec);
    /// A request ended while its frame could still be called back from the stream: see recall().
    [[nodiscard]] bool wants_recall() const noexcept { return recall_; }
    void recall();

    // --- observers ---
    /// A reply subject, to know its size.
    [[nodiscard]] std::string_view reply_shape() const noexcept { return reply_to_; }
    [[nodiscard]] time_point next_deadline() const noexcept { return deadlines_.next(); }
    [[nodiscard]] std::size_t pending() const noexcept { return table_.pending(); }
    /// Those whose frame is in the stream of the present connection.
    [[nodiscard]] std::size_t on_the_wire();

private:
    [[nodiscard]] std::string_view inbox_prefix() const noexcept { return std::string_view(reply_to_).substr(0, prefix_size_); }
    [[nodiscard]] bool is_ours(std::string_view reply_to) const noexcept {
        return reply_to.size() == reply_to_.size() && reply_to.starts_with(inbox_prefix());
    }
    [[nodiscard]] request_slot* find(std::string_view reply_to) noexcept {
        return is_ours(reply_to) ? table_.find(reply_to.substr(prefix_size_)) : nullptr;
    }
    /// Not handed to a transport yet.
    [[nodiscard]] bool unsent(const request_slot& r) const noexcept {
        return r.epoch == 0 || (r.epoch == context_.generation && r.position >= context_.box.handed_over());
    }
    void finish(request_slot& r, std::error_code ec, message&& reply = {});
    void finish_unanswered(request_slot& r, std::error_code if_sent, std::error_code if_unsent);

    context& context_;
    subscriptions& subscriptions_;
    request_table table_;
    deadline_queue deadlines_;
    std::string reply_to_;      // inbox, dot, and room for a token
    std::size_t prefix_size_;
    bool recall_ = false;
};

}  // namespace slipstream::session
