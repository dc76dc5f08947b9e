// SPDX-License-Identifier: Apache-2.0
//! Round trips, malformed input, and bytes counted by hand from the figures of RFC 7296 section 3.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

fn header(exchange: ExchangeType) -> Header {
    let flags = Flags { initiator: true, ..Flags::default() };
    Header {
        spi_i: 0x0102_0304_0506_0708,
        spi_r: 0,
        first: PayloadType::NONE,
        exchange,
        flags,
        message_id: 0,
    }
}

#[test]
fn a_message_without_payloads_is_a_header() {
    let bytes = Payload::build_message(&header(ExchangeType::INFORMATIONAL), &[]).expect("fits");
    let by_hand = [
        1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 0, 0, 0, 0, 0, // SPIs
        0, 0x20, 37, 0x08, 0, 0, 0, 0, 0, 0, 0,
        28, // next payload, version, exchange, flags, message ID, length
    ];
    assert_eq!(bytes, by_hand);
    let message = Message::parse(&bytes).expect("well-formed");
    assert_eq!(
        (message.header, message.payloads.len(), message.sealed),
        (header(ExchangeType::INFORMATIONAL), 0, None)
    );
}

#[test]
fn an_sa_payload_looks_like_figure_6() {
    let proposal = Proposal {
        number: 1,
        protocol: ProtocolId::ESP,
        spi: vec![0xde, 0xad, 0xbe, 0xef],
        transforms: vec![
            Transform::with_key(TransformType::ENCR, 20, 256),
            Transform::new(TransformType::ESN, 0),
        ],
    };
    let (first, bytes) = Payload::build_chain(&[Payload::Sa(vec![proposal])]).expect("fits");
    assert_eq!(first, PayloadType::SA);
    let by_hand = [
        0, 0, 0, 36, // generic header
        0, 0, 0, 32, 1, 3, 4, 2, 0xde, 0xad, 0xbe, 0xef, // proposal
        3, 0, 0, 12, 1, 0, 0, 20, 0x80, 14, 1, 0, // ENCR_AES_GCM_16, key length 256
        0, 0, 0, 8, 5, 0, 0, 0, // no ESN
    ];
    assert_eq!(bytes, by_hand);
}

#[test]
fn headers_that_are_not_ours_are_refused() {
    let good = Payload::build_message(&header(ExchangeType::IKE_SA_INIT), &[]).expect("fits");
    let refused = |at: usize, byte: u8| {
        let mut bytes = good.clone();
        bytes[at] = byte;
        Message::parse(&bytes).expect_err("refused").fault
    };
    assert_eq!(refused(17, 0x30), Fault::BadValue { field: "version", value: 0x30 });
    assert_eq!(refused(17, 0x10), Fault::BadValue { field: "version", value: 0x10 });
    assert_eq!(refused(27, 29), Fault::BadLength { length: 29 });
    assert_eq!(refused(24, 0xff), Fault::BadLength { length: 0xff00_001c });
    let mut no_spi = good.clone();
    no_spi[..8].fill(0);
    assert_eq!(
        Message::parse(&no_spi).expect_err("refused").fault,
        Fault::BadValue { field: "initiator SPI", value: 0 }
    );
    // A higher minor version and reserved flags are ignored (RFC 7296 2.5).
    let mut minor = good;
    minor[17] = 0x21;
    minor[19] |= 0x47;
    Message::parse(&minor).expect("minor versions are compatible");
}

#[test]
fn the_envelope_names_what_is_authenticated_and_must_be_last() {
    let head = header(ExchangeType::IKE_AUTH);
    let mut bytes = Payload::build_envelope(&head, PayloadType::IDI, None, 40).expect("fits");
    let aad = bytes.clone();
    assert_eq!(aad.len(), HEADER_BYTES + 4);
    bytes.extend([7; 40]);
    let sealed = Message::parse(&bytes).expect("well-formed").sealed.expect("sealed");
    assert_eq!(sealed, Sealed { first: PayloadType::IDI, fragment: None, aad: &aad, body: &[7; 40] });

    bytes.extend([0, 0, 0, 4]);
    bytes[27] += 4;
    assert_eq!(Message::parse(&bytes).expect_err("refused").fault, Fault::Surplus { bytes: 4 });
}

#[test]
fn fragments_carry_numbers_that_make_sense() {
    let head = header(ExchangeType::IKE_AUTH);
    for (fragment, good) in [((1, 1), true), ((2, 3), true), ((3, 3), true), ((0, 3), false), ((4, 3), false)]
    {
        let mut bytes = Payload::build_envelope(&head, PayloadType::IDI, Some(fragment), 16).expect("fits");
        bytes.extend([9; 16]);
        match Message::parse(&bytes) {
            Ok(message) => {
                let sealed = message.sealed.expect("sealed");
                assert!(good);
                assert_eq!(
                    (sealed.fragment, sealed.aad.len(), sealed.body),
                    (Some(fragment), 36, &[9; 16][..])
                );
            }
            Err(error) => assert!(!good, "{error}"),
        }
    }
}

#[test]
fn unknown_payloads_keep_their_critical_bit() {
    let unknown = Payload::Unknown { kind: PayloadType(200), critical: true, data: vec![1, 2, 3] };
    let (first, bytes) = Payload::build_chain(std::slice::from_ref(&unknown)).expect("fits");
    assert_eq!(bytes, [0, 0x80, 0, 7, 1, 2, 3]);
    assert_eq!(Payload::parse_chain(first, &bytes).expect("well-formed"), [unknown]);
}

#[test]
fn known_payloads_with_impossible_lengths_are_refused() {
    let cases: [(PayloadType, &[u8]); 9] = [
        (PayloadType::NONCE, &[0; 15]),
        (PayloadType::IDI, &[1, 0, 0, 0, 10, 0, 0]),
        (PayloadType::IDR, &[5, 0, 0, 0, 10, 0, 0, 1]),
        (PayloadType::DELETE, &[3, 4, 0, 2, 1, 1, 1, 1]),
        (PayloadType::DELETE, &[1, 4, 0, 1, 1, 1, 1, 1]),
        (PayloadType::TSI, &[1, 0, 0, 0, 7, 0, 0, 15, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1]),
        (PayloadType::TSR, &[1, 0, 0, 0, 7, 0, 0, 16, 0, 0, 0, 0, 2, 1, 1, 1, 1, 1, 1, 1]),
        (PayloadType::SA, &[0, 0, 0, 3]),
        (PayloadType::SK, &[]),
    ];
    for (kind, body) in cases {
        let mut bytes = vec![0, 0];
        bytes.extend((4 + body.len() as u16).to_be_bytes());
        bytes.extend(body);
        Payload::parse_chain(kind, &bytes).expect_err("refused");
    }
}

#[test]
fn too_many_payloads_are_refused() {
    let many = vec![Payload::Vendor(vec![]); MAX_PAYLOADS + 1];
    let (first, bytes) = Payload::build_chain(&many).expect("fits");
    let error = Payload::parse_chain(first, &bytes).expect_err("refused");
    assert_eq!(error.fault, Fault::TooMany { limit: MAX_PAYLOADS });
}

#[test]
fn selectors_of_unknown_types_are_left_out() {
    let body = [2, 0, 0, 0, 9, 0, 0, 6, 1, 2, 7, 6, 0, 16, 0, 0, 255, 255, 10, 0, 0, 0, 10, 0, 0, 255];
    let mut bytes = vec![0, 0, 0, 4 + body.len() as u8];
    bytes.extend(body);
    let parsed = Payload::parse_chain(PayloadType::TSI, &bytes).expect("well-formed");
    let range = IpRange::new([10, 0, 0, 0].into(), [10, 0, 0, 255].into()).expect("range");
    assert_eq!(parsed, [Payload::TsI(vec![TrafficSelector { protocol: 6, ..TrafficSelector::all(range) }])]);
}

fn any_transform() -> impl Strategy<Value = Transform> {
    (1_u8..8, any::<u16>(), any::<Option<u16>>()).prop_map(|(kind, id, key_bits)| Transform {
        kind: TransformType(kind),
        id,
        key_bits,
        odd_attributes: false,
    })
}

fn any_proposal() -> impl Strategy<Value = Proposal> {
    (any::<u8>(), any::<u8>(), vec(any::<u8>(), 0..9), vec(any_transform(), 0..8)).prop_map(
        |(number, protocol, spi, transforms)| Proposal {
            number,
            protocol: ProtocolId(protocol),
            spi,
            transforms,
        },
    )
}

fn any_range() -> impl Strategy<Value = IpRange> {
    let v4 = (any::<u32>(), any::<u32>())
        .prop_map(|(a, b)| (IpAddr::from(Ipv4Addr::from(a.min(b))), IpAddr::from(Ipv4Addr::from(a.max(b)))));
    let v6 = (any::<u128>(), any::<u128>())
        .prop_map(|(a, b)| (IpAddr::from(Ipv6Addr::from(a.min(b))), IpAddr::from(Ipv6Addr::from(a.max(b)))));
    prop_oneof![v4, v6].prop_map(|(first, last)| IpRange::new(first, last).expect("ordered"))
}

fn any_selectors() -> impl Strategy<Value = Vec<TrafficSelector>> {
    let one = (any::<u8>(), any::<(u16, u16)>(), any_range())
        .prop_map(|(protocol, ports, addresses)| TrafficSelector { protocol, ports, addresses });
    vec(one, 0..5)
}

fn any_payload() -> impl Strategy<Value = Payload> {
    let bytes = || vec(any::<u8>(), 0..40);
    prop_oneof![
        vec(any_proposal(), 1..4).prop_map(Payload::Sa),
        (any::<u16>(), bytes()).prop_map(|(group, data)| Payload::Ke(KeyExchange { group, data })),
        bytes().prop_map(|data| Payload::IdI(Identity { kind: IdentityType::FQDN, data })),
        any::<[u8; 4]>()
            .prop_map(|ip| Payload::IdR(Identity { kind: IdentityType::IPV4, data: ip.to_vec() })),
        bytes().prop_map(|data| Payload::Cert(Certificate { encoding: 4, data })),
        bytes().prop_map(|data| Payload::CertReq(Certificate { encoding: 4, data })),
        bytes().prop_map(|data| Payload::Auth(Authentication { method: 14, data })),
        vec(any::<u8>(), 16..=256).prop_map(Payload::Nonce),
        (any::<u16>(), vec(any::<u8>(), 0..9), bytes()).prop_map(|(kind, spi, data)| {
            Payload::Notify(Notify { protocol: ProtocolId::ESP, spi, kind: NotifyType(kind), data })
        }),
        vec(any::<u32>(), 0..5)
            .prop_map(|spis| Payload::Delete(Delete::Child { protocol: ProtocolId::ESP, spis })),
        Just(Payload::Delete(Delete::Ike)),
        bytes().prop_map(Payload::Vendor),
        any_selectors().prop_map(Payload::TsI),
        any_selectors().prop_map(Payload::TsR),
        vec((0_u16..0x8000, bytes()), 0..4).prop_map(|list| {
            let attributes = list
                .into_iter()
                .map(|(kind, value)| Attribute { kind: AttributeType(kind), value })
                .collect();
            Payload::Config(Configuration { kind: ConfigType::REPLY, attributes })
        }),
        bytes().prop_map(Payload::Eap),
        (54_u8.., any::<bool>(), bytes()).prop_map(|(kind, critical, data)| Payload::Unknown {
            kind: PayloadType(kind),
            critical,
            data
        }),
    ]
}

proptest! {
    #[test]
    fn what_is_built_is_parsed_again(payloads in vec(any_payload(), 0..8)) {
        let bytes = Payload::build_message(&header(ExchangeType::IKE_SA_INIT), &payloads).expect("fits");
        let message = Message::parse(&bytes).expect("well-formed");
        prop_assert_eq!(message.payloads, payloads);
    }

    #[test]
    fn no_bytes_make_the_parser_panic(bytes in vec(any::<u8>(), 0..200), first in any::<u8>()) {
        let _ = Message::parse(&bytes);
        let _ = Payload::parse_chain(PayloadType(first), &bytes);
    }

    /// Each cut and each changed byte of a good message gives an error or a message that can be built again.
    #[test]
    fn damaged_messages_are_refused_or_stay_messages(
        payloads in vec(any_payload(), 1..4),
        cut in any::<prop::sample::Index>(),
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
    ) {
        let head = header(ExchangeType::IKE_SA_INIT);
        let bytes = Payload::build_message(&head, &payloads).expect("fits");
        prop_assert!(Message::parse(&bytes[..cut.index(bytes.len())]).is_err());
        let mut damaged = bytes.clone();
        let at = at.index(bytes.len());
        damaged[at] = byte;
        if let Ok(message) = Message::parse(&damaged) {
            let rebuilt = Payload::build_message(&message.header, &message.payloads);
            prop_assert!(rebuilt.is_ok() || message.payloads.iter().any(|p| matches!(p, Payload::Sa(_))));
        }
    }
}
