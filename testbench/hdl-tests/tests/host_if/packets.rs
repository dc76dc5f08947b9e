// SPDX-License-Identifier: Apache-2.0
//! Packets to and from the host, and the clock that may stop.

use super::*;

/// Random packets out of the tx ring, with bad descriptors and refused buffers among them.
#[test]
fn tx_gives_whole_packets_or_none() {
    let mut rig = rig(7, 4_000_000);
    slow(&mut rig);
    rig.enable(Ring::Tx0, 4, 4);
    let poison = BUFFERS + 0x100_0000;
    rig.memory.poison(poison..poison + 64);
    let mut rng = Rng::new(7);
    let mut sent = Vec::new();
    let (mut bad, mut refused) = (0, 0);
    for cookie in 0..300u32 {
        let longest = if rng.chance(10) { 9216 } else { 300 };
        let mut desc = TxDesc {
            addr: BUFFERS + rng.below(1000) * 64,
            len: rng.range(20, longest) as u32,
            cookie,
            dest: rng.below(3) as u8,
            vrf: rng.below(256) as u16,
        };
        let data = rng.bytes(desc.len as usize);
        rig.memory.write(desc.addr, &data);
        let want = match rng.below(8) {
            0 => {
                match rng.below(5) {
                    0 => desc.addr += 1 + rng.below(63),
                    1 => desc.len = 13,
                    2 => desc.len = 9217 + rng.below(1 << 30) as u32,
                    3 => desc.dest = 3,
                    _ => (desc.dest, desc.vrf) = (TxDest::Route.code(), 256),
                }
                bad += 1;
                IoStatus::BadDescriptor
            }
            1 => {
                let before = rng.below(u64::from(desc.len.div_ceil(64)));
                desc.addr = poison - 64 * before;
                refused += 1;
                IoStatus::DmaError
            }
            _ => {
                sent.push((desc, data));
                IoStatus::Ok
            }
        };
        rig.post(Ring::Tx0, &desc.to_bytes());
        rig.ring_doorbell(Ring::Tx0);
        let completion = TxCompletion::from_bytes(&rig.wait(Ring::Tx0)).expect("64 bytes");
        assert_eq!((completion.cookie, completion.status), (cookie, want.code()), "{desc:?}");
        rig.consumed(Ring::Tx0);
    }
    rig.run(2_000);
    assert_eq!(rig.extra.from_host.count(), sent.len());
    for (desc, data) in sent {
        let got = rig.extra.from_host.pop().expect("counted");
        assert!(got.data == data, "{} bytes for {desc:?}", got.data.len());
        let meta = Meta::from_bytes(&got.sides[0]).expect("width of meta");
        assert_eq!((meta.ingress, meta.len, meta.sa_in), (Ingress::Host.code(), desc.len as u16, 0xffff));
        if desc.dest == TxDest::Route.code() {
            assert_eq!((meta.op, meta.starts_l3, meta.vrf), (Op::Forward.code(), true, desc.vrf));
        } else {
            assert_eq!((meta.op, meta.starts_l3, meta.egress), (Op::Direct.code(), false, desc.dest));
        }
    }
    assert_eq!(drops(&mut rig, DropReason::TxBadDescriptor), bad);
    assert_eq!(drops(&mut rig, DropReason::TxDmaError), refused);
    assert_eq!(rig.counter(reg::HOST_TX_FRAMES), 300);
    assert_eq!(u64::from(rig.read(reg::DMA_ERRORS)), rig.memory.refused);
}

#[test]
fn tx_waits_while_the_ports_are_disabled() {
    let mut rig = rig(8, 100_000);
    rig.write(reg::CONTROL, 0);
    rig.enable(Ring::Tx0, 3, 3);
    rig.post(Ring::Tx0, &TxDesc { addr: BUFFERS, len: 64, ..TxDesc::default() }.to_bytes());
    rig.ring_doorbell(Ring::Tx0);
    rig.run(500);
    assert_eq!((rig.extra.from_host.count(), rig.bench.get("busy_o")), (0, 0));
    rig.write(reg::CONTROL, 1);
    rig.wait(Ring::Tx0);
    rig.run(50);
    assert_eq!(rig.extra.from_host.count(), 1);
}

/// Random packets into random buffers: fitting, too small, refused, and with bad descriptors between.
#[test]
fn rx_gives_each_packet_one_buffer() {
    let mut rig = rig(9, 4_000_000);
    slow(&mut rig);
    rig.enable(Ring::Rx0, 3, 4);
    let poison = BUFFERS + 0x800_0000;
    rig.memory.poison(poison..poison + 64);
    let mut rng = Rng::new(9);
    let (mut small, mut refused, mut delivered) = (0, 0, 0);
    for cookie in 0..300u32 {
        let longest = if rng.chance(10) { 9216 } else { 300 };
        let data = rng.bytes(rng.clone().range(1, longest) as usize);
        let beats = data.len().div_ceil(64) as u64;
        let reason = rng.range(1, 12) as u8;
        rig.extra.to_host.push(host_packet(&data, reason));
        let mut addr = BUFFERS + u64::from(cookie) * 0x4000 + rng.below(64) * 64;
        let mut len = (beats as u32 + rng.below(3) as u32) * 64;
        if rng.chance(10) {
            let (bad_addr, bad_len) = if rng.chance(50) { (addr + 4, len) } else { (addr, len + 8) };
            post_buffer(&mut rig, bad_addr, bad_len, !cookie);
            rig.ring_doorbell(Ring::Rx0);
            let completion = RxCompletion::from_bytes(&rig.wait(Ring::Rx0)).expect("64 bytes");
            assert_eq!((completion.cookie, completion.status), (!cookie, IoStatus::BadDescriptor.code()));
        }
        let want = match rng.below(8) {
            0 if beats > 1 => {
                len = 64 * rng.range(1, beats - 1) as u32;
                small += 1;
                IoStatus::TooSmall
            }
            1 => {
                addr = poison - 64 * rng.below(beats);
                refused += 1;
                IoStatus::DmaError
            }
            _ => {
                delivered += 1;
                IoStatus::Ok
            }
        };
        post_buffer(&mut rig, addr, len, cookie);
        rig.ring_doorbell(Ring::Rx0);
        let completion = RxCompletion::from_bytes(&rig.wait(Ring::Rx0)).expect("64 bytes");
        assert_eq!((completion.cookie, completion.status), (cookie, want.code()));
        assert_eq!((usize::from(completion.len), completion.reason, completion.vrf), (data.len(), reason, 9));
        assert_eq!(
            (completion.intf, completion.ingress, completion.sa, completion.cycle),
            (1, 1, 0xffff, 77)
        );
        if want == IoStatus::Ok {
            let mut padded = data;
            padded.resize(beats as usize * 64, 0);
            assert!(rig.memory.read(addr, padded.len()) == padded);
        }
        if want == IoStatus::TooSmall {
            assert!(rig.memory.read(addr, len as usize + 64).iter().all(|b| *b == 0), "nothing was written");
        }
        rig.consumed(Ring::Rx0);
    }
    assert_eq!(drops(&mut rig, DropReason::RxBufferTooSmall), small);
    assert_eq!(drops(&mut rig, DropReason::RxDmaError), refused);
    assert_eq!(rig.counter(reg::HOST_RX_FRAMES), delivered);
    let reasons: u64 = (0..32).map(|n| rig.counter(reg::HOST_REASON_COUNT + 8 * n)).sum();
    assert_eq!(reasons, delivered);
    assert_eq!(rig.counter(reg::STAGE_IN + 8 * u64::from(Stage::HostRx.code())), 300);
}

#[test]
fn without_buffers_packets_wait_and_the_clock_may_stop() {
    let mut rig = rig(10, 200_000);
    rig.enable(Ring::Rx0, 3, 3);
    rig.bench.set("rx_frame_i", 1);
    rig.step();
    rig.bench.set("rx_frame_i", 0);
    let free = rig.bench.get("free_o");
    rig.extra.to_host.push(host_packet(&[1; 100], 1));
    rig.run(1_000);
    assert_eq!(rig.bench.get("free_o"), free - 2);
    assert_eq!(rig.bench.get("busy_o"), 1, "in flight");
    rig.run(2_000);
    assert_eq!(rig.bench.get("busy_o"), 0, "only the host can go on");
    post_buffer(&mut rig, BUFFERS, 128, 1);
    rig.ring_doorbell(Ring::Rx0);
    rig.wait(Ring::Rx0);
    rig.run(200);
    assert_eq!((rig.bench.get("free_o"), rig.bench.get("busy_o")), (free, 0));
    assert_eq!(rig.indices(Ring::Rx0), (1, 1));
    assert_eq!(rig.interrupts[2], 1);
}

/// With nothing to do the module says so, and keeps still.
#[test]
fn idle_means_that_nothing_moves() {
    let mut rig = rig(28, 400_000);
    slow(&mut rig);
    rig.enable(Ring::Cmd, 3, 3);
    rig.enable(Ring::Tx0, 3, 3);
    let mut rng = Rng::new(28);
    for n in 0..60 {
        rig.post(Ring::Cmd, &command(CmdOp::Read.code(), Table::Label.code(), n).to_bytes());
        rig.ring_doorbell(Ring::Cmd);
        rig.run(rng.below(100));
        rig.post(Ring::Tx0, &TxDesc { addr: BUFFERS, len: 700, ..TxDesc::default() }.to_bytes());
        rig.ring_doorbell(Ring::Tx0);
        packet_sent(&mut rig);
        rig.run_until("idle", 5_000, |rig| rig.bench.get("busy_o") == 0);
        let before = (rig.memory.bursts, rig.interrupts, rig.extra.from_host.count());
        assert_eq!(before.2, n as usize + 1);
        assert!(rig.take(Ring::Cmd).is_some() && rig.take(Ring::Tx0).is_some());
        rig.run(200);
        assert_eq!((rig.memory.bursts, rig.interrupts, rig.extra.from_host.count()), before);
        rig.consumed(Ring::Cmd);
        rig.consumed(Ring::Tx0);
    }
}
