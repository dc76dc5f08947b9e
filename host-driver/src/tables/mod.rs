// SPDX-License-Identifier: Apache-2.0
//! The card's tables, from the host's side: what goes where, and in which order it is written.
//!
//! Nothing here touches the card: changes are made in a picture of the tables and come out as [`Command`]s whose order
//! is safe to carry out one by one.
//!
//! [`Command`]: crate::rings::Command

mod blocks;
mod cuckoo;
mod directory;
mod fib;
mod ghash;
pub mod hash;
mod prefix;

pub use cuckoo::Cuckoo;
pub(crate) use directory::{LabelBlocks, DIRECTORY};
pub use fib::Fib;
pub(crate) use fib::{prefix_of, LEVELS, LEVEL_NODES};
pub use ghash::{gcm_key, SALT_BYTES};
pub use prefix::Prefix;
