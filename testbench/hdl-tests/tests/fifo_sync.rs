// SPDX-License-Identifier: Apache-2.0
//! fifo_sync: order, exact capacity, count, rate and latency for several depths.

use headend_hdl_tests::{Bench, WordSink, WordSource};
use headend_verilated::{Library, Model};
use std::sync::Arc;

fn library(depth: u64) -> Arc<Library> {
    Model::new("fifo_sync").param("Width", 16).param("Depth", depth).checked().build().unwrap()
}

#[test]
fn order_and_count_hold_under_random_stalls() {
    for depth in [2, 3, 16] {
        let library = library(depth);
        for (source_stalls, sink_stalls) in [(0, 0), (60, 10), (10, 60), (40, 40)] {
            let mut bench = Bench::new(&library, 100_000);
            let mut source = WordSource::new(&bench, "s_valid_i", Some("s_ready_o"), &["s_data_i"])
                .stalls(source_stalls, 1);
            let mut sink =
                WordSink::new(&bench, "m_valid_o", "m_ready_i", &["m_data_o"]).stalls(sink_stalls, 2);
            (0..1000u16).for_each(|i| source.push(&[&i.to_le_bytes()]));
            while sink.received.len() < 1000 {
                bench.settle();
                let inside = source.sent().len() - sink.received.len();
                assert_eq!(bench.get("count_o"), inside as u64);
                bench.step(&mut [&mut source, &mut sink]);
            }
            for (i, (_, word)) in sink.received.iter().enumerate() {
                assert_eq!(word[0], (i as u16).to_le_bytes(), "word {i} of depth {depth}");
            }
        }
    }
}

#[test]
fn holds_exactly_depth_words() {
    for depth in [2, 3, 16] {
        let mut bench = Bench::new(&library(depth), 1_000);
        let mut source = WordSource::new(&bench, "s_valid_i", Some("s_ready_o"), &["s_data_i"]);
        let mut sink = WordSink::new(&bench, "m_valid_o", "m_ready_i", &["m_data_o"]).stalls(100, 0);
        (0..40u16).for_each(|i| source.push(&[&i.to_le_bytes()]));
        bench.run(&mut [&mut source, &mut sink], 60);
        assert_eq!(source.sent().len() as u64, depth);
    }
}

#[test]
fn full_rate_with_a_latency_of_two() {
    let mut bench = Bench::new(&library(3), 1_000);
    let mut source = WordSource::new(&bench, "s_valid_i", Some("s_ready_o"), &["s_data_i"]);
    let mut sink = WordSink::new(&bench, "m_valid_o", "m_ready_i", &["m_data_o"]);
    (0..100u16).for_each(|i| source.push(&[&i.to_le_bytes()]));
    while sink.received.len() < 100 {
        bench.step(&mut [&mut source, &mut sink]);
    }
    for (i, (cycle, _)) in sink.received.iter().enumerate() {
        assert_eq!(*cycle, source.sent()[0] + i as u64 + 2, "word {i}");
    }
}
