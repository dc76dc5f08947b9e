// SPDX-License-Identifier: Apache-2.0
//! The whole card: frames in, frames out, tables through the command ring, packets to and from the host, and the
//! account of every packet.

mod card_rig;
mod gcm_common;

use card_rig::*;
use gcm_common::{key_record, seal};
use headend_hdl_tests::{Rng, WordSource};
use headend_regs::{
    param, reg, Adj, AdjKind, DropReason, Egress, EventEntry, EventKind, FibNode, FibResult, HostReason,
    Intf, Label, Packed, Ring, RxCompletion, RxDesc, SaHash, SaIn, SaInState, SaOut, SaOutState,
    TxCompletion, TxDesc, TxDest,
};

const BUFFERS: u64 = 0x2_0000_0000;
/// Most cycles through the card for a frame of one beat, hdl/README.md.
const LATENCY_CLEAR: u64 = 99;
const LATENCY_ENCRYPTED: u64 = 105;
/// The same for a frame of ESP with a 64-byte packet inside.
const LATENCY_DECRYPTED: u64 = 140;

fn bits<T: Packed>(value: &T) -> Vec<u8> {
    let mut bytes = vec![0; T::BITS.div_ceil(8)];
    value.pack_into(&mut bytes, 0);
    bytes
}

#[test]
fn every_table_keeps_what_is_written_but_its_secrets() {
    let mut card = card(1, 1_000_000);
    let key = program(&mut card, true, true);
    let want = adjacency(AdjKind::Ip, Egress::Port1);
    assert_eq!(bits(&card.read_record::<Adj>(12)), bits(&want));
    assert_eq!(
        bits(&card.read_record::<Intf>(1)),
        bits(&Intf { valid: true, mpls: true, vrf: 5, mac: OUR_MAC[1] })
    );
    assert_eq!(card.read_record::<FibNode>(2).result_base, 102);
    assert_eq!(card.read_record::<FibResult>(102).adj, 11);
    assert_eq!(card.read_record::<Label>(528).vrf, 3);
    assert_eq!(card.read_record::<SaHash>((param::SA_HASH_WAYS * param::SA_HASH_ROWS) as u32).sa, 7);
    let (sa_in, sa_out) = (card.read_record::<SaIn>(7), card.read_record::<SaOut>(3));
    assert!(sa_in.valid && sa_in.esn && sa_in.sel.any && sa_out.valid);
    assert_eq!(
        (sa_in.ivrf, sa_in.replay_window, sa_out.spi, sa_out.ttl, sa_out.gcm.icv_len),
        (2, 64, SPI, 61, 16)
    );
    for gcm in [sa_in.gcm, sa_out.gcm] {
        assert_eq!(
            (gcm.key, gcm.salt, gcm.h1, gcm.hfb),
            ([0; 32], [0; 4], [0; 16], [0; 16]),
            "keys are never readable"
        );
    }
    let far = (param::FIB_LEVELS * param::FIB_NODE_DEPTH - 1) as u32;
    card.write_record(far, &FibNode { internal: 5, ..FibNode::default() });
    assert_eq!(card.read_record::<FibNode>(far).internal, 5);
    let memory = card.memory.read(card.cq_addr(Ring::Cmd, 0), 4096);
    assert!(!memory.windows(16).any(|w| w == &key[..16]), "no completion carries the key");
}

#[test]
fn a_labelled_frame_is_popped_and_routed() {
    let mut card = card(2, 200_000);
    program(&mut card, false, false);
    let inner = ipv4(1, 0x0a00_0001, 17, 64, &[7; 100]);
    let label: u32 = 528 << 12 | 1 << 8 | 9;
    card.extra.send(0, &frame(0, 0x8847, &[&label.to_be_bytes()[..], &inner].concat()));
    let got = receive(&mut card, 1);
    assert_eq!(got, sent_frame(1, 0x0800, &ipv4(1, 0x0a00_0001, 17, 63, &[7; 100])));
    settle(&mut card);
    assert_eq!(balance(&mut card), (1, 1));
}

/// Out by ESP on port 1, checked against the oracle; back in on port 1, decrypted, and out with two labels.
fn esp_both_ways(seed: u64, esn: bool, aes256: bool) {
    let mut card = card(seed, 4_000_000);
    let key = program(&mut card, esn, aes256);
    let mut rng = Rng::new(seed);
    let mut bytes = 0;
    for n in 1..=40u64 {
        let payload = rng.bytes(rng.clone().range(0, 1472) as usize);
        let packet = |ttl| ipv4(0x0a00_0001, 0x0a00_0002, 17, ttl, &payload);
        card.extra.send(0, &frame(0, 0x0800, &packet(64)));
        let got = receive(&mut card, 1);

        let mut trailer: Vec<u8> = (1..=((4 - (packet(63).len() + 2) % 4) % 4) as u8).collect();
        trailer.extend([trailer.len() as u8, 4]);
        let plain = [packet(63), trailer].concat();
        let iv = n.to_be_bytes();
        let nonce: [u8; 12] = [&SALT[..], &iv].concat().try_into().expect("12 bytes");
        let sequence = if esn { n.to_be_bytes().to_vec() } else { (n as u32).to_be_bytes().to_vec() };
        let (cipher, tag) = seal(&key, &nonce, &[&SPI.to_be_bytes()[..], &sequence].concat(), &plain);
        let esp = [&SPI.to_be_bytes()[..], &(n as u32).to_be_bytes(), &iv, &cipher, &tag].concat();
        let mut outer = ipv4(LOCAL, REMOTE, 50, 61, &esp);
        // DF and identification 0: the only fields that the helper sets otherwise.
        outer[4..10].copy_from_slice(&[0, 0, 0x40, 0, 61, 50]);
        outer[10..12].copy_from_slice(&[0, 0]);
        let mut sum: u32 = outer[..20].chunks(2).map(|p| u32::from(p[0]) << 8 | u32::from(p[1])).sum();
        sum = (sum & 0xffff) + (sum >> 16);
        outer[10..12].copy_from_slice(&(!((sum & 0xffff) as u16 + (sum >> 16) as u16)).to_be_bytes());
        assert!(got == sent_frame(1, 0x0800, &outer), "packet {n} of {} bytes", payload.len());

        card.extra.send(1, &frame(1, 0x0800, &outer));
        let got = receive(&mut card, 0);
        let labels = [(702 << 12 | 62u32).to_be_bytes(), (498 << 12 | 1 << 8 | 62u32).to_be_bytes()].concat();
        assert!(
            got == sent_frame(0, 0x8847, &[labels, packet(62)].concat()),
            "packet {n} of {} bytes",
            payload.len()
        );
        bytes += packet(63).len() as u64;

        if n % 10 == 0 {
            card.extra.send(1, &frame(1, 0x0800, &outer));
            let at = outer.len() - 1;
            outer[at] ^= 1;
            card.extra.send(1, &frame(1, 0x0800, &outer));
        }
    }
    settle(&mut card);
    assert_eq!(card.counter(reg::drop_count(DropReason::ReplayDuplicate as usize)), 4);
    assert_eq!(card.counter(reg::drop_count(DropReason::IcvMismatch as usize)), 4);
    assert!(card.extra.receive(0).is_none() && card.extra.receive(1).is_none());
    let (into, out) = (card.read_record::<SaInState>(7), card.read_record::<SaOutState>(3));
    assert_eq!(
        (into.seq_top, into.packets, into.bytes, into.auth_fail, into.replay_fail),
        (40, 40, bytes, 4, 4)
    );
    assert_eq!((out.seq, out.packets, out.bytes), (40, 40, bytes));
    assert_eq!(balance(&mut card), (88, 88));
}

const NOTHING: Load = Load { frames: Vec::new(), growth: 0 };

/// Payload sizes of inner packets on both sides of the limits of beats and blocks.
const SIZES: [usize; 9] = [20, 26, 27, 90, 91, 154, 576, 1472, 8900];

#[test]
fn encryption_keeps_up_with_the_wire() {
    for size in SIZES {
        let mut card = card(8, 400_000);
        program(&mut card, true, true);
        let frames = vec![frame(0, 0x0800, &ipv4(1, 2, 17, 64, &vec![5; size])); 12_000 / size.max(40) + 20];
        at_line_rate(&mut card, &[Load { frames, growth: ESP_GROWTH }, NOTHING]);
    }
}

#[test]
fn decryption_keeps_up_with_the_wire() {
    for size in SIZES {
        let mut card = card(9, 400_000);
        let key = program(&mut card, false, true);
        let frames = esp_frames(&key, size, 12_000 / size.max(40) + 20);
        at_line_rate(&mut card, &[NOTHING, Load { frames, growth: 0 }]);
    }
}

/// Cycles from the last beat of a frame at a port to its first beat at the other: store and forward included.
#[test]
fn latency_is_what_the_readme_says() {
    let mut card = card(10, 400_000);
    let key = program(&mut card, false, false);
    let label = (528 << 12 | 1 << 8 | 9u32).to_be_bytes();
    let plain = frame(0, 0x8847, &[&label[..], &ipv4(1, 2, 17, 64, &[1; 20])].concat());
    let protect = frame(0, 0x0800, &ipv4(1, 2, 17, 64, &[1; 20]));
    let mut latency = Vec::new();
    let sealed = esp_frames(&key, 44, 1).remove(0);
    for (port, sent) in [(0, &plain), (0, &protect), (1, &sealed)] {
        card.extra.send(port, sent);
        receive(&mut card, 1 - port);
        settle(&mut card);
        let start = *card.extra.into[port].sent().last().expect("sent");
        let first =
            card.extra.out[1 - port].received.iter().find(|(cycle, _)| *cycle > start).expect("received").0;
        latency.push(first - start);
    }
    println!("in clear, encrypted, decrypted: {latency:?} cycles");
    let promised = [LATENCY_CLEAR, LATENCY_ENCRYPTED, LATENCY_DECRYPTED];
    assert!(
        latency.iter().zip(promised).all(|(got, want)| *got <= want),
        "{latency:?}, promised {promised:?}"
    );
}

#[test]
fn esp_with_aes_128_goes_out_and_comes_back() {
    esp_both_ways(3, false, false);
}

#[test]
fn esp_with_aes_256_and_esn_goes_out_and_comes_back() {
    esp_both_ways(4, true, true);
}

#[test]
fn the_host_gets_exceptions_and_sends_packets_both_ways() {
    let mut card = card(5, 400_000);
    program(&mut card, false, false);
    card.enable(Ring::Rx0, 4, 4);
    card.enable(Ring::Tx0, 4, 4);
    for n in 0..8u32 {
        card.post(
            Ring::Rx0,
            &RxDesc { addr: BUFFERS + u64::from(n) * 2048, len: 2048, cookie: n }.to_bytes(),
        );
    }
    card.ring_doorbell(Ring::Rx0);
    let arp = [&[0xff; 6][..], &mac(PEER_MAC[0]), &[8, 6], &[5; 46]].concat();
    let local = frame(1, 0x0800, &ipv4(9, 10, 1, 64, &[1; 200]));
    for (n, (port, sent, reason, vrf)) in
        [(0, &arp, HostReason::Arp, 1), (1, &local, HostReason::LocalAddress, 5)].into_iter().enumerate()
    {
        card.extra.send(port, sent);
        let got = RxCompletion::from_bytes(&card.wait(Ring::Rx0)).expect("64 bytes");
        assert_eq!((got.cookie, got.status, got.reason, got.vrf), (n as u32, 0, reason as u8, vrf));
        assert_eq!(
            (usize::from(got.len), usize::from(got.ingress), usize::from(got.intf), got.l3),
            (sent.len(), port, port, false)
        );
        assert_eq!(&card.memory.read(BUFFERS + n as u64 * 2048, sent.len()), sent);
    }
    let at = BUFFERS + 0x10_0000;
    card.memory.write(at, &arp);
    let packet = ipv4(9, 10, 1, 64, &[1; 200]);
    card.memory.write(at + 4096, &packet);
    card.post(
        Ring::Tx0,
        &TxDesc { addr: at, len: arp.len() as u32, cookie: 1, dest: TxDest::Port0.into(), vrf: 0 }.to_bytes(),
    );
    card.post(
        Ring::Tx0,
        &TxDesc { addr: at + 4096, len: packet.len() as u32, cookie: 2, dest: TxDest::Route.into(), vrf: 3 }
            .to_bytes(),
    );
    card.ring_doorbell(Ring::Tx0);
    assert_eq!(receive(&mut card, 0), arp);
    assert_eq!(receive(&mut card, 1), sent_frame(1, 0x0800, &ipv4(9, 10, 1, 63, &[1; 200])));
    for cookie in [1, 2] {
        assert_eq!(TxCompletion::from_bytes(&card.wait(Ring::Tx0)).expect("64 bytes").cookie, cookie);
    }
    settle(&mut card);
    assert_eq!(balance(&mut card), (4, 4));
    assert_eq!(card.counter(reg::HOST_REASON_COUNT + 8 * HostReason::Arp as u64), 1);
}

#[test]
fn a_missing_outbound_sa_drops_and_asks_for_one() {
    let mut card = card(6, 200_000);
    program(&mut card, false, false);
    card.enable(Ring::Event, 0, 4);
    card.write_record(3, &SaOut::default());
    card.extra.send(0, &frame(0, 0x0800, &ipv4(1, 2, 17, 64, &[3; 50])));
    let event = EventEntry::from_bytes(&card.wait(Ring::Event)).expect("128 bytes");
    assert_eq!((event.kind, event.sa), (EventKind::Acquire.code(), 3));
    settle(&mut card);
    assert_eq!(card.counter(reg::drop_count(DropReason::SaOutInvalid as usize)), 1);
    assert_eq!(card.extra.out[1].received.len(), 0, "nothing left in clear");
    assert_eq!(balance(&mut card), (1, 1));
}

/// The SA's number and sequence number in a frame of ESP.
fn spi_and_seq(frame: &[u8]) -> (u32, u64) {
    let bytes = |at: usize, len: usize| frame[at..at + len].iter().fold(0, |n, b| n << 8 | u64::from(*b));
    (bytes(34, 4) as u32, bytes(42, 8))
}

/// An outbound SA of another customer.
fn other_sa(gen: u8) -> SaOut {
    SaOut {
        valid: true,
        tunnel: true,
        df: true,
        gen,
        ttl: 61,
        spi: 0xbbbb_0001,
        src: LOCAL.into(),
        dst: 0xc633_64ff,
        gcm: key_record(&[0xb0; 16], SALT),
        ..SaOut::default()
    }
}

/// Packets wait in the queue of a port that stands still while their SA goes and another customer's takes its
/// index: none leaves under the other SA's key.
#[test]
fn packets_in_a_queue_never_meet_another_sa_at_their_index() {
    let mut card = card(31, 400_000);
    program(&mut card, false, false);
    card.extra.out[1].set_stalls(100);
    let packet = |n| frame(0, 0x0800, &ipv4(0x0a00_0001, 0x0a00_0002, 17, 64, &[n; 1380]));
    (0..44).for_each(|n| card.extra.send(0, &packet(n)));
    card.run_until("sent", 20_000, |card| card.extra.into.iter().all(WordSource::is_empty));
    card.run(3000);
    card.write_record(3, &SaOut { gen: GEN, ..SaOut::default() });
    card.write_record(3, &other_sa(GEN + 1));
    card.extra.out[1].set_stalls(0);
    settle(&mut card);
    let sent: Vec<_> = std::iter::from_fn(|| card.extra.receive(1)).map(|f| spi_and_seq(&f)).collect();
    assert!(!sent.is_empty() && sent.iter().zip(1..).all(|(got, n)| *got == (SPI, n)), "{sent:x?}");
    let refused = card.counter(reg::drop_count(DropReason::SaOutInvalid as usize));
    assert!(refused > 5, "only {refused} packets waited");
    assert_eq!(card.read_record::<SaOutState>(3).packets, 0, "nothing was sealed with the new key");
    assert_eq!(balance(&mut card), (44, 44));

    card.write_record(10, &Adj { sa: 3, sa_gen: GEN + 1, ..adjacency(AdjKind::Protect, Egress::Port1) });
    card.extra.send(0, &packet(0));
    assert_eq!(spi_and_seq(&receive(&mut card, 1)), (0xbbbb_0001, 1));
}

/// A key that is installed again goes on where it was: no sequence number, hence no nonce, is used twice.
#[test]
fn an_sa_goes_on_behind_the_number_in_its_record() {
    let mut card = card(39, 400_000);
    program(&mut card, false, false);
    let mut numbers = Vec::new();
    for used in [0, 2, 0xffff_fffe] {
        let record = SaOut { seq: used, key_check: 0x1234_5678, ..other_sa(GEN) };
        card.write_record(3, &record);
        let back = card.read_record::<SaOut>(3);
        assert_eq!((back.seq, back.key_check), (used, 0x1234_5678));
        for _ in 0..2 {
            card.extra.send(0, &frame(0, 0x0800, &ipv4(1, 2, 17, 64, &[1; 60])));
        }
        settle(&mut card);
        numbers.extend(std::iter::from_fn(|| card.extra.receive(1)).map(|f| spi_and_seq(&f).1));
    }
    assert_eq!(numbers, [1, 2, 3, 4, 0xffff_ffff]);
    assert_eq!(card.counter(reg::drop_count(DropReason::SeqExhausted as usize)), 1);
    let state = card.read_record::<SaOutState>(3);
    assert_eq!((state.seq, state.packets, state.bytes), (0xffff_ffff, 1, 80));
}

#[test]
fn no_frame_is_longer_than_the_longest() {
    let mut card = card(33, 400_000);
    program(&mut card, false, false);
    let base =
        Adj { mtu: 0xffff, sa: 3, sa_gen: GEN, label_count: 3, ..adjacency(AdjKind::Ip, Egress::Port1) };
    card.enable(Ring::Rx0, 2, 2);
    for cookie in 0..2 {
        card.post(Ring::Rx0, &RxDesc { addr: BUFFERS, len: 9216, cookie }.to_bytes());
    }
    card.ring_doorbell(Ring::Rx0);
    let send = |card: &mut Card, len: usize| {
        card.extra.send(0, &frame(0, 0x0800, &ipv4(1, 2, 17, 64, &vec![1; len - 20])));
    };
    // The longest IP packets that fit a frame as they are, with three labels, and with the longest headers of ESP:
    // those of IPv6 with UDP, 28 bytes more than there are here.
    for (kind, longest, headers) in
        [(AdjKind::Ip, 9202, 0), (AdjKind::Mpls, 9190, 0), (AdjKind::Protect, 9117, 28)]
    {
        card.write_record(10, &Adj { kind: kind.into(), ..base });
        send(&mut card, longest);
        let sent = receive(&mut card, 1).len();
        assert!((9213..=param::MAX_FRAME_BYTES).contains(&(sent + headers)), "{kind:?}: {sent}");
        if kind != AdjKind::Ip {
            send(&mut card, longest + 1);
            let got = RxCompletion::from_bytes(&card.wait(Ring::Rx0)).expect("64 bytes");
            assert_eq!((got.reason, usize::from(got.len)), (HostReason::TooBig as u8, 14 + longest + 1));
        }
    }
    settle(&mut card);
    assert!(card.extra.receive(1).is_none());
}

/// An ESP packet from the peer of the inbound SA.
fn from_peer(key: &[u8], seq: u64, esn: bool, inner: &[u8]) -> Vec<u8> {
    let mut trailer: Vec<u8> = (1..=((4 - (inner.len() + 2) % 4) % 4) as u8).collect();
    trailer.extend([trailer.len() as u8, 4]);
    let nonce: [u8; 12] = [&SALT[..], &seq.to_be_bytes()].concat().try_into().expect("12 bytes");
    let low = (seq as u32).to_be_bytes();
    let header = [&SPI.to_be_bytes()[..], if esn { &[0; 4] } else { &[] }, &low].concat();
    let (cipher, tag) = seal(key, &nonce, &header, &[inner, &trailer].concat());
    let esp = [&SPI.to_be_bytes()[..], &low, &seq.to_be_bytes(), &cipher, &tag].concat();
    frame(1, 0x0800, &ipv4(LOCAL, REMOTE, 50, 61, &esp))
}

#[test]
fn number_zero_never_passes() {
    for esn in [false, true] {
        let mut card = card(35, 400_000);
        let key = program(&mut card, esn, false);
        let inner = ipv4(0x0a00_0001, 0x0a00_0002, 17, 64, &[1; 60]);
        (0..2).for_each(|seq| card.extra.send(1, &from_peer(&key, seq, esn, &inner)));
        settle(&mut card);
        assert!(card.extra.receive(0).is_some() && card.extra.receive(0).is_none(), "number 1 alone");
        assert_eq!(card.counter(reg::drop_count(DropReason::EspSeqZero as usize)), 1);
    }
}

/// Decrypted packets that find their queue full, or no SA to leave by, are reported without their bytes.
#[test]
fn reports_show_nothing_of_decrypted_packets() {
    let mut card = card(42, 400_000);
    let key = program(&mut card, false, false);
    card.enable(Ring::Event, 0, 6);
    card.extra.out[0].set_stalls(100);
    let inner = ipv4(0x0a00_0001, 0x0a00_0002, 17, 64, &[0xd5; 1300]);
    (1..=60).for_each(|seq| card.extra.send(1, &from_peer(&key, seq, false, &inner)));
    card.run(8000);
    card.extra.out[0].set_stalls(0);
    settle(&mut card);
    card.write_record(3, &SaOut::default());
    default_route(&mut card, 2, 10);
    card.extra.send(1, &from_peer(&key, 61, false, &inner));
    settle(&mut card);
    let mut reasons = Vec::new();
    while let Some(entry) = card.take(Ring::Event) {
        let event = EventEntry::from_bytes(&entry).expect("128 bytes");
        assert!(event.data.iter().all(|byte| *byte == 0), "{event:x?}");
        reasons.push(event.reason);
    }
    assert!(reasons.contains(&DropReason::QueueFullPort0.code()), "{reasons:?}");
    assert_eq!(card.counter(reg::drop_count(DropReason::SaOutInvalid as usize)), 1);
}

/// Garbage and good frames of all sizes on both ports and from the host at once; no host buffers for the
/// first half. Every packet is accounted for, and the clock could have stopped in between.
#[test]
fn every_packet_is_accounted_for() {
    let mut card = card(7, 3_000_000);
    program(&mut card, true, false);
    card.enable(Ring::Tx0, 4, 4);
    let mut rng = Rng::new(7);
    for round in 0..20 {
        if round == 10 {
            card.enable(Ring::Rx0, 6, 6);
            for n in 0..64 {
                card.post(Ring::Rx0, &RxDesc { addr: BUFFERS, len: 9216, cookie: n }.to_bytes());
            }
            card.ring_doorbell(Ring::Rx0);
        }
        for _ in 0..30 {
            let port = rng.below(2) as usize;
            let longest = if rng.chance(10) { 9300 } else { 1500 };
            let payload = rng.bytes(rng.clone().range(1, longest) as usize);
            let sent = match rng.below(6) {
                0 => rng.bytes(rng.clone().range(1, 2000) as usize),
                1 => frame(
                    port,
                    0x8847,
                    &[&(528 << 12 | 1 << 8 | 9u32).to_be_bytes()[..], &ipv4(1, 2, 17, 64, &payload)].concat(),
                ),
                2 => frame(port, 0x0806, &payload),
                3 => frame(
                    port,
                    0x0800,
                    &ipv4(1, REMOTE, 50, 64, &[&SPI.to_be_bytes()[..], &payload].concat()),
                ),
                _ => frame(port, 0x0800, &ipv4(1, 2, 17, rng.below(3) as u8 + 1, &payload)),
            };
            card.extra.send(port, &sent);
        }
        for n in 0..4 {
            card.post(
                Ring::Tx0,
                &TxDesc { addr: BUFFERS, len: 60 + 100 * n, dest: n as u8, vrf: 3, cookie: n }.to_bytes(),
            );
        }
        card.ring_doorbell(Ring::Tx0);
        for _ in 0..4 {
            card.wait(Ring::Tx0);
        }
        card.consumed(Ring::Tx0);
        while card.take(Ring::Rx0).is_some() {}
        card.run_until("sent", 20_000, |card| card.extra.into.iter().all(WordSource::is_empty));
        settle(&mut card);
        let (into, out) = balance(&mut card);
        if round >= 10 {
            // Packets that wait for host buffers are the only difference.
            assert!(into - out < 300, "round {round}: {into} in, {out} out");
        }
    }
    for _ in 0..20 {
        card.consumed(Ring::Rx0);
        for n in 0..32 {
            card.post(Ring::Rx0, &RxDesc { addr: BUFFERS, len: 9216, cookie: n }.to_bytes());
        }
        card.ring_doorbell(Ring::Rx0);
        settle(&mut card);
        while card.take(Ring::Rx0).is_some() {}
    }
    let (into, out) = balance(&mut card);
    assert_eq!(into, out, "nothing is left inside");
    assert_eq!(into, 20 * 34);
}
