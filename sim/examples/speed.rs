// SPDX-License-Identifier: Apache-2.0
//! Simulation speed of the whole card: nothing in flight, and both ports full of frames that no table knows.
//! `cargo run --release -p headend-sim --example speed`

use headend_regs::reg;
use headend_sim::card::Card;
use headend_sim::dma::NoMemory;
use std::time::Instant;

const CYCLES: u64 = 100_000;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut card = Card::new(NoMemory)?;
    card.write32(reg::CONTROL as u16, reg::Control::ENABLE.bits())?;
    measure("idle, clocked all the same", &mut card);
    let frame = [0x55; 1400];
    for port in 0..2 {
        (0..CYCLES / 22).for_each(|_| card.push_frame(port, &frame));
    }
    measure("both ports at full rate, dropped by classify", &mut card);
    println!("violations: {:?}", card.violations());
    Ok(())
}

fn measure(what: &str, card: &mut Card<NoMemory>) {
    let started = Instant::now();
    card.run(CYCLES);
    println!("{what}: {:.0} cycles/s", CYCLES as f64 / started.elapsed().as_secs_f64());
}
