// SPDX-License-Identifier: Apache-2.0
//! The whole card on a bench: its wires, a configuration with every kind of path, packets, and the account.
#![allow(dead_code, reason = "each test file uses its part")]

use crate::gcm_common::{key_record, seal};
use headend_hdl_tests::{Agent, HostRig, WordSink, WordSource};
use headend_regs::{
    param, reg, Adj, AdjKind, Egress, FibNode, FibResult, Intf, Label, LabelOp, Ring, SaHash, SaIn, SaOut,
    Selector,
};
use headend_verilated::{Instance, Library, Model};
use std::sync::Arc;

pub(crate) const OUR_MAC: [u64; 2] = [0x0200_0000_0001, 0x0200_0000_0002];
pub(crate) const PEER_MAC: [u64; 2] = [0x0200_0000_0a01, 0x0200_0000_0a02];
pub(crate) const SPI: u32 = 0x0001_7000;
pub(crate) const LOCAL: u32 = 0xc000_0201;
pub(crate) const REMOTE: u32 = 0xc633_6401;
/// Generation of the outbound SA.
pub(crate) const GEN: u8 = 0x41;
pub(crate) const SALT: [u8; 4] = [1, 2, 3, 4];

/// The two ports' wires.
pub(crate) struct Wires {
    pub(crate) into: Vec<WordSource>,
    pub(crate) out: Vec<WordSink>,
    taken: [usize; 2],
}

impl Wires {
    pub(crate) fn new(dut: &Instance) -> Self {
        let names = |dir: &str, p: usize, fields: &[&str]| {
            fields.iter().map(|f| format!("{dir}_axis_p{p}_{f}")).collect::<Vec<_>>()
        };
        let source = |p| {
            let n = names("s", p, &["tvalid", "tready", "tdata", "tkeep", "tlast", "tuser"]);
            WordSource::new(dut, &n[0], Some(&n[1]), &n[2..].iter().map(String::as_str).collect::<Vec<_>>())
        };
        let sink = |p| {
            let n = names("m", p, &["tvalid", "tready", "tdata", "tkeep", "tlast"]);
            WordSink::new(dut, &n[0], &n[1], &n[2..].iter().map(String::as_str).collect::<Vec<_>>())
        };
        Self { into: (0..2).map(source).collect(), out: (0..2).map(sink).collect(), taken: [0; 2] }
    }

    pub(crate) fn send(&mut self, port: usize, frame: &[u8]) {
        let beats = frame.len().div_ceil(64);
        for (n, chunk) in frame.chunks(64).enumerate() {
            let keep = u64::MAX >> (64 - chunk.len());
            self.into[port].push(&[chunk, &keep.to_le_bytes(), &[u8::from(n + 1 == beats)], &[0]]);
        }
    }

    /// The next whole frame that left `port`.
    pub(crate) fn receive(&mut self, port: usize) -> Option<Vec<u8>> {
        let words = &self.out[port].received[self.taken[port]..];
        let end = words.iter().position(|(_, w)| w[2][0] != 0)?;
        let mut frame = Vec::new();
        for (_, word) in &words[..=end] {
            let keep = u64::from_le_bytes(word[1].clone().try_into().expect("64 bits"));
            frame.extend(&word[0][..keep.count_ones() as usize]);
        }
        self.taken[port] += end + 1;
        Some(frame)
    }
}

impl Agent for Wires {
    fn drive(&mut self, dut: &mut Instance) {
        self.into.iter_mut().for_each(|a| a.drive(dut));
        self.out.iter_mut().for_each(|a| a.drive(dut));
    }

    fn sample(&mut self, dut: &Instance) {
        self.into.iter_mut().for_each(|a| a.sample(dut));
        self.out.iter_mut().for_each(|a| a.sample(dut));
    }
}

pub(crate) type Card = HostRig<Wires>;

/// The card with `pipes` pipelines. Without the parameter the default one is the same model for everybody.
pub(crate) fn library(pipes: usize) -> Arc<Library> {
    let model = Model::new("headend_core");
    let model = if pipes == param::NUM_PIPES { model } else { model.param("NumPipes", pipes as u64) };
    model.build().expect("headend_core builds")
}

pub(crate) fn card(seed: u64, limit: u64) -> Card {
    card_with(param::NUM_PIPES, seed, limit)
}

pub(crate) fn card_with(pipes: usize, seed: u64, limit: u64) -> Card {
    let mut card = HostRig::new(&library(pipes), limit, seed, Wires::new);
    card.write(reg::CONTROL, 1);
    card.enable(Ring::Cmd, 4, 4);
    card
}

pub(crate) fn mac(value: u64) -> Vec<u8> {
    value.to_be_bytes()[2..].to_vec()
}

/// A UDP-less IPv4 packet with `payload` after its header.
pub(crate) fn ipv4(src: u32, dst: u32, proto: u8, ttl: u8, payload: &[u8]) -> Vec<u8> {
    let mut b = vec![0x45, 0];
    b.extend((20 + payload.len() as u16).to_be_bytes());
    b.extend([0x12, 0x34, 0, 0, ttl, proto, 0, 0]);
    b.extend(src.to_be_bytes());
    b.extend(dst.to_be_bytes());
    let mut sum: u32 = b.chunks(2).map(|p| u32::from(p[0]) << 8 | u32::from(p[1])).sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    b[10..12].copy_from_slice(&(!(sum as u16)).to_be_bytes());
    b.extend(payload);
    b
}

pub(crate) fn frame(port: usize, ethertype: u16, payload: &[u8]) -> Vec<u8> {
    [&mac(OUR_MAC[port]), &mac(PEER_MAC[port]), &ethertype.to_be_bytes()[..], payload].concat()
}

/// What leaves `port` towards its neighbour, padded to the Ethernet minimum.
pub(crate) fn sent_frame(port: usize, ethertype: u16, payload: &[u8]) -> Vec<u8> {
    let mut f = [&mac(PEER_MAC[port]), &mac(OUR_MAC[port]), &ethertype.to_be_bytes()[..], payload].concat();
    f.resize(f.len().max(60), 0);
    f
}

pub(crate) fn adjacency(kind: AdjKind, egress: Egress) -> Adj {
    let port = egress as usize & 1;
    Adj {
        valid: true,
        kind: kind.into(),
        egress: egress.into(),
        mtu: 9000,
        dmac: PEER_MAC[port],
        smac: OUR_MAC[port],
        ..Adj::default()
    }
}

/// A route of everything in `vrf` to adjacency `adj`.
pub(crate) fn default_route(card: &mut Card, vrf: u32, adj: u16) {
    card.write_record(100 + vrf, &FibResult { valid: true, adj });
    card.write_record(vrf, &FibNode { internal: 1, result_base: 100 + vrf, ..FibNode::default() });
}

/// VRF 1 behind port 0 goes out by ESP on port 1; VRF 2 is what is decrypted from port 1, and goes out with two
/// labels on port 0; VRF 3 goes out as plain IP on port 1; VRF 4 is local.
pub(crate) fn program(card: &mut Card, esn: bool, aes256: bool) -> Vec<u8> {
    let key: Vec<u8> = (0..if aes256 { 32 } else { 16 }).collect();
    let gcm = key_record(&key, SALT);
    for (n, vrf) in [(0, 1), (1, 5)] {
        card.write_record(n, &Intf { valid: true, mpls: true, vrf, mac: OUR_MAC[n as usize] });
    }
    card.write_record(10, &Adj { sa: 3, sa_gen: GEN, ..adjacency(AdjKind::Protect, Egress::Port1) });
    let labels = Adj { label_count: 2, label0: 702, label1: 498, ..adjacency(AdjKind::Mpls, Egress::Port0) };
    card.write_record(11, &labels);
    card.write_record(12, &adjacency(AdjKind::Ip, Egress::Port1));
    card.write_record(13, &adjacency(AdjKind::Host, Egress::Host));
    card.write_record(14, &adjacency(AdjKind::Drop, Egress::Port0));
    for (vrf, adj) in [(1, 10), (2, 11), (3, 12), (4, 13), (5, 13), (6, 14)] {
        default_route(card, vrf, adj);
    }
    card.write_record(
        3,
        &SaOut {
            valid: true,
            esn,
            tunnel: true,
            df: true,
            gen: GEN,
            ttl: 61,
            spi: SPI,
            src: u128::from(LOCAL),
            dst: u128::from(REMOTE),
            gcm: gcm.clone(),
            ..SaOut::default()
        },
    );
    card.write_record(
        7,
        &SaIn {
            valid: true,
            esn,
            tunnel: true,
            gen: 1,
            replay_window: 64,
            ivrf: 2,
            gcm,
            sel: Selector { any: true, ..Selector::default() },
            ..Default::default()
        },
    );
    let stash = (param::SA_HASH_WAYS * param::SA_HASH_ROWS) as u32;
    card.write_record(
        stash,
        &SaHash {
            valid: true,
            proto: 50,
            fvrf: 5,
            spi: SPI,
            dst: u128::from(REMOTE),
            sa: 7,
            ..SaHash::default()
        },
    );
    card.write_record(528, &Label { op: LabelOp::PopVrf.into(), vrf: 3, ..Label::default() });
    key
}

pub(crate) fn receive(card: &mut Card, port: usize) -> Vec<u8> {
    let mut frame = None;
    card.run_until("frame", 5_000, |card| {
        frame = card.extra.receive(port);
        frame.is_some()
    });
    frame.expect("run_until ended")
}

/// Runs until the card is idle.
///
/// # Panics
/// It does not get there; says which stages took in more than they let out or dropped.
pub(crate) fn settle(card: &mut Card) {
    for _ in 0..40_000 {
        if card.bench.get("busy_o") == 0 {
            return;
        }
        card.step();
    }
    let stages: Vec<_> =
        (0..9).map(|n| (card.counter(reg::STAGE_IN + 8 * n), card.counter(reg::STAGE_OUT + 8 * n))).collect();
    let drops: Vec<_> =
        (1..64).map(|n| (n, card.counter(reg::drop_count(n)))).filter(|(_, count)| *count != 0).collect();
    panic!("not idle: balance {:?}, stages {stages:?}, drops {drops:?}", balance(card));
}

/// Rx frames + host tx, and tx frames + host rx + drops.
pub(crate) fn balance(card: &mut Card) -> (u64, u64) {
    let pair = |card: &mut Card, at: u64| card.counter(at) + card.counter(at + 8);
    let into = pair(card, reg::PORT_RX_FRAMES) + card.counter(reg::HOST_TX_FRAMES);
    let drops: u64 = (1..64).map(|n| card.counter(reg::drop_count(n))).sum();
    (into, pair(card, reg::PORT_TX_FRAMES) + card.counter(reg::HOST_RX_FRAMES) + drops)
}

/// Bytes of the wire per cycle at 100 Gb/s and 250 MHz, and what a frame costs beyond its bytes: preamble, FCS
/// and gap.
const WIRE_BYTES_PER_CYCLE: usize = 50;
const WIRE_OVERHEAD: usize = 24;

/// What a port brings in: its frames, and the bytes by which they are longer where they leave.
pub(crate) struct Load {
    pub(crate) frames: Vec<Vec<u8>>,
    pub(crate) growth: usize,
}

/// Brings in `loads`, one per port, no faster than a 100 Gb/s wire carries the longer side of each frame, and expects
/// every frame of a port out of the other one, the last one soon after the last one came in.
pub(crate) fn at_line_rate(card: &mut Card, loads: &[Load; 2]) {
    let mut next = [0; 2];
    let mut credit = [0; 2];
    while (0..2).any(|port| next[port] < loads[port].frames.len()) {
        for port in 0..2 {
            credit[port] += WIRE_BYTES_PER_CYCLE;
            while let Some(frame) = loads[port].frames.get(next[port]) {
                let cost = frame.len() + loads[port].growth + WIRE_OVERHEAD;
                if credit[port] < cost {
                    break;
                }
                credit[port] -= cost;
                card.extra.send(port, frame);
                next[port] += 1;
            }
        }
        card.step();
    }
    settle(card);
    for (port, load) in loads.iter().enumerate().filter(|(_, load)| !load.frames.is_empty()) {
        let last = card.extra.out[1 - port].received.last().map_or(u64::MAX, |(cycle, _)| *cycle);
        let out = std::iter::from_fn(|| card.extra.receive(1 - port)).count();
        let drops: Vec<_> = (1..64).filter(|n| card.counter(reg::drop_count(*n)) != 0).collect();
        assert_eq!(out, load.frames.len(), "frames of port {port}, drop reasons {drops:?}");
        let behind = last - card.extra.into[port].sent().last().expect("sent");
        // Store and forward of the longest frames included.
        assert!(behind < 900, "port {port}: the last frame left {behind} cycles after it came");
    }
}

/// Cycles from the last beat of each of `frames`, all that `port` brought in, to its first beat out of the other port,
/// where they left in this order.
pub(crate) fn latencies(card: &Card, port: usize, frames: &[Vec<u8>]) -> Vec<u64> {
    let sent = card.extra.into[port].sent();
    let ends = frames.iter().scan(0, |beats, frame| {
        *beats += frame.len().div_ceil(64);
        Some(sent[*beats - 1])
    });
    let mut sop = true;
    let starts = card.extra.out[1 - port].received.iter().filter(|(_, word)| {
        let first = sop;
        sop = word[2][0] != 0;
        first
    });
    ends.zip(starts).map(|(end, (start, _))| start - end).collect()
}

/// Frames of ESP for the inbound SA that `program` installs, with inner packets of `size` bytes of payload.
pub(crate) fn esp_frames(key: &[u8], size: usize, count: usize) -> Vec<Vec<u8>> {
    let plain = [ipv4(1, 2, 17, 64, &vec![5; size]), (1..=((6 - size % 4) % 4) as u8).collect()].concat();
    let plain = [&plain[..], &[(plain.len() - 20 - size) as u8, 4]].concat();
    let sealed = |n: u32| {
        let iv = u64::from(n).to_be_bytes();
        let nonce: [u8; 12] = [&SALT[..], &iv].concat().try_into().expect("12 bytes");
        let header = [SPI.to_be_bytes(), n.to_be_bytes()].concat();
        let (cipher, tag) = seal(key, &nonce, &header, &plain);
        frame(1, 0x0800, &ipv4(LOCAL, REMOTE, 50, 64, &[&header[..], &iv, &cipher, &tag].concat()))
    };
    (1..=count as u32).map(sealed).collect()
}

/// Outer IPv4, ESP, IV, at most 5 bytes of trailer, ICV: what encryption adds.
pub(crate) const ESP_GROWTH: usize = 20 + 8 + 8 + 5 + 16;
