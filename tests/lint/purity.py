#!/usr/bin/env python3
"""Pure parts take `now` and the seed as arguments: no clock, randomness, threads, environment or files in them.

And no part of the library prints, aborts, exits or installs signal handlers.
"""

import re

from common import MODULES, PURE, Lint, code_only

IMPURE = re.compile(
    r"_clock\s*::\s*now\b|\brandom_device\b|\bs?rand\s*\(|\brandombytes\w*\s*\(|\btime\s*\(\s*(nullptr|NULL|0)\s*\)"
    r"|\bstd\s*::\s*(thread|jthread|mutex|async|this_thread)\b|\bthread_local\b"
    r"|\bgetenv\b|\b(i|o)?fstream\b|\bfopen\s*\(|(?<!\w)::\s*open\s*\(|\b(steady|system)_timer\b|\basio\s*::")
# The one source of randomness, and only of that. The shell calls it.
ENTROPY = "protocol/auth/entropy.cpp"
DRAW = re.compile(r"\brandombytes\w*\s*\(")
LOUD = re.compile(
    r"\bstd\s*::\s*(cout|cerr|clog|wcout|wcerr|abort|exit|quick_exit|_Exit|terminate|signal|raise)\b|#\s*include\s*<iostream>"
    r"|(?<![\w.:>])(printf|fprintf|vprintf|vfprintf|dprintf|puts|fputs|putchar|perror|syslog|abort|exit|_exit|signal|sigaction)\s*\("
    r"|(?<!\w)(std)?\s*::\s*(printf|fprintf|puts|fputs|perror|abort|exit|_exit|signal|sigaction)\s*\(")


def main():
    lint = Lint()
    for path in lint.files(MODULES):
        pure = str(path.parent).startswith(PURE)
        for number, line in enumerate(code_only(lint.text(path)).splitlines(), 1):
            if match := LOUD.search(line):
                lint.report(path, number, f"the library must not print, abort, exit or handle signals: {match.group(0).strip()}")
            if str(path) == ENTROPY:
                line = DRAW.sub("", line)
            if pure and (match := IMPURE.search(line)):
                lint.report(path, number, f"not pure: {match.group(0).strip()}")
    lint.finish()


main()
