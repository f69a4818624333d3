// What is left of a login in the memory and the registers of a process that has connected: all that a core dump would show, and more.
//
// A core dump is made of the notes of each thread, which are its registers, and of the mappings that coredump_filter selects. Here every
// mapping that can be read is looked at, and the same notes are read from the kernel, so that a dump need not be made: whether one is,
// and where it goes, is decided by core_pattern and limits of the machine.
#include <elf.h>
#include <spawn.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <random>
#include <sstream>

#include <doctest/doctest.h>

#include <slipstream/detail/base64.hpp>

#include "tests/integration/core_tls_fixture.hpp"
#include "tests/support/jwt_maker.hpp"
#include "tests/support/nats_server.hpp"

using namespace slipstream;
using namespace slipstream::test;

namespace {

class pipe_pair {
public:
    pipe_pair() {
        int ends[2];
        if (::pipe(ends) != 0) throw std::runtime_error("pipe");
        read_ = ends[0];
        write_ = ends[1];
    }
    pipe_pair(const pipe_pair&) = delete;
    pipe_pair& operator=(const pipe_pair&) = delete;
    ~pipe_pair() {
        close_read();
        close_write();
    }
    [[nodiscard]] int reader() const noexcept { return read_; }
    [[nodiscard]] int writer() const noexcept { return write_; }
    void close_read() noexcept { close(read_); }
    void close_write() noexcept { close(write_); }

private:
    static void close(int& fd) noexcept {
        if (fd >= 0) ::close(fd);
        fd = -1;
    }
    int read_ = -1;
    int write_ = -1;
};

/// tests/support/login_probe.cpp, until it is `up`.
class probe {
public:
    probe(const std::string& url, const std::string& kind, const std::string& path, std::string_view input) {
        posix_spawn_file_actions_t files;
        posix_spawn_file_actions_init(&files);
        posix_spawn_file_actions_adddup2(&files, in_.reader(), 0);
        posix_spawn_file_actions_adddup2(&files, out_.writer(), 1);
        posix_spawn_file_actions_addclose(&files, in_.writer());
        std::string program = LOGIN_PROBE;
        std::string arguments[] = {url, kind, path};
        char* argv[] = {program.data(), arguments[0].data(), arguments[1].data(), path.empty() ? nullptr : arguments[2].data(), nullptr};
        char* env[] = {nullptr};
        const int failed = posix_spawn(&pid_, program.c_str(), &files, nullptr, argv, env);
        posix_spawn_file_actions_destroy(&files);
        REQUIRE(failed == 0);
        out_.close_write();
        REQUIRE(::write(in_.writer(), input.data(), input.size()) == static_cast<ssize_t>(input.size()));
        in_.close_write();
        char c = 0;
        while (said_.find("\nup\n") == std::string::npos && ::read(out_.reader(), &c, 1) == 1) said_ += c;
        INFO(said_);
        REQUIRE(said_.ends_with("\nup\n"));
    }
    probe(const probe&) = delete;
    probe& operator=(const probe&) = delete;
    ~probe() {
        if (pid_ <= 0) return;
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }

    [[nodiscard]] const std::string& said() const noexcept { return said_; }

    /// Everything that the process can read or write.
    [[nodiscard]] std::string memory() const {
        const std::string proc = "/proc/" + std::to_string(pid_);
        std::ifstream maps(proc + "/maps");
        std::FILE* const mem = std::fopen((proc + "/mem").c_str(), "rb");
        REQUIRE(mem != nullptr);
        std::string all;
        for (std::string line; std::getline(maps, line);) {
            unsigned long begin = 0;
            unsigned long end = 0;
            char rights = '-';
            if (std::sscanf(line.c_str(), "%lx-%lx %c", &begin, &end, &rights) != 3 || rights != 'r') continue;
            if (end - begin > 256UL * 1024 * 1024) continue;  // a sanitizer's bookkeeping
            const std::size_t at = all.size();
            all.resize(at + (end - begin));
            std::size_t n = 0;
            if (::fseek(mem, static_cast<long>(begin), SEEK_SET) == 0) n = std::fread(all.data() + at, 1, end - begin, mem);
            all.resize(at + n);
        }
        std::fclose(mem);
        return all;
    }

    /// Those of its only thread, vectors included: the notes of a core dump. It is stopped meanwhile.
    [[nodiscard]] std::string registers() const {
        REQUIRE(::ptrace(PTRACE_ATTACH, pid_, nullptr, nullptr) == 0);
        REQUIRE(::waitpid(pid_, nullptr, 0) == pid_);
        std::string all;
        for (const int set : {NT_PRSTATUS, NT_PRFPREG, NT_X86_XSTATE}) {
            std::string bytes(16384, '\0');
            iovec where{bytes.data(), bytes.size()};
            void* const which = reinterpret_cast<void*>(static_cast<std::uintptr_t>(set));
            if (::ptrace(PTRACE_GETREGSET, pid_, which, &where) == 0) all.append(bytes, 0, where.iov_len);
        }
        ::ptrace(PTRACE_DETACH, pid_, nullptr, nullptr);
        CHECK(all.size() > 200);
        return all;
    }

private:
    pipe_pair in_;
    pipe_pair out_;
    pid_t pid_ = -1;
    std::string said_;
};

bool has(const std::string& memory, std::string_view what) { return memory.find(what) != std::string::npos; }

/// As much of it as one register holds, from anywhere in it.
bool has_part(const std::string& registers, std::string_view what) {
    constexpr std::size_t word = 8;
    for (std::size_t at = 0; at + word <= what.size(); ++at) {
        if (has(registers, what.substr(at, word))) return true;
    }
    return false;
}

/// A key that is in no program.
struct random_key {
    std::array<unsigned char, auth::key_size> raw = random_bytes();
    test_key key{auth::nkey_kind::user, raw};
    std::string bytes{raw.begin(), raw.end()};

private:
    static std::array<unsigned char, auth::key_size> random_bytes() {
        std::random_device source;
        std::array<unsigned char, auth::key_size> out{};
        for (unsigned char& byte : out) byte = static_cast<unsigned char>(source());
        return out;
    }
};

nats_server_options without_jetstream(std::string config) {
    nats_server_options o;
    o.jetstream = false;
    o.config = std::move(config);
    return o;
}

}  // namespace

TEST_CASE(
    "B13 B11 S18: after a login with a credentials file neither seed, signature nor JWT is left in memory, and nothing of it was said") {
    const random_key random;
    const test_key& user = random.key;
    const std::string jwt = make_user_jwt(user, account_key());
    const nats_server server(without_jetstream(operator_config()));
    const std::string path = server.directory() / "user.creds";
    std::ofstream(path) << make_creds(jwt, user.seed());
    const probe p(server.url(), "creds-file", path, "");
    const std::string memory = p.memory();
    CHECK(has(memory, "a name to be found"));  // the search works
    CHECK(has(memory, path));
    CHECK_FALSE(has(memory, user.seed()));
    CHECK_FALSE(has(memory, user.seed().substr(10, 20)));
    CHECK_FALSE(has(memory, random.bytes));
    CHECK_FALSE(has(memory, random.bytes.substr(8, 16)));
    CHECK_FALSE(has(memory, jwt.substr(jwt.size() - 60)));
    CHECK_FALSE(has(memory, "\"sig\":\""));
    const std::string registers = p.registers();
    CHECK_FALSE(has_part(registers, user.seed()));
    CHECK_FALSE(has_part(registers, random.bytes));
    CHECK_FALSE(has_part(registers, jwt.substr(jwt.size() - 60)));
    for (const std::string_view text : {std::string_view(user.seed()), std::string_view(jwt), std::string_view(path)})
        CHECK_FALSE(has(p.said(), text));
}

TEST_CASE("B13: of a password that a provider gave nothing is left, nor of the CONNECT that had it") {
    const std::string password = "pw-" + std::to_string(std::random_device()()) + "-" + std::to_string(std::random_device()());
    const nats_server server(without_jetstream("authorization { users: [ { user: \"probe\", password: \"" + password + "\" } ] }"));
    const probe p(server.url(), "password", "", password);
    const std::string memory = p.memory();
    CHECK(has(memory, "a name to be found"));
    CHECK_FALSE(has(memory, password));
    CHECK_FALSE(has(memory, password.substr(0, 12)));
    CHECK_FALSE(has_part(p.registers(), password));
    CHECK_FALSE(has(p.said(), password));
}

TEST_CASE("B13 B21: after a handshake with a client certificate neither its key nor the password is kept") {
    const std::string password = "pw-" + std::to_string(std::random_device()()) + "-" + std::to_string(std::random_device()());
    const certificate_folder files;
    nats_server_options o = without_jetstream(files.config("verify: true") + "authorization { users: [ { user: \"probe\", password: \"" +
                                              password + "\" } ] }");
    const nats_server server(o);
    const probe p(server.url(), "tls", files.path(), password);
    const std::string memory = p.memory();
    CHECK(has(memory, "a name to be found"));
    CHECK(has(memory, files.at("client.pem.key")));
    const std::string pem = files.text("client.pem.key");
    const std::size_t first_line = pem.find('\n') + 1;
    CHECK_FALSE(has(memory, pem.substr(first_line, 40)));
    CHECK_FALSE(has(memory, pem.substr(first_line + 65, 40)));  // the second line
    // The key itself is gone. Not looked for: its DER, which OpenSSL's decoders copy and free unwiped, from PEM as from DER; an own
    // copy that is wiped would change nothing, and to replace the allocator (CRYPTO_set_mem_functions) is for programs.
    const std::string number = private_number(pem);
    CHECK_FALSE(has(memory, number));
    CHECK_FALSE(has(memory, number.substr(8, 16)));
    CHECK_FALSE(has(memory, password));
    const std::string registers = p.registers();
    CHECK_FALSE(has_part(registers, number));
    CHECK_FALSE(has_part(registers, password));
    CHECK_FALSE(has(p.said(), password));
}

TEST_CASE("B13: what the options hold is held once, as it was given: the text of a document, and not the key made of it") {
    const random_key random;
    const test_key& user = random.key;
    const std::string jwt = make_user_jwt(user, account_key());
    SUBCASE("a document") {
        const nats_server server(without_jetstream(operator_config()));
        const probe p(server.url(), "creds-text", "", make_creds(jwt, user.seed()));
        const std::string memory = p.memory();
        const std::size_t at = memory.find(user.seed());
        REQUIRE(at != std::string::npos);
        CHECK(memory.find(user.seed(), at + 1) == std::string::npos);
        CHECK_FALSE(has(memory, random.bytes));
        CHECK_FALSE(has(memory, "\"sig\":\""));
    }
    SUBCASE("a seed") {
        const nats_server server(without_jetstream("authorization { users: [ { nkey: " + user.public_key() + " } ] }"));
        const probe p(server.url(), "nkey-seed", "", user.seed() + "\n");
        const std::string memory = p.memory();
        const std::size_t at = memory.find(user.seed());
        REQUIRE(at != std::string::npos);
        CHECK(memory.find(user.seed(), at + 1) == std::string::npos);
        CHECK_FALSE(has(memory, random.bytes));
    }
}
