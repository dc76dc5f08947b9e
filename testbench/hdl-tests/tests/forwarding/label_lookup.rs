// SPDX-License-Identifier: Apache-2.0
//! Module label_lookup: label actions, stack rules, and the checks of the IP header.

use crate::frames::{entry, ethernet, parsed_meta, random_packet, Ipv4};
use crate::headers::{dropped, meta_of, noisy_meta, port_meta, through, to_host, PIPES};
use headend_hdl_tests::{Bench, Rng, TableBus};
use headend_regs::{param, DropReason, HostReason, Label, LabelOp, Meta, Op, Table};
use headend_verilated::{Library, Model};
use std::collections::HashMap;
use std::sync::Arc;

const LATENCY: u64 = 2;

fn model(pipes: u64) -> Arc<Library> {
    Model::new("label_lookup").param("NumPipes", pipes).checked().build().unwrap()
}

/// What comes out: meta, look up the route, adjacency, swap.
#[derive(Debug, Clone, PartialEq)]
struct Found {
    meta: Meta,
    route: bool,
    adj: Option<u16>,
    swap: bool,
}

fn run(bench: &mut Bench, metas: &[Meta], gaps: u32) -> Vec<Found> {
    let words: Vec<_> = metas.iter().map(|m| vec![m.to_bytes().to_vec()]).collect();
    let outputs = ["meta_o", "route_o", "adj_valid_o", "swap_o", "adj_o"];
    through(bench, &mut [], &["meta_i"], &outputs, &words, LATENCY, gaps)
        .iter()
        .map(|w| Found {
            meta: meta_of(&w[0]),
            route: w[1][0] == 1,
            adj: (w[2][0] == 1).then(|| u16::from_le_bytes([w[4][0], w[4][1]])),
            swap: w[3][0] == 1,
        })
        .collect()
}

fn verdict(meta: Meta) -> Found {
    Found { meta, route: false, adj: None, swap: false }
}

/// The MPLS rules of label_lookup.sv: a verdict, or the record that decides about the IP packet below.
fn labels(table: &HashMap<u32, Label>, meta: &Meta) -> Result<Option<Label>, Box<Found>> {
    let p = &meta.parsed;
    if !p.is_mpls {
        return Ok(None);
    }
    let stack = [p.label0, p.label1, p.label2, p.label3];
    let stack = &stack[..usize::from(p.label_count)];
    let is_bottom = |e: u32| e & 0x100 != 0;
    if !p.stack_too_deep && !stack.last().is_some_and(|e| is_bottom(*e)) {
        return Err(Box::new(verdict(dropped(meta, DropReason::InnerMalformed))));
    }
    let top = stack[0];
    let null = top >> 12 == 0 && is_bottom(top);
    if top >> 12 < 16 && !null {
        return Err(Box::new(verdict(to_host(meta, HostReason::RouterAlert))));
    }
    if p.stack_too_deep {
        return Err(Box::new(verdict(dropped(meta, DropReason::LabelStack))));
    }
    if top & 0xff <= 1 {
        return Err(Box::new(verdict(to_host(meta, HostReason::MplsTtl))));
    }
    if null {
        return Ok(None);
    }
    let pops = |r: &Label| r.op == LabelOp::PopVrf.code() || r.op == LabelOp::PopAdj.code();
    match table.get(&(top >> 12)) {
        None => Err(Box::new(verdict(dropped(meta, DropReason::NoLabel)))),
        Some(r) if r.op == LabelOp::Swap.code() => {
            Err(Box::new(Found { meta: *meta, route: false, adj: Some(r.adj), swap: true }))
        }
        Some(r) if is_bottom(top) => Ok(Some(*r)),
        Some(_) => match table.get(&(stack[1] >> 12)) {
            Some(r) if is_bottom(stack[1]) && stack[1] >> 12 >= 16 && pops(r) => Ok(Some(*r)),
            _ => Err(Box::new(verdict(dropped(meta, DropReason::LabelStack)))),
        },
    }
}

fn expect(table: &HashMap<u32, Label>, meta: &Meta) -> Found {
    if meta.op != Op::Forward.code() {
        return verdict(*meta);
    }
    let record = match labels(table, meta) {
        Ok(record) => record,
        Err(found) => return *found,
    };
    let vrf = record.as_ref().filter(|r| r.op == LabelOp::PopVrf.code()).map_or(meta.vrf, |r| r.vrf);
    let meta = Meta { vrf, ..*meta };
    let p = &meta.parsed;
    let inside = meta.decrypted || p.is_mpls;
    match () {
        () if p.malformed => verdict(dropped(&meta, DropReason::InnerMalformed)),
        () if p.csum_bad => verdict(dropped(&meta, DropReason::InnerChecksum)),
        () if p.is_ipv6 => verdict(to_host(&meta, HostReason::UnknownEthertype)),
        () if inside && p.dst >= 0xe000_0000 => verdict(dropped(&meta, DropReason::Multicast)),
        () if p.has_options => verdict(to_host(&meta, HostReason::IpOptions)),
        () => {
            let adj = record.filter(|r| r.op == LabelOp::PopAdj.code()).map(|r| r.adj);
            Found { route: adj.is_none(), adj, swap: false, meta }
        }
    }
}

fn load(bench: &mut Bench, table: &HashMap<u32, Label>) {
    let bus = TableBus::new(bench);
    for (label, record) in table {
        bus.write(bench, &mut [], Table::Label.code(), *label, &record.to_bytes());
        let back = bus.read(bench, &mut [], Table::Label.code(), *label);
        assert_eq!(Label::from_bytes(&back).unwrap(), *record);
    }
}

/// Labels 0 to 63: the reserved ones are installed too, to show that they are not looked at; a third is missing.
fn random_table(rng: &mut Rng) -> HashMap<u32, Label> {
    let last = param::LABEL_DEPTH as u32 - 1;
    (0..64)
        .chain([last])
        .filter(|label| label % 3 != 1 || *label == last)
        .map(|label| {
            let record =
                Label { op: rng.range(1, 3) as u8, vrf: rng.below(256) as u16, adj: rng.next_u64() as u16 };
            (label, record)
        })
        .collect()
}

#[test]
fn random_stacks_and_headers_meet_the_first_rule_that_applies() {
    let mut rng = Rng::new(61);
    let table = random_table(&mut rng);
    let metas: Vec<Meta> = (0..8_000)
        .map(|_| {
            let (packet, starts_l3) = if rng.chance(60) {
                let depth = rng.range(1, 5);
                let stack: Vec<u32> = (1..=depth)
                    .map(|i| {
                        let label = [rng.below(64), rng.below(64), 65_535, 65_536 + rng.below(64)];
                        let label = label[rng.below(4) as usize] as u32;
                        entry(label, 0, i == depth, rng.below(8) as u32)
                    })
                    .collect();
                let ip = Ipv4::new(1, rng.next_u64() as u32, 6, vec![0; 40]).bytes();
                (ethernet(1, &[], 0x8847, &stack, &ip), false)
            } else {
                random_packet(&mut rng)
            };
            let meta = Meta {
                starts_l3,
                decrypted: starts_l3 && rng.chance(50),
                vrf: rng.below(256) as u16,
                op: if rng.chance(95) { Op::Forward } else { Op::Direct }.code(),
                ..port_meta(0, 0)
            };
            let meta = parsed_meta(meta, &packet);
            noisy_meta(&mut rng, meta)
        })
        .collect();
    let mut drops = [0; 64];
    let mut routes = [0; 3];
    for (pipes, gaps) in PIPES.into_iter().flat_map(|n| [(n, 0), (n, 30)]) {
        let mut bench = Bench::new(&model(pipes), 100_000);
        load(&mut bench, &table);
        for (got, meta) in run(&mut bench, &metas, gaps).iter().zip(&metas) {
            let want = expect(&table, meta);
            assert_eq!(*got, want, "{:08x}", meta.parsed.label0);
            drops[usize::from(want.meta.drop)] += 1;
            routes[0] += u32::from(want.route);
            routes[1] += u32::from(want.adj.is_some() && !want.swap);
            routes[2] += u32::from(want.swap);
        }
    }
    assert!(routes.iter().all(|n| *n > 100), "{routes:?}");
    for reason in [
        DropReason::InnerMalformed,
        DropReason::InnerChecksum,
        DropReason::NoLabel,
        DropReason::LabelStack,
        DropReason::Multicast,
    ] {
        assert!(drops[usize::from(reason.code())] > 20, "{} not reached", reason.name());
    }
}

#[test]
fn vpn_label_below_a_transport_label_selects_the_vrf() {
    let mut bench = Bench::new(&model(2), 10_000);
    let vpn = Label { op: LabelOp::PopVrf.code(), vrf: 42, adj: 0 };
    let transport = Label { op: LabelOp::PopVrf.code(), vrf: 0, adj: 0 };
    load(&mut bench, &HashMap::from([(528, vpn), (16, transport), (15, vpn)]));
    let ip = Ipv4::new(1, 0x0a00_0001, 6, vec![0; 40]).bytes();
    let stack = [entry(16, 0, false, 64), entry(528, 0, true, 64)];
    let meta = parsed_meta(port_meta(0, 0), &ethernet(1, &[], 0x8847, &stack, &ip));
    let got = run(&mut bench, &[meta], 0).remove(0);
    assert_eq!((got.route, got.meta.vrf, got.meta.op), (true, 42, Op::Forward.code()));
    let reserved = [entry(16, 0, false, 64), entry(15, 0, true, 64)];
    let meta = parsed_meta(port_meta(0, 0), &ethernet(1, &[], 0x8847, &reserved, &ip));
    let got = run(&mut bench, &[meta], 0).remove(0);
    assert_eq!(got.meta.drop, DropReason::LabelStack.code(), "a reserved label is not taken from the table");
}
