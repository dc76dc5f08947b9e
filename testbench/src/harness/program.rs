// SPDX-License-Identifier: Apache-2.0
//! Programs logical tables into a card through the driver: its hash placement, its trie, its key material.

use super::DutError;
use crate::model::{Action, Adjacency, Interface, LabelAction, Prefix, SaIn, SaOut, Selector, Tables};
use crate::packet::{EspKey, Mac, PROTO_ESP};
use headend_driver::rings::Command;
use headend_driver::tables::hash::SaKey;
use headend_driver::tables::{gcm_key, Cuckoo, Fib};
use headend_driver::Card;
use headend_regs::{self as regs, AdjKind, GcmKey, LabelOp};

/// Programs `tables` into a card. What the card held before stays where `tables` says nothing.
///
/// # Errors
/// A table has no room, or the card refused a command.
pub fn program(card: &mut Card, tables: &Tables) -> Result<(), DutError> {
    let latency = card.ghash_latency();
    let mut commands = vec![];
    for (index, interface) in &tables.interfaces {
        commands.push(Command::write((*index).into(), &interface_record(interface)));
    }
    for (index, adjacency) in &tables.adjacencies {
        commands.push(Command::write((*index).into(), &adjacency_record(adjacency)));
    }
    for (label, action) in &tables.labels {
        commands.push(Command::write(*label, &label_record(action)));
    }
    let mut hash = Cuckoo::new();
    let indices: Vec<u32> = tables.sas_in.keys().map(|index| (*index).into()).collect();
    let present = card.read_many::<regs::SaIn>(&indices)?;
    for ((index, sa), present) in tables.sas_in.iter().zip(present) {
        // A new generation tells packets in flight that their SA is gone.
        let record = regs::SaIn { gen: present.gen.wrapping_add(1), ..sa_in_record(sa, latency) };
        commands.push(Command::write((*index).into(), &record));
        commands.extend(hash.insert(sa_key(sa), *index)?);
    }
    for (index, sa) in &tables.sas_out {
        commands.push(Command::write((*index).into(), &sa_out_record(sa, latency)));
    }
    let mut fib = Fib::new();
    for route in &tables.routes {
        let prefix = headend_driver::tables::Prefix::truncated(route.prefix.addr.into(), route.prefix.len);
        fib.insert(route.vrf, prefix, route.adj);
    }
    commands.extend(fib.sync()?);
    commands.push(Command::fence());
    card.run(&commands)?;
    Ok(())
}

/// Where the card looks for an inbound SA.
fn sa_key(sa: &SaIn) -> SaKey {
    SaKey { fvrf: sa.fvrf, proto: PROTO_ESP, ipv6: sa.dst.is_v6(), spi: sa.spi, dst: sa.dst.number() }
}

/// A MAC address as the number that the tables hold.
fn mac_number(mac: Mac) -> u64 {
    mac.iter().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

fn interface_record(interface: &Interface) -> regs::Intf {
    regs::Intf { valid: true, mpls: interface.mpls, vrf: interface.vrf, mac: mac_number(interface.mac) }
}

fn label_record(action: &LabelAction) -> regs::Label {
    let (op, vrf, adj) = match action {
        LabelAction::PopVrf(vrf) => (LabelOp::PopVrf, *vrf, 0),
        LabelAction::PopAdj(adj) => (LabelOp::PopAdj, 0, *adj),
        LabelAction::Swap(adj) => (LabelOp::Swap, 0, *adj),
    };
    regs::Label { op: op.code(), vrf, adj }
}

fn adjacency_record(adjacency: &Adjacency) -> regs::Adj {
    let base = regs::Adj { valid: true, mtu: adjacency.mtu, ..Default::default() };
    let with_link = |kind: AdjKind, link: &crate::model::Link| regs::Adj {
        kind: kind.code(),
        egress: link.port as u8,
        dmac: mac_number(link.dmac),
        smac: mac_number(link.smac),
        ..base
    };
    match &adjacency.action {
        Action::Drop => regs::Adj { kind: AdjKind::Drop.code(), ..base },
        Action::Host => regs::Adj { kind: AdjKind::Host.code(), egress: regs::Egress::Host.code(), ..base },
        Action::Ip(link) => with_link(AdjKind::Ip, link),
        Action::Protect { link, sa, gen, transport, tfc_len } => regs::Adj {
            sa: *sa,
            sa_gen: *gen,
            transport: *transport,
            tfc_len: *tfc_len,
            ..with_link(AdjKind::Protect, link)
        },
        Action::Mpls { link, labels, ttl, tc } => {
            let label = |n: usize| labels.get(n).copied().unwrap_or(0);
            regs::Adj {
                label_count: labels.len() as u8,
                label0: label(0),
                label1: label(1),
                label2: label(2),
                label_ttl: ttl.unwrap_or(0),
                label_exp: tc.unwrap_or(0),
                copy_exp: tc.is_none(),
                ..with_link(AdjKind::Mpls, link)
            }
        }
    }
}

fn key_record(key: &EspKey, latency: u32) -> GcmKey {
    let mut material = gcm_key(&key.key, key.salt, latency).expect("the key has 16 or 32 bytes");
    material.icv_len = key.icv_len as u8;
    material
}

fn selector_record(selector: Option<&Selector>) -> regs::Selector {
    let Some(selector) = selector else { return regs::Selector { any: true, ..Default::default() } };
    let Selector { src, dst, proto } = *selector;
    regs::Selector {
        src: masked(src),
        dst: masked(dst),
        src_len: src.len,
        dst_len: dst.len,
        proto: proto.unwrap_or(0),
        ..Default::default()
    }
}

/// The network address of a prefix.
fn masked(prefix: Prefix) -> u128 {
    let mask = u32::MAX.checked_shl(32 - u32::from(prefix.len)).unwrap_or(0);
    (prefix.addr & mask).into()
}

fn sa_in_record(sa: &SaIn, latency: u32) -> regs::SaIn {
    regs::SaIn {
        valid: true,
        esn: sa.key.esn,
        tunnel: !sa.transport,
        udp: sa.udp,
        no_ecn: sa.no_ecn,
        soft_packets: sa.limits.soft_packets.unwrap_or(0),
        hard_packets: sa.limits.hard_packets.unwrap_or(0),
        soft_bytes: sa.limits.soft_bytes.unwrap_or(0),
        hard_bytes: sa.limits.hard_bytes.unwrap_or(0),
        gen: 0,
        replay_window: sa.window as u16,
        ivrf: sa.ivrf,
        gcm: key_record(&sa.key, latency),
        sel: selector_record(sa.selector.as_ref()),
    }
}

fn sa_out_record(sa: &SaOut, latency: u32) -> regs::SaOut {
    regs::SaOut {
        valid: true,
        esn: sa.key.esn,
        tunnel: !sa.transport,
        ipv6: sa.dst.is_v6(),
        udp: sa.udp.is_some(),
        sport: sa.udp.map_or(0, |(sport, _)| sport),
        dport: sa.udp.map_or(0, |(_, dport)| dport),
        no_ecn: sa.no_ecn,
        copy_df: sa.copy_df,
        soft_packets: sa.limits.soft_packets.unwrap_or(0),
        hard_packets: sa.limits.hard_packets.unwrap_or(0),
        soft_bytes: sa.limits.soft_bytes.unwrap_or(0),
        hard_bytes: sa.limits.hard_bytes.unwrap_or(0),
        soft_seq: sa.limits.soft_seq.unwrap_or(0),
        copy_dscp: sa.dscp.is_none(),
        dscp: sa.dscp.unwrap_or(0),
        df: sa.df,
        gen: sa.gen,
        ttl: sa.ttl,
        spi: sa.spi,
        src: sa.src.number(),
        dst: sa.dst.number(),
        seq: sa.used,
        gcm: key_record(&sa.key, latency),
        ..Default::default()
    }
}
