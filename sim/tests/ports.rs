// SPDX-License-Identifier: Apache-2.0
//! Attachments, sleep, start and end of the card's process. The small core passes frames from one port to the other.

mod common;

use common::{command, CardProcess, Client, LIMIT};
use std::io::Read;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::net::{UnixDatagram, UnixListener};
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

fn pcap(frames: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes: Vec<u8> =
        [0xa1b2_3c4du32, 0x0004_0002, 0, 0, 65535, 1].iter().flat_map(|w| w.to_le_bytes()).collect();
    for frame in frames {
        let len = frame.len() as u32;
        bytes.extend([0, 0, len, len].iter().flat_map(|w: &u32| w.to_le_bytes()));
        bytes.extend_from_slice(frame);
    }
    bytes
}

fn frames_of(path: &Path) -> Vec<Vec<u8>> {
    let bytes = std::fs::read(path).unwrap();
    let mut frames = Vec::new();
    let mut rest = &bytes[24..];
    while !rest.is_empty() {
        let len = u32::from_le_bytes(rest[8..12].try_into().unwrap()) as usize;
        frames.push(rest[16..16 + len].to_vec());
        rest = &rest[16 + len..];
    }
    frames
}

/// Runs an assertion again and again until it holds.
fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let started = Instant::now();
    while !holds() {
        assert!(started.elapsed() < LIMIT, "{what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn captures_are_replayed_and_written() {
    let dir = tempfile::tempdir().unwrap();
    let frames: Vec<Vec<u8>> = (0..300).map(|i| vec![i as u8; 1 + i * 37 % 9300]).collect();
    std::fs::write(dir.path().join("in.pcap"), pcap(&frames)).unwrap();
    let mut card =
        CardProcess::start_in(dir, &["--port0", "pcap:{dir}/in.pcap,", "--port1", "pcap:,{dir}/out.pcap"]);
    let out = card.path("out.pcap");
    eventually("all frames are in the capture without the card's end", || {
        let whole: usize = 24 + frames.iter().map(|f| f.len() + 16).sum::<usize>();
        std::fs::metadata(&out).unwrap().len() as usize == whole
    });
    let stats = card.stop();
    assert_eq!(frames_of(&out), frames);
    assert_eq!(stats["frames_out"], serde_json::json!([0, 300]));
    assert_eq!(stats["frames_lost"], serde_json::json!([0, 0]));
}

#[test]
fn a_full_disk_costs_the_capture_and_not_the_card() {
    let dir = tempfile::tempdir().unwrap();
    let a = UnixDatagram::bind(dir.path().join("a")).unwrap();
    a.set_read_timeout(Some(LIMIT)).unwrap();
    let args = ["--port0", "dgram:{dir}/card0,{dir}/a", "--port1", "pcap:,{dir}/out.pcap"];
    let mut card = CardProcess::start_in(dir, &args);
    let limit = card.limit(libc::RLIMIT_FSIZE, 5_000); // writing on fails as on a full disk
    for _ in 0..10 {
        a.send_to(&[7; 1000], card.path("card0")).unwrap();
    }
    let read_log = || std::fs::read_to_string(card.path("log")).unwrap();
    eventually("the lost capture is reported", || {
        a.send_to(&[7; 1000], card.path("card0")).unwrap();
        read_log().contains("frames out of port 1 are lost from now on: writing")
    });
    assert_eq!(Client::open(&card.socket).read32(0), 0x4845_4144, "the card lives");
    card.limit(libc::RLIMIT_FSIZE, limit);
    let stats = card.stop();
    let sent = stats["frames_out"][1].as_u64().unwrap();
    let lost = stats["frames_lost"][1].as_u64().unwrap();
    assert!(sent >= 10 && (sent - 5..=sent).contains(&lost), "{lost} of {sent} lost; five fit at most");
    assert_eq!(stats["frames_lost"][0], 0);
    assert_eq!(card.log().matches("port 1").count(), 1, "reported once: {}", card.log());
}

#[test]
fn datagram_sockets_carry_frames_both_ways() {
    let dir = tempfile::tempdir().unwrap();
    let (a, b) = (
        UnixDatagram::bind(dir.path().join("a")).unwrap(),
        UnixDatagram::bind(dir.path().join("b")).unwrap(),
    );
    let args = ["--port0", "dgram:{dir}/card0,{dir}/a", "--port1", "dgram:{dir}/card1,{dir}/b"];
    let mut card = CardProcess::start_in(dir, &args);
    for (from, to, name) in [(&a, &b, "card0"), (&b, &a, "card1")] {
        to.set_read_timeout(Some(LIMIT)).unwrap();
        for len in [1usize, 60, 1514, 9216, 20000] {
            from.send_to(&vec![len as u8; len], card.path(name)).unwrap();
            let mut buffer = vec![0; 65536];
            let got = to.recv(&mut buffer).unwrap();
            assert_eq!(buffer[..got], vec![len as u8; len]);
        }
    }
    card.stop();
    assert!(!card.path("card0").exists(), "the card removes its sockets");
}

#[test]
fn tap_interface_carries_frames() {
    let name = format!("hetest{}", std::process::id() % 100_000);
    let probe = std::fs::OpenOptions::new().read(true).write(true).open("/dev/net/tun");
    let root = nix::unistd::geteuid().is_root();
    if probe.is_err() || !root {
        assert!(std::env::var_os("CI").is_none(), "CI must be able to make TAP interfaces");
        eprintln!("SKIPPED: no TAP interfaces here (/dev/net/tun or the right to use it is missing)");
        return;
    }
    let peer_dir = tempfile::tempdir().unwrap();
    let peer = UnixDatagram::bind(peer_dir.path().join("peer")).unwrap();
    peer.set_read_timeout(Some(LIMIT)).unwrap();
    let port1 = format!("dgram:{{dir}}/card1,{}", peer_dir.path().join("peer").display());
    let mut card = CardProcess::start(&["--port0", &format!("tap:{name}"), "--port1", &port1]);
    let flags = std::fs::read_to_string(format!("/sys/class/net/{name}/flags")).unwrap();
    assert_eq!(u32::from_str_radix(flags.trim().trim_start_matches("0x"), 16).unwrap() & 1, 1, "it is up");
    let frame =
        [&[0xff; 12][..], &[0x88, 0xb5], b"from the kernel, by the interface, into the port"].concat();
    send_on_interface(&name, &frame);
    let mut buffer = [0; 2048];
    // The kernel may have something of its own to say first (IPv6).
    while buffer[..frame.len()] != frame {
        peer.recv(&mut buffer).unwrap();
    }
    let received = || -> u64 {
        std::fs::read_to_string(format!("/sys/class/net/{name}/statistics/rx_packets"))
            .unwrap()
            .trim()
            .parse()
            .unwrap()
    };
    let before = received();
    for _ in 0..10 {
        peer.send_to(&[0xff; 60], card.path("card1")).unwrap();
    }
    eventually("frames from the port reach the kernel", || received() - before == 10);
    card.stop();
    assert!(!Path::new(&format!("/sys/class/net/{name}")).exists(), "the interface goes with the card");
}

/// Sends a frame on an interface as a program on the host would, by a packet socket.
fn send_on_interface(name: &str, frame: &[u8]) {
    let index = std::fs::read_to_string(format!("/sys/class/net/{name}/ifindex")).unwrap();
    // SAFETY: sockaddr_ll is plain data for which zero is valid.
    let mut address: libc::sockaddr_ll = unsafe { std::mem::zeroed() };
    address.sll_family = libc::AF_PACKET as u16;
    address.sll_ifindex = index.trim().parse().unwrap();
    // SAFETY: opens a descriptor that nothing else owns; `send` reads `frame` and `address` within their sizes.
    let sent = unsafe {
        let socket = OwnedFd::from_raw_fd(libc::socket(libc::AF_PACKET, libc::SOCK_RAW, 0));
        let (to, size) = (std::ptr::from_ref(&address).cast(), size_of::<libc::sockaddr_ll>() as u32);
        libc::sendto(socket.as_raw_fd(), frame.as_ptr().cast(), frame.len(), 0, to, size)
    };
    assert_eq!(sent, frame.len() as isize);
}

#[test]
fn memory_with_keys_leaves_no_core_dump() {
    let card = CardProcess::start(&[]);
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", card.pid())).unwrap();
    let core = limits.lines().find(|l| l.starts_with("Max core file size")).unwrap();
    assert_eq!(core.split_whitespace().skip(4).take(2).collect::<Vec<_>>(), ["0", "0"], "{core}");
    headend_sim::keep_secret().unwrap();
    assert!(!nix::sys::prctl::get_dumpable().unwrap());
    nix::sys::prctl::set_dumpable(true).unwrap(); // for the other tests of this process
}

#[test]
fn an_idle_card_sleeps() {
    let card = CardProcess::start(&["--port0", "dgram:{dir}/card0,{dir}/a"]);
    let mut client = Client::open(&card.socket);
    client.read32(0);
    std::thread::sleep(Duration::from_millis(200));
    let before = card.cpu_ticks();
    std::thread::sleep(Duration::from_secs(2));
    let used = card.cpu_ticks() - before;
    assert!(used <= 3, "{used} ticks of 10 ms in 2 s: more than 2 % of a processor");
    assert_eq!(client.read32(0), 0x4845_4144, "and wakes up");
}

/// Runs a card that is expected not to start; gives what it says.
fn failure(dir: &Path, socket: &Path, args: &[&str]) -> String {
    let mut child = command(dir, socket, args).stderr(Stdio::piped()).spawn().unwrap();
    let started = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if started.elapsed() > LIMIT {
            child.kill().unwrap();
            panic!("{args:?}: neither started nor ended");
        }
        std::thread::sleep(Duration::from_millis(2));
    };
    assert!(!status.success());
    std::io::read_to_string(child.stderr.unwrap()).unwrap()
}

#[test]
fn what_cannot_start_says_why() {
    let dir = tempfile::tempdir().unwrap();
    let socket = dir.path().join("card.sock");
    let fails = |args: &[&str]| failure(dir.path(), &socket, args);
    assert!(
        fails(&["--port0", "eth:0"]).contains("expected tap:NAME, pcap:IN,OUT, dgram:LOCAL,REMOTE or none")
    );
    assert!(fails(&["--port0", "pcap:/no/such/file,"]).contains("/no/such/file: No such file"));
    assert!(fails(&["--port1", "dgram:/no/such/dir/a,b"]).contains("/no/such/dir/a"));
    assert!(fails(&["--trace", "{dir}/t.fst"]).contains("without trace support"));
    assert!(fails(&["--model", "{dir}/nothing.so"]).contains("cannot be used multiple times"));
    std::fs::write(dir.path().join("junk.pcap"), "not a capture").unwrap();
    assert!(fails(&["--port0", "pcap:{dir}/junk.pcap,"]).contains("junk.pcap: shorter than a pcap header"));
    let pipe = dir.path().join("pipe");
    nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).unwrap();
    for spec in ["pcap:{dir}/pipe,", "pcap:,{dir}/pipe"] {
        let text = fails(&["--port0", spec]);
        assert!(text.contains("pipe: not a regular file"), "{text}");
    }
    let with_writer = std::fs::OpenOptions::new().read(true).write(true).open(&pipe).unwrap();
    assert!(fails(&["--port0", "pcap:{dir}/pipe,"]).contains("not a regular file"), "and with a writer");
    assert!(fails(&["--port0", "pcap:,{dir}/pipe"]).contains("not a regular file"), "and with a reader");
    drop(with_writer);
    assert!(!socket.exists());
}

#[test]
fn stale_sockets_are_replaced_live_ones_and_files_are_not() {
    let dir = tempfile::tempdir().unwrap();
    drop(UnixListener::bind(dir.path().join("card.sock")).unwrap());
    let card = CardProcess::start_in(dir, &[]);
    let text = failure(card.dir.path(), &card.socket, &[]);
    assert!(text.contains("another card is serving it"), "{text}");
    assert_eq!(Client::open(&card.socket).read32(0), 0x4845_4144);
    let file = card.path("file");
    std::fs::write(&file, "precious").unwrap();
    let text = failure(card.dir.path(), &file, &[]);
    assert!(text.contains("in use"), "{text}");
    let mut kept = String::new();
    std::fs::File::open(&file).unwrap().read_to_string(&mut kept).unwrap();
    assert_eq!(kept, "precious");
}
