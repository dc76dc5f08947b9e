// SPDX-License-Identifier: Apache-2.0
//! The client against scripted and random servers: whatever they send, it gives a result in time.

use std::io::{IoSlice, Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use nix::sys::socket::{sendmsg, ControlMessage, MsgFlags};

use super::*;

const TIMEOUT: Duration = Duration::from_millis(300);

/// A server that answers each request by `answer(request) -> bytes`; an empty answer to a command closes the
/// connection.
fn server(
    mut answer: impl FnMut(&[u8]) -> Vec<u8> + Send + 'static,
) -> (tempfile::TempDir, PathBuf, JoinHandle<()>) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("card.sock");
    let listener = UnixListener::bind(&path).unwrap();
    let thread = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        while let Some(request) = read_message(&mut stream) {
            let reply = answer(&request);
            if (reply.is_empty() && !is_reply(&request)) || stream.write_all(&reply).is_err() {
                break;
            }
        }
    });
    (dir, path, thread)
}

fn read_message(stream: &mut UnixStream) -> Option<Vec<u8>> {
    let mut message = vec![0; 16];
    stream.read_exact(&mut message).ok()?;
    let size = u32::from_le_bytes(message[4..8].try_into().unwrap()) as usize;
    message.resize(size, 0);
    stream.read_exact(&mut message[16..]).ok()?;
    Some(message)
}

fn is_reply(message: &[u8]) -> bool {
    message[8] & 0xf == 1
}

/// A correct reply to `request` with this body.
fn reply(request: &[u8], body: &[u8]) -> Vec<u8> {
    let mut message = request[..4].to_vec();
    message.extend((16 + body.len() as u32).to_le_bytes());
    message.extend(1u32.to_le_bytes());
    message.extend(0u32.to_le_bytes());
    message.extend(body);
    message
}

fn words(values: &[u32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

/// What a well-behaved card answers.
fn good(request: &[u8]) -> Vec<u8> {
    let body = &request[16..];
    match request[2] {
        1 => reply(request, b"\0\0\0\0{\"capabilities\":{\"max_msg_fds\":2}}\0"),
        4 => reply(request, &words(&[16, 3, 9, 5])),
        5 => {
            let size = if body[8] == 0 || body[8] == 7 { 65536 } else { 0 };
            reply(request, &words(&[32, 3, u32::from(body[8]), 0, size, 0, 0, 0]))
        }
        7 => reply(request, &words(&[16, 1, 2, 5])),
        9 => reply(request, &[&body[..16], &words(&[0x4845_4144])].concat()),
        10 => reply(request, &body[..16]),
        3 => reply(request, body),
        _ => reply(request, &[]),
    }
}

fn connect(path: &Path) -> Result<VfioUser, BackendError> {
    VfioUser::connect(path, TIMEOUT)
}

#[test]
fn a_good_card_is_opened_read_written_mapped_and_reset() {
    let (_dir, path, thread) = server(good);
    let mut card = connect(&path).unwrap();
    assert_eq!(card.vectors(), 5);
    assert_eq!(card.read32(Region::Bar0, 0).unwrap(), 0x4845_4144);
    card.write32(Region::Bar0, 0x10, 1).unwrap();
    assert!(matches!(card.read32(Region::Bar0, 65536), Err(BackendError::OutOfRange { .. })));
    assert!(matches!(card.read32(Region::Bar0, 2), Err(BackendError::OutOfRange { .. })));
    assert!(matches!(card.read32(Region::Bar2, 0), Err(BackendError::OutOfRange { .. })));
    let memory = DmaMemory::new(4096, 1 << 32).unwrap();
    card.dma_map(&memory).unwrap();
    card.dma_unmap(&memory).unwrap();
    card.reset().unwrap();
    drop(card);
    thread.join().unwrap();
}

#[test]
fn vectors_go_in_batches_of_what_the_card_takes() {
    let (send, batches) = std::sync::mpsc::channel();
    let (_dir, path, _thread) = server(move |request| {
        if request[2] == 8 {
            send.send((request[28], request[32])).unwrap();
        }
        good(request)
    });
    let mut card = connect(&path).unwrap();
    let fds: Vec<EventFd> = (0..5).map(|_| EventFd::new(0).unwrap()).collect();
    card.set_vectors(&fds).unwrap();
    card.set_vectors(&[]).unwrap();
    assert_eq!(batches.try_iter().collect::<Vec<_>>(), [(0, 2), (2, 2), (4, 1), (0, 0)]);
    let six: Vec<EventFd> = (0..6).map(|_| EventFd::new(0).unwrap()).collect();
    assert!(card.set_vectors(&six).is_err());
}

#[test]
fn a_refusal_is_an_error_and_the_connection_lives_on() {
    let (_dir, path, _thread) = server(|request| {
        let mut answer = good(request);
        if request[2] == 9 && request[16] == 0x40 {
            answer = reply(request, &[]);
            answer[8] = 0x21;
            answer[12] = 22;
        }
        answer
    });
    let mut card = connect(&path).unwrap();
    let error = card.read32(Region::Bar0, 0x40).unwrap_err();
    assert!(matches!(error, BackendError::Refused { errno: 22, .. }), "{error}");
    assert_eq!(card.read32(Region::Bar0, 0).unwrap(), 0x4845_4144);
}

#[test]
fn a_command_of_the_server_is_refused_and_the_reply_still_found() {
    let (send, refusals) = std::sync::mpsc::channel();
    let (_dir, path, _thread) = server(move |request| {
        if is_reply(request) {
            send.send((request[0], request[2], request[8], request[12])).unwrap();
            return Vec::new();
        }
        let dma_read = [77, 0, 11, 0, 16, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        let interruption = if request[2] == 9 { &dma_read[..] } else { &[] };
        [interruption, &good(request)].concat()
    });
    let mut card = connect(&path).unwrap();
    assert_eq!(card.read32(Region::Bar0, 0).unwrap(), 0x4845_4144);
    assert_eq!(refusals.recv_timeout(TIMEOUT).unwrap(), (77, 11, 0x21, 38));
}

#[test]
fn a_wrong_message_id_breaks_the_connection() {
    let (_dir, path, _thread) = server(|request| {
        let mut answer = good(request);
        answer[0] ^= u8::from(request[2] == 9);
        answer
    });
    let mut card = connect(&path).unwrap();
    assert!(matches!(card.read32(Region::Bar0, 0), Err(BackendError::Protocol { .. })));
    assert!(matches!(card.read32(Region::Bar0, 0), Err(BackendError::Broken(_))));
}

#[test]
fn silence_is_a_timeout() {
    let (_dir, path, _thread) = server(|request| {
        if request[2] == 9 {
            std::thread::sleep(TIMEOUT * 3);
        }
        good(request)
    });
    let mut card = connect(&path).unwrap();
    let start = Instant::now();
    assert!(matches!(card.read32(Region::Bar0, 0), Err(BackendError::Timeout { .. })));
    assert!(start.elapsed() < TIMEOUT * 2);
}

#[test]
fn a_missing_a_dead_and_a_busy_socket_say_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("none.sock");
    assert!(connect(&path).unwrap_err().to_string().contains("start headend-card"));
    drop(UnixListener::bind(&path).unwrap());
    assert!(connect(&path).unwrap_err().to_string().contains("has ended"));
    let file = dir.path().join("file");
    std::fs::write(&file, "").unwrap();
    assert!(connect(&file).unwrap_err().to_string().contains("file is not a socket"));
    assert!(connect(dir.path()).unwrap_err().to_string().contains("is not a socket"));
    let busy = dir.path().join("busy.sock");
    let _listener = UnixListener::bind(&busy).unwrap();
    assert!(connect(&busy).unwrap_err().to_string().contains("one program at a time"));
    let (_dir, path, _thread) = server(|request| {
        let mut answer = reply(request, &[]);
        (answer[8], answer[12]) = (0x21, 16);
        answer
    });
    assert!(connect(&path).unwrap_err().to_string().contains("another one uses it"));
    let (_dir, path, _thread) = server(|_| Vec::new());
    assert!(connect(&path).unwrap_err().to_string().contains("closed the connection"));
}

#[test]
fn descriptors_of_a_refused_message_are_closed() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("card.sock");
    let listener = UnixListener::bind(&path).unwrap();
    let probe = std::fs::File::open(dir.path()).unwrap();
    let thread = std::thread::spawn(move || {
        for count in [17, 253] {
            let (mut stream, _) = listener.accept().unwrap();
            let request = read_message(&mut stream).unwrap();
            let answer = good(&request);
            let fds = vec![probe.as_raw_fd(); count];
            let control = [ControlMessage::ScmRights(&fds)];
            sendmsg::<()>(stream.as_raw_fd(), &[IoSlice::new(&answer)], &control, MsgFlags::empty(), None)
                .unwrap();
            // Until the client has left: it must not fail for a connection that is gone.
            assert!(read_message(&mut stream).is_none());
        }
    });
    for count in [17, 253] {
        let error = connect(&path).unwrap_err().to_string();
        assert!(error.contains(&format!("{count} descriptors in one message")), "{error}");
    }
    thread.join().unwrap();
    // Only these name the test's own folder, whatever the tests beside this one have open.
    let left = std::fs::read_dir("/proc/self/fd")
        .unwrap()
        .filter_map(|entry| std::fs::read_link(entry.ok()?.path()).ok())
        .filter(|target| target == dir.path());
    assert_eq!(left.count(), 0);
}

#[test]
fn any_time_out_can_be_waited_for() {
    let (_dir, path, _thread) = server(good);
    let mut card = VfioUser::connect(&path, Duration::MAX).unwrap();
    assert_eq!(card.read32(Region::Bar0, 0).unwrap(), 0x4845_4144);
}

/// Random generator of the tests: splitmix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

#[test]
fn random_answers_never_hang_or_panic() {
    for seed in 0..200 {
        let mut random = Random(seed);
        let (_dir, path, thread) = server(move |request| {
            let mut answer = good(request);
            match random.next() % 8 {
                0 => {
                    let at = random.next() as usize % answer.len();
                    answer[at] ^= (1 << (random.next() % 8)) as u8;
                }
                1 => answer.truncate(random.next() as usize % answer.len()),
                2 => answer.iter_mut().skip(16).for_each(|byte| *byte = random.next() as u8),
                3 => {
                    let body: Vec<u8> = (0..random.next() % 80).map(|_| random.next() as u8).collect();
                    answer = reply(request, &body);
                }
                _ => {}
            }
            answer
        });
        let start = Instant::now();
        if let Ok(mut card) = VfioUser::connect(&path, Duration::from_millis(20)) {
            let memory = DmaMemory::new(4096, 1 << 32).unwrap();
            let fds = [EventFd::new(0).unwrap()];
            let _ = card.read32(Region::Bar0, 0);
            let _ = card.write32(Region::Bar0, 0, 0);
            let _ = card.dma_map(&memory);
            let _ = card.set_vectors(&fds);
            let _ = card.dma_unmap(&memory);
            let _ = card.reset();
        }
        assert!(start.elapsed() < Duration::from_secs(2), "seed {seed}");
        thread.join().unwrap();
    }
}
