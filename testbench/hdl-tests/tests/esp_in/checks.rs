// SPDX-License-Identifier: Apache-2.0
//! The checks on one packet and their order, latency, rate, replacement of an SA in flight.

use crate::model::{bypass, esp, inner_packet, outer, plain, Esp, Job};
use crate::rig::{Rig, Stalls};
use headend_hdl_tests::{Rng, TableBus, WordSource};
use headend_regs::{DropReason, DropRecord, Op, SaIn, SaInState, Table};

/// An SA in tunnel mode without limits.
pub(crate) fn tunnel(replay_window: u16) -> SaIn {
    SaIn { valid: true, tunnel: true, gen: 1, replay_window, ivrf: 100, ..SaIn::default() }
}

/// A rig with tunnel mode SA 1 (window 64) and transport mode SA 2 (window 1024).
fn small(stalls: Stalls) -> Rig {
    let mut rig = Rig::new(stalls);
    rig.install(1, tunnel(64));
    rig.install(2, SaIn { tunnel: false, ivrf: 9, ..tunnel(1024) });
    rig
}

fn reasons(rig: &Rig) -> Vec<u8> {
    rig.lanes[0].drops.seen.iter().map(|(_, w)| DropRecord::from_bytes(&w[0]).unwrap().reason).collect()
}

/// Faults of a packet, in the order in which they count. Each is put into a packet with all later ones.
#[test]
fn every_check_counts_before_all_later_ones() {
    let mut rng = Rng::new(1);
    // Index of the first fault that a packet has.
    let order = [
        DropReason::SaChanged,
        DropReason::IcvMismatch,
        DropReason::ReplayOld,
        DropReason::SaInExpired,
        DropReason::EspTrailer,
        DropReason::EspDummy,
        DropReason::EspNextHeader,
        DropReason::EcnIllegal,
        DropReason::None,
    ];
    for (first, reason) in order.into_iter().enumerate() {
        let mut rig = Rig::new(Stalls::default());
        let expired = first <= 3;
        rig.install(5, SaIn { hard_packets: if expired { 1 } else { 0 }, ..tunnel(64) });
        rig.push(0, &plain(&mut rng, 5, 5000, 100));
        // A dummy packet has no next header of its own, so the two are never together.
        let next_header = if first <= 5 {
            59
        } else if first == 6 {
            50
        } else {
            4
        };
        let seq = if first <= 2 { 7 } else { 5001 };
        let gen = if first == 0 { 2 } else { 1 };
        let inner = inner_packet(&mut rng, 4, 0, 60);
        let mut job = esp(&mut rng, Esp { sa: 5, gen, seq, pad: 3, next_header, icv_len: 12 }, &inner);
        if first <= 1 {
            job.tag[11] ^= 1;
        }
        if first <= 4 {
            job.data[62] = 9;
        }
        job.meta.parsed.tos = if first <= 7 { 3 } else { 2 };
        rig.push(0, &job);
        rig.finish();
        let expected = if first == 8 { vec![] } else { vec![reason.code()] };
        assert_eq!(reasons(&rig), expected, "{reason}");
    }
}

/// Each reason alone, with a good packet before and behind.
#[test]
fn every_drop_reason_is_provoked_alone() {
    let mut rng = Rng::new(9);
    let mut rig = small(Stalls::default());
    rig.install(7, SaIn { hard_bytes: 100, ..tunnel(0) });
    let mut wanted = Vec::new();
    let mut seq = 2000;
    let mut add = |rig: &mut Rig, job: &Job, reason: DropReason| {
        rig.push(0, job);
        wanted.extend((reason != DropReason::None).then(|| reason.code()));
    };
    let mut good = |rng: &mut Rng| {
        seq += 1;
        plain(rng, 1, seq, 100)
    };
    add(&mut rig, &good(&mut rng), DropReason::None);
    let mut job = good(&mut rng);
    job.tag[15] ^= 0x80;
    add(&mut rig, &job, DropReason::IcvMismatch);
    // The tampered packet did not move the window: the genuine one is still good, and only once.
    job.tag[15] ^= 0x80;
    add(&mut rig, &job, DropReason::None);
    add(&mut rig, &job, DropReason::ReplayDuplicate);
    add(&mut rig, &plain(&mut rng, 1, 100, 100), DropReason::ReplayOld);
    for (at, byte, reason) in [
        (101, 3, DropReason::EspTrailer),   // padding 1, 3
        (102, 103, DropReason::EspTrailer), // pad length past the packet
        (103, 59, DropReason::EspDummy),
        (103, 41, DropReason::EspNextHeader), // IPv4 inside
        (103, 6, DropReason::EspNextHeader),
        (0, 0x65, DropReason::EspNextHeader), // IPv6 inside, next header 4
    ] {
        let mut job = good(&mut rng);
        job.data[at] = byte;
        add(&mut rig, &job, reason);
    }
    let mut job = good(&mut rng);
    job.meta.parsed.tos |= 3;
    add(&mut rig, &job, DropReason::EcnIllegal);
    for (sa, gen) in [(15, 1), (64, 1), (1, 9), (0xffff, 1)] {
        let mut job = good(&mut rng);
        (job.meta.sa_in, job.meta.sa_in_gen) = (sa, gen);
        add(&mut rig, &job, DropReason::SaChanged); // no such SA, outside the table, another generation
    }
    let fields = Esp { sa: 2, gen: 1, seq: 1, pad: 2, next_header: 6, icv_len: 16 };
    add(&mut rig, &esp(&mut rng, fields, &[]), DropReason::EspTrailer); // nothing left, transport mode
    add(
        &mut rig,
        &esp(&mut rng, Esp { sa: 1, seq: 5000, next_header: 4, ..fields }, &[]),
        DropReason::EspNextHeader,
    );
    add(&mut rig, &plain(&mut rng, 7, 1, 100), DropReason::None);
    add(&mut rig, &plain(&mut rng, 7, 2, 100), DropReason::SaInExpired);
    let mut job = good(&mut rng);
    job.meta.seq += 10_000;
    add(&mut rig, &job, DropReason::None);
    rig.finish();
    assert_eq!(reasons(&rig), wanted);
    assert_eq!(rig.lanes[0].sink.count(), 4);
}

/// One bit of the tag wrong is found wherever it is inside the ICV, and does not matter behind it.
#[test]
fn the_whole_icv_is_compared_and_no_more() {
    let mut rng = Rng::new(3);
    let mut rig = Rig::new(Stalls::default());
    rig.install(1, tunnel(0));
    for icv_len in [8, 12, 16] {
        for bit in 0..128 {
            let inner = inner_packet(&mut rng, 4, 0, 30);
            let fields = Esp { sa: 1, gen: 1, seq: 1, pad: 0, next_header: 4, icv_len };
            let mut job = esp(&mut rng, fields, &inner);
            job.tag[bit / 8] ^= 1 << (bit % 8);
            rig.push(bit & 1, &job);
        }
    }
    rig.finish();
    assert_eq!(rig.state(1).auth_fail, 64 + 96 + 128);
}

#[test]
fn an_icv_of_another_length_is_never_right() {
    let mut rng = Rng::new(4);
    let mut rig = small(Stalls::default());
    for (seq, icv_len) in [(1, 0), (2, 4), (3, 15)] {
        let inner = inner_packet(&mut rng, 4, 0, 40);
        let fields = Esp { sa: 1, gen: 1, seq, pad: 2, next_header: 4, icv_len };
        rig.push(0, &esp(&mut rng, fields, &inner));
    }
    rig.finish();
    assert_eq!(rig.state(1).auth_fail, 3);
}

#[test]
fn nothing_leaves_before_its_tag() {
    let mut rng = Rng::new(5);
    let mut rig = small(Stalls { tag: 100, ..Stalls::default() });
    let jobs: Vec<Job> = (1..=5).map(|seq| plain(&mut rng, 1, seq, 1000)).collect();
    jobs.iter().for_each(|j| rig.push_without_tag(0, j));
    rig.run(500);
    let lane = &mut rig.lanes[0];
    assert!(lane.source.is_empty() && lane.sink.count() == 0 && !lane.sink.in_packet());
    assert!(lane.judged.seen.is_empty());
    lane.tags = WordSource::new(&rig.bench, "tag0_valid_i", Some("tag0_ready_o"), &["tag0_i"]);
    jobs.iter().for_each(|j| rig.lanes[0].tags.push(&[&j.tag]));
    rig.finish();
}

#[test]
fn an_sa_replaced_in_flight_drops_its_old_packets_and_starts_afresh() {
    let mut rng = Rng::new(6);
    let mut rig = small(Stalls::default());
    (500..510).for_each(|seq| rig.push(0, &plain(&mut rng, 1, seq, 100)));
    rig.drain();
    // Ten packets of generation 1 wait for their tags while generation 2 is installed.
    let mut jobs: Vec<Job> = (510..520).map(|seq| plain(&mut rng, 1, seq, 100)).collect();
    jobs.extend((1..10).map(|seq| plain(&mut rng, 1, seq, 100)));
    jobs[10..].iter_mut().for_each(|job| job.meta.sa_in_gen = 2);
    jobs.iter().for_each(|job| rig.push_without_tag(0, job));
    rig.run(50);
    rig.install(1, SaIn { gen: 2, ..tunnel(64) });
    jobs.iter().for_each(|job| rig.lanes[0].tags.push(&[&job.tag]));
    rig.finish();
    let state = rig.state(1);
    assert_eq!((state.packets, state.seq_top, state.bytes), (9, 9, 900));
    assert_eq!(rig.lanes[0].drops.seen.len(), 10);
}

/// Installs while packets of the same and of another SA are judged in every cycle, from both lanes.
#[test]
fn installing_under_full_load_never_mixes_two_generations_nor_loses_an_update() {
    let mut rng = Rng::new(7);
    for offset in 0..14 {
        let mut rig = small(Stalls::default());
        for seq in 1..=60 {
            rig.push(0, &plain(&mut rng, 1, seq, 20));
            rig.push(1, &plain(&mut rng, [1, 2][seq as usize % 2], 100 + seq, 20));
        }
        rig.run(20 + offset);
        rig.install(1, SaIn { gen: 2, ..tunnel(64) });
        rig.finish();
        assert_eq!(rig.state(1), SaInState::default(), "generation 2 has seen nothing");
        let good = rig.lanes[0].sink.count();
        assert!((1..60).contains(&good), "the install fell between: {good}");
    }
}

#[test]
fn one_beat_per_cycle_for_one_sa_back_to_back() {
    let mut rng = Rng::new(8);
    let mut rig = small(Stalls::default());
    (1..=1000).for_each(|seq| rig.push(0, &plain(&mut rng, 1, seq, 40)));
    rig.drain();
    let sent = rig.lanes[0].source.sent();
    assert_eq!(sent[999].1 - sent[0].0, 999, "no bubble at the input");
    let out = rig.finish();
    for (i, packet) in out[0].iter().enumerate() {
        assert_eq!(packet.first_cycle, out[0][0].first_cycle + i as u64, "packet {i}");
    }
}

#[test]
fn long_and_short_packets_mix_without_bubbles() {
    let mut rng = Rng::new(10);
    let mut rig = small(Stalls::default());
    let lens = [64, 1500, 65, 9216, 128, 1];
    let jobs: Vec<Job> = (0..300).map(|i| bypass(&mut rng, lens[i % 6])).collect();
    jobs.iter().for_each(|j| rig.push(1, j));
    rig.drain();
    let beats: u64 = jobs.iter().map(|j| j.data.len().div_ceil(64) as u64).sum();
    let sent = rig.lanes[1].source.sent();
    assert_eq!(sent[299].1 - sent[0].0 + 1, beats);
    rig.finish();
}

/// 12 cycles of esp_commit with sa_in_unit and 1 of esp_restore.
#[test]
fn thirteen_cycles_from_the_last_beat_to_the_first_when_decrypted() {
    let mut rng = Rng::new(11);
    for (sa, len) in [(1, 20), (1, 300), (2, 300)] {
        let mut rig = small(Stalls::default());
        rig.push(0, &plain(&mut rng, sa, 1, len));
        let out = rig.finish();
        assert_eq!(out[0][0].first_cycle, rig.lanes[0].source.sent()[0].1 + 13);
        let beats = out[0][0].data.len().div_ceil(64) as u64;
        assert_eq!(out[0][0].last_cycle, out[0][0].first_cycle + beats - 1);
    }
    let mut rig = small(Stalls::default());
    rig.push(0, &bypass(&mut rng, 100));
    let out = rig.finish();
    assert_eq!(out[0][0].first_cycle, rig.lanes[0].source.sent()[0].1 + 11);
}

#[test]
fn largest_packets_pass_a_blocked_output_without_deadlock() {
    let mut rng = Rng::new(12);
    let mut rig = small(Stalls { sink: 100, ..Stalls::default() });
    (1..=12).for_each(|seq| rig.push(0, &plain(&mut rng, [1, 2][seq as usize % 2], seq, 9216 - 20 - 40)));
    rig.run(3000);
    assert_eq!(rig.lanes[0].sink.count(), 0);
    rig.lanes.iter_mut().for_each(|l| l.sink.set_stalls(0));
    rig.finish();
}

#[test]
fn tables_of_others_are_left_alone() {
    let mut rig = small(Stalls::default());
    let bus = TableBus::new(&rig.bench);
    assert!(bus.is_silent(&mut rig.bench, &mut [], Table::SaIn.code(), 1));
    assert!(bus.is_silent(&mut rig.bench, &mut [], Table::SaOut.code(), 1));
}

/// Random packets with every kind of fault, of few SAs, so that packets of one SA follow each other directly.
pub(crate) fn random_job(rng: &mut Rng, tops: &mut [u64; 16]) -> Job {
    let mut len = rng.range(1, 300) as usize;
    if rng.chance(20) {
        len = 64 * rng.range(1, 4) as usize + rng.below(9) as usize - 4;
    }
    if rng.chance(25) {
        return bypass(rng, len);
    }
    // 15 is not installed.
    let sa = [0, 1, 2, 2, 3, 7, 8, 9, 15][rng.below(9) as usize];
    let top = &mut tops[usize::from(sa)];
    let seq = match rng.below(12) {
        0..=5 => *top + rng.range(1, 3),
        6 => *top + rng.below(200),
        7 => (*top).saturating_sub(rng.below(40)),
        8 => (*top).saturating_sub(rng.below(1100)),
        9 if rng.chance(20) => *top + rng.below(3000),
        _ => (*top).saturating_sub(rng.below(3)),
    };
    *top = seq.max(*top);
    let pad = if rng.chance(30) { rng.below(256) as usize } else { rng.below(4) as usize };
    let version = [4, 6][rng.below(2) as usize];
    let fits = if version == 4 { 4 } else { 41 };
    let next_header = [fits, fits, fits, fits, fits, fits, fits, 59, 41, 6][rng.below(10) as usize];
    let icv_len = [8, 12, 16, 16][rng.below(4) as usize];
    let gen = if rng.chance(3) { 2 } else { 1 };
    let inner_len = if rng.chance(6) { rng.below(3) as usize } else { len };
    let ecn = rng.below(4) as u8;
    let inner = inner_packet(rng, version, ecn, inner_len);
    let mut job = esp(rng, Esp { sa, gen, seq, pad, next_header, icv_len }, &inner);
    let (ipv6, ecn) = (rng.chance(50), rng.below(4) as u8);
    job.meta.parsed = outer(rng, ipv6, ecn);
    let end = job.data.len() - usize::from(icv_len);
    match rng.below(20) {
        0 => job.tag[rng.below(icv_len.into()) as usize] ^= 1 << rng.below(8),
        1 => job.data[end - 2] = rng.next_u64() as u8,
        2 if pad > 0 => job.data[end - 3 - rng.below(pad as u64) as usize] ^= 1 << rng.below(8),
        _ => {}
    }
    assert_eq!(job.meta.op, Op::Decrypt.code());
    job
}
