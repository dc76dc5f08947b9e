// SPDX-License-Identifier: Apache-2.0
//! The commands against a card in memory.

use std::path::Path;

use clap::CommandFactory;
use headend_regs::{reg, DropReason, EventEntry, EventKind};
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
    assert_eq!(labels[0], serde_json::json!({"label": 528, "action": "pop", "vrf": 1}));
    assert_eq!(
        (labels[2]["action"].as_str(), labels[2]["to"]["labels"][0].as_u64()),
        (Some("swap"), Some(531))
    );
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
