#!/usr/bin/env python3
"""Shows that the simulation bites: plants one bug at a time in a copy of the pure sources, and runs seeds until it is caught.

    tests/sim/planted_bugs.py [--starts N] [--most-seeds N] [--only NAME]...    builds, runs, prints the table
    tests/sim/planted_bugs.py --check                                           only: does every bug still have its place?

The product has no switch for them: the sources are changed in a directory of their own. A bug that no seed catches fails.
"""

import argparse
import os
import re
import shutil
import statistics
import subprocess
import sys
from pathlib import Path

from planted_bugs_table import BUGS

TOP = Path(__file__).resolve().parents[2]
FLAGS = ["-std=c++20", "-O1", "-DSIMDJSON_THREADS_ENABLED=1"]


def changed(bug):
    """The text of the file with the bug in it."""
    name, _, file, old, new, _ = bug
    text = (TOP / file).read_text()
    if text.count(old) != 1:
        raise ValueError(f"{name}: its place occurs {text.count(old)} times in {file}")
    return text.replace(old, new)


def check():
    wrong = []
    for bug in BUGS:
        try:
            changed(bug)
        except ValueError as error:
            wrong.append(str(error))
    print("\n".join(wrong) if wrong else f"{len(BUGS)} bugs have their places")
    sys.exit(1 if wrong or len(BUGS) < 20 else 0)


def sources():
    pure = [p for folder in ("wire", "auth", "session") for p in sorted((TOP / "protocol" / folder).glob("*.cpp"))]
    world = [p for p in sorted((TOP / "tests/sim").rglob("*.cpp")) if not p.stem.endswith("_test") and not p.stem.startswith("fidelity")]
    return [p.relative_to(TOP) for p in pure + world]


class Builder:
    def __init__(self, directory, jobs):
        self.directory, self.jobs = directory, jobs
        self.objects = {source: directory / "objects" / (str(source).replace("/", "_") + ".o") for source in sources()}
        compiler = os.environ.get("CXX", "g++").split()
        self.compiler = (["ccache"] if shutil.which("ccache") and "ccache" not in compiler else []) + compiler
        (directory / "objects").mkdir(parents=True, exist_ok=True)

    def compile(self, jobs):
        """Each job: source file, object, folders to look into first."""
        running = []
        for source, target, folders in jobs:
            include = [f"-I{f}" for f in (*folders, *(f / "protocol" for f in folders), TOP, TOP / "protocol")]
            command = [*self.compiler, *FLAGS, *include, "-MMD", "-c", str(source), "-o", str(target)]
            running.append(subprocess.Popen(command, cwd=TOP, env={**os.environ, "CCACHE_NOHASHDIR": "1"}))
            if len(running) >= self.jobs:
                self.wait(running)
        while running:
            self.wait(running)

    @staticmethod
    def wait(running):
        if running.pop(0).wait() != 0:
            sys.exit("a bug that does not compile is none")

    def baseline(self):
        self.compile([(TOP / source, target, ()) for source, target in self.objects.items()])

    def users_of(self, file):
        """Sources that are compiled from the file, or include it."""
        return [source for source, target in self.objects.items()
                if str(source) == file or str(TOP / file) in re.split(r"[\s\\]+", target.with_suffix(".d").read_text())]

    def link(self, objects, program):
        libraries = ["-lsodium", "-lsimdjson"]
        subprocess.run([*self.compiler, *map(str, objects), *libraries, "-o", str(program)], check=True)

    def plant(self, bug):
        name, _, file, *_ = bug
        folder = self.directory / "planted" / name
        shutil.rmtree(folder, ignore_errors=True)
        target = folder / file
        target.parent.mkdir(parents=True)
        target.write_text(changed(bug))
        objects, jobs = dict(self.objects), []
        for source in self.users_of(file):
            objects[source] = folder / (source.name + ".o")
            jobs.append((target if str(source) == file else TOP / source, objects[source], (folder,)))
        self.compile(jobs)
        self.link(objects.values(), folder / "sim")
        return folder / "sim"


def seeds_until_caught(program, start, most):
    """(seeds, what noticed it), or (None, None)."""
    command = [str(program), "--seeds", str(most), "--seed-from", str(start), "--shrink-runs", "0", "--stop-at-first"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    except subprocess.TimeoutExpired:
        return None, "hang"
    if found := re.search(r"FAILED seed (\d+) \(.*?\) (\w+):", done.stdout):
        return int(found.group(1)) - start + 1, found.group(2)
    return None, "crash" if done.returncode < 0 else None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--starts", type=int, default=5)
    parser.add_argument("--most-seeds", type=int, default=20_000)
    parser.add_argument("--only", action="append", default=[])
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--directory", type=Path, default=TOP / "b-sim-planted")
    arguments = parser.parse_args()
    if arguments.check:
        check()
    builder = Builder(arguments.directory.resolve(), arguments.jobs)
    builder.baseline()
    builder.link(builder.objects.values(), builder.directory / "sim")
    if seeds_until_caught(builder.directory / "sim", 1, 300)[0] is not None:
        sys.exit("the simulation fails without any bug planted")
    print(f"{'bug':<36} {'row':<5} {'caught by':<18} {'seeds, median':>13}")
    missed = 0
    for bug in BUGS:
        name, row, expected = bug[0], bug[1], bug[5]
        if arguments.only and name not in arguments.only:
            continue
        program = builder.plant(bug)
        found = [seeds_until_caught(program, 1 + 1_000_000 * start, arguments.most_seeds) for start in range(arguments.starts)]
        seeds = [count for count, _ in found if count is not None]
        by = sorted({who for _, who in found if who})
        caught = len(seeds) == arguments.starts and any(who in expected for who in by)
        missed += not caught
        median = f"{statistics.median(seeds):g}" if seeds else "-"
        print(f"{name:<36} {row:<5} {' '.join(by) or '-':<18} {median:>13}{'' if caught else '   MISSED'}", flush=True)
    print(f"{missed} missed")
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()
