// SPDX-License-Identifier: Apache-2.0
//! The simulated card: a vfio-user PCI device on a Unix socket.

use clap::Parser;
use headend_sim::attach::AttachSpec;
use headend_sim::card::{core_model_with, Card, PIPES, PORTS};
use headend_sim::server::{Server, Signals};
use headend_sim::vfio_user::dma_map::DmaMap;
use headend_verilated::Library;
use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

/// Runs the Verilated Headend card and serves it as a vfio-user PCI device, to the driver or to QEMU.
#[derive(Debug, Parser)]
#[command(version)]
struct Args {
    /// Unix socket to serve the PCI device on.
    #[arg(long, required_unless_present = "build_only")]
    socket: Option<PathBuf>,
    /// What port 0 is plugged into: tap:NAME, pcap:IN,OUT, dgram:LOCAL,REMOTE or none.
    #[arg(long, default_value = "none")]
    port0: AttachSpec,
    /// What port 1 is plugged into.
    #[arg(long, default_value = "none")]
    port1: AttachSpec,
    /// Pipelines of the card: 1 for both ports, or 2, one per port.
    #[arg(long, value_name = "N", default_value_t = PIPES, value_parser = pipes)]
    pipes: usize,
    /// Write an FST trace of all signals (slow; gtkwave shows it). It shows keys too, and the card may be debugged then and
    /// leave core dumps, which it otherwise does not.
    #[arg(long, value_name = "FILE")]
    trace: Option<PathBuf>,
    /// Write the run's counts as JSON when the card ends.
    #[arg(long, value_name = "FILE")]
    stats: Option<PathBuf>,
    /// Most bytes per clock cycle that enter a port from its attachment, so that busy ports do not swamp their pipeline
    /// (64 bytes per cycle); 0 is no limit. Without it 48 with two pipelines, 24 with one.
    #[arg(long, value_name = "BYTES")]
    rate: Option<u32>,
    /// Use a model built before (target/verilated/headend_core-*/model.so) instead of building it. It is a program made for the
    /// processor of the machine that built it.
    #[arg(long, value_name = "FILE")]
    model: Option<PathBuf>,
    /// Build the model and end.
    #[arg(long)]
    build_only: bool,
}

/// One pipeline, or one per port.
fn pipes(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(pipes) if pipes == 1 || pipes == PORTS => Ok(pipes),
        _ => Err(format!("a card has 1 or {PORTS} pipelines")),
    }
}

fn main() -> ExitCode {
    match run(&Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("headend-card: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &Args) -> Result<(), Box<dyn Error>> {
    if args.trace.is_none() {
        headend_sim::keep_secret()?;
    }
    // Signals still end the process while the model is built, which takes a while, and while the ports are opened.
    let model = match &args.model {
        Some(path) => path.clone(),
        None => core_model_with(args.pipes, args.trace.is_some()).build_object()?,
    };
    let (false, Some(socket)) = (args.build_only, &args.socket) else { return Ok(()) };
    let ports = [args.port0.open()?, args.port1.open()?];
    let signals = Signals::block()?;
    // SAFETY: built just now, or a file that the user vouches for by naming it, as for any program that is started.
    let library = Arc::new(unsafe { Library::load(&model) }?);
    let mut card = Card::with_library(&library, DmaMap::default())?;
    for port in 0..PORTS {
        card.set_port_rate(port, args.rate.unwrap_or(24 * args.pipes as u32));
    }
    if let Some(path) = &args.trace {
        card.trace(path)?;
    }
    let mut server = Server::new(socket, card, ports, signals)?;
    println!("headend-card: ready on {}", socket.display());
    server.run()?;
    report(args, &server)
}

/// Says what was simulated and how fast, and writes the file if one is wanted.
fn report(args: &Args, server: &Server) -> Result<(), Box<dyn Error>> {
    let (card, process) = (server.card().stats(), server.stats());
    let busy = process.busy.as_secs_f64();
    let speed = if busy > 0.0 { card.cycles as f64 / busy } else { 0.0 };
    eprintln!(
        "headend-card: {} cycles in {busy:.2} s busy ({speed:.0} cycles/s), {} clients, frames in {:?}, out {:?}, lost {:?}",
        card.cycles, process.clients, card.frames_in, card.frames_out, process.frames_lost
    );
    let Some(path) = &args.stats else { return Ok(()) };
    let stats = serde_json::json!({
        "cycles": card.cycles,
        "busy_seconds": busy,
        "cycles_per_second": speed,
        "clients": process.clients,
        "frames_in": card.frames_in,
        "frames_out": card.frames_out,
        "frames_lost": process.frames_lost,
        "dma_reads": card.dma_reads,
        "dma_writes": card.dma_writes,
        "dma_refused": card.dma_refused,
        "interrupts": card.interrupts,
        "violations": server.card().violations(),
    });
    std::fs::write(path, format!("{stats:#}\n"))
        .map_err(|e| format!("cannot write {}: {e}", path.display()))?;
    Ok(())
}
