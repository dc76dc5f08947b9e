// SPDX-License-Identifier: Apache-2.0
//! Scenario A and the data path of H with an independent peer: the customer edge is the Linux kernel's own ESP in a
//! guest, its network card on port 0; the far PE answers over MPLS on port 1.

use std::time::Duration;

use headend_peers::cache::qemu_installed;
use headend_peers::card::CardProcess;
use headend_peers::far_pe::{Customer, FarPe};
use headend_peers::guest::{Guest, GuestConfig};
use headend_peers::wire::{Relay, Wire};
use headend_testbench::packet::{dissect, mac, ETHER_HEADER_BYTES};

const LIMIT: Duration = Duration::from_secs(60);
/// The far PE's host that is pinged.
const FAR_HOST: &str = "10.2.0.2";
const SPI_TO_CARD: u32 = 0x1001;
const SPI_TO_CE: u32 = 0x2001;
/// Where SPI, sequence number and ciphertext start in a frame with an IPv4 header without options.
const SPI_AT: usize = ETHER_HEADER_BYTES + 20;
const SEQ_AT: usize = SPI_AT + 4;
const CIPHERTEXT_AT: usize = SPI_AT + 16;

/// Keys of one run.
struct Suite {
    algorithm: &'static str,
    esn: bool,
    /// Anti-replay window of the card; the kernel uses 64.
    window: u32,
    to_card: String,
    to_ce: String,
}

impl Suite {
    fn new(algorithm: &'static str, esn: bool, window: u32) -> Self {
        let bytes = if algorithm == "aes256gcm16" { 36 } else { 20 };
        let key =
            |first: u8| (0..bytes).map(|n| format!("{:02x}", first.wrapping_add(n))).collect::<String>();
        Self { algorithm, esn, window, to_card: key(0x10), to_ce: key(0x80) }
    }

    fn card_config(&self) -> String {
        let Self { algorithm, esn, window, to_card, to_ce } = self;
        format!(
            r#"
[vrf.vpn1]
id = 1
[interface.internet]
port = 0
mac = "02:00:00:00:00:01"
[interface.core]
port = 1
mac = "02:00:00:00:01:01"
mpls = true
[neighbour.ce]
interface = "internet"
mac = "02:00:00:00:00:02"
mtu = 2000
[neighbour.far-pe]
interface = "core"
mac = "02:00:00:00:01:02"
mtu = 2000
[tunnel.site]
local = "192.0.2.1"
remote = "198.51.100.10"
vrf = "vpn1"
algorithm = "{algorithm}"
esn = {esn}
in.spi = {SPI_TO_CARD}
in.key = "{to_card}"
in.replay_window = {window}
in.selector.remote = "10.1.0.0/16"
out.spi = {SPI_TO_CE}
out.key = "{to_ce}"
out.via = "ce"
[[route]]
prefix = "192.0.2.1/32"
local = true
[[route]]
vrf = "vpn1"
prefix = "10.2.0.0/16"
via = "far-pe"
labels = [498, 702]
[[route]]
vrf = "vpn1"
prefix = "10.1.0.0/16"
tunnel = "site"
[[label]]
label = 528
vrf = "vpn1"
"#
        )
    }

    /// The shell command that gives the guest this pair of SAs, with `to_card` as its outbound key.
    fn xfrm_states(&self, to_card: &str) -> String {
        let flags = if self.esn { "flag esn replay-window 64" } else { "replay-window 32" };
        let state = |source, destination, spi: u32, key: &str| {
            format!(
                "/sbin/ip xfrm state add src {source} dst {destination} proto esp spi {spi:#x} reqid 1 mode tunnel \
                 aead 'rfc4106(gcm(aes))' 0x{key} 128 {flags}"
            )
        };
        format!(
            "/sbin/ip xfrm state flush && {} && {}",
            state("198.51.100.10", "192.0.2.1", SPI_TO_CARD, to_card),
            state("192.0.2.1", "198.51.100.10", SPI_TO_CE, &self.to_ce)
        )
    }
}

/// Card, guest and far PE, joined.
struct Lab {
    guest: Guest,
    relay: Relay,
    far: FarPe,
    card: CardProcess,
    dir: tempfile::TempDir,
}

impl Lab {
    fn start() -> Self {
        let dir = tempfile::tempdir().expect("directory");
        let path = |name: &str| dir.path().join(name);
        let attach =
            |own: &str, other: &str| format!("dgram:{},{}", path(own).display(), path(other).display());
        let guest_end = Wire::bind(&path("relay-guest"), &path("guest")).expect("bind");
        let card_end = Wire::bind(&path("relay-card"), &path("port0")).expect("bind");
        let core_end = Wire::bind(&path("core"), &path("port1")).expect("bind");
        let card = CardProcess::start(dir.path(), &attach("port0", "relay-card"), &attach("port1", "core"))
            .expect("card");
        let relay = Relay::start(guest_end, card_end).expect("relay");
        let customer = Customer { arriving: [498, 702], answer: 528 };
        let far = FarPe::start(core_end, mac(0x0200_0000_0102), vec![customer]).expect("far PE");
        let net = format!(
            "dgram,id=n0,local.type=unix,local.path={},remote.type=unix,remote.path={}",
            path("guest").display(),
            path("relay-guest").display()
        );
        let mut guest = GuestConfig::new(qemu_installed().expect("QEMU"))
            .and_then(|config| config.installed_program("ip"))
            .expect("guest image")
            .modules(&["esp4", "xfrm_user", "virtio_net", "virtio_pci", "aesni_intel"])
            .modules(&["ctr", "ghash_generic", "gcm", "hmac", "sha256_generic", "sha512_generic"])
            .modules(&["jitterentropy_rng", "drbg", "seqiv", "authenc"])
            .arguments(["-machine", "q35", "-smp", "2", "-m", "512", "-netdev", &net])
            .arguments(["-device", "virtio-net-pci,netdev=n0,romfile=,mac=02:00:00:00:00:02"])
            .boot()
            .expect("boot");
        for command in [
            "echo 1 > /proc/sys/net/ipv6/conf/all/disable_ipv6 || true",
            "/sbin/ip link set lo up",
            "/sbin/ip link set eth0 mtu 2000 up",
            "/sbin/ip addr add 198.51.100.10/24 dev eth0",
            "/sbin/ip addr add 10.1.0.2/32 dev lo",
            "/sbin/ip neigh add 198.51.100.1 lladdr 02:00:00:00:00:01 dev eth0",
            "/sbin/ip route add 192.0.2.1 via 198.51.100.1",
            "/sbin/ip route add 10.2.0.0/16 via 198.51.100.1 src 10.1.0.2",
            "/sbin/ip xfrm policy add src 10.1.0.0/16 dst 10.2.0.0/16 dir out \
             tmpl src 198.51.100.10 dst 192.0.2.1 proto esp reqid 1 mode tunnel",
            "/sbin/ip xfrm policy add src 10.2.0.0/16 dst 10.1.0.0/16 dir in \
             tmpl src 192.0.2.1 dst 198.51.100.10 proto esp reqid 1 mode tunnel",
        ] {
            guest.run(command, LIMIT).expect(command);
        }
        Self { guest, relay, far, card, dir }
    }

    fn install(&mut self, suite: &Suite) {
        self.card.apply(self.dir.path(), &suite.card_config()).expect("apply");
        self.guest.run(&suite.xfrm_states(&suite.to_card), LIMIT).expect("SAs of the guest");
    }

    /// Packets answered, of `count` sent with `size` payload bytes.
    fn ping(&mut self, size: usize, count: u32) -> u32 {
        let command = format!("ping -c {count} -i 0.05 -W 2 -s {size} -I 10.1.0.2 {FAR_HOST}");
        let (_, text) = self.guest.try_run(&command, LIMIT).expect("ping");
        let received = text.split(" packets received").next().and_then(|front| front.rsplit(' ').next());
        received.and_then(|number| number.parse().ok()).unwrap_or_else(|| panic!("ping printed: {text}"))
    }

    /// ESP frames that the kernel has sent, oldest first.
    fn sent_by_kernel(&self) -> Vec<Vec<u8>> {
        let is_esp = |frame: &[u8]| dissect(frame).is_some_and(|seen| seen.esp().is_some());
        let seen = self.relay.capture().frames().into_iter().filter(|seen| seen.to_card);
        seen.map(|seen| seen.frame).filter(|frame| is_esp(frame)).collect()
    }

    fn drops(&self, reason: &str) -> u64 {
        let stats = self.card.stats().expect("stats");
        stats["drops"][reason].as_u64().unwrap_or(0)
    }

    /// Injects a frame and expects exactly one more drop under `reason`, and no other.
    #[track_caller]
    fn expect_drop(&self, frame: &[u8], reason: &str) {
        let before = self.drops_of_all();
        self.relay.inject(frame).expect("inject");
        let end = std::time::Instant::now() + LIMIT;
        while self.drops_of_all() == before && std::time::Instant::now() < end {
            std::thread::sleep(Duration::from_millis(5));
        }
        let mut expected = before;
        *expected.entry(reason.to_owned()).or_default() += 1;
        assert_eq!(self.drops_of_all(), expected, "one drop as {reason}");
    }

    fn drops_of_all(&self) -> std::collections::BTreeMap<String, u64> {
        let stats = self.card.stats().expect("stats");
        let drops = stats["drops"].as_object().expect("drops by reason");
        drops
            .iter()
            .map(|(reason, count)| (reason.clone(), count.as_u64().expect("count")))
            .filter(|(_, n)| *n > 0)
            .collect()
    }
}

/// Pings of every size from 64 to 1,472 bytes go both ways; the kernel's replay check never objects.
fn pings_of_all_sizes(lab: &mut Lab, suite: &Suite) {
    for size in [64, 65, 100, 127, 128, 256, 511, 512, 1000, 1400, 1471, 1472] {
        assert_eq!(lab.ping(size, 2), 2, "{} esn {}: {size} bytes", suite.algorithm, suite.esn);
    }
    assert_eq!(lab.far.strays(), Vec::<String>::new());
    assert!(lab.drops_of_all().is_empty(), "no packet of the pings was dropped: {:?}", lab.drops_of_all());
    let errors = lab.guest.run("cat /proc/net/xfrm_stat", LIMIT).expect("counters");
    for line in errors.lines() {
        assert!(line.split_whitespace().nth(1) == Some("0"), "the kernel counted an error: {line}");
    }
}

/// What was captured and comes again, changed or late, is dropped under its own reason.
fn replayed_tampered_and_strange_packets(lab: &mut Lab, suite: &Suite) {
    let latest = |lab: &Lab| lab.sent_by_kernel().pop().expect("the kernel has sent");
    assert_eq!(lab.ping(200, 1), 1);
    lab.expect_drop(&latest(lab), "ReplayDuplicate");
    let oldest = latest(lab);
    assert_eq!(lab.ping(64, suite.window + 2), suite.window + 2);
    // With ESN a number left of the window is taken for one of the next 2^32 (RFC 4303 A2.2), so its ICV is wrong.
    lab.expect_drop(&oldest, if suite.esn { "IcvMismatch" } else { "ReplayOld" });

    let good = latest(lab);
    let last = good.len() - 1;
    for (at, reason) in [
        (CIPHERTEXT_AT, "IcvMismatch"),
        (CIPHERTEXT_AT + 40, "IcvMismatch"),
        (last, "IcvMismatch"),
        (last - 15, "IcvMismatch"),
        (SPI_AT + 8, "IcvMismatch"),
        (SEQ_AT + 3, "IcvMismatch"),
        (SPI_AT + 3, "SaNotFound"),
    ] {
        let mut bad = good.clone();
        bad[at] ^= 0x20;
        lab.expect_drop(&bad, reason);
    }
    lab.expect_drop(&good[..CIPHERTEXT_AT + 8], "OuterMalformed");
    assert_eq!(lab.ping(300, 2), 2, "good packets pass again");
}

fn wrong_key(lab: &mut Lab, suite: &Suite) {
    let before = lab.drops("IcvMismatch");
    let wrong: String = suite.to_card.chars().rev().collect();
    lab.guest.run(&suite.xfrm_states(&wrong), LIMIT).expect("SAs with a wrong key");
    assert_eq!(lab.ping(100, 3), 0, "a wrong key gets no answer");
    assert_eq!(lab.drops("IcvMismatch"), before + 3);
}

/// Every frame that came in went out, to the host, or into a drop counter.
fn nothing_is_lost(lab: &Lab) {
    let stats = lab.card.stats().expect("stats");
    let sum = &stats["conservation"];
    let number = |key: &str| sum[key].as_u64().unwrap_or_else(|| panic!("{key} in {stats}"));
    assert!(number("entered") > 100, "{stats}");
    assert_eq!(number("entered"), number("left") + number("dropped"), "{stats}");
}

fn run(suite: &Suite) {
    let mut lab = Lab::start();
    lab.install(suite);
    pings_of_all_sizes(&mut lab, suite);
    replayed_tampered_and_strange_packets(&mut lab, suite);
    wrong_key(&mut lab, suite);
    nothing_is_lost(&lab);
}

#[test]
fn linux_kernel_esp_with_aes_128_and_32_bit_sequence_numbers() {
    run(&Suite::new("aes128gcm16", false, 32));
}

#[test]
fn linux_kernel_esp_with_aes_256_and_extended_sequence_numbers() {
    run(&Suite::new("aes256gcm16", true, 64));
}
