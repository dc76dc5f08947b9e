// SPDX-License-Identifier: Apache-2.0
//! The commands against a card in memory.

use std::path::Path;

use clap::CommandFactory;
use headend_regs::{reg, DropReason, EventEntry, EventKind, Stage};
use serde_json::Value;

use super::*;
use crate::fake::Fake;

/// Runs the looking part of a command line on a card; gives its output.
fn output(card: &mut Card, line: &str) -> String {
    let cli = Cli::try_parse_from(std::iter::once("headend").chain(line.split(' '))).unwrap();
    let mut out = Vec::new();
    look(&cli.command, cli.global.json, card, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn json(card: &mut Card, line: &str) -> Value {
    serde_json::from_str(&output(card, &format!("{line} --json"))).unwrap()
}

fn programmed() -> (Fake, Card) {
    let fake = Fake::new();
    let mut card = fake.open(Options::default());
    let text = include_str!("../../examples/pe.toml");
    apply(&mut card, &Config::parse(Path::new("pe.toml"), text).unwrap()).unwrap();
    (fake, card)
}

#[test]
fn the_command_line_is_consistent() {
    Cli::command().debug_assert();
}

#[test]
fn lists_show_what_was_applied_and_no_keys() {
    let (_fake, mut card) = programmed();
    let sas = output(&mut card, "sa list");
    assert!(
        sas.contains("0x00001001")
            && sas.contains("aes256gcm16")
            && sas.contains("10.1.0.0/16 -> 10.0.0.0/8")
    );
    assert_eq!(json(&mut card, "sa list")["outbound"][1]["remote"], "203.0.113.9");
    assert!(!sas.contains("key") && !json(&mut card, "sa list").to_string().contains("key"));

    let routes = output(&mut card, "route list");
    assert!(routes.contains("port 1 to 02:00:00:00:02:01 labels 498/702"), "{routes}");
    assert!(routes.contains("encrypt with SA 0"), "{routes}");
    let vpn2 = json(&mut card, "route list --vrf 2");
    assert_eq!((vpn2.as_array().unwrap().len(), vpn2[0]["to"]["kind"].as_str()), (2, Some("drop")));

    let labels = json(&mut card, "label list");
    let pop = serde_json::json!({"label": 528, "action": "pop", "vrf": 1, "vrf_name": null});
    assert_eq!(labels[0], pop);
    assert_eq!(
        (labels[2]["action"].as_str(), labels[2]["to"]["labels"][0].as_u64()),
        (Some("swap"), Some(531))
    );
}

/// The example in a file, as `--config FILE`.
fn named(dir: &tempfile::TempDir) -> String {
    let file = dir.path().join("pe.toml");
    std::fs::write(&file, include_str!("../../examples/pe.toml")).unwrap();
    std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    format!("--config {}", file.display())
}

#[test]
fn names_take_the_place_of_numbers_where_they_are_known() {
    let (_fake, mut card) = programmed();
    let dir = tempfile::tempdir().unwrap();
    let config = named(&dir);
    let bare = output(&mut card, "sa list");
    assert!(!bare.contains("Tunnel") && !bare.contains("vpn1") && bare.contains("global"), "{bare}");
    let sas = output(&mut card, &format!("sa list {config}"));
    assert!(
        sas.contains("vpn1-site") && sas.contains("vpn2-site") && sas.contains("aes256gcm16-esn"),
        "{sas}"
    );
    let value = json(&mut card, &format!("sa list {config}"));
    assert_eq!(value["inbound"][0]["vrf_name"], "vpn1");
    assert_eq!(
        (&value["outbound"][1]["tunnel"], &value["outbound"][1]["df"]),
        (&"vpn2-site".into(), &"set".into())
    );
    assert_eq!(json(&mut card, "sa list")["inbound"][0]["tunnel"], Value::Null);

    let routes = output(&mut card, &format!("route list --vrf vpn1 {config}"));
    assert!(routes.contains("encrypt with SA 0 of vpn1-site, port 0 to gateway"), "{routes}");
    assert!(routes.contains("port 1 to far-pe labels 498/702") && !routes.contains("vpn2"), "{routes}");
    assert_eq!(json(&mut card, "route list --vrf global").as_array().unwrap().len(), 1);
    let labels = output(&mut card, &format!("label list {config}"));
    assert!(labels.contains("VRF vpn1") && labels.contains("of vpn2-site"), "{labels}");

    let cli = Cli::try_parse_from(["headend", "route", "list", "--vrf", "vpn1"]).unwrap();
    let failure = look(&cli.command, false, &mut card, &mut Vec::new()).unwrap_err();
    assert!(failure.to_string().contains("no VRF is called `vpn1`") && failure.status() == 2, "{failure}");
    let cli = Cli::try_parse_from(["headend", "sa", "list", "--config", "/none"]).unwrap();
    assert_eq!(look(&cli.command, false, &mut card, &mut Vec::new()).unwrap_err().status(), 1);
}

#[test]
fn sa_list_shows_mode_encapsulation_limits_and_state() {
    use headend_regs::{SaInState, SaOutState, Table};
    let fake = Fake::new();
    let mut card = fake.open(Options::default());
    let text = include_str!("../../examples/pe.toml")
        .replace(
            "via = \"gateway\"\n",
            "via = \"gateway\"\ntfc = 512\nlifetime = { soft_packets = 80, hard_packets = 100 }\n",
        )
        .replace("algorithm = \"aes128gcm16\"", "algorithm = \"aes128gcm8\"\nudp = { remote = 31000 }")
        .replace("replay_window = 1024", "lifetime.hard_bytes = 5000");
    apply(&mut card, &Config::parse(Path::new("pe.toml"), &text).unwrap()).unwrap();
    let store = |table: Table, bytes: Vec<u8>| {
        fake.state.lock().unwrap().tables.insert((table.code(), 0), bytes);
    };
    store(Table::SaOutState, SaOutState { packets: 80, seq: 80, ..Default::default() }.to_bytes().to_vec());
    store(Table::SaInState, SaInState { packets: 9, bytes: 5001, ..Default::default() }.to_bytes().to_vec());
    let sas = output(&mut card, "sa list");
    for shown in [
        "expired (bytes)",
        "bytes -/5000",
        "soft limit (packets)",
        "packets 80/100",
        "tunnel in UDP 4500>31000",
        "aes128gcm8",
        "active",
    ] {
        assert!(sas.contains(shown), "{shown}: {sas}");
    }
    let value = json(&mut card, "sa list");
    assert_eq!(value["outbound"][1]["udp"], serde_json::json!({"local": 4500, "remote": 31000}));
    assert_eq!((&value["inbound"][1]["udp"], &value["inbound"][0]["udp"]), (&true.into(), &false.into()));
    let out = &value["outbound"][0];
    assert_eq!((&out["state"], &out["limits_reached"][0]), (&"soft".into(), &"packets".into()));
    assert_eq!((&out["limits"]["hard_packets"], &out["limits"]["soft_bytes"]), (&100.into(), &Value::Null));
    assert_eq!(value["inbound"][0]["state"], "expired");
    let routes = output(&mut card, "route list");
    assert!(routes.contains("encrypt padded to 512 with SA 0"), "{routes}");
}

#[test]
fn a_transport_mode_sa_over_ipv6_is_listed_as_such() {
    let fake = Fake::new();
    let mut card = fake.open(Options::default());
    let text = r#"
        [vrf.inside]
        id = 7
        [interface.wan]
        port = 0
        mac = "02:00:00:00:00:01"
        [neighbour.peer]
        interface = "wan"
        mac = "02:00:00:00:00:02"
        [tunnel.host]
        mode = "transport"
        local = "2001:db8::1"
        remote = "2001:db8::2"
        vrf = "inside"
        algorithm = "aes128gcm12"
        in = { spi = 0x100, key = "404142434445464748494a4b4c4d4e4f00000003" }
        out = { spi = 0x200, key = "404142434445464748494a4b4c4d4e4f00000004", via = "peer" }
    "#;
    apply(&mut card, &Config::parse(Path::new("host.toml"), text).unwrap()).unwrap();
    let value = json(&mut card, "sa list");
    let (inbound, outbound) = (&value["inbound"][0], &value["outbound"][0]);
    assert_eq!((&inbound["mode"], &inbound["local"]), (&"transport".into(), &"2001:db8::1".into()));
    assert_eq!((&outbound["mode"], &outbound["remote"]), (&"transport".into(), &"2001:db8::2".into()));
    assert_eq!((&inbound["algorithm"], &inbound["vrf"]), (&"aes128gcm12".into(), &7.into()));
}

#[test]
fn events_of_sas_are_told_in_words() {
    let (fake, mut card) = programmed();
    let dir = tempfile::tempdir().unwrap();
    let config = named(&dir);
    let mut told = |kind: EventKind, info: u32, spi: u32, addr: u64, stage: Stage| {
        let entry = EventEntry {
            kind: kind.code(),
            info,
            spi,
            addr,
            sa: 1,
            stage: stage.code(),
            ..Default::default()
        };
        fake.state.lock().unwrap().event(entry);
        fake.state.lock().unwrap().event(entry);
        let text = output(&mut card, &format!("events --count 1 {config}"));
        (text, json(&mut card, &format!("events --count 1 {config}")))
    };
    let (text, value) = told(EventKind::SaSoft, 1 | 1 << 1, 0x2002, 900, Stage::Encap);
    let words = "outbound SA 1, SPI 0x00002002 of vpn2-site has reached its soft limit of bytes at sequence 900; it goes on";
    assert!(text.contains(words), "{text}");
    assert_eq!((&value["limit"], &value["direction"]), (&"bytes".into(), &"outbound".into()));
    let (text, value) = told(EventKind::SaHard, 0, 0x1001, 77, Stage::Commit);
    let words = "inbound SA 1, SPI 0x00001001 of vpn1-site has reached its hard limit of packets at sequence 77; it accepts";
    assert!(text.contains(words), "{text}");
    assert_eq!((&value["limit"], &value["tunnel"]), (&"packets".into(), &"vpn1-site".into()));
    let (text, _) = told(EventKind::SaHard, 1 | 2 << 1, 0x2001, 0xffff_ffff, Stage::Encap);
    assert!(
        text.contains("SPI 0x00002001 of vpn1-site has used its last sequence number, 4294967295"),
        "{text}"
    );
    let (text, value) = told(EventKind::SaHard, 1 | 3 << 1, 0x9999, 1, Stage::Encap);
    assert!(text.contains("outbound SA 1, SPI 0x00009999 has reached its hard limit of unknown"), "{text}");
    assert_eq!((&value["limit"], &value["tunnel"]), (&Value::Null, &Value::Null));
    let (text, _) = told(EventKind::Acquire, 0, 0, 0, Stage::Encap);
    assert!(text.contains("Acquire: a packet needs outbound SA 1, which is not there"), "{text}");
    for (stage, spi) in [(Stage::Commit, 0x1001), (Stage::Encap, 0x2001)] {
        let (text, value) = told(EventKind::Drop, 0, spi, 5, stage);
        assert!(text.contains(&format!("SPI {spi:#010x} of vpn1-site sequence 5")), "{text}");
        assert_eq!(value["tunnel"], "vpn1-site");
    }
}

#[test]
fn differences_have_a_line_each() {
    let text = |found: &[crate::Difference], json: bool| {
        let mut out = Vec::new();
        show::differences(found, json, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    };
    let (_fake, mut card) = programmed();
    let example = include_str!("../../examples/pe.toml").replace("label = 528", "label = 628");
    let found = diff(&mut card, &Config::parse(Path::new("pe.toml"), &example).unwrap()).unwrap();
    assert_eq!(text(&found, false), "- label 528\n+ label 628\n");
    let value: Value = serde_json::from_str(&text(&found, true)).unwrap();
    assert_eq!(value[1], serde_json::json!({"change": "added", "what": "label 628"}));
    assert_eq!((text(&[], false).as_str(), text(&[], true).as_str()), ("No differences.\n", "[]\n"));
}

#[test]
fn an_empty_card_says_so() {
    let mut card = Fake::new().open(Options::default());
    assert!(output(&mut card, "sa list").contains("No inbound SAs"));
    assert_eq!(output(&mut card, "route list").trim(), "No routes.");
    assert_eq!(output(&mut card, "label list").trim(), "No labels.");
    assert!(output(&mut card, "card info").contains("no configuration was applied"));
    assert_eq!(json(&mut card, "card info")["tables"]["SaIn"], 1024);
}

#[test]
fn stats_explain_drops_and_add_up() {
    let (fake, mut card) = programmed();
    {
        let mut state = fake.state.lock().unwrap();
        state.set(reg::port_rx_frames(0), 10);
        state.set(reg::port_tx_frames(1), 6);
        state.set(reg::HOST_RX_FRAMES, 1);
        state.set(reg::drop_count(usize::from(DropReason::IcvMismatch.code())), 2);
        state.set(reg::HOST_TX_FRAMES, 5);
        state.set(reg::drop_count(usize::from(DropReason::TxBadDescriptor.code())), 5);
    }
    let text = output(&mut card, "stats");
    assert!(text.contains("IcvMismatch") && text.contains("tampered"), "{text}");
    assert!(text.contains("15 in = 7 out + 7 dropped + 1 in flight"), "{text}");
    let value = json(&mut card, "stats");
    assert_eq!(
        (value["drops"]["IcvMismatch"].as_u64(), value["conservation"]["in_flight"].as_i64()),
        (Some(2), Some(1))
    );
    assert_eq!(value["stages"][3]["dropped"], 2);
}

#[test]
fn events_are_told_as_they_come() {
    let (fake, mut card) = programmed();
    let entry = EventEntry {
        kind: EventKind::Drop.code(),
        reason: DropReason::ReplayDuplicate.code(),
        spi: 0x1001,
        addr: 17,
        len: 98,
        ..Default::default()
    };
    fake.state.lock().unwrap().event(entry);
    fake.state.lock().unwrap().event(entry);
    let text = output(&mut card, "events --count 1");
    assert!(text.contains("ReplayDuplicate") && text.contains("SPI 0x00001001 sequence 17"), "{text}");
    assert_eq!(json(&mut card, "events --seconds 0")["reason"], "ReplayDuplicate");
}

#[test]
fn a_crash_leaves_no_dump_with_keys() {
    keep_out_of_dumps().unwrap();
    assert!(!nix::sys::prctl::get_dumpable().unwrap());
    assert_eq!(nix::sys::resource::getrlimit(Resource::RLIMIT_CORE).unwrap(), (0, 0));
}

#[test]
fn times_beyond_reason_are_wrong_usage_and_never_a_panic() {
    let parse = |line: &str| Cli::try_parse_from(std::iter::once("headend").chain(line.split(' ')));
    for line in ["stats --timeout 18446744073709551615", "stats --timeout 0", "events --seconds 31536001"] {
        assert_eq!(parse(line).unwrap_err().exit_code(), 2, "{line}");
    }
    parse("events --timeout 86400 --seconds 31536000").unwrap();
}

#[test]
fn failures_have_their_exit_status() {
    let run_line = |line: &str| {
        let cli = Cli::try_parse_from(std::iter::once("headend").chain(line.split(' '))).unwrap();
        run(&cli, &mut Vec::new()).unwrap_err()
    };
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("bad.toml");
    std::fs::write(&file, "[vrf.a]\nid = 1\nid2 = 3\n").unwrap();
    let failure = run_line(&format!("apply --check {}", file.display()));
    assert_eq!(failure.status(), 3);
    assert!(failure.to_string().contains("bad.toml:3: vrf.a.id2"), "{failure}");
    assert!(failure.to_string().starts_with("1 mistake in the configuration; the card was not touched"));
    let json = failure.json();
    assert_eq!(json["error"], "1 mistake in the configuration");
    assert_eq!(
        json["mistakes"],
        serde_json::json!([{
            "file": file.display().to_string(), "line": 3, "key": "vrf.a.id2", "text": "unknown key; expected id",
        }])
    );
    let missing = run_line(&format!("--card vfio-user:{}/none stats", dir.path().display()));
    assert_eq!(missing.status(), 1);
    assert!(missing.to_string().contains("start headend-card"), "{missing}");
    assert_eq!(missing.json(), serde_json::json!({"error": missing.to_string()}));
    assert_eq!(run_line(&format!("apply {}", dir.path().join("none").display())).status(), 1);
}
