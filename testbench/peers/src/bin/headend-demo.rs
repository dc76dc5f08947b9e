// SPDX-License-Identifier: Apache-2.0
//! `make demo`: two VPN customers with the same addresses ping through ESP, the simulated card and MPLS, and back.
//!
//! Everything runs as ordinary processes joined by sockets; no privileges are needed. The configuration is
//! `testbench/peers/demo/headend.toml`. Captures and keys are left in `target/demo/`.

use std::fs::{self, File};
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{ensure, Context, Result};
use headend_peers::cache::target_dir;
use headend_peers::card::CardProcess;
use headend_peers::far_pe::{Customer, FarPe};
use headend_peers::pcap::{esp_sa_line, write_pcap};
use headend_peers::site::{Sa, Site};
use headend_peers::wire::{Capture, Wire};
use headend_testbench::packet::{addr, dissect, mac, EspKey};

const CONFIG: &str = include_str!("../../demo/headend.toml");
const PINGS: u16 = 5;
const PAYLOAD: [usize; PINGS as usize] = [56, 200, 600, 1000, 1372];
const LIMIT: Duration = Duration::from_secs(10);

const TOPOLOGY: &str = "
  vpn1 site 10.1.0.2 ── CE 198.51.100.10 ─┐                ┌───────────────┐                ┌─ vpn1 10.2.0.2
                                          ├─ ESP ─ port 0 ─┤ Headend  card ├─ port 1 ─ MPLS ┤  far PE
  vpn2 site 10.1.0.2 ── CE 203.0.113.20  ─┘                └───────────────┘                └─ vpn2 10.2.0.2

  Both customers use 10.0.0.0/8. Out: labels 498/702 (vpn1) and 498/703 (vpn2). Back: 528 and 529.
";

fn main() -> Result<()> {
    let dir = target_dir()?.join("demo");
    fs::create_dir_all(&dir)?;
    println!("{TOPOLOGY}");
    let work = tempfile::Builder::new().prefix("headend-demo-").tempdir()?;
    let path = |name: &str| work.path().join(name);
    let attach = |own: &str, other: &str| format!("dgram:{},{}", path(own).display(), path(other).display());
    let internet = Wire::bind(&path("internet.sock"), &path("port0.sock"))?;
    let core = Wire::bind(&path("core.sock"), &path("port1.sock"))?;

    step("starting the simulated card (the RTL under Verilator, served over vfio-user)");
    let card = CardProcess::start(
        work.path(),
        &attach("port0.sock", "internet.sock"),
        &attach("port1.sock", "core.sock"),
    )?;
    step("headend card info");
    print!("{}", card.headend(&["card", "info"])?);
    step("headend apply headend.toml");
    print!("{}", card.apply(work.path(), CONFIG)?);
    for list in ["sa", "route", "label"] {
        step(&format!("headend {list} list"));
        print!("{}", card.headend(&[list, "list"])?);
    }

    let customers =
        vec![Customer { arriving: [498, 702], answer: 528 }, Customer { arriving: [498, 703], answer: 529 }];
    let far = FarPe::start(core, mac(0x0200_0000_0102), customers)?;
    let seen = Capture::default();
    for mut site in sites() {
        step(&format!("{}: ping 10.2.0.2 from 10.1.0.2", site.name));
        for (number, size) in (1..=PINGS).zip(PAYLOAD) {
            ping(&mut site, number, size, &internet, &seen, &far)?;
        }
    }
    ensure!(far.strays().is_empty(), "the far PE got frames it did not expect: {:?}", far.strays());
    step("headend stats");
    print!("{}", card.headend(&["stats"])?);
    leave_captures(&dir, &seen, far.capture())?;
    println!("\nAll {} pings were answered.", 2 * PINGS);
    Ok(())
}

fn step(text: &str) {
    if std::io::stdout().is_terminal() {
        println!("\n\x1b[1m▸ {text}\x1b[0m");
    } else {
        println!("\n▸ {text}");
    }
}

/// The two customers' sites; keys and SPIs as in the configuration.
fn sites() -> [Site; 2] {
    let sa = |spi, key: std::ops::Range<u8>, salt: u8| Sa {
        spi,
        key: EspKey {
            key: key.collect(),
            salt: [salt, salt + 1, salt + 2, salt + 3],
            icv_len: 16,
            esn: false,
        },
        seq: 0,
    };
    let site = |name: &str, public, outbound, inbound| Site {
        name: name.to_owned(),
        public,
        provider: addr(192, 0, 2, 1),
        mac: mac(0x0200_0000_0002),
        provider_mac: mac(0x0200_0000_0001),
        host: addr(10, 1, 0, 2),
        outbound,
        inbound,
    };
    [
        site("vpn1", addr(198, 51, 100, 10), sa(0x1001, 0x00..0x20, 0xa1), sa(0x2001, 0x20..0x40, 0xb1)),
        site("vpn2", addr(203, 0, 113, 20), sa(0x1002, 0x40..0x50, 0xc1), sa(0x2002, 0x50..0x60, 0xd1)),
    ]
}

/// One ping, printed as it went from cable to cable.
fn ping(
    site: &mut Site,
    number: u16,
    size: usize,
    internet: &Wire,
    seen: &Capture,
    far: &FarPe,
) -> Result<()> {
    let payload: Vec<u8> = (0..size).map(|at| at as u8).collect();
    let request = site.ping(addr(10, 2, 0, 2), 0x4845, number, &payload);
    let before = far.capture().frames().len();
    let start = Instant::now();
    seen.push(true, &request);
    internet.send(&request)?;
    let reply =
        internet.receive(LIMIT)?.with_context(|| format!("no answer to ping {number} of {}", site.name))?;
    let took = start.elapsed();
    seen.push(false, &reply);
    let answer = site.open(&reply).map_err(anyhow::Error::msg)?;
    ensure!(
        answer.seq == number && answer.payload == payload,
        "the answer to ping {number} differs from the request"
    );
    println!("  {size} bytes: seq={number} ttl={} time={:.2} ms", answer.ttl, took.as_secs_f64() * 1e3);
    if number == 1 {
        let inside: Vec<_> = far.capture().frames().split_off(before);
        let frames = [
            Some(&request),
            inside.first().map(|seen| &seen.frame),
            inside.get(1).map(|seen| &seen.frame),
            Some(&reply),
        ];
        for (place, frame) in
            ["into port 0", "out of port 1", "into port 1", "out of port 0"].iter().zip(frames)
        {
            let text =
                frame.and_then(|frame| dissect(frame)).map_or("nothing".to_owned(), |seen| seen.to_string());
            println!("    {place:>13}: {text}");
        }
    }
    Ok(())
}

/// Writes what was seen on both cables, and the keys as Wireshark wants them.
fn leave_captures(dir: &Path, internet: &Capture, core: &Capture) -> Result<()> {
    let profile = dir.join("wireshark");
    fs::create_dir_all(&profile)?;
    let files: [(PathBuf, &Capture); 2] =
        [(dir.join("internet.pcap"), internet), (dir.join("core.pcap"), core)];
    for (file, capture) in &files {
        write_pcap(&mut File::create(file)?, &capture.frames())?;
    }
    let dotted = |address: u32| std::net::Ipv4Addr::from(address).to_string();
    let mut keys = String::new();
    for site in sites() {
        let (public, provider) = (dotted(site.public), dotted(site.provider));
        keys += &esp_sa_line(&public, &provider, &site.outbound);
        keys += &esp_sa_line(&provider, &public, &site.inbound);
    }
    fs::write(profile.join("esp_sa"), keys)?;
    fs::write(
        profile.join("preferences"),
        "esp.enable_encryption_decode: TRUE\nesp.enable_authentication_check: TRUE\n",
    )?;
    step("captures");
    println!("  {}\n  {}", files[0].0.display(), files[1].0.display());
    println!("  decrypted: WIRESHARK_CONFIG_DIR={} tshark -r {}", profile.display(), files[0].0.display());
    Ok(())
}
