#include "protocol/io/transport.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <utility>

#include <asio/buffer.hpp>
#include <asio/error.hpp>
#include <asio/ip/address.hpp>
#include <asio/post.hpp>

namespace slipstream::io {

namespace {

using asio::ip::tcp;

constexpr session::duration least_share = std::chrono::milliseconds(250);

#ifdef TCP_NOTSENT_LOWAT
/// Asio has no name for it. Few bytes wait in the kernel then, and a server on the same machine works cache-hot.
class notsent_lowat {
public:
    explicit notsent_lowat(std::size_t bytes) noexcept : value_(static_cast<int>(std::min<std::size_t>(bytes, INT_MAX))) {}
    template <class Protocol>
    [[nodiscard]] int level(const Protocol&) const noexcept {
        return IPPROTO_TCP;
    }
    template <class Protocol>
    [[nodiscard]] int name(const Protocol&) const noexcept {
        return TCP_NOTSENT_LOWAT;
    }
    template <class Protocol>
    [[nodiscard]] const int* data(const Protocol&) const noexcept {
        return &value_;
    }
    template <class Protocol>
    [[nodiscard]] std::size_t size(const Protocol&) const noexcept {
        return sizeof value_;
    }

private:
    int value_;
};
#endif

/// Asio keeps a category of its own for the system's errors, which does not compare with std::errc. The standard's does.
std::error_code plain(const std::error_code& ec) noexcept {
    return ec.category() == asio::error::get_system_category() ? std::error_code(ec.value(), std::system_category()) : ec;
}

/// Of a failed read: no error when the peer closed the connection in order.
std::error_code end_of_reading(const std::error_code& ec) noexcept { return ec == asio::error::eof ? std::error_code() : plain(ec); }

}  // namespace

transport::transport(const asio::any_io_executor& executor, std::shared_ptr<transport_owner> owner, const transport_settings& settings)
    : owner_(std::move(owner)), settings_(settings), socket_(executor) {}

bool transport::dial(const std::string& host, std::uint16_t port, session::time_point now) {
    std::error_code ec;
    if (const asio::ip::address numeric = asio::ip::make_address(host, ec); !ec) return connect({tcp::endpoint(numeric, port)}, now);
    // Asked anew for each attempt, so that changed answers are seen (C11). Asio does it on a thread inside the context.
    state_ = state::dialing;
    resolver_.emplace(socket_.get_executor());
    resolver_->async_resolve(host, std::to_string(port), asio::ip::resolver_base::numeric_service,
                             [self = shared_from_this()](std::error_code error, const tcp::resolver::results_type& results) {
                                 if (self->state_ != state::dialing) return;
                                 std::vector<tcp::endpoint> addresses;
                                 for (const auto& entry : results) addresses.push_back(entry.endpoint());
                                 self->last_error_ = error;
                                 if (self->connect(std::move(addresses), session::clock::now())) self->tell_dialed_later({});
                             });
    return false;
}

bool transport::connect(std::vector<tcp::endpoint> addresses, session::time_point now) {
    state_ = state::dialing;
    addresses_ = std::move(addresses);
    next_address_ = 0;
    return connect_next(now);
}

bool transport::connect_next(session::time_point now) {
    address_deadline_ = session::never;
    while (next_address_ < addresses_.size()) {
        const tcp::endpoint& address = addresses_[next_address_];
        ++next_address_;
        if (socket_.is_open()) socket_ = tcp::socket(socket_.get_executor());
        socket_.open(address.protocol(), last_error_);
        if (!last_error_) socket_.non_blocking(true, last_error_);
        if (last_error_) continue;
        last_error_ = begin_to_connect(address);
        if (!last_error_) {
            established();
            return true;
        }
        if (last_error_ != std::errc::operation_in_progress) continue;
        if (next_address_ < addresses_.size()) {
            const auto share = settings_.connect_timeout / static_cast<std::int64_t>(std::min<std::size_t>(addresses_.size(), 1000));
            address_deadline_ = now + std::max(share, least_share);
        }
        await_connected();
        return false;
    }
    tell_dialed_later(last_error_ ? last_error_ : std::error_code(asio::error::host_not_found));
    return false;
}

void transport::go_on_connecting(session::time_point now) {
    if (connect_next(now)) tell_dialed_later({});
}

/// A socket of the same machine has answered when the call returns; then the event loop need not tell.
std::error_code transport::begin_to_connect(const tcp::endpoint& address) noexcept {
    if (::connect(socket_.native_handle(), address.data(), static_cast<socklen_t>(address.size())) != 0 && errno != EINPROGRESS &&
        errno != EINTR)
        return {errno, std::system_category()};
    set_options();  // after the first packet has left: the peer works meanwhile
    return progress();
}

/// Of connecting: none when it is done, operation_in_progress while it goes on.
std::error_code transport::progress() noexcept {
    std::error_code ec;
    const tcp::endpoint peer = socket_.remote_endpoint(ec);
    // A dial to a free port of the range that source ports come from can meet itself (TCP simultaneous open).
    if (!ec) return peer == socket_.local_endpoint(ec) ? std::make_error_code(std::errc::connection_refused) : std::error_code();
    int error = 0;
    socklen_t size = sizeof error;
    if (::getsockopt(socket_.native_handle(), SOL_SOCKET, SO_ERROR, &error, &size) != 0) error = errno;
    return {error != 0 ? error : EINPROGRESS, std::system_category()};
}

void transport::await_connected() {
    socket_.async_wait(tcp::socket::wait_write, [self = shared_from_this(), attempt = next_address_](std::error_code) {
        if (self->state_ == state::dialing && attempt == self->next_address_) self->see_progress();
    });
}

void transport::see_progress() {
    last_error_ = progress();
    if (last_error_ == std::errc::operation_in_progress) return await_connected();  // woken for nothing
    if (last_error_) return go_on_connecting(session::clock::now());
    established();
    tell_dialed({});
}

void transport::established() noexcept {
    address_deadline_ = session::never;
    addresses_.clear();
    state_ = state::connected;
}

void transport::set_options() {
    // Without TCP_NODELAY a request costs 40 ms against a peer that delays its acknowledgements (C25).
    std::error_code ignored;
    socket_.set_option(tcp::no_delay(true), ignored);
#ifdef TCP_NOTSENT_LOWAT
    if (settings_.notsent_lowat) socket_.set_option(notsent_lowat(*settings_.notsent_lowat), ignored);
#endif
}

void transport::tell_dialed(std::error_code ec) {
    const std::shared_ptr<transport_owner> owner = owner_;
    owner->on_dialed(*this, plain(ec));
}

void transport::tell_dialed_later(std::error_code ec) {
    later([ec](transport& self) {
        if (self.state_ != state::closed) self.tell_dialed(ec);
    });
}

void transport::later(std::function<void(transport&)> what) {
    asio::post(socket_.get_executor(), [self = shared_from_this(), what = std::move(what)] { what(*self); });
}

void transport::on_time(session::time_point now) {
    if (state_ != state::dialing || now < address_deadline_) return;
    last_error_ = asio::error::timed_out;
    go_on_connecting(now);
}

void transport::close() noexcept {
    state_ = state::closed;
    address_deadline_ = session::never;
    std::error_code ignored;
    socket_.close(ignored);
    if (resolver_) resolver_->cancel();
    owner_.reset();
}

void transport::finish() {
    if (!connected()) return close();
    state_ = state::closed;
    owner_.reset();
    if (tls_) tls_->close_notify();
    linger_.emplace(socket_.get_executor(), linger_time);
    linger_->async_wait([self = shared_from_this()](std::error_code) { self->close(); });
    shut_down_when_sent();
}

void transport::shut_down_when_sent() {
    if (awaits_writable_) return;  // it is called again then
    const transfer outcome = flush().outcome;
    if (outcome == transfer::blocked) return wait_for_room();
    std::error_code ec;
    if (outcome == transfer::more) socket_.shutdown(tcp::socket::shutdown_send, ec);
    if (ec || outcome == transfer::ended) {
        linger_->cancel();
    } else if (!awaits_readable_) {
        receive();
    }
}

transfer_result transport::read_some(std::span<char> space) {
    if (!connected() || awaits_readable_) return {};
    return tls_ ? read_tls(space) : read_socket(space);
}

transfer_result transport::read_socket(std::span<char> space) {
    if (arrived_begin_ == arrived_end_) return read_more(space, 0);
    const std::size_t n = std::min(space.size(), arrived_end_ - arrived_begin_);
    std::copy_n(arrival_.data() + arrived_begin_, n, space.data());
    arrived_begin_ += n;
    if (arrived_begin_ != arrived_end_) return {transfer::more, n, {}};
    if (arrived_end_ < arrival_size) return {transfer::blocked, n, {}};  // the await took all there was
    if (n == space.size()) return {transfer::more, n, {}};
    return read_more(space, n);
}

/// Behind `before` bytes of the arrival.
transfer_result transport::read_more(std::span<char> space, std::size_t before) {
    transfer_result out{transfer::more, before, {}};
    std::error_code ec = arrival_error_;
    const std::size_t n = ec ? 0 : socket_.read_some(asio::buffer(space.data() + before, space.size() - before), ec);
    if (ec && ec != asio::error::would_block && ec != asio::error::try_again) {
        arrival_error_ = ec;  // told again after the bytes
        if (before == 0) out = {transfer::ended, 0, end_of_reading(ec)};
        return out;
    }
    out.n += n;
    if (out.n != space.size()) out.outcome = transfer::blocked;
    return out;
}

transfer_result transport::write_some(std::string_view bytes) {
    if (!connected()) return {};
    return tls_ ? write_tls(bytes) : write_socket(bytes);
}

/// What a write of `n` of so many bytes means.
transfer_result transport::written(std::size_t n, std::size_t of, const std::error_code& ec) {
    transfer_result out{transfer::blocked, n, ec};
    if (!ec) {
        if (n == of) out.outcome = transfer::more;
        return out;
    }
    out.ec = {};
    if (ec != asio::error::would_block && ec != asio::error::try_again) {
        out.outcome = transfer::ended;
        out.ec = plain(ec);
        std::error_code ignored;
        socket_.shutdown(tcp::socket::shutdown_receive, ignored);
    }
    return out;
}

transfer_result transport::write_socket(std::string_view bytes) {
    std::error_code ec;
    const std::size_t n = socket_.write_some(asio::buffer(bytes.data(), bytes.size()), ec);
    return written(n, bytes.size(), ec);
}

transfer_result transport::write_pieces(std::span<const std::string_view> pieces) {
    std::array<asio::const_buffer, most_pieces> buffers;  // empty ones are left out by Asio
    std::size_t size = 0;
    for (std::size_t i = 0; i < pieces.size(); ++i) {
        buffers[i] = asio::buffer(pieces[i].data(), pieces[i].size());
        size += pieces[i].size();
    }
    std::error_code ec;
    const std::size_t n = socket_.write_some(buffers, ec);
    return written(n, size, ec);
}

void transport::await_readable() {
    if (!connected() || awaits_readable_) return;
    if (arrived_begin_ != arrived_end_ || arrival_error_ || unread_) {  // the owner made a pause
        later([](transport& self) { self.tell_readable(); });
        awaits_readable_ = true;
        return;
    }
    receive();
}

void transport::receive() {
    socket_.async_read_some(asio::buffer(arrival_), [self = shared_from_this()](std::error_code ec, std::size_t n) {
        self->arrived_begin_ = 0;
        self->arrived_end_ = n;
        self->arrival_error_ = ec;
        self->tell_readable();
    });
    awaits_readable_ = true;
}

void transport::tell_readable() {
    awaits_readable_ = dry_ = false;
    if (linger_) {  // what still comes is thrown away
        if (!arrival_error_) return receive();
        linger_->cancel();
    }
    if (!connected()) return;
    if (tls_ && !tls_->established()) return go_on_with_handshake();
    const std::shared_ptr<transport_owner> owner = owner_;
    owner->on_readable(*this);
}

void transport::await_writable() {
    if (connected() && !awaits_writable_) wait_for_room();
}

void transport::wait_for_room() {
    socket_.async_wait(tcp::socket::wait_write, [self = shared_from_this()](std::error_code) { self->tell_writable(); });
    awaits_writable_ = true;
}

/// An error shows in the next write.
void transport::tell_writable() {
    awaits_writable_ = false;
    if (linger_ && socket_.is_open()) return shut_down_when_sent();
    if (!connected()) return;
    flush_or_wait();
    if (awaits_writable_ || (tls_ && !tls_->established())) return;
    const std::shared_ptr<transport_owner> owner = owner_;
    owner->on_writable(*this);
}

}  // namespace slipstream::io
