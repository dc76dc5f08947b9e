// SPDX-License-Identifier: Apache-2.0
//! Traffic that is wrong: forged, replayed, cut short, mutated field by field.

use super::packets::{Generator, PortFrame, NEXT_IPV4, NEXT_IPV6};
use super::random_tables::pick;
use crate::model::SaIn;
use crate::packet::{
    checksum, EspPayload, ESP_HEADER_BYTES, ETHERTYPE_IPV4, ETHERTYPE_IPV6, ETHER_HEADER_BYTES,
    IPV6_HEADER_BYTES,
};
use headend_regs::param;
use rand::RngExt;

/// Bytes of an IPv4 header without options.
const IP_BYTES: usize = 20;

/// An SA to attack, and something good that it could carry.
struct Target {
    port: usize,
    index: u16,
    sa: SaIn,
    inner: Vec<u8>,
    next_header: u8,
}

impl Target {
    /// A right payload.
    fn payload(&self) -> EspPayload {
        EspPayload::new(&self.inner, self.next_header)
    }
}

/// Offset of the SPI in the frames of an SA.
fn esp_at(sa: &SaIn) -> usize {
    ETHER_HEADER_BYTES
        + if sa.dst.is_v6() { IPV6_HEADER_BYTES } else { IP_BYTES }
        + if sa.udp { 8 } else { 0 }
}

/// Makes all lengths of an ESP frame agree with its size.
fn fix_lengths(frame: &mut [u8], sa: &SaIn) {
    let len = frame.len() - ETHER_HEADER_BYTES;
    let ip = &mut frame[ETHER_HEADER_BYTES..];
    let be = |n: usize| (n as u16).to_be_bytes();
    if sa.dst.is_v6() {
        ip[4..6].copy_from_slice(&be(len - IPV6_HEADER_BYTES));
        return;
    }
    ip[2..4].copy_from_slice(&be(len));
    fix_checksum(ip);
    if sa.udp {
        ip[IP_BYTES + 4..][..2].copy_from_slice(&be(len - IP_BYTES));
    }
}

/// Makes the checksum of the IPv4 header at the start of `ip` right, if the header is whole.
pub(super) fn fix_checksum(ip: &mut [u8]) {
    let len = ip.first().map_or(0, |b| usize::from(b & 0xf) * 4);
    if len < IP_BYTES || ip.len() < len {
        return;
    }
    ip[10..12].copy_from_slice(&[0, 0]);
    let sum = checksum(&ip[..len]);
    ip[10..12].copy_from_slice(&sum.to_be_bytes());
}

impl Generator {
    /// ESP for one of our SAs that must not pass, or only by the rules.
    pub(super) fn hostile_esp(&mut self) -> PortFrame {
        let Some((port, index, sa)) = self.reachable_sa() else { return self.broken() };
        let (inner, next_header) = self.content(&sa);
        let target = Target { port, index, sa, inner, next_header };
        let frame = match self.random.random_range(0..14) {
            0..5 => self.wrong_sequence(&target),
            5..8 => self.forged(&target),
            8..10 => self.cut_short(&target),
            10 => self.wrong_encapsulation(&target),
            _ => self.wrong_payload(&target),
        };
        (port, frame)
    }

    /// The next good sequence number of an SA.
    fn next_seq(&self, target: &Target) -> u64 {
        let top = self.model.sa_in(target.index).expect("installed").seq_top;
        let last = if target.sa.key.esn { u64::MAX } else { u32::MAX.into() };
        top.saturating_add(1).min(last)
    }

    /// Right in everything but the sequence number.
    fn wrong_sequence(&mut self, target: &Target) -> Vec<u8> {
        // Left of an ESN window the number is inferred in the next subspace, and that depends on how far
        // the window has moved: send it alone.
        self.after_drain = true;
        let here: Vec<usize> = (0..self.recent.len()).filter(|n| self.recent[*n].0 == target.port).collect();
        if !here.is_empty() && self.random.random() {
            self.intent = "replay";
            return self.recent[pick(&mut self.random, &here)].1.clone();
        }
        let seq = if self.random.random() {
            self.intent = "left of the window";
            let top = self.next_seq(target) - 1;
            top.saturating_sub(u64::from(target.sa.window) + self.random.random_range(0..3)).max(1)
        } else {
            self.intent = "sequence number 0";
            0
        };
        self.seal(target.port, &target.sa, seq, &target.payload())
    }

    /// In UDP where it should be bare, or the other way round.
    fn wrong_encapsulation(&mut self, target: &Target) -> Vec<u8> {
        self.intent = "ESP in UDP or not, as it should not be";
        let seq = self.next_seq(target);
        let sa = SaIn { udp: !target.sa.udp && !target.sa.dst.is_v6(), ..target.sa.clone() };
        self.seal(target.port, &sa, seq, &target.payload())
    }

    /// Not made with the SA's key, or not for the SA.
    fn forged(&mut self, target: &Target) -> Vec<u8> {
        let seq = self.next_seq(target);
        let mut sa = target.sa.clone();
        let kind = self.random.random_range(0..3);
        match kind {
            0 => self.intent = "tampered",
            1 => {
                self.intent = "wrong key";
                sa.key.key[self.random.random_range(0..16)] ^= 0x40;
            }
            _ => {
                self.intent = "wrong SPI";
                sa.spi ^= 1 << self.random.random_range(0..32);
            }
        }
        let mut frame = self.seal(target.port, &sa, seq, &target.payload());
        self.recent.pop();
        if kind == 0 {
            let at = self.random.random_range(esp_at(&sa) + ESP_HEADER_BYTES..frame.len());
            frame[at] ^= 1 << self.random.random_range(0..8);
        }
        frame
    }

    /// Too short, or not a multiple of four, while all lengths agree.
    fn cut_short(&mut self, target: &Target) -> Vec<u8> {
        let seq = self.next_seq(target);
        let mut payload = target.payload();
        if self.random.random() {
            self.intent = "payload not a multiple of four";
            payload.plaintext.truncate(payload.plaintext.len() - self.random.random_range(1..4));
            return self.seal(target.port, &target.sa, seq, &payload);
        }
        self.intent = "ESP cut short, lengths agree";
        let mut frame = self.seal(target.port, &target.sa, seq, &payload);
        self.recent.pop();
        let keep = self.random.random_range(0..60).min(frame.len() - esp_at(&target.sa));
        frame.truncate(esp_at(&target.sa) + keep);
        fix_lengths(&mut frame, &target.sa);
        frame
    }

    /// Authentic, but the plaintext breaks a rule.
    fn wrong_payload(&mut self, target: &Target) -> Vec<u8> {
        let seq = self.next_seq(target);
        let payload = match self.random.random_range(0..4) {
            0 => {
                self.intent = "dummy or foreign next header";
                EspPayload::new(&target.inner, pick(&mut self.random, &[59, 59, 4, 41, 6, 17, 0, 255]))
            }
            1 => {
                self.intent = "wrong padding";
                let pad = (4 - (target.inner.len() + 2) % 4) % 4 + 4;
                let mut payload = EspPayload::with_padding(&target.inner, target.next_header, pad);
                let n = payload.plaintext.len();
                match self.random.random_range(0..3) {
                    0 => payload.plaintext[n - 2] = self.random.random(),
                    1 => payload.plaintext[n - 3 - self.random.random_range(0..4)] ^= 0x10,
                    // The last four bytes alone: their pad length reaches back too far.
                    _ => payload.plaintext = payload.plaintext.split_off(n - 4),
                }
                payload
            }
            2 => {
                self.intent = "nothing or one byte inside";
                let next_header = pick(&mut self.random, &[NEXT_IPV4, NEXT_IPV6, 59, 6]);
                match self.random.random_range(0..3) {
                    0 => EspPayload::with_padding(&[], next_header, 2),
                    1 => EspPayload::with_padding(&[0x45], next_header, 1),
                    _ => EspPayload::with_padding(&[0x60], next_header, 1),
                }
            }
            _ if target.sa.transport => EspPayload::with_padding(&target.inner, target.next_header, 255),
            _ => {
                self.intent = "inner header mutated";
                let mut bad = target.inner.clone();
                self.mutate_ip(&mut bad, 0);
                EspPayload::new(&bad, NEXT_IPV4)
            }
        };
        self.seal(target.port, &target.sa, seq, &payload)
    }

    /// A good frame with something wrong in it, or no frame at all.
    pub(super) fn broken(&mut self) -> PortFrame {
        let (port, mut frame) = self.any_good_frame();
        match self.random.random_range(0..12) {
            0 => {
                self.intent = "runt";
                frame.truncate(self.random.random_range(1..14));
            }
            1 => {
                self.intent = "oversize";
                frame.resize(param::MAX_FRAME_BYTES + self.random.random_range(1..200), 0x33);
            }
            2 => {
                self.intent = "largest frame";
                frame.resize(param::MAX_FRAME_BYTES, 0x44);
            }
            3 | 4 => {
                self.intent = "truncated";
                let keep = if self.random.random() { frame.len() } else { frame.len().min(80) };
                frame.truncate(self.random.random_range(1..=keep));
            }
            5 => {
                self.intent = "random bytes";
                let from = pick(&mut self.random, &[0, 12, 14]);
                frame[from..].iter_mut().for_each(|b| *b = self.random.random());
            }
            6 | 7 => {
                self.intent = "one bit flipped in the headers";
                let at = self.random.random_range(0..frame.len().min(64));
                frame[at] ^= 1 << self.random.random_range(0..8);
            }
            _ => {
                self.intent = "IP header mutated";
                if frame[12..14] == ETHERTYPE_IPV4.to_be_bytes() {
                    self.mutate_ip(&mut frame, ETHER_HEADER_BYTES);
                } else if frame[12..14] == ETHERTYPE_IPV6.to_be_bytes() {
                    self.mutate_ipv6(&mut frame[ETHER_HEADER_BYTES..]);
                } else {
                    let stack_end =
                        (14..frame.len()).step_by(4).find(|at| frame.get(at + 2).is_some_and(|b| b & 1 == 1));
                    if let Some(at) = stack_end.filter(|at| at + 4 + IP_BYTES <= frame.len()) {
                        self.mutate_ip(&mut frame, at + 4);
                    }
                }
            }
        }
        (port, frame)
    }

    /// A good frame of any kind.
    fn any_good_frame(&mut self) -> PortFrame {
        loop {
            let (port, bytes) = self.good_frame();
            if bytes.len() > ETHER_HEADER_BYTES + IP_BYTES {
                return (port, bytes);
            }
        }
    }

    /// Changes one field of the IPv6 header at the start of `ip`.
    fn mutate_ipv6(&mut self, ip: &mut [u8]) {
        let r = &mut self.random;
        match r.random_range(0..7) {
            0 => ip[0] = ip[0] & 0xf | r.random_range(0..16) << 4,
            1 => ip[1..4].iter_mut().for_each(|b| *b = r.random()),
            2 => ip[4..6].copy_from_slice(&r.random::<u16>().to_be_bytes()),
            3 => {
                let len = u16::from_be_bytes([ip[4], ip[5]]).wrapping_add_signed(r.random_range(-24..24));
                ip[4..6].copy_from_slice(&len.to_be_bytes());
            }
            4 => ip[6] = pick(r, &[0, 6, 17, 43, 44, 50, 51, 58, 59, 60, 135]),
            5 => ip[7] = r.random_range(0..3),
            _ => ip[r.random_range(24..40)] ^= 1 << r.random_range(0..8),
        }
    }

    /// Changes one field of the IPv4 header at `at`; mostly with the checksum made right again.
    fn mutate_ip(&mut self, packet: &mut [u8], at: usize) {
        let ip = &mut packet[at..];
        let r = &mut self.random;
        let keep_checksum = r.random_ratio(1, 6);
        match r.random_range(0..9) {
            0 => ip[0] = ip[0] & 0xf | r.random_range(0..16) << 4,
            1 => ip[0] = ip[0] & 0xf0 | r.random_range(0..16),
            2 => ip[2..4].copy_from_slice(&r.random::<u16>().to_be_bytes()),
            3 => {
                let len = u16::from_be_bytes([ip[2], ip[3]]).wrapping_add_signed(r.random_range(-24..24));
                ip[2..4].copy_from_slice(&len.to_be_bytes());
            }
            4 => ip[6..8].copy_from_slice(&r.random::<u16>().to_be_bytes()),
            5 => ip[8] = r.random_range(0..3),
            6 => ip[9] = pick(r, &[50, 51, 6, 17, 1, 0]),
            7 => ip[10] ^= 1 << r.random_range(0..8),
            _ => ip[16..20].copy_from_slice(&r.random_range(0xd000_0000..=u32::MAX).to_be_bytes()),
        }
        if !keep_checksum {
            fix_checksum(ip);
        }
    }
}
