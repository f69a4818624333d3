"""What the lints share: which files there are, and how findings are reported.

Every lint is a program: `lint.py TREE`. It prints one line `path:line: what is wrong` per finding and exits with 1 when there was any.
"""

import re
import sys
from pathlib import Path

MODULES = ("protocol", "jetstream", "kv")
FOLDERS = MODULES + ("tools", "tests", "fuzz", "bench")
# No Asio, no OpenSSL, no sockets, no clock, no randomness, no threads.
PURE = ("protocol/wire", "protocol/session", "protocol/auth", "jetstream/api", "jetstream/machine", "kv/codec", "kv/machine")


class Lint:
    """One run of one lint over one tree."""

    def __init__(self, argv=None):
        argv = sys.argv if argv is None else argv
        if len(argv) < 2:
            sys.exit(f"usage: {argv[0]} TREE")
        self.root = Path(argv[1]).resolve()
        self.rest = argv[2:]
        self.findings = []
        self.looked_at = 0

    def files(self, folders=FOLDERS, suffixes=(".cpp", ".hpp")):
        """Source files in a stable order, as paths below the tree."""
        for folder in folders:
            for path in sorted((self.root / folder).rglob("*")):
                if path.is_file() and (suffixes is None or path.suffix in suffixes):
                    self.looked_at += 1
                    yield path.relative_to(self.root)

    def text(self, path):
        return (self.root / path).read_text(encoding="utf-8", errors="surrogateescape")

    def report(self, path, line, what):
        self.findings.append(f"{path}:{line}: {what}")

    def finish(self):
        """Ends the program. A lint that found no file to look at has checked nothing: that is a failure too."""
        for finding in self.findings:
            print(finding)
        if self.looked_at == 0:
            print("no files to look at: wrong tree?")
        print(f"{Path(sys.argv[0]).name}: {self.looked_at} files, {len(self.findings)} findings")
        sys.exit(1 if self.findings or self.looked_at == 0 else 0)


_TOKENS = re.compile(
    r'//[^\n]*|/\*.*?\*/|R"(?P<d>[^()\s\\]{0,16})\(.*?\)(?P=d)"|"(?:\\.|[^"\\\n])*"|(?<![0-9A-Fa-f])\'(?:\\.|[^\'\\\n])*\'', re.DOTALL)


def code_only(text):
    """C++ without comments and without the insides of literals; line numbers stay."""

    def blank(match):
        found = match.group(0)
        if found.startswith("/"):
            return re.sub(r"[^\n]", " ", found)
        return '""' + "\n" * found.count("\n")

    # #include "x" must survive: it is no literal.
    keep = {}

    def protect(match):
        keep[len(keep)] = match.group(0)
        return f"#include @{len(keep) - 1}@"

    text = re.sub(r'#\s*include\s*"[^"\n]*"', protect, text)
    text = _TOKENS.sub(blank, text)
    return re.sub(r"#include @(\d+)@", lambda m: keep[int(m.group(1))], text)


def includes(text):
    """(line number, spelling with its < or \") of every include."""
    for number, line in enumerate(code_only(text).splitlines(), 1):
        match = re.match(r'\s*#\s*include\s*([<"][^>"]*[>"])', line)
        if match:
            yield number, match.group(1)


_CASE = re.compile(r'\b(?:TEST_CASE(?:_FIXTURE|_TEMPLATE)?|SCENARIO)\s*\((?:[^"()]*,)?\s*((?:"(?:\\.|[^"\\])*"\s*)+)')


def test_cases(text):
    """(line number, name) of every doctest case, as the compiler sees its name."""
    for match in _CASE.finditer(text):
        parts = re.findall(r'"((?:\\.|[^"\\])*)"', match.group(1))
        yield text.count("\n", 0, match.start()) + 1, re.sub(r"\\(.)", r"\1", "".join(parts))
