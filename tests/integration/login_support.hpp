// What the tests of logins share: credentials as text and as files, and a signer that takes its time.
#pragma once

#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <slipstream/authentication.hpp>

#include "tests/integration/core_fixture.hpp"
#include "tests/support/jwt_maker.hpp"

namespace slipstream::test {

inline std::string creds_of(const test_key& key, const user_claims& claims = {}) {
    return make_creds(make_user_jwt(key, account_key(), claims), key.seed());
}

/// A file in the server's directory, replaced as a whole when it is there.
inline std::string write(const core_fixture& f, const std::string& name, std::string_view contents) {
    const std::string path = f.server.directory() / name;
    const std::string next = path + ".next";
    std::ofstream(next) << contents;
    std::filesystem::rename(next, path);
    return path;
}

/// Signs on another thread, after a while.
struct late_signer {
    const test_key& key;
    std::vector<std::thread> threads{};

    signer callback() {
        return [this](std::string nonce, signature_reply reply) {
            threads.emplace_back([this, nonce = std::move(nonce), reply = std::move(reply)] {
                std::this_thread::sleep_for(100ms);
                reply(key.sign(nonce));
            });
        };
    }
    ~late_signer() {
        for (std::thread& t : threads) t.join();
    }
};

}  // namespace slipstream::test
