// pub, sub, request, reply, rtt, info.

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <asio/co_spawn.hpp>
#include <asio/error.hpp>

#include "tools/command/commands.hpp"
#include "tools/command/duration.hpp"
#include "tools/command/exit_code.hpp"
#include "tools/command/gate.hpp"
#include "tools/command/progress.hpp"

namespace command {
namespace {

using slipstream::use_tuple;
using clock = std::chrono::steady_clock;

// "K:V" options, validated by the library before anything is sent.
std::error_code parse_headers(const std::vector<std::string>& lines, slipstream::header_map& out) {
    for (const std::string& line : lines) {
        const auto colon = line.find(':');
        if (colon == std::string::npos) return slipstream::errc::invalid_header_name;
        if (const auto ec = out.append(std::string_view(line).substr(0, colon), std::string_view(line).substr(colon + 1))) return ec;
    }
    return {};
}

struct pub_arguments {
    std::string subject;
    std::string payload;
    std::vector<std::string> headers;
    std::string reply_to;
    std::uint64_t count = 1;
    std::uint64_t rate = 0;
};

asio::awaitable<int> publish(app& a, const pub_arguments& p) {
    slipstream::header_map headers;
    if (const auto ec = parse_headers(p.headers, headers)) co_return a.fail(ec, "header");
    const std::string payload = read_payload(p.payload);
    slipstream::publish_options options;
    options.reply_to = p.reply_to;
    options.headers = headers.empty() ? nullptr : &headers;
    progress bar(a.out(), "published", p.count);
    const auto start = clock::now();
    std::uint64_t sent = 0;
    while (sent < p.count && !a.stopping()) {
        const std::error_code ec = a.client().publish(p.subject, payload, options);
        if (ec == slipstream::errc::buffer_full) {
            const auto [flushed] = co_await a.client().async_flush({}, use_tuple);
            if (flushed) co_return a.fail(flushed, "flush");
            continue;
        }
        if (ec) co_return a.fail(ec, "publish to " + p.subject);
        bar.at(++sent);
        if (p.rate > 0) {
            const auto due = start + std::chrono::nanoseconds(sent * 1'000'000'000 / p.rate);
            if (due > clock::now()) co_await a.pause(due - clock::now());
        } else if (sent % 256 == 0) {
            co_await a.pause(std::chrono::nanoseconds(0));  // let the loop write
        }
    }
    const auto [ec] = co_await a.client().async_flush({}, use_tuple);
    if (ec && !a.stopped_by(ec)) co_return a.fail(ec, "flush");
    if (a.out().json()) json_line(a.out(), "done").number("count", sent);
    co_return done;
}

struct sub_arguments {
    std::vector<std::string> subjects;
    std::string queue;
    std::uint64_t count = 0;
    std::chrono::nanoseconds slow{0};
};

asio::awaitable<int> subscribe(app& a, const sub_arguments& s) {
    // One subject is taken message by message, several share a loop: whichever has something wakes it.
    std::vector<slipstream::subscription> subscriptions;
    gate enough(a.io().get_executor());
    gate all_ended(a.io().get_executor());
    slipstream::subscribe_options options;
    options.queue_group = s.queue;
    a.options().limit_queue(options);
    for (const std::string& subject : s.subjects) {
        std::error_code ec;
        subscriptions.push_back(a.client().subscribe(subject, options, ec));
        if (ec) co_return a.fail(ec, "subscribe to " + subject);
    }
    std::uint64_t seen = 0;
    int code = done;
    bool ending = false;
    std::size_t live = subscriptions.size();
    auto pump = [&](slipstream::subscription& sub) -> asio::awaitable<void> {
        co_await asio::this_coro::throw_if_cancelled(false);
        slipstream::message m;
        while (s.count == 0 || seen < s.count) {
            if (!sub.try_next(m)) {
                auto [ec, next] = co_await sub.async_next(use_tuple);
                if (ec) {
                    if (!ending && !a.stopped_by(ec) && ec != asio::error::operation_aborted)
                        code = a.fail(ec, "subscription to " + std::string(sub.subject()));
                    break;
                }
                m = std::move(next);
                if (s.count != 0 && seen >= s.count) break;
            }
            ++seen;
            a.out().received(m.view());
            if (s.slow.count() > 0) co_await a.pause(s.slow);
        }
        enough.open();
        if (--live == 0) all_ended.open();
    };
    for (slipstream::subscription& sub : subscriptions)
        asio::co_spawn(a.io(), pump(sub), [](const std::exception_ptr& e) {
            if (e) std::rethrow_exception(e);
        });
    co_await enough.wait();
    ending = true;
    for (slipstream::subscription& sub : subscriptions) sub.unsubscribe();  // which ends their loops
    while (live > 0) co_await all_ended.wait();
    if (a.out().json()) json_line(a.out(), "done").number("count", seen);
    co_return code;
}

struct request_arguments {
    std::string subject;
    std::string payload;
    std::vector<std::string> headers;
    std::uint64_t count = 1;
    std::uint64_t in_flight = 1;
    std::uint64_t replies = 1;
};

void print_reply(app& a, std::uint64_t id, const slipstream::message_view& reply, clock::duration rtt) {
    const double us = std::chrono::duration<double, std::micro>(rtt).count();
    if (!a.out().json()) return a.out().received(reply);
    json_line(a.out(), "result")
        .text("op", "request")
        .number("id", id)
        .boolean("ok", true)
        .real("rtt_us", us, 1)
        .data("data", reply.payload());
}

// Several replies to one request: an inbox of its own, until enough came, nobody answers, or the deadline.
asio::awaitable<int> request_many(app& a, const request_arguments& r, const std::string& payload, const slipstream::header_map& headers) {
    const std::string inbox = a.client().new_inbox();
    slipstream::subscribe_options options;
    options.max_messages = r.replies;
    std::error_code ec;
    slipstream::subscription replies = a.client().subscribe(inbox, options, ec);
    slipstream::publish_options publish;
    publish.reply_to = inbox;
    publish.headers = headers.empty() ? nullptr : &headers;
    if (!ec) ec = a.client().publish(r.subject, payload, publish);
    if (ec) co_return a.fail(ec, "request " + r.subject);
    const auto start = clock::now();
    std::uint64_t seen = 0;
    asio::steady_timer deadline(a.io(), a.client().options().request_timeout);
    deadline.async_wait([&replies](const std::error_code& timer) {
        if (!timer) replies.unsubscribe();
    });
    while (seen < r.replies) {
        auto [next, reply] = co_await replies.async_next(use_tuple);
        if (next) break;
        if (reply.status() == 503) co_return a.fail(slipstream::errc::no_responders, "request " + r.subject);
        print_reply(a, ++seen, reply.view(), clock::now() - start);
    }
    if (seen < r.replies && !a.stopping())
        co_return a.fail(slipstream::errc::timeout, "request " + r.subject, std::to_string(seen) + " replies came");
    co_return done;
}

asio::awaitable<int> request(app& a, const request_arguments& r) {
    slipstream::header_map headers;
    if (const auto ec = parse_headers(r.headers, headers)) co_return a.fail(ec, "header");
    const std::string payload = read_payload(r.payload);
    if (r.replies > 1) co_return co_await request_many(a, r, payload, headers);
    slipstream::request_options options;
    options.headers = headers.empty() ? nullptr : &headers;

    std::uint64_t started = 0;
    std::uint64_t failures = 0;
    std::uint64_t finished = 0;
    int code = done;
    progress bar(a.out(), "replies", r.count);
    gate ended(a.io().get_executor());
    const std::uint64_t workers = std::clamp<std::uint64_t>(r.in_flight, 1, std::max<std::uint64_t>(r.count, 1));
    std::uint64_t running = workers;
    auto worker = [&]() -> asio::awaitable<void> {
        while (started < r.count && !a.stopping()) {
            const std::uint64_t id = ++started;
            const auto start = clock::now();
            const auto [ec, reply] = co_await a.client().async_request(r.subject, payload, options, use_tuple);
            if (ec) {
                ++failures;
                if (a.out().json())
                    json_line(a.out(), "result").text("op", "request").number("id", id).boolean("ok", false).text("code", code_name(ec));
                if (const int c = a.fail(ec, "request " + r.subject); code == done) code = c;
                if (ec == slipstream::condition::invalid_argument || ec == slipstream::errc::closed) break;
                continue;
            }
            print_reply(a, id, reply.view(), clock::now() - start);
            bar.at(++finished);
        }
        if (--running == 0) ended.open();
    };
    for (std::uint64_t i = 0; i < workers; ++i)
        asio::co_spawn(a.io(), worker(), [](const std::exception_ptr& e) {
            if (e) std::rethrow_exception(e);
        });
    co_await ended.wait();
    if (running > 0) {  // told to stop while requests are out: they end with the connection
        a.client().close();
        while (running > 0) co_await ended.wait();
    }
    if (a.out().json()) json_line(a.out(), "done").number("count", finished).number("failed", failures);
    co_return code;
}

struct reply_arguments {
    std::string subject;
    std::string payload;
    std::string queue;
    bool echo = false;
    std::uint64_t count = 0;
};

asio::awaitable<int> reply(app& a, const reply_arguments& r) {
    const std::string payload = r.echo ? std::string() : read_payload(r.payload);
    slipstream::subscribe_options options;
    options.queue_group = r.queue;
    options.max_messages = r.count;
    a.options().limit_queue(options);
    std::error_code ec;
    slipstream::subscription requests = a.client().subscribe(r.subject, options, ec);
    if (ec) co_return a.fail(ec, "subscribe to " + r.subject);
    std::uint64_t answered = 0;
    for (;;) {
        const auto [next, m] = co_await requests.async_next(use_tuple);
        if (next == slipstream::errc::subscription_closed || a.stopped_by(next)) break;
        if (next) co_return a.fail(next, "subscription to " + r.subject);
        a.out().received(m.view());
        if (m.reply_to().empty()) continue;
        if (const auto sent =
                a.client().publish(m.reply_to(), r.echo ? slipstream::payload_view(m.payload()) : slipstream::payload_view(payload))) {
            a.out().error(sent, "reply to " + std::string(m.reply_to()));
            continue;
        }
        ++answered;
    }
    const auto [flushed] = co_await a.client().async_flush({}, use_tuple);
    if (flushed && !a.stopped_by(flushed)) co_return a.fail(flushed, "flush");
    if (a.out().json()) json_line(a.out(), "done").number("count", answered);
    co_return done;
}

asio::awaitable<int> rtt(app& a) {
    const auto start = clock::now();
    slipstream::flush_options options;
    if (a.options().timeout.count() > 0) options.timeout = a.options().timeout;
    const auto [ec] = co_await a.client().async_flush(options, use_tuple);
    if (ec) co_return a.fail(ec, "rtt");
    const double us = std::chrono::duration<double, std::micro>(clock::now() - start).count();
    if (a.out().json()) {
        json_line(a.out(), "result").text("op", "rtt").boolean("ok", true).real("rtt_us", us, 1);
    } else {
        a.out().line(a.client().connected_server() + ": " + human_duration(std::chrono::nanoseconds(static_cast<std::int64_t>(us * 1000))));
    }
    co_return done;
}

asio::awaitable<int> info(app& a) {
    const slipstream::server_info& i = a.client().server_info();
    if (a.out().json()) {
        json_line line(a.out(), "result");
        line.text("op", "info").boolean("ok", true).text("server", a.client().connected_server()).text("server_id", i.server_id);
        line.text("server_name", i.server_name).text("version", i.version).text("cluster", i.cluster).text("domain", i.domain);
        line.number("client_id", i.client_id)
            .number("max_payload", static_cast<std::uint64_t>(i.max_payload))
            .boolean("headers", i.headers);
        line.boolean("jetstream", i.jetstream)
            .number("api_level", static_cast<std::uint64_t>(std::max(i.api_lvl, 0)))
            .text("account", i.remote_account);
        co_return done;
    }
    table t;
    t.row({"server", a.client().connected_server()});
    t.row({"name", i.server_name});
    t.row({"id", i.server_id});
    t.row({"version", i.version});
    t.row({"cluster", i.cluster.empty() ? "none" : i.cluster});
    t.row({"client id", std::to_string(i.client_id)});
    t.row({"account", i.remote_account});
    t.row({"max payload", human_size(static_cast<std::uint64_t>(i.max_payload))});
    t.row({"jetstream", i.jetstream ? (i.domain.empty() ? "yes" : "yes, domain " + i.domain) : "no"});
    t.print(a.out());
    co_return done;
}

}  // namespace

void add_core_commands(CLI::App& parser, work& chosen) {
    auto* pub = parser.add_subcommand("pub", "Publish a message");
    auto p = std::make_shared<pub_arguments>();
    pub->add_option("subject", p->subject)->required();
    pub->add_option("payload", p->payload, "Text, or - for standard input");
    pub->add_option("--header", p->headers, "Header, repeatable")->type_name("K:V")->expected(1)->allow_extra_args(false);
    pub->add_option("--reply", p->reply_to, "Reply subject");
    pub->add_option("--count", p->count, "Publish so many");
    pub->add_option("--rate", p->rate, "At most so many a second");
    pub->callback([&chosen, p] { chosen = [p](app& a) { return publish(a, *p); }; });

    auto* sub = parser.add_subcommand("sub", "Print messages");
    auto s = std::make_shared<sub_arguments>();
    sub->add_option("subject", s->subjects)->required();
    sub->add_option("--queue", s->queue, "Queue group");
    sub->add_option("--count", s->count, "Stop after so many");
    sub->add_option_function<std::string>(
           "--slow",
           [s](const std::string& text) {
               const auto d = parse_duration(text);
               if (!d) throw CLI::ValidationError("--slow", "'" + text + "' is not a duration");
               s->slow = *d;
           },
           "Wait after each message")
        ->type_name("D");
    sub->callback([&chosen, s] { chosen = [s](app& a) { return subscribe(a, *s); }; });

    auto* req = parser.add_subcommand("request", "Send requests and print the replies");
    auto r = std::make_shared<request_arguments>();
    req->add_option("subject", r->subject)->required();
    req->add_option("payload", r->payload, "Text, or - for standard input");
    req->add_option("--header", r->headers, "Header, repeatable")->type_name("K:V")->expected(1)->allow_extra_args(false);
    req->add_option("--count", r->count, "Send so many");
    req->add_option("--in-flight", r->in_flight, "So many at a time");
    req->add_option("--replies", r->replies, "Wait for so many replies to one request");
    req->callback([&chosen, r] { chosen = [r](app& a) { return request(a, *r); }; });

    auto* rep = parser.add_subcommand("reply", "Answer requests");
    auto y = std::make_shared<reply_arguments>();
    rep->add_option("subject", y->subject)->required();
    rep->add_option("payload", y->payload, "Text, or - for standard input");
    rep->add_flag("--echo", y->echo, "Send the request's payload back");
    rep->add_option("--queue", y->queue, "Queue group");
    rep->add_option("--count", y->count, "Stop after so many");
    rep->callback([&chosen, y] { chosen = [y](app& a) { return reply(a, *y); }; });

    parser.add_subcommand("rtt", "Time a round trip to the server")->callback([&chosen] { chosen = rtt; });
    parser.add_subcommand("info", "Show the connected server")->callback([&chosen] { chosen = info; });
}

}  // namespace command
