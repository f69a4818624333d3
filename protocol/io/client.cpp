#include <slipstream/client.hpp>

#include <system_error>
#include <utility>

#include "protocol/io/client_impl.hpp"

namespace slipstream {

client::client(executor_type executor) : client(std::move(executor), connect_options()) {}

client::client(executor_type executor, connect_options options)
    : impl_(io::client_impl::make_handle(std::move(executor), std::move(options))) {}

client::executor_type client::get_executor() const noexcept { return impl_->executor(); }
const client::executor_type& client::own_executor() const noexcept { return impl_->executor(); }

std::error_code client::publish(std::string_view subject, payload_view payload, publish_options options) {
    return impl_->publish(subject, payload.text(), options);
}

subscription client::subscribe(std::string_view subject, subscribe_options options, std::error_code& ec) {
    return subscribe(subject, message_handler(), options, ec);
}

subscription client::subscribe(std::string_view subject, subscribe_options options) {
    return subscribe(subject, message_handler(), options);
}

subscription client::subscribe(std::string_view subject, message_handler on_message, subscribe_options options, std::error_code& ec) {
    std::shared_ptr<session::subscription_state> state;
    ec = impl_->subscribe(subject, options, std::move(on_message), state);
    if (ec) return {};
    return {impl_, std::move(state)};
}

subscription client::subscribe(std::string_view subject, message_handler on_message, subscribe_options options) {
    std::error_code ec;
    subscription out = subscribe(subject, std::move(on_message), options, ec);
    if (ec) throw std::system_error(ec, "subscribe");
    return out;
}

std::error_code client::reconnect() { return impl_->reconnect(); }
std::error_code client::set_servers(const std::vector<std::string>& servers) { return impl_->set_servers(servers); }
void client::close() noexcept { impl_->close(); }

bool client::writable() const noexcept { return impl_->core().writable(); }
client_state client::state() const noexcept { return impl_->core().state(); }
const slipstream::server_info& client::server_info() const noexcept { return impl_->core().server_info(); }
std::vector<known_server> client::servers() const { return impl_->core().servers(); }
std::string client::connected_server() const { return impl_->core().connected_server(); }
statistics client::stats() const noexcept { return impl_->stats(); }
const slipstream::tls_state& client::tls() const noexcept { return impl_->tls_state(); }
const connect_options& client::options() const noexcept { return impl_->core().options(); }
std::string client::new_inbox() { return impl_->new_inbox(); }
event_listener client::listen(std::function<void(const event&)> listener) { return event_listener(impl_->listen(std::move(listener))); }

void client::start_connect(detail::any_handler<void(std::error_code)> handler) { impl_->start_connect(std::move(handler)); }
void client::start_request(const detail::request_parts& arguments, std::chrono::milliseconds timeout,
                           detail::any_handler<void(std::error_code, message)> handler) {
    impl_->start_request(arguments, timeout, std::move(handler));
}
void client::start_flush(flush_options options, detail::any_handler<void(std::error_code)> handler) {
    impl_->start_flush(options, std::move(handler));
}
void client::start_writable(writable_options options, detail::any_handler<void(std::error_code)> handler) {
    impl_->start_writable(options, std::move(handler));
}
void client::start_drain(detail::any_handler<void(std::error_code)> handler) { impl_->start_drain(std::move(handler)); }

}  // namespace slipstream
