// Key-value buckets: made, opened, listed, deleted; and the handle on one.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <slipstream/jetstream/context.hpp>
#include <slipstream/kv/bucket_config.hpp>
#include <slipstream/kv/roles.hpp>

namespace slipstream::kv {

/// A handle on one bucket: cheap to copy. It holds the JetStream context and so the client; there is no cache and no state on
/// the server for it. Made by async_create_bucket, async_open_bucket and async_get_or_create_bucket; a default-constructed one
/// is empty and may only be assigned to, tested and destroyed.
///
/// Reads are answered by any replica unless get_options::leader_read is set, and so are keys, scans, histories and the beginning of
/// a watch: they may not know yet what the leader has acknowledged. Of a mirror they may lag behind the origin. Writes through a handle
/// on a mirror go to the origin.
class bucket final : public reader, public writer, public watcher {
public:
    struct impl;
    using executor_type = asio::any_io_executor;

    bucket() noexcept = default;
    explicit bucket(std::shared_ptr<const impl> state) noexcept : impl_(std::move(state)) {}

    explicit operator bool() const noexcept { return static_cast<bool>(impl_); }
    [[nodiscard]] executor_type get_executor() const noexcept override;
    [[nodiscard]] const std::string& name() const noexcept;
    [[nodiscard]] const jetstream::context& context() const noexcept;
    /// The configuration when this handle was made. An existing bucket is opened untouched, whatever configuration was asked for:
    /// compare with config_differences.
    [[nodiscard]] const bucket_config& config() const noexcept;

    /// Reads the bucket's size, limits and configuration from the server.
    /// Errors: as reader.
    template <asio::completion_token_for<void(std::error_code, bucket_status)> Token = default_token>
    auto async_status(read_options options = {}, Token&& token = Token()) {
        return asio::async_initiate<Token, void(std::error_code, bucket_status)>(
            [](auto handler, bucket self, read_options o) {
                auto erased =
                    slipstream::detail::make_any_handler<void(std::error_code, bucket_status)>(std::move(handler), self.get_executor());
                self.start_status(o, std::move(erased));
            },
            token, *this, options);
    }

    /// Reads all revisions of a key that the bucket keeps, deletes and purges included, oldest first.
    /// Errors: as reader, and errc::invalid_key; errc::key_not_found when there are none.
    template <asio::completion_token_for<void(std::error_code, std::vector<entry>)> Token = default_token>
    auto async_history(std::string_view key, read_options options = {}, Token&& token = Token()) {
        return asio::async_initiate<Token, void(std::error_code, std::vector<entry>)>(
            [](auto handler, bucket self, std::string owned, read_options o) {
                auto erased = slipstream::detail::make_any_handler<void(std::error_code, std::vector<entry>)>(std::move(handler),
                                                                                                              self.get_executor());
                self.start_history(std::move(owned), o, std::move(erased));
            },
            token, *this, std::string(key), options);
    }

private:
    void start_get(std::string key, get_options options, handler_for<std::optional<entry>> handler) override;
    void start_entry(std::string key, get_options options, handler_for<std::optional<entry>> handler) override;
    void start_keys(prefixes which, read_options options, handler_for<std::vector<std::string>> handler) override;
    void start_scan(prefixes which, read_options options, handler_for<std::vector<entry>> handler) override;
    void start_history(std::string key, read_options options, handler_for<std::vector<entry>> handler);
    void start_status(read_options options, handler_for<bucket_status> handler);

    void start_put(key_value arguments, put_options options, handler_for<revision> handler) override;
    void start_create(key_value arguments, create_options options, handler_for<revision> handler) override;
    void start_update(key_value arguments, revision expected, update_options options, handler_for<revision> handler) override;
    void start_erase(std::string key, erase_options options, handler_for<revision> handler) override;
    void start_purge(std::string key, purge_options options, handler_for<revision> handler) override;

    kv::watch start_watch(prefixes which, watch_options options) override;
    kv::watch start_watch(prefixes which, watch_options options, watch_handler on_update) override;

    std::shared_ptr<const impl> impl_;
};

/// The compiled halves of the functions below.
namespace operations {

using bucket_handler = handler_for<bucket>;
using list_handler = handler_for<std::vector<bucket_status>>;
using plain_handler = handler_for<>;

void start_create_bucket(jetstream::context js, bucket_config config, open_options options, bucket_handler handler);
void start_open_bucket(jetstream::context js, std::string name, open_options options, bucket_handler handler);
void start_get_or_create_bucket(jetstream::context js, bucket_config config, open_options options, bucket_handler handler);
void start_delete_bucket(jetstream::context js, std::string name, manage_options options, plain_handler handler);
void start_list_buckets(jetstream::context js, manage_options options, list_handler handler);

}  // namespace operations

// Errors common to all functions below: what the server says (jetstream::errc); slipstream::errc::no_responders when JetStream
// is not there; timeout, timeout_unsent, connection_lost, permission_denied, closed, invalid_option.
// Cancellation: terminal, partial; whether the server acted is then unknown.
// Configurations are taken by reference and never as temporaries: name them first (see README, "Compilers").

/// Makes a bucket. One that exists with an equal configuration is success too.
/// Completes with: a handle on it.
/// Errors: also errc::invalid_bucket, errc::invalid_config (both before a byte is sent); errc::bucket_exists (with another
/// configuration); jetstream::errc::api_level when limit markers are asked for and the server is older than 2.11.
template <asio::completion_token_for<void(std::error_code, bucket)> Token = default_token>
auto async_create_bucket(const jetstream::context& js, const bucket_config& config, open_options options = {}, Token&& token = Token()) {
    return asio::async_initiate<Token, void(std::error_code, bucket)>(
        [](auto handler, jetstream::context c, bucket_config owned, open_options o) {
            auto erased = slipstream::detail::make_any_handler<void(std::error_code, bucket)>(std::move(handler), c.get_executor());
            operations::start_create_bucket(std::move(c), std::move(owned), o, std::move(erased));
        },
        token, js, config, options);
}
template <class Token = default_token>
auto async_create_bucket(const jetstream::context& js, bucket_config&& config, open_options options = {}, Token&& token = Token()) = delete;

/// Opens an existing bucket, made by whatever program. One look-up.
/// Completes with: a handle on it.
/// Errors: also errc::invalid_bucket (before a byte is sent), errc::bucket_not_found, errc::not_a_bucket.
template <asio::completion_token_for<void(std::error_code, bucket)> Token = default_token>
auto async_open_bucket(const jetstream::context& js, std::string_view name, open_options options = {}, Token&& token = Token()) {
    return asio::async_initiate<Token, void(std::error_code, bucket)>(
        [](auto handler, jetstream::context c, std::string owned, open_options o) {
            auto erased = slipstream::detail::make_any_handler<void(std::error_code, bucket)>(std::move(handler), c.get_executor());
            operations::start_open_bucket(std::move(c), std::move(owned), o, std::move(erased));
        },
        token, js, std::string(name), options);
}

/// Opens a bucket, or makes it when it does not exist. An existing one is left as it is, also when it is configured otherwise:
/// compare bucket::config(). Safe when several programs do it at once.
/// Completes with: a handle on it.
/// Errors: as async_create_bucket and async_open_bucket, except bucket_exists. When neither works, the reason why the bucket
/// could not be made.
template <asio::completion_token_for<void(std::error_code, bucket)> Token = default_token>
auto async_get_or_create_bucket(const jetstream::context& js, const bucket_config& config, open_options options = {},
                                Token&& token = Token()) {
    return asio::async_initiate<Token, void(std::error_code, bucket)>(
        [](auto handler, jetstream::context c, bucket_config owned, open_options o) {
            auto erased = slipstream::detail::make_any_handler<void(std::error_code, bucket)>(std::move(handler), c.get_executor());
            operations::start_get_or_create_bucket(std::move(c), std::move(owned), o, std::move(erased));
        },
        token, js, config, options);
}
template <class Token = default_token>
auto async_get_or_create_bucket(const jetstream::context& js, bucket_config&& config, open_options options = {},
                                Token&& token = Token()) = delete;

/// Deletes a bucket and everything in it.
/// Errors: also errc::invalid_bucket (before a byte is sent), errc::bucket_not_found.
template <asio::completion_token_for<void(std::error_code)> Token = default_token>
auto async_delete_bucket(const jetstream::context& js, std::string_view name, manage_options options = {}, Token&& token = Token()) {
    return asio::async_initiate<Token, void(std::error_code)>(
        [](auto handler, jetstream::context c, std::string owned, manage_options o) {
            auto erased = slipstream::detail::make_any_handler<void(std::error_code)>(std::move(handler), c.get_executor());
            operations::start_delete_bucket(std::move(c), std::move(owned), o, std::move(erased));
        },
        token, js, std::string(name), options);
}

/// Lists all buckets of the account, mirrors included.
/// Completes with: their states, sorted by name.
template <asio::completion_token_for<void(std::error_code, std::vector<bucket_status>)> Token = default_token>
auto async_list_buckets(const jetstream::context& js, manage_options options = {}, Token&& token = Token()) {
    return asio::async_initiate<Token, void(std::error_code, std::vector<bucket_status>)>(
        [](auto handler, jetstream::context c, manage_options o) {
            auto erased = slipstream::detail::make_any_handler<void(std::error_code, std::vector<bucket_status>)>(std::move(handler),
                                                                                                                  c.get_executor());
            operations::start_list_buckets(std::move(c), o, std::move(erased));
        },
        token, js, options);
}

}  // namespace slipstream::kv
