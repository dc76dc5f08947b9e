// SPDX-License-Identifier: Apache-2.0
//! esp_finish: outer headers in front, ICV behind, late tags.

use headend_hdl_tests::{Bench, Packet, Rng, StreamSink, StreamSource, WordSource};
use headend_regs::{Meta, OuterHdr};
use headend_verilated::{Library, Model};
use std::sync::Arc;

fn library() -> Arc<Library> {
    Model::new("esp_finish").checked().build().unwrap()
}

struct Setup {
    bench: Bench,
    source: StreamSource,
    tags: WordSource,
    sink: StreamSink,
}

impl Setup {
    fn new(stalls: [u32; 3]) -> Self {
        let bench = Bench::new(&library(), 200_000);
        Self {
            source: StreamSource::new(&bench, "s", &["s_meta_i", "s_hdr_i"]).stalls(stalls[0], 1),
            tags: WordSource::new(&bench, "tag_valid_i", Some("tag_ready_o"), &["tag_i"])
                .stalls(stalls[1], 2),
            sink: StreamSink::new(&bench, "m", &["m_meta_o"]).stalls(stalls[2], 3),
            bench,
        }
    }

    fn step(&mut self) {
        self.bench.step(&mut [&mut self.source, &mut self.tags, &mut self.sink]);
    }

    /// A packet with `icv_len` and `hdr_len`, and what must come out.
    fn push(
        &mut self,
        rng: &mut Rng,
        len: usize,
        hdr_len: usize,
        icv_len: usize,
    ) -> (Vec<u8>, Meta, Vec<u8>) {
        let (data, tag) = (rng.bytes(len), rng.bytes(16));
        let mut hdr = OuterHdr { len: hdr_len as u8, icv_len: icv_len as u8, ..OuterHdr::default() };
        hdr.data.copy_from_slice(&rng.bytes(96));
        let meta = Meta { len: len as u16, egress: 1, resv: 9, ..Meta::default() };
        self.source.push(Packet::new(data.clone()).side(meta.to_bytes()).side(hdr.to_bytes()));
        let out = [&hdr.data[..hdr_len], &data, &tag[..icv_len]].concat();
        (out.clone(), Meta { len: out.len() as u16, ..meta }, tag)
    }
}

#[test]
fn headers_and_icv_enclose_the_packet() {
    for (seed, stalls) in [(1, [0, 0, 0]), (2, [30, 0, 30]), (3, [0, 80, 0]), (4, [20, 40, 60])] {
        let mut rng = Rng::new(seed);
        let mut setup = Setup::new(stalls);
        let mut expected = Vec::new();
        for _ in 0..500 {
            let len =
                if rng.chance(30) { 64 * rng.range(1, 3) + rng.below(20) - 10 } else { rng.range(1, 400) };
            let (hdr_len, icv_len) =
                [(0, 0), (50, 16), (50, 8), (58, 12), (96, 16), (64, 16)][rng.below(6) as usize];
            let (data, meta, tag) = setup.push(&mut rng, len as usize, hdr_len, icv_len);
            setup.tags.push(&[&tag]);
            expected.push((data, meta));
        }
        while setup.sink.count() < expected.len() {
            setup.step();
        }
        for (i, (data, meta)) in expected.into_iter().enumerate() {
            let got = setup.sink.pop().unwrap();
            assert_eq!((got.data, Meta::from_bytes(&got.sides[0]).unwrap()), (data, meta), "packet {i}");
        }
    }
}

#[test]
fn the_end_of_a_packet_waits_for_its_tag_while_the_next_ones_are_taken() {
    let mut rng = Rng::new(5);
    let mut setup = Setup::new([0, 0, 0]);
    let packets: Vec<_> = (0..4).map(|_| setup.push(&mut rng, 600, 50, 16)).collect();
    (0..100).for_each(|_| setup.step());
    assert!(setup.source.is_empty() && setup.sink.count() == 0 && setup.sink.in_packet());
    packets.iter().for_each(|(_, _, tag)| setup.tags.push(&[tag]));
    (0..100).for_each(|_| setup.step());
    assert_eq!(setup.sink.count(), 4);
    packets.into_iter().for_each(|(data, _, _)| assert_eq!(setup.sink.pop().unwrap().data, data));
}

#[test]
fn four_cycles_of_latency_and_an_output_without_gaps() {
    let mut rng = Rng::new(6);
    let mut setup = Setup::new([0, 0, 0]);
    for i in 0..50 {
        let (_, _, tag) = setup.push(&mut rng, [40, 300, 64, 110][i % 4], [50, 0][i % 2], [16, 0][i % 2]);
        setup.tags.push(&[&tag]);
    }
    while setup.sink.count() < 50 {
        setup.step();
    }
    let mut next = setup.source.sent()[0].0 + 4;
    for i in 0..50 {
        let got = setup.sink.pop().unwrap();
        assert_eq!(got.first_cycle, next, "packet {i}");
        assert_eq!(got.last_cycle - got.first_cycle + 1, got.data.len().div_ceil(64) as u64, "packet {i}");
        next = got.last_cycle + 1;
    }
}
