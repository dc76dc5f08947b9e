// SPDX-License-Identifier: Apache-2.0
//! What the differential test and the long run share: the scenario of a seed, and how to run it again.
//!
//! | variable | meaning | default |
//! | --- | --- | --- |
//! | `HEADEND_SEED` | run only this seed | seeds from 1 on |
//! | `HEADEND_SECONDS` | go on with further seeds for so long | given by the caller |
//! | `HEADEND_PACKETS` | packets per seed | given by the caller |
//! | `HEADEND_SIZE` | largest inner packet in bytes | 1500, every fourth seed 9202: a frame of the largest size |

use super::{run, Mismatch, SimulatedCard, Summary};
use crate::traffic::{Profile, Scenario};
use headend_regs::param;
use std::str::FromStr;
use std::time::{Duration, Instant};

/// Most bytes under way at once, by seed: small batches leave the pipeline empty often, large ones fill
/// its queues.
const BATCH_BYTES: [usize; 3] = [2_000, 8_000, 16_000];

/// A number from the environment, if set.
///
/// # Panics
/// It is not a number.
pub fn variable<T: FromStr>(name: &str) -> Option<T> {
    let text = std::env::var(name).ok()?;
    match text.parse() {
        Ok(value) => Some(value),
        Err(_) => panic!("{name}={text}: expected a number"),
    }
}

/// A kind of run.
#[derive(Clone, Copy, Debug)]
pub struct Kind {
    /// Both ports run at once, each with state of its own; else one entrance at a time.
    pub both_ports: bool,
    /// Pipelines of the card.
    pub pipes: usize,
    /// Packets per seed.
    pub packets: usize,
}

impl Kind {
    /// The shape of a seed's scenario.
    fn profile(self, seed: u64) -> Profile {
        let usual = if seed.is_multiple_of(4) { param::MAX_FRAME_BYTES - 14 } else { 1500 };
        Profile {
            packets: variable("HEADEND_PACKETS").unwrap_or(self.packets),
            max_inner: variable("HEADEND_SIZE").unwrap_or(usual),
            both_ports: self.both_ports,
        }
    }

    /// The test that runs seeds of this kind.
    fn test(self) -> String {
        let entrances = if self.both_ports { "both_ports_at_once" } else { "one_entrance_at_a_time" };
        format!("{entrances}_{}", if self.pipes == 1 { "one_pipeline" } else { "two_pipelines" })
    }
}

/// Runs one seed on a fresh card.
///
/// # Errors
/// The first difference, with the command that runs the seed again.
///
/// # Panics
/// The simulated card does not start.
pub fn run_seed(seed: u64, kind: Kind) -> Result<Summary, Mismatch> {
    let profile = kind.profile(seed);
    let scenario = Scenario::random(seed, profile);
    let mut card = SimulatedCard::with_pipes(kind.pipes).expect("the simulated card starts");
    let batch = BATCH_BYTES[seed as usize % BATCH_BYTES.len()];
    run(&mut card, &scenario, batch).map_err(|mismatch| {
        mismatch.with_note(format!(
            "\nRun it again with:\n  HEADEND_SEED={seed} HEADEND_PACKETS={} HEADEND_SIZE={} \
             cargo test -p headend-testbench --test differential {}\n",
            profile.packets,
            profile.max_inner,
            kind.test()
        ))
    })
}

/// What a run over many seeds covered.
#[derive(Clone, Debug, Default)]
pub struct Coverage {
    /// Seeds run.
    pub seeds: u64,
    /// Packets and verdicts.
    pub total: Summary,
    /// How long it took.
    pub time: Duration,
}

impl std::ops::AddAssign for Coverage {
    /// What two runs at the same time covered.
    fn add_assign(&mut self, other: Coverage) {
        self.seeds += other.seeds;
        self.total += other.total;
        self.time = self.time.max(other.time);
    }
}

/// Runs every seed of `seeds` in turn for about `time` (`HEADEND_SECONDS` overrides it), or only `HEADEND_SEED`.
///
/// # Errors
/// The first difference.
pub fn run_seeds(kind: Kind, time: Duration, seeds: impl Iterator<Item = u64>) -> Result<Coverage, Mismatch> {
    let time = variable("HEADEND_SECONDS").map_or(time, Duration::from_secs);
    let only: Option<u64> = variable("HEADEND_SEED");
    let start = Instant::now();
    let mut coverage = Coverage::default();
    for seed in seeds {
        coverage.seeds += 1;
        coverage.total += run_seed(only.unwrap_or(seed), kind)?;
        coverage.time = start.elapsed();
        if only.is_some() || coverage.time > time {
            break;
        }
    }
    Ok(coverage)
}
