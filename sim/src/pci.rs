// SPDX-License-Identifier: Apache-2.0
//! The card as a PCI Express function: identity and configuration space.

use headend_regs::{reg, Ring};

/// PCI identity of the card: that of AMD's XDMA endpoint (PCIe Gen3 x16, the shell that an Alveo card runs), told
/// apart by the subsystem.
pub mod ids {
    /// Vendor: AMD (Xilinx).
    pub const VENDOR: u16 = 0x10ee;
    /// Device: XDMA, PCIe Gen3 x16.
    pub const DEVICE: u16 = 0x9034;
    /// Subsystem vendor, as the vendor.
    pub const SUBSYSTEM_VENDOR: u16 = 0x10ee;
    /// Subsystem: ASCII `HE`.
    pub const SUBSYSTEM: u16 = 0x4845;
    /// Class code: network controller, Ethernet.
    pub const CLASS: u32 = 0x02_0000;
}

/// Bytes of BAR0, the registers.
pub const BAR0_BYTES: u32 = reg::BAR0_BYTES as u32;
/// Bytes of BAR2, the MSI-X table and its pending bits.
pub const BAR2_BYTES: u32 = 4096;
/// Bytes of configuration space.
pub const CONFIG_BYTES: usize = 4096;
/// MSI-X vectors: one for each ring.
pub const VECTORS: u16 = Ring::ALL.len() as u16;

/// Offset of the MSI-X pending bits in BAR2.
pub const PBA_OFFSET: u32 = 0x800;
const PCIE_CAP: usize = 0x40;
const MSIX_CAP: usize = 0x80;
/// Device capabilities: function level reset, role-based error reporting, 256-byte payloads.
const DEVICE_CAPS: u32 = 1 << 28 | 1 << 15 | 1;
const DEVICE_CONTROL: usize = PCIE_CAP + 8;
const FUNCTION_RESET: u16 = 1 << 15;

/// What a write to configuration space asks of the device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConfigEffect {
    /// Nothing.
    None,
    /// Function level reset.
    FunctionReset,
}

/// Configuration space: what reads give, and which bits writes change.
#[derive(Debug, Clone)]
pub struct ConfigSpace {
    bytes: Box<[u8; CONFIG_BYTES]>,
    writable: Box<[u8; CONFIG_BYTES]>,
}

impl Default for ConfigSpace {
    fn default() -> Self {
        Self::new()
    }
}

impl ConfigSpace {
    /// The state after power-up.
    pub fn new() -> Self {
        let mut space = Self { bytes: Box::new([0; CONFIG_BYTES]), writable: Box::new([0; CONFIG_BYTES]) };
        space.header();
        space.pcie_capability();
        space.msix_capability();
        space
    }

    fn put(&mut self, at: usize, value: &[u8]) {
        self.bytes[at..at + value.len()].copy_from_slice(value);
    }

    fn allow(&mut self, at: usize, mask: &[u8]) {
        self.writable[at..at + mask.len()].copy_from_slice(mask);
    }

    /// Type 0 header (PCI Express base specification 7.5.1).
    fn header(&mut self) {
        self.put(0x00, &ids::VENDOR.to_le_bytes());
        self.put(0x02, &ids::DEVICE.to_le_bytes());
        self.allow(0x04, &0x0546u16.to_le_bytes()); // memory, bus master, parity, SERR, INTx disable
        self.put(0x06, &0x0010u16.to_le_bytes()); // capability list
        self.put(0x08, &(ids::CLASS << 8).to_le_bytes());
        self.allow(0x0c, &[0xff]);
        self.bar(0x10, BAR0_BYTES);
        self.bar(0x18, BAR2_BYTES);
        self.put(0x2c, &ids::SUBSYSTEM_VENDOR.to_le_bytes());
        self.put(0x2e, &ids::SUBSYSTEM.to_le_bytes());
        self.put(0x34, &[PCIE_CAP as u8]);
        self.allow(0x3c, &[0xff]);
    }

    /// A 64-bit memory BAR that is not prefetchable: its address bits above the size are writable.
    fn bar(&mut self, at: usize, size: u32) {
        self.put(at, &4u32.to_le_bytes());
        self.allow(at, &(!(size - 1)).to_le_bytes());
        self.allow(at + 4, &[0xff; 4]);
    }

    /// PCI Express capability, version 2, endpoint (7.5.3).
    fn pcie_capability(&mut self) {
        self.put(PCIE_CAP, &[0x10, MSIX_CAP as u8]);
        self.put(PCIE_CAP + 2, &0x0002u16.to_le_bytes());
        self.put(PCIE_CAP + 4, &DEVICE_CAPS.to_le_bytes());
        self.allow(DEVICE_CONTROL, &0x7fffu16.to_le_bytes());
        self.put(PCIE_CAP + 0x0c, &(16u32 << 4 | 3).to_le_bytes()); // link: x16, 8 GT/s
        self.put(PCIE_CAP + 0x12, &(16u16 << 4 | 3).to_le_bytes());
    }

    /// MSI-X capability (7.7.2).
    fn msix_capability(&mut self) {
        self.put(MSIX_CAP, &[0x11, 0]);
        self.put(MSIX_CAP + 2, &(VECTORS - 1).to_le_bytes());
        self.allow(MSIX_CAP + 2, &0xc000u16.to_le_bytes());
        self.put(MSIX_CAP + 4, &2u32.to_le_bytes());
        self.put(MSIX_CAP + 8, &(PBA_OFFSET | 2).to_le_bytes());
    }

    /// Fills `data` from `offset` on; false when the range leaves the space.
    pub fn read(&self, offset: u64, data: &mut [u8]) -> bool {
        let Some(range) = range(offset, data.len()) else { return false };
        data.copy_from_slice(&self.bytes[range]);
        true
    }

    /// Writes what may be written of `data` at `offset`; `None` when the range leaves the space.
    pub fn write(&mut self, offset: u64, data: &[u8]) -> Option<ConfigEffect> {
        let range = range(offset, data.len())?;
        let start = range.start;
        for (i, value) in range.zip(data) {
            let mask = self.writable[i];
            self.bytes[i] = self.bytes[i] & !mask | value & mask;
        }
        let high = DEVICE_CONTROL + 1;
        let reset_bit = (FUNCTION_RESET >> 8) as u8;
        let written = high.checked_sub(start).and_then(|i| data.get(i));
        match written {
            Some(byte) if byte & reset_bit != 0 => Some(ConfigEffect::FunctionReset),
            _ => Some(ConfigEffect::None),
        }
    }
}

fn range(offset: u64, len: usize) -> Option<std::ops::Range<usize>> {
    let start = usize::try_from(offset).ok()?;
    let end = start.checked_add(len).filter(|end| *end <= CONFIG_BYTES)?;
    Some(start..end)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read32(space: &ConfigSpace, at: u64) -> u32 {
        let mut word = [0; 4];
        assert!(space.read(at, &mut word));
        u32::from_le_bytes(word)
    }

    #[test]
    fn identity_and_capability_list() {
        let space = ConfigSpace::new();
        assert_eq!(read32(&space, 0), 0x9034_10ee);
        assert_eq!(read32(&space, 8) >> 8, 0x02_0000);
        assert_eq!(read32(&space, 0x2c), 0x4845_10ee);
        let mut found = Vec::new();
        let mut at = read32(&space, 0x34) & 0xff;
        while at != 0 {
            let word = read32(&space, at.into());
            found.push(word & 0xff);
            at = word >> 8 & 0xff;
        }
        assert_eq!(found, [0x10, 0x11], "PCI Express, MSI-X");
        assert_eq!(read32(&space, 0x80) >> 16, 3, "four vectors");
    }

    #[test]
    fn bars_tell_their_size_and_hold_their_address() {
        let mut space = ConfigSpace::new();
        for (at, size) in [(0x10, 0x1_0000u32), (0x18, 0x1000)] {
            assert_eq!(space.write(at, &[0xff; 8]), Some(ConfigEffect::None));
            assert_eq!(read32(&space, at), !(size - 1) | 4, "64-bit memory");
            assert_eq!(read32(&space, at + 4), u32::MAX);
            space.write(at, &0xfeb0_0000u32.to_le_bytes());
            assert_eq!(read32(&space, at), 0xfeb0_0004);
        }
        assert_eq!(space.write(0x20, &[0xff; 4]), Some(ConfigEffect::None));
        assert_eq!(read32(&space, 0x20), 0, "no BAR4");
    }

    #[test]
    fn function_reset_is_noticed_however_it_is_written() {
        let mut space = ConfigSpace::new();
        assert_eq!(space.write(0x48, &0x8000u16.to_le_bytes()), Some(ConfigEffect::FunctionReset));
        assert_eq!(space.write(0x48, &0x8000u32.to_le_bytes()), Some(ConfigEffect::FunctionReset));
        assert_eq!(space.write(0x49, &[0x80]), Some(ConfigEffect::FunctionReset));
        assert_eq!(space.write(0x48, &[0xff]), Some(ConfigEffect::None));
        assert_eq!(read32(&space, 0x48) & 0x8000, 0, "reads as zero");
    }

    #[test]
    fn identity_is_read_only_and_the_end_is_the_end() {
        let mut space = ConfigSpace::new();
        space.write(0, &[0; 4]);
        assert_eq!(read32(&space, 0), 0x9034_10ee);
        assert!(!space.read(4094, &mut [0; 4]));
        assert_eq!(space.write(u64::MAX, &[0]), None);
        assert!(!space.read(u64::MAX - 1, &mut [0; 4]));
    }
}
