// SPDX-License-Identifier: Apache-2.0
//! rx_port: good frames whole, bad ones counted under the right reason, garbage survived.

use headend_hdl_tests::{Bench, PulseMonitor, Rng, StreamSink, WordSource};
use headend_regs::{DropReason, DropRecord, Meta, Stage};
use headend_verilated::{Library, Model};
use std::sync::Arc;

fn library() -> Arc<Library> {
    Model::new("rx_port").param("Port", 1).checked().build().unwrap()
}

struct Setup {
    bench: Bench,
    source: WordSource,
    sink: StreamSink,
    drops: PulseMonitor,
    frames: PulseMonitor,
    passed: PulseMonitor,
}

impl Setup {
    fn new(source_stalls: u32, sink_stalls: u32) -> Self {
        let mut bench = Bench::new(&library(), 500_000);
        bench.set("enable_i", 1);
        let data = ["s_axis_tdata", "s_axis_tkeep", "s_axis_tlast", "s_axis_tuser"];
        Self {
            source: WordSource::new(&bench, "s_axis_tvalid", Some("s_axis_tready"), &data)
                .stalls(source_stalls, 1),
            sink: StreamSink::new(&bench, "m", &["m_meta_o"]).stalls(sink_stalls, 2),
            drops: PulseMonitor::new(&bench, "drop_valid_o", &["drop_o"]),
            frames: PulseMonitor::new(&bench, "rx_frame_o", &["rx_bytes_o"]),
            passed: PulseMonitor::new(&bench, "stage_out_o", &[]),
            bench,
        }
    }

    fn push(&mut self, frame: &[u8], user: bool) {
        let count = frame.len().div_ceil(64).max(1);
        for i in 0..count {
            let chunk = &frame[(64 * i).min(frame.len())..(64 * i + 64).min(frame.len())];
            let keep = if chunk.len() == 64 { u64::MAX } else { (1 << chunk.len()) - 1 };
            self.beat(chunk, keep, i + 1 == count, user && i + 1 == count);
        }
    }

    /// A beat with whatever keep; bytes that are not kept are dirty on the wire.
    fn beat(&mut self, bytes: &[u8], keep: u64, last: bool, user: bool) {
        let mut data = [0xee; 64];
        data[..bytes.len()].copy_from_slice(bytes);
        self.source.push(&[&data, &keep.to_le_bytes(), &[last.into()], &[user.into()]]);
    }

    fn step(&mut self) {
        let now = self.bench.cycles();
        self.bench.set("cycle_i", now);
        self.bench.step(&mut [
            &mut self.source,
            &mut self.sink,
            &mut self.drops,
            &mut self.frames,
            &mut self.passed,
        ]);
    }

    fn finish(&mut self) {
        while !self.source.is_empty() {
            self.step();
        }
        (0..600).for_each(|_| self.step());
    }

    fn drops(&self) -> Vec<DropRecord> {
        self.drops.seen.iter().map(|(_, word)| DropRecord::from_bytes(&word[0]).unwrap()).collect()
    }

    fn bytes_seen(&self) -> Vec<u16> {
        self.frames.seen.iter().map(|(_, word)| u16::from_le_bytes([word[0][0], word[0][1]])).collect()
    }
}

#[test]
fn frames_come_out_whole_or_are_dropped_with_the_right_reason() {
    for (seed, source_stalls, sink_stalls) in [(1, 0, 0), (2, 40, 0), (3, 60, 30)] {
        let mut rng = Rng::new(seed);
        let mut setup = Setup::new(source_stalls, sink_stalls);
        let (mut good, mut bad, mut lengths) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..300 {
            let len = match rng.below(8) {
                0 => rng.range(1, 20),
                1 => 64 * rng.range(1, 4) + rng.below(3) - 1,
                2 if rng.chance(10) => rng.range(9210, 9225),
                _ => rng.range(14, 300),
            } as usize;
            let frame = rng.bytes(len);
            let user = rng.chance(15);
            setup.push(&frame, user);
            lengths.push(len as u16);
            let reason = match len {
                _ if user => DropReason::RxError,
                0..=13 => DropReason::RxRunt,
                14..=9216 => DropReason::None,
                _ => DropReason::RxOversize,
            };
            if reason == DropReason::None {
                good.push(frame);
            } else {
                bad.push((reason, frame));
            }
        }
        setup.finish();
        assert_eq!(setup.sink.count(), good.len());
        assert_eq!(setup.passed.seen.len(), good.len());
        assert_eq!(setup.bytes_seen(), lengths);
        for frame in good {
            let got = setup.sink.pop().unwrap();
            let meta = Meta::from_bytes(&got.sides[0]).unwrap();
            let expected = Meta {
                ingress: 1,
                intf: 1,
                len: frame.len() as u16,
                sa_in: 0xffff,
                cycle: meta.cycle,
                ..Meta::default()
            };
            assert_eq!((got.data, meta), (frame, expected));
        }
        let drops = setup.drops();
        assert_eq!(drops.len(), bad.len());
        for (drop, (reason, frame)) in drops.iter().zip(bad) {
            let shown = frame.len().min(64);
            assert_eq!((drop.reason, drop.stage), (reason.code(), Stage::Rx1.code()));
            assert_eq!((drop.ingress, drop.len, drop.sa), (1, frame.len() as u16, 0xffff));
            assert_eq!(&drop.data[..shown], &frame[..shown]);
            assert!(drop.data[shown..].iter().all(|b| *b == 0));
        }
    }
}

#[test]
fn odd_keeps_are_errors() {
    let mut setup = Setup::new(0, 0);
    setup.beat(&[1; 64], u64::MAX - 1, true, false); // first byte missing
    setup.beat(&[2; 64], 0x0fff_ff0f, true, false); // hole
    setup.beat(&[3; 64], 0, true, false); // empty
    setup.beat(&[4; 64], 0xffff, false, false); // short before the end
    setup.beat(&[4; 64], u64::MAX, true, false);
    setup.push(&[5; 60], false);
    setup.finish();
    assert!(setup.drops().iter().all(|d| d.reason == DropReason::RxError.code()));
    assert_eq!((setup.drops().len(), setup.frames.seen.len(), setup.sink.count()), (4, 5, 1));
    assert_eq!(setup.sink.pop().unwrap().data, [5; 60]);
}

#[test]
fn a_frame_without_end_is_harmless() {
    let mut setup = Setup::new(0, 0);
    (0..3000).for_each(|_| setup.beat(&[9; 64], u64::MAX, false, false));
    setup.beat(&[9; 64], u64::MAX, true, false);
    setup.push(&[5; 600], false);
    setup.finish();
    assert_eq!(setup.sink.pop().unwrap().data, [5; 600]);
    let drops = setup.drops();
    assert_eq!((drops.len(), drops[0].reason, drops[0].len), (1, DropReason::RxOversize.code(), 0xffff));
}

#[test]
fn without_room_whole_frames_are_dropped_and_the_stored_ones_survive() {
    let mut setup = Setup::new(0, 100);
    let frames: Vec<Vec<u8>> = (0..20).map(|i| vec![i as u8; 4000]).collect();
    frames.iter().for_each(|f| setup.push(f, false));
    setup.finish();
    let lost = setup.drops();
    assert!(lost.iter().all(|d| d.reason == DropReason::RxOverflow.code()));
    assert_eq!((setup.passed.seen.len(), lost.len()), (8, 12), "512 beats hold eight frames of 63 beats");
    setup.sink.set_stalls(0);
    setup.finish();
    for frame in &frames[..8] {
        assert_eq!(setup.sink.pop().unwrap().data, *frame);
    }
    setup.push(&[1; 64], false);
    setup.finish();
    assert_eq!(setup.sink.pop().unwrap().data, [1; 64]);
}

#[test]
fn frames_that_begin_while_disabled_vanish_uncounted() {
    let mut setup = Setup::new(0, 0);
    setup.bench.set("enable_i", 0);
    setup.push(&[1; 1000], false);
    (0..8).for_each(|_| setup.step());
    // Enabled in the middle of the first frame: its rest must not look like a frame.
    setup.bench.set("enable_i", 1);
    setup.push(&[2; 1000], false);
    while setup.source.sent().len() < 20 {
        setup.step();
    }
    // Disabled in the middle of the second: it still arrives.
    setup.bench.set("enable_i", 0);
    setup.push(&[3; 1000], false);
    setup.finish();
    assert_eq!((setup.sink.count(), setup.frames.seen.len(), setup.drops().len()), (1, 1, 0));
    assert_eq!(setup.sink.pop().unwrap().data, [2; 1000]);
}

#[test]
fn latency_and_arrival_cycle_are_as_stated() {
    let mut setup = Setup::new(0, 0);
    setup.push(&[1; 256], false);
    setup.finish();
    let sent = setup.source.sent().to_vec();
    let got = setup.sink.pop().unwrap();
    assert_eq!(got.first_cycle, sent[3] + 4);
    assert_eq!(got.last_cycle, got.first_cycle + 3);
    assert_eq!(Meta::from_bytes(&got.sides[0]).unwrap().cycle, sent[0]);
}
