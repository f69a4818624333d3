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

}  // namespace

message::message(message&& other) noexcept
    : bytes_(std::move(other.bytes_)),
      capacity_(std::exchange(other.capacity_, 0)),
      subject_size_(std::exchange(other.subject_size_, 0)),
      reply_size_(std::exchange(other.reply_size_, 0)),
      header_size_(std::exchange(other.header_size_, 0)),
      payload_size_(std::exchange(other.payload_size_, 0)) {}

message& message::operator=(message&& other) noexcept {
    bytes_ = std::move(other.bytes_);  // each line is harmless on itself
    capacity_ = std::exchange(other.capacity_, 0);
    subject_size_ = std::exchange(other.subject_size_, 0);
    reply_size_ = std::exchange(other.reply_size_, 0);
    header_size_ = std::exchange(other.header_size_, 0);
    payload_size_ = std::exchange(other.payload_size_, 0);
    return *this;
}

void message::assign(const message_view& view) {
    const std::uint32_t subject_size = narrow(view.subject().size());
    const std::uint32_t reply_size = narrow(view.reply_to().size());
    const std::uint32_t header_size = narrow(view.header_block().size());
    const std::uint32_t payload_size = narrow(view.payload().size());
    const std::size_t total = std::size_t{subject_size} + reply_size + header_size + payload_size;

    const auto is_ours = [this](std::string_view part) {
        return !part.empty() && !std::less<>{}(part.data(), static_cast<const char*>(bytes_.get())) &&
               std::less<>{}(part.data(), static_cast<const char*>(bytes_.get()) + capacity_);
    };
    // A view of this very message must not be overwritten while it is read.
    const bool overlaps = is_ours(view.subject()) || is_ours(view.reply_to()) || is_ours(view.header_block()) || is_ours(view.payload());

    std::unique_ptr<char[]> fresh;
    if (total > capacity_ || overlaps) fresh = std::make_unique_for_overwrite<char[]>(total);
    char* to = fresh ? fresh.get() : bytes_.get();
    to = put(to, view.subject());
    to = put(to, view.reply_to());
    to = put(to, view.header_block());
    put(to, view.payload());

    if (fresh) {
        bytes_ = std::move(fresh);
        capacity_ = total;
    }
    subject_size_ = subject_size;
    reply_size_ = reply_size;
    header_size_ = header_size;
    payload_size_ = payload_size;
}

}  // namespace slipstream
