// SPDX-License-Identifier: Apache-2.0
//! Tests of the modules in hdl/rtl/lookup and hdl/rtl/forward, one file per module. Run those of one module
//! with `cargo test -p headend-hdl-tests --test forwarding fib_lookup::`.

mod frames;
mod headers;

mod adj_lookup;
mod chains;
mod classify;
mod egress_demux;
mod fib_lookup;
mod ingress_arb;
mod label_lookup;
mod parse;
mod qos;
mod rewrite;
mod sa_lookup;
mod segment;
mod selector_check;
mod shared_tables;
