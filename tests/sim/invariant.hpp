// A rule that holds in every run, checked while it goes on (failure-modes 3.4). Each is in a file of its own in invariants/.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include <slipstream/event.hpp>

#include "protocol/session/outputs.hpp"
#include "tests/sim/history.hpp"
#include "tests/sim/model_server.hpp"
#include "tests/sim/network.hpp"

namespace slipstream::sim {

class world;

class invariant {
public:
    invariant(world& w, std::string_view id) : world_(w), id_(id) {}
    virtual ~invariant() = default;
    invariant(const invariant&) = delete;
    invariant& operator=(const invariant&) = delete;

    // --- the user's side ---
    virtual void on_client(sim_client&) {}  ///< A new one.
    virtual void on_operation_started(sim_client&, const operation&) {}
    virtual void on_operation_ended(sim_client&, const operation&) {}
    virtual void on_publish(sim_client&, const message_truth&, std::error_code) {}
    /// The client has taken over messages of other threads; `before` is what the outbox held.
    virtual void on_taken_over(sim_client&, std::size_t /*before*/, std::size_t /*messages*/, bool /*all*/) {}
    virtual void on_delivered(sim_client&, app_subscription&, const message_view&) {}
    virtual void on_event(sim_client&, const event&) {}
    /// Nothing is left to pull.
    virtual void on_settled(sim_client&) {}
    // --- the transport's side ---
    virtual void on_action(sim_client&, const session::transport_action&) {}
    virtual void on_before_read(sim_client&, link&, std::string_view /*bytes*/) {}
    virtual void on_after_read(sim_client&, link&) {}
    virtual void on_down(sim_client&, link&, std::error_code) {}
    /// The client has handed bytes over; then the operations that are whole with them.
    virtual void on_written(sim_client&, link&, std::string_view /*bytes*/) {}
    virtual void on_client_frame(sim_client&, link&, const client_op&) {}
    virtual void on_client_nonsense(sim_client&, link&, std::string_view /*what*/) {}
    // --- the server's side ---
    virtual void on_server_connect(model_connection&, const std::string& /*json*/) {}
    virtual void on_server_publish(model_connection&, const client_op&, std::uint64_t /*number*/) {}
    virtual void on_server_complaint(model_connection&, std::string_view /*what*/) {}
    // --- time ---
    virtual void on_moment() {}       ///< After every event of the world.
    virtual void on_healthy() {}      ///< Liveness: everything should be well by now.
    virtual void on_end() {}          ///< All clients are closed.

    [[nodiscard]] std::string_view id() const noexcept { return id_; }

protected:
    void violated(const std::string& what);
    [[nodiscard]] time_point now() const;

    world& world_;

private:
    std::string_view id_;
};

std::vector<std::unique_ptr<invariant>> make_invariants(world& w);

}  // namespace slipstream::sim
