// SPDX-License-Identifier: Apache-2.0
//! stream_append against concatenation.

use headend_hdl_tests::{Agent, Bench, Packet, Rng, StreamSink, StreamSource};
use headend_verilated::{Instance, Library, Model, Port};
use std::sync::Arc;

fn library(max: u64) -> Arc<Library> {
    Model::new("stream_append").param("MaxBytes", max).param("SideWidth", 16).checked().build().unwrap()
}

/// Shows the bytes to append with the last beat only, and garbage before.
struct Late {
    len: Port,
    data: Port,
    beat: Port,
    ready: Port,
    valid: Port,
    queue: Vec<(u8, Vec<u8>)>,
    at: usize,
}

impl Late {
    fn new(bench: &Bench) -> Self {
        Self {
            len: bench.port("app_len_i"),
            data: bench.port("app_data_i"),
            beat: bench.port("s_beat_i"),
            ready: bench.port("s_ready_o"),
            valid: bench.port("s_valid_i"),
            queue: Vec::new(),
            at: 0,
        }
    }
}

impl Agent for Late {
    fn drive(&mut self, dut: &mut Instance) {
        let eop = dut.get_bytes(self.beat)[65] & 1 == 1;
        match (eop, self.queue.get(self.at)) {
            (true, Some((len, data))) => {
                dut.set(self.len, u64::from(*len));
                dut.set_bytes(self.data, data);
            }
            _ => dut.set(self.len, 1),
        }
    }

    fn sample(&mut self, dut: &Instance) {
        let eop = dut.get_bytes(self.beat)[65] & 1 == 1;
        self.at += usize::from(eop && dut.get_bool(self.ready) && dut.get_bool(self.valid));
    }
}

fn run(max: u64, seed: u64, stalls: (u32, u32)) {
    let mut rng = Rng::new(seed);
    let mut bench = Bench::new(&library(max), 500_000);
    let mut source = StreamSource::new(&bench, "s", &["side_i"]).stalls(stalls.0, 1);
    let mut sink = StreamSink::new(&bench, "m", &["side_o"]).stalls(stalls.1, 2);
    let mut late = Late::new(&bench);
    let mut expected = Vec::new();
    for i in 0..500u16 {
        let app_len = if rng.chance(30) { [0, max][rng.below(2) as usize] } else { rng.below(max + 1) };
        let most = if rng.chance(50) { 70 } else { 400 };
        let len = rng.range(1, most) as usize;
        let (appended, data) = (rng.bytes(max as usize), rng.bytes(len));
        expected.push(([&data[..], &appended[..app_len as usize]].concat(), i));
        late.queue.push((app_len as u8, appended));
        source.push(Packet::new(data).side(i.to_le_bytes()));
    }
    while sink.count() < expected.len() {
        bench.step(&mut [&mut source, &mut late, &mut sink]);
    }
    for (data, side) in expected {
        let got = sink.pop().unwrap();
        assert_eq!(got.data, data, "packet {side}");
        assert_eq!(got.sides[0], side.to_le_bytes());
    }
}

#[test]
fn bytes_given_with_the_last_beat_stand_behind() {
    for max in [5, 16, 31] {
        for (seed, stalls) in [(1, (0, 0)), (2, (40, 0)), (3, (0, 40)), (4, (30, 50))] {
            run(max, seed, stalls);
        }
    }
}

#[test]
fn output_never_pauses_and_starts_one_cycle_late() {
    let mut bench = Bench::new(&library(16), 10_000);
    let mut source = StreamSource::new(&bench, "s", &["side_i"]);
    let mut late = Late::new(&bench);
    let mut sink = StreamSink::new(&bench, "m", &["side_o"]);
    for i in 0..60usize {
        let data = vec![1u8; [1, 50, 64, 200][i % 4]];
        late.queue.push(([0, 2, 16][i % 3], vec![7; 16]));
        source.push(Packet::new(data).side([0, 0]));
    }
    while sink.count() < 60 {
        bench.step(&mut [&mut source, &mut late, &mut sink]);
    }
    let mut next = source.sent()[0].0 + 1;
    for i in 0..60 {
        let got = sink.pop().unwrap();
        assert_eq!(got.first_cycle, next, "packet {i}");
        assert_eq!(got.last_cycle - got.first_cycle + 1, got.data.len().div_ceil(64) as u64, "packet {i}");
        next = got.last_cycle + 1;
    }
}
