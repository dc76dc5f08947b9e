// SPDX-License-Identifier: Apache-2.0
//! The example is understood, and each kind of mistake is found where it is.

use std::os::unix::fs::PermissionsExt;

use super::*;
use crate::Error;

const EXAMPLE: &str = include_str!("../../examples/pe.toml");

fn read(text: &str) -> Result<Config, ConfigErrors> {
    Config::parse(Path::new("pe.toml"), text)
}

/// Replaces a piece of the example, which must be there, and gives the mistakes.
fn mistakes(from: &str, to: &str) -> Vec<Mistake> {
    assert!(EXAMPLE.contains(from), "{from}");
    read(&EXAMPLE.replacen(from, to, 1)).expect_err(to).0
}

#[test]
fn the_example_means_what_it_says() {
    let config = read(EXAMPLE).unwrap();
    assert_eq!(config.vrfs.iter().map(|vrf| vrf.id).collect::<Vec<_>>(), [0, 1, 2]);
    assert_eq!((config.interfaces[1].mac, config.interfaces[1].mpls), (0x0200_0000_0002, true));
    let site = &config.tunnels[0];
    let inbound = site.inbound.as_ref().unwrap();
    assert_eq!((site.vrf, site.fvrf, site.esn, inbound.spi), (1, 0, true, 0x1001));
    assert_eq!((inbound.key.0.len(), inbound.key.0[31], inbound.key.0[35]), (36, 0x1f, 1));
    assert_eq!(inbound.selector.unwrap().remote.to_string(), "10.1.0.0/16");
    let outbound = config.tunnels[1].outbound.as_ref().unwrap();
    assert_eq!((outbound.dscp, outbound.df, outbound.ttl, outbound.mtu), (Some(46), Df::Set, 64, 1446));
    let push = Push { labels: vec![498, 702], ttl: 0, exp: None };
    assert_eq!(config.routes[2].target, Target::Via(1, push));
    assert_eq!(config.labels[0].action, LabelAction::PopVrf(1));
    assert_eq!(config.labels[1].action, LabelAction::Pop(Target::Tunnel(1)));
    assert!(matches!(&config.labels[2].action, LabelAction::Swap(1, push) if push.labels == [531]));
}

#[test]
fn every_kind_of_mistake_names_line_key_and_expectation() {
    let cases = [
        // (in the example, instead, key, what the message holds)
        ("id = 2", "id = ", "vrf.vpn2.id", "value"),
        ("id = 2", "id = 1", "vrf.vpn2", "used twice: first by vrf.vpn1"),
        ("id = 2", "id = 256", "vrf.vpn2.id", "from 1 to 255"),
        ("id = 2", "id = \"2\"", "vrf.vpn2.id", "is a string; expected a number"),
        ("id = 2", "id = 2\ncolour = 3", "vrf.vpn2.colour", "unknown key; expected id"),
        ("[vrf.vpn2]", "[vrf.global]", "vrf.global", "always there"),
        ("[vrf.vpn2]\nid = 2", "[vrf.vpn1]", "vrf.vpn1", "duplicate key: first in line"),
        ("port = 1", "port = 0", "interface.core", "port 0 is used twice"),
        ("port = 1", "port = 2", "interface.core.port", "from 0 to 1"),
        ("port = 1\n", "", "interface.core.port", "missing; expected a port"),
        ("02:00:00:00:00:02", "02:00:00:00:00", "interface.core.mac", "expected a unicast MAC"),
        ("02:00:00:00:00:02", "03:00:00:00:00:02", "interface.core.mac", "expected a unicast MAC"),
        ("mpls = true", "mpls = 1", "interface.core.mpls", "expected true or false"),
        ("mtu = 9000", "mtu = 10000", "neighbour.far-pe.mtu", "from 68 to 9202"),
        (
            "interface = \"core\"",
            "interface = \"kore\"",
            "neighbour.far-pe.interface",
            "expected one of core, internet",
        ),
        ("local = \"192.0.2.1\"", "local = \"192.0.2\"", "tunnel.vpn1-site.local", "expected an IP address"),
        ("vrf = \"vpn1\"\nalgorithm", "algorithm", "tunnel.vpn1-site.vrf", "missing; expected the VRF"),
        ("aes256gcm16", "aes192gcm16", "tunnel.vpn1-site.algorithm", "AES-192 is not in the card"),
        ("aes256gcm16", "aes256gcm4", "tunnel.vpn1-site.algorithm", "gcm16, gcm12 or gcm8"),
        ("spi = 0x1001", "spi = 0xff", "tunnel.vpn1-site.in.spi", "0xff is out of range"),
        (
            "spi = 0x1001",
            "spi = 0x1002",
            "tunnel.vpn2-site.in",
            "SPI 0x1002 to 192.0.2.1 in one fvrf is used twice",
        ),
        ("1e1f00000001", "1e1f000001", "tunnel.vpn1-site.in.key", "has 70 digits; expected 72"),
        ("1e1f00000001", "1e1g00000001", "tunnel.vpn1-site.in.key", "no digits"),
        (
            "0x505152535455565758595a5b5c5d5e5f00000004",
            "0x404142434445464748494a4b4c4d4e4f00000003",
            "tunnel.vpn2-site.out",
            "this key and salt is used twice",
        ),
        (
            "replay_window = 1024",
            "replay_window = 1025",
            "tunnel.vpn1-site.in.replay_window",
            "from 0 to 1024",
        ),
        (
            "remote = \"10.1.0.0/16\"",
            "remote = \"10.1.0.0/8\"",
            "tunnel.vpn1-site.in.selector.remote",
            "10.0.0.0/8",
        ),
        ("via = \"gateway\"\n", "", "tunnel.vpn1-site.out.via", "missing"),
        (
            "via = \"gateway\"\n",
            "via = \"far-gateway\"\n",
            "tunnel.vpn1-site.out.via",
            "no neighbour is called",
        ),
        ("dscp = 46", "dscp = 64", "tunnel.vpn2-site.out.dscp", "from 0 to 63"),
        ("dscp = 46", "dscp = \"ef\"", "tunnel.vpn2-site.out.dscp", "expected \"copy\" or a number"),
        ("local = true", "local = false", "route[1].local", "expected true, or no such key"),
        (
            "prefix = \"192.0.2.1/32\"",
            "prefix = \"192.0.2.1/33\"",
            "route[1].prefix",
            "expected an IPv4 prefix",
        ),
        ("prefix = \"10.0.0.0/8\"", "prefix = \"10.1.0.0/16\"", "route[3]", "used twice: first by route[2]"),
        ("tunnel = \"vpn1-site\"", "tunnel = \"vpn3\"", "route[2].tunnel", "no tunnel is called `vpn3`"),
        (
            "tunnel = \"vpn1-site\"\n",
            "",
            "route[2]",
            "leads nowhere; expected one of via, tunnel, local, drop",
        ),
        ("drop = true", "drop = true\nvia = \"far-pe\"", "route[5]", "has via and drop; expected only one"),
        ("drop = true", "drop = true\nlabels = [17]", "route[5].labels", "no sense without `via`"),
        (
            "labels = [498, 702]",
            "labels = [1, 2, 3, 4]",
            "route[3].labels",
            "has 4 labels; expected a list of 1 to 3",
        ),
        ("labels = [498, 702]", "labels = [498, 1048576]", "route[3].labels[2]", "from 0 to 1048575"),
        ("labels = [498, 702]", "exp = 5", "route[3].exp", "no sense without `labels`"),
        ("label = 528", "label = 15", "label[1].label", "from 16 to 65535"),
        ("label = 529", "label = 528", "label[2]", "label 528 is used twice"),
        ("via = \"far-pe\"\nswap", "vrf = \"vpn1\"\nswap", "label[3]", "`swap` makes no sense without `via`"),
        ("[[label]]\nlabel = 528", "[label]\nlabel = 528", "label[1]", "duplicate key: first in line"),
        ("[vrf.vpn1]\nid = 1", "vrf = 1", "vrf.vpn2", ""),
        ("df = \"set\"", "df = \"set\", df = \"set\"", "tunnel.vpn2-site.out", "duplicate"),
        ("mtu = 9000", "mtu = 9000\nmtu = 9000", "neighbour.far-pe.mtu", "duplicate key: first in line"),
    ];
    for (from, to, key, holds) in cases {
        let found = mistakes(from, to);
        let expected = found.iter().find(|mistake| mistake.key == key && mistake.problem.contains(holds));
        let Some(mistake) = expected else { panic!("{to}: {found:#?}") };
        assert!(mistake.line > 3 && mistake.to_string().starts_with("pe.toml:"), "{mistake}");
    }
}

/// The second tunnel's head, with what a test adds.
const HEAD: &str = "vrf = \"vpn2\"\nalgorithm = \"aes128gcm16\"\n";
const OUT: &str = "dscp = 46, df = \"set\" }";

#[test]
fn every_kind_of_mistake_in_modes_limits_and_encapsulation_is_told() {
    let head = |more: &str| format!("{HEAD}{more}\n");
    let out = |more: &str| format!("{more} }}");
    let six = "remote = \"2001:db8::9\"";
    let cases = [
        (HEAD, head("mode = \"beet\""), "mode", "expected \"tunnel\" or \"transport\""),
        (HEAD, head("mode = 1"), "mode", "expected \"tunnel\" or \"transport\" in quotes"),
        (HEAD, head("mode = \"transport\"\necn = true"), "ecn", "makes no sense in transport mode"),
        (HEAD, head("mode = \"transport\""), "out.dscp", "makes no sense in transport mode"),
        (HEAD, head("mode = \"transport\""), "out.df", "makes no sense in transport mode"),
        (HEAD, head("ecn = \"no\""), "ecn", "expected true or false"),
        (HEAD, head("udp = 4500"), "udp", "expected a table"),
        (HEAD, head("udp = { remote = 0 }"), "udp.remote", "from 1 to 65535"),
        (HEAD, head("udp = { remote = 65536 }"), "udp.remote", "from 1 to 65535"),
        (HEAD, head("udp = { port = 4500 }"), "udp.port", "unknown key; expected local, remote"),
        (HEAD, head("udp = { local = 4501 }"), "udp.local", "takes ESP in UDP on 4500 only"),
        ("remote = \"203.0.113.9\"", six.into(), "remote", "expected two of one family"),
        (
            "remote = \"203.0.113.9\"",
            "remote = \"::ffff:203.0.113.9\"".into(),
            "remote",
            "expected \"203.0.113.9\"",
        ),
        ("remote = \"203.0.113.9\"", "remote = \"ff02::1\"".into(), "remote", "of one host"),
        ("remote = \"203.0.113.9\"", "remote = \"::\"".into(), "remote", "of one host"),
        (OUT, out("df = true"), "out.df", "expected \"copy\", \"set\" or \"clear\" in quotes"),
        (OUT, out("df = \"keep\""), "out.df", "expected \"copy\", \"set\" or \"clear\""),
        (OUT, out("ttl = 0"), "out.ttl", "from 1 to 255"),
        (OUT, out("tfc = 1447"), "out.tfc", "from 1 to 1446"),
        (OUT, out("tfc = 0"), "out.tfc", "from 1 to 1446"),
        (OUT, out("lifetime = 10"), "out.lifetime", "expected a table"),
        (
            OUT,
            out("lifetime.packets = 10"),
            "out.lifetime.packets",
            "expected hard_bytes, hard_packets, soft_bytes",
        ),
        (OUT, out("lifetime.hard_packets = 0"), "out.lifetime.hard_packets", "from 1 to 281474976710655"),
        (
            OUT,
            out("lifetime.hard_bytes = 0x1000000000000"),
            "out.lifetime.hard_bytes",
            "from 1 to 281474976710655",
        ),
        (
            OUT,
            out("lifetime = { soft_packets = 10, hard_packets = 10 }"),
            "out.lifetime.soft_packets",
            "10 comes no earlier than `hard_packets`; expected less than 10",
        ),
        (
            OUT,
            out("lifetime.soft_sequence = 4294967295"),
            "out.lifetime.soft_sequence",
            "from 1 to 4294967294",
        ),
        ("salt3", String::new(), "in.lifetime.soft_sequence", "unknown key; expected hard_bytes"),
    ];
    for (from, to, key, holds) in cases {
        let (from, to) = match from {
            "salt3" => ("00000003\" }", "00000003\", lifetime.soft_sequence = 7 }".to_owned()),
            from => (from, to),
        };
        let found = mistakes(from, &to);
        let key = format!("tunnel.vpn2-site.{key}");
        let expected = found.iter().find(|mistake| mistake.key == key && mistake.problem.contains(holds));
        assert!(expected.is_some_and(|mistake| mistake.line > 3), "{to}: {found:#?}");
    }
}

/// The second tunnel over IPv6, with what a test adds to its head and instead of `dscp` and `df`.
fn over_ipv6(head: &str, out: &str) -> Result<Config, ConfigErrors> {
    let (front, rest) = EXAMPLE.split_once("[tunnel.vpn2-site]").unwrap();
    let rest = rest
        .replace("192.0.2.1\"", "2001:db8::1\"")
        .replace("203.0.113.9", "2001:db8:9::9")
        .replace(HEAD, &format!("{HEAD}{head}\n"))
        .replace(", dscp = 46, df = \"set\"", out);
    read(
        &format!("{front}[tunnel.vpn2-site]{rest}")
            .replace("prefix = \"2001:db8::1/32\"", "prefix = \"192.0.2.1/32\""),
    )
}

#[test]
fn what_ipv6_does_not_take_is_refused() {
    let mistake = |head: &str, out: &str| over_ipv6(head, out).unwrap_err().to_string();
    let udp = mistake("udp = {}", "");
    assert!(
        udp.contains("tunnel.vpn2-site.udp: is not possible over IPv6") && udp.contains("RFC 3948"),
        "{udp}"
    );
    assert!(mistake("", ", df = \"copy\"").contains("out.df: makes no sense over IPv6"));
    let good = over_ipv6("ecn = false", ", ttl = 9, tfc = 1426").unwrap();
    let tunnel = &good.tunnels[1];
    let out = tunnel.outbound.as_ref().unwrap();
    assert_eq!((tunnel.local.to_string().as_str(), tunnel.ecn, out.ttl), ("2001:db8::1", false, 9));
    // 20 bytes less than over IPv4.
    assert_eq!((out.mtu, out.tfc), (1426, 1426));
    assert!(mistake("", ", tfc = 1427")
        .contains("out.tfc: 1427 is out of range; expected a number from 1 to 1426"));
}

#[test]
fn a_selector_of_ipv4_prefixes_is_refused_where_all_packets_are_ipv6() {
    let selector = EXAMPLE.replace("in = { spi = 0x1002", "in = { selector.protocol = 47, spi = 0x1002");
    let text = selector.replace("[tunnel.vpn2-site]\n", "[tunnel.vpn2-site]\nmode = \"transport\"\n");
    let six = text.replace("203.0.113.9", "2001:db8:9::9").replacen("192.0.2.1\"", "192.0.2.9\"", 1);
    let found = read(&six.replace("192.0.2.1\"", "2001:db8::1\"")).unwrap_err().to_string();
    assert!(found.contains("tunnel.vpn2-site.in.selector: is for IPv4"), "{found}");
    assert!(!read(&text).unwrap_err().to_string().contains("in.selector"));
}

#[test]
fn modes_limits_and_encapsulation_are_understood() {
    let text = EXAMPLE
        .replace(HEAD, "vrf = \"vpn2\"\nalgorithm = \"aes128gcm12\"\nudp = { remote = 31000 }\n")
        .replace(
            OUT,
            "df = \"copy\", tfc = 512, lifetime = { soft_bytes = 7, hard_bytes = 0xffffffffffff } }",
        )
        .replace(
            "replay_window = 1024",
            "replay_window = 0\nlifetime = { soft_packets = 5, hard_packets = 6 }",
        )
        .replace("via = \"gateway\"\n", "via = \"gateway\"\nlifetime.soft_sequence = 0xfffffffffffffffe\n");
    let config = read(&text).unwrap();
    let [first, second] = &config.tunnels[..] else { panic!("{config:?}") };
    let packets = Lifetime { packets: Limit { soft: 5, hard: 6 }, ..Default::default() };
    assert_eq!(first.inbound.as_ref().unwrap().lifetime, packets);
    assert_eq!(first.outbound.as_ref().unwrap().lifetime.soft_sequence, u64::MAX - 1);
    assert_eq!((first.mode, first.icv_len, first.udp, first.ecn), (Mode::Tunnel, 16, None, true));
    assert_eq!((second.icv_len, second.udp), (12, Some(Udp { local: 4500, remote: 31000 })));
    let out = second.outbound.as_ref().unwrap();
    let bytes = Lifetime { bytes: Limit { soft: 7, hard: (1 << 48) - 1 }, ..Default::default() };
    // UDP takes 8 bytes, the shorter ICV gives 4 back: 1500 - 20 - 8 - 16 - 12 = 1444, less 2 bytes of trailer.
    assert_eq!((out.df, out.tfc, out.mtu, out.lifetime), (Df::Copy, 512, 1442, bytes));
}

#[test]
fn transport_mode_takes_packets_to_its_peer_only() {
    let transport = |prefix: &str| {
        let text = EXAMPLE
            .replace(HEAD, &format!("{HEAD}mode = \"transport\"\n"))
            .replace(", dscp = 46, df = \"set\"", "")
            .replace("[[label]]\nlabel = 529\ntunnel = \"vpn2-site\"\n", "");
        read(&text.replace(
            "prefix = \"10.1.0.0/16\"\ntunnel = \"vpn2",
            &format!("prefix = \"{prefix}\"\ntunnel = \"vpn2"),
        ))
    };
    let good = transport("203.0.113.9/32").unwrap();
    // The IP header that the packet has already is the outer one.
    assert_eq!(good.tunnels[1].outbound.as_ref().unwrap().mtu, 1466);
    for prefix in ["203.0.113.8/32", "203.0.113.8/31", "10.1.0.0/16"] {
        let errors = transport(prefix).unwrap_err().to_string();
        assert!(
            errors.contains("route[4].tunnel: is in transport mode, which takes packets to 203.0.113.9 only"),
            "{errors}"
        );
    }
    let text = EXAMPLE.replace(HEAD, &format!("{HEAD}mode = \"transport\"\n"));
    assert!(read(&text).unwrap_err().to_string().contains("label[2].tunnel: is in transport mode"));
}

#[test]
fn two_peers_behind_one_nat_may_choose_one_spi() {
    let text = EXAMPLE
        .replace("198.51.100.1\"", "203.0.113.9\"")
        .replace("spi = 0x2002", "spi = 0x2001")
        .replace("[tunnel.vpn2-site]\n", "[tunnel.vpn2-site]\nudp = { remote = 1024 }\n");
    assert!(read(&text).is_ok(), "{:?}", read(&text));
    let same = text.replace("[tunnel.vpn1-site]\n", "[tunnel.vpn1-site]\nudp = { remote = 1024 }\n");
    assert!(read(&same)
        .unwrap_err()
        .to_string()
        .contains("SPI 0x2001 to 203.0.113.9 in one fvrf is used twice"));
}

#[test]
fn a_path_too_narrow_for_the_tunnel_is_a_mistake() {
    let text = EXAMPLE.replace("mac = \"02:00:00:00:01:01\"", "mac = \"02:00:00:00:01:01\"\nmtu = 100");
    let errors = read(&text).unwrap_err().to_string();
    assert!(
        errors.contains("the neighbour's mtu of 100 leaves 46 bytes for inner packets; expected room for 68"),
        "{errors}"
    );
}

#[test]
fn types_are_named_in_english() {
    for (text, expected) in [
        ("label = [1]", "label[1]: is an integer; expected a table as in [[label]]"),
        ("vrf.a = true", "vrf.a: is a boolean; expected a table as in [vrf.NAME]"),
        ("neighbour.n.interface = 1", "is an integer; expected the name of an interface in quotes"),
    ] {
        let found = read(text).unwrap_err().to_string();
        assert!(found.contains(expected), "{found}");
    }
}

#[test]
fn a_large_file_takes_no_longer_than_its_length() {
    let mut text = String::from("[vrf.a]\nid = 1\n");
    for n in 0..20_000 {
        text +=
            &format!("[[route]]\nvrf = \"a\"\nprefix = \"10.{}.{}.0/24\"\ndrop = true\n", n / 256, n % 256);
    }
    let start = std::time::Instant::now();
    assert_eq!(read(&text).unwrap().routes.len(), 20_000);
    // Counting lines from the start for each section took many seconds.
    assert!(start.elapsed() < std::time::Duration::from_secs(2), "{:?}", start.elapsed());
}

#[test]
fn the_line_is_the_line() {
    let text = "[vrf.a]\nid = 1\n[interface.x]\nport = 0\nmac = \"02:00:00:00:00:01\"\nvrf = \"b\"\n";
    let errors = read(text).unwrap_err();
    assert_eq!(
        errors.to_string(),
        "pe.toml:6: interface.x.vrf: no vrf is called `b`; expected one of a, global"
    );
}

#[test]
fn several_mistakes_are_told_at_once_in_order() {
    let text = EXAMPLE
        .replace("id = 2", "id = 0")
        .replace("label = 528", "label = 0")
        .replace("df = \"set\"", "df = 1");
    let errors = read(&text).unwrap_err().0;
    let keys: Vec<&str> = errors.iter().map(|mistake| mistake.key.as_str()).collect();
    assert_eq!(keys, ["vrf.vpn2.id", "tunnel.vpn2-site.out.df", "label[1].label"]);
}

#[test]
fn a_tunnel_must_leave_in_its_fvrf() {
    let found = mistakes("vrf = \"vpn2\"\nalgorithm", "vrf = \"vpn2\"\nfvrf = \"vpn1\"\nalgorithm");
    assert!(found[0].problem.contains("expected a neighbour in the tunnel's fvrf `vpn1`"), "{found:?}");
}

#[test]
fn keys_are_never_shown() {
    let config = read(EXAMPLE).unwrap();
    assert!(!format!("{config:?}").contains("404142"));
    let found = mistakes("4c4d4e4f00000003", "4c4d4e4f0000000x");
    assert!(!format!("{found:?}").contains("404142"), "{found:?}");
}

#[test]
fn keys_in_the_wrong_place_are_not_shown() {
    const SECRET: &str = "404142434445464748494a4b4c4d4e4f00000003";
    let tunnel = EXAMPLE.find("[tunnel.vpn1-site]").unwrap();
    let end = EXAMPLE.find("[[route]]").unwrap();
    let mut places = 0;
    for (at, _) in EXAMPLE.match_indices(" = ").filter(|(at, _)| (tunnel..end).contains(at)) {
        let value = at + 3;
        let length = EXAMPLE[value..].find([',', '}', '\n']).unwrap();
        for wrong in [format!("\"{SECRET}\""), format!("0x{SECRET}"), SECRET.to_owned()] {
            let mut text = EXAMPLE.to_owned();
            text.replace_range(value..value + length, &wrong);
            // The first two are values; the third may be no TOML at all.
            let Err(errors) = read(&text) else { continue };
            let shown = format!("{errors}\n{errors:?}");
            assert!(!shown.contains(&SECRET[..9]), "{text}\n{shown}");
            places += 1;
        }
    }
    assert!(places > 60, "{places}");
    let text = EXAMPLE.replacen("replay_window", SECRET, 1);
    let shown = read(&text).unwrap_err().to_string();
    assert!(shown.contains("tunnel.vpn1-site.in.40414243...: unknown key") && !shown.contains(&SECRET[..9]));
}

#[test]
fn a_file_with_keys_that_others_may_use_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("pe.toml");
    let load = |text: &str, mode: u32| {
        let _ = std::fs::remove_file(&path);
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        Config::load(&path)
    };
    load(EXAMPLE, 0o600).unwrap();
    load("[vrf.a]\nid = 1\n", 0o644).unwrap();
    load(EXAMPLE, 0o400).unwrap();
    for mode in [0o644, 0o640, 0o602, 0o620, 0o601] {
        let error = load(EXAMPLE, mode).unwrap_err();
        assert!(matches!(error, Error::Config(_)), "{mode:o}: {error}");
        let text = error.to_string();
        assert!(text.contains("chmod 600") && text.contains(&format!("mode {mode:o}")), "{text}");
    }
    std::fs::remove_file(&path).unwrap();
    std::fs::write(&path, b"[vrf.a]\nid = 1\n# caf\xe9\n").unwrap();
    assert!(Config::load(&path).unwrap_err().to_string().contains("pe.toml:3: is no text"));
    std::fs::remove_file(&path).unwrap();
    assert!(Config::load(&path).unwrap_err().to_string().contains("pe.toml"));
}
