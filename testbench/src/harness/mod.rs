// SPDX-License-Identifier: Apache-2.0
//! Runs a scenario on a card and holds every packet against the model.
//!
//! [`Dut`] is what the harness needs of a card; [`SimulatedCard`] is the Verilated core in this process,
//! programmed by the real driver. [`run`] checks bytes, egress, order, host metadata, and at the end all
//! counters, the SA state and the conservation of frames.

mod backend;
mod card;
mod checker;
mod program;
pub mod seeds;

pub use backend::{HostMemory, SharedCard, SimBackend};
pub use card::SimulatedCard;
pub use checker::{Checker, Mismatch, Output};
pub use program::program;

use crate::model::{Counters, SaEvent, SaInCounters, SaOutCounters, Tables};
use crate::traffic::{Scenario, Stimulus};
use std::collections::BTreeMap;

/// Error of a card under test: it could not do what it was asked, apart from packets.
pub type DutError = Box<dyn std::error::Error + Send + Sync>;

/// A card under test.
pub trait Dut {
    /// Programs the tables of an empty card.
    ///
    /// # Errors
    /// The card or its driver refused.
    fn program(&mut self, tables: &Tables) -> Result<(), DutError>;

    /// Puts a packet at an entrance; it enters as soon as the entrance is free.
    ///
    /// # Errors
    /// The card or its driver refused.
    fn offer(&mut self, stimulus: &Stimulus) -> Result<(), DutError>;

    /// Runs until nothing is in flight any more and returns all that came out, in order per egress.
    ///
    /// # Errors
    /// The card does not come to rest, or broke a rule of its interfaces.
    fn drain(&mut self) -> Result<Vec<Output>, DutError>;

    /// The card's counters.
    ///
    /// # Errors
    /// They could not be read.
    fn counters(&mut self) -> Result<Counters, DutError>;

    /// State of an inbound SA.
    ///
    /// # Errors
    /// It could not be read.
    fn sa_in(&mut self, index: u16) -> Result<SaInCounters, DutError>;

    /// State of an outbound SA.
    ///
    /// # Errors
    /// It could not be read.
    fn sa_out(&mut self, index: u16) -> Result<SaOutCounters, DutError>;

    /// Limits of SAs that the card told of since the last call; all of them once it is drained.
    fn take_events(&mut self) -> Vec<SaEvent>;
}

/// Runs a scenario. At most `batch_bytes` bytes are under way at once, so that no queue of the card
/// overflows and every drop has a reason that the model knows.
///
/// # Errors
/// The first difference between card and model, with the step it happened at.
pub fn run(dut: &mut dyn Dut, scenario: &Scenario, batch_bytes: usize) -> Result<Summary, Mismatch> {
    let mut checker = Checker::new(scenario);
    dut.program(&scenario.tables).map_err(|e| checker.failure("programming the tables", &*e))?;
    let mut waiting = 0;
    let mut entrance = None;
    for (index, step) in scenario.steps.iter().enumerate() {
        let size = step.stimulus.bytes().len().next_multiple_of(64);
        let changes_over = !scenario.profile.both_ports && entrance != Some(step.stimulus.entrance());
        if step.after_drain || changes_over || waiting + size > batch_bytes {
            collect(dut, &mut checker)?;
            waiting = 0;
        }
        waiting += size;
        entrance = Some(step.stimulus.entrance());
        checker.expect(index, step);
        dut.offer(&step.stimulus).map_err(|e| checker.failure("offering a packet", &*e))?;
    }
    collect(dut, &mut checker)?;
    check_counters(dut, &mut checker)?;
    check_sas(dut, &mut checker)?;
    Ok(checker.summary().clone())
}

/// What a run covered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Packets that entered.
    pub packets: u64,
    /// Frames that left on ports.
    pub sent: u64,
    /// Packets handed to the host.
    pub to_host: u64,
    /// Packets dropped.
    pub dropped: u64,
    /// Limits of SAs that were reached.
    pub events: u64,
    /// How often each verdict was reached: `sent port 0`, `host Arp`, `drop NoRoute` and so on.
    pub verdicts: BTreeMap<String, u64>,
}

impl std::ops::AddAssign for Summary {
    fn add_assign(&mut self, other: Summary) {
        self.packets += other.packets;
        self.sent += other.sent;
        self.to_host += other.to_host;
        self.dropped += other.dropped;
        self.events += other.events;
        for (name, count) in other.verdicts {
            *self.verdicts.entry(name).or_default() += count;
        }
    }
}

fn collect(dut: &mut dyn Dut, checker: &mut Checker) -> Result<(), Mismatch> {
    let drained = dut.drain();
    let outputs = match drained {
        Ok(outputs) => outputs,
        Err(e) => {
            let failure = checker.failure("waiting for the card to come to rest", &*e);
            return Err(
                failure.with_note(dut.counters().map(|c| checker.counter_difference(&c)).unwrap_or_default())
            );
        }
    };
    for output in outputs {
        checker.observe(output)?;
    }
    checker.observe_events(dut.take_events())?;
    match checker.nothing_missing() {
        Ok(()) => Ok(()),
        Err(mismatch) => {
            // The counters usually tell where a lost packet went.
            let counted = dut.counters().map(|c| checker.counter_difference(&c));
            Err(mismatch.with_note(counted.unwrap_or_default()))
        }
    }
}

fn check_counters(dut: &mut dyn Dut, checker: &mut Checker) -> Result<(), Mismatch> {
    let counters = dut.counters().map_err(|e| checker.failure("reading the counters", &*e))?;
    let difference = checker.counter_difference(&counters);
    if !difference.is_empty() {
        return Err(checker.failure("the counters differ", &*DutError::from(difference)));
    }
    match counters.unaccounted() {
        0 => Ok(()),
        n => {
            Err(checker.failure("frames are not conserved", &*DutError::from(format!("{n} unaccounted for"))))
        }
    }
}

fn check_sas(dut: &mut dyn Dut, checker: &mut Checker) -> Result<(), Mismatch> {
    let tables = checker.model().tables().clone();
    for index in tables.sas_in.keys() {
        let got = dut.sa_in(*index).map_err(|e| checker.failure("reading an inbound SA", &*e))?;
        let want = checker.model().sa_in(*index).expect("installed");
        if got != want {
            let text = format!("SA in {index}: the card says {got:?}, the model {want:?}");
            return Err(checker.failure("SA state differs", &*DutError::from(text)));
        }
    }
    for index in tables.sas_out.keys() {
        let got = dut.sa_out(*index).map_err(|e| checker.failure("reading an outbound SA", &*e))?;
        let want = checker.model().sa_out(*index).expect("installed");
        if got != want {
            let text = format!("SA out {index}: the card says {got:?}, the model {want:?}");
            return Err(checker.failure("SA state differs", &*DutError::from(text)));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
