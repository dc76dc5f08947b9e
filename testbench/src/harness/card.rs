// SPDX-License-Identifier: Apache-2.0
//! The Verilated card in this process, programmed and read through the real driver.

use super::{program, Dut, DutError, HostMemory, Output, SharedCard, SimBackend};
use crate::model::{
    Counters, HostDelivery, HostDestination, PortCounters, SaEvent, SaInCounters, SaOutCounters, Tables, Told,
};
use crate::traffic::Stimulus;
use headend_driver::card::{Card as DriverCard, Options};
use headend_driver::rings::{Event, RingSizes, RxPacket};
use headend_regs::{
    param, reg, DropReason, EventKind, HostReason, IoStatus, SaInState, SaOutState, Stage, TxDest,
};
use headend_sim::card::Card as SimCard;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

/// Cycles after which a card that is still busy is taken for hung.
const DRAIN_LIMIT: u64 = 200_000;

/// A simulated card and the driver that owns it.
pub struct SimulatedCard {
    sim: SharedCard,
    driver: DriverCard,
    outputs: Vec<Output>,
    events: Vec<SaEvent>,
}

impl SimulatedCard {
    /// Powers up a card with a pipeline per port, opens it with the driver and lets its ports receive.
    ///
    /// # Errors
    /// The model does not build, or the driver does not accept the card.
    pub fn new() -> Result<SimulatedCard, DutError> {
        SimulatedCard::with_pipes(param::NUM_PIPES)
    }

    /// As [`SimulatedCard::new`], with `pipes` pipelines: one for both ports, or one per port.
    ///
    /// # Errors
    /// As [`SimulatedCard::new`].
    pub fn with_pipes(pipes: usize) -> Result<SimulatedCard, DutError> {
        let sim: SharedCard = Arc::new(Mutex::new(SimCard::with_pipes(pipes, HostMemory::default())?));
        // Interrupts are not needed here: the rings are polled.
        let rings = RingSizes { cmd: 8, event: 8, rx: 7, tx: 6 };
        let options = Options { interrupts: false, rings, ..Options::default() };
        let mut driver = DriverCard::with_backend(Box::new(SimBackend::new(sim.clone())), options)?;
        driver.set_enabled(true)?;
        Ok(SimulatedCard { sim, driver, outputs: vec![], events: vec![] })
    }

    /// The simulation behind the driver.
    pub fn sim(&self) -> MutexGuard<'_, SimCard<HostMemory>> {
        self.sim.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// The driver.
    pub fn driver(&mut self) -> &mut DriverCard {
        &mut self.driver
    }

    /// Takes what lies ready at the ports and in the rings; true when there was anything.
    fn poll(&mut self) -> Result<bool, DutError> {
        let before = self.outputs.len();
        {
            let mut sim = self.sim.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
            for port in 0..param::NUM_PORTS {
                while let Some(bytes) = sim.pop_frame(port) {
                    self.outputs.push(Output::Frame { port, bytes });
                }
            }
            if let Some(violation) = sim.violations().first() {
                return Err(violation.clone().into());
            }
        }
        while let Some(packet) = self.driver.receive(Duration::ZERO)? {
            self.outputs.push(Output::Host(delivery(packet)?));
        }
        let mut done = false;
        while let Some(tx) = self.driver.sent(Duration::ZERO)? {
            done = true;
            if tx.status != IoStatus::Ok {
                return Err(format!("packet {} from the host completed with {}", tx.number, tx.status).into());
            }
        }
        while let Some(event) = self.driver.event(Duration::ZERO)? {
            check_event(&event)?;
            self.events.extend(sa_event(&event));
            done = true;
        }
        Ok(done || self.outputs.len() > before)
    }
}

/// A drop record names a reason of its own stage, and shows nothing of a packet that was decrypted: nothing red
/// reaches the host by this way.
fn check_event(event: &Event) -> Result<(), DutError> {
    match event.kind {
        EventKind::Drop => {}
        EventKind::Link | EventKind::Acquire | EventKind::SaSoft | EventKind::SaHard => return Ok(()),
        _ => return Err(format!("unexpected event {event:?}").into()),
    }
    let reason = event.reason.ok_or("a drop without a reason")?;
    // Rx reasons are listed under port 0 and counted by both ports.
    let stage = event.stage.map(|s| if s == Stage::Rx1 { Stage::Rx0 } else { s });
    if stage != reason.stage() {
        return Err(format!("drop {reason} reported by stage {:?}", event.stage).into());
    }
    // Behind Commit, an SA in the record means that the packet came out of it.
    let decrypted = stage == Some(Stage::Forward) && event.entry.sa != u16::MAX;
    if (stage == Some(Stage::Commit) || decrypted) && event.entry.data.iter().any(|byte| *byte != 0) {
        return Err(format!("drop {reason} shows the decrypted packet to the host").into());
    }
    Ok(())
}

/// The limit of which an event tells, if it does.
fn sa_event(event: &Event) -> Option<SaEvent> {
    let entry = &event.entry;
    let hard = match event.kind {
        EventKind::SaSoft => false,
        EventKind::SaHard => true,
        _ => return None,
    };
    Some(SaEvent {
        out: entry.info & 1 == 1,
        sa: entry.sa,
        hard,
        limit: (entry.info >> 1 & 3) as u8,
        spi: entry.spi,
        seq: entry.addr,
    })
}

/// A packet of the rx ring in the model's terms.
fn delivery(packet: RxPacket) -> Result<HostDelivery, DutError> {
    if packet.status != IoStatus::Ok {
        return Err(format!("a packet to the host completed with {}", packet.status).into());
    }
    if packet.decrypted != packet.sa.is_some() {
        return Err(format!("decrypted {} but SA {:?}", packet.decrypted, packet.sa).into());
    }
    Ok(HostDelivery {
        reason: packet.reason,
        ingress: packet.ingress,
        interface: (packet.intf != u16::MAX).then_some(packet.intf),
        vrf: packet.vrf,
        sa: packet.sa,
        l3: packet.l3,
        bytes: packet.data,
    })
}

impl Dut for SimulatedCard {
    fn program(&mut self, tables: &Tables) -> Result<(), DutError> {
        program(&mut self.driver, tables)
    }

    fn offer(&mut self, stimulus: &Stimulus) -> Result<(), DutError> {
        match stimulus {
            Stimulus::Frame { port, bytes, bad: false } => self.sim().push_frame(*port, bytes),
            Stimulus::Frame { port, bytes, bad: true } => self.sim().push_bad_frame(*port, bytes),
            Stimulus::Host { destination, bytes } => {
                let (dest, vrf) = match destination {
                    HostDestination::Port(0) => (TxDest::Port0, 0),
                    HostDestination::Port(_) => (TxDest::Port1, 0),
                    HostDestination::Route { vrf } => (TxDest::Route, *vrf),
                };
                while let Err(error) = self.driver.send(dest, vrf, bytes) {
                    if !matches!(error, headend_driver::Error::RingFull(_)) {
                        return Err(error.into());
                    }
                    self.sim().run(200);
                    self.poll()?;
                }
            }
        }
        Ok(())
    }

    fn drain(&mut self) -> Result<Vec<Output>, DutError> {
        loop {
            if !self.sim().run_until_idle(DRAIN_LIMIT) {
                return Err(format!("still busy after {DRAIN_LIMIT} cycles").into());
            }
            // Polling itself keeps the card awake for a moment; only what it found can be new work.
            if !self.poll()? {
                return Ok(std::mem::take(&mut self.outputs));
            }
        }
    }

    fn counters(&mut self) -> Result<Counters, DutError> {
        let regs = self.driver.registers();
        let mut counters = Counters::default();
        for reason in DropReason::ALL {
            let count = regs.counter(reg::drop_count(usize::from(reason.code())))?;
            if count > 0 {
                counters.drops.insert(reason.code(), count);
            }
        }
        for reason in HostReason::ALL {
            let count = regs.counter(reg::host_reason_count(usize::from(reason.code())))?;
            if count > 0 {
                counters.host_reasons.insert(reason.code(), count);
            }
        }
        for port in 0..param::NUM_PORTS {
            counters.ports[port] = PortCounters {
                rx_frames: regs.counter(reg::port_rx_frames(port))?,
                rx_bytes: regs.counter(reg::port_rx_bytes(port))?,
                rx_drops: regs.counter(reg::port_rx_drops(port))?,
                tx_frames: regs.counter(reg::port_tx_frames(port))?,
                tx_bytes: regs.counter(reg::port_tx_bytes(port))?,
            };
        }
        counters.host_rx = regs.counter(reg::HOST_RX_FRAMES)?;
        counters.host_tx = regs.counter(reg::HOST_TX_FRAMES)?;
        Ok(counters)
    }

    fn sa_in(&mut self, index: u16) -> Result<SaInCounters, DutError> {
        let state = self.driver.read::<SaInState>(index.into())?;
        Ok(SaInCounters {
            seq_top: state.seq_top,
            packets: state.packets,
            bytes: state.bytes,
            auth_fail: state.auth_fail.into(),
            replay_fail: state.replay_fail.into(),
            told: Told { soft: state.soft_done, hard: state.hard_done },
        })
    }

    fn sa_out(&mut self, index: u16) -> Result<SaOutCounters, DutError> {
        let state = self.driver.read::<SaOutState>(index.into())?;
        Ok(SaOutCounters {
            seq: state.seq,
            packets: state.packets,
            bytes: state.bytes,
            told: Told { soft: state.soft_done, hard: state.hard_done },
        })
    }

    fn take_events(&mut self) -> Vec<SaEvent> {
        std::mem::take(&mut self.events)
    }
}
