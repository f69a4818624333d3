// What the server's INFO does, and where a connection begins and ends (A12, B5, C12, C13).
#include <new>
#include <utility>

#include "protocol/session/connection.hpp"
#include "protocol/wire/info.hpp"

namespace slipstream::session {

void connection::begin(server_pool& pool) {
    pool_ = &pool;
    stage_ = stage::expecting_info;
    buffer_.clear();
    parser_.reset();
    info_ = {};
    failure_ = {};
    last_was_error_ = pong_due_ = unfinished_ = lame_duck_ = over_tls_ = info_in_plain_ = false;
    pong_ends_ = 0;
}

void connection::came_up() {
    stage_ = stage::up;
    if (hearsay()) return;
    static_cast<void>(pool_->update_discovered(context_.info.connect_urls, over_tls_));
    if (context_.info.ldm) tell_lame_duck();
}

connection::outcome connection::on_info(std::string_view json, time_point now) {
    const bool first = stage_ == stage::expecting_info;
    slipstream::server_info& info = stage_ == stage::up ? context_.info : info_;
    // Nothing of a plain INFO outlives the first one that comes from the server for certain.
    slipstream::server_info fresh;
    slipstream::server_info& updated = hearsay() ? fresh : info;
    if (!wire::update_server_info(updated, json)) {
        if (first) return fail(errc::protocol_error, disconnect_reason::protocol_error, "the server's INFO is not valid");
        context_.tell_server_error(errc::protocol_error, "an INFO that is not valid was ignored", {}, now);  // A12
        return outcome::read_more;
    }
    if (hearsay()) info = std::move(fresh);
    info_in_plain_ = !over_tls_;
    parser_.set_max_payload(info.max_payload);
    if (first) return outcome::info;
    if (stage_ == stage::up) {
        static_cast<void>(pool_->update_discovered(info.connect_urls, over_tls_));
        if (info.ldm) tell_lame_duck();
    }
    return outcome::read_more;
}

void connection::tell_lame_duck() {
    if (std::exchange(lame_duck_, true)) return;
    pool_->on_lame_duck();
    event e;
    e.kind = event_kind::lame_duck;
    e.generation = context_.generation;
    e.server = pool_->current() != nullptr ? pool_->current()->url.display() : std::string();
    context_.out.tell(std::move(e));
}

void connection::end() noexcept {
    // The server has proved itself and told no addresses since (before 2.11 it tells them only in the first INFO): those of the plain
    // INFO are better than none. They widen nothing, see server_pool::current_tls_names.
    if (stage_ == stage::up && hearsay()) {
        try {
            static_cast<void>(pool_->update_discovered(context_.info.connect_urls));
        } catch (const std::bad_alloc&) {
        }
    }
    stage_ = stage::none;
    last_was_error_ = unfinished_ = lame_duck_ = false;
}

}  // namespace slipstream::session
