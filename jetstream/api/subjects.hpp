// API subjects: one builder, so that the prefix is never forgotten (failure mode F21).
//
// Told: the prefix and names that were checked (names.hpp). Emits: subjects to publish to.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

namespace slipstream::jetstream::api {

/// `<prefix>.<verb>[.<token>][.<token>]`, in one allocation. Empty tokens are left out.
std::string subject(std::string_view prefix, std::string_view verb, std::string_view first = {}, std::string_view second = {});

/// The same for one call, without allocation when it is of ordinary length: what takes a subject copies it anyway.
class subject_for_call {
public:
    subject_for_call(std::string_view prefix, std::string_view verb, std::string_view first, std::string_view second = {}) {
        if (prefix.size() + verb.size() + first.size() + second.size() + 3 > sizeof small_) {
            large_ = subject(prefix, verb, first, second);
            text_ = large_;
            return;
        }
        char* out = std::copy(prefix.begin(), prefix.end(), small_);
        for (const std::string_view part : {verb, first, second}) {
            if (part.empty()) continue;
            *out++ = '.';
            out = std::copy(part.begin(), part.end(), out);
        }
        text_ = {small_, static_cast<std::size_t>(out - small_)};
    }
    subject_for_call(const subject_for_call&) = delete;
    subject_for_call& operator=(const subject_for_call&) = delete;

    [[nodiscard]] std::string_view text() const noexcept { return text_; }

private:
    char small_[256];
    std::string large_;
    std::string_view text_;
};

/// Beyond this a subject is sent in the body: the server limits the protocol line (4096 bytes by default).
inline constexpr std::size_t max_subject_in_line = 1024;

namespace verbs {
inline constexpr std::string_view account_info = "INFO";
inline constexpr std::string_view stream_create = "STREAM.CREATE";
inline constexpr std::string_view stream_update = "STREAM.UPDATE";
inline constexpr std::string_view stream_info = "STREAM.INFO";
inline constexpr std::string_view stream_delete = "STREAM.DELETE";
inline constexpr std::string_view stream_purge = "STREAM.PURGE";
inline constexpr std::string_view stream_names = "STREAM.NAMES";
inline constexpr std::string_view stream_list = "STREAM.LIST";
inline constexpr std::string_view message_get = "STREAM.MSG.GET";
inline constexpr std::string_view direct_get = "DIRECT.GET";
inline constexpr std::string_view consumer_create = "CONSUMER.CREATE";
inline constexpr std::string_view consumer_info = "CONSUMER.INFO";
inline constexpr std::string_view consumer_delete = "CONSUMER.DELETE";
inline constexpr std::string_view consumer_list = "CONSUMER.LIST";
}  // namespace verbs

}  // namespace slipstream::jetstream::api
