// SPDX-License-Identifier: Apache-2.0
//! Module qos: tail drop, reservations that never exceed the egress buffers, fair turns, order per queue.

use crate::headers::{meta_of, port_meta};
use headend_hdl_tests::{Agent, Bench, Packet, PulseMonitor, Rng, StreamSink, StreamSource};
use headend_regs::{DropReason, DropRecord, Meta, Stage};
use headend_verilated::{Instance, Library, Model, Port};
use std::collections::VecDeque;
use std::sync::Arc;

const BEATS: usize = 200;
const PACKETS: usize = 16;

fn model() -> Arc<Library> {
    Model::new("qos")
        .param("BeatDepth", BEATS as u64)
        .param("PacketDepth", PACKETS as u64)
        .checked()
        .build()
        .unwrap()
}

fn beats(len: usize) -> usize {
    len.div_ceil(64)
}

/// Bytes that encapsulation starts from: the packet, or what traffic flow confidentiality pads it to.
fn clear_len(meta: &Meta) -> usize {
    meta.len.max(meta.tfc_len).into()
}

/// What qos reserves for a packet.
fn reservation(meta: &Meta) -> u64 {
    (clear_len(meta) as u64 + 128).div_ceil(64) + 1
}

/// Three egress buffers behind qos: packets fill them some cycles after they left, drain at random, and give
/// their reservation back by rel0 (delivered) or rel1 (dropped by esp_encap).
struct Buffers {
    free: Port,
    rel: [[Port; 3]; 2],
    valid: Port,
    ready: Port,
    beat: Port,
    meta: Port,
    size: u64,
    filled: [u64; 3],
    reserved: [u64; 3],
    flying: VecDeque<(u64, usize, u64, u64)>,
    now: u64,
    frozen: [bool; 3],
    rng: Rng,
}

impl Buffers {
    fn new(bench: &Bench, size: u64) -> Self {
        let rel = [0, 1].map(|n| ["valid", "egress", "beats"].map(|f| bench.port(&format!("rel{n}_{f}_i"))));
        Self {
            free: bench.port("free_i"),
            rel,
            valid: bench.port("m_valid_o"),
            ready: bench.port("m_ready_i"),
            beat: bench.port("m_beat_o"),
            meta: bench.port("m_meta_o"),
            size,
            filled: [0; 3],
            reserved: [0; 3],
            flying: VecDeque::new(),
            now: 0,
            frozen: [false; 3],
            rng: Rng::new(5),
        }
    }
}

impl Agent for Buffers {
    fn drive(&mut self, dut: &mut Instance) {
        for k in 0..3 {
            if !self.frozen[k] && self.rng.chance(60) {
                self.filled[k] = self.filled[k].saturating_sub(1);
            }
        }
        let mut free = 0u64;
        for k in 0..3 {
            assert!(self.filled[k] <= self.size, "buffer {k} overflowed");
            free |= (self.size - self.filled[k]) << (16 * k);
        }
        dut.set_bytes(self.free, &free.to_le_bytes()[..6]);
        dut.set(self.rel[0][0], 0);
        dut.set(self.rel[1][0], 0);
        for port in 0..2 {
            // both release ports work in the same cycle when two packets are due
            if self.flying.front().is_some_and(|f| f.0 <= self.now) {
                let (_, k, resv, _) = self.flying.pop_front().unwrap();
                self.reserved[k] -= resv;
                dut.set(self.rel[port][0], 1);
                dut.set(self.rel[port][1], k as u64);
                dut.set(self.rel[port][2], resv);
            }
        }
    }

    fn sample(&mut self, dut: &Instance) {
        self.now += 1;
        for (at, k, _, beats) in &self.flying {
            // the packet arrives six cycles before its reservation ends
            if at - 6 == self.now {
                self.filled[*k] += beats;
            }
        }
        if !(dut.get_bool(self.valid) && dut.get_bool(self.ready)) {
            return;
        }
        let beat = headend_regs::Beat::from_bytes(dut.get_bytes(self.beat)).unwrap();
        if beat.sop {
            let meta = meta_of(dut.get_bytes(self.meta));
            let (k, resv) = (usize::from(meta.egress), u64::from(meta.resv));
            assert_eq!(
                resv,
                reservation(&meta),
                "reservation of {} bytes, tfc_len {}",
                meta.len,
                meta.tfc_len
            );
            self.reserved[k] += resv;
            assert!(
                self.filled[k] + self.reserved[k] <= self.size + self.inside(k),
                "promised more than there is"
            );
            let arrives = self.now + 30 + self.rng.below(20);
            self.flying.push_back((arrives, k, resv, beats(clear_len(&meta)) as u64));
            self.flying.make_contiguous().sort_by_key(|f| f.0);
        }
    }
}

impl Buffers {
    /// Beats of buffer `k` that are counted twice: arrived, and still reserved.
    fn inside(&self, k: usize) -> u64 {
        self.flying.iter().filter(|f| f.1 == k && f.0 <= self.now + 6).map(|f| f.3).sum()
    }
}

fn packet(rng: &mut Rng, i: u64, egress: u8, len: usize) -> (Vec<u8>, Meta) {
    let meta = Meta { egress, seq: i, sa_in: 3, spi: 77, ..port_meta((i % 2) as u8, len) };
    (rng.bytes(len), meta)
}

#[test]
fn reservations_never_exceed_the_buffers_and_every_packet_is_sent_or_counted() {
    let mut rng = Rng::new(111);
    let mut bench = Bench::new(&model(), 400_000);
    let mut source = StreamSource::new(&bench, "s", &["s_meta_i"]).stalls(45, 6);
    let mut sink = StreamSink::new(&bench, "m", &["m_meta_o"]).stalls(10, 7);
    let mut drops = PulseMonitor::new(&bench, "drop_valid_o", &["drop_o"]);
    let mut ins = PulseMonitor::new(&bench, "stage_in_o", &[]);
    let mut outs = PulseMonitor::new(&bench, "stage_out_o", &[]);
    let mut buffers = Buffers::new(&bench, 160);
    let mut sent: [VecDeque<(Vec<u8>, Meta)>; 3] = Default::default();
    for i in 0..1_500 {
        let len = [20, 64, 65, 1_500, 9_216, rng.range(1, 600) as usize][rng.below(6) as usize];
        let egress = rng.below(3) as u8;
        let tfc_len = [0, 0, 0, 64, 1_400, 9_117][rng.below(6) as usize];
        let (data, meta) = packet(&mut rng, i, egress, len);
        let meta = Meta { tfc_len, ..meta };
        source.push(Packet::new(data.clone()).side(meta.to_bytes()));
        sent[usize::from(meta.egress)].push_back((data, meta));
    }
    while sink.count() + drops.seen.len() < 1_500 {
        bench.step(&mut [&mut source, &mut sink, &mut drops, &mut ins, &mut outs, &mut buffers]);
    }
    bench.run(&mut [&mut source, &mut sink, &mut drops, &mut ins, &mut outs, &mut buffers], 20);
    assert_eq!(
        (ins.seen.len(), outs.seen.len(), sink.count() + drops.seen.len()),
        (1_500, sink.count(), 1_500)
    );
    assert!(drops.seen.len() > 50 && sink.count() > 300, "{} {}", drops.seen.len(), sink.count());

    let lost: Vec<u64> =
        drops.seen.iter().map(|(_, w)| DropRecord::from_bytes(&w[0]).unwrap()).map(|r| r.seq).collect();
    while let Some(got) = sink.pop() {
        let meta = meta_of(&got.sides[0]);
        let queue = &mut sent[usize::from(meta.egress)];
        while queue.front().is_some_and(|(_, m)| lost.contains(&m.seq)) {
            queue.pop_front();
        }
        let (data, want) = queue.pop_front().unwrap();
        assert_eq!((got.data, meta), (data, Meta { resv: meta.resv, ..want }), "order within a queue");
    }
}

#[test]
fn a_full_queue_drops_whole_packets_and_leaves_the_others_alone() {
    let mut rng = Rng::new(112);
    let mut bench = Bench::new(&model(), 20_000);
    let mut source = StreamSource::new(&bench, "s", &["s_meta_i"]);
    let mut sink = StreamSink::new(&bench, "m", &["m_meta_o"]);
    let mut drops = PulseMonitor::new(&bench, "drop_valid_o", &["drop_o"]);
    // the host buffer is full, the ports have room
    let free = bench.port("free_i");
    bench.set_bytes(free, &[0, 10, 0, 10, 0, 0]);
    let mut lost = Vec::new();
    let mut stored = Vec::new();
    // 180 beats fit, 21 more do not, 20 do, and then not a single one
    let host_beats = [20, 20, 20, 20, 20, 20, 20, 20, 20, 21, 20, 1, 1];
    for (i, host) in host_beats.into_iter().enumerate() {
        let (data, meta) = packet(&mut rng, i as u64, 2, host * 64);
        // of the three that are lost, one was decrypted
        let meta = Meta { decrypted: host == 21 || i == 0, ..meta };
        match stored.iter().sum::<usize>() + host <= BEATS {
            true => stored.push(host),
            false => lost.push((data.clone(), meta)),
        }
        source.push(Packet::new(data).side(meta.to_bytes()));
        let (data, meta) = packet(&mut rng, 100, 1, 640);
        source.push(Packet::new(data).side(meta.to_bytes()));
    }
    assert_eq!((stored.len(), lost.len()), (10, 3));
    assert_eq!(lost.iter().filter(|(_, meta)| meta.decrypted).count(), 1);
    let others = host_beats.len();
    while sink.count() < others || !source.is_empty() {
        bench.step(&mut [&mut source, &mut sink, &mut drops]);
    }
    bench.run(&mut [&mut source, &mut sink, &mut drops], 50);
    assert_eq!(sink.count(), others, "nothing left for the full egress");
    assert_eq!(drops.seen.len(), lost.len());
    for ((_, got), (data, meta)) in drops.seen.iter().zip(&lost) {
        let want = DropRecord {
            reason: DropReason::QueueFullHost.code(),
            stage: Stage::Qos.code(),
            ingress: meta.ingress,
            len: meta.len,
            sa: 3,
            spi: 77,
            seq: meta.seq,
            data: if meta.decrypted { [0; 64] } else { data[..64].try_into().unwrap() },
            ..DropRecord::default()
        };
        assert_eq!(DropRecord::from_bytes(&got[0]).unwrap(), want);
    }
    // room again: what was stored leaves
    bench.set_bytes(free, &[0, 10, 0, 10, 0, 10]);
    while sink.count() < others + stored.len() {
        bench.step(&mut [&mut source, &mut sink, &mut drops]);
    }
}

#[test]
fn tail_drop_names_the_port_and_needs_no_packet_slot_twice() {
    let mut bench = Bench::new(&model(), 5_000);
    let mut source = StreamSource::new(&bench, "s", &["s_meta_i"]);
    let mut drops = PulseMonitor::new(&bench, "drop_valid_o", &["drop_o"]);
    for i in 0..(2 * PACKETS as u64 + 6) {
        let meta = Meta { egress: (i % 2) as u8, seq: i, ..port_meta(0, 64) };
        source.push(Packet::new([1; 64]).side(meta.to_bytes()));
    }
    bench.run(&mut [&mut source, &mut drops], 200);
    let reasons: Vec<u8> =
        drops.seen.iter().map(|(_, w)| DropRecord::from_bytes(&w[0]).unwrap().reason).collect();
    let (p0, p1) = (DropReason::QueueFullPort0.code(), DropReason::QueueFullPort1.code());
    assert_eq!(reasons, [p0, p1, p0, p1, p0, p1], "the packet slots are the limit");
}

#[test]
fn busy_queues_take_turns_without_a_bubble() {
    let mut rng = Rng::new(113);
    let mut bench = Bench::new(&model(), 20_000);
    let mut source = StreamSource::new(&bench, "s", &["s_meta_i"]);
    let mut sink = StreamSink::new(&bench, "m", &["m_meta_o"]).stalls(100, 0);
    let free = bench.port("free_i");
    bench.set_bytes(free, &[0, 10, 0, 10, 0, 10]);
    for i in 0..3 * PACKETS as u64 {
        let (data, meta) = packet(&mut rng, i, (i / PACKETS as u64) as u8, 128);
        source.push(Packet::new(data).side(meta.to_bytes()));
    }
    while !source.is_empty() {
        bench.step(&mut [&mut source, &mut sink]);
    }
    bench.run(&mut [&mut source, &mut sink], 10);
    sink.set_stalls(0);
    while sink.count() < 3 * PACKETS {
        bench.step(&mut [&mut source, &mut sink]);
    }
    let got: Vec<_> = std::iter::from_fn(|| sink.pop()).collect();
    for (i, pair) in got.windows(2).enumerate() {
        assert_eq!(pair[1].first_cycle, pair[0].last_cycle + 1, "bubble after {i}");
    }
    let egress: Vec<u8> = got.iter().map(|p| meta_of(&p.sides[0]).egress).collect();
    let turns = egress.windows(3).filter(|w| w[0] != w[1] && w[1] != w[2] && w[0] != w[2]).count();
    assert!(turns >= 3 * PACKETS - 6, "turns: {egress:?}");
}

#[test]
fn a_packet_takes_the_stated_latency() {
    let mut bench = Bench::new(&model(), 1_000);
    let mut source = StreamSource::new(&bench, "s", &["s_meta_i"]);
    let mut sink = StreamSink::new(&bench, "m", &["m_meta_o"]);
    let free = bench.port("free_i");
    bench.set_bytes(free, &[0, 10, 0, 10, 0, 10]);
    source.push(Packet::new([1; 128]).side(port_meta(0, 128).to_bytes()));
    while sink.count() < 1 {
        bench.step(&mut [&mut source, &mut sink]);
    }
    assert_eq!(sink.pop().unwrap().first_cycle, source.sent()[0].1 + 3);
}

#[test]
fn a_promise_counts_from_the_very_next_packet_on() {
    let mut bench = Bench::new(&model(), 1_000);
    let mut source = StreamSource::new(&bench, "s", &["s_meta_i"]);
    let mut sink = StreamSink::new(&bench, "m", &["m_meta_o"]);
    let free = bench.port("free_i");
    for _ in 0..8 {
        source.push(Packet::new([1; 64]).side(port_meta(0, 64).to_bytes()));
    }
    bench.run(&mut [&mut source, &mut sink], 20);
    assert_eq!(sink.count(), 0);
    // each takes a promise of 4 beats
    bench.set_bytes(free, &[11, 0, 0, 0, 0, 0]);
    bench.run(&mut [&mut source, &mut sink], 20);
    assert_eq!(sink.count(), 2, "11 beats take two promises of 4");
    bench.set("rel0_beats_i", 4);
    bench.set("rel1_beats_i", 4);
    bench.set("rel0_valid_i", 1);
    bench.step(&mut [&mut source, &mut sink]);
    bench.set("rel0_valid_i", 0);
    bench.run(&mut [&mut source, &mut sink], 20);
    assert_eq!(sink.count(), 3);
    bench.set("rel0_valid_i", 1);
    bench.set("rel1_valid_i", 1);
    bench.step(&mut [&mut source, &mut sink]);
    bench.set("rel0_valid_i", 0);
    bench.set("rel1_valid_i", 0);
    bench.run(&mut [&mut source, &mut sink], 20);
    assert_eq!(sink.count(), 5, "both releases of one cycle count");
}
