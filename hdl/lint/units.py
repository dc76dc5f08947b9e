# SPDX-License-Identifier: Apache-2.0
"""Synthesis of a design unit by unit, for UltraScale+ by Yosys.

A unit is a module with its parameters and all that it contains, except what is a unit itself. Small library modules are no
units: they are flattened into whoever uses them, so that logic is optimized across them. Each unit is synthesized once, however
many instances it has, and its result is kept under a hash of its netlist before synthesis: after a change of the RTL only the
units that changed are synthesized again.

Between units nothing is optimized: constants do not enter a unit and unused outputs stay. Counts are upper bounds.
"""

import gzip
import hashlib
import json
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor, as_completed

from levels import stripped
from sources import ROOT, closure, modules, packages, yosys

WORK = ROOT / "target/area"
CACHE = WORK / "cache"
TIMEOUT_S = 3000

# Modules that are flattened into their users.
FLATTENED_FOLDERS = {"lib"}
FLATTENED = {"table_ram", "hdr_delay", "gcm_mix", "counter_bank", "ring_ctl", "sa_hash_key", "sa_in_expiry"}

# Units are put together into one run of Yosys until their netlists are this long: starting costs ten seconds.
BATCH_CHARACTERS = 450_000

SYNTHESIS = "synth_xilinx -family xcup -noiopad -noclkbuf -uram"

# S-boxes are LUTs with wide multiplexers, as Yosys maps by itself. Everything else is mapped to LUTs of equal delay, so that levels
# are what it saves: Yosys' own delays differ by input, and it takes three fast inputs in a row for better than one slow one.
WIDE_FOLDER = "crypto"
LUT_DELAYS = "".join(f"{size} {area} {' '.join(['300'] * size)}\n" for size, area in enumerate((1, 2, 3, 3, 3, 5), 1))
EQUAL_DELAYS = (
    f"{SYNTHESIS} -nowidelut -run begin:map_luts {{top}}; opt_expr -mux_undef -noclkinv; "
    "read_verilog -icells -lib -specify +/xilinx/abc9_model.v; abc9 -lut {luts} -W 300; clean; xilinx_srl -fixed -minlen 3; "
    "techmap -map +/xilinx/lut_map.v -map +/xilinx/cells_map.v -D LUT_WIDTH=6; xilinx_dffopt; opt_lut_ins -tech xilinx; clean; "
    "hierarchy -check; blackbox =A:whitebox"
)


class Unit:
    """One module with its parameters. `cells`: instance name -> unit name of what it contains; `text`: RTLIL to synthesize."""

    def __init__(self, name, module, text, cells, stubs):
        self.name, self.module, self.text, self.cells, self.stubs = name, module, text, cells, stubs
        self.wide = (modules()[module].parent.name if module in modules() else "") == WIDE_FOLDER
        flow = SYNTHESIS if self.wide else EQUAL_DELAYS + LUT_DELAYS
        self.key = hashlib.sha256((flow + text + "".join(sorted(stubs.values()))).encode()).hexdigest()[:20]

    def memories(self):
        """Memories as (name, bits, rows)."""
        found = re.findall(r"^  memory width (\d+) size (\d+)(?: offset \d+)? (\S+)$", self.text, re.M)
        return [(name.removeprefix("\\"), int(bits), int(rows)) for bits, rows, name in found]

    @property
    def result(self):
        return CACHE / f"{self.key}.json.gz"


def is_unit(module):
    """Whether a module stays by itself."""
    path = modules().get(module)
    return path is not None and path.parent.name not in FLATTENED_FOLDERS and module not in FLATTENED


def base_name(name):
    """Module name of an RTLIL module name, with or without parameters."""
    if name.startswith("$paramod$"):
        return name.split("\\", 1)[1]
    if name.startswith("$paramod\\"):
        return name.split("\\")[1]
    return name[1:]


def elaborate(top, parameters, tag):
    """The units of `top` by name, and the name of the top one. `parameters`: of the top module."""
    WORK.mkdir(parents=True, exist_ok=True)
    raw, flat = (WORK / f"{tag}.{kind}.il" for kind in ("raw", "flat"))
    files = " ".join(str(p) for p in packages() + closure(top))
    chparam = "".join(f" -chparam {name} {value}" for name, value in parameters.items())
    run(f"read_verilog -sv -defer {files}; hierarchy -check -top {top}{chparam}; write_rtlil {raw.relative_to(ROOT)}")
    lines = []
    for line in raw.read_text().splitlines():
        if line.startswith("module ") and is_unit(base_name(line.split()[1])):
            lines.append("attribute \\keep_hierarchy 1")
        lines.append(line)
    raw.write_text("\n".join(lines) + "\n")
    run(
        f"read_rtlil {raw.relative_to(ROOT)}; proc; flatten; opt_clean; setattr -unset src */*; "
        f"setattr -mod -unset src *; write_rtlil {flat.relative_to(ROOT)}"
    )
    return split(flat.read_text(), top)


def run(script):
    ok, output = yosys(script, timeout=TIMEOUT_S)
    if not ok:
        sys.exit(f"Yosys: {output.strip()[-2000:]}")


def split(text, top):
    """Cuts RTLIL into units."""
    bodies = {}
    for match in re.finditer(r"^module (\S+)\n(.*?)^end\n", text, re.M | re.S):
        bodies[match.group(1)] = match.group(2)
    ports = {name: port_lines(body) for name, body in bodies.items()}
    stub_names = {
        name: f"\\{base_name(name)}__{hashlib.sha256(lines.encode()).hexdigest()[:12]}" for name, lines in ports.items()
    }
    units = {}
    for name, body in bodies.items():
        cells, stubs, lines = {}, {}, []
        for line in body.splitlines():
            words = line.split()
            if line.startswith("  cell ") and words[1] in bodies:
                child = words[1]
                cells[words[2].removeprefix("\\")] = child
                stub = stub_names[child]
                stubs[stub] = f"attribute \\blackbox 1\nmodule {stub}\n{ports[child]}end\n"
                lines += ["  attribute \\keep 1", f"  cell {stub} {words[2]}"]
            else:
                lines.append(line)
        units[name] = Unit(name, base_name(name), numbered("\n".join(lines) + "\n"), cells, stubs)
    tops = [name for name in units if base_name(name) == top]
    return units, tops[0]


def port_lines(body):
    """The ports of a module's body."""
    return "".join(f"{line}\n" for line in body.splitlines() if re.match(r"  wire .*\b(input|output|inout) \d+ ", line))


def numbered(text):
    """Replaces the numbers and source lines in names that Yosys made, and the order of initial values, by numbers that depend on this
    text alone."""
    seen = {}
    text = re.sub(r"\.sv:\d+(\.\d+-\d+\.\d+)?", ".sv", text)
    text = re.sub(r"\.cc:\d+", ".cc", text)
    priorities = sorted({int(n) for n in re.findall(r"^    parameter \\PRIORITY (\d+)$", text, re.M)})
    rank = {n: place for place, n in enumerate(priorities)}
    text = re.sub(r"^(    parameter \\PRIORITY )(\d+)$", lambda m: f"{m.group(1)}{rank[int(m.group(2))]}", text, flags=re.M)
    return re.sub(r"\$(\d+)(?!\d)", lambda m: f"${seen.setdefault(m.group(1), len(seen) + 1)}", text)


def batches(units):
    """Units in lots for one run each, large ones alone and first."""
    lots = []
    for unit in sorted(units, key=lambda u: -len(u.text)):
        fits = [l for l in lots if l[0].wide == unit.wide and sum(len(u.text) for u in l) + len(unit.text) <= BATCH_CHARACTERS]
        if fits:
            fits[0].append(unit)
        else:
            lots.append([unit])
    return lots


def synthesize(units, jobs):
    """Synthesizes the units that have no result yet, `jobs` runs of Yosys at a time. Prints how it goes; returns the modules that failed."""
    CACHE.mkdir(parents=True, exist_ok=True)
    todo = {u.key: u for u in units if not u.result.exists()}
    print(f"{len(units)} units, {len(todo)} to synthesize", flush=True)
    failed = []
    with ThreadPoolExecutor(jobs) as pool:
        for done in as_completed([pool.submit(synthesize_lot, lot) for lot in batches(todo.values())]):
            lot, seconds, message = done.result()
            names = ", ".join(u.module for u in lot)
            print(f"{seconds:4.0f} s  {names}{': ' + message if message else ''}", flush=True)
            if message:
                failed += [u.module for u in lot]
    return failed


def synthesize_lot(lot):
    start = time.monotonic()
    key = lot[0].key
    source, out = (WORK / f"{key}.{kind}" for kind in ("il", "json"))
    stubs = {name: text for unit in lot for name, text in unit.stubs.items()}
    parts = list(stubs.values())
    holder = ["module \\lot"]
    for unit in lot:
        parts.append(f"attribute \\keep_hierarchy 1\nmodule \\u_{unit.key}\n{unit.text}end\n")
        holder += ["  attribute \\keep 1", f"  cell \\u_{unit.key} \\i_{unit.key}", "  end"]
    source.write_text("autoidx 10000000\n" + "".join(parts) + "\n".join(holder) + "\nend\n")
    luts = WORK / f"{key}.luts"
    luts.write_text(LUT_DELAYS)
    flow = SYNTHESIS + " -top lot" if lot[0].wide else EQUAL_DELAYS.format(top="-top lot", luts=luts.relative_to(ROOT))
    message = ""
    try:
        ok, output = yosys(f"read_rtlil {source.relative_to(ROOT)}; {flow}; write_json {out.relative_to(ROOT)}", timeout=TIMEOUT_S)
        if ok:
            design = json.loads(out.read_text())["modules"]
            for unit in lot:
                with gzip.open(unit.result.with_suffix(".tmp"), "wt", compresslevel=3) as file:
                    json.dump(stripped(design[f"u_{unit.key}"]), file)
                unit.result.with_suffix(".tmp").rename(unit.result)
            source.unlink()
        else:
            message = (output.strip().splitlines() or ["no message"])[-1]
    except subprocess.TimeoutExpired:
        message = f"no result after {TIMEOUT_S} s"
    out.unlink(missing_ok=True)
    luts.unlink(missing_ok=True)
    return lot, time.monotonic() - start, message


def load(unit):
    """What synthesis made of a unit (see levels.stripped)."""
    with gzip.open(unit.result, "rt") as file:
        return json.load(file)
