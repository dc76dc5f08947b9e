// SPDX-License-Identifier: Apache-2.0
//! Card, guest and far PE, joined: the customer edge is a Linux guest whose network card is on port 0, with a relay in
//! between; the far PE answers over MPLS on port 1. The host side of the card is the test itself.
//!
//! Addresses: the guest is 198.51.100.10 and 2001:db8:100::10 outside, 10.1.0.2 inside; the card 192.0.2.1 and
//! 2001:db8::1. Behind the far PE is 10.2.0.0/16, labels 498/702 out and 528 back.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{ensure, Context, Result};
use headend_driver::backend::Location;
use headend_driver::rings::RxPacket;
use headend_driver::{Card, Options};
use headend_regs::TxDest;
use headend_testbench::packet::{dissect, ethernet, icmp_echo, mac, Ipv4, ETHERTYPE_IPV4, PROTO_ICMP};

use crate::cache::{qemu_installed, require_tool, workspace_program};
use crate::card::CardProcess;
use crate::far_pe::{Customer, FarPe};
use crate::guest::{Guest, GuestConfig};
use crate::outer::Outer;
use crate::pcap::write_pcap;
use crate::wire::{Relay, Seen, Wire};

/// Longest time for one command in the guest, and for a frame to be counted.
pub const LIMIT: Duration = Duration::from_secs(60);
/// The far PE's host that is pinged.
pub const FAR_HOST: &str = "10.2.0.2";
/// The guest's host address.
pub const NEAR_HOST: &str = "10.1.0.2";

/// Card, guest and far PE.
#[derive(Debug)]
pub struct Lab {
    /// The customer edge.
    pub guest: Guest,
    /// The cable between guest and card.
    pub relay: Relay,
    /// The far PE.
    pub far: FarPe,
    /// The card.
    pub card: CardProcess,
    dir: tempfile::TempDir,
}

impl Lab {
    /// Starts everything; the guest has its addresses and routes, no policies and no SAs.
    ///
    /// # Errors
    /// Something does not start; the message says what.
    pub fn start() -> Result<Self> {
        let dir = tempfile::tempdir()?;
        let path = |name: &str| dir.path().join(name);
        let attach =
            |own: &str, other: &str| format!("dgram:{},{}", path(own).display(), path(other).display());
        let guest_end = Wire::bind(&path("relay-guest"), &path("guest"))?;
        let card_end = Wire::bind(&path("relay-card"), &path("port0"))?;
        let core_end = Wire::bind(&path("core"), &path("port1"))?;
        let card = CardProcess::start(dir.path(), &attach("port0", "relay-card"), &attach("port1", "core"))?;
        let relay = Relay::start(guest_end, card_end)?;
        let customer = Customer { arriving: [498, 702], answer: 528 };
        let far = FarPe::start(core_end, mac(0x0200_0000_0102), vec![customer])?;
        let net = format!(
            "dgram,id=n0,local.type=unix,local.path={},remote.type=unix,remote.path={}",
            path("guest").display(),
            path("relay-guest").display()
        );
        let mut guest = GuestConfig::new(qemu_installed()?)?
            .installed_program("ip")?
            .host_program("bin/headend-guest-net", &workspace_program("headend-guest-net", "headend-peers")?)?
            .modules(&["esp4", "esp6", "xfrm_user", "virtio_net", "virtio_pci", "aesni_intel"])
            .modules(&["ctr", "ghash_generic", "gcm", "hmac", "sha256_generic", "sha512_generic"])
            .modules(&["jitterentropy_rng", "drbg", "seqiv", "authenc"])
            .arguments(["-machine", "q35", "-smp", "2", "-m", "512", "-netdev", &net])
            .arguments(["-device", "virtio-net-pci,netdev=n0,romfile=,mac=02:00:00:00:00:02"])
            .boot()?;
        for command in [
            "echo 0 > /proc/sys/net/ipv6/conf/eth0/accept_ra",
            "echo 1 > /proc/sys/net/ipv6/conf/eth0/addr_gen_mode",
            "/sbin/ip link set lo up",
            "/sbin/ip link set eth0 mtu 2000 up",
            "/sbin/ip addr add 198.51.100.10/24 dev eth0",
            "/sbin/ip addr add 10.1.0.2/32 dev lo",
            "/sbin/ip neigh add 198.51.100.1 lladdr 02:00:00:00:00:01 dev eth0",
            "/sbin/ip route add 192.0.2.1 via 198.51.100.1",
            "/sbin/ip route add 10.2.0.0/16 via 198.51.100.1 src 10.1.0.2",
            "/sbin/ip -6 addr add 2001:db8:100::10/64 dev eth0 nodad",
            "/sbin/ip -6 neigh add 2001:db8:100::1 lladdr 02:00:00:00:00:01 dev eth0",
            "/sbin/ip -6 route add 2001:db8::1/128 via 2001:db8:100::1",
            "/bin/headend-guest-net natt 4500 &",
        ] {
            guest.run(command, LIMIT)?;
        }
        Ok(Self { guest, relay, far, card, dir })
    }

    /// Applies a configuration to the card.
    ///
    /// # Errors
    /// The card or `headend` refuses it.
    pub fn apply(&self, config: &str) -> Result<String> {
        self.card.apply(self.dir.path(), config)
    }

    /// The file that [`Lab::apply`] wrote last.
    #[must_use]
    pub fn config_file(&self) -> String {
        self.dir.path().join("headend.toml").to_string_lossy().into_owned()
    }

    /// Packets answered, of `count` sent from `from` to `to` with `size` payload bytes.
    ///
    /// # Panics
    /// The guest does not answer, or its ping prints something unknown.
    pub fn ping(&mut self, from: &str, to: &str, size: usize, count: u32) -> u32 {
        let command = format!("ping -c {count} -i 0.05 -W 5 -s {size} -I {from} {to}");
        let (_, text) = self.guest.try_run(&command, LIMIT).expect("ping");
        let received = text.split(" packets received").next().and_then(|front| front.rsplit(' ').next());
        received.and_then(|number| number.parse().ok()).unwrap_or_else(|| panic!("ping printed: {text}"))
    }

    /// Frames with ESP that passed in one direction, oldest first, as they went on from the relay.
    #[must_use]
    pub fn esp_frames(&self, to_card: bool) -> Vec<Vec<u8>> {
        let seen = self.relay.capture().frames().into_iter().filter(|seen| seen.to_card == to_card);
        seen.map(|seen| seen.frame).filter(|frame| Outer::of(frame).is_some()).collect()
    }

    /// Drop reasons that have counted, with their counts.
    ///
    /// # Panics
    /// `headend stats` fails.
    #[must_use]
    pub fn drops(&self) -> BTreeMap<String, u64> {
        let stats = self.card.stats().expect("stats");
        let drops = stats["drops"].as_object().expect("drops by reason");
        drops
            .iter()
            .map(|(reason, count)| (reason.clone(), count.as_u64().expect("count")))
            .filter(|(_, count)| *count > 0)
            .collect()
    }

    /// Waits until the drop counters differ from `before` by `count` under `reason` and nothing else.
    ///
    /// # Panics
    /// They do not within [`LIMIT`].
    #[track_caller]
    pub fn expect_drops(&self, before: &BTreeMap<String, u64>, reason: &str, count: u64) {
        let mut expected = before.clone();
        *expected.entry(reason.to_owned()).or_default() += count;
        let total = |drops: &BTreeMap<String, u64>| drops.values().sum::<u64>();
        let end = Instant::now() + LIMIT;
        let mut found = self.drops();
        while total(&found) < total(&expected) && Instant::now() < end {
            std::thread::sleep(Duration::from_millis(5));
            found = self.drops();
        }
        assert_eq!(found, expected, "{count} more as {reason}");
    }

    /// Injects a frame and expects exactly one more drop under `reason`, and no other.
    ///
    /// # Panics
    /// It does not come.
    #[track_caller]
    pub fn expect_drop(&self, frame: &[u8], reason: &str) {
        let before = self.drops();
        self.relay.inject(frame).expect("inject");
        self.expect_drops(&before, reason, 1);
    }

    /// The guest kernel's IPsec counters, all of which count errors, are zero.
    ///
    /// # Panics
    /// One is not.
    #[track_caller]
    pub fn expect_no_kernel_errors(&mut self) {
        let errors = self.guest.run("cat /proc/net/xfrm_stat", LIMIT).expect("counters");
        assert!(errors.lines().count() > 20, "{errors}");
        for line in errors.lines() {
            assert!(
                line.split_whitespace().nth(1) == Some("0"),
                "the kernel counted an error: {line}\n{errors}"
            );
        }
    }

    /// What card, kernel and far PE know, for the message of a test that fails.
    #[must_use]
    pub fn findings(&mut self) -> String {
        let kernel = self
            .guest
            .try_run("grep -v '[^0-9]0$' /proc/net/xfrm_stat", LIMIT)
            .map_or_else(|error| format!("{error:#}"), |(_, text)| text);
        let frames = self.relay.capture().frames();
        let last: Vec<String> = frames
            .iter()
            .rev()
            .take(8)
            .map(|seen| {
                format!("to card {}: {} bytes, {:?}", seen.to_card, seen.frame.len(), Outer::of(&seen.frame))
            })
            .collect();
        let stats = self.card.headend(&["stats"]).unwrap_or_else(|error| format!("{error:#}"));
        format!(
            "kernel errors: {kernel}\nfar PE: {:?}\nlast frames, newest first:\n{}\n{stats}",
            self.far.strays(),
            last.join("\n")
        )
    }

    /// Has tshark open ESP frames with `keys`, lines of its file `esp_sa`; gives for each frame that was decrypted the
    /// requested fields.
    ///
    /// # Errors
    /// tshark is missing or fails.
    pub fn tshark(&self, frames: &[Vec<u8>], keys: &str, fields: &[&str]) -> Result<Vec<Vec<String>>> {
        let profile = self.dir.path().join("wireshark");
        fs::create_dir_all(&profile)?;
        fs::write(profile.join("esp_sa"), keys)?;
        fs::write(
            profile.join("preferences"),
            "esp.enable_encryption_decode: TRUE\nesp.enable_authentication_check: TRUE\n",
        )?;
        let file = self.dir.path().join("esp.pcap");
        let time = std::time::SystemTime::now();
        let seen: Vec<Seen> =
            frames.iter().map(|frame| Seen { time, to_card: true, frame: frame.clone() }).collect();
        write_pcap(&mut File::create(&file)?, &seen)?;
        let mut command = Command::new(require_tool("tshark")?);
        command.env("WIRESHARK_CONFIG_DIR", &profile).args(["-T", "fields", "-Y", "esp.icv_good == 1", "-r"]);
        command.arg(&file);
        for field in fields {
            command.args(["-e", field]);
        }
        let output = command.output().context("run tshark")?;
        ensure!(output.status.success(), "tshark: {}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        Ok(text.lines().map(|line| line.split('\t').map(str::to_owned).collect()).collect())
    }

    /// Becomes the card's host: answers decrypted pings through the routes of VRF 0 and keeps everything that arrives. The
    /// card serves one program at a time, so no `headend` command works until the host is dropped.
    ///
    /// # Errors
    /// The card cannot be opened.
    pub fn host(&self) -> Result<Host> {
        let location = Location::VfioUser(self.card.socket().to_path_buf());
        let mut card = Card::open(&location, Options::default())?;
        let (seen, stop) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicBool::new(false)));
        let (log, asked) = (Arc::clone(&seen), Arc::clone(&stop));
        let thread = std::thread::spawn(move || -> Result<()> {
            while !asked.load(Ordering::Relaxed) {
                while card.sent(Duration::ZERO)?.is_some() {}
                let Some(packet) = card.receive(Duration::from_millis(20))? else { continue };
                if let Some(reply) = pong(&packet) {
                    card.send(TxDest::Route, 0, &reply)?;
                }
                log.lock().unwrap_or_else(PoisonError::into_inner).push(packet);
            }
            Ok(())
        });
        Ok(Host { seen, stop, thread: Some(thread) })
    }
}

/// The IP packet that answers a decrypted echo request over IPv4.
fn pong(packet: &RxPacket) -> Option<Vec<u8>> {
    if !packet.decrypted || !packet.l3 {
        return None;
    }
    let seen = dissect(&ethernet([0; 6], [0; 6], ETHERTYPE_IPV4, &packet.data))?;
    let ip =
        seen.ip.filter(|ip| ip.header.proto == PROTO_ICMP && ip.payload.len() >= 8 && ip.payload[0] == 8)?;
    let word = |at: usize| u16::from_be_bytes([ip.payload[at], ip.payload[at + 1]]);
    let reply = icmp_echo(true, word(4), word(6), &ip.payload[8..]);
    let header = &ip.header;
    let back = Ipv4 { tos: header.tos, df: header.df, ..Ipv4::new(header.dst, header.src, PROTO_ICMP) };
    Some(back.build(&reply))
}

/// The host side of the card, answering pings; ends when dropped.
#[derive(Debug)]
pub struct Host {
    seen: Arc<Mutex<Vec<RxPacket>>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<Result<()>>>,
}

impl Host {
    /// What has arrived so far.
    #[must_use]
    pub fn packets(&self) -> Vec<RxPacket> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Lets go of the card; gives what has arrived.
    ///
    /// # Errors
    /// The driver failed on the way.
    pub fn end(mut self) -> Result<Vec<RxPacket>> {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.join().map_err(|_| anyhow::anyhow!("the host's thread panicked"))??;
        }
        Ok(self.packets())
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
