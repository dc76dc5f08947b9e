// SPDX-License-Identifier: Apache-2.0
//! drop_monitor: random drops at all sites are all counted, and each is told or counted as lost; limits of SAs are never lost.

use headend_hdl_tests::{Bench, Rng, WordSink};
use headend_regs::{DropReason, DropRecord, EventEntry, EventKind, Packed, SaEvent, SaLimit};
use headend_verilated::{Library, Model};
use std::collections::HashMap;
use std::sync::Arc;

const PIPES: usize = 2;
/// rx0, rx1, hostrx, hosttx, then classify, commit, forward, qos, encap of each pipeline.
const SITES: usize = 4 + 5 * PIPES;
const ENCAP: [usize; PIPES] = [8, 13];
const QOS: usize = 7;

fn library() -> Arc<Library> {
    Model::new("drop_monitor").param("NumPipes", PIPES as u64).checked().build().unwrap()
}

/// What the drop sites say: a record each.
struct Records(Vec<u8>);

impl Records {
    fn new() -> Self {
        Self(vec![0; SITES * DropRecord::BITS / 8])
    }

    fn set(&mut self, site: usize, record: &DropRecord) {
        record.pack_into(&mut self.0, site * DropRecord::BITS);
    }
}

fn count(bench: &mut Bench, reason: u8) -> u64 {
    bench.set("rd_i", 1);
    bench.set("rd_reason_i", reason.into());
    bench.clock();
    bench.set("rd_i", 0);
    for _ in 0..SITES + 2 {
        bench.clock();
        if bench.get("rd_done_o") != 0 {
            return bench.get("rd_data_o");
        }
    }
    panic!("no answer");
}

#[test]
fn every_drop_is_counted_and_told_or_lost() {
    let library = library();
    for (seed, interval) in [(1, 0), (2, 10), (3, 300)] {
        let mut bench = Bench::new(&library, 60_000);
        let mut events = WordSink::new(&bench, "m_valid_o", "m_ready_i", &["m_event_o"]).stalls(50, seed);
        let mut rng = Rng::new(seed);
        let mut want: HashMap<u8, u64> = HashMap::new();
        let mut records = Records::new();
        bench.set("interval_i", interval);
        for cycle in 0..5_000 {
            let all = (1 << SITES) - 1;
            let valid = if rng.chance(30) { rng.next_u64() & rng.next_u64() & all } else { 0 };
            for n in (0..SITES).filter(|n| valid >> n & 1 != 0) {
                let reason = DropReason::ALL[rng.range(1, DropReason::ALL.len() as u64 - 1) as usize].code();
                *want.entry(reason).or_default() += 1;
                let record = DropRecord {
                    reason,
                    sa: rng.below(3) as u16,
                    seq: cycle,
                    stage: n as u8,
                    ..DropRecord::default()
                };
                records.set(n, &record);
            }
            bench.set_bytes("drop_i", &records.0);
            bench.set("valid_i", valid);
            bench.step(&mut [&mut events]);
        }
        bench.set("valid_i", 0);
        bench.run(&mut [&mut events], 500);
        // One more drop carries what was lost last.
        records.set(QOS, &DropRecord { reason: 40, ..DropRecord::default() });
        bench.set_bytes("drop_i", &records.0);
        bench.set("valid_i", 1 << QOS);
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
            let acquire =
                event.reason == DropReason::SaOutInvalid.code() && ENCAP.contains(&usize::from(event.stage));
            let kind = if acquire { EventKind::Acquire } else { EventKind::Drop };
            assert_eq!(event.kind, kind.code(), "{event:?}");
        }
        for site in ENCAP {
            let acquires = told.iter().filter(|e| e.kind == EventKind::Acquire.code());
            let some = acquires.filter(|e| usize::from(e.stage) == site).count();
            assert!(some > 0, "seed {seed}: an Acquire of site {site}");
        }
        let plain: Vec<_> =
            told.iter().filter(|e| e.kind == EventKind::Drop.code()).map(|e| e.cycle).collect();
        assert!(plain.len() > 5, "seed {seed}: {} drop events", plain.len());
    }
}

#[test]
fn refused_dma_of_both_directions_in_one_cycle_is_told_once_and_lost_once() {
    let mut bench = Bench::new(&library(), 1_000);
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
    let mut bench = Bench::new(&library(), 100_000);
    let mut records = Records::new();
    let mut events = WordSink::new(&bench, "m_valid_o", "m_ready_i", &["m_event_o"]);
    bench.set("interval_i", interval);
    for n in 0..drops {
        let sa = if n + 1 == drops { 999 } else { n % sas * 5 };
        let reason = DropReason::SaOutInvalid.code();
        let site = ENCAP[n as usize % PIPES];
        records.set(site, &DropRecord { reason, sa: sa as u16, stage: 6, ..DropRecord::default() });
        bench.set_bytes("drop_i", &records.0);
        for valid in [1 << site, 0, 0] {
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

/// Limits of both directions beside a flood of drops and a host that takes events slowly: each limit is told once, in
/// order, and drops never take the last places.
#[test]
fn limits_of_sas_are_never_lost() {
    for (seed, stalls) in [(11, 0), (12, 60), (13, 98)] {
        let mut bench = Bench::new(&library(), 400_000);
        let mut events = WordSink::new(&bench, "m_valid_o", "m_ready_i", &["m_event_o"]).stalls(stalls, seed);
        let mut rng = Rng::new(seed);
        let mut records = Records::new();
        let mut sent: [Vec<SaEvent>; 2] = Default::default();
        let mut offered: [Option<SaEvent>; 2] = [None, None];
        let mut dropped = 0;
        for n in 0..6_000u64 {
            let reason = [DropReason::SaOutInvalid, DropReason::NoRoute][rng.below(2) as usize].code();
            let site = rng.below(SITES as u64) as usize;
            records.set(site, &DropRecord { reason, sa: rng.below(900) as u16, ..DropRecord::default() });
            bench.set_bytes("drop_i", &records.0);
            bench.set("valid_i", 1 << site);
            dropped += 1;
            for (dir, slot) in offered.iter_mut().enumerate() {
                if slot.is_none() && rng.chance(20) {
                    *slot = Some(SaEvent {
                        hard: rng.chance(50),
                        out: dir == 1,
                        limit: [SaLimit::Packets, SaLimit::Bytes, SaLimit::Sequence][rng.below(3) as usize]
                            .code(),
                        sa: rng.below(1024) as u16,
                        spi: rng.next_u64() as u32,
                        seq: n,
                    });
                }
            }
            let valid =
                offered.iter().enumerate().fold(0, |v, (dir, slot)| v | u64::from(slot.is_some()) << dir);
            let mut bytes = vec![0; (2 * SaEvent::BITS).div_ceil(8)];
            for (dir, slot) in offered.iter().enumerate() {
                slot.as_ref().map_or(&SaEvent::default(), |e| e).pack_into(&mut bytes, dir * SaEvent::BITS);
            }
            bench.set_bytes("sa_evt_i", &bytes);
            bench.set("sa_evt_valid_i", valid);
            bench.settle();
            let taken = valid & bench.get("sa_evt_ready_o");
            for dir in 0..2 {
                if taken >> dir & 1 != 0 {
                    sent[dir].push(offered[dir].take().expect("offered"));
                }
            }
            bench.step(&mut [&mut events]);
        }
        bench.set("valid_i", 0);
        bench.set("sa_evt_valid_i", 0);
        events.set_stalls(0);
        bench.run(&mut [&mut events], 100);
        let told: Vec<_> =
            events.received.iter().map(|(_, w)| EventEntry::from_bytes(&w[0]).unwrap()).collect();
        for (dir, sent) in sent.iter().enumerate() {
            let mine: Vec<_> = told
                .iter()
                .filter(|e| [EventKind::SaSoft.code(), EventKind::SaHard.code()].contains(&e.kind))
                .filter(|e| e.info & 1 == dir as u32)
                .map(|e| SaEvent {
                    hard: e.kind == EventKind::SaHard.code(),
                    out: dir == 1,
                    limit: (e.info >> 1) as u8,
                    sa: e.sa,
                    spi: e.spi,
                    seq: e.addr,
                })
                .collect();
            assert!(mine == *sent, "seed {seed}, direction {dir}: {} told of {}", mine.len(), sent.len());
            assert!(sent.len() > 10, "seed {seed}: {} limits", sent.len());
        }
        let lost: u64 = told.iter().map(|e| u64::from(e.lost)).sum();
        let plain = told.iter().filter(|e| e.kind <= EventKind::Acquire.code()).count() as u64;
        assert!(plain + lost <= dropped && lost < dropped);
    }
}
