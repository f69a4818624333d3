#!/usr/bin/env python3
"""Dependencies run one way: wire -> auth -> session -> io, protocol -> jetstream -> kv; pure parts reach no Asio, OpenSSL or socket.

"Reach" is transitive: a public header that includes Asio is as forbidden in a pure part as Asio itself.
"""

import re

from common import MODULES, PURE, Lint, includes

# Higher may include lower, never the other way.
PROTOCOL_RANK = {"wire": 0, "auth": 1, "session": 2, "io": 3}
MODULE_RANK = {name: rank for rank, name in enumerate(MODULES)}
IMPURE = re.compile(r"^<(asio\b.*|openssl/.*|sys/.*|netinet/.*|arpa/.*|netdb\.h|unistd\.h|poll\.h|thread|mutex|shared_mutex|future|"
                    r"condition_variable|iostream|fstream)>$")


def module_of(include):
    """(module, internal part or None) that a spelling belongs to, or None for what is not ours."""
    inside = include[1:-1]
    if inside.startswith("slipstream/"):
        parts = inside.split("/")
        return (parts[1] if parts[1] in ("jetstream", "kv") and len(parts) > 2 else "protocol"), None
    parts = inside.split("/")
    if include[0] == '"' and parts[0] in MODULES:
        return parts[0], parts[1] if len(parts) > 2 else ""
    return None


def resolve(lint, include):
    """The file in this tree that an include names, or None."""
    inside = include[1:-1]
    candidates = [inside] if include[0] == '"' else [f"{m}/{inside}" for m in MODULES]
    return next((c for c in candidates if (lint.root / c).is_file()), None)


def reached(lint, path, memory):
    """Impure include -> chain of files by which `path` comes to it."""
    path = str(path)
    if path in memory:
        return memory[path]
    memory[path] = found = {}
    for _, include in includes(lint.text(path)):
        if IMPURE.match(include):
            found.setdefault(include, [path])
        elif (below := resolve(lint, include)) is not None:
            for impure, chain in reached(lint, below, memory).items():
                found.setdefault(impure, [path] + chain)
    return found


def check_module(lint, path):
    module, part = path.parts[0], path.parts[1]
    public = part == "slipstream"
    for number, include in includes(lint.text(path)):
        target = module_of(include)
        if target is None:
            if include[0] == '"':
                lint.report(path, number, f"{include}: internal headers are spelled from the top of the tree")
            continue
        to_module, to_part = target
        if MODULE_RANK[to_module] > MODULE_RANK[module]:
            lint.report(path, number, f"{include}: {module} must not know {to_module}")
        elif public and include[0] == '"':
            lint.report(path, number, f"{include}: a public header includes an internal one, which is not installed")
        elif include[0] == '"' and to_module != module:
            lint.report(path, number, f"{include}: {module} uses only public headers of {to_module}")
        elif module == "protocol" and part in PROTOCOL_RANK and PROTOCOL_RANK.get(to_part, -1) > PROTOCOL_RANK[part]:
            lint.report(path, number, f"{include}: {part}/ must not know {to_part}/")


def main():
    lint = Lint()
    memory = {}
    for path in lint.files(MODULES):
        check_module(lint, path)
        if str(path.parent).startswith(PURE):
            # One chain is enough to mend it: the others mostly share its links.
            found = reached(lint, path, memory)
            for impure, chain in list(found.items())[:1]:
                lint.report(path, 1, f"pure code reaches {impure} ({len(found)} such) through {' -> '.join(chain)}")
    # The command is a program over the public API, like any user's.
    for path in lint.files(("tools",)):
        for number, include in includes(lint.text(path)):
            if module_of(include) and include[0] == '"':
                lint.report(path, number, f"{include}: tools/ uses only public headers of the library")
    lint.finish()


main()
