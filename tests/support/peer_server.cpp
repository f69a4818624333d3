// The scripted peer as a small nats-server.
#include <algorithm>
#include <charconv>
#include <list>
#include <optional>
#include <sstream>
#include <utility>

#include <slipstream/subject.hpp>

#include "tests/support/scripted_peer.hpp"

namespace slipstream::test {

namespace {

struct interest {
    std::string subject;
    std::string queue;
    std::string sid;
    std::size_t left = 0;  // 0 = no limit
};

std::vector<std::string> words_of(const std::string& line) {
    std::istringstream in(line);
    std::vector<std::string> out;
    for (std::string word; in >> word;) out.push_back(word);
    return out;
}

std::size_t number(const std::string& text) {
    std::size_t out = 0;
    std::from_chars(text.data(), text.data() + text.size(), out);
    return out;
}

class small_server {
public:
    explicit small_server(peer_answers special) : special_(std::move(special)) {}

    /// Everything the server has to say about one published message. `header_size` 0 = PUB.
    std::string route(const std::string& subject, const std::string& reply, std::size_t header_size, const std::string& body) {
        if (special_) {
            const std::string payload = body.substr(header_size);
            if (const auto answers = special_(subject, reply, payload)) {
                std::string out;
                for (const peer_message& m : *answers) out += deliver(m.to, m.reply, 0, m.payload, m.subject);
                return out;
            }
        }
        if (subject.starts_with("echo.")) return deliver(reply, {}, header_size, body);
        if (subject.starts_with("silent.")) return {};
        std::string out = deliver(subject, reply, header_size, body);
        if (out.empty() && !reply.empty()) out = deliver(reply, {}, 16, "NATS/1.0 503\r\n\r\n");
        return out;
    }
    void sub(const std::vector<std::string>& words) {
        interest one;
        one.subject = words[1];
        one.sid = words.back();
        if (words.size() == 4) one.queue = words[2];
        interests_.push_back(one);
    }
    void unsub(const std::vector<std::string>& words) {
        const std::size_t left = words.size() == 3 ? number(words[2]) : 0;
        if (left == 0) {
            interests_.remove_if([&](const interest& i) { return i.sid == words[1]; });
        } else {
            for (interest& i : interests_) {
                if (i.sid == words[1]) i.left = left;
            }
        }
    }

private:
    /// `shown`: the subject that the receiver sees, when it is another.
    std::string deliver(const std::string& subject, const std::string& reply, std::size_t header_size, const std::string& body,
                        const std::string& shown = {}) {
        std::string out;
        std::vector<std::string> served_groups;
        std::vector<std::string> ended;
        for (interest& i : interests_) {
            if (!subject_matches(i.subject, subject)) continue;
            if (!i.queue.empty()) {
                if (std::find(served_groups.begin(), served_groups.end(), i.queue) != served_groups.end()) continue;
                served_groups.push_back(i.queue);
            }
            out += header_size != 0 ? "HMSG " : "MSG ";
            out += (shown.empty() ? subject : shown) + " " + i.sid + " " + (reply.empty() ? "" : reply + " ");
            if (header_size != 0) out += std::to_string(header_size) + " ";
            out += std::to_string(body.size()) + "\r\n" + body + "\r\n";
            if (i.left != 0 && --i.left == 0) ended.push_back(i.sid);
        }
        for (const std::string& sid : ended) interests_.remove_if([&](const interest& i) { return i.sid == sid; });
        return out;
    }

    peer_answers special_;
    std::list<interest> interests_;
};

}  // namespace

asio::awaitable<void> serve(peer_connection& connection, peer_answers special) {
    small_server server(std::move(special));
    std::string received;
    for (;;) {
        std::string chunk;
        try {
            chunk = co_await connection.some();
        } catch (const std::system_error&) {
            co_return;  // reset
        }
        if (chunk.empty()) co_return;
        received += chunk;
        std::string answer;
        std::size_t at = 0;
        for (std::size_t end = 0; (end = received.find("\r\n", at)) != std::string::npos;) {
            const std::vector<std::string> words = words_of(received.substr(at, end - at));
            std::size_t next = end + 2;
            if (words.empty()) throw std::runtime_error("an empty line from the client");
            if (words[0] == "PUB" || words[0] == "HPUB") {
                const std::size_t numbers = words[0] == "PUB" ? 1 : 2;
                const std::size_t size = number(words.back());
                if (received.size() < next + size + 2) break;
                const std::string reply = words.size() == numbers + 3 ? words[2] : std::string();
                const std::size_t header_size = numbers == 2 ? number(words[words.size() - 2]) : 0;
                answer += server.route(words[1], reply, header_size, received.substr(next, size));
                next += size + 2;
            } else if (words[0] == "PING") {
                answer += "PONG\r\n";
            } else if (words[0] == "SUB") {
                server.sub(words);
            } else if (words[0] == "UNSUB") {
                server.unsub(words);
            } else if (words[0] != "PONG") {
                throw std::runtime_error("unexpected from the client: " + words[0]);
            }
            at = next;
        }
        received.erase(0, at);
        if (!answer.empty()) co_await connection.send(std::move(answer));
    }
}

asio::awaitable<void> serve_one(scripted_peer& peer) {
    peer_connection connection = co_await peer.accept();
    co_await connection.handshake();
    co_await serve(connection);
}

}  // namespace slipstream::test
