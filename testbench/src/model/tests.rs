// SPDX-License-Identifier: Apache-2.0
//! The model against hand-made packets: one test per rule.

use super::*;
use crate::packet::{
    addr, checksum, ethernet, icmp_echo, mac, mpls_frame, udp, EspKey, EspPayload, Ipv4, Ipv6, LabelEntry,
    ETHERTYPE_ARP, ETHERTYPE_IPV4, ETHERTYPE_IPV6, ETHERTYPE_VLAN, PROTO_AH, PROTO_ESP, PROTO_ICMP,
    PROTO_UDP,
};

const OURS: u64 = 0x0200_0000_0001;
const THEIRS: u64 = 0x0200_0000_0099;
const CORE: u64 = 0x0200_0000_00c0;
const GATEWAY: u32 = 0xc000_0201;
const CE: u32 = 0xc633_6407;
const SPI: u32 = 0x1001;

fn key() -> EspKey {
    EspKey { key: (0..16).collect(), salt: [1, 2, 3, 4], icv_len: 16, esn: false }
}

fn link(port: usize, dmac: u64) -> Link {
    Link { port, dmac: mac(dmac), smac: mac(OURS) }
}

/// A PE with one customer in VRF 1: ESP on port 0, the MPLS core on port 1.
fn tables() -> Tables {
    let mut t = Tables::default();
    for port in 0..2 {
        t.interfaces.insert(port, Interface { vrf: 0, mac: mac(OURS), mpls: port == 1 });
    }
    t.sas_in.insert(5, SaIn { window: 64, ivrf: 1, ..SaIn::tunnel(SPI, GATEWAY, key()) });
    t.sas_out.insert(6, SaOut { gen: 3, ..SaOut::tunnel(0x2002, GATEWAY, CE, key()) });
    let mpls = Action::Mpls { link: link(1, CORE), labels: vec![702, 498], ttl: None, tc: None };
    let actions = [
        (1, Action::Host),
        (2, mpls),
        (3, Action::Protect { link: link(0, THEIRS), sa: 6, gen: 3, transport: false, tfc_len: 0 }),
        (4, Action::Ip(link(0, THEIRS))),
        (5, Action::Drop),
    ];
    for (index, action) in actions {
        t.adjacencies.insert(index, Adjacency { mtu: 1500, action });
    }
    let route = |vrf, addr, len, adj| Route { vrf, prefix: Prefix { addr, len }, adj };
    t.routes = vec![
        route(0, GATEWAY, 32, 1),
        route(0, addr(20, 0, 0, 0), 8, 4),
        route(0, addr(30, 0, 0, 0), 8, 5),
        route(0, addr(40, 0, 0, 0), 8, 77),
        route(1, addr(10, 2, 0, 0), 16, 2),
        route(1, addr(10, 1, 0, 0), 16, 3),
    ];
    t.labels.insert(528, LabelAction::PopVrf(1));
    t.labels.insert(529, LabelAction::PopAdj(4));
    t.labels.insert(530, LabelAction::Swap(2));
    t
}

fn ping(src: u32, dst: u32) -> Vec<u8> {
    Ipv4::new(src, dst, PROTO_ICMP).build(&icmp_echo(false, 1, 1, &[0x5a; 56]))
}

fn to_remote() -> Vec<u8> {
    ping(addr(10, 1, 0, 5), addr(10, 2, 0, 7))
}

fn eth(ethertype: u16, payload: &[u8]) -> Vec<u8> {
    ethernet(mac(OURS), mac(THEIRS), ethertype, payload)
}

fn esp_packet(seq: u64, payload: &EspPayload) -> Vec<u8> {
    Ipv4::new(CE, GATEWAY, PROTO_ESP).build(&key().seal(SPI, seq, seq.to_be_bytes(), payload))
}

fn esp_frame(seq: u64) -> Vec<u8> {
    eth(ETHERTYPE_IPV4, &esp_packet(seq, &EspPayload::new(&to_remote(), 4)))
}

fn run(port: usize, frame: &[u8]) -> Verdict {
    Model::new(tables()).receive(port, frame, false)
}

fn reason(verdict: Verdict) -> HostReason {
    match verdict {
        Verdict::Host(delivery) => delivery.reason,
        other => panic!("expected a host delivery, got {other:?}"),
    }
}

/// `ip` as the next router must see it: TTL one lower, checksum right.
fn routed(ip: &[u8]) -> Vec<u8> {
    let mut p = ip.to_vec();
    p[8] -= 1;
    p[10..12].copy_from_slice(&[0, 0]);
    let sum = checksum(&p[..20]);
    p[10..12].copy_from_slice(&sum.to_be_bytes());
    p
}

#[test]
fn esp_comes_out_as_labelled_ip() {
    let mut m = Model::new(tables());
    let verdict = m.receive(0, &esp_frame(1), false);
    let entry = |label, bottom| LabelEntry { label, tc: 0, bottom, ttl: 63 };
    let want =
        mpls_frame(mac(CORE), mac(OURS), &[entry(702, false), entry(498, true)], &routed(&to_remote()));
    assert_eq!(verdict, Verdict::Sent { port: 1, frame: want });
    let state = m.sa_in(5).unwrap();
    assert_eq!((state.seq_top, state.packets, state.bytes), (1, 1, to_remote().len() as u64));
    assert_eq!(m.counters.unaccounted(), 0);
}

#[test]
fn labelled_ip_comes_out_as_esp() {
    let mut m = Model::new(tables());
    let inner = ping(addr(10, 2, 0, 7), addr(10, 1, 0, 5));
    let frame =
        mpls_frame(mac(OURS), mac(CORE), &[LabelEntry { label: 528, tc: 0, bottom: true, ttl: 60 }], &inner);
    for seq in 1..4u64 {
        let Verdict::Sent { port: 0, frame } = m.receive(1, &frame, false) else { panic!("not sent") };
        let d = crate::packet::dissect(&frame).unwrap();
        assert_eq!(d.dmac, mac(THEIRS));
        assert_eq!(d.esp(), Some((0x2002, seq as u32)));
        let ip = d.ip.unwrap();
        assert_eq!((ip.header.src, ip.header.dst, ip.header.ttl), (GATEWAY, CE, 64));
        assert_eq!(ip.payload[8..16], seq.to_be_bytes());
        assert_eq!(key().open(&ip.payload, seq), Some(EspPayload::new(&routed(&inner), 4)));
    }
    assert_eq!(m.sa_out(6).unwrap().seq, 3);
}

#[test]
fn replays_and_forgeries_are_told_apart() {
    let mut m = Model::new(tables());
    for seq in [100, 37] {
        assert!(matches!(m.receive(0, &esp_frame(seq), false), Verdict::Sent { .. }));
    }
    let mut dropped = |frame: &[u8]| match m.receive(0, frame, false) {
        Verdict::Dropped(reason) => reason,
        other => panic!("{other:?}"),
    };
    assert_eq!(dropped(&esp_frame(37)), DropReason::ReplayDuplicate);
    assert_eq!(dropped(&esp_frame(36)), DropReason::ReplayOld);
    assert_eq!(dropped(&esp_frame(0)), DropReason::EspSeqZero);
    let mut tampered = esp_frame(200);
    *tampered.last_mut().unwrap() ^= 1;
    assert_eq!(dropped(&tampered), DropReason::IcvMismatch);
    let state = m.sa_in(5).unwrap();
    assert_eq!((state.packets, state.auth_fail, state.replay_fail, state.seq_top), (2, 1, 2, 100));
}

#[test]
fn unknown_spi_is_counted_as_missing_sa() {
    let mut frame = esp_frame(1);
    frame[14 + 20 + 3] ^= 0xff;
    assert_eq!(run(0, &frame), Verdict::Dropped(DropReason::SaNotFound));
}

#[test]
fn every_trailer_rule_has_its_reason() {
    let drop_of = |payload: EspPayload| {
        let frame = eth(ETHERTYPE_IPV4, &esp_packet(1, &payload));
        match run(0, &frame) {
            Verdict::Dropped(reason) => reason,
            other => panic!("{other:?}"),
        }
    };
    let inner = to_remote();
    assert_eq!(drop_of(EspPayload::new(&inner, 59)), DropReason::EspDummy);
    assert_eq!(drop_of(EspPayload::new(&inner, 17)), DropReason::EspNextHeader);
    assert_eq!(drop_of(EspPayload { plaintext: vec![0, 0, 200, 4] }), DropReason::EspTrailer);
    let mut wrong_pad = EspPayload::with_padding(&inner, 4, 6);
    let at = wrong_pad.plaintext.len() - 4;
    wrong_pad.plaintext[at] = 9;
    assert_eq!(drop_of(wrong_pad), DropReason::EspTrailer);
    let mut malformed = inner.clone();
    malformed[0] = 0x44;
    assert_eq!(drop_of(EspPayload::new(&malformed, 4)), DropReason::InnerMalformed);
    let mut checksum = inner.clone();
    checksum[10] ^= 1;
    assert_eq!(drop_of(EspPayload::new(&checksum, 4)), DropReason::InnerChecksum);
    let multicast = ping(addr(10, 1, 0, 5), addr(224, 0, 0, 5));
    assert_eq!(drop_of(EspPayload::new(&multicast, 4)), DropReason::Multicast);
    let elsewhere = ping(addr(10, 1, 0, 5), addr(11, 0, 0, 1));
    assert_eq!(drop_of(EspPayload::new(&elsewhere, 4)), DropReason::NoRoute);
}

#[test]
fn traffic_flow_padding_behind_the_inner_packet_is_cut_off() {
    let mut padded = to_remote();
    padded.extend_from_slice(&[0xee; 100]);
    let frame = eth(ETHERTYPE_IPV4, &esp_packet(1, &EspPayload::new(&padded, 4)));
    assert_eq!(run(0, &frame), run(0, &esp_frame(1)));
}

#[test]
fn selectors_are_checked_on_the_inner_packet() {
    let mut t = tables();
    let src = Prefix { addr: addr(10, 1, 0, 0), len: 24 };
    let dst = Prefix { addr: addr(10, 2, 0, 0), len: 16 };
    t.sas_in.get_mut(&5).unwrap().selector = Some(Selector { src, dst, proto: Some(PROTO_ICMP) });
    assert!(matches!(Model::new(t.clone()).receive(0, &esp_frame(1), false), Verdict::Sent { .. }));
    let spoofed = ping(addr(10, 1, 1, 5), addr(10, 2, 0, 7));
    let frame = eth(ETHERTYPE_IPV4, &esp_packet(1, &EspPayload::new(&spoofed, 4)));
    let verdict = Model::new(t.clone()).receive(0, &frame, false);
    assert_eq!(verdict, Verdict::Dropped(DropReason::SelectorMismatch));
    t.sas_in.get_mut(&5).unwrap().selector = Some(Selector { src, dst, proto: Some(17) });
    let verdict = Model::new(t).receive(0, &esp_frame(1), false);
    assert_eq!(verdict, Verdict::Dropped(DropReason::SelectorMismatch));
}

#[test]
fn the_host_gets_what_the_card_does_not_do() {
    let plain = ping(CE, addr(20, 0, 0, 1));
    assert_eq!(reason(run(0, &eth(ETHERTYPE_ARP, &[0; 46]))), HostReason::Arp);
    assert_eq!(reason(run(0, &eth(ETHERTYPE_IPV6, &[0x60; 46]))), HostReason::UnknownEthertype);
    assert_eq!(reason(run(0, &eth(ETHERTYPE_VLAN, &[0; 46]))), HostReason::VlanUnknown);
    let broadcast = ethernet([0xff; 6], mac(THEIRS), ETHERTYPE_IPV4, &plain);
    assert_eq!(reason(run(0, &broadcast)), HostReason::MulticastMac);
    let arp_request = ethernet([0xff; 6], mac(THEIRS), ETHERTYPE_ARP, &[0; 46]);
    assert_eq!(reason(run(0, &arp_request)), HostReason::Arp);
    let ip = |change: &dyn Fn(&mut Ipv4)| {
        let mut h = Ipv4::new(CE, addr(20, 0, 0, 1), PROTO_ICMP);
        change(&mut h);
        reason(run(0, &eth(ETHERTYPE_IPV4, &h.build(&[0; 40]))))
    };
    assert_eq!(ip(&|h| h.options = vec![1; 4]), HostReason::IpOptions);
    assert_eq!(ip(&|h| h.ttl = 1), HostReason::TtlExpired);
    assert_eq!(ip(&|h| h.ttl = 0), HostReason::TtlExpired);
    assert_eq!(ip(&|h| h.proto = PROTO_AH), HostReason::Ah);
    assert_eq!(ip(&|h| (h.proto, h.mf) = (PROTO_ESP, true)), HostReason::Fragment);
    assert_eq!(ip(&|h| h.dst = GATEWAY), HostReason::LocalAddress);
    let big = Ipv4::new(CE, addr(20, 0, 0, 1), 17).build(&[0; 1481]);
    assert_eq!(reason(run(0, &eth(ETHERTYPE_IPV4, &big))), HostReason::TooBig);
}

#[test]
fn a_frame_to_the_host_is_unchanged_and_labelled() {
    let frame = eth(ETHERTYPE_IPV4, &ping(CE, GATEWAY));
    let want = HostDelivery {
        reason: HostReason::LocalAddress,
        ingress: Ingress::Port1,
        interface: Some(1),
        vrf: 0,
        sa: None,
        l3: false,
        bytes: frame.clone(),
    };
    assert_eq!(run(1, &frame), Verdict::Host(want));
}

#[test]
fn outer_errors_have_their_reasons() {
    let dropped = |frame: &[u8]| match run(0, frame) {
        Verdict::Dropped(reason) => reason,
        other => panic!("{other:?}"),
    };
    let plain = ping(CE, addr(20, 0, 0, 1));
    assert_eq!(dropped(&[0; 13]), DropReason::RxRunt);
    assert_eq!(dropped(&vec![0; 9217]), DropReason::RxOversize);
    let other_mac = ethernet(mac(THEIRS), mac(OURS), ETHERTYPE_IPV4, &plain);
    assert_eq!(dropped(&other_mac), DropReason::MacNotOurs);
    assert_eq!(dropped(&eth(0x8847, &plain)), DropReason::MplsDisabled);
    for n in 0..20 {
        assert_eq!(dropped(&eth(ETHERTYPE_IPV4, &plain[..n])), DropReason::OuterMalformed, "{n}");
    }
    let mut bad = plain.clone();
    bad[12] ^= 1;
    assert_eq!(dropped(&eth(ETHERTYPE_IPV4, &bad)), DropReason::OuterChecksum);
    assert_eq!(dropped(&eth(ETHERTYPE_IPV4, &ping(CE, addr(30, 0, 0, 1)))), DropReason::RouteDrop);
    assert_eq!(dropped(&eth(ETHERTYPE_IPV4, &ping(CE, addr(40, 0, 0, 1)))), DropReason::AdjInvalid);
    assert_eq!(dropped(&eth(ETHERTYPE_IPV4, &ping(CE, addr(50, 0, 0, 1)))), DropReason::NoRoute);
    assert_eq!(Model::new(tables()).receive(0, &plain, true), Verdict::Dropped(DropReason::RxError));
    let down = Model::new(Tables::default()).receive(0, &eth(0x0800, &plain), false);
    assert_eq!(down, Verdict::Dropped(DropReason::IntfDown));
}

fn labelled(stack: &[(u32, bool, u8)], inner: &[u8]) -> Verdict {
    let entry = |(label, bottom, ttl): &(u32, bool, u8)| LabelEntry {
        label: *label,
        tc: 5,
        bottom: *bottom,
        ttl: *ttl,
    };
    let entries: Vec<_> = stack.iter().map(entry).collect();
    run(1, &mpls_frame(mac(OURS), mac(CORE), &entries, inner))
}

#[test]
fn label_stacks_are_judged_by_top_and_bottom() {
    let inner = ping(addr(10, 2, 0, 7), addr(20, 0, 0, 5));
    let dropped = |stack: &[(u32, bool, u8)]| match labelled(stack, &inner) {
        Verdict::Dropped(reason) => reason,
        other => panic!("{other:?}"),
    };
    assert_eq!(dropped(&[(999, true, 9)]), DropReason::NoLabel);
    assert_eq!(dropped(&[(528, false, 9), (999, true, 9)]), DropReason::LabelStack);
    assert_eq!(dropped(&[(528, false, 9), (528, false, 9), (529, true, 9)]), DropReason::LabelStack);
    assert_eq!(dropped(&[(16, false, 9); 4]), DropReason::LabelStack);
    assert_eq!(reason(labelled(&[(529, true, 1)], &inner)), HostReason::MplsTtl);
    assert_eq!(reason(labelled(&[(1, true, 9)], &inner)), HostReason::RouterAlert);
    let plain = ethernet(mac(THEIRS), mac(OURS), ETHERTYPE_IPV4, &routed(&inner));
    for stack in [&[(529, true, 9)][..], &[(528, false, 9), (529, true, 9)], &[(0, true, 9)]] {
        assert_eq!(labelled(stack, &inner), Verdict::Sent { port: 0, frame: plain.clone() }, "{stack:?}");
    }
}

#[test]
fn swapping_keeps_what_lies_below() {
    let below = [0xabu8; 80];
    let Verdict::Sent { port: 1, frame } = labelled(&[(530, false, 9)], &below) else { panic!() };
    let e = |label, bottom| LabelEntry { label, tc: 5, bottom, ttl: 8 };
    assert_eq!(frame, mpls_frame(mac(CORE), mac(OURS), &[e(702, false), e(498, false)], &below));
}

#[test]
fn the_host_sends_to_ports_and_into_vrfs() {
    let mut m = Model::new(tables());
    let verdict = m.host_send(HostDestination::Port(1), &[7; 20]);
    let mut padded = vec![7; 20];
    padded.resize(60, 0);
    assert_eq!(verdict, Verdict::Sent { port: 1, frame: padded });
    let ip = ping(addr(10, 2, 0, 1), addr(10, 1, 0, 9));
    let Verdict::Sent { port: 0, frame } = m.host_send(HostDestination::Route { vrf: 1 }, &ip) else {
        panic!("not sent")
    };
    assert_eq!(crate::packet::dissect(&frame).unwrap().esp(), Some((0x2002, 1)));
    let to_self = m.host_send(HostDestination::Route { vrf: 0 }, &ping(1, GATEWAY));
    assert_eq!(to_self, Verdict::Dropped(DropReason::AdjLoop));
    assert_eq!(m.counters.unaccounted(), 0);
}

#[test]
fn missing_replaced_or_exhausted_outbound_sas_never_send() {
    let mut t = tables();
    t.sas_out.clear();
    let mut m = Model::new(t);
    let ip = ping(addr(10, 2, 0, 1), addr(10, 1, 0, 9));
    let route = HostDestination::Route { vrf: 1 };
    assert_eq!(m.host_send(route, &ip), Verdict::Dropped(DropReason::SaOutInvalid));
    let mut t = tables();
    t.sas_out.get_mut(&6).unwrap().gen = 4;
    assert_eq!(Model::new(t).host_send(route, &ip), Verdict::Dropped(DropReason::SaOutInvalid));
    let mut t = tables();
    t.sas_out.get_mut(&6).unwrap().used = u64::from(u32::MAX) - 1;
    let mut m = Model::new(t);
    assert!(matches!(m.host_send(route, &ip), Verdict::Sent { .. }));
    assert_eq!(m.host_send(route, &ip), Verdict::Dropped(DropReason::SeqExhausted));
}

#[test]
fn short_frames_are_padded_and_padding_is_not_forwarded() {
    let ip = Ipv4::new(CE, addr(20, 0, 0, 1), 17).build(&[3; 2]);
    let mut frame = eth(ETHERTYPE_IPV4, &ip);
    frame.resize(60, 0xee);
    let mut want = ethernet(mac(THEIRS), mac(OURS), ETHERTYPE_IPV4, &routed(&ip));
    want.resize(60, 0);
    assert_eq!(run(0, &frame), Verdict::Sent { port: 0, frame: want });
}

#[test]
fn number_zero_never_passes_with_esn_either() {
    let mut t = tables();
    t.sas_in.get_mut(&5).unwrap().key.esn = true;
    let esp = |seq: u64| {
        let key = EspKey { esn: true, ..key() };
        let sealed = key.seal(SPI, seq, seq.to_be_bytes(), &EspPayload::new(&to_remote(), 4));
        eth(ETHERTYPE_IPV4, &Ipv4::new(CE, GATEWAY, PROTO_ESP).build(&sealed))
    };
    let mut m = Model::new(t);
    assert_eq!(m.receive(0, &esp(0), false), Verdict::Dropped(DropReason::EspSeqZero));
    assert!(matches!(m.receive(0, &esp(1), false), Verdict::Sent { .. }));
    // A low half of zero is a number like any other once the high half is not.
    for seq in [0x8000_0000, 0xffff_fff0] {
        assert!(matches!(m.receive(0, &esp(seq), false), Verdict::Sent { .. }));
    }
    assert!(matches!(m.receive(0, &esp(1 << 32), false), Verdict::Sent { .. }));
}

#[test]
fn no_frame_longer_than_the_longest_is_sent() {
    // (destination from the host's VRF, longest IP packet): ESP, two labels, plain IP.
    for (dst, longest) in [(addr(10, 1, 0, 9), 9117), (addr(10, 2, 0, 9), 9194), (addr(20, 0, 0, 5), 9202)] {
        let mut t = tables();
        t.adjacencies.values_mut().for_each(|a| a.mtu = u16::MAX);
        let route = |vrf| HostDestination::Route { vrf };
        let vrf = t.routes.iter().find(|r| r.prefix.len > 0 && r.prefix.contains(dst)).unwrap().vrf;
        let mut m = Model::new(t);
        let packet = |len: usize| Ipv4::new(1, dst, 17).build(&vec![1; len - 20]);
        let Verdict::Sent { frame, .. } = m.host_send(route(vrf), &packet(longest)) else {
            panic!("{longest}")
        };
        // ESP counts as the most that any SA adds.
        assert!((9184..=9216).contains(&frame.len()), "{} bytes", frame.len());
        assert_eq!(reason(m.host_send(route(vrf), &packet(longest + 1))), HostReason::TooBig);
    }
    // A swap of one label for two.
    let mut t = tables();
    t.adjacencies.values_mut().for_each(|a| a.mtu = u16::MAX);
    let swapped = |len: usize| {
        let entry = LabelEntry { label: 530, tc: 0, bottom: true, ttl: 9 };
        let frame = mpls_frame(mac(OURS), mac(CORE), &[entry], &vec![0xab; len - 18]);
        Model::new(t.clone()).receive(1, &frame, false)
    };
    assert!(matches!(swapped(9212), Verdict::Sent { frame, .. } if frame.len() == 9216));
    assert_eq!(reason(swapped(9213)), HostReason::TooBig);
}

/// SA 5 with a change, and what `frame` becomes.
fn with_sa_in(change: impl Fn(&mut SaIn), frame: &[u8]) -> Verdict {
    let mut t = tables();
    change(t.sas_in.get_mut(&5).unwrap());
    Model::new(t).receive(0, frame, false)
}

fn sealed(payload: &EspPayload) -> Vec<u8> {
    key().seal(SPI, 1, [7; 8], payload)
}

#[test]
fn esp_comes_over_ipv6_and_in_udp() {
    let want = run(0, &esp_frame(1));
    let esp = sealed(&EspPayload::new(&to_remote(), 4));
    let gateway6 = 0x2001_0db8u128 << 96 | 1;
    let over6 = |next| eth(ETHERTYPE_IPV6, &Ipv6::new(9, gateway6, next).build(&esp));
    assert_eq!(with_sa_in(|sa| sa.dst = gateway6.into(), &over6(PROTO_ESP)), want);
    assert_eq!(reason(run(0, &over6(PROTO_ESP))), HostReason::UnknownEthertype);
    assert_eq!(reason(run(0, &over6(PROTO_AH))), HostReason::Ah);
    for extension in [0, 43, 44, 60, 135] {
        assert_eq!(reason(run(0, &over6(extension))), HostReason::Ipv6Extension);
    }
    // The checksum of UDP does not matter.
    let datagram = |dport, spi: [u8; 4]| {
        let mut esp = esp.clone();
        esp[..4].copy_from_slice(&spi);
        let mut d = udp(1, 2, 60_000, dport, &esp);
        d[6] ^= 0x5a;
        eth(ETHERTYPE_IPV4, &Ipv4::new(CE, GATEWAY, PROTO_UDP).build(&d))
    };
    let spi = SPI.to_be_bytes();
    let in_udp = |frame: &[u8]| with_sa_in(|sa| sa.udp = true, frame);
    assert_eq!(in_udp(&datagram(4500, spi)), want);
    assert_eq!(run(0, &datagram(4500, spi)), Verdict::Dropped(DropReason::EspEncap));
    assert_eq!(in_udp(&esp_frame(1)), Verdict::Dropped(DropReason::EspEncap));
    // IKE, another port, a keepalive.
    assert_eq!(reason(in_udp(&datagram(4500, [0; 4]))), HostReason::LocalAddress);
    assert_eq!(reason(in_udp(&datagram(4501, spi))), HostReason::LocalAddress);
    let keepalive = Ipv4::new(CE, GATEWAY, PROTO_UDP).build(&udp(1, 2, 4500, 4500, &[0xff]));
    assert_eq!(reason(in_udp(&eth(ETHERTYPE_IPV4, &keepalive))), HostReason::LocalAddress);
}

#[test]
fn ecn_is_combined_as_figure_4_of_rfc_6040_says() {
    const DROP: u8 = 9;
    // Rows: inner Not-ECT, ECT(0), ECT(1), CE. Columns: outer Not-ECT, ECT(0), ECT(1), CE.
    let figure = [(0, [0, 0, 0, DROP]), (2, [2, 2, 1, 3]), (1, [1, 1, 1, 3]), (3, [3, 3, 3, 3])];
    for (inner_ecn, row) in figure {
        for (outer_ecn, want) in [0, 2, 1, 3].into_iter().zip(row) {
            let mut inner = Ipv4::new(addr(10, 1, 0, 5), addr(10, 2, 0, 7), PROTO_ICMP);
            inner.tos = 0xb8 | inner_ecn;
            let esp = sealed(&EspPayload::new(&inner.build(&[1; 30]), 4));
            let outer = Ipv4 { tos: outer_ecn, ..Ipv4::new(CE, GATEWAY, PROTO_ESP) };
            let frame = eth(ETHERTYPE_IPV4, &outer.build(&esp));
            let illegal = Verdict::Dropped(DropReason::EcnIllegal);
            let tos = |verdict| match verdict {
                Verdict::Sent { frame, .. } => crate::packet::dissect(&frame).unwrap().ip.unwrap().header.tos,
                verdict => {
                    assert_eq!(verdict, illegal);
                    DROP
                }
            };
            let got = tos(run(0, &frame));
            assert_eq!(got & 3, want & 3, "inner {inner_ecn} outer {outer_ecn}");
            assert_eq!(got == DROP, want == DROP);
            assert_eq!(tos(with_sa_in(|sa| sa.no_ecn = true, &frame)), 0xb8 | inner_ecn);
        }
    }
}

#[test]
fn transport_mode_puts_the_header_back() {
    let segment = udp(CE, GATEWAY, 5, 6, b"in transport mode");
    let mut outer = Ipv4::new(CE, GATEWAY, PROTO_ESP);
    (outer.tos, outer.id, outer.df, outer.ttl) = (0x2a, 77, false, 9);
    let frame = eth(ETHERTYPE_IPV4, &outer.build(&sealed(&EspPayload::new(&segment, PROTO_UDP))));
    let mut t = tables();
    t.routes.push(Route { vrf: 1, prefix: Prefix { addr: GATEWAY, len: 32 }, adj: 1 });
    let sa = t.sas_in.get_mut(&5).unwrap();
    sa.transport = true;
    let mut m = Model::new(t.clone());
    let Verdict::Host(delivery) = m.receive(0, &frame, false) else { panic!() };
    let want = Ipv4 { proto: PROTO_UDP, ..outer.clone() }.build(&segment);
    assert_eq!((delivery.bytes, delivery.sa, delivery.vrf), (want, Some(5), 1));
    assert_eq!(m.sa_in(5).unwrap().bytes, segment.len() as u64);
    let dropped = |payload: EspPayload| {
        let frame = eth(ETHERTYPE_IPV4, &outer.build(&sealed(&payload)));
        Model::new(t.clone()).receive(0, &frame, false)
    };
    assert_eq!(dropped(EspPayload::new(&segment, 59)), Verdict::Dropped(DropReason::EspDummy));
    let empty = EspPayload::with_padding(&[], 6, 2);
    assert_eq!(dropped(empty.clone()), Verdict::Dropped(DropReason::EspTrailer));
    // In tunnel mode the version must be that of the next header.
    assert_eq!(
        run(0, &eth(ETHERTYPE_IPV4, &outer.build(&sealed(&empty)))),
        Verdict::Dropped(DropReason::EspNextHeader)
    );
    let as_ipv6 = sealed(&EspPayload::new(&to_remote(), 41));
    let verdict = run(0, &eth(ETHERTYPE_IPV4, &outer.build(&as_ipv6)));
    assert_eq!(verdict, Verdict::Dropped(DropReason::EspNextHeader));
    let ipv6 = Ipv6::new(1, 2, 17).build(&[5; 20]);
    let verdict = run(0, &eth(ETHERTYPE_IPV4, &outer.build(&sealed(&EspPayload::new(&ipv6, 41)))));
    assert_eq!(reason(verdict), HostReason::UnknownEthertype);
}

/// What the host's `packet` into VRF 1 becomes, with SA 6 and its adjacency changed.
fn protected(change: impl Fn(&mut SaOut), transport: bool, tfc_len: u16, packet: &[u8]) -> Verdict {
    let mut t = tables();
    change(t.sas_out.get_mut(&6).unwrap());
    let action = Action::Protect { link: link(0, THEIRS), sa: 6, gen: 3, transport, tfc_len };
    t.adjacencies.insert(3, Adjacency { mtu: 9000, action });
    Model::new(t).host_send(HostDestination::Route { vrf: 1 }, packet)
}

fn frame_of(verdict: Verdict) -> Vec<u8> {
    match verdict {
        Verdict::Sent { frame, .. } => frame,
        other => panic!("{other:?}"),
    }
}

#[test]
fn outer_headers_are_as_the_sa_says() {
    let mut inner = Ipv4::new(addr(10, 2, 0, 7), addr(10, 1, 0, 5), PROTO_ICMP);
    inner.tos = 0xb9;
    let packet = inner.build(&[3; 50]);
    let header = |change: &dyn Fn(&mut SaOut)| {
        crate::packet::dissect(&frame_of(protected(change, false, 0, &packet))).unwrap().ip.unwrap().header
    };
    assert_eq!(header(&|_| {}).tos, 0xb9);
    assert_eq!(header(&|sa| sa.no_ecn = true).tos, 0xb8);
    assert_eq!(header(&|sa| sa.dscp = Some(10)).tos, 10 << 2 | 1);
    assert!(!header(&|sa| sa.df = false).df);
    assert!(header(&|sa| (sa.df, sa.copy_df) = (false, true)).df);
    // In UDP.
    let frame = frame_of(protected(|sa| sa.udp = Some((4500, 6000)), false, 0, &packet));
    let ip = crate::packet::dissect(&frame).unwrap().ip.unwrap();
    assert_eq!((ip.header.proto, ip.payload[..4].to_vec()), (PROTO_UDP, vec![0x11, 0x94, 0x17, 0x70]));
    assert_eq!(usize::from(u16::from_be_bytes([ip.payload[4], ip.payload[5]])), ip.payload.len());
    assert_eq!(key().open(&ip.payload[8..], 1), Some(EspPayload::new(&routed(&packet), 4)));
    // Over IPv6, where there is no UDP.
    let six = |sa: &mut SaOut| (sa.src, sa.dst) = (5u128.into(), 6u128.into());
    let frame = frame_of(protected(six, false, 0, &packet));
    let (ip, esp) = etherparse::Ipv6Header::from_slice(&frame[14..]).unwrap();
    assert_eq!((ip.traffic_class, ip.hop_limit, ip.next_header.0), (0xb9, 64, PROTO_ESP));
    assert_eq!((frame[12..14].to_vec(), usize::from(ip.payload_length)), (vec![0x86, 0xdd], esp.len()));
    assert_eq!(key().open(esp, 1), Some(EspPayload::new(&routed(&packet), 4)));
    let both = |sa: &mut SaOut| (sa.dst, sa.udp) = (6u128.into(), Some((1, 2)));
    assert_eq!(protected(both, false, 0, &packet), Verdict::Dropped(DropReason::SaOutInvalid));
}

#[test]
fn traffic_flow_padding_hides_the_size() {
    let packet = ping(addr(10, 2, 0, 7), addr(10, 1, 0, 5));
    let frame = frame_of(protected(|_| {}, false, 500, &packet));
    let ip = crate::packet::dissect(&frame).unwrap().ip.unwrap();
    let mut padded = routed(&packet);
    padded.resize(500, 0);
    assert_eq!(key().open(&ip.payload, 1), Some(EspPayload::new(&padded, 4)));
    assert_eq!(reason(protected(|_| {}, false, 9118, &packet)), HostReason::TooBig);
    assert_eq!(protected(|_| {}, false, 84, &packet), protected(|_| {}, false, 0, &packet));
}

#[test]
fn transport_mode_keeps_the_header_and_protects_whole_packets_only() {
    let mut header = Ipv4::new(addr(10, 2, 0, 7), addr(10, 1, 0, 5), 17);
    (header.tos, header.id, header.df) = (0x2a, 99, false);
    let packet = header.build(&[9; 33]);
    let transport = |sa: &mut SaOut| sa.transport = true;
    let frame = frame_of(protected(transport, true, 700, &packet));
    let ip = crate::packet::dissect(&frame).unwrap().ip.unwrap();
    assert_eq!(ip.header, Ipv4 { ttl: 63, proto: PROTO_ESP, ..header.clone() });
    assert_eq!(key().open(&ip.payload, 1), Some(EspPayload::new(&[9; 33], 17)));
    assert_eq!(protected(|_| {}, true, 0, &packet), Verdict::Dropped(DropReason::SaOutInvalid));
    assert_eq!(protected(transport, false, 0, &packet), Verdict::Dropped(DropReason::SaOutInvalid));
    let empty = header.build(&[]);
    assert_eq!(protected(transport, true, 0, &empty), Verdict::Dropped(DropReason::InnerMalformed));
    let fragment = Ipv4 { mf: true, ..header }.build(&[9; 16]);
    assert_eq!(reason(protected(transport, true, 0, &fragment)), HostReason::Fragment);
}

#[test]
fn limits_are_told_once_and_end_the_sa() {
    let mut t = tables();
    t.sas_in.get_mut(&5).unwrap().limits =
        Limits { soft_packets: Some(2), hard_bytes: Some(4 * 84), ..Limits::default() };
    t.sas_out.get_mut(&6).unwrap().limits =
        Limits { soft_seq: Some(2), hard_packets: Some(3), ..Limits::default() };
    let mut m = Model::new(t);
    let told =
        |m: &mut Model| m.take_events().iter().map(|e| (e.out, e.hard, e.limit, e.seq)).collect::<Vec<_>>();
    for (seq, want) in (1..7).zip([vec![], vec![(false, false, 0, 2)], vec![], vec![(false, true, 1, 4)]]) {
        assert!(matches!(m.receive(0, &esp_frame(seq), false), Verdict::Sent { .. }));
        assert_eq!(told(&mut m), want);
    }
    for seq in 5..8 {
        assert_eq!(m.receive(0, &esp_frame(seq), false), Verdict::Dropped(DropReason::SaInExpired));
    }
    assert_eq!(told(&mut m), []);
    assert_eq!(m.sa_in(5).unwrap().told, Told { soft: 1, hard: true });
    let state = m.sa_in(5).unwrap();
    assert_eq!((state.seq_top, state.packets, state.bytes), (4, 4, 336));

    let ip = ping(addr(10, 2, 0, 1), addr(10, 1, 0, 9));
    for n in 0..5 {
        let verdict = m.host_send(HostDestination::Route { vrf: 1 }, &ip);
        assert_eq!(verdict == Verdict::Dropped(DropReason::SaOutExpired), n >= 3);
    }
    assert_eq!(told(&mut m), [(true, false, 2, 2), (true, true, 0, 3)]);
}
