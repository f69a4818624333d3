#!/usr/bin/env python3
"""README.md's C++ blocks stand, to the letter, in tests/snippets/readme.cpp, where they are compiled and run."""
import pathlib
import re
import sys

root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).resolve().parents[2])
blocks = re.findall(r"```cpp\n(.*?)```", (root / "README.md").read_text(), re.S)
compiled = (root / "tests/snippets/readme.cpp").read_text()
missing = [b for b in blocks if b not in compiled]
if not blocks:
    sys.exit("README.md: no C++ block found")
for block in missing:
    print("README.md: this block is not in tests/snippets/readme.cpp:\n" + block)
sys.exit(1 if missing else 0)
