// SPDX-License-Identifier: Apache-2.0
//! What can go wrong between the driver and the PCI function.

use std::io;
use std::time::Duration;

use super::Region;

/// Error of a PCI backend: says which operation failed, on what, and what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum BackendError {
    /// The card could not be opened; the text says why and what to do.
    #[error("{0}")]
    Open(String),
    /// A system call failed.
    #[error("{what}: {source}")]
    Io {
        /// The operation.
        what: String,
        /// The system's error.
        source: io::Error,
    },
    /// The other side did not answer in time.
    #[error("no answer to {what} within {:.1} s", after.as_secs_f64())]
    Timeout {
        /// The request.
        what: String,
        /// How long the driver waited.
        after: Duration,
    },
    /// The card refused a request.
    #[error("the card refused {what}: {}", errno_text(*errno))]
    Refused {
        /// The request.
        what: String,
        /// Its errno, 0 when it gave none.
        errno: u32,
    },
    /// The other side broke the protocol.
    #[error("protocol error in {what}: {detail}")]
    Protocol {
        /// The request.
        what: String,
        /// What was wrong and what was expected.
        detail: String,
    },
    /// The connection was given up after an earlier error.
    #[error("the connection to the card was given up after: {0}")]
    Broken(String),
    /// Access outside a region.
    #[error("access at {offset:#x} is outside {region} ({size} bytes)")]
    OutOfRange {
        /// The region.
        region: Region,
        /// Byte offset.
        offset: u64,
        /// Bytes of the region.
        size: u64,
    },
    /// The device lacks something the driver needs.
    #[error("{0}")]
    Unsupported(String),
}

impl BackendError {
    /// Wraps the error of a system call.
    pub fn io(what: impl Into<String>, source: impl Into<io::Error>) -> Self {
        Self::Io { what: what.into(), source: source.into() }
    }
}

fn errno_text(errno: u32) -> String {
    match i32::try_from(errno) {
        Ok(0) | Err(_) => "no reason given".into(),
        Ok(code) => io::Error::from_raw_os_error(code).to_string(),
    }
}
