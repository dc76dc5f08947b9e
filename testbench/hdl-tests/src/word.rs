// SPDX-License-Identifier: Apache-2.0
//! Single words by handshake, and one-cycle pulses.

use crate::{Agent, Rng};
use headend_verilated::{Instance, Port};
use std::collections::VecDeque;

/// Sends words by valid/ready; a word is the little-endian bytes of each of its data ports.
#[derive(Debug)]
pub struct WordSource {
    valid: Port,
    ready: Option<Port>,
    data: Vec<Port>,
    queue: VecDeque<Vec<Vec<u8>>>,
    offered: bool,
    stall_percent: u32,
    rng: Rng,
    sent: Vec<u64>,
}

impl WordSource {
    /// Source on the named ports; `ready` is `None` for pipelines that always accept.
    ///
    /// # Panics
    /// A port is missing.
    pub fn new(dut: &Instance, valid: &str, ready: Option<&str>, data: &[&str]) -> Self {
        Self {
            valid: dut.port(valid),
            ready: ready.map(|r| dut.port(r)),
            data: data.iter().map(|d| dut.port(d)).collect(),
            queue: VecDeque::new(),
            offered: false,
            stall_percent: 0,
            rng: Rng::new(0),
            sent: Vec::new(),
        }
    }

    /// Offers nothing in `percent` of the cycles, drawn from `seed`.
    #[must_use]
    pub fn stalls(mut self, percent: u32, seed: u64) -> Self {
        self.stall_percent = percent;
        self.rng = Rng::new(seed);
        self
    }

    /// Queues a word: one byte string per data port.
    ///
    /// # Panics
    /// The number of strings differs from the number of ports.
    pub fn push(&mut self, word: &[&[u8]]) {
        assert_eq!(word.len(), self.data.len(), "one entry per data port");
        self.queue.push_back(word.iter().map(|w| w.to_vec()).collect());
    }

    /// Everything was accepted.
    pub fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// Cycle in which each word was accepted.
    pub fn sent(&self) -> &[u64] {
        &self.sent
    }
}

impl Agent for WordSource {
    fn drive(&mut self, dut: &mut Instance) {
        if !self.offered {
            let stall = self.stall_percent > 0 && self.rng.chance(self.stall_percent);
            self.offered = !self.queue.is_empty() && !stall;
            if self.offered {
                for (port, bytes) in self.data.iter().zip(&self.queue[0]) {
                    dut.set_bytes(*port, bytes);
                }
            }
        }
        dut.set(self.valid, u64::from(self.offered));
    }

    fn sample(&mut self, dut: &Instance) {
        if self.offered && self.ready.is_none_or(|ready| dut.get_bool(ready)) {
            self.offered = false;
            self.queue.pop_front();
            self.sent.push(dut.cycles());
        }
    }
}

/// Receives words by valid/ready and checks that a refused word stays.
#[derive(Debug)]
pub struct WordSink {
    valid: Port,
    ready: Port,
    data: Vec<Port>,
    accept: bool,
    stall_percent: u32,
    rng: Rng,
    pending: Option<Vec<Vec<u8>>>,
    /// Cycle and data ports of each word received.
    pub received: Vec<(u64, Vec<Vec<u8>>)>,
}

impl WordSink {
    /// Sink on the named ports.
    ///
    /// # Panics
    /// A port is missing.
    pub fn new(dut: &Instance, valid: &str, ready: &str, data: &[&str]) -> Self {
        Self {
            valid: dut.port(valid),
            ready: dut.port(ready),
            data: data.iter().map(|d| dut.port(d)).collect(),
            accept: true,
            stall_percent: 0,
            rng: Rng::new(0),
            pending: None,
            received: Vec::new(),
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
}

impl Agent for WordSink {
    fn drive(&mut self, dut: &mut Instance) {
        self.accept = self.stall_percent == 0 || !self.rng.chance(self.stall_percent);
        dut.set(self.ready, u64::from(self.accept));
    }

    fn sample(&mut self, dut: &Instance) {
        if !dut.get_bool(self.valid) {
            assert!(self.pending.is_none(), "valid fell before it was accepted");
            return;
        }
        let word: Vec<_> = self.data.iter().map(|p| dut.get_bytes(*p).to_vec()).collect();
        if let Some(pending) = self.pending.take() {
            assert_eq!(pending, word, "payload changed while stalled");
        }
        if self.accept {
            self.received.push((dut.cycles(), word));
        } else {
            self.pending = Some(word);
        }
    }
}

/// Collects the data ports in every cycle in which a one-bit port is 1: drop reports, counter pulses, results
/// of fixed-latency pipelines.
#[derive(Debug)]
pub struct PulseMonitor {
    valid: Port,
    data: Vec<Port>,
    /// Cycle and data ports of each pulse.
    pub seen: Vec<(u64, Vec<Vec<u8>>)>,
}

impl PulseMonitor {
    /// Monitor of the named ports.
    ///
    /// # Panics
    /// A port is missing.
    pub fn new(dut: &Instance, valid: &str, data: &[&str]) -> Self {
        let data = data.iter().map(|d| dut.port(d)).collect();
        Self { valid: dut.port(valid), data, seen: Vec::new() }
    }
}

impl Agent for PulseMonitor {
    fn drive(&mut self, _: &mut Instance) {}

    fn sample(&mut self, dut: &Instance) {
        if dut.get_bool(self.valid) {
            let word = self.data.iter().map(|p| dut.get_bytes(*p).to_vec()).collect();
            self.seen.push((dut.cycles(), word));
        }
    }
}
