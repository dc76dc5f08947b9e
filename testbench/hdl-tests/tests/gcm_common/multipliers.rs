// SPDX-License-Identifier: Apache-2.0
//! The GHASH multipliers of the engine (`ghash_lanes`, `ghash_fold`) without the engine: tags of any blocks, so also of
//! published cases whose AAD is not that of ESP.

use super::{aes_block, ghash_blocks, power, Vector, GHASH_LATENCY};
use headend_hdl_tests::{Bench, PulseMonitor, Rng};
use headend_verilated::Model;

/// A random element.
pub(crate) fn random(rng: &mut Rng) -> u128 {
    u128::from(rng.next_u64()) << 64 | u128::from(rng.next_u64())
}

/// The element on a port.
pub(crate) fn to_u128(bytes: &[u8]) -> u128 {
    u128::from_le_bytes(bytes[..16].try_into().unwrap())
}

/// The terminal sums of each packet, oldest first, from `ghash_lanes`. Slots of a packet pause in `gaps` percent
/// of the cycles; with 0 all packets follow each other without a pause.
fn lane_sums(packets: &[(u128, Vec<u128>)], gaps: u32) -> Vec<Vec<u128>> {
    let library = Model::new("ghash_lanes").checked().build().unwrap();
    let mut rng = Rng::new(9);
    let mut bench = Bench::new(&library, 1_000_000);
    let mut monitor = PulseMonitor::new(&bench, "valid_o", &["sum_o"]);
    let mut counts = Vec::new();
    for (h, blocks) in packets {
        let slots = blocks.len().div_ceil(4);
        let mut padded = vec![0; slots * 4 - blocks.len()];
        padded.extend(blocks);
        let powers: Vec<u8> = (1..=4).flat_map(|n| power(*h, n).to_le_bytes()).collect();
        let terminal = slots.min(GHASH_LATENCY);
        for (slot, quad) in padded.chunks(4).enumerate() {
            while rng.chance(gaps) {
                bench.set("valid_i", 0);
                bench.step(&mut [&mut monitor]);
            }
            bench.set("valid_i", 1);
            bench.set("no_sum_i", u64::from(slot < GHASH_LATENCY));
            bench.set("terminal_i", u64::from(slot >= slots - terminal));
            bench.set("phase_i", slot as u64 % 4);
            bench.set_bytes("blocks_i", &quad.iter().flat_map(|b| b.to_le_bytes()).collect::<Vec<_>>());
            bench.set_bytes("powers_i", &powers);
            bench.set_u128("feedback_i", power(*h, 4 * GHASH_LATENCY));
            bench.step(&mut [&mut monitor]);
        }
        counts.push(terminal);
    }
    bench.set("valid_i", 0);
    bench.run(&mut [&mut monitor], 10);
    let mut sums = monitor.seen.iter().map(|(_, word)| to_u128(&word[0]));
    let grouped = counts.iter().map(|n| sums.by_ref().take(*n).collect()).collect();
    assert_eq!(sums.next(), None, "more sums than terminal slots");
    grouped
}

/// The tags of packets with these terminal sums, from `ghash_fold`, with cycles from the last sum to the tag.
fn fold(packets: &[(u128, u128, Vec<u128>)], gaps: u32) -> Vec<(u64, u128)> {
    let library = Model::new("ghash_fold").checked().build().unwrap();
    let mut rng = Rng::new(10);
    let mut bench = Bench::new(&library, 1_000_000);
    let mut monitor = PulseMonitor::new(&bench, "valid_o", &["tag_o"]);
    let mut ends = Vec::new();
    for (h, mask, sums) in packets {
        for (i, sum) in sums.iter().enumerate() {
            while rng.chance(gaps) {
                bench.set("valid_i", 0);
                bench.step(&mut [&mut monitor]);
            }
            let to_end = sums.len() - 1 - i;
            bench.set("valid_i", 1);
            bench.set("first_i", u64::from(i == 0));
            bench.set("to_end_i", to_end as u64);
            bench.set_u128("sum_i", *sum);
            bench.set_u128("h4_i", if i == 0 { power(*h, 4) } else { random(&mut rng) });
            bench.set_u128("mask_i", if to_end == 0 { *mask } else { random(&mut rng) });
            if to_end == 0 {
                ends.push(bench.cycles());
            }
            bench.step(&mut [&mut monitor]);
        }
    }
    bench.set("valid_i", 0);
    bench.run(&mut [&mut monitor], 20);
    assert_eq!(monitor.seen.len(), packets.len());
    ends.iter().zip(&monitor.seen).map(|(end, (cycle, word))| (cycle - end, to_u128(&word[0]))).collect()
}

/// Tags of packets of (H, E(J0), blocks) from the multipliers of the engine.
pub(crate) fn tags(packets: &[(u128, u128, Vec<u128>)], gaps: u32) -> Vec<u128> {
    let lanes: Vec<_> = packets.iter().map(|(h, _, blocks)| (*h, blocks.clone())).collect();
    let folds: Vec<_> =
        packets.iter().zip(lane_sums(&lanes, gaps)).map(|((h, mask, _), sums)| (*h, *mask, sums)).collect();
    let out = fold(&folds, gaps);
    assert!(out.iter().all(|(latency, _)| *latency == 4), "the fold takes 4 cycles for any packet");
    out.into_iter().map(|(_, tag)| tag).collect()
}

/// H, E(J0) and GHASH blocks of a published case.
pub(crate) fn packet(v: &Vector) -> (u128, u128, Vec<u128>) {
    let mut j0 = [0; 16];
    j0[..12].copy_from_slice(&v.iv);
    j0[15] = 1;
    (aes_block(&v.key, 0), aes_block(&v.key, u128::from_be_bytes(j0)), ghash_blocks(&v.aad, &v.ct))
}
