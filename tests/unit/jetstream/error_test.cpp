// JetStream error codes: numbers, names, sentences, groups.
#include <slipstream/jetstream/error.hpp>

#include <doctest/doctest.h>

#include <ostream>
#include <string>
#include <system_error>
#include <vector>

#include <slipstream/error.hpp>

using slipstream::condition;
using namespace slipstream::jetstream;

namespace {

const condition all_conditions[] = {condition::invalid_argument, condition::timed_out,       condition::transient,
                                    condition::closed,           condition::denied,          condition::not_found,
                                    condition::conflict,         condition::outcome_unknown, condition::protocol};

std::vector<condition> groups(errc e) {
    std::vector<condition> out;
    for (const condition c : all_conditions) {
        if (std::error_code(e) == c) out.push_back(c);
    }
    return out;
}

}  // namespace

TEST_CASE("W32: the server's number is the code, known or not") {
    CHECK(std::error_code(errc::stream_not_found).value() == 10059);
    CHECK(std::error_code(errc::wrong_last_sequence).value() == 10071);
    CHECK(std::error_code(errc::wrong_last_sequence_in_flight).value() == 10164);
    const std::error_code unnamed = static_cast<errc>(10099);
    CHECK(unnamed.value() == 10099);
    CHECK(unnamed.message() == "JetStream error 10099.");
    CHECK(to_string(static_cast<errc>(10099)) == "err_code_10099");
    CHECK(groups(static_cast<errc>(10099)).empty());
    CHECK(unnamed);
}

TEST_CASE("style-anchors 3.7: names and sentences") {
    CHECK(to_string(errc::stream_not_found) == "stream_not_found");
    CHECK(to_string(errc::invalid_response) == "invalid_response");
    CHECK(to_string(errc::api_level) == "api_level");
    CHECK(std::error_code(errc::store_failed).message() == "The stream has reached a limit and takes no new messages.");
    CHECK(std::string(std::error_code(errc::bad_request).category().name()) == "slipstream.jetstream");
    for (int value = 0; value < 11'000; ++value) {
        const std::string text = std::error_code(static_cast<errc>(value)).message();
        CHECK(text.ends_with('.'));
        CHECK(std::error_code(static_cast<errc>(value)) != slipstream::errc::invalid_subject);
    }
}

TEST_CASE("G6, A20: conflicts of compare-and-set are both numbers") {
    CHECK(groups(errc::wrong_last_sequence) == std::vector{condition::conflict});
    CHECK(groups(errc::wrong_last_sequence_in_flight) == std::vector{condition::conflict});
    CHECK(groups(errc::stream_name_in_use) == std::vector{condition::conflict});
    CHECK(groups(errc::consumer_exists) == std::vector{condition::conflict});
}

TEST_CASE("spec/jetstream.md 14: groups") {
    for (const errc e : {errc::stream_not_found, errc::consumer_not_found, errc::message_not_found, errc::sequence_not_found,
                         errc::consumer_does_not_exist}) {
        CHECK(groups(e) == std::vector{condition::not_found});
    }
    for (const errc e : {errc::temporarily_unavailable, errc::insufficient_resources, errc::sequence_not_ready, errc::too_many_requests,
                         errc::msg_id_in_flight}) {
        CHECK(groups(e) == std::vector{condition::transient});
    }
    for (const errc e : {errc::invalid_stream_name, errc::invalid_consumer_name, errc::invalid_config, errc::bad_request,
                         errc::stream_invalid_config, errc::message_too_large, errc::ttl_invalid}) {
        CHECK(groups(e) == std::vector{condition::invalid_argument});
    }
    CHECK(groups(errc::not_enabled_for_account) == std::vector{condition::denied});
    CHECK(groups(errc::store_failed).empty());
    CHECK(groups(errc::maximum_streams).empty());
}

TEST_CASE("W13: an unreadable reply means that the outcome is unknown, and nothing of unknown outcome is transient") {
    CHECK(groups(errc::invalid_response) == std::vector{condition::outcome_unknown, condition::protocol});
    for (int value = 0; value < 11'000; ++value) {
        const std::error_code ec = static_cast<errc>(value);
        CHECK_FALSE((ec == condition::outcome_unknown && ec == condition::transient));
    }
}

TEST_CASE("style-anchors 3.7: codes compare with themselves and with no other category") {
    const std::error_code ec = errc::stream_not_found;
    CHECK(ec == errc::stream_not_found);
    CHECK(ec != errc::consumer_not_found);
    CHECK(ec != std::errc::no_such_file_or_directory);
    CHECK(ec.default_error_condition().category() == category());
    CHECK_FALSE(std::error_code(errc::invalid_response) == std::error_code(slipstream::errc::invalid_subject));  // both are 1
}
