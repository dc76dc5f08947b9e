// SPDX-License-Identifier: Apache-2.0
//! SA records, and which of them the card holds already.
//!
//! An SA that is on the card unchanged is kept: rewriting an inbound one would forget which packets were seen, and
//! rewriting an outbound one would start its sequence numbers, and so its nonces, again (RFC 4106 2). Keys cannot be
//! read back, so the generation carries a check of the key: bit 7 flips whenever an index is reused, bits 6 to 0 are
//! bits of AES under the key, which say nothing about it.

use aes::cipher::{Block, BlockCipherEncrypt, KeyInit};
use headend_regs::{GcmKey, SaIn, SaOut, Selector};

use super::state::CardState;
use crate::config::{Config, Inbound, Key, Outbound, Tunnel};
use crate::tables::hash::SaKey;
use crate::tables::{gcm_key, SALT_BYTES};
use crate::{Error, Result};

/// Bit of the generation that flips when an index is reused.
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
            let stays_in = tunnel.inbound.as_ref().and_then(|sa| kept_in(tunnel, sa, state));
            inbound.keep(stays_in);
            let stays_out = match &tunnel.outbound {
                Some(sa) => kept_out(tunnel, sa, state)?,
                None => None,
            };
            outbound.keep(stays_out);
        }
        for (n, tunnel) in config.tunnels.iter().enumerate() {
            if let Some(sa) = &tunnel.inbound {
                inbound.place(
                    n,
                    |index| sa_in(tunnel, sa, latency, flipped(state.sa_in[index].gen, &sa.key)),
                    |i| state.sa_in[i].valid,
                )?;
            }
            if let Some(sa) = &tunnel.outbound {
                outbound.place(
                    n,
                    |index| sa_out(tunnel, sa, latency, flipped(state.sa_out[index].gen, &sa.key)),
                    |i| state.sa_out[i].valid,
                )?;
            }
        }
        Ok(Self { inbound: inbound.placed, outbound: outbound.placed })
    }
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

    fn keep(&mut self, index: Option<usize>) {
        if let Some(used) = index.and_then(|index| self.used.get_mut(index)) {
            *used = true;
        }
        self.placed.push(index.map(|index| Placed { index, record: None }));
    }

    /// Places the SA of tunnel `n`, unless it is kept: preferably where no SA was.
    fn place(
        &mut self,
        n: usize,
        record: impl Fn(usize) -> Option<R>,
        occupied: impl Fn(usize) -> bool,
    ) -> Result<()> {
        if self.placed[n].is_some() {
            return Ok(());
        }
        let free = |avoid: bool| (0..self.used.len()).find(|&i| !(self.used[i] || avoid && occupied(i)));
        let index = free(true).or_else(|| free(false)).ok_or_else(|| {
            Error::Invalid(format!("more than {} {} SAs do not fit this card", self.used.len(), self.what))
        })?;
        let record =
            record(index).ok_or_else(|| Error::Invalid("an AES key has an impossible length".into()))?;
        self.used[index] = true;
        self.placed[n] = Some(Placed { index, record: Some(record) });
        Ok(())
    }
}

/// Key of a tunnel's inbound SA in the hash.
pub(super) fn sa_key(tunnel: &Tunnel, sa: &Inbound) -> SaKey {
    SaKey::esp4(tunnel.fvrf, sa.spi, tunnel.local)
}

/// Check of key and salt in bits 6 to 0 of the generation.
fn check(key: &Key) -> u8 {
    let (aes, salt) = split(key);
    let mut block = Block::<aes::Aes256>::from(*b"headend gen ....");
    block[12..].copy_from_slice(&salt);
    match aes.len() {
        16 => aes::Aes128::new_from_slice(aes).into_iter().for_each(|aes| aes.encrypt_block(&mut block)),
        _ => aes::Aes256::new_from_slice(aes).into_iter().for_each(|aes| aes.encrypt_block(&mut block)),
    }
    block[0] & !GEN_FLIP
}

fn flipped(before: u8, key: &Key) -> u8 {
    !before & GEN_FLIP | check(key)
}

fn split(key: &Key) -> (&[u8], [u8; SALT_BYTES]) {
    let (aes, rest) = key.0.split_at(key.0.len().saturating_sub(SALT_BYTES));
    let mut salt = [0; SALT_BYTES];
    salt[..rest.len()].copy_from_slice(rest);
    (aes, salt)
}

fn material(key: &Key, latency: u32) -> Option<GcmKey> {
    let (aes, salt) = split(key);
    gcm_key(aes, salt, latency)
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
        tunnel: true,
        gen,
        replay_window: sa.replay_window,
        ivrf: tunnel.vrf,
        gcm: material(&sa.key, latency)?,
        sel,
    })
}

fn sa_out(tunnel: &Tunnel, sa: &Outbound, latency: u32, gen: u8) -> Option<SaOut> {
    Some(SaOut {
        valid: true,
        esn: tunnel.esn,
        tunnel: true,
        copy_dscp: sa.dscp.is_none(),
        df: sa.df,
        gen,
        dscp: sa.dscp.unwrap_or(0),
        ttl: sa.ttl,
        spi: sa.spi,
        src: u128::from(u32::from(tunnel.local)),
        dst: u128::from(u32::from(tunnel.remote)),
        gcm: material(&sa.key, latency)?,
        ..Default::default()
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
    let mut wanted = sa_in(tunnel, sa, 1, found.gen & GEN_FLIP | check(&sa.key))?;
    wanted.gcm = public(&wanted.gcm);
    (*found == wanted).then_some(index)
}

/// Index of the outbound SA on the card that equals this one. One that differs in something else than its key, and has
/// sent packets, cannot be changed.
fn kept_out(tunnel: &Tunnel, sa: &Outbound, state: &CardState) -> Result<Option<usize>> {
    let same_sa = |found: &&SaOut| {
        let ends = (u128::from(u32::from(tunnel.local)), u128::from(u32::from(tunnel.remote)));
        found.valid && found.spi == sa.spi && (found.src, found.dst) == ends
    };
    let Some(index) = state.sa_out.iter().position(|found| same_sa(&found)) else { return Ok(None) };
    let found = &state.sa_out[index];
    let Some(mut wanted) = sa_out(tunnel, sa, 1, found.gen & GEN_FLIP | check(&sa.key)) else {
        return Ok(None);
    };
    wanted.gcm = public(&wanted.gcm);
    if *found == wanted {
        return Ok(Some(index));
    }
    let sequence = state.sequence(index);
    if found.gen == wanted.gen && found.gcm == wanted.gcm && sequence > 0 {
        return Err(Error::Invalid(format!(
            "tunnel `{}`: its outbound SA {:#010x} has sent {sequence} packets with this key, and other settings; \
             changing them would start its sequence again and reuse nonces: give it a new SPI and a new key",
            tunnel.name, sa.spi
        )));
    }
    Ok(None)
}
