// SPDX-License-Identifier: Apache-2.0
//! The board around the core, with a small core of its own (`tests/rtl/mini_core.sv`).

use headend_sim::card::{AxiTiming, AxisBeat, Card, CardError};
use headend_sim::dma::{BlockMemory, DmaTarget};
use headend_verilated::Model;

fn card() -> Card<BlockMemory> {
    let model = Model::new("mini_core").source_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/rtl"));
    let library = model.checked().build().unwrap();
    Card::with_library(&library, BlockMemory::new(0x1_0000_0000, 0x4000)).unwrap()
}

fn copy<D: DmaTarget>(card: &mut Card<D>, from: u64, to: u64, beats: u32) -> u32 {
    for (offset, value) in [(0x20, from), (0x28, to)] {
        card.write32(offset, value as u32).unwrap();
        card.write32(offset + 4, (value >> 32) as u32).unwrap();
    }
    card.write32(0x38, 5).unwrap();
    card.write32(0x30, beats).unwrap();
    assert!(card.run_until_idle(10_000));
    card.read32(0x34).unwrap()
}

#[test]
fn registers_read_and_write_with_strobes() {
    let mut card = card();
    assert_eq!(card.read32(0).unwrap(), 0x4845_4144);
    card.write32(0x10, 0x1122_3344).unwrap();
    card.write32_bytes(0x10, 0xaabb_ccdd, 0b0101).unwrap();
    assert_eq!(card.read32(0x10).unwrap(), 0x11bb_33dd);
    card.power_cycle();
    assert_eq!(card.read32(0x10).unwrap(), 0);
}

#[test]
fn register_that_never_answers_is_an_error_and_the_next_access_works() {
    let mut card = card();
    let error = card.read32(0x3c).unwrap_err();
    assert!(matches!(error, CardError::Timeout { access: "read", offset: 0x3c }), "{error}");
    assert_eq!(card.read32(0).unwrap(), 0x4845_4144);
}

#[test]
fn dma_copies_and_interrupts_under_any_timing() {
    for (latency, stall_percent) in [(0, 0), (25, 0), (3, 60)] {
        let mut card = card();
        card.set_axi_timing(AxiTiming { latency, stall_percent, seed: 7 });
        let data: Vec<u8> = (0..4096u32).map(|i| (i * 7) as u8).collect();
        card.dma_mut().slice(0x1_0000_1000, 4096).unwrap().copy_from_slice(&data);
        assert_eq!(copy(&mut card, 0x1_0000_1000, 0x1_0000_2000, 64), 0);
        let inverted: Vec<u8> = data.iter().map(|b| !b).collect();
        assert_eq!(card.dma_mut().slice(0x1_0000_2000, 4096).unwrap(), &inverted[..]);
        assert_eq!((card.pop_interrupt(), card.pop_interrupt()), (Some(5), None));
        assert!(card.violations().is_empty(), "{:?}", card.violations());
        assert_eq!(card.stats().dma_refused, 0);
    }
}

#[test]
fn write_strobes_leave_other_bytes_alone() {
    let mut card = card();
    card.write32(0x10, 1 << 31).unwrap();
    card.dma_mut().slice(0x1_0000_0000, 0x4000).unwrap().fill(0x33);
    assert_eq!(copy(&mut card, 0x1_0000_0000, 0x1_0000_1000, 2), 0);
    let written = card.dma_mut().slice(0x1_0000_1000, 128).unwrap();
    for (i, byte) in written.iter().enumerate() {
        let expected = if (4..40).contains(&(i % 64)) { 0xcc } else { 0x33 };
        assert_eq!(*byte, expected, "byte {i}");
    }
}

#[test]
fn refused_dma_gives_the_error_response() {
    let mut card = card();
    assert_eq!(copy(&mut card, 0x2_0000_0000, 0x1_0000_0000, 1), 0b0011);
    assert_eq!(copy(&mut card, 0x1_0000_0000, 0x1_0000_4000, 1), 0b1100);
    assert_eq!(card.stats().dma_refused, 2);
    assert_eq!(copy(&mut card, 0x1_0000_0000, 0x1_0000_1000, 1), 0, "the card goes on");
}

#[test]
fn broken_bursts_are_reported() {
    let mut card = card();
    copy(&mut card, 0x1_0000_0fc0, 0x1_0000_2020, 2);
    let found = card.violations().join("\n");
    assert!(found.contains("crosses a 4096-byte boundary") && found.contains("not aligned"), "{found}");
}

#[test]
fn frames_of_every_length_pass_and_the_card_is_idle_after() {
    let mut card = card();
    let frames: Vec<Vec<u8>> =
        [1usize, 63, 64, 65, 128, 1514, 9216].iter().map(|n| vec![*n as u8; *n]).collect();
    for frame in &frames {
        card.push_frame(0, frame);
        card.push_frame(1, frame);
    }
    assert!(!card.is_idle());
    assert!(card.run_until_idle(1_000));
    for frame in &frames {
        assert_eq!(card.pop_frame(0).as_ref(), Some(frame));
        assert_eq!(card.pop_frame(1).as_ref(), Some(frame));
    }
    assert_eq!(card.pop_frame(0), None);
    assert!(card.violations().is_empty(), "{:?}", card.violations());
}

#[test]
fn port_rate_spaces_frames() {
    let mut card = card();
    card.set_port_rate(0, 8);
    (0..5).for_each(|_| card.push_frame(0, &[0; 640]));
    assert!(card.run_until_idle(1_000));
    let ends: Vec<u64> = std::iter::from_fn(|| card.pop_frame_at(1)).map(|(cycle, _)| cycle).collect();
    assert!(ends.windows(2).all(|w| w[1] - w[0] == 80), "{ends:?}");
}

#[test]
fn broken_egress_beats_are_reported() {
    let mut card = card();
    let beat = AxisBeat { data: [1; 64], keep: 0xff00, last: true, error: false };
    card.push_beats(0, vec![beat]);
    assert!(card.run_until_idle(100));
    assert!(card.violations()[0].contains("tkeep"), "{:?}", card.violations());
}

#[test]
fn a_held_port_sends_nothing_and_its_beat_must_stay() {
    let mut card = card();
    card.hold_port(1, true);
    card.push_frame(0, &[5; 60]);
    card.push_frame(1, &[6; 60]);
    // The small core looks at no `tready`: it shows the frame for one cycle and goes on.
    assert!(card.run_until_idle(100));
    assert_eq!(card.pop_frame(0), Some(vec![6; 60]), "the other port is not held");
    assert_eq!((card.pop_frame(1), card.stats().frames_out), (None, [1, 0]));
    let broken = card.violations();
    assert!(broken.len() == 1 && broken[0].contains("port 1: a beat was withdrawn"), "{broken:?}");
    card.hold_port(1, false);
    card.push_frame(0, &[7; 60]);
    assert!(card.run_until_idle(100));
    assert_eq!(card.pop_frame(1), Some(vec![7; 60]), "let go");
    assert_eq!(card.violations().len(), 1);
}
