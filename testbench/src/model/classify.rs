// SPDX-License-Identifier: Apache-2.0
//! Outer checks of a received frame: for us or not, for the host or not, ESP or clear.

use super::headers::{link, network, Ip, Network};
use super::{drop, Model, Packet, Step};
use crate::packet::{
    ESP_HEADER_BYTES, ESP_IV_BYTES, ETHERTYPE_ARP, ETHERTYPE_IPV4, ETHERTYPE_MPLS, ETHER_HEADER_BYTES,
    PROTO_AH, PROTO_ESP,
};
use headend_regs::{DropReason, HostReason, Ingress};

/// What a frame turned out to be.
pub(super) enum Class {
    /// ESP for one of our SAs; `esp` is the packet from the SPI to the ICV.
    Esp { packet: Packet, sa: u16, esp: Vec<u8> },
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
            ETHERTYPE_IPV4 => self.classify_ip(packet),
            _ => Err(packet.to_host(HostReason::UnknownEthertype)),
        }
    }

    /// The outer IPv4 header: well-formed, no options, and ESP for us or not.
    fn classify_ip(&self, mut packet: Packet) -> Step<Class> {
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
                match self.classify_esp(&packet, &ip, &esp)? {
                    Some(sa) => Ok(Class::Esp { packet, sa, esp }),
                    None => {
                        packet.esp_miss = true;
                        Ok(Class::Clear(packet))
                    }
                }
            }
            _ => Ok(Class::Clear(packet)),
        }
    }

    /// The inbound SA of an ESP packet: (SPI, destination, protocol, FVRF) (RFC 4301 4.1), and whether
    /// the packet has room for what the SA demands.
    fn classify_esp(&self, packet: &Packet, ip: &Ip, esp: &[u8]) -> Step<Option<u16>> {
        if esp.len() < ESP_HEADER_BYTES {
            return drop(DropReason::EspTooShort);
        }
        let word = |at: usize| u32::from_be_bytes([esp[at], esp[at + 1], esp[at + 2], esp[at + 3]]);
        let Some(index) = self.tables.sa_in(packet.vrf, word(0), ip.dst) else { return Ok(None) };
        let key = &self.tables.sas_in[&index].key;
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
