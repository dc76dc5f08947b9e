// SPDX-License-Identifier: Apache-2.0
//! Cycles per packet and latency of the card, measured at its ports.
//!
//! Throughput: a port is kept supplied at bus speed with as much as the card takes without dropping, and
//! cycles are counted from the first to the last frame that leaves. Latency: one frame at a time through an
//! empty card, from the cycle that offers its first beat to the one that takes its last.

use super::traffic::{card, frame, Direction};
use headend_testbench::harness::SimulatedCard;
use serde_json::{json, Value};
use std::error::Error;

/// Inner packets of a row, in bytes.
const SIZES: [usize; 10] = [46, 64, 128, 256, 512, 1024, 1400, 1500, 4000, 9000];
/// SAs in rotation.
const SAS: [u16; 2] = [1, 16];
/// Packets of a row.
const PACKETS: usize = 200;
/// Frames of a latency measurement.
const LATENCY_PACKETS: usize = 9;
/// Beats that wait for the card or are inside it at most. The first of these that loses no frame counts: how
/// much is on the way inside depends on the size of the frames, and the receive FIFO holds 512.
const BEATS_UNDER_WAY: [usize; 6] = [1600, 1300, 1000, 800, 600, 380];
/// Preamble, FCS and gap of a frame on the wire.
const WIRE_OVERHEAD: usize = 8 + 4 + 12;
/// Shortest frame on the wire, without FCS.
const SHORTEST: usize = 60;
/// Core clock of the figures in Gb/s.
const CLOCK_HZ: f64 = 250e6;
/// Cycles without a frame after which the card is taken for stuck.
const PATIENCE: u64 = 100_000;

/// All rows.
pub(crate) fn measure() -> Result<Vec<Value>, Box<dyn Error>> {
    let mut rows = vec![];
    for sas in SAS {
        let card = card(sas)?;
        for direction in [Direction::Decrypt, Direction::Encrypt, Direction::Bypass] {
            if direction == Direction::Bypass && sas > 1 {
                continue;
            }
            for size in SIZES {
                rows.push(row(&card, direction, size, sas)?);
            }
        }
    }
    Ok(rows)
}

fn row(card: &SimulatedCard, direction: Direction, size: usize, sas: u16) -> Result<Value, Box<dyn Error>> {
    let frames: Vec<Vec<u8>> = (0..sas).map(|n| frame(direction, n, size)).collect();
    let mut latencies = latencies(card, direction, &frames)?;
    latencies.sort_unstable();
    let measured = BEATS_UNDER_WAY.iter().find_map(|beats| throughput(card, direction, &frames, *beats));
    let (cycles, encrypted_bytes) = measured.ok_or("the card loses frames at any load")?;
    let per_packet = cycles as f64 / (PACKETS - 1) as f64;
    let wire = (encrypted_bytes.max(SHORTEST) + WIRE_OVERHEAD) as f64;
    let gbps = wire * 8.0 * CLOCK_HZ / per_packet / 1e9;
    let round = |x: f64| (x * 100.0).round() / 100.0;
    eprintln!("bench: {} {size} bytes, {sas} SAs: {per_packet:.1} cycles, {gbps:.1} Gb/s", direction.name());
    Ok(json!({
        "direction": direction.name(),
        "inner_bytes": size,
        "mix": "fixed",
        "sas": sas,
        "packets": PACKETS,
        "cycles": cycles,
        "cycles_per_packet": round(per_packet),
        "bytes_per_cycle": round(size as f64 / per_packet),
        "wire_gbps_at_250mhz": round(gbps),
        "percent_of_100gbe": round(gbps),
        "latency_cycles_min": latencies[0],
        "latency_cycles_p50": latencies[latencies.len() / 2],
        "latency_cycles_max": latencies[latencies.len() - 1],
    }))
}

/// Cycles from the first to the last frame out, and the length of the frame on the encrypted side, with at
/// most `under_way` beats on the way. `None` when a frame got lost.
fn throughput(
    card: &SimulatedCard,
    direction: Direction,
    frames: &[Vec<u8>],
    under_way: usize,
) -> Option<(u64, usize)> {
    let (entry, exit) = direction.ports();
    let mut sim = card.sim();
    let window = (under_way / frames[0].len().div_ceil(64)).max(1);
    let (mut sent, mut seen, mut first, mut last, mut out_len) = (0, 0, 0, 0, 0);
    while seen < PACKETS {
        while sent < PACKETS && sent - seen < window {
            sim.push_frame(entry, &frames[sent % frames.len()]);
            sent += 1;
        }
        sim.cycle();
        while let Some((cycle, bytes)) = sim.pop_frame_at(exit) {
            if seen == 0 {
                first = cycle;
            }
            (seen, last, out_len) = (seen + 1, cycle, bytes.len());
        }
        if sim.is_idle() && seen < sent {
            return None;
        }
    }
    let encrypted = if direction == Direction::Decrypt { frames[0].len() } else { out_len };
    Some((last - first, encrypted))
}

/// Latencies of single frames in cycles.
fn latencies(
    card: &SimulatedCard,
    direction: Direction,
    frames: &[Vec<u8>],
) -> Result<Vec<u64>, Box<dyn Error>> {
    let (entry, exit) = direction.ports();
    let mut sim = card.sim();
    let mut result = vec![];
    for n in 0..LATENCY_PACKETS {
        sim.run_until_idle(PATIENCE);
        let start = sim.cycles();
        sim.push_frame(entry, &frames[n % frames.len()]);
        let end = loop {
            sim.cycle();
            match sim.pop_frame_at(exit) {
                Some((cycle, _)) => break cycle,
                None if sim.cycles() > start + PATIENCE => {
                    return Err("a frame did not leave the card".into())
                }
                None => {}
            }
        };
        result.push(end - start + 1);
    }
    Ok(result)
}
