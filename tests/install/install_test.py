#!/usr/bin/env python3
"""Installs a build into an empty prefix and uses it as users do.

Through pkg-config: shared and static, in C++20 and C++23 mode. With --subproject: as a meson subproject instead.
usage: install_test.py SOURCE_ROOT BUILD_ROOT COMPILER... -- FLAG...
       install_test.py --subproject SOURCE_ROOT BUILD_ROOT COMPILER... --
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

MODULES = ("slipstream", "slipstream-jetstream", "slipstream-kv")


def run(command, **kwargs):
    """Runs, shows the command and, on failure, what it printed."""
    print("$", " ".join(map(str, command)), flush=True)
    result = subprocess.run(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, **kwargs)
    if result.returncode != 0:
        sys.exit(f"FAILED with {result.returncode}:\n{result.stdout}")
    return result.stdout.strip()


def expect(right, what):
    if not right:
        sys.exit(f"FAILED: {what}")


def check_tree(prefix, libdir, source):
    """Everything is there, and nothing else is: no internal header, no test, no program of ours but the command."""
    headers = {str(path.relative_to(prefix / "include")) for path in (prefix / "include").rglob("*") if path.is_file()}
    expected = {str(path.relative_to(source / module)) for module in ("protocol", "jetstream", "kv")
                for path in (source / module / "slipstream").rglob("*.hpp")}
    expect(headers == expected, f"installed headers differ: {headers ^ expected}")
    for name in MODULES:
        expect((libdir / f"lib{name}.a").is_file(), f"no static library {name}")
        shared = libdir / f"lib{name}.so"
        expect(shared.is_symlink() and shared.resolve().is_file(), f"no shared library {name}")
        soname = run(["objdump", "-p", str(shared)])
        expect(f"SONAME               lib{name}.so.0" in soname, f"{name} has no versioned soname")
        expect((libdir / "pkgconfig" / f"{name}.pc").is_file(), f"no pkg-config file of {name}")
    extra = [path.name for path in (prefix / "bin").glob("*") if path.name != "slipstream"]
    expect(not extra, f"unexpected programs: {extra}")


def build_and_run(scratch, libdir, compiler, flags, standard, static):
    """One consumer through pkg-config."""
    environment = {**os.environ, "PKG_CONFIG_PATH": str(libdir / "pkgconfig")}
    query = ["pkg-config"] + (["--static"] if static else []) + ["--cflags", "--libs", "slipstream-kv"]
    said = run(query, env=environment).split()
    program = scratch / f"consumer-{standard}-{'static' if static else 'shared'}"
    source = Path(__file__).resolve().parent / "consumer" / "main.cpp"
    run([*compiler, *flags, f"-std={standard}", "-Wall", "-Wextra", "-Werror", str(source), "-o", str(program), *said])
    needed = run(["objdump", "-p", str(program)])
    expect(("libslipstream" in needed) != static, "linked the wrong kind of library")
    environment["LD_LIBRARY_PATH"] = str(libdir)
    print(run([str(program)], env=environment))


def pkg_config(source, build, compiler, flags, scratch):
    staged = scratch / "staged"
    run(["meson", "install", "-C", str(build), "--no-rebuild", "--quiet", "--destdir", str(staged)])
    package = next(staged.rglob("slipstream-kv.pc"), None)
    expect(package is not None, "slipstream-kv.pc was not installed")
    libdir = package.parent.parent
    prefix = next(path for path in libdir.parents if (path / "include").is_dir())
    check_tree(prefix, libdir, source)

    # Moved elsewhere: the pkg-config files must not care.
    moved = scratch / "moved"
    prefix.rename(moved)
    libdir = moved / libdir.relative_to(prefix)
    for standard in ("c++20", "c++23"):
        build_and_run(scratch, libdir, compiler, flags, standard, static=False)
    # What g++ has built serves users of clang.
    if shutil.which("clang++-19"):
        build_and_run(scratch, libdir, ["clang++-19"], flags, "c++20", static=False)
    for shared in libdir.glob("*.so*"):
        shared.unlink()
    for standard in ("c++20", "c++23"):
        build_and_run(scratch, libdir, compiler, flags, standard, static=True)
    for name in MODULES:
        run(["pkg-config", "--exists", "--print-errors", name], env={**os.environ, "PKG_CONFIG_PATH": str(libdir / "pkgconfig")})


def subproject(source, compiler, scratch):
    project = scratch / "consumer"
    shutil.copytree(Path(__file__).resolve().parent / "consumer", project)
    (project / "subprojects").mkdir()
    (project / "subprojects" / "slipstream").symlink_to(source)
    environment = {**os.environ, "CXX": " ".join(compiler)}
    run(["meson", "setup", "build", "-Dslipstream:default_library=static", "-Dslipstream:werror=true", "-Doptimization=0", "-Ddebug=false"],
        cwd=project, env=environment)
    run(["ninja", "-C", "build", "consumer"], cwd=project, env=environment)
    print(run([str(project / "build" / "consumer")]))


def main():
    arguments = sys.argv[1:]
    as_subproject = arguments[0] == "--subproject"
    if as_subproject:
        arguments.pop(0)
    source, build, rest = Path(arguments[0]).resolve(), Path(arguments[1]).resolve(), arguments[2:]
    split = rest.index("--")
    with tempfile.TemporaryDirectory(prefix="slipstream-install-") as folder:
        if as_subproject:
            subproject(source, rest[:split], Path(folder))
        else:
            pkg_config(source, build, rest[:split], rest[split + 1:], Path(folder))


main()
