// SPDX-License-Identifier: Apache-2.0
//! `stats`.

use std::io::Write;

use headend_regs::{DropReason, Stage};
use serde_json::{json, Map, Value};

use super::table::Table;
use super::{print, Failure};
use crate::stats::Stats;

pub(super) fn show(stats: &Stats, json: bool, out: &mut dyn Write) -> Result<(), Failure> {
    print(out, json, &text(stats), &value(stats))
}

/// Drops of a stage: the receive FIFOs count by port, the others by reason.
fn dropped(stats: &Stats, stage: Stage) -> u64 {
    match stage {
        Stage::Rx0 => stats.ports.first().map_or(0, |port| port.rx_drops),
        Stage::Rx1 => stats.ports.get(1).map_or(0, |port| port.rx_drops),
        _ => reasons(stats, stage).map(|(_, count)| count).sum(),
    }
}

fn reasons(stats: &Stats, stage: Stage) -> impl Iterator<Item = (DropReason, u64)> + '_ {
    stats.drops.iter().copied().filter(move |(reason, _)| reason.stage() == Some(stage))
}

fn value(stats: &Stats) -> Value {
    let stages: Vec<Value> = stats
        .stages
        .iter()
        .map(|stage| {
            json!({
                "stage": stage.stage.name(),
                "in": stage.entered,
                "out": stage.left,
                "dropped": dropped(stats, stage.stage),
            })
        })
        .collect();
    let drops: Map<String, Value> =
        stats.drops.iter().map(|(reason, count)| (reason.name().to_owned(), json!(count))).collect();
    let host: Map<String, Value> =
        stats.host.iter().map(|(reason, count)| (reason.name().to_owned(), json!(count))).collect();
    json!({
        "ports": stats.ports,
        "host_rx": stats.host_rx,
        "host_tx": stats.host_tx,
        "stages": stages,
        "drops": drops,
        "host_reasons": host,
        "conservation": stats.conservation(),
        "dma_errors": stats.dma_errors,
        "cycles": stats.cycles,
    })
}

fn text(stats: &Stats) -> String {
    let mut ports = Table::new(&["", ">Frames in", ">Bytes in", ">Dropped", ">Frames out", ">Bytes out"]);
    for (n, port) in stats.ports.iter().enumerate() {
        let counts = [port.rx_frames, port.rx_bytes, port.rx_drops, port.tx_frames, port.tx_bytes];
        let [a, b, c, d, e] = counts.map(|count| count.to_string());
        ports.row([format!("Port {n}"), a, b, c, d, e]);
    }
    let none = String::new;
    ports.row(["Host".into(), stats.host_tx.to_string(), none(), none(), stats.host_rx.to_string(), none()]);

    let mut stages = Table::new(&["Stage", ">In", ">Out", ">Dropped", "What"]);
    for stage in &stats.stages {
        let dropped = dropped(stats, stage.stage).to_string();
        let (entered, left) = (stage.entered.to_string(), stage.left.to_string());
        stages.row([stage.stage.name().into(), entered, left, dropped, stage.stage.doc().into()]);
    }
    let mut text = format!("{}\n{}", ports.render(), stages.render());

    let mut drops = Table::new(&["Drop reason", "Stage", ">Packets", "Meaning"]);
    for (reason, count) in stats.drops.iter().filter(|(_, count)| *count > 0) {
        let stage = match reason.stage() {
            Some(Stage::Rx0) => "Rx",
            Some(stage) => stage.name(),
            None => "",
        };
        drops.row([reason.name().into(), stage.into(), count.to_string(), reason.doc().into()]);
    }
    if !drops.is_empty() {
        text += &format!("\n{}", drops.render());
    }
    let mut host = Table::new(&["To the host", ">Packets", "Meaning"]);
    for (reason, count) in stats.host.iter().filter(|(_, count)| *count > 0) {
        host.row([reason.name().into(), count.to_string(), reason.doc().into()]);
    }
    if !host.is_empty() {
        text += &format!("\n{}", host.render());
    }
    let sum = stats.conservation();
    text += &format!(
        "\nEvery packet accounted for: {} in = {} out + {} dropped + {} in flight\n",
        sum.entered, sum.left, sum.dropped, sum.in_flight
    );
    if stats.dma_errors > 0 {
        text += &format!("DMA accesses refused by the host: {}\n", stats.dma_errors);
    }
    text
}
