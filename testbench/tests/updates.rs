// SPDX-License-Identifier: Apache-2.0
//! Tables that change under traffic, by the driver's own incremental updates: who is not concerned notices
//! nothing, and afterwards every lookup is right.

use headend_driver::tables::hash::SaKey;
use headend_driver::tables::{Cuckoo, Fib, Prefix as DriverPrefix};
use headend_regs::DropReason;
use headend_testbench::harness::{program, Dut, Output, SimulatedCard};
use headend_testbench::model::{
    Action, Adjacency, Interface, Link, Model, Prefix, Route, SaIn, Tables, Verdict,
};
use headend_testbench::packet::{
    ethernet, mac, EspKey, EspPayload, Ipv4, ETHERTYPE_IPV4, PROTO_ESP, PROTO_UDP,
};
use headend_testbench::traffic::{Random, Stimulus};
use rand::{RngExt, SeedableRng};

const OURS: u64 = 0x0200_0000_0001;
const GATEWAY: u32 = 0xc000_0201;
/// Bytes per cycle on port 0 while tables change: slow, so that packets come all the time.
const TRICKLE: u32 = 1;
/// Packets of a round.
const PROBES: usize = 200;

/// Two ports in VRF 0; adjacency 1 sends on port 0, adjacency 2 on port 1.
fn base() -> Tables {
    let mut t = Tables::default();
    for port in 0..2 {
        t.interfaces.insert(port, Interface { vrf: 0, mac: mac(OURS), mpls: false });
        let link = Link { port: port.into(), dmac: mac(0x0200_0000_0030 + u64::from(port)), smac: mac(OURS) };
        t.adjacencies.insert(port + 1, Adjacency { mtu: 9000, action: Action::Ip(link) });
    }
    t
}

fn start(tables: &Tables) -> SimulatedCard {
    let mut card = SimulatedCard::new().expect("the simulated card starts");
    program(card.driver(), tables).expect("the tables fit");
    card.sim().set_port_rate(0, TRICKLE);
    card
}

fn plain(dst: u32) -> Vec<u8> {
    ethernet(mac(OURS), mac(3), ETHERTYPE_IPV4, &Ipv4::new(1, dst, PROTO_UDP).build(&[7; 40]))
}

/// What came out must be what the model says about these frames, in order per port.
fn check(model: &mut Model, frames: &[Vec<u8>], outputs: Vec<Output>) {
    let mut due: [Vec<Vec<u8>>; 2] = [vec![], vec![]];
    for frame in frames {
        match model.receive(0, frame, false) {
            Verdict::Sent { port, frame } => due[port].push(frame),
            Verdict::Dropped(DropReason::NoRoute) => {}
            other => panic!("{other:?}"),
        }
    }
    let mut got: [Vec<Vec<u8>>; 2] = [vec![], vec![]];
    for output in outputs {
        let Output::Frame { port, bytes } = output else { panic!("{output:?}") };
        got[port].push(bytes);
    }
    assert_eq!(got, due);
}

/// A random prefix in 10.0.0.0/7 that does not hold the probes' 10.200.0.0/16.
fn random_prefix(random: &mut Random) -> Prefix {
    loop {
        let len = random.random_range(9..=32);
        let addr = 0x0a00_0000 | random.random::<u32>() & 0x01ff_ffff;
        let prefix = Prefix { addr: addr & u32::MAX << (32 - len), len: len as u8 };
        let covers =
            prefix.contains(0x0ac8_0000) || Prefix { addr: 0x0ac8_0000, len: 16 }.contains(prefix.addr);
        if !covers {
            return prefix;
        }
    }
}

#[test]
fn routes_change_without_disturbing_their_neighbours() {
    let mut random = Random::seed_from_u64(3);
    let mut tables = base();
    let mut card = start(&tables);
    let mut fib = Fib::new();
    let put =
        |fib: &mut Fib, p: Prefix, adj| fib.insert(0, DriverPrefix::truncated(p.addr.into(), p.len), adj);
    let probe_route = Route { vrf: 0, prefix: Prefix { addr: 0x0a00_0000, len: 8 }, adj: 2 };
    tables.routes.push(probe_route);
    put(&mut fib, probe_route.prefix, 2);
    card.driver().run(&fib.sync().expect("room")).expect("the card obeys");
    for _ in 0..12 {
        // The probes' best route is the /8 before, during and after the change.
        let probes: Vec<_> =
            (0..PROBES).map(|_| plain(0x0ac8_0000 | random.random_range(0..1 << 16))).collect();
        for frame in &probes {
            card.offer(&Stimulus::Frame { port: 0, bytes: frame.clone(), bad: false }).expect("it enters");
        }
        for change in 0..random.random_range(1..8) {
            if tables.routes.len() > 40 || tables.routes.len() > 1 && random.random_ratio(1, 3) {
                let gone = tables.routes.remove(random.random_range(1..tables.routes.len()));
                fib.remove(0, DriverPrefix::truncated(gone.prefix.addr.into(), gone.prefix.len));
            } else {
                let route =
                    Route { vrf: 0, prefix: random_prefix(&mut random), adj: random.random_range(1..3) };
                tables.routes.retain(|r| r.prefix != route.prefix);
                put(&mut fib, route.prefix, route.adj);
                tables.routes.push(route);
            }
            card.driver().run(&fib.sync().expect("room")).expect("the card obeys");
            assert!(change > 0 || card.sim().pending_frames(0) > 0, "the probes were gone before the change");
        }
        let outputs = card.drain().expect("the card comes to rest");
        check(&mut Model::new(tables.clone()), &probes, outputs);
        // And every other lookup is right when the change is done.
        let addresses = (0..PROBES).map(|_| match random.random_range(0..4) {
            0 => 0x0a00_0000 | random.random::<u32>() & 0x01ff_ffff,
            _ => {
                let p = tables.routes[random.random_range(0..tables.routes.len())].prefix;
                p.addr | random.random::<u32>() & u32::MAX.checked_shr(p.len.into()).unwrap_or(0)
            }
        });
        let frames: Vec<_> = addresses.map(plain).collect();
        for frame in &frames {
            card.offer(&Stimulus::Frame { port: 0, bytes: frame.clone(), bad: false }).expect("it enters");
        }
        let outputs = card.drain().expect("the card comes to rest");
        check(&mut Model::new(tables.clone()), &frames, outputs);
    }
    assert_eq!(card.counters().expect("counters").unaccounted(), 0);
}

#[test]
fn sas_come_and_go_while_another_carries_traffic() {
    let mut random = Random::seed_from_u64(4);
    let mut tables = base();
    tables.routes.push(Route { vrf: 0, prefix: Prefix { addr: 0x0a00_0000, len: 8 }, adj: 2 });
    let key = EspKey { key: vec![9; 32], salt: [1, 2, 3, 4], icv_len: 16, esn: true };
    let sa = SaIn { window: 64, ..SaIn::tunnel(0x77, GATEWAY, key.clone()) };
    tables.sas_in.insert(0, sa);
    let mut card = start(&tables);
    let mut model = Model::new(tables);
    // The driver's picture of the hash, as `program` left it on the card.
    let mut hash = Cuckoo::new();
    hash.insert(SaKey::esp4(0, 0x77, GATEWAY.into()), 0).expect("room");
    let mut others: Vec<SaKey> = vec![];
    let mut seq = 0u64;
    for _ in 0..12 {
        let frames: Vec<Vec<u8>> = (0..PROBES)
            .map(|_| {
                seq += 1;
                let inner = Ipv4::new(1, 0x0a01_0101, PROTO_UDP).build(&[5; 30]);
                let esp = key.seal(0x77, seq, seq.to_be_bytes(), &EspPayload::new(&inner, 4));
                ethernet(mac(OURS), mac(3), ETHERTYPE_IPV4, &Ipv4::new(8, GATEWAY, PROTO_ESP).build(&esp))
            })
            .collect();
        for frame in &frames {
            card.offer(&Stimulus::Frame { port: 0, bytes: frame.clone(), bad: false }).expect("it enters");
        }
        for _ in 0..160 {
            let commands = if others.len() > 1500 || !others.is_empty() && random.random_ratio(1, 5) {
                hash.remove(&others.swap_remove(random.random_range(0..others.len())))
            } else {
                let key =
                    SaKey::esp4(random.random_range(0..4), random.random(), random.random::<u32>().into());
                others.push(key);
                // All of them lead to a record that is not valid; only the places in the hash matter here.
                hash.insert(key, 1).expect("room for 1,500 in 2,048 places")
            };
            card.driver().run(&commands).expect("the card obeys");
        }
        let outputs = card.drain().expect("the card comes to rest");
        check(&mut model, &frames, outputs);
    }
    let state = card.sa_in(0).expect("the SA's state");
    assert_eq!((state.packets, state.seq_top), (seq, seq));
    assert!(others.len() > 1000, "too few SAs to crowd the hash");
}
