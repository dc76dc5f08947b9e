# SPDX-License-Identifier: Apache-2.0
"""Logic levels between registers in netlists of UltraScale+ cells, through any number of units.

A level is a LUT, an F7, F8 or F9 multiplexer, a read of distributed RAM or of a shift register, and a carry chain however long it is;
how many CARRY8 cells the path has is counted beside it. Paths begin at clock-to-output of flip-flops and memories and end at data,
enable, reset, address and write ports of them. Inverters count as the LUT that they would take.

The unit is the netlist between two hierarchy borders. A unit is characterized once, by the levels from inside it to each output bit, from each input
bit to what lies inside, and from input bits to output bits; its users see only these.
"""

import re
from collections import defaultdict

LUTS = {"LUT1", "LUT2", "LUT3", "LUT4", "LUT5", "LUT6", "INV"}
MUXES = {"MUXF7", "MUXF8", "MUXF9"}
CARRIES = {"CARRY4", "CARRY8"}
FLIP_FLOPS = {"FDRE", "FDSE", "FDCE", "FDPE"}
SHIFT_REGISTERS = {"SRL16E", "SRLC16E", "SRLC32E"}
BLOCK_RAMS = {"RAMB18E2", "RAMB36E2", "URAM288", "URAM288_BASE", "DSP48E2"}
CLOCKS = {"C", "CLK", "WCLK", "CLKARDCLK", "CLKBWRCLK"}


def stripped(module):
    """What is kept of a module of `write_json`: ports, cells, and a name for each bit that has one."""
    names = {}
    # Short public names win, and generated ones come last.
    order = sorted(module["netnames"].items(), key=lambda item: (item[1].get("hide_name", 0), len(item[0])), reverse=True)
    for name, net in order:
        for index, bit in enumerate(net["bits"]):
            if isinstance(bit, int):
                names[bit] = f"{name}[{index}]" if len(net["bits"]) > 1 else name
    cells = [[name, cell["type"], cell["connections"]] for name, cell in module["cells"].items() if cell["type"] != "$scopeinfo"]
    directions = {}
    for cell in module["cells"].values():
        directions.setdefault(cell["type"], cell.get("port_directions", {}))
    driven = {bit for _, kind, ports in cells for port, bits in ports.items() if directions[kind].get(port) != "input" for bit in bits}
    return {
        "ports": {name: [port["direction"], port["bits"]] for name, port in module["ports"].items()},
        "cells": cells,
        "names": {bit: name for bit, name in names.items() if bit in driven},
        "directions": directions,
    }


def counts(netlist):
    """Cells of a stripped netlist by type, without units."""
    number = defaultdict(int)
    for _, kind, _ in netlist["cells"]:
        if "__" not in kind and kind not in ("GND", "VCC", "$scopeinfo"):
            number[kind] += 1
    return dict(number)


def register_of(name):
    """The register that a bit belongs to."""
    return re.sub(r"\[\d+\]$", "", name)


class Timing:
    """Levels through one unit.

    `starts`: output bit -> (levels, carry cells, where from) of the longest path from inside
    `ends`: input bit -> (levels, carry cells, where to) of the longest path to inside
    `through`: output bit -> {input bit: (levels, carry cells)}
    `registers`: register or memory -> (levels, carry cells, where from) of the longest path that ends in it
    Bits are (port name, index).
    """

    def __init__(self, netlist, child, top=False):
        """`child`: instance name -> Timing of it. `top`: ports count as registers."""
        self.child, self.top = child, top
        self.names = {int(bit): name for bit, name in netlist["names"].items()}
        self.fanin = defaultdict(list)  # bit -> [(bit, levels, carry cells)]
        self.start = {}  # bit -> (levels, carry cells, name)
        self.end = defaultdict(list)  # bit -> [(levels, carry cells, name)]
        self.inputs, self.outputs = {}, {}
        for name, (direction, bits) in netlist["ports"].items():
            for index, bit in enumerate(bits):
                if isinstance(bit, int):
                    (self.inputs if direction == "input" else self.outputs).setdefault(bit, []).append((name, index))
        for name, kind, ports in netlist["cells"]:
            self.add_cell(name, kind, ports, netlist["directions"][kind])
        if top:
            for bit, where in self.inputs.items():
                self.start.setdefault(bit, (0, 0, where[0][0]))
            for bit, where in self.outputs.items():
                self.end[bit].append((0, 0, where[0][0]))
        order = self.topological()
        self.measure(order)

    def name_of(self, bits, fallback):
        for bit in bits:
            if bit in self.names:
                return register_of(self.names[bit])
        return fallback

    def add_cell(self, name, kind, ports, directions):
        ports = {p: [b for b in bits if isinstance(b, int)] for p, bits in ports.items()}
        ins = {p: bits for p, bits in ports.items() if directions.get(p) == "input" and p not in CLOCKS}
        outs = {p: bits for p, bits in ports.items() if directions.get(p) == "output"}
        if name in self.child:
            self.add_child(name, self.child[name], ports)
        elif kind in LUTS or kind in MUXES:
            self.arcs(ins.values(), outs.values(), 1, 0)
        elif kind in CARRIES:
            self.arcs([bits for p, bits in ins.items() if p != "CI"], outs.values(), 1, 1)
            self.arcs([ins.get("CI", [])], outs.values(), 0, 1)
        elif kind in FLIP_FLOPS:
            register = self.name_of(outs["Q"], name)
            self.sequential(ins.values(), outs.values(), register)
        elif kind in SHIFT_REGISTERS:
            memory = self.name_of([b for bits in outs.values() for b in bits], name)
            self.arcs([bits for p, bits in ins.items() if p.startswith("A")], outs.values(), 1, 0)
            self.sequential([bits for p, bits in ins.items() if not p.startswith("A")], outs.values(), memory)
        elif re.match(r"RAM\d+[XM]", kind):
            self.add_distributed_ram(name, ins, outs)
        elif kind in BLOCK_RAMS:
            self.sequential(ins.values(), outs.values(), memory_name(name))
        elif kind not in ("GND", "VCC", "$scopeinfo"):
            raise ValueError(f"cell {name} of unknown type {kind}")

    def add_distributed_ram(self, name, ins, outs):
        """Reads are logic, writes are synchronous."""
        for port, bits in outs.items():
            # DOA reads at ADDRA, DOH at ADDRH, DPO at DPRA, SPO and O at A; single letters before a number are address bits.
            letter = port[2:3] if port.startswith("DO") else ""
            reads = [b for p, b in ins.items() if (p == f"ADDR{letter}" if letter else re.fullmatch(r"(DPRA|A)\d*", p))]
            self.arcs(reads, [bits], 1, 0)
        self.sequential(ins.values(), outs.values(), memory_name(name), reads_logic=True)

    def add_child(self, name, timing, ports):
        of = lambda where: ports[where[0]][where[1]] if len(ports.get(where[0], [])) > where[1] else None
        for where, (levels, carry, origin) in timing.starts.items():
            bit = of(where)
            if bit is not None:
                self.start[bit] = (levels, carry, f"{name}.{origin}")
        for where, (levels, carry, target) in timing.ends.items():
            bit = of(where)
            if bit is not None:
                self.end[bit].append((levels, carry, f"{name}.{target}"))
        for where, sources in timing.through.items():
            bit = of(where)
            for source, (levels, carry) in sources.items():
                if bit is not None and of(source) is not None:
                    self.fanin[bit].append((of(source), levels, carry))

    def arcs(self, ins, outs, levels, carry):
        sources = [bit for bits in ins for bit in bits]
        for bits in outs:
            for bit in bits:
                self.fanin[bit] += [(source, levels, carry) for source in sources]

    def sequential(self, ins, outs, name, reads_logic=False):
        for bits in outs:
            for bit in bits:
                self.start[bit] = (1 if reads_logic else 0, 0, name)
        for bits in ins:
            for bit in bits:
                self.end[bit].append((0, 0, name))

    def topological(self):
        """Bits so that those that a bit depends on come before it."""
        waiting = {bit: len(sources) for bit, sources in self.fanin.items()}
        users = defaultdict(list)
        bits = set(self.start) | set(self.inputs) | set(self.end) | set(self.outputs)
        for bit, sources in self.fanin.items():
            for source, _, _ in sources:
                users[source].append(bit)
                bits.add(source)
        self.users = users
        order = [bit for bit in bits if not waiting.get(bit)]
        for bit in order:
            for user in users[bit]:
                waiting[user] -= 1
                if waiting[user] == 0:
                    order.append(user)
        stuck = [bit for bit, count in waiting.items() if count > 0]
        if stuck:
            raise ValueError(f"combinational loop through {self.names.get(stuck[0], stuck[0])}")
        return order

    def measure(self, order):
        # Longest path from inside to each bit.
        arrival = {}
        for bit in order:
            best = self.start.get(bit)
            for source, levels, carry in self.fanin.get(bit, ()):
                if source in arrival:
                    at, cells, name = arrival[source]
                    if best is None or (at + levels, cells + carry) > best[:2]:
                        best = (at + levels, cells + carry, name)
            if best is not None:
                arrival[bit] = best
        # Longest path from each bit to inside.
        rest = {}
        for bit in reversed(order):
            best = max(self.end.get(bit, ()), default=None)
            for user in self.users.get(bit, ()):
                if user in rest:
                    for source, levels, carry in self.fanin[user]:
                        if source == bit:
                            at, cells, name = rest[user]
                            if best is None or (at + levels, cells + carry) > best[:2]:
                                best = (at + levels, cells + carry, name)
            if best is not None:
                rest[bit] = best
        self.registers = {}
        for bit, targets in self.end.items():
            if bit in arrival:
                at, cells, origin = arrival[bit]
                for levels, carry, name in targets:
                    found = (at + levels, cells + carry, origin)
                    if name not in self.registers or found[:2] > self.registers[name][:2]:
                        self.registers[name] = found
        self.starts = {w: arrival[bit] for bit, where in self.outputs.items() if bit in arrival for w in where}
        self.ends = {w: rest[bit] for bit, where in self.inputs.items() if bit in rest for w in where}
        self.through = self.passages(order)
        del self.fanin, self.users, self.start, self.end, self.names, self.child

    def passages(self, order):
        """Paths from inputs to outputs without a register."""
        to_output = set()
        for bit in reversed(order):
            if bit in self.outputs or any(user in to_output for user in self.users.get(bit, ())):
                to_output.add(bit)
        reach = {}
        for bit in order:
            if bit not in to_output:
                continue
            found = {where: (0, 0) for where in self.inputs.get(bit, ())}
            for source, levels, carry in self.fanin.get(bit, ()):
                for where, (at, cells) in reach.get(source, {}).items():
                    found[where] = max(found.get(where, (-1, 0)), (at + levels, cells + carry))
            if found:
                reach[bit] = found
        return {w: reach[bit] for bit, where in self.outputs.items() if bit in reach for w in where}


def memory_name(name):
    """The memory that a RAM cell is a part of: Yosys adds column and row numbers."""
    return re.sub(r"(\.\d+)+$", "", name)
