# SPDX-License-Identifier: Apache-2.0
"""Rules of the house that no other tool checks.

RTL keeps to the SystemVerilog that Verilator 5.006 and Yosys' own frontend both take, one module in a
file of its name, between `default_nettype none` and `wire`. Every source file names its licence, none
holds a path of somebody's machine or a note to finish it later.
"""

import re
import subprocess
import sys

from sources import ROOT, RTL

# What Yosys' frontend or the house refuses, searched for in text without comments and strings.
FORBIDDEN = [
    (r"\bimport\b", "import: write package::name"),
    (r"\breturn\b", "return: assign to the function's name"),
    (r"\b(interface|modport)\b", "interfaces and modports"),
    (r"\bparameter\s+type\b", "parameter type"),
    (r"'\{", "assignment pattern '{ }: use a concatenation"),
    (r"\{\s*(<<|>>)", "streaming operator"),
    (r"\binside\b", "inside"),
    (r"\b(break|continue)\b", "break and continue"),
    (r"\bforeach\b", "foreach"),
    (r"\b(assert|assume|cover)\s+property\b", "concurrent assertion: use an immediate one"),
    (r"\.(first|last|next|prev|num|name)\s*\(\s*\d*\s*\)\s*(?![\s\w]*[,)])", "enum method"),
    (r"^\s*automatic\b", "automatic variable: only functions and tasks are automatic"),
    (r"\b(input|output|inout)\b[^,;()]*?\w+\s*\[[^\]]*\]\s*(?=[,)]|$)", "unpacked array port"),
    (r"\blocalparam\b[^=;]*?\w+\s*\[[^\]]*\]\s*=", "unpacked localparam: use a packed one, or choose by ifdef YOSYS"),
    (r"\binitial\b[^;]*#", "delay in initial"),
]

SPDX = "SPDX-License-Identifier: Apache-2.0"
SOURCES = re.compile(r"(\.(rs|sv|svh|py|sh|toml|cpp|h|c|S|sby|tcl|xdc)|(^|/)Makefile|(^|/)\.ci/run)$")
UNFINISHED = re.compile(r"\b(" + "|".join(["TO" + "DO", "FIX" + "ME", "X" * 3]) + r")\b")
MACHINE_PATHS = re.compile(r"(?<![\w.])(/work/|/root/|/home/\w+/)")


def strip_comments(text):
    """Blanks comments and strings, keeping line numbers."""
    blank = lambda m: re.sub(r"[^\n]", " ", m.group(0))
    return re.sub(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"', blank, text, flags=re.S)


def seen_by_yosys(text):
    """Blanks what Yosys skips, that is, branches for tools that do not define YOSYS."""
    lines, keep = [], [True]
    for line in text.split("\n"):
        word = re.match(r"\s*`(ifdef|ifndef|else|endif)\b\s*(\w*)", line)
        if word:
            kind, name = word.groups()
            if kind in ("ifdef", "ifndef"):
                keep.append((name == "YOSYS") == (kind == "ifdef"))
            elif kind == "else" and len(keep) > 1:
                keep[-1] = not keep[-1]
            elif kind == "endif" and len(keep) > 1:
                keep.pop()
            line = ""
        lines.append(line if all(keep) else "")
    return "\n".join(lines)


def check_rtl(path, text, complain):
    """Rules for one SystemVerilog file."""
    code = strip_comments(text)
    names = re.findall(r"^\s*(?:module|package)\s+(?:automatic\s+)?(\w+)", code, re.M)
    # A proof may hold stand-ins for modules whose inside it leaves open, under their names.
    proof = path.stem.endswith("_proof")
    if path.stem not in names or (len(names) > 1 and not proof):
        complain(path, 1, f"holds {', '.join(names) or 'no module'}, expected exactly one module named {path.stem}")
    nettypes = re.findall(r"`default_nettype\s+(\w+)", code)
    if nettypes != ["none", "wire"]:
        complain(path, 1, "expected `default_nettype none before the module and `default_nettype wire after it")
    visible = seen_by_yosys(code)
    for pattern, what in FORBIDDEN:
        for match in re.finditer(pattern, visible, re.M):
            complain(path, 1 + visible.count("\n", 0, match.start()), f"not in both tools' SystemVerilog: {what}")
    for number, line in enumerate(text.split("\n"), 1):
        if "\t" in line or line != line.rstrip():
            complain(path, number, "tab or trailing space")


def check_text(path, text, complain):
    """Rules for every text file."""
    name = str(path)
    lines = text.split("\n")
    if SOURCES.search(name) and not any(SPDX in line for line in lines[:3]):
        complain(path, 1, f"expected `{SPDX}` in the first lines")
    for number, line in enumerate(lines, 1):
        if SOURCES.search(name) and UNFINISHED.search(line):
            complain(path, number, "note to finish something later")
        if MACHINE_PATHS.search(line) and path.name != "rules.py":
            complain(path, number, "path of one machine")


def main():
    mistakes = []

    def complain(path, line, what):
        mistakes.append(f"{path}:{line}: {what}")

    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "-z"], cwd=ROOT, capture_output=True, check=True, text=True
    )
    checked = 0
    for name in sorted(filter(None, listed.stdout.split("\0"))):
        full = ROOT / name
        if not full.is_file():
            continue
        data = full.read_bytes()
        if b"\0" in data[:8192]:
            continue
        checked += 1
        path = full.relative_to(ROOT)
        text = data.decode("utf-8", errors="replace")
        check_text(path, text, complain)
        if path.suffix == ".sv" and (RTL in path.parents or "formal" in path.parts):
            check_rtl(path, text, complain)
    print("\n".join(mistakes) if mistakes else f"{checked} files keep the rules")
    return 1 if mistakes else 0


if __name__ == "__main__":
    sys.exit(main())
