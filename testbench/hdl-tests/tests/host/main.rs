// SPDX-License-Identifier: Apache-2.0
//! The parts of the host side, one by one. The rings themselves are tested in `host_if.rs`, with everything that
//! they share.

mod counters;
mod csr;
mod dma;
mod drop_monitor;
mod flight_account;
mod msix_arb;
mod ring_parts;
