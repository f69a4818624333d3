// The least that speaks the NATS client protocol over a blocking socket: what the kernel, the server and one core allow. Yardsticks
// for our client, not a client: nothing here survives bad input, and TLS takes any certificate.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "bench/common/measure.hpp"

namespace bench {

inline void disable_delay(int fd) {
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

inline sockaddr_in loopback(const std::string& host, const std::string& port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(std::strtoul(port.c_str(), nullptr, 10)));
    inet_pton(AF_INET, host.c_str(), &address.sin_addr);
    return address;
}

inline void write_all(int fd, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t n = send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (n <= 0) die("send failed: the peer has closed");
        bytes.remove_prefix(static_cast<std::size_t>(n));
    }
}

struct raw_message {
    std::string_view subject;
    std::string_view sid;
    std::string_view reply_to;
    std::string_view headers;
    std::string_view payload;
};

enum class raw_frame { incomplete, message, ping, other };

inline std::size_t decimal(std::string_view digits) {
    std::size_t value = 0;
    for (const char c : digits) value = value * 10 + static_cast<std::size_t>(c - '0');
    return value;
}

/// Reads the frame at the front of `in`; `used` is its size. For `other`, `m.payload` is its line.
inline raw_frame read_frame(std::string_view in, raw_message& m, std::size_t& used) {
    const void* const found = in.empty() ? nullptr : std::memchr(in.data(), '\n', in.size());
    if (found == nullptr) return raw_frame::incomplete;
    const auto line = static_cast<std::size_t>(static_cast<const char*>(found) - in.data());
    const bool with_headers = in[0] == 'H';
    if (!with_headers && (in[0] != 'M' || in[1] != 'S')) {
        m.payload = in.substr(0, line);
        used = line + 1;
        return in[0] == 'P' && in[1] == 'I' ? raw_frame::ping : raw_frame::other;
    }
    std::string_view words[5];
    std::size_t count = 0;
    for (std::size_t at = with_headers ? 5 : 4; at < line - 1 && count < 5;) {
        const void* const blank = std::memchr(in.data() + at, ' ', line - 1 - at);
        const std::size_t end = blank == nullptr ? line - 1 : static_cast<std::size_t>(static_cast<const char*>(blank) - in.data());
        words[count++] = in.substr(at, end - at);
        at = end + 1;
    }
    const std::size_t total = decimal(words[count - 1]);
    const std::size_t headers = with_headers ? decimal(words[count - 2]) : 0;
    used = line + 1 + total + 2;
    if (in.size() < used) return raw_frame::incomplete;
    m.subject = words[0];
    m.sid = words[1];
    m.reply_to = count == (with_headers ? 5U : 4U) ? words[2] : std::string_view{};
    m.headers = in.substr(line + 1, headers);
    m.payload = in.substr(line + 1 + headers, total - headers);
    return raw_frame::message;
}

class raw_connection {
public:
    explicit raw_connection(std::size_t buffer = std::size_t{256} * 1024, bool tls = false) : with_tls_(tls), buffer_(buffer) {}
    raw_connection(const raw_connection&) = delete;
    raw_connection& operator=(const raw_connection&) = delete;
    ~raw_connection() {
        if (fd_ >= 0) close(fd_);
    }

    void connect() {
        fd_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        const sockaddr_in address = loopback(server_host(), server_port());
        if (fd_ < 0 || ::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) die("no server to connect to");
        disable_delay(fd_);
        static_cast<void>(line());  // INFO
        if (with_tls_) start_tls();
        write(R"(CONNECT {"verbose":false,"pedantic":false,"lang":"raw","version":"0","protocol":1,"headers":true,"no_responders":true})"
              "\r\nPING\r\n");
        for (;;) {
            const std::string_view answer = line();
            if (answer == "PONG") return;
            if (answer.starts_with("-ERR")) die(std::string(answer));
        }
    }

    [[nodiscard]] int fd() const noexcept { return fd_; }
    void write(std::string_view bytes) {
        if (!tls_) return write_all(fd_, bytes);
        std::size_t written = 0;
        if (!bytes.empty() && SSL_write_ex(tls_.get(), bytes.data(), bytes.size(), &written) != 1) die("TLS: writing failed");
    }
    [[nodiscard]] std::string_view unread() const noexcept { return {buffer_.data() + begin_, end_ - begin_}; }
    void skip(std::size_t n) noexcept { begin_ += n; }
    /// Where the next read may go.
    [[nodiscard]] std::pair<char*, std::size_t> space() {
        if (begin_ == end_) begin_ = end_ = 0;
        if (end_ == buffer_.size()) {
            if (begin_ == 0) buffer_.resize(2 * buffer_.size());
            std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
            end_ -= begin_;
            begin_ = 0;
        }
        return {buffer_.data() + end_, buffer_.size() - end_};
    }
    void filled(ssize_t n) {
        if (n <= 0) die("recv failed: the peer has closed");
        end_ += static_cast<std::size_t>(n);
    }
    void fill() {
        const auto [to, size] = space();
        if (!tls_) return filled(recv(fd_, to, size, 0));
        std::size_t n = 0;
        if (SSL_read_ex(tls_.get(), to, size, &n) != 1) die("TLS: reading failed");
        filled(static_cast<ssize_t>(n));
    }
    /// The next line without its end.
    std::string_view line() {
        for (std::size_t seen = 0;;) {
            const std::string_view in = unread();
            if (const std::size_t at = in.find('\n', seen); at != std::string_view::npos) {
                skip(at + 1);
                return in.substr(0, at != 0 && in[at - 1] == '\r' ? at - 1 : at);
            }
            seen = in.size();
            fill();
        }
    }
    /// Waits until the server has handled everything written before.
    void flush() {
        write("PING\r\n");
        for (;;) {
            const std::string_view answer = line();
            if (answer == "PONG") return;
            if (answer == "PING") write("PONG\r\n");
        }
    }
    /// Calls `f` for each complete message that has arrived; answers PING.
    template <class F>
    void each_message(F f) {
        raw_message m;
        for (std::size_t used = 0; begin_ != end_; begin_ += used) {
            switch (read_frame(unread(), m, used)) {
                case raw_frame::incomplete: return;
                case raw_frame::message: f(std::as_const(m)); break;
                case raw_frame::ping: write("PONG\r\n"); break;
                case raw_frame::other:
                    if (m.payload.starts_with("-ERR")) die(std::string(m.payload));
            }
        }
    }
    /// One request and its reply, headers first. For what is not measured.
    std::string request(std::string_view subject, std::string_view body) {
        const std::string sid = std::to_string(++requests_);
        const std::string inbox = "_INBOX.raw." + std::to_string(getpid()) + "." + sid;
        write("SUB " + inbox + " " + sid + "\r\nUNSUB " + sid + " 1\r\nPUB " + std::string(subject) + " " + inbox + " " +
              std::to_string(body.size()) + "\r\n" + std::string(body) + "\r\n");
        std::string out;
        for (bool answered = false; !answered;) {
            each_message([&](const raw_message& m) {
                if (m.subject != inbox) return;
                out.assign(m.headers).append(m.payload);
                answered = true;
            });
            if (!answered) fill();
        }
        return out;
    }

private:
    void start_tls() {
        context_.reset(SSL_CTX_new(TLS_client_method()));
        tls_.reset(SSL_new(context_.get()));
        if (!tls_ || SSL_set_fd(tls_.get(), fd_) != 1 || SSL_connect(tls_.get()) != 1) die("TLS: no handshake");
    }

    struct free_context {
        void operator()(SSL_CTX* c) const noexcept { SSL_CTX_free(c); }
    };
    struct free_tls {
        void operator()(SSL* s) const noexcept { SSL_free(s); }
    };
    int fd_ = -1;
    bool with_tls_;
    std::unique_ptr<SSL_CTX, free_context> context_;
    std::unique_ptr<SSL, free_tls> tls_;
    std::vector<char> buffer_;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
    std::size_t requests_ = 90'000;
};

}  // namespace bench
