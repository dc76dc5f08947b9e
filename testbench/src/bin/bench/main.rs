// SPDX-License-Identifier: Apache-2.0
//! Speed of the simulation (`target/bench/sim.json`) and of the data path (`target/bench/datapath.json`, other forms of
//! ESP in `target/bench/forms.json`). Fails when ESP does not fill 100GbE in some row, or takes too long.
//!
//! `bench datapath` leaves out the speed of the simulation. Run from the root of the repository after building `headend-card` in the same profile; `make bench` does
//! both. Wall-clock figures mean something on an idle machine only.

mod datapath;
mod simulation;
mod traffic;

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Folder of the results.
const RESULTS: &str = "target/bench";

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    std::fs::create_dir_all(RESULTS)?;
    match std::env::args().nth(1).as_deref() {
        None => {
            // Building first, so that the model the other figures need is in the ordinary cache.
            let build_seconds = simulation::build_seconds(&program("headend-card")?)?;
            let shortfalls = datapath()?;
            speed(build_seconds)?;
            judge(&shortfalls)
        }
        Some("datapath") => judge(&datapath()?),
        Some(other) => Err(format!("{other}: expected nothing (everything) or datapath").into()),
    }
}

/// Measures the data path; returns the rows that fall short.
fn datapath() -> Result<Vec<String>, Box<dyn Error>> {
    let mut rows = datapath::measure()?;
    write("datapath.json", &serde_json::Value::Array(rows.clone()))?;
    let forms = datapath::measure_forms()?;
    write("forms.json", &serde_json::Value::Array(forms.clone()))?;
    rows.extend(forms);
    Ok(datapath::shortfalls(&rows))
}

/// Measures the simulation.
fn speed(build_seconds: f64) -> Result<(), Box<dyn Error>> {
    let (cycles_per_second, packets_per_second) = simulation::loaded_speed(2)?;
    let (cycles_one_pipe, packets_one_pipe) = simulation::loaded_speed(1)?;
    let idle_cpu_percent = simulation::idle_cpu_percent(&program("headend-card")?)?;
    let sim = serde_json::json!({
        "cycles_per_second": cycles_per_second.round(),
        "idle_cpu_percent": (idle_cpu_percent * 100.0).round() / 100.0,
        "packets_per_second_1400": packets_per_second.round(),
        "cycles_per_second_one_pipe": cycles_one_pipe.round(),
        "packets_per_second_1400_one_pipe": packets_one_pipe.round(),
        "build_seconds": (build_seconds * 10.0).round() / 10.0,
    });
    write("sim.json", &sim)?;
    println!("{sim:#}");
    Ok(())
}

fn judge(shortfalls: &[String]) -> Result<(), Box<dyn Error>> {
    match shortfalls {
        [] => Ok(()),
        rows => Err(format!("{} rows fall short:\n{}", rows.len(), rows.join("\n")).into()),
    }
}

/// A program built beside this one.
fn program(name: &str) -> Result<PathBuf, Box<dyn Error>> {
    let path = std::env::current_exe()?.with_file_name(name);
    match path.exists() {
        true => Ok(path),
        false => Err(format!("{} is missing: build it first (make bench does)", path.display()).into()),
    }
}

fn write(name: &str, value: &serde_json::Value) -> Result<(), Box<dyn Error>> {
    let path = Path::new(RESULTS).join(name);
    std::fs::write(&path, format!("{value:#}\n")).map_err(|e| format!("writing {}: {e}", path.display()))?;
    eprintln!("bench: wrote {}", path.display());
    Ok(())
}
