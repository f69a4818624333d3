// The Asio side of an ordered consumer: carries out what the machine decides, over the public client and context.
//
// Owned by the handle; the inbox's message handler owns it too, and goes with the inbox. Requests and the timer hold it weakly.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include <asio/cancellation_signal.hpp>

#include <slipstream/client.hpp>
#include <slipstream/detail/wake_timer.hpp>
#include <slipstream/jetstream/ordered_consumer.hpp>

#include "jetstream/api/delivery_reader.hpp"
#include "jetstream/machine/ordered_machine.hpp"

namespace slipstream::jetstream {

class ordered_consumer::impl final : public slipstream::detail::wakeable, public std::enable_shared_from_this<ordered_consumer::impl> {
public:
    impl(context js, std::string_view stream, ordered_options options, ordered_handler& handler);

    void begin();
    void stop() noexcept;
    void taken(std::uint64_t count);
    void restart(const ordered_start& from);
    [[nodiscard]] std::string_view name() const noexcept { return name_; }
    [[nodiscard]] const error_info& failure() const noexcept { return failure_; }
    [[nodiscard]] std::uint64_t restarts() const noexcept { return machine_.restarts(); }

private:
    using action = machine::ordered_action;

    void on_wake() override;
    void on_context_end() noexcept override;

    void run();
    void end_without_memory();
    void on_event(const event& e);
    void on_frame(std::uint64_t incarnation, const message_view& m);
    void on_status(std::uint64_t incarnation, const message_view& m);
    void pump();
    void act(const action& a);
    void tell(const action& a);
    void create(const action& a);
    void read_stream(const action& a);
    void find_end(const action& a);
    void remove(std::uint64_t incarnation);
    void deliver_held(std::uint64_t incarnation);
    /// The event that ends this comes later than the close; what the handler has closed is silent at once (H4).
    [[nodiscard]] bool is_client_closed() const noexcept { return client_.state() == client_state::closed; }
    [[nodiscard]] consumer_config config_for(const action& a) const;
    [[nodiscard]] std::string name_of(std::uint64_t incarnation) const;

    context js_;
    client client_;
    std::string stream_;
    ordered_options options_;
    ordered_handler* handler_;  // null: nothing is told any more
    std::string id_;            // names of the consumers begin with it
    machine::ordered_machine machine_;
    slipstream::detail::wake_timer timer_;
    event_listener events_;
    std::shared_ptr<asio::cancellation_signal> creation_;  // of the last request for one
    subscription inbox_;
    std::string inbox_subject_;
    std::string name_;
    error_info failure_;
    std::optional<stream_info> stream_info_;
    std::vector<message> held_;
    api::delivery_reader reader_;
    bool pumping_ = false;
};

}  // namespace slipstream::jetstream
