// Who gets a message (spec/protocol.md 12 and 13).
#include <map>

#include "tests/sim/model_server.hpp"

namespace slipstream::sim {

namespace {

std::string_view first_token(std::string_view s) noexcept { return s.substr(0, s.find('.')); }
bool last(std::string_view s) noexcept { return s.find('.') == std::string_view::npos; }
std::string_view rest(std::string_view s) noexcept { return s.substr(s.find('.') + 1); }

}  // namespace

bool pattern_matches(std::string_view pattern, std::string_view subject) noexcept {
    for (;;) {
        const std::string_view p = first_token(pattern);
        const std::string_view s = first_token(subject);
        if (s.empty()) return false;
        if (p == ">" && last(pattern)) return subject.find("..") == std::string_view::npos && !subject.ends_with('.');
        if (p != "*" && p != s) return false;
        if (last(pattern) || last(subject)) return last(pattern) && last(subject);
        pattern = rest(pattern);
        subject = rest(subject);
    }
}

bool valid_pattern(std::string_view subject) noexcept {
    for (;;) {
        const std::string_view token = first_token(subject);
        if (token.empty()) return false;
        if (token == ">" && !last(subject)) return false;
        if (last(subject)) return true;
        subject = rest(subject);
    }
}

std::size_t model_cluster::route(model_connection* from, const client_op& m, std::uint64_t number) {
    struct receiver {
        model_connection* connection;
        std::string sid;
    };
    std::vector<receiver> receivers;
    std::map<std::string, std::vector<receiver>> groups;
    for (model_connection& c : connections_) {
        if (c.ended_ || c.gone || (&c == from && !c.echo_)) continue;
        for (const server_subscription& s : c.subscriptions_) {
            if (!pattern_matches(s.subject, m.subject)) continue;
            if (s.queue.empty())
                receivers.push_back({&c, s.sid});
            else
                groups[s.queue].push_back({&c, s.sid});
        }
    }
    for (const auto& [name, members] : groups) receivers.push_back(members[static_cast<std::size_t>(rng_.below(members.size()))]);
    for (const receiver& r : receivers) {
        for (server_subscription& s : r.connection->subscriptions_) {
            if (s.sid != r.sid) continue;
            r.connection->deliver(s, m, number);
            break;
        }
    }
    std::size_t answered = 0;
    for (const model_service& service : services) {
        if (!pattern_matches(service.subject, m.subject)) continue;
        ++answered;
        service.answer(m, number);
    }
    return receivers.size() + answered;
}

}  // namespace slipstream::sim
