// kv add, ls, info, rm.

#include <memory>
#include <string>

#include <CLI/CLI.hpp>

#include <slipstream/kv/bucket.hpp>

#include "tools/command/commands.hpp"
#include "tools/command/duration.hpp"
#include "tools/command/exit_code.hpp"

namespace command {
namespace {

using slipstream::use_tuple;
namespace kv = slipstream::kv;
namespace jetstream = slipstream::jetstream;

const char* name_of(jetstream::storage_type t) { return t == jetstream::storage_type::memory ? "memory" : "file"; }

void print_json(app& a, std::string_view op, const kv::bucket_status& s) {
    json_line line(a.out(), "result");
    line.text("op", op).boolean("ok", true).text("bucket", s.bucket).number("values", s.values).number("bytes", s.bytes);
    line.number("first_seq", s.first_sequence).number("last_seq", s.last_sequence).number("history", s.config.history);
    line.number("ttl_ns", static_cast<std::uint64_t>(s.config.ttl.count())).text("storage", name_of(s.config.storage));
    line.number("replicas", s.config.replicas).text("created", std::to_string(s.created.time_since_epoch().count()));
}

asio::awaitable<int> add(app& a, const kv::bucket_config& config) {
    jetstream::context js = a.jetstream();
    jetstream::error_info info;
    kv::open_options options;
    options.timeout = a.options().timeout;
    options.info = &info;
    const auto [ec, bucket] = co_await kv::async_create_bucket(js, config, options, use_tuple);
    if (ec) co_return a.fail(ec, "kv add " + config.bucket, info.description);
    if (a.out().json())
        json_line(a.out(), "result").text("op", "kv_add").boolean("ok", true).text("bucket", config.bucket);
    else
        a.out().line("bucket " + config.bucket + " is ready");
    co_return done;
}

asio::awaitable<int> list(app& a) {
    jetstream::context js = a.jetstream();
    kv::manage_options options;
    options.timeout = a.options().timeout;
    const auto [ec, buckets] = co_await kv::async_list_buckets(js, options, use_tuple);
    if (ec) co_return a.fail(ec, "kv ls");
    table t;
    t.row({"BUCKET", "VALUES", "SIZE", "HISTORY", "TTL", "STORAGE", "CREATED"});
    for (const kv::bucket_status& s : buckets) {
        if (a.out().json())
            print_json(a, "kv_info", s);
        else
            t.row({s.bucket, std::to_string(s.values), human_size(s.bytes), std::to_string(s.config.history), human_duration(s.config.ttl),
                   name_of(s.config.storage), human_time(s.created)});
    }
    if (a.out().json())
        json_line(a.out(), "done").number("count", buckets.size());
    else
        t.print(a.out());
    co_return done;
}

asio::awaitable<int> show(app& a, const std::string& name) {
    jetstream::context js = a.jetstream();
    kv::open_options open;
    open.timeout = a.options().timeout;
    auto [opened, bucket] = co_await kv::async_open_bucket(js, name, open, use_tuple);
    if (opened) co_return a.fail(opened, "kv info " + name);
    kv::read_options read;
    read.timeout = a.options().timeout;
    const auto [ec, s] = co_await bucket.async_status(read, use_tuple);
    if (ec) co_return a.fail(ec, "kv info " + name);
    if (a.out().json()) {
        print_json(a, "kv_info", s);
        co_return done;
    }
    table t;
    t.row({"bucket", s.bucket});
    if (!s.config.description.empty()) t.row({"description", s.config.description});
    t.row({"created", human_time(s.created)});
    t.row({"values", std::to_string(s.values) + " (markers and history included)"});
    t.row({"size",
           human_size(s.bytes) + (s.config.max_bytes > 0 ? " of " + human_size(static_cast<std::uint64_t>(s.config.max_bytes)) : "")});
    t.row({"history", std::to_string(s.config.history)});
    t.row({"ttl", human_duration(s.config.ttl)});
    t.row({"marker ttl", human_duration(s.config.limit_marker_ttl)});
    t.row({"storage", std::string(name_of(s.config.storage)) + ", " + std::to_string(s.config.replicas) + " replica(s)"});
    t.row({"sequences", std::to_string(s.first_sequence) + " to " + std::to_string(s.last_sequence)});
    t.print(a.out());
    co_return done;
}

asio::awaitable<int> remove(app& a, const std::string& name) {
    jetstream::context js = a.jetstream();
    jetstream::error_info info;
    kv::manage_options options;
    options.timeout = a.options().timeout;
    options.info = &info;
    const auto [ec] = co_await kv::async_delete_bucket(js, name, options, use_tuple);
    if (ec) co_return a.fail(ec, "kv rm " + name, info.description);
    if (a.out().json())
        json_line(a.out(), "result").text("op", "kv_rm").boolean("ok", true);
    else
        a.out().line("deleted bucket " + name);
    co_return done;
}

void add_duration(CLI::App& sub, const std::string& name, std::chrono::nanoseconds& out, const std::string& help) {
    sub.add_option_function<std::string>(
           name,
           [name, &out](const std::string& text) {
               const auto d = parse_duration(text);
               if (!d) throw CLI::ValidationError(name, "'" + text + "' is not a duration such as 100ms, 2s or 1m");
               out = *d;
           },
           help)
        ->type_name("D");
}

}  // namespace

void add_kv_bucket_commands(CLI::App& parser, work& chosen) {
    auto* add_command = parser.add_subcommand("add", "Make a bucket");
    auto c = std::make_shared<kv::bucket_config>();
    add_command->add_option("bucket", c->bucket)->required();
    add_command->add_option("--history", c->history, "Values kept for each key, 1 to 64");
    add_duration(*add_command, "--ttl", c->ttl, "Age at which values vanish");
    add_command->add_option("--max-bytes", c->max_bytes, "Size limit of the bucket");
    add_command->add_option("--max-value-size", c->max_value_size, "Size limit of one value");
    add_command->add_option("--replicas", c->replicas);
    add_command->add_option("--description", c->description);
    add_command
        ->add_option_function<std::string>(
            "--storage",
            [c](const std::string& text) {
                if (text != "file" && text != "memory") throw CLI::ValidationError("--storage", "file or memory");
                c->storage = text == "memory" ? jetstream::storage_type::memory : jetstream::storage_type::file;
            },
            "file or memory")
        ->type_name("KIND");
    add_duration(*add_command, "--marker-ttl", c->limit_marker_ttl, "Expired keys leave a delete marker for so long");
    add_command->callback([&chosen, c] { chosen = [c](app& a) { return add(a, *c); }; });

    parser.add_subcommand("ls", "List buckets")->callback([&chosen] { chosen = list; });
    auto name = std::make_shared<std::string>();
    auto* info = parser.add_subcommand("info", "Show a bucket");
    info->add_option("bucket", *name)->required();
    info->callback([&chosen, name] { chosen = [name](app& a) { return show(a, *name); }; });
    auto* rm = parser.add_subcommand("rm", "Delete a bucket and everything in it");
    rm->add_option("bucket", *name)->required();
    rm->callback([&chosen, name] { chosen = [name](app& a) { return remove(a, *name); }; });
}

}  // namespace command
