// SPDX-License-Identifier: Apache-2.0
//! Reading headers: what a stage may conclude from the bytes of a packet.

use crate::packet::{
    checksum, LabelEntry, ETHERTYPE_QINQ, ETHERTYPE_VLAN, ETHER_HEADER_BYTES, IPV6_HEADER_BYTES,
};
use headend_regs::param;

/// The parts of an IPv4 header that decide a packet's way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ip {
    /// Header bytes, options included.
    pub(super) header_len: usize,
    /// Bytes of the whole IP packet.
    pub(super) total_len: usize,
    pub(super) tos: u8,
    pub(super) id: u16,
    pub(super) df: bool,
    pub(super) fragment: bool,
    pub(super) ttl: u8,
    pub(super) proto: u8,
    pub(super) src: u32,
    pub(super) dst: u32,
    pub(super) checksum_ok: bool,
}

impl Ip {
    /// Whether the header carries options.
    pub(super) fn has_options(&self) -> bool {
        self.header_len > 20
    }
}

/// The parts of an IPv6 header that decide a packet's way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ip6 {
    /// Bytes of the whole IP packet.
    pub(super) total_len: usize,
    pub(super) tos: u8,
    pub(super) flow: u32,
    pub(super) next_header: u8,
    pub(super) hop_limit: u8,
    pub(super) src: u128,
    pub(super) dst: u128,
}

/// What stands where an IP header is expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Network {
    /// A well-formed IPv4 header (its checksum may be wrong).
    V4(Ip),
    /// A well-formed IPv6 header.
    V6(Ip6),
    /// A header that is truncated, of another version, or at odds with the length of the packet.
    Malformed,
}

fn be16(b: &[u8], at: usize) -> u16 {
    u16::from_be_bytes([b[at], b[at + 1]])
}

fn be32(b: &[u8], at: usize) -> u32 {
    u32::from_be_bytes([b[at], b[at + 1], b[at + 2], b[at + 3]])
}

fn be128(b: &[u8], at: usize) -> u128 {
    u128::from_be_bytes(b[at..at + 16].try_into().expect("sixteen bytes"))
}

/// Reads the IP header at the start of `b`; what follows the packet (Ethernet padding) is ignored.
/// IPv4 per RFC 791 3.1 and the checks of RFC 1812 5.2.2.
pub(super) fn network(b: &[u8]) -> Network {
    match b.first().map(|first| first >> 4) {
        Some(6) if b.len() >= IPV6_HEADER_BYTES && usize::from(be16(b, 4)) + IPV6_HEADER_BYTES <= b.len() => {
            return Network::V6(Ip6 {
                total_len: usize::from(be16(b, 4)) + IPV6_HEADER_BYTES,
                tos: (be16(b, 0) >> 4) as u8,
                flow: be32(b, 0) & 0xf_ffff,
                next_header: b[6],
                hop_limit: b[7],
                src: be128(b, 8),
                dst: be128(b, 24),
            });
        }
        Some(4) => {}
        _ => return Network::Malformed,
    }
    let header_len = usize::from(b[0] & 0xf) * 4;
    if b.len() < 20 || header_len < 20 || b.len() < header_len {
        return Network::Malformed;
    }
    let total_len = usize::from(be16(b, 2));
    if total_len < header_len || total_len > b.len() {
        return Network::Malformed;
    }
    Network::V4(Ip {
        header_len,
        total_len,
        tos: b[1],
        id: be16(b, 4),
        df: be16(b, 6) >> 14 & 1 == 1,
        fragment: be16(b, 6) & 0x3fff != 0,
        ttl: b[8],
        proto: b[9],
        src: be32(b, 12),
        dst: be32(b, 16),
        checksum_ok: checksum(&b[..header_len]) == 0,
    })
}

/// A label stack as far as the parser reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Stack {
    /// All entries down to the bottom of stack.
    Complete(Vec<LabelEntry>),
    /// No bottom of stack within the entries that the parser reads; these are the first ones.
    TooDeep(Vec<LabelEntry>),
    /// The packet ends inside the stack.
    Truncated,
}

/// Reads the label stack at the start of `b` (RFC 3032 2.1).
pub(super) fn label_stack(b: &[u8]) -> Stack {
    let mut entries = vec![];
    for n in 0..param::MAX_LABELS {
        let Some(entry) = LabelEntry::from_bytes(&b[(n * 4).min(b.len())..]) else { return Stack::Truncated };
        entries.push(entry);
        if entry.bottom {
            return Stack::Complete(entries);
        }
    }
    Stack::TooDeep(entries)
}

/// The Ethernet header with its VLAN tags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Link {
    /// Bytes before the payload.
    pub(super) header_len: usize,
    /// 802.1Q and 802.1ad tags, 0 to 2; a third tag is an unknown EtherType.
    pub(super) tags: usize,
    /// EtherType behind the tags.
    pub(super) ethertype: u16,
}

/// Reads the Ethernet header of a frame, or `None` when the frame ends inside it or its tags.
pub(super) fn link(frame: &[u8]) -> Option<Link> {
    let mut at = ETHER_HEADER_BYTES - 2;
    let mut tags = 0;
    loop {
        if frame.len() < at + 2 {
            return None;
        }
        let ethertype = be16(frame, at);
        if tags < 2 && matches!(ethertype, ETHERTYPE_VLAN | ETHERTYPE_QINQ) {
            tags += 1;
            at += 4;
        } else {
            return Some(Link { header_len: at + 2, tags, ethertype });
        }
    }
}
