// SPDX-License-Identifier: Apache-2.0
//! No message of a client, sound or not, leaves descriptors behind. Counts those of this process, so it is the only test here.

use headend_sim::vfio_user::connection::{Closed, Connection};
use headend_sim::vfio_user::wire::{Command, Header, MAX_FDS};
use nix::sys::resource::{getrlimit, setrlimit, Resource};
use nix::sys::socket::{sendmsg, ControlMessage, MsgFlags};
use std::io::IoSlice;
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::net::UnixStream;

fn open_descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

/// Sends a message with `count` descriptors to a new connection, which then lives as long as its answer.
fn send(count: usize) -> (UnixStream, Connection) {
    let (client, server) = UnixStream::pair().unwrap();
    let fds: Vec<RawFd> = vec![client.as_raw_fd(); count];
    let message = Header::command(1, Command::DeviceReset, 0).to_bytes();
    let rights = [ControlMessage::ScmRights(&fds)];
    sendmsg::<()>(client.as_raw_fd(), &[IoSlice::new(&message)], &rights, MsgFlags::empty(), None).unwrap();
    (client, Connection::new(server).unwrap())
}

#[test]
fn refused_messages_leave_no_descriptor_open() {
    let before = open_descriptors();
    let (_client, mut connection) = send(MAX_FDS);
    assert_eq!(connection.receive().unwrap().unwrap().fds.len(), MAX_FDS, "as many as are allowed");
    for count in [MAX_FDS + 1, 2 * MAX_FDS, 253] {
        let (_client, mut connection) = send(count);
        let with_ends = open_descriptors();
        let refusal = connection.receive().unwrap_err();
        assert!(matches!(&refusal, Closed::Protocol(text) if text.contains("more than 16")), "{refusal}");
        assert_eq!(open_descriptors(), with_ends, "{count} descriptors, already before the connection ends");
    }
    drop((_client, connection));

    // A process that may open only three more: the kernel hands over three and drops the others.
    let (client, mut connection) = send(MAX_FDS);
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
    let highest = client.as_raw_fd().max(connection.fd().as_raw_fd());
    setrlimit(Resource::RLIMIT_NOFILE, highest as u64 + 4, hard).unwrap();
    let refusal = connection.receive();
    setrlimit(Resource::RLIMIT_NOFILE, soft, hard).unwrap();
    assert!(matches!(&refusal, Err(Closed::Protocol(text)) if text.contains("got lost")), "{refusal:?}");
    drop((client, connection));
    assert_eq!(open_descriptors(), before);
}
