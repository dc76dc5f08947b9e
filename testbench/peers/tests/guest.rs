// SPDX-License-Identifier: Apache-2.0
//! The guest itself: it boots, obeys, and reports failures of commands.

use std::time::Duration;

use headend_peers::{cache, guest::GuestConfig};

#[test]
fn guest_boots_runs_commands_and_reports_their_status() {
    let qemu = cache::qemu_installed().expect("QEMU");
    let mut guest = GuestConfig::new(qemu)
        .and_then(|config| config.installed_program("ip"))
        .expect("guest image")
        .modules(&[
            "esp4",
            "ctr",
            "ghash_generic",
            "gcm",
            "hmac",
            "sha256_generic",
            "sha512_generic",
            "jitterentropy_rng",
            "drbg",
            "seqiv",
            "authenc",
            "xfrm_user",
            "aesni_intel",
            "virtio_net",
            "virtio_pci",
        ])
        .arguments(["-machine", "q35", "-smp", "2", "-m", "512"])
        .boot()
        .expect("boot");
    let limit = Duration::from_secs(30);
    let kernel = guest.run("uname -r", limit).expect("uname");
    assert!(kernel.contains("amd64"), "{kernel}");
    let (status, _) = guest.try_run("exit 3", limit).expect("answer");
    assert_eq!(status, 3);
    guest
        .run("/sbin/ip xfrm state add src 192.0.2.1 dst 192.0.2.2 proto esp spi 0x1000 mode tunnel aead 'rfc4106(gcm(aes))' 0x000102030405060708090a0b0c0d0e0f10111213 128 flag esn replay-window 64", limit)
        .expect("the kernel takes an AES-GCM SA");
    let state = guest.run("/sbin/ip xfrm state", limit).expect("list");
    assert!(state.contains("rfc4106"), "{state}");
}
