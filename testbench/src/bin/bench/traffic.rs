// SPDX-License-Identifier: Apache-2.0
//! Tables and frames for measurements: ESP on port 0, MPLS or plain IP on port 1.

use headend_testbench::harness::{program, SimulatedCard};
use headend_testbench::model::{
    Action, Adjacency, Interface, LabelAction, Link, Prefix, Route, SaIn, SaOut, Tables,
};
use headend_testbench::packet::{
    ethernet, mac, mpls_frame, EspKey, EspPayload, Ipv4, LabelEntry, ETHERTYPE_IPV4, PROTO_ESP, PROTO_UDP,
};
use std::error::Error;

const GATEWAY: u32 = 0xc000_0201;
const OURS: u64 = 0x0200_0000_0001;
/// First incoming label; label n leads to customer n.
const FIRST_LABEL: u32 = 1000;

/// What the card does with the frames of a measurement.
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
    /// Name in the results.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Direction::Decrypt => "decrypt",
            Direction::Encrypt => "encrypt",
            Direction::Bypass => "bypass",
        }
    }

    /// Ports of entry and exit.
    pub(crate) fn ports(self) -> (usize, usize) {
        match self {
            Direction::Decrypt => (0, 1),
            Direction::Encrypt | Direction::Bypass => (1, 0),
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

/// `sas` customers, each with an SA in each direction. The inbound SAs have no anti-replay window, so that
/// frames may be sent again and again.
fn tables(sas: u16) -> Tables {
    let mut t = Tables::default();
    for port in 0..2 {
        t.interfaces.insert(port, Interface { vrf: 0, mac: mac(OURS), mpls: true });
    }
    let link = |port| Link { port, dmac: mac(0x0200_0000_0099), smac: mac(OURS) };
    for n in 0..sas {
        let vrf = 1 + n % 255;
        let inbound = SaIn { ivrf: vrf, ..SaIn::tunnel(0x1000 + u32::from(n), GATEWAY, key(n)) };
        t.sas_in.insert(n, inbound);
        t.sas_out.insert(n, SaOut::tunnel(0x2000, GATEWAY, 9u32, key(n)));
        let labels = vec![702, 498];
        let core = Action::Mpls { link: link(1), labels, ttl: None, tc: None };
        t.adjacencies.insert(2 * n, Adjacency { mtu: 9100, action: core });
        t.adjacencies.insert(
            2 * n + 1,
            Adjacency {
                mtu: 9100,
                action: Action::Protect { link: link(0), sa: n, gen: 1, transport: false, tfc_len: 0 },
            },
        );
        t.labels.insert(FIRST_LABEL + u32::from(n), LabelAction::PopAdj(2 * n + 1));
        t.routes.push(Route { vrf, prefix: Prefix { addr: 0x0a00_0000, len: 8 }, adj: 2 * n });
    }
    t.adjacencies.insert(4000, Adjacency { mtu: 9200, action: Action::Ip(link(0)) });
    t.routes.push(Route { vrf: 0, prefix: Prefix { addr: 0x0a00_0000, len: 8 }, adj: 4000 });
    t
}

/// A card with `sas` customers.
pub(crate) fn card(sas: u16) -> Result<SimulatedCard, Box<dyn Error>> {
    let mut card = SimulatedCard::new().map_err(|e| e.to_string())?;
    program(card.driver(), &tables(sas)).map_err(|e| e.to_string())?;
    Ok(card)
}

/// One frame of customer `n` with an inner packet of `size` bytes.
pub(crate) fn frame(direction: Direction, n: u16, size: usize) -> Vec<u8> {
    let inner = Ipv4::new(0x0a01_0001, 0x0a02_0002, PROTO_UDP).build(&vec![0x42; size - 20]);
    match direction {
        Direction::Decrypt => {
            let esp = key(n).seal(0x1000 + u32::from(n), 1, [0; 8], &EspPayload::new(&inner, 4));
            ethernet(mac(OURS), mac(3), ETHERTYPE_IPV4, &Ipv4::new(9, GATEWAY, PROTO_ESP).build(&esp))
        }
        Direction::Encrypt => {
            let entry = LabelEntry { label: FIRST_LABEL + u32::from(n), tc: 0, bottom: true, ttl: 64 };
            mpls_frame(mac(OURS), mac(3), &[entry], &inner)
        }
        Direction::Bypass => ethernet(mac(OURS), mac(3), ETHERTYPE_IPV4, &inner),
    }
}
