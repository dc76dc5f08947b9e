// SPDX-License-Identifier: Apache-2.0
//! `events`: a watch on the event ring.

use std::io::Write;
use std::time::{Duration, Instant};

use headend_regs::EventKind;
use serde_json::json;

use super::Failure;
use crate::backend::deadline;
use crate::rings::Event;
use crate::Card;

/// How long one wait lasts before the end of the watch is checked.
const STEP: Duration = Duration::from_millis(500);

pub(super) fn watch(
    card: &mut Card,
    count: Option<u64>,
    time: Option<Duration>,
    json: bool,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let end = time.map(deadline);
    let mut seen = 0;
    while count.is_none_or(|count| seen < count) {
        let left = end.map_or(STEP, |end| end.saturating_duration_since(Instant::now()).min(STEP));
        if let Some(event) = card.event(left)? {
            seen += 1;
            writeln!(out, "{}", if json { line_json(&event) } else { line(&event) })?;
            out.flush()?;
        } else if left.is_zero() {
            break;
        }
    }
    Ok(())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// One event as one line of JSON.
fn line_json(event: &Event) -> String {
    let entry = &event.entry;
    json!({
        "event": event.kind.name(),
        "stage": event.stage.map(|stage| stage.name()),
        "from": event.ingress.map(|ingress| ingress.name()),
        "reason": event.reason.map(|reason| reason.name()),
        "length": entry.len,
        "vrf": entry.vrf,
        "sa": (entry.sa != u16::MAX).then_some(entry.sa),
        "spi": entry.spi,
        "address": entry.addr,
        "info": entry.info,
        "cycle": entry.cycle,
        "lost": entry.lost,
        "data": hex(&entry.data),
    })
    .to_string()
}

fn line(event: &Event) -> String {
    let entry = &event.entry;
    let mut line = format!("cycle {} {}", entry.cycle, event.kind);
    match event.kind {
        EventKind::Drop => {
            let from = event.ingress.map_or("?", |ingress| ingress.name());
            line += &format!(", {} bytes from {from}", entry.len);
            if let Some(reason) = event.reason {
                line += &format!(": {reason} ({})", reason.doc().trim_end_matches('.'));
            }
            if entry.spi != 0 {
                line += &format!(", SPI {:#010x} sequence {}", entry.spi, entry.addr);
            }
        }
        EventKind::DmaError => line += &format!(" at {:#x}, ring {}", entry.addr, entry.info),
        EventKind::Link => {
            let state = if entry.info >> 8 & 1 == 1 { "up" } else { "down" };
            line += &format!(": port {} is {state}", entry.info & 0xff);
        }
        _ => line += &format!(", info {:#x}", entry.info),
    }
    if entry.lost > 0 {
        line += &format!(" ({} more since the event before)", entry.lost);
    }
    line
}
