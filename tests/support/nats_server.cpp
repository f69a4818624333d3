#include "tests/support/nats_server.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <random>
#include <sstream>
#include <stdexcept>
#include <thread>
#include <utility>

namespace slipstream::test {
namespace {

using clock = std::chrono::steady_clock;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

/// Closes on scope exit.
class descriptor {
public:
    explicit descriptor(int fd) noexcept : fd_(fd) {}
    descriptor(const descriptor&) = delete;
    descriptor& operator=(const descriptor&) = delete;
    ~descriptor() {
        if (fd_ >= 0) ::close(fd_);
    }
    [[nodiscard]] int get() const noexcept { return fd_; }
    explicit operator bool() const noexcept { return fd_ >= 0; }

private:
    int fd_;
};

sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

bool can_bind(std::uint16_t port) {
    const descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const int on = 1;
    ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    const sockaddr_in address = loopback(port);
    return socket && ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

[[noreturn]] void fail(const std::string& what) { throw std::runtime_error("nats_server: " + what); }

bool executable(const fs::path& path) { return !path.empty() && ::access(path.c_str(), X_OK) == 0; }

server_version parse_version(std::string_view info) {
    server_version version;
    constexpr std::string_view key = "\"version\":\"";
    if (const auto at = info.find(key); at != std::string_view::npos) {
        const std::string text(info.substr(at + key.size(), 32));
        if (std::sscanf(text.c_str(), "%d.%d.%d", &version.major, &version.minor, &version.patch) != 3) return {};
    }
    return version;
}

}  // namespace

// --- port_reservation --------------------------------------------------------------------------------------------------------

port_reservation::port_reservation() {
    std::random_device seed;
    for (int attempt = 0; attempt < 1000; ++attempt) {
        if (take(static_cast<std::uint16_t>(20'000U + seed() % 12'000U))) return;
    }
    fail("no free port");
}

bool port_reservation::take(std::uint16_t port) {
    const fs::path folder = fs::temp_directory_path() / ("slipstream-ports-" + std::to_string(::getuid()));
    std::error_code ignored;
    fs::create_directory(folder, ignored);
    // The files stay: removing one while another process waits for its lock would give the port to both.
    const int lock = ::open((folder / std::to_string(port)).c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
    if (lock < 0) fail("cannot write to " + folder.string());
    if (::flock(lock, LOCK_EX | LOCK_NB) != 0 || !can_bind(port)) {
        ::close(lock);
        return false;
    }
    lock_ = lock;
    port_ = port;
    return true;
}

port_reservation::~port_reservation() { ::close(lock_); }

// --- nats_server -------------------------------------------------------------------------------------------------------------

std::string nats_server::find_program() {
    // An explicit choice is used as it is, even if it is wrong: testing another server in silence would be worse.
    if (const char* chosen = std::getenv("SLIPSTREAM_NATS_SERVER"); chosen != nullptr && *chosen != '\0') return chosen;
    if (const fs::path own = fs::path(SLIPSTREAM_SOURCE_ROOT) / ".deps/bin/nats-server"; executable(own)) return own;
    std::istringstream path(std::getenv("PATH") != nullptr ? std::getenv("PATH") : "");
    for (std::string folder; std::getline(path, folder, ':');) {
        if (fs::path found = fs::path(folder) / "nats-server"; executable(found)) return found;
    }
    return {};
}

nats_server::nats_server(nats_server_options options)
    : options_(std::move(options)), program_(options_.program.empty() ? find_program() : options_.program) {
    if (program_.empty()) fail("no nats-server found; run tools/setup, or set SLIPSTREAM_NATS_SERVER");
    if (!executable(program_)) fail("not a program: " + program_);
    std::string pattern = fs::temp_directory_path() / "slipstream-server-XXXXXX";
    if (::mkdtemp(pattern.data()) == nullptr) fail("cannot create " + pattern);
    directory_ = pattern;
    try {
        start();
    } catch (...) {
        std::error_code ignored;
        fs::remove_all(directory_, ignored);
        throw;
    }
}

nats_server::~nats_server() {
    std::error_code ignored;
    if (pid_ > 0) {
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }
    fs::remove_all(directory_, ignored);
}

void nats_server::write_config() const {
    std::ofstream file(directory_ / "server.conf", std::ios::trunc);
    file << "listen: \"" << address() << "\"\n";
    if (options_.jetstream) file << "jetstream { store_dir: \"" << (directory_ / "store").string() << "\" }\n";
    file << options_.config << '\n';
    if (!file.flush()) fail("cannot write the configuration");
}

void nats_server::start() {
    if (pid_ > 0) fail("start() while it runs");
    write_config();
    spawn();
    const auto deadline = clock::now() + options_.start_timeout;
    for (;;) {
        switch (probe()) {
            case readiness::ready: return;
            case readiness::gone: fail("it ended at once:\n" + log_tail());
            case readiness::not_yet: break;
        }
        if (clock::now() > deadline) {
            kill();
            fail("not ready in time:\n" + log_tail());
        }
        std::this_thread::sleep_for(10ms);
    }
}

void nats_server::spawn() {
    const descriptor log(::open((directory_ / "server.log").c_str(), O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0600));
    if (!log) fail("cannot write the log");
    const std::string config = directory_ / "server.conf";
    std::array<const char*, 4> arguments{program_.c_str(), "-c", config.c_str(), nullptr};
    const pid_t parent = ::getpid();
    pid_ = ::fork();
    if (pid_ < 0) fail("fork failed");
    if (pid_ != 0) return;
    // In the child only async-signal-safe calls. It must not outlive a test that crashes or is killed.
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(127);
    ::dup2(log.get(), STDOUT_FILENO);
    ::dup2(log.get(), STDERR_FILENO);
    ::execv(program_.c_str(), const_cast<char**>(arguments.data()));
    ::_exit(127);
}

nats_server::readiness nats_server::probe() {
    if (!running()) return readiness::gone;
    const descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const sockaddr_in peer = loopback(port());
    if (!socket || ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&peer), sizeof peer) != 0) return readiness::not_yet;
    if (!options_.sends_info) return readiness::ready;
    std::string info;
    while (info.find('\n') == std::string::npos) {
        pollfd wait{socket.get(), POLLIN, 0};
        std::array<char, 4096> chunk{};
        if (::poll(&wait, 1, 1000) <= 0) return readiness::not_yet;
        const ssize_t size = ::recv(socket.get(), chunk.data(), chunk.size(), 0);
        if (size <= 0) return readiness::not_yet;
        info.append(chunk.data(), static_cast<std::size_t>(size));
    }
    if (!info.starts_with("INFO ")) fail("something else answers on port " + std::to_string(port()) + ": " + info);
    version_ = parse_version(info);
    return readiness::ready;
}

bool nats_server::running() { return pid_ > 0 && !reap(0ms); }

/// True when the process has ended (and is forgotten).
bool nats_server::reap(std::chrono::milliseconds timeout) {
    const auto deadline = clock::now() + timeout;
    for (;;) {
        const pid_t ended = ::waitpid(pid_, nullptr, WNOHANG);
        if (ended == pid_ || (ended < 0 && errno == ECHILD)) {
            pid_ = -1;
            return true;
        }
        if (clock::now() >= deadline) return false;
        std::this_thread::sleep_for(2ms);
    }
}

void nats_server::signal(int number) const {
    if (pid_ <= 0) fail("not running");
    if (::kill(pid_, number) != 0) fail(std::string("kill: ") + std::strerror(errno));
}

void nats_server::kill() {
    if (pid_ <= 0) return;
    signal(SIGKILL);
    if (!reap(10s)) fail("SIGKILL did not end it");
}

void nats_server::stop() {
    if (pid_ <= 0) return;
    signal(SIGTERM);
    if (!reap(10s)) kill();
}

void nats_server::suspend() {
    signal(SIGSTOP);
    // The signal stops the threads one by one; this returns when the last one has stopped.
    int status = 0;
    if (::waitpid(pid_, &status, WUNTRACED) != pid_ || !WIFSTOPPED(status)) fail("SIGSTOP did not stop it");
}
void nats_server::resume() { signal(SIGCONT); }
void nats_server::lame_duck() { signal(SIGUSR2); }
bool nats_server::wait_gone(std::chrono::milliseconds timeout) { return pid_ <= 0 || reap(timeout); }

void nats_server::set_config(std::string config) { options_.config = std::move(config); }

void nats_server::reload(std::string config) {
    set_config(std::move(config));
    write_config();
    signal(SIGHUP);
}

std::string nats_server::log() const {
    std::ifstream file(directory_ / "server.log");
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

std::string nats_server::log_tail() const {
    const std::string all = log();
    return all.size() > 2000 ? all.substr(all.size() - 2000) : all;
}

bool nats_server::wait_for_log(std::string_view text, std::chrono::milliseconds timeout) const {
    const auto deadline = clock::now() + timeout;
    while (log().find(text) == std::string::npos) {
        if (clock::now() > deadline) return false;
        std::this_thread::sleep_for(10ms);
    }
    return true;
}

}  // namespace slipstream::test
