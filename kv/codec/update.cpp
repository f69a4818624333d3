// Updates as values.
#include <slipstream/kv/update.hpp>

namespace slipstream::kv {

void update::assign(const update_view& view) {
    key_.assign(view.key);
    value_.assign(view.value);
    facts_ = view;
    facts_.key = facts_.value = {};
}

const char* to_string(update_kind kind) noexcept {
    switch (kind) {
        case update_kind::put: return "put";
        case update_kind::erase: return "erase";
        case update_kind::purge: return "purge";
        case update_kind::initial_done: return "initial_done";
        case update_kind::resync: return "resync";
    }
    return "unknown";
}

const char* to_string(resync_reason reason) noexcept {
    switch (reason) {
        case resync_reason::none: return "none";
        case resync_reason::expired: return "expired";
        case resync_reason::overrun: return "overrun";
        case resync_reason::stream_recreated: return "stream_recreated";
        case resync_reason::consumer_gone: return "consumer_gone";
        case resync_reason::gap: return "gap";
    }
    return "unknown";
}

}  // namespace slipstream::kv
