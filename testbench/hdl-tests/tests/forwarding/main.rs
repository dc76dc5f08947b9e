// SPDX-License-Identifier: Apache-2.0
//! Tests of the modules in hdl/rtl/lookup and hdl/rtl/forward, one file per module. Run those of one module
//! with `cargo test -p headend-hdl-tests --test forwarding fib_lookup::`.

mod frames;
mod headers;

mod adj_lookup;
mod classify;
mod fib_lookup;
mod label_lookup;
mod parse;
mod sa_lookup;
mod selector_check;
mod egress_demux;
mod ingress_arb;
mod qos;
mod rewrite;
mod segment;
