// A real nats-server for one test: own port, own directory, own configuration, ended by its process id and nothing else.
//
// The program is $SLIPSTREAM_NATS_SERVER, else .deps/bin/nats-server of this tree (tools/setup), else nats-server on PATH.
// Without one, construction throws: a suite that needs a server fails without it and never passes by skipping.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <compare>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace slipstream::test {

/// A loopback port that no other user of this class takes while the object lives, even while nothing listens on it.
/// Ports lie below the range from which the kernel picks source ports: a client that redials a dead server could otherwise be
/// connected to itself.
class port_reservation {
public:
    port_reservation();  ///< Throws std::runtime_error when no port is free.
    port_reservation(const port_reservation&) = delete;
    port_reservation& operator=(const port_reservation&) = delete;
    ~port_reservation();

    [[nodiscard]] std::uint16_t port() const noexcept { return port_; }

private:
    bool take(std::uint16_t port);

    std::uint16_t port_ = 0;
    int lock_ = -1;
};

struct server_version {
    int major = 0;
    int minor = 0;
    int patch = 0;
    friend auto operator<=>(const server_version&, const server_version&) = default;
};

struct nats_server_options {
    bool jetstream = true;  ///< With its store inside the server's own directory.
    std::string config;     ///< More configuration, in the server's own syntax.
    std::string program;    ///< Another nats-server than the one described above; empty = that one.
    bool sends_info = true; ///< False for a server that speaks first only after TLS: then ready means "accepts".
    std::chrono::milliseconds start_timeout{20'000};
};

class nats_server {
public:
    /// Returns when the server accepts connections. Throws std::runtime_error with the end of the server's log.
    explicit nats_server(nats_server_options options = {});
    nats_server(const nats_server&) = delete;
    nats_server& operator=(const nats_server&) = delete;
    ~nats_server();  ///< Kills the process and removes the directory.

    [[nodiscard]] std::uint16_t port() const noexcept { return port_.port(); }
    [[nodiscard]] std::string address() const { return "127.0.0.1:" + std::to_string(port()); }
    [[nodiscard]] std::string url() const { return "nats://" + address(); }
    [[nodiscard]] const std::filesystem::path& directory() const noexcept { return directory_; }
    [[nodiscard]] server_version version() const noexcept { return version_; }
    [[nodiscard]] bool running();  ///< True for a suspended one too.

    void kill();     ///< SIGKILL, as a crash. Returns when the process is gone.
    void stop();     ///< SIGTERM, as an orderly shutdown. Killed after 10 s.
    void start();    ///< Again after kill() or stop(): same port, same store, same configuration.
    void restart() { kill(); start(); }
    void suspend();  ///< SIGSTOP: connections stay open and nothing answers.
    void resume();   ///< SIGCONT.
    void lame_duck();                         ///< SIGUSR2: no new connections, and in the end none at all.
    /// Waits until the process has ended by itself; start() may follow.
    [[nodiscard]] bool wait_gone(std::chrono::milliseconds timeout = std::chrono::seconds(40));
    void reload(std::string config);          ///< Replaces nats_server_options::config and sends SIGHUP.
    void set_config(std::string config);      ///< For the next start().

    [[nodiscard]] std::string log() const;    ///< Everything that this server has written so far, over restarts.
    /// Polls the log until `text` occurs in it.
    [[nodiscard]] bool wait_for_log(std::string_view text, std::chrono::milliseconds timeout = std::chrono::seconds(10)) const;

    /// The program that would be started; empty when there is none.
    [[nodiscard]] static std::string find_program();

private:
    enum class readiness { ready, gone, not_yet };

    void write_config() const;
    void spawn();
    [[nodiscard]] readiness probe();
    void signal(int number) const;
    bool reap(std::chrono::milliseconds timeout);
    [[nodiscard]] std::string log_tail() const;

    nats_server_options options_;
    std::string program_;
    port_reservation port_;
    std::filesystem::path directory_;
    server_version version_;
    pid_t pid_ = -1;
};

}  // namespace slipstream::test
