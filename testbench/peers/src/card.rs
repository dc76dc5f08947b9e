// SPDX-License-Identifier: Apache-2.0
//! The simulated card as a process, and the `headend` command line as its users have it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{bail, ensure, Context, Result};
use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::{kill, Signal};
use nix::unistd::Pid;

use crate::cache::workspace_program;

/// Longest time from start to a socket that answers.
const START_LIMIT: Duration = Duration::from_secs(20);

/// A running `headend-card`; ended when dropped.
#[derive(Debug)]
pub struct CardProcess {
    child: Child,
    socket: PathBuf,
    log: PathBuf,
    cli: PathBuf,
}

impl CardProcess {
    /// Starts a card with its socket in `dir` and the given attachments (see `headend-card --help`).
    ///
    /// # Errors
    /// The program is not built, or it does not become ready; the message holds what it printed.
    pub fn start(dir: &Path, port0: &str, port1: &str) -> Result<Self> {
        let (socket, log) = (dir.join("card.sock"), dir.join("card.log"));
        let program = workspace_program("headend-card", "headend-sim")?;
        let cli = workspace_program("headend", "headend-driver")?;
        build_model(&program)?;
        let output = fs::File::create(&log)?;
        let mut command = Command::new(program);
        command
            .arg("--socket")
            .arg(&socket)
            .args(["--port0", port0, "--port1", port1])
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output);
        end_with_parent(&mut command);
        let child = command.spawn().context("start headend-card")?;
        let mut card = Self { child, socket, log, cli };
        let end = Instant::now() + START_LIMIT;
        while !card.log().contains("ready on") {
            if let Some(status) = card.child.try_wait()? {
                bail!("headend-card ended at once ({status}): {}", card.log());
            }
            ensure!(
                Instant::now() < end,
                "headend-card was not ready within {START_LIMIT:?}: {}",
                card.log()
            );
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(card)
    }

    /// The card's vfio-user socket.
    #[must_use]
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// The card's process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What the card has printed.
    #[must_use]
    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Runs `headend --card vfio-user:SOCKET ARGUMENTS` and returns what it printed.
    ///
    /// # Errors
    /// It fails; the message holds its words.
    pub fn headend(&self, arguments: &[&str]) -> Result<String> {
        let output = Command::new(&self.cli)
            .arg("--card")
            .arg(format!("vfio-user:{}", self.socket.display()))
            .args(arguments)
            .stdin(Stdio::null())
            .output()
            .context("run headend")?;
        ensure!(
            output.status.success(),
            "headend {arguments:?} failed ({}): {}",
            output.status,
            String::from_utf8_lossy(&output.stderr).trim()
        );
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Starts `headend --card vfio-user:SOCKET ARGUMENTS` and lets it run; its standard output is piped. The card serves one
    /// program at a time, so no other command works meanwhile.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn spawn_headend(&self, arguments: &[&str]) -> Result<Child> {
        let mut command = Command::new(&self.cli);
        command.arg("--card").arg(format!("vfio-user:{}", self.socket.display()));
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped());
        end_with_parent(&mut command);
        command.spawn().context("start headend")
    }

    /// Writes `config` into `dir`, readable by its owner only, and applies it.
    ///
    /// # Errors
    /// See [`CardProcess::headend`].
    pub fn apply(&self, dir: &Path, config: &str) -> Result<String> {
        let path = dir.join("headend.toml");
        fs::write(&path, config)?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600))?;
        self.headend(&["apply", &path.to_string_lossy()])
    }

    /// `headend stats --json`.
    ///
    /// # Errors
    /// See [`CardProcess::headend`]; or the output is no JSON.
    pub fn stats(&self) -> Result<serde_json::Value> {
        serde_json::from_str(&self.headend(&["stats", "--json"])?).context("headend stats --json")
    }
}

/// Has the kernel end the child when the thread that starts it ends, so that a killed test leaves no card behind.
fn end_with_parent(command: &mut Command) {
    // SAFETY: the closure runs between fork and exec and makes one system call, prctl, which is async-signal-safe; it
    // allocates nothing and touches no lock.
    unsafe {
        command.pre_exec(|| set_pdeathsig(Signal::SIGTERM).map_err(std::io::Error::from));
    }
}

/// Builds the Verilated model if the RTL has changed since the last time; processes that come together share it.
///
/// # Errors
/// The RTL does not build; the message holds what Verilator said.
pub fn build_model(program: &Path) -> Result<()> {
    let output = Command::new(program)
        .arg("--build-only")
        .stdin(Stdio::null())
        .output()
        .context("run headend-card")?;
    let words = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "headend-card --build-only failed ({}): {words}", output.status);
    Ok(())
}

impl Drop for CardProcess {
    fn drop(&mut self) {
        if let Ok(pid) = i32::try_from(self.child.id()) {
            // A card that has ended already is no error.
            let _ = kill(Pid::from_raw(pid), Signal::SIGTERM);
        }
        let _ = self.child.wait();
    }
}
