// SPDX-License-Identifier: Apache-2.0
//! A customer site in software: it seals pings into ESP towards the provider edge and opens the answers.
//!
//! Its cryptography is the crate `aes-gcm`, through the testbench's packet helpers: it shares no code with the
//! card.

use headend_testbench::packet::{
    dissect, ethernet, icmp_echo, EspKey, EspPayload, Ipv4, Mac, ETHERTYPE_IPV4, PROTO_ESP, PROTO_ICMP,
};

/// IP protocol number of IPv4 in IPv4, the ESP next header of tunnel mode.
const NEXT_HEADER_IPV4: u8 = 4;

/// One direction of a tunnel.
#[derive(Debug, Clone)]
pub struct Sa {
    /// SPI.
    pub spi: u32,
    /// Key, salt, ICV length and ESN.
    pub key: EspKey,
    /// Last sequence number sent or accepted.
    pub seq: u64,
}

/// A site with its tunnel to the provider edge. Addresses are numbers: 10.0.0.1 is `0x0a000001`.
#[derive(Debug, Clone)]
pub struct Site {
    /// Name, for people.
    pub name: String,
    /// The customer edge's public address.
    pub public: u32,
    /// The provider edge's public address.
    pub provider: u32,
    /// MAC address of the customer edge on the cable.
    pub mac: Mac,
    /// MAC address of the provider edge on the cable.
    pub provider_mac: Mac,
    /// A host behind the customer edge.
    pub host: u32,
    /// From the site to the provider edge.
    pub outbound: Sa,
    /// From the provider edge to the site.
    pub inbound: Sa,
}

/// An answer that came back through the tunnel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// ESP sequence number.
    pub esp_seq: u32,
    /// Source of the inner packet.
    pub from: u32,
    /// TTL of the inner packet.
    pub ttl: u8,
    /// ICMP identifier.
    pub id: u16,
    /// ICMP sequence number.
    pub seq: u16,
    /// Payload bytes of the echo.
    pub payload: Vec<u8>,
}

impl Site {
    /// The frame of an echo request to `target` with `payload`, sealed under the next sequence number.
    pub fn ping(&mut self, target: u32, id: u16, seq: u16, payload: &[u8]) -> Vec<u8> {
        let inner = Ipv4::new(self.host, target, PROTO_ICMP).build(&icmp_echo(false, id, seq, payload));
        self.outbound.seq += 1;
        let Sa { spi, key, seq } = &self.outbound;
        let esp = key.seal(*spi, *seq, seq.to_be_bytes(), &EspPayload::new(&inner, NEXT_HEADER_IPV4));
        let outer = Ipv4::new(self.public, self.provider, PROTO_ESP).build(&esp);
        ethernet(self.provider_mac, self.mac, ETHERTYPE_IPV4, &outer)
    }

    /// Opens a frame from the provider edge; an echo reply is returned.
    ///
    /// # Errors
    /// The frame is not ESP for this site, its ICV or sequence number is wrong, or it holds no echo reply; the
    /// text says which.
    pub fn open(&mut self, frame: &[u8]) -> Result<Answer, String> {
        let seen = dissect(frame).ok_or("frame shorter than an Ethernet header")?;
        let (spi, esp_seq) = seen.esp().ok_or_else(|| format!("not ESP: {seen}"))?;
        let outer = seen.ip.as_ref().ok_or("no IPv4 packet")?;
        if (spi, outer.header.src, outer.header.dst) != (self.inbound.spi, self.provider, self.public) {
            return Err(format!("not for {}: {seen}", self.name));
        }
        if u64::from(esp_seq) <= self.inbound.seq {
            return Err(format!("sequence number {esp_seq} after {}: {seen}", self.inbound.seq));
        }
        let opened = self.inbound.key.open(&outer.payload, u64::from(esp_seq));
        let plain = opened.ok_or_else(|| format!("ICV is wrong: {seen}"))?.plaintext;
        self.inbound.seq = u64::from(esp_seq);
        echo_reply(esp_seq, &plain).ok_or_else(|| format!("no echo reply inside: {seen}"))
    }
}

fn echo_reply(esp_seq: u32, plain: &[u8]) -> Option<Answer> {
    let (&next_header, rest) = plain.split_last()?;
    let (&padding, rest) = rest.split_last()?;
    let packet = rest.get(..rest.len().checked_sub(usize::from(padding))?)?;
    if next_header != NEXT_HEADER_IPV4 {
        return None;
    }
    let framed = ethernet([0; 6], [0; 6], ETHERTYPE_IPV4, packet);
    let ip = dissect(&framed)?.ip?;
    let echo = &ip.payload;
    if ip.header.proto != PROTO_ICMP || echo.len() < 8 || echo[0] != 0 {
        return None;
    }
    let word = |at: usize| u16::from_be_bytes([echo[at], echo[at + 1]]);
    Some(Answer {
        esp_seq,
        from: ip.header.src,
        ttl: ip.header.ttl,
        id: word(4),
        seq: word(6),
        payload: echo[8..].to_vec(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use headend_testbench::packet::{addr, mac};

    fn site() -> Site {
        let key = EspKey { key: vec![7; 16], salt: [1; 4], icv_len: 16, esn: false };
        Site {
            name: "site".into(),
            public: addr(198, 51, 100, 10),
            provider: addr(192, 0, 2, 1),
            mac: mac(1),
            provider_mac: mac(2),
            host: addr(10, 1, 0, 2),
            outbound: Sa { spi: 0x1001, key: key.clone(), seq: 0 },
            inbound: Sa { spi: 0x2001, key, seq: 0 },
        }
    }

    /// The provider edge's side of the same tunnel.
    fn mirrored(site: &Site) -> Site {
        Site {
            public: site.provider,
            provider: site.public,
            outbound: site.inbound.clone(),
            inbound: site.outbound.clone(),
            ..site.clone()
        }
    }

    #[test]
    fn requests_are_sealed_and_only_replies_with_a_fresh_sequence_number_are_taken() {
        let (mut near, mut far) = (site(), mirrored(&site()));
        let frame = near.ping(addr(10, 2, 0, 2), 1, 1, b"data");
        assert!(far.open(&frame).expect_err("a request is no reply").contains("no echo reply"));
        let inner =
            Ipv4::new(addr(10, 2, 0, 2), near.host, PROTO_ICMP).build(&icmp_echo(true, 1, 5, b"data"));
        let esp = far.outbound.key.seal(0x2001, 1, [0; 8], &EspPayload::new(&inner, NEXT_HEADER_IPV4));
        let outer = Ipv4::new(near.provider, near.public, PROTO_ESP).build(&esp);
        let reply = ethernet(near.mac, near.provider_mac, ETHERTYPE_IPV4, &outer);
        let answer = near.open(&reply).expect("reply");
        assert_eq!((answer.seq, answer.payload.as_slice()), (5, &b"data"[..]));
        assert!(near.open(&reply).expect_err("replay").contains("after 1"));
        let mut bad = reply.clone();
        bad[14 + 20 + 7] = 2;
        assert!(near.open(&bad).expect_err("tampered").contains("ICV"));
    }
}
