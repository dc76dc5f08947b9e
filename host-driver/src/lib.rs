// SPDX-License-Identifier: Apache-2.0
//! User-space driver of the Headend card.
//!
//! | module | what |
//! | --- | --- |
//! | [`backend`] | the PCI function: vfio-user socket or the kernel's VFIO, behind one trait |
//! | [`dma`] | memory shared with the card, IOVAs |

pub mod backend;
pub mod dma;
