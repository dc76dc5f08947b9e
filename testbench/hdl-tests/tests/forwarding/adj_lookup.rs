// SPDX-License-Identifier: Apache-2.0
//! Module adj_lookup: verdicts in their order, and what each kind of adjacency fills in.

use crate::frames::entry;
use crate::headers::{dropped, meta_of, noisy_meta, port_meta, through, to_host, PIPES};
use headend_hdl_tests::{Bench, Rng, TableBus};
use headend_regs::{param, Adj, AdjKind, DropReason, Egress, HostReason, Ingress, Meta, Op, Parsed, Table};
use headend_verilated::{Library, Model};
use std::sync::Arc;

const LATENCY: u64 = 2;

fn model(pipes: u64) -> Arc<Library> {
    Model::new("adj_lookup").param("NumPipes", pipes).checked().build().unwrap()
}

/// A header with what fib_lookup says about it.
#[derive(Debug, Clone)]
struct Ask {
    meta: Meta,
    adj: Option<u16>,
    swap: bool,
}

fn run(bench: &mut Bench, asks: &[Ask], gaps: u32) -> Vec<Meta> {
    let words: Vec<_> = asks
        .iter()
        .map(|a| {
            let adj = a.adj.unwrap_or(3).to_le_bytes().to_vec();
            vec![a.meta.to_bytes().to_vec(), vec![a.adj.is_some().into()], vec![a.swap.into()], adj]
        })
        .collect();
    let inputs = ["meta_i", "adj_valid_i", "swap_i", "adj_i"];
    let out = through(bench, &mut [], &inputs, &["meta_o"], &words, LATENCY, gaps);
    out.iter().map(|w| meta_of(&w[0])).collect()
}

fn random_adj(rng: &mut Rng) -> Adj {
    Adj {
        valid: rng.chance(93),
        kind: [0, 1, 1, 2, 2, 2, 3, 3, 4, 5][rng.below(10) as usize],
        egress: [0, 0, 1, 1, 1, 2, 3][rng.below(7) as usize],
        label_count: rng.below(4) as u8,
        transport: rng.chance(30),
        tfc_len: [0, 0, 100, 1_400, 9_116, 9_117, 9_118, 0xffff][rng.below(8) as usize],
        mtu: [1_500, 100, 9_202, 0xffff][rng.below(4) as usize],
        sa: rng.next_u64() as u16,
        sa_gen: rng.next_u64() as u8,
        dmac: rng.next_u64() >> 16,
        smac: rng.next_u64() >> 16,
        label0: rng.next_u64() as u32 >> 12,
        label1: rng.next_u64() as u32 >> 12,
        label2: rng.next_u64() as u32 >> 12,
        label_ttl: if rng.chance(50) { 0 } else { rng.next_u64() as u8 },
        label_exp: rng.below(8) as u8,
        copy_exp: rng.chance(50),
    }
}

/// Label stack entries that replace or cover the packet, outermost first.
fn pushed(adj: &Adj, p: &Parsed, swap: bool) -> [u32; 3] {
    let mut push = [0; 3];
    let count = usize::from(adj.label_count);
    if adj.kind != AdjKind::Mpls.code() {
        return push;
    }
    let ttl_in = u32::from(if swap { p.label0 as u8 } else { p.ttl });
    let tc_in = if swap { p.label0 >> 9 & 7 } else { u32::from(p.tos >> 5) };
    let ttl = if adj.label_ttl == 0 { ttl_in.wrapping_sub(1) & 0xff } else { adj.label_ttl.into() };
    let tc = if adj.copy_exp { tc_in } else { adj.label_exp.into() };
    for (i, label) in [adj.label0, adj.label1, adj.label2].into_iter().take(count).enumerate() {
        let innermost = i + 1 == count;
        push[i] = match innermost && swap {
            true => entry(label, tc_in, p.label0 & 0x100 != 0, ttl_in.wrapping_sub(1) & 0xff),
            false => entry(label, tc, innermost, ttl),
        };
    }
    push
}

/// Bytes behind the stripped Ethernet header and labels that go on.
fn kept(ask: &Ask) -> usize {
    let p = &ask.meta.parsed;
    let below = if ask.swap { usize::from(p.l3_off) - 18 } else { 0 };
    match ask.swap && (p.malformed || !(p.is_ipv4 || p.is_ipv6)) {
        true => usize::from(ask.meta.len) - 18,
        false => below + usize::from(p.ip_len),
    }
}

/// Length of the longest frame that may leave.
fn frame_len(adj: &Adj, ask: &Ask) -> usize {
    let p = &ask.meta.parsed;
    let ip_len = usize::from(p.ip_len);
    let kept = kept(ask);
    match AdjKind::ALL.iter().find(|k| k.code() == adj.kind) {
        Some(AdjKind::Protect) => {
            let tfc_len = if adj.transport { 0 } else { usize::from(adj.tfc_len) };
            ip_len.max(tfc_len) + 14 + 40 + 8 + 16 + 5 + 16
        }
        Some(AdjKind::Mpls) => 14 + 4 * usize::from(adj.label_count) + kept,
        _ => 14 + kept,
    }
}

fn expect(adjs: &[Adj], ask: &Ask) -> Meta {
    let meta = &ask.meta;
    let whole = (meta.parsed.is_ipv4 || meta.parsed.is_ipv6) && !meta.parsed.malformed;
    let host_len = match meta.decrypted && whole {
        true => meta.parsed.ip_len + u16::from(meta.parsed.l3_off),
        false => meta.len,
    };
    let host =
        |m: Meta| Meta { egress: Egress::Host.code(), adj_kind: AdjKind::Host.code(), len: host_len, ..m };
    if meta.op == Op::Host.code() {
        return host(*meta);
    }
    if meta.op != Op::Forward.code() {
        return *meta;
    }
    let Some(index) = ask.adj else {
        return dropped(meta, DropReason::NoRoute);
    };
    let Some(adj) = adjs.get(usize::from(index)).filter(|a| a.valid) else {
        return dropped(meta, DropReason::AdjInvalid);
    };
    let p = &meta.parsed;
    let kind = AdjKind::ALL.iter().find(|k| k.code() == adj.kind);
    let usable = match kind {
        Some(AdjKind::Drop) => return dropped(meta, DropReason::RouteDrop),
        Some(AdjKind::Host) if meta.esp_miss => return dropped(meta, DropReason::SaNotFound),
        Some(AdjKind::Host) if meta.ingress == Ingress::Host.code() => {
            return dropped(meta, DropReason::AdjLoop)
        }
        Some(AdjKind::Host) => return host(to_host(meta, HostReason::LocalAddress)),
        Some(AdjKind::Mpls) => adj.label_count > 0,
        Some(AdjKind::Ip | AdjKind::Protect) => !ask.swap,
        None => false,
    };
    let protect = kind == Some(&AdjKind::Protect);
    let transport = protect && adj.transport;
    let ip_header = if p.is_ipv6 { 40 } else { 20 };
    match () {
        () if !usable || usize::from(adj.egress) >= param::NUM_PORTS => dropped(meta, DropReason::AdjInvalid),
        () if !ask.swap && p.ttl <= 1 => host(to_host(meta, HostReason::TtlExpired)),
        () if transport && usize::from(p.ip_len) == ip_header => dropped(meta, DropReason::InnerMalformed),
        () if transport && p.is_fragment => host(to_host(meta, HostReason::Fragment)),
        () if transport && p.ip6_ext => host(to_host(meta, HostReason::Ipv6Extension)),
        () if p.ip_len > adj.mtu => host(to_host(meta, HostReason::TooBig)),
        () if frame_len(adj, ask) > param::MAX_FRAME_BYTES => host(to_host(meta, HostReason::TooBig)),
        () => {
            let [push0, push1, push2] = pushed(adj, p, ask.swap);
            let mpls = kind == Some(&AdjKind::Mpls);
            Meta {
                strip: match (ask.swap, transport) {
                    (true, _) => 18,
                    (_, true) => p.l3_off + ip_header as u8,
                    _ => p.l3_off,
                },
                len: (kept(ask) as u16).wrapping_sub(if transport { ip_header as u16 } else { 0 }),
                patch_ttl: !ask.swap,
                adj_kind: adj.kind,
                egress: adj.egress,
                sa_out: if protect { adj.sa } else { 0 },
                sa_out_gen: if protect { adj.sa_gen } else { 0 },
                transport,
                tfc_len: if protect && !transport { adj.tfc_len } else { 0 },
                dmac: adj.dmac,
                smac: adj.smac,
                push_count: if mpls { adj.label_count } else { 0 },
                push0,
                push1,
                push2,
                push_ethertype: if mpls { 0x8847 } else { 0x0800 },
                ..*meta
            }
        }
    }
}

fn load(bench: &mut Bench, adjs: &[Adj]) {
    let bus = TableBus::new(bench);
    for (i, adj) in adjs.iter().enumerate().filter(|(_, a)| **a != Adj::default()) {
        bus.write(bench, &mut [], Table::Adj.code(), i as u32, &adj.to_bytes());
        let back = bus.read(bench, &mut [], Table::Adj.code(), i as u32);
        assert_eq!(Adj::from_bytes(&back).unwrap(), *adj);
    }
}

#[test]
fn random_adjacencies_decide_as_documented() {
    let mut rng = Rng::new(71);
    let mut adjs: Vec<Adj> = (0..400).map(|_| random_adj(&mut rng)).collect();
    adjs.resize(param::ADJ_DEPTH, Adj::default());
    adjs[param::ADJ_DEPTH - 1] = random_adj(&mut rng);
    let asks: Vec<Ask> = (0..12_000)
        .map(|_| {
            let op = [0, 0, 0, 0, 0, 0, 0, 2, 3, 4][rng.below(10) as usize];
            let index = [rng.below(400) as u16, rng.below(400) as u16, 4_095, 4_096 + rng.below(400) as u16];
            let known = rng.chance(93);
            let swap = known && rng.chance(30);
            // Around the longest packets that Protect, three labels and none leave room for.
            let edge = [9_117, 9_190, 9_202][rng.below(3) as usize]
                + [8, 8, rng.below(16) as u16][rng.below(3) as usize]
                - 8;
            let parsed = Parsed {
                ttl: [0, 1, 2, 64, 255][rng.below(5) as usize],
                tos: rng.next_u64() as u8,
                ip_len: [0, 20, 40, 99, 100, 101, 1_500, 1_501, 9_000, edge, edge, edge]
                    [rng.below(12) as usize],
                l3_off: if swap {
                    18 + 4 * rng.below(3) as u8
                } else {
                    [0, 14, 18, 22][rng.below(4) as usize]
                },
                is_ipv4: rng.chance(70),
                is_ipv6: rng.chance(10),
                malformed: rng.chance(10),
                is_fragment: rng.chance(10),
                ip6_ext: rng.chance(10),
                label0: rng.next_u64() as u32,
                ..Parsed::default()
            };
            let meta = Meta {
                op,
                drop: if op == 4 { DropReason::NoLabel.code() } else { 0 },
                host: if op == 2 { HostReason::Arp.code() } else { 0 },
                ingress: rng.below(3) as u8,
                egress: if op == 3 { 1 } else { 0 },
                esp_miss: rng.chance(30),
                decrypted: rng.chance(30),
                parsed,
                ..port_meta(0, if rng.chance(50) { 64 } else { 18 + usize::from(edge) })
            };
            Ask { meta: noisy_meta(&mut rng, meta), adj: known.then(|| index[rng.below(4) as usize]), swap }
        })
        .collect();
    let mut kinds = [0; 5];
    let mut drops = [0; 64];
    let mut hosts = [0; 32];
    let mut longest = [0; 3];
    for (pipes, gaps) in PIPES.into_iter().flat_map(|n| [(n, 0), (n, 30)]) {
        let mut bench = Bench::new(&model(pipes), 200_000);
        load(&mut bench, &adjs);
        for (got, ask) in run(&mut bench, &asks, gaps).iter().zip(&asks) {
            let want = expect(&adjs, ask);
            assert_eq!(*got, want, "{ask:?}");
            kinds[usize::from(want.adj_kind)] += u32::from(want.op == 0);
            drops[usize::from(want.drop)] += 1;
            hosts[usize::from(want.host)] += 1;
            if want.op == Op::Forward.code() {
                let len = frame_len(&adjs[usize::from(ask.adj.unwrap())], ask);
                let kind = usize::from(want.adj_kind) - 1;
                longest[kind] = longest[kind].max(len);
            }
        }
    }
    assert!(kinds[1..4].iter().all(|n| *n > 50), "forwarding kinds {kinds:?}");
    assert!(
        longest.iter().all(|n| (param::MAX_FRAME_BYTES - 3..=param::MAX_FRAME_BYTES).contains(n)),
        "{longest:?}"
    );
    for reason in [
        DropReason::NoRoute,
        DropReason::AdjInvalid,
        DropReason::RouteDrop,
        DropReason::SaNotFound,
        DropReason::AdjLoop,
        DropReason::InnerMalformed,
    ] {
        assert!(drops[usize::from(reason.code())] > 10, "{} not reached", reason.name());
    }
    for reason in [
        HostReason::LocalAddress,
        HostReason::TtlExpired,
        HostReason::TooBig,
        HostReason::Fragment,
        HostReason::Ipv6Extension,
    ] {
        assert!(hosts[usize::from(reason.code())] > 10, "{} not reached", reason.name());
    }
}
