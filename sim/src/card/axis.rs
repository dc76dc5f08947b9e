// SPDX-License-Identifier: Apache-2.0
//! AXI-Stream ports: frames in and out in beats of 64 bytes, byte 0 in bits 7:0.

use super::CardError;
use headend_verilated::{Instance, Library, Port};
use std::collections::VecDeque;

/// Bytes in a beat.
const BEAT: usize = headend_regs::param::BEAT_BYTES;

/// One beat as it stands on `s_axis_*`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AxisBeat {
    /// `tdata`.
    pub data: [u8; BEAT],
    /// `tkeep`: bit n for byte n.
    pub keep: u64,
    /// `tlast`.
    pub last: bool,
    /// `tuser`: the MAC marks the frame bad; looked at with `last`.
    pub error: bool,
}

/// Something to send on a port.
#[derive(Debug)]
enum Item {
    Frame { bytes: Vec<u8>, error: bool },
    Beats(Vec<AxisBeat>),
}

impl Item {
    /// Beat `index` and whether it is the item's last.
    fn beat(&self, index: usize) -> (AxisBeat, bool) {
        match self {
            Item::Beats(beats) => (beats[index], index + 1 == beats.len()),
            Item::Frame { bytes, error } => {
                let part = &bytes[index * BEAT..bytes.len().min((index + 1) * BEAT)];
                let last = (index + 1) * BEAT >= bytes.len();
                let mut data = [0; BEAT];
                data[..part.len()].copy_from_slice(part);
                (AxisBeat { data, keep: keep_mask(part.len()), last, error: *error && last }, last)
            }
        }
    }

    fn bytes(&self) -> u64 {
        match self {
            Item::Frame { bytes, .. } => bytes.len() as u64,
            Item::Beats(beats) => (beats.len() * BEAT) as u64,
        }
    }
}

fn keep_mask(bytes: usize) -> u64 {
    u64::MAX >> (BEAT - bytes)
}

fn port_lookup<'a>(library: &'a Library, prefix: &'a str) -> impl Fn(&str) -> Result<Port, CardError> + 'a {
    move |name| {
        let name = format!("{prefix}_{name}");
        library.find_port(&name).ok_or(CardError::Port(name))
    }
}

/// Drives `s_axis_p<n>_*`.
#[derive(Debug)]
pub(super) struct AxisSource {
    tdata: Port,
    tkeep: Port,
    tvalid: Port,
    tready: Port,
    tlast: Port,
    tuser: Port,
    queue: VecDeque<Item>,
    beat: usize,
    offered: bool,
    last_of_item: bool,
    rate: u64,
    /// Cycles to wait before the next frame, so that the average rate is kept.
    gap: u64,
    started: u64,
    count: u64,
}

impl AxisSource {
    pub(super) fn new(library: &Library, port: usize) -> Result<Self, CardError> {
        let prefix = format!("s_axis_p{port}");
        let port = port_lookup(library, &prefix);
        Ok(Self {
            tdata: port("tdata")?,
            tkeep: port("tkeep")?,
            tvalid: port("tvalid")?,
            tready: port("tready")?,
            tlast: port("tlast")?,
            tuser: port("tuser")?,
            queue: VecDeque::new(),
            beat: 0,
            offered: false,
            last_of_item: false,
            rate: 0,
            gap: 0,
            started: 0,
            count: 0,
        })
    }

    pub(super) fn reset(&mut self) {
        self.queue.clear();
        (self.beat, self.gap, self.offered) = (0, 0, false);
    }

    pub(super) fn set_rate(&mut self, bytes_per_cycle: u32) {
        self.rate = bytes_per_cycle.into();
    }

    pub(super) fn push_frame(&mut self, bytes: &[u8], error: bool) {
        assert!(!bytes.is_empty(), "a frame has at least one byte");
        self.push(Item::Frame { bytes: bytes.to_vec(), error });
    }

    pub(super) fn push_beats(&mut self, beats: Vec<AxisBeat>) {
        assert!(!beats.is_empty(), "nothing to send");
        self.push(Item::Beats(beats));
    }

    fn push(&mut self, item: Item) {
        self.queue.push_back(item);
        self.count += 1;
    }

    pub(super) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.queue.len()
    }

    pub(super) fn count(&self) -> u64 {
        self.count
    }

    pub(super) fn drive(&mut self, dut: &mut Instance) {
        if !self.offered {
            self.gap = self.gap.saturating_sub(1);
            let ready_to_start = self.beat > 0 || self.gap == 0;
            if let (Some(item), true) = (self.queue.front(), ready_to_start) {
                let (beat, last) = item.beat(self.beat);
                self.last_of_item = last;
                self.offered = true;
                if self.beat == 0 {
                    self.started = dut.cycles();
                }
                dut.set_bytes(self.tdata, &beat.data);
                dut.set(self.tkeep, beat.keep);
                dut.set(self.tlast, beat.last.into());
                dut.set(self.tuser, beat.error.into());
            }
        }
        dut.set(self.tvalid, self.offered.into());
    }

    /// True while something is offered.
    pub(super) fn sample(&mut self, dut: &Instance) -> bool {
        let active = self.offered;
        if self.offered && dut.get_bool(self.tready) {
            self.offered = false;
            self.beat += 1;
            if self.last_of_item {
                self.beat = 0;
                self.finish_item(dut.cycles());
            }
        }
        active
    }

    fn finish_item(&mut self, cycle: u64) {
        let Some(item) = self.queue.pop_front() else { return };
        if let Some(slot) = item.bytes().checked_div(self.rate) {
            let used = cycle - self.started + 1;
            self.gap = (slot + 1).saturating_sub(used);
        }
    }
}

/// A beat that stands at the port and has not been taken: it must not change.
#[derive(Debug, PartialEq, Eq)]
struct Offer {
    data: [u8; BEAT],
    keep: u64,
    last: bool,
}

/// Watches `m_axis_p<n>_*`, ready unless it is held.
#[derive(Debug)]
pub(super) struct AxisSink {
    tdata: Port,
    tkeep: Port,
    tvalid: Port,
    tready: Port,
    tlast: Port,
    port: usize,
    current: Vec<u8>,
    frames: VecDeque<(u64, Vec<u8>)>,
    count: u64,
    /// `tready` stays low.
    held: bool,
    offer: Option<Offer>,
    ready_set: bool,
}

impl AxisSink {
    pub(super) fn new(library: &Library, number: usize) -> Result<Self, CardError> {
        let prefix = format!("m_axis_p{number}");
        let port = port_lookup(library, &prefix);
        Ok(Self {
            tdata: port("tdata")?,
            tkeep: port("tkeep")?,
            tvalid: port("tvalid")?,
            tready: port("tready")?,
            tlast: port("tlast")?,
            port: number,
            current: Vec::new(),
            frames: VecDeque::new(),
            count: 0,
            held: false,
            offer: None,
            ready_set: false,
        })
    }

    pub(super) fn reset(&mut self) {
        self.current.clear();
        self.frames.clear();
        self.offer = None;
        self.ready_set = false;
    }

    pub(super) fn hold(&mut self, held: bool) {
        self.held = held;
        self.ready_set = false;
    }

    pub(super) fn drive(&mut self, dut: &mut Instance) {
        if !self.ready_set {
            dut.set(self.tready, (!self.held).into());
            self.ready_set = true;
        }
    }

    pub(super) fn pop(&mut self) -> Option<(u64, Vec<u8>)> {
        self.frames.pop_front()
    }

    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// True while a frame is on its way out.
    pub(super) fn sample(&mut self, dut: &Instance, violate: &mut impl FnMut(String)) -> bool {
        let valid = dut.get_bool(self.tvalid);
        if self.held || self.offer.is_some() {
            self.watch_offer(dut, valid, violate);
        }
        if valid && self.held {
            return true;
        }
        if !valid {
            if !self.current.is_empty() {
                violate(format!("port {}: gap inside a frame", self.port));
            }
            return !self.current.is_empty();
        }
        let keep = dut.get(self.tkeep);
        let last = dut.get_bool(self.tlast);
        let bytes = keep.trailing_ones() as usize;
        if bytes == 0 || keep != keep_mask(bytes) || (!last && bytes != BEAT) {
            violate(format!("port {}: tkeep {keep:#018x} with tlast {last}", self.port));
        }
        self.current.extend_from_slice(&dut.get_bytes(self.tdata)[..bytes]);
        if last {
            self.frames.push_back((dut.cycles(), std::mem::take(&mut self.current)));
            self.count += 1;
        }
        true
    }

    /// What was offered before and not taken must still be there, unchanged (AMBA AXI4-Stream, 2.2.1).
    fn watch_offer(&mut self, dut: &Instance, valid: bool, violate: &mut impl FnMut(String)) {
        let mut data = [0; BEAT];
        data.copy_from_slice(dut.get_bytes(self.tdata));
        let offer = Offer { data, keep: dut.get(self.tkeep), last: dut.get_bool(self.tlast) };
        if self.offer.take().is_some_and(|before| !valid || before != offer) {
            violate(format!("port {}: a beat was withdrawn or changed before it was taken", self.port));
        }
        self.offer = (valid && self.held).then_some(offer);
    }
}
