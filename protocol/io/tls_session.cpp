#include "protocol/io/tls_session.hpp"

#include <algorithm>
#include <climits>
#include <cstring>
#include <utility>

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <slipstream/error.hpp>

#include "protocol/io/tls_callbacks.hpp"
#include "protocol/io/tls_session_cache.hpp"
#include "protocol/wire/frame_walker.hpp"

namespace slipstream::io {

namespace {

bool is_address(const std::string& name) noexcept {
    ASN1_OCTET_STRING* const address = a2i_IPADDRESS(name.c_str());
    ASN1_OCTET_STRING_free(address);
    ERR_clear_error();
    return address != nullptr;
}

std::string session_key(const tls_peer& peer) { return peer.endpoint + '\n' + peer.name + '\n' + peer.other_name; }

/// Among the alternative names, as Go's and most other TLS libraries do it; the subject is for people.
bool certified(X509* certificate, const std::string& name) noexcept {
    if (name.empty()) return false;
    if (is_address(name)) return X509_check_ip_asc(certificate, name.c_str(), 0) == 1;
    constexpr unsigned flags = X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS;
    return X509_check_host(certificate, name.data(), name.size(), flags, nullptr) == 1;
}

std::string subject_of(const X509* certificate) {
    const bio_handle text(BIO_new(BIO_s_mem()));
    if (!text || X509_NAME_print_ex(text.get(), X509_get_subject_name(certificate), 0, XN_FLAG_RFC2253) < 0) return {};
    char* bytes = nullptr;
    const long size = BIO_get_mem_data(text.get(), &bytes);
    return size > 0 ? std::string(bytes, static_cast<std::size_t>(size)) : std::string();
}

/// How much of `bytes`, which begin at a frame, goes into one record. Records are of about the same size, because a server makes its
/// buffer smaller after short reads. Frames that are not small are not cut: what a server finds cut at the end of a record it copies,
/// to put it together with the rest, which doubles its work. Any other answer is right too.
std::size_t for_a_record(std::string_view bytes, std::size_t most) noexcept {
    if (bytes.size() <= most) return bytes.size();
    constexpr std::size_t small_frame = 512;
    wire::frame_walker walker(bytes.substr(0, most));
    const std::size_t frame = walker.next() == wire::walk_status::frame ? walker.offset() : 0;
    if (frame == most) return most;
    const std::size_t records = (bytes.size() - 1) / (most - frame) + 1;
    const std::size_t least = (bytes.size() - 1) / records + 1;
    if (frame <= small_frame) return least;
    while (walker.offset() < least && walker.next() == wire::walk_status::frame) {}
    return walker.offset();
}

}  // namespace

tls_session::tls_session(ssl_handle ssl, tls_peer peer, std::shared_ptr<tls_session_cache> cache, bool with_certificate)
    : ssl_(std::move(ssl)),
      peer_(std::move(peer)),
      cache_(std::move(cache)),
      with_certificate_(with_certificate),
      in_(std::make_unique_for_overwrite<char[]>(in_capacity)),
      out_(std::make_unique_for_overwrite<char[]>(out_capacity)) {
    SSL_set_app_data(ssl_.get(), this);
    SSL_set_connect_state(ssl_.get());
    // A server with several certificates picks one by the name that is asked for; addresses cannot be asked for (RFC 6066).
    const std::string& asked = is_address(peer_.name) ? peer_.other_name : peer_.name;
    if (!asked.empty() && !is_address(asked)) {
        SSL_ctrl(ssl_.get(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, const_cast<char*>(asked.c_str()));
    }
    if (cache_) {
        if (const ssl_session_handle old = cache_->take(session_key(peer_))) SSL_set_session(ssl_.get(), old.get());
    }
    if (BIO* const bio = tls_callbacks::make_bio(*this)) {
        SSL_set_bio(ssl_.get(), bio, bio);
    } else {
        over_ = true;
        problem_ = take_openssl_error(std::make_error_code(std::errc::not_enough_memory), "TLS");
    }
    ERR_clear_error();
}

tls_session::~tls_session() {
    // Else OpenSSL would take an end without close_notify for a reason not to resume the session: since TLS 1.1 it is none.
    if (!problem_.ec || source_ended_) SSL_set_shutdown(ssl_.get(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
}

transfer_result tls_session::handshake(tls_source& from) {
    if (over_) return {transfer::ended, 0, problem_.ec};
    source_ = &from;
    ERR_clear_error();
    const int result = SSL_do_handshake(ssl_.get());
    if (result != 1) return end(result);
    established_ = true;
    SSL_certs_clear(ssl_.get());  // the key has done its work
    if (cache_ && SSL_session_reused(ssl_.get()) == 1 && SSL_version(ssl_.get()) < TLS1_3_VERSION) {
        cache_->put(session_key(peer_), ssl_session_handle(SSL_get1_session(ssl_.get())));  // the server need not give another
    }
    return {transfer::more, 0, {}};
}

transfer_result tls_session::read(std::span<char> space, tls_source& from) {
    transfer_result out;
    if (over_) return {transfer::ended, 0, problem_.ec};
    source_ = &from;
    while (out.n < space.size()) {
        std::size_t n = 0;
        ERR_clear_error();
        const int result = SSL_read_ex(ssl_.get(), space.data() + out.n, space.size() - out.n, &n);
        if (result != 1) {
            transfer_result last = end(result);
            if (last.outcome == transfer::ended && out.n != 0) last.outcome = transfer::more;  // told again after the bytes
            last.n = out.n;
            return last;
        }
        out.n += n;
    }
    out.outcome = transfer::more;
    return out;
}

transfer_result tls_session::write(std::string_view bytes) {
    transfer_result out;
    if (over_) return {transfer::ended, 0, problem_.ec};
    while (out.n < bytes.size() && end_ + record_size + record_overhead <= out_capacity) {
        std::size_t n = 0;
        ERR_clear_error();
        const int result = SSL_write_ex(ssl_.get(), bytes.data() + out.n, for_a_record(bytes.substr(out.n), record_size), &n);
        if (result != 1) {
            transfer_result last = end(result);
            last.n = out.n;
            return last;
        }
        out.n += n;
    }
    out.outcome = out.n == bytes.size() ? transfer::more : transfer::blocked;
    return out;
}

void tls_session::close_notify() noexcept {
    if (over_ || !established_ || std::exchange(close_notified_, true)) return;
    ERR_clear_error();
    static_cast<void>(SSL_shutdown(ssl_.get()));
    ERR_clear_error();
}

void tls_session::on_sent(std::size_t n) noexcept {
    sent_ += std::min(n, end_ - sent_);
    if (sent_ == end_) sent_ = end_ = 0;
}

/// What a call that did not succeed means.
transfer_result tls_session::end(int result) {
    const int error = SSL_get_error(ssl_.get(), result);
    if (error == SSL_ERROR_WANT_READ) return {};
    over_ = true;
    if (source_ended_) {
        ERR_clear_error();
        problem_ = {source_error_, established_ ? "" : "the connection ended in the TLS handshake"};
    } else if (error == SSL_ERROR_ZERO_RETURN) {
        ERR_clear_error();
    } else {
        const long verified = SSL_get_verify_result(ssl_.get());
        problem_ = take_tls_failure(verified, with_certificate_);
        if (problem_.ec == errc::tls_name_mismatch) {
            problem_.detail += ": it is not for " + peer_.name + (peer_.other_name.empty() ? "" : " or " + peer_.other_name);
        }
    }
    return {transfer::ended, 0, problem_.ec};
}

bool tls_session::is_peer(X509* certificate) const noexcept {
    const bool is = certified(certificate, peer_.name) || certified(certificate, peer_.other_name);
    ERR_clear_error();
    return is;
}

/// As a read of a socket: 0 is the end, -1 nothing, and then `again` says that there may be something later.
int tls_session::give_input(std::span<char> space, bool& again) noexcept {
    if (taken_ == arrived_) {
        const transfer_result result = source_->read_encrypted({in_.get(), in_capacity});
        taken_ = 0;
        arrived_ = result.n;
        if (result.n == 0) {
            again = result.outcome != transfer::ended;
            if (again) return -1;
            source_ended_ = true;
            source_error_ = result.ec;
            return 0;
        }
    }
    const std::size_t n = std::min(space.size(), arrived_ - taken_);
    std::memcpy(space.data(), in_.get() + taken_, n);
    taken_ += n;
    return static_cast<int>(n);
}

bool tls_session::take_output(const char* bytes, std::size_t n) noexcept {
    if (n > out_capacity - end_ && sent_ != 0) {
        std::memmove(out_.get(), out_.get() + sent_, end_ - sent_);
        end_ -= sent_;
        sent_ = 0;
    }
    if (n > out_capacity - end_) return false;
    std::memcpy(out_.get() + end_, bytes, n);
    end_ += n;
    return true;
}

tls_state tls_session::state() const {
    tls_state out;
    if (!established_) return out;
    out.version = SSL_get_version(ssl_.get());
    out.cipher = SSL_get_cipher_name(ssl_.get());
    out.resumed = SSL_session_reused(ssl_.get()) == 1;
    if (const X509* const certificate = SSL_get0_peer_certificate(ssl_.get())) out.peer_subject = subject_of(certificate);
    ERR_clear_error();
    return out;
}

// --- what OpenSSL calls ------------------------------------------------------------------------------------------------------

namespace {

int read_bio(BIO* bio, char* space, int size);
int write_bio(BIO* bio, const char* bytes, int size);
long control_bio(BIO* bio, int command, long number, void* pointer);

int create_bio(BIO* bio) {
    BIO_set_init(bio, 1);
    return 1;
}

/// Made once and kept: OpenSSL counts its kinds.
const BIO_METHOD* bio_method() noexcept {
    static BIO_METHOD* const method = [] {
        BIO_METHOD* const made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "slipstream");
        if (made == nullptr) return made;
        BIO_meth_set_create(made, &create_bio);
        BIO_meth_set_read(made, &read_bio);
        BIO_meth_set_write(made, &write_bio);
        BIO_meth_set_ctrl(made, &control_bio);
        return made;
    }();
    return method;
}

}  // namespace

BIO* tls_callbacks::make_bio(tls_session& session) noexcept {
    const BIO_METHOD* const method = bio_method();
    BIO* const bio = method != nullptr ? BIO_new(method) : nullptr;
    if (bio != nullptr) BIO_set_data(bio, &session);
    return bio;
}

int tls_callbacks::read(tls_session& session, char* space, int size, bool& again) noexcept {
    return session.give_input({space, static_cast<std::size_t>(size)}, again);
}

bool tls_callbacks::ended(const tls_session& session) noexcept { return session.source_ended_; }

bool tls_callbacks::write(tls_session& session, const char* bytes, int size) noexcept {
    return session.take_output(bytes, static_cast<std::size_t>(size));
}

int tls_callbacks::on_verified(int good, X509_STORE_CTX* context) noexcept {
    if (good != 1 || X509_STORE_CTX_get_error_depth(context) != 0) return good;
    const SSL* const ssl = static_cast<SSL*>(X509_STORE_CTX_get_ex_data(context, SSL_get_ex_data_X509_STORE_CTX_idx()));
    const auto* const session = static_cast<const tls_session*>(SSL_get_app_data(ssl));
    if (session->is_peer(X509_STORE_CTX_get_current_cert(context))) return 1;
    X509_STORE_CTX_set_error(context, X509_V_ERR_HOSTNAME_MISMATCH);
    return 0;
}

int tls_callbacks::on_new_session(SSL* ssl, SSL_SESSION* session) noexcept {
    const auto* const self = static_cast<const tls_session*>(SSL_get_app_data(ssl));
    if (self->cache_ && SSL_SESSION_is_resumable(session) == 1 && SSL_SESSION_up_ref(session) == 1) {
        ssl_session_handle kept(session);
        try {
            self->cache_->put(session_key(self->peer_), std::move(kept));
        } catch (...) {  // no memory: the next handshake is a full one
        }
    }
    return 0;  // OpenSSL's own reference stays its own
}

namespace {

int read_bio(BIO* bio, char* space, int size) {
    BIO_clear_retry_flags(bio);
    bool again = false;
    const int n = tls_callbacks::read(*static_cast<tls_session*>(BIO_get_data(bio)), space, size, again);
    if (again) BIO_set_retry_read(bio);
    return n;
}

int write_bio(BIO* bio, const char* bytes, int size) {
    BIO_clear_retry_flags(bio);
    return tls_callbacks::write(*static_cast<tls_session*>(BIO_get_data(bio)), bytes, size) ? size : -1;
}

long control_bio(BIO* bio, int command, long, void*) {
    if (command == BIO_CTRL_FLUSH) return 1;
    if (command == BIO_CTRL_EOF) return tls_callbacks::ended(*static_cast<const tls_session*>(BIO_get_data(bio))) ? 1 : 0;
    return 0;
}

}  // namespace

}  // namespace slipstream::io
