#include "protocol/session/login_machine.hpp"

#include <utility>
#include <variant>

#include "protocol/auth/creds.hpp"
#include "protocol/auth/jwt.hpp"
#include "protocol/auth/login_check.hpp"
#include "protocol/auth/nkey.hpp"
#include "protocol/auth/text.hpp"

namespace slipstream::session {

/// What each kind of login does with the nonce.
struct login_machine::prover {
    login_machine& m;

    void operator()(const no_auth&) const noexcept { m.state_ = state::ready; }
    void operator()(const user_password& how) const noexcept {
        m.fields_ = login_fields_of(how);
        m.state_ = state::ready;
    }
    void operator()(const token_auth& how) const noexcept {
        m.fields_ = login_fields_of(how);
        m.state_ = state::ready;
    }
    void operator()(const bearer_jwt& how) const {
        m.use_jwt(how.jwt.reveal());
        m.state_ = state::ready;
    }
    void operator()(const nkey_seed& how) const {
        if (nonce_is_fit()) m.sign({}, how.seed.reveal());
    }
    void operator()(const jwt_seed& how) const {
        if (nonce_is_fit()) m.sign(auth::trim(how.jwt.reveal()), how.seed.reveal());
    }
    void operator()(const creds_text& how) const {
        if (nonce_is_fit()) with_document(how.text.reveal());
    }
    void operator()(const creds_base64& how) const {
        if (!nonce_is_fit()) return;
        secret document;
        if (const std::error_code ec = auth::decode_creds(how.text.reveal(), document)) return m.fail(ec);
        with_document(document.reveal());
    }
    void operator()(const nkey_file& how) const {
        if (!nonce_is_fit()) return;
        m.key_file_ = &how;
        m.read(how.path);
    }
    void operator()(const creds_file& how) const {
        if (!nonce_is_fit()) return;
        m.creds_file_ = &how;
        m.read(how.path);
    }
    void operator()(const nkey_signer& how) const {
        if (!nonce_is_fit()) return;
        m.nkey_ = auth::trim(how.public_key);
        m.fields_.nkey = m.nkey_;
        m.ask_for_signature(how.sign);
    }
    void operator()(const jwt_signer& how) const {
        if (!nonce_is_fit()) return;
        m.use_jwt(how.jwt.reveal());
        m.ask_for_signature(how.sign);
    }
    void operator()(const credential_provider&) const noexcept {}  // its answer has taken its place

    /// The key is not touched before.
    bool nonce_is_fit() const {
        if (m.nonce_.empty())
            m.fail(errc::nonce_missing);
        else if (m.nonce_.size() > longest_nonce)
            m.fail(errc::protocol_error, "the server's nonce is too long");
        else
            return true;
        return false;
    }
    void with_document(std::string_view document) const {
        auth::creds_parts parts;
        if (const std::error_code ec = auth::find_creds(document, parts)) return m.fail(ec);
        m.sign(parts.jwt, parts.seed);
    }
};

void login_machine::begin(authentication how, login_request request) {
    end();
    if (!std::holds_alternative<no_auth>(how)) traces_ = true;
    how_ = std::move(how);
    const auto* const provider = std::get_if<credential_provider>(&how_);
    if (provider == nullptr) {
        state_ = state::known;
        return;
    }
    action_.provider = *provider;
    action_.request = std::move(request);
    state_ = state::asking;
    emit(login_action::kind::ask);
}

void login_machine::prove(std::string_view nonce) {
    if (state_ != state::known) return;
    if (!std::holds_alternative<no_auth>(how_)) traces_ = true;
    nonce_ = nonce;
    state_ = state::proving;
    std::visit(prover{*this}, how_);
}

void login_machine::end() noexcept {
    if (state_ == state::none) return;
    how_ = no_auth{};
    state_ = state::none;
    action_ = {};
    taken_ = false;
    nonce_.clear();
    key_file_ = nullptr;
    creds_file_ = nullptr;
    fields_ = {};
    nkey_.clear();
    jwt_ = {};
    jwt_read_ = false;
    signature_ = {};
}

// --- answers -------------------------------------------------------------------------------------------------------------------

void login_machine::on_answer(std::uint64_t id, std::error_code ec, login answer) {
    if (!awaits(login_action::kind::ask, id)) return;
    if (ec) return fail(errc::credential_provider_failed, ec == errc::credential_provider_failed ? std::string() : ec.message());
    if (const std::error_code wrong = auth::check_login(answer)) return fail(wrong);
    how_ = std::visit([](auto& how) -> authentication { return std::move(how); }, answer);
    state_ = state::known;
}

void login_machine::on_file(std::uint64_t id, std::error_code ec, secret contents) {
    if (!awaits(login_action::kind::read_file, id)) return;
    if (ec) {  // the system's words name no path
        const bool ours = ec.category() == core_category();
        return ours ? fail(ec) : fail(errc::credentials_unreadable, ec.message());
    }
    const std::string_view text = contents.reveal();
    std::string_view found;
    if (key_file_ != nullptr || jwt_read_) {
        if ((ec = auth::find_seed(text, found))) return fail(ec);
        // A view of a copy: sign() puts the JWT where fields_ looks.
        const secret jwt = std::move(jwt_);
        sign(jwt.reveal(), found);
    } else if (creds_file_->key_path.empty()) {
        prover{*this}.with_document(text);
    } else {
        if (!(ec = auth::find_jwt(text, found))) ec = auth::check_jwt(found);
        if (ec) return fail(ec);
        jwt_ = secret(found);
        jwt_read_ = true;
        read(creds_file_->key_path);
    }
}

void login_machine::on_signature(std::uint64_t id, std::error_code ec, secret signature) {
    if (!awaits(login_action::kind::sign, id)) return;
    if (ec) return fail(errc::signer_failed, ec == errc::signer_failed ? std::string() : ec.message());
    if (signature.size() != auth::signature_size) return fail(errc::signer_failed, "a signature has 64 bytes");
    signature_ = auth::encode_signature(signature.reveal());
    fields_.sig = signature_.reveal();
    state_ = state::ready;
}

bool login_machine::awaits(login_action::kind what, std::uint64_t id) noexcept {
    traces_ = true;  // the answer was brought here
    if (action_.what != what || action_.id != id) return false;
    action_ = {};
    return true;
}

// --- actions -------------------------------------------------------------------------------------------------------------------

bool login_machine::next(login_action& out) {
    if (!has_action()) return false;
    out = action_;
    taken_ = true;
    return true;
}

void login_machine::emit(login_action::kind what) {
    action_.what = what;
    action_.id = ++actions_;
    taken_ = false;
}

void login_machine::read(const std::string& path) {
    action_.path = path;
    emit(login_action::kind::read_file);
}

void login_machine::ask_for_signature(const signer& sign_with) {
    action_.sign_with = sign_with;
    action_.nonce = nonce_;
    emit(login_action::kind::sign);
}

// --- results -------------------------------------------------------------------------------------------------------------------

void login_machine::use_jwt(std::string_view jwt) {
    jwt_ = secret(auth::trim(jwt));
    fields_.jwt = jwt_.reveal();
}

/// Without a JWT it is the key that names the user.
void login_machine::sign(std::string_view jwt, std::string_view seed) {
    auth::nkey_pair keys;
    if (const std::error_code ec = jwt.empty() ? keys.read_user_seed(seed) : auth::read_user(jwt, seed, keys)) return fail(ec);
    if (jwt.empty()) {
        nkey_ = keys.public_key();
        fields_.nkey = nkey_;
    } else {
        use_jwt(jwt);
    }
    const auto signature = keys.sign(nonce_);
    signature_ = auth::encode_signature({reinterpret_cast<const char*>(signature.data()), signature.size()});
    fields_.sig = signature_.reveal();
    state_ = state::ready;
}

void login_machine::fail(std::error_code ec, std::string detail) {
    end();
    failure_ = {ec, ec == errc::protocol_error ? disconnect_reason::protocol_error : disconnect_reason::auth, std::move(detail)};
    state_ = state::failed;
}

}  // namespace slipstream::session
