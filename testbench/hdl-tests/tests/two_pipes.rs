// SPDX-License-Identifier: Apache-2.0
//! Two pipelines at once: full rate in both directions, one SA used by both, cross traffic to one port, order and the
//! account of every packet; and the card with one pipeline does the same work.

mod card_rig;
mod gcm_common;

use card_rig::*;
use gcm_common::seal;
use headend_hdl_tests::{Rng, WordSource};
use headend_regs::{
    reg, Adj, AdjKind, DropReason, Egress, Ring, RxDesc, SaInState, SaOutState, TxDesc, TxDest,
};

const BUFFERS: u64 = 0x2_0000_0000;
const PIPES: [usize; 2] = [1, 2];
/// Most cycles between the fastest and the slowest packet under constant load.
const JITTER: u64 = 20;

/// Port 0 brings packets to encrypt, port 1 packets to decrypt, each as fast as the wire carries the encrypted ones.
#[test]
fn both_directions_at_once_keep_up_with_the_wire() {
    for size in [20, 26, 27, 90, 91, 154, 576, 1472, 8900] {
        let mut card = card_with(2, 51, 400_000);
        let key = program(&mut card, false, true);
        let count = 40_000 / size.max(40) + 20;
        let plain = frame(0, 0x0800, &ipv4(1, 2, 17, 64, &vec![5; size]));
        let loads = [
            Load { frames: vec![plain; count], growth: ESP_GROWTH },
            Load { frames: esp_frames(&key, size, count), growth: 0 },
        ];
        at_line_rate(&mut card, &loads);
        let (into, out) = (card.read_record::<SaInState>(7), card.read_record::<SaOutState>(3));
        assert_eq!((into.packets, into.seq_top), (count as u64, count as u64), "{size}");
        assert_eq!((out.packets, out.seq), (count as u64, count as u64), "{size}");
        assert_eq!(balance(&mut card), (2 * count as u64, 2 * count as u64));
    }
}

/// Both directions at the rate of the wire with 64-byte packets inside: no packet takes longer than the card promises
/// for one alone, plus the jitter that hdl/README.md states.
#[test]
fn latency_under_constant_load_stays_close_to_that_of_one_packet() {
    let mut card = card_with(2, 57, 400_000);
    let key = program(&mut card, false, true);
    let plain = frame(0, 0x0800, &ipv4(1, 2, 17, 64, &[5; 44]));
    let loads = [
        Load { frames: vec![plain; 2_000], growth: ESP_GROWTH },
        Load { frames: esp_frames(&key, 44, 2_000), growth: 0 },
    ];
    at_line_rate(&mut card, &loads);
    for (port, most) in [(0, 160), (1, 200)] {
        let mut cycles = latencies(&card, port, &loads[port].frames);
        assert_eq!(cycles.len(), 2_000);
        cycles.sort_unstable();
        let (least, half, longest) = (cycles[0], cycles[1_000], cycles[1_999]);
        println!("port {port}: {least} to {longest} cycles, median {half}");
        assert!(longest <= most, "port {port}: {longest} cycles");
        assert!(longest - least <= JITTER, "port {port}: {least} to {longest} cycles");
    }
}

/// Inner packet of `flow` with its number: source address and first payload bytes.
fn numbered(flow: u32, n: u32, len: usize) -> Vec<u8> {
    let mut payload = vec![0x77; len.max(8)];
    payload[..4].copy_from_slice(&flow.to_be_bytes());
    payload[4..8].copy_from_slice(&n.to_be_bytes());
    ipv4(flow, 0x0a00_0002, 17, 64, &payload)
}

/// Flow and number of a packet that `numbered` made, somewhere behind `at`.
fn flow_of(packet: &[u8]) -> (u32, u32) {
    let word = |at: usize| u32::from_be_bytes(packet[at..at + 4].try_into().expect("4 bytes"));
    (word(20), word(24))
}

/// Both pipelines send through one outbound SA: no sequence number is used twice, none is left out, and the packets of
/// each port keep their order.
#[test]
fn two_pipelines_never_use_a_sequence_number_twice() {
    let mut card = card_with(2, 52, 400_000);
    let key = program(&mut card, false, false);
    default_route(&mut card, 5, 10);
    let count = 400u32;
    for n in 0..count {
        for port in 0..2 {
            card.extra.send(port, &frame(port, 0x0800, &numbered(port as u32, n, 24)));
        }
        // Two packets of 118 bytes leave on one port.
        card.run(5);
    }
    settle(&mut card);
    let mut next = [0; 2];
    let mut seen = vec![false; 2 * count as usize + 1];
    let mut last = 0;
    let mut mixed = 0;
    while let Some(got) = card.extra.receive(1) {
        let esp = &got[34..];
        let seq = u32::from_be_bytes(esp[4..8].try_into().expect("4 bytes"));
        assert!(!std::mem::replace(&mut seen[seq as usize], true), "number {seq} twice");
        assert_eq!(u64::from(seq).to_be_bytes(), esp[8..16], "the IV is the sequence number");
        // The keystream takes the ciphertext back to the inner packet.
        let nonce: [u8; 12] = [&SALT[..], &esp[8..16]].concat().try_into().expect("12 bytes");
        let (cipher, tag) = esp[16..].split_at(esp.len() - 32);
        let (inner, _) = seal(&key, &nonce, &[], cipher);
        let header = [SPI.to_be_bytes(), seq.to_be_bytes()].concat();
        assert_eq!(seal(&key, &nonce, &header, &inner).1, tag, "tag of number {seq}");
        let (flow, n) = flow_of(&inner);
        assert_eq!(n, next[flow as usize], "order of port {flow}");
        next[flow as usize] += 1;
        mixed += usize::from(last != flow);
        last = flow;
    }
    assert_eq!(next, [count; 2]);
    assert!(seen[1..].iter().all(|s| *s));
    assert!(mixed > count as usize, "the ports took turns: {mixed} changes");
    let state = card.read_record::<SaOutState>(3);
    assert_eq!((state.seq, state.packets), (2 * u64::from(count), 2 * u64::from(count)));
}

/// Both ports send as fast as they can to port 1: each gets half of it, the rest is dropped at the tail and counted,
/// what leaves is in order, and every packet is accounted for.
#[test]
fn cross_traffic_shares_a_port_and_every_loss_is_counted() {
    for (pipes, len) in [(2, 46), (2, 600), (2, 1480), (1, 600)] {
        let mut card = card_with(pipes, 53, 400_000);
        program(&mut card, false, false);
        default_route(&mut card, 1, 12);
        default_route(&mut card, 5, 12);
        let count = 60_000 / len.max(64) as u32 + 1500;
        for n in 0..count {
            (0..2).for_each(|p| card.extra.send(p, &frame(p, 0x0800, &numbered(p as u32, n, len - 20))));
        }
        settle(&mut card);
        let mut last = [None; 2];
        let mut got = [0u64; 2];
        let mut share = [0; 2];
        while let Some(sent) = card.extra.receive(1) {
            let (flow, n) = flow_of(&sent[14..]);
            assert!(last[flow as usize].is_none_or(|l| l < n), "order of port {flow}");
            last[flow as usize] = Some(n);
            got[flow as usize] += 1;
            if got[0] + got[1] == 800 {
                share = got;
            }
        }
        let full = card.counter(reg::drop_count(DropReason::QueueFullPort1 as usize));
        let overflow = card.counter(reg::drop_count(DropReason::RxOverflow as usize));
        assert_eq!(got[0] + got[1] + full + overflow, 2 * u64::from(count), "{pipes} pipelines, {len} bytes");
        // One pipeline is itself the bottleneck: its receive FIFOs drop.
        assert!(if pipes == 2 { full > 100 && overflow == 0 } else { overflow > 100 }, "{full}, {overflow}");
        assert!(share[0].abs_diff(share[1]) <= 20, "{pipes} pipelines, {len} bytes: shares {share:?}");
        assert_eq!(balance(&mut card), (2 * u64::from(count), 2 * u64::from(count)));
    }
}

/// Flows on both ports and from the host go to both ports, to the host, through encryption, to nowhere; nothing
/// overtakes within a flow, and every packet is accounted for.
#[test]
fn flows_keep_their_order_and_every_packet_is_accounted_for() {
    for pipes in PIPES {
        let mut card = card_with(pipes, 54, 2_000_000);
        program(&mut card, false, false);
        card.enable(Ring::Rx0, 8, 8);
        card.enable(Ring::Tx0, 4, 4);
        for n in 0..256u32 {
            let addr = BUFFERS + u64::from(n) * 2048;
            card.post(Ring::Rx0, &RxDesc { addr, len: 2048, cookie: n }.to_bytes());
        }
        card.ring_doorbell(Ring::Rx0);
        // VRF 1 (port 0) to port 0 in clear, VRF 5 (port 1) to port 1; labels lead to other VRFs from both ports.
        card.write_record(15, &adjacency(AdjKind::Ip, Egress::Port0));
        for (vrf, adj) in [(1, 15), (5, 12), (20, 12), (21, 15), (22, 13), (23, 14), (24, 10)] {
            default_route(&mut card, vrf, adj);
        }
        for vrf in 20..=24u16 {
            let pop = headend_regs::LabelOp::PopVrf.into();
            let label = headend_regs::Label { op: pop, vrf, ..Default::default() };
            card.write_record(600 + u32::from(vrf), &label);
        }
        let mut rng = Rng::new(54 + pipes as u64);
        let mut numbers = [0u32; 16];
        let host = BUFFERS + 0x20_0000;
        let mut from_host = 0u32;
        for round in 0..40 {
            for _ in 0..25 {
                let port = rng.below(2) as usize;
                let kind = rng.below(6) as u32;
                let flow = 6 * port as u32 + kind;
                let len = [8, 26, 60, 400, 1300][rng.below(5) as usize];
                let inner = numbered(flow, numbers[flow as usize], len);
                numbers[flow as usize] += 1;
                let sent = match kind {
                    0 => frame(port, 0x0800, &inner),
                    _ => {
                        let label: u32 = (619 + kind) << 12 | 1 << 8 | 9;
                        frame(port, 0x8847, &[&label.to_be_bytes()[..], &inner].concat())
                    }
                };
                card.extra.send(port, &sent);
            }
            // Two more flows: from the host straight to port 0, and by its route to port 1.
            for (flow, dest) in [(12, TxDest::Port0), (13, TxDest::Route)] {
                let inner = numbered(flow, numbers[flow as usize], 100);
                numbers[flow as usize] += 1;
                let data = if flow == 12 { sent_frame(0, 0x0800, &inner) } else { inner };
                let addr = host + 4096 * u64::from(from_host % 16);
                card.memory.write(addr, &data);
                let len = data.len() as u32;
                card.post(Ring::Tx0, &TxDesc { addr, len, dest: dest.into(), vrf: 3, cookie: 0 }.to_bytes());
                from_host += 1;
            }
            card.ring_doorbell(Ring::Tx0);
            (0..2).for_each(|_| drop(card.wait(Ring::Tx0)));
            card.consumed(Ring::Tx0);
            if round % 4 == 3 {
                card.run_until("sent", 50_000, |c| c.extra.into.iter().all(WordSource::is_empty));
                settle(&mut card);
            }
        }
        settle(&mut card);
        let mut next = [0u32; 16];
        let mut check = |packet: &[u8]| {
            let (flow, n) = flow_of(packet);
            assert_eq!(n, next[flow as usize], "{pipes} pipelines, flow {flow}");
            next[flow as usize] += 1;
        };
        let mut encrypted = 0;
        for port in 0..2 {
            while let Some(got) = card.extra.receive(port) {
                if got[23] == 50 {
                    encrypted += 1;
                } else {
                    check(&got[14..]);
                }
            }
        }
        for n in 0u32.. {
            let Some(_) = card.take(Ring::Rx0) else { break };
            // Popped packets reach the host with their frame as it came: Ethernet and a label in front.
            check(&card.memory.read(BUFFERS + u64::from(n) * 2048, 256)[18..]);
        }
        let dropped = card.counter(reg::drop_count(DropReason::RouteDrop as usize));
        for (flow, sent) in numbers.iter().enumerate() {
            match flow {
                4 | 10 | 5 | 11 => assert_eq!(next[flow], 0),
                _ => assert_eq!(next[flow], *sent, "{pipes} pipelines, flow {flow}"),
            }
        }
        assert_eq!(dropped, u64::from(numbers[4] + numbers[10]));
        assert_eq!(encrypted, numbers[5] + numbers[11]);
        let total: u64 = numbers.iter().map(|n| u64::from(*n)).sum();
        assert_eq!(balance(&mut card), (total, total), "{pipes} pipelines");
    }
}

/// Port 1 stands still with its buffers full of packets to encrypt, padded for confidentiality or not: packets of the same
/// pipeline to port 0 go on.
#[test]
fn a_port_that_stands_still_holds_up_no_other() {
    for tfc_len in [0, 200, 1400, 9000] {
        let mut card = card_with(2, 58, 400_000);
        program(&mut card, false, false);
        let tunnel = adjacency(AdjKind::Protect, Egress::Port1);
        card.write_record(10, &Adj { sa: 3, sa_gen: GEN, tfc_len, ..tunnel });
        card.write_record(15, &adjacency(AdjKind::Ip, Egress::Port0));
        default_route(&mut card, 20, 15);
        let pop = headend_regs::LabelOp::PopVrf.into();
        card.write_record(620, &headend_regs::Label { op: pop, vrf: 20, ..Default::default() });
        card.extra.out[1].set_stalls(100);
        for n in 0..400 {
            card.extra.send(0, &frame(0, 0x0800, &numbered(0, n, 44)));
        }
        card.run(6_000);
        let label: u32 = 620 << 12 | 1 << 8 | 9;
        for n in 0..20 {
            card.extra.send(0, &frame(0, 0x8847, &[&label.to_be_bytes()[..], &numbered(1, n, 44)].concat()));
        }
        card.run(2_000);
        let out = std::iter::from_fn(|| card.extra.receive(0)).count();
        assert_eq!(out, 20, "padded to {tfc_len} bytes");
        card.extra.out[1].set_stalls(0);
        settle(&mut card);
        assert_eq!(balance(&mut card), (420, 420));
    }
}

/// Packets for the host from both pipelines at once, faster than it takes them: each is delivered whole, or dropped at
/// the tail and counted; its ports go on meanwhile.
#[test]
fn the_host_gets_whole_packets_of_both_pipelines() {
    let mut card = card_with(2, 55, 2_000_000);
    program(&mut card, false, false);
    default_route(&mut card, 1, 13);
    card.enable(Ring::Rx0, 10, 10);
    let count = 400u32;
    for n in 0..count {
        for port in 0..2 {
            let len = [60, 700, 1400][n as usize % 3];
            card.extra.send(port, &frame(port, 0x0800, &numbered(port as u32, n, len)));
        }
    }
    card.run(4_000);
    for n in 0..1024u32 {
        let addr = BUFFERS + u64::from(n) * 2048;
        card.post(Ring::Rx0, &RxDesc { addr, len: 2048, cookie: n }.to_bytes());
    }
    card.ring_doorbell(Ring::Rx0);
    settle(&mut card);
    let mut last = [None; 2];
    let mut got = 0;
    while let Some(done) = card.take(Ring::Rx0) {
        let done = headend_regs::RxCompletion::from_bytes(&done).expect("64 bytes");
        let packet = card.memory.read(BUFFERS + got * 2048, usize::from(done.len));
        let (flow, n) = flow_of(&packet[14..]);
        assert_eq!((u32::from(done.ingress), done.status), (flow, 0));
        assert_eq!(packet, frame(flow as usize, 0x0800, &numbered(flow, n, [60, 700, 1400][n as usize % 3])));
        assert!(last[flow as usize].is_none_or(|l| l < n), "order of port {flow}");
        last[flow as usize] = Some(n);
        got += 1;
    }
    let full = card.counter(reg::drop_count(DropReason::QueueFullHost as usize));
    assert!(got > 40 && full > 40, "{got} delivered, {full} dropped");
    assert!(last.iter().all(Option::is_some));
    assert_eq!(got + full, 2 * u64::from(count));
    assert_eq!(balance(&mut card), (2 * u64::from(count), 2 * u64::from(count)));
}

/// The number of pipelines that the card tells, and an adjacency written and read while both pipelines use the table.
#[test]
fn tables_change_whole_while_both_pipelines_look_them_up() {
    for pipes in PIPES {
        let mut card = card_with(pipes, 56, 2_000_000);
        assert_eq!(card.read(reg::CAPS0) >> 4 & 0xf, pipes as u32);
        program(&mut card, false, false);
        default_route(&mut card, 1, 20);
        default_route(&mut card, 5, 20);
        let version = |n: u64| {
            let mac = |which: u64| 0x0200_0000_0000 | which << 32 | n << 16 | n;
            Adj { dmac: mac(0x51), smac: mac(0x52), ..adjacency(AdjKind::Ip, Egress::Port1) }
        };
        card.write_record(20, &version(0));
        for _ in 0..6_000 {
            (0..2).for_each(|p| card.extra.send(p, &frame(p, 0x0800, &ipv4(1, 2, 17, 64, &[3; 26]))));
        }
        card.run(300);
        let mut slowest = 0;
        for n in 1..=40 {
            let start = card.bench.cycles();
            card.write_record(20, &version(n));
            slowest = slowest.max(card.bench.cycles() - start);
            let got = card.read_record::<Adj>(20);
            assert_eq!((got.dmac, got.smac), (version(n).dmac, version(n).smac), "{pipes} pipelines");
        }
        let pending = card.extra.into.iter().any(|s| !s.is_empty());
        assert!(pending, "the load lasts as long as the writes");
        assert!(slowest < 400, "{slowest} cycles for a write under load");
        settle(&mut card);
        let mut seen = 0;
        let mut last = 0;
        while let Some(got) = card.extra.receive(1) {
            let n = u16::from_be_bytes([got[4], got[5]]).into();
            assert_eq!(got[..12], sent_macs(&version(n)), "half a record");
            seen += u32::from(n != last);
            last = n;
        }
        assert!(seen > 20, "{seen} versions seen");
        let (into, out) = balance(&mut card);
        assert_eq!(into, out);
    }
}

/// Destination and source as they stand in a frame.
fn sent_macs(adj: &Adj) -> Vec<u8> {
    [mac(adj.dmac), mac(adj.smac)].concat()
}
