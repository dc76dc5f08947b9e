// SPDX-License-Identifier: Apache-2.0
//! Driving header pipelines: words in, words out a fixed number of cycles later.

use headend_hdl_tests::{Agent, Bench, PulseMonitor, Rng, WordSource};
use headend_regs::{Meta, Op};

/// A meta as a port produces it for a frame of `len` bytes.
pub(crate) fn port_meta(port: u8, len: usize) -> Meta {
    Meta { ingress: port, intf: port.into(), len: len as u16, sa_in: 0xffff, ..Meta::default() }
}

/// A meta with every field of no interest to the module under test set at random, so that a module that
/// disturbs one is noticed.
pub(crate) fn noisy_meta(rng: &mut Rng, meta: Meta) -> Meta {
    Meta { cycle: rng.next_u64(), dmac: rng.next_u64() >> 16, push2: rng.next_u64() as u32, ..meta }
}

/// `meta` dropped for `reason`.
pub(crate) fn dropped(meta: &Meta, reason: headend_regs::DropReason) -> Meta {
    Meta { op: Op::Drop.code(), drop: reason.code(), ..*meta }
}

/// `meta` sent to the host for `reason`.
pub(crate) fn to_host(meta: &Meta, reason: headend_regs::HostReason) -> Meta {
    Meta { op: Op::Host.code(), host: reason.code(), ..*meta }
}

/// Sends `words` (one byte string per port of `inputs`) into a pipeline with `valid_i`/`valid_o`, back to back or
/// with gaps, and returns what stood on `outputs` for each; checks that each took exactly `latency` cycles.
pub(crate) fn through(
    bench: &mut Bench,
    agents: &mut [&mut dyn Agent],
    inputs: &[&str],
    outputs: &[&str],
    words: &[Vec<Vec<u8>>],
    latency: u64,
    gaps_percent: u32,
) -> Vec<Vec<Vec<u8>>> {
    let mut source = WordSource::new(bench, "valid_i", None, inputs).stalls(gaps_percent, 77);
    let mut monitor = PulseMonitor::new(bench, "valid_o", outputs);
    for word in words {
        source.push(&word.iter().map(Vec::as_slice).collect::<Vec<_>>());
    }
    for _ in 0..(words.len() as u64 * 4 + latency + 100) {
        if monitor.seen.len() == words.len() {
            break;
        }
        let mut all: Vec<&mut dyn Agent> = agents.iter_mut().map(|a| &mut **a as &mut dyn Agent).collect();
        all.push(&mut source);
        all.push(&mut monitor);
        bench.step(&mut all);
    }
    assert_eq!(monitor.seen.len(), words.len(), "headers that came out");
    for (i, (seen, sent)) in monitor.seen.iter().zip(source.sent()).enumerate() {
        assert_eq!(seen.0, sent + latency, "latency of header {i}");
    }
    if gaps_percent == 0 {
        let sent = source.sent();
        assert_eq!(sent[sent.len() - 1] - sent[0], sent.len() as u64 - 1, "one header per cycle");
    }
    monitor.seen.into_iter().map(|(_, word)| word).collect()
}

/// Decodes a meta from a port.
pub(crate) fn meta_of(port: &[u8]) -> Meta {
    Meta::from_bytes(port).expect("the port has the width of meta")
}
