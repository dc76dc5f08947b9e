// SPDX-License-Identifier: Apache-2.0
//! The four AES lanes against FIPS-197 and the `aes` crate.

mod gcm_common;

use gcm_common::{aes_block, hex};
use headend_hdl_tests::{Bench, PulseMonitor, Rng};
use headend_verilated::Model;

/// Cycles through the lanes.
const LATENCY: u64 = 15;

/// Four blocks of one packet; `first` when the packet begins with them.
struct Quad {
    key: Vec<u8>,
    first: bool,
    blocks: [u128; 4],
}

/// Sends each entry in its own cycle (`None`: an empty cycle) and gives what came out with its cycle, counted
/// from the first entry.
fn run(quads: &[Option<Quad>]) -> Vec<(u64, Vec<u128>)> {
    let library = Model::new("aes_lanes").checked().build().unwrap();
    let mut bench = Bench::new(&library, quads.len() as u64 + 100);
    let mut monitor = PulseMonitor::new(&bench, "valid_o", &["blocks_o"]);
    let start = bench.cycles();
    for quad in quads {
        bench.set("valid_i", u64::from(quad.is_some()));
        if let Some(quad) = quad {
            bench.set("first_i", u64::from(quad.first));
            bench.set("aes256_i", u64::from(quad.key.len() == 32));
            bench.set_bytes("key_i", &quad.key);
            bench.set_bytes("blocks_i", &quad.blocks.map(u128::to_be_bytes).concat());
        }
        bench.step(&mut [&mut monitor]);
    }
    bench.set("valid_i", 0);
    bench.run(&mut [&mut monitor], LATENCY + 5);
    let to_u128 = |c: &[u8]| u128::from_be_bytes(c.try_into().unwrap());
    monitor
        .seen
        .iter()
        .map(|(cycle, word)| (cycle - start, word[0].chunks(16).map(to_u128).collect()))
        .collect()
}

/// FIPS-197, appendices B and C: key, plaintext, ciphertext.
const FIPS_197: [(&str, &str, &str); 3] = [
    (
        "2b7e151628aed2a6abf7158809cf4f3c",
        "3243f6a8885a308d313198a2e0370734",
        "3925841d02dc09fbdc118597196a0b32",
    ),
    (
        "000102030405060708090a0b0c0d0e0f",
        "00112233445566778899aabbccddeeff",
        "69c4e0d86a7b0430d8cdb78070b4c55a",
    ),
    (
        "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
        "00112233445566778899aabbccddeeff",
        "8ea2b7ca516745bfeafc49904b496089",
    ),
];

#[test]
fn fips_197_examples_come_out_of_every_lane() {
    for (key, plain, cipher) in FIPS_197 {
        let value = |text| u128::from_be_bytes(hex(text).try_into().unwrap());
        let got = run(&[Some(Quad { key: hex(key), first: true, blocks: [value(plain); 4] })]);
        assert_eq!(got, [(LATENCY, vec![value(cipher); 4])], "key {key}");
    }
}

#[test]
fn any_mix_of_keys_and_gaps_takes_the_same_time() {
    let mut rng = Rng::new(1);
    let mut key = Vec::new();
    let mut quads = Vec::new();
    for i in 0..2000 {
        if i > 0 && rng.chance(20) {
            quads.push(None);
            continue;
        }
        let first = key.is_empty() || rng.chance(40);
        if first {
            let bytes = if rng.chance(50) { 16 } else { 32 };
            key = rng.bytes(bytes);
        }
        let blocks = [0; 4].map(|_: u128| u128::from_be_bytes(rng.bytes(16).try_into().unwrap()));
        quads.push(Some(Quad { key: key.clone(), first, blocks }));
    }
    let want: Vec<_> = (0u64..)
        .zip(&quads)
        .filter_map(|(cycle, quad)| {
            let quad = quad.as_ref()?;
            Some((cycle + LATENCY, quad.blocks.map(|b| aes_block(&quad.key, b)).to_vec()))
        })
        .collect();
    assert!(run(&quads) == want, "lanes differ from the aes crate");
}

#[test]
fn key_is_read_only_with_the_first_blocks_schedule() {
    // The key input is constant over a packet, but the schedule must be the packet's own even when the next
    // packet's schedule follows in the cycle after.
    let (a, b) = (vec![0x11; 32], vec![0x22; 16]);
    let quad = |key: &Vec<u8>, first, n: u128| {
        Some(Quad { key: key.clone(), first, blocks: [n, n + 1, n + 2, n + 3] })
    };
    let got = run(&[
        quad(&a, true, 0),
        quad(&a, false, 4),
        quad(&b, true, 0),
        quad(&a, true, 8),
        quad(&a, false, 12),
    ]);
    let want = |key: &[u8], n: u128| (n..n + 4).map(|v| aes_block(key, v)).collect::<Vec<_>>();
    let blocks: Vec<_> = got.into_iter().map(|(_, blocks)| blocks).collect();
    assert_eq!(blocks, [want(&a, 0), want(&a, 4), want(&b, 0), want(&a, 8), want(&a, 12)]);
}
