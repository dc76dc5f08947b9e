// SPDX-License-Identifier: Apache-2.0
//! Module segment with a header pipeline played by the test: windows, order, drops, credit and rate.

use crate::frames::window;
use crate::headers::{dropped, meta_of, port_meta};
use headend_hdl_tests::{Agent, Bench, Packet, PulseMonitor, Rng, StreamSink, StreamSource};
use headend_regs::{DropReason, DropRecord, Meta, Op, Stage};
use headend_verilated::{Instance, Library, Model, Port};
use std::collections::VecDeque;
use std::sync::Arc;

/// Longest header pipeline of the card.
const PIPELINE: u64 = 30;
/// Cycles the module adds to the header pipeline, for a packet of one beat.
const OWN_LATENCY: u64 = 4;

fn model() -> Arc<Library> {
    model_with(64)
}

/// `packets`: most packets between input and output.
fn model_with(packets: u64) -> Arc<Library> {
    Model::new("segment")
        .param("ResDepth", packets)
        .param("ExtraWidth", 16)
        .param("Stage", u64::from(Stage::Forward.code()))
        .checked()
        .build()
        .unwrap()
}

/// The verdict on a packet, as the header pipeline of these tests gives it: a function of meta alone.
fn verdict(meta: &Meta) -> (Meta, [u8; 2]) {
    let extra = (meta.seq as u16).to_le_bytes();
    match meta.seq % 5 {
        0 => (dropped(meta, DropReason::NoRoute), extra),
        _ => (Meta { vrf: (meta.seq % 256) as u16, ..*meta }, extra),
    }
}

/// Header pipeline of fixed latency.
struct Headers {
    hdr: [Port; 3],
    res: [Port; 3],
    waiting: VecDeque<(u64, Vec<u8>, Vec<u8>)>,
    windows: Vec<(Vec<u8>, Meta)>,
    now: u64,
    /// Raises hold_i with so many percent.
    holds: Option<(Port, Rng, u32)>,
    held: bool,
}

impl Headers {
    fn new(bench: &Bench) -> Self {
        Self {
            holds: None,
            held: false,
            hdr: ["hdr_valid_o", "hdr_window_o", "hdr_meta_o"].map(|p| bench.port(p)),
            res: ["res_valid_i", "res_meta_i", "res_extra_i"].map(|p| bench.port(p)),
            waiting: VecDeque::new(),
            windows: Vec::new(),
            now: 0,
        }
    }
}

impl Agent for Headers {
    fn drive(&mut self, dut: &mut Instance) {
        if let Some((port, rng, percent)) = &mut self.holds {
            let hold = rng.chance(*percent);
            dut.set(*port, hold.into());
        }
        let due = self.waiting.front().is_some_and(|(at, ..)| at + PIPELINE == self.now);
        dut.set(self.res[0], due.into());
        if due {
            let (_, meta, extra) = self.waiting.pop_front().unwrap();
            dut.set_bytes(self.res[1], &meta);
            dut.set_bytes(self.res[2], &extra);
        }
    }

    fn sample(&mut self, dut: &Instance) {
        if let Some((port, ..)) = self.holds {
            assert!(!self.held || !dut.get_bool(self.hdr[0]), "a header behind a hold");
            self.held = dut.get_bool(port);
        }
        if dut.get_bool(self.hdr[0]) {
            let meta = meta_of(dut.get_bytes(self.hdr[2]));
            let (result, extra) = verdict(&meta);
            self.waiting.push_back((self.now, result.to_bytes().to_vec(), extra.to_vec()));
            self.windows.push((dut.get_bytes(self.hdr[1]).to_vec(), meta));
        }
        self.now += 1;
    }
}

fn packet(rng: &mut Rng, seq: u64, len: usize) -> (Vec<u8>, Meta) {
    let meta = Meta {
        seq,
        spi: seq as u32 ^ 0xa5a5,
        sa_in: if seq.is_multiple_of(3) { 0xffff } else { 5 },
        decrypted: seq.is_multiple_of(7),
        ..port_meta((seq % 2) as u8, len)
    };
    (rng.bytes(len), meta)
}

/// Sends packets through and checks everything that comes out; returns (source, sink) cycles of each survivor.
fn check(packets: &[(Vec<u8>, Meta)], stall_in: u32, stall_out: u32) -> Vec<(u64, u64, u64)> {
    check_on(&model(), packets, stall_in, stall_out, 0)
}

fn check_on(
    model: &Arc<Library>,
    packets: &[(Vec<u8>, Meta)],
    stall_in: u32,
    stall_out: u32,
    hold: u32,
) -> Vec<(u64, u64, u64)> {
    let mut bench = Bench::new(model, 400_000);
    let mut source = StreamSource::new(&bench, "s", &["s_meta_i"]).stalls(stall_in, 1);
    let mut sink = StreamSink::new(&bench, "m", &["m_meta_o", "m_extra_o"]).stalls(stall_out, 2);
    let mut headers = Headers::new(&bench);
    headers.holds = Some((bench.port("hold_i"), Rng::new(3), hold));
    let mut drops = PulseMonitor::new(&bench, "drop_valid_o", &["drop_o"]);
    let mut ins = PulseMonitor::new(&bench, "stage_in_o", &[]);
    let mut outs = PulseMonitor::new(&bench, "stage_out_o", &[]);
    for (data, meta) in packets {
        source.push(Packet::new(data.clone()).side(meta.to_bytes()));
    }
    while sink.count() + drops.seen.len() < packets.len() {
        bench.step(&mut [&mut source, &mut sink, &mut headers, &mut drops, &mut ins, &mut outs]);
    }
    bench.run(&mut [&mut source, &mut sink, &mut headers, &mut drops, &mut ins, &mut outs], 50);
    assert_eq!((ins.seen.len(), outs.seen.len()), (packets.len(), sink.count()));
    assert_eq!(sink.count() + drops.seen.len(), packets.len());

    let mut reports = drops.seen.iter();
    let mut cycles = Vec::new();
    for (i, (data, meta)) in packets.iter().enumerate() {
        assert_eq!(headers.windows[i], (window(data), *meta), "window of packet {i}");
        let (want, extra) = verdict(meta);
        if want.op == Op::Drop.code() {
            let record = DropRecord::from_bytes(&reports.next().unwrap().1[0]).unwrap();
            assert_eq!(record, report(&want, data), "drop of packet {i}");
            continue;
        }
        let got = sink.pop().unwrap();
        assert_eq!(got.data, *data, "bytes of packet {i}");
        assert_eq!(meta_of(&got.sides[0]), want);
        assert_eq!(got.sides[1][..2], extra);
        cycles.push((source.sent()[i].0, got.first_cycle, got.last_cycle));
    }
    cycles
}

fn report(meta: &Meta, data: &[u8]) -> DropRecord {
    let mut first = [0; 64];
    if !meta.decrypted {
        let len = data.len().min(64);
        first[..len].copy_from_slice(&data[..len]);
    }
    let known = meta.sa_in != 0xffff;
    DropRecord {
        reason: DropReason::NoRoute.code(),
        stage: Stage::Forward.code(),
        ingress: meta.ingress,
        len: meta.len,
        vrf: meta.vrf,
        sa: meta.sa_in,
        spi: if known { meta.spi } else { meta.parsed.spi },
        seq: if known { meta.seq } else { meta.parsed.seq.into() },
        data: first,
    }
}

#[test]
fn random_lengths_and_stalls_keep_order_and_bytes() {
    let mut rng = Rng::new(81);
    let packets: Vec<_> = (0..600)
        .map(|seq| {
            let len = [1, 60, 64, 65, 128, 129, 1_500, rng.range(1, 400) as usize][rng.below(8) as usize];
            packet(&mut rng, seq, len)
        })
        .collect();
    for (stall_in, stall_out) in [(0, 0), (30, 0), (0, 40), (50, 50), (0, 95)] {
        check(&packets, stall_in, stall_out);
    }
}

#[test]
fn one_beat_packets_pass_at_one_per_cycle_with_the_stated_latency() {
    let mut rng = Rng::new(82);
    // no multiples of 5: nothing is dropped
    let packets: Vec<_> = (0..300).map(|i| packet(&mut rng, 5 * i + 1, 64)).collect();
    let cycles = check(&packets, 0, 0);
    for (i, (sent, first, last)) in cycles.iter().enumerate() {
        assert_eq!((*first, first), (sent + PIPELINE + OWN_LATENCY, last), "packet {i}");
        assert_eq!(*sent, cycles[0].0 + i as u64, "one packet per cycle");
    }
}

#[test]
fn long_packets_leave_without_bubbles() {
    let mut rng = Rng::new(83);
    let packets: Vec<_> = (0..20).map(|i| packet(&mut rng, 5 * i + 1, 64 * 24)).collect();
    let cycles = check(&packets, 0, 0);
    for pair in cycles.windows(2) {
        assert_eq!(pair[0].2 - pair[0].1, 23, "beats of a packet");
        assert_eq!(pair[1].1, pair[0].2 + 1, "no gap between packets");
    }
}

#[test]
fn a_stopped_output_stops_the_input_and_nothing_is_lost() {
    let mut rng = Rng::new(84);
    let packets: Vec<_> = (0..400).map(|seq| packet(&mut rng, seq, 64)).collect();
    let mut bench = Bench::new(&model(), 10_000);
    let mut source = StreamSource::new(&bench, "s", &["s_meta_i"]);
    let mut sink = StreamSink::new(&bench, "m", &["m_meta_o", "m_extra_o"]).stalls(100, 2);
    let mut headers = Headers::new(&bench);
    let mut drops = PulseMonitor::new(&bench, "drop_valid_o", &[]);
    for (data, meta) in &packets {
        source.push(Packet::new(data.clone()).side(meta.to_bytes()));
    }
    bench.run(&mut [&mut source, &mut sink, &mut headers, &mut drops], 500);
    assert!((50..100).contains(&source.sent().len()), "{} packets accepted", source.sent().len());
    sink.set_stalls(0);
    while sink.count() + drops.seen.len() < packets.len() {
        bench.step(&mut [&mut source, &mut sink, &mut headers, &mut drops]);
    }
    for (data, meta) in packets.iter().filter(|(_, m)| m.seq % 5 != 0) {
        let got = sink.pop().unwrap();
        assert_eq!((&got.data, meta_of(&got.sides[0])), (data, verdict(meta).0));
    }
}

#[test]
fn credit_holds_with_fewer_results_than_beats() {
    let mut rng = Rng::new(85);
    let packets: Vec<_> = (0..300).map(|seq| packet(&mut rng, seq, 64)).collect();
    let model = model_with(8);
    for stall_out in [0, 60, 95] {
        check_on(&model, &packets, 0, stall_out, 0);
    }
}

#[test]
fn no_header_goes_out_behind_a_hold_and_nothing_is_lost() {
    let mut rng = Rng::new(86);
    let packets: Vec<_> = (0..400)
        .map(|seq| {
            let len = [64, 65, 128, 200, 1_000][rng.below(5) as usize];
            packet(&mut rng, seq, len)
        })
        .collect();
    for (stall_in, stall_out, hold) in [(0, 0, 10), (0, 0, 60), (30, 40, 30)] {
        check_on(&model(), &packets, stall_in, stall_out, hold);
    }
}
