// SPDX-License-Identifier: Apache-2.0
//! Outbound ESP (RFC 4303 3.3, RFC 4106, outer header per RFC 4301 5.1.2.1, UDP per RFC 3948).

use super::headers::Ip;
use super::{drop, limits, sent, Link, Model, SaOut, Step, Verdict};
use crate::packet::{
    ethernet, Address, EspPayload, Ipv4, Ipv6, ETHERTYPE_IPV4, ETHERTYPE_IPV6, PROTO_ESP, PROTO_UDP,
};
use headend_regs::DropReason;

/// Next header of IPv4 in tunnel mode.
const NEXT_IPV4: u8 = 4;

/// The most that ESP adds to an IP packet on the way to a frame, whatever the SA does: Ethernet, IPv6, UDP, ESP header
/// and IV, three bytes of padding and the trailer, ICV.
pub(super) const MAX_GROWTH: usize = 14 + 40 + 8 + 16 + 5 + 16;

/// What an adjacency says about encryption.
pub(super) struct Protection {
    pub(super) sa: u16,
    pub(super) gen: u8,
    pub(super) transport: bool,
    pub(super) tfc_len: u16,
}

impl Model {
    /// Encrypts `packet` (an IPv4 packet of header `ip`, TTL already decremented) and sends it.
    pub(super) fn encap(&mut self, how: &Protection, link: &Link, ip: &Ip, packet: &[u8]) -> Step<Verdict> {
        let index = how.sa;
        let sa = self.tables.sas_out.get(&index).filter(|sa| {
            sa.gen == how.gen && sa.transport == how.transport && !(sa.udp.is_some() && sa.dst.is_v6())
        });
        let Some(sa) = sa else { return drop(DropReason::SaOutInvalid) };
        let state = self.sa_out.get_mut(&index).expect("installed SAs have state");
        if sa.limits.ended(state.packets, state.bytes) {
            self.events.extend(limits::outbound(index, sa, state));
            return drop(DropReason::SaOutExpired);
        }
        // The counter must not cycle (RFC 4303 3.3.3): a nonce is never used twice.
        if state.seq >= sa.last_seq() {
            self.events.extend(limits::outbound(index, sa, state));
            return drop(DropReason::SeqExhausted);
        }
        let (mut payload, next_header) = match how.transport {
            true => (packet[ip.header_len..].to_vec(), ip.proto),
            false => (packet.to_vec(), NEXT_IPV4),
        };
        state.seq += 1;
        state.packets += 1;
        state.bytes += payload.len() as u64;
        self.events.extend(limits::outbound(index, sa, state));
        if !how.transport && payload.len() < how.tfc_len.into() {
            payload.resize(how.tfc_len.into(), 0);
        }
        // The IV only has to be unique per key (RFC 4106 3.1): it is the sequence number.
        let iv = state.seq.to_be_bytes();
        let mut esp = sa.key.seal(sa.spi, state.seq, iv, &EspPayload::new(&payload, next_header));
        let mut proto = PROTO_ESP;
        if let Some(ports) = sa.udp {
            (esp, proto) = (in_udp(ports, &esp), PROTO_UDP);
        }
        // A tunnel without DF takes the next number; an atomic datagram needs none (RFC 6864 4.1).
        let df = sa.df || sa.copy_df && ip.df;
        self.chose_id = !how.transport && !df && !sa.dst.is_v6();
        let (ethertype, outer) = match (how.transport, sa.src, sa.dst) {
            (true, ..) => (ETHERTYPE_IPV4, transport_header(ip, proto).build(&esp)),
            (false, Address::V6(src), Address::V6(dst)) => {
                let header = Ipv6 { hop_limit: sa.ttl, tos: outer_tos(sa, ip), ..Ipv6::new(src, dst, proto) };
                (ETHERTYPE_IPV6, header.build(&esp))
            }
            (false, Address::V4(src), Address::V4(dst)) => {
                let header = Ipv4 { ttl: sa.ttl, tos: outer_tos(sa, ip), df, ..Ipv4::new(src, dst, proto) };
                (ETHERTYPE_IPV4, header.build(&esp))
            }
            _ => unreachable!("both outer addresses are of one family"),
        };
        Ok(sent(link.port, ethernet(link.dmac, link.smac, ethertype, &outer)))
    }
}

/// DSCP as configured, ECN copied in normal mode and zero in compatibility mode (RFC 6040 4.1).
fn outer_tos(sa: &SaOut, ip: &Ip) -> u8 {
    let ecn = if sa.no_ecn { 0 } else { ip.tos & 3 };
    sa.dscp.unwrap_or(ip.tos >> 2) << 2 | ecn
}

/// The IP header of a packet in transport mode: its own, TTL decremented, with another protocol behind it.
fn transport_header(ip: &Ip, proto: u8) -> Ipv4 {
    Ipv4 { ttl: ip.ttl - 1, tos: ip.tos, id: ip.id, df: ip.df, ..Ipv4::new(ip.src, ip.dst, proto) }
}

/// ESP in UDP with checksum 0 (RFC 3948 2.1).
fn in_udp((sport, dport): (u16, u16), esp: &[u8]) -> Vec<u8> {
    let mut datagram = vec![];
    for word in [sport, dport, (8 + esp.len()) as u16, 0] {
        datagram.extend_from_slice(&word.to_be_bytes());
    }
    datagram.extend_from_slice(esp);
    datagram
}
