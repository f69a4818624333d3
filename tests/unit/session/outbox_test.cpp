#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/session/outbox.hpp"
#include "protocol/session/random.hpp"
#include "protocol/wire/encoder.hpp"
#include "tests/unit/session/outbox_transport.hpp"

namespace slipstream::session {
namespace {

using namespace test;

/// Step `i` of a mixture of all kinds of frames.
void append_mixed(outbox& box, std::size_t i) {
    const std::string subject = "s" + std::to_string(i);
    switch (i % 8) {
        case 0: wire::encode_pub(box.user_frames(), subject, "", "payload"); break;
        case 1: wire::encode_sub(box.protocol_frames(), "a.>", "q", i); break;
        case 2: wire::encode_pub(box.user_frames(), subject, "_INBOX.1", "\r\nPING\r\nPUB x 1\r\n"); break;
        case 3: wire::encode_ping(box.protocol_frames()); break;
        case 4: wire::encode_hpub(box.user_frames(), subject, "", "NATS/1.0\r\nA: b\r\n\r\n", "x"); break;
        case 5: wire::encode_unsub(box.protocol_frames(), i, 3); break;
        case 6: wire::encode_pub(box.user_frames(), subject, "", ""); break;
        default: wire::encode_pong(box.protocol_frames()); break;
    }
}

constexpr std::size_t mixed_frames = 16;

std::vector<std::string> mixed_user_frames() {
    outbox box(plenty);
    box.release(release_all);
    for (std::size_t i = 0; i < mixed_frames; ++i) append_mixed(box, i);
    return frames_of(write_all(box), true);
}

TEST_CASE("C13 C15 I3 I14: cut at every byte, with any part already being written: all user frames arrive once, whole, in order") {
    const std::vector<std::string> expected = mixed_user_frames();
    REQUIRE(expected.size() == 8);
    int cuts = 0;
    for (std::size_t first_part = 0; first_part <= mixed_frames; ++first_part) {
        for (std::size_t cut = 0;; ++cut) {
            outbox box(plenty);
            box.release(release_all);
            for (std::size_t i = 0; i < first_part; ++i) append_mixed(box, i);
            static_cast<void>(box.pending());  // the write begins
            for (std::size_t i = first_part; i < mixed_frames; ++i) append_mixed(box, i);
            const std::size_t total = box.size();
            if (cut > total) break;
            ++cuts;

            std::string first_stream = write(box, std::min(cut, box.pending().size()));
            if (first_stream.size() < cut) first_stream += write(box, cut - first_stream.size());
            REQUIRE(first_stream.size() == cut);
            REQUIRE(box.written() == cut);
            std::vector<std::string> offered;
            box.on_connection_lost([&](const wire::frame& f) {
                offered.emplace_back(f.subject);
                return true;
            });
            REQUIRE(box.written() == 0);
            REQUIRE(box.appended() == 0);
            REQUIRE(box.pending().empty());

            // The next connection: handshake, subscriptions, then what was kept, then something new.
            wire::encode_sub(box.protocol_frames(), "restored", "", 1);
            std::string second_stream = write_all(box);
            std::vector<std::uint64_t> positions;
            box.release([&](const wire::frame&, std::uint64_t position) {
                positions.push_back(position);
                return true;
            });
            wire::encode_pub(box.user_frames(), "new", "", "");
            second_stream += write_all(box);

            std::vector<std::string> arrived = frames_of(first_stream, true);
            const std::vector<std::string> rest = frames_of(second_stream, true);
            REQUIRE(second_stream.starts_with("SUB restored 1\r\n"));
            REQUIRE(rest.size() == offered.size() + 1);
            REQUIRE(rest.back() == "PUB new 0\r\n\r\n");
            for (std::size_t i = 0; i < positions.size(); ++i) {
                REQUIRE(std::string_view(second_stream).substr(positions[i]).starts_with(rest[i]));
            }
            arrived.insert(arrived.end(), rest.begin(), rest.end() - 1);
            REQUIRE(arrived == expected);
            REQUIRE(frames_of(second_stream, false).size() == rest.size() + 1);  // no protocol frame of the old connection
            REQUIRE(box.size() == 0);
        }
    }
    CHECK(cuts > 3000);
}

TEST_CASE("C13: frames are held while down, go out after release, and count as unwritten all the time") {
    outbox box(plenty);
    wire::encode_pub(box.user_frames(), "a", "", "1");
    CHECK(box.pending().empty());
    CHECK(box.size() == 12);
    CHECK(box.appended() == 0);
    wire::encode_ping(box.protocol_frames());
    CHECK(box.pending() == "PING\r\n");
    CHECK(box.size() == 18);
    wire::encode_pub(box.user_frames(), "b", "", "2");
    CHECK(box.pending() == "PING\r\n");
    box.on_written(2);
    CHECK(box.pending() == "NG\r\n");
    CHECK(box.written() == 2);
    CHECK(box.appended() == 6);
    box.on_written(4);
    CHECK(box.pending().empty());
    std::uint64_t at = 0;
    box.release([&](const wire::frame& f, std::uint64_t position) {
        at = position;
        return f.subject != "a";
    });
    CHECK(at == 6);
    CHECK(box.pending() == "PUB b 1\r\n2\r\n");
    CHECK(box.size() == 12);
    wire::encode_pub(box.user_frames(), "c", "", "3");
    CHECK(write_all(box) == "PUB b 1\r\n2\r\nPUB c 1\r\n3\r\n");
    CHECK(box.written() == 30);
    CHECK(box.appended() == 30);
}

TEST_CASE("C25: what is being written does not move while more is queued, and the rest leaves in one piece") {
    outbox box(plenty);
    box.release(release_all);
    wire::encode_pub(box.user_frames(), "first", "", std::string(1000, 'x'));
    const std::string_view pending = box.pending();
    const std::string before(pending);
    for (int i = 0; i < 1000; ++i) wire::encode_pub(box.user_frames(), "next", "", std::string(500, 'y'));
    CHECK(box.pending().data() == pending.data());
    CHECK(pending == before);
    box.on_written(10);
    CHECK(box.pending().data() == pending.data() + 10);
    for (int i = 0; i < 1000; ++i) wire::encode_pub(box.user_frames(), "next", "", std::string(500, 'y'));
    box.on_written(box.pending().size());
    CHECK(box.pending().size() >= outbox::block_size);
    CHECK(frames_of(write_all(box), true).size() == 2000);
}

TEST_CASE("C25: a backlog leaves in writes of a good size, each of whole frames") {
    outbox box(plenty);
    box.release(release_all);
    const auto publish = [&](std::size_t size) { wire::encode_pub(box.user_frames(), "s", "", std::string(size, 'x')); };
    for (int i = 0; i < 10'000; ++i) publish(static_cast<std::size_t>(i % 200));
    publish(1'000'000);
    publish(1);
    const std::size_t total = box.size();
    std::size_t sum = 0;
    std::size_t frames = 0;
    std::size_t writes = 0;
    for (std::string bytes; !(bytes = write(box, plenty)).empty(); ++writes) {
        sum += bytes.size();
        frames += frames_of(bytes, true).size();
        CHECK((bytes.size() >= outbox::block_size || box.size() == 0));
        if (bytes.size() < 1'000'000) CHECK(bytes.size() < outbox::block_size + 300);
        CHECK(box.size() == total - sum);
        CHECK(box.appended() == total);
    }
    CHECK(sum == total);
    CHECK(frames == 10'002);
    CHECK(writes > 15);
}

TEST_CASE("E2 C13: frames in any of many blocks are called back, or kept when the connection is lost") {
    for (const bool lose : {false, true}) {
        CAPTURE(lose);
        outbox box(plenty);
        box.release(release_all);
        std::vector<std::string> expected;
        for (int i = 0; i < 2000; ++i) {
            const std::string subject = "s" + std::to_string(i);
            const std::string payload(100, 'x');
            wire::encode_pub(box.user_frames(), subject, "", payload);
            if (i % 3 != 0) expected.push_back("PUB " + subject + " 100\r\n" + payload + "\r\n");
        }
        const auto wanted = [](const wire::frame& f) { return std::stoi(std::string(f.subject.substr(1))) % 3 != 0; };
        std::vector<std::uint64_t> positions;
        const auto wanted_at = [&](const wire::frame& f, std::uint64_t position) {
            if (!wanted(f)) return false;
            positions.push_back(position);
            return true;
        };
        if (lose) {
            box.on_connection_lost(wanted);
            CHECK(box.appended() == 0);
            box.release(wanted_at);
        } else {
            box.recall(wanted_at);
        }
        const std::uint64_t end = box.appended();
        CHECK(box.size() == end);
        const std::string stream = write_all(box);
        CHECK(stream.size() == end);
        CHECK(frames_of(stream, true) == expected);
        REQUIRE(positions.size() == expected.size());
        for (std::size_t i = 0; i < positions.size(); ++i) REQUIRE(std::string_view(stream).substr(positions[i]).starts_with(expected[i]));
    }
}

TEST_CASE("E2 C13: frames that nobody waits for any more are dropped, at loss and at release") {
    outbox box(plenty);
    box.release(release_all);
    for (const char* const subject : {"a", "b", "c", "d"}) wire::encode_pub(box.user_frames(), subject, "_INBOX.x", "");
    box.on_written(box.pending().substr(0, 3).size());
    std::string seen;
    box.on_connection_lost([&](const wire::frame& f) {
        seen += f.subject;
        CHECK(f.reply_to == "_INBOX.x");
        return f.subject != "b";
    });
    CHECK(seen == "abcd");
    // Lost again during the handshake: what is held is not offered and not lost.
    wire::encode_ping(box.protocol_frames());
    static_cast<void>(write(box, 3));
    wire::encode_pub(box.user_frames(), "e", "", "");
    box.on_connection_lost([&](const wire::frame&) {
        FAIL("a held frame was offered");
        return true;
    });
    seen.clear();
    box.release([&](const wire::frame& f, std::uint64_t) {
        seen += f.subject;
        return f.subject != "c";
    });
    CHECK(seen == "acde");
    std::string sent;
    const std::string stream = write_all(box);
    wire::frame_walker walker(stream);
    while (walker.next() == wire::walk_status::frame) sent += walker.current().subject;
    CHECK(sent == "ade");
}

TEST_CASE("E2: frames that were not handed over can be called back; those being written cannot, and protocol frames stay") {
    outbox box(plenty);
    wire::encode_ping(box.protocol_frames());
    CHECK(box.handed_over() == 0);
    CHECK(write_all(box) == "PING\r\n");
    box.release(release_all);
    wire::encode_pub(box.user_frames(), "a", "", "1");
    static_cast<void>(box.pending());
    CHECK(box.handed_over() == 18);
    box.on_written(5);
    CHECK(box.handed_over() == 18);
    for (const char* const subject : {"b", "c", "d", "e"}) {
        wire::encode_pub(box.user_frames(), subject, "", "1");
        wire::encode_unsub(box.protocol_frames(), 7);
    }
    std::string seen;
    std::vector<std::uint64_t> positions;
    const auto without_b_and_d = [&](const wire::frame& f, std::uint64_t position) {
        seen += f.subject;
        if (f.subject == "b" || f.subject == "d") return false;
        positions.push_back(position);
        return true;
    };
    box.recall(without_b_and_d);
    CHECK(seen == "bcde");
    std::string stream = "PING\r\nPUB a";
    CHECK(stream.size() == box.written());
    stream += write_all(box);
    CHECK(stream == "PING\r\nPUB a 1\r\n1\r\nUNSUB 7\r\nPUB c 1\r\n1\r\nUNSUB 7\r\nUNSUB 7\r\nPUB e 1\r\n1\r\nUNSUB 7\r\n");
    REQUIRE(positions.size() == 2);
    CHECK(std::string_view(stream).substr(positions[0]).starts_with("PUB c"));
    CHECK(std::string_view(stream).substr(positions[1]).starts_with("PUB e"));
    seen.clear();
    box.recall(without_b_and_d);
    CHECK(seen.empty());
    CHECK(box.size() == 0);
}

TEST_CASE("D11: the limit counts everything unwritten, and its arithmetic does not wrap") {
    outbox box(100);
    CHECK(box.has_room(100));
    CHECK(box.has_room(101));  // or it could never be sent
    box.release(release_all);
    wire::encode_pub(box.user_frames(), "a", "", std::string(70, 'x'));
    const std::size_t used = box.size();
    CHECK(box.has_room(100 - used));
    CHECK_FALSE(box.has_room(100 - used + 1));
    CHECK_FALSE(box.has_room(SIZE_MAX));
    box.on_written(box.pending().substr(0, 20).size());
    CHECK(box.has_room(100 - used + 20));
    CHECK_FALSE(box.has_room(100 - used + 21));
    for (int i = 0; i < 20; ++i) wire::encode_ping(box.protocol_frames());  // protocol frames may exceed it
    CHECK(box.size() > 100);
    CHECK_FALSE(box.has_room(0));
    CHECK_FALSE(box.has_room(SIZE_MAX));
    box.on_connection_lost(keep_all);
    CHECK(box.size() == used);
    box.clear();
    CHECK(box.has_room(100));
    CHECK(box.capacity() < 10'000);
}

TEST_CASE("I3 I14: random appends, writes, losses and releases: streams are whole frames, users' frames once and in order") {
    for (std::uint64_t seed = 1; seed <= 300; ++seed) {
        CAPTURE(seed);
        random_stream rng(seed);
        outbox box(plenty);
        std::vector<std::string> accepted;
        std::vector<std::string> arrived;
        std::string stream;
        bool up = false;
        bool handshake = false;
        std::size_t number = 0;
        const auto lose = [&] {
            for (std::string& f : frames_of(stream, true)) arrived.push_back(std::move(f));
            stream.clear();
            box.on_connection_lost(keep_all);
            up = handshake = false;
        };
        const auto go_up = [&] {
            wire::encode_sub(box.protocol_frames(), "restored", "", 1);
            std::uint64_t last = 0;
            box.release([&](const wire::frame& f, std::uint64_t position) {
                CHECK(position >= last);
                last = position + f.size;
                return true;
            });
            up = true;
            handshake = false;
        };
        for (int step = 0; step < 300; ++step) {
            switch (rng.below(8)) {
                case 0:
                case 1:
                case 2: {
                    const std::string payload(rng.below(10) == 0 ? rng.below(30'000) : rng.below(30), 'p');
                    const std::string subject = "n" + std::to_string(++number);
                    const std::size_t before = box.size();
                    wire::encode_pub(box.user_frames(), subject, "", payload);
                    CHECK(box.size() - before == wire::publish_size({subject, {}, {}, payload}));
                    accepted.push_back("PUB " + subject + " " + std::to_string(payload.size()) + "\r\n" + payload + "\r\n");
                    break;
                }
                case 3:
                    if (up || handshake) wire::encode_ping(box.protocol_frames());
                    break;
                case 4:
                case 5:
                    if (up || handshake) {
                        stream += write(box, rng.below(2) == 0 ? plenty : rng.below(60));
                        CHECK(box.written() == stream.size());
                    }
                    break;
                case 6:
                    if ((up || handshake) && rng.below(3) == 0) lose();
                    break;
                default:
                    if (handshake) {
                        go_up();
                    } else if (!up) {
                        handshake = true;
                        wire::encode_ping(box.protocol_frames());
                    }
            }
        }
        if (!up) go_up();
        stream += write_all(box);
        lose();
        REQUIRE(arrived == accepted);
        REQUIRE(box.size() == 0);
    }
}

}  // namespace
}  // namespace slipstream::session
