// SPDX-License-Identifier: Apache-2.0
//! csr: byte strobes, latched counters, ring enable that reads back what the ring really does.

use headend_hdl_tests::{AxiLite, Bench};
use headend_regs::reg;
use headend_verilated::Model;

fn bench() -> Bench {
    Bench::new(&Model::new("csr").param("Build", 0x1234_5678).checked().build().unwrap(), 10_000)
}

fn access(bench: &mut Bench, addr: u64, write: Option<u32>) -> u32 {
    let mut master = AxiLite::new(bench);
    master.begin(addr as u16, write);
    loop {
        bench.step(&mut [&mut master]);
        if let Some(value) = master.finish() {
            return value;
        }
    }
}

#[test]
fn a_read_takes_three_cycles() {
    let mut bench = bench();
    let start = bench.cycles();
    assert_eq!(access(&mut bench, reg::BUILD, None), 0x1234_5678);
    assert_eq!(bench.cycles() - start, 3);
}

#[test]
fn a_low_word_latches_the_high_word_of_its_counter() {
    let mut bench = bench();
    bench.set("stat_hit_i", 1);
    bench.set("stat_data_i", 0x1111_2222_3333_4444);
    assert_eq!(access(&mut bench, reg::STAGE_IN, None), 0x3333_4444);
    bench.set("stat_data_i", 0x5555_6666_7777_8888);
    assert_eq!(access(&mut bench, reg::STAGE_IN + 4, None), 0x1111_2222);
    bench.set("stat_hit_i", 0);
    assert_eq!(access(&mut bench, 0x1480 - 8, None), 0, "no such counter");
}

#[test]
fn byte_strobes_choose_the_bytes() {
    let mut bench = bench();
    access(&mut bench, reg::EVENT_INTERVAL, Some(0x1122_3344));
    for (port, value) in [
        ("s_axil_awvalid", 1),
        ("s_axil_awaddr", reg::EVENT_INTERVAL),
        ("s_axil_wvalid", 1),
        ("s_axil_wdata", 0xaabb_ccdd),
        ("s_axil_wstrb", 0b0101),
        ("s_axil_bready", 1),
    ] {
        bench.set(port, value);
    }
    bench.clock();
    bench.set("s_axil_awvalid", 0);
    bench.set("s_axil_wvalid", 0);
    bench.clock();
    bench.clock();
    assert_eq!(access(&mut bench, reg::EVENT_INTERVAL, None), 0x11bb_33dd);
}

#[test]
fn enable_reads_one_until_the_ring_has_stopped() {
    let mut bench = bench();
    let control = reg::ring_control(1);
    access(&mut bench, control, Some(1 | 5 << 16));
    assert_eq!(bench.get("ring_enable_o"), 2);
    bench.set("ring_active_i", 2);
    access(&mut bench, reg::ring_cq_head(1), Some(9));
    access(&mut bench, control, Some(0));
    assert_eq!(bench.get("ring_enable_o"), 0);
    assert_eq!(access(&mut bench, control, None), 1 | 5 << 16, "still stopping");
    assert_eq!(access(&mut bench, reg::ring_cq_head(1), None), 0, "doorbells are cleared");

    access(&mut bench, control, Some(1));
    assert_eq!(bench.get("ring_enable_o"), 0, "a new start waits for the stop");
    bench.set("ring_active_i", 0);
    bench.clock();
    bench.clock();
    assert_eq!(bench.get("ring_enable_o"), 2);

    bench.set("ring_active_i", 2);
    access(&mut bench, reg::CONTROL, Some(2));
    assert_eq!((bench.get("ring_enable_o"), access(&mut bench, reg::CONTROL, None)), (0, 2));
    assert_eq!(bench.get("ring_cq_log2_o") >> 4 & 0xf, 5, "sizes stay while DMA may be under way");
    bench.set("ring_active_i", 0);
    bench.clock();
    bench.clock();
    assert_eq!(access(&mut bench, reg::CONTROL, None), 0);
    assert_eq!(access(&mut bench, control, None), 0);
}

#[test]
fn refused_accesses_of_one_cycle_all_count() {
    let mut bench = bench();
    bench.set("dma_err_i", 3);
    bench.clock();
    bench.clock();
    bench.set("dma_err_i", 1);
    bench.clock();
    bench.set("dma_err_i", 0);
    assert_eq!(access(&mut bench, reg::DMA_ERRORS, None), 5);
}
