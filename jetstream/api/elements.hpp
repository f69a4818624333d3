// Decoders of the objects inside replies. Only .cpp files of this folder include it (simdjson).
#pragma once

#include "jetstream/api/json.hpp"

#include <slipstream/jetstream/consumer_config.hpp>
#include <slipstream/jetstream/stream_config.hpp>

namespace slipstream::jetstream::api {

bool read_stream_config(simdjson::dom::element element, stream_config& out);
bool read_stream_info(simdjson::dom::element element, stream_info& out);
bool read_consumer_config(simdjson::dom::element element, consumer_config& out);
bool read_consumer_info(simdjson::dom::element element, consumer_info& out);

/// Removes the server's own keys.
void strip_metadata(std::map<std::string, std::string>& metadata);

}  // namespace slipstream::jetstream::api
