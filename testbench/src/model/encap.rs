// SPDX-License-Identifier: Apache-2.0
//! Outbound ESP in tunnel mode (RFC 4303 3.3, RFC 4106, outer header per RFC 4301 5.1.2.1).

use super::{drop, sent, Link, Model, Step, Verdict};
use crate::packet::{
    ethernet, EspPayload, Ipv4, ESP_HEADER_BYTES, ESP_IV_BYTES, ETHERTYPE_IPV4, ETHER_HEADER_BYTES, PROTO_ESP,
};
use headend_regs::DropReason;

/// Next header of IPv4 in tunnel mode.
const NEXT_IPV4: u8 = 4;

/// Bytes that a frame has beside a packet of `len` bytes when ESP carries it: Ethernet, outer IPv4, ESP header, IV,
/// padding and trailer up to a multiple of four, and the longest ICV, whatever the SA's.
pub(super) fn encap_growth(len: usize) -> usize {
    ETHER_HEADER_BYTES + 20 + ESP_HEADER_BYTES + ESP_IV_BYTES + ((len + 2).next_multiple_of(4) - len) + 16
}

impl Model {
    /// Encrypts `inner` (an IPv4 packet, TTL already decremented) with SA `index`, which must be of
    /// generation `gen`, and sends it.
    pub(super) fn encap(&mut self, index: u16, gen: u8, link: &Link, inner: &[u8]) -> Step<Verdict> {
        let sa = self.tables.sas_out.get(&index).filter(|sa| sa.gen == gen);
        let Some(sa) = sa else { return drop(DropReason::SaOutInvalid) };
        let state = self.sa_out.get_mut(&index).expect("installed SAs have state");
        // The counter must not cycle (RFC 4303 3.3.3): a nonce is never used twice.
        let last = if sa.key.esn { u64::MAX } else { u32::MAX.into() };
        if state.seq >= last {
            return drop(DropReason::SeqExhausted);
        }
        state.seq += 1;
        state.packets += 1;
        state.bytes += inner.len() as u64;
        // The IV only has to be unique per key (RFC 4106 3.1): it is the sequence number.
        let iv = state.seq.to_be_bytes();
        let esp = sa.key.seal(sa.spi, state.seq, iv, &EspPayload::new(inner, NEXT_IPV4));

        let mut outer = Ipv4::new(sa.src, sa.dst, PROTO_ESP);
        outer.ttl = sa.ttl;
        outer.df = sa.df;
        if !sa.df {
            // An atomic datagram needs no ID (RFC 6864 4.1); the others take the next number.
            outer.id = self.ip_id;
            self.ip_id = self.ip_id.wrapping_add(1);
        }
        // DSCP as configured, ECN copied (RFC 6040 4.1, normal mode).
        let (inner_dscp, ecn) = (inner[1] >> 2, inner[1] & 3);
        outer.tos = sa.dscp.unwrap_or(inner_dscp) << 2 | ecn;
        Ok(sent(link.port, ethernet(link.dmac, link.smac, ETHERTYPE_IPV4, &outer.build(&esp))))
    }
}
