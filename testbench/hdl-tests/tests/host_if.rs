// SPDX-License-Identifier: Apache-2.0
//! The host interface as a whole: registers, rings, events and interrupts against a host memory with random
//! latency, stalls and refusals. The pipeline is a stub: a table owner, a packet source and a packet sink.

use headend_hdl_tests::{Agent, HostRig, Packet, Rng, StreamSink, StreamSource};
use headend_regs::{
    param, reg, CmdCompletion, CmdEntry, CmdOp, CmdStatus, DropReason, DropRecord, EventEntry, EventKind,
    Ingress, IoStatus, Meta, Op, Ring, RingError, RxCompletion, RxDesc, Stage, Table, TxCompletion, TxDesc,
    TxDest, TABLES,
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

#[test]
fn registers_have_their_reset_values_and_unmapped_ones_read_zero() {
    let mut rig = rig(1, 100_000);
    assert_eq!(rig.read(reg::ID), 0x4845_4144);
    assert_eq!(rig.read(reg::INTERFACE), 1 << 16);
    let caps = rig.read(reg::CAPS0);
    assert_eq!((caps & 0xf, caps >> 4 & 0xf, caps >> 12 & 7), (2, 1, 7), "ports, pipes, ESN and AES sizes");
    assert_eq!(rig.read(reg::EVENT_INTERVAL), 64);
    for table in TABLES {
        assert_eq!(rig.read(reg::TABLE_DEPTH + 4 * u64::from(table.table.code())), table.depth);
    }
    rig.write(0x3000, 5);
    assert_eq!(rig.read(0x3000), 0);
    assert_eq!(rig.read(reg::TABLE_DEPTH), 0);
    rig.write(reg::EVENT_INTERVAL, 0x1234_5678);
    assert_eq!(rig.read(reg::EVENT_INTERVAL), 0x1234_5678);
    let first = rig.counter(reg::CYCLE_LO);
    assert!(rig.counter(reg::CYCLE_LO) > first);
    rig.bench.set("link_up_i", 2);
    assert_eq!(rig.read(reg::STATUS) >> 8, 2);
}

#[test]
fn ring_addresses_change_only_while_the_ring_is_off() {
    let mut rig = rig(2, 100_000);
    rig.write(reg::ring_sq_base_lo(2), 0x1234_5fff);
    assert_eq!(rig.read(reg::ring_sq_base_lo(2)), 0x1234_5000, "bases are page aligned");
    rig.write(reg::ring_index_lo(2), 0x1234_5fff);
    assert_eq!(rig.read(reg::ring_index_lo(2)), 0x1234_5fc0);
    rig.write(reg::ring_sq_tail(2), 5);
    assert_eq!(rig.read(reg::ring_sq_tail(2)), 0, "no doorbell while off");
    rig.enable(Ring::Rx0, 4, 5);
    rig.write(reg::ring_sq_base_lo(2), 0);
    assert_ne!(rig.read(reg::ring_sq_base_lo(2)) | rig.read(reg::ring_sq_base_hi(2)), 0);
    rig.write(reg::ring_control(2), 1);
    assert_eq!(
        rig.read(reg::ring_control(2)),
        1 | 4 << 8 | 5 << 16,
        "sizes stay, the interrupt enable changes"
    );
    rig.disable(Ring::Rx0);
    rig.write(reg::CONTROL, 3);
    while rig.read(reg::CONTROL) & 2 != 0 {}
    assert_eq!(rig.read(reg::ring_control(2)), 0);
    assert_eq!(rig.read(reg::CONTROL), 1, "soft reset leaves the ports alone");
}

#[test]
fn commands_are_checked_before_they_reach_a_table() {
    let mut rig = rig(3, 100_000);
    rig.enable(Ring::Cmd, 3, 3);
    let (write, read) = (CmdOp::Write.code(), CmdOp::Read.code());
    let cases = [
        (command(CmdOp::Nop.code(), 0, 9), CmdStatus::Ok),
        (command(4, 1, 0), CmdStatus::BadOp),
        (command(write, 0, 0), CmdStatus::BadTable),
        (command(read, 11, 0), CmdStatus::BadTable),
        (command(read, 0x11, 0), CmdStatus::BadTable),
        (command(write, Table::Intf.code(), param::INTF_DEPTH as u32), CmdStatus::BadIndex),
        (command(read, Table::Intf.code(), u32::MAX), CmdStatus::BadIndex),
        (command(write, Table::SaInState.code(), 0), CmdStatus::ReadOnly),
        (command(write, Table::SaOutState.code(), 1), CmdStatus::ReadOnly),
    ];
    for (entry, want) in cases {
        let completion = rig.command(&entry);
        assert_eq!(completion.status, want.code(), "{entry:?}");
        assert!(completion.record.iter().all(|b| *b == 0));
    }
    assert_eq!(rig.extra.tables.requests, 0);
    let completion = rig.command(&command(write, Table::Adj.code(), 0));
    assert_eq!(completion.status, CmdStatus::BadTable.code(), "a table that does not answer");
    assert_eq!(rig.extra.tables.requests, 1);
}

#[test]
fn commands_write_and_read_records_in_order() {
    let mut rig = rig(4, 4_000_000);
    slow(&mut rig);
    rig.enable(Ring::Cmd, 4, 3);
    let mut rng = Rng::new(4);
    let mut want = HashMap::new();
    for index in 0..100u32 {
        let record: [u8; 192] = rng.bytes(192).try_into().expect("192 bytes");
        let entry = CmdEntry {
            record,
            cookie: index as u16,
            ..command(CmdOp::Write.code(), Table::Label.code(), index)
        };
        rig.post(Ring::Cmd, &entry.to_bytes());
        want.insert(index, record);
        let entry = CmdEntry {
            record,
            cookie: index as u16,
            ..command(CmdOp::Read.code(), Table::Label.code(), index)
        };
        rig.post(Ring::Cmd, &entry.to_bytes());
        rig.ring_doorbell(Ring::Cmd);
        for op in 0..2 {
            let completion = CmdCompletion::from_bytes(&rig.wait(Ring::Cmd)).expect("256 bytes");
            assert_eq!((completion.index, completion.cookie, completion.status), (index, index as u16, 0));
            let record = if op == 1 { want[&index] } else { [0; 192] };
            assert_eq!(completion.record, record, "only a read carries the record");
        }
        rig.consumed(Ring::Cmd);
    }
    rig.run(500);
    assert_eq!(rig.indices(Ring::Cmd), (200, 200));
    assert!((1..=200).contains(&rig.interrupts[0]), "{} interrupts", rig.interrupts[0]);
}

#[test]
fn a_fence_outlasts_full_queues() {
    let mut rig = rig(5, 100_000);
    rig.enable(Ring::Cmd, 3, 3);
    let start = rig.bench.cycles();
    rig.command(&command(CmdOp::Fence.code(), 0, 0));
    assert!(rig.bench.cycles() - start > 4096);
}

#[test]
fn a_batch_of_commands_waits_for_completion_space() {
    let mut rig = rig(6, 100_000);
    rig.enable(Ring::Cmd, 5, 2);
    for index in 0..32 {
        rig.post(Ring::Cmd, &command(CmdOp::Nop.code(), 0, index).to_bytes());
    }
    rig.ring_doorbell(Ring::Cmd);
    rig.run(2_000);
    assert_eq!(rig.indices(Ring::Cmd), (4, 4), "the completion ring holds four");
    assert_eq!(rig.bench.get("busy_o"), 0, "only the host can go on");
    for index in 0..32 {
        let completion = CmdCompletion::from_bytes(&rig.wait(Ring::Cmd)).expect("256 bytes");
        assert_eq!(completion.index, index);
        rig.consumed(Ring::Cmd);
    }
}

/// Random packets out of the tx ring, with bad descriptors and refused buffers among them.
#[test]
fn tx_gives_whole_packets_or_none() {
    let mut rig = rig(7, 4_000_000);
    slow(&mut rig);
    rig.enable(Ring::Tx0, 4, 4);
    let poison = BUFFERS + 0x100_0000;
    rig.memory.poison(poison..poison + 64);
    let mut rng = Rng::new(7);
    let mut sent = Vec::new();
    let (mut bad, mut refused) = (0, 0);
    for cookie in 0..300u32 {
        let longest = if rng.chance(10) { 9216 } else { 300 };
        let mut desc = TxDesc {
            addr: BUFFERS + rng.below(1000) * 64,
            len: rng.range(20, longest) as u32,
            cookie,
            dest: rng.below(3) as u8,
            vrf: rng.below(256) as u16,
        };
        let data = rng.bytes(desc.len as usize);
        rig.memory.write(desc.addr, &data);
        let want = match rng.below(8) {
            0 => {
                match rng.below(5) {
                    0 => desc.addr += 1 + rng.below(63),
                    1 => desc.len = 13,
                    2 => desc.len = 9217 + rng.below(1 << 30) as u32,
                    3 => desc.dest = 3,
                    _ => (desc.dest, desc.vrf) = (TxDest::Route.code(), 256),
                }
                bad += 1;
                IoStatus::BadDescriptor
            }
            1 => {
                let before = rng.below(u64::from(desc.len.div_ceil(64)));
                desc.addr = poison - 64 * before;
                refused += 1;
                IoStatus::DmaError
            }
            _ => {
                sent.push((desc, data));
                IoStatus::Ok
            }
        };
        rig.post(Ring::Tx0, &desc.to_bytes());
        rig.ring_doorbell(Ring::Tx0);
        let completion = TxCompletion::from_bytes(&rig.wait(Ring::Tx0)).expect("64 bytes");
        assert_eq!((completion.cookie, completion.status), (cookie, want.code()), "{desc:?}");
        rig.consumed(Ring::Tx0);
    }
    rig.run(2_000);
    assert_eq!(rig.extra.from_host.count(), sent.len());
    for (desc, data) in sent {
        let got = rig.extra.from_host.pop().expect("counted");
        assert!(got.data == data, "{} bytes for {desc:?}", got.data.len());
        let meta = Meta::from_bytes(&got.sides[0]).expect("width of meta");
        assert_eq!((meta.ingress, meta.len, meta.sa_in), (Ingress::Host.code(), desc.len as u16, 0xffff));
        if desc.dest == TxDest::Route.code() {
            assert_eq!((meta.op, meta.starts_l3, meta.vrf), (Op::Forward.code(), true, desc.vrf));
        } else {
            assert_eq!((meta.op, meta.starts_l3, meta.egress), (Op::Direct.code(), false, desc.dest));
        }
    }
    assert_eq!(drops(&mut rig, DropReason::TxBadDescriptor), bad);
    assert_eq!(drops(&mut rig, DropReason::TxDmaError), refused);
    assert_eq!(rig.counter(reg::HOST_TX_FRAMES), 300);
    assert_eq!(u64::from(rig.read(reg::DMA_ERRORS)), rig.memory.refused);
}

#[test]
fn tx_waits_while_the_ports_are_disabled() {
    let mut rig = rig(8, 100_000);
    rig.write(reg::CONTROL, 0);
    rig.enable(Ring::Tx0, 3, 3);
    rig.post(Ring::Tx0, &TxDesc { addr: BUFFERS, len: 64, ..TxDesc::default() }.to_bytes());
    rig.ring_doorbell(Ring::Tx0);
    rig.run(500);
    assert_eq!((rig.extra.from_host.count(), rig.bench.get("busy_o")), (0, 0));
    rig.write(reg::CONTROL, 1);
    rig.wait(Ring::Tx0);
    rig.run(50);
    assert_eq!(rig.extra.from_host.count(), 1);
}

/// Random packets into random buffers: fitting, too small, refused, and with bad descriptors between.
#[test]
fn rx_gives_each_packet_one_buffer() {
    let mut rig = rig(9, 4_000_000);
    slow(&mut rig);
    rig.enable(Ring::Rx0, 3, 4);
    let poison = BUFFERS + 0x800_0000;
    rig.memory.poison(poison..poison + 64);
    let mut rng = Rng::new(9);
    let (mut small, mut refused, mut delivered) = (0, 0, 0);
    for cookie in 0..300u32 {
        let longest = if rng.chance(10) { 9216 } else { 300 };
        let data = rng.bytes(rng.clone().range(1, longest) as usize);
        let beats = data.len().div_ceil(64) as u64;
        let reason = rng.range(1, 12) as u8;
        rig.extra.to_host.push(host_packet(&data, reason));
        let mut addr = BUFFERS + u64::from(cookie) * 0x4000 + rng.below(64) * 64;
        let mut len = (beats as u32 + rng.below(3) as u32) * 64;
        if rng.chance(10) {
            let (bad_addr, bad_len) = if rng.chance(50) { (addr + 4, len) } else { (addr, len + 8) };
            post_buffer(&mut rig, bad_addr, bad_len, !cookie);
            rig.ring_doorbell(Ring::Rx0);
            let completion = RxCompletion::from_bytes(&rig.wait(Ring::Rx0)).expect("64 bytes");
            assert_eq!((completion.cookie, completion.status), (!cookie, IoStatus::BadDescriptor.code()));
        }
        let want = match rng.below(8) {
            0 if beats > 1 => {
                len = 64 * rng.range(1, beats - 1) as u32;
                small += 1;
                IoStatus::TooSmall
            }
            1 => {
                addr = poison - 64 * rng.below(beats);
                refused += 1;
                IoStatus::DmaError
            }
            _ => {
                delivered += 1;
                IoStatus::Ok
            }
        };
        post_buffer(&mut rig, addr, len, cookie);
        rig.ring_doorbell(Ring::Rx0);
        let completion = RxCompletion::from_bytes(&rig.wait(Ring::Rx0)).expect("64 bytes");
        assert_eq!((completion.cookie, completion.status), (cookie, want.code()));
        assert_eq!((usize::from(completion.len), completion.reason, completion.vrf), (data.len(), reason, 9));
        assert_eq!(
            (completion.intf, completion.ingress, completion.sa, completion.cycle),
            (1, 1, 0xffff, 77)
        );
        if want == IoStatus::Ok {
            let mut padded = data;
            padded.resize(beats as usize * 64, 0);
            assert!(rig.memory.read(addr, padded.len()) == padded);
        }
        if want == IoStatus::TooSmall {
            assert!(rig.memory.read(addr, len as usize + 64).iter().all(|b| *b == 0), "nothing was written");
        }
        rig.consumed(Ring::Rx0);
    }
    assert_eq!(drops(&mut rig, DropReason::RxBufferTooSmall), small);
    assert_eq!(drops(&mut rig, DropReason::RxDmaError), refused);
    assert_eq!(rig.counter(reg::HOST_RX_FRAMES), delivered);
    let reasons: u64 = (0..32).map(|n| rig.counter(reg::HOST_REASON_COUNT + 8 * n)).sum();
    assert_eq!(reasons, delivered);
    assert_eq!(rig.counter(reg::STAGE_IN + 8 * u64::from(Stage::HostRx.code())), 300);
}

#[test]
fn without_buffers_packets_wait_and_the_clock_may_stop() {
    let mut rig = rig(10, 200_000);
    rig.enable(Ring::Rx0, 3, 3);
    rig.bench.set("rx_frame_i", 1);
    rig.step();
    rig.bench.set("rx_frame_i", 0);
    let free = rig.bench.get("free_o");
    rig.extra.to_host.push(host_packet(&[1; 100], 1));
    rig.run(1_000);
    assert_eq!(rig.bench.get("free_o"), free - 2);
    assert_eq!(rig.bench.get("busy_o"), 1, "in flight");
    rig.run(2_000);
    assert_eq!(rig.bench.get("busy_o"), 0, "only the host can go on");
    post_buffer(&mut rig, BUFFERS, 128, 1);
    rig.ring_doorbell(Ring::Rx0);
    rig.wait(Ring::Rx0);
    rig.run(200);
    assert_eq!((rig.bench.get("free_o"), rig.bench.get("busy_o")), (free, 0));
    assert_eq!(rig.indices(Ring::Rx0), (1, 1));
    assert_eq!(rig.interrupts[2], 1);
}

#[test]
fn a_refused_ring_access_stops_only_that_ring() {
    for (refuse, want) in [(0, RingError::SqRead), (1, RingError::CqWrite), (2, RingError::IndexWrite)] {
        let mut rig = rig(11 + refuse, 200_000);
        rig.enable(Ring::Cmd, 3, 3);
        rig.enable(Ring::Tx0, 3, 3);
        rig.enable(Ring::Event, 0, 4);
        let addr = [rig.sq_addr(Ring::Tx0, 0), rig.cq_addr(Ring::Tx0, 0), rig.index_addr(Ring::Tx0)]
            [refuse as usize];
        rig.memory.poison(addr..addr + 64);
        rig.post(Ring::Tx0, &TxDesc { addr: BUFFERS, len: 64, ..TxDesc::default() }.to_bytes());
        rig.ring_doorbell(Ring::Tx0);
        let event = EventEntry::from_bytes(&rig.wait(Ring::Event)).expect("128 bytes");
        assert_eq!(
            (event.kind, event.info, event.addr),
            (EventKind::DmaError.code(), Ring::Tx0 as u32, addr)
        );
        rig.run(20);
        assert_eq!(status(&mut rig, Ring::Tx0), (false, u32::from(want.code())));
        assert_eq!(rig.read(reg::DMA_ERRORS), 1);
        assert_eq!(rig.command(&command(CmdOp::Nop.code(), 0, 0)).status, 0, "other rings go on");
        if want != RingError::SqRead {
            packet_sent(&mut rig);
        }
        rig.run(100);
        assert_eq!(rig.bench.get("busy_o"), 0);
        rig.memory.heal();
        rig.disable(Ring::Tx0);
        assert_eq!(status(&mut rig, Ring::Tx0), (false, 0));
        rig.enable(Ring::Tx0, 3, 3);
        rig.post(Ring::Tx0, &TxDesc { addr: BUFFERS, len: 64, cookie: 3, ..TxDesc::default() }.to_bytes());
        rig.ring_doorbell(Ring::Tx0);
        assert_eq!(TxCompletion::from_bytes(&rig.wait(Ring::Tx0)).expect("64 bytes").cookie, 3);
    }
}

#[test]
fn a_doorbell_beyond_the_ring_is_an_error() {
    for tail in [9, 0x8000_0000, u32::MAX] {
        let mut rig = rig(20, 100_000);
        rig.enable(Ring::Cmd, 3, 3);
        rig.write(reg::ring_sq_tail(0), tail);
        rig.run(20);
        assert_eq!(status(&mut rig, Ring::Cmd), (false, u32::from(RingError::BadTail.code())));
        assert_eq!(rig.memory.bursts, (0, 0), "nothing was read");
        rig.disable(Ring::Cmd);
        rig.enable(Ring::Cmd, 3, 3);
        rig.command(&command(CmdOp::Nop.code(), 0, 0));
    }
}

#[test]
fn a_ring_with_a_hung_host_stops_only_when_the_host_answers() {
    let mut rig = rig(21, 100_000);
    rig.enable(Ring::Cmd, 3, 3);
    rig.memory.freeze(true);
    rig.post(Ring::Cmd, &command(CmdOp::Nop.code(), 0, 0).to_bytes());
    rig.ring_doorbell(Ring::Cmd);
    rig.run(50);
    rig.write(reg::ring_control(0), 0);
    rig.run(500);
    assert_eq!(rig.read(reg::ring_control(0)) & 1, 1, "the read is still outstanding");
    assert!(status(&mut rig, Ring::Cmd).0);
    assert_eq!(rig.bench.get("busy_o"), 1);
    rig.write(reg::CONTROL, 3);
    rig.run(500);
    assert_eq!(rig.read(reg::CONTROL) & 2, 2, "soft reset waits too");
    rig.memory.freeze(false);
    rig.run(100);
    assert_eq!(rig.read(reg::ring_control(0)), 0);
    assert_eq!(rig.read(reg::CONTROL), 1);
    rig.enable(Ring::Cmd, 3, 3);
    rig.command(&command(CmdOp::Nop.code(), 0, 1));
}

/// Rings are stopped and started at random moments under load; every completion that comes is right, and
/// afterwards all rings work.
#[test]
fn rings_stop_cleanly_at_any_moment() {
    let mut rig = rig(22, 4_000_000);
    slow(&mut rig);
    let mut rng = Rng::new(22);
    for _ in 0..150 {
        rig.enable(Ring::Cmd, 3, 3);
        rig.enable(Ring::Tx0, 3, 3);
        rig.enable(Ring::Rx0, 3, 3);
        for n in 0..8u32 {
            rig.post(Ring::Cmd, &command(CmdOp::Read.code(), Table::Label.code(), n).to_bytes());
            rig.post(
                Ring::Tx0,
                &TxDesc { addr: BUFFERS, len: 200, cookie: n, ..TxDesc::default() }.to_bytes(),
            );
            post_buffer(&mut rig, BUFFERS + 0x10000, 256, n);
            rig.extra.to_host.push(host_packet(&[n as u8; 150], 1));
        }
        for ring in [Ring::Cmd, Ring::Tx0, Ring::Rx0] {
            rig.ring_doorbell(ring);
        }
        rig.run(rng.below(700));
        if rng.chance(30) {
            rig.write(reg::CONTROL, 3);
            while rig.read(reg::CONTROL) & 2 != 0 {}
        } else {
            for ring in [Ring::Rx0, Ring::Cmd, Ring::Tx0] {
                rig.disable(ring);
            }
        }
        assert!(rig.memory.is_idle() || rig.bench.get("busy_o") == 1);
        for ring in [Ring::Cmd, Ring::Tx0, Ring::Rx0] {
            assert_eq!(status(&mut rig, ring), (false, 0));
            while rig.take(ring).is_some() {}
        }
    }
    let (sent, delivered) = (rig.counter(reg::HOST_TX_FRAMES), rig.counter(reg::HOST_RX_FRAMES));
    rig.run(3_000);
    assert_eq!(rig.extra.from_host.count() as u64, sent, "every descriptor taken became a packet");
    assert!(delivered > 0 && sent > 0);
    assert_eq!(drops(&mut rig, DropReason::RxDmaError), 0);
}

#[test]
fn drops_of_all_stages_in_one_cycle_are_counted() {
    let mut rig = rig(23, 100_000);
    let sites = ["rx0", "rx1", "classify", "commit", "forward", "qos", "encap"];
    for site in sites {
        let record = DropRecord { reason: DropReason::NoRoute.code(), ..DropRecord::default() };
        rig.bench.set_bytes(format!("drop_{site}_i").as_str(), &record.to_bytes());
    }
    rig.bench.set("drop_valid_i", 0x7f);
    rig.run(100);
    rig.bench.set("drop_valid_i", 0);
    assert_eq!(drops(&mut rig, DropReason::NoRoute), 700);
    assert_eq!(drops(&mut rig, DropReason::NoLabel), 0);
    for port in 0..2 {
        assert_eq!(rig.counter(reg::PORT_RX_DROPS + 8 * port), 100);
    }
}

#[test]
fn counters_of_stages_and_ports_add_up() {
    let mut rig = rig(24, 100_000);
    rig.bench.set("stage_in_i", 0x7f);
    rig.bench.set("stage_out_i", 0x55);
    rig.bench.set("rx_frame_i", 3);
    rig.bench.set("tx_frame_i", 3);
    rig.bench.set("rx_bytes_i", 1500 << 16 | 60);
    rig.bench.set("tx_bytes_i", 9216 << 16 | 61);
    rig.run(1000);
    for port in ["stage_in_i", "stage_out_i", "rx_frame_i", "tx_frame_i"] {
        rig.bench.set(port, 0);
    }
    for n in 0..7 {
        assert_eq!(rig.counter(reg::STAGE_IN + 8 * n), 1000);
        assert_eq!(rig.counter(reg::STAGE_OUT + 8 * n), if n % 2 == 0 { 1000 } else { 0 });
    }
    for (register, want) in [
        (reg::PORT_RX_FRAMES, [1000, 1000]),
        (reg::PORT_RX_BYTES, [60_000, 1_500_000]),
        (reg::PORT_TX_FRAMES, [1000, 1000]),
        (reg::PORT_TX_BYTES, [61_000, 9_216_000]),
    ] {
        assert_eq!([rig.counter(register), rig.counter(register + 8)], want);
    }
}

/// One drop of a frame that arrives in the same cycle, so that nothing stays in flight.
fn drop_once(rig: &mut HostRig<Pipe>, site: usize, record: &DropRecord) {
    let sites = ["rx0", "rx1", "classify", "commit", "forward", "qos", "encap"];
    rig.bench.set_bytes(format!("drop_{}_i", sites[site]).as_str(), &record.to_bytes());
    rig.bench.set("drop_valid_i", 1 << site);
    rig.bench.set("rx_frame_i", 1);
    rig.step();
    rig.bench.set("rx_frame_i", 0);
    rig.bench.set("drop_valid_i", 0);
}

fn next_event(rig: &mut HostRig<Pipe>) -> EventEntry {
    let event = EventEntry::from_bytes(&rig.wait(Ring::Event)).expect("128 bytes");
    rig.consumed(Ring::Event);
    event
}

#[test]
fn drop_events_are_rate_limited_and_the_rest_is_counted_as_lost() {
    let mut rig = rig(25, 100_000);
    rig.enable(Ring::Event, 0, 4);
    rig.write(reg::EVENT_INTERVAL, 1000);
    let record = DropRecord {
        reason: DropReason::IcvMismatch.code(),
        stage: Stage::Commit.code(),
        ingress: 1,
        len: 120,
        vrf: 7,
        sa: 3,
        spi: 0x1234_5678,
        seq: 1 << 40,
        data: [0x42; 64],
    };
    for _ in 0..5 {
        drop_once(&mut rig, 3, &record);
    }
    let event = next_event(&mut rig);
    assert_eq!(
        (event.kind, event.reason, event.stage),
        (EventKind::Drop.code(), record.reason, record.stage)
    );
    assert_eq!((event.len, event.vrf, event.sa, event.spi, event.addr), (120, 7, 3, 0x1234_5678, 1 << 40));
    assert_eq!((event.data, event.lost), ([0x42; 64], 0));
    rig.run(1000);
    drop_once(&mut rig, 3, &record);
    assert_eq!(next_event(&mut rig).lost, 4);
    assert_eq!(drops(&mut rig, DropReason::IcvMismatch), 6);
    rig.run(100);
    assert_eq!(rig.interrupts[1], 2);
}

#[test]
fn a_missing_outbound_sa_gives_one_acquire_per_sa() {
    let mut rig = rig(26, 100_000);
    rig.enable(Ring::Event, 0, 4);
    rig.write(reg::EVENT_INTERVAL, 1000);
    let record = |sa, reason: DropReason| DropRecord {
        reason: reason.code(),
        stage: Stage::Encap.code(),
        sa,
        ..DropRecord::default()
    };
    for _ in 0..5 {
        drop_once(&mut rig, 6, &record(1, DropReason::SaOutInvalid));
        rig.run(10);
    }
    drop_once(&mut rig, 6, &record(2, DropReason::SaOutInvalid));
    rig.run(10);
    drop_once(&mut rig, 6, &record(3, DropReason::SeqExhausted));
    let want = [(EventKind::Acquire, 1, 0), (EventKind::Acquire, 2, 4), (EventKind::SeqExhausted, 3, 0)];
    for (kind, sa, lost) in want {
        let event = next_event(&mut rig);
        assert_eq!((event.kind, event.sa, event.lost), (kind.code(), sa, lost));
    }
}

#[test]
fn a_full_event_ring_counts_what_it_loses_and_tells_links_later() {
    let mut rig = rig(27, 200_000);
    rig.write(reg::EVENT_INTERVAL, 0);
    let record = DropRecord { reason: DropReason::NoRoute.code(), ..DropRecord::default() };
    for _ in 0..40 {
        drop_once(&mut rig, 4, &record);
        rig.run(5);
    }
    rig.bench.set("link_up_i", 3);
    rig.run(200);
    rig.bench.set("link_up_i", 1);
    rig.run(200);
    assert_eq!(rig.bench.get("busy_o"), 0, "the clock may stop with events that nobody takes");
    rig.enable(Ring::Event, 0, 2);
    let mut told = 0;
    let link = loop {
        let event = next_event(&mut rig);
        told += 1 + u64::from(event.lost);
        if event.kind == EventKind::Link.code() {
            break event;
        }
    };
    assert_eq!((told - 1, link.info), (40, 1 << 8), "port 0 up; port 1 came and went unseen");
}

/// With nothing to do the module says so, and keeps still.
#[test]
fn idle_means_that_nothing_moves() {
    let mut rig = rig(28, 400_000);
    slow(&mut rig);
    rig.enable(Ring::Cmd, 3, 3);
    rig.enable(Ring::Tx0, 3, 3);
    let mut rng = Rng::new(28);
    for n in 0..60 {
        rig.post(Ring::Cmd, &command(CmdOp::Read.code(), Table::Label.code(), n).to_bytes());
        rig.ring_doorbell(Ring::Cmd);
        rig.run(rng.below(100));
        rig.post(Ring::Tx0, &TxDesc { addr: BUFFERS, len: 700, ..TxDesc::default() }.to_bytes());
        rig.ring_doorbell(Ring::Tx0);
        packet_sent(&mut rig);
        rig.run_until("idle", 5_000, |rig| rig.bench.get("busy_o") == 0);
        let before = (rig.memory.bursts, rig.interrupts, rig.extra.from_host.count());
        assert_eq!(before.2, n as usize + 1);
        assert!(rig.take(Ring::Cmd).is_some() && rig.take(Ring::Tx0).is_some());
        rig.run(200);
        assert_eq!((rig.memory.bursts, rig.interrupts, rig.extra.from_host.count()), before);
        rig.consumed(Ring::Cmd);
        rig.consumed(Ring::Tx0);
    }
}

/// What a ring under fire has posted and seen since it was last started.
#[derive(Default)]
struct Session {
    posted: u32,
    seen: u32,
}

/// All rings at once, random refusals anywhere in host memory: every completion is in order and right, a ring in
/// error works again after a restart, and the account of packets balances.
#[test]
fn rings_survive_refusals_anywhere() {
    let mut rig = rig(30, 4_000_000);
    slow(&mut rig);
    let mut rng = Rng::new(30);
    let rings = [Ring::Cmd, Ring::Rx0, Ring::Tx0];
    let mut sessions: [Session; 3] = Default::default();
    rings.iter().for_each(|ring| rig.enable(*ring, 3, 4));
    rig.enable(Ring::Event, 0, 5);
    let (mut errors, mut packets, mut completed) = (0, 0, 0);
    for _ in 0..1_500 {
        let which = rng.below(3) as usize;
        let (ring, n) = (rings[which], sessions[which].posted);
        if n - sessions[which].seen < 8 {
            match ring {
                Ring::Cmd => rig.post(ring, &command(CmdOp::Read.code(), Table::Label.code(), n).to_bytes()),
                Ring::Rx0 => post_buffer(&mut rig, BUFFERS + 0x10_0000 + 4096 * rng.below(64), 2048, n),
                _ => rig.post(
                    ring,
                    &TxDesc {
                        addr: BUFFERS + 4096 * rng.below(64),
                        len: 900,
                        cookie: n,
                        ..TxDesc::default()
                    }
                    .to_bytes(),
                ),
            }
            sessions[which].posted += 1;
            rig.ring_doorbell(ring);
        }
        if rng.chance(40) && packets < completed + 40 {
            rig.extra.to_host.push(host_packet(&rng.clone().bytes(700), 1));
            packets += 1;
        }
        if rng.chance(4) {
            let (ring, slot) = (rings[rng.below(3) as usize], rng.below(16) as u32);
            let at = match rng.below(5) {
                0 => rig.sq_addr(ring, slot),
                1 => rig.cq_addr(ring, slot),
                2 => rig.index_addr(ring),
                _ => BUFFERS + 4096 * rng.below(64) + 0x10_0000 * rng.below(2),
            };
            rig.memory.poison(at..at + 64);
        }
        rig.run(rng.below(60));
        for (ring, session) in rings.iter().zip(&mut sessions) {
            while let Some(entry) = rig.take(*ring) {
                let cookie = match ring {
                    Ring::Cmd => CmdCompletion::from_bytes(&entry).expect("256 bytes").index,
                    Ring::Rx0 => RxCompletion::from_bytes(&entry).expect("64 bytes").cookie,
                    _ => TxCompletion::from_bytes(&entry).expect("64 bytes").cookie,
                };
                assert_eq!(cookie, session.seen, "completions of {ring:?} in order");
                session.seen += 1;
                completed += 1;
            }
            rig.consumed(*ring);
            let (running, error) = status(&mut rig, *ring);
            if !running {
                assert_ne!(error, 0, "{ring:?} stopped without a reason");
                errors += 1;
                rig.memory.heal();
                rig.disable(*ring);
                while rig.take(*ring).is_some() {}
                *session = Session::default();
                rig.enable(*ring, 3, 4);
            }
        }
        while rig.take(Ring::Event).is_some() {}
        rig.consumed(Ring::Event);
    }
    assert!(errors > 10 && completed > 500, "{errors} errors, {completed} completions");
    assert_eq!(u64::from(rig.read(reg::DMA_ERRORS)), rig.memory.refused);
    rig.memory.heal();
    rig.run(5_000);
    let into = rig.counter(reg::HOST_TX_FRAMES);
    let lost = drops(&mut rig, DropReason::TxDmaError) + drops(&mut rig, DropReason::TxBadDescriptor);
    assert_eq!(rig.extra.from_host.count() as u64 + lost, into);
}
