// SPDX-License-Identifier: Apache-2.0
//! The card as a process: one thread that polls the client, the ports and the signals, and clocks the model while there is
//! anything to do. With nothing in flight and no input it sleeps in `poll`.

use crate::attach::{AttachError, Attachment};
use crate::card::{Card, CardError, CLOCK_HZ, PORTS};
use crate::vfio_user::connection::{Closed, Connection};
use crate::vfio_user::device::Device;
use crate::vfio_user::dma_map::DmaMap;
use crate::vfio_user::waiting::Waiting;
use nix::errno::Errno;
use nix::poll::{poll, PollFd, PollFlags, PollTimeout};
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use std::io::ErrorKind;
use std::os::fd::AsFd;
use std::os::unix::fs::FileTypeExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Cycles between two looks at the sockets.
const SLICE: u32 = 32;
/// Frames that may wait at a port's input; more stay in the attachment.
const INPUT_FRAMES: usize = 16;
/// Messages of the client that are answered before the ports get their turn.
const MESSAGES: usize = 64;
/// Pause after a client could not be let in, because there are too many open files, say.
const ACCEPT_PAUSE: Duration = Duration::from_secs(1);

/// Why the card cannot start or go on.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// The socket path is taken or cannot be used.
    #[error("socket {path}: {reason}")]
    Socket {
        /// Path.
        path: String,
        /// Why.
        reason: String,
    },
    /// An attachment failed.
    #[error(transparent)]
    Attach(#[from] AttachError),
    /// The model failed.
    #[error(transparent)]
    Card(#[from] CardError),
    /// Polling or signal handling failed.
    #[error("{0}: {1}")]
    System(&'static str, Errno),
}

/// What the process did.
#[derive(Debug, Clone, Copy, Default)]
pub struct ServerStats {
    /// Time spent clocking the model.
    pub busy: Duration,
    /// Clients served.
    pub clients: u64,
    /// Frames that an attachment did not take. When a capture cannot be written any more, all since it was last written out count.
    pub frames_lost: [u64; PORTS],
}

/// The signals that end the card in good order: SIGTERM, SIGINT and SIGHUP.
#[derive(Debug)]
pub struct Signals(SignalFd);

impl Signals {
    /// Blocks them for this thread and those it starts from now on, so that [`Server::run`] finds them when it looks. Comes
    /// before any thread is started, which would be killed by them, and after everything that may wait for somebody.
    ///
    /// # Errors
    /// The kernel refuses.
    pub fn block() -> Result<Self, ServerError> {
        let mut mask = SigSet::empty();
        [Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP].into_iter().for_each(|s| mask.add(s));
        // SIGXFSZ would kill us at the size limit for files; a write that fails is enough.
        let mut blocked = mask;
        blocked.add(Signal::SIGXFSZ);
        blocked.thread_block().map_err(|e| ServerError::System("blocking signals", e))?;
        let flags = SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC;
        SignalFd::with_flags(&mask, flags).map(Self).map_err(|e| ServerError::System("signalfd", e))
    }
}

/// A card on a socket.
#[derive(Debug)]
pub struct Server {
    device: Device,
    path: PathBuf,
    listener: UnixListener,
    client: Option<Connection>,
    waiting: Waiting,
    /// When to try again to let clients in; `None` unless the last attempt failed.
    accept_again: Option<Instant>,
    ports: [Port; PORTS],
    signals: Signals,
    stats: ServerStats,
}

#[derive(Debug)]
struct Port {
    attachment: Box<dyn Attachment>,
    /// Reading failed for good.
    dead: bool,
    /// Writing failed for good.
    output_dead: bool,
    /// Frames sent since everything was last written out.
    unflushed: u64,
    /// Frames wait for the other side to take them.
    waiting: bool,
}

/// What `poll` found.
struct Ready {
    signal: bool,
    connect: bool,
    client: bool,
    waiting: bool,
    ports: [bool; PORTS],
}

impl Server {
    /// Listens on `path`.
    ///
    /// # Errors
    /// The path is taken by a live card or by something that is no socket, or cannot be bound.
    pub fn new(
        path: &Path,
        card: Card<DmaMap>,
        ports: [Box<dyn Attachment>; PORTS],
        signals: Signals,
    ) -> Result<Self, ServerError> {
        let port =
            |attachment| Port { attachment, dead: false, output_dead: false, unflushed: 0, waiting: false };
        Ok(Self {
            device: Device::new(card),
            path: path.to_path_buf(),
            listener: listen(path)?,
            client: None,
            waiting: Waiting::default(),
            accept_again: None,
            ports: ports.map(port),
            signals,
            stats: ServerStats::default(),
        })
    }

    /// Serves until a signal asks it to end; then everything is flushed. A port that cannot be read or written any more is
    /// reported and left alone; the rest of the card goes on.
    ///
    /// # Errors
    /// `poll` failed.
    pub fn run(&mut self) -> Result<(), ServerError> {
        loop {
            let ready = self.wait()?;
            if ready.signal && matches!(self.signals.0.read_signal(), Ok(Some(_))) {
                break;
            }
            if ready.client {
                self.serve_client();
            }
            if ready.connect {
                self.accept();
            }
            if ready.waiting {
                self.refuse_waiting();
            }
            self.feed_ports(ready.ports);
            self.clock();
            self.drain_ports();
            self.device.deliver_interrupts();
            if self.device.card().is_idle() {
                self.flush();
            }
        }
        self.finish();
        Ok(())
    }

    /// Counts of this process.
    pub fn stats(&self) -> ServerStats {
        self.stats
    }

    /// The card.
    pub fn card(&self) -> &Card<DmaMap> {
        self.device.card()
    }

    /// Sleeps until there is something to do.
    fn wait(&mut self) -> Result<Ready, ServerError> {
        let card = self.device.card();
        let has_room: [bool; PORTS] = std::array::from_fn(|i| card.pending_frames(i) < INPUT_FRAMES);
        let more = (0..PORTS).any(|i| has_room[i] && self.ports[i].attachment.has_input());
        let pause = self.accept_again.map(|at| at.saturating_duration_since(Instant::now()));
        let listen = if pause.is_none_or(|p| p.is_zero()) { PollFlags::POLLIN } else { PollFlags::empty() };
        let timeout = if !card.is_idle() || more {
            Some(Duration::ZERO)
        } else if self.ports.iter().any(|p| p.waiting) {
            Some(Duration::from_millis(1))
        } else {
            pause.filter(|p| !p.is_zero())
        };
        let mut fds = vec![
            PollFd::new(self.signals.0.as_fd(), PollFlags::POLLIN),
            PollFd::new(self.listener.as_fd(), listen),
        ];
        let mut slots = [None; PORTS];
        for (i, port) in self.ports.iter().enumerate() {
            if let (Some(fd), true, false) = (port.attachment.fd(), has_room[i], port.dead) {
                slots[i] = Some(fds.len());
                fds.push(PollFd::new(fd, PollFlags::POLLIN));
            }
        }
        let first_waiting = fds.len();
        fds.extend(self.waiting.fds().map(|fd| PollFd::new(fd, PollFlags::POLLIN)));
        let end_waiting = fds.len();
        if let Some(client) = &self.client {
            let out = if client.has_pending_output() { PollFlags::POLLOUT } else { PollFlags::empty() };
            fds.push(PollFd::new(client.fd(), PollFlags::POLLIN | out));
        }
        match poll(&mut fds, poll_timeout(timeout)) {
            Ok(_) | Err(Errno::EINTR) => {}
            Err(errno) => return Err(ServerError::System("poll", errno)),
        }
        let ready = |i: usize| fds[i].revents().is_some_and(|r| !r.is_empty());
        Ok(Ready {
            signal: ready(0),
            connect: ready(1),
            client: self.client.is_some() && ready(fds.len() - 1),
            waiting: (first_waiting..end_waiting).any(ready),
            ports: slots.map(|slot| slot.is_some_and(ready)),
        })
    }

    /// Answers what the client has sent.
    fn serve_client(&mut self) {
        let Some(client) = &mut self.client else { return };
        let started = Instant::now();
        let result = client.flush().and_then(|()| {
            for _ in 0..MESSAGES {
                let Some(message) = client.receive()? else { break };
                let reply = self.device.handle(message);
                self.device.deliver_interrupts();
                if let Some(reply) = reply {
                    client.send(&reply)?;
                }
            }
            Ok(())
        });
        if let Err(closed) = result {
            if !matches!(closed, Closed::ByClient) {
                eprintln!("headend-card: {closed}");
            }
            self.client = None;
            self.device.disconnect();
            self.accept_again = None;
            self.admit();
        }
        self.stats.busy += started.elapsed();
    }

    /// Lets the next client in while the card has none.
    fn admit(&mut self) {
        if self.client.is_none() {
            self.client = self.waiting.take_next();
            self.stats.clients += u64::from(self.client.is_some());
        }
    }

    fn accept(&mut self) {
        let connection = match self.listener.accept() {
            Ok((stream, _)) => Connection::new(stream),
            Err(error) => match error.kind() {
                ErrorKind::WouldBlock | ErrorKind::Interrupted | ErrorKind::ConnectionAborted => return,
                _ => Err(error),
            },
        };
        match connection {
            Ok(connection) => {
                self.accept_again = None;
                self.waiting.push(connection);
                self.admit();
            }
            Err(error) => {
                // The connection stays in the queue of the socket, so `poll` would report it again at once.
                if self.accept_again.is_none() {
                    eprintln!("headend-card: cannot let a client in, trying again every second: {error}");
                }
                self.accept_again = Some(Instant::now() + ACCEPT_PAUSE);
            }
        }
    }

    /// Tells those that wait that the card is in use, unless it is not any more: the client we have may be gone without our
    /// having noticed yet, and so may the one that takes its place.
    fn refuse_waiting(&mut self) {
        loop {
            let before = self.waiting.len();
            self.serve_client();
            if self.waiting.len() == before {
                break;
            }
        }
        self.waiting.refuse();
    }

    /// Reads frames into the ports, as many as there is room for.
    fn feed_ports(&mut self, ready: [bool; PORTS]) {
        let mut frame = Vec::new();
        for (i, port) in self.ports.iter_mut().enumerate() {
            if !ready[i] && !port.attachment.has_input() {
                continue;
            }
            while self.device.card().pending_frames(i) < INPUT_FRAMES {
                match port.attachment.receive(&mut frame) {
                    Ok(Some(())) => self.device.card_mut().push_frame(i, &frame),
                    Ok(None) => break,
                    Err(error) => {
                        eprintln!("headend-card: port {i} receives nothing any more: {error}");
                        port.dead = true;
                        break;
                    }
                }
            }
        }
    }

    fn clock(&mut self) {
        let started = Instant::now();
        let card = self.device.card_mut();
        for _ in 0..SLICE {
            if card.is_idle() {
                break;
            }
            card.cycle();
        }
        self.stats.busy += started.elapsed();
    }

    fn drain_ports(&mut self) {
        for (i, port) in self.ports.iter_mut().enumerate() {
            while let Some((cycle, frame)) = self.device.card_mut().pop_frame_at(i) {
                let nanos = cycle * (1_000_000_000 / CLOCK_HZ);
                if !port.output_dead && port.attachment.send(frame, nanos) {
                    port.unflushed += 1;
                } else {
                    self.stats.frames_lost[i] += 1;
                }
            }
            port.waiting = port.attachment.retry();
        }
    }

    fn flush(&mut self) {
        for (i, port) in self.ports.iter_mut().enumerate().filter(|(_, port)| !port.output_dead) {
            match port.attachment.flush() {
                Ok(()) => port.unflushed = 0,
                Err(error) => {
                    eprintln!("headend-card: frames out of port {i} are lost from now on: {error}");
                    port.output_dead = true;
                    self.stats.frames_lost[i] += std::mem::take(&mut port.unflushed);
                }
            }
        }
    }

    fn finish(&mut self) {
        self.device.card_mut().flush_trace();
        for violation in self.device.card().violations() {
            eprintln!("headend-card: the core broke a rule: {violation}");
        }
        self.flush();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The path may be gone already; then there is nothing left to do.
        drop(std::fs::remove_file(&self.path));
    }
}

/// Binds the socket; one that a dead card left is replaced.
fn listen(path: &Path) -> Result<UnixListener, ServerError> {
    let fail = |reason: String| ServerError::Socket { path: path.display().to_string(), reason };
    if std::fs::symlink_metadata(path).is_ok_and(|m| m.file_type().is_socket()) {
        match UnixStream::connect(path) {
            Ok(_) => {
                return Err(fail("another card is serving it; choose another path or end that one".into()))
            }
            Err(e) if e.kind() == ErrorKind::ConnectionRefused => {
                std::fs::remove_file(path)
                    .map_err(|e| fail(format!("cannot remove the stale socket: {e}")))?;
            }
            Err(e) => return Err(fail(e.to_string())),
        }
    }
    let listener = UnixListener::bind(path).map_err(|e| fail(e.to_string()))?;
    listener.set_nonblocking(true).map_err(|e| fail(e.to_string()))?;
    Ok(listener)
}

/// Rounded up to milliseconds, so that nobody wakes up too early and again.
fn poll_timeout(timeout: Option<Duration>) -> PollTimeout {
    let millis = |t: Duration| u16::try_from(t.as_nanos().div_ceil(1_000_000)).unwrap_or(u16::MAX);
    timeout.map_or(PollTimeout::NONE, |t| millis(t).into())
}
