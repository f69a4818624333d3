// Buckets as streams and back (S20, S21, W20-W24): any stream configuration has a readable bucket configuration; one that is allowed
// becomes a stream that its check lets pass, is a bucket, and is read back as the same.
//
// The input is a stream configuration as the server writes it.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <slipstream/message.hpp>
#include <slipstream/subject.hpp>

#include "fuzz/check.hpp"
#include "jetstream/api/decode.hpp"
#include "jetstream/api/encode.hpp"
#include "kv/codec/stream_mapping.hpp"
#include "kv/codec/subjects.hpp"

using namespace slipstream;

namespace {

void check_allowed(const kv::bucket_config& config) {
    const jetstream::stream_config stream = kv::codec::to_stream_config(config);
    FUZZ_CHECK(!kv::codec::check_is_bucket(stream));
    FUZZ_CHECK(!jetstream::api::check(stream));
    FUZZ_CHECK(stream.name == kv::codec::stream_name(config.bucket));
    FUZZ_CHECK(stream.subjects.empty() == stream.mirror.has_value());
    const kv::bucket_config again = kv::codec::to_bucket_config(stream);
    FUZZ_CHECK(kv::config_differences(config, again).empty());
    FUZZ_CHECK(!kv::codec::check_bucket_config(again));
    FUZZ_CHECK(!kv::codec::lost_limit_markers(config, stream));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    static_cast<void>(kv::codec::is_before_limit_markers(input));
    const std::string text = R"({"created":"2026-01-01T00:00:00Z","state":{"messages":0,"bytes":0,"first_seq":1,"last_seq":0},"config":)" +
                             std::string(input) + "}";
    jetstream::stream_info info;
    if (jetstream::api::decode_stream_info(message_view("r", {}, {}, text), info, nullptr)) return 0;
    const kv::bucket_status status = kv::codec::to_bucket_status(info);
    FUZZ_CHECK(kv::config_differences(status.config, status.config).empty());
    const auto places = kv::codec::places_of(info.config, "$JS.API");
    FUZZ_CHECK(places.write_prefix.ends_with(places.read_prefix));
    const auto in_domain = kv::codec::places_of(info.config, "$JS.d.API");  // writes go there, unless a mirror says where
    FUZZ_CHECK(in_domain.read_prefix == places.read_prefix && in_domain.write_prefix.ends_with("." + places.read_prefix));
    if (!kv::codec::check_is_bucket(info.config)) FUZZ_CHECK(kv::codec::bucket_of_stream(info.config.name) == status.bucket);
    if (!kv::codec::check_bucket_config(status.config)) check_allowed(status.config);
    return 0;
}
