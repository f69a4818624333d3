// Options every command takes: how to connect, how to print, when to stop.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>

#include <slipstream/connect_options.hpp>

namespace CLI {
class App;
}

namespace command {

struct global_options {
    slipstream::connect_options connect;
    std::string context;                            // ADR-21 context file
    slipstream::secret creds_inline;
    std::string creds;
    std::string nkey;
    std::string user;
    slipstream::secret password;
    slipstream::secret token;
    std::string js_domain;
    std::chrono::milliseconds timeout{0};           // of one operation; 0 = the library's defaults
    std::optional<std::size_t> pending_msgs;        // of each subscription or watch; none = the library's defaults
    std::optional<std::size_t> pending_bytes;
    std::optional<std::chrono::nanoseconds> run_for;
    bool json = false;
    bool events = false;

    /// Puts the two limits into options of a subscription or a watch.
    template <class Options>
    void limit_queue(Options& o) const {
        o.pending_messages = pending_msgs.value_or(o.pending_messages);
        o.pending_bytes = pending_bytes.value_or(o.pending_bytes);
    }
};

/// Adds the options to `app`; they may stand before or after the command's name.
void add_global_options(CLI::App& app, global_options& out);

/// Combines flags, environment and context file, in this order of precedence, into `out.connect`. The first of them that says how to log
/// in decides alone, and in it credentials go before keys, and these before users and tokens.
/// Throws CLI::ValidationError, which ends as bad usage (exit code 2).
void resolve_connect_options(global_options& out);

}  // namespace command
