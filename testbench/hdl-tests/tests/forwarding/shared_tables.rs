// SPDX-License-Identifier: Apache-2.0
//! Tables written and read while every pipeline takes a header in every cycle: each access is answered once, each
//! write lands once, no lookup sees half a record, and no header is lost or late.

use crate::frames::{entry, ethernet, window, Ipv4};
use crate::headers::{meta_of, port_meta, Lanes, Word, PIPES};
use headend_hdl_tests::{Agent, Bench, Rng, TableBus};
use headend_regs::{
    param, Adj, AdjKind, FibNode, FibResult, GcmCtx, GcmKey, Intf, Label, LabelOp, Meta, Op, SaHash, SaIn,
    Selector, Table,
};
use headend_verilated::{Instance, Model, Port};
use std::collections::HashMap;

const HEADERS: u64 = 6_000;
const OURS: u64 = 0x0200_0000_0001;
const VRF: u16 = 7;

/// Counts acknowledges, asked for or not.
struct Acks {
    port: Port,
    count: u64,
}

impl Agent for Acks {
    fn drive(&mut self, _: &mut Instance) {}
    fn sample(&mut self, dut: &Instance) {
        self.count += u64::from(dut.get_bool(self.port));
    }
}

/// The tables as they must be, and the accesses so far.
struct Tables {
    bus: TableBus,
    shadow: HashMap<(u8, u32), Vec<u8>>,
    accesses: u64,
    acks: Acks,
}

impl Tables {
    fn new(bench: &Bench) -> Self {
        let acks = Acks { port: bench.port("tbl_ack_o"), count: 0 };
        Self { bus: TableBus::new(bench), shadow: HashMap::new(), accesses: 0, acks }
    }

    /// Writes a record of which a read shows `shown`.
    fn write(&mut self, bench: &mut Bench, lanes: &mut Lanes, at: (Table, u32), record: &[u8], shown: &[u8]) {
        let (table, index) = at;
        self.bus.write(bench, &mut [lanes, &mut self.acks], table.code(), index, record);
        self.shadow.insert((table.code(), index), shown.to_vec());
        self.accesses += 1;
    }

    fn check(&mut self, bench: &mut Bench, lanes: &mut Lanes, table: u8, index: u32) {
        let back = self.bus.read(bench, &mut [lanes, &mut self.acks], table, index);
        let want = &self.shadow[&(table, index)];
        assert_eq!(back[..want.len()], want[..], "table {table} index {index}");
        self.accesses += 1;
    }

    /// Reads a record that was written, whichever.
    fn check_one(&mut self, bench: &mut Bench, lanes: &mut Lanes, rng: &mut Rng) {
        let mut keys: Vec<_> = self.shadow.keys().copied().collect();
        keys.sort_unstable();
        let (table, index) = keys[rng.below(keys.len() as u64) as usize];
        self.check(bench, lanes, table, index);
    }

    fn check_all(&mut self, bench: &mut Bench, lanes: &mut Lanes) {
        let keys: Vec<_> = self.shadow.keys().copied().collect();
        keys.into_iter().for_each(|(table, index)| self.check(bench, lanes, table, index));
        bench.run(&mut [lanes, &mut self.acks], 100);
        assert_eq!(self.acks.count, self.accesses, "one acknowledge per access");
    }
}

/// Fills the queues of all pipelines with the same headers, numbered in meta.cycle.
fn load_lanes(lanes: &mut Lanes, packets: &[(Vec<u8>, Meta)]) {
    for i in 0..HEADERS {
        let (packet, meta) = &packets[i as usize % packets.len()];
        let word: Word = vec![window(packet), Meta { cycle: i, ..*meta }.to_bytes().to_vec()];
        (0..lanes.pipes()).for_each(|p| lanes.push(p, word.clone()));
    }
}

/// Nothing lost, nothing late, and no more pauses than the accesses explain.
fn check_flow(lanes: &Lanes, latency: u64, accesses: u64) {
    lanes.check_latency(latency);
    for (p, (seen, sent)) in lanes.seen.iter().zip(&lanes.sent).enumerate() {
        assert_eq!(seen.len() as u64, HEADERS);
        for (i, (_, word)) in seen.iter().enumerate() {
            assert_eq!(meta_of(&word[0]).cycle, i as u64, "order in pipeline {p}");
        }
        let pauses = sent[sent.len() - 1] - sent[0] + 1 - HEADERS;
        let shared = lanes.pipes() > 1 && p + 1 == lanes.pipes();
        assert!(pauses <= if shared { 3 * accesses } else { 0 }, "{pauses} pauses, {accesses} accesses");
        assert!(!shared || pauses > 0, "the bus cannot have had its turn");
    }
}

/// A 48-bit number of six equal bytes.
fn mac(version: u8) -> u64 {
    u64::from(version) * 0x0101_0101_0101
}

fn version_of(mac: u64) -> u8 {
    let version = mac as u8;
    assert_eq!(mac, self::mac(version), "a mixed record");
    version
}

/// An adjacency all of whose identifying fields say `version`.
fn adj(version: u8) -> Adj {
    Adj {
        valid: true,
        kind: AdjKind::Protect.code(),
        mtu: 9_000,
        sa: u16::from_le_bytes([version; 2]),
        sa_gen: version,
        dmac: mac(version),
        smac: mac(version),
        ..Adj::default()
    }
}

#[test]
fn the_tables_of_inner_lookup_change_under_full_load() {
    PIPES.into_iter().for_each(inner_storm);
}

fn inner_storm(pipes: u64) {
    let model = Model::new("inner_lookup").param("NumPipes", pipes).checked().build().unwrap();
    let mut bench = Bench::new(&model, 60_000);
    let mut lanes = Lanes::new(&bench, &["window_i", "meta_i"], &["meta_o"], 0);
    let mut tables = Tables::new(&bench);
    let mut rng = Rng::new(pipes);

    // Every address of the VRF goes to adjacency 1, packets with label 600 to the one that the label names.
    let root = FibNode { internal: 1, ..FibNode::default() };
    let route = FibResult { valid: true, adj: 1 };
    let label = |adj: u16| Label { op: LabelOp::PopAdj.code(), vrf: 0, adj }.to_bytes();
    let fixed: [(Table, u32, Vec<u8>); 4] = [
        (Table::FibNode, VRF.into(), root.to_bytes().to_vec()),
        (Table::FibResult, 0, route.to_bytes().to_vec()),
        (Table::Label, 600, label(1).to_vec()),
        (Table::Adj, 1, adj(1).to_bytes().to_vec()),
    ];
    for (table, index, record) in &fixed {
        tables.write(&mut bench, &mut lanes, (*table, *index), record, record);
    }
    for version in 1..=255u8 {
        let record = adj(version).to_bytes();
        tables.write(&mut bench, &mut lanes, (Table::Adj, 256 + u32::from(version)), &record, &record);
    }
    let ip = Ipv4::new(1, 0x0a00_0001, 6, vec![0; 20]).bytes();
    let labelled = ethernet(OURS, &[], 0x8847, &[entry(600, 0, true, 64)], &ip);
    let plain = ethernet(OURS, &[], 0x0800, &[], &ip);
    let packets = [plain, labelled].map(|p| {
        let meta = Meta { vrf: VRF, ..port_meta(0, p.len()) };
        (p, meta)
    });
    load_lanes(&mut lanes, &packets);

    let before = tables.accesses;
    while !lanes.done() {
        let version = rng.range(1, 255) as u8;
        let at = rng.below(64) as u32;
        match rng.below(8) {
            0 | 1 => {
                let record = adj(version).to_bytes();
                tables.write(&mut bench, &mut lanes, (Table::Adj, 1), &record, &record);
            }
            2 => {
                let record = label(256 + u16::from(version));
                tables.write(&mut bench, &mut lanes, (Table::Label, 600), &record, &record);
            }
            3 => {
                let sel = Selector { src: rng.next_u64().into(), proto: version, ..Selector::default() };
                let record = SaIn { valid: true, gen: version, sel, ..SaIn::default() }.to_bytes();
                let shown = SaIn { sel, ..SaIn::default() }.to_bytes();
                tables.write(&mut bench, &mut lanes, (Table::SaIn, at), &record, &shown);
            }
            4 => {
                let level = rng.below(param::FIB_LEVELS as u64) as usize;
                let index = (level * param::FIB_NODE_DEPTH) as u32 + 100 + at;
                let record = FibNode { child_base: version.into(), ..root }.to_bytes();
                tables.write(&mut bench, &mut lanes, (Table::FibNode, index), &record, &record);
            }
            5 => {
                let record = FibResult { valid: true, adj: version.into() }.to_bytes();
                tables.write(&mut bench, &mut lanes, (Table::FibResult, 1 + at), &record, &record);
            }
            _ => tables.check_one(&mut bench, &mut lanes, &mut rng),
        }
    }
    let accesses = tables.accesses - before;
    tables.check_all(&mut bench, &mut lanes);
    check_flow(&lanes, 30, accesses);
    assert!(accesses > 140, "{accesses} accesses under load");
    for seen in &lanes.seen {
        let versions: Vec<u8> = seen
            .iter()
            .map(|(_, word)| {
                let meta = meta_of(&word[0]);
                let version = version_of(meta.dmac);
                assert_eq!((meta.op, meta.smac), (Op::Forward.code(), meta.dmac));
                assert_eq!((meta.sa_out, meta.sa_out_gen), (u16::from_le_bytes([version; 2]), version));
                version
            })
            .collect();
        let changes = versions.windows(3).filter(|w| w[0] != w[2]).count();
        assert!(changes > 20, "lookups see the changes: {changes}");
    }
}

/// An inbound SA whose key material and generation all say `version`.
fn sa_in(version: u8) -> SaIn {
    let power = [version; 16];
    SaIn {
        valid: true,
        tunnel: true,
        gen: version,
        gcm: GcmKey {
            key: [version; 32],
            salt: [version; 4],
            h1: power,
            h2: power,
            h3: power,
            h4: power,
            hfb: power,
            icv_len: 16,
            aes256: true,
        },
        ..SaIn::default()
    }
}

#[test]
fn the_tables_of_outer_lookup_change_under_full_load() {
    PIPES.into_iter().for_each(outer_storm);
}

fn outer_storm(pipes: u64) {
    let model = Model::new("outer_lookup").param("NumPipes", pipes).checked().build().unwrap();
    let mut bench = Bench::new(&model, 60_000);
    let mut lanes = Lanes::new(&bench, &["window_i", "meta_i"], &["meta_o", "ctx_o"], 0);
    let mut tables = Tables::new(&bench);
    let mut rng = Rng::new(10 + pipes);
    let stash = (param::SA_HASH_WAYS * param::SA_HASH_ROWS) as u32;

    // What reading SaIn shows: everything but keys.
    let public = |sa: &SaIn| {
        let gcm = GcmKey { icv_len: sa.gcm.icv_len, aes256: sa.gcm.aes256, ..GcmKey::default() };
        SaIn { gcm, ..sa.clone() }.to_bytes()
    };
    let intf = Intf { valid: true, mpls: false, vrf: VRF, mac: OURS }.to_bytes();
    tables.write(&mut bench, &mut lanes, (Table::Intf, 0), &intf, &intf);
    for index in 5..7 {
        let sa = sa_in(1);
        tables.write(&mut bench, &mut lanes, (Table::SaIn, index), &sa.to_bytes(), &public(&sa));
    }
    let place = |sa: u16| SaHash {
        valid: true,
        ipv6: false,
        proto: 50,
        fvrf: VRF,
        spi: 0x1001,
        dst: 0xc000_0201,
        sa,
    };
    tables.write(&mut bench, &mut lanes, (Table::SaHash, stash), &place(5).to_bytes(), &place(5).to_bytes());
    let mut payload = 0x1001u32.to_be_bytes().to_vec();
    payload.extend(9u32.to_be_bytes());
    payload.resize(8 + 8 + 32, 0xee);
    let frame = ethernet(OURS, &[], 0x0800, &[], &Ipv4::new(9, 0xc000_0201, 50, payload).bytes());
    let meta = port_meta(0, frame.len());
    load_lanes(&mut lanes, &[(frame, meta)]);

    let before = tables.accesses;
    while !lanes.done() {
        let version = rng.range(1, 255) as u8;
        match rng.below(6) {
            0 | 1 => {
                let (sa, index) = (sa_in(version), rng.range(5, 6) as u32);
                tables.write(&mut bench, &mut lanes, (Table::SaIn, index), &sa.to_bytes(), &public(&sa));
            }
            2 => {
                let record = place(rng.range(5, 6) as u16).to_bytes();
                tables.write(&mut bench, &mut lanes, (Table::SaHash, stash), &record, &record);
            }
            3 => {
                let other =
                    SaHash { spi: rng.next_u64() as u32 | 1 << 31, ..place(version.into()) }.to_bytes();
                let at = rng.below(stash.into()) as u32;
                tables.write(&mut bench, &mut lanes, (Table::SaHash, at), &other, &other);
            }
            4 => {
                let record =
                    Intf { valid: true, mpls: true, vrf: version.into(), mac: mac(version) }.to_bytes();
                let at = rng.range(2, 60) as u32;
                tables.write(&mut bench, &mut lanes, (Table::Intf, at), &record, &record);
            }
            _ => tables.check_one(&mut bench, &mut lanes, &mut rng),
        }
    }
    let accesses = tables.accesses - before;
    tables.check_all(&mut bench, &mut lanes);
    check_flow(&lanes, 12, accesses);
    assert!(accesses > 250, "{accesses} accesses under load");
    for seen in &lanes.seen {
        let mut versions = Vec::new();
        for (_, word) in seen {
            let meta = meta_of(&word[0]);
            let want = sa_in(meta.sa_in_gen).gcm;
            assert_eq!(meta.op, Op::Decrypt.code());
            assert!(
                GcmCtx::from_bytes(&word[1]).unwrap().gcm.to_bytes() == want.to_bytes(),
                "a mixed record"
            );
            versions.push(meta.sa_in_gen);
        }
        let changes = versions.windows(2).filter(|w| w[0] != w[1]).count();
        assert!(changes > 20, "lookups see the changes: {changes}");
    }
}
