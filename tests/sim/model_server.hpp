// A NATS server as far as its clients can tell (spec/protocol.md 1 to 8, 11, 12): one connection, one server, and the servers of a
// cluster that share one truth.
//
// Told: connections, bytes, time, and what an operator does to a server. Emits, for each connection: bytes to send, and that it
// is to be closed. It knows no network and no clock; what it did is told to an observer, who judges the client by it. Invariants: the
// frames of one connection are listed with where they end in its stream; nothing depends on addresses.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/sim/clock.hpp"
#include "tests/sim/model_parser.hpp"

namespace slipstream::sim {

struct server_settings {
    std::string id = "N1";
    std::string name = "s0";
    std::string version = "2.15.1";
    std::string address;                     // what clients dial
    std::vector<std::string> connect_urls;   // empty = not advertised
    std::string user;                        // empty = no login is demanded
    std::string pass;
    std::string nkey;                        // another way to log in
    std::function<std::string(std::string_view nonce)> signature_of;
    /// Whom a JWT or a key and a signature prove, if anybody.
    std::function<std::optional<std::size_t>(std::string_view jwt, std::string_view nkey, std::string_view sig, std::string_view nonce)>
        user_of;
    bool no_auth_user = false;               // a login is not demanded, but known
    bool tls = false;                        // in INFO; the handshake is the network's business
    bool headers = true;
    bool auth_required() const noexcept { return !user.empty(); }
    std::size_t max_control_line = 4096;
    std::uint64_t max_payload = 1048576;
    std::size_t max_subscriptions = 0;       // 0 = no limit
    std::size_t max_connections = 65536;
    std::size_t max_pending = std::size_t{64} * 1024 * 1024;
    duration ping_interval = std::chrono::minutes(2);
    unsigned ping_max = 2;
    duration auth_timeout = std::chrono::seconds(2);
    std::vector<std::string> deny_publish;   // patterns
    std::vector<std::string> deny_subscribe;
};

struct server_subscription {
    std::string sid;
    std::string subject;
    std::string queue;
    std::uint64_t max = 0;
    std::uint64_t delivered = 0;
    std::uint64_t sent = 0;  // 503 included
};

/// What the server sent, frame by frame.
struct sent_frame {
    enum class kind { info, msg, ping, pong, ok, err };
    kind what = kind::ok;
    std::uint64_t end = 0;      // in the stream of the connection
    std::string sid;            // msg
    std::uint64_t message = 0;  // its number, 0 = it has none
    bool status = false;        // 503
};

class model_server;
class model_cluster;

class model_connection {
public:
    model_connection(model_cluster& all, model_server& at, std::uint64_t id, int owner);

    void begin();                          // INFO, or why not
    void feed(std::string_view bytes);
    void on_time();                        // pings, auth timeout
    /// Ends it: `text` is the -ERR, empty = none. Output is still to be sent.
    void end(std::string_view text);
    void say_error(std::string_view text);
    void send_info(bool connect_info, bool lame_duck, const std::vector<std::string>* urls = nullptr);
    /// Takes away the subscriptions of a subject, as a reload of permissions does.
    void revoke(const std::string& subject);
    /// Sends a message if it can; what a publisher's header block is to this client is decided here.
    void deliver(server_subscription& s, const client_op& m, std::uint64_t number, bool status = false);

    [[nodiscard]] std::uint64_t id() const noexcept { return id_; }
    [[nodiscard]] int owner() const noexcept { return owner_; }   // which client, -1 = none of ours
    [[nodiscard]] const std::string& nonce() const noexcept { return nonce_; }
    [[nodiscard]] bool ended() const noexcept { return ended_; }
    [[nodiscard]] bool logged_in() const noexcept { return connected_; }
    [[nodiscard]] std::optional<std::size_t> user() const noexcept { return user_; }  // by user_of
    [[nodiscard]] model_server& server() const noexcept { return server_; }
    [[nodiscard]] const model_parser& parser() const noexcept { return parser_; }
    [[nodiscard]] std::vector<server_subscription>& subscriptions() noexcept { return subscriptions_; }

    std::string out;                  // to be sent
    std::uint64_t out_end = 0;        // where it ends in the stream
    std::vector<sent_frame> frames;
    bool gone = false;                // the transport is closed: nothing reaches it and nothing comes
    bool lied = false;                // something else was sent than the server meant
    std::uint64_t link = 0;           // for the network

private:
    friend class model_cluster;
    void handle(const client_op& op);
    void on_connect(const client_op& op);
    void on_subscribe(const client_op& op);
    void on_unsubscribe(const client_op& op);
    void on_publish(const client_op& op);
    void emit(std::string frame, sent_frame what);
    void ok();

    model_cluster& cluster_;
    model_server& server_;
    std::uint64_t id_;
    int owner_;
    model_parser parser_;
    std::vector<server_subscription> subscriptions_;
    time_point began_;
    time_point next_ping_ = never;
    unsigned pings_out_ = 0;
    time_point last_in_;
    bool connected_ = false;
    bool ended_ = false;
    bool first_pong_ = false;
    bool verbose_ = true;
    bool pedantic_ = true;
    bool echo_ = true;
    bool headers_offered_ = true;  // by its INFO
    bool headers_ = false;
    bool no_responders_ = false;
    std::uint64_t protocol_ = 0;
    std::optional<std::size_t> user_;
    std::string nonce_;               // empty = none is offered
};

class model_server {
public:
    model_server(model_cluster& all, server_settings s) : settings(std::move(s)), cluster_(all) {}
    server_settings settings;
    bool lame_duck = false;

    /// To be begun by who gives it a transport.
    model_connection& accept(int owner);
    [[nodiscard]] std::size_t open_connections() const;

private:
    model_cluster& cluster_;
};

/// Somebody who answers requests.
struct model_service {
    std::string subject;
    std::function<void(const client_op& request, std::uint64_t number)> answer;
};

class server_observer {
public:
    virtual ~server_observer() = default;
    virtual void on_server_connect(model_connection&, const std::string& /*json*/) {}
    virtual void on_server_publish(model_connection&, const client_op&, std::uint64_t /*number*/) {}
    virtual void on_server_subscribe(model_connection&, const server_subscription&) {}
    /// Before the table changes. `s` is null when there is none of that sid.
    virtual void on_server_unsubscribe(model_connection&, const server_subscription* /*s*/, const client_op&) {}
    virtual void on_server_ping(model_connection&) {}
    virtual void on_server_refusal(model_connection&, std::string_view /*text*/) {}
    virtual void on_server_no_responders(model_connection&, std::uint64_t /*number*/) {}
    /// The client's bytes are no protocol.
    virtual void on_server_complaint(model_connection&, std::string_view /*what*/) {}
};

class model_cluster {
public:
    model_cluster(clock& time, random_stream rng, server_observer& told) : time_(time), rng_(rng), told_(told) {}

    model_server& add(server_settings s) { return servers_.emplace_back(*this, std::move(s)); }
    [[nodiscard]] std::deque<model_server>& servers() noexcept { return servers_; }
    [[nodiscard]] std::deque<model_connection>& connections() noexcept { return connections_; }
    std::vector<model_service> services;
    /// The number in a payload; 0 = none. Set by those who put one in.
    std::function<std::uint64_t(std::string_view)> number_of = [](std::string_view) { return std::uint64_t{0}; };
    /// Changes a frame before it is sent. True when it did.
    std::function<bool(model_connection&, std::string&)> mutate;

    /// Delivers to everybody. `from` null: published by somebody else. Returns how many got it.
    std::size_t route(model_connection* from, const client_op& m, std::uint64_t number);

private:
    friend class model_connection;
    friend class model_server;
    clock& time_;
    random_stream rng_;
    server_observer& told_;
    std::deque<model_server> servers_;
    std::deque<model_connection> connections_;
};

/// Tokens, `*` and `>`.
bool pattern_matches(std::string_view pattern, std::string_view subject) noexcept;
/// No empty token, no blank; wildcards only as whole tokens, `>` only at the end.
bool valid_pattern(std::string_view subject) noexcept;

}  // namespace slipstream::sim
