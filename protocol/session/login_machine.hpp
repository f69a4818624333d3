// What one connection logs in with (spec/auth.md 1, 5, 6; S7-S14, B13, B14, B16).
//
// Told: how the user wants to log in, the nonce of the connection, and what files, signers and providers gave. Decides: the fields of
// CONNECT, or what is wrong. Emits: one login_action at a time, pulled by the shell, which carries it out and tells the answer with the
// action's id. Invariants: every attempt begins from nothing; a nonce is signed once; an answer to anything but the current action is
// dropped and wiped; what was read, given or made is wiped by end(); a failure's words hold nothing of a login.
//
// The order of steps: begin -> (ask a provider) -> known -> prove -> (read a file, and another) -> (ask a signer) -> ready
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <slipstream/authentication.hpp>

#include "protocol/session/connect_message.hpp"
#include "protocol/session/context.hpp"

namespace slipstream::session {

/// What the shell must do for a login.
struct login_action {
    enum class kind : std::uint8_t {
        none,
        ask,        ///< Call `provider` with `request`; tell on_login_answer.
        read_file,  ///< Read `path`; tell on_login_file.
        sign,       ///< Call `sign_with` with `nonce`; tell on_login_signature.
    };
    kind what = kind::none;
    std::uint64_t id = 0;  ///< Never that of another action of this client.
    credential_provider provider{};
    login_request request{};
    std::string path{};
    std::string nonce{};
    signer sign_with{};
};

class login_machine {
public:
    enum class state : std::uint8_t {
        none,
        asking,   ///< A provider's answer is awaited.
        known,    ///< prove() may come.
        proving,  ///< A file or a signature is awaited.
        ready,    ///< fields() are those of this connection.
        failed,   ///< why().
    };

    /// Longer ones are refused: with a few hundred bytes of its choice a server could have a JWT signed (B14).
    static constexpr std::size_t longest_nonce = 128;

    /// An attempt begins.
    void begin(authentication how, login_request request);
    /// The connection is there and may be told: this is its nonce.
    void prove(std::string_view nonce);
    /// CONNECT was made, or the attempt is over: forgets and wipes everything.
    void end() noexcept;

    // --- answers; ignored unless `id` is that of the current action ---
    void on_answer(std::uint64_t id, std::error_code ec, login answer);
    void on_file(std::uint64_t id, std::error_code ec, secret contents);
    void on_signature(std::uint64_t id, std::error_code ec, secret signature);

    /// What the shell must do now; once for each action.
    [[nodiscard]] bool next(login_action& out);
    /// Whether next would give something.
    [[nodiscard]] bool has_action() const noexcept { return action_.what != login_action::kind::none && !taken_; }

    /// Whether secrets were worked with since this was asked before: auth::wipe_traces() is due.
    [[nodiscard]] bool take_traces() noexcept { return std::exchange(traces_, false); }

    [[nodiscard]] state now() const noexcept { return state_; }
    [[nodiscard]] const failure& why() const noexcept { return failure_; }
    /// Lifetime: until end().
    [[nodiscard]] const login_fields& fields() const noexcept { return fields_; }

private:
    struct prover;

    [[nodiscard]] bool awaits(login_action::kind what, std::uint64_t id) noexcept;
    void emit(login_action::kind what);
    void read(const std::string& path);
    void ask_for_signature(const signer& sign_with);
    void on_documents(std::string_view first);
    void sign(std::string_view jwt, std::string_view seed);
    void use_jwt(std::string_view jwt);
    void fail(std::error_code ec, std::string detail = {});

    authentication how_;     // a provider's answer takes its place
    state state_ = state::none;
    login_action action_;    // the current one
    bool taken_ = false;     // by the shell
    std::uint64_t actions_ = 0;
    std::string nonce_;
    const nkey_file* key_file_ = nullptr;     // what a file that is being read is for
    const creds_file* creds_file_ = nullptr;
    login_fields fields_;
    std::string nkey_;
    secret jwt_;
    bool jwt_read_ = false;  // from its own file; the seed's comes next
    secret signature_;
    bool traces_ = false;
    failure failure_;
};

}  // namespace slipstream::session
