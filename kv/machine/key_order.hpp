// Many keys into the order of their bytes, with little memory beside them (S65).
#pragma once

#include <string>
#include <vector>

namespace slipstream::kv::machine {

/// Sorts by bytes. True when keys were found that are hard to tell apart, so that some may be the same.
bool sort_keys(std::vector<std::string>& keys);

}  // namespace slipstream::kv::machine
