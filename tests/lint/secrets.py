#!/usr/bin/env python3
"""Secrets live in slipstream::secret, have no printer, and are revealed only where a login is made."""

import re

from common import FOLDERS, MODULES, Lint, code_only

# Login (signing, CONNECT), the private key of TLS, and the type itself. Tests may look at what they have put in.
REVEAL = ("protocol/auth/", "protocol/session/", "protocol/slipstream/secret.hpp", "protocol/io/tls_material.cpp",
          "tests/", "fuzz/")
HOLDERS = (r"\b(secret|user_password|token_auth|nkey_seed|creds_text|creds_base64|jwt_seed|jwt_signer|bearer_jwt|login|authentication|"
           r"connect_options)\b")
PRINTER = re.compile(r"operator\s*<<\s*\([^)]*" + HOLDERS + r"|\bto_string\s*\(\s*(const\s+)?(slipstream\s*::\s*)?" + HOLDERS +
                     r"|\bformatter\s*<\s*(slipstream\s*::\s*)?" + HOLDERS)
LEAK = re.compile(r"<<[^;]*\breveal\s*\(|\b(detail|what|message|description|log\w*|context)\w*\s*(=|\+=|\()[^;]*\breveal\s*\(")
TEXT_MEMBER = re.compile(
    r"\bstd\s*::\s*string\s+\w*(password|passwd|token|seed|jwt|private_key|credential)\w*\s*(;|=|\{)", re.IGNORECASE)
CONVERSION = re.compile(r"\boperator\s+(std\s*::\s*string|const\s+char)")


def main():
    lint = Lint()
    for path in lint.files(FOLDERS):
        text = code_only(lint.text(path))
        name = path.as_posix()
        for number, line in enumerate(text.splitlines(), 1):
            if PRINTER.search(line):
                lint.report(path, number, "a printer for something that holds a secret")
            if LEAK.search(line):
                lint.report(path, number, "a revealed secret goes into a text")
            if "reveal(" in line and not name.startswith(REVEAL):
                lint.report(path, number, "secrets are revealed only in protocol/auth and protocol/session")
            # A header's member of ordinary text would be copied, compared and printed like any other.
            if path.parts[0] in MODULES and path.suffix == ".hpp" and path.parts[1] != "wire" and TEXT_MEMBER.search(line):
                lint.report(path, number, "a secret in an ordinary string; use slipstream::secret")
        if name.endswith("slipstream/secret.hpp") and CONVERSION.search(text):
            lint.report(path, 1, "secret converts to text")
    lint.finish()


main()
