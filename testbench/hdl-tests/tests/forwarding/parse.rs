// SPDX-License-Identifier: Apache-2.0
//! Module parse against the parser in `frames`.

use crate::frames::{entry, ethernet, parse, parsed_meta, random_packet, window, Ipv4};
use crate::headers::{meta_of, noisy_meta, port_meta, through};
use headend_hdl_tests::{Bench, Rng};
use headend_regs::Meta;
use headend_verilated::{Library, Model};
use std::sync::Arc;

const LATENCY: u64 = 4;

fn model() -> Arc<Library> {
    Model::new("parse").checked().build().unwrap()
}

/// Parses packets in one run; returns meta and the bytes behind the ESP header.
fn run(packets: &[(Vec<u8>, Meta)], gaps: u32) -> Vec<(Meta, Vec<u8>)> {
    let mut bench = Bench::new(&model(), 100_000);
    let words: Vec<_> = packets.iter().map(|(p, m)| vec![window(p), m.to_bytes().to_vec()]).collect();
    through(&mut bench, &mut [], &["window_i", "meta_i"], &["meta_o", "iv_o"], &words, LATENCY, gaps)
        .into_iter()
        .map(|w| (meta_of(&w[0]), w[1].clone()))
        .collect()
}

#[test]
fn random_and_malformed_packets_parse_as_in_software() {
    let mut rng = Rng::new(11);
    let packets: Vec<_> = (0..6_000)
        .map(|_| {
            let (packet, starts_l3) = random_packet(&mut rng);
            let meta = Meta { starts_l3, ..port_meta(0, packet.len()) };
            (packet, noisy_meta(&mut rng, meta))
        })
        .collect();
    let (mut good, mut bad, mut deep, mut esp) = (0, 0, 0, [0; 4]);
    for gaps in [0, 40] {
        for ((got, iv), (packet, meta)) in run(&packets, gaps).into_iter().zip(&packets) {
            let want = parsed_meta(*meta, packet);
            assert_eq!(got, want, "{packet:02x?}");
            if want.parsed.is_esp {
                let at = usize::from(want.parsed.l4_off);
                assert_eq!(
                    iv[..],
                    window(&packet[at.min(packet.len())..])[8..16],
                    "bytes behind the ESP header"
                );
            }
            good += u32::from(want.parsed.is_ipv4 && !want.parsed.malformed);
            bad += u32::from(want.parsed.malformed);
            deep += u32::from(want.parsed.stack_too_deep);
            esp[0] += u32::from(want.parsed.is_esp && want.parsed.is_ipv4 && !want.parsed.udp_encap);
            esp[1] += u32::from(want.parsed.is_esp && want.parsed.is_ipv6);
            esp[2] += u32::from(want.parsed.udp_encap);
            esp[3] += u32::from(want.parsed.ip6_ext);
        }
    }
    assert!(good > 2_000 && bad > 1_000 && deep > 100, "the traffic reaches all cases: {good} {bad} {deep}");
    assert!(esp.iter().all(|n| *n > 100), "ESP over IPv4, IPv6, UDP; extension headers: {esp:?}");
}

#[test]
fn every_length_of_a_labelled_packet_is_judged_right() {
    let ip = Ipv4 { options: vec![1; 40], ..Ipv4::new(1, 2, 17, vec![7; 30]) }.bytes();
    let stack = [entry(702, 0, false, 64), entry(498, 5, false, 63), entry(3, 0, true, 9)];
    let whole = ethernet(0x0200_0000_0001, &[(0x8100, 5), (0x88a8, 6)], 0x8847, &stack, &ip);
    let packets: Vec<_> = (1..=whole.len()).map(|len| (whole[..len].to_vec(), port_meta(1, len))).collect();
    for ((got, _), (packet, _)) in run(&packets, 0).into_iter().zip(&packets) {
        assert_eq!(got.parsed, parse(packet, false), "length {}", packet.len());
        assert_eq!(got.parsed.malformed, packet.len() < whole.len());
    }
}
