// SPDX-License-Identifier: Apache-2.0
//! Helpers for module tests of the RTL: agents that drive and watch ready/valid streams, the table bus and
//! report ports, and the loop that clocks them.
//!
//! A test file in `tests/` builds its module with `headend_verilated::Model`, makes the agents it needs and clocks
//! them with [`Bench::step`]. `tests/skid_buffer.rs` and `tests/frame_echo.rs` are worked examples.
//!
//! Every agent works in two phases of a cycle: [`Agent::drive`] sets inputs before the module settles,
//! [`Agent::sample`] looks at the handshake just before the clock edge. So what an agent sees is what a
//! neighbouring register would see.
#![warn(missing_docs, unreachable_pub)]

mod axi;
mod host_rig;
mod rng;
mod stream;
mod table_bus;
mod word;

pub use axi::{AxiLite, AxiMemory};
pub use host_rig::HostRig;
pub use rng::Rng;
pub use stream::{Packet, Received, StreamSink, StreamSource};
pub use table_bus::TableBus;
pub use word::{PulseMonitor, WordSink, WordSource};

use headend_verilated::{Instance, Library};
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

/// Something beside the module under test that takes part in every cycle.
pub trait Agent {
    /// Sets the module's inputs for this cycle.
    fn drive(&mut self, dut: &mut Instance);
    /// Looks at the settled ports just before the clock edge.
    fn sample(&mut self, dut: &Instance);
}

/// An instance under test with a limit on its cycles, so that a test of a module that hangs ends.
#[derive(Debug)]
pub struct Bench {
    dut: Instance,
    limit: u64,
}

impl Bench {
    /// Takes a fresh instance through two cycles of reset. `limit` is the most cycles the test may take.
    pub fn new(library: &Arc<Library>, limit: u64) -> Self {
        let mut dut = library.instance();
        dut.reset(2);
        Self { dut, limit }
    }

    /// One clock cycle with `agents` taking part.
    ///
    /// # Panics
    /// The limit is reached, or an agent saw a broken rule.
    pub fn step(&mut self, agents: &mut [&mut dyn Agent]) {
        assert!(self.dut.cycles() < self.limit, "not done after {} cycles", self.limit);
        for agent in agents.iter_mut() {
            agent.drive(&mut self.dut);
        }
        self.dut.settle();
        for agent in agents.iter_mut() {
            agent.sample(&self.dut);
        }
        self.dut.edge();
    }

    /// `cycles` cycles in a row.
    ///
    /// # Panics
    /// As [`Bench::step`].
    pub fn run(&mut self, agents: &mut [&mut dyn Agent], cycles: u64) {
        for _ in 0..cycles {
            self.step(agents);
        }
    }
}

impl Deref for Bench {
    type Target = Instance;

    fn deref(&self) -> &Instance {
        &self.dut
    }
}

impl DerefMut for Bench {
    fn deref_mut(&mut self) -> &mut Instance {
        &mut self.dut
    }
}
