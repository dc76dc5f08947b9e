// SPDX-License-Identifier: Apache-2.0
//! Modes, addresses, encapsulation and limits: from the file into the card's records, and from random files too.

use std::fmt::Write as _;
use std::net::IpAddr;

use headend_regs::reg::Caps0;
use headend_regs::{Adj, SaIn, SaOut};
use proptest::prelude::*;

use super::tests::{config, open, EXAMPLE};
use super::*;
use crate::fake::Fake;
use crate::readback::{inbound_sas, outbound_sas, routes};
use crate::tables::hash::address_bits;

/// A file with one tunnel, `head` in its section and `inbound` and `outbound` in its SAs.
fn one(head: &str, inbound: &str, outbound: &str) -> String {
    format!(
        "[vrf.vpn1]\nid = 1\n[interface.wan]\nport = 0\nmac = \"02:00:00:00:00:01\"\n\
         [neighbour.isp]\ninterface = \"wan\"\nmac = \"02:00:00:00:01:01\"\n\
         [tunnel.t]\nvrf = \"vpn1\"\n{head}\n\
         [tunnel.t.in]\nspi = 0x1001\nkey = \"404142434445464748494a4b4c4d4e4f00000003\"\n{inbound}\n\
         [tunnel.t.out]\nspi = 0x2001\nkey = \"404142434445464748494a4b4c4d4e4f00000004\"\nvia = \"isp\"\n{outbound}\n"
    )
}

const V4: &str = "local = \"192.0.2.1\"\nremote = \"198.51.100.9\"\n";
const V6: &str = "local = \"2001:db8::1\"\nremote = \"2001:db8:9::9\"\n";
const AES128: &str = "algorithm = \"aes128gcm16\"\n";
const ROUTE: &str = "[[route]]\nvrf = \"vpn1\"\nprefix = \"198.51.100.9/32\"\ntunnel = \"t\"\n";

/// The records that a card holds of a file with one tunnel and one route into it.
fn records(text: &str) -> (SaIn, SaOut, Adj) {
    let fake = Fake::new();
    let mut card = open(&fake);
    apply(&mut card, &config(text)).unwrap();
    let adj = routes(&mut card).unwrap().first().map(|route| route.adjacency).unwrap_or_default();
    let report = apply(&mut card, &config(text)).unwrap();
    assert_eq!((report.sas_kept, report.sas_installed), (2, 0), "applied again, nothing changes");
    let inbound = inbound_sas(&mut card).unwrap().remove(0).record;
    (inbound, outbound_sas(&mut card).unwrap().remove(0).record, adj)
}

#[test]
fn tunnel_mode_over_ipv6() {
    let text = one(&format!("{V6}{AES128}ecn = false"), "", "ttl = 7\ndscp = 5\ntfc = 600") + ROUTE;
    let (inbound, outbound, adj) = records(&text);
    assert!(inbound.tunnel && inbound.no_ecn && !inbound.udp);
    assert!(outbound.tunnel && outbound.ipv6 && outbound.no_ecn && !outbound.df && !outbound.copy_df);
    assert_eq!((outbound.src, outbound.dst), (0x2001_0db8 << 96 | 1, 0x2001_0db8_0009 << 80 | 9));
    assert_eq!((outbound.ttl, outbound.dscp, outbound.copy_dscp), (7, 5, false));
    assert_eq!((adj.tfc_len, adj.transport, adj.mtu), (600, false, 1426));
}

#[test]
fn transport_mode() {
    let (inbound, outbound, adj) =
        records(&(one(&format!("{V4}{AES128}mode = \"transport\""), "", "") + ROUTE));
    assert!(!inbound.tunnel && !outbound.tunnel && adj.transport);
    assert_eq!((adj.tfc_len, adj.mtu), (0, 1466));
    assert_eq!(outbound.dst, address_bits("198.51.100.9".parse().unwrap()));
}

#[test]
fn udp_icv_df_and_limits() {
    let lifetime = "lifetime = { soft_packets = 1, hard_packets = 2, soft_bytes = 3, hard_bytes = 4";
    let head = format!("{V4}algorithm = \"aes128gcm8\"\nudp = {{ remote = 31000 }}");
    let text =
        one(&head, &format!("{lifetime} }}"), &format!("{lifetime}, soft_sequence = 5 }}\ndf = \"copy\""))
            + ROUTE;
    let (inbound, outbound, _) = records(&text);
    assert!(
        inbound.udp
            && outbound.udp
            && outbound.copy_df
            && !outbound.df
            && !inbound.no_ecn
            && !outbound.no_ecn
    );
    assert_eq!((outbound.sport, outbound.dport), (4500, 31000));
    assert_eq!((inbound.gcm.icv_len, outbound.gcm.icv_len), (8, 8));
    assert_eq!(
        (inbound.soft_packets, inbound.hard_packets, inbound.soft_bytes, inbound.hard_bytes),
        (1, 2, 3, 4)
    );
    assert_eq!(
        (outbound.soft_packets, outbound.hard_packets, outbound.soft_bytes, outbound.hard_bytes),
        (1, 2, 3, 4)
    );
    assert_eq!(outbound.soft_seq, 5);
}

#[test]
fn a_changed_setting_replaces_the_sa_and_goes_on_with_its_sequence() {
    let before = one(&format!("{V4}{AES128}"), "", "");
    for (head, outbound) in [
        ("ecn = false", ""),
        ("udp = {}", ""),
        ("mode = \"transport\"", ""),
        ("", "df = \"copy\""),
        ("", "lifetime.hard_bytes = 9"),
        ("", "lifetime.soft_sequence = 9"),
    ] {
        let fake = Fake::new();
        let mut card = open(&fake);
        apply(&mut card, &config(&before)).unwrap();
        super::sequence_tests::send(&fake, 0, 1000);
        apply(&mut card, &config(&one(&format!("{V4}{AES128}{head}"), "", outbound))).unwrap();
        let seq = outbound_sas(&mut card).unwrap()[0].state.seq;
        assert_eq!(seq, 1000 + super::outbound::MARGIN, "{head}{outbound}");
    }
}

#[test]
fn a_card_without_the_capability_refuses_and_names_tunnel_and_key() {
    let limited = one(&format!("{V4}{AES128}"), "lifetime.hard_packets = 9", "lifetime.soft_bytes = 7");
    let cases = [
        (Caps0::AES128, one(&format!("{V4}{AES128}"), "", ""), vec!["tunnel.t.algorithm: no AES-128"]),
        (Caps0::AES256, EXAMPLE.into(), vec!["tunnel.vpn1-site.algorithm: no AES-256"]),
        (Caps0::ESN, EXAMPLE.into(), vec!["tunnel.vpn1-site.esn: no extended sequence numbers"]),
        (
            Caps0::TRANSPORT,
            one(&format!("{V4}{AES128}mode = \"transport\""), "", ""),
            vec!["tunnel.t.mode: no transport mode"],
        ),
        (Caps0::OUTER_IPV6, one(&format!("{V6}{AES128}"), "", ""), vec!["tunnel.t.local: no ESP over IPv6"]),
        (
            Caps0::UDP_ENCAP,
            one(&format!("{V4}{AES128}udp = {{}}"), "", ""),
            vec!["tunnel.t.udp: no ESP in UDP"],
        ),
        (
            Caps0::SA_LIMITS,
            limited,
            vec!["tunnel.t.in.lifetime: no lifetimes", "tunnel.t.out.lifetime: no lifetimes"],
        ),
        (
            Caps0::TFC,
            one(&format!("{V4}{AES128}"), "", "tfc = 99"),
            vec!["tunnel.t.out.tfc: no traffic flow"],
        ),
    ];
    for (missing, text, words) in cases {
        let fake = Fake::new();
        apply(&mut open(&fake), &config(&text)).unwrap();
        let fake = Fake::new();
        fake.state.lock().unwrap().missing = missing;
        let error = apply(&mut open(&fake), &config(&text)).unwrap_err();
        let told = error.to_string();
        assert!(matches!(&error, Error::Incapable(lacks) if lacks.len() == words.len()), "{told}");
        assert!(words.iter().all(|word| told.contains(word)) && told.contains("headend card info"), "{told}");
        assert!(fake.state.lock().unwrap().writes.is_empty(), "nothing is written");
    }
}

/// A tunnel at random, all of whose settings make sense.
#[derive(Clone, Debug)]
struct Random {
    transport: bool,
    ipv6: bool,
    bits: u32,
    icv: u8,
    esn: bool,
    ecn: bool,
    udp: Option<u16>,
    df: Option<usize>,
    ttl: u8,
    dscp: Option<u8>,
    tfc: Option<u16>,
    window: u16,
    soft: u64,
    more: u64,
    soft_sequence: u32,
}

fn random() -> impl Strategy<Value = Random> {
    let head = (
        any::<[bool; 4]>(),
        prop_oneof![Just(128u32), Just(256)],
        prop_oneof![Just(8u8), Just(12), Just(16)],
    );
    let outer =
        (proptest::option::of(1u16..), proptest::option::of(0..3usize), 1u8.., proptest::option::of(0..64u8));
    let numbers =
        (proptest::option::of(1..1300u16), 0..=1024u16, 1u64..1 << 47, 1u64..1 << 47, 1u32..u32::MAX);
    (head, outer, numbers).prop_map(|(head, outer, numbers)| {
        let ([transport, ipv6, esn, ecn], bits, icv) = head;
        let (udp, df, ttl, dscp) = outer;
        let (tfc, window, soft, more, soft_sequence) = numbers;
        let udp = udp.filter(|_| !ipv6);
        Random {
            transport,
            ipv6,
            bits,
            icv,
            esn,
            ecn,
            udp,
            df,
            ttl,
            dscp,
            tfc,
            window,
            soft,
            more,
            soft_sequence,
        }
    })
}

impl Random {
    fn addresses(&self, n: usize) -> [IpAddr; 2] {
        let family = if self.ipv6 {
            ["2001:db8::1".to_owned(), format!("2001:db8::{n}:9")]
        } else {
            ["192.0.2.1".to_owned(), format!("198.51.100.{}", n + 1)]
        };
        family.map(|text| text.parse().unwrap())
    }

    fn df_word(&self) -> Option<&'static str> {
        self.df.filter(|_| !self.ipv6 && !self.transport).map(|word| ["copy", "set", "clear"][word])
    }

    fn text(&self, n: usize) -> String {
        let [local, remote] = self.addresses(n);
        let digits = (self.bits / 4) as usize;
        let Self { bits, icv, esn, window, soft, soft_sequence, .. } = self;
        let hard = soft + self.more;
        let mut text = format!(
            "[tunnel.t{n}]\nlocal = \"{local}\"\nremote = \"{remote}\"\nvrf = \"vpn1\"\n\
             algorithm = \"aes{bits}gcm{icv}\"\nesn = {esn}\n"
        );
        let mut add = |line: String| writeln!(text, "{line}").unwrap();
        if let Some(port) = self.udp {
            add(format!("udp.remote = {port}"));
        }
        add(if self.transport { "mode = \"transport\"".into() } else { format!("ecn = {}", self.ecn) });
        add(format!("[tunnel.t{n}.in]\nspi = 0x1{n:03x}\nkey = \"{:0digits$x}{:08x}\"", 2 * n, 1));
        add(format!(
            "replay_window = {window}\nlifetime = {{ soft_packets = {soft}, hard_packets = {hard} }}"
        ));
        add(format!(
            "[tunnel.t{n}.out]\nspi = 0x2{n:03x}\nkey = \"{:0digits$x}{:08x}\"\nvia = \"isp\"",
            2 * n + 1,
            2
        ));
        add(format!(
            "lifetime = {{ soft_bytes = {soft}, hard_bytes = {hard}, soft_sequence = {soft_sequence} }}"
        ));
        if let Some(word) = self.df_word() {
            add(format!("df = \"{word}\""));
        }
        if !self.transport {
            add(format!("ttl = {}", self.ttl));
            self.dscp.iter().for_each(|dscp| add(format!("dscp = {dscp}")));
            self.tfc.iter().for_each(|tfc| add(format!("tfc = {tfc}")));
        }
        text
    }

    /// Compares what the card holds with what was asked.
    fn check(&self, n: usize, inbound: &SaIn, outbound: &SaOut) {
        let [local, remote] = self.addresses(n);
        let hard = self.soft + self.more;
        assert!(inbound.valid && outbound.valid);
        for (tunnel, no_ecn, udp, esn, icv, aes256) in [
            (
                inbound.tunnel,
                inbound.no_ecn,
                inbound.udp,
                inbound.esn,
                inbound.gcm.icv_len,
                inbound.gcm.aes256,
            ),
            (
                outbound.tunnel,
                outbound.no_ecn,
                outbound.udp,
                outbound.esn,
                outbound.gcm.icv_len,
                outbound.gcm.aes256,
            ),
        ] {
            assert_eq!((tunnel, no_ecn), (!self.transport, !self.transport && !self.ecn));
            assert_eq!((udp, esn, icv, aes256), (self.udp.is_some(), self.esn, self.icv, self.bits == 256));
        }
        assert_eq!(
            (inbound.replay_window, inbound.soft_packets, inbound.hard_packets),
            (self.window, self.soft, hard)
        );
        assert_eq!((outbound.soft_bytes, outbound.hard_bytes), (self.soft, hard));
        assert_eq!((outbound.soft_seq, outbound.dport), (self.soft_sequence.into(), self.udp.unwrap_or(0)));
        assert_eq!(
            (outbound.src, outbound.dst, outbound.ipv6),
            (address_bits(local), address_bits(remote), self.ipv6)
        );
        assert_eq!(
            (outbound.df, outbound.copy_df),
            (self.df_word() == Some("set"), self.df_word() == Some("copy"))
        );
        let tunnel_only = (outbound.ttl, outbound.copy_dscp, outbound.dscp);
        let asked = (self.ttl, self.dscp.is_none(), self.dscp.unwrap_or(0));
        assert_eq!(tunnel_only, if self.transport { (64, true, 0) } else { asked });
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn what_a_file_says_is_what_the_card_holds(tunnels in proptest::collection::vec(random(), 1..6)) {
        let mut text = "[vrf.vpn1]\nid = 1\n[interface.wan]\nport = 0\nmac = \"02:00:00:00:00:01\"\n\
                        [neighbour.isp]\ninterface = \"wan\"\nmac = \"02:00:00:00:01:01\"\n".to_owned();
        for (n, tunnel) in tunnels.iter().enumerate() {
            text += &tunnel.text(n);
        }
        let fake = Fake::new();
        let mut card = open(&fake);
        apply(&mut card, &config(&text)).unwrap();
        let inbound = inbound_sas(&mut card).unwrap();
        let outbound = outbound_sas(&mut card).unwrap();
        prop_assert_eq!((inbound.len(), outbound.len()), (tunnels.len(), tunnels.len()));
        for (n, tunnel) in tunnels.iter().enumerate() {
            let own = inbound.iter().find(|sa| sa.key.spi == 0x1000 + n as u32).unwrap();
            prop_assert_eq!((own.key.ipv6, own.key.dst), (tunnel.ipv6, address_bits(tunnel.addresses(n)[0])));
            let out = outbound.iter().find(|sa| sa.record.spi == 0x2000 + n as u32).unwrap();
            tunnel.check(n, &own.record, &out.record);
        }
        let again = apply(&mut card, &config(&text)).unwrap();
        prop_assert_eq!((again.sas_kept, again.sas_installed, again.sas_removed), (2 * tunnels.len(), 0, 0));
    }
}
