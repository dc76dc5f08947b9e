// SPDX-License-Identifier: Apache-2.0
//! A Linux guest under QEMU without acceleration, commanded over a serial line.
//!
//! The guest has busybox, the programs given to it, and a shell loop on `ttyS1` that runs one command a line.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{bail, ensure, Context, Result};
use nix::fcntl::Flock;
use nix::sys::signal::{kill, Signal};
use nix::unistd::Pid;

use crate::cache::{self, Kernel, Qemu};
use crate::initramfs::Initramfs;
use crate::modules;

/// Longest time from start to the first prompt.
const BOOT_TIME: Duration = Duration::from_secs(120);
/// QEMU is ended after this time, whatever happens to the test that started it.
const LIFE_SECONDS: &str = "900";

/// The init process: mounts, loads the modules in order, then obeys the serial line.
const INIT: &str = r#"#!/bin/busybox sh
B=/bin/busybox
$B mkdir -p /proc /sys /dev /run /tmp
$B mount -t proc proc /proc; $B mount -t sysfs sys /sys; $B mount -t devtmpfs dev /dev
$B --install -s /bin
for m in $($B cat /lib/m/order); do $B insmod "/lib/m/$m" || echo "insmod $m failed"; done
export PATH=/sbin:/usr/sbin:/bin:/usr/bin HOME=/
$B stty -F /dev/ttyS1 raw -echo
exec </dev/ttyS1 >/dev/ttyS1 2>&1
echo "@ready"
while IFS= read -r line; do
  ( eval "$line" ) </dev/null >/tmp/command.out 2>&1
  status=$?
  $B cat /tmp/command.out
  echo
  echo "@status=$status"
done
$B poweroff -f
"#;

/// What goes into a guest and how it is started.
#[derive(Debug)]
pub struct GuestConfig {
    kernel: Kernel,
    qemu: Qemu,
    image: Initramfs,
    modules: Vec<&'static str>,
    arguments: Vec<String>,
    kernel_arguments: String,
}

impl GuestConfig {
    /// A guest without devices; `qemu` says which QEMU runs it.
    ///
    /// # Errors
    /// The kernel package cannot be had, or busybox is missing.
    pub fn new(qemu: Qemu) -> Result<Self> {
        let mut image = Initramfs::new();
        let busybox = cache::require_tool("busybox")?;
        image.program("init", INIT.as_bytes()).host_program("bin/busybox", &busybox)?;
        for dir in ["sbin", "usr/bin", "usr/sbin", "root"] {
            image.directory(dir);
        }
        Ok(Self {
            kernel: cache::kernel()?,
            qemu,
            image,
            modules: Vec::new(),
            arguments: Vec::new(),
            kernel_arguments: "console=ttyS0 quiet panic=-1 mitigations=off tsc=reliable no_timer_check \
                               cryptomgr.notests=1 random.trust_cpu=on"
                .to_owned(),
        })
    }

    /// Adds a program of the host, with its libraries.
    ///
    /// # Errors
    /// See [`Initramfs::host_program`].
    pub fn host_program(mut self, name: &str, path: &Path) -> Result<Self> {
        self.image.host_program(name, path)?;
        Ok(self)
    }

    /// Adds a program of the host found by name, at `sbin/NAME`.
    ///
    /// # Errors
    /// It is not installed.
    pub fn installed_program(self, name: &str) -> Result<Self> {
        let path = cache::require_tool(name)?;
        self.host_program(&format!("sbin/{name}"), &path)
    }

    /// Adds a file that only root may read, as configuration files with keys must be.
    #[must_use]
    pub fn private_file(mut self, name: &str, data: &[u8]) -> Self {
        self.image.private_file(name, data);
        self
    }

    /// Loads these kernel modules at boot, in this order, dependencies first.
    #[must_use]
    pub fn modules(mut self, names: &[&'static str]) -> Self {
        self.modules.extend(names);
        self
    }

    /// Adds QEMU arguments.
    #[must_use]
    pub fn arguments<S: Into<String>>(mut self, arguments: impl IntoIterator<Item = S>) -> Self {
        self.arguments.extend(arguments.into_iter().map(Into::into));
        self
    }

    /// Adds words to the kernel's command line.
    #[must_use]
    pub fn kernel_arguments(mut self, words: &str) -> Self {
        self.kernel_arguments.push(' ');
        self.kernel_arguments.push_str(words);
        self
    }

    /// Boots the guest and waits until it takes commands.
    ///
    /// # Errors
    /// QEMU does not start or the guest does not come up; the message ends with what it printed on its console.
    pub fn boot(mut self) -> Result<Guest> {
        let dir = tempfile::Builder::new().prefix("headend-guest-").tempdir()?;
        modules::add_modules(&mut self.image, &self.kernel.modules, &self.modules)?;
        let initrd = dir.path().join("initramfs");
        fs::write(&initrd, self.image.finish())?;
        let control = dir.path().join("control");
        let console = dir.path().join("console");
        let turn = cache::guest_turn()?;
        let child = Command::new("timeout")
            .args([LIFE_SECONDS])
            .args(&self.qemu.command)
            .arg("-L")
            .arg(&self.qemu.data)
            .args(["-accel", "tcg,thread=multi", "-cpu", "max", "-nodefaults", "-no-user-config"])
            .args(["-display", "none", "-no-reboot", "-kernel"])
            .arg(&self.kernel.image)
            .arg("-initrd")
            .arg(&initrd)
            .args(["-append", &self.kernel_arguments, "-serial"])
            .arg(format!("file:{}", console.display()))
            .arg("-chardev")
            .arg(format!("socket,id=control,path={},server=on,wait=off", control.display()))
            .args(["-serial", "chardev:control"])
            .args(&self.arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(dir.path().join("qemu.err"))?)
            .spawn()
            .context("start QEMU")?;
        let mut guest = Guest { child, line: None, console, dir, _turn: turn };
        guest.connect(&control).with_context(|| guest.last_words())?;
        Ok(guest)
    }
}

/// A running guest; ended when dropped.
#[derive(Debug)]
pub struct Guest {
    child: Child,
    line: Option<BufReader<UnixStream>>,
    console: PathBuf,
    dir: tempfile::TempDir,
    /// One guest at a time: without KVM it keeps both cores of a small machine busy, and its time-outs are wall clock.
    _turn: Flock<File>,
}

impl Guest {
    /// Runs a shell command in the guest and returns what it printed (both streams).
    ///
    /// # Errors
    /// The command's exit status is not 0, or the guest does not answer within `limit`.
    pub fn run(&mut self, command: &str, limit: Duration) -> Result<String> {
        let (status, text) = self.try_run(command, limit)?;
        ensure!(status == 0, "in the guest, `{command}` ended with status {status}: {}", text.trim());
        Ok(text)
    }

    /// Runs a shell command in the guest; returns its exit status and what it printed.
    ///
    /// # Errors
    /// The guest does not answer within `limit`.
    pub fn try_run(&mut self, command: &str, limit: Duration) -> Result<(i32, String)> {
        ensure!(!command.contains('\n'), "one line a command: {command:?}");
        let line = self.line.as_mut().context("the guest is not connected")?;
        line.get_mut().write_all(format!("{command}\n").as_bytes())?;
        let mut text = String::new();
        let end = Instant::now() + limit;
        loop {
            let Some(read) = read_line(line, end)? else {
                bail!(
                    "in the guest, `{command}` gave no end within {limit:?}; so far: {text}\n{}",
                    self.last_words()
                );
            };
            if let Some(status) = read.strip_prefix("@status=") {
                return Ok((status.trim().parse().context("exit status")?, text.trim_end().to_owned()));
            }
            text.push_str(&read);
        }
    }

    fn connect(&mut self, control: &Path) -> Result<()> {
        let end = Instant::now() + BOOT_TIME;
        let stream = loop {
            if let Some(status) = self.child.try_wait()? {
                bail!("QEMU ended at once ({status})");
            }
            match UnixStream::connect(control) {
                Ok(stream) => break stream,
                Err(error) if Instant::now() > end => {
                    return Err(error).context("connect to the guest's serial line")
                }
                Err(_) => std::thread::sleep(Duration::from_millis(20)),
            }
        };
        let mut line = BufReader::new(stream);
        loop {
            match read_line(&mut line, end)? {
                Some(text) if text.contains("@ready") => break,
                Some(_) => {}
                None => bail!("the guest did not come up within {BOOT_TIME:?}"),
            }
        }
        self.line = Some(line);
        Ok(())
    }

    /// The end of what the guest and QEMU printed, for error messages.
    #[must_use]
    pub fn last_words(&self) -> String {
        let tail = |path: &Path| {
            let text = fs::read(path).unwrap_or_default();
            String::from_utf8_lossy(&text[text.len().saturating_sub(2000)..]).into_owned()
        };
        format!("guest console: {}\nQEMU: {}", tail(&self.console), tail(&self.dir.path().join("qemu.err")))
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        if let Ok(pid) = i32::try_from(self.child.id()) {
            // `timeout` passes the signal on to QEMU. A guest that is gone already is no error.
            let _ = kill(Pid::from_raw(pid), Signal::SIGTERM);
        }
        let _ = self.child.wait();
    }
}

/// One line, or `None` when `end` passes first.
fn read_line(line: &mut BufReader<UnixStream>, end: Instant) -> Result<Option<String>> {
    let mut bytes = Vec::new();
    loop {
        let Some(left) = end.checked_duration_since(Instant::now()).filter(|left| !left.is_zero()) else {
            return Ok(None);
        };
        line.get_ref().set_read_timeout(Some(left))?;
        match line.read_until(b'\n', &mut bytes) {
            Ok(0) => bail!("the guest's serial line was closed"),
            Ok(_) if bytes.ends_with(b"\n") => {
                return Ok(Some(String::from_utf8_lossy(&bytes).replace('\r', "")));
            }
            Ok(_) => {}
            Err(error)
                if matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut) => {}
            Err(error) => return Err(error).context("read the guest's serial line"),
        }
    }
}
