// SPDX-License-Identifier: Apache-2.0
//! fifo_fast: order, capacity, full rate, one cycle through.

use headend_hdl_tests::{Bench, WordSink, WordSource};
use headend_verilated::Model;

fn run(depth: u64, stall_in: u32, stall_out: u32) -> (Vec<u64>, Vec<u64>) {
    let library = Model::new("fifo_fast").param("Width", 16).param("Depth", depth).checked().build().unwrap();
    let mut bench = Bench::new(&library, 50_000);
    let mut source =
        WordSource::new(&bench, "s_valid_i", Some("s_ready_o"), &["s_data_i"]).stalls(stall_in, 1);
    let mut sink = WordSink::new(&bench, "m_valid_o", "m_ready_i", &["m_data_o"]).stalls(100, 2);
    for i in 0..2000_u16 {
        source.push(&[&i.to_le_bytes()]);
    }
    // Nothing is taken at first: exactly `depth` words fit.
    bench.run(&mut [&mut source, &mut sink], 200);
    assert_eq!(source.sent().len() as u64, depth);
    sink.set_stalls(stall_out);
    while sink.received.len() < 2000 {
        bench.step(&mut [&mut source, &mut sink]);
    }
    let words: Vec<u16> = sink.received.iter().map(|(_, w)| u16::from_le_bytes([w[0][0], w[0][1]])).collect();
    assert_eq!(words, (0..2000).collect::<Vec<_>>());
    (source.sent().to_vec(), sink.received.iter().map(|(cycle, _)| *cycle).collect())
}

#[test]
fn keeps_order_and_capacity_at_every_depth() {
    for depth in [2, 3, 4, 7, 16] {
        for (stall_in, stall_out) in [(0, 0), (50, 0), (0, 50), (40, 40)] {
            run(depth, stall_in, stall_out);
        }
    }
}

#[test]
fn takes_and_gives_a_word_in_every_cycle() {
    let (_, received) = run(4, 0, 0);
    assert_eq!(received[1999] - received[0], 1999);
}

#[test]
fn one_cycle_when_it_is_empty() {
    let (sent, received) = run(8, 70, 0);
    // Behind the words of the beginning.
    let late: Vec<u64> = (100..2000).map(|i| received[i] - sent[i]).collect();
    assert!(late.iter().all(|cycles| *cycles == 1), "{late:?}");
}
