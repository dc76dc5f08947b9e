// SPDX-License-Identifier: Apache-2.0
//! One client's byte stream, cut into messages. Nothing here blocks.

use super::wire::{Header, Message, HEADER_BYTES, MAX_FDS, MAX_MESSAGE_BYTES};
use nix::errno::Errno;
use nix::sys::socket::{send, MsgFlags};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::net::UnixStream;

/// Bytes of replies that may wait for a client that does not read; beyond that it is dropped.
const MAX_PENDING: usize = 4 << 20;
/// Most descriptors that Linux passes in one go (SCM_MAX_FD): with room for all of them, none gets lost on the way.
const SCM_MAX_FD: usize = 253;
/// Bytes of a control message with that many.
// SAFETY: computes a size from a number.
const CONTROL_BYTES: usize =
    unsafe { libc::CMSG_SPACE((SCM_MAX_FD * size_of::<RawFd>()) as libc::c_uint) } as usize;

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
    /// The connection is over. Descriptors of the message under way are closed.
    pub fn receive(&mut self) -> Result<Option<Message>, Closed> {
        let result = self.receive_message();
        if result.is_err() {
            self.fds.clear();
        }
        result
    }

    fn receive_message(&mut self) -> Result<Option<Message>, Closed> {
        loop {
            let wanted = self.wanted()?;
            if self.buffer.len() == wanted && wanted > 0 && self.buffer.len() >= HEADER_BYTES {
                return Ok(Some(self.take_message()));
            }
            let start = self.buffer.len();
            self.buffer.resize(wanted, 0);
            let got = receive_some(self.stream.as_raw_fd(), &mut self.buffer[start..], &mut self.fds);
            self.buffer.truncate(start + got.as_ref().map_or(0, |(bytes, _)| *bytes));
            match got {
                Ok((_, true)) => {
                    return Err(Closed::Protocol(
                        "descriptors got lost (does the card have too many open?)".into(),
                    ));
                }
                Ok(_) if self.fds.len() > MAX_FDS => {
                    return Err(Closed::Protocol(format!("more than {MAX_FDS} descriptors in a message")));
                }
                Ok((0, _)) => return Err(Closed::ByClient),
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

/// Receives bytes and the descriptors that came with them: the number of bytes, and whether the kernel could not hand over all
/// descriptors. (nix reports that as an error and forgets those that did arrive; they would stay open for ever.)
fn receive_some(socket: RawFd, into: &mut [u8], fds: &mut Vec<OwnedFd>) -> Result<(usize, bool), Errno> {
    let mut control = [0u64; CONTROL_BYTES.div_ceil(8)];
    let mut iov = libc::iovec { iov_base: into.as_mut_ptr().cast(), iov_len: into.len() };
    // SAFETY: msghdr is plain data for which zero is valid.
    let mut message: libc::msghdr = unsafe { std::mem::zeroed() };
    message.msg_iov = &mut iov;
    message.msg_iovlen = 1;
    message.msg_control = control.as_mut_ptr().cast();
    message.msg_controllen = size_of_val(&control) as _;
    let flags = libc::MSG_DONTWAIT | libc::MSG_CMSG_CLOEXEC;
    // SAFETY: `message` describes `into` and `control`, both live and writable, with their sizes.
    let bytes = Errno::result(unsafe { libc::recvmsg(socket, &mut message, flags) })?;
    // SAFETY: the kernel has filled in `message`, whose control buffer is aligned for a header.
    unsafe { take_descriptors(&message, fds) };
    Ok((bytes as usize, message.msg_flags & libc::MSG_CTRUNC != 0))
}

/// Takes over the descriptors in a received message.
///
/// # Safety
/// `recvmsg` has just filled in `message`, its control buffer is live, and nobody has looked at it before.
unsafe fn take_descriptors(message: &libc::msghdr, fds: &mut Vec<OwnedFd>) {
    // SAFETY: the macros walk the control buffer within the length that the kernel wrote (see above). The descriptors are open
    // and nobody else owns them; they may stand unaligned.
    unsafe {
        let mut at = libc::CMSG_FIRSTHDR(message);
        while let Some(header) = at.as_ref() {
            if (header.cmsg_level, header.cmsg_type) == (libc::SOL_SOCKET, libc::SCM_RIGHTS) {
                let bytes = header.cmsg_len - libc::CMSG_LEN(0) as usize;
                let first = libc::CMSG_DATA(at).cast::<RawFd>();
                let received = (0..bytes / size_of::<RawFd>()).map(|i| first.add(i).read_unaligned());
                fds.extend(received.map(|fd| OwnedFd::from_raw_fd(fd)));
            }
            at = libc::CMSG_NXTHDR(message, at);
        }
    }
}
