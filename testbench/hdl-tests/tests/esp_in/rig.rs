// SPDX-License-Identifier: Apache-2.0
//! Two lanes of inbound ESP under test, with the model beside them.

use crate::model::{Job, Model, SAS};
use headend_hdl_tests::{
    Agent, Bench, Packet, PulseMonitor, Received, StreamSink, StreamSource, TableBus, WordSink, WordSource,
};
use headend_regs::{DropReason, DropRecord, Meta, Op, SaEvent, SaIn, SaInState, Stage, Table};
use headend_verilated::{Library, Model as Verilog};
use std::sync::Arc;

fn library() -> Arc<Library> {
    Verilog::new("esp_in_rig")
        .source_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/rtl"))
        .param("Depth", SAS as u64)
        .checked()
        .build()
        .unwrap()
}

/// What leaves for a packet, or why nothing does.
type Verdict = Result<(Vec<u8>, Meta), DropReason>;

/// How often sources, tags, sinks and the event taker pause, in percent.
#[derive(Clone, Copy, Default)]
pub(crate) struct Stalls {
    pub(crate) source: u32,
    pub(crate) tag: u32,
    pub(crate) sink: u32,
    pub(crate) event: u32,
}

/// A pipeline's part.
pub(crate) struct Lane {
    pub(crate) source: StreamSource,
    pub(crate) tags: WordSource,
    pub(crate) sink: StreamSink,
    pub(crate) drops: PulseMonitor,
    pub(crate) judged: PulseMonitor,
    pub(crate) stage_in: PulseMonitor,
    pub(crate) stage_out: PulseMonitor,
    pub(crate) taken: PulseMonitor,
    jobs: Vec<Job>,
}

impl Lane {
    fn new(bench: &Bench, n: u64, stalls: Stalls) -> Self {
        let port = |name: &str| name.replace('#', &n.to_string());
        let pulse = |valid: &str, data: &str| match data {
            "" => PulseMonitor::new(bench, &port(valid), &[]),
            _ => PulseMonitor::new(bench, &port(valid), &[&port(data)]),
        };
        Self {
            source: StreamSource::new(bench, &port("s#"), &[&port("s#_meta_i")])
                .stalls(stalls.source, 10 + n),
            tags: WordSource::new(
                bench,
                &port("tag#_valid_i"),
                Some(&port("tag#_ready_o")),
                &[&port("tag#_i")],
            )
            .stalls(stalls.tag, 20 + n),
            sink: StreamSink::new(bench, &port("m#"), &[&port("m#_meta_o")]).stalls(stalls.sink, 30 + n),
            drops: pulse("drop#_valid_o", "drop#_o"),
            judged: pulse("judged#_o", "judged_drop#_o"),
            stage_in: pulse("stage_in#_o", ""),
            stage_out: pulse("stage_out#_o", ""),
            taken: pulse("taken#_o", ""),
            jobs: Vec::new(),
        }
    }

    fn agents(&mut self) -> [&mut dyn Agent; 8] {
        [
            &mut self.source,
            &mut self.tags,
            &mut self.sink,
            &mut self.drops,
            &mut self.judged,
            &mut self.stage_in,
            &mut self.stage_out,
            &mut self.taken,
        ]
    }

    fn done(&self) -> usize {
        self.drops.seen.len() + self.sink.count()
    }
}

/// The design under test and its surroundings.
pub(crate) struct Rig {
    pub(crate) bench: Bench,
    pub(crate) lanes: [Lane; 2],
    pub(crate) events: WordSink,
    pub(crate) model: Model,
    /// SAs written, each with the cycle of the request: packets taken later meet the new one.
    installs: Vec<(u64, u16, SaIn)>,
}

impl Rig {
    /// A rig without SAs.
    pub(crate) fn new(stalls: Stalls) -> Self {
        let bench = Bench::new(&library(), 2_000_000);
        Self {
            lanes: [0, 1].map(|n| Lane::new(&bench, n, stalls)),
            events: WordSink::new(&bench, "evt_valid_o", "evt_ready_i", &["evt_o"]).stalls(stalls.event, 40),
            model: Model::new(),
            installs: Vec::new(),
            bench,
        }
    }

    pub(crate) fn step(&mut self) {
        let [a, b] = &mut self.lanes;
        let mut agents: Vec<&mut dyn Agent> = a.agents().into_iter().chain(b.agents()).collect();
        agents.push(&mut self.events);
        self.bench.step(&mut agents);
    }

    pub(crate) fn run(&mut self, cycles: usize) {
        (0..cycles).for_each(|_| self.step());
    }

    /// Begins to write an SA, as the command processor does; sa_lookup acknowledges, not this module. The next
    /// access must be 8 cycles later or more.
    pub(crate) fn begin_install(&mut self, index: u16, record: SaIn) {
        self.bench.set("tbl_req_i", 1);
        self.bench.set("tbl_we_i", 1);
        self.bench.set("tbl_sel_i", Table::SaIn.code().into());
        self.bench.set("tbl_index_i", index.into());
        self.bench.set_bytes("tbl_wdata_i", &record.to_bytes());
        self.installs.push((self.bench.cycles(), index, record));
        self.step();
        self.bench.set("tbl_req_i", 0);
        self.bench.set_bytes("tbl_wdata_i", &[0xa5; 224]);
    }

    /// Writes an SA and waits for it.
    pub(crate) fn install(&mut self, index: u16, record: SaIn) {
        self.begin_install(index, record);
        self.run(9);
    }

    /// Queues a packet, with its tag.
    pub(crate) fn push(&mut self, lane: usize, job: &Job) {
        self.push_without_tag(lane, job);
        self.lanes[lane].tags.push(&[&job.tag]);
    }

    pub(crate) fn push_without_tag(&mut self, lane: usize, job: &Job) {
        let lane = &mut self.lanes[lane];
        lane.source.push(Packet::new(job.data.clone()).side(job.meta.to_bytes()));
        lane.jobs.push(job.clone());
    }

    /// State of an SA as the host reads it.
    pub(crate) fn state(&mut self, index: u16) -> SaInState {
        let bus = TableBus::new(&self.bench);
        let [a, b] = &mut self.lanes;
        let mut agents: Vec<&mut dyn Agent> = a.agents().into_iter().chain(b.agents()).collect();
        agents.push(&mut self.events);
        let bytes = bus.read(&mut self.bench, &mut agents, Table::SaInState.code(), index.into());
        assert!(bytes[SaInState::BYTES..].iter().all(|b| *b == 0));
        SaInState::from_bytes(&bytes[..SaInState::BYTES]).unwrap()
    }

    /// Runs until all packets have left or were dropped.
    pub(crate) fn drain(&mut self) {
        while self.lanes.iter().any(|l| l.done() < l.jobs.len()) {
            self.step();
        }
        self.run(20);
    }

    /// What the model says of each lane's packets, taken in the order in which the unit took them.
    fn expected(&mut self) -> [Vec<Verdict>; 2] {
        let mut order: Vec<(u64, usize)> = Vec::new();
        for (n, lane) in self.lanes.iter().enumerate() {
            order.extend(lane.taken.seen.iter().map(|(cycle, _)| (*cycle, n)));
        }
        order.sort_unstable();
        let mut results = [Vec::new(), Vec::new()];
        let mut installs = std::mem::take(&mut self.installs).into_iter().peekable();
        let mut next = [0, 0];
        for (cycle, n) in order {
            while let Some((_, index, record)) = installs.next_if(|i| i.0 < cycle) {
                self.model.install(index, record);
            }
            // Packets that pass ask nobody.
            loop {
                let job = &self.lanes[n].jobs[next[n]];
                next[n] += 1;
                results[n].push(self.model.judge(job));
                if job.meta.op == Op::Decrypt.code() {
                    break;
                }
            }
        }
        installs.for_each(|(_, index, record)| self.model.install(index, record));
        for n in 0..2 {
            let rest: Vec<Job> = self.lanes[n].jobs[next[n]..].to_vec();
            assert!(rest.iter().all(|j| j.meta.op != Op::Decrypt.code()), "each is asked about once");
            results[n].extend(rest.iter().map(|j| self.model.judge(j)));
        }
        results
    }

    /// Runs until all packets are through and compares all of it with the model: packets, drops, reports, states, events.
    /// Returns the packets that came out of each lane.
    pub(crate) fn finish(&mut self) -> [Vec<Received>; 2] {
        self.drain();
        let expected = self.expected();
        let received = [0, 1].map(|n| self.lanes[n].compare(n, &expected[n]));
        for index in 0..SAS as u16 {
            let state = self.model.state(index);
            assert_eq!(self.state(index), state, "state of SA {index}");
            self.bench.set("seq_top_raddr_i", index.into());
            self.run(1);
            self.bench.settle();
            let copies = ["seq_top0_rdata_o", "seq_top1_rdata_o"].map(|p| self.bench.get(p));
            assert_eq!(copies, [state.seq_top; 2], "SA {index}");
        }
        while self.events.received.len() < self.model.events.len() {
            self.step();
        }
        self.run(20);
        assert_eq!(self.raised(), self.model.events);
        received
    }

    /// The events that were taken so far.
    pub(crate) fn raised(&self) -> Vec<SaEvent> {
        self.events.received.iter().map(|(_, w)| SaEvent::from_bytes(&w[0]).unwrap()).collect()
    }
}

impl Lane {
    fn compare(&mut self, n: usize, expected: &[Verdict]) -> Vec<Received> {
        let mut received = Vec::new();
        let mut drops = self.drops.seen.iter();
        for (i, (job, expected)) in self.jobs.iter().zip(expected).enumerate() {
            match expected {
                Ok((data, meta)) => {
                    let got = self.sink.pop().unwrap_or_else(|| panic!("lane {n}: job {i} is missing"));
                    let got_meta = Meta::from_bytes(&got.sides[0]).unwrap();
                    assert_eq!((&got.data, &got_meta), (data, meta), "lane {n}: job {i}");
                    received.push(got);
                }
                Err(reason) => {
                    let (cycle, word) =
                        drops.next().unwrap_or_else(|| panic!("lane {n}: job {i} was not dropped: {reason}"));
                    let record = DropRecord {
                        reason: reason.code(),
                        stage: Stage::Commit.code(),
                        ingress: job.meta.ingress,
                        len: job.data.len() as u16,
                        vrf: job.meta.vrf,
                        sa: job.meta.sa_in,
                        spi: job.meta.spi,
                        seq: job.meta.seq,
                        ..DropRecord::default()
                    };
                    assert_eq!(
                        DropRecord::from_bytes(&word[0]).unwrap(),
                        record,
                        "lane {n}: job {i}: {reason}"
                    );
                    assert_eq!(*cycle, self.judged.seen[i].0, "lane {n}: job {i}: reports come together");
                }
            }
        }
        assert!(self.sink.pop().is_none() && drops.next().is_none(), "more came out than went in");
        let told: Vec<bool> = self.judged.seen.iter().map(|(_, w)| w[0][0] == 1).collect();
        assert_eq!(told, expected.iter().map(Result::is_err).collect::<Vec<_>>());
        assert_eq!(self.stage_in.seen.len(), expected.len());
        assert_eq!(self.stage_out.seen.len(), received.len());
        received
    }
}
