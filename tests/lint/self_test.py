#!/usr/bin/env python3
"""Proves that each lint bites: plants violations in a small tree and expects exactly them to be found, then a clean tree to pass.

usage: self_test.py LINT_NAME [argument...]    (arguments as the lint takes them after TREE)
"""

import subprocess
import sys
import tempfile
from pathlib import Path

from self_test_cases import CASES

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
    if not any(case[2] for case in CASES[lint]) or all(case[2] for case in CASES[lint]):
        failures += 1
        print("FAILED: a lint needs both a planted violation and a clean counterpart")
    print(f"{lint}: {checked} trees checked, {failures} failures")
    sys.exit(1 if failures else 0)


main()
