// SPDX-License-Identifier: Apache-2.0
//! Registers and counters.

use super::*;

#[test]
fn registers_have_their_reset_values_and_unmapped_ones_read_zero() {
    let mut rig = rig(1, 100_000);
    assert_eq!(rig.read(reg::ID), 0x4845_4144);
    assert_eq!(rig.read(reg::INTERFACE), 1 << 16);
    let caps = rig.read(reg::CAPS0);
    assert_eq!((caps & 0xf, caps >> 4 & 0xf, caps >> 12 & 7), (2, 1, 7), "ports, pipes, ESN and AES sizes");
    assert_eq!(rig.read(reg::EVENT_INTERVAL), 64);
    for table in TABLES {
        assert_eq!(rig.read(reg::TABLE_DEPTH + 4 * u64::from(table.table.code())), table.depth);
    }
    rig.write(0x3000, 5);
    assert_eq!(rig.read(0x3000), 0);
    assert_eq!(rig.read(reg::TABLE_DEPTH), 0);
    rig.write(reg::EVENT_INTERVAL, 0x1234_5678);
    assert_eq!(rig.read(reg::EVENT_INTERVAL), 0x1234_5678);
    let first = rig.counter(reg::CYCLE_LO);
    assert!(rig.counter(reg::CYCLE_LO) > first);
    rig.bench.set("link_up_i", 2);
    assert_eq!(rig.read(reg::STATUS) >> 8, 2);
}

#[test]
fn ring_addresses_change_only_while_the_ring_is_off() {
    let mut rig = rig(2, 100_000);
    rig.write(reg::ring_sq_base_lo(2), 0x1234_5fff);
    assert_eq!(rig.read(reg::ring_sq_base_lo(2)), 0x1234_5000, "bases are page aligned");
    rig.write(reg::ring_index_lo(2), 0x1234_5fff);
    assert_eq!(rig.read(reg::ring_index_lo(2)), 0x1234_5fc0);
    rig.write(reg::ring_sq_tail(2), 5);
    assert_eq!(rig.read(reg::ring_sq_tail(2)), 0, "no doorbell while off");
    rig.enable(Ring::Rx0, 4, 5);
    rig.write(reg::ring_sq_base_lo(2), 0);
    assert_ne!(rig.read(reg::ring_sq_base_lo(2)) | rig.read(reg::ring_sq_base_hi(2)), 0);
    rig.write(reg::ring_control(2), 1);
    assert_eq!(
        rig.read(reg::ring_control(2)),
        1 | 4 << 8 | 5 << 16,
        "sizes stay, the interrupt enable changes"
    );
    rig.disable(Ring::Rx0);
    rig.write(reg::CONTROL, 3);
    while rig.read(reg::CONTROL) & 2 != 0 {}
    assert_eq!(rig.read(reg::ring_control(2)), 0);
    assert_eq!(rig.read(reg::CONTROL), 1, "soft reset leaves the ports alone");
}

#[test]
fn drops_of_all_stages_in_one_cycle_are_counted() {
    let mut rig = rig(23, 100_000);
    let sites = ["rx0", "rx1", "classify", "commit", "forward", "qos", "encap"];
    for site in sites {
        let record = DropRecord { reason: DropReason::NoRoute.code(), ..DropRecord::default() };
        rig.bench.set_bytes(format!("drop_{site}_i").as_str(), &record.to_bytes());
    }
    rig.bench.set("drop_valid_i", 0x7f);
    rig.run(100);
    rig.bench.set("drop_valid_i", 0);
    assert_eq!(drops(&mut rig, DropReason::NoRoute), 700);
    assert_eq!(drops(&mut rig, DropReason::NoLabel), 0);
    for port in 0..2 {
        assert_eq!(rig.counter(reg::PORT_RX_DROPS + 8 * port), 100);
    }
}

#[test]
fn counters_of_stages_and_ports_add_up() {
    let mut rig = rig(24, 100_000);
    rig.bench.set("stage_in_i", 0x7f);
    rig.bench.set("stage_out_i", 0x55);
    rig.bench.set("rx_frame_i", 3);
    rig.bench.set("tx_frame_i", 3);
    rig.bench.set("rx_bytes_i", 1500 << 16 | 60);
    rig.bench.set("tx_bytes_i", 9216 << 16 | 61);
    rig.run(1000);
    for port in ["stage_in_i", "stage_out_i", "rx_frame_i", "tx_frame_i"] {
        rig.bench.set(port, 0);
    }
    for n in 0..7 {
        assert_eq!(rig.counter(reg::STAGE_IN + 8 * n), 1000);
        assert_eq!(rig.counter(reg::STAGE_OUT + 8 * n), if n % 2 == 0 { 1000 } else { 0 });
    }
    for (register, want) in [
        (reg::PORT_RX_FRAMES, [1000, 1000]),
        (reg::PORT_RX_BYTES, [60_000, 1_500_000]),
        (reg::PORT_TX_FRAMES, [1000, 1000]),
        (reg::PORT_TX_BYTES, [61_000, 9_216_000]),
    ] {
        assert_eq!([rig.counter(register), rig.counter(register + 8)], want);
    }
}
