#include "tests/sim/login_book.hpp"

#include <algorithm>
#include <array>

namespace slipstream::sim {

namespace {

std::string base64url(std::string_view text) { return std::string(auth::encode_signature(text).reveal()); }

std::string block(std::string_view label, std::string_view body) {
    return "-----BEGIN " + std::string(label) + "-----\n" + std::string(body) + "\n------END " + std::string(label) + "------\n\n";
}

}  // namespace

std::string login_book::user::document() const { return block("NATS USER JWT", jwt) + block("USER NKEY SEED", seed); }

std::string login_book::user::signature(std::string_view nonce) const {
    const auto raw = keys.sign(nonce);
    return base64url({reinterpret_cast<const char*>(raw.data()), raw.size()});
}

login_book::login_book(random_stream rng) : rng_(rng) {
    add();
    add();
}

void login_book::add() {
    std::array<unsigned char, auth::key_size> bytes{};
    for (unsigned char& each : bytes) each = static_cast<unsigned char>(rng_.below(256));
    user& u = users_.emplace_back(bytes);
    u.public_key = u.keys.public_key();
    u.seed = auth::encode_seed(auth::nkey_kind::user, bytes).reveal();
    u.jwt = base64url(R"({"typ":"JWT","alg":"ed25519-nkey"})") + '.' +
            base64url(R"({"jti":")" + std::to_string(users_.size()) + R"(","sub":")" + u.public_key + "\"}") + '.' + base64url("signed");
}

std::string login_book::contents(std::string_view path) const {
    if (path == creds_path) return users_.back().document();
    if (path == jwt_path) return users_.back().jwt + '\n';
    return users_[of_key_file_].seed + '\n';
}

std::optional<std::size_t> login_book::find(std::string_view jwt, std::string_view nkey, std::string_view sig,
                                            std::string_view nonce) const {
    for (std::size_t n = 0; n < users_.size(); ++n) {
        const user& u = users_[n];
        if (known(n) && (jwt == u.jwt || (jwt.empty() && nkey == u.public_key)) && sig == u.signature(nonce)) return n;
    }
    return {};
}

bool login_book::shows_a_seed(std::string_view text) const {
    return std::any_of(users_.begin(), users_.end(), [&](const user& u) { return text.find(u.seed) != std::string_view::npos; });
}

void login_book::begin_rotation() { add(); }

void login_book::end_rotation() {
    of_key_file_ = newest();
    oldest_known_ = newest();
}

}  // namespace slipstream::sim
