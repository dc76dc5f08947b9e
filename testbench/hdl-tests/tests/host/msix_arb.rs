// SPDX-License-Identifier: Apache-2.0
//! msix_arb: no interrupt is lost, pulses of a waiting vector merge, nobody starves.

use headend_hdl_tests::{Bench, Rng};
use headend_verilated::Model;

#[test]
fn every_pulse_is_followed_by_its_vector() {
    let library = Model::new("msix_arb").checked().build().unwrap();
    for seed in 0..20 {
        let mut bench = Bench::new(&library, 10_000);
        let mut rng = Rng::new(seed);
        let mut owed = [false; 4];
        let mut held = None;
        for cycle in 0..2_000 {
            let pulses = if cycle < 1_900 { rng.next_u64() & rng.next_u64() & 0xf } else { 0 };
            bench.set("irq_i", pulses);
            bench.set("msix_ready_i", u64::from(cycle >= 1_900 || rng.chance(40)));
            bench.settle();
            if bench.get("msix_valid_o") != 0 {
                let vector = bench.get("msix_vector_o") as usize;
                assert!(held.is_none_or(|h| h == vector), "an offered vector stays");
                held = Some(vector);
                if bench.get("msix_ready_i") != 0 {
                    assert!(owed[vector], "vector {vector} without a pulse before it");
                    owed[vector] = false;
                    held = None;
                }
            } else {
                assert!(held.is_none());
            }
            for (n, owed) in owed.iter_mut().enumerate() {
                *owed |= pulses >> n & 1 != 0;
            }
            bench.edge();
        }
        assert_eq!((owed, bench.get("busy_o")), ([false; 4], 0), "seed {seed}");
    }
}

#[test]
fn vectors_take_turns() {
    let library = Model::new("msix_arb").checked().build().unwrap();
    let mut bench = Bench::new(&library, 1_000);
    bench.set("irq_i", 0xf);
    bench.set("msix_ready_i", 1);
    let mut seen = [0; 4];
    for _ in 0..41 {
        bench.settle();
        if bench.get("msix_valid_o") != 0 {
            seen[bench.get("msix_vector_o") as usize] += 1;
        }
        bench.edge();
    }
    assert_eq!(seen, [10; 4]);
}
