// SPDX-License-Identifier: Apache-2.0
//! Random tables and traffic on the Verilated card, every packet held against the reference model.
//!
//! | variable | meaning | default |
//! | --- | --- | --- |
//! | `HEADEND_SEED` | run only this seed | seeds from 1 on |
//! | `HEADEND_SECONDS` | go on with further seeds for so long, per test | 20 |
//! | `HEADEND_PACKETS` | packets per seed | 250 |
//! | `HEADEND_SIZE` | largest inner packet in bytes | 1500, every fourth seed 9000 |

use headend_testbench::harness::{run, Mismatch, SimulatedCard, Summary};
use headend_testbench::traffic::{Profile, Scenario};
use std::str::FromStr;
use std::time::{Duration, Instant};

/// A variable of the environment, if set.
fn variable<T: FromStr>(name: &str) -> Option<T> {
    let text = std::env::var(name).ok()?;
    match text.parse() {
        Ok(value) => Some(value),
        Err(_) => panic!("{name}={text}: expected a number"),
    }
}

/// The profile of a seed.
fn profile(seed: u64, both_ports: bool) -> Profile {
    let usual = if seed.is_multiple_of(4) { 9000 } else { 1500 };
    Profile {
        packets: variable("HEADEND_PACKETS").unwrap_or(250),
        max_inner: variable("HEADEND_SIZE").unwrap_or(usual),
        both_ports,
    }
}

fn run_seed(seed: u64, both_ports: bool) -> Result<Summary, Mismatch> {
    let scenario = Scenario::random(seed, profile(seed, both_ports));
    let mut card = SimulatedCard::new().expect("the simulated card starts");
    // Small batches leave the pipeline empty often, large ones fill its queues.
    let batch = [2_000, 8_000, 16_000][seed as usize % 3];
    run(&mut card, &scenario, batch)
}

/// Runs seeds until the time is up; the first difference ends the test.
fn run_seeds(test: &str, both_ports: bool) {
    let only: Option<u64> = variable("HEADEND_SEED");
    let time = Duration::from_secs(variable("HEADEND_SECONDS").unwrap_or(20));
    let start = Instant::now();
    let mut total = Summary::default();
    let mut seed = only.unwrap_or(1);
    loop {
        match run_seed(seed, both_ports) {
            Ok(summary) => total += summary,
            Err(mismatch) => {
                let Profile { packets, max_inner, .. } = profile(seed, both_ports);
                panic!(
                    "{mismatch}\n\nRun it again with:\n  HEADEND_SEED={seed} HEADEND_PACKETS={packets} \
                     HEADEND_SIZE={max_inner} cargo test -p headend-testbench --test differential {test}\n"
                );
            }
        }
        if only.is_some() || start.elapsed() > time {
            break;
        }
        seed += 1;
    }
    println!("{test}: seeds up to {seed}, {total:?} in {:.0} s", start.elapsed().as_secs_f64());
}

#[test]
fn one_entrance_at_a_time() {
    run_seeds("one_entrance_at_a_time", false);
}

#[test]
fn both_ports_at_once() {
    run_seeds("both_ports_at_once", true);
}
