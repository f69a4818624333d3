// Against answers that a healthy server does not give: managed servers, races and lost replies. A real server without JetStream
// carries the requests; a second client answers them from a script.
#include "tests/integration/kv_bucket_support.hpp"

#include <doctest/doctest.h>

#include <deque>
#include <optional>

#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>

using namespace slipstream;
using namespace std::chrono_literals;
using test::kv_world;
using test::result;

namespace {

constexpr const char* info_subject = "$JS.API.STREAM.INFO.KV_b";
constexpr const char* create_subject = "$JS.API.STREAM.CREATE.KV_b";
constexpr const char* get_subject = "$JS.API.STREAM.MSG.GET.KV_b";

std::string refusal(int code, int err_code, const std::string& description) {
    return "{\"type\":\"x\",\"error\":{\"code\":" + std::to_string(code) + ",\"err_code\":" + std::to_string(err_code) +
           ",\"description\":\"" + description + "\"}}";
}

const std::string stream = R"({"type":"io.nats.jetstream.api.v1.stream_info_response","config":{"name":"KV_b","subjects":["$KV.b.>"],)"
                           R"("retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":1,)"
                           R"("max_msg_size":-1,"discard":"new","storage":"file","num_replicas":1,"duplicate_window":120000000000,)"
                           R"("allow_direct":true,"deny_delete":true,"allow_rollup_hdrs":true,"allow_msg_ttl":true},)"
                           R"("created":"2026-01-02T03:04:05.6Z","state":{"messages":0,"bytes":0,"first_seq":0,)"
                           R"("first_ts":"0001-01-01T00:00:00Z","last_seq":0,"last_ts":"0001-01-01T00:00:00Z","consumer_count":0}})";
const std::string no_stream = refusal(404, 10059, "stream not found");
const std::string no_message = refusal(404, 10037, "no message found");
const std::string mismatch = R"({"error":{"code":400,"err_code":10071,"description":"wrong last sequence: 7"},"stream":"KV_b","seq":0})";
const std::string in_flight = R"({"error":{"code":400,"err_code":10164,"description":"wrong last sequence"},"stream":"KV_b","seq":0})";
const std::string stored_as_9 = R"({"stream":"KV_b","seq":9})";
// NATS/1.0\r\nKV-Operation: DEL\r\n\r\n
const std::string marker_7 = R"({"type":"x","message":{"subject":"$KV.b.k","seq":7,"hdrs":"TkFUUy8xLjANCktWLU9wZXJhdGlvbjogREVMDQoNCg==",)"
                             R"("time":"2026-01-02T03:04:05Z"}})";
const std::string value_7 = R"({"type":"x","message":{"subject":"$KV.b.k","seq":7,"data":"dg==","time":"2026-01-02T03:04:05Z"}})";

std::string replaced(std::string text, std::string_view from, std::string_view to) {
    return text.replace(text.find(from), from.size(), to);
}

/// One request that must come, and what it is answered; nothing = silence.
struct exchange {
    std::string subject;
    std::optional<std::string> answer;
    std::string expected_revision;  ///< Nats-Expected-Last-Subject-Sequence of the request.
    std::string ttl;                ///< Nats-TTL of the request.
    std::string trigger = {};       ///< Subject of a message that comes just before the answer.
};

class scripted_world : public kv_world {
public:
    scripted_world() : kv_world(without_jetstream()), peer_(io.get_executor(), test::options_for(server)) {
        api_ = peer_.subscribe("$JS.API.>", [this](const message_view& m) { answer(m); });
        keys_ = peer_.subscribe("$KV.b.>", [this](const message_view& m) { answer(m); });
        auto [ec] = wait(peer_.async_connect(result));
        REQUIRE_FALSE(ec);
        auto [flush_ec] = wait(peer_.async_flush({}, result));
        REQUIRE_FALSE(flush_ec);
    }
    ~scripted_world() { peer_.close(); }

    /// Repeats the last one for ever.
    void play(std::deque<exchange> script, bool repeat_last = false) {
        script_ = std::move(script);
        repeat_last_ = repeat_last;
        played_.clear();
    }
    bool played_all() const { return script_.empty(); }
    /// Subjects of the requests that came.
    const std::vector<std::string>& played() const { return played_; }

    kv::bucket scripted_bucket() {
        play({{info_subject, stream, "", ""}});
        return open("b");
    }
    void stop_storing() {
        keys_ = subscription();
        auto [ec] = wait(peer_.async_flush({}, result));
        REQUIRE_FALSE(ec);
    }

private:
    static test::nats_server_options without_jetstream() {
        test::nats_server_options options;
        options.jetstream = false;
        return options;
    }

    void answer(const message_view& request) {
        played_.emplace_back(request.subject());
        if (script_.empty()) {
            FAIL_CHECK("unexpected request: " << std::string(request.subject()));
            return;
        }
        const exchange next = script_.front();
        if (!repeat_last_ || script_.size() > 1) script_.pop_front();
        CHECK(std::string(request.subject()) == next.subject);
        CHECK(std::string(request.headers().get("Nats-Expected-Last-Subject-Sequence").value_or("")) == next.expected_revision);
        CHECK(std::string(request.headers().get("Nats-TTL").value_or("")) == next.ttl);
        CHECK_FALSE(request.headers().get("Nats-Msg-Id").has_value());  // W13: never on these
        // In one write with the answer, and before it.
        if (!next.trigger.empty()) CHECK_FALSE(peer_.publish(next.trigger, ""));
        if (next.answer) CHECK_FALSE(peer_.publish(request.reply_to(), *next.answer));
    }

    client peer_;
    subscription api_;
    subscription keys_;
    std::deque<exchange> script_;
    std::vector<std::string> played_;
    bool repeat_last_ = false;
};

struct outcome {
    std::error_code ec;
    bool opened;
    jetstream::error_info info;
};

outcome get_or_create(scripted_world& w, std::chrono::milliseconds timeout = 5s) {
    kv::bucket_config config;
    config.bucket = "b";
    outcome out{};
    kv::open_options options;
    options.timeout = timeout;
    options.info = &out.info;
    auto [ec, b] = w.wait(kv::async_get_or_create_bucket(w.js, config, options, result));
    out.ec = ec;
    out.opened = static_cast<bool>(b);
    CHECK(out.opened == !ec);
    return out;
}

}  // namespace

TEST_CASE("S26 S32 S42: a garbled reply to the creation is verified by a look-up") {
    scripted_world w;
    for (const char* garbage : {"not json at all", "", "{", "\xff\xfe", "{}trailing", "null", "42", "{\"type\":\"x\"}"}) {
        CAPTURE(garbage);
        w.play({{info_subject, no_stream, "", ""}, {create_subject, garbage, "", ""}, {info_subject, stream, "", ""}});
        const outcome found = get_or_create(w);
        CHECK_FALSE(found.ec);
        CHECK(found.info.err_code == 0);
        CHECK(w.played_all());
    }
}

TEST_CASE("S32: garbage for a reply and no bucket to be found is never success") {
    scripted_world w;
    std::deque<exchange> script{{info_subject, no_stream, "", ""}};
    for (int i = 0; i < 3; ++i) {
        script.push_back({create_subject, "garbage", "", ""});
        script.push_back({info_subject, no_stream, "", ""});
    }
    w.play(script);
    const outcome lost = get_or_create(w);
    CHECK(lost.ec == jetstream::errc::invalid_response);
    CHECK(w.played_all());
}

TEST_CASE("S30 W23: a stream limit, told by its code or only by text, although the bucket exists") {
    scripted_world w;
    for (const std::string& limit : {refusal(400, 10027, "maximum number of streams reached"),
                                     std::string(R"({"error":{"code":400,"description":"maximum number of streams reached"}})")}) {
        CAPTURE(limit);
        w.play({{info_subject, refusal(403, 0, "insufficient permissions"), "", ""},
                {create_subject, limit, "", ""},
                {info_subject, stream, "", ""}});
        CHECK_FALSE(get_or_create(w).ec);
        CHECK(w.played_all());
    }
}

TEST_CASE("S29 S122: somebody else made it with another configuration, told in either field") {
    scripted_world w;
    for (const std::string& exists : {refusal(400, 10058, "stream name already in use"),
                                      std::string(R"({"error":{"code":10058,"description":"stream name already in use"}})")}) {
        CAPTURE(exists);
        w.play({{info_subject, no_stream, "", ""}, {create_subject, exists, "", ""}, {info_subject, stream, "", ""}});
        CHECK_FALSE(get_or_create(w).ec);
        CHECK(w.played_all());
    }
}

TEST_CASE("S31 S119: a refusal is reported with the server's words, after one more look") {
    scripted_world w;
    w.play({{info_subject, no_stream, "", ""},
            {create_subject, refusal(500, 10052, "invalid stream config"), "", ""},
            {info_subject, no_stream, "", ""}});
    const outcome refused = get_or_create(w);
    CHECK(refused.ec == jetstream::errc::stream_invalid_config);
    CHECK(refused.info.err_code == 10052);
    CHECK(refused.info.description == "invalid stream config");
    CHECK(w.played_all());
}

TEST_CASE("R22 S40: no reply to the creation: the look-up decides, within one deadline") {
    scripted_world w;
    w.play({{info_subject, no_stream, "", ""}, {create_subject, std::nullopt, "", ""}, {info_subject, stream, "", ""}});
    CHECK_FALSE(get_or_create(w, 1500ms).ec);
    CHECK(w.played_all());
}

TEST_CASE("S35: no reply to the look-up does not stop the creation") {
    scripted_world w;
    w.play({{info_subject, std::nullopt, "", ""}, {create_subject, stream, "", ""}});
    CHECK_FALSE(get_or_create(w, 1500ms).ec);
    CHECK(w.played_all());
}

TEST_CASE("S34: what exists is not made again") {
    scripted_world w;
    w.play({{info_subject, stream, "", ""}});
    CHECK_FALSE(get_or_create(w).ec);
    CHECK(w.played_all());
}

TEST_CASE("S108 G5 G6: create over a marker is a compare-and-set on the marker, for both codes of a conflict") {
    scripted_world w;
    kv::bucket b = w.scripted_bucket();
    for (const std::string& conflict : {mismatch, in_flight}) {
        w.play({{"$KV.b.k", conflict, "0", ""}, {get_subject, marker_7, "", ""}, {"$KV.b.k", stored_as_9, "7", ""}});
        auto [ec, revision] = w.wait(b.async_create("k", "v", {}, result));
        CHECK_FALSE(ec);
        CHECK(revision == kv::revision(9));
        CHECK(w.played_all());

        w.play({{"$KV.b.k", conflict, "0", ""}, {get_subject, value_7, "", ""}});
        jetstream::error_info info;
        kv::create_options options;
        options.info = &info;
        CHECK(std::get<0>(w.wait(b.async_create("k", "v", options, result))) == kv::errc::key_exists);
        CHECK(info.description.starts_with("wrong last sequence"));
        CHECK(w.played_all());
    }
}

TEST_CASE("kv 4: create goes on when what stopped it has expired, and keeps its TTL") {
    scripted_world w;
    kv::bucket b = w.scripted_bucket();
    kv::create_options options;
    options.ttl = 90s;
    w.play({{"$KV.b.k", mismatch, "0", "90s"}, {get_subject, no_message, "", ""}, {"$KV.b.k", stored_as_9, "0", "90s"}});
    auto [ec, revision] = w.wait(b.async_create("k", "v", options, result));
    CHECK_FALSE(ec);
    CHECK(revision == kv::revision(9));
    CHECK(w.played_all());
}

TEST_CASE("kv 4: create gives up after five lost rounds") {
    scripted_world w;
    kv::bucket b = w.scripted_bucket();
    std::deque<exchange> script{{"$KV.b.k", mismatch, "0", ""}};
    for (int i = 0; i < 4; ++i) {
        script.push_back({get_subject, marker_7, "", ""});
        script.push_back({"$KV.b.k", mismatch, "7", ""});
    }
    w.play(script);
    CHECK(std::get<0>(w.wait(b.async_create("k", "v", {}, result))) == kv::errc::key_exists);
    CHECK(w.played_all());
}

TEST_CASE("W13: a create whose first round was refused has stored nothing, whatever happens to the look that follows") {
    scripted_world w;
    kv::bucket b = w.scripted_bucket();
    kv::create_options options;
    options.timeout = 300ms;
    w.play({{"$KV.b.k", mismatch, "0", ""}, {get_subject, std::nullopt, "", ""}});
    CHECK(std::get<0>(w.wait(b.async_create("k", "v", options, result))) == errc::timeout_unsent);
    CHECK(w.played_all());

    // While the round that follows can have stored it.
    w.play({{"$KV.b.k", mismatch, "0", ""}, {get_subject, marker_7, "", ""}, {"$KV.b.k", std::nullopt, "7", ""}});
    CHECK(std::get<0>(w.wait(b.async_create("k", "v", options, result))) == errc::outcome_unknown);
    CHECK(w.played_all());
}

TEST_CASE("kv 3: a write that nobody takes: the bucket is gone, or JetStream is") {
    scripted_world w;
    kv::bucket b = w.scripted_bucket();
    w.stop_storing();
    w.play({{info_subject, no_stream, "", ""}});
    CHECK(std::get<0>(w.wait(b.async_put("k", "v", {}, result))) == kv::errc::bucket_not_found);
    w.play({{info_subject, stream, "", ""}});
    CHECK(std::get<0>(w.wait(b.async_put("k", "v", {}, result))) == errc::no_responders);
}

TEST_CASE("kv 3: when nobody says why nobody takes a write, that is the result, with the last words that came") {
    scripted_world w;
    kv::bucket b = w.scripted_bucket();
    w.stop_storing();
    jetstream::error_info info;
    kv::put_options options;
    options.info = &info;
    w.play({{info_subject, refusal(503, 10008, "not now"), "", ""}, {info_subject, no_stream, "", ""}});
    CHECK(std::get<0>(w.wait(b.async_put("k", "v", options, result))) == kv::errc::bucket_not_found);
    CHECK(w.played_all());
    CHECK(info.err_code == 10059);
    w.play({{info_subject, refusal(403, 10039, "not for you"), "", ""}});
    CHECK(std::get<0>(w.wait(b.async_put("k", "v", options, result))) == errc::no_responders);
    CHECK(info.err_code == 10039);
    w.play({{info_subject, "garbage", "", ""}});
    CHECK(std::get<0>(w.wait(b.async_put("k", "v", options, result))) == errc::no_responders);
    CHECK(info.err_code == 0);
    options.timeout = 700ms;  // two repeats, 250 ms apart, and little time for the question
    w.play({{info_subject, std::nullopt, "", ""}});
    CHECK(std::get<0>(w.wait(b.async_put("k", "v", options, result))) == errc::no_responders);
    CHECK(w.played_all());
}

TEST_CASE("F16: an origin whose API prefix makes no subjects cannot be written to, and nothing is sent") {
    scripted_world w;
    w.play({{info_subject, replaced(stream, R"("subjects":["$KV.b.>"])", R"("mirror":{"name":"KV_o","external":{"api":"$JS.>.API"}})"), "",
             ""}});
    kv::bucket b = w.open("b");
    CHECK(w.played_all());
    CHECK(std::get<0>(w.wait(b.async_put("k", "v", {}, result))) == errc::invalid_subject);
    CHECK(std::get<0>(w.wait(b.async_erase("k", {}, result))) == errc::invalid_subject);
    CHECK(std::get<0>(w.wait(b.async_create("k", "v", {}, result))) == errc::invalid_subject);
    CHECK(std::get<0>(w.wait(b.async_put("k.", "v", {}, result))) == kv::errc::invalid_key);
    CHECK(w.played().size() == 1);
}

TEST_CASE("W36: refusals of a write are translated by their codes, never by their texts") {
    scripted_world w;
    kv::bucket b = w.scripted_bucket();
    const auto put = [&](const std::string& answer) {
        w.play({{"$KV.b.k", answer, "", ""}});
        return std::get<0>(w.wait(b.async_put("k", "v", {}, result)));
    };
    CHECK(put(refusal(503, 10077, "whatever")) == kv::errc::bucket_full);
    CHECK(put(refusal(400, 10054, "whatever")) == kv::errc::value_too_large);
    CHECK(put(refusal(400, 10166, "wrong last sequence: 7")) == jetstream::errc::ttl_disabled);
    CHECK(put("garbage") == errc::outcome_unknown);  // W13: it may have been stored
    CHECK_FALSE(put(stored_as_9));
}

TEST_CASE("S66 G13: a stored message without a place is an error, not revision 0") {
    scripted_world w;
    kv::bucket b = w.scripted_bucket();
    kv::get_options options;
    options.leader_read = true;
    w.play({{get_subject, R"({"type":"x","message":{"subject":"$KV.b.k","data":"dg==","time":"2026-01-02T03:04:05Z"}})", "", ""}});
    CHECK(std::get<0>(w.wait(b.async_get("k", options, result))) == jetstream::errc::invalid_response);
    w.play({{get_subject, value_7, "", ""}});
    auto [ec, found] = w.wait(b.async_get("k", options, result));
    CHECK_FALSE(ec);
    REQUIRE(found.has_value());
    CHECK(found->revision() == kv::revision(7));
    CHECK(found->value() == "v");
}

TEST_CASE("E9: a cancellation that comes while one request of several is just ending is not lost") {
    scripted_world w;
    kv::bucket b = w.scripted_bucket();
    asio::cancellation_signal signal;
    subscription trigger = w.nc.subscribe("trigger", [&](const message_view&) { signal.emit(asio::cancellation_type::terminal); });
    std::error_code end;
    bool done = false;
    const auto handler = [&](std::error_code ec, auto&&) {
        end = ec;
        done = true;
    };

    w.play({{"$KV.b.k", mismatch, "0", "", "trigger"}, {get_subject, std::nullopt, "", ""}}, true);
    b.async_create("k", "v", {}, asio::bind_cancellation_slot(signal.slot(), handler));
    CHECK(w.run_until([&] { return done; }, 5s));
    CHECK(end == asio::error::operation_aborted);

    done = false;
    kv::bucket_config config;
    config.bucket = "b";
    w.play({{info_subject, no_stream, "", "", "trigger"}, {create_subject, std::nullopt, "", ""}}, true);
    kv::async_get_or_create_bucket(w.js, config, {}, asio::bind_cancellation_slot(signal.slot(), handler));
    CHECK(w.run_until([&] { return done; }, 5s));
    CHECK(end == asio::error::operation_aborted);
}
