// SPDX-License-Identifier: Apache-2.0
//! One request and its reply over the Unix socket, with a deadline on every step.

use std::io::{IoSlice, IoSliceMut};
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::fs::FileTypeExt;
use std::path::Path;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{poll, PollFd, PollFlags, PollTimeout};
use nix::sys::socket::{
    connect, recvmsg, sendmsg, socket, AddressFamily, ControlMessage, ControlMessageOwned, MsgFlags,
    SockFlag, SockType, UnixAddr,
};

use super::super::{deadline, BackendError};
use super::wire::{Body, Command, Header, HEADER_BYTES, MAX_MESSAGE_BYTES};

/// Most descriptors in one message that the protocol's users accept.
pub(super) const MAX_FDS: usize = 16;
/// Most descriptors that Linux passes in one message (SCM_MAX_FD). There is room for all of them: the kernel installs
/// what fits before it reports that the rest did not, and those would be lost to this process.
const SCM_MAX_FDS: usize = 253;

/// A reply: its body, and the descriptors that came with it.
pub(super) struct Reply {
    pub(super) body: Vec<u8>,
    pub(super) fds: Vec<OwnedFd>,
}

/// The client's end of the connection.
#[derive(Debug)]
pub(super) struct Connection {
    socket: OwnedFd,
    next_id: u16,
    timeout: Duration,
    /// Set by the first error after which the stream's state is unknown.
    broken: Option<String>,
}

impl Connection {
    /// Connects to the socket at `path`.
    pub(super) fn open(path: &Path, timeout: Duration) -> Result<Self, BackendError> {
        let flags = SockFlag::SOCK_NONBLOCK | SockFlag::SOCK_CLOEXEC;
        let fd = socket(AddressFamily::Unix, SockType::Stream, flags, None)
            .map_err(|e| BackendError::io("creating a Unix socket", e))?;
        let address = UnixAddr::new(path)
            .map_err(|_| BackendError::Open(format!("socket path {} is too long", path.display())))?;
        let deadline = deadline(timeout);
        loop {
            match connect(fd.as_raw_fd(), &address) {
                Ok(()) => break,
                // The server's backlog is full: it has not accepted the clients before us.
                Err(Errno::EAGAIN | Errno::EINTR) if Instant::now() < deadline => {
                    std::thread::sleep(Duration::from_millis(20));
                }
                Err(errno) => return Err(connect_error(path, errno)),
            }
        }
        Ok(Self { socket: fd, next_id: 0, timeout, broken: None })
    }

    /// Sends a command and waits for its reply. `what` names it in errors.
    pub(super) fn request(
        &mut self,
        what: &str,
        command: Command,
        body: Body,
        fds: &[RawFd],
    ) -> Result<Reply, BackendError> {
        if let Some(reason) = &self.broken {
            return Err(BackendError::Broken(reason.clone()));
        }
        let result = self.exchange(what, command, &body.0, fds);
        match &result {
            // A refusal is a whole, valid reply: the connection lives on.
            Ok(_) | Err(BackendError::Refused { .. }) => {}
            Err(error) => self.broken = Some(error.to_string()),
        }
        result
    }

    fn exchange(
        &mut self,
        what: &str,
        command: Command,
        body: &[u8],
        fds: &[RawFd],
    ) -> Result<Reply, BackendError> {
        let deadline = deadline(self.timeout);
        let id = self.next_id;
        self.next_id = self.next_id.wrapping_add(1);
        let header = Header::command(id, command, body.len());
        let message = [&header.to_bytes()[..], body].concat();
        self.send(what, &message, fds, deadline)?;
        loop {
            let (header, body, fds) = self.receive(what, deadline)?;
            if header.is_command() {
                // The server asks something of us (DMA by message): not offered, as all our memory has an fd.
                if !header.wants_no_reply() {
                    let refusal = header.refusal(Errno::ENOSYS as u32).to_bytes();
                    self.send(what, &refusal, &[], deadline)?;
                }
                continue;
            }
            return check_reply(what, &header, id, command).map(|()| Reply { body, fds });
        }
    }

    fn send(&self, what: &str, message: &[u8], fds: &[RawFd], deadline: Instant) -> Result<(), BackendError> {
        let mut sent = 0;
        while sent < message.len() {
            let slices = [IoSlice::new(&message[sent..])];
            let control = [ControlMessage::ScmRights(fds)];
            let control = if sent == 0 && !fds.is_empty() { &control[..] } else { &[] };
            match sendmsg::<()>(self.socket.as_raw_fd(), &slices, control, MsgFlags::MSG_NOSIGNAL, None) {
                Ok(count) => sent += count,
                Err(Errno::EAGAIN) => self.wait(what, PollFlags::POLLOUT, deadline)?,
                Err(Errno::EINTR) => {}
                Err(Errno::EPIPE | Errno::ECONNRESET) => return Err(closed(what)),
                Err(errno) => return Err(BackendError::io(format!("sending {what}"), errno)),
            }
        }
        Ok(())
    }

    fn receive(
        &self,
        what: &str,
        deadline: Instant,
    ) -> Result<(Header, Vec<u8>, Vec<OwnedFd>), BackendError> {
        let mut fds = Vec::new();
        let mut head = [0; HEADER_BYTES];
        self.fill(what, &mut head, &mut fds, deadline)?;
        let header = Header::parse(&head);
        let size = header.size as usize;
        if !(HEADER_BYTES..=MAX_MESSAGE_BYTES).contains(&size) {
            let detail = format!("message of {size} bytes; expected {HEADER_BYTES} to {MAX_MESSAGE_BYTES}");
            return Err(BackendError::Protocol { what: what.into(), detail });
        }
        let mut body = vec![0; size - HEADER_BYTES];
        self.fill(what, &mut body, &mut fds, deadline)?;
        Ok((header, body, fds))
    }

    /// Receives until `buffer` is full, collecting descriptors.
    fn fill(
        &self,
        what: &str,
        buffer: &mut [u8],
        fds: &mut Vec<OwnedFd>,
        deadline: Instant,
    ) -> Result<(), BackendError> {
        let mut filled = 0;
        while filled < buffer.len() {
            let mut slices = [IoSliceMut::new(&mut buffer[filled..])];
            let mut control = nix::cmsg_space!([RawFd; SCM_MAX_FDS]);
            let flags = MsgFlags::MSG_CMSG_CLOEXEC | MsgFlags::MSG_DONTWAIT;
            match recvmsg::<()>(self.socket.as_raw_fd(), &mut slices, Some(&mut control), flags) {
                Ok(message) => {
                    let rights =
                        message.cmsgs().map_err(|e| BackendError::io(format!("receiving {what}"), e))?;
                    for item in rights {
                        if let ControlMessageOwned::ScmRights(raw) = item {
                            // SAFETY: the kernel just installed these descriptors for us; nobody else owns them.
                            fds.extend(raw.into_iter().map(|fd| unsafe { OwnedFd::from_raw_fd(fd) }));
                        }
                    }
                    if fds.len() > MAX_FDS {
                        let detail =
                            format!("{} descriptors in one message; expected {MAX_FDS} at most", fds.len());
                        return Err(BackendError::Protocol { what: what.into(), detail });
                    }
                    if message.bytes == 0 {
                        return Err(closed(what));
                    }
                    filled += message.bytes;
                }
                Err(Errno::EAGAIN) => self.wait(what, PollFlags::POLLIN, deadline)?,
                Err(Errno::EINTR) => {}
                Err(Errno::ECONNRESET) => return Err(closed(what)),
                Err(errno) => return Err(BackendError::io(format!("receiving {what}"), errno)),
            }
        }
        Ok(())
    }

    /// Waits for the socket to become ready, or for the deadline.
    fn wait(&self, what: &str, flags: PollFlags, deadline: Instant) -> Result<(), BackendError> {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(BackendError::Timeout { what: what.into(), after: self.timeout });
        }
        let mut fds = [PollFd::new(self.socket.as_fd(), flags)];
        let millis = PollTimeout::try_from(left.as_millis() + 1).unwrap_or(PollTimeout::MAX);
        match poll(&mut fds, millis) {
            Ok(_) | Err(Errno::EINTR) => Ok(()),
            Err(errno) => Err(BackendError::io(format!("waiting for {what}"), errno)),
        }
    }
}

fn check_reply(what: &str, header: &Header, id: u16, command: Command) -> Result<(), BackendError> {
    let protocol = |detail: String| BackendError::Protocol { what: what.into(), detail };
    if !header.is_reply() {
        return Err(protocol(format!("message flags {:#x}; expected a reply", header.flags)));
    }
    if header.id != id {
        return Err(protocol(format!("reply to message {}; expected {id}", header.id)));
    }
    if header.command != command as u16 {
        return Err(protocol(format!("reply to command {}; expected {}", header.command, command as u16)));
    }
    if header.is_error() {
        return Err(BackendError::Refused { what: what.into(), errno: header.error });
    }
    Ok(())
}

fn closed(what: &str) -> BackendError {
    BackendError::Open(format!("the card closed the connection during {what}: has headend-card ended?"))
}

fn connect_error(path: &Path, errno: Errno) -> BackendError {
    // Linux refuses a connection to a file that is no socket as if nobody listened.
    let other_file = std::fs::metadata(path).is_ok_and(|metadata| !metadata.file_type().is_socket());
    let path = path.display();
    BackendError::Open(match errno {
        Errno::ECONNREFUSED if other_file => {
            format!("{path} is not a socket: expected the path given to headend-card --socket")
        }
        Errno::ENOENT => {
            format!("no socket at {path}: start headend-card with --socket {path}, or correct --card")
        }
        Errno::ECONNREFUSED => {
            format!("nobody listens on {path}: the card that made this socket has ended; start headend-card again")
        }
        Errno::EACCES => format!("no permission for {path}: run as the user that started headend-card"),
        Errno::EAGAIN => format!("{path} is busy: the card serves one program at a time"),
        other => format!("connecting to {path}: {}", std::io::Error::from(other)),
    })
}
