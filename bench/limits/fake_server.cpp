// A server stand-in that costs almost nothing, so that the client is what is measured. One connection after the other, one thread.
//
//     fake_server --mode sink                   swallows everything, answers PING
//     fake_server --mode feed --size B --n N    after SUB and PING (with --on-sub 1: after SUB) sends N messages to the last sid
//     fake_server --mode echo                   answers every PUB that has a reply subject
//
// Listens on a free loopback port, or --port P, and prints it on a line of its own. Ends after --connections C (1).
#include "bench/limits/raw.hpp"

namespace {

using namespace bench;

struct settings {
    std::string mode;
    std::size_t size;
    std::size_t messages;
    std::size_t chunk;
    bool on_subscribe;
};

class peer {
public:
    peer(int fd, const settings& how) : fd_(fd), how_(how), buffer_(std::size_t{256} * 1024) {}

    void serve() {
        write_all(fd_, R"(INFO {"server_id":"FAKE","server_name":"fake","version":"2.15.1","proto":1,"headers":true,"max_payload":8388608,)"
                       R"("jetstream":false,"host":"127.0.0.1","port":4222,"client_id":1})"
                       "\r\n");
        while (receive()) {
            answer_.clear();
            while (take_frame()) {}
            if (!answer_.empty()) write_all(fd_, answer_);
            if (std::exchange(feed_, false)) feed();
        }
    }

private:
    bool receive() {
        if (begin_ == end_) begin_ = end_ = 0;
        if (end_ == buffer_.size()) {
            std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
            end_ -= begin_;
            begin_ = 0;
        }
        // Once greeted, a sink looks at the last bytes only: a PING comes alone or at the end.
        while (how_.mode == "sink" && greeted_ && begin_ == end_) {
            const ssize_t n = recv(fd_, buffer_.data(), buffer_.size(), 0);
            if (n <= 0) return false;
            if (std::string_view(buffer_.data(), static_cast<std::size_t>(n)).ends_with("PING\r\n")) write_all(fd_, "PONG\r\n");
        }
        const ssize_t n = recv(fd_, buffer_.data() + end_, buffer_.size() - end_, 0);
        if (n <= 0) return false;
        end_ += static_cast<std::size_t>(n);
        return true;
    }

    bool take_frame() {
        const std::string_view in(buffer_.data() + begin_, end_ - begin_);
        const std::size_t lf = in.find('\n');
        if (lf == std::string_view::npos) return false;
        const std::string_view line = in.substr(0, lf - 1);
        if (line.starts_with("PUB") || line.starts_with("HPUB")) return take_publish(in, line, lf + 1);
        if (line == "PING") {
            answer_ += "PONG\r\n";
            feed_ = greeted_ && !sid_.empty() && how_.mode == "feed";
            greeted_ = true;
        } else if (line.starts_with("SUB")) {
            sid_ = line.substr(line.rfind(' ') + 1);
            subject_ = line.substr(4, line.find(' ', 4) - 4);
            feed_ = how_.on_subscribe && how_.mode == "feed";
        }
        begin_ += lf + 1;
        return true;
    }

    bool take_publish(std::string_view in, std::string_view line, std::size_t line_size) {
        std::string_view words[6];
        std::size_t count = 0;
        for (std::size_t at = 0; at < line.size() && count < 6;) {
            const std::size_t blank = std::min(line.find(' ', at), line.size());
            words[count++] = line.substr(at, blank - at);
            at = blank + 1;
        }
        const std::size_t payload = decimal(words[count - 1]);
        if (in.size() < line_size + payload + 2) return false;
        if (how_.mode == "echo" && count >= 4) {
            answer_.append("MSG ").append(words[2]).append(" ").append(sid_).append(" ").append(words[3]).append("\r\n");
            answer_.append(in.substr(line_size, payload + 2));
        }
        begin_ += line_size + payload + 2;
        return true;
    }

    void feed() {
        const std::string frame =
            "MSG " + subject_ + " " + sid_ + " " + std::to_string(how_.size) + "\r\n" + std::string(how_.size, 'x') + "\r\n";
        const std::size_t batch = std::max<std::size_t>(how_.chunk / frame.size(), 1);
        std::string frames;
        for (std::size_t i = 0; i < batch; ++i) frames += frame;
        for (std::size_t left = how_.messages; left != 0;) {
            const std::size_t now = std::min(batch, left);
            write_all(fd_, std::string_view(frames).substr(0, now * frame.size()));
            left -= now;
        }
    }

    int fd_;
    const settings& how_;
    std::vector<char> buffer_;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
    std::string answer_;
    std::string subject_;
    std::string sid_;
    bool greeted_ = false;
    bool feed_ = false;
};

}  // namespace

int main(int argc, char** argv) {
    const arguments given(argc, argv);
    const settings how{given.text("mode", "sink"), given.number("size", 128), given.number("n", 2'000'000),
                       given.number("chunk", std::size_t{64} * 1024), given.number("on-sub", 0) != 0};
    const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in address = loopback("127.0.0.1", given.text("port", "0"));
    socklen_t size = sizeof address;
    if (bind(listener, reinterpret_cast<const sockaddr*>(&address), size) != 0 || listen(listener, 16) != 0 ||
        getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
        die("cannot listen");
    }
    std::printf("%u\n", static_cast<unsigned>(ntohs(address.sin_port)));
    std::fflush(stdout);
    for (std::size_t left = given.number("connections", 1); left != 0; --left) {
        const int fd = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
        if (fd < 0) die("accept");
        disable_delay(fd);
        peer(fd, how).serve();
        close(fd);
    }
}
