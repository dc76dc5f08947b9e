// SPDX-License-Identifier: Apache-2.0
//! Soft and hard limits, and their events exactly once.

use crate::checks::tunnel;
use crate::model::{esp, inner_packet, plain, Esp, SAS};
use crate::rig::{Rig, Stalls};
use headend_hdl_tests::Rng;
use headend_regs::{SaEvent, SaIn, SaLimit};
use std::collections::HashMap;

/// The event as (hard, limit).
fn kind(event: &SaEvent) -> (bool, u8) {
    (event.hard, event.limit)
}

/// One SA with `record`, a packet of 100 bytes in each cycle from both lanes; what was raised, in order, with the number.
fn raised(record: SaIn, packets: u64) -> Vec<((bool, u8), u64)> {
    let mut rng = Rng::new(1);
    let mut rig = Rig::new(Stalls::default());
    rig.install(1, record);
    for seq in 1..=packets {
        rig.push(seq as usize & 1, &plain(&mut rng, 1, seq, 100));
    }
    rig.finish();
    let accepted = rig.state(1).packets;
    rig.raised().iter().map(|e| (kind(e), accepted)).collect()
}

#[test]
fn a_packet_limit_is_reached_to_the_packet() {
    let (soft, hard) = ((false, SaLimit::Packets.code()), (true, SaLimit::Packets.code()));
    for n in [1, 2, 3, 4, 17] {
        let record = SaIn { soft_packets: n, hard_packets: 20, ..tunnel(0) };
        assert_eq!(raised(record, 40), [(soft, 20), (hard, 20)]);
        let record = SaIn { hard_packets: n, ..tunnel(0) };
        assert_eq!(raised(record, 40), [(hard, n)]);
        // Both at once: told at once, the graver first.
        let record = SaIn { soft_packets: n, hard_packets: n, ..tunnel(0) };
        assert_eq!(raised(record, 40), [(hard, n), (soft, n)]);
    }
}

#[test]
fn a_byte_limit_is_reached_by_the_packet_that_crosses_it() {
    let hard = (true, SaLimit::Bytes.code());
    for (limit, packets) in
        [(1, 1), (99, 1), (100, 1), (101, 2), (200, 2), (1999, 20), (2000, 20), (2001, 21)]
    {
        let record = SaIn { hard_bytes: limit, ..tunnel(0) };
        assert_eq!(raised(record, 40), [(hard, packets)]);
        let record = SaIn { soft_bytes: limit, ..tunnel(0) };
        assert_eq!(raised(record, 40), [((false, SaLimit::Bytes.code()), 40)]);
    }
    // One packet reaches all four: three events, the hard one names packets.
    let all = SaIn { soft_packets: 2, hard_packets: 2, soft_bytes: 150, hard_bytes: 150, ..tunnel(0) };
    assert_eq!(
        raised(all, 5).iter().map(|(k, _)| *k).collect::<Vec<_>>(),
        [(true, 0), (false, 0), (false, 1)]
    );
}

#[test]
fn no_limit_means_none_and_large_limits_are_far() {
    assert!(raised(tunnel(0), 100).is_empty());
    let far = 1 << 40;
    let record = SaIn { soft_packets: far, hard_packets: far, soft_bytes: far, hard_bytes: far, ..tunnel(0) };
    assert!(raised(record, 100).is_empty());
}

/// What is left of a byte limit borrows through all of its bytes.
#[test]
fn byte_limits_hold_across_every_carry() {
    let mut rng = Rng::new(2);
    for hard_bytes in [0x1_0000, 0x1_0001, 0x0_ffff, 0x2_0000 + 123] {
        let mut rig = Rig::new(Stalls::default());
        rig.install(1, SaIn { hard_bytes, soft_bytes: hard_bytes - 5000, ..tunnel(0) });
        let mut sent = 0;
        while sent < hard_bytes + 20_000 {
            let len = rng.range(20, 9000);
            sent += len;
            rig.push(0, &plain(&mut rng, 1, 1, len as usize));
        }
        rig.finish();
        assert_eq!(rig.raised().len(), 2);
    }
}

/// Refused packets are not counted: forged, replayed or damaged ones do not use up an SA.
#[test]
fn only_good_packets_use_up_an_sa() {
    let mut rng = Rng::new(3);
    let mut rig = Rig::new(Stalls::default());
    rig.install(1, SaIn { hard_packets: 10, ..tunnel(64) });
    for seq in 1..=30 {
        let mut forged = plain(&mut rng, 1, 1000 + seq, 50);
        forged.tag[0] ^= 1;
        let inner = inner_packet(&mut rng, 4, 0, 50);
        let dummy = Esp { sa: 1, gen: 1, seq: 2 * seq, pad: 0, next_header: 59, icv_len: 16 };
        rig.push(0, &forged);
        rig.push(1, &esp(&mut rng, dummy, &inner));
        let job = plain(&mut rng, 1, 2 * seq + 1, 50);
        rig.push(0, &job);
        rig.push(1, &job);
    }
    rig.finish();
    let state = rig.state(1);
    assert_eq!((state.packets, state.auth_fail, state.hard_done), (10, 30, true));
    assert_eq!(rig.raised().len(), 1);
}

/// Nobody takes events while all SAs reach all limits: the unit holds what it can, the rest is told by later packets.
#[test]
fn events_come_exactly_once_however_slowly_they_are_taken() {
    for event in [100, 97, 50] {
        let mut rng = Rng::new(4);
        let mut rig = Rig::new(Stalls { event, ..Stalls::default() });
        for sa in 0..SAS as u16 {
            let limits =
                SaIn { soft_packets: 2, hard_packets: 4, soft_bytes: 150, hard_bytes: 1000, ..tunnel(64) };
            rig.install(sa, limits);
        }
        let mut seq = 0;
        let mut round = |rig: &mut Rig, rng: &mut Rng| {
            seq += 1;
            for sa in 0..SAS as u16 {
                rig.push(usize::from(sa) & 1, &plain(rng, sa, seq, 100));
            }
            rig.drain();
        };
        (0..6).for_each(|_| round(&mut rig, &mut rng));
        if event == 100 {
            assert!(rig.raised().is_empty());
        }
        rig.events.set_stalls(50);
        // Expired packets are what tells the rest.
        (0..6).for_each(|_| {
            rig.run(300);
            round(&mut rig, &mut rng);
        });
        rig.run(500);
        let mut counts: HashMap<(u16, bool, u8), u32> = HashMap::new();
        for event in rig.raised() {
            assert_eq!((event.out, event.spi), (false, 0xabc0 + u32::from(event.sa)));
            *counts.entry((event.sa, event.hard, event.limit)).or_default() += 1;
        }
        assert!(counts.values().all(|n| *n == 1), "none twice: {counts:?}");
        assert_eq!(counts.len(), 3 * SAS, "none lost");
        for sa in 0..SAS as u16 {
            let state = rig.state(sa);
            assert_eq!((state.packets, state.soft_done, state.hard_done), (4, 0b011, true));
        }
    }
}

/// A new SA at the same index is told about anew.
#[test]
fn a_replaced_sa_starts_without_history() {
    let mut rng = Rng::new(5);
    let mut rig = Rig::new(Stalls::default());
    for gen in 1..=3 {
        rig.install(1, SaIn { gen, soft_packets: 1, hard_packets: 2, ..tunnel(64) });
        for seq in 1..=5 {
            let mut job = plain(&mut rng, 1, seq, 100);
            job.meta.sa_in_gen = gen;
            rig.push(0, &job);
        }
        rig.drain();
    }
    rig.finish();
    assert_eq!(rig.raised().len(), 6);
    assert_eq!(rig.lanes[0].sink.count(), 6);
}
