// The protocol of one connection: from bytes to operations, and what each of them does.
//
// Told: a connection began, bytes arrived, it ended. Decides: what belongs to the handshake, which message goes where, what an -ERR
// means. Emits: deliveries and PONGs; what concerns the run machine is returned from run(). Invariants: everything complete in a read
// is handled in that read (A10); one read queues at most one PONG, and none while one waits to be written (A16); after an error no
// byte of the connection is looked at (A11).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <slipstream/server_info.hpp>

#include "protocol/session/barriers.hpp"
#include "protocol/session/context.hpp"
#include "protocol/session/read_buffer.hpp"
#include "protocol/session/requests.hpp"
#include "protocol/session/server_pool.hpp"
#include "protocol/session/subscriptions.hpp"
#include "protocol/wire/parser.hpp"

namespace slipstream::session {

class connection {
public:
    enum class outcome {
        read_more,  ///< Everything complete was handled.
        info,       ///< The first INFO is in info().
        pong,       ///< A PONG is there: the handshake's, or one that operations or a drain may wait for.
        enough,     ///< So many operations are finished that they should be taken first. To be called again then.
        full,       ///< A subscription has no room for the next message, and wants it waited for. To be called again later.
        failed,     ///< The connection must end: why().
        stopped,    ///< The client was closed by a message handler.
    };

    connection(context& shared, subscriptions& subs, requests& reqs, barriers& fences) noexcept
        : context_(shared), subscriptions_(subs), requests_(reqs), barriers_(fences) {}

    /// A transport is there; INFO comes first. `generation` is for events.
    void begin(server_pool& pool);
    /// The server has said more than INFO. Before TLS nobody may: what was put there is not protected by what follows.
    [[nodiscard]] bool overheard() const noexcept { return !buffer_.unconsumed().empty(); }
    /// TLS is there: what arrives from now on comes from the server. What an INFO from before said is used where it can only do harm to
    /// this connection (nonce, headers, max_payload), shown, and otherwise believed when nothing better comes (see end()).
    void secured() noexcept { over_tls_ = true; }
    /// INFO was accepted: a login is being made. The server has nothing to say meanwhile but news and the end.
    void logs_in() noexcept { stage_ = stage::logging_in; }
    /// CONNECT and PING are queued.
    void greeted() noexcept { stage_ = stage::expecting_pong; }
    /// The handshake is done and told: from now on the server's INFO and -ERR are about the connection.
    void came_up();
    void end() noexcept;

    /// Between begin() and end(): bytes are expected.
    [[nodiscard]] bool active() const noexcept { return stage_ != stage::none; }
    [[nodiscard]] std::span<char> read_space() { return buffer_.prepare(parser_.wanted()); }
    void received(std::size_t n) noexcept { buffer_.commit(n); }
    /// Handles operations until one of the outcomes. To be called again after `info` and `pong`.
    /// `enough`: as outputs, of finished operations.
    [[nodiscard]] outcome run(time_point now, std::size_t enough);
    /// The last outcome was `enough`, and nothing has come after it.
    [[nodiscard]] bool unfinished() const noexcept { return unfinished_; }
    /// Everything of a read was handled: answers the PINGs.
    void end_read();
    /// Frames in the stream have moved: where the last PONG ends is not known any more.
    void on_recall() noexcept { pong_ends_ = 0; }

    [[nodiscard]] const slipstream::server_info& info() const noexcept { return info_; }
    /// On the way to came_up(): from then on it is the client's.
    [[nodiscard]] slipstream::server_info take_info() noexcept { return std::move(info_); }
    /// The server has said that it shuts down.
    [[nodiscard]] bool lame_duck() const noexcept { return lame_duck_; }
    [[nodiscard]] const failure& why() const noexcept { return failure_; }
    /// The cause of a transport's end: the -ERR right before it if there was one, else `ec`; empty = the peer closed.
    [[nodiscard]] failure why_down(std::error_code ec, std::string_view detail) const;

private:
    enum class stage { none, expecting_info, logging_in, expecting_pong, up };

    [[nodiscard]] bool is_greeted() const noexcept { return stage_ > stage::logging_in; }

    [[nodiscard]] outcome handle(const wire::operation& op, time_point now);
    [[nodiscard]] outcome on_info(std::string_view json, time_point now);
    [[nodiscard]] bool hearsay() const noexcept { return over_tls_ && info_in_plain_; }  // the INFO in use is from before TLS
    [[nodiscard]] outcome on_error(std::string_view text, time_point now);
    [[nodiscard]] outcome fail(std::error_code ec, disconnect_reason reason, std::string_view detail);
    [[nodiscard]] outcome on_message(const wire::operation& op, std::size_t enough);
    void on_refusal(const server_error_text& error, std::string_view words, time_point now);
    void refuse(subscription_state& s, errc code, std::string_view words, time_point now);
    void tell_lame_duck();

    context& context_;
    subscriptions& subscriptions_;
    requests& requests_;
    barriers& barriers_;
    server_pool* pool_ = nullptr;

    stage stage_ = stage::none;
    read_buffer buffer_;
    wire::parser parser_;
    slipstream::server_info info_;
    failure failure_;
    failure last_error_;           // the -ERR that came last, if nothing came after it
    bool last_was_error_ = false;
    bool pong_due_ = false;
    bool unfinished_ = false;
    bool lame_duck_ = false;
    bool over_tls_ = false;
    bool info_in_plain_ = false;
    std::uint64_t pong_ends_ = 0;  // in the stream
};

}  // namespace slipstream::session
