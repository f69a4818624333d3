// Encoder: whatever a user passes, what the checks let through is read by the server as exactly that (A23; I3): same verb, subject,
// reply, queue group, numbers, headers and payload, one frame after the other, and publish_size tells the size before; however much of
// it is taken away before the next is written.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <slipstream/headers.hpp>
#include <slipstream/subject.hpp>

#include "fuzz/check.hpp"
#include "fuzz/input.hpp"
#include "fuzz/server_grammar.hpp"
#include "protocol/wire/encoder.hpp"
#include "protocol/wire/frame_walker.hpp"

using namespace slipstream;
using fuzz::client_frame;
using fuzz::server_reader;

namespace {

/// One frame that was asked for.
struct wanted_frame {
    std::string_view verb;
    std::string_view subject = {};
    std::string_view other = {};  ///< Reply subject or queue group.
    std::uint64_t sid = 0;
    std::uint64_t max_messages = 0;
    std::string headers = {};
    std::string_view payload = {};
};

class session {
public:
    void publish(fuzz::input& in, bool with_headers) {
        wanted_frame w{.verb = with_headers ? "HPUB" : "PUB", .subject = in.text(60), .other = in.text(30)};
        header_map headers;
        if (with_headers) {
            for (std::uint64_t left = 1 + in.below(3); left > 0; --left) {
                const std::string_view name = in.text(12);
                static_cast<void>(headers.append(name, in.text(20)));
            }
        }
        w.payload = in.text(200);
        if (check_publish_subject(w.subject) || (!w.other.empty() && check_publish_subject(w.other))) return;
        if (headers.empty()) w.verb = "PUB";
        w.headers = headers.block();
        const wire::outgoing m{w.subject, w.other, w.headers, w.payload};
        const std::size_t before = out_.size();
        const std::size_t size = wire::publish_size(m);
        if (in.flag())
            encode_publish(out_, size, m);
        else if (headers.empty())
            encode_pub(out_, w.subject, w.other, w.payload);
        else
            encode_hpub(out_, w.subject, w.other, w.headers, w.payload);
        FUZZ_CHECK(out_.size() - before == size);
        wanted_.push_back(std::move(w));
    }
    void subscribe(fuzz::input& in) {
        const wanted_frame w{.verb = "SUB", .subject = in.text(60), .other = in.text(30), .sid = in.number()};
        if (check_subscribe_subject(w.subject) || (!w.other.empty() && check_queue_group(w.other))) return;
        encode_sub(out_, w.subject, w.other, w.sid);
        wanted_.push_back(w);
    }
    void unsubscribe(fuzz::input& in) {
        const wanted_frame w{.verb = "UNSUB", .sid = in.number(), .max_messages = in.number()};
        encode_unsub(out_, w.sid, w.max_messages);
        wanted_.push_back(w);
    }
    void ping() {
        encode_ping(out_);
        wanted_.push_back({.verb = "PING"});
    }
    void pong() {
        encode_pong(out_);
        wanted_.push_back({.verb = "PONG"});
    }

    /// Some bytes leave, as a socket takes them.
    void leave(std::size_t wish) {
        const std::size_t count = std::min(wish, out_.size());
        left_ += out_.view().substr(0, count);
        const std::string rest(out_.view().substr(count));
        out_.clear();
        out_.append(rest);
        FUZZ_CHECK(out_.capacity() >= out_.size() && out_.view() == rest);
    }
    void move(bool assigned) {
        const std::string before(out_.view());
        wire::write_buffer other;
        if (assigned) other.append("forgotten");
        if (assigned)
            other = std::move(out_);
        else
            wire::write_buffer(std::move(out_)).swap(other);
        out_.swap(other);
        FUZZ_CHECK(out_.view() == before && other.empty());
        out_.shrink(out_.capacity() / 2);  // only what is empty becomes smaller
        FUZZ_CHECK(out_.view() == before);
    }

    void check() {
        leave(out_.size());
        FUZZ_CHECK(out_.empty());
        server_reader server(left_);
        wire::frame_walker walker(left_);
        for (const wanted_frame& w : wanted_) {
            const auto f = server.next();
            FUZZ_CHECK(f.has_value());
            check_server(*f, w);
            FUZZ_CHECK(walker.next() == wire::walk_status::frame);
            const wire::frame& own = walker.current();
            FUZZ_CHECK(own.subject == w.subject && own.sid == w.sid && own.max_messages == w.max_messages);
            FUZZ_CHECK((own.kind == wire::frame_kind::sub ? own.queue_group : own.reply_to) == w.other);
            FUZZ_CHECK(own.header_block == w.headers && own.payload == w.payload);
        }
        FUZZ_CHECK(server.at_end());
        FUZZ_CHECK(walker.next() == wire::walk_status::end);
    }

private:
    static void check_server(const client_frame& f, const wanted_frame& w) {
        FUZZ_CHECK(f.verb == w.verb);
        FUZZ_CHECK(f.headers == w.headers && f.payload == w.payload);
        std::size_t i = 0;
        if (!w.subject.empty()) FUZZ_CHECK(f.arguments[i++] == w.subject);
        if (!w.other.empty()) FUZZ_CHECK(f.arguments[i++] == w.other);
        if (w.verb.ends_with("SUB")) FUZZ_CHECK(server_reader::number(f.arguments[i++]) == w.sid);
        if (w.max_messages != 0) FUZZ_CHECK(server_reader::number(f.arguments[i++]) == w.max_messages);
        if (!w.headers.empty()) FUZZ_CHECK(server_reader::number(f.arguments[i++]) == w.headers.size());
        if (w.verb.ends_with("PUB")) FUZZ_CHECK(server_reader::number(f.arguments[i++]) == w.headers.size() + w.payload.size());
        FUZZ_CHECK(i == f.arguments.size());
    }

    wire::write_buffer out_;
    std::string left_;
    std::vector<wanted_frame> wanted_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::input in(data, size);
    session s;
    for (int frames = 0; frames < 64 && !in.empty(); ++frames) {
        switch (in.below(8)) {
            case 0: s.publish(in, false); break;
            case 1: s.publish(in, true); break;
            case 2: s.subscribe(in); break;
            case 3: s.unsubscribe(in); break;
            case 4: s.ping(); break;
            case 5: s.pong(); break;
            case 6: s.leave(in.below(1000)); break;
            default: s.move(in.flag()); break;
        }
    }
    s.check();
    return 0;
}
