// The roles: user code is written against them, and a fake of each needs nothing but the public headers.
#include <slipstream/kv/roles.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <future>
#include <map>
#include <memory>
#include <ostream>
#include <string>
#include <string_view>
#include <system_error>
#include <tuple>
#include <utility>
#include <vector>

#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/use_future.hpp>

using namespace slipstream;

namespace {

using kv::handler_for;

/// Tells one put, then ends.
class fake_watch final : public kv::watch_source {
public:
    fake_watch(executor_type executor, std::string key) : executor_(std::move(executor)), key_(std::move(key)) {}

    executor_type get_executor() const noexcept override { return executor_; }
    void start_next(next_handler handler) override {
        kv::update next;
        if (try_next(next)) return handler.post({}, std::move(next));
        handler.post(kv::errc::watch_stopped, kv::update());
    }
    bool try_next(kv::update& out) override {
        if (taken_) return false;
        kv::update_view view;
        view.key = key_;
        view.value = "watched";
        view.revision = kv::revision(1);
        out.assign(view);
        taken_ = true;
        return true;
    }
    void stop() noexcept override { taken_ = true; }
    kv::cursor position() const noexcept override { return taken_ ? kv::cursor(1, 0) : kv::cursor(); }
    bool is_ended() const noexcept override { return taken_; }
    std::error_code end_reason() const noexcept override { return taken_ ? make_error_code(kv::errc::watch_stopped) : std::error_code(); }

private:
    executor_type executor_;
    std::string key_;
    bool taken_ = false;
};

/// A bucket in memory, with the semantics that the roles promise.
class memory_store final : public kv::reader, public kv::writer, public kv::watcher {
public:
    using executor_type = asio::any_io_executor;

    explicit memory_store(executor_type executor) : executor_(std::move(executor)) {}
    executor_type get_executor() const noexcept override { return executor_; }

private:
    struct stored {
        std::string value;
        std::uint64_t revision = 0;
        kv::operation operation = kv::operation::put;
    };

    std::optional<kv::entry> find(const std::string& key) const {
        const auto found = keys_.find(key);
        if (found == keys_.end() || found->second.operation != kv::operation::put) return std::nullopt;
        return kv::entry(key, found->second.value, kv::revision(found->second.revision), {}, kv::operation::put);
    }

    void store(std::string_view key, std::string_view value, kv::operation operation, std::optional<kv::revision> expected,
               handler_for<kv::revision> handler) {
        if (const std::error_code ec = kv::check_key(key)) return handler.post(ec, kv::revision());
        stored& slot = keys_[std::string(key)];
        if (expected && expected->value() != slot.revision) return handler.post(kv::errc::revision_mismatch, kv::revision());
        slot = stored{std::string(value), ++last_, operation};
        handler.post({}, kv::revision(last_));
    }

    void start_get(std::string key, kv::get_options, handler_for<std::optional<kv::entry>> handler) override {
        handler.post({}, find(key));
    }
    void start_entry(std::string key, kv::get_options, handler_for<std::optional<kv::entry>> handler) override {
        handler.post({}, find(key));
    }
    void start_keys(kv::prefixes which, kv::read_options, handler_for<std::vector<std::string>> handler) override {
        std::vector<std::string> names;
        for (const auto& [key, slot] : keys_) {
            if (slot.operation == kv::operation::put && which.matches(key)) names.push_back(key);
        }
        handler.post({}, std::move(names));
    }
    void start_scan(kv::prefixes which, kv::read_options, handler_for<std::vector<kv::entry>> handler) override {
        std::vector<kv::entry> entries;
        for (const auto& [key, slot] : keys_) {
            if (which.matches(key))
                entries.emplace_back(key, slot.value, kv::revision(slot.revision), jetstream::wall_time(), slot.operation);
        }
        handler.post({}, std::move(entries));
    }
    void start_put(kv::key_value arguments, kv::put_options, handler_for<kv::revision> handler) override {
        store(arguments.key(), arguments.value(), kv::operation::put, std::nullopt, std::move(handler));
    }
    void start_create(kv::key_value arguments, kv::create_options, handler_for<kv::revision> handler) override {
        if (find(std::string(arguments.key()))) return handler.post(kv::errc::key_exists, kv::revision());
        store(arguments.key(), arguments.value(), kv::operation::put, std::nullopt, std::move(handler));
    }
    void start_update(kv::key_value arguments, kv::revision expected, kv::update_options, handler_for<kv::revision> handler) override {
        if (!expected.is_known()) return handler.post(kv::errc::invalid_revision, kv::revision());
        store(arguments.key(), arguments.value(), kv::operation::put, expected, std::move(handler));
    }
    void start_erase(std::string key, kv::erase_options options, handler_for<kv::revision> handler) override {
        store(key, "", kv::operation::erase, options.expected, std::move(handler));
    }
    void start_purge(std::string key, kv::purge_options options, handler_for<kv::revision> handler) override {
        store(key, "", kv::operation::purge, options.expected, std::move(handler));
    }
    kv::watch start_watch(kv::prefixes which, kv::watch_options) override {
        return kv::watch(std::make_unique<fake_watch>(executor_, which.list().front()));
    }
    kv::watch start_watch(kv::prefixes which, kv::watch_options options, kv::watch_handler on_update) override {
        kv::update_view view;
        view.key = which.list().front();
        on_update(view);
        return start_watch(std::move(which), options);
    }

    executor_type executor_;
    std::map<std::string, stored> keys_;
    std::uint64_t last_ = 0;
};

/// Code of a user, who knows only roles.
asio::awaitable<std::string> rename(kv::reader& reader, kv::writer& writer, std::string from, std::string to) {
    const std::optional<kv::entry> found = co_await reader.async_get(from);
    if (!found) co_return "missing";
    auto [ec, created] = co_await writer.async_create(to, found->value(), {}, use_tuple);
    if (ec == kv::errc::key_exists) co_return "taken";
    co_await writer.async_erase(from, {.expected = found->revision()});
    co_return found->value();
}

}  // namespace

TEST_CASE("R5 R7 S60: code against roles runs on a fake") {
    asio::io_context io;
    memory_store store(io.get_executor());
    std::vector<std::string> seen;
    const auto story = [&]() -> asio::awaitable<void> {
        co_await store.async_put("a", "1");
        seen.push_back(co_await rename(store, store, "a", "b"));
        seen.push_back(co_await rename(store, store, "a", "c"));
        co_await store.async_put("c", "2");
        seen.push_back(co_await rename(store, store, "c", "b"));
        for (std::string& key : co_await store.async_keys()) seen.push_back(std::move(key));
    };
    asio::co_spawn(io, story, [](std::exception_ptr failed) {
        if (failed) std::rethrow_exception(failed);
    });
    io.run();
    CHECK(seen == std::vector<std::string>{"1", "missing", "taken", "b", "c"});
}

TEST_CASE("design.md: every operation of the roles takes any completion token") {
    asio::io_context io;
    memory_store store(io.get_executor());
    kv::writer& writer = store;
    kv::reader& reader = store;

    std::error_code callback_ec = kv::errc::watch_stopped;
    writer.async_put("k", "v", {}, [&](std::error_code ec, kv::revision r) {
        callback_ec = ec;
        CHECK(r == kv::revision(1));
    });
    CHECK(callback_ec == kv::errc::watch_stopped);  // never inside the initiating function
    std::future<kv::revision> updated = writer.async_update("k", "w", kv::revision(1), {}, asio::use_future);
    std::future<std::optional<kv::entry>> got = reader.async_get("k", {}, asio::use_future);
    auto erase = writer.async_erase("k", {}, deferred);
    io.run();
    CHECK_FALSE(callback_ec);
    CHECK(updated.get() == kv::revision(2));
    CHECK(got.get()->value() == "w");

    io.restart();
    std::move(erase)([&](std::error_code ec, kv::revision r) {
        CHECK_FALSE(ec);
        CHECK(r == kv::revision(3));
    });
    std::future<kv::revision> purged = writer.async_purge("other", {}, asio::use_future);
    std::future<std::vector<kv::entry>> scanned = reader.async_scan("k", {}, asio::use_future);
    std::future<kv::revision> refused = writer.async_put("bad key", "v", {}, asio::use_future);
    io.run();
    CHECK(purged.get() == kv::revision(4));
    const std::vector<kv::entry> entries = scanned.get();
    REQUIRE(entries.size() == 1);
    CHECK(entries[0].operation() == kv::operation::erase);
    CHECK_THROWS_AS(refused.get(), std::system_error);
}

TEST_CASE("R6: a watcher is faked by a watch_source") {
    asio::io_context io;
    memory_store store(io.get_executor());
    kv::watcher& watcher = store;
    kv::watch w = watcher.watch("node.");
    kv::update u;
    REQUIRE(w.try_next(u));
    CHECK(u.key() == "node.");
    CHECK(u.value() == "watched");
    std::error_code end;
    w.async_next([&](std::error_code ec, const kv::update&) { end = ec; });
    io.run();
    CHECK(end == kv::errc::watch_stopped);
    CHECK(w.position() == kv::cursor(1, 0));

    std::string told;
    kv::watch in_place = watcher.watch("x", [&](const kv::update_view& view) { told = view.key; });
    CHECK(told == "x");
    CHECK(static_cast<bool>(in_place));
}
