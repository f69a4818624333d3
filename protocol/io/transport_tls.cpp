// The encrypted half of a transport. See transport.hpp and tls_session.hpp.
#include <new>
#include <system_error>
#include <utility>

#include <slipstream/error.hpp>

#include "protocol/io/transport.hpp"

namespace slipstream::io {

namespace {

/// Of a handshake. A peer that just goes is no success.
std::error_code end_of_handshake(const transfer_result& result) noexcept {
    if (result.outcome != transfer::ended) return {};
    return result.ec ? result.ec : errc::connection_eof;
}

}  // namespace

void transport::start_tls(std::unique_ptr<tls_session> session) {
    tls_ = std::move(session);
    const transfer_result result = tls_->handshake(*this);
    flush_or_wait();
    if (result.outcome != transfer::ended) return await_readable();
    later([ec = end_of_handshake(result)](transport& self) { self.tell_secured(ec); });
}

void transport::go_on_with_handshake() {
    transfer_result result;
    source_reads_ = 0;
    try {
        result = tls_->handshake(*this);
    } catch (const std::bad_alloc&) {
        result = {transfer::ended, 0, std::make_error_code(std::errc::not_enough_memory)};
    }
    flush_or_wait();
    unread_ = result.outcome == transfer::more || source_reads_ == most_source_reads;  // the server's first words may have come along
    if (result.outcome == transfer::blocked) return await_readable();
    tell_secured(end_of_handshake(result));
}

void transport::tell_secured(std::error_code ec) {
    if (!connected()) return;
    const std::shared_ptr<transport_owner> owner = owner_;
    owner->on_secured(*this, ec);
}

transfer_result transport::read_encrypted(std::span<char> space) noexcept {
    if (dry_ || source_reads_ == most_source_reads) return {};
    ++source_reads_;
    const transfer_result result = read_socket(space);
    dry_ = result.outcome == transfer::blocked;
    return result;
}

transfer_result transport::read_tls(std::span<char> space) {
    if (!tls_->established()) return {};
    source_reads_ = 0;
    const transfer_result result = tls_->read(space, *this);
    unread_ = result.outcome == transfer::more || source_reads_ == most_source_reads;
    flush_or_wait();  // TLS may have answered something
    return result;
}

transfer_result transport::write_tls(std::string_view bytes) {
    transfer_result out;
    if (!tls_->established()) return out;
    for (;;) {
        const transfer_result sent = flush();
        out.outcome = sent.outcome;
        out.ec = sent.ec;
        if (sent.outcome != transfer::more || out.n == bytes.size()) return out;
        const transfer_result taken = tls_->write(bytes.substr(out.n));
        out.n += taken.n;
        if (taken.outcome != transfer::ended) continue;
        out.outcome = transfer::ended;
        out.ec = taken.ec ? taken.ec : std::make_error_code(std::errc::broken_pipe);
        return out;
    }
}

/// `more`: everything encrypted has left.
transfer_result transport::flush() {
    transfer_result out{transfer::more, 0, {}};
    while (tls_ && !tls_->unsent().empty()) {
        out = write_socket(tls_->unsent());
        tls_->on_sent(out.n);
        if (out.outcome != transfer::more) break;
    }
    return out;
}

void transport::flush_or_wait() {
    if (!awaits_writable_ && flush().outcome == transfer::blocked) await_writable();
}

}  // namespace slipstream::io
