// SPDX-License-Identifier: Apache-2.0
//! Latency, rate, and sequence numbers under full load.

use crate::rig::{job, library, record, Rig};
use headend_hdl_tests::Rng;
use headend_regs::{GcmCtx, Op, SaOut};

#[test]
fn seven_cycles_for_a_protected_packet_and_three_for_another() {
    let library = library();
    let mut rng = Rng::new(31);
    for (lane, protect, latency) in [(0, true, 7), (1, true, 7), (0, false, 3), (1, false, 3)] {
        let mut rig = Rig::new(&library, [0, 0, 0]);
        rig.install(1, record(&mut rng));
        let (data, mut meta) = job(&mut rng, 1, 64);
        if !protect {
            meta.op = Op::Direct.code();
        }
        rig.push(lane, (data, meta));
        rig.drain();
        let got = rig.sinks[lane].pop().unwrap();
        assert_eq!(got.first_cycle - rig.sources[lane].sent()[0].0, latency);
    }
}

#[test]
fn one_sa_back_to_back_numbers_every_packet_once_without_a_bubble() {
    let library = library();
    let mut rng = Rng::new(32);
    let mut rig = Rig::new(&library, [0, 0, 0]);
    let sa = record(&mut rng);
    rig.install(1, sa.clone());
    for _ in 0..500 {
        let packet = job(&mut rng, 1, 40);
        rig.push(0, packet);
    }
    rig.drain();
    let first = rig.sources[0].sent()[0].0;
    for i in 0..500 {
        let got = rig.sinks[0].pop().unwrap();
        assert_eq!(got.first_cycle, first + i + 7, "packet {i}");
        assert_eq!(GcmCtx::from_bytes(&got.sides[1]).unwrap().iv, (sa.seq + i + 1).to_be_bytes());
    }
}

/// Numbers that left both pipelines, sorted.
fn numbers(rig: &mut Rig) -> Vec<u64> {
    let mut all = Vec::new();
    for sink in &mut rig.sinks {
        while let Some(got) = sink.pop() {
            all.push(u64::from_be_bytes(GcmCtx::from_bytes(&got.sides[1]).unwrap().iv));
        }
    }
    all.sort_unstable();
    all
}

#[test]
fn both_pipelines_share_one_sa_without_a_gap_or_a_repetition() {
    let library = library();
    for stalls in [[0, 0, 0], [35, 0, 0], [0, 60, 0], [50, 50, 50]] {
        let mut rng = Rng::new(33);
        let mut rig = Rig::new(&library, stalls);
        let sa = record(&mut rng);
        rig.install(1, sa.clone());
        for n in 0..2000 {
            let len = rng.range(1, 100) as usize;
            let packet = job(&mut rng, 1, len);
            rig.push(n % 2, packet);
        }
        rig.drain();
        let want: Vec<u64> = (1..=2000).map(|n| sa.seq + n).collect();
        assert_eq!(numbers(&mut rig), want);
    }
}

/// Packets of one beat share the one request per cycle evenly; packets of two beats do not feel each other.
#[test]
fn two_pipelines_get_one_request_per_cycle_in_all() {
    let library = library();
    for (len, cycles_per_packet) in [(40, 2), (100, 2)] {
        let mut rng = Rng::new(34);
        let mut rig = Rig::new(&library, [0, 0, 0]);
        for index in 0..16 {
            rig.install(index, record(&mut rng));
        }
        for n in 0..1000 {
            let packet = job(&mut rng, n % 16, len);
            rig.push(usize::from(n % 2), packet);
        }
        rig.drain();
        for lane in 0..2 {
            let first = rig.sources[lane].sent()[0].0;
            let mut last = 0;
            while let Some(got) = rig.sinks[lane].pop() {
                last = got.last_cycle;
            }
            let ideal = first + 7 + 500 * cycles_per_packet;
            assert!(last <= ideal + 2, "pipeline {lane}, {len} bytes: {} cycles late", last - ideal);
        }
    }
}

#[test]
fn zeros_and_trailers_leave_without_a_bubble() {
    let library = library();
    let mut rng = Rng::new(35);
    let mut rig = Rig::new(&library, [0, 0, 0]);
    rig.install(1, record(&mut rng));
    for n in 0..100 {
        let (data, mut meta) = job(&mut rng, 1, [40, 61, 63, 300][n % 4]);
        meta.tfc_len = [200, 0, 0, 1500][n % 4];
        rig.push(0, (data, meta));
    }
    rig.drain();
    let mut next = rig.sources[0].sent()[0].0 + 7;
    for n in 0..100 {
        let got = rig.sinks[0].pop().unwrap();
        assert_eq!(got.first_cycle, next, "packet {n}");
        next += got.data.len().div_ceil(64) as u64;
        assert_eq!(got.last_cycle + 1, next, "packet {n}");
    }
}

/// The last number of the space is used, the next packet dropped, and so is every one after it.
#[test]
fn an_exhausted_sequence_number_space_stays_exhausted() {
    let library = library();
    for (esn, used, sent) in [
        (false, 0xffff_fffa, 5),
        (false, 0xffff_ffff, 0),
        (false, 0x1_0000_0000, 0),
        (false, 0x1_0000_0005, 0),
        (false, u64::MAX - 1, 0),
        (false, u64::MAX, 0),
        (true, 0xffff_fffa, 20),
        (true, 0xffff_ffff, 20),
        (true, u64::MAX - 5, 5),
        (true, u64::MAX, 0),
    ] {
        let mut rng = Rng::new(36);
        let mut rig = Rig::new(&library, [0, 0, 0]);
        rig.install(1, SaOut { esn, seq: used, ..record(&mut rng) });
        for n in 0..20 {
            let packet = job(&mut rng, 1, 60);
            rig.push(n % 2, packet);
        }
        rig.drain();
        let state = rig.state(1);
        assert_eq!((state.seq, state.packets), (used + sent, sent), "{used:x} {esn}");
        assert_eq!(rig.sinks[0].count() + rig.sinks[1].count(), sent as usize);
        rig.check(true);
    }
}
