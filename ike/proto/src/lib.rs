// SPDX-License-Identifier: Apache-2.0
//! IKEv2 (RFC 7296) without input or output: bytes in, values out, and back.
//!
//! - [`envelope`]: the encrypted payload and IKE fragmentation (RFC 7383).
//! - [`keys`]: keys of IKE and Child SAs, and what AUTH payloads prove (RFC 7296 2.14 to 2.18).
//! - [`wire`]: messages and their payloads, parsed and built.
//! - [`negotiate`]: which of the offered proposals to take, and why the others were refused.
//! - [`narrow`]: which part of the offered traffic selectors to take (RFC 7296 2.9).
//!
//! Nothing here opens a socket, reads a clock or draws a random number.

pub mod envelope;
pub mod keys;
pub mod narrow;
pub mod negotiate;
pub mod wire;
