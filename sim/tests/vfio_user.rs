// SPDX-License-Identifier: Apache-2.0
//! The vfio-user server as a process: protocol, DMA, interrupts, bad clients.

mod common;

use common::{access, words, CardProcess, Client, LIMIT};
use headend_sim::vfio_user::irqs::{ACTION_TRIGGER, DATA_EVENTFD, DATA_NONE};
use headend_sim::vfio_user::waiting::MAX_WAITING;
use headend_sim::vfio_user::wire::{Command, Header, FLAG_NO_REPLY, HEADER_BYTES};
use nix::sys::eventfd::{EfdFlags, EventFd};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::fd::AsRawFd;
use std::time::{Duration, Instant};

const IOVA: u64 = 0x1_0000_0000;

/// A file of `len` bytes with a pattern in it.
fn memory(len: usize) -> File {
    let mut file = tempfile::tempfile().unwrap();
    let pattern: Vec<u8> = (0..len).map(|i| (i / 64) as u8 ^ i as u8).collect();
    file.write_all(&pattern).unwrap();
    file
}

fn contents(file: &File, at: u64, len: usize) -> Vec<u8> {
    let mut file = file.try_clone().unwrap();
    file.seek(SeekFrom::Start(at)).unwrap();
    let mut data = vec![0; len];
    file.read_exact(&mut data).unwrap();
    data
}

#[test]
fn device_regions_and_interrupts_are_described() {
    let mut card = CardProcess::start(&[]);
    let mut client = Client::open(&card.socket);
    let info = client.request(Command::DeviceGetInfo, &words(&[16, 0, 0, 0]), &[]).unwrap();
    assert_eq!(info, words(&[16, 3, 9, 5]), "PCI device that can be reset, 9 regions, 5 interrupt indices");
    for (index, size) in [(0, 0x1_0000), (1, 0), (2, 0x1000), (5, 0), (6, 0), (7, 0x1000), (8, 0)] {
        let body = words(&[32, 0, index, 0, 0, 0, 0, 0]);
        let info = client.request(Command::DeviceGetRegionInfo, &body, &[]).unwrap();
        let flags = if size > 0 { 3 } else { 0 };
        assert_eq!(info, words(&[32, flags, index, 0, size, 0, 0, 0]));
    }
    let irq = client.request(Command::DeviceGetIrqInfo, &words(&[16, 0, 2, 0]), &[]).unwrap();
    assert_eq!(irq, words(&[16, 1 | 8, 2, 4]));
    let config = client.read(7, 0, 64).unwrap();
    assert_eq!(config[..4], [0xee, 0x10, 0x34, 0x90]);
    assert!(client.request(Command::DeviceGetRegionInfo, &words(&[32, 0, 9, 0, 0, 0, 0, 0]), &[]).is_err());
    assert!(client.request(Command::DeviceGetIrqInfo, &words(&[16, 0, 5, 0]), &[]).is_err());
    assert_eq!(card.stop()["clients"], 1);
}

#[test]
fn registers_by_every_access_size() {
    let card = CardProcess::start(&[]);
    let mut client = Client::open(&card.socket);
    assert_eq!(client.read32(0), 0x4845_4144);
    client.write(0, 0x20, &[1, 2, 3, 4, 5, 6, 7, 8]).unwrap();
    client.write(0, 0x22, &[0xaa, 0xbb]).unwrap();
    client.write(0, 0x25, &[0xcc]).unwrap();
    assert_eq!(client.read(0, 0x20, 8).unwrap(), [1, 2, 0xaa, 0xbb, 5, 0xcc, 7, 8]);
    assert_eq!(client.read(0, 0x23, 3).unwrap(), [0xbb, 5, 0xcc]);
    for (offset, count) in [(0xfffe, 4), (0x1_0000, 4), (u64::MAX, 4), (0, 0), (0, 8192)] {
        assert_eq!(client.read(0, offset, count), Err(libc::EINVAL), "{offset:#x} {count}");
    }
    assert_eq!(client.read(4, 0, 4), Err(libc::EINVAL), "a BAR that is not there");
    assert_eq!(client.read32(0), 0x4845_4144, "the connection lives on");
}

#[test]
fn a_register_that_never_answers_is_an_error_reply() {
    let card = CardProcess::start(&[]);
    let mut client = Client::open(&card.socket);
    assert_eq!(client.read(0, 0x3c, 4), Err(libc::EIO));
    assert_eq!(client.read32(0), 0x4845_4144);
}

#[test]
fn dma_reaches_what_is_mapped_and_nothing_else() {
    let mut card = CardProcess::start(&[]);
    let mut client = Client::open(&card.socket);
    let file = memory(0x4000);
    client.map(3, 0x1000, IOVA, 0x2000, Some(&file)).unwrap();
    client.map(1, 0, IOVA + 0x2000, 0x1000, Some(&file)).unwrap();
    client.map(3, 0, 0xfee0_0000, 0x1000, None).unwrap();
    let source = contents(&file, 0x1000, 4096);
    assert_eq!(client.copy(IOVA, IOVA + 0x1000, 64), 0);
    let inverted: Vec<u8> = source.iter().map(|b| !b).collect();
    assert_eq!(contents(&file, 0x2000, 4096), inverted);
    assert_eq!(client.copy(IOVA - 64, IOVA, 1), 0b0011, "read in front of the mapping: DECERR");
    assert_eq!(client.copy(IOVA, IOVA + 0x3000, 1), 0b1100, "write behind it: DECERR");
    assert_eq!(client.copy(IOVA, IOVA + 0x2000, 1), 0b1000, "write to a read-only mapping: SLVERR");
    assert_eq!(client.copy(0xfee0_0000, IOVA, 1), 0b0010, "a mapping without memory: SLVERR");
    client.unmap(0x7000_0000, 0x1000).unwrap();
    client.unmap(IOVA, 0x2000).unwrap();
    assert_eq!(client.copy(IOVA, IOVA + 0x1000, 1), 0b1111, "unmapped");
    assert_eq!(client.map(3, 0, IOVA + 0x2000, 0x1000, None), Err(libc::EEXIST));
    assert_eq!(client.map(3, 0x3000, IOVA, 0x2000, Some(&file)), Err(libc::EINVAL), "beyond the file");
    drop(client);
    let stats = card.stop();
    assert_eq!((&stats["dma_refused"], &stats["violations"]), (&6.into(), &serde_json::json!([])));
}

#[test]
fn page_by_page_mappings_of_one_file() {
    let card = CardProcess::start(&[]);
    let mut client = Client::open(&card.socket);
    let pages = 3000u64;
    let file = tempfile::tempfile().unwrap();
    file.set_len(pages * 4096).unwrap();
    for page in 0..pages {
        client.map(3, page * 4096, IOVA + (pages - 1 - page) * 4096, 4096, Some(&file)).unwrap();
    }
    assert_eq!(client.copy(IOVA, IOVA + 4096, 64), 0);
    assert_eq!(contents(&file, (pages - 2) * 4096, 4096), [0xff; 4096]);
    let descriptors = std::fs::read_dir(format!("/proc/{}/fd", card.pid())).unwrap().count();
    assert!(descriptors < 30, "{descriptors} open descriptors");
}

#[test]
fn interrupts_arrive_also_when_they_were_raised_before() {
    let card = CardProcess::start(&[]);
    let mut client = Client::open(&card.socket);
    let file = memory(0x2000);
    client.map(3, 0, IOVA, 0x2000, Some(&file)).unwrap();
    client.write32(0x38, 2);
    assert_eq!(client.copy(IOVA, IOVA + 0x1000, 1), 0);
    assert_eq!(client.read(2, 0x800, 8).unwrap(), [4, 0, 0, 0, 0, 0, 0, 0], "pending bit of vector 2");
    let fds: Vec<EventFd> = (0..4).map(|_| EventFd::from_flags(EfdFlags::EFD_NONBLOCK).unwrap()).collect();
    let raw: Vec<_> = fds.iter().map(|f| f.as_raw_fd()).collect();
    client.set_irqs(DATA_EVENTFD | ACTION_TRIGGER, 0, 4, &raw).unwrap();
    assert_eq!(fds[2].read(), Ok(1));
    client.write32(0x38, 3);
    assert_eq!(client.copy(IOVA, IOVA + 0x1000, 1), 0);
    assert_eq!(fds[3].read(), Ok(1));
    client.set_irqs(DATA_EVENTFD | ACTION_TRIGGER, 3, 1, &[]).unwrap();
    client.set_irqs(DATA_NONE | ACTION_TRIGGER, 0, 0, &[]).unwrap();
    assert_eq!(client.set_irqs(DATA_EVENTFD | ACTION_TRIGGER, 3, 2, &raw[..2]), Err(libc::EINVAL));
}

#[test]
fn resets_clear_the_host_side_and_leave_the_data_path_alone() {
    let card = CardProcess::start(&[]);
    let mut client = Client::open(&card.socket);
    for by_config in [false, true] {
        client.write32(0x20, 77);
        client.set_irqs(DATA_NONE | ACTION_TRIGGER, 1, 1, &[]).unwrap();
        assert_eq!(client.read(2, 0x800, 1).unwrap(), [2], "raised and not connected: pending");
        client.write(7, 0x10, &0xfeb0_0000u32.to_le_bytes()).unwrap();
        if by_config {
            client.write(7, 0x48, &0x8000u16.to_le_bytes()).unwrap();
        } else {
            client.request(Command::DeviceReset, &[], &[]).unwrap();
        }
        assert_eq!((client.read32(0), client.read32(0x20)), (0x4845_4144, 77));
        assert_eq!(client.read(7, 0x10, 4).unwrap(), [4, 0, 0, 0]);
        assert_eq!(client.read(2, 0x800, 1).unwrap(), [0], "nothing pending");
    }
}

#[test]
fn clients_come_and_go_and_the_card_keeps_its_registers() {
    let mut card = CardProcess::start(&[]);
    let file = memory(0x2000);
    for round in 0..5u32 {
        let mut client = Client::open(&card.socket);
        assert_eq!(client.read32(0x24), round, "what the previous client wrote");
        assert_eq!(client.copy(IOVA, IOVA, 1), 0b1111, "its memory is gone");
        client.map(3, 0, IOVA, 0x2000, Some(&file)).unwrap();
        client.write32(0x24, round + 1);
        if round == 3 {
            client.send_raw(&[1, 2, 3], &[]).unwrap(); // dies in the middle of a message
        }
    }
    assert_eq!(card.stop()["clients"], 5);
}

#[test]
fn a_second_client_is_told_that_the_card_is_in_use() {
    let card = CardProcess::start(&[]);
    let mut first = Client::open(&card.socket);
    let mut second = Client::connect(&card.socket);
    assert_eq!(second.request(Command::Version, b"\0\0\0\0\0", &[]), Err(libc::EBUSY));
    let silent = Client::connect(&card.socket);
    assert_eq!(first.read32(0), 0x4845_4144);
    drop((first, silent));
    Client::open(&card.socket);
}

#[test]
fn second_clients_do_not_hold_up_the_first() {
    let card = CardProcess::start(&[]);
    let mut first = Client::open(&card.socket);
    let mut others: Vec<Client> = (0..MAX_WAITING).map(|_| Client::connect(&card.socket)).collect();
    let started = Instant::now();
    let version = [&Header::command(3, Command::Version, 5).to_bytes()[..], &[0; 5]].concat();
    for byte in &version[..version.len() - 1] {
        for other in &mut others {
            other.send_raw(&[*byte], &[]).unwrap();
        }
        assert_eq!(first.read32(0), 0x4845_4144);
    }
    // 20 reads and 160 single bytes; a pause for each of the eight clients alone would be longer than this.
    assert!(started.elapsed().as_millis() < 300, "{:?}", started.elapsed());
    for other in &mut others {
        other.send_raw(&[0], &[]).unwrap();
        assert_eq!(other.receive().unwrap().0.error as i32, libc::EBUSY);
        assert!(other.receive().is_err(), "and is disconnected");
    }
    let mut silent: Vec<Client> = (0..=MAX_WAITING).map(|_| Client::connect(&card.socket)).collect();
    assert!(silent[0].receive().is_err(), "the one that has been silent longest is cut off");
    drop(first);
    let offer = b"\0\0\x01\0{}\0";
    assert!(silent[1].request(Command::Version, offer, &[]).is_ok(), "the first in the queue is next");
    assert_eq!(silent[2].request(Command::Version, offer, &[]), Err(libc::EBUSY));
    drop(silent);
    assert_eq!(Client::open(&card.socket).read32(0), 0x4845_4144);
}

#[test]
fn without_free_descriptors_clients_wait_and_the_card_sleeps() {
    let mut card = CardProcess::start(&[]);
    let limit = card.limit(libc::RLIMIT_NOFILE, 3);
    let waiting = {
        let socket = card.socket.clone();
        std::thread::spawn(move || Client::open(&socket).read32(0))
    };
    let before = card.cpu_ticks();
    std::thread::sleep(Duration::from_millis(1500));
    let used = card.cpu_ticks() - before;
    assert!(used <= 5 && !waiting.is_finished(), "{used} ticks of 10 ms");
    card.limit(libc::RLIMIT_NOFILE, limit);
    assert_eq!(waiting.join().unwrap(), 0x4845_4144);
    card.stop();
    assert_eq!(card.log().matches("cannot let a client in").count(), 1, "{}", card.log());
}

#[test]
fn malformed_messages_get_errors_and_broken_framing_ends_the_connection() {
    let card = CardProcess::start(&[]);
    let mut client = Client::connect(&card.socket);
    assert_eq!(
        client.request(Command::RegionRead, &access(0, 0, 4), &[]),
        Err(libc::EPROTO),
        "before VERSION"
    );
    assert_eq!(client.request(Command::Version, b"\x01\0\0\0\0", &[]), Err(libc::EPROTONOSUPPORT));
    assert_eq!(client.request(Command::Version, b"\0\0\0\0{nonsense\0", &[]), Err(libc::EINVAL));
    drop(client);
    let mut client = Client::open(&card.socket);
    for command in [Command::DmaMap, Command::DmaUnmap, Command::RegionRead, Command::DeviceSetIrqs] {
        assert_eq!(client.request(command, &[1, 2, 3], &[]), Err(libc::EINVAL), "{command:?} too short");
    }
    let short = [&access(0, 0, 100)[..], &[0; 4]].concat();
    assert_eq!(client.request(Command::RegionWrite, &short, &[]), Err(libc::EINVAL), "data missing");
    let unknown = Header { id: 9, command: 999, size: 16, flags: 0, error: 0 };
    client.send_raw(&unknown.to_bytes(), &[]).unwrap();
    assert_eq!(client.receive().unwrap().0.error as i32, libc::ENOSYS);
    let silent = Header { flags: FLAG_NO_REPLY, size: 36, ..Header::command(7, Command::RegionWrite, 20) };
    client.send_raw(&[&silent.to_bytes()[..], &access(0, 0x20, 4), &[5, 0, 0, 0]].concat(), &[]).unwrap();
    assert_eq!(client.read32(0x20), 5, "carried out without a reply");
    drop(client);
    for size in [0, 15, u32::MAX] {
        let mut client = Client::open(&card.socket);
        let broken = Header { size, ..Header::command(1, Command::DeviceReset, 0) };
        client.send_raw(&broken.to_bytes(), &[]).unwrap();
        assert!(client.receive().is_err(), "size {size}: the server hangs up");
    }
    assert_eq!(Client::open(&card.socket).read32(0), 0x4845_4144);
}

/// SplitMix64.
fn random(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (*state ^ (*state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb)
}

/// A message that is nearly right: a known command with a body of the right kind whose fields are extreme or random.
fn nearly_right(state: &mut u64) -> Vec<u8> {
    let command = (random(state) % 16) as u16;
    let words = random(state) % 10;
    let mut body = Vec::new();
    for _ in 0..words {
        let value = match random(state) % 6 {
            0 => 0,
            1 => u32::MAX,
            2 => 1 << (random(state) % 32),
            3 => (random(state) % 64) as u32,
            4 => 0x1000,
            _ => random(state) as u32,
        };
        body.extend(value.to_le_bytes());
    }
    body.truncate(body.len().saturating_sub(random(state) as usize % 4));
    let flags = [0, 0, 0, 0, FLAG_NO_REPLY, 1, 0x21, u32::MAX][random(state) as usize % 8];
    let size = (HEADER_BYTES + body.len()) as u32;
    let header = Header { id: random(state) as u16, command, size, flags, error: random(state) as u32 };
    [&header.to_bytes()[..], &body].concat()
}

#[test]
fn random_messages_never_kill_the_card() {
    let mut card = CardProcess::start(&[]);
    let seed = 0x5eed;
    let mut state = seed;
    let started = Instant::now();
    for round in 0..60 {
        let mut client = Client::open(&card.socket);
        client.stream.set_nonblocking(true).unwrap();
        let file = tempfile::tempfile().unwrap();
        file.set_len(8192).unwrap();
        for _ in 0..40 {
            let message = nearly_right(&mut state);
            let fds: Vec<_> = (0..random(&mut state) % 3).map(|_| file.as_raw_fd()).collect();
            // The server may hang up at any time; that is its right.
            if client.send_raw(&message, &fds).is_err() {
                break;
            }
            let mut sink = [0; 4096];
            while client.stream.read(&mut sink).is_ok_and(|n| n > 0) {}
        }
        assert!(card.is_running(), "seed {seed:#x}, round {round}");
        assert!(started.elapsed() < LIMIT, "seed {seed:#x}, round {round}: too slow");
    }
    let mut client = Client::open(&card.socket);
    client.request(Command::DeviceReset, &[], &[]).unwrap();
    assert_eq!(client.read32(0), 0x4845_4144);
    drop(client);
    card.stop();
}
