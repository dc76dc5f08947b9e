// SPDX-License-Identifier: Apache-2.0

use std::format;
use std::string::ToString;
use std::vec;
use std::vec::Vec;

use proptest::prelude::*;

use crate::*;

/// A value written and read back through one type.
struct RoundTrip {
    name: &'static str,
    bits: usize,
    run: fn(&[u8], usize) -> Vec<u8>,
}

macro_rules! round_trips {
    ($($ty:ident,)*) => {
        vec![$(RoundTrip {
            name: stringify!($ty),
            bits: <$ty as Packed>::BITS,
            run: |buffer, at| {
                let value = <$ty>::unpack_from(buffer, at);
                let mut packed = buffer.to_vec();
                value.pack_into(&mut packed, at);
                assert_eq!(<$ty>::unpack_from(&packed, at), value);
                assert_eq!(<$ty>::from_bytes(&value.to_bytes()), Ok(value.clone()));
                assert!(<$ty>::from_bytes(&value.to_bytes()[1..]).is_err());
                packed
            },
        },)*]
    };
}

proptest! {
    #[test]
    fn any_bits_survive_a_round_trip(seed in prop::collection::vec(any::<u8>(), 640), at in 0usize..64) {
        for t in with_packed_types!(round_trips) {
            let bytes = (at + t.bits).div_ceil(8);
            let packed = (t.run)(&seed[..bytes], at);
            // Reserved bits may only be cleared; everything around the value stays.
            for (i, (old, new)) in seed.iter().zip(&packed).enumerate() {
                prop_assert_eq!(old & new, *new, "{} set a bit of byte {}", t.name, i);
            }
            prop_assert_eq!(bits::get(&packed, 0, at), bits::get(&seed, 0, at));
            let tail = bytes * 8 - at - t.bits;
            prop_assert_eq!(bits::get(&packed, at + t.bits, tail), bits::get(&seed, at + t.bits, tail));
        }
    }

    #[test]
    fn numbers_land_where_they_are_put(value: u128, width in 1usize..=128, at in 0usize..300) {
        let mut buffer = [0xff; 64];
        bits::put_wide(&mut buffer, at, width, value);
        let mask = if width == 128 { u128::MAX } else { (1 << width) - 1 };
        prop_assert_eq!(bits::get_wide(&buffer, at, width), value & mask);
        for bit in 0..512 {
            let expected = if (at..at + width).contains(&bit) { (value >> (bit - at)) as u8 & 1 } else { 1 };
            prop_assert_eq!(buffer[bit / 8] >> (bit % 8) & 1, expected);
        }
    }
}

#[test]
fn the_first_field_is_the_least_significant() {
    let intf = Intf { valid: true, mpls: false, vrf: 0x123, mac: 0x0200_0000_0001 };
    assert_eq!(intf.to_bytes(), [0x01, 0x23, 0x01, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x02]);
}

#[test]
fn bytes_keep_stream_order() {
    let mut beat = Beat { bytes: 3, sop: true, eop: true, ..Default::default() };
    beat.data[..3].copy_from_slice(&[0xaa, 0xbb, 0xcc]);
    let packed = beat.to_bytes();
    assert_eq!(&packed[..4], &[0xaa, 0xbb, 0xcc, 0]);
    assert_eq!(&packed[64..], &[0x83, 0x01]);
}

#[test]
fn ring_entries_fill_their_slots() {
    assert_eq!(CmdEntry::BYTES, param::CMD_ENTRY_BYTES);
    assert_eq!(CmdCompletion::BYTES, param::CMD_ENTRY_BYTES);
    assert_eq!(EventEntry::BYTES, param::EVENT_ENTRY_BYTES);
    assert_eq!(RxDesc::BYTES, param::RING_ENTRY_BYTES);
    assert_eq!(RingIndices::BYTES, param::RING_ENTRY_BYTES);
}

#[test]
fn secrets_are_not_shown() {
    let mut gcm = GcmKey { icv_len: 16, ..Default::default() };
    gcm.key = [0xee; 32];
    let sa = SaIn { valid: true, gcm, ..Default::default() };
    let text = format!("{sa:?}");
    assert!(text.contains("<secret>") && text.contains("icv_len: 16"), "{text}");
    assert!(!text.contains("238") && !text.contains("ee"), "{text}");
}

#[test]
fn codes_convert_both_ways() {
    for reason in DropReason::ALL {
        assert_eq!(DropReason::try_from(reason.code()), Ok(*reason));
        assert_eq!(reason.stage().is_none(), *reason == DropReason::None);
    }
    let unknown = DropReason::try_from(63).unwrap_err();
    assert_eq!(unknown.to_string(), "drop_reason has no code 63");
    assert_eq!(DropReason::NoRoute.to_string(), "NoRoute");
    assert_eq!(DropReason::NoRoute.stage(), Some(Stage::Forward));
}

#[test]
fn tables_know_their_records() {
    assert_eq!(TABLES.len(), Table::ALL.len());
    let hash = TABLES.iter().find(|t| t.table == SaHash::TABLE).unwrap();
    assert_eq!(hash.depth, SaHash::DEPTH);
    assert_eq!(hash.depth as usize, param::SA_HASH_WAYS * param::SA_HASH_ROWS + param::SA_STASH_DEPTH);
    assert_eq!(TABLES.iter().filter(|t| t.read_only).count(), 2);
    assert_eq!(TABLES.iter().find(|t| t.table == Table::SaInState).map(|t| t.read_only), Some(true));
    assert_eq!(FibResult::RECORD_BYTES, 3);
}

#[test]
fn register_fields_keep_each_other() {
    use reg::RingControl;
    let control = (RingControl::ENABLE | RingControl::IRQ_ENABLE).with_sq_log2(7).with_cq_log2(0x1f);
    assert_eq!(control.bits(), 0x000f_0703);
    assert_eq!(control.with_sq_log2(2).sq_log2(), 2);
    assert!(control.with_sq_log2(2).contains(RingControl::ENABLE));
}

#[test]
fn offsets_agree_with_the_mapped_block() {
    use core::mem::offset_of;
    assert_eq!(reg::ring_control(3), offset_of!(Bar0, ring) as u64 + 3 * size_of::<RingBlock>() as u64);
    assert_eq!(reg::drop_count(5), offset_of!(Bar0, drop_count) as u64 + 5 * size_of::<Counter>() as u64);
    assert_eq!(size_of::<Bar0>() as u64, reg::BAR0_BYTES);
}
