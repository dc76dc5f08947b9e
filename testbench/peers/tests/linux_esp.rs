// SPDX-License-Identifier: Apache-2.0
//! Scenario A and the data path of H with an independent peer: the customer edge is the Linux kernel's own ESP in a
//! guest, its network card on port 0; the far PE answers over MPLS on port 1.

use headend_peers::lab::{Lab, FAR_HOST, LIMIT, NEAR_HOST};
use headend_testbench::packet::ETHER_HEADER_BYTES;

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

fn install(lab: &mut Lab, suite: &Suite) {
    lab.apply(&suite.card_config()).expect("apply");
    for command in [
        "/sbin/ip xfrm policy flush",
        "/sbin/ip xfrm policy add src 10.1.0.0/16 dst 10.2.0.0/16 dir out \
         tmpl src 198.51.100.10 dst 192.0.2.1 proto esp reqid 1 mode tunnel",
        "/sbin/ip xfrm policy add src 10.2.0.0/16 dst 10.1.0.0/16 dir in \
         tmpl src 192.0.2.1 dst 198.51.100.10 proto esp reqid 1 mode tunnel",
    ] {
        lab.guest.run(command, LIMIT).expect(command);
    }
    lab.guest.run(&suite.xfrm_states(&suite.to_card), LIMIT).expect("SAs of the guest");
}

/// Packets answered by the far PE's host.
fn ping(lab: &mut Lab, size: usize, count: u32) -> u32 {
    lab.ping(NEAR_HOST, FAR_HOST, size, count)
}

/// Pings of every size from 64 to 1,472 bytes go both ways; the kernel's replay check never objects.
fn pings_of_all_sizes(lab: &mut Lab, suite: &Suite) {
    for size in [64, 65, 100, 127, 128, 256, 511, 512, 1000, 1400, 1471, 1472] {
        assert_eq!(ping(lab, size, 2), 2, "{} esn {}: {size} bytes", suite.algorithm, suite.esn);
    }
    assert_eq!(lab.far.strays(), Vec::<String>::new());
    assert!(lab.drops().is_empty(), "no packet of the pings was dropped: {:?}", lab.drops());
    lab.expect_no_kernel_errors();
}

/// What was captured and comes again, changed or late, is dropped under its own reason.
fn replayed_tampered_and_strange_packets(lab: &mut Lab, suite: &Suite) {
    let latest = |lab: &Lab| lab.esp_frames(true).pop().expect("the kernel has sent");
    assert_eq!(ping(lab, 200, 1), 1);
    lab.expect_drop(&latest(lab), "ReplayDuplicate");
    let oldest = latest(lab);
    assert_eq!(ping(lab, 64, suite.window + 2), suite.window + 2);
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
    assert_eq!(ping(lab, 300, 2), 2, "good packets pass again");
}

fn wrong_key(lab: &mut Lab, suite: &Suite) {
    let before = lab.drops();
    let wrong: String = suite.to_card.chars().rev().collect();
    lab.guest.run(&suite.xfrm_states(&wrong), LIMIT).expect("SAs with a wrong key");
    assert_eq!(ping(lab, 100, 3), 0, "a wrong key gets no answer");
    lab.expect_drops(&before, "IcvMismatch", 3);
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
    let mut lab = Lab::start().expect("card, guest and far PE");
    install(&mut lab, suite);
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
