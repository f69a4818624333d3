// The JetStream API of one client.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <slipstream/client.hpp>
#include <slipstream/detail/any_handler.hpp>
#include <slipstream/jetstream/account_info.hpp>
#include <slipstream/jetstream/consumer_config.hpp>
#include <slipstream/jetstream/detail/prepared_request.hpp>
#include <slipstream/jetstream/error.hpp>
#include <slipstream/jetstream/options.hpp>
#include <slipstream/jetstream/publish.hpp>
#include <slipstream/jetstream/stored_message.hpp>
#include <slipstream/jetstream/stream_config.hpp>
#include <slipstream/payload_view.hpp>
#include <slipstream/tokens.hpp>

namespace slipstream::jetstream {

struct context_options {
    std::string domain = {};                         ///< API prefix `$JS.<domain>.API`; not together with api_prefix.
    std::string api_prefix = {};                     ///< Default `$JS.API`.
    std::chrono::milliseconds timeout{5'000};   ///< Default deadline of one call, everything in it included.
};

/// A cheap handle: a client and a prefix. It keeps the client's connection alive.
///
/// Every operation has one total deadline, repeats and pages included. A request that the server cannot serve just now (10008,
/// 10163, 10167) is repeated within it, and so are reads and creations whose connection was lost.
///
/// Errors common to all: errc as the server says (error_info has its words), errc::invalid_response;
/// slipstream::errc::no_responders (JetStream is not there), timeout, timeout_unsent, connection_lost, permission_denied, closed,
/// not_connected, invalid_option (a timeout below zero); errc::invalid_config (bad context_options). Names and subjects that are not
/// valid are refused before a byte is sent: errc::invalid_stream_name, errc::invalid_consumer_name, slipstream::errc::invalid_subject.
/// Cancellation: terminal, partial (operation_aborted); whether the server acted is then unknown.
/// Lifetime: arguments are copied before a call returns; the context may go once an operation has started, which keeps what it
/// needs. Configs are taken by reference and never as temporaries: name them first (see README, "Compilers").
/// Thread safety: as the client.
class context {
public:
    explicit context(client nc);
    context(client nc, context_options options);  // no default argument: it would be an aggregate temporary inside co_await

    [[nodiscard]] const client& connection() const noexcept;
    [[nodiscard]] client::executor_type get_executor() const noexcept;
    [[nodiscard]] const std::string& api_prefix() const noexcept;
    [[nodiscard]] std::chrono::milliseconds default_timeout() const noexcept;

    // --- The account ---------------------------------------------------------------------------------------------------------

    /// What the account uses and may use, and the server's API level.
    template <asio::completion_token_for<void(std::error_code, account_info)> Token = default_token>
    auto async_account_info(call_options options = {}, Token&& token = Token()) const {
        return initiate<Token>(token, &context::start_account_info, prepare_account_info(options));
    }

    // --- Streams -------------------------------------------------------------------------------------------------------------

    /// Makes a stream. An equal existing stream is success too.
    /// Errors: also errc::stream_name_in_use (it exists with another configuration), errc::maximum_streams,
    /// errc::subjects_overlap, errc::stream_invalid_config, errc::invalid_config.
    template <asio::completion_token_for<void(std::error_code, stream_info)> Token = default_token>
    auto async_create_stream(const stream_config& config, call_options options = {}, Token&& token = Token()) const {
        return initiate<Token>(token, &context::start_create_stream, prepare_create_stream(config, options));
    }
    template <class Token = default_token>
    auto async_create_stream(stream_config&& config, call_options options = {}, Token&& token = Token()) const = delete;

    /// Replaces the configuration as a whole; begin from async_stream_info.
    /// Errors: also errc::stream_not_found, errc::stream_invalid_config (what cannot be changed).
    template <asio::completion_token_for<void(std::error_code, stream_info)> Token = default_token>
    auto async_update_stream(const stream_config& config, call_options options = {}, Token&& token = Token()) const {
        return initiate<Token>(token, &context::start_update_stream, prepare_update_stream(config, options));
    }
    template <class Token = default_token>
    auto async_update_stream(stream_config&& config, call_options options = {}, Token&& token = Token()) const = delete;

    /// Errors: also errc::stream_not_found.
    template <asio::completion_token_for<void(std::error_code, stream_info)> Token = default_token>
    auto async_stream_info(std::string_view name, call_options options = {}, Token&& token = Token()) const {
        return initiate<Token>(token, &context::start_stream_info, prepare_stream_info(name, options));
    }

    /// Errors: also errc::stream_not_found.
    template <asio::completion_token_for<void(std::error_code)> Token = default_token>
    auto async_delete_stream(std::string_view name, call_options options = {}, Token&& token = Token()) const {
        return initiate<Token>(token, &context::start_success, prepare_delete_stream(name, options));
    }

    /// Removes messages; leaves no trace of them for consumers.
    /// Completes with: the number of messages removed.
    /// Errors: also errc::stream_not_found, errc::invalid_config (both `sequence` and `keep`).
    template <asio::completion_token_for<void(std::error_code, std::uint64_t)> Token = default_token>
    auto async_purge_stream(std::string_view name, purge_options options = {}, Token&& token = Token()) const {
        return initiate<Token>(token, &context::start_purge_stream, prepare_purge_stream(name, options));
    }

    /// Completes with: all streams, from as many pages as it takes. `subject` keeps those whose configured subjects overlap it (so no
    /// mirrors); empty = all. The server leaves out streams whose leader does not answer it.
    template <asio::completion_token_for<void(std::error_code, std::vector<stream_info>)> Token = default_token>
    auto async_list_streams(std::string_view subject = {}, call_options options = {}, Token&& token = Token()) const {
        return initiate<Token>(token, &context::start_list_streams, prepare_list_streams(subject, options));
    }

    /// As async_list_streams, names only.
    template <asio::completion_token_for<void(std::error_code, std::vector<std::string>)> Token = default_token>
    auto async_list_stream_names(std::string_view subject = {}, call_options options = {}, Token&& token = Token()) const {
        return initiate<Token>(token, &context::start_list_stream_names, prepare_list_stream_names(subject, options));
    }

    // --- Messages ------------------------------------------------------------------------------------------------------------

    /// Publishes into a stream and waits for its acknowledgement. While nobody takes the subject (no_responders) it is tried again
    /// twice, 250 ms apart (ADR-22).
    /// Errors: also what client::publish refuses; slipstream::errc::no_responders (no stream takes the subject; nothing stored);
    /// errc::wrong_last_sequence and wrong_last_sequence_in_flight (an expectation failed), errc::store_failed,
    /// errc::message_too_large; slipstream::errc::timeout_unsent (nothing was sent) and slipstream::errc::outcome_unknown: the message
    /// was sent and its result lost, to the deadline or with the connection. A stream with no_ack always ends so.
    template <asio::completion_token_for<void(std::error_code, publish_ack)> Token = default_token>
    auto async_publish(std::string_view subject, payload_view payload, publish_options options = {}, Token&& token = Token()) const {
        return initiate<Token>(token, &context::start_publish, prepare_publish(subject, payload, options));
    }

    /// Reads one message.
    /// Errors: also errc::message_not_found, errc::stream_not_found, errc::invalid_config (both or none of `sequence` and
    /// `last_by_subject`); with `direct`, slipstream::errc::no_responders: no such stream, or it does not allow direct reads.
    template <asio::completion_token_for<void(std::error_code, stored_message)> Token = default_token>
    auto async_get_message(std::string_view stream, message_selector selector, Token&& token = Token()) const {
        return initiate<Token>(token, selector.direct ? &context::start_get_direct : &context::start_get_message,
                               prepare_get_message(stream, selector));
    }

    // --- Consumers -----------------------------------------------------------------------------------------------------------

    /// Makes a consumer. An equal existing one of that name is success too.
    /// Errors: also errc::stream_not_found, errc::consumer_exists, errc::maximum_consumers, errc::consumer_create, errc::invalid_config.
    template <asio::completion_token_for<void(std::error_code, consumer_info)> Token = default_token>
    auto async_create_consumer(std::string_view stream, const consumer_config& config, call_options options = {},
                               Token&& token = Token()) const {
        return initiate<Token>(token, &context::start_create_consumer, prepare_create_consumer(stream, config, options));
    }
    template <class Token = default_token>
    auto async_create_consumer(std::string_view stream, consumer_config&& config, call_options options = {},
                               Token&& token = Token()) const = delete;

    /// Errors: also errc::consumer_not_found, errc::stream_not_found.
    template <asio::completion_token_for<void(std::error_code, consumer_info)> Token = default_token>
    auto async_consumer_info(std::string_view stream, std::string_view consumer, call_options options = {}, Token&& token = Token()) const {
        return initiate<Token>(token, &context::start_consumer_info, prepare_consumer_info(stream, consumer, options));
    }

    /// Errors: also errc::consumer_not_found, errc::stream_not_found.
    template <asio::completion_token_for<void(std::error_code)> Token = default_token>
    auto async_delete_consumer(std::string_view stream, std::string_view consumer, call_options options = {},
                               Token&& token = Token()) const {
        return initiate<Token>(token, &context::start_success, prepare_delete_consumer(stream, consumer, options));
    }

    /// Completes with: all consumers of a stream. Errors: also errc::stream_not_found.
    template <asio::completion_token_for<void(std::error_code, std::vector<consumer_info>)> Token = default_token>
    auto async_list_consumers(std::string_view stream, call_options options = {}, Token&& token = Token()) const {
        return initiate<Token>(token, &context::start_list_consumers, prepare_list_consumers(stream, options));
    }

    // --- For layers above ----------------------------------------------------------------------------------------------------
    // The two halves of every operation: `prepare` checks and copies the arguments, `start` sends them, for a handler that is erased
    // already. A handler is completed on the client's executor or its own, never before `start` returns.

    template <class... Results>
    using handler = detail::any_handler<void(std::error_code, Results...)>;
    using prepared = detail::prepared_request;

    [[nodiscard]] prepared prepare_account_info(const call_options& options) const;
    [[nodiscard]] prepared prepare_create_stream(const stream_config& config, const call_options& options) const;
    [[nodiscard]] prepared prepare_update_stream(const stream_config& config, const call_options& options) const;
    [[nodiscard]] prepared prepare_stream_info(std::string_view name, const call_options& options) const;
    [[nodiscard]] prepared prepare_delete_stream(std::string_view name, const call_options& options) const;
    [[nodiscard]] prepared prepare_purge_stream(std::string_view name, const purge_options& options) const;
    [[nodiscard]] prepared prepare_list_streams(std::string_view subject, const call_options& options) const;
    [[nodiscard]] prepared prepare_list_stream_names(std::string_view subject, const call_options& options) const;
    [[nodiscard]] prepared prepare_publish(std::string_view subject, payload_view payload, const publish_options& options) const;
    /// Of a subject in two pieces, which the caller knows to be valid.
    [[nodiscard]] prepared prepare_publish(std::string_view begin, std::string_view rest, payload_view payload,
                                           const publish_options& options) const;
    [[nodiscard]] prepared prepare_get_message(std::string_view stream, const message_selector& selector) const;
    [[nodiscard]] prepared prepare_create_consumer(std::string_view stream, const consumer_config& config,
                                                   const call_options& options) const;
    [[nodiscard]] prepared prepare_consumer_info(std::string_view stream, std::string_view consumer, const call_options& options) const;
    [[nodiscard]] prepared prepare_delete_consumer(std::string_view stream, std::string_view consumer, const call_options& options) const;
    [[nodiscard]] prepared prepare_list_consumers(std::string_view stream, const call_options& options) const;

    void start_account_info(prepared&& request, handler<account_info> done) const;
    void start_create_stream(prepared&& request, handler<stream_info> done) const;
    void start_update_stream(prepared&& request, handler<stream_info> done) const;
    void start_stream_info(prepared&& request, handler<stream_info> done) const;
    void start_success(prepared&& request, handler<> done) const;  ///< delete_stream, delete_consumer
    void start_purge_stream(prepared&& request, handler<std::uint64_t> done) const;
    void start_list_streams(prepared&& request, handler<std::vector<stream_info>> done) const;
    void start_list_stream_names(prepared&& request, handler<std::vector<std::string>> done) const;
    void start_publish(prepared&& request, handler<publish_ack> done) const;
    void start_get_message(prepared&& request, handler<stored_message> done) const;
    void start_get_direct(prepared&& request, handler<stored_message> done) const;    ///< For message_selector::direct.
    void start_create_consumer(prepared&& request, handler<consumer_info> done) const;
    void start_consumer_info(prepared&& request, handler<consumer_info> done) const;
    void start_list_consumers(prepared&& request, handler<std::vector<consumer_info>> done) const;

private:
    struct impl;

    template <class Token, class... Results>
    auto initiate(Token& token, void (context::*start)(prepared&&, handler<Results...>) const, prepared&& request) const {
        using signature = void(std::error_code, Results...);
        return asio::async_initiate<Token, signature>(
            [](auto completion, const context& self, auto how, prepared&& what) {
                (self.*how)(std::move(what), detail::make_any_handler<signature>(std::move(completion), self.get_executor()));
            },
            token, *this, start, std::move(request));
    }

    std::shared_ptr<const impl> impl_;
};

}  // namespace slipstream::jetstream
