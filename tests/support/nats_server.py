"""A nats-server on a free loopback port, for scripts that test and measure. Needs nothing but python."""
import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time

TREE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", ".deps", "bin", "nats-server")


def find_server(given=None):
    """`given`, else $SLIPSTREAM_NATS_SERVER, else the one of this tree, else the one on PATH."""
    for candidate in (given, os.environ.get("SLIPSTREAM_NATS_SERVER"), TREE if os.path.exists(TREE) else None, shutil.which("nats-server")):
        if candidate:
            return candidate
    sys.exit("no nats-server: tools/setup provides one")


class NatsServer:
    """Started by the constructor, stopped by close(), or at the end of a `with`. Keeps its files in `scratch`, which is its caller's.

    jetstream: with a store below `scratch`; True, or the text of further settings. more: further lines of the configuration.
    """

    def __init__(self, scratch, jetstream=False, more="", program=None, name="server"):
        self.program = find_server(program)
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.port = s.getsockname()[1]
        config = os.path.join(scratch, name + ".conf")
        with open(config, "w", encoding="utf-8") as file:
            file.write(f"listen: 127.0.0.1:{self.port}\n{more}\n")
            if jetstream:
                settings = jetstream if isinstance(jetstream, str) else ""
                file.write(f'jetstream {{\nstore_dir: "{scratch}/{name}-js"\n{settings}\n}}\n')
        self.process = subprocess.Popen([self.program, "-c", config], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(400):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return
            if self.process.poll() is not None:
                break
            time.sleep(0.05)  # for the other process to come up
        self.close()
        sys.exit(f"{self.program} does not start")

    @property
    def url(self):
        return f"nats://127.0.0.1:{self.port}"

    def close(self):
        if self.process.poll() is None:
            self.process.terminate()
        self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.close()
