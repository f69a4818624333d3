#!/usr/bin/env python3
"""Shows that the simulation bites: plants one bug at a time in a copy of the pure sources, and runs seeds until it is caught.

    tests/sim/planted_bugs.py [--starts N] [--most-seeds N] [--only NAME]...    builds, runs, prints the table
    tests/sim/planted_bugs.py --check                                           only: does every bug still have its place?

The product has no switch for them: the sources are changed in a directory of their own. A bug that no seed catches fails.
"""

import argparse
import json
import os
import re
import shlex
import shutil
import statistics
import subprocess
import sys
from pathlib import Path

from planted_bugs_table import BUGS

TOP = Path(__file__).resolve().parents[2]


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


class Builder:
    """Plants bugs into what tests/sim/run has built: only what a bug touches is compiled again, by the same commands."""

    def __init__(self, directory, jobs):
        self.base, self.directory, self.jobs = TOP / "b-sim", directory, jobs
        subprocess.run([str(TOP / "tests/sim/run"), "--seeds", "1", "--jobs", "1"], check=True, stdout=subprocess.DEVNULL)
        database = json.loads(self.tool("compdb"))
        wanted = re.compile(r"^(protocol/libslipstream_core(_rare)?\.a\.p|tests/sim/sim\.p)/.*\.o$")
        self.commands = {entry["output"]: entry for entry in database if wanted.match(entry["output"])}
        self.users = {}
        target = None
        for line in self.tool("deps").splitlines():
            if line and not line[0].isspace():
                target = line.split(":")[0]
            elif line.strip() and target in self.commands:
                self.users.setdefault(os.path.normpath(self.base / line.strip()), []).append(target)

    def tool(self, name):
        return subprocess.run(["ninja", "-C", str(self.base), "-t", name], capture_output=True, text=True, check=True).stdout.removeprefix(
            f"ninja: Entering directory `{self.base}'\n")

    def compile(self, jobs):
        """Each job: an object of the base, the source that takes the place of its own or None, the folder to look into first."""
        running = []
        for output, source, folder in jobs:
            command = shlex.split(self.commands[output]["command"])
            command[command.index("-o") + 1] = str(self.placed(folder, output))
            for flag in ("-MF", "-MQ"):
                command[command.index(flag) + 1] = str(self.placed(folder, output)) + ".d"
            if source is not None:
                command[command.index("-c") + 1] = str(source)
            first = [i for i, word in enumerate(command) if word.startswith("-I")][0]
            command[first:first] = [f"-I{folder}", f"-I{folder}/protocol"]
            command.append("-w")  # what a bug leaves unused is no matter
            running.append(subprocess.Popen(command, cwd=self.base, env={**os.environ, "CCACHE_NOHASHDIR": "1"}))
            if len(running) >= self.jobs:
                self.wait(running)
        while running:
            self.wait(running)

    @staticmethod
    def wait(running):
        if running.pop(0).wait() != 0:
            sys.exit("a bug that does not compile is none")

    @staticmethod
    def placed(folder, output):
        return folder / output.replace("/", "_")

    def plant(self, bug):
        name, _, file, *_ = bug
        folder = self.directory / name
        shutil.rmtree(folder, ignore_errors=True)
        target = folder / file
        target.parent.mkdir(parents=True)
        target.write_text(changed(bug))
        objects, jobs = {output: self.base / output for output in self.commands}, []
        for output in self.users.get(str(TOP / file), []):
            own = os.path.normpath(self.base / self.commands[output]["file"]) == str(TOP / file)
            objects[output] = self.placed(folder, output)
            jobs.append((output, target if own else None, folder))
        if not jobs:
            sys.exit(f"{name}: nothing is compiled from {file}")
        self.compile(jobs)
        compiler = [word for word in shlex.split(next(iter(self.commands.values()))["command"])[:2] if not word.startswith("-")]
        libraries = ["-lsodium", "-lsimdjson", "-pthread"]
        subprocess.run([*compiler, *map(str, objects.values()), *libraries, "-o", str(folder / "sim")], check=True)
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
    if seeds_until_caught(builder.base / "tests/sim/sim", 1, 300)[0] is not None:
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
