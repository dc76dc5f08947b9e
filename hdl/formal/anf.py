# SPDX-License-Identifier: Apache-2.0
"""Proof that gf128_mul is the product of NIST SP 800-38D, 6.3, and gcm_pkg::gf_square its diagonal.

SAT solvers fail on XOR networks of this size, but every net of the multiplier is a sum over GF(2) of constants, bits
of a, bits of b and products of one of each, and that form is unique. So the netlist (from Yosys) is simulated cycle by
cycle with such sums for values and the outputs are compared with the sums that the standard's Algorithm 1 gives: a
proof for all 2^256 operands, over the full width. Operands stand in one cycle only; every other cycle's inputs are
POISON, which spoils what it is added to or multiplied with, so the result is also shown to depend on nothing else.
"""

import itertools

WIDTH = 128
POISON = object()
ZERO = (0, 0, 0, 0)
ONE = (1, 0, 0, 0)
# A value: constant, bits of a, bits of b, products (bit 128 i + j is a_i b_j).

GATES = {"$_NOT_", "$_AND_", "$_OR_", "$_XOR_", "$_XNOR_", "$_ANDNOT_", "$_ORNOT_", "$_MUX_", "$_NAND_", "$_NOR_"}


class Unprovable(Exception):
    """The netlist is not of the form that this proof knows."""


def add(x, y):
    if x is POISON or y is POISON:
        return POISON
    return tuple(p ^ q for p, q in zip(x, y))


def multiply(x, y):
    if x == ZERO or y == ZERO:
        return ZERO
    if x is POISON or y is POISON:
        return POISON
    if x == ONE:
        return y
    if y == ONE:
        return x
    if x[2] or y[1]:
        x, y = y, x
    if x[0] or x[2] or x[3] or y[0] or y[1] or y[3]:
        raise Unprovable("a product that is not (bits of a) times (bits of b)")
    products, bits, row = 0, x[1], y[2]
    while bits:
        low = bits & -bits
        products |= row << (WIDTH * (low.bit_length() - 1))
        bits ^= low
    return (0, 0, 0, products)


def gate(kind, pin):
    a = pin["A"]
    if kind == "$_NOT_":
        return add(a, ONE)
    b = pin["B"]
    if kind == "$_MUX_":
        return add(a, multiply(pin["S"], add(a, b)))
    if kind in ("$_XOR_", "$_XNOR_"):
        return add(add(a, b), ONE if kind == "$_XNOR_" else ZERO)
    if kind in ("$_ANDNOT_", "$_ORNOT_"):
        b = add(b, ONE)
    if kind in ("$_AND_", "$_ANDNOT_", "$_NAND_"):
        value = multiply(a, b)
    else:
        value = add(add(a, b), multiply(a, b))
    return add(value, ONE) if kind in ("$_NAND_", "$_NOR_") else value


class Netlist:
    """A flat module of single-bit gates and flip-flops, as Yosys writes it in JSON."""

    def __init__(self, module):
        self.ports = module["ports"]
        self.gates, self.flops, driver = {}, {}, {}
        for name, cell in module["cells"].items():
            kind = cell["type"]
            pins = {pin: bits[0] for pin, bits in cell["connections"].items()}
            if kind in GATES:
                self.gates[name] = (kind, {p: n for p, n in pins.items() if p != "Y"}, pins["Y"])
                driver[pins["Y"]] = name
            elif kind.startswith(("$_DFF_P_", "$_DFFE_P", "$_SDFF_P")):
                self.flops[pins["Q"]] = (kind, pins)
            else:
                raise Unprovable(f"cell {kind}")
        self.order = self.sort(driver)

    def sort(self, driver):
        order, state = [], {}
        for root in self.gates:
            stack = [root]
            while stack:
                name = stack[-1]
                if name not in state:
                    state[name] = "open"
                    stack += [driver[n] for n in self.gates[name][1].values() if n in driver and driver[n] not in state]
                else:
                    stack.pop()
                    if state[name] == "open":
                        state[name] = "done"
                        order.append(name)
        return order

    def bits(self, port):
        return self.ports[port]["bits"]

    def settle(self, inputs, flops):
        """Values of all nets in one cycle."""
        nets = {"0": ZERO, "1": ONE, **flops}
        for port, values in inputs.items():
            nets.update(zip(self.bits(port), values))
        for name in self.order:
            kind, pins, out = self.gates[name]
            nets[out] = gate(kind, {p: nets.get(n, POISON) for p, n in pins.items()})
        return nets

    def clock(self, nets):
        """Values of all flip-flops after the clock edge."""
        after = {}
        for q, (kind, pins) in self.flops.items():
            value = nets.get(pins["D"], POISON)
            if kind.startswith("$_DFFE_P"):
                enable = nets.get(pins["E"], POISON)
                if enable is POISON:
                    value = POISON
                elif enable not in (ZERO, ONE):
                    raise Unprovable("a clock enable that is not control")
                elif (enable == ONE) != kind.startswith("$_DFFE_PP"):
                    value = nets[q]
            elif kind.startswith("$_SDFF_P"):
                reset = nets.get(pins["R"], POISON)
                if reset not in (ZERO, ONE):
                    raise Unprovable("a reset that is not control")
                if (reset == ONE) == (kind[len("$_SDFF_P")] == "P"):
                    value = ONE if kind[len("$_SDFF_PP")] == "1" else ZERO
            after[q] = value
        return after


def symbols():
    a = [(0, 1 << i, 0, 0) for i in range(WIDTH)]
    b = [(0, 0, 1 << i, 0) for i in range(WIDTH)]
    return a, b


def standard_product(a, b):
    """Algorithm 1 of SP 800-38D: bit WIDTH - 1 of a block is the coefficient of x^0."""
    z = [ZERO] * WIDTH
    v = list(b)
    r = 0xE1 << 120
    for i in range(WIDTH - 1, -1, -1):
        z = [add(z[k], multiply(a[i], v[k])) for k in range(WIDTH)]
        lsb = v[0]
        v = [add(v[k + 1] if k + 1 < WIDTH else ZERO, lsb if r >> k & 1 else ZERO) for k in range(WIDTH)]
    return z


def prove_multiplier(module, latency=3):
    """Checks every pattern of valid operands around one product; returns the number of patterns."""
    netlist = Netlist(module)
    a, b = symbols()
    expected = standard_product(a, b)
    spoiled = [POISON] * WIDTH
    patterns = list(itertools.product((ZERO, ONE), repeat=latency + 1))
    for pattern in patterns:
        # Reset, one cycle before the operands, the operands, then `latency` cycles.
        flops = {q: POISON for q in netlist.flops}
        valids = [pattern[0], ONE] + list(pattern[1:])
        flops = netlist.clock(netlist.settle(inputs(ZERO, ZERO, spoiled, spoiled), flops))
        for cycle, valid in enumerate(valids):
            mine = cycle == 1
            now = inputs(ONE, valid, a if mine else spoiled, b if mine else spoiled)
            nets = netlist.settle(now, flops)
            flops = netlist.clock(nets)
            if cycle == 1 + latency:
                if [nets[n] for n in netlist.bits("valid_o")] != [ONE]:
                    return "valid_o is not 1"
                for k, net in enumerate(netlist.bits("p_o")):
                    if nets.get(net, POISON) != expected[k]:
                        return f"bit {k} of the product is wrong"
            elif cycle == 0 and nets[netlist.bits("valid_o")[0]] != ZERO:
                return "valid_o is 1 after reset"
    return ""


def inputs(reset_n, valid, a, b):
    return {"rst_ni": [reset_n], "valid_i": [valid], "a_i": a, "b_i": b}


def prove_square(module):
    """gf_square is linear: the square of each basis element, and of sums by additivity, is the product's diagonal."""
    netlist = Netlist(module)
    a, b = symbols()
    nets = netlist.settle({"x_i": a}, {})
    product = standard_product(a, b)
    for k, net in enumerate(netlist.bits("p_o")):
        # a_i a_j + a_j a_i cancels, a_i a_i is a_i: bit i of the square is the coefficient of a_i b_i.
        table = product[k][3]
        for i in range(WIDTH):
            for j in range(i):
                if (table >> (WIDTH * i + j) ^ table >> (WIDTH * j + i)) & 1:
                    return "the product is not commutative"
        diagonal = sum((table >> (WIDTH * i + i) & 1) << i for i in range(WIDTH))
        if nets.get(net, POISON) != (0, diagonal, 0, 0):
            return f"bit {k} of the square is wrong"
    return ""
