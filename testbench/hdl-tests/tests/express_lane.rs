// SPDX-License-Identifier: Apache-2.0
//! express_lane: packets that need no decryption pass by the decryption while it is empty; nothing overtakes.

use headend_hdl_tests::{Agent, Bench, Packet, PulseMonitor, Rng, StreamSink, StreamSource};
use headend_regs::{Beat, Meta, Op, Packed};
use headend_verilated::{Instance, Model, Port};
use std::collections::VecDeque;

/// A packet inside: earliest cycle to leave, beats, meta, whole.
type Held = (u64, VecDeque<Vec<u8>>, Vec<u8>, bool);

/// What is between `l_*` and `b_*`: packets leave whole, `delay` cycles after they came in, or are refused at any time
/// in between.
struct LongWay {
    into: [Port; 2],
    out: [Port; 2],
    beat: Port,
    meta: Port,
    back_beat: Port,
    back_meta: Port,
    refused: Port,
    rng: Rng,
    delay: u64,
    stalls: u32,
    refuse: u32,
    now: u64,
    inside: VecDeque<Held>,
    first: bool,
    offered: bool,
    gone: Vec<u64>,
    entered: u64,
}

impl LongWay {
    fn new(bench: &Bench, seed: u64, delay: u64, stalls: u32, refuse: u32) -> Self {
        let port = |name: &str| bench.port(name);
        Self {
            into: [port("l_valid_o"), port("l_ready_i")],
            out: [port("b_valid_i"), port("b_ready_o")],
            beat: port("s_beat_i"),
            meta: port("s_meta_i"),
            back_beat: port("b_beat_i"),
            back_meta: port("b_meta_i"),
            refused: port("refused_i"),
            rng: Rng::new(seed),
            delay,
            stalls,
            refuse,
            now: 0,
            inside: VecDeque::new(),
            first: true,
            offered: false,
            gone: Vec::new(),
            entered: 0,
        }
    }
}

fn number(meta: &[u8]) -> u64 {
    Meta::from_bytes(meta).expect("meta").seq
}

impl Agent for LongWay {
    fn drive(&mut self, dut: &mut Instance) {
        // A whole packet that is not on its way out may be refused, also while the one in front of it leaves.
        let busy = self.offered || !self.first;
        let due = |packet: &Held| packet.3 && packet.0 <= self.now;
        let refuse = self.inside.get(usize::from(busy)).is_some_and(due) && self.rng.chance(self.refuse);
        dut.set(self.refused, refuse.into());
        if refuse {
            let (_, _, meta, _) = self.inside.remove(usize::from(busy)).expect("due");
            self.gone.push(number(&meta));
        }
        let due = self.inside.front().is_some_and(|packet| packet.3 && packet.0 <= self.now);
        let offer = due && (self.offered || !self.rng.chance(self.stalls));
        dut.set(self.out[0], offer.into());
        if offer {
            let (_, beats, meta, _) = self.inside.front().expect("due");
            dut.set_bytes(self.back_beat, beats.front().expect("a beat"));
            dut.set_bytes(self.back_meta, meta);
        }
        self.offered = offer;
        let ready = !self.rng.chance(self.stalls);
        dut.set(self.into[1], ready.into());
    }

    fn sample(&mut self, dut: &Instance) {
        if self.offered && dut.get_bool(self.out[1]) {
            let (_, beats, _, _) = self.inside.front_mut().expect("offered");
            beats.pop_front();
            self.first = beats.is_empty();
            if self.first {
                self.inside.pop_front();
            }
            self.offered = false;
        }
        if dut.get_bool(self.into[0]) && dut.get_bool(self.into[1]) {
            let beat = dut.get_bytes(self.beat).to_vec();
            let Beat { sop, eop, .. } = Beat::unpack_from(&beat, 0);
            if sop {
                self.entered += 1;
                let meta = dut.get_bytes(self.meta).to_vec();
                self.inside.push_back((u64::MAX, VecDeque::new(), meta, false));
            }
            let packet = self.inside.back_mut().expect("begun");
            packet.1.push_back(beat);
            if eop {
                packet.0 = self.now + self.delay;
                packet.3 = true;
            }
        }
        self.now += 1;
    }
}

/// `count` packets with `decrypt` percent of them to decrypt, every `gap` cycles one or as fast as they go; returns how
/// many took the long way, and the latencies of those that did not wait.
fn run(seed: u64, decrypt: u32, stalls: u32, refuse: u32, gap: u64) -> (u64, Vec<u64>) {
    let library = Model::new("express_lane").checked().build().unwrap();
    let mut bench = Bench::new(&library, 200_000);
    let mut rng = Rng::new(seed);
    let mut source = StreamSource::new(&bench, "s", &["s_meta_i"]).stalls(stalls, seed);
    let mut sink = StreamSink::new(&bench, "m", &["m_meta_o"]).stalls(stalls, seed + 1);
    let mut long = LongWay::new(&bench, seed, 12, stalls, refuse);
    let mut ins = PulseMonitor::new(&bench, "passed_in_o", &[]);
    let mut outs = PulseMonitor::new(&bench, "passed_out_o", &[]);
    let mut sent = Vec::new();
    for seq in 0..500u64 {
        let op = if rng.chance(decrypt) {
            Op::Decrypt
        } else {
            [Op::Forward, Op::Host, Op::Direct][seq as usize % 3]
        };
        let len = rng.range(1, 300) as usize;
        let meta = Meta { seq, op: op.code(), len: len as u16, ..Meta::default() };
        let data = rng.bytes(len);
        sent.push((data.clone(), op));
        source.push(Packet::new(data).side(meta.to_bytes()));
        for _ in 0..gap {
            bench.step(&mut [&mut source, &mut sink, &mut long, &mut ins, &mut outs]);
        }
    }
    let idle = 200;
    let mut quiet = 0;
    while quiet < idle {
        let before = (sink.count(), long.gone.len(), source.sent().len());
        bench.step(&mut [&mut source, &mut sink, &mut long, &mut ins, &mut outs]);
        quiet = if before == (sink.count(), long.gone.len(), source.sent().len()) { quiet + 1 } else { 0 };
    }
    assert_eq!(source.sent().len(), 500);
    assert_eq!(sink.count() + long.gone.len(), 500);
    assert_eq!(long.entered + ins.seen.len() as u64, 500);
    assert_eq!(ins.seen.len(), outs.seen.len());
    let mut latencies = Vec::new();
    let mut last = None;
    while let Some(got) = sink.pop() {
        let seq = number(&got.sides[0]);
        assert!(last.is_none_or(|l| l < seq), "packet {seq} behind packet {last:?}");
        assert!(got.data == sent[seq as usize].0, "bytes of packet {seq}");
        latencies.push(got.first_cycle - source.sent()[seq as usize].0);
        last = Some(seq);
    }
    assert!(long.gone.is_sorted());
    let decrypts = sent.iter().filter(|(_, op)| *op == Op::Decrypt).count() as u64;
    assert!(long.entered >= decrypts, "what needs decryption is decrypted");
    (long.entered, latencies)
}

#[test]
fn packets_keep_their_order_whatever_way_they_take() {
    let mut ways = [0; 2];
    for (seed, decrypt, stalls, refuse, gap) in [
        (1, 30, 0, 0, 0),
        (2, 30, 30, 20, 0),
        (3, 10, 0, 30, 20),
        (4, 50, 50, 50, 3),
        (5, 5, 20, 0, 6),
        (6, 60, 0, 100, 0),
    ] {
        let (long, _) = run(seed, decrypt, stalls, refuse, gap);
        assert!(long > 0, "seed {seed}: none took the long way");
        // With pauses the long way runs empty now and then; without, it may never.
        assert!(long < 500 || gap == 0, "seed {seed}: none passed by");
        ways = [ways[0] + long, ways[1] + 500 - long];
    }
    assert!(ways[0] > 300 && ways[1] > 300, "both ways are used: {ways:?}");
}

#[test]
fn without_decryption_all_pass_by_in_one_cycle() {
    let (long, latencies) = run(7, 0, 0, 0, 0);
    assert_eq!(long, 0);
    assert!(latencies.iter().all(|l| *l == 1), "{latencies:?}");
}

#[test]
fn under_load_of_decryption_all_take_the_long_way() {
    let (long, _) = run(8, 50, 0, 0, 0);
    assert!(long > 490, "{long}");
}
