"""`slipstream` against a server that asks for a password: how it ends, and that no secret is printed or stays on the command line."""
import os
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from nats_server import NatsServer  # noqa: E402

COMMAND = sys.argv[1]
PASSWORD = "a-password-to-be-hidden"


def check(condition, what):
    if not condition:
        sys.exit(f"FAILED: {what}")


class Caller:
    """Calls the command as a user of one server."""

    def __init__(self, url):
        self.server = ["--server", url]

    def start(self, *arguments, password=PASSWORD):
        return subprocess.Popen([COMMAND, *self.server, "--user", "u", "--password", password, *arguments], text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def run(self, *arguments, password=PASSWORD):
        process = self.start(*arguments, password=password)
        out, err = process.communicate(timeout=60)
        check(password not in out + err, f"{arguments}: the password was printed")
        return process.returncode, out, err


def connected(process):
    """Waits for the event of a command that prints events as JSON."""
    for line in process.stdout:
        if '"connected"' in line:
            return
    sys.exit(f"FAILED: not connected: {process.stderr.read()}")


def check_command_line(call):
    process = call.start("sub", "a", "--json", "--events")
    connected(process)
    with open(f"/proc/{process.pid}/cmdline", "rb") as file:
        words = file.read().split(b"\0")
    process.terminate()
    process.communicate(timeout=60)
    check(b"--password" in words and PASSWORD.encode() not in words, "the password stays on the command line")


def check_ends(call):
    code, _, err = call.run("rtt", password="not-the-password")
    check(code == 3 and err, f"refused: {code} {err}")
    code, _, err = call.run("sub", "a", "--for", "100ms")
    check(code == 0 and not err, f"sub told to stop: {code} {err}")
    process = call.start("sub", "a", "b", "--count", "1", "--json", "--events")
    connected(process)
    # Subscribing may come after the event: published until one arrives.
    while process.poll() is None:
        check(call.run("pub", "b", "x")[0] == 0, "pub")
        time.sleep(0.05)
    out, err = process.communicate(timeout=60)
    check(process.returncode == 0 and not err and '"msg"' in out, f"sub of two subjects: {process.returncode} {out} {err}")


def main():
    users = f'authorization {{ user: u, password: "{PASSWORD}" }}\n'
    with tempfile.TemporaryDirectory() as scratch, NatsServer(scratch, more=users) as server:
        call = Caller(server.url)
        check_command_line(call)
        check_ends(call)
    print("logins and ends of the command are as documented")


if __name__ == "__main__":
    main()
