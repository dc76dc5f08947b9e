// SPDX-License-Identifier: Apache-2.0
//! Narrowing of traffic selectors (RFC 7296 2.9).

use crate::wire::TrafficSelector;

/// What both selectors cover: one selector, as each field of one is an interval.
pub fn intersect(a: &TrafficSelector, b: &TrafficSelector) -> Option<TrafficSelector> {
    let protocol = match (a.protocol, b.protocol) {
        (0, protocol) | (protocol, 0) => protocol,
        (a, b) if a == b => a,
        _ => return None,
    };
    let ports = (a.ports.0.max(b.ports.0), a.ports.1.min(b.ports.1));
    let opaque = |s: &TrafficSelector| s.ports == (u16::MAX, 0);
    let ports = match (opaque(a), opaque(b)) {
        (false, false) if ports.0 <= ports.1 => ports,
        (true, true) => (u16::MAX, 0),
        // "Any port" covers packets whose ports cannot be seen (RFC 7296 3.13.1).
        (true, false) if b.ports == (0, u16::MAX) => (u16::MAX, 0),
        (false, true) if a.ports == (0, u16::MAX) => (u16::MAX, 0),
        _ => return None,
    };
    let addresses = a.addresses.intersect(&b.addresses)?;
    Some(TrafficSelector { protocol, ports, addresses })
}

/// Whether everything in `inner` is in `outer`.
pub fn contains(outer: &TrafficSelector, inner: &TrafficSelector) -> bool {
    intersect(outer, inner).as_ref() == Some(inner)
}

/// The part of `offered` that `allowed` covers, in the order offered, without selectors that lie in another one
/// of the result. Empty means TS_UNACCEPTABLE.
///
/// An initiator may put the addresses of the packet that asked for the SA first, as a selector of its own; then
/// the result starts with what is left of it, which is what RFC 7296 2.9 wants a responder to keep.
pub fn narrow(offered: &[TrafficSelector], allowed: &[TrafficSelector]) -> Vec<TrafficSelector> {
    let mut result: Vec<TrafficSelector> = Vec::new();
    for part in offered.iter().flat_map(|o| allowed.iter().filter_map(move |a| intersect(o, a))) {
        if !result.iter().any(|kept| contains(kept, &part)) {
            result.push(part);
        }
    }
    let whole = result.clone();
    let mut index = 0;
    result.retain(|part| {
        index += 1;
        // The first one stays: it stands for the packet that asked.
        index == 1 || !whole.iter().any(|other| other != part && contains(other, part))
    });
    result
}

/// Whether `answer` is a subset of `offered`, which an initiator must check before it uses the SA.
pub fn is_subset(answer: &[TrafficSelector], offered: &[TrafficSelector]) -> bool {
    !answer.is_empty() && answer.iter().all(|part| offered.iter().any(|whole| contains(whole, part)))
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use proptest::prelude::*;

    use super::*;
    use crate::wire::IpRange;

    fn ts(protocol: u8, ports: (u16, u16), first: &str, last: &str) -> TrafficSelector {
        let addresses = IpRange::new(first.parse().expect("address"), last.parse().expect("address"));
        TrafficSelector { protocol, ports, addresses: addresses.expect("range") }
    }

    fn net(first: &str, last: &str) -> TrafficSelector {
        ts(0, (0, u16::MAX), first, last)
    }

    #[test]
    fn a_subnet_is_cut_out_of_everything() {
        let offered = [net("0.0.0.0", "255.255.255.255")];
        let allowed = [net("10.1.0.0", "10.1.255.255"), net("10.3.0.0", "10.3.255.255")];
        assert_eq!(narrow(&offered, &allowed), allowed);
    }

    #[test]
    fn the_packet_that_asked_stays_first() {
        let packet = ts(17, (53, 53), "10.1.0.7", "10.1.0.7");
        let offered = [packet, net("10.0.0.0", "10.255.255.255")];
        let allowed = [net("10.1.0.0", "10.1.255.255")];
        assert_eq!(narrow(&offered, &allowed), [packet, allowed[0]]);
    }

    #[test]
    fn families_protocols_and_ports_do_not_mix() {
        assert_eq!(intersect(&net("10.0.0.0", "10.0.0.9"), &net("::", "::9")), None);
        let tcp = ts(6, (0, u16::MAX), "10.0.0.0", "10.0.0.9");
        let udp = ts(17, (0, u16::MAX), "10.0.0.0", "10.0.0.9");
        assert_eq!(intersect(&tcp, &udp), None);
        let low = ts(6, (0, 1023), "10.0.0.0", "10.0.0.9");
        let high = ts(6, (1024, u16::MAX), "10.0.0.0", "10.0.0.9");
        assert_eq!(intersect(&low, &high), None);
        assert_eq!(intersect(&tcp, &low), Some(low));
    }

    #[test]
    fn opaque_ports_lie_in_any_port_only() {
        let opaque = ts(6, (u16::MAX, 0), "10.0.0.0", "10.0.0.9");
        assert_eq!(intersect(&opaque, &net("10.0.0.0", "10.0.0.9")), Some(opaque));
        assert_eq!(intersect(&opaque, &ts(6, (80, 80), "10.0.0.0", "10.0.0.9")), None);
    }

    #[test]
    fn an_answer_wider_than_the_offer_is_refused() {
        let offered = [net("10.0.0.0", "10.0.255.255")];
        assert!(is_subset(&[net("10.0.1.0", "10.0.1.255")], &offered));
        assert!(!is_subset(&[net("10.0.1.0", "10.1.0.0")], &offered));
        assert!(!is_subset(&[], &offered));
    }

    fn any_selector() -> impl Strategy<Value = TrafficSelector> {
        let addresses = (0_u32..64, 0_u32..64).prop_map(|(a, b)| {
            let ip = |n: u32| IpAddr::from(Ipv4Addr::from(n));
            IpRange::new(ip(a.min(b)), ip(a.max(b))).expect("ordered")
        });
        let ports = prop_oneof![Just((0, u16::MAX)), Just((u16::MAX, 0)), (0_u16..8, 8_u16..16)];
        (prop_oneof![Just(0_u8), Just(6), Just(17)], ports, addresses)
            .prop_map(|(protocol, ports, addresses)| TrafficSelector { protocol, ports, addresses })
    }

    /// A packet as a selector of its own.
    fn any_packet() -> impl Strategy<Value = TrafficSelector> {
        (prop_oneof![Just(6_u8), Just(17)], 0_u16..20, 0_u32..64).prop_map(|(protocol, port, address)| {
            let ip = IpAddr::from(Ipv4Addr::from(address));
            TrafficSelector {
                protocol,
                ports: (port, port),
                addresses: IpRange::new(ip, ip).expect("one address"),
            }
        })
    }

    proptest! {
        /// A packet is in the result exactly when it is in both: nothing is gained, nothing lost.
        #[test]
        fn narrowing_is_exact(
            offered in prop::collection::vec(any_selector(), 0..6),
            allowed in prop::collection::vec(any_selector(), 0..6),
            packet in any_packet(),
        ) {
            let within = |set: &[TrafficSelector]| set.iter().any(|s| contains(s, &packet));
            let result = narrow(&offered, &allowed);
            prop_assert_eq!(within(&result), within(&offered) && within(&allowed));
            prop_assert!(result.is_empty() || is_subset(&result, &offered));
        }
    }
}
