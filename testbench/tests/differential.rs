// SPDX-License-Identifier: Apache-2.0
//! Random tables and traffic on the Verilated card, every packet held against the reference model.
//!
//! See `headend_testbench::harness::seeds` for the variables that choose seeds and sizes.

use headend_testbench::harness::seeds::{run_seeds, Kind};
use std::time::Duration;

/// Time of each test unless `HEADEND_SECONDS` says otherwise.
const TIME: Duration = Duration::from_secs(20);

fn check(both_ports: bool, pipes: usize) {
    match run_seeds(Kind { both_ports, pipes, packets: 250 }, TIME, 1..) {
        Ok(coverage) => println!("{coverage:?}"),
        Err(mismatch) => panic!("{mismatch}"),
    }
}

#[test]
fn one_entrance_at_a_time_one_pipeline() {
    check(false, 1);
}

#[test]
fn one_entrance_at_a_time_two_pipelines() {
    check(false, 2);
}

#[test]
fn both_ports_at_once_one_pipeline() {
    check(true, 1);
}

#[test]
fn both_ports_at_once_two_pipelines() {
    check(true, 2);
}
