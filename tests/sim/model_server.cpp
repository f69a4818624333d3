#include "tests/sim/model_server.hpp"

#include <algorithm>
#include <cstdio>
#include <utility>

#include "fuzz/json_reference.hpp"

namespace slipstream::sim {

namespace {

using fuzz::json_value;

std::string go_quoted(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (byte < 0x20 || byte == 0x7f) {
            char hex[8];
            std::snprintf(hex, sizeof hex, "\\x%02x", byte);
            out += hex;
        } else {
            out += c;
        }
    }
    return out + '"';
}

const json_value* field(const json_value& object, std::string_view name) {
    const json_value* found = nullptr;
    for (std::size_t i = 0; i < object.names.size(); ++i) {
        if (object.names[i] == name) found = &object.items[i];
    }
    return found != nullptr && found->what != json_value::kind::null ? found : nullptr;
}

/// Absent leaves the default. False: of another type.
bool read_bool(const json_value& object, std::string_view name, bool& value) {
    const json_value* const f = field(object, name);
    if (f == nullptr) return true;
    if (f->what != json_value::kind::boolean) return false;
    value = f->truth;
    return true;
}

bool read_text(const json_value& object, std::string_view name, std::string& value) {
    const json_value* const f = field(object, name);
    if (f == nullptr) return true;
    if (f->what != json_value::kind::string) return false;
    value = f->text;
    return true;
}

bool denied(const std::vector<std::string>& patterns, std::string_view subject) {
    return std::any_of(patterns.begin(), patterns.end(), [&](const std::string& p) { return pattern_matches(p, subject); });
}

std::string quoted_json(const std::vector<std::string>& texts) {
    std::string out;
    for (const std::string& t : texts) out += (out.empty() ? "\"" : ",\"") + t + '"';
    return '[' + out + ']';
}

}  // namespace

// --- one connection --------------------------------------------------------------------------------------------------------------

model_connection::model_connection(model_cluster& all, model_server& at, std::uint64_t id, int owner)
    : cluster_(all), server_(at), id_(id), owner_(owner), began_(all.time_.now()), last_in_(began_) {
    headers_offered_ = at.settings.headers;
    if (!at.settings.nkey.empty()) nonce_ = "nonce-" + std::to_string(id);
    parser_.max_control_line = at.settings.max_control_line;
    parser_.max_payload = at.settings.max_payload;
    parser_.connect_demanded = at.settings.auth_required();
}

void model_connection::emit(std::string frame, sent_frame what) {
    if (ended_ || gone) return;
    if (cluster_.mutate && cluster_.mutate(*this, frame)) lied = true;
    out_end += frame.size();
    out += frame;
    what.end = out_end;
    frames.push_back(std::move(what));
    // A slow consumer is cut without a word (spec/protocol.md 3).
    if (out.size() > server_.settings.max_pending) {
        out.clear();
        end({});
    }
}

void model_connection::begin() {
    send_info(false, server_.lame_duck);
    if (server_.open_connections() > server_.settings.max_connections) end("maximum connections exceeded");
}

void model_connection::send_info(bool connect_info, bool lame_duck, const std::vector<std::string>* urls) {
    const server_settings& s = server_.settings;
    parser_.max_payload = s.max_payload;
    std::string json = R"({"server_id":")" + s.id + R"(","server_name":")" + s.name + R"(","version":")" + s.version +
                       R"(","proto":1,"host":"0.0.0.0","port":4222,"headers":)" + (headers_offered_ ? "true" : "false") +
                       R"(,"max_payload":)" + std::to_string(s.max_payload) + R"(,"client_id":)" + std::to_string(id_);
    if (s.auth_required() || (s.no_auth_user && connect_info)) json += R"(,"auth_required":true)";
    if (!nonce_.empty()) json += R"(,"nonce":")" + nonce_ + '"';
    if (s.tls) json += R"(,"tls_required":true)";
    if (lame_duck) json += R"(,"ldm":true)";
    if (urls == nullptr) urls = &s.connect_urls;
    if (!urls->empty()) json += R"(,"connect_urls":)" + quoted_json(*urls);
    if (connect_info) json += R"(,"connect_info":true,"remote_account":"$G")";
    emit("INFO " + json + "} \r\n", {sent_frame::kind::info, 0, {}, 0, false});
}

void model_connection::say_error(std::string_view text) {
    cluster_.told_.on_server_refusal(*this, text);
    emit("-ERR '" + std::string(text) + "'\r\n", {sent_frame::kind::err, 0, {}, 0, false});
}

void model_connection::end(std::string_view text) {
    if (ended_) return;
    if (!text.empty()) say_error(text);
    ended_ = true;
    subscriptions_.clear();
}

void model_connection::ok() {
    if (verbose_) emit("+OK\r\n", {sent_frame::kind::ok, 0, {}, 0, false});
}

void model_connection::feed(std::string_view bytes) {
    if (ended_) return;
    last_in_ = cluster_.time_.now();
    parser_.feed(bytes);
    client_op op;
    while (!ended_) {
        const auto complain = [this](const char* text, const char* what) {
            cluster_.told_.on_server_complaint(*this, what);
            end(text);
        };
        switch (parser_.next(op)) {
            case model_parser::status::need_more: return;
            case model_parser::status::op: handle(op); break;
            case model_parser::status::unknown_operation: return complain("Unknown Protocol Operation", "unknown operation");
            case model_parser::status::line_too_long: return complain("maximum control line exceeded", "control line too long");
            case model_parser::status::payload_too_large: return end("Maximum Payload Violation");
            case model_parser::status::not_authorized: return complain("Authorization Violation", "no CONNECT first");
            case model_parser::status::hang_up: return complain("", "wrong arguments");
        }
    }
}

void model_connection::handle(const client_op& op) {
    switch (op.what) {
        case client_op::kind::connect: on_connect(op); break;
        case client_op::kind::ping:
            emit("PONG\r\n", {sent_frame::kind::pong, 0, {}, 0, false});
            cluster_.told_.on_server_ping(*this);
            if (connected_ && protocol_ >= 1 && !std::exchange(first_pong_, true)) send_info(true, server_.lame_duck);
            break;
        case client_op::kind::pong: pings_out_ = 0; break;
        case client_op::kind::sub: on_subscribe(op); break;
        case client_op::kind::unsub: on_unsubscribe(op); break;
        case client_op::kind::pub: on_publish(op); break;
        case client_op::kind::nothing: break;
    }
}

void model_connection::on_connect(const client_op& op) {
    cluster_.told_.on_server_connect(*this, op.json);
    const auto json = fuzz::json_reader(op.json).document();
    if (!json || json->what != json_value::kind::object) return end({});
    const bool again = std::exchange(connected_, false);
    std::string user;
    std::string pass;
    std::string token;
    std::string account;
    std::string nkey;
    std::string sig;
    std::string jwt;
    bool fine = read_bool(*json, "verbose", verbose_) && read_bool(*json, "pedantic", pedantic_) && read_bool(*json, "echo", echo_);
    headers_ = no_responders_ = false;
    fine = fine && read_bool(*json, "headers", headers_) && read_bool(*json, "no_responders", no_responders_);
    fine = fine && read_text(*json, "user", user) && read_text(*json, "pass", pass) && read_text(*json, "auth_token", token);
    fine = fine && read_text(*json, "account", account) && read_text(*json, "nkey", nkey) && read_text(*json, "sig", sig);
    fine = fine && read_text(*json, "jwt", jwt);
    protocol_ = 0;
    if (const json_value* const f = field(*json, "protocol")) {
        const auto number = f->what == json_value::kind::number ? f->as_int64() : std::nullopt;
        if (!number) fine = false;
        if (fine && (*number < 0 || *number > 1)) return end("invalid client protocol");
        if (fine) protocol_ = static_cast<std::uint64_t>(*number);
    }
    if (!fine) return end({});
    const server_settings& s = server_.settings;
    const bool by_key = s.signature_of && !nkey.empty() && nkey == s.nkey && sig == s.signature_of(nonce_);
    if (s.user_of && !sig.empty()) user_ = s.user_of(jwt, nkey, sig, nonce_);
    const bool known = by_key || user_ || (user == s.user && pass == s.pass);
    if ((s.auth_required() && !known) || !account.empty()) return end("Authorization Violation");
    headers_ = headers_ && headers_offered_;
    if (no_responders_ && !headers_) return end("no responders requires headers support");
    if (again) subscriptions_.clear();
    connected_ = true;
    parser_.connect_demanded = false;
    parser_.headers = headers_;
    next_ping_ = cluster_.time_.now() + std::min<duration>(s.ping_interval, std::chrono::seconds(2));
    ok();
}

void model_connection::on_subscribe(const client_op& op) {
    const server_settings& s = server_.settings;
    if (!valid_pattern(op.subject)) return say_error("Invalid Subject");
    const auto same = [&](const server_subscription& each) { return each.sid == op.sid; };
    if (std::any_of(subscriptions_.begin(), subscriptions_.end(), same)) return ok();
    if (s.max_subscriptions != 0 && subscriptions_.size() >= s.max_subscriptions) return say_error("maximum subscriptions exceeded");
    if (denied(s.deny_subscribe, op.subject)) {
        const std::string queue = op.queue.empty() ? "" : " using queue " + go_quoted(op.queue);
        return say_error("Permissions Violation for Subscription to " + go_quoted(op.subject) + queue);
    }
    subscriptions_.push_back({op.sid, op.subject, op.queue, 0, 0, 0});
    cluster_.told_.on_server_subscribe(*this, subscriptions_.back());
    ok();
}

void model_connection::on_unsubscribe(const client_op& op) {
    for (auto it = subscriptions_.begin(); it != subscriptions_.end(); ++it) {
        if (it->sid != op.sid) continue;
        cluster_.told_.on_server_unsubscribe(*this, &*it, op);
        if (op.max == 0 || it->delivered >= op.max)
            subscriptions_.erase(it);
        else
            it->max = op.max;
        return ok();
    }
    cluster_.told_.on_server_unsubscribe(*this, nullptr, op);
    ok();
}

void model_connection::on_publish(const client_op& op) {
    const server_settings& s = server_.settings;
    const std::uint64_t number = cluster_.number_of(op.payload);
    cluster_.told_.on_server_publish(*this, op, number);
    if (op.reply_to.starts_with("$JS.ACK.") || op.reply_to.starts_with("_R_.") || op.reply_to.starts_with("_GR_."))
        return say_error("Permissions Violation for Publish with Reply of " + go_quoted(op.reply_to));
    if (denied(s.deny_publish, op.subject)) return say_error("Permissions Violation for Publish to " + go_quoted(op.subject));
    const bool wild = pattern_matches("*", op.subject) ? op.subject == "*" || op.subject == ">" : false;
    const bool invalid = !valid_pattern(op.subject) || wild || op.subject.find(".*") != std::string::npos ||
                         op.subject.find("*.") != std::string::npos || op.subject.ends_with(".>");
    if (pedantic_ && invalid) say_error("Invalid Publish Subject");
    ok();
    if (cluster_.route(this, op, number) != 0 || !no_responders_ || op.reply_to.empty()) return;
    for (server_subscription& each : subscriptions_) {
        if (!each.queue.empty() || !pattern_matches(each.subject, op.reply_to)) continue;
        client_op status;
        status.subject = op.reply_to;
        status.with_headers = true;
        status.header_block = "NATS/1.0 503\r\nNats-Subject: " + op.subject + "\r\n\r\n";
        cluster_.told_.on_server_no_responders(*this, number);
        deliver(each, status, number, true);
        return;
    }
}

void model_connection::deliver(server_subscription& s, const client_op& m, std::uint64_t number, bool status) {
    const bool with_headers = headers_ && !m.header_block.empty();
    const std::string reply = m.reply_to.empty() ? "" : m.reply_to + ' ';
    std::string frame = (with_headers ? "HMSG " : "MSG ") + m.subject + ' ' + s.sid + ' ' + reply;
    if (with_headers) {
        const std::size_t total = m.header_block.size() + m.payload.size();
        frame += (m.header_size_text.empty() ? std::to_string(m.header_block.size()) : m.header_size_text) + ' ' +
                 (m.size_text.empty() ? std::to_string(total) : m.size_text) + "\r\n" + m.header_block;
    } else {
        frame += (m.size_text.empty() || !m.header_block.empty() ? std::to_string(m.payload.size()) : m.size_text) + "\r\n";
    }
    frame += m.payload + "\r\n";
    ++s.sent;
    if (!status) ++s.delivered;  // a 503 does not count (spec/protocol.md 12)
    const std::string sid = s.sid;
    if (s.max != 0 && s.delivered >= s.max) std::erase_if(subscriptions_, [&](const server_subscription& each) { return each.sid == sid; });
    emit(std::move(frame), {sent_frame::kind::msg, 0, sid, number, status});
}

void model_connection::revoke(const std::string& subject) {
    for (std::size_t i = 0; i < subscriptions_.size();) {
        if (subscriptions_[i].subject != subject) {
            ++i;
            continue;
        }
        const server_subscription s = subscriptions_[i];
        subscriptions_.erase(subscriptions_.begin() + static_cast<std::ptrdiff_t>(i));
        const std::string queue = s.queue.empty() ? "" : " using queue " + go_quoted(s.queue);
        say_error("Permissions Violation for Subscription to " + go_quoted(s.subject) + queue + " (sid " + go_quoted(s.sid) + ")");
    }
}

void model_connection::on_time() {
    if (ended_ || gone) return;
    const time_point now = cluster_.time_.now();
    const server_settings& s = server_.settings;
    if (!connected_) {
        if (s.auth_required() && now >= began_ + s.auth_timeout) end("Authentication Timeout");
        return;
    }
    if (now < next_ping_) return;
    next_ping_ = now + s.ping_interval;
    if (pings_out_ != 0 && pings_out_ >= s.ping_max) return end("Stale Connection");
    if (now - last_in_ < s.ping_interval && pings_out_ == 0 && first_pong_ && began_ + std::chrono::seconds(5) < now) return;
    ++pings_out_;
    emit("PING\r\n", {sent_frame::kind::ping, 0, {}, 0, false});
}

// --- one server ------------------------------------------------------------------------------------------------------------------

model_connection& model_server::accept(int owner) {
    model_connection& c = cluster_.connections_.emplace_back(cluster_, *this, cluster_.connections_.size() + 1, owner);
    return c;
}

std::size_t model_server::open_connections() const {
    return static_cast<std::size_t>(std::count_if(cluster_.connections_.begin(), cluster_.connections_.end(),
                                                  [this](const auto& c) { return &c.server() == this && !c.ended() && !c.gone; }));
}

}  // namespace slipstream::sim
