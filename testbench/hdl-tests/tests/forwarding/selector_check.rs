// SPDX-License-Identifier: Apache-2.0
//! Module selector_check: selectors of both IP versions, stale SAs, and the packets it must not touch.

use crate::headers::{dropped, meta_of, noisy_meta, port_meta, through, PIPES};
use headend_hdl_tests::{Bench, Rng, TableBus};
use headend_regs::{DropReason, Meta, Op, Parsed, SaIn, Selector, Table};
use headend_verilated::{Library, Model};
use std::sync::Arc;

const LATENCY: u64 = 3;

fn model(pipes: u64) -> Arc<Library> {
    Model::new("selector_check").param("NumPipes", pipes).checked().build().unwrap()
}

fn load(bench: &mut Bench, sas: &[SaIn]) {
    let bus = TableBus::new(bench);
    for (i, sa) in sas.iter().enumerate() {
        bus.write(bench, &mut [], Table::SaIn.code(), i as u32, &sa.to_bytes());
        let back = SaIn::from_bytes(&bus.read(bench, &mut [], Table::SaIn.code(), i as u32)).unwrap();
        let shown = SaIn { sel: sa.sel, ..SaIn::default() };
        assert!(back.to_bytes() == shown.to_bytes(), "reads give the selector and nothing else");
    }
}

fn run(bench: &mut Bench, metas: &[Meta], gaps: u32) -> Vec<Meta> {
    let words: Vec<_> = metas.iter().map(|m| vec![m.to_bytes().to_vec()]).collect();
    let out = through(bench, &mut [], &["meta_i"], &["meta_o"], &words, LATENCY, gaps);
    out.iter().map(|w| meta_of(&w[0])).collect()
}

fn in_prefix(addr: u128, prefix: u128, len: u8, bits: u8) -> bool {
    let len = u32::from(len.min(bits));
    (0..len).all(|i| {
        let at = u32::from(bits) - 1 - i;
        addr >> at & 1 == prefix >> at & 1
    })
}

fn selected(sel: &Selector, p: &Parsed) -> bool {
    let bits = if sel.ipv6 { 128 } else { 32 };
    sel.any
        || (sel.ipv6 == p.is_ipv6
            && (sel.proto == 0 || sel.proto == p.proto)
            && in_prefix(p.src, sel.src, sel.src_len, bits)
            && in_prefix(p.dst, sel.dst, sel.dst_len, bits))
}

fn addr(rng: &mut Rng, ipv6: bool) -> u128 {
    let high = if ipv6 { u128::from(rng.next_u64()) << 64 | u128::from(rng.next_u64()) << 32 } else { 0 };
    high | u128::from(rng.next_u64() as u32)
}

fn random_sa(rng: &mut Rng) -> SaIn {
    let ipv6 = rng.chance(30);
    let len = |rng: &mut Rng| match rng.below(8) {
        0 => 0,
        1 => 255,
        _ => rng.range(0, if ipv6 { 128 } else { 33 }) as u8,
    };
    let sel = Selector {
        src: addr(rng, ipv6),
        dst: addr(rng, ipv6),
        src_len: len(rng),
        dst_len: len(rng),
        proto: [0, 0, 6, 17][rng.below(4) as usize],
        ipv6,
        any: rng.chance(10),
    };
    SaIn { valid: rng.chance(95), gen: rng.next_u64() as u8, sel, ..SaIn::default() }
}

#[test]
fn random_packets_pass_exactly_their_selectors() {
    let mut rng = Rng::new(51);
    let sas: Vec<SaIn> = (0..64).map(|_| random_sa(&mut rng)).collect();
    let metas: Vec<Meta> = (0..6_000)
        .map(|_| {
            let index = rng.below(64) as u16;
            let sa = &sas[usize::from(index)];
            let ipv6 = sa.sel.ipv6 ^ rng.chance(10);
            let bits = if sa.sel.ipv6 { 128 } else { 32 };
            // agrees with the prefix in a random number of bits
            let near = |rng: &mut Rng, prefix: u128| match rng.below(4) {
                0 => addr(rng, sa.sel.ipv6),
                1 => prefix ^ 1 << rng.below(bits),
                _ => prefix ^ (addr(rng, sa.sel.ipv6) >> rng.range(bits / 2, bits - 1)),
            };
            let parsed = Parsed {
                malformed: rng.chance(4),
                csum_bad: rng.chance(4),
                is_ipv4: !ipv6,
                is_ipv6: ipv6,
                src: near(&mut rng, sa.sel.src),
                dst: near(&mut rng, sa.sel.dst),
                proto: [6, 17, 1][rng.below(3) as usize],
                ..Parsed::default()
            };
            let gen = if rng.chance(95) { sa.gen } else { sa.gen ^ 1 };
            let meta = Meta {
                decrypted: rng.chance(90),
                op: if rng.chance(95) { Op::Forward } else { Op::Host }.code(),
                sa_in: index,
                sa_in_gen: gen,
                parsed,
                ..port_meta(0, 100)
            };
            noisy_meta(&mut rng, meta)
        })
        .collect();
    let (mut passed, mut refused) = (0, 0);
    for (pipes, gaps) in PIPES.into_iter().flat_map(|n| [(n, 0), (n, 30)]) {
        let mut bench = Bench::new(&model(pipes), 100_000);
        load(&mut bench, &sas);
        for (got, meta) in run(&mut bench, &metas, gaps).iter().zip(&metas) {
            let sa = &sas[usize::from(meta.sa_in)];
            let p = &meta.parsed;
            let want = match () {
                () if !meta.decrypted || meta.op != Op::Forward.code() => *meta,
                () if p.malformed => dropped(meta, DropReason::InnerMalformed),
                () if p.csum_bad => dropped(meta, DropReason::InnerChecksum),
                () if sa.valid && sa.gen == meta.sa_in_gen && selected(&sa.sel, p) => *meta,
                () => dropped(meta, DropReason::SelectorMismatch),
            };
            assert_eq!(*got, want, "{:?}", sa.sel);
            passed += u32::from(meta.decrypted && want.op == 0);
            refused += u32::from(want.drop == DropReason::SelectorMismatch.code());
        }
    }
    assert!(passed > 500 && refused > 500, "both verdicts are tested: {passed} {refused}");
}
