// SPDX-License-Identifier: Apache-2.0
//! Gives a PCI function to vfio-pci, and takes it back, by sysfs.
//!
//! Everything is checked before the first write: a wrong address must not take a machine's disk or network away.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::super::BackendError;
use super::sysfs::{link_name, no_iommu};

/// PCI identity of a Headend card: vendor and device.
const HEADEND: (u16, u16) = (0x10ee, 0x9034);
/// Upper byte of the class code of bridges, which the kernel's IOMMU groups may hold beside the card.
const BRIDGE: u32 = 0x06;
const VFIO: &str = "vfio-pci";

/// What binding or unbinding did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    /// Driver before.
    pub before: Option<String>,
    /// Driver now.
    pub now: Option<String>,
}

/// Writes a text to a file of sysfs.
type Write<'w> = &'w mut dyn FnMut(&Path, &str) -> io::Result<()>;

/// One function in sysfs.
struct Function<'w> {
    address: String,
    /// Directory of PCI in sysfs.
    pci: PathBuf,
    device: PathBuf,
    write: Write<'w>,
}

/// Binds the function at `address` (as sysfs writes it) to vfio-pci. With `any`, also one that is no Headend card.
///
/// # Errors
/// There is no such function, it is no Headend card, the IOMMU is off, its IOMMU group has functions in use by others,
/// vfio-pci is not loaded, or the kernel refuses; the text says what to do. Nothing is written in all but the last case.
pub fn bind(address: &str, any: bool) -> Result<Binding, BackendError> {
    bind_in(Path::new("/"), address, any, &mut |path, text| fs::write(path, text))
}

/// Takes the function at `address` from vfio-pci and lets the kernel find its usual driver. Waits for a program that
/// still uses it. With `any`, also one that is no Headend card.
///
/// # Errors
/// There is no such function, it is no Headend card, another driver has it, or the kernel refuses.
pub fn unbind(address: &str, any: bool) -> Result<Binding, BackendError> {
    unbind_in(Path::new("/"), address, any, &mut |path, text| fs::write(path, text))
}

fn bind_in(root: &Path, address: &str, any: bool, write: Write<'_>) -> Result<Binding, BackendError> {
    let mut function = Function::find(root, address, write)?;
    if !any {
        function.check_identity()?;
    }
    function.check_group()?;
    let before = function.driver();
    if before.as_deref() == Some(VFIO) {
        return Ok(Binding { now: before.clone(), before });
    }
    if !function.pci.join("drivers").join(VFIO).exists() {
        return Err(BackendError::Open("vfio-pci is not loaded. As root: modprobe vfio-pci".into()));
    }
    function.put("driver_override", VFIO)?;
    if before.is_some() {
        function.put("driver/unbind", address)?;
    }
    function.probe()?;
    let now = function.driver();
    if now.as_deref() != Some(VFIO) {
        let state = now.map_or_else(|| "no driver has it".to_owned(), |driver| format!("{driver} has it"));
        return Err(BackendError::Open(format!(
            "the kernel did not bind {address} to vfio-pci, {state}: look at dmesg"
        )));
    }
    Ok(Binding { before, now })
}

fn unbind_in(root: &Path, address: &str, any: bool, write: Write<'_>) -> Result<Binding, BackendError> {
    let mut function = Function::find(root, address, write)?;
    if !any {
        function.check_identity()?;
    }
    let before = function.driver();
    match before.as_deref() {
        Some(VFIO) => function.put("driver/unbind", address)?,
        Some(other) => {
            return Err(BackendError::Open(format!(
                "{address} is bound to {other}, not to vfio-pci: nothing was done"
            )))
        }
        None => {}
    }
    // An empty line is how sysfs forgets an override.
    function.put("driver_override", "\n")?;
    function.probe()?;
    Ok(Binding { before, now: function.driver() })
}

impl<'w> Function<'w> {
    fn find(root: &Path, address: &str, write: Write<'w>) -> Result<Self, BackendError> {
        let pci = root.join("sys/bus/pci");
        let device = pci.join("devices").join(address);
        if !device.exists() {
            return Err(BackendError::Open(format!(
                "no PCI function at {address}: find the card with `lspci -D`"
            )));
        }
        Ok(Self { address: address.to_owned(), pci, device, write })
    }

    /// A hexadecimal number of sysfs.
    fn number(device: &Path, name: &str) -> Option<u32> {
        let text = fs::read_to_string(device.join(name)).ok()?;
        u32::from_str_radix(text.trim().trim_start_matches("0x"), 16).ok()
    }

    fn driver(&self) -> Option<String> {
        link_name(&self.device.join("driver"))
    }

    fn check_identity(&self) -> Result<(), BackendError> {
        let id = |name| Self::number(&self.device, name).unwrap_or(0);
        let (vendor, device) = (id("vendor"), id("device"));
        if (vendor, device) == (HEADEND.0.into(), HEADEND.1.into()) {
            return Ok(());
        }
        Err(BackendError::Open(format!(
            "{} is {vendor:04x}:{device:04x}; expected a Headend card, {:04x}:{:04x}. --any takes it all the same",
            self.address, HEADEND.0, HEADEND.1
        )))
    }

    /// The function has an IOMMU group, and nothing else in it is in use by the kernel.
    fn check_group(&self) -> Result<(), BackendError> {
        let Some(group) = link_name(&self.device.join("iommu_group")) else {
            return Err(BackendError::Open(no_iommu(&self.address)));
        };
        let mut in_use = Vec::new();
        let members = fs::read_dir(self.device.join("iommu_group/devices"));
        for member in members.into_iter().flatten().flatten() {
            let name = member.file_name().to_string_lossy().into_owned();
            let device = self.pci.join("devices").join(&name);
            let bridge = Self::number(&device, "class").is_some_and(|class| class >> 16 == BRIDGE);
            let driver = link_name(&device.join("driver")).filter(|driver| driver != VFIO);
            if let (false, false, Some(driver)) = (name == self.address, bridge, driver) {
                in_use.push(format!("{name} ({driver})"));
            }
        }
        if in_use.is_empty() {
            return Ok(());
        }
        in_use.sort_unstable();
        Err(BackendError::Open(format!(
            "{} shares IOMMU group {group} with {}: VFIO takes whole groups only. Bind these to vfio-pci too, or put the card \
             into another slot",
            self.address,
            in_use.join(", ")
        )))
    }

    fn put(&mut self, name: &str, text: &str) -> Result<(), BackendError> {
        let path = self.device.join(name);
        (self.write)(&path, text).map_err(|error| failed(&path, error))
    }

    /// Has the kernel look for a driver. That none wants the function is no error.
    fn probe(&mut self) -> Result<(), BackendError> {
        let path = self.pci.join("drivers_probe");
        (self.write)(&path, &self.address).map_err(|error| failed(&path, error))
    }
}

fn failed(path: &Path, error: io::Error) -> BackendError {
    let hint = if error.kind() == io::ErrorKind::PermissionDenied { " (root may)" } else { "" };
    BackendError::io(format!("writing {}{hint}", path.display()), error)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    const CARD: &str = "0000:01:00.0";
    const OTHER: &str = "0000:01:00.1";

    /// A sysfs in a directory, whose driver core does what the kernel's does.
    struct Machine(tempfile::TempDir);

    impl Machine {
        fn new() -> Self {
            let machine = Self(tempfile::tempdir().unwrap());
            machine.add(CARD, "0x10ee", "0x9034", "0x020000", Some("xdma"));
            fs::create_dir_all(machine.pci().join("drivers/vfio-pci")).unwrap();
            machine
        }

        fn pci(&self) -> PathBuf {
            self.0.path().join("sys/bus/pci")
        }

        fn device(&self, address: &str) -> PathBuf {
            self.pci().join("devices").join(address)
        }

        /// Adds a function in IOMMU group 17.
        fn add(&self, address: &str, vendor: &str, id: &str, class: &str, driver: Option<&str>) {
            let device = self.device(address);
            fs::create_dir_all(&device).unwrap();
            for (name, text) in [("vendor", vendor), ("device", id), ("class", class)] {
                fs::write(device.join(name), format!("{text}\n")).unwrap();
            }
            let group = self.0.path().join("sys/kernel/iommu_groups/17");
            fs::create_dir_all(group.join("devices").join(address)).unwrap();
            symlink(&group, device.join("iommu_group")).unwrap();
            if let Some(driver) = driver {
                fs::create_dir_all(self.pci().join("drivers").join(driver)).unwrap();
                symlink(self.pci().join("drivers").join(driver), device.join("driver")).unwrap();
            }
        }

        /// What the kernel does when sysfs is written: probing takes the override, else xdma.
        fn written(&self, path: &Path, text: &str) -> io::Result<()> {
            match path.file_name().and_then(|name| name.to_str()) {
                Some("unbind") => fs::remove_file(self.device(text).join("driver")),
                Some("drivers_probe") => {
                    let device = self.device(text);
                    let wanted = fs::read_to_string(device.join("driver_override")).unwrap_or_default();
                    let driver = if wanted.trim().is_empty() { "xdma" } else { wanted.trim() };
                    symlink(self.pci().join("drivers").join(driver), device.join("driver"))
                }
                _ => fs::write(path, text),
            }
        }

        fn bind(&self, address: &str, any: bool) -> Result<Binding, BackendError> {
            bind_in(self.0.path(), address, any, &mut |path, text| self.written(path, text))
        }

        /// The refusal of a bind that must not write anything.
        fn refusal(&self, address: &str) -> String {
            let refuse = &mut |path: &Path, _: &str| panic!("{} was written", path.display());
            bind_in(self.0.path(), address, false, refuse).unwrap_err().to_string()
        }

        fn unbind(&self) -> Result<Binding, BackendError> {
            self.unbind_at(CARD, false)
        }

        fn unbind_at(&self, address: &str, any: bool) -> Result<Binding, BackendError> {
            unbind_in(self.0.path(), address, any, &mut |path, text| self.written(path, text))
        }
    }

    #[test]
    fn a_card_changes_hands_and_back() {
        let machine = Machine::new();
        let driver = |name: &str| Some(name.to_owned());
        assert_eq!(machine.bind(CARD, false).unwrap(), Binding { before: driver("xdma"), now: driver(VFIO) });
        assert_eq!(machine.bind(CARD, false).unwrap(), Binding { before: driver(VFIO), now: driver(VFIO) });
        assert_eq!(machine.unbind().unwrap(), Binding { before: driver(VFIO), now: driver("xdma") });
        assert!(machine.unbind().unwrap_err().to_string().contains("bound to xdma, not to vfio-pci"));
        fs::remove_file(machine.device(CARD).join("driver")).unwrap();
        assert_eq!(machine.bind(CARD, false).unwrap(), Binding { before: None, now: driver(VFIO) });
    }

    #[test]
    fn what_is_wrong_is_said_before_anything_is_written() {
        let machine = Machine::new();
        assert!(machine.refusal("0000:09:00.0").contains("lspci -D"));
        machine.add("0000:02:00.0", "0x8086", "0x10d3", "0x020000", Some("e1000e"));
        let words = machine.refusal("0000:02:00.0");
        assert!(words.contains("is 8086:10d3; expected a Headend card, 10ee:9034"), "{words}");
        let words = machine.refusal(CARD);
        assert!(words.contains("shares IOMMU group 17 with 0000:02:00.0 (e1000e)"), "{words}");
        fs::remove_file(machine.device("0000:02:00.0").join("driver")).unwrap();
        machine.add(OTHER, "0x8086", "0x1234", "0x060400", Some("pcieport"));
        assert!(machine.bind(CARD, false).is_ok(), "a bridge and a function without driver do no harm");
        assert!(machine.unbind().is_ok());

        fs::remove_dir(machine.pci().join("drivers/vfio-pci")).unwrap();
        assert!(machine.refusal(CARD).contains("modprobe vfio-pci"));
        fs::remove_file(machine.device(CARD).join("iommu_group")).unwrap();
        assert!(machine.refusal(CARD).contains("intel_iommu=on"));
    }

    #[test]
    fn another_device_is_taken_when_that_is_asked_for() {
        let machine = Machine::new();
        fs::write(machine.device(CARD).join("vendor"), "0x8086\n").unwrap();
        assert!(machine.refusal(CARD).contains("--any"));
        assert_eq!(machine.bind(CARD, true).unwrap().now.as_deref(), Some(VFIO));
        let refuse = &mut |path: &Path, _: &str| panic!("{} was written", path.display());
        let error = unbind_in(machine.0.path(), CARD, false, refuse).unwrap_err().to_string();
        assert!(error.contains("expected a Headend card") && error.contains("--any"), "{error}");
        assert_eq!(machine.unbind_at(CARD, true).unwrap().now.as_deref(), Some("xdma"));
    }

    #[test]
    fn a_kernel_that_refuses_is_told() {
        let machine = Machine::new();
        let mut deaf = |_: &Path, _: &str| Ok(());
        let error = bind_in(machine.0.path(), CARD, false, &mut deaf).unwrap_err().to_string();
        assert!(error.contains("did not bind") && error.contains("xdma has it"), "{error}");
        let mut denied = |_: &Path, _: &str| Err(io::ErrorKind::PermissionDenied.into());
        let error = bind_in(machine.0.path(), CARD, false, &mut denied).unwrap_err().to_string();
        assert!(error.contains("driver_override (root may)"), "{error}");
    }
}
