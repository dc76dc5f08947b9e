// SPDX-License-Identifier: Apache-2.0
//! Looks at sysfs before VFIO is opened, because the kernel's own error codes do not say what to do.

use std::fs;
use std::path::{Path, PathBuf};

use super::super::BackendError;

/// Checks that the function at `address` exists, is bound to vfio-pci and has an IOMMU group that this process may
/// open. `root` is `/` but in tests. Gives the function's sysfs directory.
pub(super) fn check(root: &Path, address: &str) -> Result<PathBuf, BackendError> {
    let device = root.join("sys/bus/pci/devices").join(address);
    let open = |text: String| Err(BackendError::Open(text));
    if !device.exists() {
        return open(format!("no PCI function at {address}: find the card with `lspci -D`"));
    }
    match link_name(&device.join("driver")) {
        Some(driver) if driver == "vfio-pci" => {}
        other => {
            let state = match other {
                Some(driver) => format!("is bound to {driver}"),
                None => "has no driver".to_owned(),
            };
            return open(format!(
                "{address} {state}; expected vfio-pci. As root: modprobe vfio-pci; headend card bind {address}"
            ));
        }
    }
    let Some(group) = link_name(&device.join("iommu_group")) else {
        return open(no_iommu(address));
    };
    if !root.join("dev/vfio/vfio").exists() {
        return open("/dev/vfio/vfio is missing: modprobe vfio-pci".to_owned());
    }
    if !root.join("dev/vfio").join(&group).exists() {
        return open(format!(
            "/dev/vfio/{group} is missing: all functions of IOMMU group {group} must be bound to vfio-pci, and \
             /dev be managed by udev or devtmpfs"
        ));
    }
    Ok(device)
}

/// What to do about a function without an IOMMU group.
pub(super) fn no_iommu(address: &str) -> String {
    format!(
        "{address} has no IOMMU group: enable the IOMMU (VT-d, AMD-Vi) in the firmware and boot with \
         intel_iommu=on or amd_iommu=on; without it the card could write all of memory"
    )
}

/// Last part of a symbolic link's target.
pub(super) fn link_name(path: &Path) -> Option<String> {
    Some(fs::read_link(path).ok()?.file_name()?.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    const ADDRESS: &str = "0000:01:00.0";

    fn advice(root: &Path) -> String {
        check(root, ADDRESS).unwrap_err().to_string()
    }

    #[test]
    fn each_missing_step_gets_its_advice() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path();
        let device = root.join("sys/bus/pci/devices").join(ADDRESS);
        assert!(advice(root).contains("lspci"));

        fs::create_dir_all(&device).unwrap();
        assert!(advice(root).contains("has no driver; expected vfio-pci"));

        let drivers = root.join("sys/bus/pci/drivers");
        fs::create_dir_all(drivers.join("xdma")).unwrap();
        symlink(drivers.join("xdma"), device.join("driver")).unwrap();
        assert!(advice(root).contains("is bound to xdma"));
        assert!(advice(root).contains("headend card bind 0000:01:00.0"));

        fs::remove_file(device.join("driver")).unwrap();
        symlink(drivers.join("vfio-pci"), device.join("driver")).unwrap();
        assert!(advice(root).contains("intel_iommu=on"));

        symlink("../../../kernel/iommu_groups/17", device.join("iommu_group")).unwrap();
        assert!(advice(root).contains("/dev/vfio/vfio is missing"));

        fs::create_dir_all(root.join("dev/vfio")).unwrap();
        fs::write(root.join("dev/vfio/vfio"), "").unwrap();
        assert!(advice(root).contains("/dev/vfio/17 is missing"));

        fs::write(root.join("dev/vfio/17"), "").unwrap();
        assert_eq!(check(root, ADDRESS).unwrap(), device);
    }
}
