// SPDX-License-Identifier: Apache-2.0
//! stream_append against concatenation, with the bytes given at the first and at the last beat.

use headend_hdl_tests::{Agent, Bench, Packet, Rng, StreamSink, StreamSource};
use headend_verilated::{Instance, Library, Model, Port};
use std::sync::Arc;

fn library(max: u64, at_eop: bool) -> Arc<Library> {
    let model = Model::new("stream_append").param("MaxBytes", max).param("SideWidth", 16).checked();
    let model = if at_eop { model.param_text("AtEop", "1'b1") } else { model };
    model.build().unwrap()
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

fn run(max: u64, at_eop: bool, seed: u64, stalls: (u32, u32)) {
    let mut rng = Rng::new(seed);
    let mut bench = Bench::new(&library(max, at_eop), 500_000);
    let sides: &[&str] = if at_eop { &["side_i"] } else { &["app_len_i", "app_data_i", "side_i"] };
    let mut source = StreamSource::new(&bench, "s", sides).stalls(stalls.0, 1);
    let mut sink = StreamSink::new(&bench, "m", &["side_o"]).stalls(stalls.1, 2);
    let mut late = Late {
        len: bench.port("app_len_i"),
        data: bench.port("app_data_i"),
        beat: bench.port("s_beat_i"),
        ready: bench.port("s_ready_o"),
        valid: bench.port("s_valid_i"),
        queue: Vec::new(),
        at: 0,
    };
    let mut expected = Vec::new();
    for i in 0..500u16 {
        let app_len = if rng.chance(30) { [0, max][rng.below(2) as usize] } else { rng.below(max + 1) };
        let most = if rng.chance(50) { 70 } else { 400 };
        let len = rng.range(1, most) as usize;
        let (appended, data) = (rng.bytes(max as usize), rng.bytes(len));
        expected.push(([&data[..], &appended[..app_len as usize]].concat(), i));
        let packet = Packet::new(data);
        if at_eop {
            late.queue.push((app_len as u8, appended));
            source.push(packet.side(i.to_le_bytes()));
        } else {
            source.push(packet.side([app_len as u8]).side(appended).side(i.to_le_bytes()));
        }
    }
    while sink.count() < expected.len() {
        if at_eop {
            bench.step(&mut [&mut source, &mut late, &mut sink]);
        } else {
            bench.step(&mut [&mut source, &mut sink]);
        }
    }
    for (data, side) in expected {
        let got = sink.pop().unwrap();
        assert_eq!(got.data, data, "packet {side}");
        assert_eq!(got.sides[0], side.to_le_bytes());
    }
}

#[test]
fn bytes_given_with_the_first_beat_stand_behind() {
    for max in [5, 16, 64] {
        for (seed, stalls) in [(1, (0, 0)), (2, (40, 0)), (3, (0, 40)), (4, (30, 50))] {
            run(max, false, seed, stalls);
        }
    }
}

#[test]
fn bytes_given_with_the_last_beat_stand_behind() {
    for (seed, stalls) in [(1, (0, 0)), (2, (40, 0)), (3, (0, 40)), (4, (30, 50))] {
        run(16, true, seed, stalls);
    }
}

#[test]
fn output_never_pauses_and_starts_one_cycle_late() {
    let mut bench = Bench::new(&library(16, false), 10_000);
    let mut source = StreamSource::new(&bench, "s", &["app_len_i", "app_data_i", "side_i"]);
    let mut sink = StreamSink::new(&bench, "m", &["side_o"]);
    for i in 0..60usize {
        let data = vec![1u8; [1, 50, 64, 200][i % 4]];
        source.push(Packet::new(data).side([[0u8, 2, 16][i % 3]]).side([7; 16]).side([0, 0]));
    }
    while sink.count() < 60 {
        bench.step(&mut [&mut source, &mut sink]);
    }
    let mut next = source.sent()[0].0 + 1;
    for i in 0..60 {
        let got = sink.pop().unwrap();
        assert_eq!(got.first_cycle, next, "packet {i}");
        assert_eq!(got.last_cycle - got.first_cycle + 1, got.data.len().div_ceil(64) as u64, "packet {i}");
        next = got.last_cycle + 1;
    }
}
