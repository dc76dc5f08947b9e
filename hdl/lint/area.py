# SPDX-License-Identifier: Apache-2.0
"""FPGA resources of each module after Yosys' synthesis for UltraScale+ (family xcup), with all it contains.

    area.py [MODULE...]     the stages of the card when none is named

Figures go to target/area/MODULE.json and, for all modules measured so far, to docs/results/area.md.
"""

import json
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from sources import ROOT, closure, modules, packages, yosys

WORK = ROOT / "target/area"
PAGE = ROOT / "docs/results/area.md"
TIMEOUT_S = 1800

# The stages in the order of a packet's way, then the host side and the cells that stages are built of.
STAGES = """
rx_port ingress_arb segment parse classify sa_lookup esp_strip gcm_engine esp_commit selector_check label_lookup
fib_lookup adj_lookup rewrite qos esp_encap esp_finish egress_demux tx_port host_if drop_monitor
skid_buffer fifo_sync frame_fifo stream_trim stream_prepend stream_append
""".split()

# Column -> cell types.
COLUMNS = {
    "LUT": ["LUT1", "LUT2", "LUT3", "LUT4", "LUT5", "LUT6", "INV"],
    "LUT as RAM": ["RAM32X1D", "RAM64X1D", "RAM32M", "RAM64M", "RAM32M16", "RAM64M8", "RAM128X1D", "RAM256X1D", "RAM512X1S"],
    "shift register": ["SRL16E", "SRLC16E", "SRLC32E"],
    "carry": ["CARRY4", "CARRY8"],
    "FF": ["FDRE", "FDSE", "FDCE", "FDPE"],
    "BRAM18": ["RAMB18E2"],
    "BRAM36": ["RAMB36E2"],
    "URAM": ["URAM288"],
    "DSP": ["DSP48E2"],
}


def measure(name):
    """Synthesizes one module; returns a line about how it went."""
    files = " ".join(str(p) for p in packages() + closure(name))
    out = WORK / f"{name}.json"
    out.unlink(missing_ok=True)
    start = time.monotonic()
    script = f"read_verilog -sv -defer {files}; synth_xilinx -family xcup -noiopad -uram -flatten -top {name}; "
    script += f"tee -q -o {out.relative_to(ROOT)} stat -json"
    try:
        ok, output = yosys(script, timeout=TIMEOUT_S)
    except subprocess.TimeoutExpired:
        return f"{name}: no result after {TIMEOUT_S} s", False
    seconds = time.monotonic() - start
    if not ok:
        return f"{name}: {output.strip().splitlines()[-1]}", False
    return f"{name}: {seconds:.0f} s", True


def figures(name):
    """Cells of one measured module by column."""
    text = (WORK / f"{name}.json").read_text()
    cells = json.loads(text[text.index("{") :])["design"]["num_cells_by_type"]
    return {column: sum(cells.get(kind, 0) for kind in kinds) for column, kinds in COLUMNS.items()}


def write_page():
    measured = [n for n in STAGES if (WORK / f"{n}.json").exists()]
    measured += sorted(p.stem for p in WORK.glob("*.json") if p.stem not in measured)
    lines = [
        "<!-- SPDX-License-Identifier: Apache-2.0 -->",
        "# Area",
        "",
        "Cells after `synth_xilinx -family xcup -uram -flatten` of Yosys, by `make area`: each module with all that it",
        "contains and its default parameters, before placement. Packing and timing are not part of it.",
        "",
        "| module | " + " | ".join(COLUMNS) + " |",
        "| --- |" + " ---: |" * len(COLUMNS),
    ]
    for name in measured:
        values = figures(name)
        lines.append(f"| `{name}` | " + " | ".join(f"{values[c]:,}" for c in COLUMNS) + " |")
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text("\n".join(lines) + "\n")


def main():
    names = sys.argv[1:] or [n for n in STAGES if n in modules()]
    unknown = [n for n in names if n not in modules()]
    if unknown:
        print(f"no such module: {', '.join(unknown)}")
        return 1
    WORK.mkdir(parents=True, exist_ok=True)
    failed = 0
    with ThreadPoolExecutor(2) as pool:
        for line, ok in pool.map(measure, names):
            print(line, flush=True)
            failed += not ok
    write_page()
    print(f"{PAGE.relative_to(ROOT)}: {len(names) - failed} of {len(names)} modules measured")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
