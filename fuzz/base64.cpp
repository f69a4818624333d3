// Base64 (RFC 4648): what was encoded is read back; strict reading accepts exactly canonical text; what a broken text leaves behind is
// nothing; lenient reading accepts all that strict reading does, with the same bytes.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <slipstream/detail/base64.hpp>

#include "fuzz/check.hpp"

using namespace slipstream::detail;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    const std::string encoded = encode_base64(input);
    FUZZ_CHECK(encoded.size() == base64_encoded_size(size));
    std::string back = "before";
    FUZZ_CHECK(decode_base64(encoded, back) && back == "before" + std::string(input));

    std::string strict = "before";
    const bool canonical = decode_base64(input, strict);
    FUZZ_CHECK(canonical ? encode_base64(std::string_view(strict).substr(6)) == input : strict == "before");
    std::string lenient = "before";
    const bool readable = decode_base64(input, lenient, base64_rule::lenient);
    FUZZ_CHECK(readable || lenient == "before");
    if (canonical) FUZZ_CHECK(readable && lenient == strict);

    // Line breaks and missing padding change nothing for the lenient reader.
    std::string broken = encoded.substr(0, encoded.find('='));
    broken.insert(broken.size() / 2, "\r\n ");
    std::string unbroken;
    FUZZ_CHECK(decode_base64(broken, unbroken, base64_rule::lenient) && unbroken == input);
    return 0;
}
