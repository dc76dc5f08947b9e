// SPDX-License-Identifier: Apache-2.0
//! Two esp_encap and their sa_out_unit on a bench, and the check of everything that came out against `Outbound`.
//!
//! The order in which the unit takes requests is read from its handshakes, and a table access takes its turn
//! `SLOT` cycles after it was issued; so the model replays the very order of the card, cycle for cycle.

use crate::builder::{protected, Outbound, Refused, Sealed};
use headend_hdl_tests::{
    Agent, Bench, Packet, PulseMonitor, Rng, StreamSink, StreamSource, TableBus, WordSink,
};
use headend_regs::{AdjKind, Op};
use headend_regs::{
    DropRecord, GcmCtx, GcmKey, Meta, OuterHdr, Parsed, SaEvent, SaOut, SaOutState, Stage, Table,
};
use headend_verilated::{Instance, Library, Model, Port};
use std::collections::VecDeque;
use std::sync::Arc;

/// Generation of records and packets, unless a test wants another.
pub(crate) const GEN: u8 = 0x5a;
/// Room for SAs.
pub(crate) const DEPTH: usize = 1024;
/// Cycles from a table request to its place among the packets' requests.
const SLOT: u64 = 4;

/// Two pipelines and `DEPTH` SAs.
pub(crate) fn library() -> Arc<Library> {
    Model::new("esp_out_rig")
        .source_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/rtl"))
        .param("Depth", DEPTH as u64)
        .checked()
        .build()
        .unwrap()
}

/// An SA in tunnel mode over IPv4 without limits, the rest at random.
pub(crate) fn record(rng: &mut Rng) -> SaOut {
    let esn = rng.chance(50);
    let used = rng.next_u64() >> if esn { 1 } else { 33 };
    SaOut {
        valid: true,
        esn,
        tunnel: true,
        copy_dscp: rng.chance(50),
        df: rng.chance(30),
        copy_df: rng.chance(50),
        no_ecn: rng.chance(30),
        udp: rng.chance(30),
        gen: GEN,
        seq: if rng.chance(50) { used } else { 0 },
        key_check: rng.next_u64() as u32,
        dscp: rng.below(64) as u8,
        ttl: rng.next_u64() as u8,
        spi: rng.next_u64() as u32,
        src: address(rng),
        dst: address(rng),
        sport: rng.next_u64() as u16,
        dport: rng.next_u64() as u16,
        gcm: key(rng),
        ..SaOut::default()
    }
}

fn address(rng: &mut Rng) -> u128 {
    u128::from(rng.next_u64()) << 64 | u128::from(rng.next_u64())
}

fn key(rng: &mut Rng) -> GcmKey {
    let mut gcm =
        GcmKey { aes256: rng.chance(50), icv_len: [8, 12, 16][rng.below(3) as usize], ..GcmKey::default() };
    gcm.key.copy_from_slice(&rng.bytes(32));
    gcm.salt.copy_from_slice(&rng.bytes(4));
    for power in [&mut gcm.h1, &mut gcm.h2, &mut gcm.h3, &mut gcm.h4, &mut gcm.hfb] {
        power.copy_from_slice(&rng.bytes(16));
    }
    gcm
}

/// Bytes and metadata of a packet.
pub(crate) type Job = (Vec<u8>, Meta);

/// A packet of `len` bytes for SA `sa` in tunnel mode.
pub(crate) fn job(rng: &mut Rng, sa: u16, len: usize) -> Job {
    let parsed = Parsed {
        is_ipv6: rng.chance(30),
        df: rng.chance(50),
        src: address(rng),
        dst: address(rng),
        proto: rng.next_u64() as u8,
        ttl: rng.next_u64() as u8,
        tos: rng.next_u64() as u8,
        ip_id: rng.next_u64() as u32 & 0xf_ffff,
        ..Parsed::default()
    };
    let meta = Meta {
        op: Op::Forward.code(),
        adj_kind: AdjKind::Protect.code(),
        starts_l3: true,
        len: len as u16,
        vrf: 3,
        ingress: 1,
        egress: rng.below(3) as u8,
        resv: rng.next_u64() as u8,
        sa_out: sa,
        sa_out_gen: GEN,
        decrypted: rng.chance(50),
        dmac: rng.next_u64() >> 16,
        smac: rng.next_u64() >> 16,
        parsed,
        ..Meta::default()
    };
    (rng.bytes(len), meta)
}

/// The cycles in which requests were taken, and of which pipelines.
struct Grants {
    port: Port,
    seen: Vec<(u64, u64)>,
}

impl Agent for Grants {
    fn drive(&mut self, _: &mut Instance) {}

    fn sample(&mut self, dut: &Instance) {
        let lanes = dut.get(self.port);
        assert!(lanes < 3, "one request per cycle");
        if lanes != 0 {
            self.seen.push((dut.cycles(), lanes - 1));
        }
    }
}

/// A table access and the cycle of its turn.
enum Access {
    Write(usize, SaOut),
    Read(usize, SaOutState),
}

pub(crate) struct Rig {
    pub(crate) bench: Bench,
    pub(crate) sources: [StreamSource; 2],
    pub(crate) sinks: [StreamSink; 2],
    pub(crate) drops: [PulseMonitor; 2],
    pub(crate) events: WordSink,
    pub(crate) model: Outbound,
    pub(crate) pushed: [usize; 2],
    releases: [PulseMonitor; 2],
    grants: Grants,
    accesses: VecDeque<(u64, Access)>,
    jobs: [VecDeque<Job>; 2],
}

impl Rig {
    /// `stalls`: percent of the cycles in which sources, sinks and the event ring stall.
    pub(crate) fn new(library: &Arc<Library>, stalls: [u32; 3]) -> Self {
        let bench = Bench::new(library, 2_000_000);
        let sinks = |i: u64| {
            let sides = ["meta", "ctx", "hdr"].map(|s| format!("m{i}_{s}_o"));
            let sides: Vec<_> = sides.iter().map(String::as_str).collect();
            StreamSink::new(&bench, &format!("m{i}"), &sides).stalls(stalls[1], 3 + i)
        };
        let monitor = |valid: String, data: &[String]| {
            let data: Vec<_> = data.iter().map(String::as_str).collect();
            PulseMonitor::new(&bench, &valid, &data)
        };
        Self {
            sources: [0, 1].map(|i| {
                StreamSource::new(&bench, &format!("s{i}"), &[&format!("s{i}_meta_i")])
                    .stalls(stalls[0], 1 + i)
            }),
            sinks: [0, 1].map(sinks),
            drops: [0, 1].map(|i| monitor(format!("drop{i}_valid_o"), &[format!("drop{i}_o")])),
            releases: [0, 1].map(|i| {
                monitor(format!("rel{i}_valid_o"), &[format!("rel{i}_egress_o"), format!("rel{i}_beats_o")])
            }),
            events: WordSink::new(&bench, "evt_valid_o", "evt_ready_i", &["evt_o"]).stalls(stalls[2], 5),
            grants: Grants { port: bench.port("granted_o"), seen: Vec::new() },
            model: Outbound::new(DEPTH),
            accesses: VecDeque::new(),
            jobs: Default::default(),
            pushed: [0; 2],
            bench,
        }
    }

    /// Runs `act` with all agents.
    fn with<T>(&mut self, act: impl FnOnce(&mut Bench, &mut [&mut dyn Agent]) -> T) -> T {
        let ([a, b], [c, d]) = (&mut self.sources, &mut self.sinks);
        let ([e, f], [g, h]) = (&mut self.drops, &mut self.releases);
        act(&mut self.bench, &mut [a, b, c, d, e, f, g, h, &mut self.events, &mut self.grants])
    }

    pub(crate) fn step(&mut self) {
        self.with(|bench, agents| bench.step(agents));
    }

    pub(crate) fn run(&mut self, cycles: u64) {
        self.with(|bench, agents| bench.run(agents, cycles));
    }

    /// Writes SA `index` while everything goes on.
    pub(crate) fn install(&mut self, index: usize, record: SaOut) {
        let (bus, turn) = (TableBus::new(&self.bench), self.bench.cycles() + SLOT);
        self.accesses.push_back((turn, Access::Write(index, record.clone())));
        self.with(|bench, agents| {
            bus.write(bench, agents, Table::SaOut.code(), index as u32, &record.to_bytes());
        });
    }

    pub(crate) fn read(&mut self, table: Table, index: usize) -> Vec<u8> {
        let bus = TableBus::new(&self.bench);
        self.with(|bench, agents| bus.read(bench, agents, table.code(), index as u32))
    }

    /// Reads the state of SA `index` while everything goes on; `check` compares it.
    pub(crate) fn state(&mut self, index: usize) -> SaOutState {
        let turn = self.bench.cycles() + SLOT;
        let state = SaOutState::from_bytes(&self.read(Table::SaOutState, index)).unwrap();
        self.accesses.push_back((turn, Access::Read(index, state)));
        state
    }

    pub(crate) fn push(&mut self, lane: usize, job: Job) {
        self.sources[lane].push(Packet::new(job.0.clone()).side(job.1.to_bytes()));
        self.jobs[lane].push_back(job);
        self.pushed[lane] += 1;
    }

    /// Steps until every packet has left or was dropped, and the events are out.
    pub(crate) fn drain(&mut self) {
        while (0..2).any(|i| self.sinks[i].count() + self.drops[i].seen.len() < self.pushed[i]) {
            self.step();
        }
        self.events.set_stalls(0);
        self.run(100);
    }

    /// Compares everything that happened with the model; `exact_events` when the event FIFO was never full.
    pub(crate) fn check(&mut self, exact_events: bool) {
        let mut fates: [VecDeque<Result<Sealed, Refused>>; 2] = Default::default();
        let mut waiting = self.jobs.clone();
        waiting.iter_mut().for_each(|lane| lane.retain(|job| protected(&job.1)));
        for (cycle, lane) in std::mem::take(&mut self.grants.seen) {
            self.replay_accesses(cycle);
            let lane = lane as usize;
            let (data, meta) = waiting[lane].pop_front().expect("a request without a packet");
            fates[lane].push_back(self.model.judge(lane, &data, &meta));
        }
        self.replay_accesses(u64::MAX);
        assert!(waiting.iter().all(VecDeque::is_empty), "packets without a request");
        for (lane, fates) in fates.into_iter().enumerate() {
            self.check_lane(lane, fates);
        }
        if exact_events {
            let got = self.events.received.drain(..);
            let got: Vec<_> = got.map(|(_, w)| SaEvent::from_bytes(&w[0]).unwrap()).collect();
            assert_eq!(got, std::mem::take(&mut self.model.events));
        }
    }

    fn replay_accesses(&mut self, until: u64) {
        while self.accesses.front().is_some_and(|(turn, _)| *turn <= until) {
            let (turn, access) = self.accesses.pop_front().unwrap();
            assert!(turn != until, "a request was taken in the turn of a table access");
            match access {
                Access::Write(index, record) => self.model.install(index, &record),
                Access::Read(index, got) => assert_eq!(got, self.model.sas[index].1, "state of SA {index}"),
            }
        }
    }

    fn check_lane(&mut self, lane: usize, mut fates: VecDeque<Result<Sealed, Refused>>) {
        let mut drops = std::mem::take(&mut self.drops[lane].seen).into_iter();
        let mut releases = std::mem::take(&mut self.releases[lane].seen).into_iter();
        for (i, (data, meta)) in std::mem::take(&mut self.jobs[lane]).into_iter().enumerate() {
            let fate = match protected(&meta) {
                true => fates.pop_front().unwrap(),
                false => Ok(Outbound::untouched(&data, &meta)),
            };
            match fate {
                Ok(want) => {
                    let got = self.sinks[lane].pop().unwrap_or_else(|| panic!("packet {i} is missing"));
                    assert_eq!(got.data, want.data, "packet {i}: {meta:?}");
                    assert_eq!(Meta::from_bytes(&got.sides[0]).unwrap(), want.meta, "packet {i}");
                    assert_eq!(GcmCtx::from_bytes(&got.sides[1]).unwrap(), want.ctx, "packet {i}");
                    assert_eq!(
                        OuterHdr::from_bytes(&got.sides[2]).unwrap(),
                        want.hdr,
                        "packet {i}: {meta:?}"
                    );
                }
                Err(want) => {
                    let drop = DropRecord::from_bytes(&drops.next().unwrap().1[0]).unwrap();
                    assert_eq!(
                        (drop.reason, drop.stage),
                        (want.reason.code(), Stage::Encap.code()),
                        "packet {i}"
                    );
                    assert_eq!((drop.spi, drop.seq), (want.spi, want.seq), "packet {i}");
                    assert_eq!((drop.len, drop.vrf, drop.sa), (meta.len, meta.vrf, meta.sa_out));
                    let shown = data.len().min(64);
                    if meta.decrypted {
                        assert_eq!(drop.data, [0; 64], "plaintext of an SA in a report");
                    } else {
                        assert_eq!(&drop.data[..shown], &data[..shown]);
                    }
                    let release = releases.next().unwrap().1;
                    assert_eq!((release[0][0], release[1][0]), (meta.egress, meta.resv), "packet {i}");
                }
            }
        }
        assert!(self.sinks[lane].pop().is_none() && drops.next().is_none() && releases.next().is_none());
        self.pushed[lane] = self.sinks[lane].count();
    }
}
