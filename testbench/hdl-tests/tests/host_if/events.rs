// SPDX-License-Identifier: Apache-2.0
//! Events: rate limit, losses, what they tell.

use super::*;

/// One drop of a frame that arrives in the same cycle, so that nothing stays in flight.
fn drop_once(rig: &mut HostRig<Pipe>, stage: Stage, record: &DropRecord) {
    // Pipelines take turns.
    let pipe = rig.bench.cycles() as usize % param::NUM_PIPES;
    let site = 5 * pipe + usize::from(stage.code() - Stage::Classify.code());
    let mut records = vec![0; 5 * param::NUM_PIPES * DropRecord::BITS / 8];
    record.pack_into(&mut records, site * DropRecord::BITS);
    rig.bench.set_bytes("drop_i", &records);
    rig.bench.set("drop_valid_i", 1 << site);
    rig.bench.set("rx_frame_i", 1);
    rig.step();
    rig.bench.set("rx_frame_i", 0);
    rig.bench.set("drop_valid_i", 0);
}

fn next_event(rig: &mut HostRig<Pipe>) -> EventEntry {
    let event = EventEntry::from_bytes(&rig.wait(Ring::Event)).expect("128 bytes");
    rig.consumed(Ring::Event);
    event
}

#[test]
fn drop_events_are_rate_limited_and_the_rest_is_counted_as_lost() {
    let mut rig = rig(25, 100_000);
    rig.enable(Ring::Event, 0, 4);
    rig.write(reg::EVENT_INTERVAL, 1000);
    let record = DropRecord {
        reason: DropReason::IcvMismatch.code(),
        stage: Stage::Commit.code(),
        ingress: 1,
        len: 120,
        vrf: 7,
        sa: 3,
        spi: 0x1234_5678,
        seq: 1 << 40,
        data: [0x42; 64],
    };
    for _ in 0..5 {
        drop_once(&mut rig, Stage::Commit, &record);
    }
    let event = next_event(&mut rig);
    assert_eq!(
        (event.kind, event.reason, event.stage),
        (EventKind::Drop.code(), record.reason, record.stage)
    );
    assert_eq!((event.len, event.vrf, event.sa, event.spi, event.addr), (120, 7, 3, 0x1234_5678, 1 << 40));
    assert_eq!((event.data, event.lost), ([0x42; 64], 0));
    rig.run(1000);
    drop_once(&mut rig, Stage::Commit, &record);
    assert_eq!(next_event(&mut rig).lost, 4);
    assert_eq!(drops(&mut rig, DropReason::IcvMismatch), 6);
    rig.run(100);
    assert_eq!(rig.interrupts[1], 2);
}

#[test]
fn a_missing_outbound_sa_gives_one_acquire_per_sa() {
    let mut rig = rig(26, 100_000);
    rig.enable(Ring::Event, 0, 4);
    rig.write(reg::EVENT_INTERVAL, 1000);
    let record = |sa| DropRecord {
        reason: DropReason::SaOutInvalid.code(),
        stage: Stage::Encap.code(),
        sa,
        ..DropRecord::default()
    };
    for _ in 0..5 {
        drop_once(&mut rig, Stage::Encap, &record(1));
        rig.run(10);
    }
    drop_once(&mut rig, Stage::Encap, &record(2));
    rig.run(10);
    drop_once(&mut rig, Stage::Encap, &record(3));
    // Another SA in between does not make the first one new again.
    for sa in [1, 2, 1, 2] {
        drop_once(&mut rig, Stage::Encap, &record(sa));
        rig.run(10);
    }
    rig.run(1000);
    drop_once(&mut rig, Stage::Encap, &record(2));
    let want = [
        (EventKind::Acquire, 1, 0),
        (EventKind::Acquire, 2, 4),
        (EventKind::Acquire, 3, 0),
        (EventKind::Acquire, 2, 4),
    ];
    for (kind, sa, lost) in want {
        let event = next_event(&mut rig);
        assert_eq!((event.kind, event.sa, event.lost), (kind.code(), sa, lost));
    }
    rig.run(200);
    assert!(rig.take(Ring::Event).is_none(), "nothing more is told");
}

#[test]
fn a_full_event_ring_counts_what_it_loses_and_tells_links_later() {
    let mut rig = rig(27, 200_000);
    rig.write(reg::EVENT_INTERVAL, 0);
    let record = DropRecord { reason: DropReason::NoRoute.code(), ..DropRecord::default() };
    for _ in 0..40 {
        drop_once(&mut rig, Stage::Forward, &record);
        rig.run(5);
    }
    rig.bench.set("link_up_i", 3);
    rig.run(200);
    rig.bench.set("link_up_i", 1);
    rig.run(200);
    assert_eq!(rig.bench.get("busy_o"), 0, "the clock may stop with events that nobody takes");
    rig.enable(Ring::Event, 0, 2);
    let mut told = 0;
    let link = loop {
        let event = next_event(&mut rig);
        told += 1 + u64::from(event.lost);
        if event.kind == EventKind::Link.code() {
            break event;
        }
    };
    assert_eq!((told - 1, link.info), (40, 1 << 8), "port 0 up; port 1 came and went unseen");
}

#[test]
fn a_limit_waits_for_room_and_is_told_with_all_it_says() {
    let mut rig = rig(28, 200_000);
    let limit = |n: u64| SaEvent {
        hard: n.is_multiple_of(3),
        out: n % 2 == 1,
        limit: SaLimit::Bytes.code(),
        sa: n as u16,
        spi: 0x8000_0000 + n as u32,
        seq: n << 32,
    };
    let mut taken = 0;
    let offer = |rig: &mut HostRig<Pipe>, taken: &mut u64| {
        let event = limit(*taken);
        let dir = usize::from(event.out);
        let mut bytes = vec![0; (2 * SaEvent::BITS).div_ceil(8)];
        event.pack_into(&mut bytes, dir * SaEvent::BITS);
        rig.bench.set_bytes("sa_evt_i", &bytes);
        rig.bench.set("sa_evt_valid_i", 1 << dir);
        rig.bench.settle();
        *taken += rig.bench.get("sa_evt_ready_o") >> dir & 1;
        rig.step();
        rig.bench.set("sa_evt_valid_i", 0);
    };
    (0..100).for_each(|_| offer(&mut rig, &mut taken));
    assert!((8..40).contains(&taken), "{taken} taken while the ring was off");
    rig.enable(Ring::Event, 0, 6);
    while taken < 40 {
        offer(&mut rig, &mut taken);
    }
    for n in 0..taken {
        let (event, want) = (next_event(&mut rig), limit(n));
        let kind = if want.hard { EventKind::SaHard } else { EventKind::SaSoft };
        let info = u32::from(want.out) | u32::from(want.limit) << 1;
        assert_eq!((event.kind, event.info, event.sa), (kind.code(), info, want.sa), "limit {n}");
        assert_eq!((event.spi, event.addr, event.lost), (want.spi, want.seq, 0), "limit {n}");
    }
}
