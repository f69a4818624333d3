// What the server can do for JetStream and the key-value store, with frames written by hand.
//
//     kv --mode js-pub|kv-put|kv-get --window 64 --n 200000 [--keys 1000] [--storage file]   so many calls at a time
//     kv --mode sync --bucket B [--headers-only 1] [--keep 1]     an ordered push consumer, last value of each key, to the end
#include "bench/limits/raw.hpp"

namespace {

using namespace bench;

void require_no_error(const std::string& reply) {
    if (reply.find("\"error\"") != std::string::npos) die(reply);
}

std::string stream_config(const std::string& name, const std::string& subject, const std::string& storage, bool kv) {
    std::string s = R"({"name":")" + name + R"(","subjects":[")" + subject + R"("],"storage":")" + storage +
                    R"(","retention":"limits","num_replicas":1,"max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"discard":"new")";
    if (kv) s += R"(,"max_msgs_per_subject":1,"allow_rollup_hdrs":true,"deny_delete":true,"allow_direct":true)";
    return s + "}";
}

/// Keeps `window` requests pending until `n` were answered. `frame(i, out)` appends number i.
template <class Frame>
void pipeline(raw_connection& c, std::size_t n, std::size_t window, std::vector<std::int64_t>* latencies, Frame frame) {
    std::string out;
    std::size_t sent = 0;
    std::size_t failed = 0;
    std::int64_t last = now_ns();
    for (; sent < window && sent < n; ++sent) frame(sent, out);
    c.write(out);
    for (std::size_t done = 0; done < n;) {
        out.clear();
        c.each_message([&](const raw_message& m) {
            ++done;
            const bool status = m.headers.size() > 12 && m.headers[9] >= '4' && m.payload.empty();
            if (status || m.payload.find("\"error\"") != std::string_view::npos) ++failed;
            if (latencies != nullptr) {
                const std::int64_t now = now_ns();
                latencies->push_back(now - last);
                last = now;
            }
            if (sent < n) frame(sent++, out);
        });
        if (!out.empty()) c.write(out);
        if (done < n) c.fill();
    }
    if (failed != 0) die(std::to_string(failed) + " replies were errors");
}

void calls(raw_connection& c, const arguments& given, const std::string& mode) {
    const bool kv = mode != "js-pub";
    const std::size_t n = given.number("n", 200'000);
    const std::size_t window = given.number("window", 64);
    const std::size_t keys = given.number("keys", 1000);
    const std::string stream = kv ? "KV_raw" : "RAW";
    const std::string inbox = "_INBOX.raw" + std::to_string(getpid());
    const std::string payload(given.number("size", 128), 'x');
    static_cast<void>(c.request("$JS.API.STREAM.DELETE." + stream, ""));
    require_no_error(c.request("$JS.API.STREAM.CREATE." + stream,
                               stream_config(stream, kv ? "$KV.raw.>" : "raw.js", given.text("storage", "memory"), kv)));
    c.write("SUB " + inbox + ".* 1\r\n");
    c.flush();
    const auto put = [&](std::size_t i, std::string& out) {
        char line[200];
        const int size =
            kv ? std::snprintf(line, sizeof line, "PUB $KV.raw.key.%zu %s.%08zx %zu\r\n", i % keys, inbox.c_str(), i, payload.size())
               : std::snprintf(line, sizeof line, "PUB raw.js %s.%08zx %zu\r\n", inbox.c_str(), i, payload.size());
        out.append(line, static_cast<std::size_t>(size)).append(payload).append("\r\n");
    };
    const auto get = [&](std::size_t i, std::string& out) {
        char line[200];
        const int size = std::snprintf(line, sizeof line, "PUB $JS.API.DIRECT.GET.KV_raw.$KV.raw.key.%zu %s.%08zx 0\r\n\r\n", i % keys,
                                       inbox.c_str(), i);
        out.append(line, static_cast<std::size_t>(size));
    };
    if (kv) pipeline(c, keys, 512, nullptr, put);
    std::vector<std::int64_t> latencies;
    if (window == 1) latencies.reserve(n);
    const auto run = [&](std::size_t count, std::vector<std::int64_t>* into) {
        if (mode == "kv-get")
            pipeline(c, count, window, into, get);
        else
            pipeline(c, count, window, into, put);
    };
    run(500, nullptr);
    const mark begin = mark::now();
    run(n, window == 1 ? &latencies : nullptr);
    const mark end = mark::now();
    report out(mode, "limit");
    out.number("window", window);
    if (window == 1) out.latencies(latencies);
    out.print(begin, end, static_cast<double>(n));
    static_cast<void>(c.request("$JS.API.STREAM.DELETE." + stream, ""));
}

void sync(raw_connection& c, const arguments& given) {
    const std::string bucket = given.text("bucket", "sync");
    const bool headers_only = given.number("headers-only", 0) != 0;
    const bool keep = given.number("keep", 0) != 0;
    const std::string stream = "KV_" + bucket;
    const std::string name = "raw" + std::to_string(getpid());
    const std::string inbox = "_INBOX." + name;
    c.write("SUB " + inbox + ".d 7\r\nSUB " + inbox + ".c 8\r\n");
    c.flush();
    std::string config = R"({"stream_name":")" + stream + R"(","config":{"name":")" + name +
                         R"(","deliver_policy":"last_per_subject","ack_policy":"none","replay_policy":"instant","max_deliver":1,)"
                         R"("mem_storage":true,"num_replicas":1,"inactive_threshold":300000000000,"filter_subject":"$KV.)" +
                         bucket + R"(.>","deliver_subject":")" + inbox + R"(.d","flow_control":true,"idle_heartbeat":5000000000)";
    if (headers_only) config += R"(,"headers_only":true)";
    config += "}}";
    std::vector<std::string> kept;
    std::string out;
    std::size_t entries = 0;
    bool complete = false;
    const mark begin = mark::now();
    c.write("PUB $JS.API.CONSUMER.CREATE." + stream + "." + name + ".$KV." + bucket + ".> " + inbox + ".c " +
            std::to_string(config.size()) + "\r\n" + config + "\r\n");
    while (!complete) {
        out.clear();
        c.each_message([&](const raw_message& m) {
            if (m.sid == "8") return require_no_error(std::string(m.payload));
            if (m.headers.size() >= 12 && m.payload.empty() && m.headers.substr(9, 3) == "100") {
                if (!m.reply_to.empty()) out.append("PUB ").append(m.reply_to).append(" 0\r\n\r\n");  // flow control
                return;
            }
            ++entries;
            if (keep) kept.emplace_back(m.subject.substr(5 + bucket.size()));
            complete = complete || m.reply_to.ends_with(".0");  // nothing is pending
        });
        if (!out.empty()) c.write(out);
        if (!complete) c.fill();
    }
    const mark end = mark::now();
    report(headers_only ? "kv-keys" : "kv-watch", "limit").print(begin, end, static_cast<double>(entries));
    static_cast<void>(c.request("$JS.API.CONSUMER.DELETE." + stream + "." + name, ""));
}

}  // namespace

int main(int argc, char** argv) {
    const arguments given(argc, argv);
    const std::string mode = given.text("mode", "kv-get");
    raw_connection c;
    c.connect();
    if (mode == "sync") {
        sync(c, given);
    } else {
        calls(c, given, mode);
    }
}
