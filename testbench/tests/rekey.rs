// SPDX-License-Identifier: Apache-2.0
//! Keys written, replaced and deleted while both ports carry traffic at full load: who is not concerned notices
//! nothing, nothing leaves in clear or under a key that is not the SA's, no number is used twice under a key, and every
//! packet is accounted for.

use headend_driver::tables::gcm_key;
use headend_regs::{self as regs, DropReason, GcmKey};
use headend_testbench::harness::{program, Dut, Output, SimulatedCard};
use headend_testbench::model::{
    Action, Adjacency, Counters, Interface, LabelAction, Link, Model, Prefix, Route, SaIn, SaOut, Tables,
    Verdict,
};
use headend_testbench::packet::{
    dissect, ethernet, mac, mpls_frame, EspKey, EspPayload, Ipv4, LabelEntry, ETHERTYPE_IPV4, PROTO_ESP,
};
use headend_testbench::traffic::Random;
use rand::{RngExt, SeedableRng};
use std::collections::{BTreeMap, BTreeSet};

const OURS: u64 = 0x0200_0000_0001;
const GATEWAY: u32 = 0xc000_0201;
const SAS: u16 = 4;
/// Bytes per cycle into each port: with what encryption adds, close to the line rate of 50.
const RATE: u32 = 42;
/// Packets of a round and port.
const BURST: usize = 500;
/// Replacements of a key.
const REKEYS: u8 = 6;

fn key(byte: u8) -> EspKey {
    EspKey { key: vec![byte; 32], salt: [byte; 4], icv_len: 16, esn: false }
}

fn link(port: usize) -> Link {
    Link { port, dmac: mac(0x0200_0000_0100), smac: mac(OURS) }
}

/// ESP of SA n for 10.0.0.0/8 leaves as IP on port 1; label 1000 + n leads into outbound SA n, which leaves on port 0. On
/// either port.
fn tables() -> Tables {
    let mut t = Tables::default();
    for port in 0..2 {
        t.interfaces.insert(port, Interface { vrf: 0, mac: mac(OURS), mpls: true });
    }
    t.adjacencies.insert(1, Adjacency { mtu: 9000, action: Action::Ip(link(1)) });
    t.adjacencies.insert(2, Adjacency { mtu: 9000, action: Action::Host });
    t.routes.push(Route { vrf: 0, prefix: Prefix { addr: 0x0a00_0000, len: 8 }, adj: 1 });
    t.routes.push(Route { vrf: 0, prefix: Prefix { addr: GATEWAY, len: 32 }, adj: 2 });
    for n in 0..SAS {
        let inbound = SaIn::tunnel(0x1000 + u32::from(n), GATEWAY, key(n as u8));
        t.sas_in.insert(n, SaIn { window: 1024, ..inbound });
        t.sas_out.insert(n, SaOut::tunnel(0x2000 + u32::from(n), GATEWAY, 9u32, key(0x80 | n as u8)));
        let action = Action::Protect { link: link(0), sa: n, gen: 1, transport: false, tfc_len: 0 };
        t.adjacencies.insert(10 + n, Adjacency { mtu: 9000, action });
        t.labels.insert(1000 + u32::from(n), LabelAction::PopAdj(10 + n));
    }
    t
}

fn start(pipes: usize) -> SimulatedCard {
    let mut card = SimulatedCard::with_pipes(pipes).expect("the simulated card starts");
    program(card.driver(), &tables()).expect("the tables fit");
    for port in 0..2 {
        // One pipeline for both ports has half of the room.
        card.sim().set_port_rate(port, RATE * pipes as u32 / 2);
    }
    card
}

/// An IP packet that carries a number that no other one carries.
fn numbered(random: &mut Random, number: u32) -> Vec<u8> {
    let mut payload = number.to_be_bytes().to_vec();
    payload.resize(random.random_range(150..900), 0x2e);
    Ipv4::new(0x0b00_0001, 0x0a00_0001, 17).build(&payload)
}

fn number(ip: &[u8]) -> u32 {
    u32::from_be_bytes(ip[20..24].try_into().expect("four bytes"))
}

/// ESP under `key` for inbound SA `sa`.
fn sealed(key: &EspKey, sa: u16, seq: u64, ip: &[u8]) -> Vec<u8> {
    let esp = key.seal(0x1000 + u32::from(sa), seq, seq.to_be_bytes(), &EspPayload::new(ip, 4));
    ethernet(mac(OURS), mac(3), ETHERTYPE_IPV4, &Ipv4::new(8, GATEWAY, PROTO_ESP).build(&esp))
}

/// A labelled packet for outbound SA `sa`.
fn labelled(sa: u16, ip: &[u8]) -> Vec<u8> {
    let entry = LabelEntry { label: 1000 + u32::from(sa), tc: 0, bottom: true, ttl: 9 };
    mpls_frame(mac(OURS), mac(3), &[entry], ip)
}

/// Frames that wait at the ports.
fn pending(card: &SimulatedCard) -> usize {
    let sim = card.sim();
    (0..2).map(|port| sim.pending_frames(port)).sum()
}

fn frames(card: &mut SimulatedCard) -> Vec<(usize, Vec<u8>)> {
    let outputs = card.drain().expect("the card comes to rest");
    let frame = |output| match output {
        Output::Frame { port, bytes } => (port, bytes),
        Output::Host(delivery) => panic!("nothing is for the host: {delivery:?}"),
    };
    outputs.into_iter().map(frame).collect()
}

fn dropped(card: &mut SimulatedCard) -> (u64, Counters) {
    let counters = card.counters().expect("counters");
    assert_eq!(counters.unaccounted(), 0, "{counters:?}");
    (counters.drops.values().sum(), counters)
}

fn only(counters: &Counters, reasons: &[DropReason]) {
    let known: u64 = reasons.iter().filter_map(|r| counters.drops.get(&r.code())).sum();
    assert_eq!(counters.drops.values().sum::<u64>(), known, "{counters:?}");
}

fn key_record(key: &EspKey, latency: u32) -> GcmKey {
    let mut material = gcm_key(&key.key, key.salt, latency).expect("the key has 32 bytes");
    material.icv_len = key.icv_len as u8;
    material
}

/// Records of other SAs are written and read back all the time; the traffic of SAs 0 to 3 must not notice.
fn others_under_load(pipes: usize) {
    let mut random = Random::seed_from_u64(21);
    let mut card = start(pipes);
    let mut model = Model::new(tables());
    let latency = card.driver().ghash_latency();
    let mut due: [Vec<Vec<u8>>; 2] = [vec![], vec![]];
    let mut seq = [0u64; SAS as usize];
    for n in 0..2 * BURST {
        // Each port uses SAs of its own, so that the numbers do not depend on the order between the ports.
        for port in 0..2 {
            let sa = (2 * random.random_range(0..SAS / 2)) + port as u16;
            let ip = numbered(&mut random, n as u32);
            let bytes = if n % 2 == 0 {
                seq[usize::from(sa)] += 1;
                sealed(&key(sa as u8), sa, seq[usize::from(sa)], &ip)
            } else {
                labelled(sa, &ip)
            };
            card.sim().push_frame(port, &bytes);
            match model.receive(port, &bytes, false) {
                Verdict::Sent { port, frame } => due[port].push(frame),
                other => panic!("{other:?}"),
            }
        }
    }
    let mut writes = 0;
    while pending(&card) > 0 {
        let index = random.random_range(u32::from(SAS)..1000);
        let gcm = key_record(&key(random.random()), latency);
        let ivrf = random.random_range(0..4096);
        let inbound =
            regs::SaIn { valid: true, gen: random.random(), ivrf, gcm: gcm.clone(), ..Default::default() };
        card.driver().write(index, &inbound).expect("the card obeys");
        let spi: u32 = random.random();
        let outbound = regs::SaOut { valid: true, spi, seq: spi.into(), gcm, ..Default::default() };
        card.driver().write(index, &outbound).expect("the card obeys");
        let read = card.driver().read::<regs::SaIn>(index).expect("the card answers");
        assert_eq!((read.ivrf, read.gen, read.gcm.key), (ivrf, inbound.gen, [0; 32]), "or a key can be read");
        assert_eq!(card.driver().read::<regs::SaOut>(index).expect("the card answers").spi, spi);
        let state = card.driver().read::<regs::SaOutState>(index).expect("the card answers");
        assert_eq!(state.seq, u64::from(spi));
        writes += 2;
    }
    assert!(writes > 40, "only {writes} writes met traffic");
    let mut got: [Vec<Vec<u8>>; 2] = [vec![], vec![]];
    for (port, frame) in frames(&mut card) {
        got[port].push(frame);
    }
    for port in 0..2 {
        // The order between the two entrances is a matter of timing.
        due[port].sort_unstable();
        got[port].sort_unstable();
        assert!(got[port] == due[port], "port {port}: what left is not what the model sent");
    }
    let (drops, counters) = dropped(&mut card);
    assert_eq!(drops, 0, "{counters:?}");
    for sa in 0..SAS {
        assert_eq!(card.sa_in(sa).expect("its state"), model.sa_in(sa).expect("installed"));
        assert_eq!(card.sa_out(sa).expect("its state"), model.sa_out(sa).expect("installed"));
    }
}

/// Outbound SA 0 gets one key after the other, and is deleted at the end, under packets from both ports.
fn outbound_replaced(pipes: usize) {
    let mut random = Random::seed_from_u64(22);
    let mut card = start(pipes);
    // All of it leaves on one port.
    (0..2).for_each(|port| card.sim().set_port_rate(port, RATE / 2));
    let mut tables = tables();
    let mut entered = BTreeMap::new();
    let mut keys = vec![tables.sas_out[&0].key.clone()];
    let mut used: BTreeMap<usize, BTreeSet<u64>> = BTreeMap::new();
    let mut offered = 0u64;
    for round in 0..=REKEYS {
        for _ in 0..BURST {
            for port in 0..2 {
                let ip = numbered(&mut random, offered as u32);
                card.sim().push_frame(port, &labelled(0, &ip));
                entered.insert(offered as u32, ip);
                offered += 1;
            }
        }
        card.sim().run(200 + 150 * u64::from(round));
        if round == REKEYS {
            card.driver().write(0, &regs::SaOut::default()).expect("the card obeys");
        } else {
            let sa = tables.sas_out.get_mut(&0).expect("installed");
            (sa.key, sa.gen) = (key(0xc0 | round), 2 + round);
            keys.push(sa.key.clone());
            let action =
                Action::Protect { link: link(0), sa: 0, gen: 2 + round, transport: false, tfc_len: 0 };
            tables.adjacencies.insert(10, Adjacency { mtu: 9000, action });
            // The other SAs stay; the driver writes them anew, so their state is not looked at here.
            program(card.driver(), &tables).expect("the card takes the new key");
        }
        assert!(pending(&card) > 0, "the change met no traffic");
        let newest = keys.len() - 1;
        for (port, frame) in frames(&mut card) {
            let d = dissect(&frame).expect("a frame");
            let (spi, seq) = d.esp().expect("ESP, never in clear");
            assert_eq!((port, spi), (0, 0x2000));
            let esp = d.ip.expect("IPv4").payload;
            let opened =
                (newest.saturating_sub(1)..=newest).find_map(|n| Some((n, keys[n].open(&esp, seq.into())?)));
            let (n, inside) = opened.expect("sealed under the old key or the new one");
            assert!(used.entry(n).or_default().insert(seq.into()), "number {seq} twice under one key");
            let ip = entered.remove(&number(&inside.plaintext)).expect("a packet that entered, once");
            assert_eq!(inside.plaintext[20..ip.len()], ip[20..]);
        }
    }
    for (n, numbers) in &used {
        assert_eq!(*numbers, (1..=numbers.len() as u64).collect(), "gaps under key {n}");
    }
    assert!(used.len() > usize::from(REKEYS) / 2, "{} keys were used", used.len());
    let (drops, counters) = dropped(&mut card);
    only(&counters, &[DropReason::SaOutInvalid]);
    assert_eq!(drops, entered.len() as u64);
    assert!(drops > 0, "no packet met a key that was gone");
    card.sim().push_frame(1, &labelled(0, &numbered(&mut random, 0)));
    assert!(frames(&mut card).is_empty(), "a deleted SA sends");
}

/// Inbound SA 0 gets one key after the other, and is deleted at the end, under packets from both ports.
fn inbound_replaced(pipes: usize) {
    let mut random = Random::seed_from_u64(23);
    let mut card = start(pipes);
    let mut tables = tables();
    let (mut passed, mut offered) = (0u64, 0u64);
    for round in 0..=REKEYS {
        let present = tables.sas_in[&0].key.clone();
        let mut entered = BTreeMap::new();
        for seq in 0..BURST as u64 {
            for port in 0..2 {
                let ip = numbered(&mut random, offered as u32);
                // The two ports are never further apart than the window.
                card.sim().push_frame(port, &sealed(&present, 0, 1 + 2 * seq + port as u64, &ip));
                entered.insert(offered as u32, ip);
                offered += 1;
            }
        }
        card.sim().run(200 + 150 * u64::from(round));
        if round == REKEYS {
            let gen = card.driver().read::<regs::SaIn>(0).expect("the card answers").gen.wrapping_add(1);
            card.driver().write(0, &regs::SaIn { gen, ..Default::default() }).expect("the card obeys");
        } else {
            tables.sas_in.get_mut(&0).expect("installed").key = key(0xe0 | round);
            program(card.driver(), &tables).expect("the card takes the new key");
        }
        assert!(pending(&card) > 0, "the change met no traffic");
        for (port, frame) in frames(&mut card) {
            assert_eq!(port, 1);
            let ip = entered.remove(&number(&frame[14..])).expect("a packet of this round, once");
            assert_eq!(frame[34..14 + ip.len()], ip[20..]);
            passed += 1;
        }
    }
    let (drops, counters) = dropped(&mut card);
    let reasons = [
        DropReason::SaChanged,
        DropReason::IcvMismatch,
        DropReason::SelectorMismatch,
        DropReason::SaNotFound,
    ];
    only(&counters, &reasons);
    assert_eq!(passed + drops, offered);
    assert!(passed > BURST as u64 && drops > BURST as u64, "{passed} passed, {drops} dropped");
    card.sim().push_frame(0, &sealed(&tables.sas_in[&0].key, 0, 9000, &numbered(&mut random, 0)));
    assert!(frames(&mut card).is_empty(), "a deleted SA receives");
}

#[test]
fn keys_of_others_written_under_load_one_pipeline() {
    others_under_load(1);
}

#[test]
fn keys_of_others_written_under_load_two_pipelines() {
    others_under_load(2);
}

#[test]
fn an_outbound_sa_replaced_and_deleted_under_load_one_pipeline() {
    outbound_replaced(1);
}

#[test]
fn an_outbound_sa_replaced_and_deleted_under_load_two_pipelines() {
    outbound_replaced(2);
}

#[test]
fn an_inbound_sa_replaced_and_deleted_under_load_one_pipeline() {
    inbound_replaced(1);
}

#[test]
fn an_inbound_sa_replaced_and_deleted_under_load_two_pipelines() {
    inbound_replaced(2);
}
