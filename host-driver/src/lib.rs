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
//! | [`tables`] | what goes where in the card's tables |
//! | [`config`] | what `headend apply` reads |
//! | [`apply`](fn@apply) | programs a card with a configuration |
//! | [`readback`] | reads a card's tables back |
//! | [`life`] | how far SAs have come in their lifetimes |
//! | [`stats`] | counters, and whether they add up |
//! | [`cli`] | the `headend` command |

mod apply;
pub mod backend;
pub mod card;
pub mod cli;
pub mod config;
pub mod dma;
mod error;
#[cfg(test)]
mod fake;
pub mod life;
pub mod readback;
pub mod registers;
pub mod rings;
pub mod stats;
pub mod tables;

pub use apply::{apply, diff, ApplyReport, Change, Difference};
pub use card::{Card, CardInfo, Options};
pub use error::{Error, Result};
