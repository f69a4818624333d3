// The world of a session_script: transport, server, clock, and the disasters.
#include <algorithm>
#include <cstring>
#include <utility>

#include <doctest/doctest.h>

#include "tests/support/script_promises.hpp"
#include "tests/support/session_script.hpp"

namespace slipstream::test {

std::string script_run::describe() const {
    static constexpr const char* names[] = {"none", "eof", "reset", "garbage", "silence", "close"};
    std::string out = "[";
    if (bytewise) out += " byte by byte";
    if (split_at != never) out += " split at " + std::to_string(split_at);
    if (write == writes::late) out += " late writes";
    if (write == writes::in_pieces) out += " writes in pieces";
    if (what != disaster::none) {
        out += std::string(" ") + names[static_cast<int>(what)] + " at step " + std::to_string(disaster_at);
        out += server_returns ? ", the server returns" : ", no server";
    }
    return out + " ]";
}

void session_script::pump() {
    for (bool more = true; more;) {
        more = false;
        session::transport_action a;
        using kind = session::transport_action::kind;
        while (core_->next_action(a)) {
            more = true;
            const char* const others = a.what == kind::close         ? "close"
                                       : a.what == kind::leave       ? "leave"
                                       : a.what == kind::start_tls ? "start_tls"
                                                                   : "shut_down";
            note("   action " + (a.what == kind::dial ? "dial " + a.host : std::string(others)));
            if (a.what == kind::dial) {
                verify(!open_, "a dial while a transport is there");
                verify(a.generation > dialing_, "a generation is used twice");
                dialing_ = a.generation;
                open_ = true;
            } else if (a.what == kind::start_tls) {
                verify(open_ && a.generation == dialing_, "TLS on another transport");
                verify(late_ == 0 && core_->pending_write(now_).empty(), "something is to be written before TLS");
                securing_ = a.generation;
            } else {
                verify(a.generation == dialing_, "close of another generation");
                open_ = false;
                late_ = 0;
            }
            actions_.push_back(std::move(a));
        }
        session::login_action l;
        while (core_->next_login_action(l)) {
            more = true;
            note("   login action " + std::to_string(static_cast<int>(l.what)));
            verify(l.id > login_id_, "a login action's id is used twice");
            login_id_ = l.id;
            if (over_ && login_source_)
                login_source_(*core_, l, now_);
            else
                login_actions_.push_back(std::move(l));
        }
        event e;
        while (core_->next_event(e)) {
            more = true;
            note("   event " + std::string(to_string(e.kind)) + " " + std::string(to_string(e.reason)) + " " +
                 (e.error ? e.error.message() : ""));
            all_events_.push_back(e);
            events_.push_back(std::move(e));
        }
        session::finished_operation f;
        while (core_->next_finished(f)) {
            more = true;
            f.complete();
        }
    }
    if (!manual_writes_ || over_) pull_writes();
    go_on_reading();
    script_promises(*this).check_health();
}

void session_script::pull_writes() {
    if (late_ != 0) return;  // one write at a time
    for (bool more = true; more;) {
        std::string_view bytes = core_->pending_write(now_);
        if (bytes.empty()) return;
        if (run_.write == script_run::writes::in_pieces) bytes = bytes.substr(0, 7);
        streams_[dialing_].append(bytes);
        if (run_.write == script_run::writes::late && !over_) {
            late_ = bytes.size();
            return;
        }
        more = core_->on_written(dialing_, bytes.size(), now_);
    }
}

/// The completion of the write that was under way.
void session_script::tell_written() {
    if (late_ == 0) return;
    core_->on_written(dialing_, std::exchange(late_, 0), now_);
    pump();
}

bool session_script::step(const std::string& what) {
    if (over_) return false;
    if (steps_++ == run_.disaster_at) {
        strike();
        return false;
    }
    note(what);
    return true;
}

void session_script::dialed(std::error_code ec) {
    if (!step("dialed")) return;
    if (ec) open_ = false;
    core_->on_dialed(dialing_, ec, now_);
    pump();
}

void session_script::secured(std::error_code ec, std::string_view detail) {
    if (!step("secured")) return;
    securing_ = 0;
    core_->on_secured(dialing_, ec, detail, now_);
    pump();
}

void session_script::server_says(std::string_view bytes) {
    if (!step("server: " + std::string(bytes.substr(0, 200)))) return;
    const std::size_t begin = server_bytes_;
    server_bytes_ += bytes.size();
    std::size_t cut = bytes.size();
    if (run_.split_at > begin && run_.split_at < server_bytes_) cut = run_.split_at - begin;
    const std::uint64_t generation = dialing_;  // what this connection says does not reach another one
    if (!run_.bytewise) {
        feed(bytes.substr(0, cut));
        bytes.remove_prefix(cut);
    }
    while (!bytes.empty() && dialing_ == generation) {
        const std::size_t n = run_.bytewise ? 1 : bytes.size();
        feed(bytes.substr(0, n));
        bytes.remove_prefix(n);
    }
    tell_written();  // a reply can come before the completion of the write
}

void session_script::feed(std::string_view bytes) {
    const std::uint64_t generation = dialing_;
    while (!bytes.empty() && open_ && dialing_ == generation) {
        if (core_->reading_paused()) {
            unread_.append(bytes);
            return;
        }
        const std::span<char> space = core_->read_space();
        const std::size_t n = std::min(space.size(), bytes.size());
        std::memcpy(space.data(), bytes.data(), n);
        bytes.remove_prefix(n);
        const std::size_t enough = run_.write == script_run::writes::in_pieces ? 1 : SIZE_MAX;
        core_->on_read(dialing_, n, now_, enough);
        pump();
        while (core_->read_unfinished()) {
            core_->read_on(now_, enough);
            pump();
        }
    }
}

/// As the shell does in each turn: a pause may be over.
void session_script::go_on_reading() {
    if (!open_) unread_.clear();
    if (!core_->reading_paused() && unread_.empty()) return;
    core_->resume_reading(now_);
    if (core_->reading_paused()) return;
    feed(std::exchange(unread_, {}));
    pump();
}

void session_script::written(std::size_t n) {
    if (!step("written " + std::to_string(n))) return;
    const std::string_view bytes = core_->pending_write();
    verify(n <= bytes.size(), "there are only " + std::to_string(bytes.size()) + " bytes to write");
    if (over_) return;
    streams_[dialing_].append(bytes.substr(0, n));
    core_->on_written(dialing_, n, now_);
    pump();
}

void session_script::answer(login how, std::error_code ec) {
    if (!step("answer of a provider")) return;
    core_->on_login_answer(answered_id_, ec, std::move(how), now_);
    pump();
}

void session_script::answer_file(std::string_view contents, std::error_code ec) {
    if (!step("answer of a file")) return;
    core_->on_login_file(answered_id_, ec, contents, now_);
    pump();
}

void session_script::answer_signature(std::string_view signature, std::error_code ec) {
    if (!step("answer of a signer")) return;
    core_->on_login_signature(answered_id_, ec, signature, now_);
    pump();
}

void session_script::down(std::error_code ec) {
    if (!step("down")) return;
    tell_written();  // the shell knows what was written before it knows that no more can be
    core_->on_transport_down(dialing_, ec, now_);
    pump();
}

void session_script::advance(session::duration d) {
    if (!step("advance")) return;
    tell_written();
    run_until(now_ + d);
}

void session_script::advance_to_dial() {
    if (!step("advance to the dial")) return;
    tell_written();
    const auto is_dial = [](const session::transport_action& a) { return a.what == session::transport_action::kind::dial; };
    while (!failed_ && std::none_of(actions_.begin(), actions_.end(), is_dial)) {
        verify(core_->next_deadline() != session::never, "the client does not mean to dial");
        if (!failed_) run_until(std::max(now_, core_->next_deadline()));
    }
}

void session_script::run_until(time_point end) {
    for (int turns = 0; core_->next_deadline() <= end; ++turns) {
        verify(turns < 100'000, "the clock spins");
        if (failed_) return;
        now_ = std::max(now_, core_->next_deadline());
        core_->on_time(now_);
        pump();
    }
    now_ = end;
}

void session_script::handshake(std::string_view restored, std::string_view info) {
    dialed();
    server_says(info);
    expect_sent("CONNECT {~}\r\nPING\r\n");
    server_says("PONG\r\n");
    expect_sent(restored);
}

void session_script::strike() {
    tell_written();
    over_ = true;
    using disaster = script_run::disaster;
    note("the disaster");
    const bool was_open = open_;
    if (run_.what == disaster::close) core_->close(now_);
    if (was_open && run_.what == disaster::eof) core_->on_transport_down(dialing_, {}, now_);
    if (was_open && run_.what == disaster::reset)
        core_->on_transport_down(dialing_, std::make_error_code(std::errc::connection_reset), now_);
    if (was_open && run_.what == disaster::garbage) feed("\x01 garbage\r\n");
    silent_ = run_.what == disaster::silence;
    pump();
    aftermath();
}

/// The handshake that the client wants, if it wants one.
void session_script::finish_tls() {
    if (securing_ != dialing_ || !open_) return;
    securing_ = 0;
    core_->on_secured(dialing_, {}, {}, now_);
    pump();
}

/// Two minutes with a server that answers every dial and every PING, or with none.
void session_script::aftermath() {
    if (silent_) run_until(now_ + 30s);  // as long as anything may take
    std::uint64_t greeted = 0;
    std::size_t answered = 0;
    const time_point end = now_ + 2min;
    for (int turns = 0; now_ < end && !failed_; ++turns) {
        verify(turns < 100'000, "the client spins");
        if (open_ && greeted != dialing_) {
            greeted = dialing_;
            answered = 0;
            if (!run_.server_returns) {
                open_ = false;
                core_->on_dialed(dialing_, std::make_error_code(std::errc::connection_refused), now_);
                pump();
                continue;
            }
            core_->on_dialed(dialing_, {}, now_);
            pump();
            finish_tls();
            feed("INFO {\"headers\":true,\"tls_available\":true}\r\n");
            finish_tls();
        }
        if (open_ && run_.server_returns) {
            for (std::size_t at; open_ && (at = streams_[dialing_].find("PING\r\n", answered)) != std::string::npos;) {
                answered = at + 6;
                feed("PONG\r\n");
            }
        }
        run_until(std::min(end, std::max(now_ + 1ms, core_->next_deadline())));
    }
}

void session_script::finish() {
    if (std::exchange(finished_, true) || !core_) return;
    over_ = true;
    late_ = 0;
    if (!failed_) {
        note("the end");
        core_->close(now_);
        core_->close(now_);  // idempotent (H8)
        pump();
        script_promises(*this).check();
    }
    core_.reset();
    for (const auto& [name, r] : operations_) {
        if (!failed_) CHECK_MESSAGE(r->completed + r->destroyed == 1, name);
    }
}

void run_script(const std::function<void(session_script&)>& script) {
    bool failed = false;  // one report is enough
    const auto run = [&](const script_run& how) {
        if (failed) return std::pair<std::size_t, std::size_t>();
        session_script s(how);
        script(s);
        s.finish();
        failed = s.failed();
        return std::pair{s.steps(), s.server_bytes()};
    };
    const auto [steps, bytes] = run({});
    run({.bytewise = true});
    run({.write = script_run::writes::late});
    run({.write = script_run::writes::in_pieces});
    for (std::size_t at = 1; at < bytes; ++at) run({.split_at = at});
    using disaster = script_run::disaster;
    for (std::size_t at = 0; at < steps; ++at) {
        for (const disaster what : {disaster::eof, disaster::reset, disaster::garbage, disaster::silence, disaster::close}) {
            for (const bool returns : {true, false}) run({.disaster_at = at, .what = what, .server_returns = returns});
        }
    }
}

}  // namespace slipstream::test
