// SPDX-License-Identifier: Apache-2.0
//! The bus by which the command processor writes and reads tables (`tbl_*`).

use crate::{Agent, Bench};
use headend_verilated::{Instance, Port};

/// Most cycles from a request to its acknowledge.
const ACK_LIMIT: u64 = 100;

/// Master of the table bus of one module. It is an [`Agent`] only so that `tbl_req_i` rests at 0; the accesses
/// are calls that clock the module themselves.
#[derive(Debug)]
pub struct TableBus {
    req: Port,
    we: Port,
    sel: Port,
    index: Port,
    wdata: Port,
    ack: Port,
    rdata: Port,
}

impl TableBus {
    /// Master on `tbl_req_i`, `tbl_we_i`, `tbl_sel_i`, `tbl_index_i`, `tbl_wdata_i`, `tbl_ack_o`, `tbl_rdata_o`.
    ///
    /// # Panics
    /// A port is missing.
    pub fn new(dut: &Instance) -> Self {
        Self {
            req: dut.port("tbl_req_i"),
            we: dut.port("tbl_we_i"),
            sel: dut.port("tbl_sel_i"),
            index: dut.port("tbl_index_i"),
            wdata: dut.port("tbl_wdata_i"),
            ack: dut.port("tbl_ack_o"),
            rdata: dut.port("tbl_rdata_o"),
        }
    }

    /// Writes record `index` of `table` while `agents` go on.
    ///
    /// # Panics
    /// No acknowledge within 100 cycles.
    pub fn write(
        &self,
        bench: &mut Bench,
        agents: &mut [&mut dyn Agent],
        table: u8,
        index: u32,
        record: &[u8],
    ) {
        bench.set_bytes(self.wdata, record);
        self.access(bench, agents, table, index, true);
    }

    /// Reads record `index` of `table` while `agents` go on; 224 bytes.
    ///
    /// # Panics
    /// No acknowledge within 100 cycles.
    pub fn read(&self, bench: &mut Bench, agents: &mut [&mut dyn Agent], table: u8, index: u32) -> Vec<u8> {
        self.access(bench, agents, table, index, false)
    }

    /// True when nothing answers an access to `table`, as must be for a table of another module.
    ///
    /// # Panics
    /// Never on its own; agents may.
    pub fn is_silent(&self, bench: &mut Bench, agents: &mut [&mut dyn Agent], table: u8, index: u32) -> bool {
        self.try_access(bench, agents, table, index, false).is_none()
    }

    fn access(
        &self,
        bench: &mut Bench,
        agents: &mut [&mut dyn Agent],
        table: u8,
        index: u32,
        we: bool,
    ) -> Vec<u8> {
        self.try_access(bench, agents, table, index, we)
            .unwrap_or_else(|| panic!("no acknowledge for table {table} index {index} in {ACK_LIMIT} cycles"))
    }

    fn try_access(
        &self,
        bench: &mut Bench,
        agents: &mut [&mut dyn Agent],
        table: u8,
        index: u32,
        we: bool,
    ) -> Option<Vec<u8>> {
        bench.set(self.sel, table.into());
        bench.set(self.index, index.into());
        bench.set(self.we, we.into());
        bench.set(self.req, 1);
        for _ in 0..=ACK_LIMIT {
            let mut probe = AckProbe { ack: self.ack, rdata: self.rdata, answer: None };
            let mut all: Vec<&mut dyn Agent> =
                agents.iter_mut().map(|a| &mut **a as &mut dyn Agent).collect();
            all.push(&mut probe);
            bench.step(&mut all);
            bench.set(self.req, 0);
            if probe.answer.is_some() {
                return probe.answer;
            }
        }
        None
    }
}

/// Catches the acknowledge of one access.
struct AckProbe {
    ack: Port,
    rdata: Port,
    answer: Option<Vec<u8>>,
}

impl Agent for AckProbe {
    fn drive(&mut self, _: &mut Instance) {}

    fn sample(&mut self, dut: &Instance) {
        let rdata = dut.get_bytes(self.rdata);
        if dut.get_bool(self.ack) {
            self.answer = Some(rdata.to_vec());
        } else {
            assert!(rdata.iter().all(|b| *b == 0), "tbl_rdata_o must be zero without tbl_ack_o");
        }
    }
}
