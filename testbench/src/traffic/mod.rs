// SPDX-License-Identifier: Apache-2.0
//! Random tables and random traffic, all of it from one 64-bit seed.
//!
//! A [`Scenario`] is a set of tables and a list of steps. The generator keeps a [`Model`] of its own
//! beside it, because good traffic depends on state: to replay a packet, to fall just left of the
//! window, or to cross a 2^32 boundary one has to know what the card has seen.

mod hostile;
mod packets;
mod random_tables;

pub use packets::Generator;
pub use random_tables::{random_tables, Group};

use crate::model::{HostDestination, Tables};
use rand::rngs::ChaCha8Rng;
use rand::SeedableRng;

/// The random source of all generators: its stream does not change between versions or machines.
pub type Random = ChaCha8Rng;

/// One packet entering the card.
#[derive(Clone, PartialEq, Eq)]
pub enum Stimulus {
    /// A frame on a port.
    Frame {
        /// Port.
        port: usize,
        /// The frame without FCS.
        bytes: Vec<u8>,
        /// The MAC marks it bad.
        bad: bool,
    },
    /// A packet from the host.
    Host {
        /// Where to.
        destination: HostDestination,
        /// The frame, or the IP packet for `Route`.
        bytes: Vec<u8>,
    },
}

impl Stimulus {
    /// The packet's bytes.
    pub fn bytes(&self) -> &[u8] {
        match self {
            Stimulus::Frame { bytes, .. } | Stimulus::Host { bytes, .. } => bytes,
        }
    }

    /// Where it enters: a port number, or 2 for the host.
    pub fn entrance(&self) -> usize {
        match self {
            Stimulus::Frame { port, .. } => *port,
            Stimulus::Host { .. } => 2,
        }
    }
}

impl std::fmt::Debug for Stimulus {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let hex: String = self.bytes().iter().map(|b| format!("{b:02x}")).collect();
        match self {
            Stimulus::Frame { port, bad, .. } => {
                write!(f, "port {port}{} {hex}", if *bad { " (marked bad)" } else { "" })
            }
            Stimulus::Host { destination, .. } => write!(f, "host to {destination:?} {hex}"),
        }
    }
}

/// One step of a scenario.
#[derive(Clone, Debug)]
pub struct Step {
    /// What enters.
    pub stimulus: Stimulus,
    /// Everything before it has left the card first. Needed where the card's answer depends on how
    /// far an earlier packet has come: a sequence number is inferred from the window as it is when the
    /// packet is looked up.
    pub after_drain: bool,
    /// What the generator had in mind; shown when a check fails.
    pub intent: &'static str,
}

/// How a scenario is shaped.
#[derive(Clone, Copy, Debug)]
pub struct Profile {
    /// Number of steps.
    pub packets: usize,
    /// Largest inner packet of ordinary traffic, in bytes.
    pub max_inner: usize,
    /// The two ports share no state (disjoint VRFs, SAs and labels), so that both may run at once.
    pub both_ports: bool,
}

/// Tables and traffic.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// The seed.
    pub seed: u64,
    /// Its shape.
    pub profile: Profile,
    /// What is programmed.
    pub tables: Tables,
    /// What is sent, in order.
    pub steps: Vec<Step>,
}

impl Scenario {
    /// The scenario of a seed.
    pub fn random(seed: u64, profile: Profile) -> Scenario {
        let mut random = Random::seed_from_u64(seed);
        let (tables, groups) = random_tables(&mut random, profile.both_ports);
        let mut generator = Generator::new(random, tables.clone(), groups, profile);
        let steps = (0..profile.packets).map(|_| generator.step()).collect();
        Scenario { seed, profile, tables, steps }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Model, Verdict};
    use std::collections::BTreeMap;

    const PROFILE: Profile = Profile { packets: 300, max_inner: 1500, both_ports: false };

    /// Verdicts by name over many seeds.
    fn census(profile: Profile, seeds: u64) -> BTreeMap<String, usize> {
        let mut seen: BTreeMap<String, usize> = BTreeMap::new();
        for seed in 0..seeds {
            let scenario = Scenario::random(seed, profile);
            let mut model = Model::new(scenario.tables);
            for step in scenario.steps {
                let name = model.offer(&step.stimulus).name();
                *seen.entry(name).or_default() += 1;
            }
            assert_eq!(model.counters.unaccounted(), 0);
        }
        seen
    }

    #[test]
    fn a_seed_always_gives_the_same_scenario() {
        let text = |seed| format!("{:?}", Scenario::random(seed, PROFILE));
        assert_eq!(text(7), text(7));
        assert_ne!(text(7), text(8));
    }

    #[test]
    fn random_traffic_reaches_every_verdict() {
        let seen = census(PROFILE, 100);
        // Timing, limits and DMA decide about the others; they have tests of their own.
        let elsewhere = [
            "None",
            "RxOverflow",
            "SaChanged",
            "QueueFullPort0",
            "QueueFullPort1",
            "QueueFullHost",
            "RxDmaError",
            "RxBufferTooSmall",
            "TxDmaError",
            "TxBadDescriptor",
        ];
        for reason in headend_regs::DropReason::ALL {
            let name = reason.name();
            let reached = seen.contains_key(&format!("drop {name}"));
            assert_eq!(reached, !elsewhere.contains(&name), "{name}: {seen:#?}");
        }
        for reason in headend_regs::HostReason::ALL {
            let name = reason.name();
            assert_eq!(seen.contains_key(&format!("host {name}")), name != "None", "{name}: {seen:#?}");
        }
        let sent: usize = seen.iter().filter(|(k, _)| k.starts_with("sent")).map(|(_, n)| n).sum();
        let all: usize = seen.values().sum();
        assert!(sent * 3 > all, "only {sent} of {all} packets were forwarded: {seen:#?}");
    }

    /// Without MTUs only the length of the frame to send can make a packet too big.
    #[test]
    fn jumbo_traffic_reaches_the_longest_frame_and_goes_beyond() {
        let jumbo = Profile { max_inner: headend_regs::param::MAX_FRAME_BYTES - 14, ..PROFILE };
        let (mut longest, mut refused) = (0, 0);
        for seed in 0..20 {
            let scenario = Scenario::random(seed, jumbo);
            let mut tables = scenario.tables;
            tables.adjacencies.values_mut().filter(|a| a.mtu > 1500).for_each(|a| a.mtu = u16::MAX);
            tables.adjacencies.retain(|_, a| a.mtu == u16::MAX);
            let mut model = Model::new(tables);
            for step in scenario.steps {
                match model.offer(&step.stimulus) {
                    Verdict::Sent { frame, .. } => longest = longest.max(frame.len()),
                    verdict => refused += u32::from(verdict.name() == "host TooBig"),
                }
            }
        }
        assert!((9200..=headend_regs::param::MAX_FRAME_BYTES).contains(&longest), "{longest}");
        assert!(refused > 5, "only {refused} packets were too big");
    }

    #[test]
    fn with_both_ports_no_outbound_sa_is_fed_from_two_entrances() {
        for seed in 0..40 {
            let scenario = Scenario::random(seed, Profile { both_ports: true, ..PROFILE });
            let mut model = Model::new(scenario.tables.clone());
            let mut owner = BTreeMap::new();
            for step in &scenario.steps {
                let before: Vec<u64> =
                    scenario.tables.sas_out.keys().map(|i| model.sa_out(*i).unwrap().seq).collect();
                model.offer(&step.stimulus);
                for (n, i) in scenario.tables.sas_out.keys().enumerate() {
                    if model.sa_out(*i).unwrap().seq != before[n] {
                        let entrance = step.stimulus.entrance();
                        assert_eq!(*owner.entry(*i).or_insert(entrance), entrance, "seed {seed} SA {i}");
                    }
                }
            }
        }
    }
}
