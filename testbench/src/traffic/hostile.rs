// SPDX-License-Identifier: Apache-2.0
//! Traffic that is wrong: forged, replayed, cut short, mutated field by field.

use super::packets::{Generator, PortFrame};
use super::random_tables::pick;
use crate::packet::{checksum, EspPayload, ETHERTYPE_IPV4, ETHER_HEADER_BYTES};
use headend_regs::param;
use rand::RngExt;

/// Bytes of an IPv4 header without options.
const IP_BYTES: usize = 20;

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
        let top = self.model.sa_in(index).expect("installed").seq_top;
        let next = top.saturating_add(1).min(if sa.key.esn { u64::MAX } else { u32::MAX.into() });
        let inner = self.ip(sa.ivrf);
        let good = EspPayload::new(&inner, 4);
        let esp_at = ETHER_HEADER_BYTES + IP_BYTES;
        match self.random.random_range(0..13) {
            0 | 1 if self.recent.iter().any(|(p, _)| *p == port) => {
                self.intent = "replay";
                // Left of an ESN window the number is inferred in the next subspace, and that depends on
                // how far the window has moved: send it alone.
                self.after_drain = true;
                let here: Vec<usize> = (0..self.recent.len()).filter(|n| self.recent[*n].0 == port).collect();
                self.recent[pick(&mut self.random, &here)].clone()
            }
            2 => {
                self.intent = "left of the window";
                self.after_drain = true;
                let seq = top.saturating_sub(u64::from(sa.window) + self.random.random_range(0..3)).max(1);
                (port, self.seal(port, &sa, seq, &good))
            }
            3 => {
                self.intent = "sequence number 0";
                self.after_drain = true;
                (port, self.seal(port, &sa, 0, &good))
            }
            4 => {
                self.intent = "tampered";
                let mut frame = self.seal(port, &sa, next, &good);
                self.recent.pop();
                let at = self.random.random_range(esp_at + 8..frame.len());
                frame[at] ^= 1 << self.random.random_range(0..8);
                (port, frame)
            }
            5 => {
                self.intent = "wrong key";
                let mut other = sa.clone();
                other.key.key[self.random.random_range(0..16)] ^= 0x40;
                let frame = self.seal(port, &other, next, &good);
                self.recent.pop();
                (port, frame)
            }
            6 => {
                self.intent = "wrong SPI";
                let mut other = sa.clone();
                other.spi ^= 1 << self.random.random_range(0..32);
                (port, self.seal(port, &other, next, &good))
            }
            7 => {
                self.intent = "dummy or foreign next header";
                let next_header = pick(&mut self.random, &[59, 59, 41, 6, 17, 0, 255]);
                (port, self.seal(port, &sa, next, &EspPayload::new(&inner, next_header)))
            }
            8 => {
                self.intent = "wrong padding";
                let mut payload = EspPayload::with_padding(&inner, 4, (4 - (inner.len() + 2) % 4) % 4 + 4);
                let n = payload.plaintext.len();
                match self.random.random_range(0..3) {
                    0 => payload.plaintext[n - 2] = self.random.random(),
                    1 => payload.plaintext[n - 3 - self.random.random_range(0..4)] ^= 0x10,
                    _ => payload.plaintext.drain(..n - 4).for_each(std::mem::drop),
                }
                (port, self.seal(port, &sa, next, &payload))
            }
            9 => {
                self.intent = "ESP cut short, lengths agree";
                let mut frame = self.seal(port, &sa, next, &good);
                self.recent.pop();
                let keep = self.random.random_range(0..60).min(frame.len() - esp_at);
                frame.truncate(esp_at + keep);
                let len = (frame.len() - ETHER_HEADER_BYTES) as u16;
                frame[ETHER_HEADER_BYTES + 2..][..2].copy_from_slice(&len.to_be_bytes());
                fix_checksum(&mut frame[ETHER_HEADER_BYTES..]);
                (port, frame)
            }
            10 => {
                self.intent = "payload not a multiple of four";
                let mut odd = good;
                odd.plaintext.truncate(odd.plaintext.len() - self.random.random_range(1..4));
                (port, self.seal(port, &sa, next, &odd))
            }
            11 => {
                self.intent = "trailer alone";
                let payload = EspPayload::with_padding(&[], pick(&mut self.random, &[4, 59, 6]), 2);
                (port, self.seal(port, &sa, next, &payload))
            }
            _ => {
                self.intent = "inner header mutated";
                let mut bad = inner;
                self.mutate_ip(&mut bad, 0);
                (port, self.seal(port, &sa, next, &EspPayload::new(&bad, 4)))
            }
        }
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
