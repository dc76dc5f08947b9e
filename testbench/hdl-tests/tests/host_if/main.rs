// SPDX-License-Identifier: Apache-2.0
//! The host interface as a whole: registers, rings, events and interrupts against a host memory with random
//! latency, stalls and refusals. The pipeline is a stub: a table owner, a packet source and a packet sink.

mod commands;
mod events;
mod packets;
mod registers;
mod trouble;

use headend_hdl_tests::{Agent, HostRig, Packet, Rng, StreamSink, StreamSource};
use headend_regs::{
    param, reg, CmdCompletion, CmdEntry, CmdOp, CmdStatus, DropReason, DropRecord, EventEntry, EventKind,
    Ingress, IoStatus, Meta, Op, Packed, Ring, RingError, RxCompletion, RxDesc, SaEvent, SaLimit, Stage,
    Table, TxCompletion, TxDesc, TxDest, TABLES,
};
use headend_verilated::{Instance, Library, Model, Port};
use std::collections::HashMap;
use std::sync::Arc;

const BUFFERS: u64 = 0x2_0000_0000;

/// Owner of all tables but `Adj`, which never answers.
struct Tables {
    ports: [Port; 7],
    records: HashMap<(u64, u64), Vec<u8>>,
    answer: Option<(u64, Vec<u8>)>,
    requests: u64,
}

impl Tables {
    fn new(dut: &Instance) -> Self {
        let ports = ["req_o", "we_o", "sel_o", "index_o", "wdata_o", "ack_i", "rdata_i"];
        Self {
            ports: ports.map(|p| dut.port(&format!("tbl_{p}"))),
            records: HashMap::new(),
            answer: None,
            requests: 0,
        }
    }
}

impl Agent for Tables {
    fn drive(&mut self, dut: &mut Instance) {
        let [.., ack, rdata] = self.ports;
        let due = self.answer.as_ref().is_some_and(|(at, _)| *at <= dut.cycles());
        dut.set(ack, u64::from(due));
        let data = if due { self.answer.take().expect("due").1 } else { Vec::new() };
        dut.set_bytes(rdata, &data);
    }

    fn sample(&mut self, dut: &Instance) {
        let [req, we, sel, index, wdata, ..] = self.ports;
        if !dut.get_bool(req) {
            return;
        }
        assert!(self.answer.is_none(), "one request at a time");
        self.requests += 1;
        let key = (dut.get(sel), dut.get(index));
        let info = TABLES
            .iter()
            .find(|t| u64::from(t.table.code()) == key.0)
            .expect("only known tables reach the bus");
        assert!(key.1 < u64::from(info.depth), "only good indices reach the bus");
        if dut.get_bool(we) {
            assert!(!info.read_only);
            self.records.insert(key, dut.get_bytes(wdata).to_vec());
        }
        if key.0 != u64::from(Table::Adj.code()) {
            let record = self.records.get(&key).cloned().unwrap_or_default();
            self.answer = Some((dut.cycles() + 1 + key.1 % 16, record));
        }
    }
}

/// The pipeline side of the module.
struct Pipe {
    tables: Tables,
    to_host: StreamSource,
    from_host: StreamSink,
}

impl Agent for Pipe {
    fn drive(&mut self, dut: &mut Instance) {
        self.tables.drive(dut);
        self.to_host.drive(dut);
        self.from_host.drive(dut);
    }

    fn sample(&mut self, dut: &Instance) {
        self.tables.sample(dut);
        self.to_host.sample(dut);
        self.from_host.sample(dut);
    }
}

fn library() -> Arc<Library> {
    Model::new("host_if").param("StallCycles", 2000).checked().build().expect("host_if builds")
}

fn rig(seed: u64, limit: u64) -> HostRig<Pipe> {
    let mut rig = HostRig::new(&library(), limit, seed, |dut| Pipe {
        tables: Tables::new(dut),
        to_host: StreamSource::new(dut, "s", &["s_meta_i"]).stalls(20, seed),
        from_host: StreamSink::new(dut, "m", &["m_meta_o"]).stalls(20, seed),
    });
    rig.write(reg::CONTROL, 1);
    rig
}

fn slow(rig: &mut HostRig<Pipe>) {
    rig.memory.set_timing(30, 40);
}

fn command(op: u8, table: u8, index: u32) -> CmdEntry {
    CmdEntry { op, table_id: table, cookie: 0x5151, index, ..CmdEntry::default() }
}

fn status(rig: &mut HostRig<Pipe>, ring: Ring) -> (bool, u32) {
    let value = rig.read(reg::ring_status(ring as usize));
    (value & 1 != 0, value >> 4 & 0xf)
}

fn drops(rig: &mut HostRig<Pipe>, reason: DropReason) -> u64 {
    rig.counter(reg::drop_count(reason as usize))
}

/// A packet leaves the card: the stub pipeline gives no such pulse by itself.
fn packet_sent(rig: &mut HostRig<Pipe>) {
    rig.bench.set("tx_frame_i", 1);
    rig.step();
    rig.bench.set("tx_frame_i", 0);
}

fn post_buffer(rig: &mut HostRig<Pipe>, addr: u64, len: u32, cookie: u32) {
    rig.post(Ring::Rx0, &RxDesc { addr, len, cookie }.to_bytes());
}

fn host_packet(data: &[u8], reason: u8) -> Packet {
    let meta = Meta {
        op: Op::Host.code(),
        host: reason,
        vrf: 9,
        sa_in: 0xffff,
        intf: 1,
        ingress: 1,
        cycle: 77,
        ..Meta::default()
    };
    Packet::new(data).side(meta.to_bytes())
}
