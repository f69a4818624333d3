#!/usr/bin/env python3
"""Temporaries inside a co_await expression that g++ 12 destroys twice: aggregates with a destructor, lambdas that capture by value,
and what `c ? a : b` makes when its type has a destructor.

The same code is correct for every other compiler, so only a look at the syntax tree finds it. A look takes seconds for each source;
with a cache, a source is looked at again only when it, anything it includes, its flags or the questions have changed since it was found
to be in order.
usage: co_await_aggregates.py TREE CLANG_QUERY COMPILE_COMMANDS CACHE [FLAG...]    (exit code 77: no clang-query, nothing checked)
       co_await_aggregates.py TREE CLANG_QUERY --files FILE... -- FLAG...    (for the self-test)
"""

import hashlib
import json
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from common import Lint, code_only

# The value of a conditional that is a class with a destructor: each of its sides makes a temporary. Not inside the body of a lambda
# that is itself inside the co_await: that is another function.
QUERIES = ('''match coawaitExpr(unless(isExpansionInSystemHeader()), forEachDescendant(cxxBindTemporaryExpr(
    has(expr(anyOf(initListExpr(), lambdaExpr())))).bind("temporary inside co_await")))
''', '''match coawaitExpr(stmt().bind("await"), unless(isExpansionInSystemHeader()), forEachDescendant(conditionalOperator(
    has(expr(anyOf(cxxBindTemporaryExpr(), parenExpr(has(cxxBindTemporaryExpr())), castExpr(has(cxxBindTemporaryExpr()))))),
    unless(hasAncestor(lambdaExpr(hasAncestor(coawaitExpr(equalsBoundNode("await"))))))).bind("temporary inside co_await")))
''')
QUERY = "set traversal AsIs\nset output diag\n" + "".join(QUERIES)
FOUND = re.compile(r'^(.+?):(\d+):\d+: note: "temporary inside co_await" binds here', re.MULTILINE)
INCLUDED = re.compile(r"^\.+ (.+)$", re.MULTILINE)
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
        result = subprocess.run([program, "-f", script.name, str(path), "--", "-xc++", "-H", *flags], cwd=directory, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    return result


class Cache:
    """Which sources were in order, and what was read then: one file for each, named by how it was looked at."""

    def __init__(self, folder, program):
        self.folder = folder
        self.looked_with = f"{QUERY}{program}{Path(program).stat().st_mtime_ns}"
        self.sums = {}

    def sum_of(self, path):
        if path not in self.sums:
            try:
                self.sums[path] = hashlib.sha256(Path(path).read_bytes()).hexdigest()
            except OSError:
                self.sums[path] = "gone"
        return self.sums[path]

    def place(self, job):
        return self.folder / hashlib.sha256(repr((self.looked_with, str(job[0]), job[1:])).encode()).hexdigest()

    def knows(self, job):
        try:
            read = json.loads(self.place(job).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return False
        return all(self.sum_of(path) == known for path, known in read.items())

    def remember(self, job, output):
        names = [str(job[0])] + [str(Path(job[2]) / name) for name in INCLUDED.findall(output)]
        self.folder.mkdir(parents=True, exist_ok=True)
        place = self.place(job)
        # Whole or not at all: another run may read it now.
        with tempfile.NamedTemporaryFile("w", dir=self.folder, delete=False) as file:
            json.dump({name: self.sum_of(name) for name in sorted(set(names))}, file)
        Path(file.name).replace(place)


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
    cache = None
    if lint.rest[1] == "--files":
        split = lint.rest.index("--")
        jobs = [(lint.root / name, lint.rest[split + 1:], str(lint.root)) for name in lint.rest[2:split]]
    else:
        jobs = list(jobs_from_database(lint, lint.rest[1], lint.rest[3:]))
        cache = Cache(Path(lint.rest[2]), program)
    # The root itself counts as looked at: a tree without coroutines is in order.
    lint.looked_at = 1 + len(jobs)
    if cache:
        jobs = [job for job in jobs if not cache.knows(job)]
        # Those that are many in one take longest.
        jobs.sort(key=lambda job: -len(code_of(job[0])))
    with ThreadPoolExecutor(max_workers=2) as pool:
        for job, result in zip(jobs, pool.map(lambda job: query(program, *job), jobs)):
            if not judge(lint, job, result.stdout) and cache:
                cache.remember(job, result.stdout)
    lint.findings = sorted(set(lint.findings))
    if cache:
        print(f"{len(jobs)} looked at, the others are as they were")
    lint.finish()


def judge(lint, job, output):
    """Reports what was found in one source; how much that was."""
    before = len(lint.findings)
    if "error:" in output or len(re.findall(r"^\d+ match(?:es)?\.$", output, re.MULTILINE)) != len(QUERIES):
        lint.report(job[0].relative_to(lint.root), 1, "clang-query could not read it:\n" + INCLUDED.sub("", output).strip())
    for match in FOUND.finditer(output):
        name = (Path(job[2]) / match.group(1)).resolve()
        if name.is_relative_to(lint.root) and "NOLINT(co_await)" not in name.read_text().splitlines()[int(match.group(2)) - 1]:
            lint.report(name.relative_to(lint.root), match.group(2),
                        "temporary inside co_await that g++ 12 destroys twice; give it a name in a statement before")
    return len(lint.findings) - before


main()
