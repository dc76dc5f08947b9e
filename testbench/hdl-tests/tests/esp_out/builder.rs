// SPDX-License-Identifier: Apache-2.0
//! The outbound side of ESP in plain words (RFC 4303 3.3, RFC 4106, RFC 6040, RFC 3948), packet by packet.

use headend_regs::{AdjKind, DropReason, GcmCtx, Meta, Op, OuterHdr, SaEvent, SaLimit, SaOut, SaOutState};

/// What must leave for a packet.
pub(crate) struct Sealed {
    pub(crate) data: Vec<u8>,
    pub(crate) meta: Meta,
    pub(crate) ctx: GcmCtx,
    pub(crate) hdr: OuterHdr,
}

/// What must be reported of a packet that is dropped.
pub(crate) struct Refused {
    pub(crate) reason: DropReason,
    pub(crate) spi: u32,
    pub(crate) seq: u64,
}

/// The outbound SAs and the two pipelines' counters of IPv4 identifications.
pub(crate) struct Outbound {
    pub(crate) sas: Vec<(SaOut, SaOutState)>,
    /// Events in the order in which they must come, none refused.
    pub(crate) events: Vec<SaEvent>,
    next_id: [u16; 2],
}

/// True for a packet that goes through an SA.
pub(crate) fn protected(meta: &Meta) -> bool {
    meta.op == Op::Forward.code() && meta.adj_kind == AdjKind::Protect.code()
}

/// The last sequence number of an SA.
fn last_seq(sa: &SaOut) -> u64 {
    if sa.esn {
        u64::MAX
    } else {
        u32::MAX.into()
    }
}

fn reached(limit: u64, value: u64) -> bool {
    limit != 0 && value >= limit
}

impl Outbound {
    pub(crate) fn new(sas: usize) -> Self {
        Self { sas: vec![Default::default(); sas], events: Vec::new(), next_id: [0, 1] }
    }

    pub(crate) fn install(&mut self, index: usize, record: &SaOut) {
        self.sas[index] = (record.clone(), SaOutState { seq: record.seq, ..SaOutState::default() });
    }

    /// A packet that goes through no SA.
    pub(crate) fn untouched(data: &[u8], meta: &Meta) -> Sealed {
        Sealed { data: data.to_vec(), meta: *meta, ctx: GcmCtx::default(), hdr: OuterHdr::default() }
    }

    /// A packet to protect, of pipeline `lane`.
    pub(crate) fn judge(&mut self, lane: usize, data: &[u8], meta: &Meta) -> Result<Sealed, Refused> {
        let invalid = Refused { reason: DropReason::SaOutInvalid, spi: 0, seq: 0 };
        let Some((sa, state)) = self.sas.get_mut(usize::from(meta.sa_out)) else { return Err(invalid) };
        let ipv6 = if meta.transport { meta.parsed.is_ipv6 } else { sa.ipv6 };
        if !sa.valid
            || sa.gen != meta.sa_out_gen
            || sa.tunnel == meta.transport
            || (sa.udp && ipv6)
            || ![8, 12, 16].contains(&sa.gcm.icv_len)
        {
            return Err(invalid);
        }
        let expired = reached(sa.hard_packets, state.packets) || reached(sa.hard_bytes, state.bytes);
        let exhausted = state.seq >= last_seq(sa);
        if !expired && !exhausted {
            state.seq += 1;
            state.packets += 1;
            state.bytes += u64::from(meta.len);
        }
        let (sa, state) = (sa.clone(), *state);
        self.tell(meta.sa_out);
        let reason = match (expired, exhausted) {
            (true, _) => DropReason::SaOutExpired,
            (_, true) => DropReason::SeqExhausted,
            _ => return Ok(self.seal(lane, data, meta, &sa, state.seq)),
        };
        Err(Refused { reason, spi: sa.spi, seq: state.seq })
    }

    /// Events of an SA after one of its packets.
    fn tell(&mut self, index: u16) {
        let (sa, state) = &mut self.sas[usize::from(index)];
        let event = SaEvent { out: true, sa: index, spi: sa.spi, seq: state.seq, ..SaEvent::default() };
        let hard = [
            (SaLimit::Packets, reached(sa.hard_packets, state.packets)),
            (SaLimit::Bytes, reached(sa.hard_bytes, state.bytes)),
            (SaLimit::Sequence, state.seq >= last_seq(sa)),
        ];
        let soft = [
            (SaLimit::Packets, reached(sa.soft_packets, state.packets)),
            (SaLimit::Bytes, reached(sa.soft_bytes, state.bytes)),
            (SaLimit::Sequence, reached(sa.soft_seq, state.seq)),
        ];
        if let (Some((limit, _)), false) = (hard.iter().find(|h| h.1), state.hard_done) {
            state.hard_done = true;
            self.events.push(SaEvent { hard: true, limit: limit.code(), ..event });
        }
        for (limit, _) in soft.into_iter().filter(|s| s.1) {
            if state.soft_done & (1 << limit.code()) == 0 {
                state.soft_done |= 1 << limit.code();
                self.events.push(SaEvent { limit: limit.code(), ..event });
            }
        }
    }

    fn seal(&mut self, lane: usize, data: &[u8], meta: &Meta, sa: &SaOut, seq: u64) -> Sealed {
        let inner = &meta.parsed;
        // The ESP payload: packet, zeros, padding, pad length, next header.
        let mut clear = data[..usize::from(meta.len)].to_vec();
        let next_header = if meta.transport {
            inner.proto
        } else {
            clear.resize(clear.len().max(meta.tfc_len.into()), 0);
            if inner.is_ipv6 {
                41
            } else {
                4
            }
        };
        let mut pad = 0;
        while !(clear.len() + 2).is_multiple_of(4) {
            pad += 1;
            clear.push(pad);
        }
        clear.extend([pad, next_header]);

        let (spi, iv) = (sa.spi.to_be_bytes(), seq.to_be_bytes());
        let esp_len = 8 + 8 + clear.len() + usize::from(sa.gcm.icv_len);
        let mut l4 = Vec::new();
        if sa.udp {
            for word in [sa.sport, sa.dport, (8 + esp_len) as u16, 0] {
                l4.extend(word.to_be_bytes());
            }
        }
        let l4_len = l4.len() + esp_len;
        l4.extend([&spi[..], &iv[4..], &iv].concat());
        let proto = if sa.udp { 17 } else { 50 };

        let ipv6 = if meta.transport { inner.is_ipv6 } else { sa.ipv6 };
        let mut outer = [&meta.dmac.to_be_bytes()[2..], &meta.smac.to_be_bytes()[2..]].concat();
        if ipv6 {
            outer.extend([0x86, 0xdd]);
            let (tc, flow, hops, src, dst) = if meta.transport {
                (inner.tos, inner.ip_id, inner.ttl, inner.src, inner.dst)
            } else {
                (outer_tos(sa, inner.tos), 0, sa.ttl, sa.src, sa.dst)
            };
            outer.extend((6 << 28 | u32::from(tc) << 20 | flow).to_be_bytes());
            outer.extend((l4_len as u16).to_be_bytes());
            outer.extend([proto, hops]);
            outer.extend(src.to_be_bytes());
            outer.extend(dst.to_be_bytes());
        } else {
            outer.extend([8, 0]);
            let total = 20 + l4_len as u16;
            if meta.transport {
                let addresses = [inner.src as u32, inner.dst as u32];
                outer.extend(ipv4(
                    inner.tos,
                    total,
                    inner.ip_id as u16,
                    inner.df,
                    inner.ttl,
                    proto,
                    addresses,
                ));
            } else {
                let df = sa.df || (sa.copy_df && (inner.is_ipv6 || inner.df));
                let id = if df { 0 } else { self.take_id(lane) };
                let addresses = [sa.src as u32, sa.dst as u32];
                outer.extend(ipv4(outer_tos(sa, inner.tos), total, id, df, sa.ttl, proto, addresses));
            }
        }
        outer.extend(l4);

        let mut hdr = OuterHdr { len: outer.len() as u8, icv_len: sa.gcm.icv_len, ..OuterHdr::default() };
        hdr.data[..outer.len()].copy_from_slice(&outer);
        let aad = if sa.esn { [&spi[..], &iv].concat() } else { [&spi[..], &iv[4..], &[0; 4]].concat() };
        let ctx = GcmCtx {
            crypt: true,
            gcm: sa.gcm.clone(),
            iv,
            aad: aad.try_into().unwrap(),
            aad12: sa.esn,
            len: clear.len() as u16,
        };
        let meta = Meta { len: clear.len() as u16, starts_l3: false, ..*meta };
        Sealed { data: clear, meta, ctx, hdr }
    }

    /// Identifications of a pipeline: even ones of the first, odd ones of the second.
    fn take_id(&mut self, lane: usize) -> u16 {
        let id = self.next_id[lane];
        self.next_id[lane] = id.wrapping_add(2);
        id
    }
}

fn outer_tos(sa: &SaOut, inner: u8) -> u8 {
    let dscp = if sa.copy_dscp { inner & 0xfc } else { sa.dscp << 2 };
    dscp | if sa.no_ecn { 0 } else { inner & 3 }
}

fn ipv4(tos: u8, total: u16, id: u16, df: bool, ttl: u8, proto: u8, addresses: [u32; 2]) -> Vec<u8> {
    let mut ip = vec![0x45, tos];
    ip.extend(total.to_be_bytes());
    ip.extend(id.to_be_bytes());
    ip.extend([if df { 0x40 } else { 0 }, 0, ttl, proto, 0, 0]);
    addresses.iter().for_each(|a| ip.extend(a.to_be_bytes()));
    let mut sum: u32 = ip.chunks(2).map(|c| u32::from(u16::from_be_bytes([c[0], c[1]]))).sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    ip[10..12].copy_from_slice(&(!(sum as u16)).to_be_bytes());
    ip
}
