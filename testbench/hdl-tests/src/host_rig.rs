// SPDX-License-Identifier: Apache-2.0
//! The host's side of the rings, for tests of the host interface and of the whole card.

use crate::{Agent, AxiLite, AxiMemory, Bench};
use headend_regs::{reg, CmdCompletion, CmdEntry, CmdOp, Record, Ring};
use headend_verilated::{Instance, Library, Port};
use std::sync::Arc;

/// First address of the memory of ring `n`: submission ring, completion ring at +1 MiB, index block at +2 MiB.
const RING_MEMORY: u64 = 0x1_0000_0000;
const RING_SPACE: u64 = 0x40_0000;

/// What the host knows about one of its rings.
#[derive(Debug, Clone, Copy, Default)]
struct HostRing {
    sq_log2: u32,
    cq_log2: u32,
    sq_tail: u32,
    cq_head: u32,
}

/// A module with the card's host ports (`host_if` or `headend_core`), host memory and the host's rings. `E` holds
/// whatever else takes part in every cycle.
#[derive(Debug)]
pub struct HostRig<E> {
    /// The module.
    pub bench: Bench,
    /// Host memory.
    pub memory: AxiMemory,
    /// The other agents.
    pub extra: E,
    /// Interrupts taken, by vector.
    pub interrupts: [u64; 4],
    registers: AxiLite,
    rings: [HostRing; 4],
    msix: [Port; 3],
}

impl<E: Agent> HostRig<E> {
    /// Instance after reset; `extra` makes the other agents. `limit` is the most cycles the test may take.
    pub fn new(library: &Arc<Library>, limit: u64, seed: u64, extra: impl FnOnce(&Instance) -> E) -> Self {
        let mut bench = Bench::new(library, limit);
        let memory = AxiMemory::new(&bench, seed);
        let registers = AxiLite::new(&bench);
        let msix = ["msix_valid_o", "msix_vector_o", "msix_ready_i"].map(|p| bench.port(p));
        bench.set(msix[2], 1);
        let extra = extra(&bench);
        Self { bench, memory, extra, interrupts: [0; 4], registers, rings: [HostRing::default(); 4], msix }
    }

    /// One cycle.
    ///
    /// # Panics
    /// The limit is reached, or an agent saw a broken rule.
    pub fn step(&mut self) {
        self.bench.step(&mut [&mut self.memory, &mut self.registers, &mut self.extra]);
        if self.bench.get_bool(self.msix[0]) {
            self.interrupts[self.bench.get(self.msix[1]) as usize] += 1;
        }
    }

    /// `cycles` cycles.
    pub fn run(&mut self, cycles: u64) {
        for _ in 0..cycles {
            self.step();
        }
    }

    /// Cycles until `done`, at most `limit`.
    ///
    /// # Panics
    /// Not done after `limit` cycles; `what` says what was awaited.
    pub fn run_until(&mut self, what: &str, limit: u64, mut done: impl FnMut(&mut Self) -> bool) {
        for _ in 0..limit {
            if done(self) {
                return;
            }
            self.step();
        }
        panic!("{what}: not after {limit} cycles");
    }

    /// Reads a register.
    pub fn read(&mut self, addr: u64) -> u32 {
        self.registers.begin(addr as u16, None);
        loop {
            self.step();
            if let Some(value) = self.registers.finish() {
                return value;
            }
        }
    }

    /// Writes a register.
    pub fn write(&mut self, addr: u64, value: u32) {
        self.registers.begin(addr as u16, Some(value));
        while self.registers.finish().is_none() {
            self.step();
        }
    }

    /// Reads a 64-bit counter, low word first.
    pub fn counter(&mut self, addr: u64) -> u64 {
        let low = self.read(addr);
        u64::from(self.read(addr + 4)) << 32 | u64::from(low)
    }

    /// Address of entry `index` of the submission ring of `ring`.
    pub fn sq_addr(&self, ring: Ring, index: u32) -> u64 {
        let n = ring as usize;
        let slot = index & ((1 << self.rings[n].sq_log2) - 1);
        RING_MEMORY + n as u64 * RING_SPACE + u64::from(slot) * entry_bytes(ring)
    }

    /// Address of entry `index` of the completion ring of `ring`.
    pub fn cq_addr(&self, ring: Ring, index: u32) -> u64 {
        let n = ring as usize;
        let slot = index & ((1 << self.rings[n].cq_log2) - 1);
        RING_MEMORY + n as u64 * RING_SPACE + 0x10_0000 + u64::from(slot) * entry_bytes(ring)
    }

    /// Address of the index block of `ring`.
    pub fn index_addr(&self, ring: Ring) -> u64 {
        RING_MEMORY + ring as u64 * RING_SPACE + 0x20_0000
    }

    /// Starts a ring with interrupts; its completion memory is cleared, so that phases are fresh.
    pub fn enable(&mut self, ring: Ring, sq_log2: u32, cq_log2: u32) {
        let n = ring as usize;
        self.rings[n] = HostRing { sq_log2, cq_log2, sq_tail: 0, cq_head: 0 };
        let bytes = entry_bytes(ring) as usize * (1 << cq_log2);
        let (sq, cq, index) = (self.sq_addr(ring, 0), self.cq_addr(ring, 0), self.index_addr(ring));
        self.memory.write(cq, &vec![0; bytes]);
        self.memory.write(index, &[0; 64]);
        for (addr, value) in [
            (reg::ring_sq_base_lo(n), sq as u32),
            (reg::ring_sq_base_hi(n), (sq >> 32) as u32),
            (reg::ring_cq_base_lo(n), cq as u32),
            (reg::ring_cq_base_hi(n), (cq >> 32) as u32),
            (reg::ring_index_lo(n), index as u32),
            (reg::ring_index_hi(n), (index >> 32) as u32),
            (reg::ring_control(n), 3 | sq_log2 << 8 | cq_log2 << 16),
        ] {
            self.write(addr, value);
        }
    }

    /// Stops a ring and waits until it has stopped.
    pub fn disable(&mut self, ring: Ring) {
        let control = reg::ring_control(ring as usize);
        self.write(control, 0);
        while self.read(control) & 1 != 0 {}
    }

    /// Writes the next submission entry without ringing the doorbell.
    pub fn post(&mut self, ring: Ring, entry: &[u8]) {
        let addr = self.sq_addr(ring, self.rings[ring as usize].sq_tail);
        self.memory.write(addr, entry);
        self.rings[ring as usize].sq_tail = self.rings[ring as usize].sq_tail.wrapping_add(1);
    }

    /// Announces what was posted.
    pub fn ring_doorbell(&mut self, ring: Ring) {
        let tail = self.rings[ring as usize].sq_tail;
        self.write(reg::ring_sq_tail(ring as usize), tail);
    }

    /// The next completion, if its phase says that it is there; the card learns of it with [`HostRig::consumed`].
    pub fn take(&mut self, ring: Ring) -> Option<Vec<u8>> {
        let state = self.rings[ring as usize];
        let phase = (state.cq_head >> state.cq_log2 & 1) as u8 ^ 1;
        let entry = self.memory.read(self.cq_addr(ring, state.cq_head), entry_bytes(ring) as usize);
        (entry[0] & 1 == phase).then(|| {
            self.rings[ring as usize].cq_head = state.cq_head.wrapping_add(1);
            entry
        })
    }

    /// The next completion, waiting for it up to 20,000 cycles.
    pub fn wait(&mut self, ring: Ring) -> Vec<u8> {
        let mut entry = None;
        self.run_until("completion", 20_000, |rig| {
            entry = rig.take(ring);
            entry.is_some()
        });
        entry.expect("run_until ended")
    }

    /// Tells the card which completions were taken.
    pub fn consumed(&mut self, ring: Ring) {
        let head = self.rings[ring as usize].cq_head;
        self.write(reg::ring_cq_head(ring as usize), head);
    }

    /// `sq_head` and `cq_tail` as the card last wrote them to the index block.
    pub fn indices(&self, ring: Ring) -> (u32, u32) {
        let addr = self.index_addr(ring);
        (self.memory.read_u32(addr), self.memory.read_u32(addr + 4))
    }

    /// Runs one command and gives its completion.
    ///
    /// # Panics
    /// The completion does not carry the command's cookie and index.
    pub fn command(&mut self, entry: &CmdEntry) -> CmdCompletion {
        self.post(Ring::Cmd, &entry.to_bytes());
        self.ring_doorbell(Ring::Cmd);
        let completion = CmdCompletion::from_bytes(&self.wait(Ring::Cmd)).expect("256 bytes");
        self.consumed(Ring::Cmd);
        assert_eq!((completion.cookie, completion.index), (entry.cookie, entry.index));
        completion
    }

    /// Writes a table record.
    ///
    /// # Panics
    /// The card refuses.
    pub fn write_record<R: Record>(&mut self, index: u32, record: &R) {
        let mut bytes = [0; 224];
        record.pack_into(&mut bytes, 0);
        let entry =
            CmdEntry { op: CmdOp::Write.code(), table_id: R::TABLE.code(), cookie: 7, index, record: bytes };
        assert_eq!(self.command(&entry).status, 0, "write of {:?} {index}", R::TABLE);
    }

    /// Reads a table record.
    ///
    /// # Panics
    /// The card refuses.
    pub fn read_record<R: Record>(&mut self, index: u32) -> R {
        let entry = CmdEntry {
            op: CmdOp::Read.code(),
            table_id: R::TABLE.code(),
            cookie: 9,
            index,
            ..CmdEntry::default()
        };
        let completion = self.command(&entry);
        assert_eq!(completion.status, 0, "read of {:?} {index}", R::TABLE);
        R::unpack_from(&completion.record, 0)
    }
}

/// Bytes of an entry of `ring`, both directions alike.
fn entry_bytes(ring: Ring) -> u64 {
    match ring {
        Ring::Cmd => headend_regs::param::CMD_ENTRY_BYTES as u64,
        Ring::Event => headend_regs::param::EVENT_ENTRY_BYTES as u64,
        Ring::Rx0 | Ring::Tx0 => headend_regs::param::RING_ENTRY_BYTES as u64,
    }
}
