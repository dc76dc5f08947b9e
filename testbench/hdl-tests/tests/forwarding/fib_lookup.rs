// SPDX-License-Identifier: Apache-2.0
//! Module fib_lookup against a naive longest prefix match, with the trie built here.

use crate::headers::{meta_of, noisy_meta, port_meta, through, Lanes, PIPES};
use headend_hdl_tests::{Bench, Rng, TableBus};
use headend_regs::{param, FibNode, FibResult, Meta, Parsed, Table};
use headend_verilated::{Library, Model};
use std::collections::BTreeMap;
use std::sync::Arc;

const LATENCY: u64 = 19;
const OUTPUTS: [&str; 4] = ["meta_o", "adj_valid_o", "swap_o", "adj_o"];
const INPUTS: [&str; 5] = ["meta_i", "route_i", "adj_valid_i", "swap_i", "adj_i"];

fn model(pipes: u64) -> Arc<Library> {
    Model::new("fib_lookup").param("NumPipes", pipes).checked().build().unwrap()
}

/// A route: VRF, prefix, length, adjacency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Route {
    vrf: u16,
    prefix: u32,
    len: u8,
    adj: u16,
}

fn mask(len: u8) -> u32 {
    u32::MAX.checked_shl(32 - u32::from(len)).unwrap_or(0)
}

/// Longest match by looking at every route.
fn naive(routes: &[Route], vrf: u16, addr: u32) -> Option<u16> {
    let matching = routes.iter().filter(|r| r.vrf == vrf && (addr & mask(r.len)) == r.prefix);
    matching.max_by_key(|r| r.len).map(|r| r.adj)
}

/// The trie as table records: (FibNode index, record) and (FibResult index, record).
#[derive(Default)]
struct Trie {
    nodes: Vec<(u32, FibNode)>,
    results: Vec<(u32, FibResult)>,
    next_node: [u32; param::FIB_LEVELS],
}

impl Trie {
    fn build(routes: &[Route]) -> Self {
        let mut trie = Self::default();
        let mut by_vrf: BTreeMap<u16, Vec<Route>> = BTreeMap::new();
        routes.iter().for_each(|r| by_vrf.entry(r.vrf).or_default().push(*r));
        for (vrf, routes) in by_vrf {
            trie.node(0, u32::from(vrf), &routes);
        }
        trie
    }

    /// Adds node `index` of `level` for routes that all share the first `4 * level` bits.
    fn node(&mut self, level: usize, index: u32, routes: &[Route]) {
        let here = 4 * level as u8;
        let mut record = FibNode { result_base: self.results.len() as u32, ..FibNode::default() };
        for bit in 0..15u32 {
            let len = (bit + 1).ilog2() as u8;
            let value = bit + 1 - (1 << len);
            let ends =
                |r: &&Route| r.len == here + len && (len == 0 || r.prefix << here >> (32 - len) == value);
            if let Some(route) = routes.iter().find(ends) {
                record.internal |= 1 << bit;
                let result = FibResult { valid: true, adj: route.adj };
                self.results.push((self.results.len() as u32, result));
            }
        }
        let mut below: BTreeMap<u32, Vec<Route>> = BTreeMap::new();
        for route in routes.iter().filter(|r| r.len >= here + 4) {
            below.entry(route.prefix << here >> 28).or_default().push(*route);
        }
        if !below.is_empty() {
            record.child_base = self.next_node[level + 1];
            self.next_node[level + 1] += below.len() as u32;
        }
        for (i, (nibble, routes)) in below.into_iter().enumerate() {
            record.external |= 1 << nibble;
            self.node(level + 1, record.child_base + i as u32, &routes);
        }
        self.nodes.push(((level * param::FIB_NODE_DEPTH) as u32 + index, record));
    }

    fn load(&self, bench: &mut Bench) {
        let bus = TableBus::new(bench);
        for (index, node) in &self.nodes {
            bus.write(bench, &mut [], Table::FibNode.code(), *index, &node.to_bytes());
        }
        for (index, result) in &self.results {
            bus.write(bench, &mut [], Table::FibResult.code(), *index, &result.to_bytes());
        }
        for (index, node) in self.nodes.iter().step_by(17) {
            let back = bus.read(bench, &mut [], Table::FibNode.code(), *index);
            assert_eq!(FibNode::from_bytes(&back).unwrap(), *node);
        }
        for (index, result) in self.results.iter().step_by(17) {
            let back = bus.read(bench, &mut [], Table::FibResult.code(), *index);
            assert_eq!(FibResult::from_bytes(&back).unwrap(), *result);
        }
    }
}

fn lookup(vrf: u16, addr: u32) -> Meta {
    Meta { vrf, parsed: Parsed { dst: addr.into(), ..Parsed::default() }, ..port_meta(0, 64) }
}

/// Words of a lookup: meta, route, adj_valid, swap, adj.
fn word(meta: &Meta, route: bool, adj: Option<u16>, swap: bool) -> Vec<Vec<u8>> {
    vec![
        meta.to_bytes().to_vec(),
        vec![u8::from(route)],
        vec![u8::from(adj.is_some())],
        vec![u8::from(swap)],
        adj.unwrap_or(0x5a5a).to_le_bytes().to_vec(),
    ]
}

fn adj_of(word: &[Vec<u8>]) -> Option<u16> {
    (word[1][0] == 1).then(|| u16::from_le_bytes([word[3][0], word[3][1]]))
}

fn random_routes(rng: &mut Rng) -> Vec<Route> {
    let mut routes: Vec<Route> = Vec::new();
    let mut add = |vrf: u16, prefix: u32, len: u8| {
        let route = Route { vrf, prefix: prefix & mask(len), len, adj: routes.len() as u16 + 1 };
        if !routes.iter().any(|r| (r.vrf, r.prefix, r.len) == (route.vrf, route.prefix, route.len)) {
            routes.push(route);
        }
    };
    // nested prefixes of every length around few addresses, in VRFs that share the address space
    for vrf in [0, 1, 7, 255] {
        for _ in 0..4 {
            let base = rng.next_u64() as u32;
            (0..=32).filter(|_| rng.chance(60)).for_each(|len| add(vrf, base, len));
        }
        for _ in 0..60 {
            let len = rng.range(1, 32) as u8;
            add(vrf, rng.next_u64() as u32, len);
        }
    }
    routes
}

#[test]
fn random_prefixes_match_the_longest_in_each_vrf() {
    let mut rng = Rng::new(31);
    let routes = random_routes(&mut rng);
    let metas: Vec<Meta> = (0..8_000)
        .map(|_| {
            let near = routes[rng.below(routes.len() as u64) as usize];
            let addr = near.prefix ^ (rng.next_u64() as u32 >> rng.range(1, 31));
            let vrf = if rng.chance(80) { near.vrf } else { [2, 0, 1, 7, 256, 4095][rng.below(6) as usize] };
            let meta = lookup(vrf, addr);
            noisy_meta(&mut rng, meta)
        })
        .collect();
    let words: Vec<_> = metas.iter().map(|m| word(m, true, None, false)).collect();
    let mut misses = 0;
    for (pipes, gaps) in PIPES.into_iter().flat_map(|n| [(n, 0), (n, 35)]) {
        let mut bench = Bench::new(&model(pipes), 200_000);
        Trie::build(&routes).load(&mut bench);
        let out = through(&mut bench, &mut [], &INPUTS, &OUTPUTS, &words, LATENCY, gaps);
        for (got, meta) in out.iter().zip(&metas) {
            let want = naive(&routes, meta.vrf, meta.parsed.dst as u32);
            assert_eq!(adj_of(got), want, "vrf {} {:08x}", meta.vrf, meta.parsed.dst);
            assert_eq!(meta_of(&got[0]), *meta);
            misses += u32::from(want.is_none());
        }
    }
    assert!(misses > 100, "misses are tested: {misses}");
}

#[test]
fn default_route_and_host_route_alone() {
    let routes = [
        Route { vrf: 3, prefix: 0, len: 0, adj: 10 },
        Route { vrf: 3, prefix: 0xc0a8_0101, len: 32, adj: 11 },
        Route { vrf: 4, prefix: 0xffff_ffff, len: 32, adj: 12 },
    ];
    let mut bench = Bench::new(&model(2), 10_000);
    Trie::build(&routes).load(&mut bench);
    let asks = [(3, 0xc0a8_0101), (3, 0xc0a8_0100), (3, 0), (4, 0xffff_ffff), (4, 0xffff_fffe), (5, 0)];
    let words: Vec<_> = asks.iter().map(|(v, a)| word(&lookup(*v, *a), true, None, false)).collect();
    let out = through(&mut bench, &mut [], &INPUTS, &OUTPUTS, &words, LATENCY, 0);
    let got: Vec<_> = out.iter().map(|w| adj_of(w)).collect();
    assert_eq!(got, [Some(11), Some(10), Some(10), Some(12), None, None]);
}

#[test]
fn known_adjacencies_pass_beside_the_trie() {
    let mut rng = Rng::new(32);
    let mut bench = Bench::new(&model(2), 10_000);
    let asks: Vec<_> = (0..500)
        .map(|_| {
            let adj = rng.chance(70).then(|| rng.next_u64() as u16);
            (lookup(0, rng.next_u64() as u32), adj, adj.is_some() && rng.chance(50))
        })
        .collect();
    let words: Vec<_> = asks.iter().map(|(m, adj, swap)| word(m, false, *adj, *swap)).collect();
    let out = through(&mut bench, &mut [], &INPUTS, &OUTPUTS, &words, LATENCY, 20);
    for (got, (meta, adj, swap)) in out.iter().zip(&asks) {
        assert_eq!((adj_of(got), got[2][0] == 1, meta_of(&got[0])), (*adj, *swap, *meta));
    }
}

#[test]
fn updates_under_traffic_show_the_old_or_the_new_route_only() {
    let old = [Route { vrf: 1, prefix: 0x0a00_0000, len: 8, adj: 1 }];
    // 10.1.0.0/16 -> 2 comes and goes: its child nodes and results stand ready, one write of the parent switches
    let new = [old[0], Route { vrf: 1, prefix: 0x0a01_0000, len: 16, adj: 2 }];
    let with = Trie::build(&new);
    let parent = (2 * param::FIB_NODE_DEPTH) as u32;
    let node = with.nodes.iter().find(|(i, _)| *i == parent).unwrap().1;
    let (off, on) = (FibNode { external: 0, ..node }, node);
    for pipes in PIPES {
        let mut bench = Bench::new(&model(pipes), 50_000);
        let bus = TableBus::new(&bench);
        with.load(&mut bench);
        // A module alone has no hold_o: gaps of the traffic let the bus in.
        let mut lanes = Lanes::new(&bench, &INPUTS, &OUTPUTS, 10);
        for i in 0..3_000u32 {
            (0..lanes.pipes())
                .for_each(|p| lanes.push(p, word(&lookup(1, 0x0a01_0000 | i), true, None, false)));
        }
        let mut toggle = false;
        while !lanes.done() {
            let record = if toggle { &on } else { &off };
            toggle = !toggle;
            bus.write(&mut bench, &mut [&mut lanes], Table::FibNode.code(), parent, &record.to_bytes());
            bench.run(&mut [&mut lanes], 13);
        }
        for seen in &lanes.seen {
            let got: Vec<_> = seen.iter().map(|(_, w)| adj_of(w)).collect();
            assert!(got.iter().all(|a| [Some(1), Some(2)].contains(a)), "a lookup saw a half-made trie");
            assert!(got.contains(&Some(1)) && got.contains(&Some(2)));
        }
    }
}
