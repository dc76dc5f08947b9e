// SPDX-License-Identifier: Apache-2.0
//! A headend-card process with the small core of `tests/rtl`, and a client that says exactly what a test wants.
#![allow(dead_code, unreachable_pub, reason = "each test file uses its part")]

use headend_sim::vfio_user::wire::{Command, Header, FLAG_ERROR, FLAG_REPLY, HEADER_BYTES};
use headend_verilated::Model;
use nix::sys::signal::{kill, Signal};
use nix::sys::socket::{sendmsg, ControlMessage, MsgFlags};
use nix::unistd::Pid;
use std::fs::File;
use std::io::{BufRead, BufReader, IoSlice, Read, Write};
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command as Process, Stdio};
use std::time::{Duration, Instant};

/// Longest that anything here may take.
pub const LIMIT: Duration = Duration::from_secs(20);

/// The small core, built once.
pub fn mini_core() -> PathBuf {
    let model = Model::new("mini_core").source_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/rtl"));
    model.build_object().unwrap()
}

/// A running card in a folder of its own.
pub struct CardProcess {
    child: Child,
    pub dir: tempfile::TempDir,
    pub socket: PathBuf,
}

impl CardProcess {
    /// Starts a card; `args` are added to socket, model and statistics. `{dir}` in them stands for the card's folder.
    pub fn start(args: &[&str]) -> Self {
        Self::start_in(tempfile::tempdir().unwrap(), args)
    }

    pub fn start_in(dir: tempfile::TempDir, args: &[&str]) -> Self {
        let socket = dir.path().join("card.sock");
        let log = File::create(dir.path().join("log")).unwrap();
        let mut child =
            command(dir.path(), &socket, args).stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert!(line.contains("ready on"), "the card did not start: {line}");
        Self { child, dir, socket }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What the card has said on stderr.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.path("log")).unwrap()
    }

    /// Sets a resource limit of the card, as `ulimit` would have; gives the one there was.
    pub fn limit(&self, resource: libc::__rlimit_resource_t, soft: u64) -> u64 {
        let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
        // SAFETY: `limit` is live and of the right type; a null pointer leaves the limit alone.
        unsafe {
            assert_eq!(libc::prlimit(self.pid() as i32, resource, std::ptr::null(), &mut limit), 0);
            let new = libc::rlimit { rlim_cur: soft, ..limit };
            assert_eq!(libc::prlimit(self.pid() as i32, resource, &new, std::ptr::null_mut()), 0);
        }
        limit.rlim_cur
    }

    /// Processor time it has used, in clock ticks (10 ms).
    pub fn cpu_ticks(&self) -> u64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.pid())).unwrap();
        let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
        fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
    }

    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Ends the card by SIGTERM and gives its statistics.
    pub fn stop(&mut self) -> serde_json::Value {
        kill(Pid::from_raw(self.child.id() as i32), Signal::SIGTERM).unwrap();
        let started = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(started.elapsed() < LIMIT, "the card does not end on SIGTERM");
            std::thread::sleep(Duration::from_millis(5));
        };
        assert!(status.success(), "{status}");
        assert!(!self.socket.exists(), "the socket is removed");
        serde_json::from_slice(&std::fs::read(self.path("stats.json")).unwrap()).unwrap()
    }
}

impl Drop for CardProcess {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        eprint!("{}", self.log());
    }
}

/// The command line of a card.
pub fn command(dir: &Path, socket: &Path, args: &[&str]) -> Process {
    let mut process = Process::new(env!("CARGO_BIN_EXE_headend-card"));
    process.arg("--socket").arg(socket).arg("--model").arg(mini_core());
    process.arg("--stats").arg(dir.join("stats.json"));
    process.args(args.iter().map(|a| a.replace("{dir}", dir.to_str().unwrap())));
    process
}

/// The client's end.
pub struct Client {
    pub stream: UnixStream,
    id: u16,
}

impl Client {
    /// Connects without a word.
    pub fn connect(socket: &Path) -> Self {
        let stream = UnixStream::connect(socket).unwrap();
        stream.set_read_timeout(Some(LIMIT)).unwrap();
        Self { stream, id: 0x100 }
    }

    /// Connects and negotiates as QEMU 11 does.
    pub fn open(socket: &Path) -> Self {
        let mut client = Self::connect(socket);
        let offer = b"\0\0\x01\0{\"capabilities\":{\"max_msg_fds\":8,\"max_data_xfer_size\":1048576}}\0";
        let reply = client.request(Command::Version, offer, &[]).unwrap();
        assert_eq!(reply[..4], [0; 4], "version 0.0");
        client
    }

    /// Sends a message as it is.
    pub fn send_raw(&mut self, bytes: &[u8], fds: &[RawFd]) -> std::io::Result<()> {
        let rights = [ControlMessage::ScmRights(fds)];
        let control = if fds.is_empty() { &[][..] } else { &rights };
        let flags = MsgFlags::MSG_NOSIGNAL;
        let sent = sendmsg::<()>(self.stream.as_raw_fd(), &[IoSlice::new(bytes)], control, flags, None)?;
        self.stream.write_all(&bytes[sent..])
    }

    /// Sends a command; gives its id.
    pub fn send(&mut self, command: Command, body: &[u8], fds: &[RawFd]) -> u16 {
        self.id += 1;
        let header = Header::command(self.id, command, body.len());
        self.send_raw(&[&header.to_bytes(), body].concat(), fds).unwrap();
        self.id
    }

    /// Receives a message.
    pub fn receive(&mut self) -> std::io::Result<(Header, Vec<u8>)> {
        let mut header = [0; HEADER_BYTES];
        self.stream.read_exact(&mut header)?;
        let header = Header::parse(&header);
        let mut body = vec![0; header.size as usize - HEADER_BYTES];
        self.stream.read_exact(&mut body)?;
        Ok((header, body))
    }

    /// A command and its reply, or the errno of a refusal.
    pub fn request(&mut self, command: Command, body: &[u8], fds: &[RawFd]) -> Result<Vec<u8>, i32> {
        let id = self.send(command, body, fds);
        let (header, body) = self.receive().unwrap();
        assert_eq!((header.id, header.command), (id, command as u16));
        assert_ne!(header.flags & FLAG_REPLY, 0);
        if header.flags & FLAG_ERROR != 0 {
            return Err(header.error as i32);
        }
        Ok(body)
    }

    pub fn read(&mut self, region: u32, offset: u64, count: u32) -> Result<Vec<u8>, i32> {
        let reply = self.request(Command::RegionRead, &access(region, offset, count), &[])?;
        assert_eq!(reply[..16], access(region, offset, count));
        Ok(reply[16..].to_vec())
    }

    pub fn write(&mut self, region: u32, offset: u64, data: &[u8]) -> Result<(), i32> {
        let body = [&access(region, offset, data.len() as u32), data].concat();
        self.request(Command::RegionWrite, &body, &[]).map(drop)
    }

    pub fn read32(&mut self, offset: u64) -> u32 {
        u32::from_le_bytes(self.read(0, offset, 4).unwrap().try_into().unwrap())
    }

    pub fn write32(&mut self, offset: u64, value: u32) {
        self.write(0, offset, &value.to_le_bytes()).unwrap();
    }

    pub fn map(
        &mut self,
        flags: u32,
        offset: u64,
        iova: u64,
        size: u64,
        file: Option<&File>,
    ) -> Result<(), i32> {
        let mut body = Vec::new();
        [32, flags].iter().for_each(|v| body.extend(v.to_le_bytes()));
        [offset, iova, size].iter().for_each(|v| body.extend(v.to_le_bytes()));
        let fds: Vec<RawFd> = file.iter().map(|f| f.as_raw_fd()).collect();
        self.request(Command::DmaMap, &body, &fds).map(drop)
    }

    pub fn unmap(&mut self, iova: u64, size: u64) -> Result<(), i32> {
        let mut body = Vec::new();
        [24, 0u32].iter().for_each(|v| body.extend(v.to_le_bytes()));
        [iova, size].iter().for_each(|v| body.extend(v.to_le_bytes()));
        let reply = self.request(Command::DmaUnmap, &body, &[])?;
        assert_eq!(reply, body);
        Ok(())
    }

    pub fn set_irqs(&mut self, flags: u32, start: u32, count: u32, fds: &[RawFd]) -> Result<(), i32> {
        self.request(Command::DeviceSetIrqs, &words(&[20, flags, 2, start, count]), fds).map(drop)
    }

    /// Lets the small core copy `beats` beats; gives its error bits (see `mini_core.sv`).
    pub fn copy(&mut self, from: u64, to: u64, beats: u32) -> u32 {
        for (offset, value) in [(0x20, from), (0x28, to)] {
            self.write(0, offset, &value.to_le_bytes()).unwrap();
        }
        self.write32(0x30, beats);
        // The register access itself clocks the core; a copy of 64 beats needs a few hundred cycles.
        for _ in 0..200 {
            self.read32(0);
        }
        self.read32(0x34)
    }
}

pub fn access(region: u32, offset: u64, count: u32) -> [u8; 16] {
    let mut body = [0; 16];
    body[..8].copy_from_slice(&offset.to_le_bytes());
    body[8..12].copy_from_slice(&region.to_le_bytes());
    body[12..].copy_from_slice(&count.to_le_bytes());
    body
}

pub fn words(values: &[u32]) -> Vec<u8> {
    values.iter().flat_map(|v| v.to_le_bytes()).collect()
}
