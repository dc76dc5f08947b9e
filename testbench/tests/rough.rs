// SPDX-License-Identifier: Apache-2.0
//! Rough treatment: garbage on the ports, more traffic than fits, a host that does not listen, SAs that change
//! under traffic. The card drops and counts, loses nothing silently, and works afterwards.

use headend_regs::{reg, DropReason, HostReason};
use headend_sim::card::AxisBeat;
use headend_testbench::harness::{program, Dut, Output, SimulatedCard};
use headend_testbench::model::{
    Action, Adjacency, Counters, HostDestination, Interface, Limits, Link, Prefix, Route, SaIn, Tables,
};
use headend_testbench::packet::{
    dissect, ethernet, mac, EspKey, EspPayload, Ipv4, ETHERTYPE_IPV4, PROTO_ESP, PROTO_UDP,
};
use headend_testbench::traffic::{Random, Stimulus};
use rand::{RngExt, SeedableRng};

const OURS: u64 = 0x0200_0000_0001;
const GATEWAY: u32 = 0xc000_0201;
const LOCAL: u32 = 0x1400_0001;
const REMOTE: u32 = 0x0a02_0007;

fn key(byte: u8) -> EspKey {
    EspKey { key: vec![byte; 16], salt: [byte; 4], icv_len: 16, esn: false }
}

/// Both ports in VRF 0: 10.0.0.0/8 leaves on port 0, 20.0.0.1 is the host's. SA 3 leads into VRF 0.
fn tables(sa_key: EspKey) -> Tables {
    let mut t = Tables::default();
    for port in 0..2 {
        t.interfaces.insert(port, Interface { vrf: 0, mac: mac(OURS), mpls: false });
    }
    let link = Link { port: 0, dmac: mac(9), smac: mac(OURS) };
    t.adjacencies.insert(1, Adjacency { mtu: 9000, action: Action::Ip(link) });
    t.adjacencies.insert(2, Adjacency { mtu: 9000, action: Action::Host });
    t.routes.push(Route { vrf: 0, prefix: Prefix { addr: 0x0a00_0000, len: 8 }, adj: 1 });
    t.routes.push(Route { vrf: 0, prefix: Prefix { addr: LOCAL, len: 32 }, adj: 2 });
    let sa = SaIn { window: 1024, ..SaIn::tunnel(7, GATEWAY, sa_key) };
    t.sas_in.insert(3, sa);
    t
}

fn card() -> SimulatedCard {
    let mut card = SimulatedCard::new().expect("the simulated card starts");
    card.program(&tables(key(1))).expect("the tables fit");
    card
}

/// A UDP packet to `dst` that carries `number` in its last four bytes.
fn numbered(dst: u32, number: u32, size: usize) -> Vec<u8> {
    let mut payload = vec![0; size - 20];
    let at = payload.len() - 4;
    payload[at..].copy_from_slice(&number.to_be_bytes());
    Ipv4::new(0x0b00_0001, dst, PROTO_UDP).build(&payload)
}

fn frame(ip: &[u8]) -> Vec<u8> {
    ethernet(mac(OURS), mac(3), ETHERTYPE_IPV4, ip)
}

/// The number in the packet that a frame carries.
fn number(bytes: &[u8]) -> u32 {
    let payload = dissect(bytes).and_then(|d| d.ip).expect("an IP packet").payload;
    u32::from_be_bytes(payload[payload.len() - 4..].try_into().expect("four bytes"))
}

fn drops(counters: &Counters, reason: DropReason) -> u64 {
    counters.drops.get(&reason.code()).copied().unwrap_or(0)
}

/// All counted drops have one of these reasons, and every packet is accounted for.
fn check_account(counters: &Counters, reasons: &[DropReason]) {
    let known: u64 = reasons.iter().map(|r| drops(counters, *r)).sum();
    assert_eq!(counters.drops.values().sum::<u64>(), known, "{counters:?}");
    assert_eq!(counters.unaccounted(), 0, "{counters:?}");
}

/// A packet still passes from each port to port 0 and to the host.
fn check_alive(card: &mut SimulatedCard) {
    for port in 0..2 {
        for dst in [REMOTE, LOCAL] {
            let bytes = frame(&numbered(dst, 77, 100));
            card.offer(&Stimulus::Frame { port, bytes, bad: false }).expect("the card takes it");
            let outputs = card.drain().expect("the card comes to rest");
            assert_eq!(outputs.len(), 1, "one packet in, one out");
            match &outputs[0] {
                Output::Frame { port: 0, bytes } if dst == REMOTE => assert_eq!(number(bytes), 77),
                Output::Host(d) if dst == LOCAL => assert_eq!(d.reason, HostReason::LocalAddress),
                other => panic!("{other:?}"),
            }
        }
    }
}

#[test]
fn garbage_on_the_ports_is_dropped_whole_and_the_card_goes_on() {
    let mut random = Random::seed_from_u64(1);
    let mut card = card();
    let mut frames = 0;
    for round in 0..300 {
        let beats = if round % 50 == 0 { 400 } else { random.random_range(1..12) };
        let mut burst: Vec<AxisBeat> = (0..beats)
            .map(|_| {
                let keep = if random.random() { u64::MAX } else { random.random() };
                AxisBeat { data: [random.random(); 64], keep, last: false, error: random.random() }
            })
            .collect();
        burst[beats - 1].last = true;
        // Whatever the rest was, the last beat says that the frame is bad.
        burst[beats - 1].error = true;
        card.sim().push_beats(round % 2, burst);
        frames += 1;
    }
    assert!(card.drain().expect("the card comes to rest").is_empty(), "garbage came out");
    let counters = card.counters().expect("counters");
    assert_eq!(drops(&counters, DropReason::RxError), frames);
    check_account(&counters, &[DropReason::RxError]);
    check_alive(&mut card);
}

#[test]
fn overload_drops_at_the_tail_in_order_and_is_counted() {
    let mut card = card();
    let per_port = 1500u32;
    {
        let mut sim = card.sim();
        for n in 0..per_port {
            for port in 0..2 {
                // Both ports at bus speed towards port 0: twice what it can send.
                sim.push_frame(port, &frame(&numbered(REMOTE, n, 60 + (n as usize % 5) * 200)));
            }
        }
    }
    let outputs = card.drain().expect("the card comes to rest");
    let numbers: Vec<u32> = outputs
        .iter()
        .map(|output| match output {
            Output::Frame { port: 0, bytes } => number(bytes),
            other => panic!("{other:?}"),
        })
        .collect();
    let counters = card.counters().expect("counters");
    let reasons = [DropReason::RxOverflow, DropReason::QueueFullPort0];
    check_account(&counters, &reasons);
    assert!(reasons.iter().any(|r| drops(&counters, *r) > 0), "nothing overflowed: {counters:?}");
    assert!(numbers.len() as u32 > per_port / 2, "only {} frames passed", numbers.len());
    // Two rising sequences, interleaved: taking the larger of both heads must never fail.
    let mut heads = [-1i64; 2];
    for n in numbers {
        heads.sort_unstable();
        let head = heads.iter().rposition(|h| *h < i64::from(n));
        heads[head.unwrap_or_else(|| panic!("frame {n} came after {heads:?}"))] = n.into();
    }
    check_alive(&mut card);
}

#[test]
fn a_host_that_does_not_listen_costs_only_its_own_packets() {
    let mut card = card();
    let for_host = 900u32;
    let for_port = 300u32;
    for n in 0..for_host + for_port {
        // Every fourth packet is not for the host.
        let dst = if n % 4 == 3 { REMOTE } else { LOCAL };
        card.sim().push_frame(0, &frame(&numbered(dst, n, 60)));
        if n % 50 == 49 {
            // The simulation runs, but nobody takes completions.
            card.sim().run(5_000);
        }
    }
    let outputs = card.drain().expect("the card comes to rest");
    let sent = outputs.iter().filter(|o| matches!(o, Output::Frame { .. })).count();
    let delivered = outputs.len() - sent;
    assert_eq!(sent as u32, for_port, "traffic between ports suffered");
    let counters = card.counters().expect("counters");
    check_account(&counters, &[DropReason::QueueFullHost]);
    assert_eq!(drops(&counters, DropReason::QueueFullHost) + delivered as u64, u64::from(for_host));
    assert!(drops(&counters, DropReason::QueueFullHost) > 0, "the host's queue never filled");
    check_alive(&mut card);
}

#[test]
fn an_sa_replaced_under_traffic_lets_out_nothing_wrong() {
    let sealed = |k: u8, seq: u32| {
        let inner = numbered(REMOTE, seq, 200 + (seq as usize % 7) * 100);
        let esp = key(k).seal(7, seq.into(), u64::from(seq).to_be_bytes(), &EspPayload::new(&inner, 4));
        frame(&Ipv4::new(5, GATEWAY, PROTO_ESP).build(&esp))
    };
    let mut card = card();
    let (mut passed, mut lost) = (0u64, 0u64);
    for round in 0..5u8 {
        // Packets under the present key are in flight while the SA gets the next one.
        let burst = 500;
        let before = card.counters().expect("counters");
        for seq in 1..=burst {
            card.sim().push_frame(0, &sealed(1 + round, seq));
        }
        card.sim().run(40 + 600 * u64::from(round));
        program(card.driver(), &tables(key(2 + round))).expect("the card takes the new key");
        let outputs = card.drain().expect("the card comes to rest");
        for (n, output) in outputs.iter().enumerate() {
            let Output::Frame { port: 0, bytes } = output else { panic!("{output:?}") };
            // A whole packet of this round, and none missing in between: old key first, then drops.
            assert_eq!(number(bytes), n as u32 + 1);
        }
        let after = card.counters().expect("counters");
        let reasons = [DropReason::SaChanged, DropReason::IcvMismatch, DropReason::SelectorMismatch];
        check_account(&after, &reasons);
        let new: u64 = reasons.iter().map(|r| drops(&after, *r) - drops(&before, *r)).sum();
        assert_eq!(outputs.len() as u64 + new, u64::from(burst));
        passed += outputs.len() as u64;
        lost += new;
    }
    assert!(passed > 0 && lost > 0, "{passed} passed, {lost} dropped: the change never met traffic");
    check_alive(&mut card);
}

#[test]
fn limits_are_told_once_although_the_event_ring_was_full() {
    let mut t = tables(key(1));
    let limits = Limits { soft_packets: Some(3), hard_packets: Some(6), ..Limits::default() };
    t.sas_in.get_mut(&3).expect("installed").limits = limits;
    let mut card = SimulatedCard::new().expect("the simulated card starts");
    card.program(&t).expect("the tables fit");
    card.driver().registers().write(reg::EVENT_INTERVAL, 1).expect("a register");
    // Far more drops than the ring has entries, and nobody takes the events.
    for n in 0..600 {
        card.sim().push_frame(n % 2, &ethernet(mac(OURS ^ 0xff), mac(3), ETHERTYPE_IPV4, &[0; 50]));
    }
    card.sim().run(20_000);
    for seq in 1..=10u32 {
        let esp = key(1).seal(7, seq.into(), [9; 8], &EspPayload::new(&numbered(REMOTE, seq, 60), 4));
        card.sim().push_frame(0, &frame(&Ipv4::new(5, GATEWAY, PROTO_ESP).build(&esp)));
        card.sim().run(500);
    }
    assert!(card.take_events().is_empty());
    assert_eq!(card.drain().expect("the card comes to rest").len(), 6);
    let told: Vec<_> = card.take_events().iter().map(|e| (e.sa, e.hard, e.limit, e.seq)).collect();
    assert_eq!(told, [(3, false, 0, 3), (3, true, 0, 6)]);
    let counters = card.counters().expect("counters");
    assert_eq!(drops(&counters, DropReason::SaInExpired), 4);
    check_account(&counters, &[DropReason::SaInExpired, DropReason::MacNotOurs]);
    check_alive(&mut card);
}

#[test]
fn a_disabled_card_hears_and_says_nothing() {
    let mut card = card();
    card.driver().set_enabled(false).expect("the card obeys");
    for port in 0..2 {
        card.sim().push_frame(port, &frame(&numbered(REMOTE, 1, 100)));
    }
    assert!(card.drain().expect("the card comes to rest").is_empty());
    let counters = card.counters().expect("counters");
    assert_eq!(counters, Counters::default());
    // What the host hands over meanwhile waits, and leaves when the card may speak again.
    let bytes = frame(&numbered(REMOTE, 5, 100));
    card.offer(&Stimulus::Host { destination: HostDestination::Port(1), bytes }).expect("the ring takes it");
    assert!(card.drain().expect("the card comes to rest").is_empty());
    card.driver().set_enabled(true).expect("the card obeys");
    let outputs = card.drain().expect("the card comes to rest");
    assert!(matches!(&outputs[..], [Output::Frame { port: 1, bytes }] if number(bytes) == 5), "{outputs:?}");
    check_alive(&mut card);
}
