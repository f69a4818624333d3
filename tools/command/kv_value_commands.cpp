// kv get, entry, put, create, update, del, purge, keys, scan, history.

#include <functional>
#include <memory>
#include <optional>
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
namespace jetstream = slipstream::jetstream;

struct key_arguments {
    std::string bucket;
    std::string key;
    std::string value;
    std::vector<std::string> prefixes;
    std::optional<std::uint64_t> revision;
    std::chrono::nanoseconds ttl{0};
};

const char* event_of(kv::operation op) {
    switch (op) {
        case kv::operation::put: return "put";
        case kv::operation::erase: return "delete";
        case kv::operation::purge: return "purge";
    }
    return "";
}

// A handle, or the exit code of the failure that has been printed.
struct opened {
    kv::bucket bucket;
    int code = done;
};

asio::awaitable<opened> open(app& a, const std::string& name) {
    jetstream::context js = a.jetstream();
    kv::open_options options;
    if (a.options().timeout.count() > 0) {
        options.timeout = a.options().timeout;
        options.operation_timeout = a.options().timeout;
    }
    opened out;
    auto [ec, bucket] = co_await kv::async_open_bucket(js, name, options, use_tuple);
    if (ec) out.code = a.fail(ec, "bucket " + name);
    out.bucket = std::move(bucket);
    co_return out;
}

int print_failure(app& a, std::string_view op, const std::error_code& ec, const std::string& context, const std::string& detail = {}) {
    if (a.out().json() && !a.stopped_by(ec)) json_line(a.out(), "result").text("op", op).boolean("ok", false).text("code", code_name(ec));
    return a.fail(ec, context, detail);
}

void print_entry(app& a, const kv::entry& e) {
    if (a.out().json()) {
        json_line line(a.out(), event_of(e.operation()));
        line.text("key", e.key()).number("revision", e.revision().value());
        if (e.operation() == kv::operation::put) line.data("data", e.value());
        return;
    }
    std::string text =
        std::to_string(e.revision().value()) + "  " + human_time(e.created()) + "  " + event_of(e.operation()) + "  " + e.key();
    if (e.operation() == kv::operation::put) text += " = " + e.value();
    a.out().line(text);
}

asio::awaitable<int> get(app& a, const key_arguments& k, bool whole_entry) {
    opened o = co_await open(a, k.bucket);
    if (o.code != done || !o.bucket) co_return o.code;
    jetstream::error_info info;
    kv::get_options options;
    options.info = &info;
    if (k.revision) options.revision = kv::revision(*k.revision);
    const std::string op = whole_entry ? "kv_entry" : "kv_get";
    std::error_code ec;
    std::optional<kv::entry> e;
    if (whole_entry)
        std::tie(ec, e) = co_await o.bucket.async_entry(k.key, options, use_tuple);
    else
        std::tie(ec, e) = co_await o.bucket.async_get(k.key, options, use_tuple);
    if (!ec && !e) ec = kv::errc::key_not_found;
    if (ec) co_return print_failure(a, op, ec, "key " + k.key, info.description);
    if (a.out().json()) {
        json_line(a.out(), "result")
            .text("op", op)
            .boolean("ok", true)
            .text("key", e->key())
            .number("revision", e->revision().value())
            .data("data", e->value());
    } else if (whole_entry) {
        print_entry(a, *e);
    } else {
        a.out().raw(e->value());
    }
    co_return done;
}

enum class write_kind { put, create, update, erase, purge };

asio::awaitable<int> write(app& a, const key_arguments& k, write_kind kind) {
    opened o = co_await open(a, k.bucket);
    if (o.code != done || !o.bucket) co_return o.code;
    const std::string value = kind == write_kind::erase || kind == write_kind::purge ? std::string() : read_payload(k.value);
    jetstream::error_info info;
    std::error_code ec;
    kv::revision stored;
    const char* op = "";
    switch (kind) {
        case write_kind::put: {
            op = "kv_put";
            kv::put_options options;
            options.info = &info;
            std::tie(ec, stored) = co_await o.bucket.async_put(k.key, value, options, use_tuple);
            break;
        }
        case write_kind::create: {
            op = "kv_create";
            kv::create_options options;
            options.info = &info;
            options.ttl = std::chrono::ceil<std::chrono::seconds>(k.ttl);
            std::tie(ec, stored) = co_await o.bucket.async_create(k.key, value, options, use_tuple);
            break;
        }
        case write_kind::update: {
            op = "kv_update";
            kv::update_options options;
            options.info = &info;
            std::tie(ec, stored) = co_await o.bucket.async_update(k.key, value, kv::revision(k.revision.value_or(0)), options, use_tuple);
            break;
        }
        case write_kind::erase: {
            op = "kv_del";
            kv::erase_options options;
            options.info = &info;
            if (k.revision) options.expected = kv::revision(*k.revision);
            std::tie(ec, stored) = co_await o.bucket.async_erase(k.key, options, use_tuple);
            break;
        }
        case write_kind::purge: {
            op = "kv_purge";
            kv::purge_options options;
            options.info = &info;
            if (k.revision) options.expected = kv::revision(*k.revision);
            std::tie(ec, stored) = co_await o.bucket.async_purge(k.key, options, use_tuple);
            break;
        }
    }
    if (ec) co_return print_failure(a, op, ec, "key " + k.key, info.description);
    if (a.out().json())
        json_line(a.out(), "result").text("op", op).boolean("ok", true).text("key", k.key).number("revision", stored.value());
    else
        a.out().line(std::to_string(stored.value()));
    co_return done;
}

asio::awaitable<int> keys(app& a, const key_arguments& k) {
    opened o = co_await open(a, k.bucket);
    if (o.code != done || !o.bucket) co_return o.code;
    const kv::prefixes which = k.prefixes.empty() ? kv::prefixes() : kv::prefixes(k.prefixes);
    const auto [ec, found] = co_await o.bucket.async_keys(which, {}, use_tuple);
    if (ec) co_return print_failure(a, "kv_keys", ec, "kv keys " + k.bucket);
    for (const std::string& key : found) {
        if (a.out().json())
            json_line(a.out(), "key").text("key", key);
        else
            a.out().line(key);
    }
    if (a.out().json()) json_line(a.out(), "done").number("count", found.size());
    co_return done;
}

asio::awaitable<int> scan(app& a, const key_arguments& k) {
    opened o = co_await open(a, k.bucket);
    if (o.code != done || !o.bucket) co_return o.code;
    const kv::prefixes which = k.prefixes.empty() ? kv::prefixes() : kv::prefixes(k.prefixes);
    const auto [ec, found] = co_await o.bucket.async_scan(which, {}, use_tuple);
    if (ec) co_return print_failure(a, "kv_scan", ec, "kv scan " + k.bucket);
    for (const kv::entry& e : found) print_entry(a, e);
    if (a.out().json()) json_line(a.out(), "done").number("count", found.size());
    co_return done;
}

asio::awaitable<int> history(app& a, const key_arguments& k) {
    opened o = co_await open(a, k.bucket);
    if (o.code != done || !o.bucket) co_return o.code;
    const auto [ec, found] = co_await o.bucket.async_history(k.key, {}, use_tuple);
    if (ec) co_return print_failure(a, "kv_history", ec, "history of " + k.key);
    for (const kv::entry& e : found) print_entry(a, e);
    if (a.out().json()) json_line(a.out(), "done").number("count", found.size());
    co_return done;
}

}  // namespace

void add_kv_value_commands(CLI::App& parser, work& chosen) {
    auto k = std::make_shared<key_arguments>();
    enum shape { with_key = 1, with_value = 2, with_revision = 4, needs_revision = 8, with_ttl = 16, with_prefixes = 32 };
    const auto add = [&parser, &chosen, k](const char* name, const char* help, int shape,
                                           std::function<asio::awaitable<int>(app&, const key_arguments&)> what) {
        auto* sub = parser.add_subcommand(name, help);
        sub->add_option("bucket", k->bucket)->required();
        if ((shape & with_key) != 0) sub->add_option("key", k->key)->required();
        if ((shape & with_value) != 0) sub->add_option("value", k->value, "Text, or - for standard input")->required();
        if ((shape & (with_revision | needs_revision)) != 0) {
            auto* option = sub->add_option("--revision", k->revision, "The key's expected (get: wanted) revision");
            if ((shape & needs_revision) != 0) option->required();
        }
        if ((shape & with_ttl) != 0) {
            sub->add_option_function<std::string>(
                   "--ttl",
                   [k](const std::string& text) {
                       const auto d = parse_duration(text);
                       if (!d) throw CLI::ValidationError("--ttl", "'" + text + "' is not a duration such as 10s or 1h");
                       k->ttl = *d;
                   },
                   "The key vanishes after this time (whole seconds)")
                ->type_name("D");
        }
        if ((shape & with_prefixes) != 0) sub->add_option("prefix", k->prefixes, "Only keys that begin with one of these");
        sub->callback([&chosen, k, what] { chosen = [k, what](app& a) { return what(a, *k); }; });
    };
    add("get", "Print a key's value", with_key | with_revision, [](app& a, const key_arguments& g) { return get(a, g, false); });
    add("entry", "Print a key's last revision, empty values included", with_key,
        [](app& a, const key_arguments& g) { return get(a, g, true); });
    add("put", "Store a value; prints its revision", with_key | with_value,
        [](app& a, const key_arguments& w) { return write(a, w, write_kind::put); });
    add("create", "Store a value if the key has none", with_key | with_value | with_ttl,
        [](app& a, const key_arguments& w) { return write(a, w, write_kind::create); });
    add("update", "Store a value if the key's revision is the expected one", with_key | with_value | needs_revision,
        [](app& a, const key_arguments& w) { return write(a, w, write_kind::update); });
    add("del", "Delete a key", with_key | with_revision, [](app& a, const key_arguments& w) { return write(a, w, write_kind::erase); });
    add("purge", "Delete a key and its history", with_key | with_revision,
        [](app& a, const key_arguments& w) { return write(a, w, write_kind::purge); });
    add("keys", "List keys", with_prefixes, keys);
    add("scan", "Print all keys with their values", with_prefixes, scan);
    add("history", "Print all revisions of a key", with_key, history);
}

}  // namespace command
