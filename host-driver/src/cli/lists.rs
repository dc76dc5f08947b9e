// SPDX-License-Identifier: Apache-2.0
//! `sa list`, `route list`, `label list`.

use std::io::Write;
use std::net::{Ipv4Addr, Ipv6Addr};

use headend_regs::{Adj, AdjKind, Egress, GcmKey, LabelOp, Selector};
use serde_json::{json, Value};

use super::table::Table;
use super::{print, Failure};
use crate::readback::{self, InboundSa, LabelEntry, OutboundSa, RouteEntry};
use crate::tables::Prefix;
use crate::Card;

fn address(value: u128, ipv6: bool) -> String {
    if ipv6 {
        Ipv6Addr::from(value).to_string()
    } else {
        Ipv4Addr::from(value as u32).to_string()
    }
}

fn algorithm(gcm: &GcmKey) -> String {
    format!("aes{}gcm{}", if gcm.aes256 { 256 } else { 128 }, gcm.icv_len)
}

fn yes(on: bool) -> String {
    if on { "yes" } else { "no" }.to_owned()
}

/// A MAC address with colons.
fn mac(value: u64) -> String {
    let bytes = value.to_be_bytes();
    bytes[2..].iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(":")
}

fn selector(sel: &Selector) -> (String, Value) {
    if sel.any {
        return ("any".into(), Value::Null);
    }
    let prefix = |value: u128, len: u8| Prefix::truncated(Ipv4Addr::from(value as u32), len).to_string();
    let (remote, local) = (prefix(sel.src, sel.src_len), prefix(sel.dst, sel.dst_len));
    let text = match sel.proto {
        0 => format!("{remote} -> {local}"),
        proto => format!("{remote} -> {local} protocol {proto}"),
    };
    (text, json!({"remote": remote, "local": local, "protocol": sel.proto}))
}

pub(super) fn sas(card: &mut Card, json: bool, out: &mut dyn Write) -> Result<(), Failure> {
    let inbound = readback::inbound_sas(card)?;
    let outbound = readback::outbound_sas(card)?;
    let value = json!({
        "inbound": inbound.iter().map(inbound_json).collect::<Vec<_>>(),
        "outbound": outbound.iter().map(outbound_json).collect::<Vec<_>>(),
    });
    let text = format!("{}\n{}", inbound_text(&inbound), outbound_text(&outbound));
    print(out, json, &text, &value)
}

fn inbound_json(sa: &InboundSa) -> Value {
    json!({
        "index": sa.index,
        "spi": sa.key.spi,
        "local": address(sa.key.dst, sa.key.ipv6),
        "fvrf": sa.key.fvrf,
        "vrf": sa.record.ivrf,
        "algorithm": algorithm(&sa.record.gcm),
        "esn": sa.record.esn,
        "replay_window": sa.record.replay_window,
        "selector": selector(&sa.record.sel).1,
        "generation": sa.record.gen,
        "sequence": sa.state.seq_top,
        "packets": sa.state.packets,
        "bytes": sa.state.bytes,
        "auth_failures": sa.state.auth_fail,
        "replays": sa.state.replay_fail,
    })
}

fn inbound_text(sas: &[InboundSa]) -> String {
    let mut table = Table::new(&[
        "Inbound SPI",
        "Local",
        ">FVRF",
        ">VRF",
        "Algorithm",
        "ESN",
        ">Window",
        ">Sequence",
        ">Packets",
        ">Bytes",
        ">Auth fail",
        ">Replay",
        "Selector",
    ]);
    for sa in sas {
        table.row([
            format!("{:#010x}", sa.key.spi),
            address(sa.key.dst, sa.key.ipv6),
            sa.key.fvrf.to_string(),
            sa.record.ivrf.to_string(),
            algorithm(&sa.record.gcm),
            yes(sa.record.esn),
            sa.record.replay_window.to_string(),
            sa.state.seq_top.to_string(),
            sa.state.packets.to_string(),
            sa.state.bytes.to_string(),
            sa.state.auth_fail.to_string(),
            sa.state.replay_fail.to_string(),
            selector(&sa.record.sel).0,
        ]);
    }
    if table.is_empty() {
        "No inbound SAs.\n".into()
    } else {
        table.render()
    }
}

fn outbound_json(sa: &OutboundSa) -> Value {
    json!({
        "index": sa.index,
        "spi": sa.record.spi,
        "local": address(sa.record.src, sa.record.ipv6),
        "remote": address(sa.record.dst, sa.record.ipv6),
        "algorithm": algorithm(&sa.record.gcm),
        "esn": sa.record.esn,
        "dscp": if sa.record.copy_dscp { Value::Null } else { json!(sa.record.dscp) },
        "df": sa.record.df,
        "ttl": sa.record.ttl,
        "generation": sa.record.gen,
        "sequence": sa.state.seq,
        "packets": sa.state.packets,
        "bytes": sa.state.bytes,
    })
}

fn outbound_text(sas: &[OutboundSa]) -> String {
    let mut table = Table::new(&[
        "Outbound SPI",
        "Local",
        "Remote",
        "Algorithm",
        "ESN",
        ">Sequence",
        ">Packets",
        ">Bytes",
        ">SA",
    ]);
    for sa in sas {
        table.row([
            format!("{:#010x}", sa.record.spi),
            address(sa.record.src, sa.record.ipv6),
            address(sa.record.dst, sa.record.ipv6),
            algorithm(&sa.record.gcm),
            yes(sa.record.esn),
            sa.state.seq.to_string(),
            sa.state.packets.to_string(),
            sa.state.bytes.to_string(),
            sa.index.to_string(),
        ]);
    }
    if table.is_empty() {
        "No outbound SAs.\n".into()
    } else {
        table.render()
    }
}

fn pushed(adj: &Adj) -> Vec<u32> {
    [adj.label0, adj.label1, adj.label2].into_iter().take(usize::from(adj.label_count)).collect()
}

/// What an adjacency does, in words.
fn adjacency_text(adj: &Adj) -> String {
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
        Ok(AdjKind::Ip) => format!("{port} to {}", mac(adj.dmac)),
        Ok(AdjKind::Mpls) => {
            let labels: Vec<String> = pushed(adj).iter().map(u32::to_string).collect();
            format!("{port} to {} labels {}", mac(adj.dmac), labels.join("/"))
        }
        Ok(AdjKind::Protect) => format!("encrypt with SA {}, {port} to {}", adj.sa, mac(adj.dmac)),
        Err(unknown) => unknown.to_string(),
    }
}

fn adjacency_json(adj: &Adj) -> Value {
    if !adj.valid {
        return Value::Null;
    }
    let kind = adj.kind_code().ok();
    let mut value = json!({"kind": kind.map(|kind| kind.name().to_lowercase())});
    if matches!(kind, Some(AdjKind::Ip | AdjKind::Mpls | AdjKind::Protect)) {
        value["port"] = json!(adj.egress);
        value["mac"] = json!(mac(adj.dmac));
        value["mtu"] = json!(adj.mtu);
    }
    if kind == Some(AdjKind::Mpls) {
        value["labels"] = json!(pushed(adj));
    }
    if kind == Some(AdjKind::Protect) {
        value["sa"] = json!(adj.sa);
    }
    value
}

pub(super) fn routes(
    card: &mut Card,
    vrf: Option<u16>,
    json: bool,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let routes: Vec<RouteEntry> =
        readback::routes(card)?.into_iter().filter(|route| vrf.is_none_or(|vrf| route.vrf == vrf)).collect();
    let value: Vec<Value> = routes
        .iter()
        .map(|route| {
            let (vrf, prefix) = (route.vrf, route.prefix.to_string());
            json!({"vrf": vrf, "prefix": prefix, "adjacency": route.adj, "to": adjacency_json(&route.adjacency)})
        })
        .collect();
    let mut table = Table::new(&[">VRF", "Prefix", "To"]);
    for route in &routes {
        table.row([route.vrf.to_string(), route.prefix.to_string(), adjacency_text(&route.adjacency)]);
    }
    let text = if table.is_empty() { "No routes.".into() } else { table.render() };
    print(out, json, &text, &json!(value))
}

fn label_text(entry: &LabelEntry) -> (String, String) {
    let to = entry.adjacency.as_ref().map_or_else(String::new, adjacency_text);
    match LabelOp::try_from(entry.record.op) {
        Ok(LabelOp::PopVrf) => ("pop".into(), format!("VRF {}", entry.record.vrf)),
        Ok(LabelOp::PopAdj) => ("pop".into(), to),
        Ok(LabelOp::Swap) => ("swap".into(), to),
        Ok(LabelOp::Invalid) | Err(_) => ("unknown".into(), String::new()),
    }
}

fn label_json(entry: &LabelEntry) -> Value {
    match LabelOp::try_from(entry.record.op) {
        Ok(LabelOp::PopVrf) => json!({"label": entry.label, "action": "pop", "vrf": entry.record.vrf}),
        _ => json!({
            "label": entry.label,
            "action": label_text(entry).0,
            "to": entry.adjacency.as_ref().map(adjacency_json),
        }),
    }
}

pub(super) fn labels(card: &mut Card, scan: bool, json: bool, out: &mut dyn Write) -> Result<(), Failure> {
    let labels = readback::labels(card, scan)?;
    let mut table = Table::new(&[">Label", "Action", "To"]);
    for entry in &labels {
        let (action, to) = label_text(entry);
        table.row([entry.label.to_string(), action, to]);
    }
    let text = if table.is_empty() { "No labels.".into() } else { table.render() };
    print(out, json, &text, &json!(labels.iter().map(label_json).collect::<Vec<_>>()))
}
