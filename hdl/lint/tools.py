# SPDX-License-Identifier: Apache-2.0
"""Verilator -Wall and Yosys on every module of the card.

    tools.py [MODULE...]     all modules when none is named

Verilator lints each module as a top of its own, with default parameters. Yosys elaborates the whole card, and
whatever is not part of it, or the modules named, and looks through the netlist for latches, wires with several drivers
or none, and combinational loops, also those that run through several modules.
"""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from sources import ROOT, RTL, closure, modules, packages, yosys

CARD = "headend_core"
LATCHES = r"t:\$dlatch t:\$adlatch t:\$dlatchsr t:\$sr"


def verilator(name, path):
    """Lints one module with what it instantiates; returns its messages, empty when clean."""
    folders = sorted({str(p.parent) for p in modules().values()})
    command = ["verilator", "--lint-only", "-Wall", "-sv", "--top-module", name, "hdl/lint/waivers.vlt"]
    for folder in folders:
        command += ["-y", folder]
    command += [str(p) for p in packages()] + [str(path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600)
    return "" if done.returncode == 0 and not done.stderr.strip() else done.stderr


def lint_verilator(names):
    """Returns the modules that Verilator does not accept, printing why."""
    known = modules()
    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(lambda n: (n, verilator(n, known[n])), names))
    for name, messages in results:
        if messages:
            print(f"-- Verilator: {name}\n{messages.rstrip()}")
    return [name for name, messages in results if messages]


def top(name):
    """Yosys commands that elaborate and check `name`: first drop what it does not use, then check the rest."""
    return (
        f"hierarchy -top {name}; hierarchy -check -top {name}; proc; opt_clean; "
        f"select -assert-none {LATCHES}; flatten; opt_clean; check -assert; "
    )


def lint_yosys(names):
    """As `lint_verilator`. All files are read once; then each of the tops is elaborated with all it contains."""
    files = [str(p) for p in packages() + list(modules().values())]
    refused = []
    while names:
        read = f"read_verilog -sv -defer {' '.join(files)}; design -save all; "
        tops = "".join(f"log -stdout -- elaborate {n}; design -load all; {top(n)}" for n in names)
        ok, output = yosys(read + tops)
        if ok:
            break
        lines = output.splitlines()
        reached = [line.split()[-1] for line in lines if line.startswith("-- elaborate ")]
        print(f"-- Yosys: {reached[-1] if reached else 'reading'}")
        print("\n".join(line for line in lines if not line.startswith("-- elaborate ")).rstrip())
        if reached:
            refused.append(reached[-1])
            names = names[names.index(reached[-1]) + 1 :]
            continue
        # A file that cannot be read: say so and go on with the others.
        bad = [f for f in files if f"{f}:" in output]
        refused += [Path(f).stem for f in bad]
        files = [f for f in files if f not in bad]
        names = [n for n in names if n not in refused]
        if not bad:
            refused.append("(everything)")
            break
    return refused


def main():
    names = sys.argv[1:] or list(modules())
    unknown = [n for n in names if n not in modules()]
    if unknown:
        print(f"no such module below {RTL}: {', '.join(unknown)}")
        return 1
    bad_verilator = lint_verilator(names)
    tops = names
    if not sys.argv[1:] and CARD in names:
        tops = [CARD] + sorted(set(names) - {path.stem for path in closure(CARD)})
    bad_yosys = lint_yosys(tops)
    if bad_verilator or bad_yosys:
        print(f"Verilator refuses: {', '.join(bad_verilator) or 'none'}; Yosys refuses: {', '.join(bad_yosys) or 'none'}")
        return 1
    print(f"{len(names)} modules are clean in Verilator -Wall and Yosys")
    return 0


if __name__ == "__main__":
    sys.exit(main())
