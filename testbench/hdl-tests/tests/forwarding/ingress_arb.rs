// SPDX-License-Identifier: Apache-2.0
//! Module ingress_arb: whole packets, fair turns, no bubbles. The wrapper gives each source its own ports.

use crate::headers::{meta_of, port_meta};
use headend_hdl_tests::{Bench, Packet, Rng, StreamSink, StreamSource};
use headend_regs::Meta;
use headend_verilated::{Library, Model};
use std::sync::Arc;

fn model() -> Arc<Library> {
    Model::new("ingress_arb_ports")
        .source_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/rtl"))
        .checked()
        .build()
        .unwrap()
}

fn sources(bench: &Bench, stall: u32) -> [StreamSource; 3] {
    [0, 1, 2].map(|k| StreamSource::new(bench, &format!("s{k}"), &[&format!("s{k}_meta_i")]).stalls(stall, k))
}

fn run(stall_in: u32, stall_out: u32) {
    let mut rng = Rng::new(91);
    let mut bench = Bench::new(&model(), 100_000);
    let mut sources = sources(&bench, stall_in);
    let mut sink = StreamSink::new(&bench, "m", &["m_meta_o"]).stalls(stall_out, 9);
    let mut sent: [Vec<(Vec<u8>, Meta)>; 3] = Default::default();
    for i in 0..300u64 {
        let k = rng.below(3) as usize;
        let len = rng.range(1, 300) as usize;
        let packet = (rng.bytes(len), Meta { seq: i, ..port_meta(k as u8, len) });
        sources[k].push(Packet::new(packet.0.clone()).side(packet.1.to_bytes()));
        sent[k].push(packet);
    }
    while sink.count() < 300 {
        let [a, b, c] = &mut sources;
        bench.step(&mut [a, b, c, &mut sink]);
    }
    for _ in 0..300 {
        let got = sink.pop().unwrap();
        let meta = meta_of(&got.sides[0]);
        assert_eq!((got.data, meta), sent[usize::from(meta.ingress)].remove(0), "order within a source");
    }
}

#[test]
fn packets_stay_whole_and_in_order_per_source() {
    run(0, 0);
    run(30, 40);
}

#[test]
fn busy_sources_take_turns_without_a_bubble() {
    let mut bench = Bench::new(&model(), 10_000);
    let mut sources = sources(&bench, 0);
    let mut sink = StreamSink::new(&bench, "m", &["m_meta_o"]);
    for k in 0..3usize {
        for _ in 0..40 {
            let len = [64, 128, 65][k];
            sources[k].push(Packet::new(vec![k as u8; len]).side(port_meta(k as u8, len).to_bytes()));
        }
    }
    while sink.count() < 120 {
        let [a, b, c] = &mut sources;
        bench.step(&mut [a, b, c, &mut sink]);
    }
    let got: Vec<_> = std::iter::from_fn(|| sink.pop()).collect();
    for (i, packet) in got.iter().enumerate() {
        assert_eq!(usize::from(meta_of(&packet.sides[0]).ingress), i % 3, "turn {i}");
        assert!(i == 0 || packet.first_cycle == got[i - 1].last_cycle + 1, "bubble before {i}");
    }
    assert_eq!(got[0].first_cycle, sources[0].sent()[0].0 + 1, "latency");
}

#[test]
fn a_lone_source_gets_every_cycle() {
    let mut bench = Bench::new(&model(), 10_000);
    let mut sources = sources(&bench, 0);
    let mut sink = StreamSink::new(&bench, "m", &["m_meta_o"]);
    (0..50).for_each(|_| sources[2].push(Packet::new([1; 64]).side(port_meta(2, 64).to_bytes())));
    while sink.count() < 50 {
        let [a, b, c] = &mut sources;
        bench.step(&mut [a, b, c, &mut sink]);
    }
    let cycles: Vec<_> = sources[2].sent().iter().map(|s| s.0).collect();
    assert_eq!(cycles[49] - cycles[0], 49);
}
