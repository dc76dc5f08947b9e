// SPDX-License-Identifier: Apache-2.0
//! replay_window against a set of the numbers seen.

use headend_hdl_tests::Rng;
use headend_verilated::{Instance, Library, Model};
use std::collections::HashSet;
use std::sync::Arc;

#[derive(Debug, PartialEq, Eq, Clone, Copy)]
enum Verdict {
    Accept,
    Duplicate,
    Old,
}

/// The window in its plainest form: every number ever accepted.
struct SetModel {
    window: u64,
    top: u64,
    seen: HashSet<u64>,
}

impl SetModel {
    fn check(&mut self, seq: u64) -> Verdict {
        if self.window != 0 && seq <= self.top {
            if self.top - seq >= self.window {
                return Verdict::Old;
            }
            if self.seen.contains(&seq) {
                return Verdict::Duplicate;
            }
        }
        self.seen.insert(seq);
        self.top = self.top.max(seq);
        Verdict::Accept
    }
}

/// The module with the state of an SA.
struct Dut {
    dut: Instance,
    bitmap: Vec<u8>,
    top: u64,
}

impl Dut {
    fn new(library: &Arc<Library>, window: u64) -> Self {
        let mut dut = library.instance();
        dut.set("window_i", window);
        let bytes = dut.port("bitmap_i").bytes();
        Self { dut, bitmap: vec![0; bytes], top: 0 }
    }

    fn check(&mut self, seq: u64) -> Verdict {
        self.dut.set_bytes("bitmap_i", &self.bitmap);
        self.dut.set("top_i", self.top);
        self.dut.set("seq_i", seq);
        self.dut.eval();
        let bits = ["accept_o", "duplicate_o", "old_o"].map(|p| self.dut.get(p));
        let bitmap = self.dut.get_bytes("bitmap_o").to_vec();
        let top = self.dut.get("top_o");
        let verdict = match bits {
            [1, 0, 0] => Verdict::Accept,
            [0, 1, 0] => Verdict::Duplicate,
            [0, 0, 1] => Verdict::Old,
            _ => panic!("exactly one verdict, not {bits:?}"),
        };
        if verdict != Verdict::Accept {
            assert_eq!((&bitmap, top), (&self.bitmap, self.top), "a refused packet must change nothing");
        }
        (self.bitmap, self.top) = (bitmap, top);
        verdict
    }
}

/// The next number to try: mostly near the top, sometimes at the window's edges, sometimes a leap.
fn next(rng: &mut Rng, top: u64, window: u64, leap: u64) -> u64 {
    match rng.below(10) {
        0..=2 => top + 1,
        3 => top + rng.range(1, 70),
        4 => top.saturating_sub(window.saturating_sub(1) + rng.below(3)),
        5 => top + window + rng.below(3),
        6 => top + rng.below(leap),
        _ => top.saturating_sub(rng.below(window + 5)),
    }
}

#[test]
fn full_size_window_agrees_with_a_set() {
    let library = Model::new("replay_window").checked().build().unwrap();
    for (seed, window) in [(1, 1024), (2, 1023), (3, 64), (4, 1), (5, 0), (6, 33), (7, 1000)] {
        let mut rng = Rng::new(seed);
        let mut dut = Dut::new(&library, window);
        let mut model = SetModel { window, top: 0, seen: HashSet::new() };
        for i in 0..5_000 {
            // Cross 2^32 in the middle of the run.
            let seq = if i == 2_500 { 0xffff_fff0 } else { next(&mut rng, model.top, window, 3000) };
            assert_eq!(dut.check(seq), model.check(seq), "window {window} step {i} seq {seq}");
            assert_eq!(dut.top, model.top);
        }
    }
}

#[test]
fn small_window_agrees_with_a_set_for_every_position_of_the_ring() {
    let library =
        Model::new("replay_window").param("WindowMax", 8).param("SeqWidth", 16).checked().build().unwrap();
    for window in 0..=8 {
        let mut rng = Rng::new(window);
        let mut dut = Dut::new(&library, window);
        let mut model = SetModel { window, top: 0, seen: HashSet::new() };
        while model.top < 5_000 {
            let seq = next(&mut rng, model.top, window, 20);
            assert_eq!(dut.check(seq), model.check(seq), "window {window} top {} seq {seq}", model.top);
        }
    }
}

#[test]
fn a_window_larger_than_the_ring_counts_as_the_ring() {
    let library = Model::new("replay_window").checked().build().unwrap();
    let mut dut = Dut::new(&library, 4095);
    assert_eq!(dut.check(2000), Verdict::Accept);
    assert_eq!(dut.check(2000 - 1023), Verdict::Accept);
    assert_eq!(dut.check(2000 - 1024), Verdict::Old);
}

#[test]
fn the_last_number_of_the_space_is_usable_once() {
    let library = Model::new("replay_window").checked().build().unwrap();
    let mut dut = Dut::new(&library, 1024);
    assert_eq!(dut.check(u64::MAX - 1), Verdict::Accept);
    assert_eq!(dut.check(u64::MAX), Verdict::Accept);
    assert_eq!(dut.check(u64::MAX), Verdict::Duplicate);
    assert_eq!(dut.check(0), Verdict::Old);
}
