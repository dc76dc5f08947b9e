// SPDX-License-Identifier: Apache-2.0
//! No key and salt ever meet a sequence number twice, whatever is applied in which order, and whatever is sent meanwhile.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use headend_regs::{AdjKind, Record, SaOut, SaOutState, Table};
use proptest::prelude::*;

use super::outbound::{slot, MARGIN};
use super::tests::{config, open, EXAMPLE};
use super::*;
use crate::fake::{Fake, Tables};
use crate::readback::{outbound_sas, routes, OutboundSa};

const EMPTY: &str = "[vrf.vpn1]\nid = 1\n";

/// Pretends that outbound SA `index` has sent packets.
pub(super) fn send(fake: &Fake, index: u32, seq: u64) {
    let state = SaOutState { seq, packets: 1000, bytes: 99_000, ..Default::default() };
    fake.state.lock().unwrap().tables.insert((Table::SaOutState.code(), index), state.to_bytes().to_vec());
}

/// A card with the example, both of whose outbound SAs have sent 1,000 packets.
fn in_use() -> (Fake, Card) {
    let fake = Fake::new();
    let mut card = open(&fake);
    apply(&mut card, &config(EXAMPLE)).unwrap();
    send(&fake, 0, 1000);
    send(&fake, 1, 1000);
    (fake, card)
}

/// Outbound SAs by SPI, of which the adjacencies name the right generations.
fn sas(card: &mut Card) -> Vec<OutboundSa> {
    let mut found = outbound_sas(card).unwrap();
    for route in routes(card).unwrap() {
        if route.adjacency.kind_code() == Ok(AdjKind::Protect) {
            let sa = found.iter().find(|sa| sa.index == route.adjacency.sa).unwrap();
            assert_eq!(sa.record.gen, route.adjacency.sa_gen);
            assert_ne!(sa.record.gen, 0);
        }
    }
    found.sort_by_key(|sa| sa.record.spi);
    found
}

fn sequences(card: &mut Card) -> Vec<u64> {
    sas(card).iter().map(|sa| sa.state.seq).collect()
}

#[test]
fn a_new_spi_under_an_old_key_continues_its_sequence() {
    let (_fake, mut card) = in_use();
    let before: Vec<u8> = sas(&mut card).iter().map(|sa| sa.record.gen).collect();
    let changed = EXAMPLE.replace("spi = 0x2001", "spi = 0x4001").replace("spi = 0x2002", "spi = 0x4002");
    let report = apply(&mut card, &config(&changed)).unwrap();
    assert_eq!((report.sas_installed, report.sas_kept, report.sas_removed), (2, 2, 2));
    assert_eq!(sequences(&mut card), [1000 + MARGIN, 1000 + MARGIN]);
    let after: Vec<u8> = sas(&mut card).iter().map(|sa| sa.record.gen).collect();
    assert!(before.iter().zip(&after).all(|(before, after)| before != after));
}

#[test]
fn changed_settings_and_addresses_continue_too() {
    let changes = [
        ("dscp = 46", "dscp = 10"),
        ("df = \"set\"", "df = \"set\", ttl = 7"),
        ("203.0.113.9", "203.0.113.10"),
        ("algorithm = \"aes128gcm16\"", "algorithm = \"aes128gcm16\"\nesn = true"),
    ];
    for (from, to) in changes {
        let (_fake, mut card) = in_use();
        apply(&mut card, &config(&EXAMPLE.replace(from, to))).unwrap();
        assert_eq!(sequences(&mut card), [1000, 1000 + MARGIN], "{to}");
    }
}

#[test]
fn a_tunnel_that_was_away_continues_its_sequence() {
    let (_fake, mut card) = in_use();
    apply(&mut card, &config(EMPTY)).unwrap();
    assert!(sas(&mut card).is_empty());
    // Other keys come and go meanwhile; they take slots that remember nothing.
    for n in 0..5 {
        let other = EXAMPLE
            .replace("00000002\"", &format!("1000000{n}\""))
            .replace("00000004\"", &format!("2000000{n}\""));
        apply(&mut card, &config(&other)).unwrap();
        assert_eq!(sequences(&mut card), [0, 0]);
    }
    apply(&mut card, &config(EXAMPLE)).unwrap();
    assert_eq!(sequences(&mut card), [1000 + MARGIN, 1000 + MARGIN]);
    apply(&mut card, &config(EXAMPLE)).unwrap();
    assert_eq!(sequences(&mut card), [1000 + MARGIN, 1000 + MARGIN]);
}

#[test]
fn a_used_up_sequence_is_refused_before_any_write() {
    let other_spi = EXAMPLE.replace("spi = 0x2002", "spi = 0x4002");
    let no_esn = EXAMPLE.replace("esn = true", "esn = false");
    for (text, index, seq) in
        [(&other_spi, 1, u64::from(u32::MAX) - 10), (&no_esn, 0, 1 << 32), (&no_esn, 0, u64::MAX - 3)]
    {
        let (fake, mut card) = in_use();
        send(&fake, index, seq);
        fake.state.lock().unwrap().writes.clear();
        let error = apply(&mut card, &config(text)).unwrap_err().to_string();
        assert!(error.contains("give it a new key") && error.contains("sequence numbers"), "{error}");
        assert!(fake.state.lock().unwrap().writes.is_empty());
        apply(&mut card, &config(EXAMPLE)).unwrap();
    }
}

#[test]
fn a_sequence_used_up_at_the_last_moment_stands_at_its_end() {
    let (fake, mut card) = in_use();
    fake.state.lock().unwrap().traffic = Some(Box::new(|tables| {
        let up = |(&(table, _), record): (&(u8, u32), &Vec<u8>)| {
            table == Table::Intf.code() && Intf::from_bytes(record).unwrap().valid
        };
        if !tables.iter().any(up) {
            let state = SaOutState { seq: u32::MAX.into(), ..Default::default() };
            tables.insert((Table::SaOutState.code(), 1), state.to_bytes().to_vec());
        }
    }));
    apply(&mut card, &config(&EXAMPLE.replace("spi = 0x2002", "spi = 0x4002"))).unwrap();
    assert_eq!(sas(&mut card)[1].record.seq, u64::from(u32::MAX));
}

#[test]
fn equal_addresses_and_spi_in_two_fvrfs_are_two_sas() {
    let twin = "
[vrf.other]
id = 9
[interface.second]
port = 1
vrf = \"other\"
mac = \"02:00:00:00:00:07\"
[neighbour.second]
interface = \"second\"
mac = \"02:00:00:00:01:07\"
[tunnel.twin]
local = \"192.0.2.1\"
remote = \"203.0.113.9\"
vrf = \"vpn2\"
fvrf = \"other\"
algorithm = \"aes128gcm16\"
out = { spi = 0x2002, key = \"0x505152535455565758595a5b5c5d5eaa00000009\", via = \"second\" }
";
    let core = EXAMPLE.find("[interface.core]").unwrap()..EXAMPLE.find("[neighbour.gateway]").unwrap();
    let text = EXAMPLE.replace(&EXAMPLE[core], "") + twin;
    let text = text.replace("interface = \"core\"", "interface = \"internet\"");
    let fake = Fake::new();
    let mut card = open(&fake);
    apply(&mut card, &config(&text)).unwrap();
    for index in 0..3 {
        send(&fake, index, 50);
    }
    for _ in 0..2 {
        let report = apply(&mut card, &config(&text)).unwrap();
        assert_eq!((report.sas_installed, report.sas_kept, report.sas_removed), (0, 5, 0));
    }
    assert_eq!(sequences(&mut card), [50, 50, 50]);
}

#[test]
fn memories_are_given_up_last_and_the_oldest_first() {
    let vacated = |key_check, stamp| SaOut { key_check, seq: 70_000, spi: stamp, ..Default::default() };
    let valid = SaOut { valid: true, key_check: 5, ..Default::default() };
    let records = [valid, vacated(6, 9), vacated(7, 8), SaOut::default(), vacated(8, 10)];
    let mut used = [false; 5];
    for expected in [4, 3, 2, 1, 0] {
        let index = slot(&records, &used, 8).unwrap();
        assert_eq!(index, expected);
        used[index] = true;
    }
    assert_eq!(slot(&records, &used, 8), None);
}

/// Key and salt.
type Secret = ([u8; 32], [u8; 4]);

/// Packets on their way through a card, as the hardware seals them.
#[derive(Default)]
struct Wire {
    random: u64,
    /// Packets looked up and waiting to be sealed: SA, generation, the key they were meant for, how many.
    queue: Vec<(u16, u8, Secret, u64)>,
    /// Last sequence number used under each key.
    last: HashMap<Secret, u64>,
    /// What went wrong.
    wrong: Option<String>,
}

fn record<R: Record + Default>(tables: &Tables, index: u32) -> R {
    tables.get(&(R::TABLE.code(), index)).map_or_else(R::default, |bytes| R::unpack_from(bytes, 0))
}

fn secret(sa: &SaOut) -> Secret {
    (sa.gcm.key, sa.gcm.salt)
}

impl Wire {
    fn random(&mut self, below: u64) -> u64 {
        self.random = self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (self.random >> 33) % below
    }

    /// Lets packets through between two commands. Only while an interface is up, new ones are looked up.
    fn run(&mut self, tables: &mut Tables) {
        if (0..2).any(|port| record::<Intf>(tables, port).valid) {
            for index in 0..6 {
                let adj: Adj = record(tables, index);
                let sa: SaOut = record(tables, adj.sa.into());
                if adj.kind_code() == Ok(AdjKind::Protect) && sa.valid && sa.gen == adj.sa_gen {
                    let many = if self.random(200) == 0 { self.random(3_000_000) } else { self.random(3) };
                    self.seal(tables, adj.sa, many);
                    if self.queue.len() < 300 {
                        let waiting = self.random(100);
                        self.queue.push((adj.sa, adj.sa_gen, secret(&sa), waiting));
                    }
                }
            }
        }
        for _ in 0..self.random(4) {
            let Some((index, gen, meant, many)) = self.queue.pop() else { break };
            let sa: SaOut = record(tables, index.into());
            if sa.valid && sa.gen == gen {
                if secret(&sa) != meant {
                    self.wrong =
                        Some(format!("SA {index} sealed a packet that was looked up for another key"));
                }
                self.seal(tables, index, many);
            }
        }
    }

    /// Seals packets, as many as the sequence allows.
    fn seal(&mut self, tables: &mut Tables, index: u16, many: u64) {
        let sa: SaOut = record(tables, index.into());
        let mut state: SaOutState = record(tables, index.into());
        let end = if sa.esn { u64::MAX } else { u64::from(u32::MAX) };
        let many = many.min(end.saturating_sub(state.seq));
        if many == 0 {
            return;
        }
        let last = self.last.entry(secret(&sa)).or_default();
        if state.seq < *last {
            self.wrong = Some(format!("{last} was used under a key, and {} comes next", state.seq + 1));
        }
        state.seq += many;
        *last = state.seq;
        tables.insert((Table::SaOutState.code(), index.into()), state.to_bytes().to_vec());
    }
}

/// Something that happens to a card.
#[derive(Clone, Debug)]
enum Step {
    /// Applies a configuration of some tunnels; after so many writes the card refuses.
    Apply { tunnels: Vec<(usize, u8, u8, bool)>, cut: Option<usize> },
    /// An SA sends very many packets.
    Burst(u16, u64),
}

/// A configuration of tunnels: (key, SPI, remote, ESN) of each. Of the keys, 0 and 1 differ in their salt only.
fn text_of(tunnels: &[(usize, u8, u8, bool)]) -> String {
    let mut text = "[vrf.vpn1]\nid = 1\n[interface.wan]\nport = 0\nmac = \"02:00:00:00:00:01\"\n\
                    [neighbour.isp]\ninterface = \"wan\"\nmac = \"02:00:00:00:01:01\"\n"
        .to_owned();
    for (n, (key, spi, remote, esn)) in tunnels.iter().enumerate() {
        let (aes, salt) = (key.saturating_sub(1), key % 2);
        text += &format!(
            "[tunnel.t{n}]\nlocal = \"192.0.2.1\"\nremote = \"198.51.100.{remote}\"\nvrf = \"vpn1\"\nesn = {esn}\n\
             algorithm = \"aes128gcm16\"\n\
             out = {{ spi = 0x2{spi:x}{n}1, key = \"{aes:032x}{salt:08x}\", via = \"isp\" }}\n\
             [[route]]\nvrf = \"vpn1\"\nprefix = \"10.{n}.0.0/16\"\ntunnel = \"t{n}\"\n"
        );
    }
    text
}

fn step() -> impl Strategy<Value = Step> {
    let tunnel = |keys: Vec<usize>| {
        let rest = proptest::collection::vec((0..3u8, 1..3u8, any::<bool>()), keys.len());
        rest.prop_map(move |rest| {
            keys.iter().zip(rest).map(|(key, (spi, remote, esn))| (*key, spi, remote, esn)).collect()
        })
    };
    let keys = proptest::sample::subsequence((0..6usize).collect::<Vec<_>>(), 0..4).prop_shuffle();
    let cut = prop_oneof![3 => Just(None), 1 => (0..40usize).prop_map(Some)];
    prop_oneof![
        6 => (keys.prop_flat_map(tunnel), cut).prop_map(|(tunnels, cut)| Step::Apply { tunnels, cut }),
        1 => (0..6u16, 1u64..1 << 32).prop_map(|(index, many)| Step::Burst(index, many)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn no_nonce_is_used_twice(steps in proptest::collection::vec(step(), 2..12), random: u64) {
        let wire = Arc::new(Mutex::new(Wire { random, ..Default::default() }));
        let fake = Fake::new();
        let mut card = open(&fake);
        let running = wire.clone();
        fake.state.lock().unwrap().traffic = Some(Box::new(move |tables| running.lock().unwrap().run(tables)));
        for step in steps {
            match step {
                Step::Apply { tunnels, cut } => {
                    fake.state.lock().unwrap().writes_left = cut;
                    match apply(&mut card, &config(&text_of(&tunnels))) {
                        Ok(_) => prop_assert_eq!(sas(&mut card).len(), tunnels.len()),
                        Err(Error::Invalid(text)) => prop_assert!(text.contains("give it a new key"), "{}", text),
                        Err(error) => prop_assert!(cut.is_some() && matches!(error, Error::HalfApplied(_))),
                    }
                    fake.state.lock().unwrap().writes_left = None;
                }
                Step::Burst(index, many) => {
                    let tables = &mut fake.state.lock().unwrap().tables;
                    if record::<SaOut>(tables, index.into()).valid {
                        wire.lock().unwrap().seal(tables, index, many);
                    }
                }
            }
            let wrong = wire.lock().unwrap().wrong.take();
            prop_assert!(wrong.is_none(), "{}", wrong.unwrap_or_default());
        }
    }
}
