// SPDX-License-Identifier: Apache-2.0
//! `sa list`.

use std::io::Write;
use std::net::{Ipv4Addr, Ipv6Addr};

use headend_regs::{GcmKey, SaLimit, Selector};
use serde_json::{json, Value};

use super::names::Names;
use super::table::Table;
use super::{print, Failure};
use crate::life::Life;
use crate::readback::{self, InboundSa, OutboundSa};
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

/// Algorithm, and ESN as strongSwan writes it.
fn suite(gcm: &GcmKey, esn: bool) -> String {
    format!("{}{}", algorithm(gcm), if esn { "-esn" } else { "" })
}

fn mode(tunnel: bool) -> &'static str {
    if tunnel {
        "tunnel"
    } else {
        "transport"
    }
}

/// A name of a limit as sentences use it.
pub(super) fn limit_name(limit: SaLimit) -> &'static str {
    match limit {
        SaLimit::Packets => "packets",
        SaLimit::Bytes => "bytes",
        SaLimit::Sequence => "sequence numbers",
    }
}

fn life_text(life: &Life) -> String {
    match life {
        Life::Active => "active".into(),
        Life::Soft(limits) => {
            let names: Vec<&str> = limits.iter().copied().map(limit_name).collect();
            format!("soft limit ({})", names.join(", "))
        }
        Life::Expired(limit) => format!("expired ({})", limit_name(*limit)),
    }
}

fn life_json(life: &Life) -> (&'static str, Vec<String>) {
    let name = |limit: &SaLimit| limit.name().to_lowercase();
    match life {
        Life::Active => ("active", Vec::new()),
        Life::Soft(limits) => ("soft", limits.iter().map(name).collect()),
        Life::Expired(limit) => ("expired", vec![name(limit)]),
    }
}

/// A soft and a hard limit as `80/100`, a missing one as `-`; nothing when both are missing.
fn limit_text(soft: u64, hard: u64, what: &str) -> Option<String> {
    let one = |limit: u64| if limit == 0 { "-".to_owned() } else { limit.to_string() };
    (soft > 0 || hard > 0).then(|| format!("{what} {}/{}", one(soft), one(hard)))
}

fn limits_text(limits: &[(u64, u64, &str)]) -> String {
    let parts: Vec<String> =
        limits.iter().filter_map(|&(soft, hard, what)| limit_text(soft, hard, what)).collect();
    parts.join(", ")
}

/// A limit, 0 as null.
fn some(limit: u64) -> Value {
    if limit == 0 {
        Value::Null
    } else {
        json!(limit)
    }
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

pub(super) fn list(card: &mut Card, names: &Names, json: bool, out: &mut dyn Write) -> Result<(), Failure> {
    let inbound = readback::inbound_sas(card)?;
    let outbound = readback::outbound_sas(card)?;
    let value = json!({
        "inbound": inbound.iter().map(|sa| inbound_json(sa, names)).collect::<Vec<_>>(),
        "outbound": outbound.iter().map(|sa| outbound_json(sa, names)).collect::<Vec<_>>(),
    });
    let text = format!("{}\n{}", inbound_text(&inbound, names), outbound_text(&outbound, names));
    print(out, json, &text, &value)
}

fn inbound_json(sa: &InboundSa, names: &Names) -> Value {
    let record = &sa.record;
    let (state, reached) = life_json(&sa.life());
    json!({
        "index": sa.index,
        "tunnel": names.inbound(&sa.key),
        "spi": sa.key.spi,
        "mode": mode(record.tunnel),
        "udp": record.udp,
        "ecn": !record.no_ecn,
        "local": address(sa.key.dst, sa.key.ipv6),
        "fvrf": sa.key.fvrf,
        "fvrf_name": names.vrf(sa.key.fvrf),
        "vrf": record.ivrf,
        "vrf_name": names.vrf(record.ivrf),
        "algorithm": algorithm(&record.gcm),
        "esn": record.esn,
        "replay_window": record.replay_window,
        "selector": selector(&record.sel).1,
        "generation": record.gen,
        "sequence": sa.state.seq_top,
        "packets": sa.state.packets,
        "bytes": sa.state.bytes,
        "auth_failures": sa.state.auth_fail,
        "replays": sa.state.replay_fail,
        "limits": {
            "soft_packets": some(record.soft_packets),
            "hard_packets": some(record.hard_packets),
            "soft_bytes": some(record.soft_bytes),
            "hard_bytes": some(record.hard_bytes),
        },
        "state": state,
        "limits_reached": reached,
    })
}

fn inbound_text(sas: &[InboundSa], names: &Names) -> String {
    let mut table = Table::new(&[
        "Inbound SPI",
        "Tunnel",
        "State",
        "Mode",
        "Local",
        "FVRF",
        "VRF",
        "Algorithm",
        ">Window",
        ">Sequence",
        ">Packets",
        ">Bytes",
        ">Auth fail",
        ">Replay",
        "Limits",
        "Selector",
    ]);
    for sa in sas {
        let record = &sa.record;
        table.row([
            format!("{:#010x}", sa.key.spi),
            names.inbound(&sa.key).unwrap_or_default().to_owned(),
            life_text(&sa.life()),
            format!("{}{}", mode(record.tunnel), if record.udp { " in UDP" } else { "" }),
            address(sa.key.dst, sa.key.ipv6),
            names.vrf_text(sa.key.fvrf),
            names.vrf_text(record.ivrf),
            suite(&record.gcm, record.esn),
            record.replay_window.to_string(),
            sa.state.seq_top.to_string(),
            sa.state.packets.to_string(),
            sa.state.bytes.to_string(),
            sa.state.auth_fail.to_string(),
            sa.state.replay_fail.to_string(),
            limits_text(&[
                (record.soft_packets, record.hard_packets, "packets"),
                (record.soft_bytes, record.hard_bytes, "bytes"),
            ]),
            selector(&record.sel).0,
        ]);
    }
    if table.is_empty() {
        "No inbound SAs.\n".into()
    } else {
        table.render()
    }
}

/// DF as the configuration writes it.
fn df(sa: &OutboundSa) -> &'static str {
    match (sa.record.df, sa.record.copy_df) {
        (true, _) => "set",
        (false, true) => "copy",
        (false, false) => "clear",
    }
}

fn outbound_json(sa: &OutboundSa, names: &Names) -> Value {
    let record = &sa.record;
    let (state, reached) = life_json(&sa.life());
    let udp = record.udp.then(|| json!({"local": record.sport, "remote": record.dport}));
    json!({
        "index": sa.index,
        "tunnel": names.outbound(record),
        "spi": record.spi,
        "mode": mode(record.tunnel),
        "udp": udp,
        "local": address(record.src, record.ipv6),
        "remote": address(record.dst, record.ipv6),
        "algorithm": algorithm(&record.gcm),
        "esn": record.esn,
        "dscp": if record.copy_dscp { Value::Null } else { json!(record.dscp) },
        "ecn": !record.no_ecn,
        "df": df(sa),
        "ttl": record.ttl,
        "generation": record.gen,
        "sequence": sa.state.seq,
        "packets": sa.state.packets,
        "bytes": sa.state.bytes,
        "limits": {
            "soft_packets": some(record.soft_packets),
            "hard_packets": some(record.hard_packets),
            "soft_bytes": some(record.soft_bytes),
            "hard_bytes": some(record.hard_bytes),
            "soft_sequence": some(record.soft_seq),
        },
        "state": state,
        "limits_reached": reached,
    })
}

fn outbound_text(sas: &[OutboundSa], names: &Names) -> String {
    let mut table = Table::new(&[
        "Outbound SPI",
        "Tunnel",
        "State",
        "Mode",
        "Local",
        "Remote",
        "Algorithm",
        ">Sequence",
        ">Packets",
        ">Bytes",
        ">SA",
        "Limits",
    ]);
    for sa in sas {
        let record = &sa.record;
        let udp =
            if record.udp { format!(" in UDP {}>{}", record.sport, record.dport) } else { String::new() };
        table.row([
            format!("{:#010x}", record.spi),
            names.outbound(record).unwrap_or_default().to_owned(),
            life_text(&sa.life()),
            format!("{}{udp}", mode(record.tunnel)),
            address(record.src, record.ipv6),
            address(record.dst, record.ipv6),
            suite(&record.gcm, record.esn),
            sa.state.seq.to_string(),
            sa.state.packets.to_string(),
            sa.state.bytes.to_string(),
            sa.index.to_string(),
            limits_text(&[
                (record.soft_packets, record.hard_packets, "packets"),
                (record.soft_bytes, record.hard_bytes, "bytes"),
                (record.soft_seq, 0, "sequence"),
            ]),
        ]);
    }
    if table.is_empty() {
        "No outbound SAs.\n".into()
    } else {
        table.render()
    }
}
