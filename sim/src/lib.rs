// SPDX-License-Identifier: Apache-2.0
//! The simulated Headend card.
//!
//! - [`card`]: the Verilated core in this process, with AXI, ports and interrupts around it. Differential tests use it directly.
//! - [`dma`]: where its DMA goes.
#![warn(missing_docs, unreachable_pub)]

pub mod attach;
pub mod card;
pub mod dma;
pub mod pci;
pub mod server;
pub mod vfio_user;
