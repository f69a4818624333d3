#include "protocol/io/secret_file.hpp"

#include <cerrno>
#include <cstddef>
#include <cstdlib>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <slipstream/error.hpp>

#include "protocol/auth/creds.hpp"
#include "protocol/auth/wipe.hpp"

namespace slipstream::io {

namespace {

class descriptor {
public:
    explicit descriptor(const std::string& path) noexcept : fd_(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY)) {}
    descriptor(const descriptor&) = delete;
    descriptor& operator=(const descriptor&) = delete;
    ~descriptor() {
        if (fd_ >= 0) ::close(fd_);
    }
    [[nodiscard]] int get() const noexcept { return fd_; }

private:
    int fd_;
};

std::error_code last_error() noexcept { return {errno, std::system_category()}; }

std::string expanded(const std::string& path) {
    if (!path.starts_with("~/")) return path;
    const char* const home = std::getenv("HOME");
    return home != nullptr && *home != '\0' ? home + path.substr(1) : path;
}

}  // namespace

std::error_code read_secret_file(const std::string& path, secret& out) {
    const descriptor file(expanded(path));
    if (file.get() < 0) return last_error();
    struct stat status{};
    if (::fstat(file.get(), &status) != 0) return last_error();
    if (!S_ISREG(status.st_mode)) return errc::credentials_unreadable;
    // What was written since is read too, so the size that the system tells decides nothing.
    auth::wiped_text contents;
    contents.text.resize(auth::max_document + 1);
    std::size_t size = 0;
    while (size < contents.text.size()) {
        const ssize_t n = ::read(file.get(), contents.text.data() + size, contents.text.size() - size);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return last_error();
        if (n == 0) break;
        size += static_cast<std::size_t>(n);
    }
    if (size > auth::max_document) return errc::creds_malformed;
    out = secret(std::string_view(contents.text.data(), size));
    return {};
}

}  // namespace slipstream::io
