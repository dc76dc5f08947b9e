// SPDX-License-Identifier: Apache-2.0
//! Module classify: each rule, their order, and the packets that pass untouched.

use crate::frames::{entry, ethernet, parsed_meta, random_packet, Ipv4};
use crate::headers::{dropped, meta_of, noisy_meta, port_meta, through, to_host, PIPES};
use headend_hdl_tests::{Bench, Rng, TableBus};
use headend_regs::{DropReason, HostReason, Ingress, Intf, Meta, Op, Table};
use headend_verilated::{Library, Model};
use std::sync::Arc;

const LATENCY: u64 = 2;
const OURS: u64 = 0x0200_0000_0001;

fn model(pipes: u64) -> Arc<Library> {
    Model::new("classify").param("NumPipes", pipes).checked().build().unwrap()
}

/// Port 0: plain, VRF 7. Port 1: with MPLS, VRF 9. Others: down.
fn intfs() -> [Intf; 2] {
    [
        Intf { valid: true, mpls: false, vrf: 7, mac: OURS },
        Intf { valid: true, mpls: true, vrf: 9, mac: OURS + 1 },
    ]
}

fn bench(pipes: u64) -> Bench {
    let mut bench = Bench::new(&model(pipes), 100_000);
    let bus = TableBus::new(&bench);
    for (i, intf) in intfs().iter().enumerate() {
        bus.write(&mut bench, &mut [], Table::Intf.code(), i as u32, &intf.to_bytes());
        let back = bus.read(&mut bench, &mut [], Table::Intf.code(), i as u32);
        assert_eq!(Intf::from_bytes(&back).unwrap(), *intf);
    }
    assert!(bus.is_silent(&mut bench, &mut [], Table::Adj.code(), 0));
    bench
}

fn run(bench: &mut Bench, metas: &[Meta], gaps: u32) -> Vec<Meta> {
    let words: Vec<_> = metas.iter().map(|m| vec![m.to_bytes().to_vec()]).collect();
    let out = through(bench, &mut [], &["meta_i"], &["meta_o"], &words, LATENCY, gaps);
    out.iter().map(|w| meta_of(&w[0])).collect()
}

/// The rules of classify.sv, in their order.
fn expect(meta: &Meta) -> Meta {
    if meta.op != Op::Forward.code() || meta.starts_l3 {
        return *meta;
    }
    let Some(intf) = intfs().get(usize::from(meta.intf)).cloned() else {
        return dropped(&Meta { vrf: 0, ..*meta }, DropReason::IntfDown);
    };
    let p = &meta.parsed;
    let meta = Meta { vrf: intf.vrf, ..*meta };
    let payload = p.ip_len - u16::from(p.l4_off - if p.l4_off == 0 { 0 } else { p.l3_off });
    match () {
        () if meta.len < 14 + 4 * u16::from(p.vlan_count) => dropped(&meta, DropReason::OuterMalformed),
        () if !p.mac_bcast && p.dmac != intf.mac => dropped(&meta, DropReason::MacNotOurs),
        () if p.is_arp => to_host(&meta, HostReason::Arp),
        () if p.mac_bcast => to_host(&meta, HostReason::MulticastMac),
        () if p.vlan_count > 0 => to_host(&meta, HostReason::VlanUnknown),
        () if p.is_mpls && !intf.mpls => dropped(&meta, DropReason::MplsDisabled),
        () if p.is_mpls => meta,
        () if p.ethertype == 0x86dd && p.is_esp && payload < 8 => dropped(&meta, DropReason::EspTooShort),
        () if p.ethertype == 0x86dd && p.is_esp => meta,
        () if p.ethertype == 0x86dd && p.is_ah => to_host(&meta, HostReason::Ah),
        () if p.ethertype == 0x86dd && p.ip6_ext => to_host(&meta, HostReason::Ipv6Extension),
        () if p.ethertype != 0x0800 => to_host(&meta, HostReason::UnknownEthertype),
        () if p.malformed => dropped(&meta, DropReason::OuterMalformed),
        () if p.csum_bad => dropped(&meta, DropReason::OuterChecksum),
        () if p.has_options => to_host(&meta, HostReason::IpOptions),
        () if p.is_ah => to_host(&meta, HostReason::Ah),
        () if p.is_fragment && p.proto == 50 => to_host(&meta, HostReason::Fragment),
        () if p.is_esp && payload < 8 => dropped(&meta, DropReason::EspTooShort),
        () => meta,
    }
}

#[test]
fn random_packets_meet_the_first_rule_that_applies() {
    let mut rng = Rng::new(21);
    let metas: Vec<Meta> = (0..6_000)
        .map(|_| {
            let (mut packet, starts_l3) = random_packet(&mut rng);
            let port = [0, 0, 1, 1, 2][rng.below(5) as usize];
            if !starts_l3 && packet.len() >= 6 && rng.chance(85) {
                let mac = OURS + u64::from(port);
                packet[..6].copy_from_slice(&mac.to_be_bytes()[2..]);
            }
            let meta = parsed_meta(Meta { starts_l3, ..port_meta(port, 0) }, &packet);
            noisy_meta(&mut rng, meta)
        })
        .collect();
    let mut drops = [0; 64];
    let mut hosts = [0; 32];
    let mut esp = [0; 3];
    for (pipes, gaps) in PIPES.into_iter().flat_map(|n| [(n, 0), (n, 30)]) {
        let mut bench = bench(pipes);
        for (got, meta) in run(&mut bench, &metas, gaps).iter().zip(&metas) {
            let want = expect(meta);
            assert_eq!(*got, want);
            drops[usize::from(want.drop)] += 1;
            hosts[usize::from(want.host)] += 1;
            let p = &want.parsed;
            let forwarded = want.op == Op::Forward.code() && !want.starts_l3 && p.is_esp && !p.is_mpls;
            esp[0] += u32::from(forwarded && p.is_ipv4 && !p.udp_encap);
            esp[1] += u32::from(forwarded && p.is_ipv6);
            esp[2] += u32::from(forwarded && p.udp_encap);
        }
    }
    assert!(esp.iter().all(|n| *n > 5), "ESP over IPv4, IPv6 and UDP goes on: {esp:?}");
    for reason in ["IntfDown", "MacNotOurs", "OuterMalformed", "OuterChecksum", "EspTooShort", "MplsDisabled"]
    {
        let code = DropReason::ALL.iter().find(|r| r.name() == reason).unwrap().code();
        assert!(drops[usize::from(code)] > 0, "{reason} not reached");
    }
    for reason in
        [1, 2, 3, 4, 5, 8, 9, 10, 13].map(|c| HostReason::ALL.iter().find(|r| r.code() == c).unwrap())
    {
        let reached = hosts[usize::from(reason.code())] > 0;
        assert!(reached || *reason == HostReason::LocalAddress, "{} not reached", reason.name());
    }
}

#[test]
fn packets_from_the_host_pass_untouched() {
    let ip = Ipv4::new(1, 2, 6, vec![0; 20]).bytes();
    let frame = ethernet(0xffff_ffff_ffff, &[], 0x0806, &[], &ip);
    let host = |meta: Meta| Meta { ingress: Ingress::Host.code(), vrf: 3, ..meta };
    let direct = host(Meta { op: Op::Direct.code(), ..parsed_meta(port_meta(0, 0), &frame) });
    let route = host(parsed_meta(Meta { starts_l3: true, ..port_meta(0, 0) }, &ip));
    let metas = [direct, route];
    for pipes in PIPES {
        assert_eq!(run(&mut bench(pipes), &metas, 0), metas);
    }
}

#[test]
fn interface_changes_between_two_packets_take_effect_whole() {
    let mut bench = bench(2);
    let bus = TableBus::new(&bench);
    let frame = ethernet(OURS, &[], 0x8847, &[entry(100, 0, true, 64)], &[0x45; 40]);
    let meta = parsed_meta(port_meta(0, 0), &frame);
    let before = run(&mut bench, std::slice::from_ref(&meta), 0);
    assert_eq!(before[0].drop, DropReason::MplsDisabled.code());
    let intf = Intf { mpls: true, vrf: 200, ..intfs()[0] };
    bus.write(&mut bench, &mut [], Table::Intf.code(), 0, &intf.to_bytes());
    let after = run(&mut bench, std::slice::from_ref(&meta), 0);
    assert_eq!((after[0].op, after[0].vrf), (Op::Forward.code(), 200));
}
