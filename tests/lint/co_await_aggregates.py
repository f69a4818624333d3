#!/usr/bin/env python3
"""Aggregate temporaries with a destructor, and lambdas that capture by value, inside a co_await expression.

g++ 12 destroys them twice. The same code is correct for every other compiler, so only a look at the syntax tree finds it.
usage: co_await_aggregates.py TREE CLANG_QUERY COMPILE_COMMANDS [FLAG...]    (exit code 77: no clang-query, nothing checked)
       co_await_aggregates.py TREE CLANG_QUERY --files FILE... -- FLAG...    (for the self-test)
"""

import json
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from common import Lint, code_only

QUERY = '''set traversal AsIs
set output diag
match coawaitExpr(unless(isExpansionInSystemHeader()), hasDescendant(cxxBindTemporaryExpr(
    has(expr(anyOf(initListExpr(), lambdaExpr())))).bind("aggregate temporary inside co_await")))
'''
FOUND = re.compile(r'^(.+?):(\d+):\d+: note: "aggregate temporary inside co_await" binds here', re.MULTILINE)
# What tells clang how to read a file; the rest of a g++ command line is of no use to it.
WANTED = re.compile(r"^(-I|-D|-isystem|-std=)")


def flags_of(command):
    """Flags worth keeping from one command line."""
    words, flags = command.split(), []
    for index, word in enumerate(words):
        if WANTED.match(word):
            flags.append(word)
            if word in ("-I", "-D", "-isystem"):
                flags.append(words[index + 1])
    return [flag.replace('\\"', '"') for flag in flags]


def query(program, path, flags, directory):
    with tempfile.NamedTemporaryFile("w", suffix=".query") as script:
        script.write(QUERY)
        script.flush()
        result = subprocess.run([program, "-f", script.name, str(path), "--", "-xc++", *flags], cwd=directory, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    return result


def code_of(path):
    """The code of a source; of one that meson made to compile several as one, theirs."""
    text = path.read_text(encoding="utf-8")
    parts = [path.parent / name for name in re.findall(r'^#include ?[<"](.+\.cpp)[>"]$', text, re.MULTILINE)]
    return "".join([code_only(text)] + [code_only(part.read_text(encoding="utf-8")) for part in parts])


def jobs_from_database(lint, database, extra):
    """(path, flags, directory) of each of our sources that awaits."""
    seen = set()
    for entry in json.loads(Path(database).read_text(encoding="utf-8")):
        path = (Path(entry["directory"]) / entry["file"]).resolve()
        if path in seen or not path.is_relative_to(lint.root) or not path.is_file():
            continue
        seen.add(path)
        if re.search(r"\bco_await\b", code_of(path)):
            yield path, flags_of(entry["command"]) + extra, entry["directory"]


def main():
    lint = Lint()
    program = shutil.which(lint.rest[0])
    if program is None:
        print(f"SKIPPED: {lint.rest[0]} was not found (package clang-tools-19); no co_await expression was checked")
        sys.exit(77)
    if lint.rest[1] == "--files":
        split = lint.rest.index("--")
        jobs = [(lint.root / name, lint.rest[split + 1:], str(lint.root)) for name in lint.rest[2:split]]
    else:
        jobs = list(jobs_from_database(lint, lint.rest[1], lint.rest[2:]))
    # The root itself counts as looked at: a tree without coroutines is in order.
    lint.looked_at = 1 + len(jobs)
    with ThreadPoolExecutor(max_workers=2) as pool:
        results = pool.map(lambda job: query(program, *job), jobs)
        for (path, _, _), result in zip(jobs, results):
            if "error:" in result.stdout or not re.search(r"^\d+ match(es)?\.$", result.stdout, re.MULTILINE):
                lint.report(path.relative_to(lint.root), 1, "clang-query could not read it:\n" + result.stdout)
            for match in FOUND.finditer(result.stdout):
                found = Path(match.group(1))
                found = found if found.is_absolute() else Path(jobs[0][2]) / found
                name = found.resolve()
                if name.is_relative_to(lint.root) and "NOLINT(co_await)" not in name.read_text().splitlines()[int(match.group(2)) - 1]:
                    lint.report(name.relative_to(lint.root), match.group(2),
                                "temporary inside co_await that g++ 12 destroys twice; give it a name in a statement before")
    lint.findings = sorted(set(lint.findings))
    lint.finish()


main()
