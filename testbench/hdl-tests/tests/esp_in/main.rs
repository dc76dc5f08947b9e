// SPDX-License-Identifier: Apache-2.0
//! Inbound ESP behind the GCM engine: esp_commit and esp_restore of two lanes with the one sa_in_unit between them, against
//! a plain model of RFC 4303 3.4 and RFC 6040 4.2.
//!
//! The engines are played by the tests: they send "decrypted" packets with an ICV, and the tag that the engine
//! would have computed.

mod checks;
mod lanes;
mod limits;
mod model;
mod restore;
mod rig;
