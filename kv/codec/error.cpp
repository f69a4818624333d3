// Names, sentences and groups of every key-value error code, in one table.
#include <slipstream/kv/error.hpp>

#include <cstddef>
#include <iterator>
#include <string>

namespace slipstream::kv {
namespace {

struct row {
    errc code;
    const char* name;
    const char* message;
    condition group;  // 0 = none
};

constexpr condition no_group{};

constexpr row table[] = {
    {errc::invalid_bucket, "invalid_bucket", "The bucket name is not valid: allowed are letters, digits, '_' and '-'.",
     condition::invalid_argument},
    {errc::invalid_key, "invalid_key",
     "The key is not valid: allowed are letters, digits and any of -/_=. without a leading, trailing or double dot.",
     condition::invalid_argument},
    {errc::invalid_prefix, "invalid_prefix", "The prefix is not the beginning of a valid key.", condition::invalid_argument},
    {errc::invalid_revision, "invalid_revision", "The revision is unknown.", condition::invalid_argument},
    {errc::invalid_config, "invalid_config", "A value of the bucket's configuration is outside its range.", condition::invalid_argument},
    {errc::invalid_cursor, "invalid_cursor", "The cursor cannot be read, or it is at the end of the number range.",
     condition::invalid_argument},
    {errc::bucket_not_found, "bucket_not_found", "The bucket does not exist.", condition::not_found},
    {errc::bucket_exists, "bucket_exists", "The bucket exists with another configuration.", condition::conflict},
    {errc::not_a_bucket, "not_a_bucket", "The stream of that name does not keep the last value of each key, so it is not a bucket.",
     condition::not_found},
    {errc::key_not_found, "key_not_found", "The key does not exist.", condition::not_found},
    {errc::key_exists, "key_exists", "The key exists.", condition::conflict},
    {errc::revision_mismatch, "revision_mismatch", "The key's last revision is not the expected one.", condition::conflict},
    {errc::bucket_full, "bucket_full", "The bucket is full.", no_group},
    {errc::value_too_large, "value_too_large", "The value is larger than the bucket allows.", condition::invalid_argument},
    {errc::cursor_expired, "cursor_expired", "Changes after the cursor are no longer in the bucket.", no_group},
    {errc::bucket_deleted, "bucket_deleted", "The bucket was deleted under the watch.", condition::not_found},
    {errc::watch_stopped, "watch_stopped", "The watch was stopped.", condition::closed},
};

consteval bool in_order() {
    int expected = 1;
    for (const row& r : table) {
        if (static_cast<int>(r.code) != expected++) return false;
    }
    return true;
}
static_assert(in_order(), "one row for each errc, in the order of the enumeration");
static_assert(std::size(table) == static_cast<std::size_t>(errc::watch_stopped), "every errc has a row");

const row* find(int value) noexcept {
    if (value < 1 || static_cast<std::size_t>(value) > std::size(table)) return nullptr;
    return &table[value - 1];
}

class category_type final : public std::error_category {
public:
    const char* name() const noexcept override { return "slipstream.kv"; }

    std::string message(int value) const override {
        const row* r = find(value);
        return r != nullptr ? r->message : "Unknown key-value error.";
    }

    std::error_condition default_error_condition(int value) const noexcept override {
        const row* r = find(value);
        if (r != nullptr && r->group == condition::invalid_argument) return std::make_error_condition(std::errc::invalid_argument);
        return {value, *this};
    }

    bool equivalent(int value, const std::error_condition& c) const noexcept override {
        if (c.category() != condition_category()) return default_error_condition(value) == c;
        const row* r = find(value);
        return r != nullptr && r->group != no_group && static_cast<int>(r->group) == c.value();
    }
};

}  // namespace

const std::error_category& category() noexcept {
    static const category_type instance;
    return instance;
}

const char* to_string(errc e) noexcept {
    const row* r = find(static_cast<int>(e));
    return r != nullptr ? r->name : "unknown";
}

}  // namespace slipstream::kv
