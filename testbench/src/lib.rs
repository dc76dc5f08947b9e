// SPDX-License-Identifier: Apache-2.0
//! Reference model, traffic, differential tests and benches of Headend.
//!
//! * [`packet`]: building and taking apart packets.
//! * [`traffic`]: random tables and packets from a seed.
//! * [`harness`]: a scenario on the card, every packet held against the model.
//! * [`model`]: what the card has to do with a packet, in plain Rust.

#![warn(missing_docs, unreachable_pub)]

pub mod harness;
pub mod model;
pub mod packet;
pub mod traffic;
