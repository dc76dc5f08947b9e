// SPDX-License-Identifier: Apache-2.0
//! The header pipelines as a whole: outer_lookup and inner_lookup with the tables of a small PE.

use crate::frames::{entry, ethernet, window, Ipv4};
use crate::headers::{meta_of, port_meta, through, PIPES};
use headend_hdl_tests::{Bench, TableBus};
use headend_regs::{
    param, Adj, AdjKind, DropReason, Egress, FibNode, FibResult, GcmKey, HostReason, Intf, Label, LabelOp,
    Meta, Op, SaHash, SaIn, Selector, Table,
};
use headend_verilated::Model;

const OUTER_LATENCY: u64 = 12;
const INNER_LATENCY: u64 = 30;
const OURS: u64 = 0x0200_0000_0001;
const IVRF: u16 = 11;

fn write(bench: &mut Bench, table: Table, index: u32, record: &[u8]) {
    let bus = TableBus::new(bench);
    bus.write(bench, &mut [], table.code(), index, record);
}

fn sa_in() -> SaIn {
    SaIn {
        valid: true,
        esn: false,
        tunnel: true,
        gen: 3,
        replay_window: 64,
        ivrf: IVRF,
        gcm: GcmKey { icv_len: 16, ..GcmKey::default() },
        sel: Selector { src: 0x0a01_0000, src_len: 16, dst: 0, dst_len: 0, ..Selector::default() },
        ..Default::default()
    }
}

fn outer(bench: &mut Bench, frames: &[Vec<u8>]) -> Vec<Meta> {
    let words: Vec<_> =
        frames.iter().map(|f| vec![window(f), port_meta(0, f.len()).to_bytes().to_vec()]).collect();
    through(bench, &mut [], &["window_i", "meta_i"], &["meta_o"], &words, OUTER_LATENCY, 0)
        .iter()
        .map(|w| meta_of(&w[0]))
        .collect()
}

#[test]
fn outer_lookup_tells_esp_for_us_from_the_rest() {
    PIPES.into_iter().for_each(esp_and_the_rest);
}

fn esp_and_the_rest(pipes: u64) {
    let mut bench =
        Bench::new(&Model::new("outer_lookup").param("NumPipes", pipes).checked().build().unwrap(), 10_000);
    let intf = Intf { valid: true, mpls: true, vrf: 1, mac: OURS };
    write(&mut bench, Table::Intf, 0, &intf.to_bytes());
    write(&mut bench, Table::SaIn, 5, &sa_in().to_bytes());
    let hash = SaHash { valid: true, ipv6: false, proto: 50, fvrf: 1, spi: 0x1001, dst: 0xc000_0201, sa: 5 };
    let stash = (param::SA_HASH_WAYS * param::SA_HASH_ROWS) as u32;
    write(&mut bench, Table::SaHash, stash + 7, &hash.to_bytes());

    let esp = |spi: u32| {
        let mut payload = spi.to_be_bytes().to_vec();
        payload.extend(9u32.to_be_bytes());
        payload.resize(8 + 8 + 32, 0xee);
        ethernet(OURS, &[], 0x0800, &[], &Ipv4::new(0xc633_6401, 0xc000_0201, 50, payload).bytes())
    };
    let arp = ethernet(u64::MAX >> 16, &[], 0x0806, &[], &[0; 46]);
    let ping = Ipv4::new(1, 2, 1, vec![0; 30]).bytes();
    let stray = ethernet(OURS + 9, &[], 0x0800, &[], &ping);
    let mpls = ethernet(OURS, &[], 0x8847, &[entry(528, 0, true, 60)], &ping);
    let got = outer(&mut bench, &[esp(0x1001), esp(0x1002), arp, stray, mpls, esp(0x1001)]);
    assert_eq!((got[0].op, got[0].sa_in, got[0].seq, got[0].len), (Op::Decrypt.code(), 5, 9, 32));
    assert_eq!((got[1].op, got[1].esp_miss, got[1].sa_in), (Op::Forward.code(), true, 0xffff));
    assert_eq!(got[2].host, HostReason::Arp.code());
    assert_eq!(got[3].drop, DropReason::MacNotOurs.code());
    assert_eq!((got[4].op, got[4].vrf), (Op::Forward.code(), 1));
    assert_eq!(got[5].op, Op::Decrypt.code());
}

/// Routes 10.0.0.0/8 of the IVRF to adjacency 1 and 10.2.0.0/16 to adjacency 2.
fn routes(bench: &mut Bench) {
    let level = |l: usize| (l * param::FIB_NODE_DEPTH) as u32;
    let node = |internal, external, result_base| FibNode { internal, external, child_base: 0, result_base };
    let path = [
        (u32::from(IVRF), node(0, 1 << 0, 0)),
        (level(1), node(0, 1 << 10, 0)),
        (level(2), node(1, 1 << 0, 0)),
        (level(3), node(0, 1 << 2, 0)),
        (level(4), node(1, 0, 1)),
    ];
    for (index, node) in path {
        write(bench, Table::FibNode, index, &node.to_bytes());
    }
    for (index, adj) in [(0, 1), (1, 2)] {
        write(bench, Table::FibResult, index, &FibResult { valid: true, adj }.to_bytes());
    }
}

#[test]
fn inner_lookup_carries_a_packet_from_tunnel_to_labels_and_back() {
    PIPES.into_iter().for_each(tunnel_and_labels);
}

fn tunnel_and_labels(pipes: u64) {
    let mut bench =
        Bench::new(&Model::new("inner_lookup").param("NumPipes", pipes).checked().build().unwrap(), 10_000);
    routes(&mut bench);
    let hop = Adj { valid: true, mtu: 1_500, dmac: 0xaa, smac: 0xbb, ..Adj::default() };
    let mpls = Adj {
        kind: AdjKind::Mpls.code(),
        egress: Egress::Port1.code(),
        label_count: 2,
        label0: 702,
        label1: 498,
        label_ttl: 255,
        ..hop
    };
    let protect = Adj { kind: AdjKind::Protect.code(), sa: 6, ..hop };
    write(&mut bench, Table::Adj, 1, &mpls.to_bytes());
    write(&mut bench, Table::Adj, 2, &protect.to_bytes());
    let label = Label { op: LabelOp::PopVrf.code(), vrf: IVRF, adj: 0 };
    write(&mut bench, Table::Label, 528, &label.to_bytes());
    write(&mut bench, Table::SaIn, 5, &sa_in().to_bytes());
    let bus = TableBus::new(&bench);
    assert!(bus.is_silent(&mut bench, &mut [], Table::Intf.code(), 0));

    let tunnelled = |src, dst| {
        let ip = Ipv4::new(src, dst, 1, vec![0; 60]).bytes();
        let meta = Meta {
            starts_l3: true,
            decrypted: true,
            sa_in: 5,
            sa_in_gen: 3,
            vrf: IVRF,
            ..port_meta(0, ip.len())
        };
        (ip, meta)
    };
    let labelled = |label, dst| {
        let ip = Ipv4::new(0x0a09_0909, dst, 1, vec![0; 60]).bytes();
        let frame = ethernet(OURS, &[], 0x8847, &[entry(label, 0, true, 60)], &ip);
        let meta = Meta { vrf: 1, ..port_meta(1, frame.len()) };
        (frame, meta)
    };
    let asks = [
        tunnelled(0x0a01_0001, 0x0a63_0001),
        tunnelled(0x0b01_0001, 0x0a63_0001),
        tunnelled(0x0a01_0001, 0xc0a8_0001),
        labelled(528, 0x0a02_0001),
        labelled(529, 0x0a02_0001),
    ];
    let words: Vec<_> = asks.iter().map(|(p, m)| vec![window(p), m.to_bytes().to_vec()]).collect();
    let got: Vec<Meta> =
        through(&mut bench, &mut [], &["window_i", "meta_i"], &["meta_o"], &words, INNER_LATENCY, 0)
            .iter()
            .map(|w| meta_of(&w[0]))
            .collect();
    let labels = [entry(702, 0, false, 255), entry(498, 0, true, 255)];
    assert_eq!((got[0].op, got[0].adj_kind), (Op::Forward.code(), AdjKind::Mpls.code()));
    assert_eq!((got[0].push_count, got[0].push0, got[0].push1), (2, labels[0], labels[1]));
    assert_eq!((got[0].strip, got[0].egress), (0, Egress::Port1.code()));
    assert_eq!(got[1].drop, DropReason::SelectorMismatch.code());
    assert_eq!(got[2].drop, DropReason::NoRoute.code());
    assert_eq!((got[3].op, got[3].adj_kind, got[3].sa_out), (Op::Forward.code(), AdjKind::Protect.code(), 6));
    assert_eq!((got[3].strip, got[3].vrf), (18, IVRF));
    assert_eq!(got[4].drop, DropReason::NoLabel.code());
}
