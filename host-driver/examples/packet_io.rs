// SPDX-License-Identifier: Apache-2.0
//! Packets through the card's rings: routes one in a VRF, tells what became of it, and shows what the card hands back.
//!
//! `cargo run -p headend-driver --example packet_io -- vfio-user:card.sock 1 10.9.9.9` sends an IPv4 packet with TTL 1
//! into VRF 1: the card gives it back by rx[0] as `TtlExpired`, or drops it, and says why by an event.

use std::net::Ipv4Addr;
use std::time::Duration;

use headend_driver::{Card, Options};
use headend_regs::{Ring, TxDest};

/// An IPv4 packet without payload, with TTL 1 (RFC 791).
fn packet(destination: Ipv4Addr) -> Vec<u8> {
    let mut packet = vec![0x45, 0, 0, 20, 0, 0, 0, 0, 1, 1, 0, 0, 192, 0, 2, 1];
    packet.extend(destination.octets());
    let sum: u32 = packet.chunks(2).map(|pair| u32::from(pair[0]) << 8 | u32::from(pair[1])).sum();
    let folded = (sum & 0xffff) + (sum >> 16);
    packet[10..12].copy_from_slice(&(!(folded as u16)).to_be_bytes());
    packet
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().collect();
    let [_, location, vrf, destination] = &args[..] else {
        return Err("usage: packet_io CARD VRF DESTINATION".into());
    };
    let mut card = Card::open(&location.parse()?, Options::default())?;
    println!(
        "rx[0] waits by {}",
        if card.eventfd(Ring::Rx0).is_some() { "MSI-X eventfd" } else { "polling" }
    );
    card.send(TxDest::Route, vrf.parse()?, &packet(destination.parse()?))?;
    match card.sent(Duration::from_secs(5))? {
        Some(done) => println!("sent: {:?}", done.status),
        None => println!("the card did not take the packet"),
    }
    while let Some(packet) = card.receive(Duration::from_secs(1))? {
        println!(
            "received {} bytes from {:?}: {} ({})",
            packet.data.len(),
            packet.ingress,
            packet.reason,
            packet.reason.doc()
        );
    }
    while let Some(event) = card.event(Duration::ZERO)? {
        println!("event {}: {}", event.kind, event.reason.map_or("", |reason| reason.doc()));
    }
    Ok(())
}
