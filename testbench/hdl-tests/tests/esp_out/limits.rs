// SPDX-License-Identifier: Apache-2.0
//! Soft and hard limits, and their events: each exactly once.

use crate::rig::{job, library, record, Rig};
use headend_hdl_tests::Rng;
use headend_regs::{SaEvent, SaOut, Table};
use std::collections::HashMap;

/// An SA with limits that a few dozen packets of about 50 bytes reach.
fn limited(rng: &mut Rng) -> SaOut {
    let base = record(rng);
    let pick = |rng: &mut Rng, high: u64| if rng.chance(60) { rng.range(1, high) } else { 0 };
    let end = if base.esn { u64::MAX } else { u64::from(u32::MAX) };
    let seq = if rng.chance(30) { end - rng.below(60) } else { base.seq };
    SaOut {
        udp: false,
        seq,
        soft_packets: pick(rng, 50),
        hard_packets: pick(rng, 60),
        soft_bytes: pick(rng, 2500),
        hard_bytes: pick(rng, 3000),
        soft_seq: if rng.chance(50) { seq.saturating_add(rng.below(50)) } else { 0 },
        ..base
    }
}

#[test]
fn limits_stop_an_sa_and_are_told_once_each() {
    let library = library();
    for (seed, stalls) in [(1, [0, 0, 0]), (2, [30, 30, 0]), (3, [20, 0, 50])] {
        let mut rng = Rng::new(40 + seed);
        let mut rig = Rig::new(&library, stalls);
        for _ in 0..8 {
            for index in 0..16 {
                let sa = limited(&mut rng);
                rig.install(index, sa);
            }
            for _ in 0..1200 {
                let sa = rng.below(16) as u16;
                let len = rng.range(1, 100) as usize;
                let packet = job(&mut rng, sa, len);
                rig.push(rng.below(2) as usize, packet);
            }
            rig.drain();
            for index in 0..16 {
                rig.state(index);
            }
            rig.check(true);
            assert!(rig.drops.iter().all(|d| d.seen.is_empty()));
        }
    }
}

/// Limits that lie exactly on, just below and just above what the packets bring; back to back from both pipelines.
#[test]
fn a_limit_is_met_to_the_packet_and_to_the_byte() {
    let library = library();
    let mut rng = Rng::new(45);
    for (hard_packets, hard_bytes, sent) in [
        (1, 0, 1),
        (7, 0, 7),
        (0, 1, 1),
        (0, 350, 7),
        (0, 349, 7),
        (0, 351, 8),
        (7, 350, 7),
        (8, 350, 7),
        (7, 1000, 7),
    ] {
        let mut rig = Rig::new(&library, [0, 0, 0]);
        let base = record(&mut rng);
        rig.install(1, SaOut { hard_packets, hard_bytes, seq: 0, udp: false, ..base });
        for n in 0..20 {
            let packet = job(&mut rng, 1, 50);
            rig.push(n % 2, packet);
        }
        rig.drain();
        assert_eq!(rig.sinks[0].count() + rig.sinks[1].count(), sent, "{hard_packets} {hard_bytes}");
        rig.check(true);
    }
}

/// Nobody takes events while more SAs reach limits than the FIFO holds. Then all are told, by the SAs' next packets where
/// need be, and none twice.
#[test]
fn events_that_found_no_room_come_with_a_later_packet() {
    const SAS: usize = 64;
    let library = library();
    for stall in [100, 97] {
        let mut rng = Rng::new(46);
        let mut rig = Rig::new(&library, [0, 0, stall]);
        for index in 0..SAS {
            let base = record(&mut rng);
            let (soft_packets, soft_bytes, hard_packets) = (2, 120, if index % 2 == 0 { 3 } else { 0 });
            rig.install(
                index,
                SaOut { soft_packets, soft_bytes, hard_packets, seq: 0, soft_seq: 1, udp: false, ..base },
            );
        }
        let packets = |rig: &mut Rig, rng: &mut Rng| {
            for n in 0..6 * SAS {
                let packet = job(rng, (n % SAS) as u16, 50);
                rig.push(n / SAS % 2, packet);
            }
        };
        packets(&mut rig, &mut rng);
        rig.run(800);
        if stall == 100 {
            assert!(rig.events.received.is_empty());
        }
        rig.drain();
        let told = rig.events.received.len();
        assert!(told < 3 * SAS, "the FIFO was never full: {told}");
        packets(&mut rig, &mut rng);
        rig.drain();
        rig.check(false);
        let mut count: HashMap<(u16, bool, u8), u32> = HashMap::new();
        for (_, word) in &rig.events.received {
            let event = SaEvent::from_bytes(&word[0]).unwrap();
            assert!(event.out);
            *count.entry((event.sa, event.hard, event.limit)).or_default() += 1;
        }
        for index in 0..SAS as u16 {
            for limit in 0..3 {
                assert_eq!(count.remove(&(index, false, limit)), Some(1), "soft limit {limit} of SA {index}");
            }
            assert_eq!(
                count.remove(&(index, true, 0)),
                (index % 2 == 0).then_some(1),
                "hard limit of SA {index}"
            );
        }
        assert!(count.is_empty(), "{count:?}");
        for index in 0..SAS {
            let state = rig.state(index);
            assert_eq!((state.soft_done, state.hard_done), (7, index % 2 == 0));
        }
    }
}

#[test]
fn a_new_record_starts_its_limits_anew() {
    let library = library();
    let mut rng = Rng::new(47);
    let mut rig = Rig::new(&library, [0, 0, 0]);
    for _ in 0..4 {
        let base = record(&mut rng);
        rig.install(3, SaOut { soft_packets: 2, hard_packets: 3, seq: 10, udp: false, ..base });
        for n in 0..9 {
            let packet = job(&mut rng, 3, 50);
            rig.push(n % 2, packet);
        }
        rig.drain();
        let state = rig.state(3);
        assert_eq!((state.seq, state.packets, state.soft_done, state.hard_done), (13, 3, 1, true));
        rig.check(true);
    }
}

#[test]
fn records_read_back_as_written_but_for_the_keys() {
    let library = library();
    let mut rng = Rng::new(48);
    let mut rig = Rig::new(&library, [0, 0, 0]);
    for index in 0..16 {
        let sa = limited(&mut rng);
        rig.install(index, sa.clone());
        let read = SaOut::from_bytes(&rig.read(Table::SaOut, index)).unwrap();
        let public = headend_regs::GcmKey {
            aes256: sa.gcm.aes256,
            icv_len: sa.gcm.icv_len,
            ..headend_regs::GcmKey::default()
        };
        assert_eq!(read, SaOut { gcm: public, ..sa });
    }
    let bus = headend_hdl_tests::TableBus::new(&rig.bench);
    assert!(bus.is_silent(&mut rig.bench, &mut [], Table::SaIn.code(), 4));
    assert!(bus.is_silent(&mut rig.bench, &mut [], Table::SaInState.code(), 4));
}
