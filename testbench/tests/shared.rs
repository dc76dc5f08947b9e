// SPDX-License-Identifier: Apache-2.0
//! Both ports use the same SAs at the same time. The order between them is a matter of timing, so the tests hold the card
//! to what must be true in any order: numbers are given out once and without gaps, every packet opens to one that was
//! sent, no number is accepted twice, limits end an SA exactly and are told once, and the counters add up.

use headend_regs::{param, DropReason, SaLimit};
use headend_testbench::harness::{Dut, Output, SimulatedCard};
use headend_testbench::model::{
    Action, Adjacency, Counters, Interface, LabelAction, Limits, Link, Prefix, Route, SaIn, SaOut, Tables,
};
use headend_testbench::packet::{
    dissect, ethernet, mac, mpls_frame, EspKey, EspPayload, Ipv4, LabelEntry, ETHERTYPE_IPV4, PROTO_ESP,
};
use headend_testbench::traffic::{Random, Stimulus};
use rand::{RngExt, SeedableRng};
use std::collections::{BTreeMap, BTreeSet};

const OURS: u64 = 0x0200_0000_0001;
const GATEWAY: u32 = 0xc000_0201;
const SAS: u16 = 6;
/// SAs with a part of their own: one ends by packets, one runs out of numbers.
const LIMITED: u16 = 4;
const EXHAUSTED: u16 = 5;
/// Packets that each of these two lets pass.
const ALLOWED: u64 = 100;
/// Rounds of packets on both ports at once; the card comes to rest in between.
const ROUNDS: usize = 25;
/// Packets per port and round. Fewer than the window has places, and no queue refuses them.
const BURST: usize = 40;

fn key(sa: u16, outbound: bool) -> EspKey {
    EspKey {
        key: vec![(sa as u8) << 1 | u8::from(outbound); if sa.is_multiple_of(2) { 16 } else { 32 }],
        salt: [sa as u8; 4],
        icv_len: [16, 8, 12][usize::from(sa) % 3],
        esn: sa == 1 || sa == 2,
    }
}

/// Label 1000 + n leads into outbound SA n; what comes out of inbound SA n leaves on port n % 2.
fn tables() -> Tables {
    let mut t = Tables::default();
    for port in 0..param::NUM_PORTS as u16 {
        t.interfaces.insert(port, Interface { vrf: 0, mac: mac(OURS), mpls: true });
    }
    let limits = |sa: u16| match sa {
        LIMITED => {
            Limits { soft_packets: Some(ALLOWED / 2), hard_packets: Some(ALLOWED), ..Limits::default() }
        }
        _ => Limits::default(),
    };
    for n in 0..SAS {
        let link = |port: u16| Link { port: port.into(), dmac: mac(0x0200_0000_0100), smac: mac(OURS) };
        let inbound = SaIn::tunnel(0x1000 + u32::from(n), GATEWAY, key(n, false));
        t.sas_in.insert(n, SaIn { window: 1024, ivrf: 1 + n, limits: limits(n), ..inbound });
        let outbound = SaOut::tunnel(0x2000 + u32::from(n), GATEWAY, 9u32, key(n, true));
        let used = if n == EXHAUSTED { outbound.last_seq() - ALLOWED } else { 0 };
        t.sas_out.insert(n, SaOut { used, limits: limits(n), df: n % 2 == 0, ..outbound });
        let protect =
            Action::Protect { link: link(n % 2), sa: n, gen: 1, transport: false, tfc_len: 200 * (n % 2) };
        t.adjacencies.insert(10 + n, Adjacency { mtu: 9000, action: protect });
        t.adjacencies.insert(30 + n, Adjacency { mtu: 9000, action: Action::Ip(link(n % 2)) });
        t.labels.insert(1000 + u32::from(n), LabelAction::PopAdj(10 + n));
        t.routes.push(Route { vrf: 1 + n, prefix: Prefix { addr: 0x0a00_0000, len: 8 }, adj: 30 + n });
    }
    t
}

/// A packet that carries its SA, the port it enters and its number.
fn packet(random: &mut Random, sa: u16, port: usize, number: u64) -> Vec<u8> {
    let mut payload = format!("<sa {sa} port {port} number {number}>").into_bytes();
    payload.resize(payload.len() + random.random_range(0..[30, 200, 900][number as usize % 3]), 0x2e);
    Ipv4::new(0x0b00_0001, 0x0a00_0001, 17).build(&payload)
}

/// `ip` as the card passes it on.
fn routed(ip: &[u8]) -> Vec<u8> {
    let header = dissect(&ethernet(mac(1), mac(2), ETHERTYPE_IPV4, ip)).unwrap().ip.unwrap();
    Ipv4 { ttl: header.header.ttl - 1, ..header.header }.build(&header.payload)
}

fn drops(counters: &Counters, reason: DropReason) -> u64 {
    counters.drops.get(&reason.code()).copied().unwrap_or(0)
}

fn start(pipes: usize) -> SimulatedCard {
    let mut card = SimulatedCard::with_pipes(pipes).expect("the simulated card starts");
    card.program(&tables()).expect("the tables fit");
    card
}

/// The frames of a round enter both ports at bus speed; what leaves comes back.
fn round(card: &mut SimulatedCard, frames: &[Vec<Vec<u8>>; 2]) -> Vec<(usize, Vec<u8>)> {
    for n in 0..frames[0].len().max(frames[1].len()) {
        for (port, frames) in frames.iter().enumerate() {
            if let Some(bytes) = frames.get(n).cloned() {
                card.offer(&Stimulus::Frame { port, bytes, bad: false }).expect("the card takes it");
            }
        }
    }
    let outputs = card.drain().expect("the card comes to rest");
    let frame = |output| match output {
        Output::Frame { port, bytes } => (port, bytes),
        Output::Host(delivery) => panic!("nothing is for the host: {delivery:?}"),
    };
    outputs.into_iter().map(frame).collect()
}

/// Both limits of the limited SA were told once, and the end of the exhausted one when it is outbound.
fn check_events(card: &mut SimulatedCard, out: bool) {
    let mut told: Vec<_> = card.take_events().iter().map(|e| (e.out, e.sa, e.hard, e.limit, e.seq)).collect();
    told.sort_unstable();
    let packets = SaLimit::Packets.code();
    let mut want = vec![(out, LIMITED, false, packets), (out, LIMITED, true, packets)];
    if out {
        want.push((out, EXHAUSTED, true, SaLimit::Sequence.code()));
        // Outbound numbers follow the count.
        assert_eq!(told.iter().map(|e| e.4).collect::<Vec<_>>(), [50, 100, u32::MAX.into()]);
    }
    assert_eq!(told.iter().map(|e| (e.0, e.1, e.2, e.3)).collect::<Vec<_>>(), want);
}

fn outbound(pipes: usize) {
    let mut random = Random::seed_from_u64(11);
    let mut card = start(pipes);
    // What entered, by the packet that must be inside; what came out, by SA and number.
    let mut entered: BTreeSet<(u16, Vec<u8>)> = BTreeSet::new();
    let mut numbers: BTreeMap<u16, BTreeSet<u64>> = BTreeMap::new();
    let mut bytes: BTreeMap<u16, u64> = BTreeMap::new();
    let mut ids = BTreeSet::new();
    let mut offered = [0u64; SAS as usize];
    for _ in 0..ROUNDS {
        let frames = [0, 1].map(|port| {
            let mut frames = vec![];
            for _ in 0..BURST {
                let sa = random.random_range(0..SAS);
                offered[usize::from(sa)] += 1;
                let ip = packet(&mut random, sa, port, offered[usize::from(sa)]);
                let label = LabelEntry { label: 1000 + u32::from(sa), tc: 0, bottom: true, ttl: 9 };
                frames.push(mpls_frame(mac(OURS), mac(3), &[label], &ip));
                entered.insert((sa, routed(&ip)));
            }
            frames
        });
        for (port, frame) in round(&mut card, &frames) {
            let d = dissect(&frame).expect("a frame");
            let (spi, low) = d.esp().expect("ESP");
            let sa = (spi - 0x2000) as u16;
            assert_eq!(port, usize::from(sa) % 2);
            let ip = d.ip.expect("IPv4");
            let mut inside = key(sa, true).open(&ip.payload, low.into()).expect("it opens").plaintext;
            let len = usize::from(u16::from_be_bytes([inside[2], inside[3]]));
            inside.truncate(len);
            *bytes.entry(sa).or_default() += len as u64;
            assert!(entered.remove(&(sa, inside)), "SA {sa}: a packet that never entered, or twice");
            assert!(numbers.entry(sa).or_default().insert(low.into()), "SA {sa}: number {low} twice");
            assert!(ip.header.df || ids.insert(ip.header.id), "IPv4 ID {} twice", ip.header.id);
        }
    }
    for sa in 0..SAS {
        let used = tables().sas_out[&sa].used;
        let sent = if sa >= LIMITED { ALLOWED } else { offered[usize::from(sa)] };
        assert!(offered[usize::from(sa)] > ALLOWED, "SA {sa} was used too little");
        let want: BTreeSet<u64> = (used + 1..=used + sent).collect();
        assert_eq!(numbers[&sa], want, "SA {sa}: gaps");
        let state = card.sa_out(sa).expect("its state");
        assert_eq!((state.seq, state.packets, state.bytes), (used + sent, sent, bytes[&sa]), "SA {sa}");
    }
    let counters = card.counters().expect("counters");
    assert_eq!(drops(&counters, DropReason::SaOutExpired), offered[usize::from(LIMITED)] - ALLOWED);
    assert_eq!(drops(&counters, DropReason::SeqExhausted), offered[usize::from(EXHAUSTED)] - ALLOWED);
    assert_eq!(counters.drops.values().sum::<u64>(), entered.len() as u64);
    assert_eq!(counters.unaccounted(), 0);
    check_events(&mut card, true);
}

/// Each packet comes on both ports at the same time, and passes once.
fn inbound(pipes: usize) {
    let mut random = Random::seed_from_u64(12);
    let mut card = start(pipes);
    let mut entered: BTreeSet<(u16, Vec<u8>)> = BTreeSet::new();
    let mut passed = [0u64; SAS as usize];
    let mut offered = [0u64; SAS as usize];
    for _ in 0..ROUNDS {
        let mut frames: [Vec<Vec<u8>>; 2] = [vec![], vec![]];
        for n in 0..BURST {
            let sa = random.random_range(0..SAS);
            offered[usize::from(sa)] += 1;
            let seq = offered[usize::from(sa)];
            let ip = packet(&mut random, sa, 0, seq);
            let esp =
                key(sa, false).seal(0x1000 + u32::from(sa), seq, seq.to_be_bytes(), &EspPayload::new(&ip, 4));
            let outer = Ipv4::new(8, GATEWAY, PROTO_ESP).build(&esp);
            frames[0].push(ethernet(mac(OURS), mac(3), ETHERTYPE_IPV4, &outer));
            // Now earlier, now later on the other port.
            let at = (n + random.random_range(0..4)).saturating_sub(3).min(frames[1].len());
            frames[1].insert(at, ethernet(mac(OURS), mac(4), ETHERTYPE_IPV4, &outer));
            entered.insert((sa, routed(&ip)));
        }
        for (port, frame) in round(&mut card, &frames) {
            let ip = &frame[14..];
            let len = usize::from(u16::from_be_bytes([ip[2], ip[3]]));
            let found = (0..SAS).find(|sa| entered.remove(&(*sa, ip[..len].to_vec())));
            let sa = found.expect("a packet that never entered, or a second time");
            assert_eq!(port, usize::from(sa) % 2);
            passed[usize::from(sa)] += 1;
        }
    }
    let counters = card.counters().expect("counters");
    let mut replayed = 0;
    for sa in 0..SAS {
        let n = usize::from(sa);
        let state = card.sa_in(sa).expect("its state");
        let want = if sa == LIMITED { ALLOWED } else { offered[n] };
        assert_eq!((passed[n], state.packets), (want, want), "SA {sa}");
        assert!(offered[n] > ALLOWED, "SA {sa} was used too little");
        assert_eq!(state.auth_fail, 0);
        if sa == LIMITED {
            assert!(state.seq_top >= ALLOWED && state.seq_top < offered[n], "top {}", state.seq_top);
        } else {
            assert_eq!((state.seq_top, state.replay_fail), (offered[n], offered[n]), "SA {sa}");
        }
        replayed += state.replay_fail;
    }
    assert_eq!(
        drops(&counters, DropReason::ReplayDuplicate) + drops(&counters, DropReason::ReplayOld),
        replayed
    );
    let dropped = 2 * offered.iter().sum::<u64>() - passed.iter().sum::<u64>();
    assert_eq!(drops(&counters, DropReason::SaInExpired), dropped - replayed);
    assert_eq!(counters.drops.values().sum::<u64>(), dropped);
    assert_eq!(counters.unaccounted(), 0);
    check_events(&mut card, false);
}

#[test]
fn numbers_are_given_out_once_one_pipeline() {
    outbound(1);
}

#[test]
fn numbers_are_given_out_once_two_pipelines() {
    outbound(2);
}

#[test]
fn numbers_are_accepted_once_one_pipeline() {
    inbound(1);
}

#[test]
fn numbers_are_accepted_once_two_pipelines() {
    inbound(2);
}
