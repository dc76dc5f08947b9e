// SPDX-License-Identifier: Apache-2.0
//! Ways in which guest and card run ESP with each other: the configuration of both ends for each.

use anyhow::Result;

use crate::lab::{Lab, LIMIT};
use crate::pcap::esp_sa_of;

/// Outer addresses: guest, card.
pub const OVER_IPV4: [&str; 2] = ["198.51.100.10", "192.0.2.1"];
/// Outer addresses: guest, card.
pub const OVER_IPV6: [&str; 2] = ["2001:db8:100::10", "2001:db8::1"];

/// One way to run ESP between guest and card.
#[derive(Debug, Clone)]
pub struct Peering {
    /// Different for each peering of a card: SPIs and keys follow from it.
    pub number: u8,
    /// Outer addresses: guest, card.
    pub outer: [&'static str; 2],
    /// Transport mode; else tunnel mode.
    pub transport: bool,
    /// AES-256; else AES-128.
    pub aes256: bool,
    /// ICV bytes.
    pub icv_len: usize,
    /// Extended sequence numbers.
    pub esn: bool,
    /// UDP port at which the card finds the guest, behind a NAT or not.
    pub udp: Option<u16>,
    /// More lines for the tunnel's section of the card's configuration.
    pub head: &'static str,
    /// More lines for its inbound SA.
    pub inbound: &'static str,
    /// More lines for its outbound SA.
    pub outbound: &'static str,
    /// More words for the guest's outbound state.
    pub guest: &'static str,
}

impl Peering {
    /// Tunnel mode over IPv4 with AES-128 and an ICV of 16 bytes.
    #[must_use]
    pub fn new(number: u8) -> Self {
        Self {
            number,
            outer: OVER_IPV4,
            transport: false,
            aes256: false,
            icv_len: 16,
            esn: false,
            udp: None,
            head: "",
            inbound: "",
            outbound: "",
            guest: "",
        }
    }

    /// SPI of the SA towards the card.
    #[must_use]
    pub fn spi_to_card(&self) -> u32 {
        0x1000 + u32::from(self.number)
    }

    /// SPI of the SA towards the guest.
    #[must_use]
    pub fn spi_to_guest(&self) -> u32 {
        0x2000 + u32::from(self.number)
    }

    /// Key and salt in hexadecimal.
    fn key(&self, to_card: bool) -> String {
        let bytes = if self.aes256 { 36 } else { 20 };
        let first = if to_card { 0x10 } else { 0x80 };
        (0..bytes).map(|n: u8| format!("{:02x}", n.wrapping_mul(7) ^ self.number ^ first)).collect()
    }

    fn mode(&self) -> &'static str {
        if self.transport {
            "transport"
        } else {
            "tunnel"
        }
    }

    /// Bytes of the ESP packet around `payload` bytes (RFC 4303 2): SPI and sequence number 8, IV 8, payload, padding
    /// and 2 bytes of trailer to a multiple of 4, ICV.
    #[must_use]
    pub fn esp_bytes(&self, payload: usize) -> usize {
        16 + (payload + 2).next_multiple_of(4) + self.icv_len
    }

    /// The card's configuration. In tunnel mode VRF `vpn1` leads to the far PE, in transport mode VRF 0 to the host.
    #[must_use]
    pub fn card_config(&self) -> String {
        let [guest, card] = self.outer;
        let Self { esn, icv_len, head, inbound, outbound, .. } = self;
        let (mode, bits) = (self.mode(), if self.aes256 { 256 } else { 128 });
        let (in_key, out_key) = (self.key(true), self.key(false));
        let (in_spi, out_spi) = (self.spi_to_card(), self.spi_to_guest());
        let udp = self.udp.map(|port| format!("udp = {{ remote = {port} }}\n")).unwrap_or_default();
        let vrf = if self.transport { "global" } else { "vpn1" };
        // The card routes IPv4 only.
        let protected = match (self.transport, self.outer == OVER_IPV4) {
            (false, _) => "[[route]]\nvrf = \"vpn1\"\nprefix = \"10.1.0.0/16\"\ntunnel = \"site\"\n",
            (true, true) => "[[route]]\nprefix = \"198.51.100.10/32\"\ntunnel = \"site\"\n",
            (true, false) => "",
        };
        format!(
            "[vrf.vpn1]\nid = 1\n\
             [interface.internet]\nport = 0\nmac = \"02:00:00:00:00:01\"\n\
             [interface.core]\nport = 1\nmac = \"02:00:00:00:01:01\"\nmpls = true\n\
             [neighbour.ce]\ninterface = \"internet\"\nmac = \"02:00:00:00:00:02\"\nmtu = 2000\n\
             [neighbour.far-pe]\ninterface = \"core\"\nmac = \"02:00:00:00:01:02\"\nmtu = 2000\n\
             [tunnel.site]\nmode = \"{mode}\"\nlocal = \"{card}\"\nremote = \"{guest}\"\nvrf = \"{vrf}\"\n\
             algorithm = \"aes{bits}gcm{icv_len}\"\nesn = {esn}\n{udp}{head}\n\
             [tunnel.site.in]\nspi = {in_spi}\nkey = \"{in_key}\"\nreplay_window = 64\n{inbound}\n\
             [tunnel.site.out]\nspi = {out_spi}\nkey = \"{out_key}\"\nvia = \"ce\"\n{outbound}\n\
             {protected}\
             [[route]]\nprefix = \"192.0.2.1/32\"\nlocal = true\n\
             [[route]]\nvrf = \"vpn1\"\nprefix = \"10.2.0.0/16\"\nvia = \"far-pe\"\nlabels = [498, 702]\n\
             [[label]]\nlabel = 528\nvrf = \"vpn1\"\n"
        )
    }

    /// Shell commands that give the guest its half.
    fn guest_commands(&self) -> Vec<String> {
        let [guest, card] = self.outer;
        let mode = self.mode();
        let (near, far) = if self.transport {
            let length = if guest.contains(':') { 128 } else { 32 };
            (format!("{guest}/{length}"), format!("{card}/{length}"))
        } else {
            ("10.1.0.0/16".to_owned(), "10.2.0.0/16".to_owned())
        };
        // ICMP only: the UDP datagrams around ESP have the same addresses as what is inside, and need no protection themselves.
        let only = if self.transport && self.udp.is_some() { "proto 1" } else { "" };
        let policy = |from: &str, to: &str, direction: &str, [source, destination]: [&str; 2]| {
            format!(
                "/sbin/ip xfrm policy add src {from} dst {to} {only} dir {direction} \
                 tmpl src {source} dst {destination} proto esp reqid 1 mode {mode}"
            )
        };
        let window = if self.esn { "replay-window 64" } else { "replay-window 32" };
        let mut flags: Vec<&str> = Vec::new();
        flags.extend(self.esn.then_some("esn"));
        // IPv4 inside IPv6: the state is for packets of any family.
        flags.extend((!self.transport).then_some("af-unspec"));
        let flags = if flags.is_empty() { String::new() } else { format!("flag {}", flags.join(" ")) };
        let encapsulation = if self.udp.is_some() { "encap espinudp 4500 4500 0.0.0.0" } else { "" };
        let state = |[source, destination]: [&str; 2], to_card: bool, more: &str| {
            let spi = if to_card { self.spi_to_card() } else { self.spi_to_guest() };
            format!(
                "/sbin/ip xfrm state add src {source} dst {destination} proto esp spi {spi:#x} reqid 1 mode {mode} \
                 aead 'rfc4106(gcm(aes))' 0x{} {} {window} {flags} {encapsulation} {more}",
                self.key(to_card),
                8 * self.icv_len
            )
        };
        vec![
            "/sbin/ip xfrm state flush".to_owned(),
            "/sbin/ip xfrm policy flush".to_owned(),
            state([guest, card], true, self.guest),
            state([card, guest], false, ""),
            policy(&near, &far, "out", [guest, card]),
            policy(&far, &near, "in", [card, guest]),
        ]
    }

    /// Installs both halves.
    ///
    /// # Errors
    /// One end refuses its half.
    pub fn install(&self, lab: &mut Lab) -> Result<()> {
        lab.apply(&self.card_config())?;
        for command in self.guest_commands() {
            lab.guest.run(&command, LIMIT)?;
        }
        Ok(())
    }

    /// The SAs as tshark takes them.
    #[must_use]
    pub fn tshark_keys(&self) -> String {
        let [guest, card] = self.outer;
        esp_sa_of(guest, card, self.spi_to_card(), &self.key(true), self.icv_len)
            + &esp_sa_of(card, guest, self.spi_to_guest(), &self.key(false), self.icv_len)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use headend_driver::config::{Config, Mode};

    use super::*;

    #[test]
    fn the_cards_half_is_a_configuration() {
        let read = |peering: &Peering| {
            Config::parse(Path::new("peering.toml"), &peering.card_config()).unwrap().tunnels.remove(0)
        };
        let six = read(&Peering { outer: OVER_IPV6, aes256: true, icv_len: 8, ..Peering::new(3) });
        assert_eq!((six.icv_len, six.remote.to_string().as_str()), (8, "2001:db8:100::10"));
        let transport = read(&Peering { transport: true, udp: Some(31_000), esn: true, ..Peering::new(4) });
        assert!(transport.mode == Mode::Transport && transport.esn && transport.udp.is_some());
        assert_eq!(read(&Peering::new(5)).inbound.unwrap().spi, 0x1005);
    }
}
