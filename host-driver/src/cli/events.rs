// SPDX-License-Identifier: Apache-2.0
//! `events`: a watch on the event ring.

use std::io::Write;
use std::time::{Duration, Instant};

use headend_regs::{EventKind, SaLimit, Stage};
use serde_json::json;

use super::names::Names;
use super::sas::limit_name;
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
    names: &Names,
    json: bool,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let end = time.map(deadline);
    let mut seen = 0;
    while count.is_none_or(|count| seen < count) {
        let left = end.map_or(STEP, |end| end.saturating_duration_since(Instant::now()).min(STEP));
        if let Some(event) = card.event(left)? {
            seen += 1;
            writeln!(out, "{}", if json { line_json(&event, names) } else { line(&event, names) })?;
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

/// The SA that an event is about, in words.
struct About<'n> {
    outbound: bool,
    tunnel: Option<&'n str>,
    limit: Option<SaLimit>,
}

impl<'n> About<'n> {
    /// `None` when the event is about no SA.
    fn of(event: &Event, names: &'n Names) -> Option<Self> {
        let entry = &event.entry;
        let (outbound, limit) = match event.kind {
            EventKind::SaSoft | EventKind::SaHard => {
                let limit =
                    u8::try_from(entry.info >> 1 & 3).ok().and_then(|code| SaLimit::try_from(code).ok());
                (entry.info & 1 == 1, limit)
            }
            EventKind::Drop if entry.spi != 0 => (event.stage == Some(Stage::Encap), None),
            EventKind::Acquire => (true, None),
            _ => return None,
        };
        Some(Self { outbound, tunnel: names.by_spi(entry.spi, outbound), limit })
    }

    fn direction(&self) -> &'static str {
        if self.outbound {
            "outbound"
        } else {
            "inbound"
        }
    }

    /// ` of vpn1-site`, or nothing.
    fn of_tunnel(&self) -> String {
        self.tunnel.map(|name| format!(" of {name}")).unwrap_or_default()
    }
}

/// One event as one line of JSON.
fn line_json(event: &Event, names: &Names) -> String {
    let entry = &event.entry;
    let about = About::of(event, names);
    json!({
        "event": event.kind.name(),
        "stage": event.stage.map(|stage| stage.name()),
        "from": event.ingress.map(|ingress| ingress.name()),
        "reason": event.reason.map(|reason| reason.name()),
        "length": entry.len,
        "vrf": entry.vrf,
        "sa": (entry.sa != u16::MAX).then_some(entry.sa),
        "spi": entry.spi,
        "direction": about.as_ref().map(About::direction),
        "tunnel": about.as_ref().and_then(|about| about.tunnel),
        "limit": about.as_ref().and_then(|about| about.limit).map(|limit| limit.name().to_lowercase()),
        "address": entry.addr,
        "info": entry.info,
        "cycle": entry.cycle,
        "lost": entry.lost,
        "data": hex(&entry.data),
    })
    .to_string()
}

/// `outbound SA 3, SPI 0x00002001 of vpn1-site`.
fn sa(event: &Event, about: &About<'_>) -> String {
    let entry = &event.entry;
    format!("{} SA {}, SPI {:#010x}{}", about.direction(), entry.sa, entry.spi, about.of_tunnel())
}

/// A limit that an SA reached, and what that means.
fn limit(event: &Event, about: &About<'_>) -> String {
    let sequence = event.entry.addr;
    let which = about.limit.map_or("unknown", limit_name);
    let what = match (event.kind, about.limit) {
        (EventKind::SaSoft, _) => {
            format!("has reached its soft limit of {which} at sequence {sequence}; it goes on, and it is time for a new SA")
        }
        (_, Some(SaLimit::Sequence)) => {
            format!("has used its last sequence number, {sequence}; it sends nothing more, as no nonce may be used twice")
        }
        _ if about.outbound => {
            format!("has reached its hard limit of {which} at sequence {sequence}; it sends nothing more")
        }
        _ => format!("has reached its hard limit of {which} at sequence {sequence}; it accepts nothing more"),
    };
    format!(": {} {what}", sa(event, about))
}

fn dropped(event: &Event, about: Option<&About<'_>>) -> String {
    let entry = &event.entry;
    let from = event.ingress.map_or("?", |ingress| ingress.name());
    let mut text = format!(", {} bytes from {from}", entry.len);
    if let Some(reason) = event.reason {
        text += &format!(": {reason} ({})", reason.doc().trim_end_matches('.'));
    }
    if let Some(about) = about {
        text += &format!(", SPI {:#010x}{} sequence {}", entry.spi, about.of_tunnel(), entry.addr);
    }
    text
}

fn line(event: &Event, names: &Names) -> String {
    let entry = &event.entry;
    let about = About::of(event, names);
    let mut line = format!("cycle {} {}", entry.cycle, event.kind);
    line += &match (event.kind, &about) {
        (EventKind::Drop, about) => dropped(event, about.as_ref()),
        (EventKind::SaSoft | EventKind::SaHard, Some(about)) => limit(event, about),
        (EventKind::Acquire, Some(_)) => {
            format!(": a packet needs outbound SA {}, which is not there", entry.sa)
        }
        (EventKind::DmaError, _) => format!(" at {:#x}, ring {}", entry.addr, entry.info),
        (EventKind::Link, _) => {
            let state = if entry.info >> 8 & 1 == 1 { "up" } else { "down" };
            format!(": port {} is {state}", entry.info & 0xff)
        }
        _ => format!(", info {:#x}", entry.info),
    };
    if entry.lost > 0 {
        line += &format!(" ({} more since the event before)", entry.lost);
    }
    line
}
