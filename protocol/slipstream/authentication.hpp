// How a client logs in.
//
// A login is made anew for every connection: files are read again, providers and signers called again, and what was read or made is
// wiped as soon as CONNECT has left. Keys sign the nonce of the connection they are for, once. Nothing is sent when no login can be
// made; the error says what is wrong with it and never shows any of it.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <variant>

#include <slipstream/error.hpp>
#include <slipstream/secret.hpp>

namespace slipstream {

namespace detail {

/// Where the answer of a callback goes. Made by the client; the first answer counts, and none at all is a failure.
template <class Answer>
class reply_sink {
public:
    virtual ~reply_sink() = default;
    virtual void answer(std::error_code failure, Answer answer) noexcept = 0;
};

}  // namespace detail

/// What a signer answers to. Copies share one reply.
///
/// *Lifetime*: may be answered or dropped at any time and on any thread, also inside the callback, after the attempt or the client has
/// ended, and after the client's execution context is gone. Only the first answer counts, and only while its attempt waits for it;
/// when the last copy is dropped without one, the attempt fails with errc::signer_failed.
class signature_reply {
public:
    explicit signature_reply(std::shared_ptr<detail::reply_sink<secret>> sink) noexcept : sink_(std::move(sink)) {}

    /// The Ed25519 signature of the nonce's characters: 64 bytes, not encoded.
    void operator()(std::string_view signature) const { sink_->answer({}, secret(signature)); }
    /// No signature: the attempt fails with errc::signer_failed; `why` is shown as the event's detail.
    void fail(std::error_code why = {}) const noexcept { sink_->answer(why ? why : make_error_code(errc::signer_failed), {}); }

private:
    std::shared_ptr<detail::reply_sink<secret>> sink_;
};

/// Signs `nonce` with a key that this process need not know. Called on the client's executor, never inside a call on the client; may
/// answer at once or later. The connect timeout goes on meanwhile, and so does the server's own (2 s by default). An exception counts as
/// fail().
using signer = std::function<void(std::string nonce, signature_reply reply)>;

/// Sends nothing; a server with a user for such clients lets them in.
struct no_auth {};

struct user_password {
    std::string user{};
    secret password;
};

struct token_auth {
    secret token;
};

/// A user's key: the text of its seed, `SU...`.
struct nkey_seed {
    secret seed;
};

/// A user's key, its seed in a file: alone, behind other lines, or in the decorated form of a credentials file.
struct nkey_file {
    std::string path{};
};

/// A user's key that is elsewhere: its public half `U...`, and who signs with it.
struct nkey_signer {
    std::string public_key{};
    signer sign{};
};

/// A credentials document (`.creds`): a user's JWT and the seed of its key.
struct creds_text {
    secret text;
};

/// The same in base64, as environment variables hold it; white space and missing padding do not matter.
struct creds_base64 {
    secret text;
};

/// The same in a file. With `key_path` the JWT alone is in `path` and the seed in `key_path`.
///
/// Files: regular ones of at most 64 KiB, read on the client's executor; a leading `~/` is the home directory. Nothing of them is
/// kept between connections.
struct creds_file {
    std::string path{};
    std::string key_path{};
};

struct jwt_seed {
    secret jwt;
    secret seed;
};

struct jwt_signer {
    secret jwt;
    signer sign{};
};

/// A JWT that is itself the proof (`bearer_token`); nothing is signed.
struct bearer_jwt {
    secret jwt;
};

/// What one connection logs in with.
using login = std::variant<no_auth, user_password, token_auth, nkey_seed, nkey_file, nkey_signer, creds_text, creds_base64, creds_file,
                           jwt_seed, jwt_signer, bearer_jwt>;

/// What a credential provider answers to; as signature_reply, the failure is errc::credential_provider_failed.
class login_reply {
public:
    explicit login_reply(std::shared_ptr<detail::reply_sink<login>> sink) noexcept : sink_(std::move(sink)) {}

    /// What to log in with; checked as the options are, and refused with the same errors.
    void operator()(login answer) const noexcept { sink_->answer({}, std::move(answer)); }
    void fail(std::error_code why = {}) const noexcept { sink_->answer(why ? why : make_error_code(errc::credential_provider_failed), {}); }

private:
    std::shared_ptr<detail::reply_sink<login>> sink_;
};

/// The connection that credentials are asked for.
struct login_request {
    std::string server{};            ///< `host:port`
    std::error_code last_error{};    ///< How the attempt or connection before it ended: errc::authentication_expired, for one.
};

/// Gives the credentials of each connection attempt. Called on the client's executor as a signer is, before the server is dialled, so
/// that its clock does not run yet; the connect timeout does.
struct credential_provider {
    std::function<void(login_request request, login_reply reply)> ask{};
};

/// How to log in. Credentials inside a server's URL (`nats://user:pass@host`, `nats://token@host`, percent-decoded) are used
/// when this is no_auth; servers learnt from the cluster use those of the first URL that has any. Nothing else is tried when this
/// fails: a broken credentials file is an error also if the URL has a password.
///
/// The text of keys, JWTs and documents is checked before anything is dialled (errc::creds_malformed, errc::jwt_malformed,
/// errc::nkey_malformed, errc::nkey_checksum, errc::nkey_wrong_type, errc::key_mismatch; errc::invalid_option when something is
/// empty), that of files and answers at every attempt. A JWT is sent unchanged; only the user it names is compared with the seed's, if
/// it can be read.
using authentication = std::variant<no_auth, user_password, token_auth, nkey_seed, nkey_file, nkey_signer, creds_text, creds_base64,
                                    creds_file, jwt_seed, jwt_signer, bearer_jwt, credential_provider>;

}  // namespace slipstream
