#!/usr/bin/env python3
"""Proves that each lint bites: plants violations in a small tree and expects exactly them to be found, then a clean tree to pass.

usage: self_test.py LINT_NAME [argument...]    (arguments as the lint takes them after TREE)
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from self_test_cases import AWAITABLE, CASES

HERE = Path(__file__).resolve().parent


def run(lint, files, arguments):
    """Output and exit code of a lint over a tree made of `files`."""
    with tempfile.TemporaryDirectory(prefix="slipstream-lint-") as folder:
        for name, text in files.items():
            path = Path(folder) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text if isinstance(text, bytes) else text.encode())
        if "--files" in arguments:
            at = arguments.index("--files") + 1
            arguments = arguments[:at] + sorted(name for name in files if name.endswith(".cpp")) + arguments[at:]
        result = subprocess.run([sys.executable, "-B", HERE / f"{lint}.py", folder, *arguments], text=True, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, check=False)
        return result.returncode, result.stdout


def remembers(program):
    """The cache of co_await_aggregates: what is as it was is not looked at again, and a change in a header is."""
    with tempfile.TemporaryDirectory(prefix="slipstream-lint-") as folder:
        tree = Path(folder).resolve()
        (tree / "await.hpp").write_text(AWAITABLE)
        (tree / "a.cpp").write_text('#include "await.hpp"\n#include "b.hpp"\ntask t() { co_await get({}); }\n')
        entry = {"directory": str(tree), "file": "a.cpp", "command": "g++ -std=c++20 -c a.cpp"}
        (tree / "commands.json").write_text(json.dumps([entry]))

        def look(header):
            (tree / "b.hpp").write_text(header)
            result = subprocess.run([sys.executable, "-B", HERE / "co_await_aggregates.py", tree, program, tree / "commands.json",
                                     tree / "cache"], text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
            return result.returncode, result.stdout

        bad = "inline task u() { co_await put(options{}); }\n"
        for header, expected, words in [("", 0, "1 looked at"), ("", 0, "0 looked at"), (bad, 1, "b.hpp:1: temporary"),
                                        (bad, 1, "b.hpp:1: temporary"), ("// fine\n", 0, "1 looked at")]:
            code, output = look(header)
            if code != expected or words not in output:
                print(f"FAILED: the cache: exit code {code}, expected {expected} with {words!r}\n{output}")
                return False
    return True


def with_tool(lint, arguments):
    """Arguments that the compiling lints need before their own."""
    if lint == "co_await_aggregates":
        return [arguments[0], "--files", "--", "-std=c++20"]
    return arguments


def main():
    lint, arguments = sys.argv[1], sys.argv[2:]
    failures = checked = 0
    for what, files, expected in CASES[lint]:
        code, output = run(lint, files, with_tool(lint, arguments))
        if code == 77:
            print(output.strip())
            sys.exit(77)
        checked += 1
        right = code == (1 if expected else 0) and all(text in output for text in expected)
        if not right:
            failures += 1
            print(f"FAILED: {what}: exit code {code}, expected {'findings with ' + repr(expected) if expected else 'no finding'}\n{output}")
    if lint == "co_await_aggregates" and not remembers(arguments[0]):
        failures += 1
    if not any(case[2] for case in CASES[lint]) or all(case[2] for case in CASES[lint]):
        failures += 1
        print("FAILED: a lint needs both a planted violation and a clean counterpart")
    print(f"{lint}: {checked} trees checked, {failures} failures")
    sys.exit(1 if failures else 0)


main()
