// SPDX-License-Identifier: Apache-2.0
//! Speed of the simulated card as a program: under load, idle, and to build.

use super::traffic::{Direction, Form, Lab};
use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Time of the loaded measurement.
const LOADED: Duration = Duration::from_secs(5);
/// Time of the idle measurement.
const IDLE: Duration = Duration::from_secs(10);
/// Time to come to rest after the driver has set the card up.
const SETTLE: Duration = Duration::from_secs(2);
/// Longest wait for the card's socket.
const START: Duration = Duration::from_secs(60);
/// Inner packets of the loaded measurement, in bytes.
const SIZE: usize = 1400;
/// Customers, and frames in each direction between two looks at the clock.
const CUSTOMERS: u16 = 8;

/// Seconds to build the model of the card from nothing.
pub(crate) fn build_seconds(card: &Path) -> Result<f64, Box<dyn Error>> {
    let cache = PathBuf::from(super::RESULTS).join("build-cache");
    if cache.exists() {
        std::fs::remove_dir_all(&cache)?;
    }
    eprintln!("bench: building the model from nothing ...");
    let start = Instant::now();
    let status = Command::new(card).arg("--build-only").env("HEADEND_VERILATED", &cache).status()?;
    let seconds = start.elapsed().as_secs_f64();
    std::fs::remove_dir_all(&cache)?;
    match status.success() {
        true => Ok(seconds),
        false => Err(format!("{} --build-only: {status}", card.display()).into()),
    }
}

/// Simulated cycles and packets per second of wall-clock time, while one port brings ESP to decrypt and the
/// other labelled packets to encrypt. The card has `pipes` pipelines.
pub(crate) fn loaded_speed(pipes: usize) -> Result<(f64, f64), Box<dyn Error>> {
    let lab = Lab::new(pipes, CUSTOMERS, Form::Tunnel)?;
    let mut sim = lab.card.sim();
    let (first_cycle, mut running) = (sim.cycles(), Duration::ZERO);
    let mut packets = 0u64;
    while running < LOADED {
        let frames = |direction| (0..CUSTOMERS).map(|n| lab.frame(direction, n, SIZE)).collect::<Vec<_>>();
        let (esp, labelled) = (frames(Direction::Decrypt), frames(Direction::Encrypt));
        // Making the frames is not the card's time.
        let start = Instant::now();
        for (esp, labelled) in esp.iter().zip(&labelled) {
            sim.push_frame(0, esp);
            sim.push_frame(1, labelled);
        }
        // The next round enters while the last packets of this one are still inside.
        while sim.pending_frames(0) + sim.pending_frames(1) > 0 {
            sim.cycle();
        }
        sim.run(400);
        packets += (0..2).map(|port| std::iter::from_fn(|| sim.pop_frame(port)).count() as u64).sum::<u64>();
        running += start.elapsed();
    }
    let seconds = running.as_secs_f64();
    Ok(((sim.cycles() - first_cycle) as f64 / seconds, packets as f64 / seconds))
}

/// A child process that is stopped when it goes out of scope.
struct Stopped(Child);

impl Drop for Stopped {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Processor time of the real card process, opened by the driver and enabled, with nothing to do; in percent of one core.
pub(crate) fn idle_cpu_percent(card: &Path) -> Result<f64, Box<dyn Error>> {
    let socket = std::env::temp_dir().join(format!("headend-bench-{}.sock", std::process::id()));
    let child = Command::new(card).arg("--socket").arg(&socket).stdout(Stdio::null()).spawn()?;
    let child = Stopped(child);
    let start = Instant::now();
    while !socket.exists() {
        if start.elapsed() > START {
            return Err(format!("{} made no socket in {START:?}", card.display()).into());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    let location = headend_driver::backend::Location::VfioUser(socket.clone());
    let mut driver = headend_driver::Card::open(&location, headend_driver::Options::default())?;
    driver.set_enabled(true)?;
    std::thread::sleep(SETTLE);
    let (before, start) = (cpu_ticks(child.0.id())?, Instant::now());
    std::thread::sleep(IDLE);
    let used = (cpu_ticks(child.0.id())? - before) as f64 / ticks_per_second();
    let percent = 100.0 * used / start.elapsed().as_secs_f64();
    drop(driver);
    drop(child);
    // The card removes its socket unless it was stopped.
    let _ = std::fs::remove_file(&socket);
    Ok(percent)
}

/// User and system time of a process so far, in clock ticks (proc(5), fields 14 and 15 of stat).
fn cpu_ticks(pid: u32) -> Result<u64, Box<dyn Error>> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let after_name = stat.rsplit_once(')').ok_or("/proc stat without a name")?.1;
    let fields: Vec<&str> = after_name.split_whitespace().collect();
    Ok(fields[11].parse::<u64>()? + fields[12].parse::<u64>()?)
}

/// Clock ticks per second: Linux has had 100 for user space on all architectures we run on.
fn ticks_per_second() -> f64 {
    100.0
}
