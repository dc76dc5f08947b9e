// SPDX-License-Identifier: Apache-2.0
//! Refused accesses, bad doorbells, hung hosts, rings stopped at any moment.

use super::*;

#[test]
fn a_refused_ring_access_stops_only_that_ring() {
    for (refuse, want) in [(0, RingError::SqRead), (1, RingError::CqWrite), (2, RingError::IndexWrite)] {
        let mut rig = rig(11 + refuse, 200_000);
        rig.enable(Ring::Cmd, 3, 3);
        rig.enable(Ring::Tx0, 3, 3);
        rig.enable(Ring::Event, 0, 4);
        let addr = [rig.sq_addr(Ring::Tx0, 0), rig.cq_addr(Ring::Tx0, 0), rig.index_addr(Ring::Tx0)]
            [refuse as usize];
        rig.memory.poison(addr..addr + 64);
        rig.post(Ring::Tx0, &TxDesc { addr: BUFFERS, len: 64, ..TxDesc::default() }.to_bytes());
        rig.ring_doorbell(Ring::Tx0);
        let event = EventEntry::from_bytes(&rig.wait(Ring::Event)).expect("128 bytes");
        assert_eq!(
            (event.kind, event.info, event.addr),
            (EventKind::DmaError.code(), Ring::Tx0 as u32, addr)
        );
        rig.run(20);
        assert_eq!(status(&mut rig, Ring::Tx0), (false, u32::from(want.code())));
        assert_eq!(rig.read(reg::DMA_ERRORS), 1);
        assert_eq!(rig.command(&command(CmdOp::Nop.code(), 0, 0)).status, 0, "other rings go on");
        if want != RingError::SqRead {
            packet_sent(&mut rig);
        }
        rig.run(100);
        assert_eq!(rig.bench.get("busy_o"), 0);
        rig.memory.heal();
        rig.disable(Ring::Tx0);
        assert_eq!(status(&mut rig, Ring::Tx0), (false, 0));
        rig.enable(Ring::Tx0, 3, 3);
        rig.post(Ring::Tx0, &TxDesc { addr: BUFFERS, len: 64, cookie: 3, ..TxDesc::default() }.to_bytes());
        rig.ring_doorbell(Ring::Tx0);
        assert_eq!(TxCompletion::from_bytes(&rig.wait(Ring::Tx0)).expect("64 bytes").cookie, 3);
    }
}

#[test]
fn a_doorbell_beyond_the_ring_is_an_error() {
    for tail in [9, 0x8000_0000, u32::MAX] {
        let mut rig = rig(20, 100_000);
        rig.enable(Ring::Cmd, 3, 3);
        rig.write(reg::ring_sq_tail(0), tail);
        rig.run(20);
        assert_eq!(status(&mut rig, Ring::Cmd), (false, u32::from(RingError::BadTail.code())));
        assert_eq!(rig.memory.bursts, (0, 0), "nothing was read");
        rig.disable(Ring::Cmd);
        rig.enable(Ring::Cmd, 3, 3);
        rig.command(&command(CmdOp::Nop.code(), 0, 0));
    }
}

#[test]
fn a_ring_with_a_hung_host_stops_only_when_the_host_answers() {
    let mut rig = rig(21, 100_000);
    rig.enable(Ring::Cmd, 3, 3);
    rig.memory.freeze(true);
    rig.post(Ring::Cmd, &command(CmdOp::Nop.code(), 0, 0).to_bytes());
    rig.ring_doorbell(Ring::Cmd);
    rig.run(50);
    rig.write(reg::ring_control(0), 0);
    rig.run(500);
    assert_eq!(rig.read(reg::ring_control(0)) & 1, 1, "the read is still outstanding");
    assert!(status(&mut rig, Ring::Cmd).0);
    assert_eq!(rig.bench.get("busy_o"), 1);
    rig.write(reg::CONTROL, 3);
    rig.run(500);
    assert_eq!(rig.read(reg::CONTROL) & 2, 2, "soft reset waits too");
    rig.memory.freeze(false);
    rig.run(100);
    assert_eq!(rig.read(reg::ring_control(0)), 0);
    assert_eq!(rig.read(reg::CONTROL), 1);
    rig.enable(Ring::Cmd, 3, 3);
    rig.command(&command(CmdOp::Nop.code(), 0, 1));
}

/// Rings are stopped and started at random moments under load; every completion that comes is right, and
/// afterwards all rings work.
#[test]
fn rings_stop_cleanly_at_any_moment() {
    let mut rig = rig(22, 4_000_000);
    slow(&mut rig);
    let mut rng = Rng::new(22);
    for _ in 0..150 {
        rig.enable(Ring::Cmd, 3, 3);
        rig.enable(Ring::Tx0, 3, 3);
        rig.enable(Ring::Rx0, 3, 3);
        for n in 0..8u32 {
            rig.post(Ring::Cmd, &command(CmdOp::Read.code(), Table::Label.code(), n).to_bytes());
            rig.post(
                Ring::Tx0,
                &TxDesc { addr: BUFFERS, len: 200, cookie: n, ..TxDesc::default() }.to_bytes(),
            );
            post_buffer(&mut rig, BUFFERS + 0x10000, 256, n);
            rig.extra.to_host.push(host_packet(&[n as u8; 150], 1));
        }
        for ring in [Ring::Cmd, Ring::Tx0, Ring::Rx0] {
            rig.ring_doorbell(ring);
        }
        rig.run(rng.below(700));
        if rng.chance(30) {
            rig.write(reg::CONTROL, 3);
            while rig.read(reg::CONTROL) & 2 != 0 {}
        } else {
            for ring in [Ring::Rx0, Ring::Cmd, Ring::Tx0] {
                rig.disable(ring);
            }
        }
        assert!(rig.memory.is_idle() || rig.bench.get("busy_o") == 1);
        for ring in [Ring::Cmd, Ring::Tx0, Ring::Rx0] {
            assert_eq!(status(&mut rig, ring), (false, 0));
            while rig.take(ring).is_some() {}
        }
    }
    let (sent, delivered) = (rig.counter(reg::HOST_TX_FRAMES), rig.counter(reg::HOST_RX_FRAMES));
    rig.run(3_000);
    assert_eq!(rig.extra.from_host.count() as u64, sent, "every descriptor taken became a packet");
    assert!(delivered > 0 && sent > 0);
    assert_eq!(drops(&mut rig, DropReason::RxDmaError), 0);
}

/// What a ring under fire has posted and seen since it was last started.
#[derive(Default)]
struct Session {
    posted: u32,
    seen: u32,
}

/// All rings at once, random refusals anywhere in host memory: every completion is in order and right, a ring in
/// error works again after a restart, and the account of packets balances.
#[test]
fn rings_survive_refusals_anywhere() {
    let mut rig = rig(30, 4_000_000);
    slow(&mut rig);
    let mut rng = Rng::new(30);
    let rings = [Ring::Cmd, Ring::Rx0, Ring::Tx0];
    let mut sessions: [Session; 3] = Default::default();
    rings.iter().for_each(|ring| rig.enable(*ring, 3, 4));
    rig.enable(Ring::Event, 0, 5);
    let (mut errors, mut packets, mut completed) = (0, 0, 0);
    for _ in 0..1_500 {
        let which = rng.below(3) as usize;
        let (ring, n) = (rings[which], sessions[which].posted);
        if n - sessions[which].seen < 8 {
            match ring {
                Ring::Cmd => rig.post(ring, &command(CmdOp::Read.code(), Table::Label.code(), n).to_bytes()),
                Ring::Rx0 => post_buffer(&mut rig, BUFFERS + 0x10_0000 + 4096 * rng.below(64), 2048, n),
                _ => rig.post(
                    ring,
                    &TxDesc {
                        addr: BUFFERS + 4096 * rng.below(64),
                        len: 900,
                        cookie: n,
                        ..TxDesc::default()
                    }
                    .to_bytes(),
                ),
            }
            sessions[which].posted += 1;
            rig.ring_doorbell(ring);
        }
        if rng.chance(40) && packets < completed + 40 {
            rig.extra.to_host.push(host_packet(&rng.clone().bytes(700), 1));
            packets += 1;
        }
        if rng.chance(4) {
            let (ring, slot) = (rings[rng.below(3) as usize], rng.below(16) as u32);
            let at = match rng.below(5) {
                0 => rig.sq_addr(ring, slot),
                1 => rig.cq_addr(ring, slot),
                2 => rig.index_addr(ring),
                _ => BUFFERS + 4096 * rng.below(64) + 0x10_0000 * rng.below(2),
            };
            rig.memory.poison(at..at + 64);
        }
        rig.run(rng.below(60));
        for (ring, session) in rings.iter().zip(&mut sessions) {
            while let Some(entry) = rig.take(*ring) {
                let cookie = match ring {
                    Ring::Cmd => CmdCompletion::from_bytes(&entry).expect("256 bytes").index,
                    Ring::Rx0 => RxCompletion::from_bytes(&entry).expect("64 bytes").cookie,
                    _ => TxCompletion::from_bytes(&entry).expect("64 bytes").cookie,
                };
                assert_eq!(cookie, session.seen, "completions of {ring:?} in order");
                session.seen += 1;
                completed += 1;
            }
            rig.consumed(*ring);
            let (running, error) = status(&mut rig, *ring);
            if !running {
                assert_ne!(error, 0, "{ring:?} stopped without a reason");
                errors += 1;
                rig.memory.heal();
                rig.disable(*ring);
                while rig.take(*ring).is_some() {}
                *session = Session::default();
                rig.enable(*ring, 3, 4);
            }
        }
        while rig.take(Ring::Event).is_some() {}
        rig.consumed(Ring::Event);
    }
    assert!(errors > 10 && completed > 500, "{errors} errors, {completed} completions");
    assert_eq!(u64::from(rig.read(reg::DMA_ERRORS)), rig.memory.refused);
    rig.memory.heal();
    rig.run(5_000);
    let into = rig.counter(reg::HOST_TX_FRAMES);
    let lost = drops(&mut rig, DropReason::TxDmaError) + drops(&mut rig, DropReason::TxBadDescriptor);
    assert_eq!(rig.extra.from_host.count() as u64 + lost, into);
}
