// SPDX-License-Identifier: Apache-2.0
//! The sections of the file, one function each.

use std::collections::HashMap;
use std::net::IpAddr;

use headend_regs::param;

use super::model::{Config, Interface, LabelAction, LabelRule, Mode, Neighbour, Push, Route, Target, Vrf};
use super::reader::{article, Item, Section};
use super::tunnels::{read_tunnels, Tunnels};
use super::values::mac;
use crate::tables::Prefix;

/// Name of VRF 0.
const GLOBAL: &str = "global";
/// Largest IP packet that fits a frame.
pub(super) const MAX_MTU: u32 = (param::MAX_FRAME_BYTES - param::MIN_FRAME_BYTES) as u32;
/// First label that is not reserved (RFC 3032 2.1).
const FIRST_LABEL: u32 = 16;
/// Smallest MTU (RFC 791 3.2).
pub(super) const MIN_MTU: u32 = 68;

const EXPECT_MAC: &str = "our MAC address such as \"02:00:00:00:00:01\"";
pub(super) const EXPECT_PREFIX: &str = "an IPv4 prefix such as \"10.0.0.0/8\"";

/// Names of one kind, and what they stand for.
pub(super) struct Names {
    kind: &'static str,
    pub(super) map: HashMap<String, usize>,
}

impl Names {
    pub(super) fn new(kind: &'static str) -> Self {
        Self { kind, map: HashMap::new() }
    }

    /// What a name in the file stands for; a dangling one is a mistake.
    pub(super) fn find(&self, item: &Item<'_>) -> Option<usize> {
        let name = item.text(&format!("the name of {}", article(self.kind)))?;
        let found = self.map.get(name).copied();
        if found.is_none() {
            let mut known: Vec<&str> = self.map.keys().map(String::as_str).collect();
            known.sort_unstable();
            let expected = if known.is_empty() {
                "none is defined".to_owned()
            } else {
                format!("expected one of {}", known.join(", "))
            };
            item.mistake(format!("no {} is called `{}`; {expected}", self.kind, item.shown(name)));
        }
        found
    }
}

/// Uses of a value that may occur once: notes the second.
pub(super) struct Once<K>(HashMap<K, (String, usize)>);

impl<K: std::hash::Hash + Eq> Once<K> {
    pub(super) fn new() -> Self {
        Self(HashMap::new())
    }

    pub(super) fn check(&mut self, key: K, section: &Section<'_>, what: &str) {
        let line = section.source.line(section.span.start);
        if let Some((path, first)) = self.0.get(&key) {
            section
                .mistake(format!("{what} is used twice: first by {path} in line {first}; expected it once"));
        } else {
            self.0.insert(key, (section.path.clone(), line));
        }
    }
}

/// Reads the whole file.
pub(super) fn read(root: &Section<'_>) -> Config {
    let mut config = Config::default();
    let vrfs = read_vrfs(root, &mut config);
    let interfaces = read_interfaces(root, &vrfs, &mut config);
    let neighbours = read_neighbours(root, &interfaces, &mut config);
    let tunnels = read_tunnels(root, &vrfs, &neighbours, &mut config);
    let names = Targets { vrfs, neighbours, tunnels };
    read_routes(root, &names, &mut config);
    read_labels(root, &names, &mut config);
    config
}

struct Targets {
    vrfs: Names,
    neighbours: Names,
    tunnels: Tunnels,
}

fn read_vrfs(root: &Section<'_>, config: &mut Config) -> Names {
    let mut names = Names::new("vrf");
    names.map.insert(GLOBAL.into(), 0);
    config.vrfs.push(Vrf { name: GLOBAL.into(), id: 0 });
    let mut ids = Once::new();
    let last = param::VRF_DEPTH as u32 - 1;
    for (name, section) in root.named("vrf") {
        let id =
            section.need("id", &format!("a number from 1 to {last}")).and_then(|item| item.integer(1..=last));
        if name == GLOBAL {
            section.mistake("is VRF 0 and always there; expected another name");
        }
        if let Some(id) = id {
            ids.check(id, &section, &format!("id {id}"));
            config.vrfs.push(Vrf { name: name.clone(), id: id as u16 });
        }
        names.map.insert(name, id.unwrap_or(0) as usize);
        section.finish();
    }
    names
}

/// A VRF number by name; `global` when the key is missing.
pub(super) fn vrf(section: &Section<'_>, key: &'static str, vrfs: &Names) -> Option<u16> {
    section.get(key).map_or(Some(0), |item| vrfs.find(&item).map(|id| id as u16))
}

pub(super) fn flag(section: &Section<'_>, key: &'static str) -> Option<bool> {
    section.get(key).map_or(Some(false), |item| item.boolean())
}

pub(super) fn number(
    section: &Section<'_>,
    key: &'static str,
    default: u32,
    range: std::ops::RangeInclusive<u32>,
) -> Option<u32> {
    section.get(key).map_or(Some(default), |item| item.integer(range))
}

fn read_interfaces(root: &Section<'_>, vrfs: &Names, config: &mut Config) -> Names {
    let mut names = Names::new("interface");
    let mut ports = Once::new();
    for (name, section) in root.named("interface") {
        let last = param::NUM_PORTS as u32 - 1;
        let port =
            section.need("port", &format!("a port from 0 to {last}")).and_then(|item| item.integer(0..=last));
        let address = section.need("mac", EXPECT_MAC).and_then(|item| item.parse(EXPECT_MAC, mac));
        let vrf = vrf(&section, "vrf", vrfs);
        let mpls = flag(&section, "mpls");
        if let Some(port) = port {
            ports.check(port, &section, &format!("port {port}"));
        }
        // A name counts as defined even when its section has mistakes, so that they do not breed others.
        names.map.insert(name.clone(), config.interfaces.len());
        config.interfaces.push(Interface {
            name,
            port: port.unwrap_or(0) as u8,
            vrf: vrf.unwrap_or(0),
            mac: address.unwrap_or(0),
            mpls: mpls.unwrap_or(false),
        });
        section.finish();
    }
    names
}

fn read_neighbours(root: &Section<'_>, interfaces: &Names, config: &mut Config) -> Names {
    let mut names = Names::new("neighbour");
    for (name, section) in root.named("neighbour") {
        let interface =
            section.need("interface", "the name of an interface").and_then(|item| interfaces.find(&item));
        let expected = "the neighbour's MAC address such as \"02:00:00:00:00:02\"";
        let address = section.need("mac", expected).and_then(|item| item.parse(expected, mac));
        let mtu = number(&section, "mtu", 1500, MIN_MTU..=MAX_MTU);
        names.map.insert(name.clone(), config.neighbours.len());
        config.neighbours.push(Neighbour {
            name,
            interface: interface.unwrap_or(0),
            mac: address.unwrap_or(0),
            mtu: mtu.unwrap_or(1500) as u16,
        });
        section.finish();
    }
    names
}

/// A number up to `last`, or the word that stands for `None`, which is the default too.
pub(super) fn word_or_number(
    section: &Section<'_>,
    key: &'static str,
    word: &str,
    last: u32,
) -> Option<Option<u8>> {
    let Some(item) = section.get(key) else { return Some(None) };
    if !item.is_text() {
        return item.integer(0..=last).map(|number| Some(number as u8));
    }
    item.parse(word, |text| {
        if text == word {
            Ok(None)
        } else {
            Err(format!("expected \"{word}\" or a number from 0 to {last}"))
        }
    })
}

/// Labels under `key`, and how to push them.
fn read_push(section: &Section<'_>, key: &'static str) -> Option<Push> {
    let most = param::MAX_PUSH_LABELS;
    let expected = format!("a list of 1 to {most} labels, outermost first, such as [16, 702]");
    let labels = section.get(key).map_or(Some(Vec::new()), |item| {
        let items = item.array(&expected)?;
        if items.is_empty() || items.len() > most {
            item.mistake(format!("has {} labels; expected {expected}", items.len()));
            return None;
        }
        items.iter().map(|item| item.integer(0..=0xf_ffff)).collect()
    });
    let ttl = number(section, "label_ttl", 0, 0..=255);
    let exp = word_or_number(section, "exp", "copy", 7);
    Some(Push { labels: labels?, ttl: ttl? as u8, exp: exp? })
}

/// Notes keys that only make sense with labels.
fn labels_only(section: &Section<'_>, labels: &str) {
    for key in ["label_ttl", "exp"] {
        if let Some(item) = section.get(key) {
            item.mistake(format!("makes no sense without `{labels}`"));
        }
    }
}

fn via(section: &Section<'_>, names: &Targets) -> Option<usize> {
    names.neighbours.find(&section.get("via")?)
}

/// A tunnel that packets can be sent into. In transport mode only packets to the peer itself can: `to` is where the section's
/// packets go, if it says so.
fn tunnel(section: &Section<'_>, names: &Targets, config: &Config, to: Option<Prefix>) -> Option<usize> {
    let item = section.get("tunnel")?;
    let index = names.tunnels.names.find(&item)?;
    if names.tunnels.one_way.contains(&index) {
        item.mistake("has no `out` SA; expected a tunnel that packets can be sent into");
        return None;
    }
    let tunnel = config.tunnels.get(index)?;
    if tunnel.mode == Mode::Transport
        && to.is_none_or(|to| IpAddr::V4(to.address()) != tunnel.remote || to.len() < 32)
    {
        item.mistake(format!(
            "is in transport mode, which takes packets to {0} only; expected a route for {0} alone",
            tunnel.remote
        ));
        return None;
    }
    Some(index)
}

/// Which one of several keys a section has; none or several is a mistake.
fn choice(section: &Section<'_>, keys: &[&'static str]) -> Option<&'static str> {
    let present: Vec<&str> = keys.iter().copied().filter(|key| section.get(key).is_some()).collect();
    if let [one] = present[..] {
        return keys.iter().copied().find(|key| *key == one);
    }
    let expected = keys.join(", ");
    section.mistake(match present.len() {
        0 => format!("leads nowhere; expected one of {expected}"),
        _ => format!("has {}; expected only one of {expected}", present.join(" and ")),
    });
    None
}

/// A key that may only be `true`.
fn must_be_true(section: &Section<'_>, key: &'static str) -> Option<()> {
    let item = section.get(key)?;
    if item.boolean()? {
        return Some(());
    }
    item.mistake("is false; expected true, or no such key");
    None
}

fn read_routes(root: &Section<'_>, names: &Targets, config: &mut Config) {
    let mut seen = Once::new();
    for section in root.list("route") {
        let vrf = vrf(&section, "vrf", &names.vrfs);
        let prefix = section
            .need("prefix", EXPECT_PREFIX)
            .and_then(|item| item.parse(EXPECT_PREFIX, str::parse::<Prefix>));
        if let (Some(vrf), Some(prefix)) = (vrf, prefix) {
            seen.check((vrf, prefix), &section, &format!("prefix {prefix} of this vrf"));
        }
        let target = match choice(&section, &["via", "tunnel", "local", "drop"]) {
            Some("via") => {
                let (via, push) = (via(&section, names), read_push(&section, "labels"));
                via.zip(push).map(|(via, push)| Target::Via(via, push))
            }
            Some("tunnel") => tunnel(&section, names, config, prefix).map(Target::Tunnel),
            Some("local") => must_be_true(&section, "local").map(|()| Target::Local),
            Some("drop") => must_be_true(&section, "drop").map(|()| Target::Drop),
            _ => None,
        };
        if section.get("via").is_none() {
            if let Some(item) = section.get("labels") {
                item.mistake("makes no sense without `via`");
            }
        }
        if section.get("labels").is_none() {
            labels_only(&section, "labels");
        }
        section.finish();
        if let (Some(vrf), Some(prefix), Some(target)) = (vrf, prefix, target) {
            config.routes.push(Route { vrf, prefix, target });
        }
    }
}

fn read_labels(root: &Section<'_>, names: &Targets, config: &mut Config) {
    let mut seen = Once::new();
    let last = param::LABEL_DEPTH as u32 - 1;
    for section in root.list("label") {
        let label = section
            .need("label", &format!("an incoming label from {FIRST_LABEL} to {last}"))
            .and_then(|item| item.integer(FIRST_LABEL..=last));
        if let Some(label) = label {
            seen.check(label, &section, &format!("label {label}"));
        }
        let swap = section.get("swap").is_some();
        let action = match choice(&section, &["vrf", "via", "tunnel"]) {
            Some("vrf") => vrf(&section, "vrf", &names.vrfs).map(LabelAction::PopVrf),
            Some("tunnel") => {
                tunnel(&section, names, config, None).map(|i| LabelAction::Pop(Target::Tunnel(i)))
            }
            Some("via") => {
                let (via, push) = (via(&section, names), read_push(&section, "swap"));
                via.zip(push).map(|(via, push)| {
                    if swap {
                        LabelAction::Swap(via, push)
                    } else {
                        LabelAction::Pop(Target::Via(via, push))
                    }
                })
            }
            _ => None,
        };
        if !swap {
            labels_only(&section, "swap");
        } else if section.get("via").is_none() {
            section.mistake("`swap` makes no sense without `via`");
        }
        section.finish();
        if let (Some(label), Some(action)) = (label, action) {
            config.labels.push(LabelRule { label, action });
        }
    }
}
