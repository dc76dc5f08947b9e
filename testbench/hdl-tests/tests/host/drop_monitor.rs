// SPDX-License-Identifier: Apache-2.0
//! drop_monitor: random drops of all nine stages are all counted, and each is told or counted as lost.

use headend_hdl_tests::{Bench, Rng, WordSink};
use headend_regs::{DropReason, DropRecord, EventEntry, EventKind};
use headend_verilated::Model;
use std::collections::HashMap;

const SITES: [&str; 9] = ["rx0", "rx1", "classify", "commit", "forward", "qos", "encap", "hostrx", "hosttx"];

fn count(bench: &mut Bench, reason: u8) -> u64 {
    bench.set("rd_i", 1);
    bench.set("rd_reason_i", reason.into());
    bench.clock();
    bench.set("rd_i", 0);
    for _ in 0..20 {
        bench.clock();
        if bench.get("rd_done_o") != 0 {
            return bench.get("rd_data_o");
        }
    }
    panic!("no answer");
}

#[test]
fn every_drop_is_counted_and_told_or_lost() {
    let library = Model::new("drop_monitor").checked().build().unwrap();
    for (seed, interval) in [(1, 0), (2, 10), (3, 300)] {
        let mut bench = Bench::new(&library, 60_000);
        let mut events = WordSink::new(&bench, "m_valid_o", "m_ready_i", &["m_event_o"]).stalls(50, seed);
        let mut rng = Rng::new(seed);
        let mut want: HashMap<u8, u64> = HashMap::new();
        bench.set("interval_i", interval);
        for cycle in 0..5_000 {
            let valid = if rng.chance(30) { rng.next_u64() & rng.next_u64() & 0x1ff } else { 0 };
            for (n, site) in SITES.iter().enumerate().filter(|(n, _)| valid >> n & 1 != 0) {
                let reason = DropReason::ALL[rng.range(1, DropReason::ALL.len() as u64 - 1) as usize].code();
                *want.entry(reason).or_default() += 1;
                let record = DropRecord {
                    reason,
                    sa: rng.below(3) as u16,
                    seq: cycle,
                    stage: n as u8,
                    ..DropRecord::default()
                };
                bench.set_bytes(format!("drop_{site}_i").as_str(), &record.to_bytes());
            }
            bench.set("valid_i", valid);
            bench.step(&mut [&mut events]);
        }
        bench.set("valid_i", 0);
        bench.run(&mut [&mut events], 500);
        // One more drop carries what was lost last.
        bench.set_bytes("drop_qos_i", &DropRecord { reason: 40, ..DropRecord::default() }.to_bytes());
        bench.set("valid_i", 1 << 5);
        bench.step(&mut [&mut events]);
        bench.set("valid_i", 0);
        bench.run(&mut [&mut events], 100);
        *want.entry(40).or_default() += 1;

        for reason in 0..64 {
            let want = want.get(&reason).copied().unwrap_or(0);
            assert_eq!(count(&mut bench, reason), want, "reason {reason}, seed {seed}");
        }
        let told: Vec<_> =
            events.received.iter().map(|(_, w)| EventEntry::from_bytes(&w[0]).unwrap()).collect();
        let total: u64 = told.iter().map(|e| 1 + u64::from(e.lost)).sum();
        assert_eq!(total, want.values().sum::<u64>(), "seed {seed}: told and lost make all");
        for event in &told {
            let kind = match event.reason {
                r if r == DropReason::SaOutInvalid.code() && event.stage == 6 => EventKind::Acquire,
                r if r == DropReason::SeqExhausted.code() && event.stage == 6 => EventKind::SeqExhausted,
                _ => EventKind::Drop,
            };
            let only_encap = event.reason == DropReason::SaOutInvalid.code()
                || event.reason == DropReason::SeqExhausted.code();
            assert!(event.kind == kind.code() || (only_encap && event.stage != 6));
        }
        let plain: Vec<_> =
            told.iter().filter(|e| e.kind == EventKind::Drop.code()).map(|e| e.cycle).collect();
        assert!(plain.len() > 5, "seed {seed}: {} drop events", plain.len());
    }
}

#[test]
fn refused_dma_of_both_directions_in_one_cycle_is_told_once_and_lost_once() {
    let library = Model::new("drop_monitor").checked().build().unwrap();
    let mut bench = Bench::new(&library, 1_000);
    let mut events = WordSink::new(&bench, "m_valid_o", "m_ready_i", &["m_event_o"]);
    bench.set("dma_err_i", 3);
    bench.set("dma_ring_i", 2 << 3 | 3);
    bench.set_bytes("dma_addr_i", &[0x1000u64.to_le_bytes(), 0x2000u64.to_le_bytes()].concat());
    bench.step(&mut [&mut events]);
    bench.set("dma_err_i", 0);
    bench.run(&mut [&mut events], 20);
    bench.set("dma_err_i", 2);
    bench.step(&mut [&mut events]);
    bench.set("dma_err_i", 0);
    bench.run(&mut [&mut events], 20);
    let told: Vec<_> = events
        .received
        .iter()
        .map(|(_, w)| EventEntry::from_bytes(&w[0]).unwrap())
        .map(|e| (e.kind, e.info, e.addr, e.lost))
        .collect();
    let kind = EventKind::DmaError.code();
    assert_eq!(told, [(kind, 3, 0x1000, 1), (kind, 2, 0x2000, 0)]);
}

/// `drops` cycles with a drop of a missing SA in every third, `sas` SAs in turn; the events, and the drops.
fn missing_sas(sas: u64, interval: u64, drops: u64) -> (Vec<EventEntry>, u64) {
    let library = Model::new("drop_monitor").checked().build().unwrap();
    let mut bench = Bench::new(&library, 100_000);
    let mut events = WordSink::new(&bench, "m_valid_o", "m_ready_i", &["m_event_o"]);
    bench.set("interval_i", interval);
    for n in 0..drops {
        let reason = if n % 2 == 0 { DropReason::SaOutInvalid } else { DropReason::SeqExhausted };
        let sa = if n + 1 == drops { 999 } else { n % sas * 5 };
        let record = DropRecord { reason: reason.code(), sa: sa as u16, stage: 6, ..DropRecord::default() };
        bench.set_bytes("drop_encap_i", &record.to_bytes());
        for valid in [1 << 6, 0, 0] {
            bench.set("valid_i", valid);
            let now = bench.cycles();
            bench.set("cycle_i", now);
            bench.step(&mut [&mut events]);
        }
    }
    for _ in 0..100 {
        let now = bench.cycles();
        bench.set("cycle_i", now);
        bench.step(&mut [&mut events]);
    }
    let told = events.received.iter().map(|(_, w)| EventEntry::from_bytes(&w[0]).unwrap()).collect();
    (told, drops)
}

#[test]
fn each_missing_sa_is_told_once_per_interval_however_many_there_are() {
    for (sas, interval, drops) in [(1, 100, 500), (2, 1000, 5000), (61, 1000, 5000), (199, 1500, 5000)] {
        let (told, drops) = missing_sas(sas, interval, drops);
        assert!(told.iter().all(|e| e.kind != EventKind::Drop.code()));
        let mut rest = &told[..];
        let mut windows = 0;
        while let Some(first) = rest.first() {
            let end = rest.iter().position(|e| e.cycle > first.cycle + interval).unwrap_or(rest.len());
            let mut seen: Vec<_> = rest[..end].iter().map(|e| e.sa).filter(|sa| *sa != 999).collect();
            seen.sort_unstable();
            let before = seen.len();
            seen.dedup();
            assert_eq!(seen.len(), before, "{sas} SAs, interval {windows}: one is told twice");
            if end < rest.len() {
                assert_eq!(seen.len() as u64, sas, "{sas} SAs, interval {windows}: all are told");
            }
            rest = &rest[end..];
            windows += 1;
        }
        assert_eq!(windows, (3 * drops).div_ceil(interval), "{sas} SAs");
        let lost: u64 = told.iter().map(|e| u64::from(e.lost)).sum();
        assert_eq!(told.last().unwrap().sa, 999, "a new SA is told at once");
        assert_eq!(told.len() as u64 + lost, drops, "told and lost make all");
    }
    let (told, drops) = missing_sas(2, 0, 50);
    assert_eq!(told.len() as u64, drops, "interval 0: all are told");
}
