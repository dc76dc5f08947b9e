// SPDX-License-Identifier: Apache-2.0
//! Module sa_lookup: hash placement, stash, misses, decryption parameters, and the inferred sequence number.

use crate::frames::{ethernet, ipv6, parsed_meta, Ipv4};
use crate::headers::{dropped, meta_of, noisy_meta, port_meta, through, PIPES};
use headend_hdl_tests::{Agent, Bench, Rng, TableBus};
use headend_regs::{param, DropReason, GcmCtx, GcmKey, Meta, Op, SaHash, SaIn, Selector, Table};
use headend_verilated::{Instance, Library, Model, Port};
use std::collections::HashMap;
use std::sync::Arc;

const LATENCY: u64 = 6;

fn model(pipes: u64) -> Arc<Library> {
    Model::new("sa_lookup").param("NumPipes", pipes).checked().build().unwrap()
}

/// Bitwise CRC with reflected polynomial.
fn crc(poly: u32, bytes: &[u8]) -> u32 {
    let mut c = u32::MAX;
    for byte in bytes {
        c ^= u32::from(*byte);
        for _ in 0..8 {
            c = c >> 1 ^ if c & 1 == 1 { poly } else { 0 };
        }
    }
    !c
}

/// Row of the key in each way.
fn rows(sa: &Sa) -> [usize; 4] {
    let mut key = [0; 24];
    key[..2].copy_from_slice(&sa.fvrf.to_le_bytes());
    key[2] = 50;
    key[3] = sa.ipv6.into();
    key[4..8].copy_from_slice(&sa.spi.to_le_bytes());
    key[8..24].copy_from_slice(&sa.dst.to_le_bytes());
    let (a, b) = (crc(0xedb8_8320, &key), crc(0x82f6_3b78, &key));
    [a, a >> 16, b, b >> 16].map(|h| (h & 0xffff) as usize % param::SA_HASH_ROWS)
}

#[derive(Debug, Clone)]
struct Sa {
    fvrf: u16,
    spi: u32,
    ipv6: bool,
    dst: u128,
    record: SaIn,
    top: u64,
    place: u32,
}

fn random_sa(rng: &mut Rng) -> Sa {
    let gcm = GcmKey {
        key: rng.bytes(32).try_into().unwrap(),
        salt: rng.bytes(4).try_into().unwrap(),
        h1: rng.bytes(16).try_into().unwrap(),
        h2: rng.bytes(16).try_into().unwrap(),
        h3: rng.bytes(16).try_into().unwrap(),
        h4: rng.bytes(16).try_into().unwrap(),
        hfb: rng.bytes(16).try_into().unwrap(),
        aes256: rng.chance(50),
        icv_len: [8, 12, 16, 16][rng.below(4) as usize],
    };
    let record = SaIn {
        valid: true,
        esn: rng.chance(50),
        tunnel: true,
        udp: rng.chance(30),
        gen: rng.next_u64() as u8,
        replay_window: [0, 32, 64, 1024][rng.below(4) as usize],
        ivrf: rng.below(256) as u16,
        gcm,
        sel: Selector { any: true, ..Selector::default() },
        ..Default::default()
    };
    let top = match rng.below(12) {
        0 => 0,
        1..=3 => rng.below(2_000),
        4..=7 => (rng.range(1, 4) << 32) + rng.below(2_000) - 1_000,
        _ => rng.next_u64() >> 1,
    };
    let ipv6 = !record.udp && rng.chance(30);
    let prefix = if ipv6 { 0x2001_0db8 << 96 | u128::from(rng.next_u64()) << 24 } else { 0x0a00_0001 };
    let (fvrf, spi, dst) = (rng.below(3) as u16, rng.next_u64() as u32, prefix + u128::from(rng.below(4)));
    Sa { fvrf, spi, ipv6, dst, record, top, place: 0 }
}

/// Gives each SA its place: ways in rotating order of preference, every 140th in the stash.
fn place(sas: &mut [Sa]) {
    let mut taken = HashMap::new();
    let stash = (param::SA_HASH_WAYS * param::SA_HASH_ROWS) as u32;
    let mut in_stash = 0;
    for (i, sa) in sas.iter_mut().enumerate() {
        let rows = rows(sa);
        let free = (0..4)
            .map(|w| (w + i) % 4)
            .map(|w| (w * param::SA_HASH_ROWS + rows[w]) as u32)
            .find(|place| !taken.contains_key(place));
        sa.place = match free {
            Some(place) if i % 140 != 139 => place,
            _ => {
                in_stash += 1;
                stash + in_stash - 1
            }
        };
        taken.insert(sa.place, i);
    }
    assert!((4..=8).contains(&in_stash), "{in_stash} entries for the stash");
}

/// Answers the seq_top reads of all pipelines one cycle later.
struct SeqTop {
    raddr: Port,
    rdata: Port,
    tops: Vec<u64>,
    next: Vec<u8>,
}

impl SeqTop {
    fn new(bench: &Bench, tops: Vec<u64>) -> Self {
        Self {
            raddr: bench.port("seq_top_raddr_o"),
            rdata: bench.port("seq_top_rdata_i"),
            tops,
            next: Vec::new(),
        }
    }
}

impl Agent for SeqTop {
    fn drive(&mut self, dut: &mut Instance) {
        dut.set_bytes(self.rdata, &self.next);
    }
    fn sample(&mut self, dut: &Instance) {
        let asked = dut.get_bytes(self.raddr).chunks(2).map(|a| u16::from_le_bytes([a[0], a[1]]));
        let top = |sa: u16| self.tops.get(usize::from(sa)).copied().unwrap_or(0);
        self.next = asked.flat_map(|sa| top(sa).to_le_bytes()).collect();
    }
}

fn write_sa(bench: &mut Bench, index: u16, sa: &Sa) {
    let bus = TableBus::new(bench);
    bus.write(bench, &mut [], Table::SaIn.code(), index.into(), &sa.record.to_bytes());
    let entry =
        SaHash { valid: true, ipv6: sa.ipv6, proto: 50, fvrf: sa.fvrf, spi: sa.spi, dst: sa.dst, sa: index };
    bus.write(bench, &mut [], Table::SaHash.code(), sa.place, &entry.to_bytes());
    let back = bus.read(bench, &mut [], Table::SaHash.code(), sa.place);
    assert_eq!(SaHash::from_bytes(&back).unwrap(), entry);
}

/// An ESP frame for `sa`: `sealed` bytes of ciphertext and ICV.
fn esp(rng: &mut Rng, sa: &Sa, seq: u32, sealed: usize) -> Vec<u8> {
    let mut payload = sa.spi.to_be_bytes().to_vec();
    payload.extend(seq.to_be_bytes());
    payload.extend(rng.bytes(8 + sealed));
    if sa.record.udp {
        let len = (payload.len() + 8) as u16;
        let udp = [[0x12, 0x34], 4500u16.to_be_bytes(), len.to_be_bytes(), [0, 0]].concat();
        payload.splice(..0, udp);
    }
    let (ethertype, ip) = match (sa.ipv6, sa.record.udp) {
        (true, _) => (0x86dd, ipv6(0x2001_0db8 << 96 | 9, sa.dst, 50, &payload)),
        (_, udp) => {
            (0x0800, Ipv4::new(0xc633_6401, sa.dst as u32, if udp { 17 } else { 50 }, payload).bytes())
        }
    };
    let mut frame = ethernet(0x0200_0000_0001, &[], ethertype, &[], &ip);
    frame.resize(frame.len().max(60), 0);
    frame
}

fn run(bench: &mut Bench, tops: Vec<u64>, asks: &[(Vec<u8>, Meta)], gaps: u32) -> Vec<(Meta, GcmCtx)> {
    let iv = |frame: &[u8], m: &Meta| {
        let at = usize::from(m.parsed.l4_off) + 8;
        let mut iv = frame.get(at..).unwrap_or(&[]).to_vec();
        iv.resize(8, 0);
        iv
    };
    let words: Vec<_> = asks.iter().map(|(f, m)| vec![m.to_bytes().to_vec(), iv(f, m)]).collect();
    let mut seq_top = SeqTop::new(bench, tops);
    through(bench, &mut [&mut seq_top], &["meta_i", "iv_i"], &["meta_o", "ctx_o"], &words, LATENCY, gaps)
        .iter()
        .map(|w| (meta_of(&w[0]), GcmCtx::from_bytes(&w[1]).unwrap()))
        .collect()
}

/// What must come out for an ESP frame of `sa` with 64-bit sequence number `seq`.
fn expect(meta: &Meta, frame: &[u8], index: u16, sa: &Sa, seq: u64) -> (Meta, GcmCtx) {
    let meta = Meta {
        sa_in: index,
        sa_in_gen: sa.record.gen,
        spi: sa.spi,
        seq: if sa.record.esn { seq } else { seq & 0xffff_ffff },
        icv_len: sa.record.gcm.icv_len,
        ..*meta
    };
    if meta.parsed.udp_encap != sa.record.udp {
        return (dropped(&meta, DropReason::EspEncap), GcmCtx::default());
    }
    let payload = meta.parsed.ip_len - u16::from(meta.parsed.l4_off - 14);
    let icv = u16::from(meta.icv_len);
    if payload < 16 || payload - 16 < icv + 4 || !(payload - 16 - icv).is_multiple_of(4) {
        return (dropped(&meta, DropReason::EspTooShort), GcmCtx::default());
    }
    if meta.seq == 0 {
        return (dropped(&meta, DropReason::EspSeqZero), GcmCtx::default());
    }
    let mut aad = sa.spi.to_be_bytes().to_vec();
    if sa.record.esn {
        aad.extend(((seq >> 32) as u32).to_be_bytes());
    }
    aad.extend((seq as u32).to_be_bytes());
    aad.resize(12, 0);
    let ctx = GcmCtx {
        crypt: true,
        gcm: sa.record.gcm.clone(),
        iv: frame[usize::from(meta.parsed.l4_off) + 8..][..8].try_into().unwrap(),
        aad: aad.try_into().unwrap(),
        aad12: sa.record.esn,
        len: payload - 16 - icv,
    };
    (Meta { op: Op::Decrypt.code(), strip: meta.parsed.l4_off + 16, len: payload - 16, ..meta }, ctx)
}

/// A sequence number whose high half follows from the window (RFC 4303 appendix A2.2).
fn random_seq(rng: &mut Rng, sa: &Sa) -> u64 {
    let window = if sa.record.replay_window == 0 { 1024 } else { u64::from(sa.record.replay_window) };
    let bottom = (sa.top + 1).saturating_sub(window);
    match rng.below(3) {
        0 => bottom + rng.below(window),
        1 => bottom + rng.below(1 << 32),
        _ => sa.top + 1 + rng.below(8),
    }
}

#[test]
fn sas_are_found_in_every_way_and_the_stash() {
    let mut rng = Rng::new(41);
    let mut sas: Vec<Sa> = (0..700).map(|_| random_sa(&mut rng)).collect();
    place(&mut sas);
    let mut asks = Vec::new();
    let mut wants = Vec::new();
    let mut zeros = 0;
    for _ in 0..4_000 {
        let index = rng.below(sas.len() as u64) as u16;
        let sa = &sas[usize::from(index)];
        // With ESN number 0 is what a low half of zero stands for on a new SA.
        let seq = if (!sa.record.esn && rng.chance(5)) || (sa.top == 0 && rng.chance(50)) {
            0
        } else {
            random_seq(&mut rng, sa)
        };
        zeros += u32::from(sa.record.esn && seq == 0);
        let sealed =
            if rng.chance(20) { rng.below(40) as usize } else { 16 + 4 * rng.range(1, 300) as usize };
        let mut frame = esp(&mut rng, sa, seq as u32, sealed);
        // the other kind of encapsulation: an ESP packet in the wrong clothes
        let wrong = Sa { record: SaIn { udp: !sa.record.udp, ..sa.record.clone() }, ..sa.clone() };
        if !sa.ipv6 && sa.spi != 0 && rng.chance(8) {
            frame = esp(&mut rng, &wrong, seq as u32, sealed);
        }
        let miss = rng.chance(15);
        let mut fvrf = sa.fvrf;
        match rng.below(3) {
            _ if !miss => {}
            0 => fvrf += 3,
            1 => {
                let at = usize::from(parsed_meta(port_meta(0, 0), &frame).parsed.l4_off);
                frame[at + rng.below(4) as usize] ^= 1 << rng.below(8);
            }
            _ => {
                let other = Sa { dst: sa.dst + 0x100, ..sa.clone() };
                frame = esp(&mut rng, &other, seq as u32, sealed);
            }
        }
        let meta = parsed_meta(Meta { vrf: fvrf, ..port_meta(0, 0) }, &frame);
        let meta = noisy_meta(&mut rng, meta);
        wants.push(if miss {
            (Meta { esp_miss: true, ..meta }, GcmCtx::default())
        } else {
            expect(&meta, &frame, index, sa, seq)
        });
        asks.push((frame, meta));
    }
    let tops: Vec<u64> = sas.iter().map(|sa| sa.top).collect();
    for (pipes, gaps) in PIPES.into_iter().flat_map(|n| [(n, 0), (n, 30)]) {
        let mut bench = Bench::new(&model(pipes), 200_000);
        sas.iter().enumerate().for_each(|(i, sa)| write_sa(&mut bench, i as u16, sa));
        let got = run(&mut bench, tops.clone(), &asks, gaps);
        for (i, (got, want)) in got.iter().zip(&wants).enumerate() {
            assert_eq!(got.0, want.0, "header {i}");
            assert!(got.1.to_bytes() == want.1.to_bytes(), "context of header {i}");
        }
    }
    let count = |op: Op| wants.iter().filter(|w| w.0.op == op.code()).count();
    let encap = wants.iter().filter(|w| w.0.drop == DropReason::EspEncap.code()).count();
    let deciphered =
        |f: fn(&Meta) -> bool| wants.iter().filter(|w| w.0.op == Op::Decrypt.code() && f(&w.0)).count();
    let kinds = [deciphered(|m| m.parsed.is_ipv6), deciphered(|m| m.parsed.udp_encap)];
    assert!(
        encap > 50 && kinds.iter().all(|n| *n > 300),
        "IPv6 and UDP: {kinds:?}, wrong encapsulation {encap}"
    );
    assert!(zeros > 3, "{zeros} packets with number 0 on SAs with ESN");
    assert!(count(Op::Decrypt) > 2_000 && count(Op::Drop) > 100 && count(Op::Forward) > 300);
}

#[test]
fn what_is_no_esp_in_the_clear_passes_untouched() {
    let mut rng = Rng::new(42);
    let sa = Sa { fvrf: 0, top: 1, ..random_sa(&mut rng) };
    let mut sas = [sa];
    sas[0].place = rows(&sas[0])[0] as u32;
    let mut bench = Bench::new(&model(2), 10_000);
    write_sa(&mut bench, 0, &sas[0]);
    let frame = esp(&mut rng, &sas[0], 5, 64);
    let esp_meta = parsed_meta(port_meta(0, 0), &frame);
    let mut not_esp = esp_meta;
    not_esp.parsed.is_esp = false;
    let mut mpls = esp_meta;
    mpls.parsed.is_mpls = true;
    let l3 = Meta { starts_l3: true, ..esp_meta };
    let host = Meta { op: Op::Host.code(), ..esp_meta };
    let asks: Vec<_> = [not_esp, mpls, l3, host].map(|m| (frame.clone(), m)).to_vec();
    for ((got, ctx), (_, meta)) in run(&mut bench, vec![1], &asks, 0).iter().zip(&asks) {
        assert_eq!(got, meta);
        assert!(ctx.to_bytes() == GcmCtx::default().to_bytes());
    }
    let (got, _) = run(&mut bench, vec![1], &[(frame, esp_meta)], 0).remove(0);
    assert_eq!(got.op, Op::Decrypt.code());
}

#[test]
fn an_entry_without_valid_record_is_a_miss_and_keys_read_as_zero() {
    let mut rng = Rng::new(43);
    let mut sa = random_sa(&mut rng);
    sa.place = rows(&sa)[2] as u32 + 2 * param::SA_HASH_ROWS as u32;
    let mut bench = Bench::new(&model(2), 10_000);
    write_sa(&mut bench, 9, &sa);
    let bus = TableBus::new(&bench);
    let back = bus.read(&mut bench, &mut [], Table::SaIn.code(), 9);
    let shown = SaIn::from_bytes(&back).unwrap();
    assert_eq!(
        (shown.gen, shown.replay_window, shown.ivrf),
        (sa.record.gen, sa.record.replay_window, sa.record.ivrf)
    );
    assert_eq!((shown.gcm.icv_len, shown.gcm.aes256), (sa.record.gcm.icv_len, sa.record.gcm.aes256));
    let public = GcmKey { icv_len: shown.gcm.icv_len, aes256: shown.gcm.aes256, ..GcmKey::default() };
    assert!(shown.gcm.to_bytes() == public.to_bytes(), "secrets must read as zero");

    let frame = esp(&mut rng, &sa, 7, 64);
    let meta = parsed_meta(Meta { vrf: sa.fvrf, ..port_meta(0, 0) }, &frame);
    let tops = vec![1; 10];
    let hit = run(&mut bench, tops.clone(), &[(frame.clone(), meta)], 0).remove(0).0;
    assert_eq!((hit.op, hit.sa_in), (Op::Decrypt.code(), 9));
    let gone = SaIn { valid: false, ..sa.record.clone() };
    bus.write(&mut bench, &mut [], Table::SaIn.code(), 9, &gone.to_bytes());
    let miss = run(&mut bench, tops, &[(frame, meta)], 0).remove(0).0;
    assert_eq!(miss, Meta { esp_miss: true, ..meta });
}
