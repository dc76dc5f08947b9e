// SPDX-License-Identifier: Apache-2.0
//! The driver's kernel backend for real: the Verilated card, plugged into a guest as a PCI device behind an IOMMU, is
//! driven from inside by the product's own programs over `/dev/vfio`.

use std::time::Duration;

use headend_peers::cache::{qemu_vfio_user, workspace_program};
use headend_peers::card::CardProcess;
use headend_peers::guest::{Guest, GuestConfig};
use headend_peers::wire::{Service, Wire};

/// Generous: the guest is emulated, and so is the card.
const LIMIT: Duration = Duration::from_secs(90);
const FRAMES: &str = "24";

/// PCI address of the card in the guest, as the QEMU command line places it.
const ADDRESS: &str = "0000:00:05.0";

#[test]
fn card_works_over_the_guest_kernels_vfio_behind_an_iommu() {
    let dir = tempfile::tempdir().expect("directory");
    let path = |name: &str| dir.path().join(name);
    let echo = Wire::bind(&path("outside"), &path("port0")).expect("bind");
    let back = echo.try_clone().expect("clone");
    let _echo = Service::spawn(echo, move |frame| back.send(&frame).expect("echo a frame to the card"));
    let attach = format!("dgram:{},{}", path("port0").display(), path("outside").display());
    let card = CardProcess::start(dir.path(), &attach, "none").expect("card");
    let mut guest = boot(&card);
    bind_to_vfio(&mut guest);

    let card_argument = format!("--card pci:{ADDRESS}");
    let mut headend =
        |words: &str| guest.run(&format!("/bin/headend {card_argument} {words}"), LIMIT).expect(words);
    let info: serde_json::Value = serde_json::from_str(&headend("card info --json")).expect("JSON");
    assert_eq!(info["card"], format!("pci:{ADDRESS}"));
    headend("apply /config.toml");
    let routes = headend("route list --json");
    assert!(routes.contains("10.77.0.0/16"), "the route that apply wrote is read back: {routes}");

    let report = guest
        .run(&format!("/bin/headend-guest-check pci:{ADDRESS} {FRAMES}"), LIMIT)
        .expect("checks inside the guest");
    assert!(report.contains("all checks passed"), "{report}");
    println!("{report}");

    // A function that is not bound to vfio-pci gets advice, not a crash.
    let (status, words) =
        guest.try_run("/bin/headend --card pci:0000:00:00.0 card info", LIMIT).expect("answer");
    assert_ne!(status, 0);
    assert!(words.contains("headend card bind 0000:00:00.0"), "{words}");

    let words = headend_unbind(&mut guest);
    assert!(words.contains("went from vfio-pci to no driver"), "{words}");
}

fn headend_unbind(guest: &mut Guest) -> String {
    guest.run(&format!("/bin/headend card unbind {ADDRESS}"), LIMIT).expect("unbind")
}

fn boot(card: &CardProcess) -> Guest {
    let program = |name, package| workspace_program(name, package).expect("build");
    let device = format!(
        r#"{{"driver":"vfio-user-pci","addr":"5","socket":{{"path":"{}","type":"unix"}},"x-msg-timeout":20000}}"#,
        card.socket().display()
    );
    GuestConfig::new(qemu_vfio_user().expect("QEMU 11"))
        .and_then(|config| config.host_program("bin/headend", &program("headend", "headend-driver")))
        .and_then(|config| {
            config.host_program("bin/headend-guest-check", &program("headend-guest-check", "headend-peers"))
        })
        .expect("guest image")
        .private_file("config.toml", include_bytes!("vfio_guest.toml"))
        .modules(&["irqbypass", "vfio", "vfio_iommu_type1", "vfio-pci"])
        .kernel_arguments("intel_iommu=on")
        .arguments(["-m", "512M", "-object", "memory-backend-memfd,id=m,size=512M,share=on"])
        .arguments(["-machine", "q35,kernel-irqchip=split,memory-backend=m"])
        .arguments(["-device", "intel-iommu,intremap=on,caching-mode=on"])
        .arguments(["-device", &device])
        .boot()
        .unwrap_or_else(|error| panic!("boot: {error:#}\ncard: {}", card.log()))
}

/// The product's own command does it, checks included: the card alone in its IOMMU group, and nothing but a card.
fn bind_to_vfio(guest: &mut Guest) {
    let (status, words) = guest.try_run("/bin/headend card bind 0000:00:00.0", LIMIT).expect("answer");
    assert!(status != 0 && words.contains("expected a Headend card"), "{words}");
    let words = guest.run(&format!("/bin/headend card bind {ADDRESS}"), LIMIT).expect("bind");
    assert!(words.contains("went from no driver to vfio-pci"), "{words}");
    let device = format!("/sys/bus/pci/devices/{ADDRESS}");
    guest
        .run(&format!("test -e {device}/driver && test -e {device}/iommu_group"), LIMIT)
        .expect("bound, in a group");
}
