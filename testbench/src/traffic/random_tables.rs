// SPDX-License-Identifier: Apache-2.0
//! Random tables: interfaces, SAs, adjacencies, routes and labels that refer to each other.

use super::Random;
use crate::model::{
    Action, Adjacency, Interface, LabelAction, Limits, Link, Prefix, Route, SaIn, SaOut, Selector, Tables,
};
use crate::packet::{mac, Address, EspKey, Mac};
use headend_regs::param;
use rand::RngExt;
use std::collections::BTreeSet;

/// What traffic from one side may refer to. With both ports running at once each port has a group of
/// its own; else there is one group for all.
#[derive(Clone, Debug, Default)]
pub struct Group {
    /// VRF of the interfaces.
    pub front_vrf: u16,
    /// VRFs behind inbound SAs and labels.
    pub inner_vrfs: Vec<u16>,
    /// Our outer IPv4 addresses.
    pub gateways: Vec<u32>,
    /// Our outer IPv6 addresses.
    pub gateways6: Vec<u128>,
    /// Inbound SAs.
    pub sas_in: Vec<u16>,
    /// Outbound SAs.
    pub sas_out: Vec<u16>,
    /// Adjacencies.
    pub adjacencies: Vec<u16>,
    /// Incoming labels.
    pub labels: Vec<u32>,
}

/// Largest IP packet that fits a frame whatever ESP adds: 14 + 40 + 8 + 16 bytes before it, up to 3 of padding,
/// trailer and ICV behind.
const MAX_INNER: u16 = (param::MAX_FRAME_BYTES - 14 - 40 - 8 - 16 - 3 - 2 - 16) as u16;

/// Draws indices that were not used before.
struct Fresh(BTreeSet<u64>);

impl Fresh {
    fn draw(&mut self, random: &mut Random, below: u64) -> u64 {
        loop {
            let n = random.random_range(0..below);
            if self.0.insert(n) {
                return n;
            }
        }
    }
}

/// Tables of one seed. With `split` there are two groups, one per port, that share nothing.
pub fn random_tables(random: &mut Random, split: bool) -> (Tables, Vec<Group>) {
    let mut t = Tables::default();
    let mut fresh: [Fresh; 6] = std::array::from_fn(|_| Fresh(BTreeSet::new()));
    let [vrfs, ins, outs, adjs, labels, spis] = &mut fresh;
    let groups = (0..if split { 2 } else { 1 }).map(|n| {
        let mut g =
            Group { front_vrf: vrfs.draw(random, param::VRF_DEPTH as u64) as u16, ..Group::default() };
        g.inner_vrfs = (0..random.random_range(1..5))
            .map(|_| vrfs.draw(random, param::VRF_DEPTH as u64) as u16)
            .collect();
        g.gateways =
            (0..random.random_range(1..3)).map(|_| 0xc000_0200 | random.random_range(1..250)).collect();
        // Now and then the same number in both families: only the family tells them apart.
        g.gateways6 =
            vec![if random.random_ratio(1, 3) { g.gateways[0].into() } else { random_ipv6(random) }];
        for _ in 0..random.random_range(2..8) {
            let index = outs.draw(random, param::SA_DEPTH as u64 - 1) as u16;
            t.sas_out.insert(index, random_sa_out(random, &g));
            g.sas_out.push(index);
        }
        for _ in 0..random.random_range(2..8) {
            let index = ins.draw(random, param::SA_DEPTH as u64) as u16;
            let sa = random_sa_in(random, &g, spis);
            t.sas_in.insert(index, sa);
            g.sas_in.push(index);
        }
        family_twin(random, &mut t, &mut g, ins);
        random_adjacencies(random, &mut t, &mut g, adjs);
        random_labels(random, &mut t, &mut g, labels);
        random_routes(random, &mut t, &g);
        let ports = if split { n..n + 1 } else { 0..2 };
        for port in ports {
            let interface =
                Interface { vrf: g.front_vrf, mac: random_mac(random), mpls: random.random_ratio(9, 10) };
            t.interfaces.insert(port as u16, interface);
        }
        g
    });
    let mut groups: Vec<Group> = groups.collect();
    if !split {
        second_front_vrf(random, &mut t, &mut groups[0]);
        if random.random_ratio(1, 20) {
            t.interfaces.remove(&random.random_range(0..2));
        }
    }
    (t, groups)
}

/// Puts port 1 in a front VRF of its own half of the time, with the same SPI and destination as one of
/// port 0's SAs: only the FVRF tells them apart.
fn second_front_vrf(random: &mut Random, t: &mut Tables, g: &mut Group) {
    if random.random() {
        return;
    }
    let vrf = pick(random, &g.inner_vrfs);
    t.interfaces.get_mut(&1).expect("both interfaces exist").vrf = vrf;
    let twin_of = t.sas_in[&pick(random, &g.sas_in)].clone();
    let Some(index) = (0..param::SA_DEPTH as u16).find(|i| !t.sas_in.contains_key(i)) else { return };
    t.sas_in.insert(index, SaIn { fvrf: vrf, key: random_key(random), ..twin_of });
    g.sas_in.push(index);
}

/// Half of the time an IPv4 SA gets a twin with the same SPI and destination number, but IPv6.
fn family_twin(random: &mut Random, t: &mut Tables, g: &mut Group, ins: &mut Fresh) {
    let twin_of = t.sas_in[&pick(random, &g.sas_in)].clone();
    if let (Address::V4(dst), true) = (twin_of.dst, random.random()) {
        let index = ins.draw(random, param::SA_DEPTH as u64) as u16;
        let dst = Address::V6(dst.into());
        t.sas_in.insert(index, SaIn { dst, udp: false, key: random_key(random), ..twin_of });
        g.sas_in.push(index);
    }
}

/// The port on which an outbound SA's packets leave. One port per SA: sequence numbers are given out
/// behind the queues of the ports, so with two of them their order would be a matter of timing.
fn sa_port(sa: u16) -> usize {
    usize::from(sa) % param::NUM_PORTS
}

/// A random element.
pub(super) fn pick<T: Copy>(random: &mut Random, from: &[T]) -> T {
    from[random.random_range(0..from.len())]
}

/// A random unicast MAC address.
pub(super) fn random_mac(random: &mut Random) -> Mac {
    mac(random.random::<u64>() & 0xfeff_ffff_ffff)
}

fn random_key(random: &mut Random) -> EspKey {
    let bytes = if random.random() { 16 } else { 32 };
    EspKey {
        key: (0..bytes).map(|_| random.random()).collect(),
        salt: random.random(),
        icv_len: if random.random_ratio(3, 4) { 16 } else { pick(random, &[8, 12]) },
        esn: random.random(),
    }
}

/// An address of 2001:db8::/32.
fn random_ipv6(random: &mut Random) -> u128 {
    0x2001_0db8 << 96 | random.random::<u128>() >> 32
}

/// Limits that a scenario can reach; most SAs have none.
fn random_limits(random: &mut Random, used: u64) -> Limits {
    if random.random_ratio(2, 3) {
        return Limits::default();
    }
    let mut draw = |n: std::ops::Range<u64>| random.random_ratio(1, 2).then(|| random.random_range(n));
    Limits {
        soft_packets: draw(1..20),
        hard_packets: draw(1..80),
        soft_bytes: draw(1..9000),
        hard_bytes: draw(1..40_000),
        soft_seq: draw(0..30).map(|n| used.saturating_add(n).saturating_sub(3).max(1)),
    }
}

fn random_sa_out(random: &mut Random, g: &Group) -> SaOut {
    let key = random_key(random);
    let last = if key.esn { u64::MAX } else { u32::MAX.into() };
    // A new key, one that was in use before, or one that is nearly used up.
    let used = match random.random_range(0..10) {
        0 => last - random.random_range(0..12),
        1..4 => random.random_range(0..=last),
        _ => 0,
    };
    let transport = random.random_ratio(1, 4);
    let (src, dst) = match random.random_range(0..3) {
        0 if !transport => (Address::V6(pick(random, &g.gateways6)), Address::V6(random_ipv6(random))),
        _ => (pick(random, &g.gateways).into(), Address::V4(random.random_range(0x0100_0000..0xdfff_ffff))),
    };
    // UDP is for IPv4 only; now and then a record says otherwise.
    let udp = random.random_ratio(1, if dst.is_v6() { 15 } else { 3 });
    SaOut {
        gen: random.random(),
        used,
        spi: random.random_range(256..=u32::MAX),
        src,
        dst,
        transport,
        udp: udp.then(|| (param::NATT_PORT as u16, if random.random() { 4500 } else { random.random() })),
        no_ecn: random.random_ratio(1, 3),
        limits: random_limits(random, used),
        key,
        dscp: random.random::<bool>().then(|| random.random_range(0..64)),
        df: random.random(),
        copy_df: random.random(),
        ttl: random.random_range(1..=255),
    }
}

fn random_sa_in(random: &mut Random, g: &Group, spis: &mut Fresh) -> SaIn {
    let window = match random.random_range(0..10) {
        0 => 0,
        1 => 1,
        2..4 => 64,
        4..6 => param::REPLAY_WINDOW_MAX as u32,
        _ => random.random_range(2..=param::REPLAY_WINDOW_MAX as u32),
    };
    let transport = random.random_ratio(1, 4);
    let gateway = pick(random, &g.gateways);
    let dst = match random.random_range(0..4) {
        0 => Address::V6(pick(random, &g.gateways6)),
        _ => Address::V4(gateway),
    };
    let selector = random.random_ratio(1, 3).then(|| Selector {
        src: random_prefix(random, if transport { &[0, 1] } else { &[0, 1, 8, 12, 24] }),
        // In transport mode the packets are for the gateway itself.
        dst: match transport {
            true => Prefix { addr: gateway, len: pick(random, &[0, 24, 32]) },
            false => random_prefix(random, &[0, 2, 8, 9]),
        },
        proto: random.random_ratio(1, 4).then(|| pick(random, &[1, 17])),
    });
    SaIn {
        fvrf: g.front_vrf,
        spi: spis.draw(random, 1 << 32).max(1) as u32,
        dst,
        transport,
        udp: !dst.is_v6() && random.random_ratio(1, 3),
        no_ecn: random.random_ratio(1, 3),
        limits: random_limits(random, 0),
        key: random_key(random),
        window,
        ivrf: pick(random, &g.inner_vrfs),
        selector,
    }
}

/// A prefix of one of the given lengths; every VRF uses the same overlapping 10.0.0.0/8.
fn random_prefix(random: &mut Random, lengths: &[u8]) -> Prefix {
    let len = pick(random, lengths);
    let mask = u32::MAX.checked_shl(32 - u32::from(len)).unwrap_or(0);
    let addr = 0x0a00_0000 | random.random::<u32>() & 0x00ff_ffff;
    Prefix { addr: addr & mask, len }
}

fn random_adjacencies(random: &mut Random, t: &mut Tables, g: &mut Group, adjs: &mut Fresh) {
    let count = random.random_range(6..20);
    for n in 0..count {
        let link =
            Link { port: random.random_range(0..2), dmac: random_mac(random), smac: random_mac(random) };
        let action = match if n < 5 { n } else { random.random_range(0..12) } {
            0 => Action::Host,
            1 | 5 | 6 => Action::Ip(link),
            2 | 7 | 8 => random_push(random, link),
            3 | 9 | 10 => {
                // Now and then an SA that is not installed.
                let sa = if random.random_ratio(1, 15) { 1023 } else { pick(random, &g.sas_out) };
                // Now and then one that was replaced by another.
                let present = t.sas_out.get(&sa).map_or(0, |sa| sa.gen);
                let gen = if random.random_ratio(1, 15) { present ^ 1 } else { present };
                // Now and then the wrong mode.
                let mode = t.sas_out.get(&sa).is_some_and(|sa| sa.transport);
                let transport = mode ^ random.random_ratio(1, 15);
                let tfc_len = match random.random_range(0..6) {
                    0 => random.random_range(20..400),
                    1 => pick(random, &[64, 576, 1400, 9100, 9117, 9118, u16::MAX]),
                    _ => 0,
                };
                Action::Protect { link: Link { port: sa_port(sa), ..link }, sa, gen, transport, tfc_len }
            }
            4 if random.random_ratio(1, 3) => Action::Drop,
            _ => Action::Host,
        };
        let mtu = match random.random_range(0..8) {
            0 | 1 => random.random_range(68..1500),
            // More than labels and ESP leave room for.
            2 | 3 => random.random_range(MAX_INNER..=u16::MAX),
            _ => MAX_INNER,
        };
        let index = adjs.draw(random, param::ADJ_DEPTH as u64 - 1) as u16;
        t.adjacencies.insert(index, Adjacency { mtu, action });
        g.adjacencies.push(index);
    }
}

fn random_push(random: &mut Random, link: Link) -> Action {
    let labels =
        (0..random.random_range(1..=param::MAX_PUSH_LABELS)).map(|_| random.random_range(16..1 << 20));
    Action::Mpls {
        labels: labels.collect(),
        link,
        ttl: random.random::<bool>().then(|| random.random_range(1..=255)),
        tc: random.random::<bool>().then(|| random.random_range(0..8)),
    }
}

fn random_labels(random: &mut Random, t: &mut Tables, g: &mut Group, labels: &mut Fresh) {
    // Swapping needs an adjacency that has labels.
    let swaps: Vec<u16> = (g.adjacencies.iter().copied())
        .filter(|a| matches!(t.adjacencies[a].action, Action::Mpls { .. } | Action::Drop | Action::Host))
        .collect();
    for n in 0..random.random_range(4..16) {
        let label = 16 + labels.draw(random, param::LABEL_DEPTH as u64 - 16) as u32;
        let action = match if n < 3 { n } else { random.random_range(0..6) } {
            1 => LabelAction::PopAdj(pick(random, &g.adjacencies)),
            2 => LabelAction::Swap(pick(random, &swaps)),
            _ => LabelAction::PopVrf(pick(random, &g.inner_vrfs)),
        };
        t.labels.insert(label, action);
        g.labels.push(label);
    }
}

fn random_routes(random: &mut Random, t: &mut Tables, g: &Group) {
    for gateway in &g.gateways {
        let host = g.adjacencies[0];
        add_route(t, g.front_vrf, Prefix { addr: *gateway, len: 32 }, host);
    }
    // What comes out of transport mode is for a gateway in the SA's inner VRF.
    let transport: Vec<SaIn> =
        g.sas_in.iter().map(|index| t.sas_in[index].clone()).filter(|sa| sa.transport).collect();
    for sa in transport {
        if let Address::V4(addr) = sa.dst {
            add_route(t, sa.ivrf, Prefix { addr, len: 32 }, pick(random, &g.adjacencies));
        }
    }
    let vrfs: Vec<u16> = g.inner_vrfs.iter().copied().chain([g.front_vrf]).collect();
    for vrf in vrfs {
        for _ in 0..random.random_range(4..24) {
            let lengths: Vec<u8> = (0..=32).chain([8, 9, 16, 24, 32]).collect();
            let prefix = random_prefix(random, &lengths);
            // Now and then an adjacency that is not installed.
            let adj = if random.random_ratio(1, 40) { 4095 } else { pick(random, &g.adjacencies) };
            add_route(t, vrf, prefix, adj);
        }
    }
}

fn add_route(t: &mut Tables, vrf: u16, prefix: Prefix, adj: u16) {
    if !t.routes.iter().any(|r| r.vrf == vrf && r.prefix == prefix) {
        t.routes.push(Route { vrf, prefix, adj });
    }
}
