// SPDX-License-Identifier: Apache-2.0
//! Registers and counters.

use super::*;

#[test]
fn registers_have_their_reset_values_and_unmapped_ones_read_zero() {
    let mut rig = rig(1, 100_000);
    assert_eq!(rig.read(reg::ID), 0x4845_4144);
    assert_eq!(rig.read(reg::INTERFACE), 2 << 16);
    let caps = rig.read(reg::CAPS0);
    assert_eq!((caps & 0xf, caps >> 4 & 0xf), (2, param::NUM_PIPES as u32), "ports, pipes");
    type Has = reg::Caps0;
    let esp = Has::ESN | Has::AES128 | Has::AES256 | Has::TRANSPORT | Has::UDP_ENCAP | Has::OUTER_IPV6;
    let can = esp | Has::SA_LIMITS | Has::TFC;
    assert_eq!(Has::from_bits_retain(caps & !0xfff), can, "all but forwarding of IPv6");
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
    let record = DropRecord { reason: DropReason::NoRoute.code(), ..DropRecord::default() };
    for (port, sites) in [("rx_drop", 2), ("drop", 5 * param::NUM_PIPES)] {
        let mut records = vec![0; sites * DropRecord::BITS / 8];
        (0..sites).for_each(|n| record.pack_into(&mut records, n * DropRecord::BITS));
        rig.bench.set_bytes(format!("{port}_i").as_str(), &records);
        rig.bench.set(format!("{port}_valid_i").as_str(), (1 << sites) - 1);
    }
    rig.run(100);
    rig.bench.set("rx_drop_valid_i", 0);
    rig.bench.set("drop_valid_i", 0);
    assert_eq!(drops(&mut rig, DropReason::NoRoute), 100 * (2 + 5 * param::NUM_PIPES as u64));
    assert_eq!(drops(&mut rig, DropReason::NoLabel), 0);
    for port in 0..2 {
        assert_eq!(rig.counter(reg::PORT_RX_DROPS + 8 * port), 100);
    }
}

#[test]
fn counters_of_stages_and_ports_add_up() {
    let mut rig = rig(24, 100_000);
    // All stages of all pipelines take packets in; every second one lets them out.
    let pipes = |stages: u64| (0..param::NUM_PIPES).fold(0, |bits, _| bits << 5 | stages);
    rig.bench.set("stage_in_i", pipes(0x1f));
    rig.bench.set("stage_out_i", pipes(0x15));
    rig.bench.set("rx_frame_i", 3);
    rig.bench.set("rx_stored_i", 1);
    rig.bench.set("tx_frame_i", 3);
    rig.bench.set("rx_bytes_i", 1500 << 16 | 60);
    rig.bench.set("tx_bytes_i", 9216 << 16 | 61);
    rig.run(1000);
    for port in ["stage_in_i", "stage_out_i", "rx_frame_i", "rx_stored_i", "tx_frame_i"] {
        rig.bench.set(port, 0);
    }
    for n in 0..7 {
        let each = if n < 2 { 1000 } else { 1000 * param::NUM_PIPES as u64 };
        assert_eq!(rig.counter(reg::STAGE_IN + 8 * n), each);
        assert_eq!(rig.counter(reg::STAGE_OUT + 8 * n), if n % 2 == 0 { each } else { 0 });
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
