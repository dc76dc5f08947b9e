// SPDX-License-Identifier: Apache-2.0
//! The differential test, long: random scenarios on Verilated cards with one and two pipelines, for
//! `HEADEND_SECONDS` (default 180) per kind of scenario and card, on two processors. Writes what was covered to
//! `docs/results/differential.json`.

use headend_testbench::harness::seeds::{run_seeds, Coverage, Kind};
use headend_testbench::harness::Mismatch;
use serde_json::json;
use std::process::ExitCode;
use std::time::Duration;

/// Time for each kind of scenario.
const TIME: Duration = Duration::from_secs(180);
/// Packets per seed: more than in the test, since setting up a card costs as much as some hundred packets.
const PACKETS: usize = 1000;
/// Threads, each with seeds and cards of its own.
const THREADS: usize = 2;
/// Where the result goes, from the root of the repository.
const RESULT: &str = "docs/results/differential.json";

fn main() -> ExitCode {
    let mut rows = vec![];
    for pipes in [2, 1] {
        for (name, both_ports) in [("one_entrance_at_a_time", false), ("both_ports_at_once", true)] {
            eprintln!("soak: {name}, {pipes} pipelines ...");
            match run(Kind { both_ports, pipes, packets: PACKETS }) {
                Ok(coverage) => rows.push(row(name, pipes, &coverage)),
                Err(mismatch) => {
                    eprintln!("soak: {mismatch}");
                    return ExitCode::FAILURE;
                }
            }
        }
    }
    let text = format!("{:#}\n", json!(rows));
    print!("{text}");
    let written = std::fs::create_dir_all("docs/results").and_then(|()| std::fs::write(RESULT, text));
    match written {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("soak: writing {RESULT}: {error}; run it from the root of the repository");
            ExitCode::FAILURE
        }
    }
}

/// Runs the seeds of one row on all threads.
fn run(kind: Kind) -> Result<Coverage, Mismatch> {
    let worker = |n| move || run_seeds(kind, TIME, (1 + n as u64..).step_by(THREADS));
    let results: Vec<_> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..THREADS).map(|n| scope.spawn(worker(n))).collect();
        workers.into_iter().map(|w| w.join().expect("a worker does not panic")).collect()
    });
    let mut all = Coverage::default();
    for result in results {
        all += result?;
    }
    Ok(all)
}

fn row(name: &str, pipes: usize, coverage: &Coverage) -> serde_json::Value {
    let total = &coverage.total;
    json!({
        "scenario": name,
        "pipelines": pipes,
        "seeds": coverage.seeds,
        "packets": total.packets,
        "sent": total.sent,
        "to_host": total.to_host,
        "dropped": total.dropped,
        "limits_told": total.events,
        "verdicts": total.verdicts,
        "differences": 0,
        "seconds": coverage.time.as_secs(),
    })
}
