// SPDX-License-Identifier: Apache-2.0
//! dma_read and dma_write: bursts of several clients at once, refused ones reported to the right client.

use headend_hdl_tests::{Agent, AxiMemory, Bench, PulseMonitor, Rng};
use headend_verilated::{Instance, Model, Port};
use std::collections::VecDeque;

const POISON: u64 = 0x7000_0000;

/// Where a client reads or writes, with the beats that were asked for and those that are still to come.
#[derive(Debug, Clone, Copy)]
struct Burst {
    addr: u64,
    beats: u64,
    left: u64,
}

/// A burst that keeps the rules; one in eight touches the poisoned page.
fn random_burst(rng: &mut Rng) -> Burst {
    let first = rng.below(64);
    let beats = rng.range(1, 64 - first);
    let page = if rng.chance(12) { POISON } else { 0x10_0000 + 4096 * rng.below(16) };
    Burst { addr: page + 64 * first, beats, left: beats }
}

/// Packs one `width`-bit number per client into a port.
fn set_lanes(dut: &mut Instance, port: Port, width: usize, values: &[u64]) {
    let mut bits = vec![0u8; (values.len() * width).div_ceil(8)];
    for (lane, value) in values.iter().enumerate() {
        for bit in 0..width {
            let at = lane * width + bit;
            bits[at / 8] |= ((value >> bit & 1) as u8) << (at % 8);
        }
    }
    dut.set_bytes(port, &bits);
}

/// The request side that both modules share.
struct Requests {
    ports: [Port; 4],
    waiting: Vec<Option<Burst>>,
    active: Vec<Option<Burst>>,
    todo: usize,
    rng: Rng,
}

impl Requests {
    fn new(dut: &Instance, clients: usize, todo: usize, seed: u64) -> Self {
        let ports = ["req_valid_i", "req_ready_o", "req_addr_i", "req_beats_i"].map(|p| dut.port(p));
        Self { ports, waiting: vec![None; clients], active: vec![None; clients], todo, rng: Rng::new(seed) }
    }

    fn drive(&mut self, dut: &mut Instance) {
        for (waiting, active) in self.waiting.iter_mut().zip(&self.active) {
            if waiting.is_none() && active.is_none() && self.todo > 0 && self.rng.chance(30) {
                *waiting = Some(random_burst(&mut self.rng));
                self.todo -= 1;
            }
        }
        let lane = |f: fn(&Burst) -> u64| -> Vec<u64> {
            self.waiting.iter().map(|w| w.as_ref().map_or(0, f)).collect()
        };
        let valid = self.waiting.iter().enumerate().map(|(n, w)| u64::from(w.is_some()) << n).sum();
        let (addr, beats) = (lane(|b| b.addr), lane(|b| b.beats));
        dut.set(self.ports[0], valid);
        set_lanes(dut, self.ports[2], 64, &addr);
        set_lanes(dut, self.ports[3], 7, &beats);
    }

    fn sample(&mut self, dut: &Instance) {
        for client in 0..self.waiting.len() {
            if dut.get(self.ports[1]) >> client & 1 != 0 {
                self.active[client] = Some(self.waiting[client].take().expect("ready only when asked"));
            }
        }
    }

    fn done(&self) -> bool {
        self.todo == 0 && self.waiting.iter().chain(&self.active).all(Option::is_none)
    }
}

struct Readers {
    requests: Requests,
    answer: [Port; 4],
    finished: Vec<(u64, u64, bool)>,
}

impl Agent for Readers {
    fn drive(&mut self, dut: &mut Instance) {
        self.requests.drive(dut);
    }

    fn sample(&mut self, dut: &Instance) {
        self.requests.sample(dut);
        let [valid, data, last, err] = self.answer;
        let valid = dut.get(valid);
        assert!(valid.count_ones() <= 1);
        if valid == 0 {
            return;
        }
        let client = valid.trailing_zeros() as usize;
        let burst = self.requests.active[client].as_mut().expect("an answer to a request");
        let addr = burst.addr + 64 * (burst.beats - burst.left);
        burst.left -= 1;
        assert_eq!(dut.get_bool(last), burst.left == 0);
        if burst.addr < POISON {
            assert_eq!(dut.get_bytes(data), pattern(addr), "client {client} at {addr:#x}");
        }
        if burst.left == 0 {
            self.finished.push((client as u64, burst.addr, dut.get_bool(err)));
            self.requests.active[client] = None;
        }
    }
}

/// What memory holds at `addr`.
fn pattern(addr: u64) -> Vec<u8> {
    Rng::new(addr).bytes(64)
}

#[test]
fn reads_of_all_clients_are_in_flight_at_once() {
    let library = Model::new("dma_read").checked().build().unwrap();
    let mut bench = Bench::new(&library, 200_000);
    let mut memory = AxiMemory::new(&bench, 1);
    memory.set_timing(20, 60);
    memory.poison(POISON..POISON + 4096);
    for beat in 0..16 * 64 {
        memory.write(0x10_0000 + 64 * beat, &pattern(0x10_0000 + 64 * beat));
    }
    let answer = ["rsp_valid_o", "rsp_data_o", "rsp_last_o", "rsp_err_o"].map(|p| bench.port(p));
    let mut readers = Readers { requests: Requests::new(&bench, 4, 400, 2), answer, finished: Vec::new() };
    let mut errors = PulseMonitor::new(&bench, "err_valid_o", &["err_client_o", "err_addr_o"]);
    let mut most = 0;
    while !readers.requests.done() {
        bench.step(&mut [&mut memory, &mut readers, &mut errors]);
        most = most.max(memory.reads_outstanding());
    }
    assert_eq!(readers.finished.len(), 400);
    assert_eq!(most, 4);
    assert_eq!(bench.get("busy_o"), 0);
    for (client, addr, err) in &readers.finished {
        assert_eq!(*err, *addr >= POISON, "client {client}");
    }
    check_errors(&readers.finished, &errors);
}

/// Every refused burst was reported once, with client and address.
fn check_errors(finished: &[(u64, u64, bool)], errors: &PulseMonitor) {
    let mut want: Vec<_> = finished.iter().filter(|f| f.2).map(|f| (f.0, f.1)).collect();
    let number = |bytes: &[u8]| bytes.iter().rev().fold(0, |n, b| n << 8 | u64::from(*b));
    let mut got: Vec<_> = errors.seen.iter().map(|(_, w)| (number(&w[0]), number(&w[1]))).collect();
    want.sort_unstable();
    got.sort_unstable();
    assert!(!want.is_empty());
    assert_eq!(got, want);
}

struct Writers {
    requests: Requests,
    data: [Port; 3],
    done: [Port; 2],
    offered: u64,
    sent: VecDeque<u64>,
    finished: Vec<(u64, u64, bool)>,
}

impl Agent for Writers {
    fn drive(&mut self, dut: &mut Instance) {
        self.requests.drive(dut);
        let mut data = Vec::new();
        for client in 0..5 {
            let active = self.requests.active[client].filter(|b| b.left > 0);
            if active.is_none() {
                self.offered &= !(1 << client);
            } else if self.requests.rng.chance(70) {
                self.offered |= 1 << client;
            }
            let at = active.map(|b| b.addr + 64 * (b.beats - b.left));
            data.extend(at.map_or(vec![0; 64], pattern));
        }
        dut.set(self.data[0], self.offered);
        dut.set_bytes(self.data[2], &data);
    }

    fn sample(&mut self, dut: &Instance) {
        let taken = self.offered & dut.get(self.data[1]);
        for client in (0..5).filter(|n| taken >> n & 1 != 0) {
            let burst = self.requests.active[client].as_mut().expect("offered");
            self.sent.push_back(burst.addr + 64 * (burst.beats - burst.left));
            burst.left -= 1;
            self.offered &= !(1 << client);
        }
        let done = dut.get(self.done[0]);
        for client in (0..5).filter(|n| done >> n & 1 != 0) {
            let burst = self.requests.active[client].take().expect("done once");
            assert_eq!(burst.left, 0, "done after the last beat");
            self.finished.push((client as u64, burst.addr, dut.get_bool(self.done[1])));
        }
        self.requests.sample(dut);
    }
}

#[test]
fn writes_carry_each_clients_data_to_its_place() {
    let library = Model::new("dma_write").checked().build().unwrap();
    let mut bench = Bench::new(&library, 200_000);
    let mut memory = AxiMemory::new(&bench, 3);
    memory.set_timing(20, 60);
    memory.poison(POISON..POISON + 4096);
    let mut writers = Writers {
        requests: Requests::new(&bench, 5, 300, 4),
        data: ["data_valid_i", "data_ready_o", "data_i"].map(|p| bench.port(p)),
        done: ["done_valid_o", "done_err_o"].map(|p| bench.port(p)),
        offered: 0,
        sent: VecDeque::new(),
        finished: Vec::new(),
    };
    let mut errors = PulseMonitor::new(&bench, "err_valid_o", &["err_client_o", "err_addr_o"]);
    while !writers.requests.done() {
        bench.step(&mut [&mut memory, &mut writers, &mut errors]);
    }
    assert_eq!(writers.finished.len(), 300);
    assert_eq!(bench.get("busy_o"), 0);
    for addr in writers.sent.iter().filter(|a| **a < POISON) {
        assert_eq!(memory.read(*addr, 64), pattern(*addr), "at {addr:#x}");
    }
    check_errors(&writers.finished, &errors);
}

#[test]
fn a_request_is_on_the_bus_one_cycle_later() {
    for (module, valid) in [("dma_read", "m_axi_arvalid"), ("dma_write", "m_axi_awvalid")] {
        let library = Model::new(module).checked().build().unwrap();
        let mut bench = Bench::new(&library, 100);
        bench.set("req_valid_i", 1);
        bench.settle();
        assert_eq!((bench.get("req_ready_o"), bench.get(valid)), (1, 0));
        bench.edge();
        bench.settle();
        assert_eq!(bench.get(valid), 1);
    }
}
