// SPDX-License-Identifier: Apache-2.0
//! Cycles per packet and latency of the card, measured at its ports.
//!
//! Throughput: a port is kept supplied at bus speed with as much as the card takes without dropping, and
//! cycles are counted from the first to the last frame that leaves. Latency: one frame at a time through an
//! empty card, from the cycle that offers its first beat to the one that takes its last.

use super::traffic::{card, frame, Direction};
use headend_testbench::harness::SimulatedCard;
use headend_testbench::traffic::Random;
use rand::{RngExt, SeedableRng};
use serde_json::{json, Value};
use std::error::Error;

/// Inner packets of the rows with one size, in bytes.
const SIZES: [usize; 10] = [46, 64, 128, 256, 512, 1024, 1400, 1500, 4000, 9000];
/// IMIX: 7:4:1 of 40, 576 and 1,500 bytes.
const IMIX: [usize; 12] = [40, 576, 40, 40, 576, 40, 1500, 40, 576, 40, 576, 40];
/// Sizes of the random mix, drawn from 46 to 1,500 bytes.
const RANDOM_SIZES: usize = 100;
/// SAs in rotation.
const SAS: [u16; 3] = [1, 16, 1024];
/// Packets of a row, at least; twice the SAs if that is more.
const PACKETS: usize = 200;
/// Frames of a latency measurement.
const LATENCY_PACKETS: usize = 9;
/// Beats that wait for the card or are inside it at most. The first of these that loses no frame counts: how
/// much is on the way inside depends on the size of the frames; the receive FIFO holds 512 beats, and the queue
/// before encryption, where small packets pile up because they double, 256 packets.
const BEATS_UNDER_WAY: [usize; 8] = [1600, 1300, 1000, 800, 600, 380, 240, 160];
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
    let mut random = Random::seed_from_u64(1);
    let any: Vec<usize> = (0..RANDOM_SIZES).map(|_| random.random_range(46..=1500)).collect();
    let mut mixes: Vec<(&str, Vec<usize>)> = SIZES.iter().map(|size| ("fixed", vec![*size])).collect();
    mixes.extend([("imix", IMIX.to_vec()), ("random", any)]);
    let mut rows = vec![];
    for sas in SAS {
        let card = card(sas)?;
        for direction in [Direction::Decrypt, Direction::Encrypt, Direction::Bypass] {
            if direction == Direction::Bypass && sas > 1 {
                continue;
            }
            for (mix, sizes) in &mixes {
                rows.push(row(&card, direction, mix, sizes, sas)?);
            }
        }
    }
    Ok(rows)
}

/// Measures one row: frames of these inner sizes in turn, the SAs in turn.
fn row(
    card: &SimulatedCard,
    direction: Direction,
    mix: &str,
    sizes: &[usize],
    sas: u16,
) -> Result<Value, Box<dyn Error>> {
    let packets = PACKETS.max(2 * usize::from(sas));
    let make = |n: usize| frame(direction, (n % usize::from(sas)) as u16, sizes[n % sizes.len()]);
    let frames: Vec<Vec<u8>> = (0..packets).map(make).collect();
    let mut latencies = latencies(card, direction, &frames)?;
    latencies.sort_unstable();
    let measured = BEATS_UNDER_WAY.iter().find_map(|beats| throughput(card, direction, &frames, *beats));
    let Measured { cycles, wire_bytes } = measured.ok_or("the card loses frames at any load")?;
    let inner_bytes = (1..packets).map(|n| sizes[n % sizes.len()]).sum::<usize>() as f64;
    let per_packet = cycles as f64 / (packets - 1) as f64;
    let mean_size = inner_bytes / (packets - 1) as f64;
    let gbps = wire_bytes as f64 * 8.0 * CLOCK_HZ / cycles as f64 / 1e9;
    let round = |x: f64| (x * 100.0).round() / 100.0;
    eprintln!(
        "bench: {:7} {mix:6} {mean_size:6.0} bytes, {sas:4} SAs: {per_packet:6.2} cycles, {gbps:6.2} Gb/s",
        direction.name()
    );
    Ok(json!({
        "direction": direction.name(),
        "inner_bytes": round(mean_size),
        "mix": mix,
        "sas": sas,
        "packets": packets,
        "cycles": cycles,
        "cycles_per_packet": round(per_packet),
        "bytes_per_cycle": round(inner_bytes / cycles as f64),
        "wire_gbps_at_250mhz": round(gbps),
        "percent_of_100gbe": round(gbps),
        "latency_cycles_min": latencies[0],
        "latency_cycles_p50": latencies[latencies.len() / 2],
        "latency_cycles_max": latencies[latencies.len() - 1],
    }))
}

/// A throughput measurement, from the first to the last frame that left; the first one is not counted.
struct Measured {
    cycles: u64,
    /// Bytes on the wire of the encrypted side, with preamble, FCS and gap.
    wire_bytes: usize,
}

/// Sends all frames with at most about `under_way` beats on the way. `None` when a frame got lost.
fn throughput(
    card: &SimulatedCard,
    direction: Direction,
    frames: &[Vec<u8>],
    under_way: usize,
) -> Option<Measured> {
    let (entry, exit) = direction.ports();
    let mut sim = card.sim();
    let beats: usize = frames.iter().map(|frame| frame.len().div_ceil(64)).sum();
    let window = (under_way * frames.len() / beats).max(1);
    let on_wire = |len: usize| len.max(SHORTEST) + WIRE_OVERHEAD;
    let (mut sent, mut seen, mut first, mut last, mut wire_bytes) = (0, 0, 0, 0, 0);
    while seen < frames.len() {
        while sent < frames.len() && sent - seen < window {
            sim.push_frame(entry, &frames[sent]);
            sent += 1;
        }
        sim.cycle();
        while let Some((cycle, bytes)) = sim.pop_frame_at(exit) {
            if seen == 0 {
                first = cycle;
            } else {
                let encrypted =
                    if direction == Direction::Encrypt { bytes.len() } else { frames[seen].len() };
                wire_bytes += on_wire(encrypted);
            }
            (seen, last) = (seen + 1, cycle);
        }
        if sim.is_idle() && seen < sent {
            return None;
        }
    }
    Some(Measured { cycles: last - first, wire_bytes })
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
