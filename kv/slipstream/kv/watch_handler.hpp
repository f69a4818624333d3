// How a watch is told of updates in place.
#pragma once

#include <functional>

#include <slipstream/kv/update.hpp>

namespace slipstream::kv {

/// Called in place for each update, with a view of the read buffer: the fastest way to watch. It may stop or destroy its watch. It
/// must not throw; what it throws ends the watch with errc::watch_stopped.
using watch_handler = std::function<void(const update_view&)>;

}  // namespace slipstream::kv
