#include "protocol/io/regular_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string_view>

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

file_result system_problem() noexcept { return {file_problem::system, {errno, std::system_category()}}; }

}  // namespace

file_result read_regular_file(const std::string& path, std::size_t most, secret& out) {
    const descriptor file(path);
    if (file.get() < 0) return system_problem();
    struct stat status{};
    if (::fstat(file.get(), &status) != 0) return system_problem();
    if (!S_ISREG(status.st_mode)) return {file_problem::not_regular};
    if (status.st_size > static_cast<off_t>(most)) return {file_problem::too_large};
    // What was written since is read too, so the size that the system tells is only a first guess. Not grown in place: that would leave
    // copies behind.
    for (std::size_t room = static_cast<std::size_t>(status.st_size) + 1;; room = std::min(2 * room, most + 1)) {
        auth::wiped_text contents;
        contents.text.resize(room);
        std::size_t size = 0;
        while (size < room) {
            const ssize_t n = ::pread(file.get(), contents.text.data() + size, room - size, static_cast<off_t>(size));
            if (n < 0 && errno == EINTR) continue;
            if (n < 0) return system_problem();
            if (n == 0) break;
            size += static_cast<std::size_t>(n);
        }
        if (size < room) {
            out = secret(std::string_view(contents.text.data(), size));
            return {};
        }
        if (room > most) return {file_problem::too_large};
    }
}

}  // namespace slipstream::io
