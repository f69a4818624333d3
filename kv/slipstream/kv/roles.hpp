// What can be done with a store of keys, as three abstract roles: read, write, watch. `kv::bucket` is all three.
//
// Write code against the role it needs, and hand it a fake in tests: derive from the role and implement its virtual functions,
// which get owned arguments and a handler to be completed exactly once (any_handler::post, or complete outside the initiating
// call). The initiating functions here take any completion token.
//
// Lifetime: the object must live until an operation has *started*. With lazy tokens (use_awaitable, deferred) that is when the
// result is awaited or called. From then on the operation of a bucket keeps what it needs.
// Thread safety: as the client underneath; to be used on its executor.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <slipstream/detail/any_handler.hpp>
#include <slipstream/kv/entry.hpp>
#include <slipstream/kv/error.hpp>
#include <slipstream/kv/key.hpp>
#include <slipstream/kv/key_value.hpp>
#include <slipstream/kv/options.hpp>
#include <slipstream/kv/revision.hpp>
#include <slipstream/kv/watch.hpp>
#include <slipstream/payload_view.hpp>
#include <slipstream/tokens.hpp>

namespace slipstream::kv {

/// What completes an operation: `handler.post(error_code, results...)`, exactly once. Destroying it ends the operation unanswered.
template <class... Results>
using handler_for = slipstream::detail::any_handler<void(std::error_code, Results...)>;

/// Reads keys.
///
/// Errors common to all: errc::bucket_not_found, slipstream::errc::timeout, timeout_unsent, connection_lost, permission_denied,
/// closed, invalid_option, and jetstream::errc as the server says.
/// Cancellation: terminal, partial; reading has no effect to be undone.
class reader {
public:
    using executor_type = asio::any_io_executor;

    virtual ~reader() = default;
    [[nodiscard]] virtual executor_type get_executor() const noexcept = 0;

    /// Reads the last value of a key, or one revision of it.
    /// Completes with: the entry; nothing when the key does not exist, was deleted, purged or expired, or when
    /// get_options::revision is not a value of this key. Deletion is no error.
    /// Errors: also errc::invalid_key, errc::invalid_revision (an unknown one), before a byte is sent.
    template <asio::completion_token_for<void(std::error_code, std::optional<entry>)> Token = default_token>
    auto async_get(std::string_view key, get_options options = {}, Token&& token = Token()) {
        return asio::async_initiate<Token, void(std::error_code, std::optional<entry>)>(
            [](auto handler, reader* self, auto&& owned, const get_options& o) {
                self->start_get(std::forward<decltype(owned)>(owned), o, own<std::optional<entry>>(self, std::move(handler)));
            },
            token, this, std::string(key), options);
    }

    /// As async_get, and shows empty values also where they stand for a conditional delete (open_options::empty_is_tombstone,
    /// entry::is_tombstone): whoever wants to write over one needs its revision.
    template <asio::completion_token_for<void(std::error_code, std::optional<entry>)> Token = default_token>
    auto async_entry(std::string_view key, get_options options = {}, Token&& token = Token()) {
        return asio::async_initiate<Token, void(std::error_code, std::optional<entry>)>(
            [](auto handler, reader* self, auto&& owned, const get_options& o) {
                self->start_entry(std::forward<decltype(owned)>(owned), o, own<std::optional<entry>>(self, std::move(handler)));
            },
            token, this, std::string(key), options);
    }

    /// Lists the keys that have a value and begin with any of the prefixes, without reading the values.
    /// Completes with: each key once, sorted by bytes; none is missing that had a value all the time, whatever changed meanwhile.
    /// Errors: also errc::invalid_prefix, before a byte is sent.
    template <asio::completion_token_for<void(std::error_code, std::vector<std::string>)> Token = default_token>
    auto async_keys(prefixes which = {}, read_options options = {}, Token&& token = Token()) {
        return asio::async_initiate<Token, void(std::error_code, std::vector<std::string>)>(
            [](auto handler, reader* self, prefixes p, read_options o) {
                self->start_keys(std::move(p), o, own<std::vector<std::string>>(self, std::move(handler)));
            },
            token, this, std::move(which), options);
    }

    /// Reads the last value of every key that begins with any of the prefixes.
    /// Completes with: one put entry a key, sorted by key; none is missing that had a value all the time. Keys written during the scan
    /// appear with one of their values.
    /// Errors: also errc::invalid_prefix, before a byte is sent.
    template <asio::completion_token_for<void(std::error_code, std::vector<entry>)> Token = default_token>
    auto async_scan(prefixes which = {}, read_options options = {}, Token&& token = Token()) {
        return asio::async_initiate<Token, void(std::error_code, std::vector<entry>)>(
            [](auto handler, reader* self, prefixes p, read_options o) {
                self->start_scan(std::move(p), o, own<std::vector<entry>>(self, std::move(handler)));
            },
            token, this, std::move(which), options);
    }

protected:
    reader() = default;
    reader(const reader&) = default;
    reader& operator=(const reader&) = default;

    virtual void start_get(std::string key, get_options options, handler_for<std::optional<entry>> handler) = 0;
    virtual void start_entry(std::string key, get_options options, handler_for<std::optional<entry>> handler) = 0;
    virtual void start_keys(prefixes which, read_options options, handler_for<std::vector<std::string>> handler) = 0;
    virtual void start_scan(prefixes which, read_options options, handler_for<std::vector<entry>> handler) = 0;

private:
    template <class Result, class Handler>
    static handler_for<Result> own(const reader* self, Handler handler) {
        return slipstream::detail::make_any_handler<void(std::error_code, Result)>(std::move(handler), self->get_executor());
    }
};

/// Writes keys.
///
/// Errors common to all: errc::invalid_key (before a byte is sent), errc::bucket_not_found, errc::bucket_full,
/// errc::value_too_large, slipstream::errc::max_payload, permission_denied, closed, invalid_option,
/// timeout_unsent (nothing was stored), outcome_unknown (the write was sent but its result was lost to the deadline or with the
/// connection: read the key to find out, contract W13), and jetstream::errc as the server says.
/// Cancellation: terminal, partial; whether a write that was already sent takes effect is then unknown.
class writer {
public:
    using executor_type = asio::any_io_executor;

    virtual ~writer() = default;
    [[nodiscard]] virtual executor_type get_executor() const noexcept = 0;

    /// Stores a value, whatever the key held before.
    /// Completes with: its revision.
    template <asio::completion_token_for<void(std::error_code, revision)> Token = default_token>
    auto async_put(std::string_view key, payload_view value, put_options options = {}, Token&& token = Token()) {
        return asio::async_initiate<Token, void(std::error_code, revision)>(
            [](auto handler, writer* self, key_value&& arguments, const put_options& o) {
                self->start_put(std::move(arguments), o, own<revision>(self, std::move(handler)));
            },
            token, this, key_value(key, value), options);
    }

    /// Stores a value if the key has none: it never existed, or was deleted, purged or expired. One of several racing
    /// creators wins.
    /// Completes with: its revision.
    /// Errors: also errc::key_exists; jetstream::errc::ttl_disabled, ttl_invalid.
    template <asio::completion_token_for<void(std::error_code, revision)> Token = default_token>
    auto async_create(std::string_view key, payload_view value, create_options options = {}, Token&& token = Token()) {
        return asio::async_initiate<Token, void(std::error_code, revision)>(
            [](auto handler, writer* self, key_value&& arguments, const create_options& o) {
                self->start_create(std::move(arguments), o, own<revision>(self, std::move(handler)));
            },
            token, this, key_value(key, value), options);
    }

    /// Stores a value if `expected` is still the key's last revision (compare and set). Revision 0: if the key has no revision.
    /// Completes with: its revision.
    /// Errors: also errc::revision_mismatch (a missing key included); errc::invalid_revision (an unknown one), before a byte is
    /// sent.
    template <asio::completion_token_for<void(std::error_code, revision)> Token = default_token>
    auto async_update(std::string_view key, payload_view value, revision expected, update_options options = {}, Token&& token = Token()) {
        return asio::async_initiate<Token, void(std::error_code, revision)>(
            [](auto handler, writer* self, key_value&& arguments, revision r, const update_options& o) {
                self->start_update(std::move(arguments), r, o, own<revision>(self, std::move(handler)));
            },
            token, this, key_value(key, value), expected, options);
    }

    /// Deletes a key: stores a delete marker, which watches see. Older values stay in the key's history. Also succeeds for a key
    /// that does not exist (the marker is stored all the same: contract S107, W35), unless `expected` is given.
    /// Completes with: the marker's revision.
    /// Errors: also errc::revision_mismatch; errc::invalid_revision (an unknown one), before a byte is sent.
    template <asio::completion_token_for<void(std::error_code, revision)> Token = default_token>
    auto async_erase(std::string_view key, erase_options options = {}, Token&& token = Token()) {
        return asio::async_initiate<Token, void(std::error_code, revision)>(
            [](auto handler, writer* self, auto&& owned, const erase_options& o) {
                self->start_erase(std::forward<decltype(owned)>(owned), o, own<revision>(self, std::move(handler)));
            },
            token, this, std::string(key), options);
    }

    /// Deletes a key and its history, and leaves one marker, which watches see.
    /// Completes with: the marker's revision.
    /// Errors: as async_erase, and jetstream::errc::ttl_disabled, ttl_invalid.
    template <asio::completion_token_for<void(std::error_code, revision)> Token = default_token>
    auto async_purge(std::string_view key, purge_options options = {}, Token&& token = Token()) {
        return asio::async_initiate<Token, void(std::error_code, revision)>(
            [](auto handler, writer* self, auto&& owned, const purge_options& o) {
                self->start_purge(std::forward<decltype(owned)>(owned), o, own<revision>(self, std::move(handler)));
            },
            token, this, std::string(key), options);
    }

protected:
    writer() = default;
    writer(const writer&) = default;
    writer& operator=(const writer&) = default;

    virtual void start_put(key_value arguments, put_options options, handler_for<revision> handler) = 0;
    virtual void start_create(key_value arguments, create_options options, handler_for<revision> handler) = 0;
    virtual void start_update(key_value arguments, revision expected, update_options options, handler_for<revision> handler) = 0;
    virtual void start_erase(std::string key, erase_options options, handler_for<revision> handler) = 0;
    virtual void start_purge(std::string key, purge_options options, handler_for<revision> handler) = 0;

private:
    template <class Result, class Handler>
    static handler_for<Result> own(const writer* self, Handler handler) {
        return slipstream::detail::make_any_handler<void(std::error_code, Result)>(std::move(handler), self->get_executor());
    }
};

/// Follows keys. See kv::watch for what a watch tells and how it ends.
class watcher {
public:
    virtual ~watcher() = default;

    /// Watches all keys that begin with any of the prefixes; updates are queued in the handle. Returns at once: errors of the
    /// set-up come through the handle, invalid arguments included.
    [[nodiscard]] kv::watch watch(prefixes which = {}, watch_options options = {}) { return start_watch(std::move(which), options); }
    /// As above; `on_update` is called in place for each update, without copying it.
    [[nodiscard]] kv::watch watch(prefixes which, watch_handler on_update, watch_options options = {}) {
        return start_watch(std::move(which), options, std::move(on_update));
    }

protected:
    watcher() = default;
    watcher(const watcher&) = default;
    watcher& operator=(const watcher&) = default;

    virtual kv::watch start_watch(prefixes which, watch_options options) = 0;
    virtual kv::watch start_watch(prefixes which, watch_options options, watch_handler on_update) = 0;
};

}  // namespace slipstream::kv
