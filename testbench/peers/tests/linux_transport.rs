// SPDX-License-Identifier: Apache-2.0
//! Transport mode between the Linux kernel and the card's host, and the lifetimes of SAs, against the kernel's own ESP.

use std::io::Read;
use std::time::Duration;

use headend_peers::lab::{Lab, FAR_HOST, LIMIT, NEAR_HOST};
use headend_peers::outer::{Outer, NATT_PORT};
use headend_peers::peering::{Peering, OVER_IPV4, OVER_IPV6};
use headend_regs::HostReason;
use headend_testbench::packet::checksum;
use serde_json::Value;

/// Payload bytes of the pings.
const SIZES: [usize; 6] = [56, 57, 58, 59, 700, 1472];
/// IP protocol of ICMP for IPv6.
const ICMPV6: u8 = 58;
/// Bytes of an inner packet of the pings that count towards limits, and their payload.
const INNER: usize = 128;
const PAYLOAD: usize = INNER - 28;

/// Pings between guest and host: the IP header that goes in comes out, whole and with a right checksum, and the card keeps its
/// place in front of what it seals.
fn host_pings(lab: &mut Lab, peering: &Peering) {
    let [guest, card] = OVER_IPV4;
    let (to_card, to_guest) = (lab.esp_frames(true).len(), lab.esp_frames(false).len());
    peering.install(lab).expect("both ends take it");
    let host = lab.host().expect("host");
    let answered = SIZES.map(|size| lab.ping(guest, card, size, 2));
    let packets = host.end().expect("the host's rings work");
    assert!(
        answered == [2; SIZES.len()],
        "answered: {answered:?} {peering:?}\nat the host: {} packets\n{}",
        packets.len(),
        lab.findings()
    );
    let sizes: Vec<usize> = packets.iter().map(|packet| packet.data.len()).collect();
    let expected: Vec<usize> = SIZES.iter().flat_map(|size| [size + 28; 2]).collect();
    assert_eq!(sizes, expected, "{peering:?}");
    for packet in &packets {
        assert!(packet.decrypted && packet.l3 && packet.vrf == 0, "{packet:?}");
        assert_eq!(packet.reason, HostReason::LocalAddress);
        assert_eq!((packet.data[0], packet.data[9]), (0x45, 1), "an IPv4 header without options, then ICMP");
        assert_eq!(checksum(&packet.data[..20]), 0, "the header's checksum is right");
        assert_eq!(checksum(&packet.data[20..]), 0, "what was inside is whole");
        assert_eq!(
            (&packet.data[12..16], &packet.data[16..20]),
            (&[198, 51, 100, 10][..], &[192, 0, 2, 1][..])
        );
    }
    let sealed = lab.esp_frames(false).split_off(to_guest);
    assert_eq!(sealed.len(), 2 * SIZES.len());
    for (n, frame) in sealed.iter().enumerate() {
        let outer = Outer::of(frame).expect("ESP");
        assert_eq!(
            outer.esp_bytes,
            peering.esp_bytes(SIZES[n / 2] + 8),
            "the IP header is not inside: {outer:?}"
        );
        assert_eq!((outer.ttl, outer.udp.is_some()), (63, peering.udp.is_some()), "{outer:?}");
    }
    // tshark 4.0 knows no ESN.
    if !peering.esn {
        let mut frames = lab.esp_frames(true).split_off(to_card);
        frames.extend(sealed);
        let opened = lab.tshark(&frames, &peering.tshark_keys(), &["icmp.type"]).expect("tshark");
        assert_eq!(opened.len(), 4 * SIZES.len(), "tshark opens every frame: {peering:?}");
    }
    assert!(lab.drops().is_empty(), "{:?} {peering:?}", lab.drops());
    lab.expect_no_kernel_errors();
}

/// Over IPv6 the card decrypts for its host; it does not route IPv6, so nothing goes back.
fn over_ipv6(lab: &mut Lab) {
    let peering = Peering { outer: OVER_IPV6, transport: true, aes256: true, ..Peering::new(4) };
    peering.install(lab).expect("both ends take it");
    let host = lab.host().expect("host");
    let [guest, card] = OVER_IPV6;
    let command = format!("ping -6 -c 3 -i 0.05 -W 1 -s 500 -I {guest} {card}");
    lab.guest.try_run(&command, LIMIT).expect("ping");
    let packets = host.end().expect("the host's rings work");
    assert_eq!(packets.len(), 3, "{packets:?}");
    for packet in packets {
        assert!(packet.decrypted && packet.l3, "{packet:?}");
        assert_eq!((packet.data.len(), packet.data[0] >> 4, packet.data[6]), (548, 6, ICMPV6));
        assert_eq!(&packet.data[4..6], &508u16.to_be_bytes(), "the length without ESP");
        assert_eq!(packet.data[40], 128, "an echo request follows the header");
    }
    assert!(lab.drops().is_empty(), "{:?}", lab.drops());
    lab.expect_no_kernel_errors();
}

/// Pings `count` times while `headend events` watches; gives the answers, and the events of SAs.
fn watched(lab: &mut Lab, count: u32) -> (u32, Vec<Value>) {
    let config = lab.config_file();
    let mut child = lab
        .card
        .spawn_headend(&["events", "--json", "--seconds", "12", "--config", &config])
        .expect("events");
    std::thread::sleep(Duration::from_secs(1));
    let answered = lab.ping(NEAR_HOST, FAR_HOST, PAYLOAD, count);
    let mut text = String::new();
    child.stdout.take().expect("piped").read_to_string(&mut text).expect("what it printed");
    assert!(child.wait().expect("end").success());
    let events = text.lines().map(|line| serde_json::from_str::<Value>(line).expect(line));
    (answered, events.filter(|event| event["event"] == "SaSoft" || event["event"] == "SaHard").collect())
}

/// What an event says: kind, direction, limit, sequence number, tunnel.
fn said(event: &Value) -> String {
    let word = |key: &str| event[key].as_str().unwrap_or("?").to_owned();
    format!(
        "{} {} {} {} {}",
        word("event"),
        word("direction"),
        word("limit"),
        event["address"],
        word("tunnel")
    )
}

fn sorted(events: &[Value]) -> Vec<String> {
    let mut all: Vec<String> = events.iter().map(said).collect();
    all.sort_unstable();
    all
}

/// An SA that reaches its hard limit sends or takes nothing more; each limit is told once.
fn limits(lab: &mut Lab) {
    let outbound = "lifetime = { soft_packets = 4, hard_packets = 6, soft_sequence = 5 }";
    let peering = Peering { outbound, ..Peering::new(5) };
    peering.install(lab).expect("both ends take it");
    let before = lab.drops();
    let (answered, events) = watched(lab, 10);
    assert_eq!(answered, 6, "{events:?}");
    let expected = [
        "SaHard outbound packets 6 site",
        "SaSoft outbound packets 4 site",
        "SaSoft outbound sequence 5 site",
    ];
    assert_eq!(sorted(&events), expected);
    lab.expect_drops(&before, "SaOutExpired", 4);
    let sas: Value =
        serde_json::from_str(&lab.card.headend(&["sa", "list", "--json"]).expect("list")).expect("JSON");
    let sa = &sas["outbound"][0];
    assert_eq!(
        (&sa["state"], &sa["limits_reached"][0], &sa["packets"]),
        (&"expired".into(), &"packets".into(), &6.into())
    );
    assert_eq!(sa["bytes"], 6 * INNER);

    // The same file keeps the SA as it is: expired, and silent.
    lab.apply(&peering.card_config()).expect("apply");
    let (answered, events) = watched(lab, 2);
    assert_eq!((answered, sorted(&events)), (0, Vec::new()), "told once, and that was before");

    // Another lifetime is another SA, which goes on behind the numbers that the key has used: the kernel takes it.
    lab.apply(&Peering { outbound: "", ..peering.clone() }.card_config()).expect("apply");
    assert_eq!(lab.ping(NEAR_HOST, FAR_HOST, PAYLOAD, 3), 3);

    let inbound = "lifetime = { soft_bytes = 300, hard_bytes = 600 }";
    Peering { inbound, ..Peering::new(6) }.install(lab).expect("both ends take it");
    let before = lab.drops();
    let (answered, events) = watched(lab, 9);
    // The packet that reaches the limit is the last: 5 times 128 bytes are 640.
    assert_eq!(answered, 5, "{events:?}");
    assert_eq!(sorted(&events), ["SaHard inbound bytes 5 site", "SaSoft inbound bytes 3 site"]);
    lab.expect_drops(&before, "SaInExpired", 4);
    lab.expect_no_kernel_errors();
}

#[test]
fn transport_mode_and_lifetimes_against_the_linux_kernel() {
    let mut lab = Lab::start().expect("card, guest and far PE");
    host_pings(&mut lab, &Peering { transport: true, ..Peering::new(1) });
    host_pings(&mut lab, &Peering { transport: true, udp: Some(NATT_PORT), icv_len: 8, ..Peering::new(2) });
    host_pings(
        &mut lab,
        &Peering { transport: true, aes256: true, esn: true, icv_len: 12, ..Peering::new(3) },
    );
    over_ipv6(&mut lab);
    limits(&mut lab);
}
