// SPDX-License-Identifier: Apache-2.0
//! The harness itself: it accepts a right card and finds what is wrong with a wrong one. The card here
//! is another instance of the model, with one fault at a time.

use super::*;
use crate::model::{Model, Verdict};
use crate::packet::checksum;
use crate::traffic::Profile;

/// What is wrong with the card.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    None,
    FlipBit,
    Lose,
    Duplicate,
    Swap,
    WrongPort,
    WrongReason,
    Miscount,
    WrongSa,
    SameId,
    LoseEvent,
    DoubleEvent,
}

struct ModelCard {
    model: Model,
    outputs: Vec<Output>,
    fault: Fault,
    /// Outputs until the fault shows.
    left: usize,
    id: u16,
}

impl ModelCard {
    fn new(fault: Fault) -> ModelCard {
        ModelCard { model: Model::default(), outputs: vec![], fault, left: 50, id: 0 }
    }

    fn damage(&mut self) {
        self.left = self.left.saturating_sub(1);
        let n = self.outputs.len();
        match (self.fault, &mut self.outputs[n - 1]) {
            _ if self.left > 0 => return,
            (Fault::FlipBit, Output::Frame { bytes, .. }) => bytes[20] ^= 1,
            (Fault::Lose, _) => {
                self.outputs.pop();
            }
            (Fault::Duplicate, _) => self.outputs.push(self.outputs[n - 1].clone()),
            (Fault::Swap, Output::Frame { port, .. }) => {
                let port = *port;
                let same = |o: &Output| matches!(o, Output::Frame { port: p, .. } if *p == port);
                match self.outputs[..n - 1].iter().rposition(same) {
                    Some(other) if self.outputs[other] != self.outputs[n - 1] => {
                        self.outputs.swap(other, n - 1)
                    }
                    _ => return,
                }
            }
            (Fault::WrongPort, Output::Frame { port, .. }) => *port = 1 - *port,
            (Fault::WrongReason, Output::Host(d)) => d.vrf ^= 1,
            _ => return,
        }
        self.left = usize::MAX;
    }
}

impl Dut for ModelCard {
    fn program(&mut self, tables: &Tables) -> Result<(), DutError> {
        self.model = Model::new(tables.clone());
        Ok(())
    }

    fn offer(&mut self, stimulus: &Stimulus) -> Result<(), DutError> {
        match self.model.offer(stimulus) {
            Verdict::Sent { port, mut frame } => {
                if self.model.chose_id() && self.fault != Fault::SameId {
                    self.id += 1;
                    set_id(&mut frame, self.id);
                }
                self.outputs.push(Output::Frame { port, bytes: frame });
            }
            Verdict::Host(delivery) => self.outputs.push(Output::Host(delivery)),
            Verdict::Dropped(_) => return Ok(()),
        }
        self.damage();
        Ok(())
    }

    fn drain(&mut self) -> Result<Vec<Output>, DutError> {
        Ok(std::mem::take(&mut self.outputs))
    }

    fn counters(&mut self) -> Result<Counters, DutError> {
        let mut counters = self.model.counters.clone();
        if self.fault == Fault::Miscount {
            *counters.drops.entry(28).or_default() += 1;
        }
        Ok(counters)
    }

    fn sa_in(&mut self, index: u16) -> Result<SaInCounters, DutError> {
        let mut state = self.model.sa_in(index).ok_or("no SA")?;
        if self.fault == Fault::WrongSa {
            state.seq_top += 1;
        }
        Ok(state)
    }

    fn sa_out(&mut self, index: u16) -> Result<SaOutCounters, DutError> {
        Ok(self.model.sa_out(index).ok_or("no SA")?)
    }

    fn take_events(&mut self) -> Vec<SaEvent> {
        // The checker has a model of its own.
        let mut events = self.model.take_events();
        match (self.fault, events.last().copied()) {
            (Fault::LoseEvent, Some(_)) => drop(events.pop()),
            (Fault::DoubleEvent, Some(event)) => events.push(event),
            _ => {}
        }
        events
    }
}

/// Gives an IPv4 frame this ID.
fn set_id(frame: &mut [u8], id: u16) {
    frame[18..20].copy_from_slice(&id.to_be_bytes());
    frame[24..26].fill(0);
    let sum = checksum(&frame[14..34]);
    frame[24..26].copy_from_slice(&sum.to_be_bytes());
}

fn scenario(seed: u64, both_ports: bool) -> Scenario {
    Scenario::random(seed, Profile { packets: 400, max_inner: 1500, both_ports })
}

#[test]
fn a_right_card_passes() {
    for seed in 0..10 {
        let summary = run(&mut ModelCard::new(Fault::None), &scenario(seed, seed % 2 == 1), 8192).unwrap();
        assert_eq!(summary.packets, 400);
        assert_eq!(summary.packets, summary.sent + summary.to_host + summary.dropped);
    }
}

#[test]
fn every_fault_is_found_and_names_its_seed() {
    use Fault::*;
    let faults =
        [FlipBit, Lose, Duplicate, Swap, WrongPort, WrongReason, Miscount, WrongSa, LoseEvent, DoubleEvent];
    for fault in faults {
        for seed in 0..4 {
            let mismatch = run(&mut ModelCard::new(fault), &scenario(seed, false), 8192)
                .expect_err(&format!("{fault:?} went unnoticed with seed {seed}"));
            assert_eq!(mismatch.seed, seed);
        }
    }
}

#[test]
fn an_id_used_twice_is_found() {
    // Few seeds send two packets without DF through one tunnel.
    let found = (0..16).filter(|seed| {
        let ran = run(&mut ModelCard::new(Fault::SameId), &scenario(*seed, false), 8192);
        ran.is_err_and(|mismatch| mismatch.text.contains("IPv4 ID used twice"))
    });
    assert!(found.count() > 3);
}
