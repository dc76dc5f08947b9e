# SPDX-License-Identifier: Apache-2.0
"""Bits of memory that a security association takes, by field groups, and how many of them fit a board."""

import tomllib

from sources import ROOT

# One UltraRAM holds 4,096 rows of 72 bits, one 36-kbit block RAM 512 of 72.
URAM_ROWS, BRAM_ROWS, ROW_BITS = 4096, 512, 72

# Field group -> fields, by table; what is named in no group is the last one's.
GROUPS = {
    "sa_in": {"key and salt": ["key", "salt"], "powers of H": ["h1", "h2", "h3", "h4", "hfb"], "selector": ["sel"],
              "limits": ["soft_packets", "hard_packets", "soft_bytes", "hard_bytes"], "the rest": []},
    "sa_out": {"key and salt": ["key", "salt"], "powers of H": ["h1", "h2", "h3", "h4", "hfb"],
               "outer header": ["ipv6", "copy_dscp", "df", "copy_df", "udp", "dscp", "no_ecn", "ttl", "spi", "src", "dst", "sport", "dport"],
               "limits and first sequence number": ["seq", "soft_packets", "hard_packets", "soft_bytes", "hard_bytes", "soft_seq"],
               "the rest": []},
    "sa_in_state": {"counters": ["packets", "bytes", "auth_fail", "replay_fail"], "sequence number and flags": []},
    "sa_out_state": {"counters": ["packets", "bytes"], "sequence number and flags": []},
}

TITLES = {"in": "inbound", "out": "outbound"}


def contract():
    """Structs (name -> fields) and sizes of hdl/tables.toml."""
    tables = tomllib.loads((ROOT / "hdl/tables.toml").read_text())
    return {s["name"]: s["fields"] for s in tables["struct"]}, {p["name"]: p["value"] for p in tables["param"]}


def width(structs, fields):
    return sum(f["width"] if "width" in f else width(structs, structs[f["struct"]]) if "struct" in f else 0 for f in fields)


def flat(structs, fields):
    """Fields with those of the key material in place of it; the selector stays one."""
    for field in fields:
        if field.get("struct") == "gcm_key":
            yield from structs["gcm_key"]
        else:
            yield field


def groups(structs, name):
    """Bits of each field group of a table."""
    named = {field: group for group, fields in GROUPS[name].items() for field in fields}
    last = list(GROUPS[name])[-1]
    bits = dict.fromkeys(GROUPS[name], 0)
    for field in flat(structs, structs[name]):
        bits[named.get(field["name"], last)] += width(structs, [field])
    return bits


def per_sa():
    """Bits of each SA by the contract: {"in" and "out": {"tables": {table: {"groups", "bits"}}, "bits"}}."""
    structs, params = contract()
    entries = params["SaHashWays"] * params["SaHashRows"] / params["SaDepth"]
    hash_bits = width(structs, structs["sa_hash"])
    out = {}
    for direction, names in (("in", ["sa_in", "sa_in_state"]), ("out", ["sa_out", "sa_out_state"])):
        tables = {n: {"groups": groups(structs, n), "bits": width(structs, structs[n])} for n in names}
        if direction == "in":
            window = params["ReplayWindowMax"]
            tables["replay window"] = {"groups": {"window": window}, "bits": window}
            bits = round(entries * hash_bits)
            tables["sa_hash"] = {"groups": {f"{entries:g} entries of {hash_bits} bits": bits}, "bits": bits}
        out[direction] = {"tables": tables, "bits": sum(t["bits"] for t in tables.values())}
    return out


def direction_of(module):
    """Whose SA memories a module holds: "in", "out" or None."""
    if module.startswith("sa_out"):
        return "out"
    return "in" if module.startswith(("sa_", "selector_", "replay_")) else None


def built(units):
    """The memories of the RTL with a row, or part of one, for each SA: {"in" and "out": [{"memory", "bits", "rows"}]}, `rows`
    for each SA. `units`: (module, memories as name, bits, rows)."""
    depth = contract()[1]["SaDepth"]
    out = {"in": [], "out": []}
    for module, memories in units:
        direction = direction_of(module)
        for name, bits, rows in memories:
            if direction and rows * 4 >= depth:
                out[direction].append({"memory": f"{module}.{name}", "bits": bits, "rows": rows / depth})
    return out


def urams(memories):
    """UltraRAMs that 4,096 SAs take."""
    return sum(-(-m["bits"] // ROW_BITS) * m["rows"] for m in memories)


def capacity(memories, board, other_uram, other_bram):
    """SAs in each direction that fit a board beside `other_*` memory of the card, in steps of 4,096: all in UltraRAM, and with block
    RAM too. Indices of 16 bits allow 65,536."""
    inbound, outbound = urams(memories["in"]), urams(memories["out"])
    both, free = inbound + outbound, board["URAM"] - other_uram
    steps = int(free // both)
    # What is left holds whole steps too; a row of block RAMs in place of each UltraRAM.
    spare = free - steps * both + (board["BRAM36"] - other_bram) // (URAM_ROWS // BRAM_ROWS)
    fits = {
        "inbound_only": int(free // inbound),
        "each_direction": steps,
        "each_direction_with_bram": steps + int(spare // both),
    }
    return {what: min(number * URAM_ROWS, 1 << 16) for what, number in fits.items()}
