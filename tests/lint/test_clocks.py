#!/usr/bin/env python3
"""Tests do not assert that a clock shows little: busy machines are slow. Unit, io and simulation tests do not sleep either.

That something ends early shows in how it ends, or in that it ends at all while every other timeout is longer than the test waits.
"""

import re

from common import Lint, code_only

ASSERTION = re.compile(r"\b(?:CHECK|REQUIRE|WARN)(?:_\w+)?\s*\(")
CLOCK = re.compile(r"\b(?:steady_clock|high_resolution_clock)\s*::\s*now\s*\(\s*\)|\b(?:elapsed|took)\b")
SLEEP = re.compile(r"\b(?:sleep_for|sleep_until|usleep|nanosleep|sleep)\s*\(")
NO_SLEEP = ("unit", "io", "sim")


def argument(text, begin):
    """What is between the parenthesis that ends before `begin` and its partner."""
    depth = 1
    for at in range(begin, len(text)):
        depth += {"(": 1, ")": -1}.get(text[at], 0)
        if depth == 0:
            return text[begin:at]
    return text[begin:]


def upper_bound(condition):
    """A clock on the small side of a comparison. Templates' brackets are no comparisons."""
    found = re.search(r"(?<![<-])<=?(?![<=])|(?<![>-])>=?(?![>=])", re.sub(r"\w+<[\w:, ]*>", "", condition))
    if not found:
        return False
    left, right = re.split(r"(?<![<-])<=?(?![<=])|(?<![>-])>=?(?![>=])", re.sub(r"\w+<[\w:, ]*>", "", condition), maxsplit=1)
    return bool(CLOCK.search(left if found.group(0).startswith("<") else right))


def main():
    lint = Lint()
    for path in lint.files(("tests",)):
        text = code_only(lint.text(path))
        for match in ASSERTION.finditer(text):
            if upper_bound(argument(text, match.end())):
                lint.report(path, text.count("\n", 0, match.start()) + 1, "asserts that a clock shows little")
        if path.parts[1] in NO_SLEEP:
            for match in SLEEP.finditer(text):
                lint.report(path, text.count("\n", 0, match.start()) + 1, "sleeps")
    lint.finish()


main()
