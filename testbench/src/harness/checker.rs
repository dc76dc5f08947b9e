// SPDX-License-Identifier: Apache-2.0
//! Holds what came out of the card against what the model expects.

use super::Summary;
use crate::model::{Counters, HostDelivery, Model, SaEvent, Verdict};
use crate::packet::{checksum, dissect, ETHER_HEADER_BYTES};
use crate::traffic::{Scenario, Step};
use headend_regs::{DropReason, HostReason};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt::{self, Write};

/// Something that left the card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// A frame on a port.
    Frame {
        /// Port.
        port: usize,
        /// The frame without FCS.
        bytes: Vec<u8>,
    },
    /// A packet to the host.
    Host(HostDelivery),
}

impl Output {
    /// Port number, or 2 for the host.
    fn egress(&self) -> usize {
        match self {
            Output::Frame { port, .. } => *port,
            Output::Host(_) => 2,
        }
    }

    fn bytes(&self) -> &[u8] {
        match self {
            Output::Frame { bytes, .. } => bytes,
            Output::Host(delivery) => &delivery.bytes,
        }
    }
}

/// A difference between card and model.
#[derive(Clone, Debug)]
pub struct Mismatch {
    /// The seed.
    pub seed: u64,
    /// What differs, in full.
    pub text: String,
}

impl Mismatch {
    /// Adds a line to the text.
    #[must_use]
    pub fn with_note(mut self, note: String) -> Mismatch {
        if !note.is_empty() {
            self.text.push('\n');
            self.text.push_str(&note);
        }
        self
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "seed {}: {}", self.seed, self.text)
    }
}

/// An output that is due.
struct Due {
    step: usize,
    output: Output,
    /// The card was free to choose the IPv4 ID.
    any_id: bool,
}

impl Due {
    /// Whether `output` is what is due.
    fn is(&self, output: &Output) -> bool {
        match (&self.output, output) {
            (Output::Frame { port, bytes }, Output::Frame { port: at, bytes: got })
                if self.any_id && bytes.len() == got.len() =>
            {
                port == at && with_id_of(bytes, got) == *got
            }
            (due, output) => due == output,
        }
    }
}

/// `frame` with the IPv4 ID of `other`, checksum made right.
fn with_id_of(frame: &[u8], other: &[u8]) -> Vec<u8> {
    let mut frame = frame.to_vec();
    let ip = ETHER_HEADER_BYTES..ETHER_HEADER_BYTES + 20;
    frame[ip.start + 4..][..2].copy_from_slice(&other[ip.start + 4..][..2]);
    frame[ip.start + 10..][..2].fill(0);
    let sum = checksum(&frame[ip.clone()]);
    frame[ip.start + 10..][..2].copy_from_slice(&sum.to_be_bytes());
    frame
}

/// Protocol, addresses and ID of an IPv4 frame: together they must not come again (RFC 791 3.2).
fn datagram_name(frame: &[u8]) -> [u8; 11] {
    let ip = &frame[ETHER_HEADER_BYTES..];
    let mut name = [ip[9]; 11];
    name[1..3].copy_from_slice(&ip[4..6]);
    name[3..].copy_from_slice(&ip[12..20]);
    name
}

/// The model beside the card, and the outputs that are due.
///
/// Order is checked per (entrance, egress): packets of one entrance must not overtake each other, and
/// packets of two entrances may interleave.
pub struct Checker {
    scenario: Scenario,
    model: Model,
    due: BTreeMap<(usize, usize), VecDeque<Due>>,
    /// Datagrams for which the card chose the ID.
    named: BTreeSet<[u8; 11]>,
    summary: Summary,
}

impl Checker {
    /// A checker for a scenario, nothing sent yet.
    pub fn new(scenario: &Scenario) -> Checker {
        Checker {
            model: Model::new(scenario.tables.clone()),
            scenario: scenario.clone(),
            due: BTreeMap::new(),
            named: BTreeSet::new(),
            summary: Summary::default(),
        }
    }

    /// The model.
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// What was covered so far.
    pub fn summary(&self) -> &Summary {
        &self.summary
    }

    /// Step `index` enters the card.
    pub fn expect(&mut self, index: usize, step: &Step) {
        self.summary.packets += 1;
        let verdict = self.model.offer(&step.stimulus);
        *self.summary.verdicts.entry(verdict.name()).or_default() += 1;
        let output = match verdict {
            Verdict::Sent { port, frame } => Output::Frame { port, bytes: frame },
            Verdict::Host(delivery) => Output::Host(delivery),
            Verdict::Dropped(_) => {
                self.summary.dropped += 1;
                return;
            }
        };
        match output {
            Output::Frame { .. } => self.summary.sent += 1,
            Output::Host(_) => self.summary.to_host += 1,
        }
        let lane = (step.stimulus.entrance(), output.egress());
        self.due.entry(lane).or_default().push_back(Due {
            step: index,
            output,
            any_id: self.model.chose_id(),
        });
    }

    /// Something left the card.
    ///
    /// # Errors
    /// It is not what is due next at its egress from any entrance.
    pub fn observe(&mut self, output: Output) -> Result<(), Mismatch> {
        let egress = output.egress();
        let lanes = self.due.iter_mut().filter(|((_, e), _)| *e == egress);
        for (_, lane) in lanes {
            if let Some(due) = lane.pop_front_if(|due| due.is(&output)) {
                if due.any_id && !self.named.insert(datagram_name(output.bytes())) {
                    return Err(self.mismatch(due.step, &format!("IPv4 ID used twice: {}", show(&output))));
                }
                return Ok(());
            }
        }
        Err(self.unexpected(&output))
    }

    /// The card is drained and has told of these limits.
    ///
    /// # Errors
    /// They are not those that the SAs reached.
    pub fn observe_events(&mut self, mut got: Vec<SaEvent>) -> Result<(), Mismatch> {
        let mut want = self.model.take_events();
        self.summary.events += want.len() as u64;
        got.sort_unstable();
        want.sort_unstable();
        if got == want {
            return Ok(());
        }
        let text = format!("limits: the card told of {got:?}, the model of {want:?}");
        Err(Mismatch { seed: self.scenario.seed, text })
    }

    /// Everything that was due has come.
    ///
    /// # Errors
    /// The first output that is missing.
    pub fn nothing_missing(&self) -> Result<(), Mismatch> {
        let missing = self.due.values().flatten().min_by_key(|due| due.step);
        match missing {
            None => Ok(()),
            Some(due) => {
                let count: usize = self.due.values().map(VecDeque::len).sum();
                let text = format!("{count} outputs missing, the first: {}", show(&due.output));
                Err(self.mismatch(due.step, &text))
            }
        }
    }

    /// An error that is not about one packet.
    pub fn failure(&self, doing: &str, error: &dyn std::error::Error) -> Mismatch {
        let text = format!("{doing} after {} packets: {error}", self.summary.packets);
        Mismatch { seed: self.scenario.seed, text }
    }

    /// Counters of the card that differ from the model's, as text; empty when they agree.
    pub fn counter_difference(&self, card: &Counters) -> String {
        let want = &self.model.counters;
        let mut text = String::new();
        let mut line = |name: String, card: u64, model: u64| {
            if card != model {
                let _ = writeln!(text, "  {name}: the card counted {card}, the model {model}");
            }
        };
        for reason in DropReason::ALL {
            let of = |c: &Counters| c.drops.get(&reason.code()).copied().unwrap_or(0);
            line(format!("drop {reason}"), of(card), of(want));
        }
        for reason in HostReason::ALL {
            let of = |c: &Counters| c.host_reasons.get(&reason.code()).copied().unwrap_or(0);
            line(format!("host {reason}"), of(card), of(want));
        }
        for (n, (c, w)) in card.ports.iter().zip(&want.ports).enumerate() {
            line(format!("port {n} rx frames"), c.rx_frames, w.rx_frames);
            line(format!("port {n} rx bytes"), c.rx_bytes, w.rx_bytes);
            line(format!("port {n} rx drops"), c.rx_drops, w.rx_drops);
            line(format!("port {n} tx frames"), c.tx_frames, w.tx_frames);
            line(format!("port {n} tx bytes"), c.tx_bytes, w.tx_bytes);
        }
        line("host rx".into(), card.host_rx, want.host_rx);
        line("host tx".into(), card.host_tx, want.host_tx);
        text
    }

    /// The text about an output that nobody expected.
    fn unexpected(&self, output: &Output) -> Mismatch {
        let heads = self.due.iter().filter(|((_, e), _)| *e == output.egress());
        let head = heads.filter_map(|(_, lane)| lane.front()).min_by_key(|due| due.step);
        let Some(due) = head else {
            let others = self.due.values().filter_map(VecDeque::front).min_by_key(|due| due.step);
            let step = others.map_or(self.summary.packets as usize - 1, |due| due.step);
            return self.mismatch(step, &format!("nothing is due there, but there came {}", show(output)));
        };
        let (got, want) = (output.bytes(), due.output.bytes());
        let first = got.iter().zip(want).position(|(a, b)| a != b).unwrap_or(got.len().min(want.len()));
        let later = self.due.values().flatten().find(|d| d.is(output));
        let order = later.map_or(String::new(), |d| format!("\n(it is what step {} should give)", d.step));
        let text = format!(
            "expected {}\ngot      {}\nfirst difference at byte {first}{order}",
            show(&due.output),
            show(output)
        );
        self.mismatch(due.step, &text)
    }

    fn mismatch(&self, step: usize, text: &str) -> Mismatch {
        let what = &self.scenario.steps[step];
        let text = format!("step {step} ({}): {text}\nstimulus: {:?}", what.intent, what.stimulus);
        Mismatch { seed: self.scenario.seed, text }
    }
}

/// An output in one line and its bytes.
fn show(output: &Output) -> String {
    let hex: String = output.bytes().iter().map(|b| format!("{b:02x}")).collect();
    match output {
        Output::Frame { port, bytes } => {
            let text = dissect(bytes).map_or(String::new(), |d| d.to_string());
            format!("port {port}, {} bytes, {text}: {hex}", bytes.len())
        }
        Output::Host(d) => format!(
            "host: {} from {} interface {:?} vrf {} sa {:?} l3 {}, {} bytes: {hex}",
            d.reason,
            d.ingress,
            d.interface,
            d.vrf,
            d.sa,
            d.l3,
            d.bytes.len()
        ),
    }
}
