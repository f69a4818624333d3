// The owning message: four strings side by side in one block.
//
// Invariant: the sizes add up to at most capacity_, and bytes_ is null exactly when capacity_ is zero.
#include <slipstream/message.hpp>

#include <cstring>
#include <functional>
#include <limits>
#include <stdexcept>
#include <utility>

namespace slipstream {
namespace {

std::uint32_t narrow(std::size_t size) {
    if (size > std::numeric_limits<std::uint32_t>::max()) throw std::length_error("slipstream::message: a part exceeds 4 GiB");
    return static_cast<std::uint32_t>(size);
}

char* put(char* to, std::string_view part) noexcept {
    if (!part.empty()) std::memcpy(to, part.data(), part.size());
    return to + part.size();
}

[[gnu::always_inline]]
inline void put_all(char* to, const message_view& view) noexcept {
    to = put(to, view.subject());
    to = put(to, view.reply_to());
    to = put(to, view.header_block());
    put(to, view.payload());
}

}  // namespace

inline message::part_sizes message::sizes_of(const message_view& view) {
    return {narrow(view.subject().size()), narrow(view.reply_to().size()), narrow(view.header_block().size()),
            narrow(view.payload().size())};
}

message::message(const message_view& view) : sizes_(sizes_of(view)) {
    const std::size_t total = sizes_.total();
    if (total == 0) return;
    bytes_ = std::make_unique_for_overwrite<char[]>(total);
    capacity_ = total;
    put_all(bytes_.get(), view);
}

void message::assign(const message_view& view) {
    const part_sizes sizes = sizes_of(view);
    const std::size_t total = sizes.total();

    // A view of this very message must not be overwritten while it is read.
    const auto is_ours = [this](std::string_view part) {
        return !part.empty() && !std::less<>{}(part.data(), static_cast<const char*>(bytes_.get())) &&
               std::less<>{}(part.data(), static_cast<const char*>(bytes_.get()) + capacity_);
    };
    const bool overlaps = capacity_ != 0 && (is_ours(view.subject()) || is_ours(view.reply_to()) || is_ours(view.header_block()) ||
                                             is_ours(view.payload()));

    std::unique_ptr<char[]> fresh;
    if (total > capacity_ || overlaps) fresh = std::make_unique_for_overwrite<char[]>(total);
    put_all(fresh ? fresh.get() : bytes_.get(), view);
    if (fresh) {
        bytes_ = std::move(fresh);
        capacity_ = total;
    }
    sizes_ = sizes;
}

}  // namespace slipstream
