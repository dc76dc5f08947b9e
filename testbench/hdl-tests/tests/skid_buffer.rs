// SPDX-License-Identifier: Apache-2.0
//! skid_buffer: order, stalls, rate, latency.

use headend_hdl_tests::{Bench, WordSink, WordSource};
use headend_verilated::{Library, Model};
use std::sync::Arc;

fn library() -> Arc<Library> {
    Model::new("skid_buffer").param("Width", 32).checked().build().unwrap()
}

/// Sends 1,000 words; the cycles in which they were accepted, and the sink with what came out.
fn run(source_stalls: u32, sink_stalls: u32) -> (Vec<u64>, WordSink) {
    let mut bench = Bench::new(&library(), 100_000);
    let mut source =
        WordSource::new(&bench, "s_valid_i", Some("s_ready_o"), &["s_data_i"]).stalls(source_stalls, 1);
    let mut sink = WordSink::new(&bench, "m_valid_o", "m_ready_i", &["m_data_o"]).stalls(sink_stalls, 2);
    (0..1000u32).for_each(|i| source.push(&[&i.wrapping_mul(0x9e37_79b9).to_le_bytes()]));
    while sink.received.len() < 1000 {
        bench.step(&mut [&mut source, &mut sink]);
    }
    (source.sent().to_vec(), sink)
}

#[test]
fn words_come_out_in_order_under_any_stalls() {
    for (source_stalls, sink_stalls) in [(0, 0), (50, 0), (0, 50), (30, 60), (70, 20)] {
        let (_, sink) = run(source_stalls, sink_stalls);
        for (i, (_, word)) in sink.received.iter().enumerate() {
            assert_eq!(word[0], (i as u32).wrapping_mul(0x9e37_79b9).to_le_bytes(), "word {i}");
        }
    }
}

#[test]
fn one_word_per_cycle_one_cycle_late() {
    let (sent, sink) = run(0, 0);
    for (i, (cycle, _)) in sink.received.iter().enumerate() {
        assert_eq!((sent[i], *cycle), (sent[0] + i as u64, sent[0] + i as u64 + 1));
    }
}

#[test]
fn ready_does_not_follow_the_output_combinationally() {
    let mut bench = Bench::new(&library(), 100);
    bench.set("s_valid_i", 1);
    bench.set("m_ready_i", 0);
    bench.clock();
    bench.clock();
    bench.settle();
    assert_eq!(bench.get("s_ready_o"), 0, "both registers are full");
    bench.set("m_ready_i", 1);
    bench.settle();
    assert_eq!(bench.get("s_ready_o"), 0, "ready must come from a register");
}
