// SPDX-License-Identifier: Apache-2.0
//! The real core behind the board: identity, and nonsense from every side at once.

use headend_regs::reg;
use headend_sim::card::{AxiTiming, AxisBeat, Card};
use headend_sim::dma::{BlockMemory, NoMemory};

/// SplitMix64.
struct Rng(u64);

impl Rng {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb)
    }

    fn below(&mut self, bound: u64) -> u64 {
        (self.next() >> 16) % bound
    }
}

#[test]
fn the_card_is_idle_after_power_up_and_tells_who_it_is() {
    let mut card = Card::new(NoMemory).unwrap();
    assert!(card.run_until_idle(100));
    assert_eq!(card.read32(reg::ID as u16).unwrap(), reg::ID_RESET);
    assert_eq!(card.read32(0xfffc).unwrap(), 0, "unmapped offsets read as zero");
    let cycle = card.read64(reg::CYCLE_LO as u16).unwrap();
    assert!(
        cycle.abs_diff(card.cycles()) < 64,
        "{cycle} cycles in the register, {} simulated",
        card.cycles()
    );
}

#[test]
fn a_card_has_the_pipelines_it_was_asked_for() {
    for pipes in [1, 2] {
        let mut card = Card::with_pipes(pipes, NoMemory).unwrap();
        assert_eq!(card.read32(reg::CAPS0 as u16).unwrap() >> 4 & 0xf, pipes as u32);
    }
}

/// One beat that no MAC would send.
fn wild_beat(rng: &mut Rng) -> AxisBeat {
    let keep = match rng.below(4) {
        0 => 0,
        1 => rng.next(),
        2 => u64::MAX >> rng.below(64),
        _ => u64::MAX,
    };
    AxisBeat { data: [rng.next() as u8; 64], keep, last: rng.below(8) == 0, error: rng.below(8) == 0 }
}

/// A register write that a confused driver could make: ring registers most of all.
fn wild_write(card: &mut Card<BlockMemory>, rng: &mut Rng) {
    let offset = match rng.below(4) {
        0 => rng.below(0x40) * 4,
        1 | 2 => 0x100 + rng.below(0x40) * 4,
        _ => rng.below(0x4000) * 4,
    };
    let value = match rng.below(5) {
        0 => 0,
        1 => u32::MAX,
        2 => 1 << rng.below(32),
        3 => rng.below(0x10000) as u32 & !63,
        _ => rng.next() as u32,
    };
    card.write32(offset as u16, value).unwrap();
}

#[test]
fn wild_registers_memory_and_ports_do_not_hang_the_card() {
    for seed in 1..=3 {
        let mut rng = Rng(seed);
        let mut memory = BlockMemory::new(0, 0x10000);
        memory.bytes.iter_mut().for_each(|b| *b = rng.next() as u8);
        let mut card =
            Card::with_library(&headend_sim::card::core_model(false).build().unwrap(), memory).unwrap();
        card.set_axi_timing(AxiTiming { latency: 5, stall_percent: 20, seed });
        for _ in 0..400 {
            wild_write(&mut card, &mut rng);
            let port = rng.below(2) as usize;
            match rng.below(3) {
                0 => card.push_frame(port, &vec![rng.next() as u8; 1 + rng.below(9300) as usize]),
                1 => card.push_bad_frame(port, &[7; 100]),
                _ => {
                    let count = 1 + rng.below(200);
                    card.push_beats(port, (0..count).map(|_| wild_beat(&mut rng)).collect());
                }
            }
            card.run(rng.below(200));
        }
        for port in 0..2 {
            card.push_beats(port, vec![AxisBeat { data: [0; 64], keep: u64::MAX, last: true, error: true }]);
        }
        card.write32(reg::CONTROL as u16, reg::Control::SOFT_RESET.bits()).unwrap();
        assert!(card.run_until_idle(200_000), "seed {seed}: not idle");
        assert_eq!(card.read32(reg::ID as u16).unwrap(), reg::ID_RESET, "seed {seed}");
        assert_eq!(
            card.read32(reg::CONTROL as u16).unwrap() & reg::Control::SOFT_RESET.bits(),
            0,
            "seed {seed}"
        );
        assert!(card.violations().is_empty(), "seed {seed}: {:?}", card.violations());
    }
}
