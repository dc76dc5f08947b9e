// SPDX-License-Identifier: Apache-2.0
//! How a card differs from a configuration, and whether it holds it already, so that applying it disturbs nothing.

use std::collections::BTreeMap;

use headend_regs::{Adj, Intf, Label, LabelOp, Table};

use crate::card::Card;
use crate::config::Config;
use crate::readback;
use crate::tables::Prefix;
use crate::Result;

/// Routes of a card or a configuration: what each leads to.
type Routes = BTreeMap<(u16, Prefix), Adj>;
/// Labels: VRF of those that pop into one, adjacency of the others.
type Labels = BTreeMap<u32, (u8, u16, Option<Adj>)>;

/// What a configuration makes of the tables beside the SAs.
pub(super) struct Wanted {
    pub(super) interfaces: BTreeMap<u32, Intf>,
    pub(super) routes: Routes,
    pub(super) labels: Labels,
}

impl Wanted {
    /// `records` are the adjacencies by index, `routes` and `labels` lead to them.
    pub(super) fn new(
        config: &Config,
        interfaces: impl Iterator<Item = (u32, Intf)>,
        records: &[Adj],
        routes: &[u16],
        labels: &[(u32, Label)],
    ) -> Self {
        let adjacency = |index: u16| records.get(usize::from(index)).copied().unwrap_or_default();
        let route = config.routes.iter().zip(routes);
        Self {
            interfaces: interfaces.collect(),
            routes: route.map(|(route, adj)| ((route.vrf, route.prefix), adjacency(*adj))).collect(),
            labels: labels
                .iter()
                .map(|(label, record)| (*label, meaning(record, || Some(adjacency(record.adj)))))
                .collect(),
        }
    }

    /// Whether the card receives and holds exactly this. Where it differs, nothing more is read.
    pub(super) fn is_held(&self, card: &mut Card) -> Result<bool> {
        Ok(card.info()?.enabled
            && held_interfaces(card)? == self.interfaces
            && held_routes(card)? == self.routes
            && held_labels(card)? == self.labels)
    }

    /// What the card holds otherwise, by table and in the order of its indices.
    pub(super) fn differences(&self, card: &mut Card, config: &Config) -> Result<Vec<Difference>> {
        let named = |id: u16| config.vrfs.iter().find(|vrf| vrf.id == id).map(|vrf| vrf.name.clone());
        let vrf = |id: u16| named(id).unwrap_or_else(|| id.to_string());
        let mut found = Vec::new();
        compare(
            &held_interfaces(card)?,
            &self.interfaces,
            |port| format!("interface of port {port}"),
            &mut found,
        );
        let route = |(id, prefix): &(u16, Prefix)| format!("route {prefix} in {}", vrf(*id));
        compare(&held_routes(card)?, &self.routes, route, &mut found);
        compare(&held_labels(card)?, &self.labels, |label| format!("label {label}"), &mut found);
        Ok(found)
    }
}

/// How something on the card changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Change {
    /// It is not there, and will be.
    Added,
    /// It is there, and will not be.
    Removed,
    /// It is there, and will be another.
    Changed,
}

/// One difference between a card and a configuration.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Difference {
    /// How it changes.
    pub change: Change,
    /// What, in words.
    pub what: String,
}

fn compare<K: Ord, V: PartialEq>(
    held: &BTreeMap<K, V>,
    wanted: &BTreeMap<K, V>,
    name: impl Fn(&K) -> String,
    found: &mut Vec<Difference>,
) {
    let mut note = |change, key: &K| found.push(Difference { change, what: name(key) });
    held.keys().filter(|key| !wanted.contains_key(key)).for_each(|key| note(Change::Removed, key));
    for (key, value) in wanted {
        match held.get(key) {
            None => note(Change::Added, key),
            Some(other) if other != value => note(Change::Changed, key),
            Some(_) => {}
        }
    }
}

fn held_interfaces(card: &mut Card) -> Result<BTreeMap<u32, Intf>> {
    let all: Vec<u32> = (0..card.depth(Table::Intf)).collect();
    let interfaces = all.iter().copied().zip(card.read_many::<Intf>(&all)?);
    Ok(interfaces.filter(|(_, intf)| intf.valid).collect())
}

fn held_routes(card: &mut Card) -> Result<Routes> {
    let routes = readback::routes(card)?;
    Ok(routes.into_iter().map(|route| ((route.vrf, route.prefix), route.adjacency)).collect())
}

fn held_labels(card: &mut Card) -> Result<Labels> {
    let labels = readback::labels(card, false)?;
    Ok(labels.iter().map(|entry| (entry.label, meaning(&entry.record, || entry.adjacency))).collect())
}

/// What a label does, without the index of its adjacency.
fn meaning(record: &Label, adjacency: impl Fn() -> Option<Adj>) -> (u8, u16, Option<Adj>) {
    if record.op == LabelOp::PopVrf.code() {
        (record.op, record.vrf, None)
    } else {
        (record.op, 0, adjacency())
    }
}
