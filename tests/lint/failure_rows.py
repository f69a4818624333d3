#!/usr/bin/env python3
"""Every row of tests/failure_rows.txt is proven by a test case that names it, and test cases name no row that is not there.

usage: failure_rows.py TREE                          the lint
       failure_rows.py TREE --table [BUILD_DIR]      row, test case, file; with a build directory also the result of its last `meson test`
"""

import json
import re
import sys
from pathlib import Path

from common import Lint, test_cases

ROWS = "tests/failure_rows.txt"
FOLDERS = ("tests/unit", "tests/io", "tests/integration", "tests/sim")
KINDS = "A-EH"
ROW = re.compile(rf"([{KINDS}][0-9]{{1,2}}) (.*\S) \| (.*\S)")
CITED = re.compile(rf"\b[{KINDS}][0-9]{{1,2}}\b")


def read_rows(lint):
    """id -> (what happens, what must come of it), in the order of the file."""
    rows = {}
    path = lint.root / ROWS
    if not path.is_file():
        lint.report(ROWS, 1, "is missing")
        return rows
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if not line or line.startswith("#"):
            continue
        match = ROW.fullmatch(line)
        if not match:
            lint.report(ROWS, number, "not: ID what happens | what must come of it")
        elif match.group(1) in rows:
            lint.report(ROWS, number, f"{match.group(1)} is there twice")
        else:
            rows[match.group(1)] = match.group(2), match.group(3)
    return rows


def read_citations(lint):
    """id -> [(file, test case)]."""
    citations = {}
    for path in lint.files(FOLDERS, (".cpp",)):
        for line, name in test_cases(lint.text(path)):
            for row in dict.fromkeys(CITED.findall(name)):
                citations.setdefault(row, []).append((path, line, name))
    return citations


class Results:
    """What the tests of a build directory said last: a program's result, and for one that failed which of its cases did."""

    def __init__(self, build):
        info = build / "meson-info"
        if not info.is_dir():
            sys.exit(f"{build} is no build directory")
        sources = {}
        for target in json.loads((info / "intro-targets.json").read_text()):
            for group in target.get("target_sources", ()):
                for source in group.get("sources", ()):
                    sources.setdefault(str(Path(source).resolve()), set()).update(target["filename"])
        programs = {test["name"]: test["cmd"][0] for test in json.loads((info / "intro-tests.json").read_text())}
        self.results = {}
        for log in sorted((build / "meson-logs").glob("*.json"), key=lambda path: path.stat().st_mtime):
            for line in log.read_text().splitlines():
                test = json.loads(line)
                program = programs.get(test["name"].split(" / ")[-1].split(":")[-1])
                if program is not None:
                    self.results[program] = test["result"], test.get("stdout") or ""
        self.sources = sources

    def of(self, path, name):
        for program in self.sources.get(str(path.resolve()), ()):
            result, output = self.results.get(program, (None, ""))
            if result is None:
                continue
            if result == "OK":
                return "passed"
            # doctest prints the name of a case that failed; a program that died has said nothing about the rest.
            if f"TEST CASE:  {name}" in output or "[doctest] test cases:" not in output:
                return "FAILED"
            return "passed"
        return "not run"


def print_table(lint, rows, citations, results):
    failed = 0
    for row, (what, outcome) in rows.items():
        print(f"{row:4} {what} -> {outcome}")
        for path, line, name in citations.get(row, ()):
            result = results.of(lint.root / path, name) if results else ""
            failed += result == "FAILED"
            print(f"     {result + '  ' if result else ''}{path}:{line}  {name}")
        if row not in citations:
            print("     NO TEST")
    cited = sum(row in citations for row in rows)
    said = {}
    for row in rows:
        for path, _, name in citations.get(row, ()):
            said[path, name] = results.of(lint.root / path, name) if results else ""
    print(f"{len(rows)} rows, {cited} with tests, {len(said)} test cases", end="")
    if results:
        print("".join(f", {sum(value == word for value in said.values())} {word}" for word in ("passed", "FAILED", "not run")), end="")
    print()
    sys.exit(1 if failed or cited < len(rows) else 0)


def main():
    lint = Lint()
    rows = read_rows(lint)
    citations = read_citations(lint)
    if lint.rest[:1] == ["--table"]:
        print_table(lint, rows, citations, Results(Path(lint.rest[1]).resolve()) if len(lint.rest) > 1 else None)
    for row in rows:
        if row not in citations:
            lint.report(ROWS, 1, f"no test case cites {row} ({rows[row][0]})")
    for row, places in citations.items():
        if row not in rows:
            lint.report(places[0][0], places[0][1], f"there is no row {row}")
    lint.finish()


main()
