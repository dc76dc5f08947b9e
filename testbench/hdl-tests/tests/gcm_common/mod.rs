// SPDX-License-Identifier: Apache-2.0
//! What the AES, GHASH and GCM tests share: field arithmetic as the standard defines it, key records for the
//! engine, an independent oracle, vector files, and the engine with its agents.
//!
//! Field elements are `u128` values read big-endian from a block: the most significant bit is x^0.
#![allow(dead_code, reason = "each test file uses its part")]

pub(crate) mod multipliers;

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes128Gcm, Aes256Gcm};
use headend_hdl_tests::{Agent, Bench, Packet, Received, Rng, StreamSink, StreamSource, WordSink};
use headend_regs::{GcmCtx, GcmKey};
use headend_verilated::{Library, Model};
use std::sync::Arc;

/// GHASH latency L of the RTL (`gcm_pkg::GhashLatency`).
pub(crate) const GHASH_LATENCY: usize = 4;

/// Product in GF(2^128), bit by bit (NIST SP 800-38D, 6.3).
pub(crate) fn multiply(x: u128, y: u128) -> u128 {
    let (mut z, mut v) = (0, y);
    for i in (0..128).rev() {
        if x >> i & 1 == 1 {
            z ^= v;
        }
        v = (v >> 1) ^ if v & 1 == 1 { 0xe1 << 120 } else { 0 };
    }
    z
}

/// `base` to the power of `exponent`, at least 1.
pub(crate) fn power(base: u128, exponent: usize) -> u128 {
    (1..exponent).fold(base, |p, _| multiply(p, base))
}

/// GHASH by Horner's rule (NIST SP 800-38D, 6.4).
pub(crate) fn ghash(h: u128, blocks: &[u128]) -> u128 {
    blocks.iter().fold(0, |y, x| multiply(y ^ x, h))
}

/// The blocks GHASH runs over: AAD and ciphertext, each filled up with zeros, and the length block.
pub(crate) fn ghash_blocks(aad: &[u8], cipher: &[u8]) -> Vec<u128> {
    let mut blocks: Vec<u128> = Vec::new();
    for part in [aad, cipher] {
        for chunk in part.chunks(16) {
            let mut block = [0; 16];
            block[..chunk.len()].copy_from_slice(chunk);
            blocks.push(u128::from_be_bytes(block));
        }
    }
    blocks.push(((aad.len() as u128 * 8) << 64) | (cipher.len() as u128 * 8));
    blocks
}

/// One block through AES, by the `aes` crate.
pub(crate) fn aes_block(key: &[u8], block: u128) -> u128 {
    use aes::cipher::BlockCipherEncrypt;
    let mut data = aes::Block::from(block.to_be_bytes());
    match key.len() {
        16 => aes::Aes128::new_from_slice(key).unwrap().encrypt_block(&mut data),
        32 => aes::Aes256::new_from_slice(key).unwrap().encrypt_block(&mut data),
        bytes => panic!("no AES key of {bytes} bytes here"),
    }
    u128::from_be_bytes(data.into())
}

/// Ciphertext and tag, by the `aes-gcm` crate.
pub(crate) fn seal(key: &[u8], nonce: &[u8; 12], aad: &[u8], msg: &[u8]) -> (Vec<u8>, [u8; 16]) {
    let payload = Payload { msg, aad };
    let mut sealed = match key.len() {
        16 => Aes128Gcm::new_from_slice(key).unwrap().encrypt(nonce.into(), payload),
        32 => Aes256Gcm::new_from_slice(key).unwrap().encrypt(nonce.into(), payload),
        bytes => panic!("no AES key of {bytes} bytes here"),
    }
    .unwrap();
    let tag = sealed.split_off(msg.len()).try_into().unwrap();
    (sealed, tag)
}

/// The key record of an SA, computed as the driver must (hdl/rtl/crypto/README.md).
pub(crate) fn key_record(key: &[u8], salt: [u8; 4]) -> GcmKey {
    let h = aes_block(key, 0);
    let h_power = |n| power(h, n).to_be_bytes();
    let mut padded = [0; 32];
    padded[..key.len()].copy_from_slice(key);
    GcmKey {
        key: padded,
        salt,
        h1: h_power(1),
        h2: h_power(2),
        h3: h_power(3),
        h4: h_power(4),
        hfb: h_power(4 * GHASH_LATENCY),
        aes256: key.len() == 32,
        icv_len: 16,
    }
}

/// A published case.
#[derive(Debug, Clone, Default)]
pub(crate) struct Vector {
    /// Its number in the source.
    pub(crate) case: String,
    /// AES key.
    pub(crate) key: Vec<u8>,
    /// 12 bytes.
    pub(crate) iv: Vec<u8>,
    /// Additional authenticated data.
    pub(crate) aad: Vec<u8>,
    /// Plaintext.
    pub(crate) pt: Vec<u8>,
    /// Ciphertext.
    pub(crate) ct: Vec<u8>,
    /// 16 bytes, or the first ones of them.
    pub(crate) tag: Vec<u8>,
}

impl Vector {
    /// The IV as an array.
    pub(crate) fn nonce(&self) -> [u8; 12] {
        self.iv.as_slice().try_into().unwrap()
    }
}

/// Bytes of a hexadecimal string.
pub(crate) fn hex(text: &str) -> Vec<u8> {
    assert!(text.len().is_multiple_of(2), "odd number of digits: {text}");
    (0..text.len()).step_by(2).map(|i| u8::from_str_radix(&text[i..i + 2], 16).unwrap()).collect()
}

/// Cases of a file in `vectors/`: lines `Name = hex`, a case ends at an empty line, `#` begins a comment.
pub(crate) fn vectors(text: &str) -> Vec<Vector> {
    let mut all = Vec::new();
    let mut vector = Vector::default();
    for line in text.lines().chain([""]).map(str::trim).filter(|l| !l.starts_with('#')) {
        let Some((name, value)) = line.split_once('=').map(|(n, v)| (n.trim(), v.trim())) else {
            if !vector.case.is_empty() {
                all.push(std::mem::take(&mut vector));
            }
            continue;
        };
        match name {
            "Case" => vector.case = value.to_string(),
            "Key" => vector.key = hex(value),
            "IV" => vector.iv = hex(value),
            "AAD" => vector.aad = hex(value),
            "PT" => vector.pt = hex(value),
            "CT" => vector.ct = hex(value),
            "Tag" => vector.tag = hex(value),
            other => panic!("unknown field {other}"),
        }
    }
    all
}

/// McGrew and Viega's cases.
pub(crate) fn gcm_spec() -> Vec<Vector> {
    vectors(include_str!("../../vectors/gcm-spec.txt"))
}

/// The ESP draft's cases.
pub(crate) fn esp_draft() -> Vec<Vector> {
    vectors(include_str!("../../vectors/esp-gcm-draft.txt"))
}

/// A packet for the engine and what must come of it.
#[derive(Debug, Clone)]
pub(crate) struct Job {
    /// What the engine is told.
    pub(crate) ctx: GcmCtx,
    /// Side bits, 4 bytes.
    pub(crate) side: Vec<u8>,
    /// Stream into the engine.
    pub(crate) input: Vec<u8>,
    /// Stream out of it.
    pub(crate) output: Vec<u8>,
    /// Its tag, when the packet is processed.
    pub(crate) tag: Option<[u8; 16]>,
}

impl Job {
    /// A packet with `msg` as plaintext and `trailer` after it.
    pub(crate) fn new(
        encrypt: bool,
        key: &[u8],
        nonce: &[u8; 12],
        aad: &[u8],
        msg: &[u8],
        trailer: &[u8],
    ) -> Self {
        let mut record = [0; 12];
        record[..aad.len()].copy_from_slice(aad);
        let mut job = Self::untagged(encrypt, key, nonce, msg, trailer);
        job.ctx.aad = record;
        job.ctx.aad12 = aad.len() == 12;
        assert!(matches!(aad.len(), 8 | 12), "the engine takes 8 or 12 bytes of AAD");
        job.tag = Some(seal(key, nonce, aad, msg).1);
        job
    }

    /// The same without AAD and without a tag to compare.
    pub(crate) fn untagged(encrypt: bool, key: &[u8], nonce: &[u8; 12], msg: &[u8], trailer: &[u8]) -> Self {
        let sealed = seal(key, nonce, &[], msg).0;
        let (input, output) = if encrypt { (msg, &sealed[..]) } else { (&sealed[..], msg) };
        Self {
            ctx: GcmCtx {
                crypt: true,
                gcm: key_record(key, nonce[..4].try_into().unwrap()),
                iv: nonce[4..].try_into().unwrap(),
                len: msg.len() as u16,
                ..GcmCtx::default()
            },
            side: vec![0; 4],
            input: [input, trailer].concat(),
            output: [output, trailer].concat(),
            tag: None,
        }
    }

    /// A packet that passes unchanged.
    pub(crate) fn bypass(data: Vec<u8>) -> Self {
        Self { ctx: GcmCtx::default(), side: vec![0; 4], input: data.clone(), output: data, tag: None }
    }

    /// Slots the packet takes in the engine: its beats, or its GHASH blocks if those need more.
    pub(crate) fn slots(&self) -> u64 {
        let beats = self.input.len().div_ceil(64);
        let hashed = if self.ctx.crypt { (usize::from(self.ctx.len) + 95) / 64 } else { 0 };
        beats.max(hashed) as u64
    }
}

/// A published case as a packet: with its tag when its AAD is that of ESP, else for the data alone.
pub(crate) fn published(v: &Vector, encrypt: bool) -> Job {
    let trailer: &[u8] = if encrypt { &[] } else { &v.tag };
    let job = match v.aad.len() {
        8 | 12 => Job::new(encrypt, &v.key, &v.nonce(), &v.aad, &v.pt, trailer),
        _ => Job::untagged(encrypt, &v.key, &v.nonce(), &v.pt, trailer),
    };
    let data = if encrypt { &job.output } else { &job.input };
    assert_eq!(data[..v.ct.len()], v.ct, "case {}: published ciphertext and oracle differ", v.case);
    assert!(
        job.tag.is_none_or(|tag| tag[..v.tag.len()] == v.tag),
        "case {}: published tag and oracle differ",
        v.case
    );
    job
}

/// A set of keys to draw from.
#[derive(Debug)]
pub(crate) struct Keys(Vec<(Vec<u8>, [u8; 4], GcmKey)>);

impl Keys {
    /// `count` random keys, every other one of 256 bits.
    pub(crate) fn new(rng: &mut Rng, count: usize) -> Self {
        let key = |i: usize| {
            let key = rng.bytes(if i.is_multiple_of(2) { 16 } else { 32 });
            let salt: [u8; 4] = rng.bytes(4).try_into().unwrap();
            let record = key_record(&key, salt);
            (key, salt, record)
        };
        Self((0..count).map(key).collect())
    }

    /// One random key of `bytes` bytes.
    pub(crate) fn one(rng: &mut Rng, bytes: usize) -> Self {
        let key = rng.bytes(bytes);
        let salt: [u8; 4] = rng.bytes(4).try_into().unwrap();
        let record = key_record(&key, salt);
        Self(vec![(key, salt, record)])
    }

    /// A random packet as ESP has it, with an ICV of `icv` bytes: behind the ciphertext when decrypting.
    pub(crate) fn esp_job(&self, rng: &mut Rng, encrypt: bool, len: usize, icv: usize) -> Job {
        let mut job = self.job(rng, encrypt, len, if encrypt { 0 } else { icv });
        job.ctx.gcm.icv_len = icv as u8;
        if !encrypt {
            let tag = job.tag.expect("a processed packet has a tag");
            job.input[len..].copy_from_slice(&tag[..icv]);
            job.output[len..].copy_from_slice(&tag[..icv]);
        }
        job
    }

    /// A random packet with `len` processed bytes and `trailer` bytes after them.
    pub(crate) fn job(&self, rng: &mut Rng, encrypt: bool, len: usize, trailer: usize) -> Job {
        let (key, salt, record) = &self.0[rng.below(self.0.len() as u64) as usize];
        let mut nonce = [0; 12];
        nonce[..4].copy_from_slice(salt);
        nonce[4..].copy_from_slice(&rng.bytes(8));
        let aad_len = if rng.chance(50) { 8 } else { 12 };
        let aad = rng.bytes(aad_len);
        let (msg, trailer) = (rng.bytes(len), rng.bytes(trailer));
        let (sealed, tag) = seal(key, &nonce, &aad, &msg);
        let (input, output) = if encrypt { (&msg, &sealed) } else { (&sealed, &msg) };
        // Bytes of an 8-byte AAD that must not matter are not zero.
        let mut padded: [u8; 12] = rng.bytes(12).try_into().unwrap();
        padded[..aad.len()].copy_from_slice(&aad);
        Job {
            ctx: GcmCtx {
                crypt: true,
                gcm: record.clone(),
                iv: nonce[4..].try_into().unwrap(),
                aad: padded,
                aad12: aad.len() == 12,
                len: len as u16,
            },
            side: rng.bytes(4),
            input: [&input[..], &trailer].concat(),
            output: [&output[..], &trailer].concat(),
            tag: Some(tag),
        }
    }

    /// A packet of random kind: mostly processed, short ones more often than long ones, ESP's ICV room and
    /// trailers of other lengths, sometimes nothing to process.
    pub(crate) fn random_job(&self, rng: &mut Rng, encrypt: bool) -> Job {
        let len = if rng.chance(8) { rng.range(300, 9216) } else { rng.range(1, 300) } as usize;
        if rng.chance(15) {
            let mut job = Job::bypass(rng.bytes(len));
            job.ctx = self.job(rng, encrypt, 1, 0).ctx;
            job.ctx.crypt = false;
            job.ctx.len = rng.next_u64() as u16;
            job.side = rng.bytes(4);
            return job;
        }
        let trailer = match rng.below(4) {
            0 => 16,
            1 => 8 + 4 * rng.below(2) as usize,
            2 => rng.below(40) as usize,
            _ if encrypt => 0,
            _ => 16,
        };
        if rng.chance(4) {
            return self.job(rng, encrypt, 0, trailer.max(1));
        }
        self.job(rng, encrypt, len, trailer)
    }
}

/// The engine, checked or fast.
pub(crate) fn engine(encrypt: bool, checked: bool) -> Arc<Library> {
    let model = Model::new("gcm_engine")
        .param_text("Encrypt", if encrypt { "1'b1" } else { "1'b0" })
        .param("SideWidth", 32);
    if checked { model.checked() } else { model }.build().unwrap()
}

/// An engine with source, sinks and the packets on their way through it.
#[derive(Debug)]
pub(crate) struct Engine {
    /// The instance.
    pub(crate) bench: Bench,
    /// Packets in.
    pub(crate) source: StreamSource,
    /// Packets out.
    pub(crate) sink: StreamSink,
    /// Tags out.
    pub(crate) tags: WordSink,
    jobs: Vec<Job>,
    checked: usize,
}

impl Engine {
    /// Engine whose three streams pause in `stalls` percent of the cycles: source, sink, tags.
    pub(crate) fn new(library: &Arc<Library>, limit: u64, stalls: [u32; 3]) -> Self {
        Self::with_bench(Bench::new(library, limit), stalls)
    }

    fn with_bench(bench: Bench, stalls: [u32; 3]) -> Self {
        let source = StreamSource::new(&bench, "s", &["s_side_i", "s_ctx_i"]).stalls(stalls[0], 11);
        let sink = StreamSink::new(&bench, "m", &["m_side_o"]).stalls(stalls[1], 12);
        let tags = WordSink::new(&bench, "tag_valid_o", "tag_ready_i", &["tag_o"]).stalls(stalls[2], 13);
        Self { bench, source, sink, tags, jobs: Vec::new(), checked: 0 }
    }

    /// The same instance after a reset in the middle of whatever it did, with fresh agents.
    pub(crate) fn after_reset(mut self) -> Self {
        for valid in ["s_valid_i", "m_ready_i", "tag_ready_i"] {
            self.bench.set(valid, 0);
        }
        self.bench.reset(2);
        Self::with_bench(self.bench, [0; 3])
    }

    /// Queues a packet.
    pub(crate) fn push(&mut self, job: Job) {
        let packet = Packet::new(job.input.clone()).side(job.side.clone()).side(job.ctx.to_bytes().to_vec());
        self.source.push(packet);
        self.jobs.push(job);
    }

    /// One cycle.
    pub(crate) fn step(&mut self) {
        let agents: &mut [&mut dyn Agent] = &mut [&mut self.source, &mut self.sink, &mut self.tags];
        self.bench.step(agents);
    }

    /// Packets and tags that came out.
    pub(crate) fn counts(&self) -> (usize, usize) {
        (self.sink.count(), self.tags.received.len())
    }

    /// Runs until everything queued came out, checks it, and gives the packets.
    pub(crate) fn finish(&mut self) -> Vec<Received> {
        let want = self.jobs.len();
        while self.counts() != (want, want) {
            self.step();
        }
        let mut received = Vec::new();
        while let Some(packet) = self.sink.pop() {
            let index = self.checked;
            let job = &self.jobs[index];
            assert_eq!(packet.data, job.output, "data of packet {index}: {:?}", job.ctx);
            assert_eq!(packet.sides[0], job.side, "side of packet {index}");
            if let Some(tag) = job.tag {
                let got = &self.tags.received[index].1[0];
                assert_eq!(got[..], tag, "tag of packet {index}: {:?}", job.ctx);
            }
            received.push(packet);
            self.checked += 1;
        }
        received
    }
}

/// Project Wycheproof's AES-GCM cases with 128- and 256-bit keys, 96-bit IVs and full tags, each with whether its
/// tag is right.
pub(crate) fn wycheproof() -> Vec<(Vector, bool)> {
    use wycheproof::{aead, TestResult};
    let set = aead::TestSet::load(aead::TestName::AesGcm).unwrap();
    let groups = set.test_groups.into_iter();
    groups
        .filter(|g| g.nonce_size == 96 && g.tag_size == 128 && matches!(g.key_size, 128 | 256))
        .flat_map(|g| g.tests)
        .map(|t| {
            let vector = Vector {
                case: t.tc_id.to_string(),
                key: t.key.to_vec(),
                iv: t.nonce.to_vec(),
                aad: t.aad.to_vec(),
                pt: t.pt.to_vec(),
                ct: t.ct.to_vec(),
                tag: t.tag.to_vec(),
            };
            (vector, t.result == TestResult::Valid)
        })
        .collect()
}
