// SPDX-License-Identifier: Apache-2.0
//! The far provider edge, reached over MPLS: it answers pings and UDP echoes (RFC 862) of any customer, keeping customers
//! apart by their labels. Answers have the TOS and the DF bit of what they answer.

use std::sync::{Arc, Mutex, PoisonError};

use headend_testbench::packet::{
    dissect, icmp_echo, mpls_frame, udp, Ipv4, LabelEntry, Mac, PROTO_ICMP, PROTO_UDP,
};

use crate::wire::{Capture, Service, Wire};

/// UDP port of the echo service.
pub const ECHO_PORT: u16 = 7;

/// One customer as the far PE knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Customer {
    /// Labels expected on arriving packets, outermost first.
    pub arriving: [u32; 2],
    /// VPN label of answers: the label that the near PE gave out for this customer's VRF.
    pub answer: u32,
}

/// A far PE on a cable.
#[derive(Debug)]
pub struct FarPe {
    capture: Capture,
    strays: Arc<Mutex<Vec<String>>>,
    _service: Service,
}

impl FarPe {
    /// Serves the customers on `wire`; answers go to the MAC address that asked.
    ///
    /// # Errors
    /// The process has no file descriptor left.
    pub fn start(wire: Wire, mac: Mac, customers: Vec<Customer>) -> anyhow::Result<Self> {
        let capture = Capture::default();
        let strays = Arc::new(Mutex::new(Vec::new()));
        let (log, lost, back) = (capture.clone(), Arc::clone(&strays), wire.try_clone()?);
        let service = Service::spawn(wire, move |frame| {
            log.push(false, &frame);
            match answer(&frame, mac, &customers) {
                Ok(reply) => {
                    log.push(true, &reply);
                    if let Err(error) = back.send(&reply) {
                        lost.lock().unwrap_or_else(PoisonError::into_inner).push(format!("{error:#}"));
                    }
                }
                Err(reason) => lost.lock().unwrap_or_else(PoisonError::into_inner).push(reason),
            }
        });
        Ok(Self { capture, strays, _service: service })
    }

    /// Frames seen, both ways.
    #[must_use]
    pub fn capture(&self) -> &Capture {
        &self.capture
    }

    /// Frames that were not answered, each with the reason.
    #[must_use]
    pub fn strays(&self) -> Vec<String> {
        self.strays.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The labelled echo of a labelled request, or why there is none.
fn answer(frame: &[u8], mac: Mac, customers: &[Customer]) -> Result<Vec<u8>, String> {
    let seen = dissect(frame).ok_or("frame shorter than an Ethernet header")?;
    let labels: Vec<u32> = seen.labels.iter().map(|entry| entry.label).collect();
    let customer = customers
        .iter()
        .find(|customer| customer.arriving[..] == labels[..])
        .ok_or_else(|| format!("no customer has labels {labels:?}: {seen}"))?;
    let ip = seen.ip.as_ref().ok_or_else(|| format!("no IPv4 packet below the labels: {seen}"))?;
    let header = &ip.header;
    let echo =
        echo(header, &ip.payload).ok_or_else(|| format!("neither ping nor UDP echo request: {seen}"))?;
    let back = Ipv4 { tos: header.tos, df: header.df, ..Ipv4::new(header.dst, header.src, header.proto) };
    let reply = back.build(&echo);
    let label = LabelEntry { label: customer.answer, tc: 0, bottom: true, ttl: 64 };
    Ok(mpls_frame(seen.smac, mac, &[label], &reply))
}

/// Payload of the answer to a ping or a UDP echo request.
fn echo(header: &Ipv4, payload: &[u8]) -> Option<Vec<u8>> {
    let word = |at: usize| Some(u16::from_be_bytes([*payload.get(at)?, *payload.get(at + 1)?]));
    match header.proto {
        PROTO_ICMP if payload.len() >= 8 && payload[0] == 8 => {
            Some(icmp_echo(true, word(4)?, word(6)?, &payload[8..]))
        }
        PROTO_UDP if word(2)? == ECHO_PORT => {
            Some(udp(header.dst, header.src, ECHO_PORT, word(0)?, payload.get(8..)?))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use headend_testbench::packet::{addr, mac};

    const CUSTOMER: Customer = Customer { arriving: [498, 702], answer: 528 };

    fn request(labels: [u32; 2]) -> Vec<u8> {
        let stack = [(labels[0], false), (labels[1], true)].map(|(label, bottom)| LabelEntry {
            label,
            tc: 0,
            bottom,
            ttl: 64,
        });
        let ping = Ipv4::new(addr(10, 1, 0, 2), addr(10, 2, 0, 2), PROTO_ICMP)
            .build(&icmp_echo(false, 7, 8, b"data"));
        mpls_frame(mac(1), mac(2), &stack, &ping)
    }

    #[test]
    fn echo_request_is_answered_under_the_customers_label() {
        let reply = answer(&request([498, 702]), mac(9), &[CUSTOMER]).expect("answer");
        let seen = dissect(&reply).expect("frame");
        assert_eq!((seen.dmac, seen.smac), (mac(2), mac(9)));
        assert_eq!(seen.labels, [LabelEntry { label: 528, tc: 0, bottom: true, ttl: 64 }]);
        let ip = seen.ip.expect("IPv4");
        assert_eq!((ip.header.src, ip.header.dst), (addr(10, 2, 0, 2), addr(10, 1, 0, 2)));
        assert_eq!(ip.payload, icmp_echo(true, 7, 8, b"data"));
    }

    #[test]
    fn unknown_labels_are_not_answered() {
        let why = answer(&request([498, 703]), mac(9), &[CUSTOMER]).expect_err("stray");
        assert!(why.contains("[498, 703]"), "{why}");
    }
}
