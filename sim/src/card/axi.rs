// SPDX-License-Identifier: Apache-2.0
//! AXI4 slave behind the card's DMA master: 512-bit data, INCR bursts of whole beats.

use super::CardError;
use crate::dma::{DmaError, DmaTarget};
use headend_verilated::{Instance, Library, Port};
use std::collections::VecDeque;

/// Bytes in a beat.
const BEAT: usize = headend_regs::param::BEAT_BYTES;
/// `AxSIZE` of 64 bytes.
const SIZE: u64 = 6;
/// `AxBURST` of INCR.
const INCR: u64 = 1;
/// Bursts that may wait for an answer in each direction.
const OUTSTANDING: usize = 32;
/// No burst crosses a boundary of this many bytes (AMBA AXI, A3.4.1).
const BOUNDARY: u64 = 4096;

/// How the DMA side answers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AxiTiming {
    /// Cycles between a burst and its answer.
    pub latency: u32,
    /// Cycles in 100 in which a channel stalls.
    pub stall_percent: u32,
    /// Seed of the stalls.
    pub seed: u64,
}

#[derive(Debug)]
struct ReadBurst {
    id: u64,
    due: u64,
    data: Vec<u8>,
    response: u64,
    beat: usize,
}

#[derive(Debug)]
struct WriteBurst {
    id: u64,
    address: u64,
    beats: usize,
}

#[derive(Debug)]
struct WriteAnswer {
    id: u64,
    due: u64,
    response: u64,
}

/// The slave's side of `m_axi_*`.
#[derive(Debug)]
pub(super) struct AxiSlave {
    p: Ports,
    timing: AxiTiming,
    random: u64,
    reads: VecDeque<ReadBurst>,
    writes: VecDeque<WriteBurst>,
    answers: VecDeque<WriteAnswer>,
    data: Vec<u8>,
    strobes: Vec<u64>,
    r_offered: bool,
    b_offered: bool,
    ready: [bool; 3],
    counts: [u64; 3],
}

/// Declares the port structure and its constructor from one list of names.
macro_rules! ports {
    ($($name:ident),*) => {
        #[derive(Debug)]
        struct Ports { $($name: Port),* }

        impl Ports {
            fn new(library: &Library) -> Result<Self, CardError> {
                let port = |name: &str| {
                    let name = format!("m_axi_{name}");
                    library.find_port(&name).ok_or(CardError::Port(name))
                };
                Ok(Self { $($name: port(stringify!($name))?),* })
            }
        }
    };
}

ports!(
    awid, awaddr, awlen, awsize, awburst, awvalid, awready, wdata, wstrb, wlast, wvalid, wready, bid, bresp,
    bvalid, bready, arid, araddr, arlen, arsize, arburst, arvalid, arready, rid, rdata, rresp, rlast, rvalid,
    rready
);

fn response(error: DmaError) -> u64 {
    match error {
        DmaError::Refused => 2,
        DmaError::Unmapped => 3,
    }
}

impl AxiSlave {
    pub(super) fn new(library: &Library) -> Result<Self, CardError> {
        Ok(Self {
            p: Ports::new(library)?,
            timing: AxiTiming::default(),
            random: 0,
            reads: VecDeque::new(),
            writes: VecDeque::new(),
            answers: VecDeque::new(),
            data: Vec::new(),
            strobes: Vec::new(),
            r_offered: false,
            b_offered: false,
            ready: [false; 3],
            counts: [0; 3],
        })
    }

    pub(super) fn reset(&mut self) {
        self.reads.clear();
        self.writes.clear();
        self.answers.clear();
        self.data.clear();
        self.strobes.clear();
        (self.r_offered, self.b_offered) = (false, false);
    }

    pub(super) fn set_timing(&mut self, timing: AxiTiming) {
        self.timing = timing;
        self.random = timing.seed;
    }

    /// Bursts read, written, refused.
    pub(super) fn counts(&self) -> (u64, u64, u64) {
        (self.counts[0], self.counts[1], self.counts[2])
    }

    /// SplitMix64 step turned into "stall this cycle".
    fn stall(&mut self) -> bool {
        if self.timing.stall_percent == 0 {
            return false;
        }
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.random ^ (self.random >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        (mixed >> 33) % 100 < u64::from(self.timing.stall_percent)
    }

    pub(super) fn drive(&mut self, dut: &mut Instance) {
        let now = dut.cycles();
        let room = [
            self.reads.len() < OUTSTANDING,
            self.writes.len() < OUTSTANDING,
            !self.writes.is_empty() && self.answers.len() < OUTSTANDING,
        ];
        for (i, port) in [self.p.arready, self.p.awready, self.p.wready].into_iter().enumerate() {
            self.ready[i] = room[i] && !self.stall();
            dut.set(port, self.ready[i].into());
        }
        self.drive_read_data(dut, now);
        self.drive_answer(dut, now);
    }

    fn drive_read_data(&mut self, dut: &mut Instance, now: u64) {
        if !self.r_offered && self.reads.front().is_some_and(|b| b.due <= now) && !self.stall() {
            let burst = &self.reads[0];
            let at = burst.beat * BEAT;
            dut.set_bytes(self.p.rdata, &burst.data[at..at + BEAT]);
            dut.set(self.p.rid, burst.id);
            dut.set(self.p.rresp, burst.response);
            dut.set(self.p.rlast, (at + BEAT == burst.data.len()).into());
            self.r_offered = true;
        }
        dut.set(self.p.rvalid, self.r_offered.into());
    }

    fn drive_answer(&mut self, dut: &mut Instance, now: u64) {
        if !self.b_offered && self.answers.front().is_some_and(|b| b.due <= now) && !self.stall() {
            dut.set(self.p.bid, self.answers[0].id);
            dut.set(self.p.bresp, self.answers[0].response);
            self.b_offered = true;
        }
        dut.set(self.p.bvalid, self.b_offered.into());
    }

    /// True while a burst is under way.
    pub(super) fn sample(
        &mut self,
        dut: &Instance,
        dma: &mut impl DmaTarget,
        violate: &mut impl FnMut(String),
    ) -> bool {
        if self.ready[0] && dut.get_bool(self.p.arvalid) {
            self.accept_read(dut, dma, violate);
        }
        if self.ready[2] && dut.get_bool(self.p.wvalid) {
            self.accept_data(dut, dma, violate);
        }
        if self.ready[1] && dut.get_bool(self.p.awvalid) {
            self.accept_write(dut, violate);
        }
        if self.r_offered && dut.get_bool(self.p.rready) {
            self.r_offered = false;
            self.reads[0].beat += 1;
            if self.reads[0].beat * BEAT == self.reads[0].data.len() {
                self.reads.pop_front();
            }
        }
        if self.b_offered && dut.get_bool(self.p.bready) {
            self.b_offered = false;
            self.answers.pop_front();
        }
        !(self.reads.is_empty() && self.writes.is_empty() && self.answers.is_empty())
    }

    fn accept_read(&mut self, dut: &Instance, dma: &mut impl DmaTarget, violate: &mut impl FnMut(String)) {
        let (address, beats) = (dut.get(self.p.araddr), dut.get(self.p.arlen) as usize + 1);
        let shape = (dut.get(self.p.arsize), dut.get(self.p.arburst));
        check_burst("read", address, beats, shape, violate);
        let mut data = vec![0; beats * BEAT];
        let response = match dma.read(address, &mut data) {
            Ok(()) => 0,
            Err(error) => {
                data.fill(0);
                self.counts[2] += 1;
                response(error)
            }
        };
        self.counts[0] += 1;
        let due = dut.cycles() + 1 + u64::from(self.timing.latency);
        self.reads.push_back(ReadBurst { id: dut.get(self.p.arid), due, data, response, beat: 0 });
    }

    fn accept_write(&mut self, dut: &Instance, violate: &mut impl FnMut(String)) {
        let (address, beats) = (dut.get(self.p.awaddr), dut.get(self.p.awlen) as usize + 1);
        let shape = (dut.get(self.p.awsize), dut.get(self.p.awburst));
        check_burst("write", address, beats, shape, violate);
        self.writes.push_back(WriteBurst { id: dut.get(self.p.awid), address, beats });
    }

    fn accept_data(&mut self, dut: &Instance, dma: &mut impl DmaTarget, violate: &mut impl FnMut(String)) {
        self.data.extend_from_slice(dut.get_bytes(self.p.wdata));
        self.strobes.push(dut.get(self.p.wstrb));
        let complete = self.strobes.len() == self.writes[0].beats;
        let last = dut.get_bool(self.p.wlast);
        if last != complete {
            violate(format!("wlast {last} at beat {} of {}", self.strobes.len(), self.writes[0].beats));
        }
        if !complete {
            return;
        }
        let Some(burst) = self.writes.pop_front() else { return };
        let response = match write_strobed(dma, burst.address, &self.data, &self.strobes) {
            Ok(()) => 0,
            Err(error) => {
                self.counts[2] += 1;
                response(error)
            }
        };
        self.counts[1] += 1;
        self.data.clear();
        self.strobes.clear();
        let due = dut.cycles() + 1 + u64::from(self.timing.latency);
        self.answers.push_back(WriteAnswer { id: burst.id, due, response });
    }
}

fn check_burst(kind: &str, address: u64, beats: usize, shape: (u64, u64), violate: &mut impl FnMut(String)) {
    let bytes = (beats * BEAT) as u64;
    if !address.is_multiple_of(BEAT as u64) {
        violate(format!("{kind} burst at {address:#x}, not aligned to {BEAT} bytes"));
    } else if address % BOUNDARY + bytes > BOUNDARY {
        violate(format!("{kind} burst of {bytes} bytes at {address:#x} crosses a {BOUNDARY}-byte boundary"));
    }
    if shape != (SIZE, INCR) {
        violate(format!("{kind} burst with size {} and burst type {}", shape.0, shape.1));
    }
}

/// Writes the runs of bytes whose strobes are set. All runs are tried; the first refusal is the answer.
fn write_strobed(
    dma: &mut impl DmaTarget,
    address: u64,
    data: &[u8],
    strobes: &[u64],
) -> Result<(), DmaError> {
    if strobes.iter().all(|s| *s == u64::MAX) {
        return dma.write(address, data);
    }
    let enabled = |i: usize| strobes[i / BEAT] >> (i % BEAT) & 1 == 1;
    let mut result = Ok(());
    let mut start = 0;
    while start < data.len() {
        if !enabled(start) {
            start += 1;
            continue;
        }
        let end = (start..data.len()).find(|i| !enabled(*i)).unwrap_or(data.len());
        result = result.and(dma.write(address.wrapping_add(start as u64), &data[start..end]));
        start = end;
    }
    result
}
