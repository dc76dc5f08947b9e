// SPDX-License-Identifier: Apache-2.0
//! Tunnel mode in all its kinds against the Linux kernel's own ESP: IPv6 outside, UDP and a NAT on the way, every ICV
//! length, TFC padding from both ends, ECN and DF. tshark decrypts everything that passed, as a third opinion.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Arc;

use headend_peers::lab::{Lab, FAR_HOST, LIMIT, NEAR_HOST};
use headend_peers::outer::{mark_ecn, translate_port, Outer, NATT_PORT};
use headend_peers::peering::{Peering, OVER_IPV6};
use headend_peers::wire::Change;
use headend_testbench::packet::{checksum, dissect};

/// Payload bytes of the pings: all four lengths of ESP padding, one and several beats, beyond 1,500 bytes outside.
const SIZES: [usize; 7] = [56, 57, 58, 59, 300, 1000, 1472];
/// Bytes of IP and ICMP header around them.
const HEADERS: usize = 28;
/// Where the NAT puts the guest.
const NAT_PORT: u16 = 31_000;
/// Bytes that the ends pad to in the peerings with TFC.
const TFC: usize = 400;
const ECT1: u8 = 1;
const ECT0: u8 = 2;
const CE: u8 = 3;
/// DSCP EF.
const EF: u8 = 46 << 2;

/// ESP frames of both directions since a peering was installed.
struct Since([usize; 2]);

impl Since {
    fn now(lab: &Lab) -> Self {
        Self([lab.esp_frames(true).len(), lab.esp_frames(false).len()])
    }

    fn frames(&self, lab: &Lab, to_card: bool) -> Vec<Vec<u8>> {
        lab.esp_frames(to_card).split_off(self.0[usize::from(!to_card)])
    }
}

/// Pings of every size are answered; the outer headers are what was asked for; nobody counts an error; tshark agrees.
/// `kernel` and `card` are the bytes that each end pads inner packets to.
fn pings(lab: &mut Lab, peering: &Peering, [kernel, card]: [usize; 2]) {
    let what = format!("{peering:?}");
    let since = Since::now(lab);
    for size in SIZES {
        let answered = lab.ping(NEAR_HOST, FAR_HOST, size, 2);
        assert!(answered == 2, "{answered} of 2 with {size} bytes, {what}\n{}", lab.findings());
    }
    for (to_card, padded) in [(true, kernel), (false, card)] {
        let frames = since.frames(lab, to_card);
        assert_eq!(frames.len(), 2 * SIZES.len(), "{what}");
        for (n, frame) in frames.iter().enumerate() {
            let outer = Outer::of(frame).expect("ESP");
            let inner = (SIZES[n / 2] + HEADERS).max(padded);
            assert_eq!(outer.esp_bytes, peering.esp_bytes(inner), "{outer:?} {what}");
            assert_eq!(outer.seq as usize, n + 1, "{outer:?} {what}");
            assert_eq!(
                (outer.ipv6, outer.udp.is_some()),
                (peering.outer == OVER_IPV6, peering.udp.is_some())
            );
            if !to_card {
                assert_eq!((outer.ttl, outer.spi), (64, peering.spi_to_guest()), "{outer:?} {what}");
                assert!(
                    outer.udp.is_none_or(|(source, _, sum)| (source, sum) == (NATT_PORT, 0)),
                    "{outer:?}"
                );
            }
        }
        // tshark 4.0 knows no ESN.
        if !peering.esn {
            let opened =
                lab.tshark(&frames, &peering.tshark_keys(), &["icmp.type", "ip.len"]).expect("tshark");
            assert_eq!(opened.len(), frames.len(), "tshark opens every frame, to the card {to_card}: {what}");
            let kind = if to_card { "8" } else { "0" };
            assert!(opened.iter().all(|fields| fields[0] == kind), "{opened:?}");
        }
    }
    for frame in lab.far.capture().frames().iter().filter(|seen| !seen.to_card) {
        // Ethernet, two labels, and exactly the packet: whatever was padded is gone.
        let ip = dissect(&frame.frame).and_then(|seen| seen.ip).expect("IPv4 behind the labels");
        assert_eq!(frame.frame.len(), (14 + 8 + 20 + ip.payload.len()).max(60), "{what}");
    }
    assert_eq!(lab.far.strays(), Vec::<String>::new(), "{what}");
    assert!(lab.drops().is_empty(), "nothing was dropped: {:?} {what}", lab.drops());
    lab.expect_no_kernel_errors();
}

/// An echo through the tunnel with this TOS and DF: TOS inside at the far PE, and the outer header of the answer.
fn echo(lab: &mut Lab, tos: u8, df: bool) -> (u8, Outer) {
    let df = if df { "df" } else { "nodf" };
    let command = format!("/bin/headend-guest-net echo {NEAR_HOST} {FAR_HOST} 7 {tos} {df} 200");
    lab.guest.run(&command, LIMIT).expect(&command);
    let frames = lab.far.capture().frames();
    let arrived = &frames.iter().rfind(|seen| !seen.to_card).expect("a frame at the far PE").frame;
    let ip = 14 + 4 * dissect(arrived).expect("frame").labels.len();
    assert_eq!(checksum(&arrived[ip..ip + 20]), 0, "the inner header's checksum is right");
    let answer = lab.esp_frames(false).pop().expect("an answer");
    (arrived[ip + 1], Outer::of(&answer).expect("ESP"))
}

fn mark(lab: &Lab, ecn: Option<u8>) {
    let change = |ecn| -> Change { Box::new(move |frame| mark_ecn(frame, ecn)) };
    lab.relay.change(true, ecn.map(change));
}

/// RFC 6040: the inner field goes out with the packet, a mark made on the way comes in, and what cannot be is dropped.
fn ecn(lab: &mut Lab) {
    let (inner, outer) = echo(lab, EF | ECT0, true);
    assert_eq!((inner, outer.tos), (EF | ECT0, EF | ECT0), "unchanged without congestion");
    let sent = Outer::of(&lab.esp_frames(true).pop().expect("a frame")).expect("ESP");
    assert_eq!(sent.tos, EF | ECT0, "the kernel copies DSCP and ECN too");
    for (marked, tos, arrives) in [
        (CE, EF | ECT0, EF | CE),
        (CE, EF | ECT1, EF | CE),
        (ECT1, EF | ECT0, EF | ECT1),
        (0, EF | ECT0, EF | ECT0),
    ] {
        mark(lab, Some(marked));
        let (inner, outer) = echo(lab, tos, true);
        assert_eq!((inner, outer.tos), (arrives, arrives), "{tos:#04x} marked {marked} on the way");
    }
    mark(lab, Some(CE));
    let before = lab.drops();
    assert_eq!(lab.ping(NEAR_HOST, FAR_HOST, 64, 2), 0, "the ends said that they do not know ECN");
    lab.expect_drops(&before, "EcnIllegal", 2);
    mark(lab, None);
    assert_eq!(lab.ping(NEAR_HOST, FAR_HOST, 64, 1), 1);
}

/// `ecn = false`: nothing goes out, nothing comes in, and no combination is wrong.
fn no_ecn(lab: &mut Lab) {
    mark(lab, Some(CE));
    let (inner, outer) = echo(lab, EF | ECT0, true);
    assert_eq!((inner, outer.tos), (EF | ECT0, EF));
    let before = lab.drops();
    assert_eq!(lab.ping(NEAR_HOST, FAR_HOST, 64, 2), 2);
    assert_eq!(lab.drops(), before);
    mark(lab, None);
}

/// DF of the answers' outer headers, for inner packets with and without it.
fn df(lab: &mut Lab, with: bool, without: bool) {
    assert_eq!([echo(lab, 0, true).1.df, echo(lab, 0, false).1.df], [with, without]);
}

/// The guest behind a NAT that gives it another port: the card finds it there.
fn behind_nat(lab: &mut Lab, peering: &Peering) {
    let translated = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&translated);
    lab.relay.change(true, Some(Box::new(|frame| translate_port(frame, true, NATT_PORT, NAT_PORT))));
    lab.relay.change(
        false,
        Some(Box::new(move |frame| {
            let ports = Outer::of(frame).and_then(|outer| outer.udp);
            if ports.is_some_and(|(_, destination, _)| destination == NAT_PORT) {
                count.fetch_add(1, Ordering::Relaxed);
            }
            translate_port(frame, false, NAT_PORT, NATT_PORT);
        })),
    );
    pings(lab, peering, [0, 0]);
    assert_eq!(translated.load(Ordering::Relaxed), 2 * SIZES.len(), "every answer went to the NAT's port");
    let arrived = Outer::of(&lab.esp_frames(true).pop().expect("a frame")).expect("ESP");
    assert_eq!(
        arrived.udp.map(|(source, destination, _)| (source, destination)),
        Some((NAT_PORT, NATT_PORT))
    );
    lab.relay.change(true, None);
    lab.relay.change(false, None);
}

/// ESP in UDP for an SA without it, and bare ESP for one with it, are dropped.
fn wrong_encapsulation(lab: &Lab, bare: &[u8], udp: &[u8]) {
    let (bare_esp, in_udp) = (Outer::of(bare).expect("ESP"), Outer::of(udp).expect("ESP"));
    // The SA that is on the card is the one in UDP: its ESP packet without the UDP header.
    let mut stripped = bare[..bare_esp.esp_at].to_vec();
    stripped.extend_from_slice(&udp[in_udp.esp_at..in_udp.esp_at + in_udp.esp_bytes]);
    let length = u16::try_from(stripped.len() - 14).expect("length").to_be_bytes();
    stripped[16..18].copy_from_slice(&length);
    stripped[24..26].fill(0);
    let sum = checksum(&stripped[14..34]).to_be_bytes();
    stripped[24..26].copy_from_slice(&sum);
    lab.expect_drop(&stripped, "EspEncap");
}

#[test]
fn every_kind_of_tunnel_against_the_linux_kernel() {
    let mut lab = Lab::start().expect("card, guest and far PE");
    let install = |lab: &mut Lab, peering: &Peering| peering.install(lab).expect("both ends take it");

    let short = Peering { icv_len: 8, outbound: "df = \"set\"", ..Peering::new(1) };
    install(&mut lab, &short);
    pings(&mut lab, &short, [0, 0]);
    df(&mut lab, true, true);
    let bare = lab.esp_frames(true).pop().expect("a frame");

    let middle =
        Peering { icv_len: 12, aes256: true, esn: true, outbound: "df = \"copy\"", ..Peering::new(2) };
    install(&mut lab, &middle);
    pings(&mut lab, &middle, [0, 0]);
    df(&mut lab, true, false);

    let six = Peering { outer: OVER_IPV6, aes256: true, ..Peering::new(3) };
    install(&mut lab, &six);
    pings(&mut lab, &six, [0, 0]);
    let udp = Peering { udp: Some(NATT_PORT), ..Peering::new(5) };
    install(&mut lab, &udp);
    pings(&mut lab, &udp, [0, 0]);
    df(&mut lab, false, false);
    let nat = Peering { udp: Some(NAT_PORT), icv_len: 8, esn: true, ..Peering::new(6) };
    install(&mut lab, &nat);
    behind_nat(&mut lab, &nat);

    let from_kernel = Peering { guest: "tfcpad 400", ..Peering::new(7) };
    install(&mut lab, &from_kernel);
    pings(&mut lab, &from_kernel, [TFC, 0]);
    let from_card = Peering {
        outbound: "tfc = 400",
        outer: OVER_IPV6,
        guest: "tfcpad 400",
        icv_len: 12,
        ..Peering::new(8)
    };
    install(&mut lab, &from_card);
    pings(&mut lab, &from_card, [TFC, TFC]);

    // From here on packets are dropped.
    install(&mut lab, &udp);
    let in_udp = lab
        .esp_frames(true)
        .into_iter()
        .rfind(|frame| Outer::of(frame).is_some_and(|outer| outer.spi == udp.spi_to_card()));
    wrong_encapsulation(&lab, &bare, &in_udp.expect("a frame in UDP"));
    let congested = Peering { udp: Some(NATT_PORT), ..Peering::new(9) };
    let congested_six = Peering { outer: OVER_IPV6, ..Peering::new(10) };
    for peering in [Peering::new(11), congested, congested_six] {
        install(&mut lab, &peering);
        ecn(&mut lab);
    }
    install(&mut lab, &Peering { head: "ecn = false", ..Peering::new(12) });
    no_ecn(&mut lab);
    lab.expect_no_kernel_errors();
}
