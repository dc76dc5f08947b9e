// SPDX-License-Identifier: Apache-2.0
//! Tables and frames for measurements: ESP on port 0, MPLS or plain IP on port 1.

use headend_regs::param;
use headend_testbench::harness::{program, SimulatedCard};
use headend_testbench::model::{
    Action, Adjacency, Interface, LabelAction, Link, Prefix, Route, SaIn, SaOut, Tables,
};
use headend_testbench::packet::{
    ethernet, mac, mpls_frame, udp, Address, EspKey, EspPayload, Ipv4, Ipv6, LabelEntry, ETHERTYPE_IPV4,
    ETHERTYPE_IPV6, PROTO_ESP, PROTO_UDP,
};
use std::cell::RefCell;
use std::error::Error;

const GATEWAY: u32 = 0xc000_0201;
const GATEWAY6: u128 = 0x2001_0db8 << 96 | 0x201;
const OURS: u64 = 0x0200_0000_0001;
/// First incoming label; label n leads to customer n.
const FIRST_LABEL: u32 = 1000;
/// UDP port of ESP in UDP.
const NATT: u16 = param::NATT_PORT as u16;

/// What the card does with the frames of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    /// ESP in on port 0, labelled out on port 1.
    Decrypt,
    /// Labelled in on port 1, ESP out on port 0.
    Encrypt,
    /// Plain IP in on port 1, out on port 0.
    Bypass,
}

impl Direction {
    /// Ports of entry and exit.
    pub(crate) fn ports(self) -> (usize, usize) {
        match self {
            Direction::Decrypt => (0, 1),
            Direction::Encrypt | Direction::Bypass => (1, 0),
        }
    }
}

/// How the SAs of a measurement carry their packets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// Tunnel mode over IPv4.
    Tunnel,
    /// Tunnel mode over IPv6.
    OverIpv6,
    /// Tunnel mode in UDP over IPv4.
    InUdp,
    /// Transport mode over IPv4.
    Transport,
}

impl Form {
    /// Name in the results.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Form::Tunnel => "tunnel",
            Form::OverIpv6 => "tunnel over IPv6",
            Form::InUdp => "tunnel in UDP",
            Form::Transport => "transport",
        }
    }

    fn gateway(self) -> Address {
        match self {
            Form::OverIpv6 => GATEWAY6.into(),
            _ => GATEWAY.into(),
        }
    }
}

fn key(n: u16) -> EspKey {
    EspKey {
        key: vec![n as u8 ^ 0x5a; 32],
        salt: n.to_be_bytes().repeat(2).try_into().expect("4"),
        icv_len: 16,
        esn: true,
    }
}

/// `sas` customers, each with an SA in each direction and the largest anti-replay window.
fn tables(sas: u16, form: Form) -> Tables {
    let mut t = Tables::default();
    for port in 0..2 {
        t.interfaces.insert(port, Interface { vrf: 0, mac: mac(OURS), mpls: true });
    }
    let link = |port| Link { port, dmac: mac(0x0200_0000_0099), smac: mac(OURS) };
    let transport = form == Form::Transport;
    for n in 0..sas {
        let vrf = 1 + n % 255;
        let inbound = SaIn::tunnel(0x1000 + u32::from(n), form.gateway(), key(n));
        let window = param::REPLAY_WINDOW_MAX as u32;
        t.sas_in.insert(n, SaIn { ivrf: vrf, window, transport, udp: form == Form::InUdp, ..inbound });
        let far = if form == Form::OverIpv6 { Address::V6(9) } else { Address::V4(9) };
        let udp = (form == Form::InUdp).then_some((NATT, NATT));
        t.sas_out.insert(n, SaOut { transport, udp, ..SaOut::tunnel(0x2000, form.gateway(), far, key(n)) });
        let labels = vec![702, 498];
        let core = Action::Mpls { link: link(1), labels, ttl: None, tc: None };
        t.adjacencies.insert(2 * n, Adjacency { mtu: 9100, action: core });
        let protect = Action::Protect { link: link(0), sa: n, gen: 1, transport, tfc_len: 0 };
        t.adjacencies.insert(2 * n + 1, Adjacency { mtu: 9100, action: protect });
        t.labels.insert(FIRST_LABEL + u32::from(n), LabelAction::PopAdj(2 * n + 1));
        if n < 255 {
            // Packets of transport mode are for the gateway itself.
            t.routes.push(Route { vrf, prefix: Prefix { addr: 0x0a00_0000, len: 8 }, adj: 2 * n });
            t.routes.push(Route { vrf, prefix: Prefix { addr: GATEWAY, len: 32 }, adj: 2 * n });
        }
    }
    t.adjacencies.insert(4000, Adjacency { mtu: 9200, action: Action::Ip(link(0)) });
    t.routes.push(Route { vrf: 0, prefix: Prefix { addr: 0x0a00_0000, len: 8 }, adj: 4000 });
    t
}

/// A card and the peers of its SAs.
pub(crate) struct Lab {
    /// The card.
    pub(crate) card: SimulatedCard,
    /// How its SAs carry their packets.
    pub(crate) form: Form,
    /// Customers, each with an SA in each direction.
    pub(crate) sas: u16,
    /// Sequence numbers that the peers have used.
    seqs: RefCell<Vec<u64>>,
}

impl Lab {
    /// A card of `pipes` pipelines with `sas` customers.
    pub(crate) fn new(pipes: usize, sas: u16, form: Form) -> Result<Lab, Box<dyn Error>> {
        let mut card = SimulatedCard::with_pipes(pipes).map_err(|e| e.to_string())?;
        program(card.driver(), &tables(sas, form)).map_err(|e| e.to_string())?;
        Ok(Lab { card, form, sas, seqs: RefCell::new(vec![0; sas.into()]) })
    }

    /// A frame of customer `n` with an inner packet of `size` bytes, never one that was sent before.
    pub(crate) fn frame(&self, direction: Direction, n: u16, size: usize) -> Vec<u8> {
        let seq = &mut self.seqs.borrow_mut()[usize::from(n)];
        *seq += 1;
        frame(direction, self.form, n, *seq, size)
    }
}

/// One frame of customer `n` with an inner packet of `size` bytes.
fn frame(direction: Direction, form: Form, n: u16, seq: u64, size: usize) -> Vec<u8> {
    let inner = Ipv4::new(0x0a01_0001, 0x0a02_0002, PROTO_UDP).build(&vec![0x42; size - 20]);
    match direction {
        Direction::Decrypt => {
            let payload = match form {
                Form::Transport => EspPayload::new(&inner[20..], PROTO_UDP),
                _ => EspPayload::new(&inner, 4),
            };
            let esp = key(n).seal(0x1000 + u32::from(n), seq, seq.to_be_bytes(), &payload);
            let (ethertype, outer) = match form {
                Form::OverIpv6 => (ETHERTYPE_IPV6, Ipv6::new(9, GATEWAY6, PROTO_ESP).build(&esp)),
                Form::InUdp => {
                    let datagram = udp(9, GATEWAY, NATT, NATT, &esp);
                    (ETHERTYPE_IPV4, Ipv4::new(9, GATEWAY, PROTO_UDP).build(&datagram))
                }
                _ => (ETHERTYPE_IPV4, Ipv4::new(9, GATEWAY, PROTO_ESP).build(&esp)),
            };
            ethernet(mac(OURS), mac(3), ethertype, &outer)
        }
        Direction::Encrypt => {
            let entry = LabelEntry { label: FIRST_LABEL + u32::from(n), tc: 0, bottom: true, ttl: 64 };
            mpls_frame(mac(OURS), mac(3), &[entry], &inner)
        }
        Direction::Bypass => ethernet(mac(OURS), mac(3), ETHERTYPE_IPV4, &inner),
    }
}
