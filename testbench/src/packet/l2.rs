// SPDX-License-Identifier: Apache-2.0
//! Ethernet II frames and MPLS label stacks (RFC 3032).

/// A MAC address in wire order.
pub type Mac = [u8; 6];

/// EtherType of IPv4.
pub const ETHERTYPE_IPV4: u16 = 0x0800;
/// EtherType of ARP.
pub const ETHERTYPE_ARP: u16 = 0x0806;
/// EtherType (TPID) of an 802.1Q customer tag.
pub const ETHERTYPE_VLAN: u16 = 0x8100;
/// EtherType of IPv6.
pub const ETHERTYPE_IPV6: u16 = 0x86dd;
/// EtherType of MPLS unicast.
pub const ETHERTYPE_MPLS: u16 = 0x8847;
/// EtherType (TPID) of an 802.1ad service tag.
pub const ETHERTYPE_QINQ: u16 = 0x88a8;

/// Bytes of an untagged Ethernet header.
pub const ETHER_HEADER_BYTES: usize = 14;
/// Shortest frame that leaves a port, without FCS (IEEE 802.3: 64 bytes with FCS).
pub const MIN_SENT_BYTES: usize = 60;

/// The MAC address whose 48-bit number is `n`; `0x020000000001` is 02:00:00:00:00:01.
pub fn mac(n: u64) -> Mac {
    let b = n.to_be_bytes();
    [b[2], b[3], b[4], b[5], b[6], b[7]]
}

/// An untagged Ethernet frame without FCS and without padding.
pub fn ethernet(dst: Mac, src: Mac, ethertype: u16, payload: &[u8]) -> Vec<u8> {
    let mut frame = Vec::with_capacity(ETHER_HEADER_BYTES + payload.len());
    frame.extend_from_slice(&dst);
    frame.extend_from_slice(&src);
    frame.extend_from_slice(&ethertype.to_be_bytes());
    frame.extend_from_slice(payload);
    frame
}

/// One entry of an MPLS label stack (RFC 3032 2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LabelEntry {
    /// Label, 20 bits.
    pub label: u32,
    /// Traffic class (RFC 5462), 3 bits.
    pub tc: u8,
    /// Bottom of stack.
    pub bottom: bool,
    /// Time to live.
    pub ttl: u8,
}

impl LabelEntry {
    /// The entry as it stands on the wire.
    pub fn to_bytes(self) -> [u8; 4] {
        let word = (self.label & 0xf_ffff) << 12
            | u32::from(self.tc & 7) << 9
            | u32::from(self.bottom) << 8
            | u32::from(self.ttl);
        word.to_be_bytes()
    }

    /// The entry that starts `bytes`, or `None` when fewer than four bytes are left.
    pub fn from_bytes(bytes: &[u8]) -> Option<LabelEntry> {
        let word = u32::from_be_bytes(bytes.get(..4)?.try_into().ok()?);
        Some(LabelEntry {
            label: word >> 12,
            tc: (word >> 9 & 7) as u8,
            bottom: word >> 8 & 1 == 1,
            ttl: word as u8,
        })
    }
}

/// An MPLS frame: the entries as given (the caller chooses the S bits), then the payload.
pub fn mpls_frame(dst: Mac, src: Mac, stack: &[LabelEntry], payload: &[u8]) -> Vec<u8> {
    let mut body: Vec<u8> = stack.iter().flat_map(|e| e.to_bytes()).collect();
    body.extend_from_slice(payload);
    ethernet(dst, src, ETHERTYPE_MPLS, &body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn label_entry_has_the_layout_of_rfc_3032() {
        let e = LabelEntry { label: 702, tc: 5, bottom: true, ttl: 64 };
        assert_eq!(e.to_bytes(), [0x00, 0x2b, 0xeb, 0x40]);
        assert_eq!(LabelEntry::from_bytes(&e.to_bytes()), Some(e));
        assert_eq!(LabelEntry::from_bytes(&[0, 1, 2]), None);
    }

    #[test]
    fn frames_carry_addresses_in_wire_order() {
        let f = ethernet(mac(0x0200_0000_0001), mac(0x0a0b_0c0d_0e0f), 0x8847, &[9]);
        assert_eq!(f, [2, 0, 0, 0, 0, 1, 0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f, 0x88, 0x47, 9]);
    }
}
