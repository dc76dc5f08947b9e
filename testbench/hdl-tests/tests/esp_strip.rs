// SPDX-License-Identifier: Apache-2.0
//! esp_strip: only packets to decrypt are cut.

use headend_hdl_tests::{Bench, Packet, Rng, StreamSink, StreamSource};
use headend_regs::{GcmCtx, Meta, Op};
use headend_verilated::Model;

#[test]
fn packets_to_decrypt_lose_headers_and_padding_and_others_nothing() {
    let library = Model::new("esp_strip").checked().build().unwrap();
    for stalls in [(0, 0), (30, 40)] {
        let mut rng = Rng::new(1);
        let mut bench = Bench::new(&library, 100_000);
        let mut source = StreamSource::new(&bench, "s", &["s_meta_i", "s_ctx_i"]).stalls(stalls.0, 1);
        let mut sink = StreamSink::new(&bench, "m", &["m_meta_o", "m_ctx_o"]).stalls(stalls.1, 2);
        let mut expected = Vec::new();
        for i in 0..300u16 {
            let op = Op::ALL[rng.below(4) as usize];
            let decrypt = op == Op::Decrypt;
            let (strip, len) = (rng.range(50, 122) as usize, rng.range(20, 300) as usize);
            let data = rng.bytes(strip + len + rng.clone().below(20) as usize);
            let kept = if decrypt { strip..strip + len } else { 0..data.len() };
            let meta = Meta {
                op: op.code(),
                strip: strip as u8,
                len: kept.len() as u16,
                sa_in: i,
                seq: rng.next_u64(),
                ..Meta::default()
            };
            let ctx = GcmCtx { crypt: decrypt, len: i, ..GcmCtx::default() };
            source.push(Packet::new(data.clone()).side(meta.to_bytes()).side(ctx.to_bytes()));
            expected.push((data[kept].to_vec(), meta, ctx));
        }
        while sink.count() < expected.len() {
            bench.step(&mut [&mut source, &mut sink]);
        }
        for (data, meta, ctx) in expected {
            let got = sink.pop().unwrap();
            assert_eq!(got.data, data);
            assert_eq!(Meta::from_bytes(&got.sides[0]).unwrap(), meta);
            assert_eq!(GcmCtx::from_bytes(&got.sides[1]).unwrap(), ctx);
        }
    }
}

#[test]
fn two_cycles_of_latency_at_one_beat_per_cycle() {
    let library = Model::new("esp_strip").checked().build().unwrap();
    let mut bench = Bench::new(&library, 1_000);
    let mut source = StreamSource::new(&bench, "s", &["s_meta_i", "s_ctx_i"]);
    let mut sink = StreamSink::new(&bench, "m", &["m_meta_o", "m_ctx_o"]);
    for _ in 0..40 {
        let meta = Meta { op: Op::Forward.code(), len: 64, ..Meta::default() };
        source.push(Packet::new([1; 64]).side(meta.to_bytes()).side(GcmCtx::default().to_bytes()));
    }
    while sink.count() < 40 {
        bench.step(&mut [&mut source, &mut sink]);
    }
    for i in 0..40 {
        assert_eq!(sink.pop().unwrap().first_cycle, source.sent()[0].0 + i + 2);
    }
}
