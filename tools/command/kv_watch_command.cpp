// kv watch.

#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include <slipstream/kv/bucket.hpp>

#include "tools/command/commands.hpp"
#include "tools/command/duration.hpp"
#include "tools/command/exit_code.hpp"

namespace command {
namespace {

using slipstream::use_tuple;
namespace kv = slipstream::kv;

struct watch_arguments {
    std::string bucket;
    std::vector<std::string> prefixes;
    kv::cursor from;
    std::uint64_t count = 0;
    std::chrono::nanoseconds slow{0};
    bool until_initial = false;
    bool updates_only = false;
    bool meta_only = false;
    bool ignore_deletes = false;
};

void print_json(app& a, const kv::update& u, bool meta_only) {
    switch (u.kind()) {
        case kv::update_kind::put: {
            json_line line(a.out(), "put");
            line.text("key", u.key()).number("revision", u.revision().value()).boolean("initial", u.initial());
            if (!meta_only) line.data("data", u.value());
            break;
        }
        case kv::update_kind::erase:
        case kv::update_kind::purge:
            json_line(a.out(), u.kind() == kv::update_kind::erase ? "delete" : "purge")
                .text("key", u.key()).number("revision", u.revision().value()).boolean("initial", u.initial());
            break;
        case kv::update_kind::initial_done: json_line(a.out(), "initial_done").number("count", u.count()); break;
        case kv::update_kind::resync: json_line(a.out(), "resync").text("reason", to_string(u.reason())); break;
    }
}

void print_text(app& a, const kv::update& u, bool meta_only) {
    switch (u.kind()) {
        case kv::update_kind::put:
            a.out().line(std::to_string(u.revision().value()) + "  put  " + u.key() + (meta_only ? "" : " = " + u.value()));
            break;
        case kv::update_kind::erase: a.out().line(std::to_string(u.revision().value()) + "  delete  " + u.key()); break;
        case kv::update_kind::purge: a.out().line(std::to_string(u.revision().value()) + "  purge  " + u.key()); break;
        case kv::update_kind::initial_done: a.out().line("-- " + std::to_string(u.count()) + " initial values, now live --"); break;
        case kv::update_kind::resync: a.out().line("-- starting over: " + std::string(to_string(u.reason())) + " --"); break;
    }
}

// The cursor is printed however the watch ends: it is what `--from` goes on with.
int finish(app& a, const kv::watch& w, std::uint64_t seen, int code) {
    const std::string cursor = w.position().to_string();
    if (a.out().json()) json_line(a.out(), "done").number("count", seen).text("cursor", cursor);
    else a.out().line("-- cursor " + cursor + " --");
    return code;
}

asio::awaitable<int> watch(app& a, const watch_arguments& arguments) {
    slipstream::jetstream::context js = a.jetstream();
    kv::open_options open;
    open.timeout = a.options().timeout;
    auto [opened, bucket] = co_await kv::async_open_bucket(js, arguments.bucket, open, use_tuple);
    if (opened) co_return a.fail(opened, "bucket " + arguments.bucket);

    kv::watch_options options;
    options.from = arguments.from;
    options.updates_only = arguments.updates_only;
    options.meta_only = arguments.meta_only;
    options.ignore_deletes = arguments.ignore_deletes;
    a.options().limit_queue(options);
    kv::watch changes = bucket.watch(arguments.prefixes.empty() ? kv::prefixes() : kv::prefixes(arguments.prefixes), options);
    std::uint64_t seen = 0;
    while (arguments.count == 0 || seen < arguments.count) {
        const auto [ec, u] = co_await changes.async_next(use_tuple);
        if (ec) co_return finish(a, changes, seen, a.fail(ec, "watch of " + arguments.bucket));
        if (u.is_change()) ++seen;
        if (a.out().json()) print_json(a, u, arguments.meta_only);
        else print_text(a, u, arguments.meta_only);
        if (arguments.until_initial && u.kind() == kv::update_kind::initial_done) break;
        if (arguments.slow.count() > 0) co_await a.pause(arguments.slow);
    }
    co_return finish(a, changes, seen, done);
}

}  // namespace

void add_kv_watch_command(CLI::App& parser, work& chosen) {
    auto* sub = parser.add_subcommand("watch", "Print the current values, then every change");
    auto w = std::make_shared<watch_arguments>();
    sub->add_option("bucket", w->bucket)->required();
    sub->add_option("prefix", w->prefixes, "Only keys that begin with one of these");
    sub->add_option_function<std::string>("--from", [w](const std::string& text) {
        const auto parsed = kv::cursor::from_string(text);
        if (!parsed) throw CLI::ValidationError("--from", "'" + text + "' is not a cursor");
        w->from = *parsed;
    }, "Go on from a cursor that an earlier watch printed")->type_name("CURSOR");
    sub->add_option("--count", w->count, "Stop after so many changes");
    sub->add_flag("--until-initial", w->until_initial, "Stop when the current state is complete");
    sub->add_flag("--updates-only", w->updates_only, "Changes only, no current values");
    sub->add_flag("--meta-only", w->meta_only, "Keys and revisions without values");
    sub->add_flag("--ignore-deletes", w->ignore_deletes, "Do not show deletes and purges");
    sub->add_option_function<std::string>("--slow", [w](const std::string& text) {
        const auto d = parse_duration(text);
        if (!d) throw CLI::ValidationError("--slow", "'" + text + "' is not a duration");
        w->slow = *d;
    }, "Wait after each update")->type_name("D");
    sub->callback([&chosen, w] { chosen = [w](app& a) { return watch(a, *w); }; });
}

}  // namespace command
