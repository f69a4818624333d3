#!/usr/bin/env python3
"""Fails when a program is larger, stripped, than it may be.

usage: size.py PROGRAM KB
"""
import os
import subprocess
import sys
import tempfile


def main():
    program, most = sys.argv[1], float(sys.argv[2])
    with tempfile.TemporaryDirectory() as scratch:
        stripped = os.path.join(scratch, "stripped")
        subprocess.run(["strip", "-o", stripped, program], check=True)
        size = os.path.getsize(stripped) / 1024
    print(f"{os.path.basename(program)}: {size:.0f} kB of {most:.0f}")
    sys.exit(1 if size > most else 0)


if __name__ == "__main__":
    main()
