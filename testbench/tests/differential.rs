// SPDX-License-Identifier: Apache-2.0
//! Random tables and traffic on the Verilated card, every packet held against the reference model.
//!
//! See `headend_testbench::harness::seeds` for the variables that choose seeds and sizes.

use headend_testbench::harness::seeds::run_seeds;
use std::time::Duration;

/// Time of each test unless `HEADEND_SECONDS` says otherwise.
const TIME: Duration = Duration::from_secs(30);

fn check(both_ports: bool) {
    match run_seeds(both_ports, TIME) {
        Ok(coverage) => println!("{coverage:?}"),
        Err(mismatch) => panic!("{mismatch}"),
    }
}

#[test]
fn one_entrance_at_a_time() {
    check(false);
}

#[test]
fn both_ports_at_once() {
    check(true);
}
