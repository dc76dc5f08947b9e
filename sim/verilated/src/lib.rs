// SPDX-License-Identifier: Apache-2.0
//! Builds Verilator models and calls them from Rust.
