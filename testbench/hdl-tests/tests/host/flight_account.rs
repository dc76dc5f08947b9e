// SPDX-License-Identifier: Apache-2.0
//! flight_account: every packet in and out counts, and what only the host can free does not keep the clock.

use headend_hdl_tests::{Bench, Rng};
use headend_verilated::Model;

/// Places where packets leave a card with two pipelines.
const EXITS: u64 = 17;

fn bench() -> Bench {
    let model =
        Model::new("flight_account").param("LingerCycles", 8).param("StallCycles", 100).param("Exits", EXITS);
    Bench::new(&model.checked().build().unwrap(), 100_000)
}

fn step(bench: &mut Bench, arrived: u64, left: u64) -> u64 {
    bench.set("arrived_i", arrived);
    bench.set("left_i", left);
    bench.clock();
    bench.settle();
    bench.get("moving_o")
}

#[test]
fn moving_while_any_packet_is_inside() {
    let mut bench = bench();
    let mut rng = Rng::new(1);
    let mut inside = 0i64;
    for _ in 0..20_000 {
        let arrived = rng.below(8);
        let left = rng.next_u64() & rng.next_u64() & rng.next_u64() & ((1 << EXITS) - 1);
        inside += i64::from(arrived.count_ones()) - i64::from(left.count_ones());
        // Keep the account near zero, where it matters.
        let extra = (0..inside.clamp(0, EXITS as i64)).fold(0, |bits, n| bits | 1u64 << n);
        assert_eq!(step(&mut bench, arrived, left), u64::from(inside != 0));
        inside -= i64::from(extra.count_ones());
        assert_eq!(step(&mut bench, 0, extra), u64::from(inside != 0));
    }
}

#[test]
fn held_packets_stop_counting_after_a_while_without_progress() {
    let mut bench = bench();
    step(&mut bench, 1, 0);
    for _ in 0..300 {
        assert_eq!(step(&mut bench, 0, 0), 1, "not held: something will move it");
    }
    bench.set("held_i", 1);
    assert_eq!(step(&mut bench, 0, 0), 0);
    bench.set("progress_i", 1);
    assert_eq!(step(&mut bench, 0, 0), 1);
    bench.set("progress_i", 0);
    let cycles = (0..).take_while(|_| step(&mut bench, 0, 0) == 1).count();
    assert!((98..=101).contains(&cycles), "{cycles} cycles");
}

#[test]
fn busy_lingers() {
    let mut bench = bench();
    bench.set("busy_i", 1);
    step(&mut bench, 0, 0);
    bench.set("busy_i", 0);
    bench.settle();
    let cycles = (0..).take_while(|_| step(&mut bench, 0, 0) == 0 && bench.get("busy_o") == 1).count();
    assert_eq!(cycles, 7);
}
