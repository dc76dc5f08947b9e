// SPDX-License-Identifier: Apache-2.0
//! Host memory behind the card's AXI4 master, and a master for its AXI4-Lite registers.

use crate::{Agent, Rng};
use headend_verilated::{Instance, Port};
use std::collections::{HashMap, VecDeque};
use std::ops::Range;

const PAGE: u64 = 4096;
const BEAT: usize = headend_regs::param::BEAT_BYTES;
const OKAY: u64 = 0;
const SLVERR: u64 = 2;

/// A read burst that waits for its data, or a write burst that waits for its response.
#[derive(Debug, Clone)]
struct Burst {
    addr: u64,
    left: u64,
    ready_at: u64,
    refused: bool,
}

/// Host memory as an AXI4 slave on `m_axi_*`: random latency, random stalls, read data of different ids
/// interleaved. It checks what the card promises: INCR bursts of whole aligned 64-byte beats, at most 4 KiB, never
/// across a 4 KiB boundary, `wlast` in its place, valid signals that stay. Accesses to a poisoned range are refused.
#[derive(Debug)]
pub struct AxiMemory {
    write_ports: Option<WritePorts>,
    read_ports: Option<ReadPorts>,
    rng: Rng,
    stall_percent: u32,
    max_latency: u64,
    pages: HashMap<u64, Box<[u8; PAGE as usize]>>,
    poisoned: Vec<Range<u64>>,
    reads: HashMap<u64, VecDeque<Burst>>,
    offered_read: Option<u64>,
    write: Option<(u64, Burst)>,
    responses: Vec<(u64, Burst)>,
    offered_response: Option<usize>,
    held_aw: Option<u64>,
    held_ar: Option<u64>,
    held_w: Option<Vec<u8>>,
    ready: (bool, bool, bool),
    frozen: bool,
    /// Bursts accepted so far: reads, writes.
    pub bursts: (u64, u64),
    /// Bursts refused so far.
    pub refused: u64,
}

/// Ports of the write half, if the module has one.
#[derive(Debug, Clone, Copy)]
struct WritePorts {
    aw: [Port; 7],
    w: [Port; 5],
    b: [Port; 4],
}

/// Ports of the read half, if the module has one.
#[derive(Debug, Clone, Copy)]
struct ReadPorts {
    ar: [Port; 7],
    r: [Port; 6],
}

impl AxiMemory {
    /// Memory of zeros on the ports `m_axi_*` of `dut`, which may have the read or the write half only.
    ///
    /// # Panics
    /// A port of a half is missing.
    pub fn new(dut: &Instance, seed: u64) -> Self {
        let port = |name: &str| dut.port(&format!("m_axi_{name}"));
        let has = |name: &str| dut.library().find_port(&format!("m_axi_{name}")).is_some();
        let write_ports = has("awvalid").then(|| WritePorts {
            aw: ["awvalid", "awready", "awid", "awaddr", "awlen", "awsize", "awburst"].map(port),
            w: ["wvalid", "wready", "wdata", "wstrb", "wlast"].map(port),
            b: ["bvalid", "bready", "bid", "bresp"].map(port),
        });
        let read_ports = has("arvalid").then(|| ReadPorts {
            ar: ["arvalid", "arready", "arid", "araddr", "arlen", "arsize", "arburst"].map(port),
            r: ["rvalid", "rid", "rdata", "rresp", "rlast", "rready"].map(port),
        });
        Self {
            write_ports,
            read_ports,
            rng: Rng::new(seed),
            stall_percent: 0,
            max_latency: 2,
            pages: HashMap::new(),
            poisoned: Vec::new(),
            reads: HashMap::new(),
            offered_read: None,
            write: None,
            responses: Vec::new(),
            offered_response: None,
            held_aw: None,
            held_ar: None,
            held_w: None,
            ready: (false, false, false),
            frozen: false,
            bursts: (0, 0),
            refused: 0,
        }
    }

    /// Refuses or withholds in `percent` of the cycles, and answers after up to `max_latency` cycles.
    pub fn set_timing(&mut self, percent: u32, max_latency: u64) {
        self.stall_percent = percent;
        self.max_latency = max_latency;
    }

    /// While frozen nothing is accepted and nothing answered.
    pub fn freeze(&mut self, frozen: bool) {
        self.frozen = frozen;
    }

    /// Refuses every access that touches `range` from now on.
    pub fn poison(&mut self, range: Range<u64>) {
        self.poisoned.push(range);
    }

    /// Accepts all accesses again.
    pub fn heal(&mut self) {
        self.poisoned.clear();
    }

    /// Read bursts that wait for data.
    pub fn reads_outstanding(&self) -> usize {
        self.reads.values().map(VecDeque::len).sum()
    }

    /// Nothing is outstanding.
    pub fn is_idle(&self) -> bool {
        self.reads.values().all(VecDeque::is_empty) && self.write.is_none() && self.responses.is_empty()
    }

    /// Bytes from `addr` on.
    pub fn read(&self, addr: u64, len: usize) -> Vec<u8> {
        let byte = |at: u64| self.pages.get(&(at / PAGE)).map_or(0, |page| page[(at % PAGE) as usize]);
        (addr..addr + len as u64).map(byte).collect()
    }

    /// Stores bytes from `addr` on.
    pub fn write(&mut self, addr: u64, data: &[u8]) {
        for (at, byte) in (addr..).zip(data) {
            self.pages.entry(at / PAGE).or_insert_with(|| Box::new([0; PAGE as usize]))
                [(at % PAGE) as usize] = *byte;
        }
    }

    /// The 32-bit little-endian word at `addr`.
    ///
    /// # Panics
    /// Never: the slice has four bytes.
    pub fn read_u32(&self, addr: u64) -> u32 {
        u32::from_le_bytes(self.read(addr, 4).try_into().expect("four bytes"))
    }

    fn burst(&mut self, dut: &Instance, addr: Port, len: Port, size: Port, kind: Port) -> Burst {
        let addr = dut.get(addr);
        let left = dut.get(len) + 1;
        assert_eq!(dut.get(size), 6, "whole beats of 64 bytes");
        assert_eq!(dut.get(kind), 1, "INCR bursts");
        assert_eq!(addr % BEAT as u64, 0, "aligned to the beat: {addr:#x}");
        let end = addr + left * BEAT as u64;
        assert_eq!(addr / PAGE, (end - 1) / PAGE, "burst {addr:#x}..{end:#x} crosses 4 KiB");
        let refused = self.poisoned.iter().any(|p| p.start < end && addr < p.end);
        self.refused += u64::from(refused);
        Burst { addr, left, ready_at: dut.cycles() + 1 + self.rng.below(self.max_latency + 1), refused }
    }

    fn drive_read(&mut self, dut: &mut Instance, ports: ReadPorts) {
        dut.set(ports.ar[1], u64::from(self.ready.0));
        let [rvalid, rid, rdata, rresp, rlast, _] = ports.r;
        if self.offered_read.is_none() && !self.frozen && !self.rng.chance(self.stall_percent) {
            let now = dut.cycles();
            let mut ids: Vec<u64> = self
                .reads
                .iter()
                .filter(|(_, q)| q.front().is_some_and(|b| b.ready_at <= now))
                .map(|(id, _)| *id)
                .collect();
            ids.sort_unstable();
            if !ids.is_empty() {
                self.offered_read = Some(ids[self.rng.below(ids.len() as u64) as usize]);
            }
        }
        dut.set(rvalid, u64::from(self.offered_read.is_some()));
        if let Some(id) = self.offered_read {
            let burst = self.reads[&id][0].clone();
            dut.set(rid, id);
            let data = if burst.refused { vec![0xee; BEAT] } else { self.read(burst.addr, BEAT) };
            dut.set_bytes(rdata, &data);
            dut.set(rresp, if burst.refused { SLVERR } else { OKAY });
            dut.set(rlast, u64::from(burst.left == 1));
        }
    }

    fn drive_write(&mut self, dut: &mut Instance, ports: WritePorts) {
        dut.set(ports.aw[1], u64::from(self.ready.1));
        dut.set(ports.w[1], u64::from(self.ready.2));
        let [bvalid, _, bid, bresp] = ports.b;
        if self.offered_response.is_none() && !self.frozen && !self.rng.chance(self.stall_percent) {
            let now = dut.cycles();
            self.offered_response = self.responses.iter().position(|(_, b)| b.ready_at <= now);
        }
        dut.set(bvalid, u64::from(self.offered_response.is_some()));
        if let Some(at) = self.offered_response {
            let (id, burst) = &self.responses[at];
            dut.set(bid, *id);
            dut.set(bresp, if burst.refused { SLVERR } else { OKAY });
        }
    }

    fn sample_read(&mut self, dut: &Instance, ports: ReadPorts) {
        let [arvalid, _, arid, araddr, arlen, arsize, arburst] = ports.ar;
        let offered = dut.get_bool(arvalid).then(|| dut.get(araddr));
        assert!(self.held_ar.is_none() || self.held_ar == offered, "AR changed before it was accepted");
        self.held_ar = offered;
        if offered.is_some() && self.ready.0 {
            self.held_ar = None;
            self.bursts.0 += 1;
            let burst = self.burst(dut, araddr, arlen, arsize, arburst);
            self.reads.entry(dut.get(arid)).or_default().push_back(burst);
        }
        let rready = ports.r[5];
        if let (Some(id), true) = (self.offered_read, dut.get_bool(rready)) {
            self.offered_read = None;
            let queue = self.reads.get_mut(&id).expect("offered from this queue");
            queue[0].addr += BEAT as u64;
            queue[0].left -= 1;
            if queue[0].left == 0 {
                queue.pop_front();
            }
        }
    }

    fn sample_write(&mut self, dut: &Instance, ports: WritePorts) {
        let [awvalid, _, awid, awaddr, awlen, awsize, awburst] = ports.aw;
        let [wvalid, _, wdata, wstrb, wlast] = ports.w;
        let offered = dut.get_bool(awvalid).then(|| dut.get(awaddr));
        assert!(self.held_aw.is_none() || self.held_aw == offered, "AW changed before it was accepted");
        self.held_aw = offered;
        let data = dut.get_bool(wvalid).then(|| dut.get_bytes(wdata).to_vec());
        assert!(self.held_w.is_none() || self.held_w == data, "W changed before it was accepted");
        self.held_w = data.filter(|_| !self.ready.2);
        if dut.get_bool(wvalid) && self.ready.2 {
            let (_, burst) = self.write.as_mut().expect("write data without an address");
            assert_eq!(dut.get(wstrb), u64::MAX, "whole beats");
            burst.left -= 1;
            assert_eq!(dut.get_bool(wlast), burst.left == 0, "wlast marks the last beat");
            let (addr, refused, done) = (burst.addr, burst.refused, burst.left == 0);
            burst.addr += BEAT as u64;
            if !refused {
                let data = dut.get_bytes(wdata).to_vec();
                self.write(addr, &data);
            }
            if done {
                let (id, mut burst) = self.write.take().expect("checked above");
                burst.ready_at = dut.cycles() + 1 + self.rng.below(self.max_latency + 1);
                self.responses.push((id, burst));
            }
        }
        if offered.is_some() && self.ready.1 {
            self.held_aw = None;
            self.bursts.1 += 1;
            assert!(self.write.is_none(), "one write burst at a time on the data channel");
            let burst = self.burst(dut, awaddr, awlen, awsize, awburst);
            self.write = Some((dut.get(awid), burst));
        }
        let bready = ports.b[1];
        if let (Some(at), true) = (self.offered_response, dut.get_bool(bready)) {
            self.offered_response = None;
            self.responses.remove(at);
        }
    }
}

impl Agent for AxiMemory {
    fn drive(&mut self, dut: &mut Instance) {
        let mut willing = || !self.frozen && !self.rng.chance(self.stall_percent);
        self.ready = (willing(), willing() && self.write.is_none(), willing());
        if let Some(ports) = self.read_ports {
            self.drive_read(dut, ports);
        }
        if let Some(ports) = self.write_ports {
            self.drive_write(dut, ports);
        }
    }

    fn sample(&mut self, dut: &Instance) {
        if let Some(ports) = self.read_ports {
            self.sample_read(dut, ports);
        }
        if let Some(ports) = self.write_ports {
            self.sample_write(dut, ports);
        }
    }
}

/// Master of the AXI4-Lite registers on `s_axil_*`: one access at a time.
#[derive(Debug)]
pub struct AxiLite {
    aw: [Port; 3],
    w: [Port; 4],
    b: [Port; 3],
    ar: [Port; 3],
    r: [Port; 4],
    access: Option<(u16, Option<u32>)>,
    address_done: bool,
    data_done: bool,
    result: Option<u32>,
}

impl AxiLite {
    /// Master on the ports `s_axil_*` of `dut`.
    ///
    /// # Panics
    /// A port is missing.
    pub fn new(dut: &Instance) -> Self {
        let port = |name: &str| dut.port(&format!("s_axil_{name}"));
        Self {
            aw: ["awvalid", "awready", "awaddr"].map(port),
            w: ["wvalid", "wready", "wdata", "wstrb"].map(port),
            b: ["bvalid", "bready", "bresp"].map(port),
            ar: ["arvalid", "arready", "araddr"].map(port),
            r: ["rvalid", "rready", "rdata", "rresp"].map(port),
            access: None,
            address_done: false,
            data_done: false,
            result: None,
        }
    }

    /// Begins a write of `Some(value)` or a read; [`AxiLite::finish`] gives the result.
    ///
    /// # Panics
    /// An access is under way.
    pub fn begin(&mut self, addr: u16, write: Option<u32>) {
        assert!(self.access.is_none(), "one access at a time");
        self.access = Some((addr, write));
        self.address_done = false;
        self.data_done = false;
        self.result = None;
    }

    /// Value read (0 after a write) once the access is done.
    pub fn finish(&mut self) -> Option<u32> {
        self.result.take()
    }
}

impl Agent for AxiLite {
    fn drive(&mut self, dut: &mut Instance) {
        let (addr, write) = self.access.unwrap_or((0, None));
        let writing = write.is_some();
        let reading = self.access.is_some() && !writing;
        dut.set(self.aw[0], u64::from(writing && !self.address_done));
        dut.set(self.aw[2], u64::from(addr));
        dut.set(self.w[0], u64::from(writing && !self.data_done));
        dut.set(self.w[2], u64::from(write.unwrap_or(0)));
        dut.set(self.w[3], 0xf);
        dut.set(self.ar[0], u64::from(reading && !self.address_done));
        dut.set(self.ar[2], u64::from(addr));
        dut.set(self.b[1], 1);
        dut.set(self.r[1], 1);
    }

    fn sample(&mut self, dut: &Instance) {
        let Some((_, write)) = self.access else { return };
        if write.is_some() {
            self.address_done |= dut.get_bool(self.aw[1]);
            self.data_done |= dut.get_bool(self.w[1]);
            if dut.get_bool(self.b[0]) {
                assert_eq!(dut.get(self.b[2]), OKAY);
                self.result = Some(0);
                self.access = None;
            }
        } else {
            self.address_done |= dut.get_bool(self.ar[1]);
            if dut.get_bool(self.r[0]) {
                assert_eq!(dut.get(self.r[3]), OKAY);
                self.result = Some(dut.get(self.r[2]) as u32);
                self.access = None;
            }
        }
    }
}
