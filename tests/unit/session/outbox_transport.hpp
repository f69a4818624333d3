// What a transport and a server do with the bytes of an outbox.
#pragma once

#include <doctest/doctest.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/session/outbox.hpp"
#include "protocol/wire/frame_walker.hpp"

namespace slipstream::test {

inline constexpr std::size_t plenty = std::size_t{1} << 40;

inline const auto keep_all = [](const wire::frame&) { return true; };
inline const auto release_all = [](const wire::frame&, std::uint64_t) { return true; };

/// The next whole frames that a server reads from `stream`; a cut one at the end is left out.
inline std::vector<std::string> frames_of(std::string_view stream, bool users_only) {
    std::vector<std::string> frames;
    wire::frame_walker walker(stream);
    wire::walk_status status{};
    while ((status = walker.next()) == wire::walk_status::frame) {
        const wire::frame& f = walker.current();
        const bool of_user = f.kind == wire::frame_kind::pub || f.kind == wire::frame_kind::hpub;
        if (of_user || !users_only) frames.emplace_back(stream.substr(f.begin, f.size));
    }
    CHECK(status != wire::walk_status::malformed);
    return frames;
}

/// Takes up to `n` bytes as the transport would.
inline std::string write(session::outbox& box, std::size_t n) {
    const std::string bytes(box.pending().substr(0, n));
    if (!bytes.empty()) box.on_written(bytes.size());
    return bytes;
}

inline std::string write_all(session::outbox& box) {
    std::string all;
    for (std::string bytes; !(bytes = write(box, plenty)).empty();) all += bytes;
    return all;
}

}  // namespace slipstream::test
