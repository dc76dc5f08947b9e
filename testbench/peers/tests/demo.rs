// SPDX-License-Identifier: Apache-2.0
//! `make demo` as a user has it: every ping is answered, and an independent tool opens what it leaves behind.

use std::process::Command;

use headend_peers::cache::{require_tool, target_dir, workspace_program};

#[test]
fn demo_answers_every_ping_and_wireshark_opens_its_captures() {
    let demo = workspace_program("headend-demo", "headend-peers").expect("build");
    let output = Command::new(demo).output().expect("run the demo");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}\n{}", String::from_utf8_lossy(&output.stderr));
    for wanted in [
        "All 10 pings were answered.",
        "ESP spi 0x00001001 seq 1",
        "[label 498 tc 0 ttl 63] [label 702 tc 0 ttl 63 S]",
        "[label 528 tc 0 ttl 64 S]",
    ] {
        assert!(text.contains(wanted), "the demo shows `{wanted}`: {text}");
    }

    let dir = target_dir().expect("target").join("demo");
    let tshark = |file: &str, filter: &str| {
        let output = Command::new(require_tool("tshark").expect("tshark"))
            .env("WIRESHARK_CONFIG_DIR", dir.join("wireshark"))
            .args(["-T", "fields", "-e", "esp.icv_good", "-e", "mpls.label", "-Y", filter, "-r"])
            .arg(dir.join(file))
            .output()
            .expect("run tshark");
        String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect::<Vec<_>>()
    };
    let decrypted = tshark("internet.pcap", "icmp && esp");
    assert_eq!(decrypted.len(), 20, "tshark decrypts every frame: {decrypted:?}");
    assert!(
        decrypted.iter().all(|line| line.starts_with('1') || line.starts_with("True")),
        "every ICV is right: {decrypted:?}"
    );
    assert_eq!(tshark("core.pcap", "icmp && mpls").len(), 20);
}
