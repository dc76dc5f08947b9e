// SPDX-License-Identifier: Apache-2.0
//! esp_encap: sequence numbers, trailer, GCM context and outer headers against a plain builder (RFC 4303 3.3,
//! RFC 4106, RFC 6040).

use headend_hdl_tests::{Agent, Bench, Packet, PulseMonitor, Rng, StreamSink, StreamSource, TableBus};
use headend_regs::{
    AdjKind, DropReason, DropRecord, GcmCtx, GcmKey, Meta, Op, OuterHdr, SaOut, SaOutState, Stage, Table,
};
use headend_verilated::{Library, Model};
use std::sync::Arc;

const SAS: usize = 16;
/// Generation of the records, and the one that packets ask for unless they are of another age.
const GEN: u8 = 0x5a;

fn library() -> Arc<Library> {
    Model::new("esp_encap").param("Depth", SAS as u64).checked().build().unwrap()
}

fn record(rng: &mut Rng) -> SaOut {
    let mut gcm =
        GcmKey { aes256: rng.chance(50), icv_len: [8, 12, 16][rng.below(3) as usize], ..GcmKey::default() };
    gcm.key.copy_from_slice(&rng.bytes(32));
    gcm.salt.copy_from_slice(&rng.bytes(4));
    gcm.h1.copy_from_slice(&rng.bytes(16));
    gcm.hfb.copy_from_slice(&rng.bytes(16));
    let esn = rng.chance(50);
    let used = rng.next_u64() >> if esn { 1 } else { 33 };
    SaOut {
        valid: true,
        esn,
        tunnel: true,
        copy_dscp: rng.chance(50),
        df: rng.chance(50),
        gen: GEN,
        seq: if rng.chance(50) { used } else { 0 },
        key_check: rng.next_u64() as u32,
        dscp: rng.below(64) as u8,
        ttl: rng.next_u64() as u8,
        spi: rng.next_u64() as u32,
        src: u128::from(rng.next_u64() as u32),
        dst: u128::from(rng.next_u64() as u32),
        gcm,
        ..SaOut::default()
    }
}

/// Everything that must leave for a packet.
struct Expected {
    data: Vec<u8>,
    meta: Meta,
    ctx: GcmCtx,
    hdr: OuterHdr,
}

/// The module's job in plain words.
#[derive(Default)]
struct Builder {
    sas: Vec<(SaOut, SaOutState)>,
    next_id: u16,
}

impl Builder {
    fn judge(&mut self, data: &[u8], meta: &Meta) -> Result<Expected, DropReason> {
        let plain =
            Expected { data: data.to_vec(), meta: *meta, ctx: GcmCtx::default(), hdr: OuterHdr::default() };
        if meta.op != Op::Forward.code() || meta.adj_kind != AdjKind::Protect.code() {
            return Ok(plain);
        }
        let Some((sa, state)) = self.sas.get_mut(usize::from(meta.sa_out)) else {
            return Err(DropReason::SaOutInvalid);
        };
        if !sa.valid
            || sa.gen != meta.sa_out_gen
            || !sa.tunnel
            || sa.ipv6
            || ![8, 12, 16].contains(&sa.gcm.icv_len)
        {
            return Err(DropReason::SaOutInvalid);
        }
        if state.seq >= last_seq(sa) {
            return Err(DropReason::SeqExhausted);
        }
        state.seq += 1;
        state.packets += 1;
        state.bytes += data.len() as u64;
        let mut clear = data.to_vec();
        let pad = (4 - (data.len() + 2) % 4) % 4;
        clear.extend(&[1, 2, 3][..pad]);
        clear.extend([pad as u8, 4]);
        let id = if sa.df { 0 } else { self.next_id };
        self.next_id = self.next_id.wrapping_add(u16::from(!sa.df));
        let ip = ipv4(sa, data[1], 20 + 8 + 8 + clear.len() + usize::from(sa.gcm.icv_len), id);
        let seq = state.seq.to_be_bytes();
        let spi = sa.spi.to_be_bytes();
        let ethernet = [&meta.dmac.to_be_bytes()[2..], &meta.smac.to_be_bytes()[2..], &[8, 0]].concat();
        let outer = [&ethernet[..], &ip, &spi, &seq[4..], &seq].concat();
        let mut hdr = OuterHdr { len: outer.len() as u8, icv_len: sa.gcm.icv_len, ..OuterHdr::default() };
        hdr.data[..outer.len()].copy_from_slice(&outer);
        let aad = if sa.esn { [&spi[..], &seq].concat() } else { [&spi[..], &seq[4..], &[0; 4]].concat() };
        let ctx = GcmCtx {
            crypt: true,
            gcm: sa.gcm.clone(),
            iv: seq,
            aad: aad.try_into().unwrap(),
            aad12: sa.esn,
            len: clear.len() as u16,
        };
        let meta = Meta { len: clear.len() as u16, starts_l3: false, ..*meta };
        Ok(Expected { data: clear, meta, ctx, hdr })
    }
}

/// The last sequence number of an SA.
fn last_seq(sa: &SaOut) -> u64 {
    if sa.esn {
        u64::MAX
    } else {
        u32::MAX.into()
    }
}

fn ipv4(sa: &SaOut, inner_tos: u8, total: usize, id: u16) -> Vec<u8> {
    let dscp = if sa.copy_dscp { inner_tos >> 2 } else { sa.dscp };
    let mut ip = vec![0x45, dscp << 2 | inner_tos & 3];
    ip.extend((total as u16).to_be_bytes());
    ip.extend(id.to_be_bytes());
    ip.extend([if sa.df { 0x40 } else { 0 }, 0, sa.ttl, 50, 0, 0]);
    ip.extend((sa.src as u32).to_be_bytes());
    ip.extend((sa.dst as u32).to_be_bytes());
    let mut sum: u32 = ip.chunks(2).map(|c| u32::from(u16::from_be_bytes([c[0], c[1]]))).sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    ip[10..12].copy_from_slice(&(!(sum as u16)).to_be_bytes());
    ip
}

struct Setup {
    bench: Bench,
    source: StreamSource,
    sink: StreamSink,
    drops: PulseMonitor,
    releases: PulseMonitor,
    builder: Builder,
}

impl Setup {
    fn new(rng: &mut Rng, stalls: [u32; 2]) -> Self {
        let bench = Bench::new(&library(), 500_000);
        let mut setup = Self {
            source: StreamSource::new(&bench, "s", &["s_meta_i"]).stalls(stalls[0], 1),
            sink: StreamSink::new(&bench, "m", &["m_meta_o", "m_ctx_o", "m_hdr_o"]).stalls(stalls[1], 2),
            drops: PulseMonitor::new(&bench, "drop_valid_o", &["drop_o"]),
            releases: PulseMonitor::new(&bench, "rel_valid_o", &["rel_egress_o", "rel_beats_o"]),
            builder: Builder { sas: vec![Default::default(); SAS], next_id: 0 },
            bench,
        };
        for i in 0..SAS - 4 {
            let record = record(rng);
            setup.install(i, record);
        }
        // The rest cannot be used: transport mode, IPv6, no ICV; the last is not installed.
        let odd = [
            SaOut { tunnel: false, ..record(rng) },
            SaOut { ipv6: true, ..record(rng) },
            SaOut { gcm: GcmKey { icv_len: 0, ..GcmKey::default() }, ..record(rng) },
        ];
        odd.into_iter().enumerate().for_each(|(i, record)| setup.install(SAS - 4 + i, record));
        setup
    }

    fn step(&mut self) {
        self.bench.step(&mut [&mut self.source, &mut self.sink, &mut self.drops, &mut self.releases]);
    }

    fn install(&mut self, index: usize, record: SaOut) {
        let bus = TableBus::new(&self.bench);
        let mut agents: [&mut dyn Agent; 4] =
            [&mut self.source, &mut self.sink, &mut self.drops, &mut self.releases];
        bus.write(&mut self.bench, &mut agents, Table::SaOut.code(), index as u32, &record.to_bytes());
        let state = SaOutState { seq: record.seq, ..SaOutState::default() };
        self.builder.sas[index] = (record, state);
    }

    fn read(&mut self, table: Table, index: usize) -> Vec<u8> {
        let bus = TableBus::new(&self.bench);
        let mut agents: [&mut dyn Agent; 4] =
            [&mut self.source, &mut self.sink, &mut self.drops, &mut self.releases];
        bus.read(&mut self.bench, &mut agents, table.code(), index as u32)
    }

    fn state(&mut self, index: usize) -> SaOutState {
        SaOutState::from_bytes(&self.read(Table::SaOutState, index)[..24]).unwrap()
    }

    fn push(&mut self, data: &[u8], meta: &Meta) {
        self.source.push(Packet::new(data).side(meta.to_bytes()));
    }

    fn finish(&mut self, jobs: &[(Vec<u8>, Meta)]) {
        while self.sink.count() + self.drops.seen.len() < jobs.len() {
            self.step();
        }
        (0..20).for_each(|_| self.step());
        let mut drops = std::mem::take(&mut self.drops.seen).into_iter();
        let mut releases = std::mem::take(&mut self.releases.seen).into_iter();
        for (i, (data, meta)) in jobs.iter().enumerate() {
            match self.builder.judge(data, meta) {
                Ok(want) => {
                    let got = self.sink.pop().unwrap_or_else(|| panic!("packet {i} is missing"));
                    assert_eq!(got.data, want.data, "packet {i}");
                    assert_eq!(Meta::from_bytes(&got.sides[0]).unwrap(), want.meta, "packet {i}");
                    assert_eq!(GcmCtx::from_bytes(&got.sides[1]).unwrap(), want.ctx, "packet {i}");
                    assert_eq!(OuterHdr::from_bytes(&got.sides[2]).unwrap(), want.hdr, "packet {i}");
                }
                Err(reason) => {
                    let drop = DropRecord::from_bytes(&drops.next().unwrap().1[0]).unwrap();
                    assert_eq!((drop.reason, drop.stage), (reason.code(), Stage::Encap.code()), "packet {i}");
                    assert_eq!((drop.len, drop.vrf, drop.sa), (meta.len, meta.vrf, meta.sa_out));
                    let shown = data.len().min(64);
                    if meta.decrypted {
                        assert_eq!(drop.data, [0; 64], "plaintext of an SA in a report");
                    } else {
                        assert_eq!(&drop.data[..shown], &data[..shown]);
                    }
                    let release = releases.next().unwrap().1;
                    assert_eq!((release[0][0], release[1][0]), (meta.egress, meta.resv), "packet {i}");
                }
            }
        }
        assert!(self.sink.pop().is_none() && drops.next().is_none() && releases.next().is_none());
    }
}

fn job(rng: &mut Rng, sa: u16, len: usize) -> (Vec<u8>, Meta) {
    let meta = Meta {
        op: Op::Forward.code(),
        adj_kind: AdjKind::Protect.code(),
        starts_l3: true,
        len: len as u16,
        vrf: 3,
        ingress: 1,
        egress: rng.below(2) as u8,
        resv: rng.next_u64() as u8,
        sa_out: sa,
        sa_out_gen: GEN,
        decrypted: rng.chance(50),
        dmac: rng.next_u64() >> 16,
        smac: rng.next_u64() >> 16,
        ..Meta::default()
    };
    (rng.bytes(len), meta)
}

#[test]
fn agrees_with_the_builder_on_random_packets() {
    for (seed, stalls) in [(1, [0, 0]), (2, [40, 0]), (3, [0, 50]), (4, [30, 70])] {
        let mut rng = Rng::new(seed);
        let mut setup = Setup::new(&mut rng, stalls);
        let mut jobs = Vec::new();
        for _ in 0..800 {
            let sa = if rng.chance(70) { rng.below(3) } else { rng.below(SAS as u64 + 2) } as u16;
            let len = if rng.chance(50) { rng.range(20, 70) } else { rng.range(20, 400) } as usize;
            let (data, mut meta) = job(&mut rng, sa, len);
            match rng.below(10) {
                0 => meta.op = Op::Host.code(),
                1 => meta.op = Op::Direct.code(),
                2 => meta.adj_kind = AdjKind::Mpls.code(),
                3 => meta.sa_out_gen ^= 1 << rng.below(8),
                _ => {}
            }
            setup.push(&data, &meta);
            jobs.push((data, meta));
        }
        setup.finish(&jobs);
        for i in 0..SAS {
            assert_eq!(setup.state(i), setup.builder.sas[i].1, "SA {i}");
        }
    }
}

#[test]
fn one_sa_back_to_back_numbers_every_packet_once_without_a_bubble() {
    let mut rng = Rng::new(5);
    let mut setup = Setup::new(&mut rng, [0, 0]);
    let jobs: Vec<_> = (0..500).map(|_| job(&mut rng, 1, 40)).collect();
    jobs.iter().for_each(|(data, meta)| setup.push(data, meta));
    while setup.sink.count() < 500 {
        setup.step();
    }
    let first = setup.source.sent()[0].0;
    let used = setup.builder.sas[1].0.seq;
    for i in 0..500 {
        let got = setup.sink.pop().unwrap();
        assert_eq!(got.first_cycle, first + i + 6, "packet {i}");
        assert_eq!(GcmCtx::from_bytes(&got.sides[1]).unwrap().iv, (used + i + 1).to_be_bytes());
    }
}

/// Packets that were on their way when their SA was replaced: each leaves under the SA it was meant for, or not at
/// all. The new SA numbers its own packets from its record's `seq` on.
#[test]
fn no_packet_leaves_under_the_sa_that_replaced_its_own() {
    let mut rng = Rng::new(6);
    for offset in 0..12 {
        let mut setup = Setup::new(&mut rng, [0, 0]);
        (0..60).map(|_| job(&mut rng, 2, 30)).for_each(|(data, meta)| setup.push(&data, &meta));
        (0..10 + offset).for_each(|_| setup.step());
        let old = setup.builder.sas[2].0.clone();
        let fresh =
            SaOut { gen: GEN + 1, gcm: GcmKey { icv_len: 16, ..GcmKey::default() }, ..record(&mut rng) };
        setup.install(2, fresh.clone());
        for _ in 0..20 {
            let (data, meta) = job(&mut rng, 2, 30);
            setup.push(&data, &Meta { sa_out_gen: GEN + 1, ..meta });
        }
        while setup.sink.count() + setup.drops.seen.len() < 80 {
            setup.step();
        }
        let lost = setup.drops.seen.len();
        assert!((1..60).contains(&lost), "the write fell between: {lost}");
        for (_, word) in &setup.drops.seen {
            assert_eq!(DropRecord::from_bytes(&word[0]).unwrap().reason, DropReason::SaOutInvalid.code());
        }
        for n in 0..80 - lost {
            let hdr = OuterHdr::from_bytes(&setup.sink.pop().unwrap().sides[2]).unwrap();
            let spi = u32::from_be_bytes(hdr.data[34..38].try_into().unwrap());
            let seq = u64::from_be_bytes(hdr.data[42..50].try_into().unwrap());
            let before = 60 - lost;
            let want = if n < before {
                (old.spi, old.seq + n as u64 + 1)
            } else {
                (fresh.spi, fresh.seq + (n - before) as u64 + 1)
            };
            assert_eq!((spi, seq), want, "packet {n} of {} under the old SA", before);
        }
        let state = setup.state(2);
        assert_eq!((state.seq, state.packets, state.bytes), (fresh.seq + 20, 20, 600));
    }
}

#[test]
fn installing_one_sa_under_load_repeats_no_number_of_another() {
    let mut rng = Rng::new(9);
    for offset in 0..12 {
        let mut setup = Setup::new(&mut rng, [0, 0]);
        let jobs: Vec<_> = (0..60).map(|_| job(&mut rng, 2, 30)).collect();
        jobs.iter().for_each(|(data, meta)| setup.push(data, meta));
        (0..10 + offset).for_each(|_| setup.step());
        let fresh = record(&mut rng);
        setup.install(3, fresh);
        setup.finish(&jobs);
        assert_eq!(setup.state(2).seq, setup.builder.sas[2].0.seq + 60);
    }
}

/// The last number of the space is used, the next packet dropped, and so is every one after it.
#[test]
fn an_exhausted_sequence_number_space_stays_exhausted() {
    let library = library();
    for (esn, used, sent) in [
        (false, 0xffff_fffa, 5),
        (false, 0xffff_ffff, 0),
        (false, 0x1_0000_0000, 0),
        (false, 0x1_0000_0005, 0),
        (false, u64::MAX, 0),
        (true, 0xffff_fffa, 8),
        (true, 0xffff_ffff, 8),
        (true, u64::MAX - 5, 5),
        (true, u64::MAX, 0),
    ] {
        let mut bench = Bench::new(&library, 10_000);
        let mut rng = Rng::new(8);
        let gcm = GcmKey { icv_len: 16, ..GcmKey::default() };
        let sa = SaOut { esn, seq: used, gcm, ..record(&mut rng) };
        TableBus::new(&bench).write(&mut bench, &mut [], Table::SaOut.code(), 1, &sa.to_bytes());
        let mut source = StreamSource::new(&bench, "s", &["s_meta_i"]);
        let mut sink = StreamSink::new(&bench, "m", &["m_ctx_o"]);
        let mut drops = PulseMonitor::new(&bench, "drop_valid_o", &["drop_o"]);
        for _ in 0..8 {
            let (data, meta) = job(&mut rng, 1, 100);
            source.push(Packet::new(data).side(meta.to_bytes()));
        }
        bench.run(&mut [&mut source, &mut sink, &mut drops], 60);
        assert_eq!((sink.count(), drops.seen.len()), (sent, 8 - sent), "{used:x} {esn}");
        for n in 1..=sent as u64 {
            let ctx = GcmCtx::from_bytes(&sink.pop().unwrap().sides[0]).unwrap();
            assert_eq!(ctx.iv, (used + n).to_be_bytes());
        }
        for (_, word) in &drops.seen {
            assert_eq!(DropRecord::from_bytes(&word[0]).unwrap().reason, DropReason::SeqExhausted.code());
        }
        let state = TableBus::new(&bench).read(&mut bench, &mut [], Table::SaOutState.code(), 1);
        let state = SaOutState::from_bytes(&state[..24]).unwrap();
        assert_eq!((state.seq, state.packets), (used + sent as u64, sent as u64));
    }
}

#[test]
fn keys_cannot_be_read_back() {
    let mut rng = Rng::new(7);
    let mut setup = Setup::new(&mut rng, [0, 0]);
    let sa = setup.builder.sas[4].0.clone();
    let bytes = setup.read(Table::SaOut, 4);
    let read = SaOut::from_bytes(&bytes[..sa.to_bytes().len()]).unwrap();
    let public = GcmKey { aes256: sa.gcm.aes256, icv_len: sa.gcm.icv_len, ..GcmKey::default() };
    assert_eq!(read, SaOut { gcm: public, ..sa });
    let bus = TableBus::new(&setup.bench);
    assert!(bus.is_silent(&mut setup.bench, &mut [], Table::SaIn.code(), 4));
}
