// SPDX-License-Identifier: Apache-2.0
//! SA records, and which of them the card holds already.
//!
//! An SA that is on the card unchanged is kept: rewriting an inbound one would forget which packets were seen, and
//! rewriting an outbound one leaves out sequence numbers. Keys cannot be read back, so a record carries a check value
//! of key and salt: 32 bits in an outbound one, seven bits of the generation in an inbound one, whose bit 7 flips
//! whenever the index is reused.

use aes::cipher::{Block, BlockCipherEncrypt, KeyInit};
use headend_regs::{GcmKey, SaIn, SaOut, Selector};

use super::outbound;
use super::state::CardState;
use super::unchanged::{Change, Difference};
use crate::config::{Config, Df, Inbound, Key, Mode, Outbound, Tunnel};
use crate::tables::hash::{address_bits, SaKey};
use crate::tables::{gcm_key, SALT_BYTES};
use crate::{Error, Result};

/// Bit of an inbound SA's generation that flips when an index is reused.
const GEN_FLIP: u8 = 0x80;

/// Where the SAs of a configuration go.
pub(super) struct Placement {
    /// By tunnel: index of the inbound SA.
    pub(super) inbound: Vec<Option<Placed<SaIn>>>,
    /// By tunnel: index of the outbound SA.
    pub(super) outbound: Vec<Option<Placed<SaOut>>>,
}

/// An SA's place.
pub(super) struct Placed<R> {
    pub(super) index: usize,
    /// Generation of the record there.
    pub(super) gen: u8,
    /// Record to write; `None` when the card holds it already.
    pub(super) record: Option<R>,
}

impl Placement {
    /// Finds a place for every SA.
    pub(super) fn plan(config: &Config, state: &CardState, latency: u32) -> Result<Self> {
        let mut inbound = Planner::new(state.sa_in.len(), "inbound");
        let mut outbound = Planner::new(state.sa_out.len(), "outbound");
        // First those that stay, so that the others do not take their places.
        for tunnel in &config.tunnels {
            let stays = tunnel.inbound.as_ref().and_then(|sa| kept_in(tunnel, sa, state));
            inbound.keep(stays.map(|index| (index, state.sa_in[index].gen)));
            let stays = tunnel.outbound.as_ref().and_then(|sa| kept_out(tunnel, sa, state, &outbound.used));
            outbound.keep(stays.map(|index| (index, state.sa_out[index].gen)));
        }
        for (n, tunnel) in config.tunnels.iter().enumerate() {
            let Some(sa) = &tunnel.inbound else { continue };
            inbound.place(
                n,
                |used| free_in(&state.sa_in, used),
                |index| {
                    let gen = flipped(state.sa_in[index].gen, &sa.key);
                    Some((gen, sa_in(tunnel, sa, latency, gen)?))
                },
            )?;
        }
        // Slots that remember a key first, so that no other key makes them forget it.
        for only_remembered in [true, false] {
            for (n, tunnel) in config.tunnels.iter().enumerate() {
                let Some(sa) = &tunnel.outbound else { continue };
                let check = key_check(&sa.key);
                let slot = |used: &[bool]| outbound::slot(&state.sa_out, used, check);
                let remembered = |index: usize| state.sa_out[index].key_check == check;
                if only_remembered && !slot(&outbound.used).is_some_and(remembered) {
                    continue;
                }
                outbound.place(n, slot, |index| {
                    let gen = state.sa_out[index].gen.wrapping_add(1);
                    Some((gen, sa_out(tunnel, sa, latency, gen)?))
                })?;
            }
        }
        Ok(Self { inbound: inbound.placed, outbound: outbound.placed })
    }
}

impl Placement {
    /// SAs that go, by index, and then those that come, by tunnel.
    pub(super) fn differences(&self, config: &Config, state: &CardState) -> Vec<Difference> {
        let stays_in =
            |index| self.inbound.iter().flatten().any(|sa| sa.index == index && sa.record.is_none());
        let stays_out =
            |index| self.outbound.iter().flatten().any(|sa| sa.index == index && sa.record.is_none());
        let removed = |direction: &str, spi: u32| Difference {
            change: Change::Removed,
            what: format!("{direction} SA, SPI {spi:#010x}"),
        };
        let mut found = Vec::new();
        for (index, _) in state.sa_in.iter().enumerate().filter(|(_, record)| record.valid) {
            if !stays_in(index) {
                let key =
                    state.hash.iter().find(|(_, _, sa)| usize::from(*sa) == index).map(|(_, key, _)| key.spi);
                found.push(removed("inbound", key.unwrap_or(0)));
            }
        }
        for (index, record) in state.sa_out.iter().enumerate().filter(|(_, record)| record.valid) {
            if !stays_out(index) {
                found.push(removed("outbound", record.spi));
            }
        }
        for ((placed_in, placed_out), tunnel) in self.inbound.iter().zip(&self.outbound).zip(&config.tunnels)
        {
            let mut added = |direction: &str, spi: u32| {
                let what = format!("{direction} SA of {}, SPI {spi:#010x}", tunnel.name);
                found.push(Difference { change: Change::Added, what });
            };
            if let (Some(Placed { record: Some(_), .. }), Some(sa)) = (placed_in, &tunnel.inbound) {
                added("inbound", sa.spi);
            }
            if let (Some(Placed { record: Some(_), .. }), Some(sa)) = (placed_out, &tunnel.outbound) {
                added("outbound", sa.spi);
            }
        }
        found
    }
}

/// Slot for a new inbound SA: preferably where none was.
fn free_in(records: &[SaIn], used: &[bool]) -> Option<usize> {
    let free = |avoid: bool| (0..used.len()).find(|&i| !(used[i] || avoid && records[i].valid));
    free(true).or_else(|| free(false))
}

/// Gives out the indices of one SA table.
struct Planner<R> {
    placed: Vec<Option<Placed<R>>>,
    used: Vec<bool>,
    what: &'static str,
}

impl<R> Planner<R> {
    fn new(depth: usize, what: &'static str) -> Self {
        Self { placed: Vec::new(), used: vec![false; depth], what }
    }

    /// Notes where the next tunnel's SA is already: index and generation.
    fn keep(&mut self, place: Option<(usize, u8)>) {
        if let Some(used) = place.and_then(|(index, _)| self.used.get_mut(index)) {
            *used = true;
        }
        self.placed.push(place.map(|(index, gen)| Placed { index, gen, record: None }));
    }

    /// Places the SA of tunnel `n`, unless it has its place, in a slot that is not in use.
    fn place(
        &mut self,
        n: usize,
        slot: impl Fn(&[bool]) -> Option<usize>,
        record: impl Fn(usize) -> Option<(u8, R)>,
    ) -> Result<()> {
        if self.placed[n].is_some() {
            return Ok(());
        }
        let index = slot(&self.used).ok_or_else(|| {
            Error::Invalid(format!("more than {} {} SAs do not fit this card", self.used.len(), self.what))
        })?;
        let (gen, record) =
            record(index).ok_or_else(|| Error::Invalid("an AES key has an impossible length".into()))?;
        self.used[index] = true;
        self.placed[n] = Some(Placed { index, gen, record: Some(record) });
        Ok(())
    }
}

/// Key of a tunnel's inbound SA in the hash.
pub(super) fn sa_key(tunnel: &Tunnel, sa: &Inbound) -> SaKey {
    SaKey::esp(tunnel.fvrf, sa.spi, tunnel.local)
}

/// Check value of key and salt: the first four bytes of AES under the key of a block that ends with the salt.
///
/// Never 0, which stands for "no key". It tells that two records have the same key, and lets a guess of a key be tested; it
/// says nothing else about the key, nor about H = AES(0). No packet's key stream contains it: a GCM counter block starts with
/// the salt and ends with a counter that stays below 1,000, so one equal to this block would need the salt to be "head"
/// and below 1,000; or another SA with the same AES key, salt "head", and 7 * 10^18 packets sent.
fn key_check(key: &Key) -> u32 {
    let (aes, salt) = split(key);
    let mut block = Block::<aes::Aes256>::from(*b"headend key ....");
    block[12..].copy_from_slice(&salt);
    match aes.len() {
        16 => aes::Aes128::new_from_slice(aes).into_iter().for_each(|aes| aes.encrypt_block(&mut block)),
        _ => aes::Aes256::new_from_slice(aes).into_iter().for_each(|aes| aes.encrypt_block(&mut block)),
    }
    u32::from_be_bytes([block[0], block[1], block[2], block[3]]).max(1)
}

/// Seven bits of the check value, for the generation of an inbound SA.
fn short_check(key: &Key) -> u8 {
    key_check(key).to_le_bytes()[0] & !GEN_FLIP
}

fn flipped(before: u8, key: &Key) -> u8 {
    !before & GEN_FLIP | short_check(key)
}

fn split(key: &Key) -> (&[u8], [u8; SALT_BYTES]) {
    let (aes, rest) = key.0.split_at(key.0.len().saturating_sub(SALT_BYTES));
    let mut salt = [0; SALT_BYTES];
    salt[..rest.len()].copy_from_slice(rest);
    (aes, salt)
}

fn material(key: &Key, icv_len: u8, latency: u32) -> Option<GcmKey> {
    let (aes, salt) = split(key);
    let mut material = gcm_key(aes, salt, latency)?;
    material.icv_len = icv_len;
    Some(material)
}

fn sa_in(tunnel: &Tunnel, sa: &Inbound, latency: u32, gen: u8) -> Option<SaIn> {
    let sel = match sa.selector {
        None => Selector { any: true, ..Default::default() },
        Some(selector) => Selector {
            src: u128::from(u32::from(selector.remote.address())),
            dst: u128::from(u32::from(selector.local.address())),
            src_len: selector.remote.len(),
            dst_len: selector.local.len(),
            proto: selector.protocol,
            ..Default::default()
        },
    };
    Some(SaIn {
        valid: true,
        esn: tunnel.esn,
        tunnel: tunnel.mode == Mode::Tunnel,
        udp: tunnel.udp.is_some(),
        no_ecn: !tunnel.ecn,
        gen,
        replay_window: sa.replay_window,
        ivrf: tunnel.vrf,
        soft_packets: sa.lifetime.packets.soft,
        hard_packets: sa.lifetime.packets.hard,
        soft_bytes: sa.lifetime.bytes.soft,
        hard_bytes: sa.lifetime.bytes.hard,
        gcm: material(&sa.key, tunnel.icv_len, latency)?,
        sel,
    })
}

fn sa_out(tunnel: &Tunnel, sa: &Outbound, latency: u32, gen: u8) -> Option<SaOut> {
    Some(SaOut {
        valid: true,
        esn: tunnel.esn,
        tunnel: tunnel.mode == Mode::Tunnel,
        ipv6: tunnel.remote.is_ipv6(),
        copy_dscp: sa.dscp.is_none(),
        df: sa.df == Df::Set,
        copy_df: sa.df == Df::Copy,
        udp: tunnel.udp.is_some(),
        gen,
        dscp: sa.dscp.unwrap_or(0),
        no_ecn: !tunnel.ecn,
        ttl: sa.ttl,
        spi: sa.spi,
        // The card looks at the addresses in tunnel mode only; whoever reads the record wants to know them always.
        src: address_bits(tunnel.local),
        dst: address_bits(tunnel.remote),
        sport: tunnel.udp.map_or(0, |udp| udp.local),
        dport: tunnel.udp.map_or(0, |udp| udp.remote),
        seq: 0,
        soft_packets: sa.lifetime.packets.soft,
        hard_packets: sa.lifetime.packets.hard,
        soft_bytes: sa.lifetime.bytes.soft,
        hard_bytes: sa.lifetime.bytes.hard,
        soft_seq: sa.lifetime.soft_sequence,
        key_check: key_check(&sa.key),
        gcm: material(&sa.key, tunnel.icv_len, latency)?,
    })
}

/// Key material as the card shows it.
fn public(gcm: &GcmKey) -> GcmKey {
    GcmKey { aes256: gcm.aes256, icv_len: gcm.icv_len, ..Default::default() }
}

/// Index of the inbound SA on the card that equals this one.
fn kept_in(tunnel: &Tunnel, sa: &Inbound, state: &CardState) -> Option<usize> {
    let index = usize::from(state.hash.get(&sa_key(tunnel, sa))?);
    let found = state.sa_in.get(index)?;
    let mut wanted = sa_in(tunnel, sa, 1, found.gen & GEN_FLIP | short_check(&sa.key))?;
    wanted.gcm = public(&wanted.gcm);
    (*found == wanted).then_some(index)
}

/// Index of the outbound SA on the card that equals this one, among those that no other tunnel has.
fn kept_out(tunnel: &Tunnel, sa: &Outbound, state: &CardState, used: &[bool]) -> Option<usize> {
    let mut wanted = sa_out(tunnel, sa, 1, 0)?;
    wanted.gcm = public(&wanted.gcm);
    let mut same = |found: &SaOut| {
        (wanted.gen, wanted.seq) = (found.gen, found.seq);
        *found == wanted
    };
    state.sa_out.iter().zip(used).position(|(found, used)| !used && same(found))
}
