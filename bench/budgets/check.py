#!/usr/bin/env python3
"""Checks what operations cost against budgets.txt, without a clock.

Each operation is run by the load generator twice, at two lengths; the difference of the counts over the difference of the
lengths is its cost. Needs valgrind, strace, a nats-server, and an optimised build without assertions.

usage: check.py --load PROGRAM --fake-server PROGRAM [--nats-server PROGRAM] [--only REGEX] [--table FILE] [--list]
"""
import argparse
import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "tests", "support"))
from nats_server import NatsServer  # noqa: E402

TOLERANCE = 1.05
MEASURED_AGAIN = 4
TOLD_AGAIN = 6
COLUMNS = ("instructions", "goal", "allocations", "send", "recv", "epoll_wait")
CALLS = {
    "send": ("sendto", "sendmsg", "write", "writev"),
    "recv": ("recvfrom", "recvmsg", "read", "readv"),
    "epoll_wait": ("epoll_wait", "epoll_pwait"),
}


class Operation:
    """How the load generator is asked for it: `fake` names the fake server's mode, none is a real server."""

    def __init__(self, arguments, short, long, fake=None, buckets=False):
        self.arguments, self.short, self.long, self.fake, self.buckets = arguments.split(), short, long, fake, buckets


OPERATIONS = {
    "publish-16": Operation("pub --size 16", 50_000, 250_000, fake="sink"),
    "publish-128": Operation("pub --size 128", 20_000, 120_000, fake="sink"),
    "receive-16": Operation("recv --size 16", 50_000, 250_000, fake="feed"),
    "receive-128": Operation("recv --size 128", 20_000, 120_000, fake="feed"),
    "request": Operation("request", 1_000, 6_000, fake="echo"),
    "request-64": Operation("request --window 64", 5_000, 30_000, fake="echo"),
    "request-64-mux": Operation("request --how mux --window 64", 5_000, 30_000, fake="echo"),
    "js-publish": Operation("js-pub", 1_000, 4_000),
    "kv-put": Operation("kv-put --keys 100", 1_000, 4_000),
    "kv-get": Operation("kv-get --keys 100", 1_000, 4_000),
    "kv-watch": Operation("kv-watch", 20_000, 120_000, buckets=True),
    "kv-keys": Operation("kv-keys", 20_000, 120_000, buckets=True),
}


def read_table(path):
    """Operation -> column -> limit; columns without a limit are left out."""
    table = {}
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            words = line.split("#")[0].split()
            if not words:
                continue
            if len(words) != 1 + len(COLUMNS) or words[0] in table or words[0] not in OPERATIONS:
                sys.exit(f"{path}:{number}: expected a known operation once, and {len(COLUMNS)} columns")
            table[words[0]] = {c: float(w) for c, w in zip(COLUMNS, words[1:]) if w != "-"}
    return table


def verdict(limits, costs):
    """The columns that exceed their limit, as text."""
    out = []
    for column, limit in limits.items():
        if column == "goal":
            continue
        cost = costs[column]
        if cost > limit * TOLERANCE + (0.001 if limit == 0 else 0):
            out.append(f"{column} {cost:.4g}, allowed {limit:g}")
    return out


class Programs:
    def __init__(self, load, fake_server, nats_server, scratch):
        self.load, self.fake_server, self.nats_server, self.scratch = load, fake_server, nats_server, scratch
        self.server = None
        self.buckets = set()

    def close(self):
        if self.server:
            self.server.close()

    def real_port(self):
        if not self.server:
            self.server = NatsServer(self.scratch, jetstream=True, program=self.nats_server)
        return self.server.port

    @contextlib.contextmanager
    def peer(self, operation, n):
        """The port of what the operation talks to."""
        if operation.fake is None:
            yield self.real_port()
            return
        size = operation.arguments[operation.arguments.index("--size") + 1] if "--size" in operation.arguments else "128"
        command = [self.fake_server, "--mode", operation.fake, "--n", str(n), "--size", size]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as fake:
            try:
                yield int(fake.stdout.readline())
            finally:
                fake.terminate()

    def run(self, operation, n, wrapper=()):
        """One run; returns what the load generator has printed."""
        arguments = list(operation.arguments)
        if operation.buckets:
            bucket = f"keys{n}"
            if bucket not in self.buckets:
                self.buckets.add(bucket)
                self.command(["kv-fill", "--bucket", bucket, "--keys", str(n)], self.real_port())
            arguments += ["--bucket", bucket]
        else:
            arguments += ["--n", str(n)]
        with self.peer(operation, n) as port:
            return self.command(arguments, port, wrapper)

    def command(self, arguments, port, wrapper=()):
        environment = dict(os.environ, NATS_HOST="127.0.0.1", NATS_PORT=str(port))
        done = subprocess.run([*wrapper, self.load, *arguments], env=environment, capture_output=True, text=True, timeout=300, check=False)
        if done.returncode != 0:
            sys.exit(f"{' '.join(arguments)} failed: {done.stderr[-1000:]}")
        return json.loads(done.stdout.strip().splitlines()[-1])

    def instructions(self, operation, n):
        out = os.path.join(self.scratch, "callgrind.out")
        done = self.run(operation, n, ["valgrind", "-q", "--tool=callgrind", f"--callgrind-out-file={out}"])
        with open(out, encoding="utf-8") as file:
            return int(re.findall(r"^(?:summary|totals): (\d+)", file.read(), re.M)[-1]), done

    def told_once(self, operation, n):
        """As instructions, of a run in which a state was told once, if one can be had. A set-up that the server answers out of order, as it
        does when it is busy, is done again, and what had been sent comes twice: it costs less then than it does once."""
        runs = [self.instructions(operation, n)]
        while operation.buckets and runs[-1][1]["messages"] > 1.01 * n and len(runs) < TOLD_AGAIN:
            runs.append(self.instructions(operation, n))
        return min(runs, key=lambda run: run[1].get("messages", 0))

    def calls(self, operation, n):
        out = os.path.join(self.scratch, "strace.out")
        self.run(operation, n, ["strace", "-f", "-c", "-U", "calls,name", "-o", out])
        counts = dict.fromkeys(CALLS, 0)
        with open(out, encoding="utf-8") as file:
            for line in file:
                words = line.split()
                for kind, names in CALLS.items():
                    if len(words) == 2 and words[1] in names:
                        counts[kind] += int(words[0])
        return counts

    def costs(self, operation):
        more = operation.long - operation.short
        (short, short_run), (long, long_run) = (self.told_once(operation, n) for n in (operation.short, operation.long))
        few, many = (self.calls(operation, n) for n in (operation.short, operation.long))
        plain = [self.run(operation, n) for n in (operation.short, operation.long)]
        # The generator gives allocations for one operation; as counts, what a run costs once cancels too.
        allocations = [p["allocations"] * p["n"] for p in plain]
        messages = long_run["messages"] - short_run["messages"] if operation.buckets else more
        costs = {"instructions": (long - short) / messages, "allocations": (allocations[1] - allocations[0]) / more}
        costs.update({kind: (many[kind] - few[kind]) / more for kind in CALLS})
        return costs


def least(measure, limits):
    """What an operation costs at least. What a busy machine adds (a state that is told twice, less that shares a system call) differs from
    one measurement to the next, a mistake is in all of them: what is too much is measured again."""
    costs = measure()
    for _ in range(MEASURED_AGAIN):
        if not verdict(limits, costs):
            break
        costs = {column: min(cost, again) for (column, cost), again in zip(costs.items(), measure().values())}
    return costs


def self_test():
    assert verdict({"send": 1.0, "allocations": 0.0}, {"send": 1.049, "allocations": 0.0}) == []
    assert verdict({"send": 1.0}, {"send": 1.051}) == ["send 1.051, allowed 1"]
    assert verdict({"allocations": 0.0}, {"allocations": 0.01}) == ["allocations 0.01, allowed 0"]
    measurements = iter([{"send": 1.2}, {"send": 1.1}, {"send": 1.0}, {"send": 0.5}])
    assert least(lambda: next(measurements), {"send": 1.0}) == {"send": 1.0}
    assert least(lambda: {"send": 1.2}, {"send": 1.0}) == {"send": 1.2}
    assert set(read_table(os.path.join(HERE, "budgets.txt"))) == set(OPERATIONS)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--load")
    parser.add_argument("--fake-server")
    parser.add_argument("--nats-server")
    parser.add_argument("--table", default=os.path.join(HERE, "budgets.txt"))
    parser.add_argument("--only", default=".")
    parser.add_argument("--self-test", action="store_true")
    given = parser.parse_args()
    if given.self_test:
        self_test()
        return
    for program in ("valgrind", "strace"):
        if shutil.which(program) is None:
            sys.exit(f"{program} is missing: tools/setup --budgets installs it")
    failed = False
    measured = [c for c in COLUMNS if c != "goal"]
    print(f"{'operation':16}" + "".join(f"{c:>22}" for c in measured))
    with tempfile.TemporaryDirectory() as scratch:
        programs = Programs(given.load, given.fake_server, given.nats_server, scratch)
        try:
            for name, limits in read_table(given.table).items():
                if not re.search(given.only, name):
                    continue
                costs = least(lambda operation=OPERATIONS[name]: programs.costs(operation), limits)
                cells = (f"{costs[c]:.4g}" + (f" of {limits[c]:g}" if c in limits else "") for c in measured)
                print(f"{name:16}" + "".join(f"{c:>22}" for c in cells), flush=True)
                if costs["instructions"] > limits.get("goal", costs["instructions"]):
                    print(f"  {costs['instructions'] / limits['goal']:.2f} times its goal of {limits['goal']:g} instructions", flush=True)
                for problem in verdict(limits, costs):
                    failed = True
                    print(f"  FAILED: {problem}", flush=True)
        finally:
            programs.close()
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
