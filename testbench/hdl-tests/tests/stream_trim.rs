// SPDX-License-Identifier: Apache-2.0
//! stream_trim against slicing.

use headend_hdl_tests::{Bench, Packet, Rng, StreamSink, StreamSource};
use headend_verilated::{Library, Model};
use std::sync::Arc;

fn library() -> Arc<Library> {
    Model::new("stream_trim").param("SideWidth", 16).checked().build().unwrap()
}

struct Case {
    del: usize,
    len: usize,
    data: Vec<u8>,
    side: [u8; 2],
}

impl Case {
    fn packet(&self) -> Packet {
        Packet::new(self.data.clone())
            .side([self.del as u8])
            .side((self.len as u16).to_le_bytes())
            .side(self.side)
    }
}

fn run(cases: &[Case], stalls: (u32, u32)) {
    let mut bench = Bench::new(&library(), 500_000);
    let mut source = StreamSource::new(&bench, "s", &["del_i", "len_i", "side_i"]).stalls(stalls.0, 1);
    let mut sink = StreamSink::new(&bench, "m", &["side_o"]).stalls(stalls.1, 2);
    cases.iter().for_each(|c| source.push(c.packet()));
    while sink.count() < cases.len() {
        bench.step(&mut [&mut source, &mut sink]);
    }
    for (i, case) in cases.iter().enumerate() {
        let got = sink.pop().unwrap();
        assert_eq!(
            got.data,
            case.data[case.del..case.del + case.len],
            "packet {i}: del {} len {}",
            case.del,
            case.len
        );
        assert_eq!(got.sides[0], case.side, "packet {i}");
    }
}

/// Lengths around every beat boundary, deletions from 0 to 255, rests from none to several beats.
fn random_cases(seed: u64, count: usize) -> Vec<Case> {
    let mut rng = Rng::new(seed);
    let edge = |rng: &mut Rng, max: u64| match rng.below(4) {
        0 => (64 * rng.range(1, 4) + rng.below(3)).saturating_sub(1).min(max),
        _ => rng.below(max + 1),
    };
    (0..count)
        .map(|_| {
            let del = edge(&mut rng, 255) as usize;
            let len = edge(&mut rng, 400).max(1) as usize;
            let rest = if rng.chance(50) { 0 } else { edge(&mut rng, 200) as usize };
            let side = [rng.next_u64() as u8, rng.next_u64() as u8];
            Case { del, len, data: rng.bytes(del + len + rest), side }
        })
        .collect()
}

#[test]
fn keeps_exactly_the_bytes_asked_for() {
    for (seed, stalls) in [(1, (0, 0)), (2, (40, 0)), (3, (0, 40)), (4, (30, 50))] {
        run(&random_cases(seed, 400), stalls);
    }
}

#[test]
fn largest_packet_passes() {
    let mut rng = Rng::new(5);
    run(&[Case { del: 50, len: 9216 - 50, data: rng.bytes(9216), side: [1, 2] }], (10, 10));
}

#[test]
fn a_packet_shorter_than_promised_still_gives_one_packet() {
    let mut bench = Bench::new(&library(), 1_000);
    let mut source = StreamSource::new(&bench, "s", &["del_i", "len_i", "side_i"]);
    let mut sink = StreamSink::new(&bench, "m", &["side_o"]);
    source.push(Packet::new([1; 10]).side([200]).side(100u16.to_le_bytes()).side([0, 0]));
    source.push(Packet::new([7; 70]).side([6]).side(64u16.to_le_bytes()).side([9, 9]));
    while sink.count() < 2 {
        bench.step(&mut [&mut source, &mut sink]);
    }
    sink.pop();
    let second = sink.pop().unwrap();
    assert_eq!((second.data, second.sides[0].clone()), (vec![7; 64], vec![9, 9]));
}

/// One input beat per cycle, also between packets, whatever the shift; two cycles from the beat that completes
/// an output beat.
#[test]
fn sustains_one_beat_per_cycle_with_a_latency_of_two() {
    for del in [0usize, 1, 42, 63, 64, 100] {
        let mut bench = Bench::new(&library(), 10_000);
        let mut source = StreamSource::new(&bench, "s", &["del_i", "len_i", "side_i"]);
        let mut sink = StreamSink::new(&bench, "m", &["side_o"]);
        for i in 0..50 {
            let len = [1usize, 64, 65, 130, 300][i % 5];
            let case = Case { del, len, data: vec![i as u8; del + len], side: [0, 0] };
            source.push(case.packet());
        }
        while sink.count() < 50 {
            bench.step(&mut [&mut source, &mut sink]);
        }
        for (i, pair) in source.sent().windows(2).enumerate() {
            assert_eq!(pair[1].0, pair[0].1 + 1, "bubble at the input after packet {i} with del {del}");
        }
        for (first, last) in source.sent() {
            let got = sink.pop().unwrap();
            assert_eq!(got.last_cycle.max(last + 2), last + 2, "at most two cycles behind the last beat");
            assert!(got.first_cycle >= first + 2);
            if del == 0 && last == first {
                assert_eq!(got.first_cycle, first + 2);
            }
        }
    }
}
