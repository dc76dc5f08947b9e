// SPDX-License-Identifier: Apache-2.0
//! Multiplier, GHASH lanes and fold against the field arithmetic of NIST SP 800-38D.

mod gcm_common;

use gcm_common::multipliers::{packet, random, tags, to_u128};
use gcm_common::{ghash, multiply};
use headend_hdl_tests::{Bench, PulseMonitor, Rng};
use headend_verilated::Model;

#[test]
fn multiplier_equals_the_bitwise_product() {
    let mut rng = Rng::new(1);
    let mut pairs: Vec<(u128, u128)> = (0..500).map(|_| (random(&mut rng), random(&mut rng))).collect();
    // Every single coefficient against a dense element, on both sides, and the corners.
    let dense = random(&mut rng);
    pairs.extend((0..128).flat_map(|i| [(1 << i, dense), (dense, 1 << i), (1 << i, 1 << i)]));
    pairs.extend([(0, dense), (dense, 0), (u128::MAX, u128::MAX), (1 << 127, dense)]);

    let library = Model::new("gf128_mul").checked().build().unwrap();
    let mut bench = Bench::new(&library, 10_000);
    let mut monitor = PulseMonitor::new(&bench, "valid_o", &["p_o"]);
    let start = bench.cycles();
    for (a, b) in &pairs {
        bench.set("valid_i", 1);
        bench.set_u128("a_i", *a);
        bench.set_u128("b_i", *b);
        bench.step(&mut [&mut monitor]);
    }
    bench.set("valid_i", 0);
    bench.run(&mut [&mut monitor], 10);
    assert_eq!(monitor.seen.len(), pairs.len());
    for (i, ((a, b), (cycle, word))) in pairs.iter().zip(&monitor.seen).enumerate() {
        assert_eq!(cycle - start, i as u64 + 3, "latency of product {i}");
        assert_eq!(to_u128(&word[0]), multiply(*a, *b), "{a:032x} * {b:032x}");
    }
}

#[test]
fn ghash_is_right_for_every_number_of_blocks_and_any_pauses() {
    let mut rng = Rng::new(2);
    let mut packets: Vec<(u128, u128, Vec<u128>)> = Vec::new();
    for n in (1..=80).chain([96, 564, 577, 1, 2, 3, 4, 5, 1, 1, 1, 1, 21, 1, 16, 17]) {
        let (h, mask) = (random(&mut rng), random(&mut rng));
        packets.push((h, mask, (0..n).map(|_| random(&mut rng)).collect()));
    }
    let want: Vec<_> = packets.iter().map(|(h, mask, blocks)| ghash(*h, blocks) ^ mask).collect();
    for gaps in [0, 30, 80] {
        assert_eq!(tags(&packets, gaps), want, "pauses in {gaps} % of the cycles");
    }
}

#[test]
fn published_cases_give_their_tags() {
    let cases = [gcm_common::gcm_spec(), gcm_common::esp_draft()].concat();
    assert_eq!(cases.len(), 21);
    let got = tags(&cases.iter().map(packet).collect::<Vec<_>>(), 0);
    for (v, tag) in cases.iter().zip(got) {
        assert_eq!(tag.to_be_bytes()[..], v.tag, "case {}", v.case);
    }
}

#[test]
fn wycheproof_tags_are_reproduced_or_refused() {
    let cases = gcm_common::wycheproof();
    let got = tags(&cases.iter().map(|(v, _)| packet(v)).collect::<Vec<_>>(), 0);
    let mut refused = 0;
    for ((v, valid), tag) in cases.iter().zip(got) {
        assert_eq!(tag.to_be_bytes()[..] == v.tag, *valid, "case {}", v.case);
        refused += usize::from(!valid);
    }
    assert!(cases.len() > 100 && refused > 20, "{} cases, {refused} to refuse", cases.len());
}
