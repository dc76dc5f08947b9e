// SPDX-License-Identifier: Apache-2.0
//! Inbound ESP: sequence number, ICV, replay, limits, trailer, ECN, selectors (RFC 4303 3.4, RFC 4301 5.2, RFC 6040).

use super::headers::Network;
use super::{drop, limits, Model, Packet, Replay, Step};
use crate::packet::{checksum_adjust, Ipv4, Ipv6};
use headend_regs::DropReason;

/// Next header of IPv4 in tunnel mode.
const NEXT_IPV4: u8 = 4;
/// Next header of IPv6 in tunnel mode.
const NEXT_IPV6: u8 = 41;
/// Next header of a dummy packet (RFC 4303 2.6).
const NEXT_DUMMY: u8 = 59;

/// ECN codepoints (RFC 3168 5).
const NOT_ECT: u8 = 0;
const ECT_1: u8 = 1;
const ECT_0: u8 = 2;
const CE: u8 = 3;

/// A plaintext without its padding.
struct Inner<'a> {
    bytes: &'a [u8],
    next_header: u8,
}

impl Model {
    /// Turns an ESP packet (`esp`: SPI to ICV) of SA `index` that came with the IP header `outer` into the packet
    /// to forward.
    pub(super) fn decap(&mut self, packet: Packet, outer: Network, index: u16, esp: &[u8]) -> Step<Packet> {
        let sa = self.tables.sas_in[&index].clone();
        let seq = self.sequence(index, u32::from_be_bytes([esp[4], esp[5], esp[6], esp[7]]));
        let state = self.replay.get_mut(&index).expect("installed SAs have state");
        let counters = self.sa_in.get_mut(&index).expect("installed SAs have counters");

        let Some(payload) = sa.key.open(esp, seq) else {
            counters.auth_fail += 1;
            return drop(DropReason::IcvMismatch);
        };
        match state.check(seq) {
            Replay::Fresh => {}
            Replay::Duplicate => {
                counters.replay_fail += 1;
                return drop(DropReason::ReplayDuplicate);
            }
            Replay::Old => {
                counters.replay_fail += 1;
                return drop(DropReason::ReplayOld);
            }
        }
        if sa.limits.ended(counters.packets, counters.bytes) {
            self.events.extend(limits::inbound(index, &sa, counters, seq));
            return drop(DropReason::SaInExpired);
        }
        // The window moves only for packets whose ICV was right (RFC 4303 3.4.3).
        state.record(seq);
        let inner = trailer(&payload.plaintext)?;
        let bytes = match sa.transport {
            true => transport(outer, &inner)?,
            false => tunnel(outer, &inner, sa.no_ecn)?,
        };
        counters.packets += 1;
        counters.bytes += inner.bytes.len() as u64;
        self.events.extend(limits::inbound(index, &sa, counters, seq));
        Ok(Packet { bytes, l3: true, vrf: sa.ivrf, sa: Some(index), ..packet })
    }

    /// The sequence number for which `low` stands on inbound SA `index`: with ESN 64 bits are inferred.
    pub(super) fn sequence(&self, index: u16, low: u32) -> u64 {
        if self.tables.sas_in[&index].key.esn {
            self.replay[&index].infer(low)
        } else {
            low.into()
        }
    }

    /// Whether a decrypted packet lies inside its SA's selectors (RFC 4301 5.2 step 4), which are IPv4.
    pub(super) fn check_selectors(&self, packet: &Packet, header: Network) -> Step<()> {
        let selector = packet.sa.and_then(|index| self.tables.sas_in[&index].selector);
        let Some(selector) = selector else { return Ok(()) };
        let Network::V4(ip) = header else { return drop(DropReason::SelectorMismatch) };
        let inside = selector.src.contains(ip.src)
            && selector.dst.contains(ip.dst)
            && selector.proto.is_none_or(|p| p == ip.proto);
        if inside {
            Ok(())
        } else {
            drop(DropReason::SelectorMismatch)
        }
    }
}

/// Cuts padding and trailer off a plaintext (RFC 4303 2.4 to 2.6).
fn trailer(plaintext: &[u8]) -> Step<Inner<'_>> {
    let (rest, tail) = plaintext.split_at(plaintext.len() - 2);
    let (pad_len, next_header) = (usize::from(tail[0]), tail[1]);
    let Some(inner_len) = rest.len().checked_sub(pad_len) else { return drop(DropReason::EspTrailer) };
    let (bytes, padding) = rest.split_at(inner_len);
    if padding.iter().zip(1..=u8::MAX).any(|(byte, want)| *byte != want) {
        return drop(DropReason::EspTrailer);
    }
    if next_header == NEXT_DUMMY {
        return drop(DropReason::EspDummy);
    }
    Ok(Inner { bytes, next_header })
}

/// Tunnel mode: the inner packet, marked as the outer header says (RFC 6040 4.2).
fn tunnel(outer: Network, inner: &Inner<'_>, no_ecn: bool) -> Step<Vec<u8>> {
    let version = match inner.next_header {
        NEXT_IPV4 => 4,
        NEXT_IPV6 => 6,
        _ => return drop(DropReason::EspNextHeader),
    };
    // A header that is cut off counts as zeros.
    let byte = |n: usize| inner.bytes.get(n).copied().unwrap_or(0);
    if byte(0) >> 4 != version {
        return drop(DropReason::EspNextHeader);
    }
    let mut bytes = inner.bytes.to_vec();
    if no_ecn {
        return Ok(bytes);
    }
    // The traffic class of IPv6 lies four bits further left.
    let shift = if version == 6 { 4 } else { 0 };
    let old = byte(1) >> shift & 3;
    let Some(new) = decapsulated_ecn(tos(outer) & 3, old) else { return drop(DropReason::EcnIllegal) };
    if new != old && bytes.len() >= 20 {
        let before = u16::from_be_bytes([bytes[0], bytes[1]]);
        bytes[1] = bytes[1] & !(3 << shift) | new << shift;
        if version == 4 {
            let after = u16::from_be_bytes([bytes[0], bytes[1]]);
            let field = checksum_adjust(u16::from_be_bytes([bytes[10], bytes[11]]), before, after);
            bytes[10..12].copy_from_slice(&field.to_be_bytes());
        }
    }
    Ok(bytes)
}

/// The inner ECN field behind a tunnel (RFC 6040 figure 4); `None` when the packet must be dropped.
fn decapsulated_ecn(outer: u8, inner: u8) -> Option<u8> {
    match (outer, inner) {
        (CE, NOT_ECT) => None,
        (CE, _) => Some(CE),
        (ECT_1, ECT_0) => Some(ECT_1),
        _ => Some(inner),
    }
}

/// TOS or traffic class of a well-formed header.
fn tos(header: Network) -> u8 {
    match header {
        Network::V4(ip) => ip.tos,
        Network::V6(ip) => ip.tos,
        Network::Malformed => unreachable!("ESP was found behind it"),
    }
}

/// Transport mode: the IP header that came, with the next header of the ESP trailer (RFC 4303 3.1.1).
fn transport(outer: Network, inner: &Inner<'_>) -> Step<Vec<u8>> {
    if inner.bytes.is_empty() {
        return drop(DropReason::EspTrailer);
    }
    Ok(match outer {
        Network::V4(ip) => {
            let header = Ipv4::new(ip.src, ip.dst, inner.next_header);
            Ipv4 { ttl: ip.ttl, tos: ip.tos, id: ip.id, df: ip.df, ..header }.build(inner.bytes)
        }
        Network::V6(ip) => {
            let header = Ipv6::new(ip.src, ip.dst, inner.next_header);
            Ipv6 { hop_limit: ip.hop_limit, tos: ip.tos, flow: ip.flow, ..header }.build(inner.bytes)
        }
        Network::Malformed => unreachable!("ESP was found behind it"),
    })
}
