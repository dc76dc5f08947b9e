// SPDX-License-Identifier: Apache-2.0
//! stream_prepend against concatenation, for one and for two inserted beats.

use headend_hdl_tests::{Bench, Packet, Rng, StreamSink, StreamSource};
use headend_verilated::{Library, Model};
use std::sync::Arc;

fn library(max: u64) -> Arc<Library> {
    Model::new("stream_prepend").param("MaxBytes", max).param("SideWidth", 16).checked().build().unwrap()
}

fn run(max: u64, seed: u64, stalls: (u32, u32)) {
    let mut rng = Rng::new(seed);
    let mut bench = Bench::new(&library(max), 500_000);
    let mut source =
        StreamSource::new(&bench, "s", &["ins_len_i", "ins_data_i", "side_i"]).stalls(stalls.0, 1);
    let mut sink = StreamSink::new(&bench, "m", &["side_o"]).stalls(stalls.1, 2);
    let mut expected = Vec::new();
    for i in 0..500u16 {
        let ins_len =
            if rng.chance(20) { [0, max, max / 2][rng.below(3) as usize] } else { rng.below(max + 1) }
                as usize;
        let most = if rng.chance(50) { 70 } else { 400 };
        let len = rng.range(1, most) as usize;
        let (inserted, data) = (rng.bytes(max as usize), rng.bytes(len));
        source.push(
            Packet::new(data.clone()).side([ins_len as u8]).side(inserted.clone()).side(i.to_le_bytes()),
        );
        expected.push(([&inserted[..ins_len], &data[..]].concat(), i));
    }
    while sink.count() < expected.len() {
        bench.step(&mut [&mut source, &mut sink]);
    }
    for (data, side) in expected {
        let got = sink.pop().unwrap();
        assert_eq!(got.data, data, "packet {side}");
        assert_eq!(got.sides[0], side.to_le_bytes());
    }
}

#[test]
fn inserted_bytes_stand_in_front() {
    for max in [26, 64, 96] {
        for (seed, stalls) in [(1, (0, 0)), (2, (40, 0)), (3, (0, 40)), (4, (30, 50))] {
            run(max, seed, stalls);
        }
    }
}

#[test]
fn output_never_pauses_and_starts_one_cycle_late() {
    let mut bench = Bench::new(&library(96), 10_000);
    let mut source = StreamSource::new(&bench, "s", &["ins_len_i", "ins_data_i", "side_i"]);
    let mut sink = StreamSink::new(&bench, "m", &["side_o"]);
    for i in 0..60usize {
        let data = vec![1u8; [1, 20, 64, 200][i % 4]];
        source.push(Packet::new(data).side([[0u8, 14, 50, 64, 96][i % 5]]).side([7; 96]).side([0, 0]));
    }
    while sink.count() < 60 {
        bench.step(&mut [&mut source, &mut sink]);
    }
    let mut next = 1;
    for i in 0..60 {
        let got = sink.pop().unwrap();
        if i == 0 {
            next = source.sent()[0].0 + 1;
        }
        assert_eq!(got.first_cycle, next, "packet {i}");
        assert_eq!(got.last_cycle - got.first_cycle + 1, got.data.len().div_ceil(64) as u64, "packet {i}");
        next = got.last_cycle + 1;
    }
}
