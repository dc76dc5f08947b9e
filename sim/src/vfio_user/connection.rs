// SPDX-License-Identifier: Apache-2.0
//! One client's byte stream, cut into messages. Nothing here blocks.

use super::wire::{Header, Message, HEADER_BYTES, MAX_FDS, MAX_MESSAGE_BYTES};
use nix::errno::Errno;
use nix::sys::socket::{recvmsg, send, ControlMessageOwned, MsgFlags};
use std::io::IoSliceMut;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::net::UnixStream;

/// Bytes of replies that may wait for a client that does not read; beyond that it is dropped.
const MAX_PENDING: usize = 4 << 20;

/// Why a connection is over.
#[derive(Debug, thiserror::Error)]
pub enum Closed {
    /// The client closed it.
    #[error("client disconnected")]
    ByClient,
    /// The client broke the framing, so nobody knows where its next message starts.
    #[error("client broke the protocol: {0}")]
    Protocol(String),
    /// The socket failed.
    #[error("socket failed: {0}")]
    Socket(#[from] Errno),
}

/// A connected client.
#[derive(Debug)]
pub struct Connection {
    stream: UnixStream,
    /// Bytes of the message under way.
    buffer: Vec<u8>,
    fds: Vec<OwnedFd>,
    out: Vec<u8>,
}

impl Connection {
    /// Takes over a stream and makes it non-blocking.
    ///
    /// # Errors
    /// The socket cannot be made non-blocking.
    pub fn new(stream: UnixStream) -> std::io::Result<Self> {
        stream.set_nonblocking(true)?;
        Ok(Self { stream, buffer: Vec::new(), fds: Vec::new(), out: Vec::new() })
    }

    /// The next whole message; `None` when it has not arrived yet.
    ///
    /// # Errors
    /// The connection is over. Descriptors received so far are closed.
    pub fn receive(&mut self) -> Result<Option<Message>, Closed> {
        loop {
            let wanted = self.wanted()?;
            if self.buffer.len() == wanted && wanted > 0 && self.buffer.len() >= HEADER_BYTES {
                return Ok(Some(self.take_message()));
            }
            let start = self.buffer.len();
            self.buffer.resize(wanted, 0);
            let got = receive_some(self.stream.as_raw_fd(), &mut self.buffer[start..], &mut self.fds);
            self.buffer.truncate(start + got.as_ref().map_or(0, |n| *n));
            match got {
                Ok(0) => return Err(Closed::ByClient),
                Ok(_) if self.fds.len() > MAX_FDS => {
                    return Err(Closed::Protocol(format!("more than {MAX_FDS} descriptors in a message")));
                }
                Ok(_) => {}
                Err(Errno::EAGAIN) => return Ok(None),
                Err(Errno::EINTR) => {}
                Err(Errno::ECONNRESET) => return Err(Closed::ByClient),
                Err(errno) => return Err(errno.into()),
            }
        }
    }

    /// Bytes the buffer should hold: the header first, then the message it announces.
    fn wanted(&self) -> Result<usize, Closed> {
        let Some(header) = self.buffer.first_chunk::<HEADER_BYTES>() else { return Ok(HEADER_BYTES) };
        let size = Header::parse(header).size as usize;
        if (HEADER_BYTES..=MAX_MESSAGE_BYTES).contains(&size) {
            Ok(size)
        } else {
            Err(Closed::Protocol(format!(
                "a message of {size} bytes; expected {HEADER_BYTES} to {MAX_MESSAGE_BYTES}"
            )))
        }
    }

    fn take_message(&mut self) -> Message {
        let mut bytes = std::mem::take(&mut self.buffer);
        let body = bytes.split_off(HEADER_BYTES);
        let mut header = [0; HEADER_BYTES];
        header.copy_from_slice(&bytes);
        Message { header: Header::parse(&header), body, fds: std::mem::take(&mut self.fds) }
    }

    /// Sends bytes, as far as the socket takes them; the rest waits for [`Connection::flush`].
    ///
    /// # Errors
    /// The connection is over, or the client does not read its replies.
    pub fn send(&mut self, bytes: &[u8]) -> Result<(), Closed> {
        self.out.extend_from_slice(bytes);
        self.flush()
    }

    /// Sends what waits.
    ///
    /// # Errors
    /// As [`Connection::send`].
    pub fn flush(&mut self) -> Result<(), Closed> {
        while !self.out.is_empty() {
            match send(self.stream.as_raw_fd(), &self.out, MsgFlags::MSG_NOSIGNAL) {
                Ok(sent) => drop(self.out.drain(..sent)),
                Err(Errno::EAGAIN) if self.out.len() > MAX_PENDING => {
                    return Err(Closed::Protocol("it does not read its replies".into()));
                }
                Err(Errno::EAGAIN) => return Ok(()),
                Err(Errno::EINTR) => {}
                Err(Errno::EPIPE | Errno::ECONNRESET) => return Err(Closed::ByClient),
                Err(errno) => return Err(errno.into()),
            }
        }
        Ok(())
    }

    /// Replies wait for the socket to take them.
    pub fn has_pending_output(&self) -> bool {
        !self.out.is_empty()
    }

    /// The socket, for `poll`.
    pub fn fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }
}

/// Receives bytes and the descriptors that came with them.
fn receive_some(socket: RawFd, into: &mut [u8], fds: &mut Vec<OwnedFd>) -> Result<usize, Errno> {
    let mut space = nix::cmsg_space!([RawFd; MAX_FDS]);
    let mut iov = [IoSliceMut::new(into)];
    let flags = MsgFlags::MSG_DONTWAIT | MsgFlags::MSG_CMSG_CLOEXEC;
    let message = recvmsg::<()>(socket, &mut iov, Some(&mut space), flags)?;
    for control in message.cmsgs()? {
        if let ControlMessageOwned::ScmRights(received) = control {
            // SAFETY: the kernel has just opened these descriptors for us, and nothing else owns them.
            fds.extend(received.into_iter().map(|fd| unsafe { OwnedFd::from_raw_fd(fd) }));
        }
    }
    Ok(message.bytes)
}
