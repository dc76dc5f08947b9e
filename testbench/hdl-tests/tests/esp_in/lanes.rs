// SPDX-License-Identifier: Apache-2.0
//! Both lanes at once: one order of all packets, whatever they do to each other's SAs.

use crate::checks::{random_job, tunnel};
use crate::model::{plain, Job};
use crate::rig::{Rig, Stalls};
use headend_hdl_tests::Rng;
use headend_regs::SaIn;

/// SAs of every kind for `random_job`.
fn install_all(rig: &mut Rig) {
    for sa in 0..15 {
        let window = [0, 32, 64, 1024][usize::from(sa) % 4];
        let mut record = SaIn { ivrf: 100 + sa, ..tunnel(window) };
        match sa {
            3 | 8 => record.tunnel = false,
            7 => record.no_ecn = true,
            9 => {
                (record.soft_packets, record.hard_packets) = (20, 50);
                (record.soft_bytes, record.hard_bytes) = (3000, 20_000);
            }
            _ => {}
        }
        rig.install(sa, record);
    }
}

#[test]
fn agree_with_the_model_on_random_packets_and_faults() {
    let stalls =
        [[0, 0, 0, 0], [30, 50, 30, 30], [0, 80, 0, 90], [0, 0, 70, 0], [60, 0, 0, 50], [0, 0, 0, 0]];
    for (seed, [source, tag, sink, event]) in (1..).zip(stalls) {
        let mut rng = Rng::new(seed);
        let mut rig = Rig::new(Stalls { source, tag, sink, event });
        install_all(&mut rig);
        // Both lanes draw from the same numbers. Some SAs live in the upper half of the 64-bit space.
        let mut tops = [0; 16];
        tops[2] = 0xffff_fff0;
        tops[3] = u64::MAX - 20_000;
        for i in 0..3000 {
            let job = random_job(&mut rng, &mut tops);
            rig.push(i & 1, &job);
            // The same packet again on the other lane, at about the same time.
            if rng.chance(10) {
                rig.push(1 - (i & 1), &job);
            }
        }
        let out = rig.finish();
        assert!(out.iter().all(|o| o.len() > 500), "enough good packets: {:?}", out.each_ref().map(Vec::len));
        assert!(!rig.raised().is_empty());
    }
}

/// Each lane sends one-beat packets of one SA in every cycle; the unit takes them in turn.
#[test]
fn share_one_sa_exactly_and_fairly() {
    let mut rng = Rng::new(21);
    let mut rig = Rig::new(Stalls::default());
    rig.install(1, tunnel(1024));
    let jobs: Vec<Job> = (1..=1500).map(|seq| plain(&mut rng, 1, seq, 22)).collect();
    // Both lanes send all of them, so each number is good once and a duplicate once.
    for job in &jobs {
        rig.push(0, job);
        rig.push(1, job);
    }
    rig.finish();
    let state = rig.state(1);
    assert_eq!((state.packets, state.replay_fail, state.seq_top), (1500, 1500, 1500));
    let cycles: Vec<Vec<u64>> =
        rig.lanes.iter().map(|l| l.taken.seen.iter().map(|(cycle, _)| *cycle).collect()).collect();
    // While both ask: each every other cycle, and one of them in every cycle.
    for i in 20..1400 {
        assert_eq!((cycles[0][i] - cycles[0][i - 1], cycles[1][i] - cycles[1][i - 1]), (2, 2), "request {i}");
        assert_eq!(cycles[0][i].abs_diff(cycles[1][i]), 1);
    }
}

/// A lane that has nothing to ask does not slow the other one.
#[test]
fn leave_the_unit_to_each_other() {
    let mut rng = Rng::new(22);
    for lane in [0, 1] {
        let mut rig = Rig::new(Stalls::default());
        rig.install(1, tunnel(64));
        (1..=300).for_each(|seq| rig.push(lane, &plain(&mut rng, 1, seq, 22)));
        rig.finish();
        let taken = &rig.lanes[lane].taken.seen;
        assert_eq!(taken[299].0 - taken[0].0, 299);
    }
}

/// Every distance and order of three numbers around the window's edges, back to back and with gaps of every kind.
#[test]
fn forward_the_window_between_neighbours() {
    let mut rng = Rng::new(23);
    for (n, stall) in [(0, 0), (1, 40), (2, 60)] {
        let mut rig = Rig::new(Stalls { tag: stall, ..Stalls::default() });
        let windows = [1, 2, 7, 32, 1023, 1024];
        (0..6).for_each(|sa| rig.install(sa, tunnel(windows[usize::from(sa)])));
        let mut tops = [3000_u64 << (12 * n); 6];
        for i in 0..2500 {
            // Runs of one SA, from either lane.
            let sa = if rng.chance(70) { (i / 40) % 6 } else { rng.below(6) };
            let (top, window) = (&mut tops[sa as usize], u64::from(windows[sa as usize]));
            let seq = match rng.below(8) {
                0..=1 => *top + 1,
                2 => *top + rng.range(1, 4),
                3 => *top + [1022, 1023, 1024, 1025, 2047, 2048][rng.below(6) as usize],
                4 => *top - (window - 1),
                5 => *top - window,
                6 => *top - rng.below(window),
                _ => *top,
            };
            *top = seq.max(*top);
            let job = plain(&mut rng, sa as u16, seq, 20);
            rig.push(rng.below(2) as usize, &job);
        }
        rig.finish();
    }
}

/// Numbers whose window would end past 2^64: none of them is old until the top is a window ahead.
#[test]
fn use_the_last_numbers_of_the_space() {
    let mut rng = Rng::new(25);
    let mut rig = Rig::new(Stalls::default());
    let windows = [1024, 33, 1];
    (0..3).for_each(|sa| rig.install(sa, tunnel(windows[usize::from(sa)])));
    for i in 0..900 {
        let sa = (i / 7) % 3;
        let seq = match rng.below(3) {
            0 => u64::MAX - rng.below(2000),
            1 => u64::MAX - 40 + rng.below(41),
            _ => u64::MAX - 900 + i,
        };
        let job = plain(&mut rng, sa as u16, seq, 20);
        rig.push(i as usize & 1, &job);
    }
    rig.finish();
    assert_eq!(rig.state(0).seq_top, u64::MAX);
    assert!(rig.state(0).packets > 150);
}

/// SAs are replaced all the time under full load; which packets met which SA is known to the cycle.
#[test]
fn meet_each_replaced_sa_from_the_same_packet_on() {
    let mut rng = Rng::new(24);
    let mut rig = Rig::new(Stalls::default());
    install_all(&mut rig);
    let mut tops = [0; 16];
    for i in 0..4000 {
        let job = random_job(&mut rng, &mut tops);
        rig.push(i & 1, &job);
    }
    while rig.lanes.iter().any(|l| !l.source.is_empty()) {
        let sa = [1, 2, 3, 7, 9][rng.below(5) as usize];
        let gen = if rng.chance(80) { 1 } else { 2 };
        let limits = SaIn { hard_packets: rng.below(30), soft_bytes: rng.below(5000), ..tunnel(1024) };
        rig.begin_install(sa, SaIn { gen, tunnel: rng.chance(80), ..limits });
        rig.run(7 + rng.below(40) as usize);
    }
    rig.finish();
}
