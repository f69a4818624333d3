// A client whose server says anything: honest frames, mutated by a seed, cut and spliced, in reads of any size. The library's
// assertions are on in this program, and none of them may be within a server's reach.
#include <algorithm>
#include <array>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include <slipstream/error.hpp>

#include "protocol/session/core.hpp"
#include "protocol/session/random.hpp"
#include "protocol/wire/frame_walker.hpp"

using namespace slipstream;
using namespace std::chrono_literals;

namespace {

struct counted final : public detail::completion<std::error_code>, public detail::completion<std::error_code, message> {
    void complete(std::error_code) override { ++ends; }
    void complete(std::error_code, message&&) override { ++ends; }
    void destroy() noexcept override { ++ends; }
    int ends = 0;
};

constexpr std::array<std::string_view, 22> honest_frames = {
    "INFO "
    "{\"headers\":true,\"max_payload\":1048576,\"connect_urls\":[\"127.0.0.1:4223\",\"[::1]:4224\"],\"nonce\":\"abc\",\"ldm\":false}\r\n",
    "PING\r\n",
    "PONG\r\n",
    "+OK\r\n",
    "-ERR 'Stale Connection'\r\n",
    "-ERR 'Permissions Violation for Publish to \"a\"'\r\n",
    "-ERR 'Permissions Violation for Subscription to \"in\" (sid \"1\")'\r\n",
    "-ERR 'maximum subscriptions exceeded'\r\n",
    "-ERR\r\n",
    "MSG in 1 5\r\nhello\r\n",
    "MSG in 2 reply.to 0\r\n\r\n",
    "MSG _INBOX.0123456789abcdefghijkl.1 3 2\r\nok\r\n",
    "HMSG in 1 12 17\r\nNATS/1.0\r\n\r\nhello\r\n",
    "HMSG _INBOX.0123456789abcdefghijkl.1 3 16 16\r\nNATS/1.0 503\r\n\r\n\r\n",
    "HMSG in 1 back 38 40\r\nNATS/1.0 100 FlowControl\r\nName: value\r\n\r\nxx\r\n",
    "MSG in 1 2147483647\r\n",
    "MSG in 1 1048577\r\n",
    "INFO {\"tls_required\":true}\r\n",
    "INFO {\"max_payload\":-1,\"headers\":false}\r\n",
    "INFO {\"auth_required\":true,\"nonce\":\"",
    "\r\n",
    "HMSG in 1 0 0\r\n\r\n\r\n",
};

class hostile_life {
public:
    explicit hostile_life(std::uint64_t seed) : rng_(seed) {
        connect_options o;
        o.servers = {"a.test", "b.test"};
        o.ping_interval = 2s;
        o.retry_on_failed_connect = true;
        core_ = std::make_unique<session::core>(o, seed, "0123456789abcdefghijkl");
    }
    void run() {
        static_cast<void>(core_->connect(detail::plain_completion(&operations_.emplace_back()), now_));
        std::shared_ptr<session::subscription_state> queued;
        std::shared_ptr<session::subscription_state> answered;
        REQUIRE_FALSE(core_->subscribe("in", {}, nullptr, queued));
        // What a peer sends is used as programs use it: what comes back must not be trusted either.
        REQUIRE_FALSE(core_->subscribe(
            "in", {},
            [this](const message_view& m) { static_cast<void>(core_->publish(m.reply_to(), m.subject(), m.header_block(), m.payload())); },
            answered));
        for (int turn = 0; turn < 25; ++turn) {
            wish(queued);
            say();
            pump();
            now_ += rng_.below(8) == 0 ? 3s : 10ms;
            core_->on_time(now_);
            pump();
        }
        core_->close(now_);
        pump();
        CHECK(core_->state() == client_state::closed);
        for (const counted& op : operations_) CHECK(op.ends == 1);  // I1
    }

private:
    void wish(const std::shared_ptr<session::subscription_state>& s) {
        switch (rng_.below(5)) {
            case 0: static_cast<void>(core_->publish("a", "", "", "x")); break;
            case 1:
                static_cast<void>(core_->request("a", "", "x", 1s, detail::message_completion(&operations_.emplace_back()), now_));
                break;
            case 2: static_cast<void>(core_->flush(1s, detail::plain_completion(&operations_.emplace_back()), now_)); break;
            case 3: static_cast<void>(core_->next(s, detail::message_completion(&operations_.emplace_back()))); break;
            default: break;
        }
    }
    std::size_t any(std::size_t below) { return static_cast<std::size_t>(rng_.below(below)); }

    /// One frame or two, most of them with something wrong.
    void say() {
        if (fresh_ && rng_.below(4) != 0) {
            said_ += "INFO {\"headers\":true,\"max_payload\":1048576}\r\nPONG\r\n";
            fresh_ = false;
        }
        for (std::uint64_t n = rng_.below(4); n > 0; --n) {
            std::string frame(honest_frames[any(honest_frames.size())]);
            for (std::uint64_t mutations = rng_.below(3); mutations > 0 && !frame.empty(); --mutations) mutate(frame);
            said_ += frame;
        }
    }
    void mutate(std::string& frame) {
        static constexpr std::array<std::string_view, 10> edges = {
            "0", "-1", "+5", "18446744073709551616", "9223372036854775807", "4294967301", "99999999999999999999", "0x1", "", " "};
        const std::size_t at = any(frame.size());
        switch (rng_.below(7)) {
            case 0: frame[at] = static_cast<char>(rng_.below(256)); break;
            case 1: frame.resize(at); break;
            case 2: frame.insert(at, 1, static_cast<char>(rng_.below(256))); break;
            case 3: frame.erase(at, 1 + any(4)); break;
            case 4: frame.insert(at, frame.substr(any(frame.size()))); break;
            case 5: frame += honest_frames[any(honest_frames.size())].substr(any(2)); break;
            default: {
                const std::size_t digit = frame.find_first_of("0123456789", at);
                if (digit == std::string::npos) break;
                const std::size_t end = std::min(frame.find_first_not_of("0123456789", digit), frame.size());
                frame.replace(digit, end - digit, edges[any(edges.size())]);
            }
        }
    }

    void pump() {
        for (int turns = 0;; ++turns) {
            REQUIRE(turns < 10'000);
            bool more = false;
            for (session::transport_action a; core_->next_action(a); more = true) act(a);
            for (session::login_action a; core_->next_login_action(a); more = true) {}
            for (event e; core_->next_event(e); more = true) {}
            for (session::finished_operation f; core_->next_finished(f); more = true) f.complete();
            if (dialing_) {
                dialing_ = false;
                open_ = fresh_ = more = true;
                said_.clear();
                written_.clear();
                core_->on_dialed(generation_, {}, now_);
            }
            if (open_) more |= write();
            if (open_) more |= read();
            if (!more) return;
        }
    }
    void act(const session::transport_action& a) {
        using kind = session::transport_action::kind;
        if (a.what == kind::start_tls) return core_->on_secured(a.generation, errc::tls_failed, "no", now_);
        open_ = false;
        dialing_ = a.what == kind::dial;
        if (dialing_) generation_ = a.generation;
    }
    bool write() {
        const std::string_view bytes = core_->pending_write(now_);
        if (bytes.empty()) return false;
        written_ += bytes;
        wire::frame_walker walker(written_);
        wire::walk_status status{};
        while ((status = walker.next()) == wire::walk_status::frame) {}
        CHECK(status != wire::walk_status::malformed);  // I3, whatever the server says
        core_->on_written(generation_, bytes.size(), now_);
        return true;
    }
    bool read() {
        if (said_.empty()) return false;
        const std::span<char> space = core_->read_space();
        const std::size_t n = std::min(space.size(), 1 + any(said_.size()));
        std::copy_n(said_.begin(), n, space.begin());
        said_.erase(0, n);
        core_->on_read(generation_, n, now_);
        return true;
    }

    session::random_stream rng_;
    std::unique_ptr<session::core> core_;
    std::deque<counted> operations_;
    session::time_point now_ = session::time_point(1000h);
    std::uint64_t generation_ = 0;
    std::string said_;
    std::string written_;
    bool dialing_ = false;
    bool open_ = false;
    bool fresh_ = false;
};

}  // namespace

TEST_CASE(
    "H7 I1 I3 I10: whatever a server says, no assertion is reached, every operation ends once, and what is sent stays in the grammar") {
    for (std::uint64_t seed = 1; seed <= 1'000; ++seed) {
        CAPTURE(seed);
        hostile_life(seed).run();
    }
}
