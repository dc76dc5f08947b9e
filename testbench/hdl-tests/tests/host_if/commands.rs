// SPDX-License-Identifier: Apache-2.0
//! The command ring.

use super::*;

#[test]
fn commands_are_checked_before_they_reach_a_table() {
    let mut rig = rig(3, 100_000);
    rig.enable(Ring::Cmd, 3, 3);
    let (write, read) = (CmdOp::Write.code(), CmdOp::Read.code());
    let cases = [
        (command(CmdOp::Nop.code(), 0, 9), CmdStatus::Ok),
        (command(4, 1, 0), CmdStatus::BadOp),
        (command(write, 0, 0), CmdStatus::BadTable),
        (command(read, 11, 0), CmdStatus::BadTable),
        (command(read, 0x11, 0), CmdStatus::BadTable),
        (command(write, Table::Intf.code(), param::INTF_DEPTH as u32), CmdStatus::BadIndex),
        (command(read, Table::Intf.code(), u32::MAX), CmdStatus::BadIndex),
        (command(write, Table::SaInState.code(), 0), CmdStatus::ReadOnly),
        (command(write, Table::SaOutState.code(), 1), CmdStatus::ReadOnly),
    ];
    for (entry, want) in cases {
        let completion = rig.command(&entry);
        assert_eq!(completion.status, want.code(), "{entry:?}");
        assert!(completion.record.iter().all(|b| *b == 0));
    }
    assert_eq!(rig.extra.tables.requests, 0);
    let completion = rig.command(&command(write, Table::Adj.code(), 0));
    assert_eq!(completion.status, CmdStatus::BadTable.code(), "a table that does not answer");
    assert_eq!(rig.extra.tables.requests, 1);
}

#[test]
fn commands_write_and_read_records_in_order() {
    let mut rig = rig(4, 4_000_000);
    slow(&mut rig);
    rig.enable(Ring::Cmd, 4, 3);
    let mut rng = Rng::new(4);
    let mut want = HashMap::new();
    for index in 0..100u32 {
        let record: [u8; 224] = rng.bytes(224).try_into().expect("224 bytes");
        let entry = CmdEntry {
            record,
            cookie: index as u16,
            ..command(CmdOp::Write.code(), Table::Label.code(), index)
        };
        rig.post(Ring::Cmd, &entry.to_bytes());
        want.insert(index, record);
        let entry = CmdEntry {
            record,
            cookie: index as u16,
            ..command(CmdOp::Read.code(), Table::Label.code(), index)
        };
        rig.post(Ring::Cmd, &entry.to_bytes());
        rig.ring_doorbell(Ring::Cmd);
        for op in 0..2 {
            let completion = CmdCompletion::from_bytes(&rig.wait(Ring::Cmd)).expect("256 bytes");
            assert_eq!((completion.index, completion.cookie, completion.status), (index, index as u16, 0));
            let record = if op == 1 { want[&index] } else { [0; 224] };
            assert_eq!(completion.record, record, "only a read carries the record");
        }
        rig.consumed(Ring::Cmd);
    }
    rig.run(500);
    assert_eq!(rig.indices(Ring::Cmd), (200, 200));
    assert!((1..=200).contains(&rig.interrupts[0]), "{} interrupts", rig.interrupts[0]);
}

#[test]
fn a_fence_waits_for_the_pipeline() {
    let mut rig = rig(5, 100_000);
    rig.enable(Ring::Cmd, 3, 3);
    rig.post(Ring::Cmd, &command(CmdOp::Fence.code(), 0, 1).to_bytes());
    rig.post(Ring::Cmd, &command(CmdOp::Nop.code(), 0, 2).to_bytes());
    rig.ring_doorbell(Ring::Cmd);
    let mut asked = 0;
    for _ in 0..6_000 {
        rig.step();
        asked += rig.bench.get("fence_o");
        assert!(rig.take(Ring::Cmd).is_none(), "the pipeline has not answered");
        assert_eq!(rig.bench.get("busy_o"), 1, "a fence needs the clock");
    }
    assert_eq!(asked, 1, "one pulse");
    rig.bench.set("fence_done_i", 1);
    rig.step();
    rig.bench.set("fence_done_i", 0);
    for index in [1, 2] {
        let completion = CmdCompletion::from_bytes(&rig.wait(Ring::Cmd)).expect("256 bytes");
        assert_eq!((completion.index, completion.status), (index, 0));
    }
    rig.consumed(Ring::Cmd);
    rig.run_until("idle", 1_000, |rig| rig.bench.get("busy_o") == 0);
}

#[test]
fn a_batch_of_commands_waits_for_completion_space() {
    let mut rig = rig(6, 100_000);
    rig.enable(Ring::Cmd, 5, 2);
    for index in 0..32 {
        rig.post(Ring::Cmd, &command(CmdOp::Nop.code(), 0, index).to_bytes());
    }
    rig.ring_doorbell(Ring::Cmd);
    rig.run(2_000);
    assert_eq!(rig.indices(Ring::Cmd), (4, 4), "the completion ring holds four");
    assert_eq!(rig.bench.get("busy_o"), 0, "only the host can go on");
    for index in 0..32 {
        let completion = CmdCompletion::from_bytes(&rig.wait(Ring::Cmd)).expect("256 bytes");
        assert_eq!(completion.index, index);
        rig.consumed(Ring::Cmd);
    }
}
