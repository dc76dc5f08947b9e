// SPDX-License-Identifier: Apache-2.0
//! Cycles per packet and latency of the two-pipeline card, measured at its ports.
//!
//! Throughput: each port in use is kept supplied at bus speed with as much as the card takes without dropping, and
//! cycles are counted from the first to the last frame that leaves. `both` is one pipeline decrypting while the other
//! encrypts; its figures are those of the slower one. `beats_under_way` is how much was offered ahead: the most of a few
//! amounts at which the card dropped nothing. Latency: one frame at a time through an empty card, from the cycle
//! that offers its first beat to the one that takes its last. Jitter: the same under a constant load of exactly 100GbE on
//! the encrypted side, where no frame may be lost.

use super::traffic::{Direction, Form, Lab};
use headend_testbench::traffic::Random;
use rand::{RngExt, SeedableRng};
use serde_json::{json, Value};
use std::error::Error;

/// Inner packets of the rows with one size, in bytes.
const SIZES: [usize; 10] = [46, 64, 128, 256, 512, 1024, 1400, 1500, 4000, 9000];
/// Sizes around the frames of 65 bytes (without FCS) in clear, which need two beats of the bus.
const TWO_BEATS: [usize; 6] = [50, 51, 56, 60, 61, 62];
/// Sizes of the rows for other forms of ESP.
const FORM_SIZES: [usize; 4] = [46, 64, 512, 1400];
/// IMIX: 7:4:1 of 40, 576 and 1,500 bytes.
const IMIX: [usize; 12] = [40, 576, 40, 40, 576, 40, 1500, 40, 576, 40, 576, 40];
/// Sizes of the random mix, drawn from 46 to 1,500 bytes.
const RANDOM_SIZES: usize = 100;
/// SAs in rotation.
const SAS: [u16; 3] = [1, 16, 1024];
/// SAs of the rows for other forms of ESP.
const FEW_SAS: u16 = 16;
/// Packets of a row, at least; twice the SAs if that is more.
const PACKETS: usize = 200;
/// Frames of a latency measurement.
const LATENCY_PACKETS: usize = 9;
/// Frames of a jitter measurement.
const JITTER_PACKETS: usize = 400;
/// Beats that wait for the card or are inside it at most. The first of these that loses no frame counts: how
/// much is on the way inside depends on the size of the frames; the receive FIFO holds 512 beats, and the queue
/// before encryption, where small packets pile up because they double, 256 packets.
const BEATS_UNDER_WAY: [usize; 8] = [1600, 1300, 1000, 800, 600, 380, 240, 160];
/// Preamble, FCS and gap of a frame on the wire.
const WIRE_OVERHEAD: usize = 8 + 4 + 12;
/// Shortest frame on the wire, without FCS.
const SHORTEST: usize = 60;
/// Bytes of 100GbE in one cycle of the core clock.
const WIRE_BYTES_PER_CYCLE: usize = 50;
/// Core clock of the figures in Gb/s.
const CLOCK_HZ: f64 = 250e6;
/// Core clock at which a bus of 512 bits carries frames of any size at 100GbE.
const FAST_CLOCK_HZ: f64 = 322.265625e6;
/// Cycles without a frame after which the card is taken for stuck.
const PATIENCE: u64 = 100_000;
/// Most cycles of latency for an inner packet of 64 bytes, and the key of a row that holds the largest one.
const LATENCY_LIMITS: [(Direction, &str, u64); 2] = [
    (Direction::Decrypt, "decrypt_latency_cycles_max", 200),
    (Direction::Encrypt, "encrypt_latency_cycles_max", 160),
];

/// A row's name and its streams.
type Load = (&'static str, &'static [Direction]);
const BYPASS: Load = ("bypass", &[Direction::Bypass]);
const LOADS: [Load; 3] = [
    ("decrypt", &[Direction::Decrypt]),
    ("encrypt", &[Direction::Encrypt]),
    ("both", &[Direction::Decrypt, Direction::Encrypt]),
];

/// Inner sizes in turn.
struct Mix {
    name: &'static str,
    sizes: Vec<usize>,
}

impl Mix {
    fn fixed(size: &usize) -> Mix {
        Mix { name: "fixed", sizes: vec![*size] }
    }
}

fn mixes() -> Vec<Mix> {
    let mut random = Random::seed_from_u64(1);
    let any = (0..RANDOM_SIZES).map(|_| random.random_range(46..=1500)).collect();
    let mut mixes: Vec<Mix> = SIZES.iter().map(Mix::fixed).collect();
    mixes.extend([Mix { name: "imix", sizes: IMIX.to_vec() }, Mix { name: "random", sizes: any }]);
    mixes
}

/// The rows of `datapath.json`.
pub(crate) fn measure() -> Result<Vec<Value>, Box<dyn Error>> {
    let mut rows = vec![];
    for sas in SAS {
        let lab = Lab::new(2, sas, Form::Tunnel)?;
        for load in LOADS {
            for mix in mixes() {
                rows.push(row(&lab, load, &mix)?);
            }
        }
        if sas == 1 {
            for mix in mixes().into_iter().chain(TWO_BEATS.iter().map(Mix::fixed)) {
                rows.push(row(&lab, BYPASS, &mix)?);
            }
        }
    }
    Ok(rows)
}

/// The rows of `forms.json`: transport mode, IPv6 and UDP outside.
pub(crate) fn measure_forms() -> Result<Vec<Value>, Box<dyn Error>> {
    let mut rows = vec![];
    for form in [Form::Transport, Form::OverIpv6, Form::InUdp] {
        let lab = Lab::new(2, FEW_SAS, form)?;
        for load in LOADS {
            let imix = Mix { name: "imix", sizes: IMIX.to_vec() };
            for mix in FORM_SIZES.iter().map(Mix::fixed).chain([imix]) {
                let mut row = row(&lab, load, &mix)?;
                row["esp"] = form.name().into();
                rows.push(row);
            }
        }
    }
    Ok(rows)
}

/// What the rows must keep and do not.
pub(crate) fn shortfalls(rows: &[Value]) -> Vec<String> {
    let mut wrong = vec![];
    for row in rows {
        let slow = row["inner_bytes"] == 64.0
            && LATENCY_LIMITS.iter().any(|(_, key, limit)| row[key].as_u64().is_some_and(|max| max > *limit));
        let encrypted = row["direction"] != "bypass";
        if slow || encrypted && row["percent_of_100gbe"].as_f64().is_none_or(|p| p < 100.0) {
            wrong.push(row.to_string());
        }
    }
    wrong
}

/// Measures one row.
fn row(lab: &Lab, load: Load, mix: &Mix) -> Result<Value, Box<dyn Error>> {
    let (name, directions) = load;
    let count = PACKETS.max(2 * usize::from(lab.sas));
    let streams: Vec<Stream> = directions.iter().map(|d| Stream::new(lab, *d, &mix.sizes, count)).collect();
    let mut latencies = vec![];
    let mut slowest = vec![];
    for stream in &streams {
        let of_stream = stream.latencies()?;
        slowest.push((stream.direction, of_stream.iter().copied().max().unwrap_or(0)));
        latencies.extend(of_stream);
    }
    latencies.sort_unstable();
    let measured =
        BEATS_UNDER_WAY.iter().find_map(|beats| throughput(lab, &streams, *beats).map(|m| (*beats, m)));
    let (under_way, measured) = measured.ok_or("the card loses frames at any load")?;
    let Measured { packets, cycles, wire_bytes } = measured;
    let inner_bytes = (1..=packets).map(|n| mix.sizes[n % mix.sizes.len()]).sum::<usize>() as f64;
    let per_packet = cycles as f64 / packets as f64;
    let mean_size = inner_bytes / packets as f64;
    let gbps = |clock: f64| wire_bytes as f64 * 8.0 * clock / cycles as f64 / 1e9;
    let round = |x: f64| (x * 100.0).round() / 100.0;
    // What is judged is never rounded up.
    let floor = |x: f64| (x * 100.0).floor() / 100.0;
    eprintln!(
        "bench: {} {name:7} {:6} {mean_size:6.0} bytes, {:4} SAs: {per_packet:6.2} cycles, {:6.2} Gb/s, {} cycles latency",
        lab.form.name(),
        mix.name,
        lab.sas,
        gbps(CLOCK_HZ),
        latencies[latencies.len() / 2]
    );
    let mut row = json!({
        "direction": name,
        "inner_bytes": round(mean_size),
        "mix": mix.name,
        "sas": lab.sas,
        "packets": packets,
        "cycles": cycles,
        "cycles_per_packet": round(per_packet),
        "bytes_per_cycle": round(inner_bytes / cycles as f64),
        "wire_gbps_at_250mhz": floor(gbps(CLOCK_HZ)),
        "percent_of_100gbe": floor(gbps(CLOCK_HZ)),
        "latency_cycles_min": latencies[0],
        "latency_cycles_p50": latencies[latencies.len() / 2],
        "latency_cycles_max": latencies[latencies.len() - 1],
        "beats_under_way": under_way,
    });
    for (direction, key, _) in LATENCY_LIMITS {
        if let Some((_, max)) = slowest.iter().find(|(d, _)| *d == direction) {
            row[key] = (*max).into();
        }
    }
    if name == "bypass" {
        row["wire_gbps_at_322mhz"] = floor(gbps(FAST_CLOCK_HZ)).into();
    } else {
        row["jitter_cycles_at_100gbe"] = jitter(lab, &streams)?.into();
    }
    Ok(row)
}

/// Frames that enter one port: inner sizes in turn, the SAs in turn.
struct Stream<'a> {
    lab: &'a Lab,
    direction: Direction,
    entry: usize,
    exit: usize,
    sizes: &'a [usize],
    /// Bytes of each of `sizes` as a frame.
    lens: Vec<usize>,
    /// Frames to measure.
    count: usize,
}

impl<'a> Stream<'a> {
    fn new(lab: &'a Lab, direction: Direction, sizes: &'a [usize], count: usize) -> Stream<'a> {
        let (entry, exit) = direction.ports();
        let lens = sizes.iter().map(|size| lab.frame(direction, 0, *size).len()).collect();
        Stream { lab, direction, entry, exit, sizes, lens, count }
    }

    /// A new frame in the place of frame `n`.
    fn frame(&self, n: usize) -> Vec<u8> {
        let sa = (n % usize::from(self.lab.sas)) as u16;
        self.lab.frame(self.direction, sa, self.sizes[n % self.sizes.len()])
    }

    /// Bytes of frame `n`.
    fn len(&self, n: usize) -> usize {
        self.lens[n % self.lens.len()]
    }

    /// Bytes on the wire of the encrypted side when frame `n` left with `left` bytes.
    fn wire_bytes(&self, n: usize, left: usize) -> usize {
        let len = if self.direction == Direction::Encrypt { left } else { self.len(n) };
        len.max(SHORTEST) + WIRE_OVERHEAD
    }

    /// Latencies of single frames in cycles.
    fn latencies(&self) -> Result<Vec<u64>, Box<dyn Error>> {
        (0..LATENCY_PACKETS).map(|n| Ok(self.alone(n)?.0)).collect()
    }

    /// Latency of frame `n` alone in the card, and its bytes when it leaves.
    fn alone(&self, n: usize) -> Result<(u64, usize), Box<dyn Error>> {
        let mut sim = self.lab.card.sim();
        sim.run_until_idle(PATIENCE);
        let start = sim.cycles();
        sim.push_frame(self.entry, &self.frame(n));
        while sim.cycles() < start + PATIENCE {
            sim.cycle();
            if let Some((cycle, left)) = sim.pop_frame_at(self.exit) {
                return Ok((cycle - start + 1, left.len()));
            }
        }
        Err("a frame did not leave the card".into())
    }
}

/// A throughput measurement, from the first to the last frame that left; the first one is not counted.
struct Measured {
    packets: usize,
    cycles: u64,
    wire_bytes: usize,
}

/// How far a stream has come.
#[derive(Clone, Default)]
struct Progress {
    sent: usize,
    seen: usize,
    /// Frames of the measurement after the first one.
    counted: usize,
    first: u64,
    last: u64,
    wire_bytes: usize,
}

impl Progress {
    fn measured(&self) -> Measured {
        Measured { packets: self.counted, cycles: self.last - self.first, wire_bytes: self.wire_bytes }
    }
}

/// Keeps all streams going with at most about `under_way` beats of each on the way, until each has sent all of its frames;
/// the slowest one counts. `None` when a frame got lost.
fn throughput(lab: &Lab, streams: &[Stream], under_way: usize) -> Option<Measured> {
    let mut sim = lab.card.sim();
    let mut progress = vec![Progress::default(); streams.len()];
    loop {
        let done = streams.iter().zip(&progress).all(|(s, p)| p.seen >= s.count);
        if done && sim.is_idle() {
            break;
        }
        for (stream, p) in streams.iter().zip(&mut progress) {
            let beats: usize = stream.lens.iter().map(|len| len.div_ceil(64)).sum();
            let window = (under_way * stream.lens.len() / beats).max(1);
            while !done && p.sent - p.seen < window {
                sim.push_frame(stream.entry, &stream.frame(p.sent));
                p.sent += 1;
            }
        }
        sim.cycle();
        for (stream, p) in streams.iter().zip(&mut progress) {
            while let Some((cycle, left)) = sim.pop_frame_at(stream.exit) {
                if p.seen == 0 {
                    p.first = cycle;
                } else if !done {
                    p.wire_bytes += stream.wire_bytes(p.seen, left.len());
                    p.last = cycle;
                    p.counted += 1;
                }
                p.seen += 1;
            }
        }
        if !done && sim.is_idle() {
            return None;
        }
    }
    let whole = progress.iter().all(|p| p.seen == p.sent);
    let rate = |p: &Progress| p.wire_bytes as f64 / (p.last - p.first) as f64;
    let slowest = progress.iter().min_by(|a, b| rate(a).total_cmp(&rate(b))).filter(|_| whole)?;
    Some(slowest.measured())
}

/// Spread of the latency of one stream, the larger one of two, while each has exactly 100GbE on its encrypted side.
fn jitter(lab: &Lab, streams: &[Stream]) -> Result<u64, Box<dyn Error>> {
    // Bytes on the wire of each size in turn; those of an encrypted frame are seen when it leaves.
    let mut wire: Vec<Vec<usize>> = vec![];
    for stream in streams {
        let one = |n| Ok::<_, Box<dyn Error>>(stream.wire_bytes(n, stream.alone(n)?.1));
        wire.push((0..stream.sizes.len()).map(one).collect::<Result<_, _>>()?);
    }
    let mut sim = lab.card.sim();
    sim.run_until_idle(PATIENCE);
    let begin = sim.cycles();
    let mut progress = vec![Progress::default(); streams.len()];
    let mut entered: Vec<Vec<u64>> = vec![vec![]; streams.len()];
    let mut spread: Vec<(u64, u64)> = vec![(u64::MAX, 0); streams.len()];
    while progress.iter().any(|p| p.seen < JITTER_PACKETS) {
        for (lane, (stream, p)) in streams.iter().zip(&mut progress).enumerate() {
            // Bytes that the wire has carried since the beginning.
            let carried = (sim.cycles() - begin) as usize * WIRE_BYTES_PER_CYCLE;
            if p.sent < JITTER_PACKETS && p.wire_bytes <= carried {
                sim.push_frame(stream.entry, &stream.frame(p.sent));
                entered[lane].push(sim.cycles());
                p.wire_bytes += wire[lane][p.sent % wire[lane].len()];
                p.sent += 1;
            }
        }
        sim.cycle();
        for (lane, (stream, p)) in streams.iter().zip(&mut progress).enumerate() {
            while let Some((cycle, _)) = sim.pop_frame_at(stream.exit) {
                let latency = cycle - entered[lane][p.seen] + 1;
                spread[lane] = (spread[lane].0.min(latency), spread[lane].1.max(latency));
                p.seen += 1;
            }
        }
        if sim.cycles() - begin > PATIENCE + 200 * JITTER_PACKETS as u64 {
            return Err("a frame did not leave the card under load".into());
        }
    }
    Ok(spread.iter().map(|(min, max)| max - min).max().unwrap_or(0))
}
