// Publishes and receives on one connection, one thread: writes what the socket takes, reads what is there, waits with epoll.
//
//     pubsub --size 128 --n 300000
#include <fcntl.h>
#include <sys/epoll.h>

#include <cerrno>

#include "bench/limits/raw.hpp"

int main(int argc, char** argv) {
    using namespace bench;
    const arguments given(argc, argv);
    const std::size_t size = given.number("size", 128);
    const std::size_t n = given.number("n", 300'000);
    const std::string frame = "PUB b " + std::to_string(size) + "\r\n" + std::string(size, 'x') + "\r\n";
    const std::size_t delivered = ("MSG b 1 " + std::to_string(size) + "\r\n").size() + size + 2;
    std::string frames;
    for (std::size_t i = 0; i < std::max<std::size_t>(65536 / frame.size(), 1); ++i) frames += frame;
    raw_connection c;
    c.connect();
    c.write("SUB b 1\r\n");
    c.flush();
    fcntl(c.fd(), F_SETFL, fcntl(c.fd(), F_GETFL) | O_NONBLOCK);
    const int poller = epoll_create1(EPOLL_CLOEXEC);
    epoll_event wanted{};
    wanted.events = EPOLLIN | EPOLLOUT | EPOLLET;
    epoll_ctl(poller, EPOLL_CTL_ADD, c.fd(), &wanted);

    std::size_t to_write = n * frame.size();
    std::size_t to_read = n * delivered;
    std::size_t at = 0;
    std::vector<char> sink(std::size_t{256} * 1024);
    const mark begin = mark::now();
    while (to_read != 0) {
        bool moved = false;
        if (to_write != 0) {
            const ssize_t written = send(c.fd(), frames.data() + at, std::min(frames.size() - at, to_write), MSG_NOSIGNAL);
            if (written > 0) {
                at = (at + static_cast<std::size_t>(written)) % frames.size();
                to_write -= static_cast<std::size_t>(written);
                moved = true;
            } else if (errno != EAGAIN) {
                die("send failed");
            }
        }
        const ssize_t read = recv(c.fd(), sink.data(), sink.size(), 0);
        if (read > 0) {
            to_read -= std::min(to_read, static_cast<std::size_t>(read));
            moved = true;
        } else if (read == 0 || errno != EAGAIN) {
            die("recv failed");
        }
        epoll_event ready{};
        if (!moved) epoll_wait(poller, &ready, 1, -1);
    }
    const mark end = mark::now();
    report("pubsub", "limit").number("size", size).print(begin, end, static_cast<double>(n));
}
