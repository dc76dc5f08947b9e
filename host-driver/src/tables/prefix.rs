// SPDX-License-Identifier: Apache-2.0
//! IPv4 prefixes.

use std::fmt;
use std::net::Ipv4Addr;
use std::str::FromStr;

/// An IPv4 prefix. All bits behind its length are zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Prefix {
    address: Ipv4Addr,
    len: u8,
}

impl Prefix {
    /// The default route.
    pub const ALL: Self = Self { address: Ipv4Addr::UNSPECIFIED, len: 0 };

    /// A prefix whose bits behind `len` are known to be zero; `len` is 32 at most.
    pub(crate) fn new(address: Ipv4Addr, len: u8) -> Self {
        Self { address, len }
    }

    /// The prefix of this length that holds `address`; lengths above 32 count as 32.
    #[must_use]
    pub fn truncated(address: Ipv4Addr, len: u8) -> Self {
        let len = len.min(32);
        Self { address: (u32::from(address) & mask(len)).into(), len }
    }

    /// First address.
    #[must_use]
    pub fn address(&self) -> Ipv4Addr {
        self.address
    }

    /// Length in bits, 0 to 32.
    #[must_use]
    #[allow(clippy::len_without_is_empty, reason = "a length in bits, not a count")]
    pub fn len(&self) -> u8 {
        self.len
    }

    /// Whether the prefix holds an address.
    #[must_use]
    pub fn contains(&self, address: Ipv4Addr) -> bool {
        Self::truncated(address, self.len).address == self.address
    }
}

fn mask(len: u8) -> u32 {
    u32::MAX.checked_shl(32 - u32::from(len)).unwrap_or(0)
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{}/{}", self.address, self.len))
    }
}

impl FromStr for Prefix {
    type Err = String;

    /// Reads `10.0.0.0/8`; an address alone is a /32. Bits behind the length are an error, as they are mostly typos.
    fn from_str(text: &str) -> Result<Self, String> {
        let (address, len) = text.split_once('/').unwrap_or((text, "32"));
        let bad = || "expected an IPv4 prefix such as 10.0.0.0/8".to_owned();
        let address: Ipv4Addr = address.parse().map_err(|_| bad())?;
        let len: u8 = len.parse().ok().filter(|len| *len <= 32).ok_or_else(bad)?;
        let prefix = Self::truncated(address, len);
        if prefix.address != address {
            return Err(format!("expected no bits behind the prefix length: {prefix}"));
        }
        Ok(prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_parse_strictly() {
        for text in ["10.0.0.0/8", "0.0.0.0/0", "192.0.2.1/32"] {
            assert_eq!(text.parse::<Prefix>().unwrap().to_string(), text);
        }
        assert_eq!("192.0.2.1".parse::<Prefix>().unwrap().len(), 32);
        assert!("10.1.0.0/8".parse::<Prefix>().unwrap_err().contains("10.0.0.0/8"));
        for text in ["10.0.0.0/33", "10.0.0/8", "10.0.0.0/", "", "x/8", "::/0"] {
            assert!(text.parse::<Prefix>().unwrap_err().contains("expected"), "{text}");
        }
    }
}
