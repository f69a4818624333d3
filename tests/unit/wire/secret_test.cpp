#include <slipstream/secret.hpp>

#include <doctest/doctest.h>

#include <concepts>
#include <cstring>
#include <ostream>
#include <string>
#include <utility>

using slipstream::secret;

namespace {

template <class T>
concept printable = requires(std::ostream& out, const T& value) { out << value; };
template <class T>
concept comparable = requires(const T& a, const T& b) { a == b; };

}  // namespace

TEST_CASE("B11: a secret has no printer, no comparison and no way to text but reveal()") {
    CHECK_FALSE(printable<secret>);
    CHECK_FALSE(comparable<secret>);
    CHECK_FALSE(std::convertible_to<secret, std::string>);
    CHECK_FALSE(std::convertible_to<secret, std::string_view>);
    CHECK_FALSE(std::constructible_from<std::string, secret>);
    CHECK_FALSE(std::constructible_from<bool, secret>);
    CHECK(printable<std::string>);  // the check itself works
}

TEST_CASE("B13: a secret owns its bytes") {
    std::string text = "s3cr3t";
    const secret from_text(text);
    text.assign("xxxxxx");
    CHECK(from_text.reveal() == "s3cr3t");
    CHECK(from_text.size() == 6);
    CHECK_FALSE(from_text.empty());
    CHECK(secret("literal").reveal() == "literal");
    CHECK(secret(std::string_view("a\0b", 3)).size() == 3);
    for (const secret& empty : {secret(), secret(""), secret(std::string())}) {
        CHECK(empty.empty());
        CHECK(empty.reveal().empty());
    }
}

TEST_CASE("H11: copies are independent, a moved-from secret is empty") {
    secret a("one");
    secret b = a;
    CHECK(a.reveal().data() != b.reveal().data());
    secret c = std::move(a);
    CHECK(c.reveal() == "one");
    CHECK(a.empty());  // NOLINT(bugprone-use-after-move): that is the point
    b = secret("two");
    CHECK(b.reveal() == "two");
    c = b;
    CHECK(c.reveal() == "two");
    secret& self = c;
    c = self;
    CHECK(c.reveal() == "two");
    c = "three";
    CHECK(c.reveal() == "three");
    CHECK(b.reveal() == "two");
}
