// Keys and texts from spec/auth.md 4, 6 and 11. Public test material.
#pragma once

#include <string_view>

namespace slipstream::test {

inline constexpr std::string_view seed_u = "SUAAAAICAMCAKBQHBAEQUCYMBUHA6EARCIJRIFIWC4MBSGQ3DQOR4H776Y";
inline constexpr std::string_view public_u = "UAB2CB576PHBBPQ5ODORRZ2LYCMWPZGWGCN2KDK7DXOIMZASKUY3RLKK";
inline constexpr std::string_view seed_zero = "SUAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAEQ";
inline constexpr std::string_view public_zero = "UA5WUJ54Z23KILLCUOUNAKTPBVZWKMQVO4O6EQ5GHLAERIMLLHNCTYM5";
inline constexpr std::string_view seed_account = "SAACAIJCEMSCKJRHFAUSUKZMFUXC6MBRGIZTINJWG44DSOR3HQ6T4P7MNU";
inline constexpr std::string_view public_account = "AAU2ZOXBIG6MV4FSFYNJJU2NBPDTMHSSNUF74EWIS6KLZEZCSZW5OICT";
inline constexpr std::string_view private_u =
    "PAAACAQDAQCQMBYIBEFAWDANBYHRAEISCMKBKFQXDAMRUGY4DUPB6A5BA677HTQQXYOXBXIY45F4BGLH4TLDBG5FBVPR3XEGMQJFKMNYJGWQ";

/// Of the user with seed_u, issued by the account with seed_account; does not expire.
inline constexpr std::string_view jwt_u =
    "eyJ0eXAiOiJKV1QiLCJhbGciOiJlZDI1NTE5LW5rZXkifQ."
    "eyJqdGkiOiJRTlBUVkNQR1Q3WkczS1VSWDZRMzdLUTUyN0pIV0tDUUNISEc3NEQzNU9LTFU2QlNLSklRIiwiaWF0IjoxNzk1NDIzMzEzLCJpc3MiOiJBQVUyWk9Y"
    "QklHNk1WNEZTRllOSkpVMk5CUERUTUhTU05VRjc0RVdJUzZLTFpFWkNTWlc1T0lDVCIsIm5hbWUiOiJhbGljZSIsInN1YiI6IlVBQjJDQjU3NlBIQkJQUTVPRE9S"
    "UloyTFlDTVdQWkdXR0NOMktESzdEWE9JTVpBU0tVWTNSTEtLIiwibmF0cyI6eyJwdWIiOnt9LCJzdWIiOnt9LCJzdWJzIjotMSwiZGF0YSI6LTEsInBheWxvYWQi"
    "Oi0xLCJ0eXBlIjoidXNlciIsInZlcnNpb24iOjJ9fQ."
    "CVh0Se7mOld9VuM3BQ2pIOd_BN63SDv7Qz55iQiGo3u2OALrJVQXe9QUn4P7G_cnoNZ82h5VqK8oYnaLmSUhCw";

}  // namespace slipstream::test
