// SPDX-License-Identifier: Apache-2.0
//! Where a card is, as users write it.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

/// Where a card is: `vfio-user:PATH` or `pci:DDDD:BB:DD.F`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
    /// Socket of a simulated card.
    VfioUser(PathBuf),
    /// PCI address of a function bound to vfio-pci.
    Pci(String),
}

impl FromStr for Location {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(path) = text.strip_prefix("vfio-user:") {
            if path.is_empty() {
                return Err("expected a socket path behind `vfio-user:`".into());
            }
            return Ok(Self::VfioUser(path.into()));
        }
        if let Some(address) = text.strip_prefix("pci:") {
            return pci_address(address).map(Self::Pci);
        }
        Err(format!("`{text}` names no card: expected vfio-user:PATH or pci:0000:01:00.0"))
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::VfioUser(path) => write!(f, "vfio-user:{}", path.display()),
            Self::Pci(address) => write!(f, "pci:{address}"),
        }
    }
}

/// Checks a PCI address and gives it the form of sysfs; the domain may be left out.
pub(crate) fn pci_address(text: &str) -> Result<String, String> {
    let bad =
        || format!("`{text}` is not a PCI address: expected domain:bus:device.function as 0000:01:00.0");
    let full = if text.matches(':').count() == 1 { format!("0000:{text}") } else { text.to_owned() };
    let (front, function) = full.split_once('.').ok_or_else(bad)?;
    let parts: Vec<&str> = front.split(':').collect();
    let hex = |part: &str, digits: usize, max: u32| {
        part.len() == digits && u32::from_str_radix(part, 16).is_ok_and(|value| value <= max)
    };
    let fits = parts.len() == 3
        && hex(parts[0], 4, 0xffff)
        && hex(parts[1], 2, 0xff)
        && hex(parts[2], 2, 0x1f)
        && hex(function, 1, 7);
    if fits {
        Ok(full.to_ascii_lowercase())
    } else {
        Err(bad())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locations_parse_and_print() {
        for (text, printed) in [
            ("vfio-user:/run/card.sock", "vfio-user:/run/card.sock"),
            ("pci:0000:01:00.0", "pci:0000:01:00.0"),
            ("pci:0A:1f.7", "pci:0000:0a:1f.7"),
        ] {
            assert_eq!(text.parse::<Location>().unwrap().to_string(), printed);
        }
    }

    #[test]
    fn wrong_locations_say_what_is_expected() {
        for text in
            ["", "vfio-user:", "/run/card.sock", "pci:", "pci:01", "pci:0000:01:20.0", "pci:0000:01:00.8"]
        {
            assert!(text.parse::<Location>().unwrap_err().contains("expected"), "{text}");
        }
    }
}
