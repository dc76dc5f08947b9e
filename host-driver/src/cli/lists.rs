// SPDX-License-Identifier: Apache-2.0
//! `route list`, `label list`.

use std::collections::HashMap;
use std::io::Write;

use headend_regs::{Adj, AdjKind, Egress, LabelOp};
use serde_json::{json, Value};

use super::names::Names;
use super::table::Table;
use super::{print, Failure};
use crate::readback::{self, LabelEntry, RouteEntry};
use crate::Card;

/// Names, and the tunnels of outbound SAs by index.
struct Known<'n> {
    names: &'n Names,
    tunnels: HashMap<u16, &'n str>,
}

impl<'n> Known<'n> {
    fn read(card: &mut Card, names: &'n Names) -> Result<Self, Failure> {
        let outbound = readback::outbound_sas(card)?;
        let named = |sa: &readback::OutboundSa| Some((sa.index, names.outbound(&sa.record)?));
        Ok(Self { names, tunnels: outbound.iter().filter_map(named).collect() })
    }

    /// A neighbour by name, or else by MAC address.
    fn neighbour(&self, adj: &Adj) -> String {
        self.names.neighbour(adj.egress, adj.dmac).map_or_else(|| mac(adj.dmac), str::to_owned)
    }
}

/// A MAC address with colons.
fn mac(value: u64) -> String {
    let bytes = value.to_be_bytes();
    bytes[2..].iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(":")
}

fn pushed(adj: &Adj) -> Vec<u32> {
    [adj.label0, adj.label1, adj.label2].into_iter().take(usize::from(adj.label_count)).collect()
}

/// What an adjacency does, in words.
fn adjacency_text(adj: &Adj, known: &Known<'_>) -> String {
    let port = match adj.egress_code() {
        Ok(Egress::Port0) => "port 0",
        Ok(Egress::Port1) => "port 1",
        Ok(Egress::Host) => "the host",
        Err(_) => "nowhere",
    };
    match adj.kind_code() {
        _ if !adj.valid => "adjacency not installed".into(),
        Ok(AdjKind::Drop) => "drop".into(),
        Ok(AdjKind::Host) => "local (to the host)".into(),
        Ok(AdjKind::Ip) => format!("{port} to {}", known.neighbour(adj)),
        Ok(AdjKind::Mpls) => {
            let labels: Vec<String> = pushed(adj).iter().map(u32::to_string).collect();
            format!("{port} to {} labels {}", known.neighbour(adj), labels.join("/"))
        }
        Ok(AdjKind::Protect) => {
            let tunnel = known.tunnels.get(&adj.sa).map(|name| format!(" of {name}")).unwrap_or_default();
            let padded = if adj.tfc_len > 0 { format!(" padded to {}", adj.tfc_len) } else { String::new() };
            format!("encrypt{padded} with SA {}{tunnel}, {port} to {}", adj.sa, known.neighbour(adj))
        }
        Err(unknown) => unknown.to_string(),
    }
}

fn adjacency_json(adj: &Adj, known: &Known<'_>) -> Value {
    if !adj.valid {
        return Value::Null;
    }
    let kind = adj.kind_code().ok();
    let mut value = json!({"kind": kind.map(|kind| kind.name().to_lowercase())});
    if matches!(kind, Some(AdjKind::Ip | AdjKind::Mpls | AdjKind::Protect)) {
        value["port"] = json!(adj.egress);
        value["mac"] = json!(mac(adj.dmac));
        value["neighbour"] = json!(known.names.neighbour(adj.egress, adj.dmac));
        value["mtu"] = json!(adj.mtu);
    }
    if kind == Some(AdjKind::Mpls) {
        value["labels"] = json!(pushed(adj));
    }
    if kind == Some(AdjKind::Protect) {
        value["sa"] = json!(adj.sa);
        value["tunnel"] = json!(known.tunnels.get(&adj.sa));
        value["mode"] = json!(if adj.transport { "transport" } else { "tunnel" });
        value["tfc"] = json!((adj.tfc_len > 0).then_some(adj.tfc_len));
    }
    value
}

pub(super) fn routes(
    card: &mut Card,
    vrf: Option<&str>,
    names: &Names,
    json: bool,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let vrf = vrf.map(|vrf| names.find_vrf(vrf)).transpose()?;
    let known = Known::read(card, names)?;
    let routes: Vec<RouteEntry> =
        readback::routes(card)?.into_iter().filter(|route| vrf.is_none_or(|vrf| route.vrf == vrf)).collect();
    let value: Vec<Value> = routes
        .iter()
        .map(|route| {
            json!({
                "vrf": route.vrf,
                "vrf_name": names.vrf(route.vrf),
                "prefix": route.prefix.to_string(),
                "adjacency": route.adj,
                "to": adjacency_json(&route.adjacency, &known),
            })
        })
        .collect();
    let mut table = Table::new(&["VRF", "Prefix", "To"]);
    for route in &routes {
        let to = adjacency_text(&route.adjacency, &known);
        table.row([names.vrf_text(route.vrf), route.prefix.to_string(), to]);
    }
    let text = if table.is_empty() { "No routes.".into() } else { table.render() };
    print(out, json, &text, &json!(value))
}

fn label_text(entry: &LabelEntry, known: &Known<'_>) -> (String, String) {
    let to = entry.adjacency.as_ref().map_or_else(String::new, |adj| adjacency_text(adj, known));
    match LabelOp::try_from(entry.record.op) {
        Ok(LabelOp::PopVrf) => ("pop".into(), format!("VRF {}", known.names.vrf_text(entry.record.vrf))),
        Ok(LabelOp::PopAdj) => ("pop".into(), to),
        Ok(LabelOp::Swap) => ("swap".into(), to),
        Ok(LabelOp::Invalid) | Err(_) => ("unknown".into(), String::new()),
    }
}

fn label_json(entry: &LabelEntry, known: &Known<'_>) -> Value {
    match LabelOp::try_from(entry.record.op) {
        Ok(LabelOp::PopVrf) => json!({
            "label": entry.label,
            "action": "pop",
            "vrf": entry.record.vrf,
            "vrf_name": known.names.vrf(entry.record.vrf),
        }),
        _ => json!({
            "label": entry.label,
            "action": label_text(entry, known).0,
            "to": entry.adjacency.as_ref().map(|adj| adjacency_json(adj, known)),
        }),
    }
}

pub(super) fn labels(
    card: &mut Card,
    scan: bool,
    names: &Names,
    json: bool,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let known = Known::read(card, names)?;
    let labels = readback::labels(card, scan)?;
    let mut table = Table::new(&[">Label", "Action", "To"]);
    for entry in &labels {
        let (action, to) = label_text(entry, &known);
        table.row([entry.label.to_string(), action, to]);
    }
    let text = if table.is_empty() { "No labels.".into() } else { table.render() };
    print(out, json, &text, &json!(labels.iter().map(|entry| label_json(entry, &known)).collect::<Vec<_>>()))
}
