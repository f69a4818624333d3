"""Runs the embedding examples against a server of its own. No figure is judged.

usage: embedding_test.py THREADS_EXAMPLE POLLING_EXAMPLE
"""
import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time

TREE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", ".deps", "bin", "nats-server")


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    print(done.stdout, end="")
    if done.returncode != 0:
        sys.exit(f"FAILED: {command}: exit code {done.returncode}: {done.stderr}")
    return done.stdout


def main():
    program = os.environ.get("SLIPSTREAM_NATS_SERVER") or (TREE if os.path.exists(TREE) else shutil.which("nats-server"))
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    with tempfile.TemporaryDirectory() as scratch:
        config = os.path.join(scratch, "server.conf")
        with open(config, "w", encoding="utf-8") as file:
            file.write(f"listen: 127.0.0.1:{port}\n")
        with subprocess.Popen([program, "-c", config], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
            try:
                for _ in range(400):
                    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                        break
                    time.sleep(0.05)  # for the other process to come up
                threads = run(sys.argv[1], f"nats://127.0.0.1:{port}", "3", "600")
                if threads.count("a thread has answered") != 3 or "together 600 of 600" not in threads:
                    sys.exit("FAILED: not every thread has its part")
                if run(sys.argv[2], f"nats://127.0.0.1:{port}", "200").count("median round trip") != 2:
                    sys.exit("FAILED: both ways are to be shown")
            finally:
                server.terminate()


if __name__ == "__main__":
    main()
