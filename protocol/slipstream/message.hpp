// Messages: a view borrowed from the read buffer, and an owning copy.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>

#include <slipstream/headers.hpp>

namespace slipstream {

/// A message as it lies in the read buffer.
/// Lifetime: only inside the handler it was passed to. Construct a `message` from it to keep it.
class message_view {
public:
    message_view() noexcept = default;
    message_view(std::string_view subject, std::string_view reply_to, std::string_view header_block, std::string_view payload) noexcept
        : subject_(subject), reply_to_(reply_to), header_block_(header_block), payload_(payload) {}

    [[nodiscard]] std::string_view subject() const noexcept { return subject_; }
    /// Empty when the sender expects no reply.
    [[nodiscard]] std::string_view reply_to() const noexcept { return reply_to_; }
    [[nodiscard]] std::string_view payload() const noexcept { return payload_; }
    [[nodiscard]] header_view headers() const noexcept { return header_view(header_block_); }
    [[nodiscard]] std::string_view header_block() const noexcept { return header_block_; }
    /// The inline status of a message that is *only* a status (empty payload and a code), else 0. A user's message may carry a
    /// status line too; with a payload it is an ordinary message.
    [[nodiscard]] int status() const noexcept { return payload_.empty() && !header_block_.empty() ? headers().status() : 0; }
    /// Headers and payload: what limits count.
    [[nodiscard]] std::size_t size() const noexcept { return header_block_.size() + payload_.size(); }

private:
    std::string_view subject_;
    std::string_view reply_to_;
    std::string_view header_block_;
    std::string_view payload_;
};

/// A message that owns its bytes, in one block. Moving is cheap and leaves an empty message; copying is explicit (`clone`).
class message {
public:
    message() noexcept = default;
    explicit message(const message_view& view);
    message(message&& other) noexcept
        : bytes_(std::move(other.bytes_)), capacity_(std::exchange(other.capacity_, 0)), sizes_(std::exchange(other.sizes_, {})) {}
    message& operator=(message&& other) noexcept {
        bytes_ = std::move(other.bytes_);  // each line is harmless on itself
        capacity_ = std::exchange(other.capacity_, 0);
        sizes_ = std::exchange(other.sizes_, {});
        return *this;
    }
    ~message() = default;

    [[nodiscard]] message clone() const { return message(view()); }
    /// Copies `view` into this message and reuses its memory when it suffices.
    void assign(const message_view& view);

    [[nodiscard]] message_view view() const noexcept { return {subject(), reply_to(), header_block(), payload()}; }
    [[nodiscard]] std::string_view subject() const noexcept { return {bytes_.get(), sizes_.subject}; }
    [[nodiscard]] std::string_view reply_to() const noexcept { return {bytes_.get() + sizes_.subject, sizes_.reply}; }
    [[nodiscard]] std::string_view header_block() const noexcept { return {bytes_.get() + sizes_.subject + sizes_.reply, sizes_.header}; }
    [[nodiscard]] std::string_view payload() const noexcept {
        return {bytes_.get() + sizes_.subject + sizes_.reply + sizes_.header, sizes_.payload};
    }
    [[nodiscard]] header_view headers() const noexcept { return header_view(header_block()); }
    [[nodiscard]] int status() const noexcept { return view().status(); }
    [[nodiscard]] std::size_t size() const noexcept { return std::size_t{sizes_.header} + sizes_.payload; }

private:
    struct part_sizes {
        std::uint32_t subject = 0;
        std::uint32_t reply = 0;
        std::uint32_t header = 0;
        std::uint32_t payload = 0;
        [[nodiscard]] std::size_t total() const noexcept { return std::size_t{subject} + reply + header + payload; }
    };
    static part_sizes sizes_of(const message_view& view);

    std::unique_ptr<char[]> bytes_;
    std::size_t capacity_ = 0;
    part_sizes sizes_;
};

}  // namespace slipstream
