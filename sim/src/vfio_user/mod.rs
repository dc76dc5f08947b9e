// SPDX-License-Identifier: Apache-2.0
//! Server side of the vfio-user protocol, version 0.0, as QEMU 11 and the driver's own client speak it.
//!
//! The `vfio_user` crate has a server too; it blocks in `accept` and in each message, trusts the sizes a client
//! claims, and panics on some malformed ones. A card that also serves its ports, must sleep, and has to survive its
//! client, needs its own: [`connection`] cuts the byte stream into messages without ever blocking, [`device`] answers
//! them, [`dma_map`] holds the client's memory, [`irqs`] its eventfds.

pub mod connection;
pub mod device;
pub mod dma_map;
pub mod irqs;
pub mod waiting;
pub mod wire;
