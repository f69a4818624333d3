// A subscription has one owner: a copied handle would unsubscribe under the other one. The same for a message's bytes.
#include <slipstream/subscription.hpp>

#include <utility>

slipstream::subscription moved(slipstream::subscription& from) { return std::move(from); }
slipstream::message cloned(const slipstream::message& from) { return from.clone(); }

// BAD 1: use of deleted function|call to (implicitly-)?deleted
#if BAD == 1
slipstream::subscription copied(slipstream::subscription& from) { return from; }
#endif

// BAD 2: use of deleted function|is implicitly deleted|(implicitly-)?deleted
#if BAD == 2
void assigned(slipstream::subscription& to, const slipstream::subscription& from) { to = from; }
#endif

// BAD 3: use of deleted function|call to (implicitly-)?deleted
#if BAD == 3
slipstream::message copied(const slipstream::message& from) { return from; }
#endif
