// Keys, buckets and sets of prefixes (W8, W9, W20, W37, S88, S94): accepted exactly by the rules; normalising a set changes nothing that
// it matches; every key that matches is covered by exactly one filter; keys and buckets come back from subjects and streams.
//
// The input: a key, then prefixes, each on a line.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <slipstream/kv/key.hpp>
#include <slipstream/subject.hpp>

#include "fuzz/check.hpp"
#include "fuzz/input.hpp"
#include "kv/codec/subjects.hpp"

using namespace slipstream;

namespace {

bool is_word(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

bool holds_only(std::string_view text, std::string_view others) {
    return std::all_of(text.begin(), text.end(), [&](char c) { return is_word(c) || others.find(c) != std::string_view::npos; });
}

bool begins_a_key(std::string_view text) {
    return text.size() <= 1024 && holds_only(text, "-/_=.") && !text.starts_with('.') && text.find("..") == std::string_view::npos;
}

void check_names(std::string_view text) {
    FUZZ_CHECK(!kv::check_key(text) == (!text.empty() && begins_a_key(text) && !text.ends_with('.')));
    const bool bucket = !text.empty() && text.size() <= 252 && holds_only(text, "-_");
    FUZZ_CHECK(!kv::check_bucket_name(text) == bucket);
    const std::string stream = kv::codec::stream_name(text);
    const auto back = kv::codec::bucket_of_stream(stream);
    FUZZ_CHECK(back.has_value() == bucket && (!bucket || *back == text));
    FUZZ_CHECK(!kv::codec::bucket_of_stream(text) || text.starts_with("KV_"));
    const std::string prefix = kv::codec::key_prefix("b");
    const std::string subject = prefix + std::string(text);
    const auto key = kv::codec::key_of(prefix, subject);
    FUZZ_CHECK(key.has_value() == !text.empty() && (!key || *key == text));
    const auto strange = kv::codec::key_of(prefix, text);
    FUZZ_CHECK(!strange || (text.starts_with(prefix) && !strange->empty()));
    if (!kv::check_key(text)) FUZZ_CHECK(!check_publish_subject(subject));
}

void check_prefixes(std::string_view key, std::vector<std::string> list) {
    const bool matches = std::any_of(list.begin(), list.end(), [&](const std::string& p) { return key.starts_with(p); });
    const bool valid = std::all_of(list.begin(), list.end(), begins_a_key);
    const kv::prefixes set(std::move(list));
    const kv::prefixes normal = set.normalised();
    FUZZ_CHECK(set.matches(key) == matches && normal.matches(key) == matches);
    FUZZ_CHECK(!set.check() == valid);
    FUZZ_CHECK(!normal.check() || !valid);
    FUZZ_CHECK(normal.normalised().list() == normal.list());
    FUZZ_CHECK(normal.list().empty() == set.list().empty());
    for (std::size_t i = 1; i < normal.list().size(); ++i) {
        FUZZ_CHECK(normal.list()[i - 1] < normal.list()[i] && !normal.list()[i].starts_with(normal.list()[i - 1]));
    }
    if (!valid || kv::check_key(key)) return;
    const std::string bucket = kv::codec::key_prefix("b");
    const std::vector<std::string> filters = kv::codec::filter_subjects(bucket, normal);
    FUZZ_CHECK(filters == kv::codec::filter_subjects(bucket, set));
    std::size_t covering = 0;
    for (const std::string& filter : filters) {
        FUZZ_CHECK(!check_subscribe_subject(filter) && filter.starts_with(bucket));
        covering += subject_matches(filter, bucket + std::string(key)) ? 1 : 0;
    }
    FUZZ_CHECK(covering <= 1 && (covering == 1 || !matches));
    FUZZ_CHECK(filters.empty() == set.list().empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size > 4096) return 0;
    check_names({reinterpret_cast<const char*>(data), size});
    fuzz::input in(data, size);
    const std::string_view key = in.line();
    check_names(key);
    std::vector<std::string> list;
    while (!in.empty() && list.size() < 32) list.emplace_back(in.line());
    check_prefixes(key, std::move(list));
    return 0;
}
