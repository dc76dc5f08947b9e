// SPDX-License-Identifier: Apache-2.0
//! Routes as the card's tree bitmap (struct `fib_node`): stride 4, one level of nodes per nibble of the address.
//!
//! A change is made in the host's picture first; [`Fib::sync`] then gives the writes. Children and results of a node
//! are arrays, so a node that gains or loses one gets a new array, written in full before the node itself: the write
//! of a node's record, which the card reads as a whole, makes the change visible. Arrays that fell out of use are
//! given back behind a fence, when no packet in the lookup stages can still be on its way to them.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use headend_regs::{param, FibNode, FibResult, Table};

use super::blocks::Blocks;
use super::Prefix;
use crate::rings::Command;
use crate::{Error, Result};

/// Levels of the trie.
pub(crate) const LEVELS: usize = param::FIB_LEVELS;
/// Nodes per level.
pub(crate) const LEVEL_NODES: u32 = param::FIB_NODE_DEPTH as u32;

/// A node: routes that end in it by internal bit, children by nibble, and what the card holds of it.
#[derive(Clone, Debug, Default)]
struct Node {
    routes: BTreeMap<u8, u16>,
    children: BTreeMap<u8, Node>,
    record: FibNode,
    /// Routes as the card holds them.
    written: BTreeMap<u8, u16>,
}

/// The routes of all VRFs.
#[derive(Clone, Debug)]
pub struct Fib {
    roots: BTreeMap<u16, Node>,
    space: Space,
}

/// Free entries of the tables, and those that become free behind the next fence.
#[derive(Clone, Debug)]
struct Space {
    levels: Vec<Blocks>,
    results: Blocks,
    retired: Vec<(Option<usize>, u32, u32)>,
}

impl Fib {
    /// No routes, and tables as large as the description says.
    #[must_use]
    pub fn new() -> Self {
        let levels = (0..LEVELS).map(|_| Blocks::new(LEVEL_NODES)).collect();
        let results = Blocks::new(param::FIB_RESULT_DEPTH as u32);
        Self { roots: BTreeMap::new(), space: Space { levels, results, retired: Vec::new() } }
    }

    /// Adds or replaces a route; gives the adjacency it had.
    pub fn insert(&mut self, vrf: u16, prefix: Prefix, adj: u16) -> Option<u16> {
        let (level, bit) = place(prefix);
        let mut node = self.roots.entry(vrf).or_default();
        for depth in 0..level {
            node = node.children.entry(nibble(prefix.address(), depth)).or_default();
        }
        node.routes.insert(bit, adj)
    }

    /// Removes a route; gives the adjacency it had.
    pub fn remove(&mut self, vrf: u16, prefix: Prefix) -> Option<u16> {
        let (level, bit) = place(prefix);
        let root = self.roots.get_mut(&vrf)?;
        take_out(root, prefix.address(), 0, level, bit, &mut self.space)
    }

    /// The adjacency of exactly this prefix.
    #[must_use]
    pub fn get(&self, vrf: u16, prefix: Prefix) -> Option<u16> {
        let (level, bit) = place(prefix);
        let mut node = self.roots.get(&vrf)?;
        for depth in 0..level {
            node = node.children.get(&nibble(prefix.address(), depth))?;
        }
        node.routes.get(&bit).copied()
    }

    /// The writes that bring the card up to date, in order.
    ///
    /// # Errors
    /// A table has no room; nothing has changed then, and the routes may be removed again.
    pub fn sync(&mut self) -> Result<Vec<Command>> {
        let mut next = self.clone();
        let mut commands = Vec::new();
        for (&vrf, root) in &mut next.roots {
            let record = plan(root, 0, &mut next.space, &mut commands)?;
            if record != root.record {
                commands.push(Command::write(u32::from(vrf), &record));
                root.record = record;
            }
        }
        next.roots.retain(|_, root| !root.routes.is_empty() || !root.children.is_empty());
        if !next.space.retired.is_empty() {
            commands.push(Command::fence());
            next.space.reclaim();
        }
        *self = next;
        Ok(commands)
    }
}

impl Default for Fib {
    fn default() -> Self {
        Self::new()
    }
}

impl Space {
    fn nodes(&mut self, level: usize, len: u32) -> Result<u32> {
        if len == 0 {
            return Ok(0);
        }
        let detail = || format!("level {level} of the trie has no {len} nodes in a row free");
        self.levels[level]
            .take(len)
            .ok_or_else(|| Error::TableFull { table: Table::FibNode, detail: detail() })
    }

    fn results(&mut self, len: u32) -> Result<u32> {
        if len == 0 {
            return Ok(0);
        }
        let detail = || format!("no {len} results in a row free");
        self.results.take(len).ok_or_else(|| Error::TableFull { table: Table::FibResult, detail: detail() })
    }

    /// Notes a node's array of children, which lie in `level`, for giving back.
    fn retire_children(&mut self, level: usize, record: &FibNode) {
        self.retire(Some(level), record.child_base, record.external);
    }

    /// Notes a node's array of results for giving back.
    fn retire_results(&mut self, record: &FibNode) {
        self.retire(None, record.result_base, record.internal);
    }

    fn retire(&mut self, level: Option<usize>, base: u32, map: u16) {
        if map != 0 {
            self.retired.push((level, base, map.count_ones()));
        }
    }

    fn reclaim(&mut self) {
        for (level, start, len) in self.retired.drain(..) {
            match level {
                Some(level) => self.levels[level].give(start, len),
                None => self.results.give(start, len),
            }
        }
    }
}

/// Level of the node in which a prefix ends, and its internal bit there.
fn place(prefix: Prefix) -> (usize, u8) {
    let (level, len) = (prefix.len() / 4, prefix.len() % 4);
    let value = if len == 0 { 0 } else { nibble(prefix.address(), usize::from(level)) >> (4 - len) };
    (usize::from(level), (1 << len) - 1 + value)
}

/// The prefix that internal bit `bit` of a node stands for; `path` holds the nibbles that lead to the node.
pub(crate) fn prefix_of(path: u32, level: usize, bit: u8) -> Prefix {
    let len = (u32::from(bit) + 1).ilog2();
    let value = u32::from(bit) + 1 - (1 << len);
    let total = 4 * level as u32 + len;
    let address = if total == 0 { 0 } else { path | value.checked_shl(32 - total).unwrap_or(0) };
    Prefix::new(Ipv4Addr::from(address), total.min(32) as u8)
}

/// Nibble number `depth` of an address, from the left.
fn nibble(address: Ipv4Addr, depth: usize) -> u8 {
    (u32::from(address) >> (28 - 4 * depth.min(7)) & 0xf) as u8
}

fn take_out(
    node: &mut Node,
    address: Ipv4Addr,
    depth: usize,
    level: usize,
    bit: u8,
    space: &mut Space,
) -> Option<u16> {
    if depth == level {
        return node.routes.remove(&bit);
    }
    let step = nibble(address, depth);
    let child = node.children.get_mut(&step)?;
    let removed = take_out(child, address, depth + 1, level, bit, space);
    if child.routes.is_empty() && child.children.is_empty() {
        // Its own arrays, as the card holds them, end their life with it.
        space.retire_results(&child.record);
        space.retire_children(depth + 2, &child.record);
        node.children.remove(&step);
    }
    removed
}

fn bitmap(bits: impl Iterator<Item = u8>) -> u16 {
    bits.fold(0, |map, bit| map | 1 << bit)
}

/// Plans the writes below `node` (of `level`) and gives its new record, which the caller writes.
fn plan(node: &mut Node, level: usize, space: &mut Space, commands: &mut Vec<Command>) -> Result<FibNode> {
    let mut record = node.record;
    plan_children(node, &mut record, level, space, commands)?;
    plan_results(node, &mut record, space, commands)?;
    Ok(record)
}

fn plan_children(
    node: &mut Node,
    record: &mut FibNode,
    level: usize,
    space: &mut Space,
    commands: &mut Vec<Command>,
) -> Result<()> {
    let external = bitmap(node.children.keys().copied());
    let moved = external != record.external;
    if moved {
        space.retire_children(level + 1, record);
        record.child_base = space.nodes(level + 1, node.children.len() as u32)?;
        record.external = external;
    }
    for (rank, child) in node.children.values_mut().enumerate() {
        let fresh = plan(child, level + 1, space, commands)?;
        if moved || fresh != child.record {
            let index = (level as u32 + 1) * LEVEL_NODES + record.child_base + rank as u32;
            commands.push(Command::write(index, &fresh));
        }
        child.record = fresh;
    }
    Ok(())
}

fn plan_results(
    node: &mut Node,
    record: &mut FibNode,
    space: &mut Space,
    commands: &mut Vec<Command>,
) -> Result<()> {
    let internal = bitmap(node.routes.keys().copied());
    let moved = internal != record.internal;
    if moved {
        space.retire_results(record);
        record.result_base = space.results(node.routes.len() as u32)?;
        record.internal = internal;
    }
    for (rank, (bit, &adj)) in node.routes.iter().enumerate() {
        if moved || node.written.get(bit) != Some(&adj) {
            commands.push(Command::write(record.result_base + rank as u32, &FibResult { valid: true, adj }));
        }
    }
    node.written.clone_from(&node.routes);
    Ok(())
}

#[cfg(test)]
#[path = "fib_tests.rs"]
mod tests;
