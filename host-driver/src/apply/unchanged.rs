// SPDX-License-Identifier: Apache-2.0
//! Whether a card holds a configuration already, so that applying it again disturbs nothing.

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
        if !card.info()?.enabled {
            return Ok(false);
        }
        let all: Vec<u32> = (0..card.depth(Table::Intf)).collect();
        let interfaces =
            all.iter().copied().zip(card.read_many::<Intf>(&all)?).filter(|(_, intf)| intf.valid);
        if interfaces.collect::<BTreeMap<u32, Intf>>() != self.interfaces {
            return Ok(false);
        }
        let routes = readback::routes(card)?;
        let held: Routes =
            routes.into_iter().map(|route| ((route.vrf, route.prefix), route.adjacency)).collect();
        if held != self.routes {
            return Ok(false);
        }
        let labels = readback::labels(card, false)?;
        let held: Labels =
            labels.iter().map(|entry| (entry.label, meaning(&entry.record, || entry.adjacency))).collect();
        Ok(held == self.labels)
    }
}

/// What a label does, without the index of its adjacency.
fn meaning(record: &Label, adjacency: impl Fn() -> Option<Adj>) -> (u8, u16, Option<Adj>) {
    if record.op == LabelOp::PopVrf.code() {
        (record.op, record.vrf, None)
    } else {
        (record.op, 0, adjacency())
    }
}
