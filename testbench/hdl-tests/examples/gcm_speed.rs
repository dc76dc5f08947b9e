// SPDX-License-Identifier: Apache-2.0
//! How fast the GCM engine simulates: busy with 1,400-byte and 64-byte packets, passing packets by, idle.
//!
//! `cargo run --release -p headend-hdl-tests --example gcm_speed -- [CYCLES]`

#[path = "../tests/gcm_common/mod.rs"]
mod gcm_common;

use gcm_common::{engine, Job, Keys};
use headend_hdl_tests::Rng;
use headend_regs::Beat;
use std::time::Instant;

/// A beat as it stands on the ports: beat and, with the first one, what the engine is told.
type Offer = (Vec<u8>, Option<Vec<u8>>);

/// The beats of `jobs`.
fn offers(jobs: &[Job]) -> Vec<Offer> {
    let mut all = Vec::new();
    for job in jobs {
        let last = job.input.len().div_ceil(64) - 1;
        for (i, chunk) in job.input.chunks(64).enumerate() {
            let mut beat = Beat { bytes: chunk.len() as u8, sop: i == 0, eop: i == last, ..Beat::default() };
            beat.data[..chunk.len()].copy_from_slice(chunk);
            all.push((beat.to_bytes().to_vec(), (i == 0).then(|| job.ctx.to_bytes().to_vec())));
        }
    }
    all
}

/// Cycles per second with `offers` in rotation, or none.
fn speed(offers: &[Offer], cycles: u64) -> f64 {
    let mut dut = engine(true, false).instance();
    dut.reset(2);
    let ports = ["s_valid_i", "s_beat_i", "s_ctx_i"].map(|name| dut.port(name));
    let ready = dut.port("s_ready_o");
    dut.set("m_ready_i", 1);
    dut.set("tag_ready_i", 1);
    dut.set(ports[0], u64::from(!offers.is_empty()));
    let mut next = 0;
    let start = Instant::now();
    for _ in 0..cycles {
        if let Some((beat, ctx)) = offers.get(next) {
            dut.set_bytes(ports[1], beat);
            if let Some(ctx) = ctx {
                dut.set_bytes(ports[2], ctx);
            }
        }
        dut.settle();
        if !offers.is_empty() && dut.get_bool(ready) {
            next = (next + 1) % offers.len();
        }
        dut.edge();
    }
    cycles as f64 / start.elapsed().as_secs_f64()
}

fn main() {
    let cycles = std::env::args().nth(1).map_or(1_000_000, |a| a.parse().expect("CYCLES is a number"));
    let mut rng = Rng::new(1);
    let keys = Keys::new(&mut rng, 16);
    let mut jobs = |len| (0..64).map(|_| keys.job(&mut rng, true, len, 0)).collect::<Vec<_>>();
    let (long, short) = (jobs(1400), jobs(64));
    let pass: Vec<_> = long.iter().map(|job| Job::bypass(job.input.clone())).collect();
    for (name, jobs) in
        [("1400-byte packets", long), ("64-byte packets", short), ("bypass", pass), ("idle", vec![])]
    {
        println!("{name:20} {:10.0} cycles/s", speed(&offers(&jobs), cycles));
    }
}
