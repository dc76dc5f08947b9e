// SPDX-License-Identifier: Apache-2.0
//! Outer checks of a received frame: for us or not, for the host or not, ESP or clear.

use super::headers::{link, network, Ip, Network};
use super::{drop, Model, Packet, Step};
use crate::packet::{
    Address, ESP_HEADER_BYTES, ESP_IV_BYTES, ETHERTYPE_ARP, ETHERTYPE_IPV4, ETHERTYPE_IPV6, ETHERTYPE_MPLS,
    ETHER_HEADER_BYTES, IPV6_HEADER_BYTES, PROTO_AH, PROTO_ESP, PROTO_UDP,
};
use headend_regs::{param, DropReason, HostReason, Ingress};

/// Bytes of a UDP header.
const UDP_BYTES: usize = 8;
/// First next headers of IPv6 that announce an extension header: hop-by-hop, routing, fragment, destination options
/// (RFC 8200 4), mobility (RFC 6275).
const IPV6_EXTENSIONS: [u8; 5] = [0, 43, 44, 60, 135];

/// What a frame turned out to be.
pub(super) enum Class {
    /// ESP for one of our SAs: `outer` is its IP header, `esp` the packet from the SPI to the ICV.
    Esp { packet: Packet, outer: Network, sa: u16, esp: Vec<u8> },
    /// Anything else that is forwarded as it is.
    Clear(Packet),
}

impl Model {
    /// Classifies a frame of at least an Ethernet header that arrived on `port`.
    pub(super) fn classify(&self, port: usize, frame: &[u8]) -> Step<Class> {
        let Some(interface) = self.tables.interfaces.get(&(port as u16)) else {
            return drop(DropReason::IntfDown);
        };
        let packet = Packet {
            bytes: frame.to_vec(),
            l3: false,
            ingress: if port == 0 { Ingress::Port0 } else { Ingress::Port1 },
            interface: Some(port as u16),
            vrf: interface.vrf,
            sa: None,
            esp_miss: false,
        };
        let Some(link) = link(frame) else { return drop(DropReason::OuterMalformed) };
        let group = frame[0] & 1 == 1;
        if !group && frame[..6] != interface.mac {
            return drop(DropReason::MacNotOurs);
        }
        if link.ethertype == ETHERTYPE_ARP {
            return Err(packet.to_host(HostReason::Arp));
        }
        if group {
            return Err(packet.to_host(HostReason::MulticastMac));
        }
        if link.tags > 0 {
            return Err(packet.to_host(HostReason::VlanUnknown));
        }
        match link.ethertype {
            ETHERTYPE_MPLS if !interface.mpls => drop(DropReason::MplsDisabled),
            ETHERTYPE_MPLS => Ok(Class::Clear(packet)),
            ETHERTYPE_IPV4 => self.classify_ipv4(packet),
            ETHERTYPE_IPV6 => self.classify_ipv6(packet),
            _ => Err(packet.to_host(HostReason::UnknownEthertype)),
        }
    }

    /// The outer IPv4 header: well-formed, no options, and ESP for us or not.
    fn classify_ipv4(&self, packet: Packet) -> Step<Class> {
        let l3 = &packet.bytes[ETHER_HEADER_BYTES..];
        let Network::V4(ip) = network(l3) else { return drop(DropReason::OuterMalformed) };
        if !ip.checksum_ok {
            return drop(DropReason::OuterChecksum);
        }
        if ip.has_options() {
            return Err(packet.to_host(HostReason::IpOptions));
        }
        match ip.proto {
            PROTO_AH => Err(packet.to_host(HostReason::Ah)),
            PROTO_ESP if ip.fragment => Err(packet.to_host(HostReason::Fragment)),
            PROTO_ESP => {
                let esp = l3[ip.header_len..ip.total_len].to_vec();
                self.classify_esp(packet, Network::V4(ip), ip.dst.into(), esp, false)
            }
            PROTO_UDP => match esp_in_udp(&ip, l3) {
                Some(esp) => self.classify_esp(packet, Network::V4(ip), ip.dst.into(), esp, true),
                None => Ok(Class::Clear(packet)),
            },
            _ => Ok(Class::Clear(packet)),
        }
    }

    /// An outer IPv6 header: ESP directly behind it, or something for the host.
    fn classify_ipv6(&self, packet: Packet) -> Step<Class> {
        let l3 = &packet.bytes[ETHER_HEADER_BYTES..];
        match network(l3) {
            Network::V6(ip) if ip.next_header == PROTO_ESP => {
                let esp = l3[IPV6_HEADER_BYTES..ip.total_len].to_vec();
                self.classify_esp(packet, Network::V6(ip), ip.dst.into(), esp, false)
            }
            Network::V6(ip) if ip.next_header == PROTO_AH => Err(packet.to_host(HostReason::Ah)),
            Network::V6(ip) if IPV6_EXTENSIONS.contains(&ip.next_header) => {
                Err(packet.to_host(HostReason::Ipv6Extension))
            }
            _ => Err(packet.to_host(HostReason::UnknownEthertype)),
        }
    }

    /// An ESP packet: for one of our SAs, or not.
    fn classify_esp(
        &self,
        mut packet: Packet,
        outer: Network,
        dst: Address,
        esp: Vec<u8>,
        udp: bool,
    ) -> Step<Class> {
        match self.esp_sa(packet.vrf, dst, &esp, udp)? {
            Some(sa) => Ok(Class::Esp { packet, outer, sa, esp }),
            None => {
                packet.esp_miss = true;
                Ok(Class::Clear(packet))
            }
        }
    }

    /// The inbound SA of an ESP packet: (SPI, destination, protocol, FVRF) (RFC 4301 4.1), and whether
    /// the packet came as the SA demands and has room for what it demands.
    fn esp_sa(&self, fvrf: u16, dst: Address, esp: &[u8], udp: bool) -> Step<Option<u16>> {
        if esp.len() < ESP_HEADER_BYTES {
            return drop(DropReason::EspTooShort);
        }
        let word = |at: usize| u32::from_be_bytes([esp[at], esp[at + 1], esp[at + 2], esp[at + 3]]);
        let Some(index) = self.tables.sa_in(fvrf, word(0), dst) else { return Ok(None) };
        let sa = &self.tables.sas_in[&index];
        if sa.udp != udp {
            return drop(DropReason::EspEncap);
        }
        let key = &sa.key;
        let overhead = ESP_HEADER_BYTES + ESP_IV_BYTES + key.icv_len;
        // Pad length and next header at least, and ciphertext in units of 4 bytes (RFC 4303 2.4).
        if esp.len() < overhead + 4 || !(esp.len() - overhead).is_multiple_of(4) {
            return drop(DropReason::EspTooShort);
        }
        // The first packet has number 1 (RFC 4303 3.3.3), and 0 never comes.
        if self.sequence(index, word(4)) == 0 {
            return drop(DropReason::EspSeqZero);
        }
        Ok(Some(index))
    }
}

/// The ESP packet in a UDP datagram to our port (RFC 3948 2): no fragment, and neither IKE (four zero bytes where
/// the SPI would be) nor a keepalive (one byte). It goes as far as the IP packet, whatever UDP's length says.
fn esp_in_udp(ip: &Ip, l3: &[u8]) -> Option<Vec<u8>> {
    let datagram = &l3[ip.header_len..ip.total_len];
    let esp = datagram.get(UDP_BYTES..).filter(|esp| esp.len() >= ESP_HEADER_BYTES && !ip.fragment)?;
    let dport = usize::from(u16::from_be_bytes([datagram[2], datagram[3]]));
    (dport == param::NATT_PORT && esp[..4] != [0; 4]).then(|| esp.to_vec())
}
