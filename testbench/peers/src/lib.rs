// SPDX-License-Identifier: Apache-2.0
//! Real peers for the tests: the Linux kernel in a QEMU guest, and a far PE on an MPLS cable.
//!
//! * [`cache`] fetches guest kernels and QEMU, without installing anything;
//! * [`initramfs`] and [`modules`] make the guest's file system;
//! * [`card`] runs the simulated card and the `headend` command line;
//! * [`guest`] boots a guest and runs commands in it;
//! * [`lab`] joins card, guest and far PE; [`outer`] reads and changes what passes between them;
//! * [`peering`] configures both ends for one kind of ESP;
//! * [`wire`] joins peers and card by datagram sockets, listening in the middle;
//! * [`pcap`] writes what was seen for Wireshark;
//! * [`site`] is a customer site in software, and [`far_pe`] answers its pings over MPLS.

pub mod cache;
pub mod card;
pub mod far_pe;
pub mod guest;
pub mod initramfs;
pub mod lab;
pub mod modules;
pub mod outer;
pub mod pcap;
pub mod peering;
pub mod site;
pub mod wire;
