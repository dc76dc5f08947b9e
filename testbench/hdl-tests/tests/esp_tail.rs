// SPDX-License-Identifier: Apache-2.0
//! esp_tail against slicing: ICV, padding of every length across beat boundaries, inner length, latency.

use headend_hdl_tests::{Bench, PulseMonitor, Rng};
use headend_regs::Beat;
use headend_verilated::{Library, Model};
use std::sync::Arc;

fn library() -> Arc<Library> {
    Model::new("esp_tail").checked().build().unwrap()
}

struct Case {
    data: Vec<u8>,
    icv_len: usize,
}

/// What the module must find: beats, ICV, trailer verdict, next header, inner length when the verdict is good.
fn expected(case: &Case) -> (usize, Vec<u8>, bool, u8, Option<usize>) {
    let (clear, icv) = case.data.split_at(case.data.len() - case.icv_len);
    let (rest, tail) = clear.split_at(clear.len() - 2);
    let pad_len = usize::from(tail[0]);
    let good = pad_len <= rest.len()
        && rest[rest.len() - pad_len..].iter().enumerate().all(|(i, byte)| usize::from(*byte) == i + 1);
    let mut padded_icv = icv.to_vec();
    padded_icv.resize(16, 0);
    (case.data.len().div_ceil(64), padded_icv, good, tail[1], good.then(|| rest.len() - pad_len))
}

fn run(cases: &[Case], gap_percent: u32) {
    let mut bench = Bench::new(&library(), 100_000);
    let ports = ["len_o", "beats_o", "icv_o", "trailer_ok_o", "next_header_o", "inner_len_o"];
    let mut monitor = PulseMonitor::new(&bench, "valid_o", &ports);
    let mut rng = Rng::new(99);
    let mut ends = Vec::new();
    for case in cases {
        for (i, chunk) in case.data.chunks(64).enumerate() {
            while rng.chance(gap_percent) {
                bench.set("valid_i", 0);
                bench.step(&mut [&mut monitor]);
            }
            let mut beat = Beat { bytes: chunk.len() as u8, sop: i == 0, ..Beat::default() };
            beat.eop = 64 * i + chunk.len() == case.data.len();
            beat.data[..chunk.len()].copy_from_slice(chunk);
            bench.set("valid_i", 1);
            bench.set_bytes("beat_i", &beat.to_bytes());
            bench.set("icv_len_i", if i == 0 { case.icv_len as u64 } else { 31 });
            if beat.eop {
                ends.push(bench.cycles());
            }
            bench.step(&mut [&mut monitor]);
        }
    }
    bench.set("valid_i", 0);
    bench.run(&mut [&mut monitor], 5);
    assert_eq!(monitor.seen.len(), cases.len());
    for (i, (case, (cycle, word))) in cases.iter().zip(&monitor.seen).enumerate() {
        let number = |bytes: &[u8]| usize::from(bytes[0]) | usize::from(*bytes.get(1).unwrap_or(&0)) << 8;
        let (beats, icv, good, next_header, inner_len) = expected(case);
        assert_eq!(*cycle, ends[i] + 4, "latency of packet {i}");
        assert_eq!((number(&word[0]), number(&word[1])), (case.data.len(), beats), "packet {i}");
        assert_eq!((&word[2], word[3][0] == 1, word[4][0]), (&icv, good, next_header), "packet {i}");
        if let Some(inner_len) = inner_len {
            assert_eq!(number(&word[5]), inner_len, "packet {i}");
        }
    }
}

fn case(rng: &mut Rng, inner: usize, pad: usize, icv_len: usize) -> Case {
    let mut data = rng.bytes(inner);
    data.extend((1..=pad).map(|i| i as u8));
    data.extend([pad as u8, 4]);
    data.extend(rng.bytes(icv_len));
    Case { data, icv_len }
}

#[test]
fn right_padding_of_every_length_at_every_position_in_a_beat() {
    let mut rng = Rng::new(1);
    let cases: Vec<Case> = (0..256)
        .flat_map(|pad| (0..4).map(move |i| (pad, i)))
        .map(|(pad, i)| {
            let inner = rng.below(140) as usize;
            case(&mut rng, inner, pad, [8, 12, 16, 16][i])
        })
        .collect();
    run(&cases, 0);
    run(&cases[..400], 30);
}

/// One wrong byte anywhere in the padding, or a wrong pad length, is found.
#[test]
fn wrong_padding_is_found() {
    let mut rng = Rng::new(2);
    let mut cases = Vec::new();
    for _ in 0..1500 {
        let (inner, pad) = (rng.below(140) as usize, rng.range(1, 255) as usize);
        let icv_len = [8, 12, 16][rng.below(3) as usize];
        let mut case = case(&mut rng, inner, pad, icv_len);
        let end = case.data.len() - icv_len;
        let at = if rng.chance(20) { end - 2 } else { end - 2 - rng.range(1, pad as u64) as usize };
        case.data[at] ^= rng.range(1, 255) as u8;
        cases.push(case);
    }
    // A run that goes on to the left of the padding is no fault.
    cases.push(Case { data: [&[5, 6, 7, 8, 1, 2, 3, 3, 4][..], &[0; 16]].concat(), icv_len: 16 });
    cases.push(Case { data: [&[9, 0, 1, 2, 3, 3, 4][..], &[0; 8]].concat(), icv_len: 8 });
    run(&cases, 10);
}

#[test]
fn a_pad_length_beyond_the_packet_is_found() {
    let cases: Vec<Case> = (0..60)
        .map(|room| {
            let mut data: Vec<u8> = (0..room).map(|i| (200 - room + i + 1) as u8).collect();
            data.extend([200, 4]);
            data.extend([0; 12]);
            Case { data, icv_len: 12 }
        })
        .collect();
    assert!(cases.iter().all(|c| !expected(c).2));
    run(&cases, 0);
}
