// SPDX-License-Identifier: Apache-2.0
//! Unix datagram sockets, as QEMU's `-netdev dgram` speaks them: one datagram is one Ethernet frame.

use super::{AttachError, Attachment, MAX_READ};
use nix::errno::Errno;
use nix::sys::socket::{recv, MsgFlags};
use std::collections::VecDeque;
use std::io::ErrorKind;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::os::unix::fs::FileTypeExt;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};

/// Frames that wait for a receiver whose queue is full (the kernel's default is ten datagrams).
const MAX_WAITING: usize = 1024;

/// A bound socket and where it sends.
#[derive(Debug)]
pub(super) struct Dgram {
    socket: UnixDatagram,
    local: PathBuf,
    remote: PathBuf,
    waiting: VecDeque<Vec<u8>>,
}

impl Dgram {
    pub(super) fn open(local: &Path, remote: &Path) -> Result<Self, AttachError> {
        remove_stale_socket(local)?;
        let what = || format!("dgram socket {}", local.display());
        let socket = UnixDatagram::bind(local).map_err(|e| AttachError::open(what(), e))?;
        socket.set_nonblocking(true).map_err(|e| AttachError::open(what(), e))?;
        Ok(Self { socket, local: local.into(), remote: remote.into(), waiting: VecDeque::new() })
    }

    /// Sends a frame; false when the receiver's queue is full. A receiver that is not there loses frames, as a cable
    /// without a peer does.
    fn try_send(&mut self, frame: &[u8]) -> bool {
        match self.socket.send_to(frame, &self.remote) {
            Err(e) => e.kind() != ErrorKind::WouldBlock && e.raw_os_error() != Some(libc::ENOBUFS),
            Ok(_) => true,
        }
    }
}

/// Removes a socket that a dead process left; anything else is left alone, and binding says so.
fn remove_stale_socket(path: &Path) -> Result<(), AttachError> {
    let is_socket = std::fs::symlink_metadata(path).is_ok_and(|m| m.file_type().is_socket());
    let refused = |e: std::io::Error| e.kind() == ErrorKind::ConnectionRefused;
    let dead = || UnixDatagram::unbound().and_then(|s| s.connect(path)).is_err_and(refused);
    if is_socket && dead() {
        std::fs::remove_file(path)
            .map_err(|e| AttachError::open(format!("stale socket {}", path.display()), e))?;
    }
    Ok(())
}

impl Attachment for Dgram {
    fn fd(&self) -> Option<BorrowedFd<'_>> {
        Some(self.socket.as_fd())
    }

    fn receive(&mut self, buffer: &mut Vec<u8>) -> Result<Option<()>, AttachError> {
        loop {
            buffer.resize(MAX_READ, 0);
            match recv(self.socket.as_raw_fd(), buffer, MsgFlags::MSG_DONTWAIT) {
                Ok(0) => {} // An empty datagram is no frame.
                Ok(len) => {
                    buffer.truncate(len);
                    return Ok(Some(()));
                }
                Err(Errno::EAGAIN) => return Ok(None),
                Err(Errno::EINTR) => {}
                Err(errno) => {
                    return Err(AttachError::open(format!("reading {}", self.local.display()), errno))
                }
            }
        }
    }

    fn send(&mut self, frame: Vec<u8>, _: u64) -> bool {
        if !self.waiting.is_empty() || !self.try_send(&frame) {
            if self.waiting.len() >= MAX_WAITING {
                return false;
            }
            self.waiting.push_back(frame);
        }
        true
    }

    fn retry(&mut self) -> bool {
        while let Some(frame) = self.waiting.pop_front() {
            if !self.try_send(&frame) {
                self.waiting.push_front(frame);
                return true;
            }
        }
        false
    }
}

impl Drop for Dgram {
    fn drop(&mut self) {
        // Gone already when a successor has taken the path's place; nothing depends on it.
        drop(std::fs::remove_file(&self.local));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_go_both_ways_and_wait_for_a_slow_receiver() {
        let dir = tempfile::tempdir().unwrap();
        let (local, remote) = (dir.path().join("card"), dir.path().join("peer"));
        drop(UnixDatagram::bind(&local).unwrap()); // leaves a stale socket
        let mut dgram = Dgram::open(&local, &remote).unwrap();
        assert!(dgram.send(vec![0; 60], 0), "no peer: lost like on a loose cable");
        assert!(!dgram.retry());
        let peer = UnixDatagram::bind(&remote).unwrap();
        peer.send_to(&[], &local).unwrap();
        peer.send_to(&[7; 9300], &local).unwrap();
        let mut buffer = Vec::new();
        assert!(dgram.receive(&mut buffer).unwrap().is_some());
        assert_eq!(buffer, [7; 9300]);
        assert!(dgram.receive(&mut buffer).unwrap().is_none());
        let sent: Vec<Vec<u8>> = (0..200).map(|i| vec![i as u8; 64]).collect();
        sent.iter().for_each(|f| assert!(dgram.send(f.clone(), 0)));
        assert!(dgram.retry(), "the receiver's queue holds less than 200");
        let mut got = Vec::new();
        peer.set_nonblocking(true).unwrap();
        while got.len() < sent.len() {
            while let Ok(len) = peer.recv(&mut buffer) {
                got.push(buffer[..len].to_vec());
            }
            dgram.retry();
        }
        assert_eq!(got, sent);
    }

    #[test]
    fn a_live_socket_is_not_stolen() {
        let dir = tempfile::tempdir().unwrap();
        let local = dir.path().join("card");
        let owner = UnixDatagram::bind(&local).unwrap();
        let error = Dgram::open(&local, &dir.path().join("x")).unwrap_err().to_string();
        assert!(error.contains("in use"), "{error}");
        drop(owner);
    }

    #[test]
    fn a_file_in_the_way_is_not_removed() {
        let dir = tempfile::tempdir().unwrap();
        let local = dir.path().join("file");
        std::fs::write(&local, "precious").unwrap();
        assert!(Dgram::open(&local, &dir.path().join("x")).is_err());
        assert_eq!(std::fs::read_to_string(&local).unwrap(), "precious");
    }
}
