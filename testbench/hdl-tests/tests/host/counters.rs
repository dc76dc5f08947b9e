// SPDX-License-Identifier: Apache-2.0
//! counter_bank and stat_counters: no pulse is lost, each counter is at its place.

use headend_hdl_tests::{Bench, Rng};
use headend_regs::{reg, Stage};
use headend_verilated::Model;

#[test]
fn a_bank_counts_every_cycle() {
    let library = Model::new("counter_bank").param("Depth", 64).checked().build().unwrap();
    let mut bench = Bench::new(&library, 20_000);
    let mut rng = Rng::new(1);
    let mut want = [0u64; 64];
    for _ in 0..10_000 {
        let index = rng.below(4) + 60 * rng.below(2);
        let inc = rng.chance(90);
        want[index as usize] += u64::from(inc);
        bench.set("inc_i", u64::from(inc));
        bench.set("index_i", index);
        bench.clock();
    }
    bench.set("inc_i", 0);
    bench.clock();
    bench.set("rd_i", 1);
    for (index, want) in want.iter().enumerate() {
        bench.set("rd_index_i", index as u64);
        bench.clock();
        assert_eq!(bench.get("count_o"), *want, "counter {index}");
    }
}

/// What a stage counts in 1,000 cycles; in stage `one` only one of two pipelines works.
fn pipes_in(one: Stage, stage: u8) -> u64 {
    let shared = (Stage::Classify.code()..=Stage::Encap.code()).contains(&stage);
    if shared && stage != one.code() {
        2_000
    } else {
        1_000
    }
}

#[test]
fn counters_stand_at_their_register_and_nowhere_else() {
    let library = Model::new("stat_counters").param("NumPipes", 2).checked().build().unwrap();
    let mut bench = Bench::new(&library, 100_000);
    for (port, value) in [
        // Pipeline 0 in every cycle; pipeline 1 too, but in its stages Commit in and Qos out.
        ("stage_in_i", 0b11101_11111),
        ("stage_out_i", 0b10111_11111),
        ("host_in_i", 3),
        ("host_out_i", 3),
        ("rx_frame_i", 3),
        ("rx_stored_i", 3),
        ("rx_drop_i", 3),
        ("tx_frame_i", 3),
        ("host_reason_i", 12),
        ("rx_bytes_i", 65_535 << 16 | 100),
        ("tx_bytes_i", 9_216 << 16 | 60),
    ] {
        bench.set(port, value);
    }
    for _ in 0..1_000 {
        bench.clock();
    }
    for port in [
        "stage_in_i",
        "stage_out_i",
        "host_in_i",
        "host_out_i",
        "rx_frame_i",
        "rx_stored_i",
        "rx_drop_i",
        "tx_frame_i",
    ] {
        bench.set(port, 0);
    }
    bench.clock();
    bench.set("rd_i", 1);
    for addr in (reg::STAGE_IN..0x1500).step_by(8) {
        let want = match addr {
            a if a < reg::STAGE_IN + 72 => Some(pipes_in(Stage::Commit, ((a - reg::STAGE_IN) / 8) as u8)),
            a if (reg::STAGE_OUT..reg::STAGE_OUT + 72).contains(&a) => {
                Some(pipes_in(Stage::Qos, ((a - reg::STAGE_OUT) / 8) as u8))
            }
            a if a == reg::HOST_REASON_COUNT + 96 => Some(1_000),
            a if (reg::HOST_REASON_COUNT..reg::HOST_REASON_COUNT + 256).contains(&a) => Some(0),
            reg::PORT_RX_BYTES => Some(100_000),
            a if a == reg::PORT_RX_BYTES + 8 => Some(65_535_000),
            reg::PORT_TX_BYTES => Some(60_000),
            a if a == reg::PORT_TX_BYTES + 8 => Some(9_216_000),
            a if (reg::PORT_RX_FRAMES..=reg::HOST_TX_FRAMES).contains(&a) => Some(1_000),
            _ => None,
        };
        bench.set("rd_addr_i", addr);
        bench.clock();
        bench.clock();
        let got = (bench.get("rd_hit_o") != 0).then(|| bench.get("rd_data_o"));
        assert_eq!(got, want, "at {addr:#x}");
    }
}
