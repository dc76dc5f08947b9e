// SPDX-License-Identifier: Apache-2.0
//! Reads the tables of a card back: SAs, routes, labels. Keys are never among what a card gives back.

use std::collections::BTreeMap;

use headend_regs::{
    param, Adj, FibNode, FibResult, Label, LabelOp, Record, SaHash, SaIn, SaInState, SaOut, SaOutState, Table,
};

use crate::card::Card;
use crate::tables::hash::SaKey;
use crate::tables::{prefix_of, LabelBlocks, Prefix, DIRECTORY, LEVELS, LEVEL_NODES};
use crate::{Error, Result};

/// An inbound SA on the card.
#[derive(Clone, Debug)]
pub struct InboundSa {
    /// Index.
    pub index: u16,
    /// What identifies it.
    pub key: SaKey,
    /// Its record; key material reads as zero.
    pub record: SaIn,
    /// Its state.
    pub state: SaInState,
}

/// An outbound SA on the card.
#[derive(Clone, Debug)]
pub struct OutboundSa {
    /// Index.
    pub index: u16,
    /// Its record; key material reads as zero.
    pub record: SaOut,
    /// Its state.
    pub state: SaOutState,
}

/// A route on the card.
#[derive(Clone, Debug)]
pub struct RouteEntry {
    /// VRF.
    pub vrf: u16,
    /// Destination.
    pub prefix: Prefix,
    /// Index of its adjacency.
    pub adj: u16,
    /// The adjacency.
    pub adjacency: Adj,
}

/// A label on the card.
#[derive(Clone, Debug)]
pub struct LabelEntry {
    /// The label.
    pub label: u32,
    /// Its record.
    pub record: Label,
    /// Its adjacency, unless it pops into a VRF.
    pub adjacency: Option<Adj>,
}

/// Most trie nodes of a level that can exist, with room for VRFs that share some.
const MAX_NODES: usize = 4 * LEVEL_NODES as usize;

/// Reads records; an index outside the table, which only a broken table holds, gives an empty record.
fn read_some<R: Record + Default>(card: &mut Card, indices: &[u32]) -> Result<Vec<R>> {
    let depth = card.depth(R::TABLE);
    let inside: Vec<u32> = indices.iter().copied().filter(|&index| index < depth).collect();
    let mut records = card.read_many::<R>(&inside)?.into_iter();
    let record = |&index: &u32| if index < depth { records.next().unwrap_or_default() } else { R::default() };
    Ok(indices.iter().map(record).collect())
}

/// The inbound SAs of a card, by index.
///
/// # Errors
/// A command failed.
pub fn inbound_sas(card: &mut Card) -> Result<Vec<InboundSa>> {
    let entries = card.read_many::<SaHash>(&(0..card.depth(Table::SaHash)).collect::<Vec<_>>())?;
    let mut entries: Vec<SaHash> = entries.into_iter().filter(|entry| entry.valid).collect();
    entries.sort_by_key(|entry| entry.sa);
    let indices: Vec<u32> = entries.iter().map(|entry| u32::from(entry.sa)).collect();
    let records = read_some::<SaIn>(card, &indices)?;
    let states = read_some::<SaInState>(card, &indices)?;
    let sas = entries.iter().zip(records).zip(states);
    let sas = sas.map(|((entry, record), state)| InboundSa {
        index: entry.sa,
        key: SaKey::of(entry),
        record,
        state,
    });
    Ok(sas.collect())
}

/// The outbound SAs of a card, by index.
///
/// # Errors
/// A command failed.
pub fn outbound_sas(card: &mut Card) -> Result<Vec<OutboundSa>> {
    let all: Vec<u32> = (0..card.depth(Table::SaOut)).collect();
    let records = card.read_many::<SaOut>(&all)?;
    let valid: Vec<(u32, SaOut)> = all.into_iter().zip(records).filter(|(_, record)| record.valid).collect();
    let states = card.read_many::<SaOutState>(&valid.iter().map(|(index, _)| *index).collect::<Vec<_>>())?;
    let sas = valid.into_iter().zip(states);
    Ok(sas.map(|((index, record), state)| OutboundSa { index: index as u16, record, state }).collect())
}

/// A node on the way down the trie.
struct Step {
    vrf: u16,
    /// Nibbles that lead to it.
    path: u32,
    node: u32,
}

/// The routes of a card, by VRF and prefix, found by walking the trie.
///
/// # Errors
/// A command failed.
pub fn routes(card: &mut Card) -> Result<Vec<RouteEntry>> {
    let mut steps: Vec<Step> =
        (0..param::VRF_DEPTH as u16).map(|vrf| Step { vrf, path: 0, node: u32::from(vrf) }).collect();
    let mut found: Vec<(u16, Prefix, u32)> = Vec::new();
    for level in 0..LEVELS {
        let nodes = read_some::<FibNode>(card, &steps.iter().map(|step| step.node).collect::<Vec<_>>())?;
        let mut below = Vec::new();
        for (step, node) in steps.iter().zip(&nodes) {
            for (rank, bit) in bits(node.internal).enumerate() {
                found.push((step.vrf, prefix_of(step.path, level, bit), node.result_base + rank as u32));
            }
            if level + 1 < LEVELS {
                below.extend(children(step, node, level));
            }
        }
        if below.len() > MAX_NODES {
            return Err(Error::Invalid(format!(
                "the trie has {} nodes in level {}: it is broken",
                below.len(),
                level + 1
            )));
        }
        steps = below;
    }
    let results =
        read_some::<FibResult>(card, &found.iter().map(|(_, _, result)| *result).collect::<Vec<_>>())?;
    let adjacencies = adjacencies(card, results.iter().map(|result| result.adj))?;
    let mut routes: Vec<RouteEntry> = found
        .into_iter()
        .zip(results)
        .filter(|(_, result)| result.valid)
        .map(|((vrf, prefix, _), result)| RouteEntry {
            vrf,
            prefix,
            adj: result.adj,
            adjacency: adjacencies[&result.adj],
        })
        .collect();
    routes.sort_by_key(|route| (route.vrf, route.prefix));
    Ok(routes)
}

fn children<'a>(step: &'a Step, node: &'a FibNode, level: usize) -> impl Iterator<Item = Step> + 'a {
    let base = (level as u32 + 1) * LEVEL_NODES + node.child_base;
    (0..).zip(bits(node.external)).map(move |(rank, nibble)| Step {
        vrf: step.vrf,
        path: step.path | u32::from(nibble) << (28 - 4 * level),
        node: base + rank,
    })
}

fn bits(map: u16) -> impl Iterator<Item = u8> {
    (0..16).filter(move |bit| map >> bit & 1 == 1)
}

/// Reads each adjacency once.
fn adjacencies(card: &mut Card, wanted: impl Iterator<Item = u16>) -> Result<BTreeMap<u16, Adj>> {
    let mut indices: Vec<u16> = wanted.collect();
    indices.sort_unstable();
    indices.dedup();
    let records = read_some::<Adj>(card, &indices.iter().map(|&index| u32::from(index)).collect::<Vec<_>>())?;
    Ok(indices.into_iter().zip(records).collect())
}

/// The labels of a card. `scan` reads the whole table instead of the blocks that this driver knows to be in use.
///
/// # Errors
/// A command failed.
pub fn labels(card: &mut Card, scan: bool) -> Result<Vec<LabelEntry>> {
    let depth = card.depth(Table::Label);
    let candidates: Vec<u32> = if scan {
        (DIRECTORY..depth).collect()
    } else {
        let directory = card.read_many::<Label>(&(0..DIRECTORY).collect::<Vec<_>>())?;
        LabelBlocks::from_records(&directory).labels(depth)
    };
    let records = card.read_many::<Label>(&candidates)?;
    let installed: Vec<(u32, Label)> = candidates
        .into_iter()
        .zip(records)
        .filter(|(_, record)| record.op != LabelOp::Invalid.code())
        .collect();
    let pops = |record: &Label| record.op == LabelOp::PopVrf.code();
    let used = installed.iter().filter(|(_, record)| !pops(record)).map(|(_, record)| record.adj);
    let adjacencies = adjacencies(card, used)?;
    let entry = |(label, record): (u32, Label)| LabelEntry {
        label,
        record,
        adjacency: adjacencies.get(&record.adj).filter(|_| !pops(&record)).copied(),
    };
    Ok(installed.into_iter().map(entry).collect())
}
