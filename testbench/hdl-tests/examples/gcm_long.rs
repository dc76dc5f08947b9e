// SPDX-License-Identifier: Apache-2.0
//! The long run: random packets through both directions of the engine against the `aes-gcm` crate, with changing stalls,
//! then packets of every length from 0 to 9,216 bytes. The figures go to `docs/results/gcm_long.json`.
//!
//! `cargo run --release -p headend-hdl-tests --example gcm_long -- [PACKETS [SEED]]`, one million packets by default.
//! A failure names the batch's seed; `gcm_long 2000 SEED` repeats that batch (and the lengths). Only a run of at least a
//! million packets writes its figures.

#[path = "../tests/gcm_common/mod.rs"]
mod gcm_common;

use gcm_common::{engine, Engine, Job, Keys};
use headend_hdl_tests::Rng;
use std::time::Instant;

/// Packets from one seed.
const BATCH: u64 = 2000;

/// Longest payload.
const MAX_LEN: usize = 9216;

/// Fewest packets of a run whose figures are kept.
const KEPT: u64 = 1_000_000;

/// What was sent.
#[derive(Debug, Default)]
struct Figures {
    packets: u64,
    encrypted: u64,
    bypassed: u64,
    aes256: u64,
    aad12: u64,
    icv: [u64; 3],
    key_changes: u64,
    bytes: u64,
    cycles: u64,
    lengths: Vec<bool>,
    last_key: [u8; 32],
}

impl Figures {
    /// Counts a packet.
    fn count(&mut self, job: &Job, encrypt: bool) {
        self.packets += 1;
        self.bytes += job.input.len() as u64;
        if !job.ctx.crypt {
            self.bypassed += 1;
            return;
        }
        self.encrypted += u64::from(encrypt);
        self.aes256 += u64::from(job.ctx.gcm.aes256);
        self.aad12 += u64::from(job.ctx.aad12);
        self.icv[usize::from(job.ctx.gcm.icv_len) / 4 - 2] += 1;
        self.key_changes += u64::from(self.last_key != job.ctx.gcm.key);
        self.last_key = job.ctx.gcm.key;
        self.lengths.resize(MAX_LEN + 1, false);
        self.lengths[usize::from(job.ctx.len)] = true;
    }
}

/// Pauses of source, sink and tags, in percent: none, at one of them, or at all.
fn stalls(rng: &mut Rng) -> [u32; 3] {
    match rng.below(4) {
        0 => [0; 3],
        1 => [rng.below(50) as u32, 0, 0],
        _ => [0; 3].map(|_: u32| rng.below(90) as u32),
    }
}

/// Length of a payload: short ones more often.
fn length(rng: &mut Rng) -> usize {
    match rng.below(20) {
        0 => rng.range(0, MAX_LEN as u64) as usize,
        1..=3 => rng.range(0, 1500) as usize,
        _ => rng.range(0, 300) as usize,
    }
}

/// Runs `jobs` through an engine and compares what comes out.
fn run(encrypt: bool, stalls: [u32; 3], jobs: Vec<Job>, figures: &mut Figures) {
    let mut engine = Engine::new(&engine(encrypt, false), 10_000_000, stalls);
    for job in jobs {
        figures.count(&job, encrypt);
        engine.push(job);
    }
    engine.finish();
    figures.cycles += engine.bench.cycles();
}

/// One batch: a new key for every packet, or 64 keys in turn at random.
fn batch(encrypt: bool, seed: u64, packets: u64, figures: &mut Figures) {
    let mut rng = Rng::new(seed);
    let fresh = rng.chance(50);
    let keys = Keys::new(&mut rng, 64);
    let stalls = stalls(&mut rng);
    let mut jobs = Vec::new();
    for _ in 0..packets {
        let len = length(&mut rng);
        if rng.chance(8) {
            let mut job = Job::bypass(rng.bytes(len.max(1)));
            job.side = rng.bytes(4);
            jobs.push(job);
            continue;
        }
        let icv = 8 + 4 * rng.below(3) as usize;
        // The stream has no empty packets: with nothing to encrypt there must be a byte that passes.
        let own = if rng.chance(50) { 16 } else { 32 };
        let one = fresh.then(|| Keys::one(&mut rng, own));
        let keys = one.as_ref().unwrap_or(&keys);
        jobs.push(if encrypt && len == 0 {
            let mut job = keys.job(&mut rng, true, 0, 1);
            job.ctx.gcm.icv_len = icv as u8;
            job
        } else {
            keys.esp_job(&mut rng, encrypt, len, icv)
        });
    }
    run(encrypt, stalls, jobs, figures);
}

/// Every length in both directions and with both key sizes, first without a pause, a new key for every packet.
fn every_length(figures: &mut Figures) {
    for encrypt in [true, false] {
        for bytes in [16, 32] {
            let mut rng = Rng::new(bytes as u64);
            for first in (0..=MAX_LEN).step_by(1024) {
                let mut jobs = Vec::new();
                for len in first..(first + 1024).min(MAX_LEN + 1) {
                    let keys = Keys::one(&mut rng, bytes);
                    let icv = [8, 12, 16][len % 3];
                    jobs.push(if encrypt && len == 0 {
                        let mut job = keys.job(&mut rng, true, 0, 1);
                        job.ctx.gcm.icv_len = icv as u8;
                        job
                    } else {
                        keys.esp_job(&mut rng, encrypt, len, icv)
                    });
                }
                let pauses = if first % 2048 == 0 { [0; 3] } else { stalls(&mut rng) };
                run(encrypt, pauses, jobs, figures);
            }
        }
    }
}

/// The figures as JSON.
fn json(random: &Figures, lengths: &Figures, seeds: (u64, u64), seconds: f64) -> String {
    let part = |f: &Figures| {
        let processed = f.packets - f.bypassed;
        let decrypted = processed - f.encrypted;
        let different = f.lengths.iter().filter(|seen| **seen).count();
        format!(
            "{{\"packets\":{},\"encrypted\":{},\"decrypted\":{decrypted},\"bypassed\":{},\"aes128\":{},\"aes256\":{},\
             \"aad8\":{},\"aad12_esn\":{},\"icv8\":{},\"icv12\":{},\"icv16\":{},\"other_key_than_the_packet_before\":{},\
             \"different_lengths\":{different},\"bytes\":{},\"cycles\":{}}}",
            f.packets,
            f.encrypted,
            f.bypassed,
            processed - f.aes256,
            f.aes256,
            processed - f.aad12,
            f.aad12,
            f.icv[0],
            f.icv[1],
            f.icv[2],
            f.key_changes,
            f.bytes,
            f.cycles,
        )
    };
    format!(
        "{{\n\"command\":\"make gcm-long\",\n\"oracle\":\"crate aes-gcm\",\n\
         \"compared\":\"every byte, side bits and tag of every packet\",\n\"mismatches\":0,\n\"seeds\":[{},{}],\n\
         \"random\":{},\n\"every_length_0_to_9216_both_directions_both_key_sizes\":{},\n\"seconds\":{seconds:.0}\n}}\n",
        seeds.0,
        seeds.1,
        part(random),
        part(lengths),
    )
}

fn main() {
    let mut args = std::env::args().skip(1).map(|a| a.parse::<u64>().expect("PACKETS and SEED are numbers"));
    let packets = args.next().unwrap_or(KEPT);
    let first_seed = args.next().unwrap_or(1);
    let start = Instant::now();
    let (mut random, mut lengths) = (Figures::default(), Figures::default());
    let mut seed = first_seed;
    while random.packets < packets {
        let count = BATCH.min(packets - random.packets);
        let encrypt = seed % 2 == 1;
        if seed % 50 == 0 {
            println!("{} packets, {:.0} s", random.packets, start.elapsed().as_secs_f64());
        }
        let part = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            batch(encrypt, seed, count, &mut random)
        }));
        if let Err(panic) = part {
            eprintln!("batch of seed {seed} failed: gcm_long {count} {seed} repeats it");
            std::panic::resume_unwind(panic);
        }
        seed += 1;
    }
    every_length(&mut lengths);
    let seconds = start.elapsed().as_secs_f64();
    println!(
        "{} random packets in {} cycles and {} of every length: all equal to the oracle, {seconds:.0} s",
        random.packets, random.cycles, lengths.packets
    );
    if packets >= KEPT {
        let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/results/gcm_long.json");
        std::fs::write(page, json(&random, &lengths, (first_seed, seed - 1), seconds))
            .expect("docs/results can be written");
    }
}
