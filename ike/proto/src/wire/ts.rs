// SPDX-License-Identifier: Apache-2.0
//! Traffic selectors (RFC 7296 3.13).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::{Fault, Reader, WireError, Writer};

/// An inclusive range of addresses of one family.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct IpRange {
    first: IpAddr,
    last: IpAddr,
}

impl IpRange {
    /// The range from `first` to `last`, both included; `None` when the families differ or it is empty.
    pub fn new(first: IpAddr, last: IpAddr) -> Option<IpRange> {
        (first.is_ipv4() == last.is_ipv4() && first <= last).then_some(IpRange { first, last })
    }

    /// First address.
    pub fn first(&self) -> IpAddr {
        self.first
    }

    /// Last address, included.
    pub fn last(&self) -> IpAddr {
        self.last
    }

    /// What both ranges contain.
    pub fn intersect(&self, other: &IpRange) -> Option<IpRange> {
        if self.first.is_ipv4() != other.first.is_ipv4() {
            return None;
        }
        IpRange::new(self.first.max(other.first), self.last.min(other.last))
    }
}

/// Type of the selectors that are kept: TS_IPV4_ADDR_RANGE and TS_IPV6_ADDR_RANGE.
const IPV4_RANGE: u8 = 7;
const IPV6_RANGE: u8 = 8;

/// One traffic selector.
///
/// Ports mean what RFC 7296 3.13.1 says: with `ports` = 0 to 65535 any port, with 65535 to 0 ("OPAQUE") only
/// packets whose ports cannot be seen; for ICMP type and code are in the upper and lower byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TrafficSelector {
    /// IP protocol; 0 is any.
    pub protocol: u8,
    /// Start and end port.
    pub ports: (u16, u16),
    /// Addresses.
    pub addresses: IpRange,
}

impl TrafficSelector {
    /// All traffic of the addresses.
    pub fn all(addresses: IpRange) -> TrafficSelector {
        TrafficSelector { protocol: 0, ports: (0, u16::MAX), addresses }
    }

    /// Parses the body of a TSi or TSr payload. Selectors of unknown types are left out, which can
    /// only narrow what is agreed (RFC 7296 2.9).
    pub(crate) fn parse_all(mut reader: Reader<'_>) -> Result<Vec<TrafficSelector>, WireError> {
        let count = usize::from(reader.u8()?);
        reader.take(3)?;
        let mut selectors = Vec::with_capacity(count);
        for _ in 0..count {
            let kind = reader.u8()?;
            let protocol = reader.u8()?;
            let length = usize::from(reader.u16()?);
            let body = length.checked_sub(4).ok_or_else(|| reader.fail(Fault::BadLength { length }))?;
            let mut body = reader.sub("traffic selector", body)?;
            let addresses = match kind {
                IPV4_RANGE | IPV6_RANGE => {
                    let ports = (body.u16()?, body.u16()?);
                    let (first, last): (IpAddr, IpAddr) = if kind == IPV4_RANGE {
                        (Ipv4Addr::from(body.array()?).into(), Ipv4Addr::from(body.array()?).into())
                    } else {
                        (Ipv6Addr::from(body.array()?).into(), Ipv6Addr::from(body.array()?).into())
                    };
                    body.end()?;
                    IpRange::new(first, last)
                        .map(|addresses| TrafficSelector { protocol, ports, addresses })
                        .ok_or_else(|| body.fail(Fault::BadValue { field: "address range", value: 0 }))?
                }
                _ => continue,
            };
            selectors.push(addresses);
        }
        reader.end()?;
        Ok(selectors)
    }

    pub(crate) fn write_all(selectors: &[TrafficSelector], writer: &mut Writer) -> Result<(), WireError> {
        let count = u8::try_from(selectors.len()).map_err(|_| WireError {
            what: "traffic selectors",
            offset: 0,
            fault: Fault::TooMany { limit: 255 },
        })?;
        writer.slice(&[count, 0, 0, 0]);
        for selector in selectors {
            writer.with_length("traffic selector", |w| {
                w.u8(if selector.addresses.first.is_ipv4() { IPV4_RANGE } else { IPV6_RANGE });
                w.u8(selector.protocol);
                w.u16(0);
                w.u16(selector.ports.0);
                w.u16(selector.ports.1);
                for address in [selector.addresses.first, selector.addresses.last] {
                    match address {
                        IpAddr::V4(v4) => w.slice(&v4.octets()),
                        IpAddr::V6(v6) => w.slice(&v6.octets()),
                    }
                }
                Ok(())
            })?;
        }
        Ok(())
    }
}
