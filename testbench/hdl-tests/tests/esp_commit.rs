// SPDX-License-Identifier: Apache-2.0
//! esp_commit: the red/black boundary, against a plain model of the checks of RFC 4303 3.4.
//!
//! The engine is played by the test: it sends "decrypted" packets with an ICV and the tag that the engine
//! would have computed.

use headend_hdl_tests::{Bench, Packet, PulseMonitor, Rng, StreamSink, StreamSource, TableBus, WordSource};
use headend_regs::{DropReason, DropRecord, Meta, Op, SaIn, SaInState, Stage, Table};
use headend_verilated::{Library, Model};
use std::collections::HashSet;
use std::sync::Arc;

fn library() -> Arc<Library> {
    Model::new("esp_commit").param("SaDepth", 16).checked().build().unwrap()
}

/// What the model knows of an SA.
#[derive(Default, Clone)]
struct Sa {
    record: SaIn,
    seen: HashSet<u64>,
    state: SaInState,
}

/// A packet as the engine hands it over, and the tag.
#[derive(Clone)]
struct Job {
    meta: Meta,
    data: Vec<u8>,
    tag: Vec<u8>,
}

fn bypass(rng: &mut Rng, len: usize) -> Job {
    let meta = Meta { op: Op::Forward.code(), len: len as u16, vrf: 7, sa_in: 0xffff, ..Meta::default() };
    Job { meta, data: rng.bytes(len), tag: rng.bytes(16) }
}

/// The ESP fields of a packet to make.
#[derive(Clone, Copy)]
struct Esp {
    sa: u16,
    gen: u8,
    seq: u64,
    pad: usize,
    next_header: u8,
    icv_len: u8,
}

/// A faultless packet of SA `sa` around `inner`.
fn plain(rng: &mut Rng, sa: u16, gen: u8, seq: u64, inner: &[u8]) -> Job {
    esp(rng, Esp { sa, gen, seq, pad: 2, next_header: 4, icv_len: 16 }, inner)
}

/// A packet around `inner` with the fields as they are asked for.
fn esp(rng: &mut Rng, fields: Esp, inner: &[u8]) -> Job {
    let Esp { sa, gen, seq, pad, next_header, icv_len } = fields;
    let mut data = inner.to_vec();
    data.extend((1..=pad).map(|i| i as u8));
    data.extend([pad as u8, next_header]);
    let tag = rng.bytes(16);
    data.extend(&tag[..usize::from(icv_len)]);
    let meta = Meta {
        op: Op::Decrypt.code(),
        ingress: 1,
        len: data.len() as u16,
        vrf: 5,
        sa_in: sa,
        sa_in_gen: gen,
        spi: 0xabc0 + u32::from(sa),
        seq,
        icv_len,
        cycle: 99,
        ..Meta::default()
    };
    Job { meta, data, tag }
}

/// The model: what must leave for a job, or why it must not.
fn judge(sas: &mut [Sa], job: &Job) -> Result<(Vec<u8>, Meta), DropReason> {
    let meta = job.meta;
    if meta.op != Op::Decrypt.code() {
        return Ok((job.data.clone(), meta));
    }
    let Some(sa) = sas.get_mut(usize::from(meta.sa_in)) else { return Err(DropReason::SaChanged) };
    if !sa.record.valid || sa.record.gen != meta.sa_in_gen {
        return Err(DropReason::SaChanged);
    }
    let icv_len = usize::from(meta.icv_len);
    let (clear, icv) = job.data.split_at(job.data.len() - icv_len);
    if icv != &job.tag[..icv_len] {
        sa.state.auth_fail += 1;
        return Err(DropReason::IcvMismatch);
    }
    let window = u64::from(sa.record.replay_window);
    if window != 0 && meta.seq <= sa.state.seq_top {
        let reason = match meta.seq {
            seq if sa.state.seq_top - seq >= window => Some(DropReason::ReplayOld),
            seq if sa.seen.contains(&seq) => Some(DropReason::ReplayDuplicate),
            _ => None,
        };
        if let Some(reason) = reason {
            sa.state.replay_fail += 1;
            return Err(reason);
        }
    }
    sa.seen.insert(meta.seq);
    sa.state.seq_top = sa.state.seq_top.max(meta.seq);
    let (rest, tail) = clear.split_at(clear.len() - 2);
    let pad_len = usize::from(tail[0]);
    if pad_len > rest.len() {
        return Err(DropReason::EspTrailer);
    }
    let (inner, padding) = rest.split_at(rest.len() - pad_len);
    if padding.iter().enumerate().any(|(i, byte)| usize::from(*byte) != i + 1) {
        return Err(DropReason::EspTrailer);
    }
    match tail[1] {
        59 => return Err(DropReason::EspDummy),
        4 if sa.record.tunnel && inner.is_empty() => return Err(DropReason::EspTrailer),
        4 if sa.record.tunnel => {}
        _ => return Err(DropReason::EspNextHeader),
    }
    sa.state.packets += 1;
    sa.state.bytes += inner.len() as u64;
    let meta = Meta {
        op: Op::Forward.code(),
        starts_l3: true,
        decrypted: true,
        vrf: sa.record.ivrf,
        len: inner.len() as u16,
        ..meta
    };
    Ok((inner.to_vec(), meta))
}

struct Setup {
    bench: Bench,
    source: StreamSource,
    tags: WordSource,
    sink: StreamSink,
    drops: PulseMonitor,
    stage_in: PulseMonitor,
    stage_out: PulseMonitor,
    sas: Vec<Sa>,
    /// Packets compared so far.
    popped: usize,
}

impl Setup {
    fn new(stalls: [u32; 3]) -> Self {
        let bench = Bench::new(&library(), 1_000_000);
        let mut setup = Self {
            source: StreamSource::new(&bench, "s", &["s_meta_i"]).stalls(stalls[0], 1),
            tags: WordSource::new(&bench, "tag_valid_i", Some("tag_ready_o"), &["tag_i"])
                .stalls(stalls[1], 2),
            sink: StreamSink::new(&bench, "m", &["m_meta_o"]).stalls(stalls[2], 3),
            drops: PulseMonitor::new(&bench, "drop_valid_o", &["drop_o"]),
            stage_in: PulseMonitor::new(&bench, "stage_in_o", &[]),
            stage_out: PulseMonitor::new(&bench, "stage_out_o", &[]),
            sas: vec![Sa::default(); 16],
            popped: 0,
            bench,
        };
        for i in 0..15 {
            setup.install(i, 1, [0, 32, 64, 1024][i as usize % 4], i != 3);
        }
        setup
    }

    fn step(&mut self) {
        self.bench.step(&mut [
            &mut self.source,
            &mut self.tags,
            &mut self.sink,
            &mut self.drops,
            &mut self.stage_in,
            &mut self.stage_out,
        ]);
    }

    fn run(&mut self, cycles: usize) {
        (0..cycles).for_each(|_| self.step());
    }

    /// Writes an SA record as the command processor does; sa_lookup acknowledges, not this module.
    fn install(&mut self, index: u16, gen: u8, replay_window: u16, tunnel: bool) {
        let record = SaIn { valid: true, tunnel, gen, replay_window, ivrf: 100 + index, ..SaIn::default() };
        self.bench.set("tbl_req_i", 1);
        self.bench.set("tbl_we_i", 1);
        self.bench.set("tbl_sel_i", Table::SaIn.code().into());
        self.bench.set("tbl_index_i", index.into());
        self.bench.set_bytes("tbl_wdata_i", &record.to_bytes());
        self.step();
        self.bench.set("tbl_req_i", 0);
        self.run(4);
        self.sas[usize::from(index)] = Sa { record, ..Sa::default() };
    }

    fn push(&mut self, job: &Job) {
        self.source.push(Packet::new(job.data.clone()).side(job.meta.to_bytes()));
        self.tags.push(&[&job.tag]);
    }

    fn state(&mut self, index: u16) -> SaInState {
        let bus = TableBus::new(&self.bench);
        let mut agents: [&mut dyn headend_hdl_tests::Agent; 6] = [
            &mut self.source,
            &mut self.tags,
            &mut self.sink,
            &mut self.drops,
            &mut self.stage_in,
            &mut self.stage_out,
        ];
        let bytes = bus.read(&mut self.bench, &mut agents, Table::SaInState.code(), index.into());
        SaInState::from_bytes(&bytes[..32]).unwrap()
    }

    /// Runs until every job has left or was dropped, and compares all of it with the model.
    fn finish(&mut self, jobs: &[Job]) {
        while self.drops.seen.len() + self.sink.count() - self.popped < jobs.len() {
            self.step();
        }
        self.run(20);
        let mut dropped = self.drops.seen.drain(..).collect::<Vec<_>>().into_iter();
        for (i, job) in jobs.iter().enumerate() {
            match judge(&mut self.sas, job) {
                Ok((data, meta)) => {
                    let got = self.sink.pop().unwrap_or_else(|| panic!("job {i} is missing"));
                    self.popped += 1;
                    assert_eq!((got.data, Meta::from_bytes(&got.sides[0]).unwrap()), (data, meta), "job {i}");
                }
                Err(reason) => {
                    let (_, word) = dropped.next().unwrap_or_else(|| panic!("job {i} was not dropped"));
                    let expected = DropRecord {
                        reason: reason.code(),
                        stage: Stage::Commit.code(),
                        ingress: job.meta.ingress,
                        len: job.data.len() as u16,
                        vrf: job.meta.vrf,
                        sa: job.meta.sa_in,
                        spi: job.meta.spi,
                        seq: job.meta.seq,
                        ..DropRecord::default()
                    };
                    assert_eq!(DropRecord::from_bytes(&word[0]).unwrap(), expected, "job {i}: {reason}");
                }
            }
        }
        assert!(self.sink.pop().is_none() && dropped.next().is_none(), "more came out than went in");
        for index in 0..16 {
            let expected = self.sas[usize::from(index)].state;
            assert_eq!(self.state(index), expected, "state of SA {index}");
            self.bench.set("seq_top_raddr_i", index.into());
            self.run(1);
            self.bench.settle();
            assert_eq!(self.bench.get("seq_top_rdata_o"), expected.seq_top);
        }
    }
}

/// A random job for the SAs of `Setup`, with every kind of fault.
fn random_job(rng: &mut Rng, tops: &mut [u64; 16]) -> Job {
    let mut len = rng.range(1, 300) as usize;
    if rng.chance(20) {
        len = 64 * rng.range(1, 4) as usize + rng.below(9) as usize - 4;
    }
    if rng.chance(25) {
        return bypass(rng, len);
    }
    // Few SAs, so that packets of one SA follow each other directly; 15 is not installed.
    let sa = [0, 1, 2, 2, 3, 7, 15][rng.below(7) as usize];
    let top = &mut tops[usize::from(sa)];
    let seq = match rng.below(10) {
        0..=5 => *top + rng.range(1, 3),
        6 => *top + rng.below(200),
        7 => (*top).saturating_sub(rng.below(40)),
        8 => (*top).saturating_sub(rng.below(1100)),
        _ => *top,
    };
    *top = seq.max(*top);
    let pad = if rng.chance(30) { rng.below(256) as usize } else { rng.below(4) as usize };
    let next_header = [4, 4, 4, 4, 4, 4, 4, 59, 41, 6][rng.below(10) as usize];
    let icv_len = [8, 12, 16, 16][rng.below(4) as usize];
    let gen = if rng.chance(3) { 2 } else { 1 };
    let inner_len = if rng.chance(3) { 0 } else { len };
    let inner = rng.bytes(inner_len);
    let mut job = esp(rng, Esp { sa, gen, seq, pad, next_header, icv_len }, &inner);
    let end = job.data.len() - usize::from(icv_len);
    match rng.below(20) {
        0 => job.tag[rng.below(icv_len.into()) as usize] ^= 1 << rng.below(8),
        1 => job.data[end - 2] = rng.next_u64() as u8,
        2 if pad > 0 => job.data[end - 3 - rng.below(pad as u64) as usize] ^= 1 << rng.below(8),
        _ => {}
    }
    job
}

#[test]
fn agrees_with_the_model_on_random_packets_and_faults() {
    for (seed, stalls) in
        [(1, [0, 0, 0]), (2, [30, 50, 30]), (3, [0, 80, 0]), (4, [0, 0, 70]), (5, [60, 0, 0])]
    {
        let mut rng = Rng::new(seed);
        let mut setup = Setup::new(stalls);
        let mut tops = [0; 16];
        // Some SAs live in the upper half of the 64-bit space.
        tops[2] = 0xffff_fff0;
        let jobs: Vec<Job> = (0..1500).map(|_| random_job(&mut rng, &mut tops)).collect();
        jobs.iter().for_each(|j| setup.push(j));
        setup.finish(&jobs);
        assert_eq!(setup.stage_in.seen.len(), 1500);
        assert!(setup.stage_out.seen.len() > 500, "enough good packets: {}", setup.stage_out.seen.len());
    }
}

/// Each reason alone, with a good packet before and behind.
#[test]
fn every_drop_reason_is_provoked() {
    let mut rng = Rng::new(9);
    let mut setup = Setup::new([0, 0, 0]);
    let mut reasons = Vec::new();
    let mut jobs = Vec::new();
    let mut add = |job: Job, reason| {
        jobs.push(job);
        reasons.push(reason);
    };
    let inner = rng.bytes(100);
    let mut seq = 2000;
    let mut good = |rng: &mut Rng, sa: u16| {
        seq += 1;
        plain(rng, sa, 1, seq, &inner)
    };
    add(good(&mut rng, 1), DropReason::None);
    let mut job = good(&mut rng, 1);
    job.tag[15] ^= 0x80;
    add(job.clone(), DropReason::IcvMismatch);
    // The tampered packet did not move the window: the genuine one is still good, and only once.
    job.tag[15] ^= 0x80;
    add(job.clone(), DropReason::None);
    add(job.clone(), DropReason::ReplayDuplicate);
    add(plain(&mut rng, 1, 1, 100, &inner), DropReason::ReplayOld);
    let mut job = good(&mut rng, 1);
    job.data[101] = 3;
    add(job, DropReason::EspTrailer);
    let mut job = good(&mut rng, 1);
    job.data[102] = 103;
    add(job, DropReason::EspTrailer);
    let mut job = good(&mut rng, 1);
    job.data[103] = 59;
    add(job, DropReason::EspDummy);
    let mut job = good(&mut rng, 1);
    job.data[103] = 41;
    add(job, DropReason::EspNextHeader);
    add(good(&mut rng, 3), DropReason::EspNextHeader); // transport mode is not there
    add(good(&mut rng, 15), DropReason::SaChanged); // no such SA
    let mut job = good(&mut rng, 1);
    job.meta.sa_in = 16; // outside the table
    add(job, DropReason::SaChanged);
    let mut job = good(&mut rng, 1);
    job.meta.sa_in_gen = 9;
    add(job, DropReason::SaChanged);
    add(good(&mut rng, 1), DropReason::None);
    for (job, reason) in jobs.iter().zip(&reasons) {
        let verdict = judge(&mut setup.sas.clone(), job);
        // The replay reasons depend on what went before; the run below checks those.
        if !matches!(reason, DropReason::ReplayDuplicate | DropReason::ReplayOld) {
            assert_eq!(verdict.err().unwrap_or(DropReason::None), *reason);
        }
        setup.push(job);
    }
    let wanted: Vec<u8> = reasons.iter().filter(|r| **r != DropReason::None).map(|r| r.code()).collect();
    setup.run(200);
    let seen: Vec<u8> =
        setup.drops.seen.iter().map(|(_, w)| DropRecord::from_bytes(&w[0]).unwrap().reason).collect();
    assert_eq!(seen, wanted);
    assert_eq!(setup.sink.count(), 3);
}

#[test]
fn an_icv_of_another_length_is_never_right() {
    let mut rng = Rng::new(4);
    let mut setup = Setup::new([0, 0, 0]);
    for (i, icv_len) in [0, 4, 15].into_iter().enumerate() {
        let inner = rng.bytes(40);
        setup.push(&esp(
            &mut rng,
            Esp { sa: 1, gen: 1, seq: 1 + i as u64, pad: 2, next_header: 4, icv_len },
            &inner,
        ));
    }
    setup.run(100);
    assert_eq!((setup.sink.count(), setup.drops.seen.len()), (0, 3));
    assert_eq!(setup.state(1).auth_fail, 3);
}

#[test]
fn nothing_leaves_before_its_tag() {
    let mut rng = Rng::new(5);
    let mut setup = Setup::new([0, 100, 0]);
    let inner = rng.bytes(1000);
    let jobs: Vec<Job> = (1..=5).map(|seq| plain(&mut rng, 1, 1, seq, &inner)).collect();
    jobs.iter().for_each(|j| setup.push(j));
    setup.run(500);
    assert!(setup.source.is_empty() && setup.sink.count() == 0 && !setup.sink.in_packet());
    setup.tags = WordSource::new(&setup.bench, "tag_valid_i", Some("tag_ready_o"), &["tag_i"]);
    jobs.iter().for_each(|j| setup.tags.push(&[&j.tag]));
    setup.finish(&jobs);
}

#[test]
fn an_sa_replaced_in_flight_drops_its_old_packets_and_starts_afresh() {
    let mut rng = Rng::new(6);
    let mut setup = Setup::new([0, 0, 0]);
    let inner = rng.bytes(100);
    let first: Vec<Job> = (500..510).map(|seq| plain(&mut rng, 2, 1, seq, &inner)).collect();
    first.iter().for_each(|j| setup.push(j));
    setup.finish(&first);
    // Ten packets of generation 1 wait for their tags while generation 2 is installed.
    let old: Vec<Job> = (510..520).map(|seq| plain(&mut rng, 2, 1, seq, &inner)).collect();
    let new: Vec<Job> = (1..10).map(|seq| plain(&mut rng, 2, 2, seq, &inner)).collect();
    for job in old.iter().chain(&new) {
        setup.source.push(Packet::new(job.data.clone()).side(job.meta.to_bytes()));
    }
    setup.run(50);
    setup.install(2, 2, 64, true);
    for job in old.iter().chain(&new) {
        setup.tags.push(&[&job.tag]);
    }
    let jobs = [old, new].concat();
    setup.finish(&jobs);
    assert_eq!((setup.state(2).packets, setup.state(2).seq_top), (9, 9));
}

/// Installs while packets of the same and other SAs are judged in every cycle: no count is lost or resurrected.
#[test]
fn installing_under_full_load_never_mixes_two_generations() {
    let mut rng = Rng::new(7);
    for offset in 0..12 {
        let mut setup = Setup::new([0, 0, 0]);
        let inner = rng.bytes(20);
        let jobs: Vec<Job> = (1..=60).map(|seq| plain(&mut rng, 2, 1, seq, &inner)).collect();
        jobs.iter().for_each(|j| setup.push(j));
        setup.run(20 + offset);
        setup.install(2, 2, 64, true);
        setup.run(100);
        let good = setup.sink.count();
        assert_eq!(good + setup.drops.seen.len(), 60);
        assert!((1..60).contains(&good), "the install fell between: {good}");
        assert_eq!(setup.state(2), SaInState::default(), "generation 2 has seen nothing");
    }
}

#[test]
fn installing_one_sa_under_full_load_loses_no_update_of_another() {
    let mut rng = Rng::new(13);
    for offset in 0..12 {
        let mut setup = Setup::new([0, 0, 0]);
        let inner = rng.bytes(20);
        let jobs: Vec<Job> = (1..=60).map(|seq| plain(&mut rng, 2, 1, seq, &inner)).collect();
        jobs.iter().for_each(|j| setup.push(j));
        setup.run(20 + offset);
        setup.install(5, 2, 64, true);
        setup.finish(&jobs);
    }
}

#[test]
fn one_beat_per_cycle_for_one_sa_back_to_back() {
    let mut rng = Rng::new(8);
    let mut setup = Setup::new([0, 0, 0]);
    let inner = rng.bytes(40);
    let jobs: Vec<Job> = (1..=1000).map(|seq| plain(&mut rng, 2, 1, seq, &inner)).collect();
    jobs.iter().for_each(|j| setup.push(j));
    while setup.sink.count() < 1000 {
        setup.step();
    }
    let sent = setup.source.sent();
    assert_eq!(sent[999].1 - sent[0].0, 999, "no bubble at the input");
    let first = setup.sink.pop().unwrap().first_cycle;
    for i in 1..1000 {
        assert_eq!(setup.sink.pop().unwrap().first_cycle, first + i, "packet {i}");
    }
}

#[test]
fn long_and_short_packets_mix_without_bubbles() {
    let mut rng = Rng::new(10);
    let mut setup = Setup::new([0, 0, 0]);
    let jobs: Vec<Job> = (0..300).map(|i| bypass(&mut rng, [64, 1500, 65, 9216, 128, 1][i % 6])).collect();
    jobs.iter().for_each(|j| setup.push(j));
    while setup.sink.count() < 300 {
        setup.step();
    }
    let beats: u64 = jobs.iter().map(|j| j.data.len().div_ceil(64) as u64).sum();
    let sent = setup.source.sent();
    assert_eq!(sent[299].1 - sent[0].0 + 1, beats);
}

#[test]
fn ten_cycles_from_the_last_beat_to_the_first() {
    let mut rng = Rng::new(11);
    let mut setup = Setup::new([0, 0, 0]);
    let inner = rng.bytes(300);
    let job = plain(&mut rng, 2, 1, 1, &inner);
    setup.push(&job);
    setup.run(50);
    let got = setup.sink.pop().unwrap();
    assert_eq!(got.first_cycle, setup.source.sent()[0].1 + 10);
    assert_eq!(got.last_cycle, got.first_cycle + 4);
}

#[test]
fn largest_packets_pass_a_blocked_output_without_deadlock() {
    let mut rng = Rng::new(12);
    let mut setup = Setup::new([0, 0, 100]);
    let inner = rng.bytes(9216 - 20);
    let jobs: Vec<Job> = (1..=12).map(|seq| plain(&mut rng, 7, 1, seq, &inner)).collect();
    jobs.iter().for_each(|j| setup.push(j));
    setup.run(3000);
    assert_eq!(setup.sink.count(), 0);
    setup.sink.set_stalls(0);
    setup.finish(&jobs);
}

#[test]
fn tables_of_others_are_left_alone() {
    let mut setup = Setup::new([0, 0, 0]);
    let bus = TableBus::new(&setup.bench);
    assert!(bus.is_silent(&mut setup.bench, &mut [], Table::SaIn.code(), 1));
    assert!(bus.is_silent(&mut setup.bench, &mut [], Table::SaOut.code(), 1));
}
