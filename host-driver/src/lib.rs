// SPDX-License-Identifier: Apache-2.0
//! User-space driver of the Headend card.
//!
//! | module | what |
//! | --- | --- |
//! | [`backend`] | the PCI function: vfio-user socket or the kernel's VFIO, behind one trait |
//! | [`dma`] | memory shared with the card, IOVAs |
//! | [`registers`] | BAR0, typed |
//! | [`rings`] | cmd, event, rx\[0\], tx\[0\] |
//! | [`card`] | an open card: all of the above |
//! | [`config`] | what `headend apply` reads |

pub mod backend;
pub mod card;
pub mod config;
pub mod dma;
mod error;
#[cfg(test)]
mod fake;
pub mod registers;
pub mod rings;
pub mod tables;

pub use card::{Card, CardInfo, Options};
pub use error::{Error, Result};
