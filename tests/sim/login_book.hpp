// The logins of a world: users with a key and a JWT, written to files, and rotated while clients are connected (B16, B18).
//
// Told: that a rotation begins, and that it ends. Decides: what is in the files, and whom the servers know. Between the two moments
// the JWT is new and the key, where it has a file of its own, is not yet; servers know both users. Number 0 is never rotated.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "protocol/auth/nkey.hpp"
#include "tests/sim/clock.hpp"

namespace slipstream::sim {

constexpr std::string_view creds_path = "user.creds";
constexpr std::string_view jwt_path = "user.jwt";
constexpr std::string_view key_path = "user.key";

class login_book {
public:
    struct user {
        explicit user(auth::key_bytes bytes) noexcept : keys(auth::nkey_kind::user, bytes) {}
        auth::nkey_pair keys;
        std::string public_key;
        std::string seed;
        std::string jwt;
        [[nodiscard]] std::string document() const;
        /// As CONNECT says it.
        [[nodiscard]] std::string signature(std::string_view nonce) const;
    };

    explicit login_book(random_stream rng);

    [[nodiscard]] const user& number(std::size_t n) const { return users_[n]; }
    [[nodiscard]] std::size_t newest() const noexcept { return users_.size() - 1; }
    /// Whose key is in the file of keys.
    [[nodiscard]] std::size_t of_key_file() const noexcept { return of_key_file_; }
    [[nodiscard]] std::string contents(std::string_view path) const;
    /// Who wrote such a CONNECT, if the servers know him now.
    [[nodiscard]] std::optional<std::size_t> find(std::string_view jwt, std::string_view nkey, std::string_view sig,
                                                  std::string_view nonce) const;
    [[nodiscard]] bool known(std::size_t n) const noexcept { return n == 0 || n >= oldest_known_; }
    /// Whether a text shows the seed of anybody.
    [[nodiscard]] bool shows_a_seed(std::string_view text) const;

    void begin_rotation();
    void end_rotation();

private:
    void add();

    random_stream rng_;
    std::deque<user> users_;
    std::size_t of_key_file_ = 1;
    std::size_t oldest_known_ = 1;
};

}  // namespace slipstream::sim
