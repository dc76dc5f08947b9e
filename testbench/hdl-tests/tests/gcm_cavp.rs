// SPDX-License-Identifier: Apache-2.0
//! NIST's CAVP cases for AES-GCM, from the Python package `cryptography-vectors` (`scripts/setup.sh vectors`).
//!
//! Each of the four files for AES-128 and AES-256 (encrypt and decrypt) has 7,875 cases, of which the 2,625 with a
//! 96-bit IV are GCM as ESP uses it (RFC 4106: 12-byte nonce). Their AAD is of 0, 16, 20, 48 or 90 bytes, never ESP's 8 or
//! 12, so their ciphertexts go through the engine, and their tags, of 4 to 16 bytes, through its AES (as oracle) and its
//! multipliers `ghash_lanes` and `ghash_fold`. Not run: IVs of 8 and 1,024 bits (5,250 a file), and the files for
//! AES-192, which the card does not do.

mod gcm_common;

use gcm_common::multipliers::{packet, tags};
use gcm_common::{engine, hex, published, Engine, Vector};
use std::path::PathBuf;

/// Cases in a file, and those of them with a 96-bit IV.
const CASES: (usize, usize) = (7875, 2625);

/// The folder with NIST's files.
fn folder() -> PathBuf {
    let tools = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/tools/venv/lib"));
    let versions = tools.read_dir().into_iter().flatten().flatten();
    versions
        .map(|python| python.path().join("site-packages/cryptography_vectors/ciphers/AES/GCM"))
        .find(|path| path.is_dir())
        .expect("NIST's cases are not here: run scripts/setup.sh vectors")
}

/// The cases of a file with whether each is authentic.
fn cases(file: &str) -> Vec<(Vector, bool)> {
    let text = std::fs::read_to_string(folder().join(file)).unwrap();
    let mut all: Vec<(Vector, bool)> = Vec::new();
    for line in text.lines().map(str::trim).filter(|l| !l.starts_with(['#', '['])) {
        if line == "FAIL" {
            all.last_mut().unwrap().1 = false;
        }
        let Some((name, value)) = line.split_once('=').map(|(n, v)| (n.trim(), v.trim())) else { continue };
        if name == "Count" {
            let case = format!("{file} {}", all.len());
            all.push((Vector { case, ..Vector::default() }, true));
        }
        let vector = &mut all.last_mut().unwrap().0;
        match name {
            "Count" => {}
            "Key" => vector.key = hex(value),
            "IV" => vector.iv = hex(value),
            "AAD" => vector.aad = hex(value),
            "PT" => vector.pt = hex(value),
            "CT" => vector.ct = hex(value),
            "Tag" => vector.tag = hex(value),
            other => panic!("unknown field {other}"),
        }
    }
    assert_eq!(all.len(), CASES.0, "{file}");
    all.retain(|(v, _)| v.iv.len() == 12);
    assert_eq!(all.len(), CASES.1, "{file}");
    assert!(all.iter().all(|(v, _)| !matches!(v.aad.len(), 8 | 12)), "{file}: AAD of ESP's length");
    all
}

/// Payloads of the `count` authentic cases that have one, through the engine.
fn payloads(file: &str, encrypt: bool, count: usize) {
    let cases = cases(file);
    let jobs: Vec<_> = cases
        .iter()
        .filter(|(v, authentic)| *authentic && !v.ct.is_empty())
        .map(|(v, _)| published(v, encrypt))
        .collect();
    assert_eq!(jobs.len(), count, "{file}");
    let mut bench = Engine::new(&engine(encrypt, true), 1_000_000, [0; 3]);
    jobs.into_iter().for_each(|job| bench.push(job));
    bench.finish();
}

#[test]
fn nist_ciphertexts_come_out_of_the_engine() {
    payloads("gcmEncryptExtIV128.rsp", true, 2100);
    payloads("gcmEncryptExtIV256.rsp", true, 2100);
}

#[test]
fn nist_plaintexts_come_out_of_the_engine() {
    payloads("gcmDecrypt128.rsp", false, 987);
    payloads("gcmDecrypt256.rsp", false, 1044);
}

#[test]
fn nist_tags_are_reproduced_or_refused() {
    let files =
        ["gcmEncryptExtIV128.rsp", "gcmEncryptExtIV256.rsp", "gcmDecrypt128.rsp", "gcmDecrypt256.rsp"];
    let cases: Vec<_> = files.iter().flat_map(|file| cases(file)).collect();
    let got = tags(&cases.iter().map(|(v, _)| packet(v)).collect::<Vec<_>>(), 0);
    let mut refused = 0;
    for ((v, authentic), tag) in cases.iter().zip(got) {
        assert_eq!(tag.to_be_bytes()[..v.tag.len()] == v.tag, *authentic, "case {}", v.case);
        refused += usize::from(!authentic);
    }
    assert_eq!(cases.len(), 4 * CASES.1);
    assert_eq!(refused, 1363 + 1317);
}
