"""Runs the embedding examples against a server of its own. No figure is judged.

usage: embedding_test.py THREADS_EXAMPLE POLLING_EXAMPLE
"""
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "tests", "support"))
from nats_server import NatsServer  # noqa: E402


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    print(done.stdout, end="")
    if done.returncode != 0:
        sys.exit(f"FAILED: {command}: exit code {done.returncode}: {done.stderr}")
    return done.stdout


def main():
    with tempfile.TemporaryDirectory() as scratch, NatsServer(scratch) as server:
        threads = run(sys.argv[1], server.url, "3", "600")
        if threads.count("a thread has answered") != 3 or "together 600 of 600" not in threads:
            sys.exit("FAILED: not every thread has its part")
        if run(sys.argv[2], server.url, "200").count("median round trip") != 2:
            sys.exit("FAILED: both ways are to be shown")


if __name__ == "__main__":
    main()
