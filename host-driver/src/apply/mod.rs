// SPDX-License-Identifier: Apache-2.0
//! Programs a card with a configuration, as one transaction.
//!
//! The whole plan is made before the first write. Then the interfaces go down (packets are dropped as `IntfDown`, never
//! forwarded by half-made tables), routes, labels and SAs that are not in the configuration are removed, the new ones
//! are written, and the interfaces come up last. SAs that are on the card unchanged stay, with their sequence numbers
//! and replay windows; a new outbound SA goes on with the sequence of its key. A card that holds the whole configuration
//! already is left alone. An error on the way leaves the
//! interfaces down, and a next `apply` finds everything that this one has left.

use headend_regs::{Adj, AdjKind, Egress, FibNode, Intf, Label, LabelOp, SaHash, Table};

use crate::card::Card;
use crate::config::{Config, LabelAction, Mode, Push, Target};
use crate::rings::Command;
use crate::tables::hash::SaKey;
use crate::tables::{Fib, LabelBlocks};
use crate::{Error, Result};

mod abilities;
#[cfg(test)]
mod mode_tests;
mod outbound;
mod sas;
#[cfg(test)]
mod sequence_tests;
mod state;
#[cfg(test)]
mod tests;
mod unchanged;

use outbound::Outbound;
use sas::Placement;
use state::CardState;
use unchanged::Wanted;
pub use unchanged::{Change, Difference};

/// What applying a configuration did.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct ApplyReport {
    /// Interfaces up.
    pub interfaces: usize,
    /// Adjacencies written.
    pub adjacencies: usize,
    /// SAs written.
    pub sas_installed: usize,
    /// SAs that were on the card and stayed as they are.
    pub sas_kept: usize,
    /// SAs removed.
    pub sas_removed: usize,
    /// Routes.
    pub routes: usize,
    /// Labels.
    pub labels: usize,
    /// Commands that the card carried out for it.
    pub commands: usize,
    /// The card held all of this already: nothing was written, and its interfaces stayed up.
    pub unchanged: bool,
}

/// Programs `card` with `config`, replacing everything it holds, and lets its ports receive.
///
/// # Errors
/// The configuration does not fit the card or asks for what it cannot do, or its tables cannot be read: nothing was
/// written. Or the card failed on the way, [`Error::HalfApplied`]: no interface is up then while the tables are half-made.
pub fn apply(card: &mut Card, config: &Config) -> Result<ApplyReport> {
    abilities::check(config, card.caps())?;
    let state = CardState::read(card)?;
    let plan = Plan::make(card, config, state)?;
    let mut report = plan.report.clone();
    if plan.keeps_sas && plan.wanted.is_held(card)? {
        report.unchanged = true;
        return Ok(report);
    }
    report.commands = plan.carry_out(card).map_err(|error| Error::HalfApplied(Box::new(error)))?;
    Ok(report)
}

/// What applying `config` would change on `card`; nothing is written. A route or label into a tunnel whose SA is replaced
/// counts as changed.
///
/// # Errors
/// As [`apply`], before its first write.
pub fn diff(card: &mut Card, config: &Config) -> Result<Vec<Difference>> {
    abilities::check(config, card.caps())?;
    let state = CardState::read(card)?;
    let plan = Plan::make(card, config, state)?;
    let mut found = plan.sas.clone();
    found.extend(plan.wanted.differences(card, config)?);
    Ok(found)
}

/// Everything that will be written, in order.
struct Plan {
    /// Takes down what is there.
    down: Vec<Command>,
    /// Outbound SAs that go, and new ones.
    outbound: Outbound,
    /// Builds what shall be.
    up: Vec<Command>,
    /// No SA comes or goes, and nothing of an interrupted change is left.
    keeps_sas: bool,
    /// SAs that go and come.
    sas: Vec<Difference>,
    wanted: Wanted,
    report: ApplyReport,
}

impl Plan {
    fn make(card: &Card, config: &Config, mut state: CardState) -> Result<Self> {
        let mut report = ApplyReport::default();
        let mut placement = Placement::plan(config, &state, card.ghash_latency())?;
        let mut adjacencies = Adjacencies::new(config, &placement);
        let Forwarding { fib, routes, labels } = forwarding(config, &mut adjacencies)?;
        let wanted = Wanted::new(config, interfaces(config), &adjacencies.records, &routes, &labels);
        let adj_depth = card.depth(Table::Adj) as usize;
        if adjacencies.records.len() > adj_depth {
            let detail = format!("{} wanted, {adj_depth} fit", adjacencies.records.len());
            return Err(Error::TableFull { table: Table::Adj, detail });
        }
        let inbound = config.tunnels.iter().filter(|tunnel| tunnel.inbound.is_some()).count();
        let sas = placement.differences(config, &state);
        let clean = state.doubles.is_empty() && state.hash.iter().count() == inbound;
        let down = take_down(card, config, &mut state, &placement, &mut report);
        let outbound = Outbound::plan(config, &state, &mut placement)?;
        report.sas_removed += outbound.removed();
        report.sas_installed += outbound.installed();
        let mut up = install_inbound(config, placement, &mut state, &mut report)?;
        up.extend((0..).zip(&adjacencies.records).map(|(index, adj)| Command::write(index, adj)));
        up.extend(fib);
        // The directory covers every label at any moment, so that an `apply` after an interrupted one finds them all.
        let blocks = LabelBlocks::of(labels.iter().map(|(label, _)| *label));
        let both = state.labels.union(&blocks);
        up.extend(both.changes(&state.labels));
        up.extend(labels.iter().map(|(label, record)| Command::write(*label, record)));
        up.extend(blocks.changes(&both));
        up.extend(interfaces(config).map(|(index, record)| Command::write(index, &record)));
        report.interfaces = config.interfaces.len();
        report.adjacencies = adjacencies.records.len();
        report.routes = config.routes.len();
        report.labels = labels.len();
        let keeps_sas = clean && report.sas_installed == 0 && report.sas_removed == 0;
        Ok(Self { down, outbound, up, keeps_sas, sas, wanted, report })
    }

    /// Writes everything; gives the number of writes and fences.
    fn carry_out(&self, card: &mut Card) -> Result<usize> {
        card.run(&self.down)?;
        let outbound = self.outbound.commands(card)?;
        card.run(&outbound)?;
        card.run(&self.up)?;
        card.set_enabled(true)?;
        Ok(self.down.len() + outbound.len() + self.up.len())
    }
}

fn interfaces(config: &Config) -> impl Iterator<Item = (u32, Intf)> + '_ {
    config.interfaces.iter().map(|interface| {
        let record = Intf { valid: true, mpls: interface.mpls, vrf: interface.vrf, mac: interface.mac };
        (u32::from(interface.port), record)
    })
}

/// Removes what the configuration does not keep, outbound SAs excepted: interfaces first, keys last.
fn take_down(
    card: &Card,
    config: &Config,
    state: &mut CardState,
    placement: &Placement,
    report: &mut ApplyReport,
) -> Vec<Command> {
    let mut commands: Vec<Command> =
        state.interfaces.iter().map(|&index| Command::write(index, &Intf::default())).collect();
    commands.push(Command::fence());
    commands.extend(state.vrfs.iter().map(|&vrf| Command::write(vrf, &FibNode::default())));
    let labels = state.labels.labels(card.depth(Table::Label));
    commands.extend(labels.iter().map(|&label| Command::write(label, &Label::default())));
    commands.push(Command::fence());
    let kept_in: Vec<usize> =
        placement.inbound.iter().flatten().filter(|sa| sa.record.is_none()).map(|sa| sa.index).collect();
    let kept_out = placement.outbound.iter().flatten().filter(|sa| sa.record.is_none()).count();
    let kept_keys: Vec<SaKey> = placement
        .inbound
        .iter()
        .zip(&config.tunnels)
        .filter(|(placed, _)| placed.as_ref().is_some_and(|placed| placed.record.is_none()))
        .filter_map(|(_, tunnel)| tunnel.inbound.as_ref().map(|sa| sas::sa_key(tunnel, sa)))
        .collect();
    commands.extend(state.doubles.iter().map(|&index| Command::write(index, &SaHash::default())));
    let gone: Vec<SaKey> =
        state.hash.iter().map(|(_, key, _)| *key).filter(|key| !kept_keys.contains(key)).collect();
    for key in gone {
        commands.extend(state.hash.remove(&key));
    }
    commands.push(Command::fence());
    let before = commands.len();
    for (index, record) in state.sa_in.iter().enumerate() {
        if record.valid && !kept_in.contains(&index) {
            commands.push(state::vacated_in(index, record));
        }
    }
    report.sas_removed = commands.len() - before;
    report.sas_kept = kept_in.len() + kept_out;
    commands
}

/// Writes new inbound SAs: the record first, then what leads to it.
fn install_inbound(
    config: &Config,
    placement: Placement,
    state: &mut CardState,
    report: &mut ApplyReport,
) -> Result<Vec<Command>> {
    let mut commands = Vec::new();
    let inbound = placement.inbound.into_iter().zip(&config.tunnels);
    for (placed, tunnel) in inbound {
        let (Some(placed), Some(sa)) = (placed, &tunnel.inbound) else { continue };
        let Some(record) = placed.record else { continue };
        commands.push(Command::write(placed.index as u32, &record));
        commands.extend(state.hash.insert(sas::sa_key(tunnel, sa), placed.index as u16)?);
        report.sas_installed += 1;
    }
    Ok(commands)
}

/// The adjacencies that routes and labels need, each once.
struct Adjacencies<'c> {
    config: &'c Config,
    /// Index and generation of the outbound SA, by tunnel.
    sas: Vec<Option<(usize, u8)>>,
    records: Vec<Adj>,
}

impl<'c> Adjacencies<'c> {
    fn new(config: &'c Config, placement: &Placement) -> Self {
        let place =
            |placed: &Option<sas::Placed<_>>| placed.as_ref().map(|placed| (placed.index, placed.gen));
        let sas = placement.outbound.iter().map(place).collect();
        // An all-zero result record leads to adjacency 0: let that be a blackhole.
        let blackhole = Adj { valid: true, kind: AdjKind::Drop.code(), ..Default::default() };
        Self { config, sas, records: vec![blackhole] }
    }

    fn index(&mut self, record: Adj) -> u16 {
        let index = self.records.iter().position(|other| *other == record).unwrap_or_else(|| {
            self.records.push(record);
            self.records.len() - 1
        });
        index as u16
    }

    /// An adjacency to a neighbour.
    fn via(&mut self, neighbour: usize, push: &Push) -> u16 {
        let neighbour = &self.config.neighbours[neighbour];
        let interface = &self.config.interfaces[neighbour.interface];
        let label = |n: usize| push.labels.get(n).copied().unwrap_or(0);
        let mut record = Adj {
            valid: true,
            kind: AdjKind::Ip.code(),
            egress: interface.port,
            mtu: neighbour.mtu,
            dmac: neighbour.mac,
            smac: interface.mac,
            ..Default::default()
        };
        if !push.labels.is_empty() {
            record.kind = AdjKind::Mpls.code();
            record.label_count = push.labels.len() as u8;
            (record.label0, record.label1, record.label2) = (label(0), label(1), label(2));
            record.label_ttl = push.ttl;
            record.label_exp = push.exp.unwrap_or(0);
            record.copy_exp = push.exp.is_none();
        }
        self.index(record)
    }

    /// The adjacency of a target.
    fn of(&mut self, target: &Target) -> Result<u16> {
        match target {
            Target::Drop => Ok(0),
            Target::Local => Ok(self.index(Adj {
                valid: true,
                kind: AdjKind::Host.code(),
                egress: Egress::Host.code(),
                mtu: u16::MAX,
                ..Default::default()
            })),
            Target::Via(neighbour, push) => Ok(self.via(*neighbour, push)),
            Target::Tunnel(n) => {
                let tunnel = &self.config.tunnels[*n];
                let (Some((sa, gen)), Some(outbound)) = (self.sas[*n], &tunnel.outbound) else {
                    return Err(Error::Invalid(format!("tunnel `{}` has no outbound SA", tunnel.name)));
                };
                let neighbour = &self.config.neighbours[outbound.via];
                let interface = &self.config.interfaces[neighbour.interface];
                Ok(self.index(Adj {
                    valid: true,
                    kind: AdjKind::Protect.code(),
                    egress: interface.port,
                    mtu: outbound.mtu,
                    transport: tunnel.mode == Mode::Transport,
                    tfc_len: outbound.tfc,
                    sa: sa as u16,
                    sa_gen: gen,
                    dmac: neighbour.mac,
                    smac: interface.mac,
                    ..Default::default()
                }))
            }
        }
    }
}

/// What routes and labels become.
struct Forwarding {
    /// Writes of the trie.
    fib: Vec<Command>,
    /// Adjacency of each route of the configuration.
    routes: Vec<u16>,
    labels: Vec<(u32, Label)>,
}

/// Routes and labels.
fn forwarding(config: &Config, adjacencies: &mut Adjacencies<'_>) -> Result<Forwarding> {
    let (mut fib, mut routes) = (Fib::new(), Vec::new());
    for route in &config.routes {
        let adjacency = adjacencies.of(&route.target)?;
        fib.insert(route.vrf, route.prefix, adjacency);
        routes.push(adjacency);
    }
    let mut labels = Vec::new();
    for rule in &config.labels {
        let record = match &rule.action {
            LabelAction::PopVrf(vrf) => Label { op: LabelOp::PopVrf.code(), vrf: *vrf, adj: 0 },
            LabelAction::Pop(target) => {
                Label { op: LabelOp::PopAdj.code(), vrf: 0, adj: adjacencies.of(target)? }
            }
            LabelAction::Swap(neighbour, push) => {
                Label { op: LabelOp::Swap.code(), vrf: 0, adj: adjacencies.via(*neighbour, push) }
            }
        };
        labels.push((rule.label, record));
    }
    Ok(Forwarding { fib: fib.sync()?, routes, labels })
}
