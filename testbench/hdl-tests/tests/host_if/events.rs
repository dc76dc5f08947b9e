// SPDX-License-Identifier: Apache-2.0
//! Events: rate limit, losses, what they tell.

use super::*;

/// One drop of a frame that arrives in the same cycle, so that nothing stays in flight.
fn drop_once(rig: &mut HostRig<Pipe>, site: usize, record: &DropRecord) {
    let sites = ["rx0", "rx1", "classify", "commit", "forward", "qos", "encap"];
    rig.bench.set_bytes(format!("drop_{}_i", sites[site]).as_str(), &record.to_bytes());
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
        drop_once(&mut rig, 3, &record);
    }
    let event = next_event(&mut rig);
    assert_eq!(
        (event.kind, event.reason, event.stage),
        (EventKind::Drop.code(), record.reason, record.stage)
    );
    assert_eq!((event.len, event.vrf, event.sa, event.spi, event.addr), (120, 7, 3, 0x1234_5678, 1 << 40));
    assert_eq!((event.data, event.lost), ([0x42; 64], 0));
    rig.run(1000);
    drop_once(&mut rig, 3, &record);
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
    let record = |sa, reason: DropReason| DropRecord {
        reason: reason.code(),
        stage: Stage::Encap.code(),
        sa,
        ..DropRecord::default()
    };
    for _ in 0..5 {
        drop_once(&mut rig, 6, &record(1, DropReason::SaOutInvalid));
        rig.run(10);
    }
    drop_once(&mut rig, 6, &record(2, DropReason::SaOutInvalid));
    rig.run(10);
    drop_once(&mut rig, 6, &record(3, DropReason::SeqExhausted));
    // Another SA in between does not make the first one new again.
    for sa in [1, 2, 1, 2] {
        drop_once(&mut rig, 6, &record(sa, DropReason::SaOutInvalid));
        rig.run(10);
    }
    rig.run(1000);
    drop_once(&mut rig, 6, &record(2, DropReason::SaOutInvalid));
    let want = [
        (EventKind::Acquire, 1, 0),
        (EventKind::Acquire, 2, 4),
        (EventKind::SeqExhausted, 3, 0),
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
        drop_once(&mut rig, 4, &record);
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
