"""`slipstream bench` against a server of its own: what it prints, and that it removes what it has made. No figure is judged."""
import json
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from nats_server import NatsServer  # noqa: E402

COMMAND = sys.argv[1]
FIGURES = ["count", "seconds", "rate", "bytes_per_s"]
LATENCIES = ["p50_us", "p90_us", "p99_us", "p999_us", "max_us"]
KINDS = {"pub": False, "sub": False, "request": True, "js-pub": True, "kv-put": True, "kv-get": True, "kv-scan": False, "kv-watch": False}


def run(port, *arguments):
    command = [COMMAND, "--server", f"nats://127.0.0.1:{port}", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def check(condition, what):
    if not condition:
        sys.exit(f"FAILED: {what}")


def check_json(port, kind, latencies):
    done = run(port, "bench", kind, "--count", "200", "--in-flight", "8", "--runs", "2", "--size", "16", "--json")
    check(done.returncode == 0, f"{kind}: exit code {done.returncode}: {done.stdout} {done.stderr}")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    results = [line for line in lines if line["event"] == "result"]
    last = lines[-1]
    check([line["id"] for line in results] == [1, 2], f"{kind}: one result for each run")
    check(last["event"] == "done" and last["runs"] == 2, f"{kind}: ends with done")
    for line in [*results, last]:
        check(line["op"] == "bench " + kind and line["count"] == 200, f"{kind}: {line}")
        check(all(line[name] > 0 for name in FIGURES), f"{kind}: figures in {line}")
        check(all((name in line) == latencies for name in LATENCIES), f"{kind}: latencies in {line}")
        if latencies:
            values = [line[name] for name in LATENCIES]
            check(values == sorted(values), f"{kind}: percentiles rise in {line}")


def check_text(port):
    done = run(port, "bench", "request", "--count", "200")
    lines = done.stdout.splitlines()
    check(done.returncode == 0 and lines[0].startswith("< "), "request: a histogram comes first")
    check(lines[-2].split()[:3] == ["run", "count", "time"] and lines[-1].split()[:2] == ["1", "200"], "request: a table comes last")
    check(run(port, "bench", "nothing").returncode == 2, "an unknown kind is bad usage")
    stopped = run(port, "bench", "pub", "--count", "1000000000", "--for", "50ms")
    check(stopped.returncode == 0, f"pub told to stop: {stopped.returncode} {stopped.stderr}")


def main():
    with tempfile.TemporaryDirectory() as scratch, NatsServer(scratch, jetstream=True) as server:
        for kind, latencies in KINDS.items():
            check_json(server.port, kind, latencies)
        check_text(server.port)
        listed = run(server.port, "stream", "ls", "--json")
        check(listed.returncode == 0 and "slipstream_bench" not in listed.stdout, "nothing is left on the server")
    print("bench: output and clean-up are as documented")


if __name__ == "__main__":
    main()
