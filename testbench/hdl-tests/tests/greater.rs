// SPDX-License-Identifier: Apache-2.0
//! greater: numbers of several widths that differ in any bit or none.

use headend_hdl_tests::Rng;
use headend_verilated::Model;

#[test]
fn compares_as_numbers_do() {
    for width in [1, 7, 8, 9, 16, 25, 48, 49, 54, 64] {
        let library = Model::new("greater").param("Width", width).checked().build().unwrap();
        let mut dut = library.instance();
        let mask = u64::MAX >> (64 - width);
        let mut rng = Rng::new(width);
        for i in 0..4000 {
            let a = rng.next_u64() & mask;
            // Equal, one bit apart, one step apart, unrelated.
            let b = match i % 4 {
                0 => a,
                1 => a ^ (1 << rng.below(width)),
                2 => a.wrapping_add(1) & mask,
                _ => rng.next_u64() & mask,
            };
            for (a, b) in [(a, b), (b, a)] {
                dut.set("a_i", a);
                dut.set("b_i", b);
                dut.eval();
                assert_eq!(dut.get("greater_o") == 1, a > b, "{width} bits: {a:#x} > {b:#x}");
            }
        }
    }
}
