// SPDX-License-Identifier: Apache-2.0
//! Signs of life while a model is built, which takes minutes for the whole card.

use std::io::Write;
use std::sync::mpsc::{channel, Receiver, RecvTimeoutError, Sender};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Time between two lines in a log.
const LOG_INTERVAL: Duration = Duration::from_secs(10);
/// Time between two looks at the clock on a terminal.
const TERMINAL_INTERVAL: Duration = Duration::from_secs(1);

/// What is going on.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Step {
    /// The run-time library is compiled.
    Runtime,
    /// Verilator is at work.
    Verilate,
    /// So many files are compiled, of so many.
    Compile(usize, usize),
}

/// Reports on stderr from a thread of its own until dropped: one line that changes when that is a terminal, else a line every ten
/// seconds.
#[derive(Debug)]
pub(crate) struct Progress {
    steps: Option<Sender<Step>>,
    thread: Option<JoinHandle<()>>,
}

impl Progress {
    pub(crate) fn start(what: &str) -> Self {
        let (steps, inbox) = channel();
        let what = what.to_string();
        let terminal = std::io::IsTerminal::is_terminal(&std::io::stderr());
        let interval = if terminal { TERMINAL_INTERVAL } else { LOG_INTERVAL };
        let thread = std::thread::spawn(move || {
            report(&what, &inbox, interval, terminal, &mut std::io::stderr());
        });
        Self { steps: Some(steps), thread: Some(thread) }
    }

    /// What is going on from now on.
    pub(crate) fn step(&self, step: Step) {
        if let Some(steps) = &self.steps {
            // The thread ends only after we have hung up.
            let _ = steps.send(step);
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.steps = None;
        if let Some(thread) = self.thread.take() {
            // It has nothing to say about the build; a panic has been printed.
            let _ = thread.join();
        }
    }
}

/// Writes to `out` until the sender hangs up. An output that fails is no reason to stop a build.
fn report(what: &str, inbox: &Receiver<Step>, interval: Duration, terminal: bool, out: &mut impl Write) {
    let started = Instant::now();
    let mut step = Step::Runtime;
    let mut due = started + interval;
    loop {
        let in_time = match inbox.recv_timeout(due.saturating_duration_since(Instant::now())) {
            Ok(next) => {
                step = next;
                false
            }
            Err(RecvTimeoutError::Timeout) => {
                due = Instant::now() + interval;
                true
            }
            Err(RecvTimeoutError::Disconnected) => break,
        };
        let text = line(what, step, started.elapsed());
        if terminal {
            let _ = write!(out, "\r\x1b[K{text}").and_then(|()| out.flush());
        } else if in_time {
            let _ = writeln!(out, "{text}");
        }
    }
    if terminal {
        let _ = write!(out, "\r\x1b[K").and_then(|()| out.flush());
    }
}

fn line(what: &str, step: Step, elapsed: Duration) -> String {
    let doing = match step {
        Step::Runtime => "compiling Verilator's run-time library".to_string(),
        Step::Verilate => "Verilator turns the RTL into C++".to_string(),
        Step::Compile(done, total) => format!("{done} of {total} files compiled"),
    };
    format!("verilated: {what}: {doing}, {} s", elapsed.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn output(terminal: bool, interval: Duration, steps: &[Step], wait: Duration) -> String {
        let (sender, inbox) = channel();
        let mut out = Vec::new();
        let to = &mut out;
        std::thread::scope(|scope| {
            scope.spawn(move || report("top", &inbox, interval, terminal, to));
            for step in steps {
                sender.send(*step).unwrap();
                std::thread::sleep(wait);
            }
            drop(sender);
        });
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_terminal_shows_every_step_on_one_line() {
        let steps = [Step::Verilate, Step::Compile(0, 9), Step::Compile(1, 9)];
        let text = output(true, Duration::from_secs(100), &steps, Duration::ZERO);
        assert!(text.contains("\r\x1b[Kverilated: top: 1 of 9 files compiled, 0 s"), "{text:?}");
        assert!(
            text.contains("Verilator turns") && !text.contains('\n') && text.ends_with("\x1b[K"),
            "{text:?}"
        );
    }

    #[test]
    fn a_log_gets_a_line_now_and_then() {
        let steps = [Step::Compile(3, 9)];
        let text = output(false, Duration::from_millis(20), &steps, Duration::from_millis(200));
        let lines: Vec<&str> = text.lines().collect();
        assert!((1..=10).contains(&lines.len()), "{text:?}");
        assert!(lines.iter().all(|l| *l == "verilated: top: 3 of 9 files compiled, 0 s"), "{text:?}");
        assert_eq!(output(false, Duration::from_secs(100), &[Step::Verilate; 5], Duration::ZERO), "");
    }
}
