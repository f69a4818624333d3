// Secrets turn into text only through reveal(), which can be searched for: no conversion, no printer, no comparison.
#include <iostream>
#include <string>
#include <string_view>

#include <slipstream/secret.hpp>

slipstream::secret made() { return "swordfish"; }
std::string_view revealed(const slipstream::secret& s) { return s.reveal(); }

// BAD 1: (could not convert|conversion from) .*secret|no viable conversion
#if BAD == 1
std::string text(const slipstream::secret& s) { return s; }
#endif

// BAD 2: (could not convert|cannot convert|conversion from) .*secret|no viable conversion
#if BAD == 2
std::string_view view(const slipstream::secret& s) { return s; }
#endif

// BAD 3: no match for .operator<<.|invalid operands to binary expression
#if BAD == 3
void print(const slipstream::secret& s) { std::cout << s; }
#endif

// BAD 4: no match for .operator==.|invalid operands to binary expression
#if BAD == 4
bool same(const slipstream::secret& a, const slipstream::secret& b) { return a == b; }
#endif

// BAD 5: no matching function|no known conversion
#if BAD == 5
std::string explicit_text(const slipstream::secret& s) { return std::string(s); }
#endif
