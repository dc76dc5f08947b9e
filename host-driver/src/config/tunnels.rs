// SPDX-License-Identifier: Apache-2.0
//! The sections `[tunnel.NAME]`.

use std::collections::HashSet;
use std::net::IpAddr;

use headend_regs::param;

use super::model::{Config, Df, Inbound, Key, Lifetime, Limit, Mode, Outbound, Selector, Tunnel, Udp};
use super::reader::{Item, Section};
use super::rules::{flag, number, vrf, word_or_number, Names, Once, EXPECT_PREFIX, MAX_MTU, MIN_MTU};
use super::values::{key, protocol, Algorithm, Overhead};
use crate::tables::Prefix;

/// First SPI that is not reserved (RFC 4303 2.1).
const FIRST_SPI: u32 = 256;
/// UDP port on which the card takes ESP.
const NATT_PORT: u32 = param::NATT_PORT as u32;
/// Largest limit of packets or bytes that a record holds.
const LAST_LIMIT: u64 = (1 << 48) - 1;

/// AES-GCM breaks when a key is used twice, because nonces repeat (RFC 4106 2).
const ONE_KEY: &str = "this key and salt";

const EXPECT_ADDRESS: &str = "an IP address such as \"192.0.2.1\" or \"2001:db8::1\"";
const EXPECT_ALGORITHM: &str = "a name such as \"aes256gcm16\"";

/// Tunnels by name.
pub(super) struct Tunnels {
    pub(super) names: Names,
    /// Tunnels without `out`.
    pub(super) one_way: HashSet<usize>,
}

/// What may occur once in a file.
struct Unique {
    inbound: Once<(u32, IpAddr, u16)>,
    outbound: Once<(u32, IpAddr, u16, Option<Udp>)>,
    secrets: Once<Key>,
}

/// What both SAs of a tunnel have in common. What is `None` is a mistake noted already.
struct Common {
    mode: Option<Mode>,
    local: Option<IpAddr>,
    remote: Option<IpAddr>,
    fvrf: Option<u16>,
    inside: Option<usize>,
    algorithm: Option<Algorithm>,
    esn: Option<bool>,
    ecn: Option<bool>,
    udp: Option<Udp>,
}

impl Common {
    fn transport(&self) -> bool {
        self.mode == Some(Mode::Transport)
    }

    fn ipv6(&self) -> bool {
        self.remote.is_some_and(|address| address.is_ipv6())
    }

    fn overhead(&self) -> Overhead {
        Overhead {
            transport: self.transport(),
            ipv6: self.ipv6(),
            udp: self.udp.is_some(),
            icv_len: self.algorithm.map_or(16, |algorithm| algorithm.icv_len),
        }
    }
}

pub(super) fn read_tunnels(
    root: &Section<'_>,
    vrfs: &Names,
    neighbours: &Names,
    config: &mut Config,
) -> Tunnels {
    let mut tunnels = Tunnels { names: Names::new("tunnel"), one_way: HashSet::new() };
    let mut unique = Unique { inbound: Once::new(), outbound: Once::new(), secrets: Once::new() };
    for (name, section) in root.named("tunnel") {
        let common = read_common(&section, vrfs);
        let inbound = section.section("in").map(|part| read_inbound(&part, &common, &mut unique));
        let outbound =
            section.section("out").map(|part| read_outbound(&part, &common, neighbours, config, &mut unique));
        if section.get("in").is_none() && section.get("out").is_none() {
            section.mistake("has no SA; expected `in`, `out` or both");
        }
        if outbound.is_none() {
            tunnels.one_way.insert(config.tunnels.len());
        }
        if inbound.is_some() {
            check_port(&section, &common);
        }
        section.finish();
        tunnels.names.map.insert(name.clone(), config.tunnels.len());
        config.tunnels.push(Tunnel {
            name,
            mode: common.mode.unwrap_or_default(),
            local: common.local.unwrap_or(IpAddr::from([0; 4])),
            remote: common.remote.unwrap_or(IpAddr::from([0; 4])),
            fvrf: common.fvrf.unwrap_or(0),
            vrf: common.inside.unwrap_or(0) as u16,
            icv_len: common.algorithm.map_or(16, |algorithm| algorithm.icv_len),
            esn: common.esn.unwrap_or(false),
            ecn: common.ecn.unwrap_or(true),
            udp: common.udp,
            inbound: inbound.flatten(),
            outbound: outbound.flatten(),
        });
    }
    tunnels
}

fn read_common(section: &Section<'_>, vrfs: &Names) -> Common {
    let mode = section.get("mode").map_or(Some(Mode::Tunnel), |item| {
        item.parse("\"tunnel\" or \"transport\"", |text| match text {
            "tunnel" => Ok(Mode::Tunnel),
            "transport" => Ok(Mode::Transport),
            _ => Err("expected \"tunnel\" or \"transport\"".into()),
        })
    });
    let (local, remote) = (address(section, "local"), address(section, "remote"));
    if let (Some(local), Some(remote), Some(item)) = (local, remote, section.get("remote")) {
        if local.is_ipv4() != remote.is_ipv4() {
            let family = |address: IpAddr| if address.is_ipv4() { "IPv4" } else { "IPv6" };
            item.mistake(format!(
                "is an {} address, and `local` is an {} one; expected two of one family",
                family(remote),
                family(local)
            ));
        }
    }
    let inside = section.need("vrf", "the VRF of the decrypted packets").and_then(|item| vrfs.find(&item));
    let algorithm = section
        .need("algorithm", EXPECT_ALGORITHM)
        .and_then(|item| item.parse(EXPECT_ALGORITHM, Algorithm::parse));
    if mode == Some(Mode::Transport) {
        tunnel_mode_only(section, &["ecn"]);
    }
    let ecn = section.get("ecn").map_or(Some(true), |item| item.boolean());
    let udp = read_udp(section, local.or(remote).is_some_and(|address| address.is_ipv6()));
    Common {
        mode,
        local,
        remote,
        fvrf: vrf(section, "fvrf", vrfs),
        inside,
        algorithm,
        esn: flag(section, "esn"),
        ecn,
        udp,
    }
}

/// The address of one host.
fn address(section: &Section<'_>, key: &'static str) -> Option<IpAddr> {
    section.need(key, EXPECT_ADDRESS)?.parse(EXPECT_ADDRESS, |text| {
        let address: IpAddr = text.parse().map_err(|_| format!("expected {EXPECT_ADDRESS}"))?;
        let (broadcast, mapped) = match address {
            IpAddr::V4(address) => (address.is_broadcast(), None),
            IpAddr::V6(address) => (false, address.to_ipv4_mapped()),
        };
        if let Some(mapped) = mapped {
            return Err(format!("is an IPv4 address in IPv6 clothes; expected \"{mapped}\""));
        }
        if address.is_unspecified() || address.is_multicast() || address.is_loopback() || broadcast {
            return Err(format!("expected {EXPECT_ADDRESS}, of one host"));
        }
        Ok(address)
    })
}

/// Notes keys that say what a tunnel's outer header is like.
fn tunnel_mode_only(section: &Section<'_>, keys: &[&'static str]) {
    for item in keys.iter().filter_map(|key| section.get(key)) {
        item.mistake("makes no sense in transport mode: the packets keep their own IP header");
    }
}

fn read_udp(section: &Section<'_>, ipv6: bool) -> Option<Udp> {
    let part = section.section("udp")?;
    let port = |key| number(&part, key, NATT_PORT, 1..=u32::from(u16::MAX)).map(|port| port as u16);
    let (local, remote) = (port("local"), port("remote"));
    part.finish();
    if ipv6 {
        part.mistake(
            "is not possible over IPv6: the card sends ESP in UDP without a UDP checksum (RFC 3948), which IPv6 \
             forbids but for exceptions (RFC 8200 8.1, RFC 6935); expected no `udp`, or IPv4 addresses",
        );
    }
    Some(Udp { local: local?, remote: remote? })
}

/// The card takes ESP in UDP on one port only.
fn check_port(section: &Section<'_>, common: &Common) {
    let other = common.udp.filter(|udp| u32::from(udp.local) != NATT_PORT);
    if let (Some(udp), Some(part)) = (other, section.section("udp")) {
        if let Some(item) = part.get("local") {
            item.mistake(format!(
                "{}: the peer would answer to this port, and the card takes ESP in UDP on {NATT_PORT} only; expected \
                 {NATT_PORT}, or no `in`",
                udp.local
            ));
        }
    }
}

fn read_spi(section: &Section<'_>) -> Option<u32> {
    section.need("spi", &format!("a number from {FIRST_SPI}"))?.integer(FIRST_SPI..=u32::MAX)
}

fn read_key(section: &Section<'_>, common: &Common) -> Option<Key> {
    let expected = "key and salt in hexadecimal";
    let item = section.need("key", expected)?;
    // Without an algorithm, which is a mistake noted already, nobody knows how long the key should be.
    let algorithm = common.algorithm?;
    item.secret(expected, |text| key(text, algorithm))
}

/// `lifetime` of an SA; `last_sequence` is the highest sequence number that an outbound one may name.
fn read_lifetime(section: &Section<'_>, last_sequence: Option<u64>) -> Option<Lifetime> {
    let Some(part) = section.section("lifetime") else { return Some(Lifetime::default()) };
    let limit = |soft: &'static str, hard: &'static str| {
        let read = |item: Option<Item<'_>>| item.map_or(Some(0), |item| item.wide(1..=LAST_LIMIT));
        let limit = Limit { soft: read(part.get(soft))?, hard: read(part.get(hard))? };
        if let (Some(item), true) = (part.get(soft), limit.hard > 0 && limit.soft >= limit.hard) {
            item.mistake(format!(
                "{} comes no earlier than `{hard}`; expected less than {}",
                limit.soft, limit.hard
            ));
        }
        Some(limit)
    };
    let (packets, bytes) = (limit("soft_packets", "hard_packets"), limit("soft_bytes", "hard_bytes"));
    let sequence = last_sequence
        .map_or(Some(0), |last| part.get("soft_sequence").map_or(Some(0), |item| item.wide(1..=last)));
    part.finish();
    Some(Lifetime { packets: packets?, bytes: bytes?, soft_sequence: sequence? })
}

fn read_selector(section: &Section<'_>, common: &Common) -> Option<Selector> {
    let part = section.section("selector")?;
    let prefix = |name| {
        part.get(name).map_or(Some(Prefix::ALL), |item| item.parse(EXPECT_PREFIX, str::parse::<Prefix>))
    };
    let (remote, local) = (prefix("remote"), prefix("local"));
    let protocol = part.get("protocol").map_or(Some(0), |item| {
        if item.is_text() {
            item.parse("a protocol", protocol)
        } else {
            item.integer(0..=255).map(|number| number as u8)
        }
    });
    part.finish();
    if common.transport() && common.ipv6() {
        part.mistake(
            "is for IPv4, and in transport mode over IPv6 all packets are IPv6; expected no selector",
        );
    }
    Some(Selector { remote: remote?, local: local?, protocol: protocol? })
}

fn read_inbound(section: &Section<'_>, common: &Common, unique: &mut Unique) -> Option<Inbound> {
    let (spi, key) = (read_spi(section), read_key(section, common));
    let window = number(section, "replay_window", 64, 0..=param::REPLAY_WINDOW_MAX as u32);
    let selector = read_selector(section, common);
    let lifetime = read_lifetime(section, None);
    section.finish();
    let sa = Inbound { spi: spi?, key: key?, replay_window: window? as u16, selector, lifetime: lifetime? };
    if let (Some(fvrf), Some(local)) = (common.fvrf, common.local) {
        let what = format!("SPI {:#x} to {local} in one fvrf", sa.spi);
        unique.inbound.check((sa.spi, local, fvrf), section, &what);
    }
    unique.secrets.check(sa.key.clone(), section, ONE_KEY);
    Some(sa)
}

fn read_outbound(
    section: &Section<'_>,
    common: &Common,
    neighbours: &Names,
    config: &Config,
    unique: &mut Unique,
) -> Option<Outbound> {
    if common.transport() {
        tunnel_mode_only(section, &["dscp", "df", "ttl", "tfc"]);
    } else if let (true, Some(item)) = (common.ipv6(), section.get("df")) {
        item.mistake("makes no sense over IPv6, whose header has no DF bit");
    }
    let (spi, key) = (read_spi(section), read_key(section, common));
    let via = section
        .need("via", "the neighbour that the outer packets go to")
        .and_then(|item| neighbours.find(&item));
    let dscp = word_or_number(section, "dscp", "copy", 63);
    let df = section.get("df").map_or(Some(Df::default()), |item| item.parse(EXPECT_DF, read_df));
    let ttl = number(section, "ttl", 64, 1..=255);
    let path_mtu = via.and_then(|via| config.neighbours.get(via)).map_or(1500, |neighbour| neighbour.mtu);
    let mtu = read_mtu(section, common.overhead().inner_mtu(path_mtu), path_mtu);
    let tfc = mtu.and_then(|mtu| read_tfc(section, mtu));
    let last = if common.esn == Some(false) { u64::from(u32::MAX) } else { u64::MAX };
    let lifetime = read_lifetime(section, Some(last - 1));
    section.finish();
    let sa = Outbound {
        spi: spi?,
        key: key?,
        via: via?,
        dscp: dscp?,
        df: df?,
        ttl: ttl? as u8,
        mtu: mtu?,
        tfc: tfc?,
        lifetime: lifetime?,
    };
    if let (Some(fvrf), Some(remote)) = (common.fvrf, common.remote) {
        // Two peers behind one NAT may choose the same SPI: they differ by the NAT's port.
        let what = format!("SPI {:#x} to {remote} in one fvrf", sa.spi);
        unique.outbound.check((sa.spi, remote, fvrf, common.udp), section, &what);
    }
    unique.secrets.check(sa.key.clone(), section, ONE_KEY);
    check_fvrf(section, &sa, common.fvrf, config);
    Some(sa)
}

const EXPECT_DF: &str = "\"copy\", \"set\" or \"clear\"";

fn read_df(text: &str) -> Result<Df, String> {
    match text {
        "copy" => Ok(Df::Copy),
        "set" => Ok(Df::Set),
        "clear" => Ok(Df::Clear),
        _ => Err(format!("expected {EXPECT_DF}")),
    }
}

/// `mtu`, or what fits the neighbour's.
fn read_mtu(section: &Section<'_>, fits: u16, path: u16) -> Option<u16> {
    if let Some(item) = section.get("mtu") {
        return item.integer(MIN_MTU..=MAX_MTU).map(|mtu| mtu as u16);
    }
    if u32::from(fits) < MIN_MTU {
        section.mistake(format!(
            "the neighbour's mtu of {path} leaves {fits} bytes for inner packets; expected room for {MIN_MTU}"
        ));
        return None;
    }
    Some(fits)
}

/// Bytes to pad to; what is longer than the largest inner packet would not fit the path.
fn read_tfc(section: &Section<'_>, mtu: u16) -> Option<u16> {
    let item = section.get("tfc");
    item.map_or(Some(0), |item| item.integer(1..=u32::from(mtu)).map(|length| length as u16))
}

/// The outer packets must leave in the tunnel's FVRF.
fn check_fvrf(part: &Section<'_>, sa: &Outbound, fvrf: Option<u16>, config: &Config) {
    let interface = config.neighbours.get(sa.via).and_then(|via| config.interfaces.get(via.interface));
    if let (Some(interface), Some(fvrf), Some(item)) = (interface, fvrf, part.get("via")) {
        if interface.vrf != fvrf {
            let name = |id| config.vrfs.iter().find(|vrf| vrf.id == id).map_or("?", |vrf| vrf.name.as_str());
            item.mistake(format!(
                "leaves by interface `{}` in vrf `{}`; expected a neighbour in the tunnel's fvrf `{}`",
                interface.name,
                name(interface.vrf),
                name(fvrf)
            ));
        }
    }
}
