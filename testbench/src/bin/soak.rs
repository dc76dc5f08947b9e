// SPDX-License-Identifier: Apache-2.0
//! The differential test, long: random scenarios on the Verilated card for `HEADEND_SECONDS` (default
//! 600) per kind of scenario. Writes what was covered to `docs/results/differential.json`.

use headend_testbench::harness::seeds::{run_seeds, Coverage};
use serde_json::json;
use std::process::ExitCode;
use std::time::Duration;

/// Time for each kind of scenario.
const TIME: Duration = Duration::from_secs(600);
/// Where the result goes, from the root of the repository.
const RESULT: &str = "docs/results/differential.json";

fn main() -> ExitCode {
    let mut rows = vec![];
    for (name, both_ports) in [("one_entrance_at_a_time", false), ("both_ports_at_once", true)] {
        eprintln!("soak: {name} ...");
        match run_seeds(both_ports, TIME) {
            Ok(coverage) => rows.push(row(name, &coverage)),
            Err(mismatch) => {
                eprintln!("soak: {mismatch}");
                return ExitCode::FAILURE;
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

fn row(name: &str, coverage: &Coverage) -> serde_json::Value {
    let total = &coverage.total;
    json!({
        "scenario": name,
        "seeds": coverage.seeds,
        "packets": total.packets,
        "sent": total.sent,
        "to_host": total.to_host,
        "dropped": total.dropped,
        "verdicts": total.verdicts,
        "differences": 0,
        "seconds": coverage.time.as_secs(),
    })
}
