// SPDX-License-Identifier: Apache-2.0
//! The model against hand-made packets: one test per rule.

use super::*;
use crate::packet::{
    addr, checksum, ethernet, icmp_echo, mac, mpls_frame, EspKey, EspPayload, Ipv4, LabelEntry,
    ETHERTYPE_ARP, ETHERTYPE_IPV4, ETHERTYPE_IPV6, ETHERTYPE_VLAN, PROTO_AH, PROTO_ESP, PROTO_ICMP,
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
    t.sas_in
        .insert(5, SaIn { fvrf: 0, spi: SPI, dst: GATEWAY, key: key(), window: 64, ivrf: 1, selector: None });
    t.sas_out.insert(
        6,
        SaOut {
            gen: 3,
            used: 0,
            spi: 0x2002,
            src: GATEWAY,
            dst: CE,
            key: key(),
            dscp: None,
            df: true,
            ttl: 64,
        },
    );
    let mpls = Action::Mpls { link: link(1, CORE), labels: vec![702, 498], ttl: None, tc: None };
    let actions = [
        (1, Action::Host),
        (2, mpls),
        (3, Action::Protect { link: link(0, THEIRS), sa: 6, gen: 3 }),
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
    malformed[0] = 0x55;
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
    for (dst, longest) in [(addr(10, 1, 0, 9), 9146), (addr(10, 2, 0, 9), 9194), (addr(20, 0, 0, 5), 9202)] {
        let mut t = tables();
        t.adjacencies.values_mut().for_each(|a| a.mtu = u16::MAX);
        let route = |vrf| HostDestination::Route { vrf };
        let vrf = t.routes.iter().find(|r| r.prefix.len > 0 && r.prefix.contains(dst)).unwrap().vrf;
        let mut m = Model::new(t);
        let packet = |len: usize| Ipv4::new(1, dst, 17).build(&vec![1; len - 20]);
        let Verdict::Sent { frame, .. } = m.host_send(route(vrf), &packet(longest)) else {
            panic!("{longest}")
        };
        assert!((9213..=9216).contains(&frame.len()), "{} bytes", frame.len());
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
