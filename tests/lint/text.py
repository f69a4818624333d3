#!/usr/bin/env python3
"""ASCII, no tabs, no trailing blanks, at most 140 columns; at most 400 lines a file (600 for a public header, with its comments)."""

from common import FOLDERS, Lint

SUFFIXES = (".cpp", ".hpp", ".py", ".sh", ".build", ".md", ".txt", "")
MAX_COLUMNS, MAX_LINES, MAX_PUBLIC_LINES = 140, 400, 600


def main():
    lint = Lint()
    for path in lint.files(FOLDERS, SUFFIXES):
        if "corpus" in path.parts or "__pycache__" in path.parts:
            continue
        data = (lint.root / path).read_bytes()
        lines = data.split(b"\n")
        for number, line in enumerate(lines, 1):
            if any(byte > 126 or (byte < 32 and byte != 9) for byte in line):
                lint.report(path, number, "not plain ASCII")
            if b"\t" in line:
                lint.report(path, number, "tab")
            if line != line.rstrip():
                lint.report(path, number, "trailing blank")
            if len(line) > MAX_COLUMNS and path.suffix != ".md":
                lint.report(path, number, f"{len(line)} columns, at most {MAX_COLUMNS}")
        if data and not data.endswith(b"\n"):
            lint.report(path, len(lines), "no newline at the end")
        limit = MAX_PUBLIC_LINES if "slipstream" in path.parts[:2] and path.suffix == ".hpp" else MAX_LINES
        if len(lines) - 1 > limit and path.suffix != ".md":
            lint.report(path, len(lines) - 1, f"{len(lines) - 1} lines, at most {limit}: is it still one job?")
    lint.finish()


main()
