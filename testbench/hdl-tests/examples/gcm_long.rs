// SPDX-License-Identifier: Apache-2.0
//! The long run: random packets through both engines against the `aes-gcm` crate, with changing stalls.
//!
//! `cargo run --release -p headend-hdl-tests --example gcm_long -- [PACKETS [SEED]]`, one million packets by default.
//! A failure names the batch's seed; `gcm_long 2000 SEED` repeats that batch alone.

#[path = "../tests/gcm_common/mod.rs"]
mod gcm_common;

use gcm_common::{engine, Engine, Keys};
use headend_hdl_tests::Rng;
use std::time::Instant;

/// Packets from one seed.
const BATCH: u64 = 2000;

/// Sends one batch and gives its cycles.
fn batch(encrypt: bool, seed: u64, packets: u64) -> u64 {
    let mut rng = Rng::new(seed);
    let keys = Keys::new(&mut rng, 64);
    let stalls = match rng.below(3) {
        0 => [0; 3],
        1 => [rng.below(50) as u32, 0, 0],
        _ => [0, 0, 0].map(|_: u32| rng.below(90) as u32),
    };
    let mut engine = Engine::new(&engine(encrypt, false), 10_000_000, stalls);
    (0..packets).for_each(|_| engine.push(keys.random_job(&mut rng, encrypt)));
    engine.finish();
    engine.bench.cycles()
}

fn main() {
    let mut args = std::env::args().skip(1).map(|a| a.parse::<u64>().expect("PACKETS and SEED are numbers"));
    let packets = args.next().unwrap_or(1_000_000);
    let first_seed = args.next().unwrap_or(1);
    let start = Instant::now();
    let (mut done, mut cycles) = (0, 0);
    for number in 0.. {
        if done >= packets {
            break;
        }
        let (seed, encrypt) = (first_seed + number, number % 2 == first_seed % 2);
        let count = BATCH.min(packets - done);
        println!("seed {seed}: {count} packets, {}", if encrypt { "encrypt" } else { "decrypt" });
        cycles += batch(encrypt, seed, count);
        done += count;
    }
    let seconds = start.elapsed().as_secs_f64();
    println!("{done} packets equal to the oracle in {cycles} cycles, {seconds:.0} s");
}
