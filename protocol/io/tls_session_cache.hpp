// Sessions to resume, by server (and by the names that its certificate was verified for: a resumed session shows none).
//
// Each is taken out to be used, so that one that does not work is not tried again; those of TLS 1.3 are used only once, so that
// connections cannot be linked by them (RFC 8446 C.4).
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <utility>

#include "protocol/io/openssl_handles.hpp"

namespace slipstream::io {

class tls_session_cache {
public:
    static constexpr std::size_t max_sessions = 64;

    void put(const std::string& key, ssl_session_handle session) {
        if (sessions_.size() >= max_sessions && sessions_.find(key) == sessions_.end()) sessions_.clear();
        sessions_[key] = std::move(session);
    }
    /// Null when there is none.
    [[nodiscard]] ssl_session_handle take(const std::string& key) noexcept {
        const auto it = sessions_.find(key);
        if (it == sessions_.end()) return nullptr;
        ssl_session_handle session = std::move(it->second);
        sessions_.erase(it);
        return session;
    }
    void clear() noexcept { sessions_.clear(); }

private:
    std::map<std::string, ssl_session_handle> sessions_;
};

}  // namespace slipstream::io
