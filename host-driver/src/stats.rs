// SPDX-License-Identifier: Apache-2.0
//! Counters of a card, and whether they add up.

use headend_regs::{param, reg, DropReason, HostReason, Stage};
use serde::Serialize;

use crate::card::Card;
use crate::Result;

/// Packets through one stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StageStats {
    /// Stage.
    pub stage: Stage,
    /// Packets that entered.
    pub entered: u64,
    /// Packets that left.
    pub left: u64,
}

/// Frames of one port, without FCS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct PortStats {
    /// Frames received, dropped ones included.
    pub rx_frames: u64,
    /// Bytes of those.
    pub rx_bytes: u64,
    /// Frames that the receive FIFO dropped.
    pub rx_drops: u64,
    /// Frames sent.
    pub tx_frames: u64,
    /// Bytes of those, padding included.
    pub tx_bytes: u64,
}

/// Everything that came in is somewhere: `entered = left + dropped + in_flight`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Conservation {
    /// Frames received by ports, and packets taken from the host.
    pub entered: u64,
    /// Frames sent by ports, and packets given to the host.
    pub left: u64,
    /// Packets dropped, by any reason.
    pub dropped: u64,
    /// What is left over: packets inside the card when it was read. Negative if the counters contradict each other.
    pub in_flight: i64,
}

/// All counters of a card, read one after the other while it runs.
#[derive(Clone, Debug)]
pub struct Stats {
    /// By stage.
    pub stages: Vec<StageStats>,
    /// Packets dropped, by reason; reasons that never happened too.
    pub drops: Vec<(DropReason, u64)>,
    /// Packets handed to the host, by reason.
    pub host: Vec<(HostReason, u64)>,
    /// By port.
    pub ports: Vec<PortStats>,
    /// Packets given to the host on rx\[0\].
    pub host_rx: u64,
    /// Packets taken from the host on tx\[0\], those it had to drop included.
    pub host_tx: u64,
    /// DMA accesses that the host refused.
    pub dma_errors: u32,
    /// Core clock cycles since reset.
    pub cycles: u64,
}

impl Stats {
    /// Reads the counters. What left is read before what entered, so that packets on their way count as in flight.
    ///
    /// # Errors
    /// Register access failed.
    pub fn read(card: &mut Card) -> Result<Self> {
        let regs = card.registers();
        let mut drops = Vec::new();
        for &reason in DropReason::ALL.iter().filter(|reason| **reason != DropReason::None) {
            drops.push((reason, regs.counter(reg::drop_count(usize::from(reason.code())))?));
        }
        let mut host = Vec::new();
        for &reason in HostReason::ALL.iter().filter(|reason| **reason != HostReason::None) {
            host.push((reason, regs.counter(reg::host_reason_count(usize::from(reason.code())))?));
        }
        let host_rx = regs.counter(reg::HOST_RX_FRAMES)?;
        let mut ports = Vec::new();
        for port in 0..param::NUM_PORTS {
            ports.push(PortStats {
                tx_frames: regs.counter(reg::port_tx_frames(port))?,
                tx_bytes: regs.counter(reg::port_tx_bytes(port))?,
                rx_drops: regs.counter(reg::port_rx_drops(port))?,
                rx_bytes: regs.counter(reg::port_rx_bytes(port))?,
                rx_frames: regs.counter(reg::port_rx_frames(port))?,
            });
        }
        let host_tx = regs.counter(reg::HOST_TX_FRAMES)?;
        let mut stages = Vec::new();
        for &stage in Stage::ALL {
            let n = usize::from(stage.code());
            let left = regs.counter(reg::stage_out(n))?;
            stages.push(StageStats { stage, entered: regs.counter(reg::stage_in(n))?, left });
        }
        let dma_errors = regs.read(reg::DMA_ERRORS)?;
        let cycles = regs.counter(reg::CYCLE_LO)?;
        Ok(Self { stages, drops, host, ports, host_rx, host_tx, dma_errors, cycles })
    }

    /// Packets dropped for a reason.
    #[must_use]
    pub fn dropped(&self, reason: DropReason) -> u64 {
        self.drops.iter().find(|(other, _)| *other == reason).map_or(0, |(_, count)| *count)
    }

    /// Packets handed to the host for a reason.
    #[must_use]
    pub fn to_host(&self, reason: HostReason) -> u64 {
        self.host.iter().find(|(other, _)| *other == reason).map_or(0, |(_, count)| *count)
    }

    /// The sum over the card.
    #[must_use]
    pub fn conservation(&self) -> Conservation {
        let ports = |count: fn(&PortStats) -> u64| self.ports.iter().map(count).sum::<u64>();
        let entered = ports(|port| port.rx_frames) + self.host_tx;
        let left = ports(|port| port.tx_frames) + self.host_rx;
        let dropped = self.drops.iter().map(|(_, count)| count).sum();
        Conservation {
            entered,
            left,
            dropped,
            in_flight: entered.wrapping_sub(left).wrapping_sub(dropped) as i64,
        }
    }
}
