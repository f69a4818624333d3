// stream ls, info, rm.

#include <memory>
#include <string>

#include <CLI/CLI.hpp>

#include <slipstream/jetstream/context.hpp>

#include "tools/command/commands.hpp"
#include "tools/command/exit_code.hpp"

namespace command {
namespace {

using slipstream::use_tuple;
namespace jetstream = slipstream::jetstream;

const char* name_of(jetstream::retention_policy p) {
    switch (p) {
        case jetstream::retention_policy::limits: return "limits";
        case jetstream::retention_policy::interest: return "interest";
        case jetstream::retention_policy::workqueue: return "workqueue";
    }
    return "";
}

const char* name_of(jetstream::storage_type t) { return t == jetstream::storage_type::memory ? "memory" : "file"; }

std::string join(const std::vector<std::string>& list) {
    std::string out;
    for (const std::string& item : list) out += (out.empty() ? "" : ", ") + item;
    return out;
}

void print_json(app& a, const jetstream::stream_info& s) {
    json_line line(a.out(), "result");
    line.text("op", "stream_info").boolean("ok", true).text("name", s.config.name).text("subjects", join(s.config.subjects));
    line.text("storage", name_of(s.config.storage)).text("retention", name_of(s.config.retention));
    line.number("replicas", static_cast<std::uint64_t>(s.config.num_replicas))
        .number("messages", s.state.messages)
        .number("bytes", s.state.bytes);
    line.number("first_seq", s.state.first_seq).number("last_seq", s.state.last_seq).number("consumers", s.state.consumer_count);
    line.text("created", std::to_string(s.created.time_since_epoch().count()));
}

std::string limit(std::int64_t n) { return n < 0 ? "unlimited" : std::to_string(n); }

asio::awaitable<int> list(app& a) {
    jetstream::context js = a.jetstream();
    const auto [ec, streams] = co_await js.async_list_streams({}, {}, use_tuple);
    if (ec) co_return a.fail(ec, "stream ls");
    table t;
    if (!a.out().json()) t.row({"NAME", "MESSAGES", "SIZE", "STORAGE", "SUBJECTS"});
    for (const jetstream::stream_info& s : streams) {
        if (a.out().json())
            print_json(a, s);
        else
            t.row({s.config.name, std::to_string(s.state.messages), human_size(s.state.bytes), name_of(s.config.storage),
                   join(s.config.subjects)});
    }
    if (a.out().json())
        json_line(a.out(), "done").number("count", streams.size());
    else
        t.print(a.out());
    co_return done;
}

asio::awaitable<int> show(app& a, const std::string& name) {
    jetstream::context js = a.jetstream();
    jetstream::error_info info;
    jetstream::call_options options;
    options.info = &info;
    const auto [ec, s] = co_await js.async_stream_info(name, options, use_tuple);
    if (ec) co_return a.fail(ec, "stream info " + name, info.description);
    if (a.out().json()) {
        print_json(a, s);
        co_return done;
    }
    table t;
    t.row({"name", s.config.name});
    if (!s.config.description.empty()) t.row({"description", s.config.description});
    t.row({"subjects", join(s.config.subjects)});
    t.row({"created", human_time(s.created)});
    t.row({"storage", std::string(name_of(s.config.storage)) + ", " + std::to_string(s.config.num_replicas) + " replica(s)"});
    t.row({"retention", name_of(s.config.retention)});
    t.row({"limits",
           limit(s.config.max_msgs) + " messages, " + limit(s.config.max_bytes) + " bytes, age " + human_duration(s.config.max_age)});
    t.row({"messages", std::to_string(s.state.messages) + " (" + human_size(s.state.bytes) + ")"});
    t.row({"sequences", std::to_string(s.state.first_seq) + " to " + std::to_string(s.state.last_seq)});
    t.row({"consumers", std::to_string(s.state.consumer_count)});
    if (!s.leader.empty()) t.row({"leader", s.leader});
    t.print(a.out());
    co_return done;
}

asio::awaitable<int> remove(app& a, const std::string& name) {
    jetstream::context js = a.jetstream();
    jetstream::error_info info;
    jetstream::call_options options;
    options.info = &info;
    const auto [ec] = co_await js.async_delete_stream(name, options, use_tuple);
    if (ec) co_return a.fail(ec, "stream rm " + name, info.description);
    if (a.out().json())
        json_line(a.out(), "result").text("op", "stream_rm").boolean("ok", true);
    else
        a.out().line("deleted stream " + name);
    co_return done;
}

}  // namespace

void add_stream_commands(CLI::App& parser, work& chosen) {
    auto* stream = parser.add_subcommand("stream", "JetStream streams");
    stream->require_subcommand(1);
    stream->fallthrough();
    auto name = std::make_shared<std::string>();
    stream->add_subcommand("ls", "List streams")->callback([&chosen] { chosen = list; });
    auto* info = stream->add_subcommand("info", "Show a stream");
    info->add_option("name", *name)->required();
    info->callback([&chosen, name] { chosen = [name](app& a) { return show(a, *name); }; });
    auto* rm = stream->add_subcommand("rm", "Delete a stream and everything in it");
    rm->add_option("name", *name)->required();
    rm->callback([&chosen, name] { chosen = [name](app& a) { return remove(a, *name); }; });
}

}  // namespace command
