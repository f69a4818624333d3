// slipstream: look at and use a NATS system from the command line. A thin program over the public API.

#include <cstdio>
#include <exception>

#include <CLI/CLI.hpp>

#include "tools/command/app.hpp"
#include "tools/command/commands.hpp"
#include "tools/command/exit_code.hpp"
#include "tools/command/global_options.hpp"
#include "tools/command/hide_secrets.hpp"

int main(int argc, char** argv) {
    CLI::App parser("NATS from the command line: core messaging, JetStream streams, key-value buckets", "slipstream");
    parser.set_version_flag("--version", SLIPSTREAM_VERSION);
    parser.require_subcommand(1);
    command::global_options options;
    command::add_global_options(parser, options);

    command::work chosen;
    command::add_core_commands(parser, chosen);
    command::add_stream_commands(parser, chosen);
    command::add_bench_command(parser, chosen);
    CLI::App* kv = parser.add_subcommand("kv", "Key-value buckets");
    kv->require_subcommand(1);
    kv->fallthrough();
    command::add_kv_bucket_commands(*kv, chosen);
    command::add_kv_value_commands(*kv, chosen);
    command::add_kv_watch_command(*kv, chosen);

    try {
        parser.parse(argc, argv);
        command::hide_secrets(argc, argv);
        command::resolve_connect_options(options);
    } catch (const CLI::ParseError& e) {
        // Help and version are successes; everything else is bad usage.
        return parser.exit(e) == 0 ? command::done : command::bad_usage;
    }
    try {
        command::app app(std::move(options));
        return app.run(chosen);
    } catch (const std::exception& e) {
        std::fprintf(stderr, "slipstream: %s\n", e.what());
        return command::failed;
    }
}
