#!/usr/bin/env python3
"""Every public header compiles by itself and included twice, with the warnings of the build as errors.

usage: headers_alone.py TREE COMPILER... -- FLAG...
"""

import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from common import MODULES, Lint


def main():
    lint = Lint()
    split = lint.rest.index("--")
    compiler, flags = lint.rest[:split], lint.rest[split + 1:]
    flags += [f"-I{lint.root / module}" for module in MODULES]
    headers = []
    for module in MODULES:
        for path in lint.files((f"{module}/slipstream",), (".hpp",)):
            headers.append((path, path.relative_to(module)))

    with tempfile.TemporaryDirectory(prefix="slipstream-headers-") as scratch:

        def compile_one(header):
            name = str(header[1])
            source = Path(scratch) / (name.replace("/", "_") + ".cpp")
            source.write_text(f"#include <{name}>\n#include <{name}>\nint main() {{}}\n", encoding="utf-8")
            # -c and not -fsyntax-only: a compiler cache keeps only the former.
            command = [*compiler, *flags, "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-O0", "-c", source.name, "-o", source.stem + ".o"]
            return subprocess.run(command, cwd=scratch, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)

        with ThreadPoolExecutor(max_workers=min(4, os.cpu_count() or 1)) as pool:
            for (path, _), result in zip(headers, pool.map(compile_one, headers)):
                if result.returncode != 0:
                    lint.report(path, 1, "does not compile by itself:\n" + result.stdout)
    lint.finish()


if "--" not in sys.argv:
    sys.exit(__doc__)
main()
