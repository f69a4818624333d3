#include "tools/command/output.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <ctime>

#include <unistd.h>

#include <asio/error.hpp>

#include <slipstream/detail/base64.hpp>
#include <slipstream/error.hpp>
#include <slipstream/jetstream/error.hpp>
#include <slipstream/kv/error.hpp>

namespace command {
namespace {

std::string fixed(double value, int decimals) {
    std::array<char, 64> buffer{};
    const int n = std::snprintf(buffer.data(), buffer.size(), "%.*f", decimals, value);
    return {buffer.data(), static_cast<std::size_t>(n)};
}

void write_line(std::FILE* to, std::string_view text) {
    // One write for a whole line, flushed: a reader of a pipe sees it at once and never half of it.
    std::string line(text);
    line += '\n';
    std::fwrite(line.data(), 1, line.size(), to);
    std::fflush(to);
}

// What people see must not be able to drive their terminal.
std::string printable(std::string_view bytes) {
    if (is_utf8(bytes)) {
        std::string out;
        out.reserve(bytes.size());
        for (const char c : bytes) {
            const auto u = static_cast<unsigned char>(c);
            if ((u < 0x20 && c != '\n' && c != '\t') || u == 0x7f) {
                out += "\\x";
                out += "0123456789abcdef"[u >> 4];
                out += "0123456789abcdef"[u & 15];
            } else {
                out += c;
            }
        }
        return out;
    }
    std::string hex = "0x";
    for (const char c : bytes) {
        const auto u = static_cast<unsigned char>(c);
        hex += "0123456789abcdef"[u >> 4];
        hex += "0123456789abcdef"[u & 15];
    }
    return hex;
}

}  // namespace

bool is_utf8(std::string_view bytes) noexcept {
    std::size_t i = 0;
    while (i < bytes.size()) {
        const auto lead = static_cast<unsigned char>(bytes[i]);
        const std::size_t length = lead < 0x80 ? 1 : (lead >> 5) == 6 ? 2 : (lead >> 4) == 14 ? 3 : (lead >> 3) == 30 ? 4 : 0;
        if (length == 0 || bytes.size() - i < length) return false;
        std::uint32_t code = length == 1 ? lead : lead & (0xffU >> (length + 1));
        for (std::size_t k = 1; k < length; ++k) {
            const auto next = static_cast<unsigned char>(bytes[i + k]);
            if ((next & 0xc0U) != 0x80U) return false;
            code = (code << 6) | (next & 0x3fU);
        }
        constexpr std::array<std::uint32_t, 5> shortest{0, 0, 0x80, 0x800, 0x10000};
        if (code < shortest[length] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) return false;
        i += length;
    }
    return true;
}

std::string human_size(std::uint64_t bytes) {
    if (bytes < 1024) return std::to_string(bytes) + " B";
    constexpr std::array<const char*, 4> units{"KiB", "MiB", "GiB", "TiB"};
    double value = static_cast<double>(bytes) / 1024;
    std::size_t unit = 0;
    while (value >= 1024 && unit + 1 < units.size()) {
        value /= 1024;
        ++unit;
    }
    return fixed(value, 1) + " " + units[unit];
}

std::string human_time(std::chrono::sys_time<std::chrono::nanoseconds> time) {
    const std::time_t seconds = static_cast<std::time_t>(std::chrono::floor<std::chrono::seconds>(time.time_since_epoch()).count());
    std::tm local{};
    localtime_r(&seconds, &local);
    std::array<char, 64> buffer{};
    return {buffer.data(), std::strftime(buffer.data(), buffer.size(), "%Y-%m-%d %H:%M:%S", &local)};
}

std::string human_duration(std::chrono::nanoseconds d) {
    const double seconds = std::chrono::duration<double>(d).count();
    if (seconds == 0) return "none";
    if (seconds < 1e-3) return fixed(seconds * 1e6, 0) + "us";
    if (seconds < 1) return fixed(seconds * 1e3, 1) + "ms";
    if (seconds < 120) return fixed(seconds, 2) + "s";
    if (seconds < 7200) return fixed(seconds / 60, 1) + "m";
    return fixed(seconds / 3600, 1) + "h";
}

std::string code_name(const std::error_code& ec) {
    if (ec.category() == slipstream::core_category()) return slipstream::to_string(static_cast<slipstream::errc>(ec.value()));
    if (ec.category() == slipstream::jetstream::category())
        return slipstream::jetstream::to_string(static_cast<slipstream::jetstream::errc>(ec.value()));
    if (ec.category() == slipstream::kv::category()) return slipstream::kv::to_string(static_cast<slipstream::kv::errc>(ec.value()));
    if (ec == asio::error::operation_aborted) return "operation_aborted";
    return std::string(ec.category().name()) + "_" + std::to_string(ec.value());
}

json_line::json_line(const class output& out, std::string_view event) {
    writer_.begin_object().key("t").raw(fixed(out.milliseconds_since_start(), 3)).member("event", event);
}

json_line::~json_line() {
    writer_.end_object();
    write_line(stdout, line_);
}

json_line& json_line::text(std::string_view name, std::string_view value) {
    writer_.member(name, value);
    return *this;
}

json_line& json_line::number(std::string_view name, std::uint64_t value) {
    writer_.member(name, value);
    return *this;
}

json_line& json_line::real(std::string_view name, double value, int decimals) {
    writer_.key(name).raw(std::isfinite(value) ? fixed(value, decimals) : "null");
    return *this;
}

json_line& json_line::boolean(std::string_view name, bool value) {
    writer_.member(name, value);
    return *this;
}

json_line& json_line::data(std::string_view name, std::string_view bytes) {
    if (is_utf8(bytes)) return text(name, bytes);
    return text(std::string(name) + "_b64", slipstream::detail::encode_base64(bytes));
}

json_line& json_line::headers(slipstream::header_view headers) {
    writer_.key("headers").begin_object();
    std::vector<std::string_view> written;
    for (const slipstream::header& h : headers) {
        if (std::find(written.begin(), written.end(), h.name) != written.end()) continue;
        written.push_back(h.name);
        writer_.key(h.name).begin_array();
        for (const slipstream::header& same : headers) {
            if (same.name == h.name) writer_.value(same.value);
        }
        writer_.end_array();
    }
    writer_.end_object();
    return *this;
}

output::output(bool json, bool events) : json_(json), events_(events), colour_(!json && isatty(STDOUT_FILENO) != 0) {}

double output::milliseconds_since_start() const {
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start_).count();
}

void output::line(std::string_view text) const { write_line(stdout, printable(text)); }
void output::raw(std::string_view bytes) const {
    if (colour_) return line(bytes);
    std::fwrite(bytes.data(), 1, bytes.size(), stdout);
    std::fputc('\n', stdout);
    std::fflush(stdout);
}

void output::note(std::string_view text) const { write_line(stderr, printable(text)); }

void output::error(const std::error_code& ec, std::string_view context, std::string_view detail) {
    if (json_) {
        json_line line(*this, "error");
        line.text("code", code_name(ec)).text("category", ec.category().name()).text("message", ec.message()).text("context", context);
        if (!detail.empty()) line.text("detail", detail);
        return;
    }
    std::string text = "slipstream: " + std::string(context) + ": " + ec.message();
    if (!detail.empty()) text += " (" + std::string(detail) + ")";
    note(text);
}

void output::connection_event(const slipstream::event& e, const slipstream::client& nc) {
    using slipstream::event_kind;
    if (!events_) {
        // Losing and finding the server again is worth a word even when nobody asked; the rest is not.
        if (json_) return;
        if (e.kind == event_kind::disconnected && e.reason != slipstream::disconnect_reason::closed) {
            note("disconnected: " + std::string(to_string(e.reason)) + (e.detail.empty() ? "" : " (" + e.detail + ")"));
        } else if (e.kind == event_kind::connected && e.reconnects > 0) {
            note("reconnected to " + e.server);
        } else if (e.kind == event_kind::slow_consumer) {
            note("slow consumer: " + e.subject + " has dropped " + std::to_string(e.dropped));
        } else if (e.kind == event_kind::server_error) {
            note("server: " + e.detail);
        }
        return;
    }
    if (!json_) {
        note(std::string(to_string(e.kind)) + (e.server.empty() ? "" : " " + e.server) + (e.detail.empty() ? "" : " (" + e.detail + ")"));
        return;
    }
    if (e.kind == event_kind::server_error || e.kind == event_kind::connect_failed || e.kind == event_kind::handler_failed) {
        json_line line(*this, "error");
        line.text("code", code_name(e.error)).text("category", e.error.category().name()).text("message", e.error.message());
        line.text("context", to_string(e.kind)).text("detail", e.detail);
        return;
    }
    json_line line(*this, to_string(e.kind));
    switch (e.kind) {
        case event_kind::connected:
            line.text("server", e.server).text("server_id", nc.server_info().server_id).text("version", nc.server_info().version);
            line.number("client_id", nc.server_info().client_id).number("reconnects", e.reconnects);
            break;
        case event_kind::disconnected: line.text("reason", to_string(e.reason)).text("detail", e.detail); break;
        case event_kind::reconnecting:
            line.number("attempt", e.attempt).number("delay_ms", static_cast<std::uint64_t>(e.delay.count())).text("server", e.server);
            break;
        case event_kind::slow_consumer: line.text("subject", e.subject).number("dropped", e.dropped).number("pending", e.pending); break;
        default: break;
    }
}

void output::received(const slipstream::message_view& m) {
    const auto place = slipstream::jetstream::parse_ack_subject(m.reply_to());
    if (!json_) {
        std::string text = colour_ ? "\x1b[36m" : "";
        // The colour codes are ours; everything that came over the wire is made printable.
        const std::string head = printable("[" + std::string(m.subject()) + "]" +
                                           (m.reply_to().empty() || place ? "" : " (reply " + std::string(m.reply_to()) + ")"));
        text += head + (colour_ ? "\x1b[0m" : "");
        for (const slipstream::header& h : m.headers()) text += "\n" + printable(std::string(h.name) + ": " + std::string(h.value));
        text += (m.header_block().empty() ? " " : "\n") + printable(m.payload());
        write_line(stdout, text);
        return;
    }
    json_line line(*this, "msg");
    line.text("subject", m.subject());
    if (!m.reply_to().empty()) line.text("reply", m.reply_to());
    line.number("size", m.size()).data("data", m.payload());
    if (!m.header_block().empty()) line.headers(m.headers());
    if (const int status = m.status(); status != 0) line.number("status", static_cast<std::uint64_t>(status));
    if (place) {
        line.text("stream", place->stream).text("consumer", place->consumer).number("stream_seq", place->stream_sequence);
        line.number("consumer_seq", place->consumer_sequence).number("delivered", place->delivered).number("pending", place->pending);
    }
}

void table::print(const output& out) const {
    std::vector<std::size_t> widths;
    for (const auto& row : rows_) {
        widths.resize(std::max(widths.size(), row.size()));
        for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
    }
    for (const auto& row : rows_) {
        std::string text;
        for (std::size_t i = 0; i < row.size(); ++i) {
            text += row[i];
            if (i + 1 < row.size()) text += std::string(widths[i] - row[i].size() + 2, ' ');
        }
        out.line(text);
    }
}

}  // namespace command
