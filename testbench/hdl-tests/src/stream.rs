// SPDX-License-Identifier: Apache-2.0
//! Packets in and out of beat streams (`*_valid`, `*_ready`, `*_beat` and side signals valid with `sop`).

use crate::{Agent, Rng};
use headend_regs::Beat;
use headend_verilated::{Instance, Port};
use std::collections::VecDeque;

/// Bytes of a beat.
const BEAT: usize = headend_regs::param::BEAT_BYTES;

/// A packet to send: its bytes and, in the order of the source's side ports, what stands on them with the
/// first beat (little-endian bytes, `to_bytes()` of a `headend-regs` type).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Packet {
    /// The bytes, at least one.
    pub data: Vec<u8>,
    /// One entry per side port.
    pub sides: Vec<Vec<u8>>,
}

impl Packet {
    /// A packet without side signals.
    pub fn new(data: impl Into<Vec<u8>>) -> Self {
        Self { data: data.into(), sides: Vec::new() }
    }

    /// Adds what stands on the next side port.
    #[must_use]
    pub fn side(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.sides.push(bytes.into());
        self
    }
}

/// A packet that came out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// The bytes.
    pub data: Vec<u8>,
    /// The sink's side ports at the first beat.
    pub sides: Vec<Vec<u8>>,
    /// Cycle of the first beat.
    pub first_cycle: u64,
    /// Cycle of the last beat.
    pub last_cycle: u64,
}

/// Names of the ports of a stream: prefix `s` stands for `s_valid_i`, `s_ready_o`, `s_beat_i` at a sink of the
/// module, prefix `m` for `m_valid_o`, `m_ready_i`, `m_beat_o` at a source of it.
fn ports(dut: &Instance, prefix: &str, into_dut: bool) -> [Port; 3] {
    let (ours, theirs) = if into_dut { ("i", "o") } else { ("o", "i") };
    [
        dut.port(&format!("{prefix}_valid_{ours}")),
        dut.port(&format!("{prefix}_ready_{theirs}")),
        dut.port(&format!("{prefix}_beat_{ours}")),
    ]
}

/// Sends packets into a module.
#[derive(Debug)]
pub struct StreamSource {
    valid: Port,
    ready: Port,
    beat: Port,
    sides: Vec<Port>,
    queue: VecDeque<Packet>,
    offset: usize,
    offered: bool,
    stall_percent: u32,
    rng: Rng,
    sent: Vec<(u64, u64)>,
    first_cycle: u64,
}

impl StreamSource {
    /// Source for ports `<prefix>_valid_i`, `<prefix>_ready_o`, `<prefix>_beat_i`, and the side ports named in `sides`.
    ///
    /// # Panics
    /// A port is missing.
    pub fn new(dut: &Instance, prefix: &str, sides: &[&str]) -> Self {
        let [valid, ready, beat] = ports(dut, prefix, true);
        Self {
            valid,
            ready,
            beat,
            sides: sides.iter().map(|s| dut.port(s)).collect(),
            queue: VecDeque::new(),
            offset: 0,
            offered: false,
            stall_percent: 0,
            rng: Rng::new(0),
            sent: Vec::new(),
            first_cycle: 0,
        }
    }

    /// Offers nothing in `percent` of the cycles, drawn from `seed`.
    #[must_use]
    pub fn stalls(mut self, percent: u32, seed: u64) -> Self {
        self.stall_percent = percent;
        self.rng = Rng::new(seed);
        self
    }

    /// Queues a packet.
    ///
    /// # Panics
    /// The packet is empty, or has another number of side signals than the source has side ports.
    pub fn push(&mut self, packet: Packet) {
        assert!(!packet.data.is_empty(), "the stream has no empty packets");
        assert_eq!(packet.sides.len(), self.sides.len(), "one entry per side port");
        self.queue.push_back(packet);
    }

    /// Everything was accepted.
    pub fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// Cycle of the first and last beat of each packet accepted so far.
    pub fn sent(&self) -> &[(u64, u64)] {
        &self.sent
    }
}

impl Agent for StreamSource {
    fn drive(&mut self, dut: &mut Instance) {
        if !self.offered {
            let stall = self.stall_percent > 0 && self.rng.chance(self.stall_percent);
            self.offered = !self.queue.is_empty() && !stall;
            if self.offered {
                let packet = &self.queue[0];
                let end = (self.offset + BEAT).min(packet.data.len());
                let mut beat = Beat { bytes: (end - self.offset) as u8, ..Beat::default() };
                beat.data[..end - self.offset].copy_from_slice(&packet.data[self.offset..end]);
                beat.sop = self.offset == 0;
                beat.eop = end == packet.data.len();
                dut.set_bytes(self.beat, &beat.to_bytes());
                for (port, side) in self.sides.iter().zip(&packet.sides) {
                    dut.set_bytes(*port, if beat.sop { side } else { &[] });
                }
            }
        }
        dut.set(self.valid, u64::from(self.offered));
    }

    fn sample(&mut self, dut: &Instance) {
        if !(self.offered && dut.get_bool(self.ready)) {
            return;
        }
        self.offered = false;
        if self.offset == 0 {
            self.first_cycle = dut.cycles();
        }
        self.offset += BEAT;
        if self.offset >= self.queue[0].data.len() {
            self.offset = 0;
            self.queue.pop_front();
            self.sent.push((self.first_cycle, dut.cycles()));
        }
    }
}

/// Receives packets from a module and checks the rules of the stream: valid stays until accepted and the
/// payload with it, `sop` and `eop` alternate, only the last beat is short, unused bytes are zero.
#[derive(Debug)]
pub struct StreamSink {
    name: String,
    valid: Port,
    ready: Port,
    beat: Port,
    sides: Vec<Port>,
    accept: bool,
    stall_percent: u32,
    rng: Rng,
    pending: Option<(Vec<u8>, Vec<Vec<u8>>)>,
    current: Option<Received>,
    received: VecDeque<Received>,
    count: usize,
}

impl StreamSink {
    /// Sink for ports `<prefix>_valid_o`, `<prefix>_ready_i`, `<prefix>_beat_o`, and the side ports named in `sides`.
    ///
    /// # Panics
    /// A port is missing.
    pub fn new(dut: &Instance, prefix: &str, sides: &[&str]) -> Self {
        let [valid, ready, beat] = ports(dut, prefix, false);
        Self {
            name: prefix.to_string(),
            valid,
            ready,
            beat,
            sides: sides.iter().map(|s| dut.port(s)).collect(),
            accept: true,
            stall_percent: 0,
            rng: Rng::new(0),
            pending: None,
            current: None,
            received: VecDeque::new(),
            count: 0,
        }
    }

    /// Refuses in `percent` of the cycles, drawn from `seed`; 100 refuses always.
    #[must_use]
    pub fn stalls(mut self, percent: u32, seed: u64) -> Self {
        self.set_stalls(percent);
        self.rng = Rng::new(seed);
        self
    }

    /// Changes how often the sink refuses.
    pub fn set_stalls(&mut self, percent: u32) {
        self.stall_percent = percent;
    }

    /// Next packet that came out, or `None`.
    pub fn pop(&mut self) -> Option<Received> {
        self.received.pop_front()
    }

    /// Packets received since the start, popped ones included.
    pub fn count(&self) -> usize {
        self.count
    }

    /// In the middle of a packet.
    pub fn in_packet(&self) -> bool {
        self.current.is_some()
    }

    fn check(&self, beat: &Beat) {
        let name = &self.name;
        let bytes = usize::from(beat.bytes);
        assert_eq!(beat.sop, self.current.is_none(), "{name}: sop must mark the first beat, and only that");
        assert!((1..=BEAT).contains(&bytes), "{name}: {bytes} bytes in a beat");
        assert!(beat.eop || bytes == BEAT, "{name}: short beat inside a packet");
        assert!(beat.data[bytes..].iter().all(|b| *b == 0), "{name}: unused bytes must be zero: {beat:?}");
    }

    fn take(&mut self, beat: &Beat, sides: Vec<Vec<u8>>, cycle: u64) {
        self.check(beat);
        let mut packet = self.current.take().unwrap_or(Received {
            data: Vec::new(),
            sides,
            first_cycle: cycle,
            last_cycle: cycle,
        });
        packet.data.extend_from_slice(&beat.data[..usize::from(beat.bytes)]);
        packet.last_cycle = cycle;
        if beat.eop {
            self.received.push_back(packet);
            self.count += 1;
        } else {
            self.current = Some(packet);
        }
    }
}

impl Agent for StreamSink {
    fn drive(&mut self, dut: &mut Instance) {
        self.accept = self.stall_percent == 0 || !self.rng.chance(self.stall_percent);
        dut.set(self.ready, u64::from(self.accept));
    }

    fn sample(&mut self, dut: &Instance) {
        if !dut.get_bool(self.valid) {
            assert!(self.pending.is_none(), "{}: valid fell before it was accepted", self.name);
            return;
        }
        let raw = dut.get_bytes(self.beat).to_vec();
        let beat = Beat::from_bytes(&raw).expect("the port has the width of a beat");
        let sides = match beat.sop {
            true => self.sides.iter().map(|p| dut.get_bytes(*p).to_vec()).collect(),
            false => Vec::new(),
        };
        if let Some(pending) = self.pending.take() {
            assert!(pending == (raw.clone(), sides.clone()), "{}: payload changed while stalled", self.name);
        }
        if self.accept {
            self.take(&beat, sides, dut.cycles());
        } else {
            self.pending = Some((raw, sides));
        }
    }
}
