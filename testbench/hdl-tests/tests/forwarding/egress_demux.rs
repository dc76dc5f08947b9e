// SPDX-License-Identifier: Apache-2.0
//! Module egress_demux: every packet to its egress, and its reservation back to qos. The wrapper gives each
//! output its own ports.

use crate::headers::{meta_of, port_meta};
use headend_hdl_tests::{Bench, Packet, PulseMonitor, Rng, StreamSink, StreamSource};
use headend_regs::Meta;
use headend_verilated::Model;

const RELEASE_DELAY: u64 = 6;

fn run(stall_in: u32, stall_out: u32) {
    let library = Model::new("egress_demux_ports")
        .source_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/rtl"))
        .checked()
        .build()
        .unwrap();
    let mut bench = Bench::new(&library, 50_000);
    let mut rng = Rng::new(121);
    let mut source = StreamSource::new(&bench, "s", &["s_meta_i"]).stalls(stall_in, 1);
    let mut sinks = [0, 1, 2]
        .map(|k| StreamSink::new(&bench, &format!("m{k}"), &[&format!("m{k}_meta_o")]).stalls(stall_out, k));
    let mut released = PulseMonitor::new(&bench, "rel_valid_o", &["rel_egress_o", "rel_beats_o"]);
    let mut sent = Vec::new();
    for i in 0..400 {
        let len = rng.range(1, 400) as usize;
        let meta =
            Meta { egress: rng.below(3) as u8, resv: rng.next_u64() as u8, seq: i, ..port_meta(0, len) };
        let data = rng.bytes(len);
        source.push(Packet::new(data.clone()).side(meta.to_bytes()));
        sent.push((data, meta));
    }
    while released.seen.len() < sent.len() {
        let [a, b, c] = &mut sinks;
        bench.step(&mut [&mut source, a, b, c, &mut released]);
    }
    for ((data, meta), (cycle, rel)) in sent.iter().zip(&released.seen) {
        let got = sinks[usize::from(meta.egress)].pop().unwrap();
        assert_eq!((&got.data, &meta_of(&got.sides[0])), (data, meta));
        assert_eq!((rel[0][0], rel[1][0], *cycle), (meta.egress, meta.resv, got.last_cycle + RELEASE_DELAY));
    }
    if stall_in + stall_out == 0 {
        let cycles = source.sent();
        let beats: u64 = sent.iter().map(|(d, _)| d.len().div_ceil(64) as u64).sum();
        assert_eq!(cycles[399].1 - cycles[0].0 + 1, beats, "one beat per cycle");
    }
}

#[test]
fn packets_reach_their_egress_at_one_beat_per_cycle() {
    run(0, 0);
}

#[test]
fn stalls_change_nothing_but_the_time() {
    run(30, 50);
}
