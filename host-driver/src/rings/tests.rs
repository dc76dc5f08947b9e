// SPDX-License-Identifier: Apache-2.0
//! The rings against a card in memory, honest and lying.

use std::time::{Duration, Instant};

use headend_regs::{
    Adj, CmdStatus, DropReason, EventEntry, EventKind, Intf, Ring, SaInState, Stage, Table, TxDest,
};

use super::{Command, RingSizes};
use crate::fake::{Fake, Fault};
use crate::{Card, Error, Options};

const SOON: Duration = Duration::from_millis(200);

fn options() -> Options {
    Options { rings: RingSizes { cmd: 3, event: 2, rx: 2, tx: 2 }, ..Options::default() }
}

fn open() -> (Fake, Card) {
    let fake = Fake::new();
    let card = fake.open(options());
    (fake, card)
}

fn misbehaves(error: &Error, expected: &str) {
    assert!(matches!(error, Error::Misbehaves { .. }) && error.to_string().contains(expected), "{error}");
}

#[test]
fn many_more_commands_than_the_ring_holds_are_carried_out_in_order() {
    let (_fake, mut card) = open();
    let intf = |n: u32| Intf { valid: true, vrf: n as u16, mac: u64::from(n) << 8, ..Default::default() };
    let writes: Vec<Command> = (0..100).map(|n| Command::write(n, &intf(n))).collect();
    card.run(&writes).unwrap();
    let indices: Vec<u32> = (0..100).collect();
    let read = card.read_many::<Intf>(&indices).unwrap();
    assert_eq!(read, indices.iter().map(|&n| intf(n)).collect::<Vec<_>>());
}

#[test]
fn refused_commands_name_the_table_and_the_ring_lives_on() {
    let (_fake, mut card) = open();
    let error = card.write(1_000_000, &Adj::default()).unwrap_err();
    assert!(matches!(error, Error::Command { status: CmdStatus::BadIndex, index: 1_000_000, .. }), "{error}");
    let error = card.write(0, &SaInState::default()).unwrap_err();
    assert!(error.to_string().contains("SaInState[0]"), "{error}");
    card.write(0, &Adj::default()).unwrap();
}

#[test]
fn a_lost_interrupt_costs_time_only() {
    let (fake, mut card) = open();
    fake.fault(Fault::NoInterrupt);
    card.write(0, &Adj::default()).unwrap();
    drop(card);
    let mut polled = fake.open(Options { interrupts: false, ..options() });
    polled.write(0, &Adj::default()).unwrap();
}

#[test]
fn a_lying_command_ring_is_an_error_and_restarts() {
    for (fault, expected) in [
        (Fault::Phase, "phase"),
        (Fault::Cookie, "cookie"),
        (Fault::SqHead, "sq_head"),
        (Fault::CqTail, "cq_tail"),
        (Fault::Code, "cmd_status has no code 99"),
    ] {
        let (fake, mut card) = open();
        fake.fault(fault);
        misbehaves(&card.write(0, &Adj::default()).unwrap_err(), expected);
        if fault != Fault::Code {
            assert!(matches!(card.write(0, &Adj::default()), Err(Error::RingDead(Ring::Cmd))));
        }
        fake.fault(None);
        card.restart_rings().unwrap();
        card.write(0, &Adj::default()).unwrap();
    }
}

#[test]
fn a_stopped_ring_gives_the_cards_reason() {
    let (fake, mut card) = open();
    fake.fault(Fault::Stop);
    let error = card.write(0, &Adj::default()).unwrap_err();
    assert!(error.to_string().contains("Reading a descriptor failed"), "{error}");
}

#[test]
fn packets_go_out_until_the_ring_is_full_and_completions_make_room() {
    let (fake, mut card) = open();
    fake.fault(Fault::Deaf);
    for _ in 0..4 {
        card.send(TxDest::Port1, 0, &[7; 60]).unwrap();
    }
    assert!(matches!(card.send(TxDest::Port1, 0, &[7; 60]), Err(Error::RingFull(Ring::Tx0))));
    assert!(card.sent(Duration::ZERO).unwrap().is_none());
    fake.fault(None);
    card.restart_rings().unwrap();
    for number in 0..50 {
        let frame = vec![number as u8; 14 + number];
        assert_eq!(card.send(TxDest::Port0, 0, &frame).unwrap(), number as u64);
        assert_eq!(card.sent(SOON).unwrap().unwrap().number, number as u64);
        assert_eq!(fake.state.lock().unwrap().sent.last(), Some(&(TxDest::Port0, frame)));
    }
}

#[test]
fn packets_of_impossible_length_are_not_sent() {
    let (_fake, mut card) = open();
    for (dest, len) in [(TxDest::Port0, 13), (TxDest::Port0, 9217), (TxDest::Route, 19)] {
        assert!(matches!(card.send(dest, 0, &vec![0; len]), Err(Error::Invalid(_))));
    }
    card.send(TxDest::Route, 0, &[0; 20]).unwrap();
}

#[test]
fn a_lying_transmit_ring_is_an_error() {
    let (fake, mut card) = open();
    fake.fault(Fault::Cookie);
    card.send(TxDest::Port0, 0, &[0; 60]).unwrap();
    misbehaves(&card.sent(SOON).unwrap_err(), "cookie");
}

#[test]
fn packets_for_the_host_arrive_and_buffers_are_posted_again() {
    let (fake, mut card) = open();
    assert!(card.receive(Duration::ZERO).unwrap().is_none());
    for number in 0..50u8 {
        assert!(fake.state.lock().unwrap().deliver(&[number; 100]));
        let packet = card.receive(SOON).unwrap().unwrap();
        assert_eq!((packet.data, packet.vrf, packet.sa), (vec![number; 100], 3, None));
    }
    let filled = (0..10).take_while(|_| fake.state.lock().unwrap().deliver(&[1; 64])).count();
    assert_eq!(filled, 4);
    for _ in 0..4 {
        assert!(card.receive(SOON).unwrap().is_some());
    }
}

#[test]
fn an_interrupt_wakes_the_receiver() {
    let (fake, mut card) = open();
    assert!(card.eventfd(Ring::Rx0).is_some());
    let state = fake.state.clone();
    let thread = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(50));
        state.lock().unwrap().deliver(&[5; 64]);
    });
    let start = Instant::now();
    assert!(card.receive(Duration::from_secs(5)).unwrap().is_some());
    assert!(start.elapsed() < Duration::from_secs(1));
    thread.join().unwrap();
}

#[test]
fn a_lying_receive_ring_is_an_error() {
    for (fault, expected) in [
        (Fault::Length, "packet of 60000 bytes"),
        (Fault::Cookie, "cookie"),
        (Fault::Phase, "phase"),
        (Fault::CqTail, "cq_tail"),
        (Fault::SqHead, "sq_head"),
        (Fault::Code, "host_reason has no code 200"),
    ] {
        let (fake, mut card) = open();
        // One buffer fewer at the card than posted, or cookie + 1 would name a buffer it does have.
        for _ in 0..3 {
            assert!(fake.state.lock().unwrap().deliver(&[0; 64]));
        }
        fake.fault(fault);
        assert!(fake.state.lock().unwrap().deliver(&[0; 64]));
        let error = loop {
            match card.receive(SOON) {
                Ok(Some(_)) => {}
                Ok(None) => panic!("{fault:?} went unnoticed"),
                Err(error) => break error,
            }
        };
        misbehaves(&error, expected);
    }
}

#[test]
fn events_are_decoded_and_the_ring_wraps() {
    let (fake, mut card) = open();
    for number in 0..20u32 {
        let entry = EventEntry {
            kind: EventKind::Drop.code(),
            reason: DropReason::NoRoute.code(),
            stage: Stage::Forward.code(),
            spi: number,
            ..Default::default()
        };
        fake.state.lock().unwrap().event(entry);
        let event = card.event(SOON).unwrap().unwrap();
        assert_eq!(
            (event.kind, event.reason, event.stage),
            (EventKind::Drop, Some(DropReason::NoRoute), Some(Stage::Forward))
        );
        assert_eq!(event.entry.spi, number);
    }
    assert!(card.event(Duration::ZERO).unwrap().is_none());
    fake.state.lock().unwrap().event(EventEntry { kind: 77, ..Default::default() });
    misbehaves(&card.event(SOON).unwrap_err(), "event_kind has no code 77");
}

#[test]
fn keys_do_not_stay_in_the_ring() {
    let (fake, mut card) = open();
    let mut sa = headend_regs::SaOut { valid: true, ..Default::default() };
    sa.gcm.key = [0xa5; 32];
    card.write(3, &sa).unwrap();
    assert!(!fake.state.lock().unwrap().memory_holds(&[0xa5; 8]));
    let stored = fake.state.lock().unwrap().tables[&(Table::SaOut.code(), 3)].clone();
    assert!(stored.windows(8).any(|window| window == [0xa5; 8]));
    let read: headend_regs::SaOut = card.read(3).unwrap();
    assert!(read.valid && read.gcm.key == [0; 32]);
}

#[test]
fn keys_do_not_stay_in_a_ring_that_was_given_up() {
    for fault in [Fault::Deaf, Fault::Phase, Fault::Cookie, Fault::SqHead, Fault::Stop] {
        let fake = Fake::new();
        let mut card = fake.open(Options { command_timeout: Duration::from_millis(5), ..options() });
        fake.fault(fault);
        let mut sa = headend_regs::SaOut { valid: true, ..Default::default() };
        sa.gcm.key = [0xa5; 32];
        card.write(3, &sa).unwrap_err();
        assert!(!fake.state.lock().unwrap().memory_holds(&[0xa5; 8]));
    }
}

#[test]
fn random_completions_and_indices_never_panic_or_hang() {
    let mut errors = 0;
    for seed in 0..300 {
        let fake = Fake::new();
        let mut card = fake.open(Options { command_timeout: Duration::from_millis(5), ..options() });
        fake.fault(Fault::Garbage(seed));
        let start = Instant::now();
        let mut note = |failed: bool| errors += u32::from(failed);
        for _ in 0..6 {
            note(card.write(1, &Adj::default()).is_err());
            note(card.read_many::<Intf>(&[0, 1, 2]).is_err());
            note(card.send(TxDest::Port0, 0, &[0; 64]).is_err());
            note(card.sent(Duration::from_millis(1)).is_err());
            fake.state.lock().unwrap().deliver(&[0; 80]);
            note(card.receive(Duration::from_millis(1)).is_err());
            fake.state.lock().unwrap().event(EventEntry { kind: 1, ..Default::default() });
            note(card.event(Duration::from_millis(1)).is_err());
        }
        assert!(start.elapsed() < Duration::from_secs(2), "seed {seed}");
        fake.fault(None);
        card.restart_rings().unwrap();
        card.write(1, &Adj::default()).unwrap();
    }
    assert!(errors > 300, "{errors}");
}

#[test]
fn any_time_out_can_be_waited_for() {
    let fake = Fake::new();
    let mut card = fake.open(Options { command_timeout: Duration::MAX, ..options() });
    card.write(0, &Adj::default()).unwrap();
    fake.state.lock().unwrap().event(EventEntry { kind: EventKind::Link.code(), ..Default::default() });
    assert!(card.event(Duration::MAX).unwrap().is_some());
}
