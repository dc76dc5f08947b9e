// SPDX-License-Identifier: Apache-2.0
//! The card in this process: the Verilated `headend_core` with everything a board puts around it.
//!
//! | of the core | what is on the other side |
//! | --- | --- |
//! | `s_axil_*` | [`Card::read32`], [`Card::write32`] |
//! | `m_axi_*` | a [`DmaTarget`] |
//! | `s_axis_p*`, `m_axis_p*` | [`Card::push_frame`], [`Card::pop_frame`] |
//! | `msix_*` | [`Card::pop_interrupt`] |
//! | `busy_o` | [`Card::is_idle`]: the clock may stop |

mod axi;
mod axis;
mod lite;

use crate::dma::DmaTarget;
use axi::AxiSlave;
use axis::{AxisSink, AxisSource};
use headend_verilated::{Instance, Library, Model, Port};
use lite::AxiLite;
use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use axi::AxiTiming;
pub use axis::AxisBeat;

/// Ethernet ports.
pub const PORTS: usize = headend_regs::param::NUM_PORTS;
/// Core clock in Hz; it turns cycles into simulated time.
pub const CLOCK_HZ: u64 = 250_000_000;

/// Most cycles a register access may take.
const LITE_LIMIT: u64 = 100_000;
/// Cycles without activity after which the card is idle: covers the registers between an input and `busy_o`.
const QUIET_CYCLES: u32 = 8;
/// Most protocol violations that are kept.
const VIOLATIONS_KEPT: usize = 32;

/// What can go wrong in the card.
#[derive(Debug, thiserror::Error)]
pub enum CardError {
    /// The model could not be built or loaded.
    #[error(transparent)]
    Model(#[from] headend_verilated::Error),
    /// The loaded model is not the card.
    #[error("the model has no port {0}: is it headend_core of this version?")]
    Port(String),
    /// A register access did not finish.
    #[error("no answer to the {access} of register {offset:#06x} in {LITE_LIMIT} cycles")]
    Timeout {
        /// `read` or `write`.
        access: &'static str,
        /// Offset in BAR0.
        offset: u16,
    },
    /// A register access was answered with an error response.
    #[error("{access} of register {offset:#06x} answered with AXI response {response}")]
    Response {
        /// `read` or `write`.
        access: &'static str,
        /// Offset in BAR0.
        offset: u16,
        /// AXI response code.
        response: u64,
    },
}

/// Counts of the simulation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CardStats {
    /// Clock cycles simulated.
    pub cycles: u64,
    /// Frames offered to each port.
    pub frames_in: [u64; PORTS],
    /// Frames taken from each port.
    pub frames_out: [u64; PORTS],
    /// DMA bursts read.
    pub dma_reads: u64,
    /// DMA bursts written.
    pub dma_writes: u64,
    /// DMA bursts refused.
    pub dma_refused: u64,
    /// Interrupt messages.
    pub interrupts: u64,
}

/// The card.
#[derive(Debug)]
pub struct Card<D> {
    library: Arc<Library>,
    dut: Instance,
    dma: D,
    lite: AxiLite,
    axi: AxiSlave,
    sources: [AxisSource; PORTS],
    sinks: [AxisSink; PORTS],
    busy: Port,
    msix_valid: Port,
    msix_vector: Port,
    interrupts: VecDeque<u8>,
    interrupt_count: u64,
    quiet: u32,
    violations: Vec<String>,
    /// Cycles before the last power cycle.
    cycles_before: u64,
    trace: Option<(PathBuf, u32)>,
}

/// Pipelines of the card unless it is built with another number.
pub const PIPES: usize = headend_regs::param::NUM_PIPES;

/// The model of the card with [`PIPES`] pipelines. `trace` builds support for [`Card::trace`]; such a model is slower.
pub fn core_model(trace: bool) -> Model {
    core_model_with(PIPES, trace)
}

/// As [`core_model`], with `pipes` pipelines: one for both ports, or one per port. Each kind of card is in the cache of
/// models by itself.
pub fn core_model_with(pipes: usize, trace: bool) -> Model {
    let model = Model::new("headend_core").traced(trace);
    // Without the parameter the default one is the same model for everybody.
    if pipes == PIPES {
        model
    } else {
        model.param("NumPipes", pipes as u64)
    }
}

impl<D: DmaTarget> Card<D> {
    /// Builds (or takes from the cache) the model of `headend_core`, powers it up and takes it through reset.
    ///
    /// # Errors
    /// The model cannot be built.
    pub fn new(dma: D) -> Result<Self, CardError> {
        Self::with_pipes(PIPES, dma)
    }

    /// As [`Card::new`], with `pipes` pipelines ([`core_model_with`]).
    ///
    /// # Errors
    /// The model cannot be built.
    pub fn with_pipes(pipes: usize, dma: D) -> Result<Self, CardError> {
        Self::with_library(&core_model_with(pipes, false).build()?, dma)
    }

    /// Powers up a given model and takes it through reset, with both links up.
    ///
    /// # Errors
    /// The model lacks a port of the card.
    pub fn with_library(library: &Arc<Library>, dma: D) -> Result<Self, CardError> {
        let port = |name: &str| library.find_port(name).ok_or_else(|| CardError::Port(name.to_string()));
        let mut card = Self {
            dut: library.instance(),
            dma,
            lite: AxiLite::new(library)?,
            axi: AxiSlave::new(library)?,
            sources: [AxisSource::new(library, 0)?, AxisSource::new(library, 1)?],
            sinks: [AxisSink::new(library, 0)?, AxisSink::new(library, 1)?],
            busy: port("busy_o")?,
            msix_valid: port("msix_valid_o")?,
            msix_vector: port("msix_vector_o")?,
            interrupts: VecDeque::new(),
            interrupt_count: 0,
            quiet: 0,
            violations: Vec::new(),
            cycles_before: 0,
            trace: None,
            library: library.clone(),
        };
        card.power_up();
        Ok(card)
    }

    /// Inputs that never change, and reset.
    fn power_up(&mut self) {
        self.dut.set("msix_ready_i", 1);
        self.dut.set("link_up_i", 3);
        self.dut.reset(8);
        self.quiet = 0;
    }

    /// Takes the card back to the state after power-up: tables, counters, rings and keys are gone, and so are frames, DMA and
    /// interrupts under way. [`Card::cycles`] starts anew. A trace goes on in another file, `name.1.fst` after `name.fst`.
    pub fn power_cycle(&mut self) {
        self.cycles_before += self.dut.cycles();
        self.dut = self.library.instance();
        if let Some((path, count)) = self.trace.take() {
            let next = path.with_extension(format!("{}.fst", count + 1));
            if let Err(error) = self.dut.trace(&next) {
                eprintln!("headend-sim: the trace ends with the power cycle: {error}");
            }
            self.trace = Some((path, count + 1));
        }
        self.lite.reset();
        self.axi.reset();
        self.sources.iter_mut().for_each(AxisSource::reset);
        self.sinks.iter_mut().for_each(AxisSink::reset);
        self.interrupts.clear();
        self.power_up();
    }

    /// How the DMA side answers, to make it slow or irregular in tests.
    pub fn set_axi_timing(&mut self, timing: AxiTiming) {
        self.axi.set_timing(timing);
    }

    /// Most bytes per cycle that enter a port, averaged over frames; 0 is as fast as the bus (64). A wire at
    /// 100 Gb/s carries 50 bytes in a cycle of 4 ns.
    pub fn set_port_rate(&mut self, port: usize, bytes_per_cycle: u32) {
        self.sources[port].set_rate(bytes_per_cycle);
    }

    /// Keeps a port from sending (`tready` low from the next cycle on), as a MAC under flow control would, until it is let go. Outlasts
    /// a power cycle. The card is not idle while a frame waits at a held port.
    ///
    /// # Panics
    /// There is no such port.
    pub fn hold_port(&mut self, port: usize, hold: bool) {
        self.sinks[port].hold(hold);
        self.quiet = 0;
    }

    /// Link state of each port.
    pub fn set_link(&mut self, up: [bool; PORTS]) {
        self.dut.set("link_up_i", u64::from(up[0]) | u64::from(up[1]) << 1);
        self.quiet = 0;
    }

    /// Host memory.
    pub fn dma(&self) -> &D {
        &self.dma
    }

    /// Host memory.
    pub fn dma_mut(&mut self) -> &mut D {
        &mut self.dma
    }

    /// Writes an FST trace from now on; the model must have been built for it ([`core_model`]).
    ///
    /// # Errors
    /// The model cannot trace, or the file cannot be written.
    pub fn trace(&mut self, path: &Path) -> Result<(), CardError> {
        self.dut.trace(path)?;
        self.trace = Some((path.to_path_buf(), 0));
        Ok(())
    }

    /// Writes out what the trace has buffered.
    pub fn flush_trace(&mut self) {
        self.dut.flush_trace();
    }

    /// The model itself, for tests that look inside.
    pub fn instance(&mut self) -> &mut Instance {
        &mut self.dut
    }

    /// One clock cycle.
    pub fn cycle(&mut self) {
        for source in &mut self.sources {
            source.drive(&mut self.dut);
        }
        for sink in &mut self.sinks {
            sink.drive(&mut self.dut);
        }
        self.lite.drive(&mut self.dut);
        self.axi.drive(&mut self.dut);
        self.dut.settle();
        self.sample();
        self.dut.edge();
    }

    /// What the board sees just before the clock edge.
    fn sample(&mut self) {
        let mut active = self.dut.get_bool(self.busy);
        for source in &mut self.sources {
            active |= source.sample(&self.dut);
        }
        active |= self.lite.sample(&self.dut);
        let cycle = self.dut.cycles();
        let mut violate = |text: String| {
            if self.violations.len() < VIOLATIONS_KEPT {
                self.violations.push(format!("cycle {cycle}: {text}"));
            }
        };
        active |= self.axi.sample(&self.dut, &mut self.dma, &mut violate);
        for sink in &mut self.sinks {
            active |= sink.sample(&self.dut, &mut violate);
        }
        if self.dut.get_bool(self.msix_valid) {
            self.interrupts.push_back(self.dut.get(self.msix_vector) as u8);
            self.interrupt_count += 1;
            active = true;
        }
        self.quiet = if active { 0 } else { self.quiet + 1 };
    }

    /// Nothing is in flight: no input waits, `busy_o` is low, the DMA side has nothing to answer.
    pub fn is_idle(&self) -> bool {
        self.quiet >= QUIET_CYCLES && self.sources.iter().all(AxisSource::is_empty)
    }

    /// Clocks until the card is idle; false when it is not after `max_cycles`.
    pub fn run_until_idle(&mut self, max_cycles: u64) -> bool {
        for _ in 0..max_cycles {
            if self.is_idle() {
                return true;
            }
            self.cycle();
        }
        self.is_idle()
    }

    /// Clocks `cycles` cycles, idle or not.
    pub fn run(&mut self, cycles: u64) {
        (0..cycles).for_each(|_| self.cycle());
    }

    /// Reads a 32-bit register of BAR0; the clock runs until the answer.
    ///
    /// # Errors
    /// No answer, or an error response.
    pub fn read32(&mut self, offset: u16) -> Result<u32, CardError> {
        self.lite.start_read(offset & !3);
        let (value, response) = self.finish_lite("read", offset)?;
        match response {
            0 => Ok(value),
            _ => Err(CardError::Response { access: "read", offset, response }),
        }
    }

    /// Writes a 32-bit register of BAR0; the clock runs until the answer.
    ///
    /// # Errors
    /// No answer, or an error response.
    pub fn write32(&mut self, offset: u16, value: u32) -> Result<(), CardError> {
        self.write32_bytes(offset, value, 0xf)
    }

    /// As [`Card::write32`], only the bytes whose bit is set in `strobe` (bit 0: bits 7:0).
    ///
    /// # Errors
    /// No answer, or an error response.
    pub fn write32_bytes(&mut self, offset: u16, value: u32, strobe: u8) -> Result<(), CardError> {
        self.lite.start_write(offset & !3, value, strobe);
        match self.finish_lite("write", offset)?.1 {
            0 => Ok(()),
            response => Err(CardError::Response { access: "write", offset, response }),
        }
    }

    fn finish_lite(&mut self, access: &'static str, offset: u16) -> Result<(u32, u64), CardError> {
        for _ in 0..LITE_LIMIT {
            self.cycle();
            if let Some(answer) = self.lite.take_answer() {
                self.quiet = 0;
                return Ok(answer);
            }
        }
        self.lite.reset();
        Err(CardError::Timeout { access, offset })
    }

    /// Reads a 64-bit counter: the low word first, which latches the high word.
    ///
    /// # Errors
    /// As [`Card::read32`].
    pub fn read64(&mut self, offset: u16) -> Result<u64, CardError> {
        let low = self.read32(offset)?;
        Ok(u64::from(self.read32(offset + 4)?) << 32 | u64::from(low))
    }

    /// Queues a frame at a port's input.
    ///
    /// # Panics
    /// The frame is empty or there is no such port.
    pub fn push_frame(&mut self, port: usize, frame: &[u8]) {
        self.sources[port].push_frame(frame, false);
    }

    /// Queues a frame that the MAC marks as bad.
    ///
    /// # Panics
    /// The frame is empty or there is no such port.
    pub fn push_bad_frame(&mut self, port: usize, frame: &[u8]) {
        self.sources[port].push_frame(frame, true);
    }

    /// Queues raw beats, well-formed or not.
    ///
    /// # Panics
    /// There is no such port.
    pub fn push_beats(&mut self, port: usize, beats: Vec<AxisBeat>) {
        self.sources[port].push_beats(beats);
    }

    /// Frames that wait at a port's input.
    pub fn pending_frames(&self, port: usize) -> usize {
        self.sources[port].len()
    }

    /// Next frame that left a port.
    pub fn pop_frame(&mut self, port: usize) -> Option<Vec<u8>> {
        self.pop_frame_at(port).map(|(_, frame)| frame)
    }

    /// Next frame that left a port, with the cycle of its last beat.
    pub fn pop_frame_at(&mut self, port: usize) -> Option<(u64, Vec<u8>)> {
        self.sinks[port].pop()
    }

    /// Next interrupt: an MSI-X vector.
    pub fn pop_interrupt(&mut self) -> Option<u8> {
        self.interrupts.pop_front()
    }

    /// Clock cycles since power-up.
    pub fn cycles(&self) -> u64 {
        self.dut.cycles()
    }

    /// Counts since creation.
    pub fn stats(&self) -> CardStats {
        let (dma_reads, dma_writes, dma_refused) = self.axi.counts();
        CardStats {
            cycles: self.cycles_before + self.dut.cycles(),
            frames_in: [self.sources[0].count(), self.sources[1].count()],
            frames_out: [self.sinks[0].count(), self.sinks[1].count()],
            dma_reads,
            dma_writes,
            dma_refused,
            interrupts: self.interrupt_count,
        }
    }

    /// Rules of AXI and of the ports that the core broke, first ones first. Always empty for a sound core.
    pub fn violations(&self) -> &[String] {
        &self.violations
    }
}
