// Replies of the JetStream API as values.
//
// Told: a reply. Emits: a value, or the error in it. Invariant: a reply that lacks what the API promises is
// errc::invalid_response, never success; members that this version does not know are ignored (stream configurations keep them).
// `info` may be null; it is written only when the server reports an error.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include <slipstream/jetstream/account_info.hpp>
#include <slipstream/jetstream/consumer_config.hpp>
#include <slipstream/jetstream/detail/replies.hpp>
#include <slipstream/jetstream/error.hpp>
#include <slipstream/jetstream/stored_message.hpp>
#include <slipstream/jetstream/stream_config.hpp>
#include <slipstream/message.hpp>

namespace slipstream::jetstream::api {

/// As decode_stream_info; the error is the classifier's (create_response.hpp), which also knows managed services.
std::error_code decode_stream_create(const message_view& reply, stream_info& out, error_info* info);
std::error_code decode_consumer_info(const message_view& reply, consumer_info& out, error_info* info);
/// Replies that say only `success`.
std::error_code decode_success(const message_view& reply, error_info* info);
/// The number of messages removed.
std::error_code decode_purge(const message_view& reply, std::uint64_t& out, error_info* info);
std::error_code decode_account_info(const message_view& reply, account_info& out, error_info* info);

/// DIRECT.GET; see also read_direct_message. Keeps the reply's bytes.
std::error_code decode_direct_message(message&& reply, stored_message& out, error_info* info);

/// Where a page stands in its list.
struct page {
    std::uint64_t total = 0;
    std::uint64_t received = 0;  ///< Entries of this page.
};

/// Each appends a page's entries.
std::error_code decode_list(const message_view& reply, std::vector<stream_info>& out, page& where, error_info* info);
std::error_code decode_list(const message_view& reply, std::vector<consumer_info>& out, page& where, error_info* info);
std::error_code decode_list(const message_view& reply, std::vector<std::string>& out, page& where, error_info* info);  ///< STREAM.NAMES

/// The subject that a request for a page (encode_page) filters by.
std::string filter_of_page(std::string_view request);

/// The `config` of a request as encode_create_consumer writes it. False when it is none.
bool decode_requested_consumer(std::string_view request, consumer_config& out);
/// Whether `existing` is what a request for `requested` makes: every value that was asked for is there, defaults may be anything.
bool fulfils(const consumer_config& existing, const consumer_config& requested);

}  // namespace slipstream::jetstream::api
