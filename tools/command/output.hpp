// What the command prints: JSON lines or text for people. Data goes to stdout, diagnostics to stderr.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <slipstream/client.hpp>
#include <slipstream/detail/json_writer.hpp>
#include <slipstream/jetstream/ack_subject.hpp>
#include <slipstream/kv/revision.hpp>

namespace command {

/// One `--json` line: an object with `t` and `event` first. Written and flushed when it dies.
class json_line {
public:
    json_line(const class output& out, std::string_view event);
    ~json_line();
    json_line(const json_line&) = delete;
    json_line& operator=(const json_line&) = delete;

    json_line& text(std::string_view name, std::string_view value);
    json_line& number(std::string_view name, std::uint64_t value);
    json_line& real(std::string_view name, double value, int decimals);
    json_line& boolean(std::string_view name, bool value);
    /// `name` when the bytes are UTF-8, else `name`_b64.
    json_line& data(std::string_view name, std::string_view bytes);
    /// An object of arrays: headers may repeat.
    json_line& headers(slipstream::header_view headers);

private:
    std::string line_;
    slipstream::detail::json_writer writer_{line_};
};

class output {
public:
    explicit output(bool json, bool events);

    [[nodiscard]] bool json() const noexcept { return json_; }
    [[nodiscard]] bool events() const noexcept { return events_; }
    [[nodiscard]] bool colour() const noexcept { return colour_; }
    [[nodiscard]] double milliseconds_since_start() const;

    /// A line of text for people, on stdout.
    void line(std::string_view text) const;
    /// Bytes as they are (made printable on a terminal), and a newline.
    void raw(std::string_view bytes) const;
    /// A diagnostic, on stderr.
    void note(std::string_view text) const;

    void connection_event(const slipstream::event& e, const slipstream::client& nc);
    /// An error: an `error` object, or a line on stderr. `context` says what was being done.
    void error(const std::error_code& ec, std::string_view context, std::string_view detail = {});
    /// A message received. JetStream's place in its stream is added when `reply_to` is an ACK subject.
    void received(const slipstream::message_view& m);

private:
    bool json_;
    bool events_;
    bool colour_;
    std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

bool is_utf8(std::string_view bytes) noexcept;
std::string human_size(std::uint64_t bytes);
std::string human_time(std::chrono::sys_time<std::chrono::nanoseconds> time);
std::string human_duration(std::chrono::nanoseconds d);
/// The name of an error code's enumerator, as `--json` prints it.
std::string code_name(const std::error_code& ec);

/// Aligned columns for people.
class table {
public:
    void row(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
    void print(const output& out) const;

private:
    std::vector<std::vector<std::string>> rows_;
};

}  // namespace command
