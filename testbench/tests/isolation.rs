// SPDX-License-Identifier: Apache-2.0
//! Customers that use the same addresses never meet: nothing of one ever leaves towards another.
//!
//! Every customer has the same routes to the same 10.0.0.0/8, the same addresses inside, and ESP SAs and
//! labels of its own. Each packet carries its customer's name. Whatever leaves is opened with that customer's
//! key, or read behind its label, and must carry the same name: the check does not use the model.

use headend_regs::param;
use headend_testbench::harness::{Dut, Output, SimulatedCard};
use headend_testbench::model::{
    Action, Adjacency, Interface, LabelAction, Link, Prefix, Route, SaIn, SaOut, Tables,
};
use headend_testbench::packet::{
    dissect, ethernet, mac, mpls_frame, EspKey, EspPayload, Ipv4, LabelEntry, ETHERTYPE_IPV4, PROTO_ESP,
};
use headend_testbench::traffic::{Random, Stimulus};
use rand::{RngExt, SeedableRng};
use std::collections::BTreeMap;

const CUSTOMERS: u16 = 12;
const PACKETS: usize = 600;
const GATEWAY: u32 = 0xc000_0201;
const OURS: u64 = 0x0200_0000_0001;

/// Key of a customer; `outbound` keys differ from inbound ones.
fn key(customer: u16, outbound: bool) -> EspKey {
    let mut random = Random::seed_from_u64(u64::from(customer) << 1 | u64::from(outbound));
    let bytes = if customer.is_multiple_of(2) { 16 } else { 32 };
    EspKey {
        key: (0..bytes).map(|_| random.random()).collect(),
        salt: random.random(),
        icv_len: 16,
        esn: customer.is_multiple_of(3),
    }
}

fn spi(customer: u16, outbound: bool) -> u32 {
    0x1000 * (1 + u32::from(outbound)) + u32::from(customer)
}

fn label(customer: u16, outbound: bool) -> u32 {
    500 + 100 * u32::from(outbound) + u32::from(customer)
}

/// 10.1.0.0/16 lies behind the customer's ESP tunnel, 10.2.0.0/16 behind the MPLS core, the same for all.
fn tables() -> Tables {
    let mut t = Tables::default();
    for port in 0..param::NUM_PORTS as u16 {
        t.interfaces.insert(port, Interface { vrf: 0, mac: mac(OURS), mpls: true });
    }
    for c in 0..CUSTOMERS {
        let vrf = 1 + c * 17;
        let link = |port| Link { port, dmac: mac(0x0200_0000_0100 + u64::from(c)), smac: mac(OURS) };
        t.sas_in.insert(
            c * 5,
            SaIn { window: 1024, ivrf: vrf, ..SaIn::tunnel(spi(c, false), GATEWAY, key(c, false)) },
        );
        t.sas_out
            .insert(c * 7, SaOut::tunnel(spi(c, true), GATEWAY, 0xc633_6400 + u32::from(c), key(c, true)));
        let labels = vec![702, label(c, true)];
        let core = Action::Mpls { link: link(1), labels, ttl: None, tc: None };
        t.adjacencies.insert(c * 2, Adjacency { mtu: 9000, action: core });
        let tunnel = Action::Protect { link: link(0), sa: c * 7, gen: 1, transport: false, tfc_len: 0 };
        t.adjacencies.insert(c * 2 + 1, Adjacency { mtu: 9000, action: tunnel });
        t.labels.insert(label(c, false), LabelAction::PopVrf(vrf));
        let route = |addr, adj| Route { vrf, prefix: Prefix { addr, len: 16 }, adj };
        t.routes.push(route(0x0a02_0000, c * 2));
        t.routes.push(route(0x0a01_0000, c * 2 + 1));
    }
    t
}

/// The customer's name at the end of an inner packet's payload.
fn name(customer: u16) -> Vec<u8> {
    format!("<customer {customer:04}>").into_bytes()
}

/// A packet of a customer, from the side of its tunnel or from the core. Addresses, sizes and ports are
/// drawn from the same small set for all.
fn packet(random: &mut Random, customer: u16, from_tunnel: bool, seq: u64) -> Stimulus {
    let (src, dst) = if from_tunnel { (0x0a01_0005, 0x0a02_0007) } else { (0x0a02_0007, 0x0a01_0005) };
    let mut payload = vec![0x20; [10, 64, 300, 1300][random.random_range(0..4)]];
    payload.extend(name(customer));
    let inner = Ipv4::new(src, dst, 17).build(&payload);
    let bytes = if from_tunnel {
        let esp = key(customer, false).seal(
            spi(customer, false),
            seq,
            seq.to_be_bytes(),
            &EspPayload::new(&inner, 4),
        );
        ethernet(mac(OURS), mac(3), ETHERTYPE_IPV4, &Ipv4::new(9, GATEWAY, PROTO_ESP).build(&esp))
    } else {
        let entry = LabelEntry { label: label(customer, false), tc: 0, bottom: true, ttl: 64 };
        mpls_frame(mac(OURS), mac(3), &[entry], &inner)
    };
    Stimulus::Frame { port: usize::from(!from_tunnel), bytes, bad: false }
}

/// The customer to whom a frame goes, and its inner packet as that customer would read it.
fn receiver(port: usize, bytes: &[u8]) -> (u16, Vec<u8>) {
    let d = dissect(bytes).expect("an Ethernet frame");
    let ip = d.ip.clone().expect("an IP packet");
    if port == 1 {
        let inner = d.labels.last().expect("a labelled frame").label;
        return ((inner - label(0, true)) as u16, ip.payload);
    }
    let (out_spi, seq) = d.esp().expect("an ESP packet");
    let customer = (out_spi - spi(0, true)) as u16;
    assert_eq!(ip.header.dst, 0xc633_6400 + u32::from(customer), "the outer address is of another customer");
    let payload = key(customer, true).open(&ip.payload, seq.into()).expect("the customer can open it");
    (customer, payload.plaintext)
}

#[test]
fn overlapping_customers_never_meet() {
    let mut random = Random::seed_from_u64(7);
    let mut card = SimulatedCard::new().expect("the simulated card starts");
    card.program(&tables()).expect("the tables fit");
    let mut sent: BTreeMap<(u16, usize), u64> = BTreeMap::new();
    let mut received: BTreeMap<(u16, usize), u64> = BTreeMap::new();
    let mut outputs = vec![];
    for n in 0..PACKETS {
        let customer = random.random_range(0..CUSTOMERS);
        let from_tunnel = random.random();
        let count = sent.entry((customer, usize::from(from_tunnel))).or_default();
        *count += 1;
        let seq = *count;
        card.offer(&packet(&mut random, customer, from_tunnel, seq)).expect("the card takes it");
        if n % 10 == 9 {
            outputs.extend(card.drain().expect("the card comes to rest"));
        }
    }
    for output in outputs {
        let Output::Frame { port, bytes } = output else { panic!("nothing is for the host") };
        let (customer, content) = receiver(port, &bytes);
        let want = name(customer);
        let found = content.windows(want.len()).any(|w| w == want);
        assert!(found, "a packet towards customer {customer} on port {port} does not carry its name");
        *received.entry((customer, port)).or_default() += 1;
    }
    // Everything arrived, so that the check above was not vacuous.
    assert_eq!(received, sent);
    assert!(sent.len() > usize::from(CUSTOMERS), "too few customers were tried");
}
