// SPDX-License-Identifier: Apache-2.0
//! Module rewrite: the bytes of each kind of adjacency against software.

use crate::frames::{checksum, entry, ethernet, ipv6, parsed_meta, Ipv4};
use crate::headers::{meta_of, noisy_meta, port_meta};
use headend_hdl_tests::{Bench, Packet, Rng, StreamSink, StreamSource};
use headend_regs::{AdjKind, Meta, Op};
use headend_verilated::{Library, Model};
use std::sync::Arc;

fn model() -> Arc<Library> {
    Model::new("rewrite").checked().build().unwrap()
}

/// A packet, its meta as adj_lookup leaves it, and what must come out.
struct Case {
    data: Vec<u8>,
    meta: Meta,
    want: Vec<u8>,
}

fn mac(value: u64) -> Vec<u8> {
    value.to_be_bytes()[2..].to_vec()
}

/// The IP packet one hop further, checksum computed anew.
fn next_hop(ip: &[u8]) -> Vec<u8> {
    let mut ip = ip.to_vec();
    ip[8] -= 1;
    ip[10..12].fill(0);
    let header = usize::from(ip[0] & 15) * 4;
    let sum = checksum(&ip[..header]);
    ip[10..12].copy_from_slice(&sum.to_be_bytes());
    ip
}

fn random_case(rng: &mut Rng) -> Case {
    let len = [0, 20, 46, 100, 1_400, rng.below(300), 8_900][rng.below(7) as usize] as usize;
    let payload = rng.bytes(len);
    let mut ip = Ipv4::new(rng.next_u64() as u32, rng.next_u64() as u32, 6, payload);
    ip.ttl = rng.range(2, 255) as u8;
    ip.tos = rng.next_u64() as u8;
    let ip = ip.bytes();
    let depth = rng.below(3) as usize;
    let stack: Vec<u32> = (1..=depth).map(|i| entry(rng.below(1 << 20) as u32, 0, i == depth, 9)).collect();
    let starts_l3 = depth == 0 && rng.chance(40);
    let data = match (starts_l3, depth) {
        (true, _) => ip.clone(),
        (_, 0) => ethernet(1, &[], 0x0800, &[], &ip),
        _ => ethernet(1, &[], 0x8847, &stack, &ip),
    };
    let mut data = data;
    if !starts_l3 {
        data.resize(data.len().max(60), 0);
    }
    let meta = parsed_meta(Meta { starts_l3, ..port_meta(0, 0) }, &data);
    assert!(!meta.parsed.malformed);
    let kind = [AdjKind::Ip, AdjKind::Mpls, AdjKind::Mpls, AdjKind::Protect][rng.below(4) as usize];
    let swap = kind == AdjKind::Mpls && depth > 0 && rng.chance(50);
    let count = if kind == AdjKind::Mpls { rng.range(1, 3) as usize } else { 0 };
    let push: Vec<u32> = (0..3).map(|i| if i < count { rng.next_u64() as u32 } else { 0 }).collect();
    let meta = Meta {
        adj_kind: kind.code(),
        strip: if swap { 18 } else { meta.parsed.l3_off },
        len: ip.len() as u16 + if swap { u16::from(meta.parsed.l3_off) - 18 } else { 0 },
        patch_ttl: !swap,
        dmac: rng.next_u64() >> 16,
        smac: rng.next_u64() >> 16,
        push_count: count as u8,
        push0: push[0],
        push1: push[1],
        push2: push[2],
        push_ethertype: if count > 0 { 0x8847 } else { 0x0800 },
        cycle: rng.next_u64(),
        ..meta
    };
    let mut want = Vec::new();
    if kind != AdjKind::Protect {
        want.extend(mac(meta.dmac));
        want.extend(mac(meta.smac));
        want.extend(meta.push_ethertype.to_be_bytes());
        push[..count].iter().for_each(|e| want.extend(e.to_be_bytes()));
    }
    if swap {
        stack[1..].iter().for_each(|e| want.extend(e.to_be_bytes()));
        want.extend(&ip);
    } else {
        want.extend(next_hop(&ip));
    }
    Case { data, meta, want }
}

/// An IP packet for an SA in transport mode: the payload alone comes out, with the TTL of the next hop in meta.
fn transport_case(rng: &mut Rng) -> Case {
    let len = [1, 8, 44, 64, 1_400, rng.range(1, 300)][rng.below(6) as usize] as usize;
    let payload = rng.bytes(len);
    let (ethertype, ip) = if rng.chance(30) {
        (0x86dd, ipv6(rng.next_u64().into(), 5, 17, &payload))
    } else {
        (0x0800, Ipv4 { ttl: rng.range(2, 255) as u8, ..Ipv4::new(1, 2, 17, payload.clone()) }.bytes())
    };
    let starts_l3 = rng.chance(50);
    let mut data = if starts_l3 { ip } else { ethernet(1, &[], ethertype, &[], &ip) };
    let strip = data.len() - len;
    data.resize(data.len() + [0, 0, 7, 46][rng.below(4) as usize], 0);
    let meta = parsed_meta(Meta { starts_l3, ..port_meta(0, 0) }, &data);
    let meta = Meta {
        adj_kind: AdjKind::Protect.code(),
        transport: true,
        strip: strip as u8,
        len: len as u16,
        patch_ttl: true,
        ..meta
    };
    Case { data, meta, want: payload }
}

/// A decrypted packet for the host, with zeros behind it that hid its length.
fn padded_host_case(rng: &mut Rng) -> Case {
    let len = rng.range(1, 400) as usize;
    let payload = rng.bytes(len);
    let want = if rng.chance(50) { ipv6(1, 2, 6, &payload) } else { Ipv4::new(1, 2, 6, payload).bytes() };
    let mut data = want.clone();
    data.resize(want.len() + rng.below(500) as usize, 0);
    let meta = Meta { starts_l3: true, decrypted: true, op: Op::Host.code(), ..port_meta(0, 0) };
    Case { meta: Meta { len: want.len() as u16, ..parsed_meta(meta, &data) }, data, want }
}

/// A packet that goes through unchanged: to the host, or direct from it.
fn untouched_case(rng: &mut Rng) -> Case {
    let len = rng.range(14, 2_000) as usize;
    let data = rng.bytes(len);
    let op = [Op::Host, Op::Direct][rng.below(2) as usize].code();
    let meta = Meta { op, starts_l3: rng.chance(30), ..port_meta(0, len) };
    Case { want: data.clone(), meta: noisy_meta(rng, meta), data }
}

/// A labelled frame that carries no IP, or nothing: everything behind the swapped label is kept, padding too.
fn pseudowire_case(rng: &mut Rng) -> Case {
    let len = if rng.chance(20) { 0 } else { rng.range(42, 500) as usize };
    let mut inner = rng.bytes(len);
    inner.iter_mut().take(1).for_each(|b| *b = 0x10);
    let data = ethernet(1, &[], 0x8847, &[entry(50, 0, true, 9)], &inner);
    let meta = parsed_meta(port_meta(0, 0), &data);
    let meta = Meta {
        adj_kind: AdjKind::Mpls.code(),
        strip: 18,
        len: inner.len() as u16,
        push_count: 1,
        push0: 0x1234_5678,
        push_ethertype: 0x8847,
        ..meta
    };
    let mut want = vec![0; 12];
    want.extend([0x88, 0x47, 0x12, 0x34, 0x56, 0x78]);
    want.extend(inner);
    Case { data, meta, want }
}

fn check(cases: &[Case], stall_in: u32, stall_out: u32) -> (StreamSource, Vec<u64>) {
    let mut bench = Bench::new(&model(), 200_000);
    let mut source = StreamSource::new(&bench, "s", &["s_meta_i"]).stalls(stall_in, 3);
    let mut sink = StreamSink::new(&bench, "m", &["m_meta_o"]).stalls(stall_out, 4);
    for case in cases {
        source.push(Packet::new(case.data.clone()).side(case.meta.to_bytes()));
    }
    let mut firsts = Vec::new();
    while sink.count() < cases.len() {
        bench.step(&mut [&mut source, &mut sink]);
    }
    for case in cases {
        let got = sink.pop().unwrap();
        assert_eq!(got.data, case.want, "{:?}", case.meta);
        let edited = case.meta.op == Op::Forward.code();
        let starts_l3 =
            if edited { case.meta.adj_kind == AdjKind::Protect.code() } else { case.meta.starts_l3 };
        let mut meta = Meta { len: case.want.len() as u16, starts_l3, ..case.meta };
        meta.parsed.ttl -= u8::from(edited && meta.transport);
        assert_eq!(meta_of(&got.sides[0]), meta);
        firsts.push(got.first_cycle);
    }
    (source, firsts)
}

#[test]
fn every_kind_of_adjacency_gives_the_bytes_of_software() {
    let mut rng = Rng::new(101);
    let cases: Vec<Case> = (0..900)
        .map(|_| match rng.below(10) {
            0 | 1 => untouched_case(&mut rng),
            2 => pseudowire_case(&mut rng),
            3 | 4 => transport_case(&mut rng),
            5 => padded_host_case(&mut rng),
            _ => random_case(&mut rng),
        })
        .collect();
    for (stall_in, stall_out) in [(0, 0), (30, 40)] {
        check(&cases, stall_in, stall_out);
    }
}

#[test]
fn checksum_update_is_right_for_every_ttl() {
    let mut rng = Rng::new(102);
    let cases: Vec<Case> = (2..=255u8)
        .flat_map(|ttl| {
            // addresses chosen so that the checksum comes close to 0 and 0xffff
            [0u32, 1, 0xff, 0xfeff, 0xff00, 0xffff].map(|low| (ttl, low))
        })
        .map(|(ttl, low)| {
            let ip = Ipv4 { ttl, ..Ipv4::new(rng.next_u64() as u32, low, 17, vec![1; 20]) }.bytes();
            let meta = parsed_meta(Meta { starts_l3: true, ..port_meta(0, 0) }, &ip);
            let meta = Meta { adj_kind: AdjKind::Protect.code(), patch_ttl: true, ..meta };
            Case { want: next_hop(&ip), data: ip, meta }
        })
        .collect();
    check(&cases, 0, 0);
}

#[test]
fn one_beat_packets_pass_at_one_per_cycle_with_the_stated_latency() {
    let ip = Ipv4::new(1, 2, 17, vec![1; 20]).bytes();
    let cases: Vec<Case> = (0..100)
        .map(|_| {
            let meta = parsed_meta(Meta { starts_l3: true, ..port_meta(0, 0) }, &ip);
            let meta = Meta { adj_kind: AdjKind::Protect.code(), patch_ttl: true, ..meta };
            Case { want: next_hop(&ip), data: ip.clone(), meta }
        })
        .collect();
    let (source, firsts) = check(&cases, 0, 0);
    for (i, (sent, first)) in source.sent().iter().zip(&firsts).enumerate() {
        assert_eq!((sent.0, *first), (source.sent()[0].0 + i as u64, sent.0 + 3), "packet {i}");
    }
}
