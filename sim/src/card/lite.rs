// SPDX-License-Identifier: Apache-2.0
//! AXI4-Lite master: one register access at a time.

use super::CardError;
use headend_verilated::{Instance, Library, Port};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Idle,
    /// Read address on offer.
    ReadAddress,
    ReadData,
    /// Write address and data on offer, each until accepted.
    Write {
        address: bool,
        data: bool,
    },
    WriteResponse,
}

/// The master's side of `s_axil_*`.
#[derive(Debug)]
pub(super) struct AxiLite {
    araddr: Port,
    arvalid: Port,
    arready: Port,
    rdata: Port,
    rresp: Port,
    rvalid: Port,
    rready: Port,
    awaddr: Port,
    awvalid: Port,
    awready: Port,
    wdata: Port,
    wstrb: Port,
    wvalid: Port,
    wready: Port,
    bresp: Port,
    bvalid: Port,
    bready: Port,
    state: State,
    offset: u16,
    value: u32,
    strobe: u8,
    answer: Option<(u32, u64)>,
}

impl AxiLite {
    pub(super) fn new(library: &Library) -> Result<Self, CardError> {
        let port = |name: &str| {
            let name = format!("s_axil_{name}");
            library.find_port(&name).ok_or(CardError::Port(name))
        };
        Ok(Self {
            araddr: port("araddr")?,
            arvalid: port("arvalid")?,
            arready: port("arready")?,
            rdata: port("rdata")?,
            rresp: port("rresp")?,
            rvalid: port("rvalid")?,
            rready: port("rready")?,
            awaddr: port("awaddr")?,
            awvalid: port("awvalid")?,
            awready: port("awready")?,
            wdata: port("wdata")?,
            wstrb: port("wstrb")?,
            wvalid: port("wvalid")?,
            wready: port("wready")?,
            bresp: port("bresp")?,
            bvalid: port("bvalid")?,
            bready: port("bready")?,
            state: State::Idle,
            offset: 0,
            value: 0,
            strobe: 0,
            answer: None,
        })
    }

    pub(super) fn reset(&mut self) {
        self.state = State::Idle;
        self.answer = None;
    }

    pub(super) fn start_read(&mut self, offset: u16) {
        self.offset = offset;
        self.state = State::ReadAddress;
    }

    pub(super) fn start_write(&mut self, offset: u16, value: u32, strobe: u8) {
        (self.offset, self.value, self.strobe) = (offset, value, strobe);
        self.state = State::Write { address: true, data: true };
    }

    /// Data and response of the finished access.
    pub(super) fn take_answer(&mut self) -> Option<(u32, u64)> {
        self.answer.take()
    }

    pub(super) fn drive(&mut self, dut: &mut Instance) {
        let (address, data) = match self.state {
            State::Write { address, data } => (address, data),
            _ => (false, false),
        };
        let read = self.state == State::ReadAddress;
        dut.set(self.arvalid, read.into());
        dut.set(self.awvalid, address.into());
        dut.set(self.wvalid, data.into());
        dut.set(self.rready, (self.state == State::ReadData).into());
        dut.set(self.bready, (self.state == State::WriteResponse).into());
        if read {
            dut.set(self.araddr, self.offset.into());
        }
        if address || data {
            dut.set(self.awaddr, self.offset.into());
            dut.set(self.wdata, self.value.into());
            dut.set(self.wstrb, self.strobe.into());
        }
    }

    /// True while an access is under way.
    pub(super) fn sample(&mut self, dut: &Instance) -> bool {
        let before = self.state;
        self.state = match self.state {
            State::ReadAddress if dut.get_bool(self.arready) => State::ReadData,
            State::ReadData if dut.get_bool(self.rvalid) => {
                self.answer = Some((dut.get(self.rdata) as u32, dut.get(self.rresp)));
                State::Idle
            }
            State::Write { address, data } => {
                let address = address && !dut.get_bool(self.awready);
                let data = data && !dut.get_bool(self.wready);
                if address || data {
                    State::Write { address, data }
                } else {
                    State::WriteResponse
                }
            }
            State::WriteResponse if dut.get_bool(self.bvalid) => {
                self.answer = Some((0, dut.get(self.bresp)));
                State::Idle
            }
            state => state,
        };
        before != State::Idle
    }
}
