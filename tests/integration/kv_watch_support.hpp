// What the tests of watches share.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <slipstream/kv/watch.hpp>

#include "tests/integration/kv_bucket_support.hpp"

namespace doctest {
template <>
struct StringMaker<std::vector<std::string>> {
    static String convert(const std::vector<std::string>& lines) {
        std::string out;
        for (const std::string& line : lines) out += "\n    " + line;
        return out.c_str();
    }
};
}  // namespace doctest

namespace slipstream::test {

using lines = std::vector<std::string>;

/// Names of JetStream's answer when it does not know: revisions are numbers of the test's own writes.
inline std::string render(const kv::update_view& u) {
    std::string out = kv::to_string(u.kind);
    if (u.kind == kv::update_kind::resync) return out + " " + kv::to_string(u.reason);
    if (u.kind == kv::update_kind::initial_done) return out + " " + std::to_string(u.count);
    out += " " + std::string(u.key);
    if (u.kind == kv::update_kind::put) out += "=" + std::string(u.value);
    out += " @" + std::to_string(u.revision.value());
    return u.initial ? out + " initial" : out;
}

/// What a user keeps of a bucket: the last value of each key, and the promises of a watch checked on the way.
class fold {
public:
    void apply(const kv::update_view& u) {
        if (u.is_change()) {
            CHECK(u.revision.is_known());
            CHECK(u.revision > last_);  // I22
            last_ = u.revision;
            shown_[std::string(u.key)] = true;
        }
        switch (u.kind) {
            case kv::update_kind::put: values[std::string(u.key)] = std::string(u.value); break;
            case kv::update_kind::erase:
            case kv::update_kind::purge: values.erase(std::string(u.key)); break;
            case kv::update_kind::resync:
                shown_.clear();
                last_ = {};
                initial = true;
                ++resyncs;
                break;
            case kv::update_kind::initial_done:
                CHECK(initial);  // I25
                initial = false;
                // What was not told does not exist any more.
                if (resyncs > 0) std::erase_if(values, [this](const auto& v) { return !shown_.contains(v.first); });
                break;
        }
        ++updates;
    }

    /// The program was started again and resumes: what it has taken behind its position is told once more.
    void resume() {
        initial = true;
        last_ = {};
    }

    std::map<std::string, std::string> values;
    bool initial = true;
    unsigned resyncs = 0;
    std::uint64_t updates = 0;

private:
    std::map<std::string, bool> shown_;
    kv::revision last_;
};

class watch_world : public kv_world {
public:
    using kv_world::kv_world;

    /// The next `count` updates, or what came within the limit, ended by how the watch ended.
    lines next(kv::watch& w, std::size_t count, std::chrono::seconds limit = std::chrono::seconds(20)) {
        lines out;
        kv::update u;
        static_cast<void>(run_until(
            [&] {
                while (out.size() < count && w.try_next(u)) out.push_back(render(u.view()));
                return out.size() >= count || w.is_ended();
            },
            limit));
        if (out.size() < count && w.is_ended()) out.push_back("ended " + w.end_reason().message());
        return out;
    }
    /// Nothing comes for a while.
    bool silent(kv::watch& w, std::chrono::milliseconds time = std::chrono::milliseconds(300)) {
        const auto end = std::chrono::steady_clock::now() + time;
        kv::update u;
        bool came = false;
        static_cast<void>(run_until([&] { return (came = w.try_next(u)) || std::chrono::steady_clock::now() > end; }));
        if (came) MESSAGE("came: " << render(u.view()));
        return !came;
    }
    /// Applies what comes until the condition holds.
    template <class Condition>
    bool follow(kv::watch& w, fold& f, Condition condition, std::chrono::seconds limit = std::chrono::seconds(40)) {
        kv::update u;
        return run_until(
            [&] {
                while (w.try_next(u)) f.apply(u.view());
                return condition() || w.is_ended();
            },
            limit);
    }
    /// Of the stream's consumers; waits until there are so many.
    bool consumers_become(std::string_view bucket, std::size_t count, std::chrono::seconds limit = std::chrono::seconds(5)) {
        const std::string stream = "KV_" + std::string(bucket);
        const auto end = std::chrono::steady_clock::now() + limit;
        std::size_t now = 0;
        do {
            auto [ec, list] = wait(js.async_list_consumers(stream, {}, result));
            if (ec) return false;
            now = list.size();
            if (now == count) return true;
        } while (std::chrono::steady_clock::now() < end);
        MESSAGE("consumers: " << now);
        return false;
    }
    /// The name of the only consumer.
    std::string consumer_name(std::string_view bucket) {
        auto [ec, list] = wait(js.async_list_consumers("KV_" + std::string(bucket), {}, result));
        return ec || list.size() != 1 ? std::string() : list.front().name;
    }
    /// Updates the stream of a bucket.
    template <class Change>
    void change(std::string_view bucket, Change apply) {
        auto [ec, info] = wait(js.async_stream_info("KV_" + std::string(bucket), {}, result));
        REQUIRE_FALSE(ec);
        jetstream::stream_config config = info.config;
        apply(config);
        REQUIRE_FALSE(std::get<0>(wait(js.async_update_stream(config, {}, result))));
    }
    /// Kills and starts the server; waits until the client is back.
    void restart_server() {
        server.kill();
        static_cast<void>(run_until([&] { return !nc.healthy(); }));
        server.start();
        REQUIRE(run_until([&] { return nc.healthy(); }));
    }
};

inline std::string ended(std::error_code ec) { return "ended " + ec.message(); }

}  // namespace slipstream::test
