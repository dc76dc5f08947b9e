// SPDX-License-Identifier: Apache-2.0
//! ram_1r1w against an array.

use headend_hdl_tests::{Bench, Rng};
use headend_verilated::Model;

#[test]
fn reads_match_an_array_and_see_simultaneous_writes() {
    let library = Model::new("ram_1r1w").param("Width", 24).param("Depth", 5).checked().build().unwrap();
    let mut bench = Bench::new(&library, 10_000);
    let mut rng = Rng::new(7);
    let mut model = [0u64; 5];
    let mut shown = None;
    for _ in 0..5_000 {
        let (write, read) = (rng.chance(50), rng.chance(60));
        let (waddr, raddr, data) = (rng.below(5), rng.below(5), rng.below(1 << 24));
        bench.set("we_i", write.into());
        bench.set("waddr_i", waddr);
        bench.set("wdata_i", data);
        bench.set("re_i", read.into());
        bench.set("raddr_i", raddr);
        bench.settle();
        if let Some(expected) = shown {
            assert_eq!(bench.get("rdata_o"), expected);
        }
        bench.edge();
        if write {
            model[waddr as usize] = data;
        }
        if read {
            shown = Some(model[raddr as usize]);
        }
    }
}
