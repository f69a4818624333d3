// The server's side of the grammar (spec/protocol.md 1 and 2): from what a client wrote to operations.
//
// Written for the simulation, from the specification and not from the client's code: it shares nothing with protocol/wire. As tolerant
// as the real server, and as strict; tests/sim/fidelity_test.cpp compares the two.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace slipstream::sim {

struct client_op {
    enum class kind { connect, pub, sub, unsub, ping, pong, nothing };
    kind what = kind::nothing;
    std::string json;            // CONNECT
    std::string subject;         // PUB, HPUB, SUB
    std::string reply_to;
    std::string queue;
    std::string sid;
    std::string header_block;
    std::string payload;
    std::string header_size_text;  // as written: the server copies the digits
    std::string size_text;
    std::uint64_t max = 0;       // UNSUB
    bool with_headers = false;   // HPUB
};

class model_parser {
public:
    enum class status {
        need_more,
        op,
        unknown_operation,
        line_too_long,
        payload_too_large,
        not_authorized,   // the first byte is of no CONNECT, and one is demanded
        hang_up,          // closed without a word
    };

    std::size_t max_control_line = 4096;
    std::uint64_t max_payload = 1048576;
    bool headers = false;        // CONNECT has said so
    bool connect_demanded = false;

    void feed(std::string_view bytes) { buffer_.append(bytes); }
    /// The next operation. Everything but `need_more` and `op` is final.
    status next(client_op& out);
    /// Bytes of the stream that belong to whole operations.
    [[nodiscard]] std::uint64_t consumed() const noexcept { return consumed_; }
    /// An operation has begun and is not whole.
    [[nodiscard]] bool inside() const noexcept { return in_payload_ || buffer_.size() != at_; }

private:
    status arguments(client_op& out, std::string_view verb, std::string_view text);
    status publish_line(client_op& out, const std::vector<std::string_view>& words, bool with_headers);
    status payload(client_op& out);
    void drop(std::size_t n);

    std::string buffer_;
    std::size_t at_ = 0;
    std::uint64_t consumed_ = 0;
    bool in_payload_ = false;
    std::size_t header_size_ = 0;
    std::size_t size_ = 0;
    client_op pending_;
};

}  // namespace slipstream::sim
