// Every command registers itself with the parser and leaves its work in `chosen`.
#pragma once

#include "tools/command/app.hpp"

namespace CLI {
class App;
}

namespace command {

void add_core_commands(CLI::App& parser, work& chosen);       // pub sub request reply rtt info
void add_stream_commands(CLI::App& parser, work& chosen);     // stream ls info rm
void add_bench_command(CLI::App& parser, work& chosen);       // bench
void add_kv_bucket_commands(CLI::App& kv, work& chosen);      // kv add ls info rm
void add_kv_value_commands(CLI::App& kv, work& chosen);       // kv get entry put create update del purge keys scan history
void add_kv_watch_command(CLI::App& kv, work& chosen);        // kv watch

}  // namespace command
