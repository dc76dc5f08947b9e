// SPDX-License-Identifier: Apache-2.0
//! Driving header pipelines: words in, words out a fixed number of cycles later.

use headend_hdl_tests::{Agent, Bench, Rng};
use headend_regs::{Meta, Op};
use headend_verilated::{Instance, Port};
use std::collections::VecDeque;

/// A meta as a port produces it for a frame of `len` bytes.
pub(crate) fn port_meta(port: u8, len: usize) -> Meta {
    Meta { ingress: port, intf: port.into(), len: len as u16, sa_in: 0xffff, ..Meta::default() }
}

/// A meta with every field of no interest to the module under test set at random, so that a module that
/// disturbs one is noticed.
pub(crate) fn noisy_meta(rng: &mut Rng, meta: Meta) -> Meta {
    Meta { cycle: rng.next_u64(), dmac: rng.next_u64() >> 16, push2: rng.next_u64() as u32, ..meta }
}

/// `meta` dropped for `reason`.
pub(crate) fn dropped(meta: &Meta, reason: headend_regs::DropReason) -> Meta {
    Meta { op: Op::Drop.code(), drop: reason.code(), ..*meta }
}

/// `meta` sent to the host for `reason`.
pub(crate) fn to_host(meta: &Meta, reason: headend_regs::HostReason) -> Meta {
    Meta { op: Op::Host.code(), host: reason.code(), ..*meta }
}

/// Pipelines of a model that is built for one or two, and tests run for both.
pub(crate) const PIPES: [u64; 2] = [1, 2];

/// One word per port, as byte strings.
pub(crate) type Word = Vec<Vec<u8>>;

/// Ports of `pipes` pipelines side by side: element p of a port is its p-th slice of bits.
#[derive(Debug, Clone)]
struct Slices {
    ports: Vec<Port>,
    pipes: usize,
}

impl Slices {
    fn new(bench: &Bench, pipes: usize, names: &[&str]) -> Self {
        let ports: Vec<Port> = names.iter().map(|n| bench.port(n)).collect();
        assert!(ports.iter().all(|p| p.width().is_multiple_of(pipes as u32)), "one slice per pipeline");
        Self { ports, pipes }
    }

    fn bits(&self, port: usize) -> usize {
        self.ports[port].width() as usize / self.pipes
    }

    /// Puts each pipeline's word on the ports; those without one keep zeros.
    fn set(&self, dut: &mut Instance, words: &[Option<&Word>]) {
        for (i, port) in self.ports.iter().enumerate() {
            let mut bytes = vec![0; port.bytes()];
            for (pipe, word) in words.iter().enumerate() {
                if let Some(word) = word {
                    put_bits(&mut bytes, pipe * self.bits(i), self.bits(i), &word[i]);
                }
            }
            dut.set_bytes(*port, &bytes);
        }
    }

    /// What stands on the ports for one pipeline.
    fn get(&self, dut: &Instance, pipe: usize) -> Word {
        let slice =
            |(i, port): (usize, &Port)| take_bits(dut.get_bytes(*port), pipe * self.bits(i), self.bits(i));
        self.ports.iter().enumerate().map(slice).collect()
    }
}

/// Ors the low `bits` bits of `value` into `bytes` from bit `at` on.
fn put_bits(bytes: &mut [u8], at: usize, bits: usize, value: &[u8]) {
    for (i, byte) in value.iter().take(bits.div_ceil(8)).enumerate() {
        let left = bits - 8 * i;
        let byte = u16::from(if left < 8 { byte & ((1 << left) - 1) } else { *byte });
        let (at, shift) = ((at + 8 * i) / 8, at % 8);
        let [low, high] = (byte << shift).to_le_bytes();
        bytes[at] |= low;
        if high != 0 {
            bytes[at + 1] |= high;
        }
    }
}

/// The `bits` bits of `bytes` from bit `at` on.
fn take_bits(bytes: &[u8], at: usize, bits: usize) -> Vec<u8> {
    let byte = |i: usize| {
        let from = at + 8 * i;
        let pair = [bytes[from / 8], bytes.get(from / 8 + 1).copied().unwrap_or(0)];
        let value = (u16::from_le_bytes(pair) >> (from % 8)) as u8;
        let left = bits - 8 * i;
        if left < 8 {
            value & ((1 << left) - 1)
        } else {
            value
        }
    };
    (0..bits.div_ceil(8)).map(byte).collect()
}

/// Headers for the pipelines of a module, and what comes out of each.
pub(crate) struct Lanes {
    valid: Port,
    inputs: Slices,
    valid_out: Port,
    outputs: Slices,
    rngs: Vec<Rng>,
    gaps_percent: u32,
    queues: Vec<VecDeque<Word>>,
    offered: Vec<bool>,
    /// For each pipeline the cycles in which it took a header.
    pub(crate) sent: Vec<Vec<u64>>,
    /// For each pipeline the cycle and the output words of each header.
    pub(crate) seen: Vec<Vec<(u64, Word)>>,
    hold: Option<Port>,
    held: bool,
}

impl Lanes {
    /// Lanes on `valid_i`, `inputs`, `valid_o` and `outputs`; as many as `valid_i` has bits. Each leaves out
    /// `gaps_percent` of the cycles. The last one minds `hold_o`, if the module has it.
    pub(crate) fn new(bench: &Bench, inputs: &[&str], outputs: &[&str], gaps_percent: u32) -> Self {
        let valid = bench.port("valid_i");
        let pipes = valid.width() as usize;
        Self {
            valid,
            inputs: Slices::new(bench, pipes, inputs),
            valid_out: bench.port("valid_o"),
            outputs: Slices::new(bench, pipes, outputs),
            rngs: (0..pipes as u64).map(|p| Rng::new(77 + p)).collect(),
            gaps_percent,
            queues: vec![VecDeque::new(); pipes],
            offered: vec![false; pipes],
            sent: vec![Vec::new(); pipes],
            seen: vec![Vec::new(); pipes],
            hold: bench.library().find_port("hold_o"),
            held: false,
        }
    }

    pub(crate) fn pipes(&self) -> usize {
        self.queues.len()
    }

    pub(crate) fn push(&mut self, pipe: usize, word: Word) {
        self.queues[pipe].push_back(word);
    }

    /// Everything pushed has come out again.
    pub(crate) fn done(&self) -> bool {
        (0..self.pipes()).all(|p| self.queues[p].is_empty() && self.seen[p].len() == self.sent[p].len())
    }

    /// Checks that every header took exactly `latency` cycles.
    pub(crate) fn check_latency(&self, latency: u64) {
        for (seen, sent) in self.seen.iter().zip(&self.sent) {
            assert_eq!(seen.len(), sent.len(), "headers that came out");
            for (i, (seen, sent)) in seen.iter().zip(sent).enumerate() {
                assert_eq!(seen.0, sent + latency, "latency of header {i}");
            }
        }
    }
}

impl Agent for Lanes {
    fn drive(&mut self, dut: &mut Instance) {
        let last = self.pipes() - 1;
        for (p, rng) in self.rngs.iter_mut().enumerate() {
            let gap = self.gaps_percent > 0 && rng.chance(self.gaps_percent);
            self.offered[p] = !(self.queues[p].is_empty() || gap || p == last && self.held);
        }
        let words: Vec<Option<&Word>> =
            (0..self.pipes()).map(|p| self.queues[p].front().filter(|_| self.offered[p])).collect();
        self.inputs.set(dut, &words);
        let valid = self.offered.iter().rev().fold(0, |bits, offered| bits << 1 | u64::from(*offered));
        dut.set(self.valid, valid);
    }

    fn sample(&mut self, dut: &Instance) {
        // As with segment, the header that hold_o stops is that of the next cycle.
        self.held = self.hold.is_some_and(|hold| dut.get_bool(hold));
        for p in 0..self.pipes() {
            if self.offered[p] {
                self.queues[p].pop_front();
                self.sent[p].push(dut.cycles());
            }
            if dut.get(self.valid_out) >> p & 1 == 1 {
                let word = self.outputs.get(dut, p);
                self.seen[p].push((dut.cycles(), word));
            }
        }
    }
}

/// Sends `words` (one byte string per port of `inputs`) into every pipeline of a module with `valid_i`/`valid_o`,
/// back to back or with gaps, and returns what stood on `outputs` for each; checks that each took exactly `latency`
/// cycles. The pipelines get them in different orders at the same time, and must agree.
pub(crate) fn through(
    bench: &mut Bench,
    agents: &mut [&mut dyn Agent],
    inputs: &[&str],
    outputs: &[&str],
    words: &[Word],
    latency: u64,
    gaps_percent: u32,
) -> Vec<Word> {
    let mut lanes = Lanes::new(bench, inputs, outputs, gaps_percent);
    // Pipeline p begins with word p * words / pipes.
    let shift = |pipe: usize| pipe * words.len() / lanes.pipes();
    let shifts: Vec<usize> = (0..lanes.pipes()).map(shift).collect();
    for (pipe, shift) in shifts.iter().enumerate() {
        words[*shift..].iter().chain(&words[..*shift]).for_each(|w| lanes.push(pipe, w.clone()));
    }
    for _ in 0..(words.len() as u64 * 4 + latency + 100) {
        if lanes.done() {
            break;
        }
        let mut all: Vec<&mut dyn Agent> = agents.iter_mut().map(|a| &mut **a as &mut dyn Agent).collect();
        all.push(&mut lanes);
        bench.step(&mut all);
    }
    lanes.check_latency(latency);
    for (seen, sent) in lanes.seen.iter_mut().zip(&lanes.sent) {
        assert_eq!(seen.len(), words.len(), "headers that came out");
        if gaps_percent == 0 {
            assert_eq!(sent[sent.len() - 1] - sent[0], sent.len() as u64 - 1, "one header per cycle");
        }
    }
    for (seen, shift) in lanes.seen.iter_mut().zip(&shifts) {
        seen.rotate_right(*shift);
    }
    let mut results = lanes.seen.into_iter().map(|seen| seen.into_iter().map(|(_, w)| w).collect());
    let first: Vec<Word> = results.next().expect("at least one pipeline");
    for other in results {
        let other: Vec<Word> = other;
        assert!(other == first, "the pipelines disagree");
    }
    first
}

/// Decodes a meta from a port.
pub(crate) fn meta_of(port: &[u8]) -> Meta {
    Meta::from_bytes(port).expect("the port has the width of meta")
}
