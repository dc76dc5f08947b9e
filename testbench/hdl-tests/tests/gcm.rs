// SPDX-License-Identifier: Apache-2.0
//! The GCM engine: published cases, random packets against the `aes-gcm` crate, and its timing to the cycle.

mod gcm_common;

use gcm_common::{engine, esp_draft, gcm_spec, hex, key_record, published, wycheproof, Engine, Job, Keys};
use headend_hdl_tests::{Agent, Rng};
use headend_regs::Beat;
use headend_verilated::Instance;

/// Cycles from an accepted beat to the beat at the output.
const DATA_LATENCY: u64 = 18;

/// Cycles from the slot of the length block (or a bypassed packet's last beat) to the tag.
const TAG_LATENCY: u64 = 28;

/// Runs `jobs` through a checked engine with `stalls` percent of pauses at source, sink and tags.
fn run(encrypt: bool, jobs: &[Job], stalls: [u32; 3]) -> Engine {
    let mut bench = Engine::new(&engine(encrypt, true), 2_000_000, stalls);
    jobs.iter().for_each(|job| bench.push(job.clone()));
    bench.finish();
    bench
}

#[test]
fn key_record_is_the_readmes_example() {
    let record = key_record(&hex("feffe9928665731c6d6a8f9467308308"), [0; 4]);
    let readme = include_str!("../../../hdl/rtl/crypto/README.md");
    for (name, value) in
        [("h1", record.h1), ("h2", record.h2), ("h3", record.h3), ("h4", record.h4), ("hfb", record.hfb)]
    {
        let line = format!("{name:3} = {:032x}", u128::from_be_bytes(value));
        assert!(readme.contains(&line), "README.md of the engine lacks `{line}`");
    }
    // Byte 0 of the block is byte 0 of the record's field, which is bits 7:0 of the port.
    assert_eq!(record.h1[0], 0xb8);
}

#[test]
fn esp_draft_cases_encrypt_and_decrypt() {
    for encrypt in [true, false] {
        let jobs: Vec<_> = esp_draft().iter().map(|v| published(v, encrypt)).collect();
        assert_eq!(jobs.iter().filter(|j| j.tag.is_some()).count(), 13);
        run(encrypt, &jobs, [0; 3]);
    }
}

#[test]
fn gcm_specification_cases_encrypt_and_decrypt() {
    // Their AAD is not ESP's, so the data is compared here and the tags in tests/ghash.rs.
    for encrypt in [true, false] {
        let cases: Vec<_> = gcm_spec().into_iter().filter(|v| !v.pt.is_empty()).collect();
        assert_eq!(cases.len(), 6);
        run(encrypt, &cases.iter().map(|v| published(v, encrypt)).collect::<Vec<_>>(), [0; 3]);
    }
}

#[test]
fn wycheproof_cases_encrypt_and_decrypt() {
    for encrypt in [true, false] {
        let good = wycheproof().into_iter().filter(|(v, valid)| *valid && !(encrypt && v.pt.is_empty()));
        let jobs: Vec<_> = good.map(|(v, _)| published(&v, encrypt)).collect();
        assert!(jobs.len() > 60, "{} cases", jobs.len());
        run(encrypt, &jobs, [20, 20, 20]);
    }
}

#[test]
fn every_length_up_to_five_beats_works_in_both_directions() {
    for encrypt in [true, false] {
        let mut rng = Rng::new(5);
        let keys = Keys::new(&mut rng, 8);
        let jobs: Vec<_> =
            (0..=320).map(|len| keys.job(&mut rng, encrypt, len, if encrypt { 1 } else { 16 })).collect();
        run(encrypt, &jobs, [0; 3]);
    }
}

#[test]
fn random_packets_equal_the_oracle_under_random_stalls() {
    for (seed, stalls) in [(1, [0; 3]), (2, [30, 0, 0]), (3, [0, 40, 40]), (4, [50, 50, 90]), (5, [0, 0, 95])]
    {
        for encrypt in [true, false] {
            let mut rng = Rng::new(seed);
            let keys = Keys::new(&mut rng, 32);
            let jobs: Vec<_> = (0..600).map(|_| keys.random_job(&mut rng, encrypt)).collect();
            run(encrypt, &jobs, stalls);
        }
    }
}

#[test]
fn largest_packets_work() {
    for encrypt in [true, false] {
        let mut rng = Rng::new(6);
        let keys = Keys::new(&mut rng, 4);
        let jobs: Vec<_> = [9216, 9215, 9200, 16_384, 65_519]
            .map(|len| keys.job(&mut rng, encrypt, len, 16))
            .into_iter()
            .collect();
        run(encrypt, &jobs, [0; 3]);
    }
}

/// Cycle in which each packet's first beat was accepted.
fn starts(engine: &Engine) -> Vec<u64> {
    engine.source.sent().iter().map(|(first, _)| *first).collect()
}

#[test]
fn packets_take_their_beats_or_their_ghash_slots_and_not_a_cycle_more() {
    for encrypt in [true, false] {
        let mut rng = Rng::new(7);
        let keys = Keys::new(&mut rng, 16);
        let mut jobs: Vec<_> = (0..500).map(|_| keys.random_job(&mut rng, encrypt)).collect();
        // ESP's own sizes: payload and trailer out, with a 16-byte ICV in.
        jobs.extend(
            (4..=2000).step_by(4).map(|len| keys.job(&mut rng, encrypt, len, if encrypt { 0 } else { 16 })),
        );
        let engine = run(encrypt, &jobs, [0; 3]);
        let starts = starts(&engine);
        for (i, job) in jobs.iter().enumerate().take(jobs.len() - 1) {
            let took = starts[i + 1] - starts[i];
            assert_eq!(took, job.slots(), "packet {i}: {} bytes, {:?}", job.input.len(), job.ctx);
        }
    }
}

#[test]
fn a_new_key_in_every_packet_costs_no_cycle() {
    // Sizes that need no slot of their own for GHASH, so every packet takes its beats, and every one has another key.
    for (encrypt, icv) in [(true, 8), (false, 8), (true, 12), (false, 12), (true, 16), (false, 16)] {
        let mut rng = Rng::new(12);
        let mut jobs = Vec::new();
        for i in 0..600 {
            let keys = Keys::one(&mut rng, if i % 3 == 0 { 16 } else { 32 });
            let len = 64 * rng.below(4) as usize + 4 * rng.range(1, 8) as usize;
            jobs.push(keys.esp_job(&mut rng, encrypt, len, icv));
        }
        let engine = run(encrypt, &jobs, [0; 3]);
        let starts = starts(&engine);
        for (i, job) in jobs.iter().enumerate().take(jobs.len() - 1) {
            let beats = job.input.len().div_ceil(64) as u64;
            assert_eq!(starts[i + 1] - starts[i], beats, "packet {i} of {} bytes", job.input.len());
        }
    }
}

/// Puts another packet's context on the port in every cycle in which no packet begins.
struct OtherContext(Vec<u8>);

impl Agent for OtherContext {
    fn drive(&mut self, dut: &mut Instance) {
        let sop = Beat::from_bytes(dut.get_bytes("s_beat_i")).unwrap().sop;
        if dut.get("s_valid_i") == 0 || !sop {
            dut.set_bytes("s_ctx_i", &self.0);
        }
    }

    fn sample(&mut self, _: &Instance) {}
}

#[test]
fn a_key_that_changes_under_a_packet_is_the_next_packets() {
    for encrypt in [true, false] {
        let mut rng = Rng::new(13);
        let other = Keys::one(&mut rng, 32).job(&mut rng, encrypt, 100, 0);
        let mut other = OtherContext(other.ctx.to_bytes().to_vec());
        let mut engine = Engine::new(&engine(encrypt, true), 100_000, [40, 20, 20]);
        for _ in 0..300 {
            let keys = Keys::one(&mut rng, 16);
            let len = rng.range(1, 400) as usize;
            engine.push(keys.esp_job(&mut rng, encrypt, len, 16));
        }
        while !engine.source.is_empty() {
            let agents: &mut [&mut dyn Agent] =
                &mut [&mut engine.source, &mut other, &mut engine.sink, &mut engine.tags];
            engine.bench.step(agents);
        }
        engine.finish();
    }
}

#[test]
fn a_bubble_happens_only_as_documented() {
    // README: encrypting, when len modulo 64 is 0 or 33 to 63; decrypting with 16 bytes of ICV, when it is 33 to 48.
    for (encrypt, trailer) in [(true, 0), (false, 16)] {
        for len in 1..=1000 {
            let beats = (len + trailer as usize).div_ceil(64);
            let bubble = (len + 95) / 64 > beats;
            let documented = match len % 64 {
                0 | 49..=63 => encrypt,
                33..=48 => true,
                _ => false,
            };
            assert_eq!(bubble, documented, "encrypt {encrypt}, {len} bytes");
        }
    }
}

#[test]
fn latency_is_the_same_for_any_packet() {
    for encrypt in [true, false] {
        let mut rng = Rng::new(8);
        let keys = Keys::new(&mut rng, 8);
        let jobs: Vec<_> = (0..300).map(|_| keys.random_job(&mut rng, encrypt)).collect();
        let mut engine = Engine::new(&engine(encrypt, true), 200_000, [0; 3]);
        jobs.iter().for_each(|job| engine.push(job.clone()));
        let received = engine.finish();
        for (i, (job, out)) in jobs.iter().zip(&received).enumerate() {
            let (first, last) = engine.source.sent()[i];
            assert_eq!(out.first_cycle, first + DATA_LATENCY, "first beat of packet {i}");
            assert_eq!(out.last_cycle, last + DATA_LATENCY, "last beat of packet {i}");
            let slot = if job.ctx.crypt { first + (u64::from(job.ctx.len) + 31) / 64 } else { last };
            assert_eq!(engine.tags.received[i].0, slot + TAG_LATENCY, "tag of packet {i}: {:?}", job.ctx);
        }
    }
}

#[test]
fn refused_data_and_tags_are_kept_and_flow_resumes() {
    let mut rng = Rng::new(9);
    let keys = Keys::new(&mut rng, 4);
    let jobs: Vec<_> = (0..400).map(|_| keys.random_job(&mut rng, true)).collect();
    let mut engine = Engine::new(&engine(true, true), 200_000, [0; 3]);
    jobs.iter().for_each(|job| engine.push(job.clone()));
    for (data, tags) in [(100, 0), (0, 100), (100, 100), (0, 0), (0, 100), (100, 0)] {
        engine.sink.set_stalls(data);
        engine.tags.set_stalls(tags);
        (0..300).for_each(|_| engine.step());
        let before = (engine.sink.count(), engine.tags.received.len());
        (0..100).for_each(|_| engine.step());
        let after = engine.counts();
        assert!(data == 0 || after.0 == before.0, "data left a refusing sink");
        assert!(tags == 0 || after.1 == before.1, "tags left a refusing sink");
        assert!(data != 0 || tags != 0 || after.0 > before.0, "the engine hangs");
    }
    engine.sink.set_stalls(0);
    engine.tags.set_stalls(0);
    engine.finish();
}

#[test]
fn at_most_64_packets_wait_for_their_tags_to_be_taken() {
    let mut rng = Rng::new(10);
    let keys = Keys::new(&mut rng, 4);
    let mut engine = Engine::new(&engine(true, true), 10_000, [0, 0, 100]);
    (0..200).for_each(|_| engine.push(keys.job(&mut rng, true, 20, 0)));
    (0..1000).for_each(|_| engine.step());
    assert_eq!((engine.source.sent().len(), engine.counts()), (64, (64, 0)));
    engine.tags.set_stalls(0);
    engine.finish();
}

#[test]
fn reset_in_full_flow_leaves_no_trace() {
    let mut rng = Rng::new(11);
    let keys = Keys::new(&mut rng, 4);
    let library = engine(false, true);
    let mut first = Engine::new(&library, 10_000, [0, 50, 50]);
    (0..20).for_each(|_| first.push(keys.random_job(&mut rng, false)));
    (0..40).for_each(|_| first.step());
    let mut second = first.after_reset();
    (0..50).for_each(|_| second.push(keys.random_job(&mut rng, false)));
    second.finish();
}
