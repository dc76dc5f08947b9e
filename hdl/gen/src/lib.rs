// SPDX-License-Identifier: Apache-2.0
//! Generates SystemVerilog, Rust and documentation from hdl/tables.toml.
