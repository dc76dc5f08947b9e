// SPDX-License-Identifier: Apache-2.0
//! A TAP interface of the Linux kernel.

use super::{AttachError, Attachment, MAX_READ};
use nix::errno::Errno;
use std::fs::{File, OpenOptions};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::os::unix::fs::OpenOptionsExt;

/// An open TAP interface; it goes away with us unless it was made persistent before.
#[derive(Debug)]
pub(super) struct Tap {
    file: File,
}

impl Tap {
    pub(super) fn open(name: &str) -> Result<Self, AttachError> {
        let what = format!("tap:{name}");
        let hint = "; a TAP interface needs /dev/net/tun and CAP_NET_ADMIN (or one made before: `ip tuntap add NAME mode tap user USER`)";
        let fail = |source: std::io::Error| AttachError::Open { what: what.clone(), source, hint };
        let mut options = OpenOptions::new();
        options.read(true).write(true).custom_flags(libc::O_NONBLOCK | libc::O_CLOEXEC);
        let file = options.open("/dev/net/tun").map_err(fail)?;
        let mut request = interface_request(name);
        request.ifr_ifru.ifru_flags = (libc::IFF_TAP | libc::IFF_NO_PI) as libc::c_short;
        // SAFETY: TUNSETIFF reads and writes one ifreq, which `request` is.
        check(unsafe { libc::ioctl(file.as_raw_fd(), libc::TUNSETIFF, &mut request) }).map_err(fail)?;
        bring_up(name).map_err(fail)?;
        Ok(Self { file })
    }
}

fn interface_request(name: &str) -> libc::ifreq {
    // SAFETY: ifreq is plain data for which zero is valid.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    for (to, from) in request.ifr_name.iter_mut().zip(name.bytes()) {
        *to = from as libc::c_char;
    }
    request
}

/// Sets IFF_UP: a cable that is plugged in.
fn bring_up(name: &str) -> std::io::Result<()> {
    let socket = std::net::UdpSocket::bind(("127.0.0.1", 0))?;
    let mut request = interface_request(name);
    // SAFETY: SIOCGIFFLAGS and SIOCSIFFLAGS work on one ifreq; the first fills the union's flags, which the second reads.
    unsafe {
        check(libc::ioctl(socket.as_raw_fd(), libc::SIOCGIFFLAGS, &mut request))?;
        request.ifr_ifru.ifru_flags |= libc::IFF_UP as libc::c_short;
        check(libc::ioctl(socket.as_raw_fd(), libc::SIOCSIFFLAGS, &mut request))
    }
}

fn check(result: libc::c_int) -> std::io::Result<()> {
    Errno::result(result).map(drop).map_err(Into::into)
}

impl Attachment for Tap {
    fn fd(&self) -> Option<BorrowedFd<'_>> {
        Some(self.file.as_fd())
    }

    fn receive(&mut self, buffer: &mut Vec<u8>) -> Result<Option<()>, AttachError> {
        buffer.resize(MAX_READ, 0);
        match nix::unistd::read(self.file.as_fd(), buffer) {
            Ok(len) => {
                buffer.truncate(len);
                Ok((len > 0).then_some(()))
            }
            // EIO: the interface is down; it may come back.
            Err(Errno::EAGAIN | Errno::EINTR | Errno::EIO) => Ok(None),
            Err(errno) => Err(AttachError::open("reading the TAP interface", errno)),
        }
    }

    fn send(&mut self, frame: Vec<u8>, _: u64) -> bool {
        nix::unistd::write(self.file.as_fd(), &frame).is_ok()
    }
}
