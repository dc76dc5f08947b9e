// SPDX-License-Identifier: Apache-2.0
//! Building and taking apart packets: Ethernet, MPLS, IPv4, IPv6, UDP, ICMP, ESP.
//!
//! Everything here is plain code on byte vectors in wire order, so that a test can build a packet that
//! is wrong in one chosen field. Numbers (addresses, labels, SPIs) are plain integers; 10.0.0.1 is
//! `0x0a000001`.

mod dissect;
mod esp;
mod ipv4;
mod ipv6;
mod l2;
mod l4;

pub use dissect::{dissect, Dissection, IpInfo};
pub use esp::{EspKey, EspPayload, ESP_HEADER_BYTES, ESP_IV_BYTES};
pub use ipv4::{addr, checksum, checksum_adjust, Ipv4};
pub use ipv6::{Address, Ipv6, IPV6_HEADER_BYTES};
pub use l2::{
    ethernet, mac, mpls_frame, LabelEntry, Mac, ETHERTYPE_ARP, ETHERTYPE_IPV4, ETHERTYPE_IPV6,
    ETHERTYPE_MPLS, ETHERTYPE_QINQ, ETHERTYPE_VLAN, ETHER_HEADER_BYTES, MIN_SENT_BYTES,
};
pub use l4::{icmp_echo, udp, PROTO_AH, PROTO_ESP, PROTO_ICMP, PROTO_TCP, PROTO_UDP};
