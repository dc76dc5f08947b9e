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
    assert_eq!((outbound.dscp, outbound.df, outbound.ttl, outbound.mtu), (Some(46), true, 64, 1446));
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
        (
            "local = \"192.0.2.1\"",
            "local = \"192.0.2\"",
            "tunnel.vpn1-site.local",
            "expected an IPv4 address",
        ),
        ("vrf = \"vpn1\"\nalgorithm", "algorithm", "tunnel.vpn1-site.vrf", "missing; expected the VRF"),
        ("aes256gcm16", "aes192gcm16", "tunnel.vpn1-site.algorithm", "expected aes128gcm16 or aes256gcm16"),
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
        ("df = true", "df = true, df = true", "tunnel.vpn2-site.out", "duplicate"),
        ("mtu = 9000", "mtu = 9000\nmtu = 9000", "neighbour.far-pe.mtu", "duplicate key: first in line"),
    ];
    for (from, to, key, holds) in cases {
        let found = mistakes(from, to);
        let expected = found.iter().find(|mistake| mistake.key == key && mistake.problem.contains(holds));
        let Some(mistake) = expected else { panic!("{to}: {found:#?}") };
        assert!(mistake.line > 3 && mistake.to_string().starts_with("pe.toml:"), "{mistake}");
    }
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
        .replace("df = true", "df = 1");
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
