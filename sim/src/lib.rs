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

/// Keeps the memory of this process, which holds every key of the simulated card, out of core dumps and away from debuggers of
/// the same user, for the rest of its life.
///
/// # Errors
/// The kernel refuses.
pub fn keep_secret() -> nix::Result<()> {
    nix::sys::resource::setrlimit(nix::sys::resource::Resource::RLIMIT_CORE, 0, 0)?;
    nix::sys::prctl::set_dumpable(false)
}
