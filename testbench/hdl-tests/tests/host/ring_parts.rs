// SPDX-License-Identifier: Apache-2.0
//! ring_ctl, sq_fetch and cq_writer against a model of their client port.

use headend_hdl_tests::{Agent, Bench, PulseMonitor, Rng, WordSink};
use headend_regs::RingError;
use headend_verilated::{Instance, Model, Port};

const BASE: u64 = 0x1000_0000;
const INDEX: u64 = 0x2000_0040;

#[test]
fn a_ring_stops_only_when_its_parts_are_idle() {
    let mut bench = Bench::new(&Model::new("ring_ctl").checked().build().unwrap(), 1_000);
    let state = |bench: &mut Bench| {
        bench.clock();
        bench.settle();
        (bench.get("active_o"), bench.get("run_o"), bench.get("error_o"))
    };
    assert_eq!(state(&mut bench), (0, 0, 0));
    bench.set("enable_i", 1);
    assert_eq!(state(&mut bench), (1, 1, 0));
    bench.set("err_i", 3);
    assert_eq!(state(&mut bench), (1, 0, 3));
    bench.set("err_i", 1);
    assert_eq!(state(&mut bench), (1, 0, 3), "the first error stays");
    bench.set("err_i", 0);
    bench.set("enable_i", 0);
    assert_eq!(state(&mut bench), (1, 0, 3), "a part is not idle");
    bench.set("idle_i", 1);
    assert_eq!(state(&mut bench), (0, 0, 3));
    assert_eq!(state(&mut bench), (0, 0, 0));
}

/// Answers read requests with beats that hold their own address; from `refuse` on all are refused.
struct Reader {
    ports: [Port; 8],
    rng: Rng,
    current: Option<(u64, u64)>,
    refuse: u64,
    bursts: Vec<(u64, u64)>,
}

impl Reader {
    fn new(dut: &Instance, seed: u64) -> Self {
        let ports = [
            "req_valid_o",
            "req_ready_i",
            "req_addr_o",
            "req_beats_o",
            "rsp_valid_i",
            "rsp_data_i",
            "rsp_last_i",
            "rsp_err_i",
        ];
        Self {
            ports: ports.map(|p| dut.port(p)),
            rng: Rng::new(seed),
            current: None,
            refuse: u64::MAX,
            bursts: Vec::new(),
        }
    }
}

impl Agent for Reader {
    fn drive(&mut self, dut: &mut Instance) {
        let [_, ready, _, _, valid, data, last, err] = self.ports;
        dut.set(ready, u64::from(self.current.is_none() && self.rng.chance(50)));
        let answer = self.current.filter(|_| self.rng.chance(50));
        dut.set(valid, u64::from(answer.is_some()));
        if let Some((addr, left)) = answer {
            dut.set_bytes(data, &addr.to_le_bytes());
            dut.set(last, u64::from(left == 1));
            dut.set(err, u64::from(addr >= self.refuse));
            self.current = (left > 1).then_some((addr + 64, left - 1));
        }
    }

    fn sample(&mut self, dut: &Instance) {
        let [valid, ready, addr, beats, ..] = self.ports;
        if dut.get_bool(valid) && dut.get_bool(ready) {
            self.current = Some((dut.get(addr), dut.get(beats)));
            self.bursts.push((dut.get(addr), dut.get(beats)));
        }
    }
}

fn fetcher(entry_beats: u64, entries: u64, log2: u64) -> Bench {
    let library = Model::new("sq_fetch")
        .param("EntryBeats", entry_beats)
        .param("FifoEntries", entries)
        .checked()
        .build()
        .unwrap();
    let mut bench = Bench::new(&library, 200_000);
    bench.set("base_i", BASE);
    bench.set("log2_i", log2);
    bench.set("run_i", 1);
    bench
}

#[test]
fn descriptors_come_in_order_and_in_batches() {
    for (entry_beats, entries, log2) in [(1, 16, 3), (1, 16, 7), (4, 8, 5), (4, 8, 0)] {
        let mut bench = fetcher(entry_beats, entries, log2);
        let mut reader = Reader::new(&bench, log2);
        let mut beats = WordSink::new(&bench, "d_valid_o", "d_ready_i", &["d_data_o"]).stalls(30, log2);
        let mut rng = Rng::new(entry_beats);
        let (total, size) = (300u64, 1 << log2);
        let (mut tail, mut head) = (0, 0);
        while head < total {
            tail = (tail + rng.below(4) * rng.below(2)).min(head + size).min(total);
            bench.set("tail_i", tail);
            let taken = beats.received.len() as u64 / entry_beats;
            let consume = head < taken && rng.chance(30);
            bench.set("consume_i", u64::from(consume));
            bench.step(&mut [&mut reader, &mut beats]);
            head += u64::from(consume);
        }
        for (n, (_, word)) in beats.received.iter().enumerate() {
            let (entry, beat) = (n as u64 / entry_beats, n as u64 % entry_beats);
            let want = BASE + (entry % size * entry_beats + beat) * 64;
            assert_eq!(word[0][..8], want.to_le_bytes(), "beat {n}");
        }
        for (addr, count) in &reader.bursts {
            let end = addr + 64 * count;
            assert!(
                end <= BASE + size * entry_beats * 64 && addr / 4096 == (end - 1) / 4096,
                "{addr:#x} {count}"
            );
        }
        bench.set("consume_i", 0);
        bench.settle();
        assert_eq!((bench.get("sq_head_o"), bench.get("idle_o"), bench.get("pending_o")), (total, 1, 0));
    }
}

#[test]
fn a_refused_batch_is_thrown_away_whole() {
    let mut bench = fetcher(4, 8, 5);
    let mut reader = Reader::new(&bench, 1);
    reader.refuse = BASE + 64 * 30;
    let mut beats = WordSink::new(&bench, "d_valid_o", "d_ready_i", &["d_data_o"]);
    let mut errors = PulseMonitor::new(&bench, "err_o", &["err_o"]);
    bench.set("tail_i", 8);
    bench.run(&mut [&mut reader, &mut beats, &mut errors], 400);
    assert!(beats.received.is_empty(), "no beat of the refused batch came out");
    assert_eq!(errors.seen[0].1[0][0], RingError::SqRead.code());
}

#[test]
fn a_tail_that_cannot_be_is_refused_without_a_read() {
    for tail in [33, u64::from(u32::MAX)] {
        let mut bench = fetcher(4, 8, 5);
        let mut reader = Reader::new(&bench, 1);
        let mut errors = PulseMonitor::new(&bench, "err_o", &["err_o"]);
        bench.set("tail_i", tail);
        bench.run(&mut [&mut reader, &mut errors], 50);
        assert_eq!(errors.seen[0].1[0][0], RingError::BadTail.code());
        assert!(reader.bursts.is_empty());
    }
}

/// Takes write bursts, keeps a log of (address, first bytes of each beat), answers later.
struct Writer {
    ports: [Port; 9],
    rng: Rng,
    current: Option<(u64, u64)>,
    answer: bool,
    refuse: Option<u64>,
    refused: bool,
    log: Vec<(u64, [u8; 8])>,
}

impl Writer {
    fn new(dut: &Instance, seed: u64) -> Self {
        let ports = [
            "req_valid_o",
            "req_ready_i",
            "req_addr_o",
            "req_beats_o",
            "data_valid_o",
            "data_ready_i",
            "data_o",
            "done_valid_i",
            "done_err_i",
        ];
        let rng = Rng::new(seed);
        Self {
            ports: ports.map(|p| dut.port(p)),
            rng,
            current: None,
            answer: false,
            refuse: None,
            refused: false,
            log: Vec::new(),
        }
    }
}

impl Agent for Writer {
    fn drive(&mut self, dut: &mut Instance) {
        let free = self.current.is_none() && !self.answer;
        dut.set(self.ports[1], u64::from(free && self.rng.chance(50)));
        dut.set(self.ports[5], u64::from(self.current.is_some() && self.rng.chance(50)));
        let done = self.answer && self.rng.chance(30);
        dut.set(self.ports[7], u64::from(done));
        dut.set(self.ports[8], u64::from(self.refused));
        self.answer &= !done;
    }

    fn sample(&mut self, dut: &Instance) {
        let [valid, ready, addr, beats, data_valid, data_ready, data, ..] = self.ports;
        if dut.get_bool(data_valid) && dut.get_bool(data_ready) {
            let (at, left) = self.current.expect("data after a request");
            self.log.push((at, dut.get_bytes(data)[..8].try_into().unwrap()));
            self.current = (left > 1).then_some((at + 64, left - 1));
            self.answer = left == 1;
        }
        if dut.get_bool(valid) && dut.get_bool(ready) {
            self.current = Some((dut.get(addr), dut.get(beats)));
            self.refused = self.refuse == Some(dut.get(addr));
        }
    }
}

fn completer(entry_beats: u64, log2: u64) -> Bench {
    let library = Model::new("cq_writer").param("EntryBeats", entry_beats).checked().build().unwrap();
    let mut bench = Bench::new(&library, 200_000);
    for (port, value) in
        [("base_i", BASE), ("index_addr_i", INDEX), ("log2_i", log2), ("run_i", 1), ("irq_enable_i", 1)]
    {
        bench.set(port, value);
    }
    bench
}

/// Writes `count` entries as an owner does; entry n has n in the second byte of each beat.
fn complete(
    bench: &mut Bench,
    writer: &mut Writer,
    irqs: &mut PulseMonitor,
    entry_beats: u64,
    count: u64,
    more: bool,
) {
    for n in 0..count {
        bench.set("more_i", u64::from(more));
        bench.settle();
        if bench.get("space_o") == 0 {
            let tail = bench.get("cq_tail_o");
            bench.set("cq_head_i", tail - 1);
        }
        let entry: Vec<u8> = (0..entry_beats)
            .flat_map(|beat| [vec![0xfe, n as u8, beat as u8], vec![0; 61]].concat())
            .collect();
        bench.set_bytes("c_data_i", &entry);
        bench.set("c_valid_i", 1);
        loop {
            bench.settle();
            let done = bench.get("c_done_o") != 0;
            bench.step(&mut [writer, irqs]);
            if done {
                break;
            }
        }
        bench.set("c_valid_i", 0);
        bench.step(&mut [writer, irqs]);
    }
}

#[test]
fn the_beat_with_the_phase_goes_last_and_the_index_block_after_it() {
    for (entry_beats, log2) in [(1, 3), (2, 2), (4, 3)] {
        let mut bench = completer(entry_beats, log2);
        let mut writer = Writer::new(&bench, log2);
        let mut irqs = PulseMonitor::new(&bench, "irq_o", &[]);
        complete(&mut bench, &mut writer, &mut irqs, entry_beats, 50, false);
        bench.run(&mut [&mut writer, &mut irqs], 400);
        let (mut entry, mut seen) = (0u64, 0);
        for (addr, data) in &writer.log {
            if *addr == INDEX {
                assert_eq!(data[4..], (entry as u32).to_le_bytes(), "the index block tells what is written");
                continue;
            }
            seen += 1;
            let slot = BASE + entry % (1 << log2) * entry_beats * 64;
            let beat = if seen == entry_beats { 0 } else { seen };
            let phase = if beat == 0 { (entry >> log2 & 1) as u8 ^ 1 } else { 0 };
            assert_eq!(
                (*addr, data[0], data[1], data[2]),
                (slot + 64 * beat, 0xfe | phase, entry as u8, beat as u8)
            );
            if seen == entry_beats {
                (entry, seen) = (entry + 1, 0);
            }
        }
        assert_eq!((entry, bench.get("cq_tail_o")), (50, 50));
        let blocks = writer.log.iter().filter(|(addr, _)| *addr == INDEX).count();
        assert_eq!(irqs.seen.len(), blocks, "an interrupt per index block");
        assert_eq!((bench.get("idle_o"), bench.get("pending_o")), (1, 0));
    }
}

#[test]
fn completions_of_a_busy_ring_share_index_blocks() {
    let mut bench = completer(1, 8);
    let mut writer = Writer::new(&bench, 1);
    let mut irqs = PulseMonitor::new(&bench, "irq_o", &[]);
    complete(&mut bench, &mut writer, &mut irqs, 1, 64, true);
    bench.run(&mut [&mut writer, &mut irqs], 200);
    assert!((4..=8).contains(&irqs.seen.len()), "{} interrupts for 64 completions", irqs.seen.len());
}

#[test]
fn refused_writes_are_told() {
    for (refuse, want) in
        [(BASE, RingError::CqWrite), (BASE + 64, RingError::CqWrite), (INDEX, RingError::IndexWrite)]
    {
        let mut bench = completer(4, 3);
        let mut writer = Writer::new(&bench, 1);
        writer.refuse = Some(refuse);
        let mut irqs = PulseMonitor::new(&bench, "irq_o", &[]);
        let mut errors = PulseMonitor::new(&bench, "err_o", &["err_o"]);
        bench.set_bytes("c_data_i", &[]);
        bench.set("c_valid_i", 1);
        let mut failed = false;
        for _ in 0..200 {
            bench.settle();
            if bench.get("c_done_o") != 0 {
                failed = bench.get("c_err_o") != 0;
                bench.step(&mut [&mut writer, &mut irqs, &mut errors]);
                bench.set("c_valid_i", 0);
            }
            bench.step(&mut [&mut writer, &mut irqs, &mut errors]);
        }
        assert_eq!(failed, want == RingError::CqWrite);
        assert_eq!(errors.seen[0].1[0][0], want.code());
        assert!(irqs.seen.is_empty());
    }
}

#[test]
fn a_halted_ring_touches_no_memory() {
    let mut bench = completer(1, 3);
    let mut writer = Writer::new(&bench, 1);
    let mut irqs = PulseMonitor::new(&bench, "irq_o", &[]);
    bench.set("halt_i", 1);
    bench.set("c_valid_i", 1);
    bench.clock();
    bench.settle();
    assert_eq!((bench.get("c_done_o"), bench.get("c_err_o")), (1, 1));
    bench.set("c_valid_i", 0);
    bench.run(&mut [&mut writer, &mut irqs], 200);
    assert!(writer.log.is_empty());
}
