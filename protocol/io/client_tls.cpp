// The client's part in encryption: a session for each connection that wants one, and what became of it.
#include <memory>
#include <new>
#include <string>
#include <system_error>
#include <utility>

#include "protocol/io/client_impl.hpp"

namespace slipstream::io {

void client_impl::start_tls(const session::transport_action& action) {
    if (action.generation != generation_ || !transport_) return;
    tls_problem problem;
    try {
        if (!tls_) tls_.emplace(core_.options().tls);
        if (std::unique_ptr<tls_session> session = tls_->begin({endpoint_, action.host, action.or_host}, problem)) {
            return transport_->start_tls(std::move(session));
        }
    } catch (const std::bad_alloc&) {  // the attempt fails, the client does not (H9)
        problem.ec = std::make_error_code(std::errc::not_enough_memory);
    }
    core_.on_secured(action.generation, problem.ec, problem.detail, now_);
}

const slipstream::tls_state& client_impl::tls_state() const noexcept {
    // A drain that is done may still have bytes to write.
    static const slipstream::tls_state none;
    return core_.state() == client_state::closed ? none : tls_state_;
}

void client_impl::on_secured(transport&, std::error_code ec) {
    facts_.secured = true;
    secured_result_ = ec;
    enter();
}

void client_impl::apply_secured() {
    if (!transport_) return;
    const std::string detail = transport_->tls_detail();
    if (!secured_result_) tls_state_ = transport_->tls_state();
    core_.on_secured(generation_, secured_result_, detail, now_);
    pull_outputs();
    static_cast<void>(read_in());  // what came with the last bytes of the handshake waits in TLS
}

}  // namespace slipstream::io
