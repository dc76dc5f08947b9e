// SPDX-License-Identifier: Apache-2.0
//! The trie, walked as the card does after every single write, against a naive longest-prefix match.

use std::collections::HashMap;

use proptest::prelude::*;

use super::*;

/// Node and result memory as the card holds them.
#[derive(Default)]
struct Card {
    nodes: HashMap<u32, FibNode>,
    results: HashMap<u32, FibResult>,
}

impl Card {
    fn apply(&mut self, command: &Command) {
        if let Some(node) = command.record::<FibNode>() {
            self.nodes.insert(command.index(), node);
        } else if let Some(result) = command.record::<FibResult>() {
            self.results.insert(command.index(), result);
        }
    }

    /// Longest match, level by level with bitmap and popcount, as `fib_lookup` does.
    fn lookup(&self, vrf: u16, address: u32) -> Option<u16> {
        let mut best = None;
        let mut index = u32::from(vrf);
        for level in 0..LEVELS as u32 {
            let node = self.nodes.get(&index).copied().unwrap_or_default();
            let step = if level < 8 { address >> (28 - 4 * level) & 0xf } else { 0 };
            for len in (0..4).rev() {
                let bit = (1 << len) - 1 + (step >> (4 - len));
                if node.internal >> bit & 1 == 1 {
                    let below = node.internal & ((1 << bit) - 1);
                    best = Some(node.result_base + u32::from(below).count_ones());
                    break;
                }
            }
            if level == 8 || node.external >> step & 1 == 0 {
                break;
            }
            let below = node.external & ((1u32 << step) - 1) as u16;
            index = (level + 1) * LEVEL_NODES + node.child_base + u32::from(below).count_ones();
        }
        best.map(|index| {
            let result = self.results[&index];
            assert!(result.valid);
            result.adj
        })
    }
}

/// Routes in a list, matched one by one.
#[derive(Clone, Default)]
struct Naive(HashMap<(u16, Prefix), u16>);

impl Naive {
    fn lookup(&self, vrf: u16, address: u32) -> Option<u16> {
        let matching = self.0.iter().filter(|((v, prefix), _)| *v == vrf && prefix.contains(address.into()));
        matching.max_by_key(|((_, prefix), _)| prefix.len()).map(|(_, &adj)| adj)
    }
}

fn prefixes() -> impl Strategy<Value = Prefix> {
    // Few distinct addresses, so that prefixes nest and collide.
    (0..5u32, 0..4u32, 0..4u32, 0..=32u8).prop_map(|(a, b, c, len)| {
        Prefix::truncated((a << 28 | b << 15 | c << 2 | 0x0a00_0001 | c).into(), len)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn every_single_write_shows_the_routes_before_or_after(
        steps in prop::collection::vec((0..2u16, prefixes(), prop::option::weighted(0.6, 1..9u16)), 1..60),
        probes in prop::collection::vec(prefixes(), 20),
    ) {
        let (mut fib, mut card, mut naive) = (Fib::new(), Card::default(), Naive::default());
        let mut addresses: Vec<u32> = probes.iter().map(|p| u32::from(p.address()) | 3).collect();
        addresses.extend(steps.iter().map(|(_, p, _)| u32::from(p.address())));
        for (vrf, prefix, adj) in steps {
            let before = naive.clone();
            let had = match adj {
                Some(adj) => { naive.0.insert((vrf, prefix), adj); fib.insert(vrf, prefix, adj) }
                None => { naive.0.remove(&(vrf, prefix)); fib.remove(vrf, prefix) }
            };
            prop_assert_eq!(had, before.0.get(&(vrf, prefix)).copied());
            for command in fib.sync().unwrap() {
                card.apply(&command);
                for &address in &addresses {
                    let seen = card.lookup(vrf, address);
                    prop_assert!(
                        seen == before.lookup(vrf, address) || seen == naive.lookup(vrf, address),
                        "{seen:?} for {:?}", Ipv4Addr::from(address)
                    );
                }
            }
            for &address in &addresses {
                for vrf in 0..2 {
                    prop_assert_eq!(card.lookup(vrf, address), naive.lookup(vrf, address));
                }
            }
            prop_assert_eq!(fib.get(vrf, prefix), adj);
            prop_assert!(fib.sync().unwrap().is_empty());
        }
    }

    #[test]
    fn all_space_comes_back_when_all_routes_go(
        batches in prop::collection::vec(prop::collection::vec((prefixes(), 1..9u16), 1..40), 1..5)
    ) {
        let mut fib = Fib::new();
        for batch in &batches {
            for &(prefix, adj) in batch {
                fib.insert(7, prefix, adj);
            }
            fib.sync().unwrap();
        }
        for (prefix, _) in batches.iter().flatten() {
            fib.remove(7, *prefix);
        }
        fib.sync().unwrap();
        prop_assert!(fib.space.levels.iter().all(|level| level.available() == LEVEL_NODES));
        prop_assert_eq!(fib.space.results.available(), param::FIB_RESULT_DEPTH as u32);
    }

    #[test]
    fn internal_bits_and_prefixes_convert_both_ways(prefix in prefixes()) {
        let (level, bit) = place(prefix);
        let path = if level == 0 { 0 } else { u32::from(prefix.address()) & (!0u64 << (32 - 4 * level)) as u32 };
        prop_assert_eq!(prefix_of(path, level, bit), prefix);
    }
}

#[test]
fn a_route_removed_before_it_was_ever_written_leaves_nothing() {
    let mut fib = Fib::new();
    fib.insert(0, Prefix::truncated([10, 1, 2, 3].into(), 32), 1);
    fib.remove(0, Prefix::truncated([10, 1, 2, 3].into(), 32));
    fib.sync().unwrap();
    assert_eq!(fib.space.results.available(), param::FIB_RESULT_DEPTH as u32);
}

#[test]
fn a_full_trie_is_an_error_and_the_routes_before_stay() {
    let mut fib = Fib::new();
    let prefix = |n: u32| Prefix::truncated((n << 8).into(), 32);
    let mut n = 0;
    let error = loop {
        for _ in 0..500 {
            fib.insert(0, prefix(n), 1);
            n += 1;
        }
        match fib.sync() {
            Ok(_) => {}
            Err(error) => break error,
        }
    };
    assert!(matches!(error, Error::TableFull { table: Table::FibNode, .. }), "{error}");
    for undone in n - 500..n {
        fib.remove(0, prefix(undone));
    }
    fib.sync().unwrap();
    assert_eq!(fib.get(0, prefix(0)), Some(1));
}
