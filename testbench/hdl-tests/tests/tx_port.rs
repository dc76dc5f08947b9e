// SPDX-License-Identifier: Apache-2.0
//! tx_port: frames leave whole, without gaps, padded to 60 bytes; those of two pipelines in turn.

use headend_hdl_tests::{Bench, Packet, PulseMonitor, Rng, StreamSource, WordSink};
use headend_verilated::{Library, Model};
use std::sync::Arc;

/// For `pipes` pipelines; with two the wrapper gives each its own ports.
fn library(pipes: usize) -> Arc<Library> {
    let model = match pipes {
        1 => Model::new("tx_port").param("NumPipes", 1),
        _ => Model::new("tx_port_pipes").source_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/rtl")),
    };
    model.checked().build().unwrap()
}

struct Setup {
    bench: Bench,
    source: StreamSource,
    /// The second pipeline.
    other: Option<StreamSource>,
    sink: WordSink,
    frames: PulseMonitor,
}

impl Setup {
    fn new(source_stalls: u32, sink_stalls: u32) -> Self {
        Self::with_pipes(1, source_stalls, sink_stalls)
    }

    fn with_pipes(pipes: usize, source_stalls: u32, sink_stalls: u32) -> Self {
        let mut bench = Bench::new(&library(pipes), 200_000);
        bench.set("enable_i", 1);
        let first = if pipes == 1 { "s" } else { "s0" };
        let data = ["m_axis_tdata", "m_axis_tkeep", "m_axis_tlast"];
        Self {
            source: StreamSource::new(&bench, first, &[]).stalls(source_stalls, 1),
            other: (pipes == 2).then(|| StreamSource::new(&bench, "s1", &[]).stalls(source_stalls, 3)),
            sink: WordSink::new(&bench, "m_axis_tvalid", "m_axis_tready", &data).stalls(sink_stalls, 2),
            frames: PulseMonitor::new(&bench, "tx_frame_o", &["tx_bytes_o"]),
            bench,
        }
    }

    fn step(&mut self) {
        let Self { bench, source, other, sink, frames } = self;
        match other {
            Some(other) => bench.step(&mut [source, other, sink, frames]),
            None => bench.step(&mut [source, sink, frames]),
        }
    }

    /// Frames on the wire: bytes, first and last cycle.
    fn frames(&self) -> Vec<(Vec<u8>, u64, u64)> {
        let mut frames = Vec::new();
        let mut current: Option<(Vec<u8>, u64)> = None;
        for (cycle, word) in &self.sink.received {
            let keep = u64::from_le_bytes(word[1][..8].try_into().unwrap());
            let bytes = keep.trailing_ones() as usize;
            let last = word[2][0] == 1;
            assert_eq!(keep.count_ones() as usize, bytes, "keep must be contiguous");
            assert!(last || bytes == 64, "short beat inside a frame");
            let (frame, _) = current.get_or_insert((Vec::new(), *cycle));
            frame.extend_from_slice(&word[0][..bytes]);
            if last {
                let (frame, first) = current.take().unwrap();
                frames.push((frame, first, *cycle));
            }
        }
        frames
    }
}

#[test]
fn frames_leave_whole_and_padded_under_any_stalls() {
    for (seed, source_stalls, sink_stalls) in [(1, 0, 0), (2, 50, 0), (3, 20, 60)] {
        let mut rng = Rng::new(seed);
        let mut setup = Setup::new(source_stalls, sink_stalls);
        let mut expected = Vec::new();
        for _ in 0..200 {
            let len = match rng.below(4) {
                0 => rng.range(14, 66),
                1 => 64 * rng.range(1, 4) + rng.below(3) - 1,
                2 if rng.chance(5) => 9216,
                _ => rng.range(60, 500),
            } as usize;
            let mut frame = rng.bytes(len);
            setup.source.push(Packet::new(frame.clone()));
            frame.resize(len.max(60), 0);
            expected.push(frame);
        }
        while setup.frames.seen.len() < 200 {
            setup.step();
        }
        let lengths: Vec<_> = setup
            .frames
            .seen
            .iter()
            .map(|(_, w)| usize::from(u16::from_le_bytes([w[0][0], w[0][1]])))
            .collect();
        assert_eq!(lengths, expected.iter().map(Vec::len).collect::<Vec<_>>());
        assert_eq!(setup.frames().into_iter().map(|f| f.0).collect::<Vec<_>>(), expected);
    }
}

#[test]
fn no_gap_inside_a_frame_when_the_pipeline_stutters() {
    let mut setup = Setup::new(70, 0);
    (0..50).for_each(|i| setup.source.push(Packet::new(vec![i; 300])));
    while setup.frames.seen.len() < 50 {
        setup.step();
    }
    for (frame, first, last) in setup.frames() {
        assert_eq!(last - first + 1, frame.len().div_ceil(64) as u64);
    }
}

#[test]
fn latency_is_three_cycles_from_the_last_beat() {
    let mut setup = Setup::new(0, 0);
    setup.source.push(Packet::new(vec![1; 256]));
    (0..20).for_each(|_| setup.step());
    assert_eq!(setup.frames()[0].1, setup.source.sent()[0].1 + 3);
}

#[test]
fn disabled_port_finishes_its_frame_and_holds_the_next() {
    let mut setup = Setup::new(0, 0);
    setup.source.push(Packet::new(vec![1; 640]));
    setup.source.push(Packet::new(vec![2; 640]));
    while setup.sink.received.len() < 3 {
        setup.step();
    }
    setup.bench.set("enable_i", 0);
    (0..50).for_each(|_| setup.step());
    assert_eq!((setup.frames().len(), setup.sink.received.len()), (1, 10));
    setup.bench.set("enable_i", 1);
    (0..50).for_each(|_| setup.step());
    assert_eq!(setup.frames().len(), 2);
}

#[test]
fn free_beats_are_reported_and_a_full_buffer_refuses() {
    let mut setup = Setup::new(0, 100);
    assert_eq!(setup.bench.get("free_o"), 512);
    (0..600).for_each(|_| setup.source.push(Packet::new(vec![1; 64])));
    (0..700).for_each(|_| setup.step());
    assert_eq!((setup.bench.get("free_o"), setup.bench.get("s_ready_o")), (0, 0));
    setup.sink.set_stalls(0);
    while setup.frames.seen.len() < 600 {
        setup.step();
    }
    assert_eq!(setup.bench.get("free_o"), 512);
}

/// Frames of two pipelines, each with its own stalls: all leave, whole, without gaps, in order for each pipeline.
#[test]
fn frames_of_two_pipelines_leave_whole_and_in_order() {
    for (seed, source_stalls, sink_stalls) in [(4, 0, 0), (5, 60, 0), (6, 20, 50)] {
        let mut rng = Rng::new(seed);
        let mut setup = Setup::with_pipes(2, source_stalls, sink_stalls);
        let mut expected: [Vec<Vec<u8>>; 2] = Default::default();
        for _ in 0..300 {
            let pipe = rng.below(2) as usize;
            let len = if rng.chance(3) { 9216 } else { rng.range(60, 400) as usize };
            let mut frame = rng.bytes(len);
            frame[0] = pipe as u8;
            let source = if pipe == 0 { &mut setup.source } else { setup.other.as_mut().unwrap() };
            source.push(Packet::new(frame.clone()));
            expected[pipe].push(frame);
        }
        while setup.frames.seen.len() < 300 {
            setup.step();
        }
        let mut got: [Vec<Vec<u8>>; 2] = Default::default();
        for (frame, first, last) in setup.frames() {
            assert!(sink_stalls > 0 || last - first + 1 == frame.len().div_ceil(64) as u64, "gap");
            got[usize::from(frame[0])].push(frame);
        }
        assert!(got == expected, "seed {seed}");
    }
}

#[test]
fn busy_pipelines_take_turns_without_a_bubble() {
    let mut setup = Setup::with_pipes(2, 0, 0);
    for n in 0..60u8 {
        setup.source.push(Packet::new(vec![n; 64 + 64 * usize::from(n % 3)]));
        setup.other.as_mut().unwrap().push(Packet::new(vec![128 + n; 128]));
    }
    while setup.frames.seen.len() < 120 {
        setup.step();
    }
    let frames = setup.frames();
    for (n, pair) in frames.windows(2).enumerate() {
        assert_eq!(pair[1].1, pair[0].2 + 1, "bubble behind frame {n}");
        // Both have frames until the shorter queue of beats runs dry.
        assert!(n > 100 || pair[0].0[0] / 128 != pair[1].0[0] / 128, "frame {n}: the same pipeline twice");
    }
    let latency = frames[0].1 - setup.source.sent()[0].1;
    assert_eq!(latency, 3);
}

/// A pipeline whose buffer is full keeps the other neither from its own buffer nor from the wire.
#[test]
fn buffers_of_pipelines_are_apart() {
    let mut setup = Setup::with_pipes(2, 0, 100);
    (0..600).for_each(|_| setup.source.push(Packet::new(vec![1; 64])));
    (0..700).for_each(|_| setup.step());
    assert_eq!((setup.bench.get("free0_o"), setup.bench.get("s0_ready_o")), (0, 0));
    assert_eq!((setup.bench.get("free1_o"), setup.bench.get("s1_ready_o")), (512, 1));
    (0..100).for_each(|_| setup.other.as_mut().unwrap().push(Packet::new(vec![2; 640])));
    setup.sink.set_stalls(0);
    while setup.frames.seen.len() < 700 {
        setup.step();
    }
    assert_eq!((setup.bench.get("free0_o"), setup.bench.get("free1_o")), (512, 512));
}
