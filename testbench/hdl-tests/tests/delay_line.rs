// SPDX-License-Identifier: Apache-2.0
//! delay_line: the delay, for every kind of implementation.

use headend_hdl_tests::Rng;
use headend_verilated::Model;

#[test]
fn output_is_the_input_of_cycles_ago() {
    for cycles in [0usize, 1, 2, 3, 17] {
        let library = Model::new("delay_line")
            .param("Width", 40)
            .param("Cycles", cycles as u64)
            .checked()
            .build()
            .unwrap();
        let mut dut = library.instance();
        dut.set("d_i", 0);
        dut.reset(20);
        let mut rng = Rng::new(3);
        let mut sent = vec![0u64; cycles];
        for _ in 0..200 {
            let word = rng.below(1 << 40);
            sent.push(word);
            dut.set("d_i", word);
            dut.settle();
            assert_eq!(dut.get("q_o"), sent[sent.len() - 1 - cycles], "delay of {cycles}");
            dut.edge();
        }
    }
}

#[test]
fn reset_flushes_what_was_inside() {
    let library = Model::new("delay_line").param("Width", 8).param("Cycles", 6).checked().build().unwrap();
    let mut dut = library.instance();
    dut.set("rst_ni", 1);
    dut.set("d_i", 0xff);
    (0..10).for_each(|_| dut.clock());
    dut.set("d_i", 0);
    dut.reset(6);
    for _ in 0..10 {
        dut.settle();
        assert_eq!(dut.get("q_o"), 0);
        dut.edge();
    }
}
