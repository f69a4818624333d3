#include "tests/sim/mutator.hpp"

#include <algorithm>
#include <array>

namespace slipstream::sim {

namespace {

constexpr std::array odd_numbers{"0",
                                 "-1",
                                 "+5",
                                 "0x10",
                                 "1e3",
                                 "00000000000000000000001",
                                 "2147483647",
                                 "2147483648",
                                 "4294967301",
                                 "67108864",
                                 "67108865",
                                 "9223372036854775807",
                                 "99999999999999999999",
                                 "18446744073709551616",
                                 "",
                                 "7 7",
                                 "\t4"};

constexpr std::array inserted{"PONG\r\nPONG\r\nPONG\r\n",
                              "PING\r\nPING\r\nPING\r\nPING\r\n",
                              "+OK\r\n",
                              "-ERR\r\n",
                              "-ERR ''\r\n",
                              "-ERR 'Permissions Violation for Subscription to \"t.0\" (sid \"1\")'\r\n",
                              "-ERR 'Permissions Violation for Publish to \"t.1\"'\r\n",
                              "-ERR 'maximum subscriptions exceeded'\r\n",
                              "-ERR 'What is this'\r\n",
                              "-ERR 'Stale Connection'\r\n",
                              "\r\n",
                              " PING\r\n",
                              "HELLO\r\n",
                              "MSG t.0 999999 3\r\nabc\r\n",
                              "MSG t.0 1 3\r\nabcd\r\n",
                              "MSG t.0 1\r\n",
                              "MSG  t.0  1   3\r\nabc\r\n",
                              "msg t.0 1 3\r\nabc\r\n",
                              "HMSG t.0 1 12 3\r\nabc\r\n",
                              "HMSG t.0 1 12 12\r\nNATS/1.0\r\n\r\n\r\n",
                              "HMSG t.0 1 5 8\r\nhello123\r\n",
                              "HMSG t.0 1 0 3\r\nabc\r\n",
                              "MSG t.0 1 5\r\nab\r\nc\r\n",
                              "INFO {\"max_payload\":-1}\r\n",
                              "INFO {\"max_payload\":9223372036854775808}\r\n",
                              "INFO {\"connect_urls\":[1,null,{}]}\r\n",
                              "INFO {\"ldm\":\"yes\"}\r\n",
                              "INFO [[[[[[[[\r\n",
                              "INFO \r\n",
                              "INFO {\"connect_urls\":[\"s1.sim:4222\",\"nowhere.sim:1\",\"x\"]}\r\n",
                              "PONG and more\r\n",
                              "ping\n"};

}  // namespace

std::string mutator::odd_number() { return odd_numbers[static_cast<std::size_t>(rng_.below(odd_numbers.size()))]; }

bool mutator::change(std::string& frame, std::uint64_t rarity, bool in_handshake) {
    if (rarity == 0) return false;
    if (recorded_.size() < 64) recorded_.push_back(frame);
    if (!one_in(rng_, in_handshake ? rarity * 4 : rarity)) return false;
    switch (rng_.below(10)) {
        case 0:
        case 1: change_number(frame); break;
        case 2: frame.resize(static_cast<std::size_t>(rng_.below(frame.size()))); break;
        case 3:
            if (!frame.empty()) {
                const auto bit = static_cast<char>(1U << rng_.below(8));
                frame[static_cast<std::size_t>(rng_.below(frame.size()))] ^= bit;
            }
            break;
        case 4: frame += frame; break;
        case 5: {  // the beginning of one and the end of another
            const std::string& other = recorded_[static_cast<std::size_t>(rng_.below(recorded_.size()))];
            const auto end = static_cast<std::size_t>(rng_.below(frame.size() + 1));  // drawn first, on every compiler
            const auto begin = static_cast<std::size_t>(rng_.below(other.size() + 1));
            frame = frame.substr(0, end) + other.substr(begin);
            break;
        }
        case 6: change_info(frame); break;
        default: insert(frame); break;
    }
    return true;
}

void mutator::change_number(std::string& frame) {
    const std::size_t line = std::min(frame.find('\r'), frame.size());
    std::size_t begin = frame.find_last_of(" ", line == 0 ? 0 : line - 1);
    if (begin == std::string::npos || begin + 1 >= line) return insert(frame);
    ++begin;
    const std::string digits = frame.substr(begin, line - begin);
    std::string with = odd_number();
    if (digits.size() < 10 && digits.find_first_not_of("0123456789") == std::string::npos && one_in(rng_, 2)) {
        const unsigned long value = std::stoul(digits);
        with = std::to_string(one_in(rng_, 2) || value == 0 ? value + 1 : value - 1);
    }
    frame.replace(begin, line - begin, with);
}

void mutator::change_info(std::string& frame) {
    if (!frame.starts_with("INFO")) return insert(frame);
    switch (rng_.below(5)) {
        case 0: frame = "INFO {\"server_id\":1}\r\n"; break;
        case 1: frame = "INFO {\"max_payload\":1,\"headers\":false}\r\n"; break;
        case 2: frame.insert(frame.find('}'), ",\"x\":\"" + std::string(static_cast<std::size_t>(rng_.below(200'000)), 'x') + '"'); break;
        case 3: frame = "INFO " + std::string(2'000, '[') + "\r\n"; break;
        default: frame = "INFO {\"headers\":true,\"nonce\":\"" + std::string(5'000, 'n') + "\"}\r\n"; break;
    }
}

void mutator::insert(std::string& frame) {
    std::string more;
    switch (rng_.below(8)) {
        case 0: more = std::string(static_cast<std::size_t>(between(rng_, 1'000, 80'000)), 'a'); break;  // a line that never ends
        case 1: more = "MSG t.0 1 " + std::to_string(between(rng_, 100'000, 8'000'000)) + "\r\nabc"; break;  // promised, never sent
        case 2:
            for (std::uint64_t n = between(rng_, 10, 300); n != 0; --n) more += "-ERR 'flood " + std::to_string(n) + "'\r\n";
            break;
        default: more = inserted[static_cast<std::size_t>(rng_.below(inserted.size()))]; break;
    }
    if (one_in(rng_, 2))
        frame += more;
    else
        frame = more + frame;
}

}  // namespace slipstream::sim
