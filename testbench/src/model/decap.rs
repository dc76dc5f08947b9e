// SPDX-License-Identifier: Apache-2.0
//! Inbound ESP: sequence number, ICV, replay, trailer, selectors (RFC 4303 3.4, RFC 4301 5.2).

use super::headers::Network;
use super::{drop, Model, Packet, Replay, Step};
use headend_regs::DropReason;

/// Next header of IPv4 in tunnel mode.
const NEXT_IPV4: u8 = 4;
/// Next header of a dummy packet (RFC 4303 2.6).
const NEXT_DUMMY: u8 = 59;

impl Model {
    /// Turns an ESP packet (`esp`: SPI to ICV) of SA `index` into its inner packet.
    pub(super) fn decap(&mut self, outer: Packet, index: u16, esp: &[u8]) -> Step<Packet> {
        let sa = self.tables.sas_in[&index].clone();
        let seq = self.sequence(index, u32::from_be_bytes([esp[4], esp[5], esp[6], esp[7]]));
        let state = self.replay.get_mut(&index).expect("installed SAs have state");
        let counters = self.sa_in.get_mut(&index).expect("installed SAs have counters");

        let Some(payload) = sa.key.open(esp, seq) else {
            counters.auth_fail += 1;
            return drop(DropReason::IcvMismatch);
        };
        // The window moves only for packets whose ICV was right (RFC 4303 3.4.3).
        match state.accept(seq) {
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
        let inner = trailer(&payload.plaintext)?;
        counters.packets += 1;
        counters.bytes += inner.len() as u64;
        Ok(Packet { bytes: inner.to_vec(), l3: true, vrf: sa.ivrf, sa: Some(index), ..outer })
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

/// Cuts padding and trailer off a plaintext (RFC 4303 2.4 to 2.6) and returns the inner packet.
fn trailer(plaintext: &[u8]) -> Step<&[u8]> {
    let (rest, tail) = plaintext.split_at(plaintext.len() - 2);
    let (pad_len, next_header) = (usize::from(tail[0]), tail[1]);
    let Some(inner_len) = rest.len().checked_sub(pad_len) else { return drop(DropReason::EspTrailer) };
    let (inner, padding) = rest.split_at(inner_len);
    if padding.iter().zip(1u8..).any(|(byte, want)| *byte != want) {
        return drop(DropReason::EspTrailer);
    }
    match next_header {
        NEXT_DUMMY => drop(DropReason::EspDummy),
        NEXT_IPV4 if inner.is_empty() => drop(DropReason::EspTrailer),
        NEXT_IPV4 => Ok(inner),
        _ => drop(DropReason::EspNextHeader),
    }
}
