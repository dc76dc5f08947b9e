// SPDX-License-Identifier: Apache-2.0
//! esp_encap of two pipelines with the sa_out_unit they share: sequence numbers, limits, padding, GCM context and outer
//! headers.

mod builder;
mod formats;
mod limits;
mod rates;
mod replace;
mod rig;
