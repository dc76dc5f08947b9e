// SPDX-License-Identifier: Apache-2.0
//! Names for the card's numbers. A card knows numbers only; the configuration that was applied knows their names.

use std::path::PathBuf;

use clap::Args;
use headend_regs::SaOut;

use super::{load, Failure};
use crate::config::{Config, Tunnel};
use crate::tables::hash::{address_bits, SaKey};

/// Where the names come from.
#[derive(Debug, Default, Args)]
pub(super) struct NamesFrom {
    /// The configuration that was applied: VRFs, tunnels and neighbours are then shown by their names.
    #[arg(long, env = "HEADEND_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
}

impl NamesFrom {
    pub(super) fn load(&self) -> Result<Names, Failure> {
        Ok(Names { config: self.config.as_deref().map(load).transpose()?.unwrap_or_default() })
    }
}

/// The names, as far as they are known.
pub(super) struct Names {
    config: Config,
}

impl Names {
    /// Name of a VRF; 0 has one without any configuration.
    pub(super) fn vrf(&self, id: u16) -> Option<&str> {
        let named = self.config.vrfs.iter().find(|vrf| vrf.id == id).map(|vrf| vrf.name.as_str());
        named.or((id == 0).then_some("global"))
    }

    /// Name of a VRF, or else its number.
    pub(super) fn vrf_text(&self, id: u16) -> String {
        self.vrf(id).map_or_else(|| id.to_string(), str::to_owned)
    }

    /// The VRF that a user calls by name or number.
    pub(super) fn find_vrf(&self, text: &str) -> Result<u16, Failure> {
        let named = self.config.vrfs.iter().find(|vrf| vrf.name == text).map(|vrf| vrf.id);
        let known = named.or((text == "global").then_some(0)).or_else(|| text.parse().ok());
        known.ok_or_else(|| Failure::Vrf(text.to_owned()))
    }

    fn tunnel(&self, is: impl Fn(&Tunnel) -> bool) -> Option<&str> {
        let mut found = self.config.tunnels.iter().filter(|tunnel| is(tunnel));
        let first = found.next()?;
        // Where two could be meant, none is named.
        found.next().is_none().then_some(first.name.as_str())
    }

    /// The tunnel of an inbound SA.
    pub(super) fn inbound(&self, key: &SaKey) -> Option<&str> {
        self.tunnel(|tunnel| {
            let sa = tunnel.inbound.as_ref();
            sa.is_some_and(|sa| SaKey::esp(tunnel.fvrf, sa.spi, tunnel.local) == *key)
        })
    }

    /// The tunnel of an outbound SA.
    pub(super) fn outbound(&self, record: &SaOut) -> Option<&str> {
        self.tunnel(|tunnel| {
            let spi = tunnel.outbound.as_ref().map(|sa| sa.spi);
            let port = tunnel.udp.map_or(0, |udp| udp.remote);
            spi == Some(record.spi)
                && (tunnel.remote.is_ipv6(), port) == (record.ipv6, record.dport)
                && (address_bits(tunnel.local), address_bits(tunnel.remote)) == (record.src, record.dst)
        })
    }

    /// The tunnel with an SA of this SPI in one direction.
    pub(super) fn by_spi(&self, spi: u32, outbound: bool) -> Option<&str> {
        self.tunnel(|tunnel| {
            let out = tunnel.outbound.as_ref().map(|sa| sa.spi);
            let inbound = tunnel.inbound.as_ref().map(|sa| sa.spi);
            Some(spi) == if outbound { out } else { inbound }
        })
    }

    /// The neighbour with this MAC address on a port.
    pub(super) fn neighbour(&self, port: u8, mac: u64) -> Option<&str> {
        let on_port = |index: usize| self.config.interfaces.get(index).is_some_and(|one| one.port == port);
        let mut found = self.config.neighbours.iter().filter(|one| one.mac == mac && on_port(one.interface));
        found.next().map(|neighbour| neighbour.name.as_str())
    }
}
