// SPDX-License-Identifier: Apache-2.0
//! A card in memory for tests: registers, rings and tables, and ways to misbehave.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use headend_regs::reg::{self, Caps0, RingControl};
use headend_regs::{
    param, CmdCompletion, CmdEntry, CmdOp, CmdStatus, EventEntry, HostReason, Ingress, Packed, Ring,
    RxCompletion, RxDesc, SaOut, SaOutState, Table, TxCompletion, TxDesc, TxDest, INTERFACE_MAJOR,
    INTERFACE_MINOR, TABLES,
};

use crate::backend::{BackendError, EventFd, PciBackend, Region};
use crate::dma::DmaMemory;

/// A way to misbehave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Takes no submission.
    Deaf,
    /// Writes completions with the wrong phase, but announces them.
    Phase,
    /// Wrong cookies.
    Cookie,
    /// sq_head beyond the tail.
    SqHead,
    /// cq_tail beyond the ring.
    CqTail,
    /// Packets longer than their buffer.
    Length,
    /// Stops the ring with SqRead.
    Stop,
    /// Codes that mean nothing.
    Code,
    /// Never raises interrupts.
    NoInterrupt,
    /// Completions and indices are random, by this seed.
    Garbage(u64),
}

/// Records by table and index, as packed.
pub(crate) type Tables = HashMap<(u8, u32), Vec<u8>>;
type Hook = Box<dyn FnMut(&Tables) + Send>;
/// What packets do to a card between two commands.
type Traffic = Box<dyn FnMut(&mut Tables) + Send>;

#[derive(Default)]
struct RingState {
    sq_head: u32,
    cq_tail: u32,
    error: u32,
}

#[derive(Default)]
pub(crate) struct State {
    pub(crate) tables: Tables,
    pub(crate) fault: Option<Fault>,
    /// Every table write: (table, index), in order.
    pub(crate) writes: Vec<(Table, u32)>,
    /// Called after every table write.
    pub(crate) on_write: Option<Hook>,
    /// Table writes that still succeed; later ones are refused and change nothing.
    pub(crate) writes_left: Option<usize>,
    /// Called before every command.
    pub(crate) traffic: Option<Traffic>,
    pub(crate) sent: Vec<(TxDest, Vec<u8>)>,
    /// Capabilities that it lacks.
    pub(crate) missing: Caps0,
    regs: HashMap<u64, u32>,
    rings: [RingState; 4],
    memory: Vec<DmaMemory>,
    eventfds: Vec<EventFd>,
}

impl State {
    fn dma(&self, iova: u64) -> Option<(DmaMemory, usize)> {
        let memory = self.memory.iter().find(|m| (m.iova()..m.iova() + m.len() as u64).contains(&iova))?;
        Some((memory.clone(), (iova - memory.iova()) as usize))
    }

    fn address(&self, ring: Ring, lo: u64) -> u64 {
        let at = lo + u64::from(ring.code()) * reg::RING_CONTROL_STRIDE;
        u64::from(self.regs[&(at + 4)]) << 32 | u64::from(self.regs[&at])
    }

    fn control(&self, ring: Ring) -> RingControl {
        let at = reg::ring_control(usize::from(ring.code()));
        RingControl::from_bits_retain(self.regs.get(&at).copied().unwrap_or(0))
    }

    fn submission(&self, ring: Ring, index: u32, bytes: &mut [u8]) {
        let mask = (1u32 << self.control(ring).sq_log2()) - 1;
        let base = self.address(ring, reg::RING_SQ_BASE_LO);
        let (memory, at) = self.dma(base + u64::from(index & mask) * bytes.len() as u64).unwrap();
        memory.read(at, bytes).unwrap();
    }

    fn phase(&self, ring: Ring) -> bool {
        let passes = self.rings[usize::from(ring.code())].cq_tail >> self.control(ring).cq_log2();
        (passes & 1 == 0) != (self.fault == Some(Fault::Phase))
    }

    /// Changes bytes at random under [`Fault::Garbage`]: mostly few of them, so that the rest still makes sense.
    fn spoil(&mut self, bytes: &mut [u8]) {
        let Some(Fault::Garbage(seed)) = &mut self.fault else { return };
        let mut random = || {
            *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (*seed >> 33) as usize
        };
        for _ in 0..random() % 4 {
            let at = random() % bytes.len().min(1 + random() % 32);
            bytes[at] = random() as u8;
        }
    }

    fn complete(&mut self, ring: Ring, bytes: &[u8]) {
        let mut bytes = bytes.to_vec();
        self.spoil(&mut bytes);
        let n = usize::from(ring.code());
        let mask = (1u32 << self.control(ring).cq_log2()) - 1;
        let base = self.address(ring, reg::RING_CQ_BASE_LO);
        let tail = self.rings[n].cq_tail;
        let (memory, at) = self.dma(base + u64::from(tail & mask) * bytes.len() as u64).unwrap();
        memory.write(at, &bytes).unwrap();
        self.rings[n].cq_tail = tail.wrapping_add(1);
    }

    fn finish(&mut self, ring: Ring) {
        let n = usize::from(ring.code());
        let state = &self.rings[n];
        let mut indices = [state.sq_head, state.cq_tail];
        match self.fault {
            Some(Fault::SqHead) => indices[0] = indices[0].wrapping_add(7),
            Some(Fault::CqTail) => indices[1] = indices[1].wrapping_add(70_000),
            _ => {}
        }
        let (memory, at) = self.dma(self.address(ring, reg::RING_INDEX_LO)).unwrap();
        let mut block = indices.map(u32::to_le_bytes).concat();
        self.spoil(&mut block);
        memory.write(at, &block).unwrap();
        if self.control(ring).contains(RingControl::IRQ_ENABLE) && self.fault != Some(Fault::NoInterrupt) {
            if let Some(eventfd) = self.eventfds.get(n) {
                eventfd.write(1).unwrap();
            }
        }
    }

    fn doorbell(&mut self, ring: Ring, tail: u32) {
        let n = usize::from(ring.code());
        match self.fault {
            Some(Fault::Deaf) => return,
            Some(Fault::Stop) => {
                self.rings[n].error = 1;
                return;
            }
            _ => {}
        }
        if ring == Ring::Rx0 {
            return;
        }
        while self.rings[n].sq_head != tail {
            let index = self.rings[n].sq_head;
            self.rings[n].sq_head = index.wrapping_add(1);
            match ring {
                Ring::Cmd => self.command(index),
                Ring::Tx0 => self.transmit(index),
                Ring::Rx0 | Ring::Event => {}
            }
        }
        self.finish(ring);
    }

    fn command(&mut self, index: u32) {
        let mut bytes = [0; param::CMD_ENTRY_BYTES];
        self.submission(Ring::Cmd, index, &mut bytes);
        let entry = CmdEntry::unpack_from(&bytes, 0);
        let mut record = [0; 224];
        let mut status = self.execute(&entry, &mut record).code();
        let mut cookie = entry.cookie;
        match self.fault {
            Some(Fault::Cookie) => cookie ^= 1,
            Some(Fault::Code) => status = 99,
            _ => {}
        }
        let phase = self.phase(Ring::Cmd);
        let completion = CmdCompletion { phase, status, cookie, index: entry.index, record };
        self.complete(Ring::Cmd, &completion.to_bytes());
    }

    fn execute(&mut self, entry: &CmdEntry, record: &mut [u8]) -> CmdStatus {
        if let Some(traffic) = &mut self.traffic {
            traffic(&mut self.tables);
        }
        let Ok(op) = entry.op_code() else { return CmdStatus::BadOp };
        if matches!(op, CmdOp::Nop | CmdOp::Fence) {
            return CmdStatus::Ok;
        }
        let Ok(table) = entry.table_id_code() else { return CmdStatus::BadTable };
        let Some(info) = TABLES.iter().find(|info| info.table == table) else { return CmdStatus::BadTable };
        if entry.index >= info.depth {
            return CmdStatus::BadIndex;
        }
        let bytes = info.record_bits.div_ceil(8);
        if op == CmdOp::Read {
            if let Some(stored) = self.tables.get(&(table.code(), entry.index)) {
                record[..bytes].copy_from_slice(stored);
                hide_secrets(table, record);
            }
            return CmdStatus::Ok;
        }
        if info.read_only {
            return CmdStatus::ReadOnly;
        }
        if let Some(left) = &mut self.writes_left {
            if *left == 0 {
                return CmdStatus::ReadOnly;
            }
            *left -= 1;
        }
        self.tables.insert((table.code(), entry.index), entry.record[..bytes].to_vec());
        if table == Table::SaOut {
            let seq = SaOut::unpack_from(&entry.record, 0).seq;
            let state = SaOutState { seq, ..Default::default() };
            self.tables.insert((Table::SaOutState.code(), entry.index), state.to_bytes().to_vec());
        }
        self.writes.push((table, entry.index));
        if let Some(hook) = &mut self.on_write {
            hook(&self.tables);
        }
        CmdStatus::Ok
    }

    fn transmit(&mut self, index: u32) {
        let mut bytes = [0; param::RING_ENTRY_BYTES];
        self.submission(Ring::Tx0, index, &mut bytes);
        let desc = TxDesc::unpack_from(&bytes, 0);
        let (memory, at) = self.dma(desc.addr).unwrap();
        let mut packet = vec![0; desc.len as usize];
        memory.read(at, &mut packet).unwrap();
        self.sent.push((desc.dest_code().unwrap(), packet));
        let cookie = desc.cookie.wrapping_add(if self.fault == Some(Fault::Cookie) { 99 } else { 0 });
        let completion = TxCompletion { phase: self.phase(Ring::Tx0), status: 0, cookie };
        self.complete(Ring::Tx0, &completion.to_bytes());
    }

    /// Hands a packet to the host; `false` when no buffer is posted.
    pub(crate) fn deliver(&mut self, packet: &[u8]) -> bool {
        let tail_at = reg::ring_sq_tail(usize::from(Ring::Rx0.code()));
        let index = self.rings[2].sq_head;
        if self.regs.get(&tail_at).copied().unwrap_or(0) == index {
            return false;
        }
        let mut bytes = [0; param::RING_ENTRY_BYTES];
        self.submission(Ring::Rx0, index, &mut bytes);
        self.rings[2].sq_head = index.wrapping_add(1);
        let desc = RxDesc::unpack_from(&bytes, 0);
        let (memory, at) = self.dma(desc.addr).unwrap();
        memory.write(at, packet).unwrap();
        let completion = RxCompletion {
            phase: self.phase(Ring::Rx0),
            reason: if self.fault == Some(Fault::Code) { 200 } else { HostReason::LocalAddress.code() },
            ingress: Ingress::Port1.code(),
            sa: u16::MAX,
            vrf: 3,
            len: if self.fault == Some(Fault::Length) { 60_000 } else { packet.len() as u16 },
            cookie: desc.cookie.wrapping_add(if self.fault == Some(Fault::Cookie) { 1 } else { 0 }),
            ..Default::default()
        };
        self.complete(Ring::Rx0, &completion.to_bytes());
        self.finish(Ring::Rx0);
        true
    }

    /// Whether any DMA memory holds these bytes.
    pub(crate) fn memory_holds(&self, needle: &[u8]) -> bool {
        self.memory.iter().any(|memory| {
            let mut bytes = vec![0; memory.len()];
            memory.read(0, &mut bytes).unwrap();
            bytes.windows(needle.len()).any(|window| window == needle)
        })
    }

    /// Sets a register, for counters.
    pub(crate) fn set(&mut self, offset: u64, value: u32) {
        self.regs.insert(offset, value);
    }

    /// Writes an event.
    pub(crate) fn event(&mut self, mut entry: EventEntry) {
        entry.phase = self.phase(Ring::Event);
        self.complete(Ring::Event, &entry.to_bytes());
        self.finish(Ring::Event);
    }

    fn write(&mut self, offset: u64, value: u32) {
        if offset == reg::CONTROL {
            self.regs.insert(offset, value & 1);
            return;
        }
        self.regs.insert(offset, value);
        for &ring in Ring::ALL {
            let n = usize::from(ring.code());
            if offset == reg::ring_control(n) && value & 1 == 0 {
                self.rings[n] = RingState::default();
                self.regs.remove(&reg::ring_sq_tail(n));
            } else if offset == reg::ring_sq_tail(n) {
                self.doorbell(ring, value);
            }
        }
    }

    fn read(&self, offset: u64) -> u32 {
        for n in 0..4 {
            if offset == reg::ring_status(n) {
                let enabled = self.regs.get(&reg::ring_control(n)).copied().unwrap_or(0) & 1;
                let error = self.rings[n].error;
                return error << 4 | (enabled & u32::from(error == 0));
            }
        }
        if let Some(info) = TABLES.iter().find(|t| offset == reg::table_depth(usize::from(t.table.code()))) {
            return info.depth;
        }
        match offset {
            reg::ID => reg::ID_RESET,
            reg::INTERFACE => u32::from(INTERFACE_MAJOR) << 16 | u32::from(INTERFACE_MINOR),
            // Two ports, two pipelines, L = 4; everything but forwarding of IPv6.
            reg::CAPS0 => (2 | 2 << 4 | 4 << 8 | 0x1f_7000) & !self.missing.bits(),
            _ => self.regs.get(&offset).copied().unwrap_or(0),
        }
    }
}

/// Zeroes what the card never gives back: all key material of an SA record, which is packed as one struct.
fn hide_secrets(table: Table, record: &mut [u8]) {
    use headend_regs::{GcmKey, SaIn};
    let public = |gcm: &GcmKey| GcmKey { aes256: gcm.aes256, icv_len: gcm.icv_len, ..Default::default() };
    match table {
        Table::SaIn => {
            let mut sa = SaIn::unpack_from(record, 0);
            sa.gcm = public(&sa.gcm);
            record[..SaIn::BYTES].copy_from_slice(&sa.to_bytes());
        }
        Table::SaOut => {
            let mut sa = SaOut::unpack_from(record, 0);
            sa.gcm = public(&sa.gcm);
            record[..SaOut::BYTES].copy_from_slice(&sa.to_bytes());
        }
        _ => {}
    }
}

/// Backend over the fake card; the test keeps the other handle.
#[derive(Clone, Default)]
pub(crate) struct Fake {
    pub(crate) state: Arc<Mutex<State>>,
}

impl Fake {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn fault(&self, fault: impl Into<Option<Fault>>) {
        self.state.lock().unwrap().fault = fault.into();
    }

    /// Opens a card over it.
    pub(crate) fn open(&self, options: crate::Options) -> crate::Card {
        crate::Card::with_backend(Box::new(self.clone()), options).unwrap()
    }
}

impl PciBackend for Fake {
    fn location(&self) -> String {
        "fake".into()
    }

    fn read32(&mut self, region: Region, offset: u64) -> Result<u32, BackendError> {
        Ok(if region == Region::Bar0 { self.state.lock().unwrap().read(offset) } else { 0 })
    }

    fn write32(&mut self, region: Region, offset: u64, value: u32) -> Result<(), BackendError> {
        if region == Region::Bar0 {
            self.state.lock().unwrap().write(offset, value);
        }
        Ok(())
    }

    fn dma_map(&mut self, memory: &DmaMemory) -> Result<(), BackendError> {
        self.state.lock().unwrap().memory.push(memory.clone());
        Ok(())
    }

    fn dma_unmap(&mut self, memory: &DmaMemory) -> Result<(), BackendError> {
        self.state.lock().unwrap().memory.retain(|other| !other.same(memory));
        Ok(())
    }

    fn vectors(&self) -> u32 {
        4
    }

    fn set_vectors(&mut self, eventfds: &[EventFd]) -> Result<(), BackendError> {
        self.state.lock().unwrap().eventfds = eventfds.iter().map(|fd| fd.try_clone().unwrap()).collect();
        Ok(())
    }

    fn reset(&mut self) -> Result<(), BackendError> {
        Ok(())
    }
}
