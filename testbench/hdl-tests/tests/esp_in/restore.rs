// SPDX-License-Identifier: Apache-2.0
//! ECN in tunnel mode, IP headers in transport mode.

use crate::checks::tunnel;
use crate::model::{esp, inner_packet, ones_sum, outer, Esp};
use crate::rig::{Rig, Stalls};
use headend_hdl_tests::Rng;
use headend_regs::{DropReason, DropRecord, SaIn};

/// RFC 6040 figure 4, as printed: rows inner, columns outer, both in the order 0, ECT(0), ECT(1), CE; None is dropped.
const FIGURE_4: [(u8, [Option<u8>; 4]); 4] = [
    (0, [Some(0), Some(0), Some(0), None]),
    (2, [Some(2), Some(2), Some(1), Some(3)]),
    (1, [Some(1), Some(1), Some(1), Some(3)]),
    (3, [Some(3), Some(3), Some(3), Some(3)]),
];
const COLUMNS: [u8; 4] = [0, 2, 1, 3];

#[test]
fn tunnel_mode_combines_ecn_as_the_rfc_prints_it() {
    let mut rng = Rng::new(1);
    for no_ecn in [false, true] {
        for (version, next_header) in [(4, 4), (6, 41)] {
            for (inner_ecn, row) in FIGURE_4 {
                for (outer_ecn, merged) in COLUMNS.into_iter().zip(row) {
                    let expected = if no_ecn { Some(inner_ecn) } else { merged };
                    let mut rig = Rig::new(Stalls::default());
                    rig.install(1, SaIn { no_ecn, ..tunnel(0) });
                    for i in 0..16 {
                        let inner = inner_packet(&mut rng, version, inner_ecn, 100 + i);
                        let fields = Esp { sa: 1, gen: 1, seq: 1, pad: 0, next_header, icv_len: 16 };
                        let mut job = esp(&mut rng, fields, &inner);
                        job.meta.parsed = outer(&mut rng, i % 2 == 0, outer_ecn);
                        rig.push(0, &job);
                    }
                    let out = rig.finish();
                    let Some(ecn) = expected else {
                        let reasons: Vec<u8> = rig.lanes[0]
                            .drops
                            .seen
                            .iter()
                            .map(|(_, w)| DropRecord::from_bytes(&w[0]).unwrap().reason)
                            .collect();
                        assert_eq!(reasons, [DropReason::EcnIllegal.code(); 16]);
                        continue;
                    };
                    assert_eq!(out[0].len(), 16);
                    for packet in &out[0] {
                        let field = if version == 4 { packet.data[1] & 3 } else { (packet.data[1] >> 4) & 3 };
                        assert_eq!(field, ecn, "inner {inner_ecn} outer {outer_ecn}");
                        assert!(
                            version == 6 || ones_sum(&packet.data[..20]) == 0xffff,
                            "checksum stays right"
                        );
                    }
                }
            }
        }
    }
}

/// Headers that are cut short: nothing is written behind the packet, and missing bytes count as zero.
#[test]
fn tunnel_mode_leaves_truncated_headers_alone() {
    let mut rng = Rng::new(2);
    let mut rig = Rig::new(Stalls::default());
    rig.install(1, tunnel(0));
    for (version, next_header) in [(4, 4), (6, 41)] {
        for len in 1..=44 {
            for ecn in [1, 3] {
                let inner = inner_packet(&mut rng, version, 2, len);
                let fields = Esp { sa: 1, gen: 1, seq: 1, pad: 3, next_header, icv_len: 8 };
                let mut job = esp(&mut rng, fields, &inner);
                job.meta.parsed = outer(&mut rng, false, ecn);
                rig.push(len & 1, &job);
            }
        }
    }
    rig.finish();
}

/// IPv4 checksums at the ends of their range, where ones' complement has two zeros.
#[test]
fn tunnel_mode_changes_checksums_of_every_value() {
    let mut rng = Rng::new(3);
    let mut rig = Rig::new(Stalls::default());
    rig.install(1, tunnel(0));
    for checksum in [0, 1, 2, 3, 0x7fff, 0x8000, 0xfffc, 0xfffd, 0xfffe, 0xffff_u16] {
        for (inner_ecn, outer_ecn) in [(2, 3), (1, 3), (2, 1)] {
            let mut inner = inner_packet(&mut rng, 4, inner_ecn, 60);
            inner[10..12].copy_from_slice(&checksum.to_be_bytes());
            let fields = Esp { sa: 1, gen: 1, seq: 1, pad: 0, next_header: 4, icv_len: 16 };
            let mut job = esp(&mut rng, fields, &inner);
            job.meta.parsed.tos = outer_ecn;
            rig.push(0, &job);
        }
    }
    rig.finish();
}

#[test]
fn transport_mode_puts_the_header_back_for_every_length() {
    let mut rng = Rng::new(4);
    for sink in [0, 40] {
        let mut rig = Rig::new(Stalls { sink, ..Stalls::default() });
        rig.install(2, SaIn { tunnel: false, ivrf: 33, ..tunnel(0) });
        for ipv6 in [false, true] {
            for len in (1..=200).chain([1480, 9100]) {
                let payload = rng.bytes(len);
                let next_header = [6, 17, 4, 41, 1][len % 5];
                let fields = Esp { sa: 2, gen: 1, seq: 1, pad: len % 4, next_header, icv_len: 12 };
                let mut job = esp(&mut rng, fields, &payload);
                let ecn = rng.below(4) as u8;
                job.meta.parsed = outer(&mut rng, ipv6, ecn);
                rig.push(len & 1, &job);
            }
        }
        let out = rig.finish();
        for packet in out.iter().flatten() {
            match packet.data[0] >> 4 {
                4 => assert_eq!(ones_sum(&packet.data[..20]), 0xffff),
                version => assert_eq!(version, 6),
            }
        }
        assert_eq!(out[0].len() + out[1].len(), 404);
    }
}

/// IPv4 header sums that fold twice.
#[test]
fn transport_mode_checksums_fold_completely() {
    let mut rng = Rng::new(5);
    let mut rig = Rig::new(Stalls::default());
    rig.install(2, SaIn { tunnel: false, ..tunnel(0) });
    for i in 0..600 {
        let payload = rng.bytes(1 + i % 70);
        let fields = Esp { sa: 2, gen: 1, seq: 1, pad: 0, next_header: 255, icv_len: 16 };
        let mut job = esp(&mut rng, fields, &payload);
        let parsed = &mut job.meta.parsed;
        (parsed.src, parsed.dst) = (0xffff_ffff, 0xffff_ffff - i as u128 * 3);
        (parsed.ip_id, parsed.ttl, parsed.tos) = (0xffff, 255, 255);
        rig.push(i & 1, &job);
    }
    rig.finish();
}

/// A packet whose header makes it one beat longer takes that beat and no more.
#[test]
fn transport_mode_loses_no_cycle_but_for_its_bytes() {
    let mut rng = Rng::new(6);
    for (len, beats) in [(44, 1), (45, 2), (108, 2), (109, 3)] {
        let mut rig = Rig::new(Stalls::default());
        rig.install(2, SaIn { tunnel: false, ..tunnel(0) });
        for _ in 0..200 {
            let payload = rng.bytes(len);
            let fields = Esp { sa: 2, gen: 1, seq: 1, pad: 0, next_header: 6, icv_len: 16 };
            rig.push(0, &esp(&mut rng, fields, &payload));
        }
        let out = rig.finish();
        let (first, last) = (out[0][0].first_cycle, out[0][199].last_cycle);
        let stored = (len as u64 + 2 + 16).div_ceil(64);
        assert_eq!(last - first + 1, 199 * stored.max(beats) + beats);
    }
}
