// bench: how fast this client, this network and this server are together.
//
// Every kind makes what it needs (a second connection, a stream, a bucket, all under names that nobody else has) and removes it. What is
// printed are figures of one machine at one time; bench/ in the source tree compares.
#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>
#include <asio/error.hpp>

#include <slipstream/kv/bucket.hpp>

#include "tools/command/commands.hpp"
#include "tools/command/exit_code.hpp"
#include "tools/command/gate.hpp"
#include "tools/command/latency_histogram.hpp"
#include "tools/command/progress.hpp"

namespace command {
namespace {

namespace kv = slipstream::kv;
using slipstream::use_tuple;
using clock = std::chrono::steady_clock;

struct bench_arguments {
    std::string kind;
    std::size_t size = 128;
    std::uint64_t count = 0;  // 0 = what suits the kind
    std::uint64_t in_flight = 1;
    std::uint64_t runs = 1;
};

/// Of one run.
struct figures {
    std::uint64_t count = 0;
    std::uint64_t bytes = 0;  // of payload
    clock::duration time{};
    latency_histogram latencies;

    [[nodiscard]] double seconds() const { return std::chrono::duration<double>(time).count(); }
    [[nodiscard]] double rate() const { return seconds() > 0 ? static_cast<double>(count) / seconds() : 0; }
    [[nodiscard]] double byte_rate() const { return seconds() > 0 ? static_cast<double>(bytes) / seconds() : 0; }
};

/// What a run works with.
struct bench {
    app& a;
    const bench_arguments& given;
    std::uint64_t count;
    std::string payload;
    std::string name;     // no other subject, stream or bucket has it
    figures result{};
};

using bench_result = asio::awaitable<std::error_code>;
using operation = std::function<void(std::uint64_t number, std::function<void(std::error_code)> done)>;

/// Keeps operations pending until all have ended, one has failed, or the command is told to stop. It outlives the wait for it: what is
/// pending then still ends.
class pipeline : public std::enable_shared_from_this<pipeline> {
public:
    pipeline(bench& b, operation begin)
        : begin_(std::move(begin)), total_(b.count), all_ended_(b.a.io().get_executor()), bar_(b.a.out(), b.given.kind, b.count) {}

    bench_result run(bench& b) {
        const auto began = clock::now();
        for (std::uint64_t i = 0; i < b.given.in_flight && next_ < total_ && !error_; ++i) start();
        co_await all_ended_.wait();
        stopped_ = true;
        b.result.time = clock::now() - began;
        b.result.count = ended_;
        b.result.bytes = ended_ * b.payload.size();
        b.result.latencies = latencies_;
        co_return error_;
    }

private:
    void start() {
        begin_(next_++, [self = shared_from_this(), began = clock::now()](std::error_code ec) { self->on_end(ec, began); });
    }
    void on_end(std::error_code ec, clock::time_point began) {
        if (stopped_ || error_) return;
        if (ec) {
            error_ = ec;
            return all_ended_.open();
        }
        latencies_.add(clock::now() - began);
        bar_.at(++ended_);
        if (ended_ == total_) return all_ended_.open();
        if (next_ < total_) start();
    }

    operation begin_;
    std::uint64_t total_;
    gate all_ended_;
    progress bar_;
    latency_histogram latencies_;
    std::uint64_t next_ = 0;
    std::uint64_t ended_ = 0;
    std::error_code error_;
    bool stopped_ = false;
};

bench_result run_pipeline(bench& b, operation begin) {
    const auto all = std::make_shared<pipeline>(b, std::move(begin));
    co_return co_await all->run(b);
}

/// Publishes everything, and waits until the server has handled it.
bench_result publish_all(bench& b, slipstream::client nc, std::string subject) {
    progress bar(b.a.out(), "published", b.count);
    for (std::uint64_t sent = 0; sent < b.count && !b.a.stopping();) {
        const std::error_code ec = nc.publish(subject, b.payload);
        if (!ec) {
            bar.at(++sent);
            continue;
        }
        if (ec != slipstream::errc::buffer_full) co_return ec;
        const auto [flushed] = co_await nc.async_flush({}, use_tuple);
        if (flushed) co_return flushed;
    }
    const auto [flushed] = co_await nc.async_flush({}, use_tuple);
    co_return flushed;
}

/// Memory that is written and sent while it is still in the processor's cache: a publisher at full speed wants a small outbox.
constexpr std::size_t publisher_outbox = std::size_t{256} * 1024;

/// Another connection of this process.
asio::awaitable<std::pair<std::error_code, slipstream::client>> second_client(app& a) {
    slipstream::connect_options options = a.options().connect;
    options.outbox_bytes = publisher_outbox;
    slipstream::client nc(a.io().get_executor(), std::move(options));
    const auto [ec] = co_await nc.async_connect(use_tuple);
    co_return std::pair(ec, nc);
}

bench_result bench_pub(bench& b) {
    auto [ec, nc] = co_await second_client(b.a);
    if (ec) co_return ec;
    const auto began = clock::now();
    ec = co_await publish_all(b, nc, b.name);
    b.result.time = clock::now() - began;
    b.result.count = nc.stats().out_msgs;
    b.result.bytes = b.result.count * b.payload.size();
    nc.close();
    co_return ec;
}

bench_result bench_sub(bench& b) {
    gate enough(b.a.io().get_executor());
    auto [ec, nc] = co_await second_client(b.a);
    if (ec) co_return ec;
    figures& f = b.result;
    clock::time_point began;
    const slipstream::subscription in = b.a.client().subscribe(b.name, [&](const slipstream::message_view& m) {
        if (f.count == 0) began = clock::now();
        f.bytes += m.payload().size();
        if (++f.count == b.count) enough.open();
    });
    if (const auto [flushed] = co_await b.a.client().async_flush({}, use_tuple); flushed) co_return flushed;
    ec = co_await publish_all(b, nc, b.name);
    if (!ec && !b.a.stopping()) co_await enough.wait();
    f.time = clock::now() - began;
    nc.close();
    co_return ec;
}

bench_result bench_request(bench& b) {
    auto [ec, nc] = co_await second_client(b.a);
    if (ec) co_return ec;
    slipstream::client responder = nc;
    const slipstream::subscription in = responder.subscribe(
        b.name, [&responder](const slipstream::message_view& m) { static_cast<void>(responder.publish(m.reply_to(), m.payload())); });
    if (const auto [flushed] = co_await responder.async_flush({}, use_tuple); flushed) co_return flushed;
    operation request = [&b](std::uint64_t, auto done) {
        b.a.client().async_request(b.name, b.payload, {},
                                   [done = std::move(done)](std::error_code e, const slipstream::message&) { done(e); });
    };
    ec = co_await run_pipeline(b, std::move(request));
    responder.close();
    co_return ec;
}

bench_result bench_js_pub(bench& b) {
    const slipstream::jetstream::context js = b.a.jetstream();
    slipstream::jetstream::stream_config config;
    config.name = b.name;
    config.subjects = {b.name};
    config.storage = slipstream::jetstream::storage_type::memory;
    if (const auto [ec, made] = co_await js.async_create_stream(config, {}, use_tuple); ec) co_return ec;
    operation publish = [&b, js](std::uint64_t, auto done) {
        js.async_publish(b.name, b.payload, {},
                         [done = std::move(done)](std::error_code e, const slipstream::jetstream::publish_ack&) { done(e); });
    };
    const std::error_code ec = co_await run_pipeline(b, std::move(publish));
    const auto [removed] = co_await js.async_delete_stream(b.name, {}, use_tuple);
    co_return ec ? ec : removed;
}

/// Puts every key once.
bench_result fill(bench& b, kv::bucket& bucket) {
    bench_arguments many = b.given;
    many.in_flight = 256;
    bench filling{b.a, many, b.count, b.payload, b.name};
    operation put = [&filling, bucket](std::uint64_t i, auto done) mutable {
        bucket.async_put("key." + std::to_string(i), filling.payload, {},
                         [done = std::move(done)](std::error_code e, kv::revision) { done(e); });
    };
    co_return co_await run_pipeline(filling, std::move(put));
}

bench_result bench_kv_put(bench& b, kv::bucket& bucket) {
    operation put = [&b, bucket](std::uint64_t i, auto done) mutable {
        bucket.async_put("key." + std::to_string(i % 1000), b.payload, {},
                         [done = std::move(done)](std::error_code e, kv::revision) { done(e); });
    };
    co_return co_await run_pipeline(b, std::move(put));
}

bench_result bench_kv_get(bench& b, kv::bucket& bucket) {
    const std::uint64_t count = std::exchange(b.count, std::min<std::uint64_t>(b.count, 1000));
    const std::uint64_t keys = b.count;
    const std::error_code filled = co_await fill(b, bucket);
    b.count = count;
    if (filled) co_return filled;
    operation get = [bucket, keys](std::uint64_t i, auto done) mutable {
        bucket.async_get("key." + std::to_string(i % keys), {},
                         [done = std::move(done)](std::error_code e, const std::optional<kv::entry>&) { done(e); });
    };
    co_return co_await run_pipeline(b, std::move(get));
}

bench_result bench_kv_scan(bench& b, kv::bucket& bucket) {
    if (const std::error_code ec = co_await fill(b, bucket)) co_return ec;
    const auto began = clock::now();
    const auto [ec, entries] = co_await bucket.async_scan({}, {}, use_tuple);
    b.result.time = clock::now() - began;
    b.result.count = entries.size();
    for (const kv::entry& e : entries) b.result.bytes += e.value().size();
    co_return ec;
}

bench_result bench_kv_watch(bench& b, kv::bucket& bucket) {
    if (const std::error_code ec = co_await fill(b, bucket)) co_return ec;
    figures& f = b.result;
    const auto complete = std::make_shared<gate>(b.a.io().get_executor());
    const auto began = clock::now();
    kv::watch all = bucket.watch({}, [&f, complete](const kv::update_view& u) {
        if (u.kind == kv::update_kind::initial_done) return complete->open();
        if (!u.is_change()) return;
        ++f.count;
        f.bytes += u.value.size();
    });
    all.async_next([complete](std::error_code, const kv::update&) { complete->open(); });  // it has ended
    co_await complete->wait();
    f.time = clock::now() - began;
    co_return all.end_reason();
}

bench_result with_bucket(bench& b, bench_result (*run)(bench&, kv::bucket&)) {
    const slipstream::jetstream::context js = b.a.jetstream();
    kv::bucket_config config;
    config.bucket = b.name;
    config.storage = slipstream::jetstream::storage_type::memory;
    auto [failed, bucket] = co_await kv::async_create_bucket(js, config, {}, use_tuple);
    if (failed) co_return failed;
    const std::error_code ec = co_await run(b, bucket);
    const auto [removed] = co_await kv::async_delete_bucket(js, b.name, {}, use_tuple);
    co_return ec ? ec : removed;
}

struct kind {
    std::string_view name;
    bench_result (*plain)(bench&);
    bench_result (*on_bucket)(bench&, kv::bucket&);
    std::uint64_t count;
};

constexpr kind kinds[] = {
    {"pub", bench_pub, nullptr, 1'000'000},      {"sub", bench_sub, nullptr, 1'000'000},        {"request", bench_request, nullptr, 10'000},
    {"js-pub", bench_js_pub, nullptr, 10'000},   {"kv-put", nullptr, bench_kv_put, 10'000},     {"kv-get", nullptr, bench_kv_get, 10'000},
    {"kv-scan", nullptr, bench_kv_scan, 10'000}, {"kv-watch", nullptr, bench_kv_watch, 10'000},
};

double microseconds(std::chrono::nanoseconds d) { return std::chrono::duration<double, std::micro>(d).count(); }

void add_figures(json_line& line, const figures& f) {
    line.number("count", f.count).real("seconds", f.seconds(), 6).real("rate", f.rate(), 1).real("bytes_per_s", f.byte_rate(), 1);
    if (f.latencies.count() == 0) return;
    for (const auto& [name, share] :
         {std::pair("p50_us", 0.5), std::pair("p90_us", 0.9), std::pair("p99_us", 0.99), std::pair("p999_us", 0.999)})
        line.real(name, microseconds(f.latencies.percentile(share)), 1);
    line.real("max_us", microseconds(f.latencies.highest()), 1);
}

void print_histogram(const output& out, const latency_histogram& latencies) {
    std::uint64_t most = 1;
    for (const auto& line : latencies.lines()) most = std::max(most, line.count);
    table t;
    for (const auto& line : latencies.lines())
        t.row({"< " + human_duration(line.below), std::to_string(line.count),
               std::string(static_cast<std::size_t>(line.count * 40 / most), '#')});
    t.print(out);
}

void print_table(const output& out, const std::vector<figures>& runs) {
    table t;
    const bool latencies = runs.front().latencies.count() != 0;
    std::vector<std::string> head{"run", "count", "time", "rate", "payload"};
    if (latencies) head.insert(head.end(), {"p50", "p90", "p99", "p99.9", "max"});
    t.row(head);
    for (std::size_t i = 0; i < runs.size(); ++i) {
        const figures& f = runs[i];
        std::vector<std::string> row{std::to_string(i + 1), std::to_string(f.count), human_duration(f.time),
                                     std::to_string(static_cast<std::uint64_t>(f.rate())) + "/s",
                                     human_size(static_cast<std::uint64_t>(f.byte_rate())) + "/s"};
        if (latencies) {
            for (const double share : {0.5, 0.9, 0.99, 0.999}) row.push_back(human_duration(f.latencies.percentile(share)));
            row.push_back(human_duration(f.latencies.highest()));
        }
        t.row(row);
    }
    t.print(out);
}

asio::awaitable<int> run_bench(app& a, const bench_arguments& given) {
    const kind& wanted = *std::find_if(std::begin(kinds), std::end(kinds), [&](const kind& k) { return k.name == given.kind; });
    std::vector<figures> runs;
    while (runs.size() < given.runs && !a.stopping()) {
        const std::string inbox = a.client().new_inbox();
        bench b{a, given, given.count != 0 ? given.count : wanted.count, std::string(given.size, 'x'),
                "slipstream_bench_" + inbox.substr(inbox.rfind('.') + 1)};
        std::error_code ec;
        if (wanted.plain != nullptr)
            ec = co_await wanted.plain(b);
        else
            ec = co_await with_bucket(b, wanted.on_bucket);
        if (a.stopping()) break;
        if (ec) co_return a.fail(ec, "bench " + given.kind);
        runs.push_back(b.result);
        if (!a.out().json()) continue;
        json_line line(a.out(), "result");
        line.text("op", "bench " + given.kind).number("id", runs.size()).boolean("ok", true);
        add_figures(line, b.result);
    }
    if (runs.empty()) co_return done;
    if (a.out().json()) {
        // The run in the middle stands for all.
        std::sort(runs.begin(), runs.end(), [](const figures& x, const figures& y) { return x.rate() < y.rate(); });
        json_line line(a.out(), "done");
        line.text("op", "bench " + given.kind).number("runs", runs.size());
        add_figures(line, runs[runs.size() / 2]);
    } else {
        if (runs.back().latencies.count() != 0) print_histogram(a.out(), runs.back().latencies);
        print_table(a.out(), runs);
    }
    co_return done;
}

}  // namespace

void add_bench_command(CLI::App& parser, work& chosen) {
    auto* command = parser.add_subcommand("bench", "Measure rates and latencies");
    auto b = std::make_shared<bench_arguments>();
    std::vector<std::string> names;
    for (const kind& k : kinds) names.emplace_back(k.name);
    command->add_option("kind", b->kind, "What to measure")->required()->check(CLI::IsMember(names));
    command->add_option("--size", b->size, "Bytes of each payload or value");
    command->add_option("--count", b->count, "Messages, calls or keys of a run")->check(CLI::PositiveNumber);
    command->add_option("--in-flight", b->in_flight, "So many calls at a time")->check(CLI::PositiveNumber);
    command->add_option("--runs", b->runs, "Runs")->check(CLI::PositiveNumber);
    command->callback([&chosen, b] { chosen = [b](app& a) { return run_bench(a, *b); }; });
}

}  // namespace command
