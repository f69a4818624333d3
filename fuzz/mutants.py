#!/usr/bin/env python3
"""Plants mistakes in bounds and comparisons, one at a time, and shows that the corpora or a unit test notice each.

    fuzz/mutants.py [--build-dir b-gcc] [--jobs J] [--only TEXT]   builds and runs every mutant, prints a table; fails on a survivor
    fuzz/mutants.py --check                                        only whether every mutation still has its place in the source

A mutant is the one changed file, compiled in place of the real one and linked with a target's replay program (or a unit test), which
then runs over the seeds. Equivalent mutants are not listed: e.g. `pos + block <= size` with `<` reads the same bytes another way.
"""

import argparse
import concurrent.futures
import subprocess
import sys
import tempfile
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
WIRE = "protocol/wire/"
SESSION = "protocol/session/"
API = "jetstream/api/"
KV = "kv/machine/"
ORDERED = "jetstream/machine/ordered_delivery.cpp"

# What notices mistakes in a file, cheapest first: replay programs, then unit test programs. `unit` is the file to compile instead of a
# header.
FILES = {
    WIRE + "parser.cpp": {"notices": ["parser_reference", "parser", "unit:wire/test_wire"]},
    WIRE + "argument_scan.hpp": {"notices": ["parser_reference", "parser", "unit:wire/test_wire"], "unit": WIRE + "parser.cpp"},
    WIRE + "plain_line.hpp": {"notices": ["parser_reference", "parser", "unit:wire/test_wire"], "unit": WIRE + "parser.cpp"},
    WIRE + "headers.cpp": {"notices": ["headers", "direct_message", "unit:wire/test_wire"]},
    API + "ack_subject.cpp": {"notices": ["ack_subject"]},
    API + "delivery_reader.cpp": {"notices": ["ack_subject"]},
    API + "decimal_words.hpp": {"notices": ["ack_subject"], "unit": API + "ack_subject.cpp"},
    API + "reply.cpp": {"notices": ["publish_ack", "response_classifier", "direct_message", "api_replies"]},
    WIRE + "error.cpp": {"notices": ["errors"]},
    SESSION + "connection.cpp": {"notices": ["session"]},
    SESSION + "connection_info.cpp": {"notices": ["session"]},
    SESSION + "core.cpp": {"notices": ["session"]},
    SESSION + "core_wishes.cpp": {"notices": ["session"]},
    API + "error.cpp": {"notices": ["errors"]},
    "kv/codec/error.cpp": {"notices": ["errors"]},
    "kv/codec/outcome.cpp": {"notices": ["errors"]},
    ORDERED: {"notices": ["ordered", "unit:jetstream/test_ordered"]},
    KV + "collector.cpp": {"notices": ["collector"]},
    KV + "key_order.cpp": {"notices": ["collector", "unit:kv/test_watch"]},
    KV + "update_queue.cpp": {"notices": ["watch_facts"]},
    KV + "watch_machine.cpp": {"notices": ["watch", "unit:kv/test_watch"]},
    KV + "floor_guard.cpp": {"notices": ["watch", "unit:kv/test_watch"]},
}
CORPORA = {"parser_reference": "parser"}

MUTATIONS = [
    # (file, old text, new text)
    (WIRE + "parser.cpp", "if (range.end - range.begin > 19) return false;", "if (range.end - range.begin > 20) return false;"),
    (WIRE + "parser.cpp", "if (range.end - range.begin > 19) return false;", "if (range.end - range.begin > 18) return false;"),
    (WIRE + "parser.cpp", "if (digit > 9) return false;", "if (digit > 10) return false;"),
    (WIRE + "parser.cpp", "if (digit > 9) return false;", "if (digit >= 9) return false;"),
    (WIRE + "parser.cpp", "std::max(static_cast<std::size_t>(announced), floor) + slack",
     "std::min(static_cast<std::size_t>(announced), floor) + slack"),
    (WIRE + "parser.cpp", "std::max(static_cast<std::size_t>(announced), floor) + slack",
     "std::max(static_cast<std::size_t>(announced), floor)"),
    (WIRE + "parser.cpp", "if (same == in.size() && same <= e.word.size()) {", "if (same == in.size() && same < e.word.size()) {"),
    (WIRE + "parser.cpp", "if (same == e.word.size() && takes_text) found = e.kind;", "if (same == e.word.size()) found = e.kind;"),
    (WIRE + "parser.cpp", "if (same < e.word.size()) continue;", "if (same <= e.word.size()) continue;"),
    (WIRE + "parser.cpp", "e.kind == verb::hmsg) && !is_blank(in[same]))", "e.kind == verb::hmsg) && is_blank(in[same]))"),
    (WIRE + "parser.cpp", "with_headers ? 5U : 4U", "with_headers ? 4U : 4U"),
    (WIRE + "parser.cpp", "with_headers ? 5U : 4U", "with_headers ? 5U : 5U"),
    (WIRE + "parser.cpp", "const std::uint32_t least = with_headers ? 4 : 3;", "const std::uint32_t least = with_headers ? 3 : 3;"),
    (WIRE + "parser.cpp", "const std::uint32_t least = with_headers ? 4 : 3;", "const std::uint32_t least = with_headers ? 4 : 2;"),
    (WIRE + "parser.cpp", "if (scan.count < least)", "if (scan.count <= least)"),
    (WIRE + "parser.cpp", "if (scan.count > least)", "if (scan.count >= least)"),
    (WIRE + "parser.cpp", "(line.header_size == 0 || line.header_size > line.size)", "(line.header_size > line.size)"),
    (WIRE + "parser.cpp", "(line.header_size == 0 || line.header_size > line.size)",
     "(line.header_size == 0 || line.header_size >= line.size)"),
    (WIRE + "parser.cpp", "(line.header_size == 0 || line.header_size > line.size)", "(line.header_size == 0)"),
    (WIRE + "parser.cpp", "if (line.size > payload_cap_)", "if (line.size >= payload_cap_)"),
    (WIRE + "parser.cpp", "if (line.size > payload_cap_)", "if (line.size > payload_cap_ + 1)"),
    (WIRE + "parser.cpp", ".size = line.line_size + line.size + 2};", ".size = line.line_size + line.size + 3};"),
    (WIRE + "parser.cpp", "line.size + 2) {", "line.size + 3) {"),
    (WIRE + "parser.cpp", "if (in.size() < frame_.size) return", "if (in.size() <= frame_.size) return"),
    (WIRE + "parser.cpp", "in[consumed - 2] != '\\r' || in", "in[consumed - 2] != '\\r' && in"),
    (WIRE + "parser.cpp", "line.size - line.header_size);", "line.size - line.header_size + 1);"),
    (WIRE + "parser.cpp", "if (lf >= cap) {", "if (lf > cap) {"),
    (WIRE + "parser.cpp", "scanned_ < in.size() ?", "scanned_ + 1 < in.size() ?"),
    (WIRE + "parser.cpp", "scanned_ = std::max(scanned_, in.size());", "scanned_ = std::max(scanned_, in.size() + 1);"),
    (WIRE + "parser.cpp", "result_.op.consumed = lf + 1;", "result_.op.consumed = lf;"),
    (WIRE + "parser.cpp", "result_.op.text = trim(text.substr(4));", "result_.op.text = trim(text.substr(5));"),
    (WIRE + "parser.cpp", "if (text.ends_with('\\'')) text.remove_suffix(1);", ""),
    (WIRE + "parser.cpp", "return verb::msg;  //", "return verb::hmsg;  //"),
    (WIRE + "parser.cpp", "result_.op.text = {};", ""),
    (WIRE + "parser.cpp", "if (line.line_size > limits_.control_line || check", "if (line.line_size > limits_.control_line + 1 || check"),
    (WIRE + "parser.cpp", "|| check(line, with_headers) != parse_error::none)", ")"),
    (WIRE + "parser.cpp", "line.size + 2) return any_frame(in);", "line.size + 1) return any_frame(in);"),
    (WIRE + "plain_line.hpp", "|| *stop != ' ' || stop == at_)", "|| stop == at_)"),
    (WIRE + "plain_line.hpp", " || stop == at_) return false;", ") return false;"),
    (WIRE + "plain_line.hpp", "if (d > 9) {", "if (d > 10) {"),
    (WIRE + "plain_line.hpp", "if (d != digit(behind)) return false;", ""),
    (WIRE + "plain_line.hpp", "count - 1 < 19;", "count - 1 < 20;"),
    (WIRE + "plain_line.hpp", "count - 1 < 19;", "count < 20;"),
    (WIRE + "plain_line.hpp", "*at_++ == '\\n'; }", "*at_++ != 0; }"),
    (WIRE + "plain_line.hpp", "static_cast<unsigned>(p - last_block_) * bits", "static_cast<unsigned>(p - last_block_ - 1) * bits"),
    (WIRE + "plain_line.hpp", "if (with_headers && !reader", "if (!with_headers && !reader"),
    (WIRE + "argument_scan.hpp", "if (low_bytes(p) == 0) return out;", "if (low_bytes(p) != 0) return out;"),
    (WIRE + "argument_scan.hpp", "if (cap - at < block) [[unlikely]]", "if (cap - at < block - 1) [[unlikely]]"),
    (WIRE + "argument_scan.hpp", "((cap - at) * bits_per_byte)", "((cap - at + 1) * bits_per_byte)"),
    (WIRE + "argument_scan.hpp", "if (here > begin) {", "if (here >= begin) {"),
    (WIRE + "argument_scan.hpp", "if (offset > begin) {", "if (offset >= begin) {"),
    (WIRE + "argument_scan.hpp", "if (here > begin) {\n                    if (found == most)",
     "if (here > begin) {\n                    if (found == most + 1)"),
    (WIRE + "argument_scan.hpp", "if (offset > begin) {\n                if (found == most)",
     "if (offset > begin) {\n                if (found == most - 1)"),
    (WIRE + "argument_scan.hpp", "begin = here + 1;", "begin = here;"),
    (WIRE + "argument_scan.hpp", "if (lf >= cap) return scan_status::too_long;", "if (lf > cap) return scan_status::too_long;"),
    (WIRE + "argument_scan.hpp", "if (p[lf] != '\\n') return scan_status::stray_cr;", ""),
    (WIRE + "argument_scan.hpp", "static_cast<std::uint32_t>(lf + 1);", "static_cast<std::uint32_t>(lf);"),
    (WIRE + "argument_scan.hpp", "if (frame.size() >= cap) return", "if (frame.size() > cap) return"),
    (WIRE + "argument_scan.hpp", "mask.blanks &= first_end - 1;", "mask.blanks |= 0;"),
    (WIRE + "headers.cpp", "if (text.size() > 3 && !is_blank", "if (text.size() > 4 && !is_blank"),
    (WIRE + "headers.cpp", "c > ' ' && c < '\\x7f'", "c >= ' ' && c < '\\x7f'"),
    (WIRE + "headers.cpp", "c > ' ' && c < '\\x7f'", "c > ' ' && c <= '\\x7f'"),
    (WIRE + "headers.cpp", "std::string_view(\"\\r\\n\\0\", 3)", "std::string_view(\"\\r\\n\\0\", 2)"),
    (WIRE + "headers.cpp", "colon == std::string_view::npos || colon == 0)", "colon == std::string_view::npos)"),
    (WIRE + "headers.cpp", "line.substr(colon + 1)", "line.substr(colon)"),
    (WIRE + "headers.cpp", "if (line.empty()) break;", "if (line.empty()) continue;"),
    (WIRE + "headers.cpp", "} else if (!placed) {", "} else {"),
    (WIRE + "headers.cpp", "if (block.size() == start) {", "if (block.size() >= start) {"),
    (API + "ack_subject.cpp", "tokens_of_v1 = 9;", "tokens_of_v1 = 10;"),
    (API + "ack_subject.cpp", "tokens_of_v2 = 11;", "tokens_of_v2 = 9;"),
    (API + "ack_subject.cpp", "tokens_of_v2 = 11;", "tokens_of_v2 = 12;"),
    (API + "ack_subject.cpp", "+ low_bits) | word | low_bits);", "+ low_bits) | low_bits);"),
    (API + "ack_subject.cpp", "i + 8 <= text.size()", "i + 7 <= text.size()"),
    (API + "ack_subject.cpp", "for (; i < text.size(); ++i) count", "for (++i; i < text.size(); ++i) count"),
    (API + "ack_subject.cpp", "bad = part == 0 ? 1 : 0;", "bad = 0;"),
    (API + "ack_subject.cpp", "part == 2 && count > 3", "part == 2 && count > 4"),
    (API + "ack_subject.cpp", "(8 * (8 - count));  // what", "(8 * (8 - count) + 1);  // what"),
    (API + "ack_subject.cpp", "if (count < 8) break;", "if (count <= 8) break;"),
    (API + "ack_subject.cpp", "if (reader.bad != 0 || reader", "if (reader"),
    (API + "ack_subject.cpp", "reader.end <= names || ", ""),
    (API + "ack_subject.cpp", "dots != 1 && dots != 3", "dots != 1 && dots < 3"),
    (API + "ack_subject.cpp", "dots != 1 && dots != 3", "dots < 1 || dots > 3"),
    (API + "ack_subject.cpp", "last - second - 1", "last - second"),
    (API + "ack_subject.cpp", "out.domain.empty() || second", "second"),
    (API + "ack_subject.cpp", "out.domain.empty() || second == first + 1", "out.domain.empty()"),
    (API + "ack_subject.cpp", "return !out.stream.empty() && ", "return "),
    (API + "ack_subject.cpp", " && !out.consumer.empty();", ";"),
    (API + "ack_subject.cpp", "return false;\n        if (out.domain == \"_\") out.domain = {};", "return false;"),
    (API + "ack_subject.cpp", "reader.text();\n        if (out.domain == \"_\") out.domain = {};", "reader.text();"),
    (API + "ack_subject.cpp", "size == rest.size() ? size : size + 1);\n        ok = ok && size > 0;",
     "size == rest.size() ? size : size + 1);"),
    (API + "ack_subject.cpp", "never_overflows = 19;", "never_overflows = 20;"),
    (API + "ack_subject.cpp", "size < easy && digit(size) <= 9", "size < easy && digit(size) <= 10"),
    (API + "ack_subject.cpp", "size < rest.size() && digit(size) <= 9", "size < rest.size() && digit(size) <= 10"),
    (API + "ack_subject.cpp", "size < rest.size() && digit(size) <= 9", "size < rest.size() && digit(size) < 9"),
    (API + "ack_subject.cpp", "value > max / 10 || ", ""),
    (API + "ack_subject.cpp", "value > max / 10 || ", "value >= max / 10 || "),
    (API + "ack_subject.cpp", "value * 10 > max - digit(size)", "value * 10 >= max - digit(size)"),
    (API + "ack_subject.cpp", " || value * 10 > max - digit(size)", ""),
    (API + "ack_subject.cpp", "ok && size > 0 && (at_end", "ok && (at_end"),
    (API + "ack_subject.cpp", " && (at_end || rest[size] == '.');", ";"),
    (API + "ack_subject.cpp", "while (ok && !rest.empty()) static_cast<void>(text());", ""),
    (API + "ack_subject.cpp", "nanoseconds < max ? nanoseconds : max", "nanoseconds"),
    (API + "ack_subject.cpp", " || subject.back() == '.'", ""),
    (API + "ack_subject.cpp", "count_dots(subject) + 1;", "count_dots(subject);"),
    (API + "ack_subject.cpp", "tokens != tokens_of_v1", "tokens < tokens_of_v1"),
    (API + "delivery_reader.cpp", " || *at != '.') return nullptr;", ") return nullptr;"),
    (API + "delivery_reader.cpp", "most = 19;  // digits", "most = 20;  // digits"),
    (API + "delivery_reader.cpp", "if (digit > 9) break;", "if (digit > 10) break;"),
    (API + "delivery_reader.cpp", "if (count == 0 || at_[count] != '.') return false;", "if (at_[count] != '.') return false;"),
    (API + "delivery_reader.cpp", "if (count == 0 || at_[count] != '.') return false;", "if (count == 0) return false;"),
    (API + "delivery_reader.cpp", "left() <= digits_of_time || at_[digits_of_time] != '.'", "left() <= digits_of_time"),
    (API + "delivery_reader.cpp", " | no_digits_in(second)", ""),
    (API + "delivery_reader.cpp", " | no_digits_in(third)) != 0", ") != 0"),
    (API + "delivery_reader.cpp", "third >> 40U << 40U", "third >> 32U << 32U"),
    (API + "delivery_reader.cpp", "std::min(nanoseconds, max)", "nanoseconds"),
    (API + "delivery_reader.cpp", "if (size - 1 >= 8)", "if (size - 1 >= 9)"),
    (API + "delivery_reader.cpp", "return no_digits_in(digits) == 0;", "return true;"),
    (API + "delivery_reader.cpp", "head_.data(), head_size_) == 0", "head_.data(), head_size_ - 1) == 0"),
    (API + "delivery_reader.cpp", "head_size_ != 0 && subject", "subject"),
    (API + "decimal_words.hpp", "((word + 0x76 * every_byte) | word)", "((word + 0x75 * every_byte) | word)"),
    (API + "decimal_words.hpp", "((word + 0x76 * every_byte) | word)", "(word + 0x76 * every_byte)"),
    (API + "reply.cpp", "code >= first_err_code &&", "code > first_err_code &&"),
    (API + "reply.cpp", "code <= std::numeric_limits<int>::max()", "code < std::numeric_limits<int>::max()"),
    (API + "reply.cpp", "if (is_err_code(error.code)) return static_cast<errc>(error.code);", ""),
    (API + "reply.cpp", "std::in_range<int>(value) ? static_cast<int>(value) : 0", "static_cast<int>(value)"),
    (API + "reply.cpp", "if (reply.status() != 0) return status_error(reply, info);", ""),
    (API + "reply.cpp", "if (!envelope.ok()) return errc::invalid_response;", ""),
    (API + "reply.cpp", "if (error.find(\"err_code\", member) && member.is_int64() &&", "if (error.find(\"err_code\", member) &&"),
    (API + "reply.cpp", "case 408: return errc::bad_request;", "return errc::bad_request;"),
    (KV + "collector.cpp", "std::min(messages, max_reserved)", "messages"),
    (KV + "collector.cpp", "return what == operation::put && !(", "return !("),
    (KV + "collector.cpp", "!list.empty() && list.front().empty()", "!list.empty()"),
    (KV + "key_order.cpp", "key.size() >= window && key.size() > skip)", "key.size() >= window)"),
    (KV + "key_order.cpp", "(8 * (skip - begin))", "(8 * (skip - begin) / 2)"),
    (KV + "key_order.cpp", "shortest = std::min(shortest, key.size());", ""),
    (KV + "key_order.cpp", "> std::uint64_t{1} << 32U) break;", "> std::uint64_t{1} << 33U) break;"),
    (KV + "key_order.cpp", "k-- > 0; scale *= kinds[k]", "k-- > 0; scale *= kinds[k] - 1"),
    (KV + "key_order.cpp", "rank += seen[k][c] ? 1 : 0;", "rank += 1;"),
    (KV + "key_order.cpp", "std::bit_width(count_ - 1)", "std::bit_width(count_ - 1) - 1"),
    (KV + "key_order.cpp", "shift < 32 + bits;", "shift < 31 + bits;"),
    (KV + "key_order.cpp", "if (last - first > 1) {", "if (last - first > 2) {"),
    (KV + "collector.cpp", "last[r.key] = r.at;", "last.try_emplace(r.key, r.at);"),
    (KV + "collector.cpp", "r->second > i) dead(i);", "r->second >= i) dead(i);"),
    (KV + "collector.cpp", "std::greater_equal<>()", "std::greater<>()"),
    (KV + "collector.cpp", "order < 0 : a.revision() > b.revision();", "order < 0 : a.revision() < b.revision();"),
    (KV + "collector.cpp", "if (!d || d->key != key_) return;", "if (!d) return;"),
    (KV + "update_queue.cpp", "updates_ < max_updates_ &&", "updates_ <= max_updates_ &&"),
    (ORDERED, "snapshot_ && !may_lag) reached(*snapshot_);", "snapshot_) reached(*snapshot_);"),
    (ORDERED, "*sequence <= search_.asked_at) return caught_up();", "true) return caught_up();"),
    (ORDERED, "*sequence <= search_.asked_at) return caught_up();", "*sequence <= frontier_) return caught_up();"),
    (ORDERED, "search_.answers > 0 && frontier_ >= search_.end;", "search_.answers > 0;"),
    (ORDERED, "if (reached_end && (search_.steady ||", "if (reached_end && (true ||"),
    (ORDERED, "if (reached_end || !search_.exact) find_end(true);", "if (reached_end) find_end(true);"),
    (ORDERED, "place.stream_sequence > told_) {", "true) {"),
    (ORDERED, "is_state() && !considered_all(stream)", "false"),
    (ORDERED, "stream > search_.end) return true;", "stream >= search_.end) return true;"),
    (ORDERED, "if (stands_still()) return fail", "if (search_.end > frontier_) return fail"),
    (ORDERED, "if (search_.blind) return before == stream;", "if (search_.blind) return true;"),
    (KV + "watch_machine.cpp", "else if (may_lag_)\n", "else if (false)\n"),
    (KV + "watch_machine.cpp", "if (nothing_told ? sequence >= floor_before_ : !guard_.seemed_done()) return;",
     "if (nothing_told ? sequence > floor_before_ : !guard_.seemed_done()) return;"),
    (KV + "watch_machine.cpp", "if (nothing_told ? sequence >= floor_before_ : !guard_.seemed_done()) return;",
     "if (!nothing_told || sequence >= floor_before_) return;"),
    (KV + "watch_machine.cpp", "if (nothing_told) guard_.accept(sequence - 1);", ""),
    (KV + "watch_machine.cpp", "= may_lag_ ? guard_.told() : guard_.frontier();", "= guard_.frontier();"),
    (KV + "watch_machine.cpp", "= may_lag_ ? guard_.told() : guard_.frontier();", "= guard_.told();"),
    (KV + "floor_guard.cpp", "if (last_sequence < asked_at_) on_no_answer();", ""),
    (KV + "update_queue.cpp", "if (head_->begin == head_->end) {", "if (head_->begin >= head_->end && head_->next != nullptr) {"),
    (WIRE + "error.cpp", "case std::errc::timed_out: return timed_out | transient;", "case std::errc::timed_out: return transient;"),
    (WIRE + "error.cpp", "case std::errc::permission_denied:", ""),
    (WIRE + "error.cpp", "case std::errc::invalid_argument: return invalid;", ""),
    (WIRE + "error.cpp", "if (e != nullptr && e->generic != no_equivalent)", "if (e != nullptr)"),
    (API + "error.cpp", "found->code == static_cast<errc>(value) ? found", "found->code >= static_cast<errc>(value) ? found"),
    (API + "error.cpp", "return \"err_code_\" + std::to_string(", "return \"\" + std::to_string("),
    ("kv/codec/error.cpp", "r->message : \"Unknown key-value error.\"", "r->message : \"\""),
    ("kv/codec/outcome.cpp", "ec == slipstream::errc::connection_lost || ec == jetstream", "ec == jetstream"),
    ("kv/codec/outcome.cpp", "if (ec == slipstream::errc::timeout || ec ==", "if (ec =="),
    ("kv/codec/outcome.cpp", "if (is_mismatch(ec)) return errc::revision_mismatch;",
     "if (is_mismatch(ec)) return slipstream::errc::closed;"),
    (SESSION + "connection_info.cpp", "last_was_error_ = unfinished_ = lame_duck_", "last_was_error_ = lame_duck_"),
    (SESSION + "connection.cpp", "context_.out.finished.size() >= enough", "context_.out.finished.size() >= 1 && enough != SIZE_MAX"),
    (SESSION + "connection.cpp", "unfinished_ = what == outcome::enough;", "unfinished_ = enough != SIZE_MAX;"),
    (SESSION + "connection.cpp", "unfinished_ = what == outcome::enough;", ""),
    (SESSION + "core.cpp", "if (read_unfinished()) parts_->read(now, enough);", ""),
    (SESSION + "core_wishes.cpp", "if (box.holds() || batch.largest >", "if (batch.largest >"),
    (SESSION + "core_wishes.cpp", "if (!beyond_limit && size > room) return size", "if (size > box.limit()) return size"),
    (SESSION + "core_wishes.cpp", "    batch.clear();\n    p.shared.counters.out_msgs", "    p.shared.counters.out_msgs"),
]


def check_places():
    wrong = 0
    for file, old, new in MUTATIONS:
        count = (TOP / file).read_text().count(old)
        if count != 1 or old == new:
            print(f"{file}: {count} times, not once: {old!r}")
            wrong += 1
    print(f"{len(MUTATIONS)} mutations, {wrong} without their place")
    return 1 if wrong else 0


class Mill:
    def __init__(self, build):
        self.build = TOP / build
        notices = sorted({n for f in FILES.values() for n in f["notices"]})
        programs = [f"tests/unit/{n[5:]}" if n.startswith("unit:") else f"fuzz/replay_{n}" for n in notices]
        if subprocess.run(["ninja", "-C", self.build, "--quiet", *programs]).returncode != 0:
            raise SystemExit("fuzz/mutants.py: the unchanged programs do not build")
        self.flags = ["-std=c++20", "-O1", *(f"-I{TOP / d}" for d in ("", "protocol", "jetstream", "kv"))]

    def link(self, notice, changed, replaced, program):
        """The changed file stands before the library that has the real one, or in the place of the test's own object of it."""
        if notice.startswith("unit:"):
            directory, name = notice[5:].rsplit("/", 1)
            real = replaced.replace("/", "_") + ".o"
            objects = [o for o in sorted((self.build / "tests/unit" / directory / f"{name}.p").glob("*.o")) if not o.name.endswith(real)]
            libraries = [self.build / "tests/libdoctest_main.a", self.build / "protocol/libslipstream_core.a",
                         self.build / "fuzz/libfuzz_pure.a"]
        else:
            objects = sorted((self.build / f"fuzz/replay_{notice}.p").glob("*.o"))
            libraries = [self.build / "fuzz/libfuzz_replay_main.a", self.build / "fuzz/libfuzz_pure.a"]
        return run(["g++", *objects, changed, *libraries, "-lsodium", "-lsimdjson", "-pthread", "-o", program])

    def grind(self, mutation):
        file, old, new = mutation
        about = FILES[file]
        with tempfile.TemporaryDirectory(prefix="slipstream-mutant-") as scratch:
            overlay = Path(scratch)
            changed = overlay / file
            changed.parent.mkdir(parents=True)
            changed.write_text((TOP / file).read_text().replace(old, new))
            replaced = about.get("unit", file)
            source = TOP / replaced if "unit" in about else changed
            compiled = overlay / "changed.o"
            if run(["g++", f"-I{overlay}", *self.flags, "-c", source, "-o", compiled]).returncode != 0:
                return "does not compile"
            for notice in about["notices"]:
                program = overlay / "program"
                if self.link(notice, compiled, replaced, program).returncode != 0:
                    return f"does not link with {notice}"
                seeds = [] if notice.startswith("unit:") else [TOP / "fuzz/corpus" / CORPORA.get(notice, notice)]
                try:
                    if run([program, *seeds], timeout=120).returncode != 0:
                        return f"noticed by {notice}"
                except subprocess.TimeoutExpired:
                    return f"noticed by {notice} (does not end)"
        return "SURVIVED"


def run(command, timeout=300):
    return subprocess.run([str(c) for c in command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=timeout)


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--build-dir", default="b-gcc", help="of g++, configured")
    arguments.add_argument("--jobs", type=int, default=1)
    arguments.add_argument("--only", default="")
    arguments.add_argument("--check", action="store_true")
    options = arguments.parse_args()
    if options.check:
        return check_places()
    if check_places():
        return 1
    mill = Mill(options.build_dir)
    chosen = [m for m in MUTATIONS if options.only in f"{m[0]} {m[1]}"]
    survived = 0
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for (file, old, new), verdict in zip(chosen, pool.map(mill.grind, chosen)):
            survived += not verdict.startswith("noticed")
            one_line = lambda text: " ".join(text.split())
            print(f"{verdict:32} {Path(file).name:18} {one_line(old)}  ->  {one_line(new) or 'nothing'}", flush=True)
    print(f"{len(chosen)} mutants, {survived} survived")
    return 1 if survived else 0


if __name__ == "__main__":
    sys.exit(main())
