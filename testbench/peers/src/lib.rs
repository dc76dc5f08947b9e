// SPDX-License-Identifier: Apache-2.0
//! Real peers for the tests: the Linux kernel in a QEMU guest.
//!
//! * [`cache`] fetches guest kernels and QEMU, without installing anything;
//! * [`initramfs`] and [`modules`] make the guest's file system;
//! * [`guest`] boots a guest and runs commands in it.

pub mod cache;
pub mod guest;
pub mod initramfs;
pub mod modules;
