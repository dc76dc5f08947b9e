// SPDX-License-Identifier: Apache-2.0
//! The agents of this crate against a module that can break the rules of the stream; the worked example of a
//! module test.

use headend_hdl_tests::{Bench, Packet, Rng, StreamSink, StreamSource, TableBus};
use headend_verilated::{Library, Model};
use std::sync::Arc;

fn beat_slice() -> Arc<Library> {
    Model::new("beat_slice")
        .source_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/rtl"))
        .checked()
        .build()
        .unwrap()
}

/// Random packets with random stalls on both sides come out unchanged and in order.
fn echo(fault: u64, packets: usize) {
    let mut bench = Bench::new(&beat_slice(), 100_000);
    bench.set("fault_i", fault);
    let mut source = StreamSource::new(&bench, "s", &["s_side_i"]).stalls(30, 1);
    let mut sink = StreamSink::new(&bench, "m", &["m_side_o"]).stalls(40, 2);
    let mut rng = Rng::new(3);
    let sent: Vec<Packet> = (0..packets)
        .map(|_| {
            let len = rng.range(1, 300) as usize;
            Packet::new(rng.bytes(len)).side(rng.bytes(2))
        })
        .collect();
    sent.iter().for_each(|p| source.push(p.clone()));
    while sink.count() < sent.len() {
        bench.step(&mut [&mut source, &mut sink]);
    }
    for packet in sent {
        let got = sink.pop().unwrap();
        assert_eq!((got.data, got.sides), (packet.data, packet.sides));
    }
}

#[test]
fn packets_pass_unchanged_and_in_order() {
    echo(0, 200);
}

#[test]
#[should_panic(expected = "unused bytes must be zero")]
fn sink_notices_dirty_bytes() {
    echo(1, 5);
}

#[test]
#[should_panic(expected = "valid fell")]
fn sink_notices_falling_valid() {
    echo(2, 50);
}

#[test]
#[should_panic(expected = "payload changed")]
fn sink_notices_changing_payload() {
    echo(3, 50);
}

#[test]
fn full_rate_has_no_bubbles_and_the_stated_latency() {
    let mut bench = Bench::new(&beat_slice(), 1_000);
    let mut source = StreamSource::new(&bench, "s", &["s_side_i"]);
    let mut sink = StreamSink::new(&bench, "m", &["m_side_o"]);
    (0..100).for_each(|i| source.push(Packet::new([i as u8; 64]).side([i as u8, 0])));
    while sink.count() < 100 {
        bench.step(&mut [&mut source, &mut sink]);
    }
    let first = source.sent()[0].0;
    for i in 0..100 {
        assert_eq!(sink.pop().unwrap().first_cycle, first + i + 1, "packet {i}");
    }
}

#[test]
#[should_panic(expected = "not done after 1000 cycles")]
fn a_stuck_module_ends_the_test() {
    let mut bench = Bench::new(&beat_slice(), 1_000);
    let mut source = StreamSource::new(&bench, "s", &["s_side_i"]);
    let mut sink = StreamSink::new(&bench, "m", &["m_side_o"]).stalls(100, 0);
    source.push(Packet::new([1]).side([0, 0]));
    while sink.count() < 1 {
        bench.step(&mut [&mut source, &mut sink]);
    }
}

#[test]
fn table_bus_writes_reads_and_notices_silence() {
    let mut bench = Bench::new(&beat_slice(), 1_000);
    let bus = TableBus::new(&bench);
    let record = Rng::new(4).bytes(40);
    bus.write(&mut bench, &mut [], 7, 3, &record);
    let read = bus.read(&mut bench, &mut [], 7, 3);
    assert_eq!((read.len(), &read[..40]), (224, &record[..]));
    assert!(read[40..].iter().all(|b| *b == 0));
    assert!(bus.is_silent(&mut bench, &mut [], 8, 0));
}
