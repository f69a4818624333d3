// Forward declarations of every public core type.
#pragma once

namespace slipstream {

class client;
class subscription;
class thread_safe_publisher;
class message;
class message_view;
class header_map;
class header_view;
class payload_view;
class secret;
struct connect_options;
struct event;
struct publish_options;
struct request_options;
struct server_info;
struct statistics;
struct subscribe_options;

}  // namespace slipstream
