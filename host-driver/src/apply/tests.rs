// SPDX-License-Identifier: Apache-2.0
//! Applying to a card in memory, and reading back what it holds then.

use std::path::Path;
use std::sync::{Arc, Mutex};

use headend_regs::{AdjKind, Table};

use super::sequence_tests::send;
use super::*;
use crate::fake::Fake;
use crate::readback::{inbound_sas, labels, outbound_sas, routes};
use crate::Options;

pub(super) const EXAMPLE: &str = include_str!("../../examples/pe.toml");

pub(super) fn config(text: &str) -> Config {
    Config::parse(Path::new("pe.toml"), text).unwrap()
}

pub(super) fn open(fake: &Fake) -> Card {
    fake.open(Options { packet_io: false, ..Options::default() })
}

#[test]
fn what_was_applied_is_read_back() {
    let fake = Fake::new();
    let mut card = open(&fake);
    let report = apply(&mut card, &config(EXAMPLE)).unwrap();
    assert_eq!((report.sas_installed, report.sas_kept, report.routes, report.labels), (4, 0, 5, 3));
    assert!(card.info().unwrap().enabled);
    drop(card);

    let mut card = open(&fake);
    let found: Vec<String> =
        routes(&mut card).unwrap().iter().map(|route| format!("{} {}", route.vrf, route.prefix)).collect();
    assert_eq!(found, ["0 192.0.2.1/32", "1 10.0.0.0/8", "1 10.1.0.0/16", "2 0.0.0.0/0", "2 10.1.0.0/16"]);
    let kinds: Vec<AdjKind> =
        routes(&mut card).unwrap().iter().map(|route| route.adjacency.kind_code().unwrap()).collect();
    assert_eq!(kinds, [AdjKind::Host, AdjKind::Mpls, AdjKind::Protect, AdjKind::Drop, AdjKind::Protect]);

    let inbound = inbound_sas(&mut card).unwrap();
    assert_eq!(
        inbound.iter().map(|sa| (sa.key.spi, sa.record.ivrf)).collect::<Vec<_>>(),
        [(0x1001, 1), (0x1002, 2)]
    );
    assert!(inbound[0].record.esn && inbound[0].record.gcm.aes256 && inbound[0].record.gcm.key == [0; 32]);
    let outbound = outbound_sas(&mut card).unwrap();
    assert_eq!(outbound.iter().map(|sa| sa.record.spi).collect::<Vec<_>>(), [0x2001, 0x2002]);

    for scan in [false, true] {
        let found: Vec<u32> = labels(&mut card, scan).unwrap().iter().map(|entry| entry.label).collect();
        assert_eq!(found, [528, 529, 530]);
    }
}

#[test]
fn applying_again_keeps_the_sas_and_their_state() {
    let fake = Fake::new();
    let mut card = open(&fake);
    apply(&mut card, &config(EXAMPLE)).unwrap();
    send(&fake, 0, 7);
    fake.state.lock().unwrap().writes.clear();
    let report = apply(&mut card, &config(EXAMPLE)).unwrap();
    assert_eq!((report.sas_installed, report.sas_kept, report.sas_removed), (0, 4, 0));
    let touched = |table| fake.state.lock().unwrap().writes.iter().any(|(other, _)| *other == table);
    assert!(!touched(Table::SaIn) && !touched(Table::SaOut) && !touched(Table::SaHash));
    assert_eq!(routes(&mut card).unwrap().len(), 5);
}

#[test]
fn another_key_replaces_the_sa_and_a_missing_tunnel_removes_it() {
    let fake = Fake::new();
    let mut card = open(&fake);
    apply(&mut card, &config(EXAMPLE)).unwrap();
    let before = inbound_sas(&mut card).unwrap();
    let changed = EXAMPLE.replace("4c4d4e4f00000003", "4c4d4e4f0000aa03");
    let report = apply(&mut card, &config(&changed)).unwrap();
    assert_eq!((report.sas_installed, report.sas_kept, report.sas_removed), (1, 3, 1));
    let after = inbound_sas(&mut card).unwrap();
    assert_eq!(after.len(), before.len());

    apply(&mut card, &config("[vrf.vpn1]\nid = 1\n")).unwrap();
    assert!(inbound_sas(&mut card).unwrap().is_empty() && outbound_sas(&mut card).unwrap().is_empty());
    assert!(routes(&mut card).unwrap().is_empty() && labels(&mut card, true).unwrap().is_empty());
    let key: Vec<u8> = (0..16).collect();
    let state = fake.state.lock().unwrap();
    assert!(!state.tables.values().any(|record| record.windows(16).any(|window| window == key)));
}

#[test]
fn a_card_that_holds_it_already_is_not_touched() {
    let fake = Fake::new();
    let mut card = open(&fake);
    assert!(!apply(&mut card, &config(EXAMPLE)).unwrap().unchanged);
    fake.state.lock().unwrap().writes.clear();
    let report = apply(&mut card, &config(EXAMPLE)).unwrap();
    assert!(report.unchanged && report.sas_kept == 4 && report.commands == 0, "{report:?}");
    assert!(fake.state.lock().unwrap().writes.is_empty());

    // Any difference there is, and whatever an interruption or another program has left, and it is all written.
    let changes = [
        ("mpls = true", "mpls = false"),
        (
            "vrf = \"vpn2\"\nprefix = \"0.0.0.0/0\"\ndrop = true",
            "vrf = \"vpn2\"\nprefix = \"0.0.0.0/0\"\nvia = \"far-pe\"",
        ),
        ("labels = [498, 702]", "labels = [498, 703]"),
        ("prefix = \"192.0.2.1/32\"", "prefix = \"192.0.2.2/32\""),
        ("swap = [531]", "swap = [532]"),
        ("label = 528", "label = 628"),
        ("mtu = 9000", "mtu = 9001"),
        ("replay_window = 1024", "replay_window = 1023"),
        ("spi = 0x2001", "spi = 0x4001"),
        ("via = \"gateway\"\n", "via = \"gateway\"\ntfc = 99\n"),
    ];
    for (from, to) in changes {
        assert!(EXAMPLE.contains(from), "{from}");
        let changed = config(&EXAMPLE.replacen(from, to, 1));
        assert!(!apply(&mut card, &changed).unwrap().unchanged, "{to}");
        assert!(apply(&mut card, &changed).unwrap().unchanged, "{to}");
    }
    let last = config(EXAMPLE);
    apply(&mut card, &last).unwrap();
    card.set_enabled(false).unwrap();
    assert!(!apply(&mut card, &last).unwrap().unchanged, "the ports were off");
    let stranger = crate::tables::hash::SaKey::esp4(0, 0x9999, [192, 0, 2, 1].into());
    card.write(stranger.places()[0], &stranger.entry(0)).unwrap();
    assert!(!apply(&mut card, &last).unwrap().unchanged, "an entry of the hash was nobody's");
    card.write(77, &Intf { valid: true, ..Default::default() }).unwrap();
    assert!(!apply(&mut card, &last).unwrap().unchanged, "an interface was nobody's");
    assert!(apply(&mut card, &last).unwrap().unchanged);
}

#[test]
fn differences_are_told_and_nothing_is_written() {
    let fake = Fake::new();
    let mut card = open(&fake);
    let told = |card: &mut Card, text: &str| -> Vec<String> {
        let found = diff(card, &config(text)).unwrap();
        found.iter().map(|one| format!("{:?} {}", one.change, one.what)).collect()
    };
    let all = told(&mut card, EXAMPLE);
    assert_eq!(all.len(), 4 + 2 + 5 + 3);
    assert_eq!(all[0], "Added inbound SA of vpn1-site, SPI 0x00001001");
    assert!(
        all.contains(&"Added route 10.0.0.0/8 in vpn1".to_owned())
            && all.contains(&"Added label 528".to_owned())
    );
    apply(&mut card, &config(EXAMPLE)).unwrap();
    fake.state.lock().unwrap().writes.clear();
    assert_eq!(told(&mut card, EXAMPLE), Vec::<String>::new());
    let changed = EXAMPLE
        .replace("labels = [498, 702]", "labels = [498, 703]")
        .replace("spi = 0x1001", "spi = 0x3001")
        .replace("label = 528", "label = 628")
        .replace("mpls = true", "mpls = false");
    assert_eq!(
        told(&mut card, &changed),
        [
            "Removed inbound SA, SPI 0x00001001",
            "Added inbound SA of vpn1-site, SPI 0x00003001",
            "Changed interface of port 1",
            "Changed route 10.0.0.0/8 in vpn1",
            "Removed label 528",
            "Added label 628",
        ]
    );
    let other_key = EXAMPLE.replace("00000004\"", "00000014\"");
    assert_eq!(
        told(&mut card, &other_key),
        [
            "Removed outbound SA, SPI 0x00002002",
            "Added outbound SA of vpn2-site, SPI 0x00002002",
            "Changed route 10.1.0.0/16 in vpn2",
            "Changed label 529",
        ]
    );
    assert!(fake.state.lock().unwrap().writes.is_empty());
}

#[test]
fn a_reused_index_changes_generation() {
    let fake = Fake::new();
    let mut card = open(&fake);
    let mut seen = Vec::new();
    for round in 0..4 {
        let text = EXAMPLE.replace("spi = 0x1001", &format!("spi = 0x{}001", round + 3));
        apply(&mut card, &config(&text)).unwrap();
        let sa = inbound_sas(&mut card).unwrap().into_iter().find(|sa| sa.key.spi & 0xfff == 1).unwrap();
        seen.push((sa.index, sa.record.gen));
    }
    for pair in seen.windows(2) {
        assert_ne!(pair[0], pair[1]);
    }
}

#[test]
fn interfaces_are_down_while_tables_change_and_hash_never_leads_nowhere() {
    let fake = Fake::new();
    let mut card = open(&fake);
    apply(&mut card, &config(EXAMPLE)).unwrap();
    let failures = Arc::new(Mutex::new(Vec::<String>::new()));
    let noted = failures.clone();
    let changed = EXAMPLE.replace("10.1.0.0/16", "10.2.0.0/16").replace("spi = 0x1001", "spi = 0x3001");
    fake.state.lock().unwrap().on_write = Some(Box::new(move |tables| {
        use headend_regs::{SaHash, SaIn};
        for (_, entry) in tables.iter().filter(|((table, _), _)| *table == Table::SaHash.code()) {
            let entry = SaHash::from_bytes(entry).unwrap();
            let record = tables.get(&(Table::SaIn.code(), u32::from(entry.sa)));
            let valid = record.is_some_and(|record| SaIn::from_bytes(record).unwrap().valid);
            if entry.valid && !valid {
                noted.lock().unwrap().push(format!("SPI {:#x} leads to no SA", entry.spi));
            }
        }
    }));
    fake.state.lock().unwrap().writes.clear();
    apply(&mut card, &config(&changed)).unwrap();
    assert_eq!(*failures.lock().unwrap(), Vec::<String>::new());
    let writes = fake.state.lock().unwrap().writes.clone();
    let down: Vec<usize> = (0..writes.len()).filter(|&i| writes[i].0 == Table::Intf).collect();
    assert_eq!(down, [0, 1, writes.len() - 2, writes.len() - 1]);
}

#[test]
fn a_card_that_fails_on_the_way_leaves_the_interfaces_down() {
    let fake = Fake::new();
    let mut card = open(&fake);
    apply(&mut card, &config(EXAMPLE)).unwrap();
    // The interfaces' two writes succeed, and one more.
    fake.state.lock().unwrap().writes_left = Some(3);
    let error = apply(&mut card, &config(&EXAMPLE.replace("mtu = 9000", "mtu = 8000"))).unwrap_err();
    assert!(error.to_string().contains("half-way"), "{error}");
    let up =
        fake.state.lock().unwrap().tables.iter().any(|((table, _), record)| {
            *table == Table::Intf.code() && Intf::from_bytes(record).unwrap().valid
        });
    assert!(!up);
}

#[test]
fn leftovers_of_an_interrupted_move_are_cleaned_up() {
    use crate::tables::hash::SaKey;
    let fake = Fake::new();
    let mut card = open(&fake);
    apply(&mut card, &config(EXAMPLE)).unwrap();
    let key = SaKey::esp4(0, 0x1001, [192, 0, 2, 1].into());
    for place in key.places() {
        card.write(place, &key.entry(0)).unwrap();
    }
    let stranger = SaKey::esp4(0, 0x9999, [192, 0, 2, 1].into());
    card.write(stranger.places()[0], &stranger.entry(0)).unwrap();
    apply(&mut card, &config(EXAMPLE)).unwrap();
    let found: Vec<u32> = inbound_sas(&mut card).unwrap().iter().map(|sa| sa.key.spi).collect();
    assert_eq!(found, [0x1001, 0x1002]);
}

#[test]
fn an_interrupted_apply_leaves_nothing_that_the_next_one_does_not_find() {
    // Labels in parts of the table that had none before, and another SPI.
    let changed = EXAMPLE.replace("spi = 0x2001", "spi = 0x7001")
        + "[[label]]\nlabel = 20001\nvrf = \"vpn2\"\n[[label]]\nlabel = 40001\nvrf = \"vpn1\"\n";
    let changed = config(&changed);
    let other = EXAMPLE.replace("label = 528", "label = 9528").replace("spi = 0x1001", "spi = 0x5001");
    // How many writes it takes; most of them remove labels, and are as good as one.
    let fake = Fake::new();
    let mut card = open(&fake);
    apply(&mut card, &config(EXAMPLE)).unwrap();
    fake.state.lock().unwrap().writes.clear();
    apply(&mut card, &changed).unwrap();
    let writes = fake.state.lock().unwrap().writes.len();
    for cut in (0..12).chain(writes - 60..writes) {
        let fake = Fake::new();
        let mut card = open(&fake);
        apply(&mut card, &config(EXAMPLE)).unwrap();
        fake.state.lock().unwrap().writes_left = Some(cut);
        let error = apply(&mut card, &changed).unwrap_err();
        assert!(matches!(error, Error::HalfApplied(_)), "{error}");
        fake.state.lock().unwrap().writes_left = None;
        apply(&mut card, &config(&other)).unwrap();
        let mut found = Vec::new();
        for ((table, label), record) in &fake.state.lock().unwrap().tables {
            if *table == Table::Label.code() && Label::from_bytes(record).unwrap().op != 0 {
                found.push(*label);
            }
        }
        found.sort_unstable();
        assert_eq!(found, [529, 530, 9528], "after {cut} writes");
        assert_eq!(outbound_sas(&mut card).unwrap().len(), 2, "after {cut} writes");
        assert_eq!(inbound_sas(&mut card).unwrap().len(), 2, "after {cut} writes");
    }
}
