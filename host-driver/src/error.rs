// SPDX-License-Identifier: Apache-2.0
//! The driver's error.

use std::time::Duration;

use headend_regs::{CmdOp, CmdStatus, Ring, RingError, Table};

use crate::backend::BackendError;
use crate::dma::DmaError;

/// Error of the driver: what was asked, of what, and what went wrong.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The PCI function could not be reached or refused something.
    #[error(transparent)]
    Backend(#[from] BackendError),
    /// DMA memory.
    #[error(transparent)]
    Dma(#[from] DmaError),
    /// The function is no Headend card.
    #[error("{location} is no Headend card: its identity register reads {found:#010x}, expected 0x48454144 (\"HEAD\")")]
    NotHeadend {
        /// Where.
        location: String,
        /// Identity register.
        found: u32,
    },
    /// Card and driver do not fit together.
    #[error("the card speaks interface {card_major}.{card_minor}, this driver {major}.{minor}: update the older one")]
    Interface {
        /// Card's major version.
        card_major: u32,
        /// Card's minor version.
        card_minor: u32,
        /// Driver's major version.
        major: u16,
        /// Driver's minor version.
        minor: u16,
    },
    /// A ring has no room; take completions and try again.
    #[error("ring {0} is full")]
    RingFull(Ring),
    /// The card stopped a ring.
    #[error("the card stopped ring {ring}: {}", error.doc())]
    RingStopped {
        /// The ring.
        ring: Ring,
        /// Why.
        error: RingError,
    },
    /// The card did something it never may: the ring is given up until it is restarted.
    #[error("the card misbehaves on ring {ring}: {detail}")]
    Misbehaves {
        /// The ring.
        ring: Ring,
        /// What it did, and what was expected.
        detail: String,
    },
    /// A ring was given up after an earlier error.
    #[error("ring {0} was given up after an earlier error; restart the rings")]
    RingDead(Ring),
    /// The card did not do its part in time.
    #[error("the card did not finish {what} within {:.1} s", after.as_secs_f64())]
    Timeout {
        /// What the driver waited for.
        what: String,
        /// How long.
        after: Duration,
    },
    /// The card refused a command.
    #[error("{op} of {table}[{index}] failed: {}", status.doc())]
    Command {
        /// Operation.
        op: CmdOp,
        /// Table, as text.
        table: String,
        /// Index.
        index: u32,
        /// Why.
        status: CmdStatus,
    },
    /// A table has no room.
    #[error("table {table} is full: {detail}")]
    TableFull {
        /// The table.
        table: Table,
        /// What was to be placed, and how many fit.
        detail: String,
    },
    /// The configuration asks for what this card cannot do; nothing was written.
    #[error("this card cannot do it (see `headend card info`): {}", .0.join("; "))]
    Incapable(Vec<String>),
    /// Applying a configuration stopped on the way.
    #[error(
        "applying stopped half-way: {0}; no interface forwards by half-made tables; apply again when the card works"
    )]
    HalfApplied(#[source] Box<Error>),
    /// The caller's argument cannot work.
    #[error("{0}")]
    Invalid(String),
    /// The configuration is wrong; each mistake with file, line and key.
    #[error(transparent)]
    Config(#[from] crate::config::ConfigErrors),
}

impl Error {
    /// A misbehaviour of the card on `ring`.
    pub(crate) fn misbehaves(ring: Ring, detail: impl Into<String>) -> Self {
        Self::Misbehaves { ring, detail: detail.into() }
    }
}

/// Result of the driver.
pub type Result<T, E = Error> = std::result::Result<T, E>;
