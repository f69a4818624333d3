#!/usr/bin/env python3
"""Code that must not compile: each source is built without its bad lines, which must work, and once with each, which must fail.

A bad line stands under `#if BAD == N` and is preceded by `// BAD N: REGEX`; the compiler's complaint must match REGEX, so that a
failure for another reason does not count.
usage: compile_fail.py SOURCE COMPILER... -- FLAG...
       compile_fail.py --self-test COMPILER... -- FLAG...
"""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path


def compiles(source, bad, command):
    result = subprocess.run([*command, f"-DBAD={bad}", "-fsyntax-only", str(source)], env={**os.environ, "LC_ALL": "C"}, text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    return result.returncode == 0, result.stdout


def check(source, command):
    """What is wrong with this source; empty when it behaves."""
    bad_lines = re.findall(r"// BAD (\d+): (.+)", source.read_text(encoding="utf-8"))
    if not bad_lines:
        return ["no `// BAD N: REGEX` in it"]
    fine, output = compiles(source, 0, command)
    if not fine:
        return [f"does not compile even without its bad lines:\n{output}"]
    wrong = []
    for number, expected in bad_lines:
        fine, output = compiles(source, number, command)
        if fine:
            wrong.append(f"bad line {number} compiles")
        elif not re.search(expected.strip(), output):
            wrong.append(f"bad line {number} fails for another reason than /{expected.strip()}/:\n{output}")
    return wrong


def self_test(command):
    sources = {
        "good": ("struct a { a(const a&) = delete; };\n// BAD 1: deleted\n#if BAD == 1\na f(a& x) { return x; }\n#endif\n", False),
        "compiles": ("struct a {};\n// BAD 1: deleted\n#if BAD == 1\na f(a& x) { return x; }\n#endif\n", True),
        "other": ("// BAD 1: deleted\n#if BAD == 1\nnonsense;\n#endif\n", True),
        "broken": ("nonsense;\n// BAD 1: nonsense\n#if BAD == 1\nnonsense;\n#endif\n", True),
        "empty": ("int x;\n", True),
    }
    failures = 0
    with tempfile.TemporaryDirectory(prefix="slipstream-compile-fail-") as folder:
        for name, (text, must_complain) in sources.items():
            path = Path(folder) / f"{name}.cpp"
            path.write_text(text, encoding="utf-8")
            if bool(check(path, command)) != must_complain:
                failures += 1
                print(f"self-test {name}: {check(path, command)}")
    print(f"{len(sources)} sources, {failures} judged wrongly")
    sys.exit(1 if failures else 0)


def main():
    split = sys.argv.index("--")
    command = sys.argv[2:split] + sys.argv[split + 1:]
    if sys.argv[1] == "--self-test":
        self_test(command)
    source = Path(sys.argv[1])
    wrong = check(source, command)
    for line in wrong:
        print(f"{source.name}: {line}")
    sys.exit(1 if wrong else 0)


main()
