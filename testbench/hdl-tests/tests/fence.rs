// SPDX-License-Identifier: Apache-2.0
//! Fence: the account of the lookup stages alone against a model of them, and the whole card under load.

mod card_rig;
mod gcm_common;

use card_rig::*;
use gcm_common::seal;
use headend_hdl_tests::{Bench, Rng};
use headend_regs::{reg, Adj, AdjKind, CmdEntry, CmdOp, DropReason, Egress, Intf, Stage};
use headend_verilated::Model;
use std::collections::VecDeque;

/// Most cycles from an admission to its pulse: less than `HeadCycles` of fence_drain.
const ADMISSION_CYCLES: u64 = 3;
/// `HeadCycles` and `TailCycles` of fence_drain and its steps from section to section.
const OVERHEAD: u64 = 24;

/// The three sections; a packet is its number, and the cycle from which it may go on.
#[derive(Default)]
struct Sections {
    queues: [VecDeque<(u64, u64)>; 3],
    /// Cycles of admission pulses to come.
    admissions: VecDeque<u64>,
    admitted: u64,
    /// Packets that left, by any exit.
    left: Vec<u64>,
}

impl Sections {
    fn inside(&self) -> usize {
        self.queues.iter().map(VecDeque::len).sum()
    }

    /// One cycle: section `n` lets its next packet go with `pace[n]` percent, and refuses it with `refuse` percent.
    fn step(&mut self, bench: &mut Bench, rng: &mut Rng, admit: u32, pace: [u32; 3], refuse: u32) {
        let now = bench.cycles();
        let mut pulses = [
            ("admitted_i", false),
            ("classified_i", false),
            ("classified_drop_i", false),
            ("judged_i", false),
            ("judged_drop_i", false),
            ("forwarded_i", false),
            ("forwarded_drop_i", false),
        ];
        if rng.chance(admit) {
            self.queues[0].push_back((self.admitted, now + ADMISSION_CYCLES + 1));
            self.admissions.push_back(now + ADMISSION_CYCLES);
            self.admitted += 1;
        }
        if self.admissions.front().is_some_and(|at| *at == now) {
            self.admissions.pop_front();
            pulses[0].1 = true;
        }
        for (n, pace) in pace.into_iter().enumerate() {
            let Some((packet, from)) = self.queues[n].front().copied() else { continue };
            if from > now || !rng.chance(pace) {
                continue;
            }
            self.queues[n].pop_front();
            let refused = rng.chance(refuse);
            match n {
                0 => pulses[if refused { 2 } else { 1 }].1 = true,
                1 => {
                    pulses[3].1 = true;
                    pulses[4].1 = refused;
                }
                _ => pulses[if refused { 6 } else { 5 }].1 = true,
            }
            if refused || n == 2 {
                self.left.push(packet);
            } else {
                self.queues[n + 1].push_back((packet, now + 1));
            }
        }
        for (name, value) in pulses {
            bench.set(name, u64::from(value));
        }
        bench.clock();
        bench.settle();
    }
}

#[test]
fn a_fence_ends_when_the_last_packet_has_left_and_not_before() {
    let library = Model::new("fence_drain").checked().build().expect("fence_drain builds");
    let mut bench = Bench::new(&library, 2_000_000);
    let mut rng = Rng::new(1);
    let mut sections = Sections::default();
    let mut waited = 0;
    for fence in 0..300 {
        // Sections that fill up and run empty, all refused, none refused, and bursts between them.
        let pace = [0; 3].map(|_| [5, 40, 100][rng.below(3) as usize]);
        let refuse = [0, 30, 100][rng.below(3) as usize];
        let admit = if sections.inside() > 400 { 0 } else { [0, 20, 90][rng.below(3) as usize] };
        for _ in 0..rng.below(300) {
            sections.step(&mut bench, &mut rng, admit, pace, refuse);
        }
        let before = sections.admitted;
        let mut old = sections.inside();
        bench.set("start_i", 1);
        let start = bench.cycles();
        let mut last_left = start;
        let mut seen = sections.left.len();
        loop {
            sections.step(&mut bench, &mut rng, admit.min(4), pace, refuse);
            bench.set("start_i", 0);
            for packet in &sections.left[seen..] {
                if *packet < before {
                    old -= 1;
                    last_left = bench.cycles();
                }
            }
            seen = sections.left.len();
            if bench.get("done_o") == 1 {
                break;
            }
            assert!(
                old > 0 || bench.cycles() - last_left < 40 * OVERHEAD,
                "fence {fence} has not ended since cycle {last_left}"
            );
        }
        assert_eq!(old, 0, "fence {fence} ended too early");
        waited += bench.cycles() - start;
        sections.step(&mut bench, &mut rng, 0, pace, refuse);
        assert_eq!(bench.get("done_o"), 0);
    }
    assert!(waited > 300 * 2 * OVERHEAD, "the fences had to wait: {waited} cycles in all");
    // Nothing inside: the account is at zero, after thousands of packets.
    while sections.inside() > 0 {
        sections.step(&mut bench, &mut rng, 0, [100; 3], 50);
    }
    assert!(sections.left.len() > 5_000, "{} packets", sections.left.len());
    let start = bench.cycles();
    bench.set("start_i", 1);
    while bench.get("done_o") == 0 {
        sections.step(&mut bench, &mut rng, 0, [100; 3], 0);
        bench.set("start_i", 0);
        assert!(bench.cycles() - start < OVERHEAD, "an empty pipeline needs no waiting");
    }
}

fn fence() -> CmdEntry {
    CmdEntry { op: CmdOp::Fence.code(), cookie: 3, ..CmdEntry::default() }
}

/// Packets that went through the lookup of stage `Forward`.
fn looked_up(card: &mut Card) -> u64 {
    card.counter(reg::STAGE_IN + 8 * Stage::Forward as u64)
}

/// Both ports bring frames of one beat that leave with two on one port: the stages in front of the queues fill up.
fn load(card: &mut Card, frames: usize) {
    let labels = Adj {
        label_count: 3,
        label0: 702,
        label1: 498,
        label2: 77,
        ..adjacency(AdjKind::Mpls, Egress::Port1)
    };
    card.write_record(11, &labels);
    default_route(card, 1, 11);
    default_route(card, 5, 11);
    for _ in 0..frames {
        for port in 0..2 {
            card.extra.send(port, &frame(port, 0x0800, &ipv4(1, 2, 17, 64, &[3; 30])));
        }
    }
}

/// Interfaces down, then a Fence: nothing reaches the lookups of the Forward stage any more, though both ports
/// still bring packets and the other port is held.
#[test]
fn after_a_fence_no_packet_from_before_is_looked_up() {
    for stalls in [0, 100] {
        let mut card = card(37, 400_000);
        program(&mut card, false, false);
        load(&mut card, 6_000);
        card.extra.out[1].set_stalls(stalls);
        card.run(1_500);
        let early = looked_up(&mut card);
        for intf in 0..2 {
            card.write_record(intf, &Intf::default());
        }
        let start = card.bench.cycles();
        let answer = card.command(&fence());
        let cycles = card.bench.cycles() - start;
        assert_eq!(answer.status, 0);
        let at_fence = looked_up(&mut card);
        let pending = card.extra.into.iter().filter(|s| !s.is_empty()).count();
        assert_eq!(pending, 2, "there is load during the fence");
        assert!(early > 500 && at_fence > early, "{early} and {at_fence} packets looked up");
        card.run(5_000);
        assert_eq!(looked_up(&mut card), at_fence, "looked up after the fence; it took {cycles} cycles");
        assert!(card.counter(reg::drop_count(DropReason::IntfDown as usize)) > 100);
    }
}

/// The interfaces stay up and the load never ends: the fence ends nevertheless, and soon.
#[test]
fn a_fence_ends_under_load_that_never_ends() {
    let mut card = card(38, 400_000);
    program(&mut card, false, false);
    load(&mut card, 9_000);
    card.run(1_500);
    for _ in 0..5 {
        let at = looked_up(&mut card);
        let start = card.bench.cycles();
        card.command(&fence());
        let cycles = card.bench.cycles() - start;
        assert!((100..2_500).contains(&cycles), "{cycles} cycles");
        assert!(looked_up(&mut card) > at);
    }
    assert!(card.extra.into.iter().all(|s| !s.is_empty()), "the load goes on");
}

/// Drops at every exit keep the account right: a fence on the empty card ends at once, also after packets that are
/// not for us, whose ICV is wrong, whose label is unknown.
#[test]
fn the_account_is_empty_when_the_card_is() {
    let mut card = card(39, 400_000);
    let key = program(&mut card, false, false);
    let plain = [ipv4(1, 2, 17, 64, &[5; 60]), vec![1, 2, 2, 4]].concat();
    for n in 1..=60u32 {
        let iv = u64::from(n).to_be_bytes();
        let nonce: [u8; 12] = [&SALT[..], &iv].concat().try_into().expect("12 bytes");
        let header = [SPI.to_be_bytes(), n.to_be_bytes()].concat();
        let (cipher, mut tag) = seal(&key, &nonce, &header, &plain);
        tag[0] ^= u8::from(n % 3 == 0);
        let esp = [&header[..], &iv, &cipher, &tag].concat();
        card.extra.send(1, &frame(1, 0x0800, &ipv4(LOCAL, REMOTE, 50, 64, &esp)));
        card.extra.send(0, &frame(0, 0x0800, &ipv4(1, 2, 17, 64, &[3; 30])));
        card.extra.send(0, &frame(0, 0x8847, &(99 << 12 | 1 << 8 | 9u32).to_be_bytes()));
        card.extra.send(1, &frame(0, 0x0800, &ipv4(1, 2, 17, 64, &[3; 30])));
    }
    settle(&mut card);
    let drops = [(DropReason::MacNotOurs, 60), (DropReason::IcvMismatch, 20), (DropReason::NoLabel, 60)];
    for (reason, want) in drops {
        assert_eq!(card.counter(reg::drop_count(reason as usize)), want, "{reason:?}");
    }
    assert_eq!(balance(&mut card), (240, 240));
    let start = card.bench.cycles();
    let answer = card.command(&fence());
    assert_eq!(answer.status, 0);
    assert!(card.bench.cycles() - start < 300, "{} cycles", card.bench.cycles() - start);
}
