// SPDX-License-Identifier: Apache-2.0
//! What must become of each packet, written as plainly as possible.

use headend_hdl_tests::Rng;
use headend_regs::{DropReason, Meta, Op, Parsed, SaEvent, SaIn, SaInState, SaLimit};
use std::collections::HashSet;

/// SAs in the rig's table.
pub(crate) const SAS: usize = 64;

/// A packet as the engine hands it over, and the tag.
#[derive(Clone, Debug)]
pub(crate) struct Job {
    pub(crate) meta: Meta,
    pub(crate) data: Vec<u8>,
    pub(crate) tag: Vec<u8>,
}

/// The ESP fields of a packet to make.
#[derive(Clone, Copy)]
pub(crate) struct Esp {
    pub(crate) sa: u16,
    pub(crate) gen: u8,
    pub(crate) seq: u64,
    pub(crate) pad: usize,
    pub(crate) next_header: u8,
    pub(crate) icv_len: u8,
}

/// A packet that is not for the engine.
pub(crate) fn bypass(rng: &mut Rng, len: usize) -> Job {
    let meta = Meta { op: Op::Forward.code(), len: len as u16, vrf: 7, sa_in: 0xffff, ..Meta::default() };
    Job { meta, data: rng.bytes(len), tag: rng.bytes(16) }
}

/// A faultless packet around an inner IPv4 packet of `len` bytes.
pub(crate) fn plain(rng: &mut Rng, sa: u16, seq: u64, len: usize) -> Job {
    let inner = inner_packet(rng, 4, 0, len);
    esp(rng, Esp { sa, gen: 1, seq, pad: 2, next_header: 4, icv_len: 16 }, &inner)
}

/// A packet around `inner` with the fields as they are asked for, in an IPv4 packet without ECN.
pub(crate) fn esp(rng: &mut Rng, fields: Esp, inner: &[u8]) -> Job {
    let Esp { sa, gen, seq, pad, next_header, icv_len } = fields;
    let mut data = inner.to_vec();
    data.extend((1..=pad).map(|i| i as u8));
    data.extend([pad as u8, next_header]);
    let tag = rng.bytes(16);
    data.extend(&tag[..usize::from(icv_len)]);
    let meta = Meta {
        op: Op::Decrypt.code(),
        ingress: 1,
        len: data.len() as u16,
        vrf: 5,
        sa_in: sa,
        sa_in_gen: gen,
        spi: 0xabc0 + u32::from(sa),
        seq,
        icv_len,
        cycle: 99,
        parsed: outer(rng, false, 0),
        ..Meta::default()
    };
    Job { meta, data, tag }
}

/// The outer header of a packet, with `ecn`.
pub(crate) fn outer(rng: &mut Rng, ipv6: bool, ecn: u8) -> Parsed {
    let address = |rng: &mut Rng| (u128::from(rng.next_u64()) << 64) | u128::from(rng.next_u64());
    let mask = if ipv6 { u128::MAX } else { 0xffff_ffff };
    Parsed {
        is_ipv4: !ipv6,
        is_ipv6: ipv6,
        is_esp: true,
        proto: 50,
        df: !ipv6 && rng.chance(50),
        tos: (rng.next_u64() as u8 & 0xfc) | ecn,
        ttl: rng.next_u64() as u8,
        ip_id: rng.next_u64() as u32 & if ipv6 { 0xf_ffff } else { 0xffff },
        src: address(rng) & mask,
        dst: address(rng) & mask,
        ..Parsed::default()
    }
}

/// Random bytes that begin like an IP packet with that ECN field; an IPv4 header of 20 bytes has a right checksum.
pub(crate) fn inner_packet(rng: &mut Rng, version: u8, ecn: u8, len: usize) -> Vec<u8> {
    let mut bytes = rng.bytes(len);
    if let Some(byte) = bytes.first_mut() {
        *byte = if version == 4 { 0x45 } else { (version << 4) | (*byte & 15) };
    }
    if let Some(byte) = bytes.get_mut(1) {
        *byte = if version == 4 { (*byte & 0xfc) | ecn } else { (*byte & 0xcf) | (ecn << 4) };
    }
    if version == 4 && len >= 20 {
        bytes[10..12].fill(0);
        let checksum = !ones_sum(&bytes[..20]);
        bytes[10..12].copy_from_slice(&checksum.to_be_bytes());
    }
    bytes
}

/// Ones' complement sum of 16-bit words (RFC 1071).
pub(crate) fn ones_sum(bytes: &[u8]) -> u16 {
    let mut sum: u32 = bytes.chunks(2).map(|w| u32::from(u16::from_be_bytes([w[0], w[1]]))).sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    sum as u16
}

/// What is known of an SA.
#[derive(Default, Clone)]
struct Sa {
    record: SaIn,
    seen: HashSet<u64>,
    state: SaInState,
}

/// All inbound SAs.
pub(crate) struct Model {
    sas: Vec<Sa>,
    /// Limit events so far, in order.
    pub(crate) events: Vec<SaEvent>,
}

impl Model {
    pub(crate) fn new() -> Self {
        Self { sas: vec![Sa::default(); SAS], events: Vec::new() }
    }

    pub(crate) fn install(&mut self, index: u16, record: SaIn) {
        self.sas[usize::from(index)] = Sa { record, ..Sa::default() };
    }

    pub(crate) fn state(&self, index: u16) -> SaInState {
        self.sas[usize::from(index)].state
    }

    /// What leaves esp_restore for a job, or why nothing does.
    pub(crate) fn judge(&mut self, job: &Job) -> Result<(Vec<u8>, Meta), DropReason> {
        let meta = job.meta;
        if meta.op != Op::Decrypt.code() {
            return Ok((job.data.clone(), meta));
        }
        let Some(sa) = self.sas.get_mut(usize::from(meta.sa_in)) else { return Err(DropReason::SaChanged) };
        if !sa.record.valid || sa.record.gen != meta.sa_in_gen {
            return Err(DropReason::SaChanged);
        }
        let icv_len = usize::from(meta.icv_len);
        let (clear, icv) = job.data.split_at(job.data.len() - icv_len);
        if ![8, 12, 16].contains(&icv_len) || icv != &job.tag[..icv_len] {
            sa.state.auth_fail += 1;
            return Err(DropReason::IcvMismatch);
        }
        if let Some(reason) = sa.replay(meta.seq) {
            sa.state.replay_fail += 1;
            return Err(reason);
        }
        if sa.hard_limit().is_some() {
            sa.raise(&meta, &mut self.events);
            return Err(DropReason::SaInExpired);
        }
        sa.seen.insert(meta.seq);
        sa.state.seq_top = sa.state.seq_top.max(meta.seq);
        let (inner, next_header) = sa.content(clear, &meta)?;
        sa.state.packets += 1;
        sa.state.bytes += inner.len() as u64;
        sa.raise(&meta, &mut self.events);
        let packet = match sa.record.tunnel {
            true if sa.record.no_ecn => inner.to_vec(),
            true => merge_ecn(inner, meta.parsed.tos & 3),
            false => [header(&meta.parsed, next_header, inner.len()), inner.to_vec()].concat(),
        };
        let meta = Meta {
            op: Op::Forward.code(),
            starts_l3: true,
            decrypted: true,
            vrf: sa.record.ivrf,
            len: packet.len() as u16,
            ..meta
        };
        Ok((packet, meta))
    }
}

impl Sa {
    fn replay(&self, seq: u64) -> Option<DropReason> {
        let window = u64::from(self.record.replay_window);
        if window == 0 || seq > self.state.seq_top {
            None
        } else if self.state.seq_top - seq >= window {
            Some(DropReason::ReplayOld)
        } else {
            self.seen.contains(&seq).then_some(DropReason::ReplayDuplicate)
        }
    }

    /// The inner packet and the next header.
    fn content<'a>(&self, clear: &'a [u8], meta: &Meta) -> Result<(&'a [u8], u8), DropReason> {
        let (rest, tail) = clear.split_at(clear.len() - 2);
        let pad_len = usize::from(tail[0]);
        if pad_len > rest.len() {
            return Err(DropReason::EspTrailer);
        }
        let (inner, padding) = rest.split_at(rest.len() - pad_len);
        if padding.iter().enumerate().any(|(i, byte)| usize::from(*byte) != i + 1) {
            return Err(DropReason::EspTrailer);
        }
        if tail[1] == 59 {
            return Err(DropReason::EspDummy);
        }
        if self.record.tunnel {
            let version = inner.first().map_or(0, |byte| byte >> 4);
            if !matches!((tail[1], version), (4, 4) | (41, 6)) {
                return Err(DropReason::EspNextHeader);
            }
            if !self.record.no_ecn && meta.parsed.tos & 3 == 3 && inner_ecn(inner) == 0 {
                return Err(DropReason::EcnIllegal);
            }
        }
        if inner.is_empty() {
            return Err(DropReason::EspTrailer);
        }
        Ok((inner, tail[1]))
    }

    /// The hard limit that is reached.
    fn hard_limit(&self) -> Option<SaLimit> {
        let SaIn { hard_packets, hard_bytes, .. } = self.record;
        if hard_packets != 0 && self.state.packets >= hard_packets {
            Some(SaLimit::Packets)
        } else {
            (hard_bytes != 0 && self.state.bytes >= hard_bytes).then_some(SaLimit::Bytes)
        }
    }

    /// Tells what is reached and was not told.
    fn raise(&mut self, meta: &Meta, events: &mut Vec<SaEvent>) {
        let event = SaEvent { sa: meta.sa_in, spi: meta.spi, seq: meta.seq, ..SaEvent::default() };
        if let Some(limit) = self.hard_limit() {
            if !self.state.hard_done {
                events.push(SaEvent { hard: true, limit: limit.code(), ..event });
            }
            self.state.hard_done = true;
        }
        let counts = [
            (SaLimit::Packets, self.state.packets, self.record.soft_packets),
            (SaLimit::Bytes, self.state.bytes, self.record.soft_bytes),
        ];
        for (limit, count, soft) in counts {
            let bit = 1 << limit.code();
            if soft != 0 && count >= soft && self.state.soft_done & bit == 0 {
                self.state.soft_done |= bit;
                events.push(SaEvent { limit: limit.code(), ..event });
            }
        }
    }
}

fn inner_ecn(inner: &[u8]) -> u8 {
    let byte = inner.get(1).copied().unwrap_or(0);
    if inner[0] >> 4 == 6 {
        (byte >> 4) & 3
    } else {
        byte & 3
    }
}

/// RFC 6040 4.2, figure 4, for the pairs that are not illegal.
fn merge_ecn(inner: &[u8], outer: u8) -> Vec<u8> {
    let mut packet = inner.to_vec();
    let old = inner_ecn(inner);
    let new = match (old, outer) {
        (1 | 2, 3) => 3,
        (2, 1) => 1,
        _ => old,
    };
    if new == old {
        return packet;
    }
    if inner[0] >> 4 == 6 {
        if inner.len() >= 40 {
            packet[1] = (packet[1] & 0xcf) | (new << 4);
        }
    } else if inner.len() >= 20 {
        packet[1] = (packet[1] & 0xfc) | new;
        // RFC 1624, equation 3.
        let mut words = [!inner[10], !inner[11], !inner[0], !inner[1], 0, 0];
        words[4..].copy_from_slice(&packet[..2]);
        packet[10..12].copy_from_slice(&(!ones_sum(&words)).to_be_bytes());
    }
    packet
}

/// The IP header in front of a transport mode payload.
fn header(outer: &Parsed, next_header: u8, payload: usize) -> Vec<u8> {
    if outer.is_ipv6 {
        let mut bytes = ((6 << 28) | (u32::from(outer.tos) << 20) | outer.ip_id).to_be_bytes().to_vec();
        bytes.extend((payload as u16).to_be_bytes());
        bytes.extend([next_header, outer.ttl]);
        bytes.extend(outer.src.to_be_bytes());
        bytes.extend(outer.dst.to_be_bytes());
        return bytes;
    }
    let mut bytes = vec![0x45, outer.tos];
    bytes.extend((payload as u16 + 20).to_be_bytes());
    bytes.extend((outer.ip_id as u16).to_be_bytes());
    bytes.extend([if outer.df { 0x40 } else { 0 }, 0, outer.ttl, next_header, 0, 0]);
    bytes.extend((outer.src as u32).to_be_bytes());
    bytes.extend((outer.dst as u32).to_be_bytes());
    let checksum = !ones_sum(&bytes);
    bytes[10..12].copy_from_slice(&checksum.to_be_bytes());
    bytes
}
