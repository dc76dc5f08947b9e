// SPDX-License-Identifier: Apache-2.0
// Generated from hdl/tables.toml by `make gen`: do not edit.

use core::fmt;
use core::mem::{offset_of, size_of};

use volatile_register::{RO, RW};
use zeroize::Zeroize;

use crate::bits;
use crate::{Counter, Packed, Record, ShortBuffer, TableInfo, UnknownCode};

/// Interface version: changes that old drivers cannot work with.
pub const INTERFACE_MAJOR: u16 = 2;
/// Interface version: additions.
pub const INTERFACE_MINOR: u16 = 0;

/// Sizes.
pub mod param {
    /// Ethernet ports of the card.
    pub const NUM_PORTS: usize = 2;
    /// Pipelines of the card, at most NumPorts: with as many as ports each port has its own, with one all ports share it. The core's parameter of the same name overrides it.
    pub const NUM_PIPES: usize = 2;
    /// Bytes in one beat of the data path.
    pub const BEAT_BYTES: usize = 64;
    /// Largest Ethernet frame accepted or sent, without FCS.
    pub const MAX_FRAME_BYTES: usize = 9216;
    /// Smallest frame accepted: an Ethernet header. Shorter ones are dropped as runts. Frames are padded to 60 bytes when sent on a port.
    pub const MIN_FRAME_BYTES: usize = 14;
    /// Bytes from the start of a packet that the parser can see.
    pub const HEADER_WINDOW_BYTES: usize = 128;
    /// Deepest MPLS label stack the parser records.
    pub const MAX_LABELS: usize = 4;
    /// Most MPLS labels an adjacency can push.
    pub const MAX_PUSH_LABELS: usize = 3;
    /// VRFs, including the default VRF 0.
    pub const VRF_DEPTH: usize = 256;
    /// Logical interfaces (ports and VLAN sub-interfaces). Entry 0..NumPorts-1 is the untagged interface of that port.
    pub const INTF_DEPTH: usize = 256;
    /// Security associations in each direction.
    pub const SA_DEPTH: usize = 1024;
    /// Ways of the inbound SA cuckoo hash.
    pub const SA_HASH_WAYS: usize = 4;
    /// Rows per way of the inbound SA cuckoo hash (power of two).
    pub const SA_HASH_ROWS: usize = 512;
    /// Entries of the fully associative stash behind the cuckoo hash.
    pub const SA_STASH_DEPTH: usize = 8;
    /// Packets covered by the anti-replay window.
    pub const REPLAY_WINDOW_MAX: usize = 1024;
    /// Levels of the IPv4 multibit trie (stride 4; level 8 holds only the /32 bit).
    pub const FIB_LEVELS: usize = 9;
    /// Trie nodes per level from level 1 on; level 0 has VrfDepth nodes, its index is the VRF.
    pub const FIB_NODE_DEPTH: usize = 4096;
    /// Entries of the route result table.
    pub const FIB_RESULT_DEPTH: usize = 16384;
    /// Incoming labels: the label itself is the index; larger labels are unknown.
    pub const LABEL_DEPTH: usize = 65536;
    /// Adjacencies.
    pub const ADJ_DEPTH: usize = 4096;
    /// Bits of the record that a command carries; no table's record is wider.
    pub const RECORD_BITS: usize = 1792;
    /// UDP port on which the card takes ESP in UDP (RFC 3948).
    pub const NATT_PORT: usize = 4500;
    /// Bytes of one command and of one command completion: 32 of header, 224 of record.
    pub const CMD_ENTRY_BYTES: usize = 256;
    /// Bytes of one event.
    pub const EVENT_ENTRY_BYTES: usize = 128;
    /// Bytes of one rx or tx descriptor or completion.
    pub const RING_ENTRY_BYTES: usize = 64;
    /// Alignment in bytes of packet buffers in host memory, and the granule of rx writes.
    pub const HOST_BUFFER_ALIGN: usize = 64;
    /// Largest ring: 2^15 entries.
    pub const MAX_RING_LOG2: usize = 15;
}

/// Where a packet entered the pipeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Ingress {
    /// Port 0.
    Port0 = 0,
    /// Port 1.
    Port1 = 1,
    /// tx\[0\] ring.
    Host = 2,
}

impl Ingress {
    /// Bits of the code.
    pub const BITS: usize = 2;
    /// Every member, by code.
    pub const ALL: &'static [Self] = &[Self::Port0, Self::Port1, Self::Host];

    /// The code.
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// Name as in the reference page.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Port0 => "Port0",
            Self::Port1 => "Port1",
            Self::Host => "Host",
        }
    }

    /// What it means, in a sentence.
    pub const fn doc(self) -> &'static str {
        match self {
            Self::Port0 => "Port 0.",
            Self::Port1 => "Port 1.",
            Self::Host => "tx[0] ring.",
        }
    }
}

impl fmt::Display for Ingress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl From<Ingress> for u8 {
    fn from(member: Ingress) -> Self {
        member as Self
    }
}

impl TryFrom<u8> for Ingress {
    type Error = UnknownCode;

    fn try_from(code: u8) -> Result<Self, UnknownCode> {
        match code {
            0 => Ok(Self::Port0),
            1 => Ok(Self::Port1),
            2 => Ok(Self::Host),
            _ => Err(UnknownCode { kind: "ingress", code }),
        }
    }
}

/// Where a packet leaves the pipeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Egress {
    /// Port 0.
    Port0 = 0,
    /// Port 1.
    Port1 = 1,
    /// rx\[0\] ring.
    Host = 2,
}

impl Egress {
    /// Bits of the code.
    pub const BITS: usize = 2;
    /// Every member, by code.
    pub const ALL: &'static [Self] = &[Self::Port0, Self::Port1, Self::Host];

    /// The code.
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// Name as in the reference page.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Port0 => "Port0",
            Self::Port1 => "Port1",
            Self::Host => "Host",
        }
    }

    /// What it means, in a sentence.
    pub const fn doc(self) -> &'static str {
        match self {
            Self::Port0 => "Port 0.",
            Self::Port1 => "Port 1.",
            Self::Host => "rx[0] ring.",
        }
    }
}

impl fmt::Display for Egress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl From<Egress> for u8 {
    fn from(member: Egress) -> Self {
        member as Self
    }
}

impl TryFrom<u8> for Egress {
    type Error = UnknownCode;

    fn try_from(code: u8) -> Result<Self, UnknownCode> {
        match code {
            0 => Ok(Self::Port0),
            1 => Ok(Self::Port1),
            2 => Ok(Self::Host),
            _ => Err(UnknownCode { kind: "egress", code }),
        }
    }
}

/// What the pipeline has decided to do with a packet so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Op {
    /// Look up and forward.
    Forward = 0,
    /// ESP for one of our SAs: decrypt, then look up in the IVRF.
    Decrypt = 1,
    /// Hand the frame to the host unchanged; `host_reason` says why.
    Host = 2,
    /// From the host to a port, unchanged.
    Direct = 3,
    /// Drop; `drop_reason` says why.
    Drop = 4,
}

impl Op {
    /// Bits of the code.
    pub const BITS: usize = 3;
    /// Every member, by code.
    pub const ALL: &'static [Self] = &[Self::Forward, Self::Decrypt, Self::Host, Self::Direct, Self::Drop];

    /// The code.
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// Name as in the reference page.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Forward => "Forward",
            Self::Decrypt => "Decrypt",
            Self::Host => "Host",
            Self::Direct => "Direct",
            Self::Drop => "Drop",
        }
    }

    /// What it means, in a sentence.
    pub const fn doc(self) -> &'static str {
        match self {
            Self::Forward => "Look up and forward.",
            Self::Decrypt => "ESP for one of our SAs: decrypt, then look up in the IVRF.",
            Self::Host => "Hand the frame to the host unchanged; `host_reason` says why.",
            Self::Direct => "From the host to a port, unchanged.",
            Self::Drop => "Drop; `drop_reason` says why.",
        }
    }
}

impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl From<Op> for u8 {
    fn from(member: Op) -> Self {
        member as Self
    }
}

impl TryFrom<u8> for Op {
    type Error = UnknownCode;

    fn try_from(code: u8) -> Result<Self, UnknownCode> {
        match code {
            0 => Ok(Self::Forward),
            1 => Ok(Self::Decrypt),
            2 => Ok(Self::Host),
            3 => Ok(Self::Direct),
            4 => Ok(Self::Drop),
            _ => Err(UnknownCode { kind: "op", code }),
        }
    }
}

/// Stages of the pipeline that count packets and may drop them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Stage {
    /// Port 0 receive FIFO.
    Rx0 = 0,
    /// Port 1 receive FIFO.
    Rx1 = 1,
    /// Outer parse, interface and SA lookup.
    Classify = 2,
    /// Decryption verdict: tag, replay, ESP trailer.
    Commit = 3,
    /// Inner parse, selectors, VRF, label and adjacency lookup.
    Forward = 4,
    /// Egress queues.
    Qos = 5,
    /// Sequence number and ESP encapsulation.
    Encap = 6,
    /// rx\[0\] DMA to the host.
    HostRx = 7,
    /// tx\[0\] DMA from the host.
    HostTx = 8,
}

impl Stage {
    /// Bits of the code.
    pub const BITS: usize = 4;
    /// Every member, by code.
    pub const ALL: &'static [Self] = &[Self::Rx0, Self::Rx1, Self::Classify, Self::Commit, Self::Forward, Self::Qos, Self::Encap, Self::HostRx, Self::HostTx];

    /// The code.
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// Name as in the reference page.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rx0 => "Rx0",
            Self::Rx1 => "Rx1",
            Self::Classify => "Classify",
            Self::Commit => "Commit",
            Self::Forward => "Forward",
            Self::Qos => "Qos",
            Self::Encap => "Encap",
            Self::HostRx => "HostRx",
            Self::HostTx => "HostTx",
        }
    }

    /// What it means, in a sentence.
    pub const fn doc(self) -> &'static str {
        match self {
            Self::Rx0 => "Port 0 receive FIFO.",
            Self::Rx1 => "Port 1 receive FIFO.",
            Self::Classify => "Outer parse, interface and SA lookup.",
            Self::Commit => "Decryption verdict: tag, replay, ESP trailer.",
            Self::Forward => "Inner parse, selectors, VRF, label and adjacency lookup.",
            Self::Qos => "Egress queues.",
            Self::Encap => "Sequence number and ESP encapsulation.",
            Self::HostRx => "rx[0] DMA to the host.",
            Self::HostTx => "tx[0] DMA from the host.",
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl From<Stage> for u8 {
    fn from(member: Stage) -> Self {
        member as Self
    }
}

impl TryFrom<u8> for Stage {
    type Error = UnknownCode;

    fn try_from(code: u8) -> Result<Self, UnknownCode> {
        match code {
            0 => Ok(Self::Rx0),
            1 => Ok(Self::Rx1),
            2 => Ok(Self::Classify),
            3 => Ok(Self::Commit),
            4 => Ok(Self::Forward),
            5 => Ok(Self::Qos),
            6 => Ok(Self::Encap),
            7 => Ok(Self::HostRx),
            8 => Ok(Self::HostTx),
            _ => Err(UnknownCode { kind: "stage", code }),
        }
    }
}

/// Closed list of reasons for dropping a packet. Every reason belongs to one stage. Rx reasons are counted by each port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum DropReason {
    /// Not dropped.
    None = 0,
    /// The MAC marked the frame bad (FCS, alignment).
    RxError = 1,
    /// Shorter than an Ethernet header.
    RxRunt = 2,
    /// Longer than MaxFrameBytes.
    RxOversize = 3,
    /// The receive FIFO had no room for the whole frame.
    RxOverflow = 4,
    /// No interface is configured for this port (or VLAN).
    IntfDown = 8,
    /// Unicast to another MAC address.
    MacNotOurs = 9,
    /// Header truncated, or a length field contradicts the frame.
    OuterMalformed = 10,
    /// IPv4 header checksum wrong.
    OuterChecksum = 11,
    /// ESP packet without room for IV, trailer and ICV, or not a multiple of 4 bytes.
    EspTooShort = 12,
    /// Sequence number 0, on an SA with ESN the inferred 64-bit one: the first packet has 1 (RFC 4303 3.3.3).
    EspSeqZero = 13,
    /// MPLS frame on an interface without MPLS.
    MplsDisabled = 14,
    /// ESP in UDP for an SA without UDP encapsulation, or bare ESP for an SA with it.
    EspEncap = 15,
    /// ICV wrong: tampered, or another key.
    IcvMismatch = 16,
    /// Sequence number already seen inside the window.
    ReplayDuplicate = 17,
    /// Sequence number left of the window.
    ReplayOld = 18,
    /// Pad length larger than the payload, or padding bytes not 1, 2, 3 and so on.
    EspTrailer = 19,
    /// Next header not allowed by the SA's mode: tunnel mode takes 4 (IPv4) and 41 (IPv6).
    EspNextHeader = 20,
    /// Dummy packet (next header 59), discarded as RFC 4303 2.6 demands.
    EspDummy = 21,
    /// The SA was replaced or deleted while the packet was in flight.
    SaChanged = 22,
    /// Outer header marked Congestion Experienced, inner packet not ECN-capable (RFC 6040 4.2).
    EcnIllegal = 23,
    /// The inbound SA has reached a hard limit.
    SaInExpired = 36,
    /// Header after decryption or label pop truncated or contradictory.
    InnerMalformed = 24,
    /// IPv4 header checksum wrong after decryption or label pop.
    InnerChecksum = 25,
    /// Decrypted packet outside the SA's selectors (RFC 4301 5.2).
    SelectorMismatch = 26,
    /// ESP to a local address, but no SA for its SPI, destination and FVRF.
    SaNotFound = 27,
    /// No route in the VRF.
    NoRoute = 28,
    /// Incoming MPLS label unknown.
    NoLabel = 29,
    /// The route or label points to an adjacency that is not installed.
    AdjInvalid = 30,
    /// The route or adjacency says drop (blackhole).
    RouteDrop = 31,
    /// Label stack deeper than the parser, or bottom-of-stack contradicts the action.
    LabelStack = 32,
    /// Multicast or broadcast destination arrived through a tunnel or MPLS.
    Multicast = 33,
    /// A packet from the host ring routed back to the host.
    AdjLoop = 34,
    /// Tail drop: port 0 queue.
    QueueFullPort0 = 40,
    /// Tail drop: port 1 queue.
    QueueFullPort1 = 41,
    /// Tail drop: host queue (the host posts no rx buffers fast enough).
    QueueFullHost = 42,
    /// The route says protect, but the SA is missing or of another generation than the adjacency says.
    SaOutInvalid = 48,
    /// Sequence number space used up; a nonce is never reused.
    SeqExhausted = 49,
    /// The outbound SA has reached a hard limit of packets or bytes.
    SaOutExpired = 50,
    /// Write to the host's rx buffer failed.
    RxDmaError = 56,
    /// Packet longer than the posted rx buffer.
    RxBufferTooSmall = 57,
    /// Read of the host's tx buffer failed.
    TxDmaError = 58,
    /// tx descriptor with a bad length, alignment or destination.
    TxBadDescriptor = 59,
}

impl DropReason {
    /// Bits of the code.
    pub const BITS: usize = 6;
    /// Every member, by code.
    pub const ALL: &'static [Self] = &[Self::None, Self::RxError, Self::RxRunt, Self::RxOversize, Self::RxOverflow, Self::IntfDown, Self::MacNotOurs, Self::OuterMalformed, Self::OuterChecksum, Self::EspTooShort, Self::EspSeqZero, Self::MplsDisabled, Self::EspEncap, Self::IcvMismatch, Self::ReplayDuplicate, Self::ReplayOld, Self::EspTrailer, Self::EspNextHeader, Self::EspDummy, Self::SaChanged, Self::EcnIllegal, Self::SaInExpired, Self::InnerMalformed, Self::InnerChecksum, Self::SelectorMismatch, Self::SaNotFound, Self::NoRoute, Self::NoLabel, Self::AdjInvalid, Self::RouteDrop, Self::LabelStack, Self::Multicast, Self::AdjLoop, Self::QueueFullPort0, Self::QueueFullPort1, Self::QueueFullHost, Self::SaOutInvalid, Self::SeqExhausted, Self::SaOutExpired, Self::RxDmaError, Self::RxBufferTooSmall, Self::TxDmaError, Self::TxBadDescriptor];

    /// The code.
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// Name as in the reference page.
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "None",
            Self::RxError => "RxError",
            Self::RxRunt => "RxRunt",
            Self::RxOversize => "RxOversize",
            Self::RxOverflow => "RxOverflow",
            Self::IntfDown => "IntfDown",
            Self::MacNotOurs => "MacNotOurs",
            Self::OuterMalformed => "OuterMalformed",
            Self::OuterChecksum => "OuterChecksum",
            Self::EspTooShort => "EspTooShort",
            Self::EspSeqZero => "EspSeqZero",
            Self::MplsDisabled => "MplsDisabled",
            Self::EspEncap => "EspEncap",
            Self::IcvMismatch => "IcvMismatch",
            Self::ReplayDuplicate => "ReplayDuplicate",
            Self::ReplayOld => "ReplayOld",
            Self::EspTrailer => "EspTrailer",
            Self::EspNextHeader => "EspNextHeader",
            Self::EspDummy => "EspDummy",
            Self::SaChanged => "SaChanged",
            Self::EcnIllegal => "EcnIllegal",
            Self::SaInExpired => "SaInExpired",
            Self::InnerMalformed => "InnerMalformed",
            Self::InnerChecksum => "InnerChecksum",
            Self::SelectorMismatch => "SelectorMismatch",
            Self::SaNotFound => "SaNotFound",
            Self::NoRoute => "NoRoute",
            Self::NoLabel => "NoLabel",
            Self::AdjInvalid => "AdjInvalid",
            Self::RouteDrop => "RouteDrop",
            Self::LabelStack => "LabelStack",
            Self::Multicast => "Multicast",
            Self::AdjLoop => "AdjLoop",
            Self::QueueFullPort0 => "QueueFullPort0",
            Self::QueueFullPort1 => "QueueFullPort1",
            Self::QueueFullHost => "QueueFullHost",
            Self::SaOutInvalid => "SaOutInvalid",
            Self::SeqExhausted => "SeqExhausted",
            Self::SaOutExpired => "SaOutExpired",
            Self::RxDmaError => "RxDmaError",
            Self::RxBufferTooSmall => "RxBufferTooSmall",
            Self::TxDmaError => "TxDmaError",
            Self::TxBadDescriptor => "TxBadDescriptor",
        }
    }

    /// What it means, in a sentence.
    pub const fn doc(self) -> &'static str {
        match self {
            Self::None => "Not dropped.",
            Self::RxError => "The MAC marked the frame bad (FCS, alignment).",
            Self::RxRunt => "Shorter than an Ethernet header.",
            Self::RxOversize => "Longer than MaxFrameBytes.",
            Self::RxOverflow => "The receive FIFO had no room for the whole frame.",
            Self::IntfDown => "No interface is configured for this port (or VLAN).",
            Self::MacNotOurs => "Unicast to another MAC address.",
            Self::OuterMalformed => "Header truncated, or a length field contradicts the frame.",
            Self::OuterChecksum => "IPv4 header checksum wrong.",
            Self::EspTooShort => "ESP packet without room for IV, trailer and ICV, or not a multiple of 4 bytes.",
            Self::EspSeqZero => "Sequence number 0, on an SA with ESN the inferred 64-bit one: the first packet has 1 (RFC 4303 3.3.3).",
            Self::MplsDisabled => "MPLS frame on an interface without MPLS.",
            Self::EspEncap => "ESP in UDP for an SA without UDP encapsulation, or bare ESP for an SA with it.",
            Self::IcvMismatch => "ICV wrong: tampered, or another key.",
            Self::ReplayDuplicate => "Sequence number already seen inside the window.",
            Self::ReplayOld => "Sequence number left of the window.",
            Self::EspTrailer => "Pad length larger than the payload, or padding bytes not 1, 2, 3 and so on.",
            Self::EspNextHeader => "Next header not allowed by the SA's mode: tunnel mode takes 4 (IPv4) and 41 (IPv6).",
            Self::EspDummy => "Dummy packet (next header 59), discarded as RFC 4303 2.6 demands.",
            Self::SaChanged => "The SA was replaced or deleted while the packet was in flight.",
            Self::EcnIllegal => "Outer header marked Congestion Experienced, inner packet not ECN-capable (RFC 6040 4.2).",
            Self::SaInExpired => "The inbound SA has reached a hard limit.",
            Self::InnerMalformed => "Header after decryption or label pop truncated or contradictory.",
            Self::InnerChecksum => "IPv4 header checksum wrong after decryption or label pop.",
            Self::SelectorMismatch => "Decrypted packet outside the SA's selectors (RFC 4301 5.2).",
            Self::SaNotFound => "ESP to a local address, but no SA for its SPI, destination and FVRF.",
            Self::NoRoute => "No route in the VRF.",
            Self::NoLabel => "Incoming MPLS label unknown.",
            Self::AdjInvalid => "The route or label points to an adjacency that is not installed.",
            Self::RouteDrop => "The route or adjacency says drop (blackhole).",
            Self::LabelStack => "Label stack deeper than the parser, or bottom-of-stack contradicts the action.",
            Self::Multicast => "Multicast or broadcast destination arrived through a tunnel or MPLS.",
            Self::AdjLoop => "A packet from the host ring routed back to the host.",
            Self::QueueFullPort0 => "Tail drop: port 0 queue.",
            Self::QueueFullPort1 => "Tail drop: port 1 queue.",
            Self::QueueFullHost => "Tail drop: host queue (the host posts no rx buffers fast enough).",
            Self::SaOutInvalid => "The route says protect, but the SA is missing or of another generation than the adjacency says.",
            Self::SeqExhausted => "Sequence number space used up; a nonce is never reused.",
            Self::SaOutExpired => "The outbound SA has reached a hard limit of packets or bytes.",
            Self::RxDmaError => "Write to the host's rx buffer failed.",
            Self::RxBufferTooSmall => "Packet longer than the posted rx buffer.",
            Self::TxDmaError => "Read of the host's tx buffer failed.",
            Self::TxBadDescriptor => "tx descriptor with a bad length, alignment or destination.",
        }
    }

    /// The pipeline stage it belongs to; the receive FIFO of port 0 stands for that of every port.
    pub const fn stage(self) -> Option<Stage> {
        match self {
            Self::None => None,
            Self::RxError => Some(Stage::Rx0),
            Self::RxRunt => Some(Stage::Rx0),
            Self::RxOversize => Some(Stage::Rx0),
            Self::RxOverflow => Some(Stage::Rx0),
            Self::IntfDown => Some(Stage::Classify),
            Self::MacNotOurs => Some(Stage::Classify),
            Self::OuterMalformed => Some(Stage::Classify),
            Self::OuterChecksum => Some(Stage::Classify),
            Self::EspTooShort => Some(Stage::Classify),
            Self::EspSeqZero => Some(Stage::Classify),
            Self::MplsDisabled => Some(Stage::Classify),
            Self::EspEncap => Some(Stage::Classify),
            Self::IcvMismatch => Some(Stage::Commit),
            Self::ReplayDuplicate => Some(Stage::Commit),
            Self::ReplayOld => Some(Stage::Commit),
            Self::EspTrailer => Some(Stage::Commit),
            Self::EspNextHeader => Some(Stage::Commit),
            Self::EspDummy => Some(Stage::Commit),
            Self::SaChanged => Some(Stage::Commit),
            Self::EcnIllegal => Some(Stage::Commit),
            Self::SaInExpired => Some(Stage::Commit),
            Self::InnerMalformed => Some(Stage::Forward),
            Self::InnerChecksum => Some(Stage::Forward),
            Self::SelectorMismatch => Some(Stage::Forward),
            Self::SaNotFound => Some(Stage::Forward),
            Self::NoRoute => Some(Stage::Forward),
            Self::NoLabel => Some(Stage::Forward),
            Self::AdjInvalid => Some(Stage::Forward),
            Self::RouteDrop => Some(Stage::Forward),
            Self::LabelStack => Some(Stage::Forward),
            Self::Multicast => Some(Stage::Forward),
            Self::AdjLoop => Some(Stage::Forward),
            Self::QueueFullPort0 => Some(Stage::Qos),
            Self::QueueFullPort1 => Some(Stage::Qos),
            Self::QueueFullHost => Some(Stage::Qos),
            Self::SaOutInvalid => Some(Stage::Encap),
            Self::SeqExhausted => Some(Stage::Encap),
            Self::SaOutExpired => Some(Stage::Encap),
            Self::RxDmaError => Some(Stage::HostRx),
            Self::RxBufferTooSmall => Some(Stage::HostRx),
            Self::TxDmaError => Some(Stage::HostTx),
            Self::TxBadDescriptor => Some(Stage::HostTx),
        }
    }
}

impl fmt::Display for DropReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl From<DropReason> for u8 {
    fn from(member: DropReason) -> Self {
        member as Self
    }
}

impl TryFrom<u8> for DropReason {
    type Error = UnknownCode;

    fn try_from(code: u8) -> Result<Self, UnknownCode> {
        match code {
            0 => Ok(Self::None),
            1 => Ok(Self::RxError),
            2 => Ok(Self::RxRunt),
            3 => Ok(Self::RxOversize),
            4 => Ok(Self::RxOverflow),
            8 => Ok(Self::IntfDown),
            9 => Ok(Self::MacNotOurs),
            10 => Ok(Self::OuterMalformed),
            11 => Ok(Self::OuterChecksum),
            12 => Ok(Self::EspTooShort),
            13 => Ok(Self::EspSeqZero),
            14 => Ok(Self::MplsDisabled),
            15 => Ok(Self::EspEncap),
            16 => Ok(Self::IcvMismatch),
            17 => Ok(Self::ReplayDuplicate),
            18 => Ok(Self::ReplayOld),
            19 => Ok(Self::EspTrailer),
            20 => Ok(Self::EspNextHeader),
            21 => Ok(Self::EspDummy),
            22 => Ok(Self::SaChanged),
            23 => Ok(Self::EcnIllegal),
            36 => Ok(Self::SaInExpired),
            24 => Ok(Self::InnerMalformed),
            25 => Ok(Self::InnerChecksum),
            26 => Ok(Self::SelectorMismatch),
            27 => Ok(Self::SaNotFound),
            28 => Ok(Self::NoRoute),
            29 => Ok(Self::NoLabel),
            30 => Ok(Self::AdjInvalid),
            31 => Ok(Self::RouteDrop),
            32 => Ok(Self::LabelStack),
            33 => Ok(Self::Multicast),
            34 => Ok(Self::AdjLoop),
            40 => Ok(Self::QueueFullPort0),
            41 => Ok(Self::QueueFullPort1),
            42 => Ok(Self::QueueFullHost),
            48 => Ok(Self::SaOutInvalid),
            49 => Ok(Self::SeqExhausted),
            50 => Ok(Self::SaOutExpired),
            56 => Ok(Self::RxDmaError),
            57 => Ok(Self::RxBufferTooSmall),
            58 => Ok(Self::TxDmaError),
            59 => Ok(Self::TxBadDescriptor),
            _ => Err(UnknownCode { kind: "drop_reason", code }),
        }
    }
}

/// Why a packet was handed to the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum HostReason {
    /// Not for the host.
    None = 0,
    /// Routed to a host adjacency: a local address.
    LocalAddress = 1,
    /// ARP.
    Arp = 2,
    /// Neither IPv4 nor MPLS (IPv6, LLDP and so on).
    UnknownEthertype = 3,
    /// Layer 2 broadcast or multicast.
    MulticastMac = 4,
    /// IPv4 header with options.
    IpOptions = 5,
    /// TTL 0 or 1: ICMP time exceeded is due.
    TtlExpired = 6,
    /// Larger than the egress MTU, or the frame to send would exceed MaxFrameBytes: fragmentation or ICMP is due.
    TooBig = 7,
    /// Fragment of an encrypted packet (reassembly is due), or a fragment routed to a transport mode SA, which protects whole packets only (RFC 4303 3.1.1).
    Fragment = 8,
    /// Authentication Header: handled in software.
    Ah = 9,
    /// 802.1Q tag without a configured sub-interface.
    VlanUnknown = 10,
    /// MPLS router alert label or reserved label.
    RouterAlert = 11,
    /// MPLS TTL 0 or 1.
    MplsTtl = 12,
    /// IPv6 extension header that the card does not walk, on a packet for one of our SAs' protocols.
    Ipv6Extension = 13,
}

impl HostReason {
    /// Bits of the code.
    pub const BITS: usize = 5;
    /// Every member, by code.
    pub const ALL: &'static [Self] = &[Self::None, Self::LocalAddress, Self::Arp, Self::UnknownEthertype, Self::MulticastMac, Self::IpOptions, Self::TtlExpired, Self::TooBig, Self::Fragment, Self::Ah, Self::VlanUnknown, Self::RouterAlert, Self::MplsTtl, Self::Ipv6Extension];

    /// The code.
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// Name as in the reference page.
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "None",
            Self::LocalAddress => "LocalAddress",
            Self::Arp => "Arp",
            Self::UnknownEthertype => "UnknownEthertype",
            Self::MulticastMac => "MulticastMac",
            Self::IpOptions => "IpOptions",
            Self::TtlExpired => "TtlExpired",
            Self::TooBig => "TooBig",
            Self::Fragment => "Fragment",
            Self::Ah => "Ah",
            Self::VlanUnknown => "VlanUnknown",
            Self::RouterAlert => "RouterAlert",
            Self::MplsTtl => "MplsTtl",
            Self::Ipv6Extension => "Ipv6Extension",
        }
    }

    /// What it means, in a sentence.
    pub const fn doc(self) -> &'static str {
        match self {
            Self::None => "Not for the host.",
            Self::LocalAddress => "Routed to a host adjacency: a local address.",
            Self::Arp => "ARP.",
            Self::UnknownEthertype => "Neither IPv4 nor MPLS (IPv6, LLDP and so on).",
            Self::MulticastMac => "Layer 2 broadcast or multicast.",
            Self::IpOptions => "IPv4 header with options.",
            Self::TtlExpired => "TTL 0 or 1: ICMP time exceeded is due.",
            Self::TooBig => "Larger than the egress MTU, or the frame to send would exceed MaxFrameBytes: fragmentation or ICMP is due.",
            Self::Fragment => "Fragment of an encrypted packet (reassembly is due), or a fragment routed to a transport mode SA, which protects whole packets only (RFC 4303 3.1.1).",
            Self::Ah => "Authentication Header: handled in software.",
            Self::VlanUnknown => "802.1Q tag without a configured sub-interface.",
            Self::RouterAlert => "MPLS router alert label or reserved label.",
            Self::MplsTtl => "MPLS TTL 0 or 1.",
            Self::Ipv6Extension => "IPv6 extension header that the card does not walk, on a packet for one of our SAs' protocols.",
        }
    }
}

impl fmt::Display for HostReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl From<HostReason> for u8 {
    fn from(member: HostReason) -> Self {
        member as Self
    }
}

impl TryFrom<u8> for HostReason {
    type Error = UnknownCode;

    fn try_from(code: u8) -> Result<Self, UnknownCode> {
        match code {
            0 => Ok(Self::None),
            1 => Ok(Self::LocalAddress),
            2 => Ok(Self::Arp),
            3 => Ok(Self::UnknownEthertype),
            4 => Ok(Self::MulticastMac),
            5 => Ok(Self::IpOptions),
            6 => Ok(Self::TtlExpired),
            7 => Ok(Self::TooBig),
            8 => Ok(Self::Fragment),
            9 => Ok(Self::Ah),
            10 => Ok(Self::VlanUnknown),
            11 => Ok(Self::RouterAlert),
            12 => Ok(Self::MplsTtl),
            13 => Ok(Self::Ipv6Extension),
            _ => Err(UnknownCode { kind: "host_reason", code }),
        }
    }
}

/// What an adjacency does with a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum AdjKind {
    /// Blackhole.
    Drop = 0,
    /// Send as plain IP to a neighbour (no labels).
    Ip = 1,
    /// Push `label_count` labels and send to a neighbour.
    Mpls = 2,
    /// Encrypt with outbound SA `sa`; MAC addresses and port are those of the outer packet.
    Protect = 3,
    /// Hand to the host.
    Host = 4,
}

impl AdjKind {
    /// Bits of the code.
    pub const BITS: usize = 3;
    /// Every member, by code.
    pub const ALL: &'static [Self] = &[Self::Drop, Self::Ip, Self::Mpls, Self::Protect, Self::Host];

    /// The code.
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// Name as in the reference page.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Drop => "Drop",
            Self::Ip => "Ip",
            Self::Mpls => "Mpls",
            Self::Protect => "Protect",
            Self::Host => "Host",
        }
    }

    /// What it means, in a sentence.
    pub const fn doc(self) -> &'static str {
        match self {
            Self::Drop => "Blackhole.",
            Self::Ip => "Send as plain IP to a neighbour (no labels).",
            Self::Mpls => "Push `label_count` labels and send to a neighbour.",
            Self::Protect => "Encrypt with outbound SA `sa`; MAC addresses and port are those of the outer packet.",
            Self::Host => "Hand to the host.",
        }
    }
}

impl fmt::Display for AdjKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl From<AdjKind> for u8 {
    fn from(member: AdjKind) -> Self {
        member as Self
    }
}

impl TryFrom<u8> for AdjKind {
    type Error = UnknownCode;

    fn try_from(code: u8) -> Result<Self, UnknownCode> {
        match code {
            0 => Ok(Self::Drop),
            1 => Ok(Self::Ip),
            2 => Ok(Self::Mpls),
            3 => Ok(Self::Protect),
            4 => Ok(Self::Host),
            _ => Err(UnknownCode { kind: "adj_kind", code }),
        }
    }
}

/// What to do with an incoming label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum LabelOp {
    /// Label not installed.
    Invalid = 0,
    /// Pop (the label must be the bottom of the stack), look the IP packet up in `vrf`.
    PopVrf = 1,
    /// Pop (the label must be the bottom of the stack), send the IP packet to adjacency `adj`.
    PopAdj = 2,
    /// Replace the label: the adjacency's labels take its place, what lies below stays.
    Swap = 3,
}

impl LabelOp {
    /// Bits of the code.
    pub const BITS: usize = 2;
    /// Every member, by code.
    pub const ALL: &'static [Self] = &[Self::Invalid, Self::PopVrf, Self::PopAdj, Self::Swap];

    /// The code.
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// Name as in the reference page.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Invalid => "Invalid",
            Self::PopVrf => "PopVrf",
            Self::PopAdj => "PopAdj",
            Self::Swap => "Swap",
        }
    }

    /// What it means, in a sentence.
    pub const fn doc(self) -> &'static str {
        match self {
            Self::Invalid => "Label not installed.",
            Self::PopVrf => "Pop (the label must be the bottom of the stack), look the IP packet up in `vrf`.",
            Self::PopAdj => "Pop (the label must be the bottom of the stack), send the IP packet to adjacency `adj`.",
            Self::Swap => "Replace the label: the adjacency's labels take its place, what lies below stays.",
        }
    }
}

impl fmt::Display for LabelOp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl From<LabelOp> for u8 {
    fn from(member: LabelOp) -> Self {
        member as Self
    }
}

impl TryFrom<u8> for LabelOp {
    type Error = UnknownCode;

    fn try_from(code: u8) -> Result<Self, UnknownCode> {
        match code {
            0 => Ok(Self::Invalid),
            1 => Ok(Self::PopVrf),
            2 => Ok(Self::PopAdj),
            3 => Ok(Self::Swap),
            _ => Err(UnknownCode { kind: "label_op", code }),
        }
    }
}

/// Tables that commands address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Table {
    /// Logical interfaces.
    Intf = 1,
    /// Inbound SA hash: index = way * SaHashRows + row; the stash follows the last way.
    SaHash = 2,
    /// Inbound SA records. A write installs the whole SA at once and resets its state.
    SaIn = 3,
    /// Inbound SA state (window top, counters): read only.
    SaInState = 4,
    /// Outbound SA records. A write installs the whole SA at once and sets its state: sequence as in the record, counters zero.
    SaOut = 5,
    /// Outbound SA state (sequence, counters): read only.
    SaOutState = 6,
    /// Trie nodes: index = level * FibNodeDepth + node; level 0 node = VRF.
    FibNode = 7,
    /// Route results.
    FibResult = 8,
    /// Incoming labels.
    Label = 9,
    /// Adjacencies.
    Adj = 10,
}

impl Table {
    /// Bits of the code.
    pub const BITS: usize = 8;
    /// Every member, by code.
    pub const ALL: &'static [Self] = &[Self::Intf, Self::SaHash, Self::SaIn, Self::SaInState, Self::SaOut, Self::SaOutState, Self::FibNode, Self::FibResult, Self::Label, Self::Adj];

    /// The code.
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// Name as in the reference page.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Intf => "Intf",
            Self::SaHash => "SaHash",
            Self::SaIn => "SaIn",
            Self::SaInState => "SaInState",
            Self::SaOut => "SaOut",
            Self::SaOutState => "SaOutState",
            Self::FibNode => "FibNode",
            Self::FibResult => "FibResult",
            Self::Label => "Label",
            Self::Adj => "Adj",
        }
    }

    /// What it means, in a sentence.
    pub const fn doc(self) -> &'static str {
        match self {
            Self::Intf => "Logical interfaces.",
            Self::SaHash => "Inbound SA hash: index = way * SaHashRows + row; the stash follows the last way.",
            Self::SaIn => "Inbound SA records. A write installs the whole SA at once and resets its state.",
            Self::SaInState => "Inbound SA state (window top, counters): read only.",
            Self::SaOut => "Outbound SA records. A write installs the whole SA at once and sets its state: sequence as in the record, counters zero.",
            Self::SaOutState => "Outbound SA state (sequence, counters): read only.",
            Self::FibNode => "Trie nodes: index = level * FibNodeDepth + node; level 0 node = VRF.",
            Self::FibResult => "Route results.",
            Self::Label => "Incoming labels.",
            Self::Adj => "Adjacencies.",
        }
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl From<Table> for u8 {
    fn from(member: Table) -> Self {
        member as Self
    }
}

impl TryFrom<u8> for Table {
    type Error = UnknownCode;

    fn try_from(code: u8) -> Result<Self, UnknownCode> {
        match code {
            1 => Ok(Self::Intf),
            2 => Ok(Self::SaHash),
            3 => Ok(Self::SaIn),
            4 => Ok(Self::SaInState),
            5 => Ok(Self::SaOut),
            6 => Ok(Self::SaOutState),
            7 => Ok(Self::FibNode),
            8 => Ok(Self::FibResult),
            9 => Ok(Self::Label),
            10 => Ok(Self::Adj),
            _ => Err(UnknownCode { kind: "table", code }),
        }
    }
}

/// Operation of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum CmdOp {
    /// Complete only.
    Nop = 0,
    /// Write one record.
    Write = 1,
    /// Read one record; secret fields read as zero.
    Read = 2,
    /// Complete after every packet that the Classify stage had taken in has left the lookup stages (past Forward, or dropped): none is looked up any more. Packets still in the receive FIFOs are looked up later, by the tables as they are then. Packets in egress queues are not waited for: their SA is checked by its generation (adj.sa_gen).
    Fence = 3,
}

impl CmdOp {
    /// Bits of the code.
    pub const BITS: usize = 8;
    /// Every member, by code.
    pub const ALL: &'static [Self] = &[Self::Nop, Self::Write, Self::Read, Self::Fence];

    /// The code.
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// Name as in the reference page.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Nop => "Nop",
            Self::Write => "Write",
            Self::Read => "Read",
            Self::Fence => "Fence",
        }
    }

    /// What it means, in a sentence.
    pub const fn doc(self) -> &'static str {
        match self {
            Self::Nop => "Complete only.",
            Self::Write => "Write one record.",
            Self::Read => "Read one record; secret fields read as zero.",
            Self::Fence => "Complete after every packet that the Classify stage had taken in has left the lookup stages (past Forward, or dropped): none is looked up any more. Packets still in the receive FIFOs are looked up later, by the tables as they are then. Packets in egress queues are not waited for: their SA is checked by its generation (adj.sa_gen).",
        }
    }
}

impl fmt::Display for CmdOp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl From<CmdOp> for u8 {
    fn from(member: CmdOp) -> Self {
        member as Self
    }
}

impl TryFrom<u8> for CmdOp {
    type Error = UnknownCode;

    fn try_from(code: u8) -> Result<Self, UnknownCode> {
        match code {
            0 => Ok(Self::Nop),
            1 => Ok(Self::Write),
            2 => Ok(Self::Read),
            3 => Ok(Self::Fence),
            _ => Err(UnknownCode { kind: "cmd_op", code }),
        }
    }
}

/// Status of a completed command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum CmdStatus {
    /// Done.
    Ok = 0,
    /// Unknown operation.
    BadOp = 1,
    /// Unknown table.
    BadTable = 2,
    /// Index outside the table.
    BadIndex = 3,
    /// The table cannot be written.
    ReadOnly = 4,
}

impl CmdStatus {
    /// Bits of the code.
    pub const BITS: usize = 8;
    /// Every member, by code.
    pub const ALL: &'static [Self] = &[Self::Ok, Self::BadOp, Self::BadTable, Self::BadIndex, Self::ReadOnly];

    /// The code.
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// Name as in the reference page.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ok => "Ok",
            Self::BadOp => "BadOp",
            Self::BadTable => "BadTable",
            Self::BadIndex => "BadIndex",
            Self::ReadOnly => "ReadOnly",
        }
    }

    /// What it means, in a sentence.
    pub const fn doc(self) -> &'static str {
        match self {
            Self::Ok => "Done.",
            Self::BadOp => "Unknown operation.",
            Self::BadTable => "Unknown table.",
            Self::BadIndex => "Index outside the table.",
            Self::ReadOnly => "The table cannot be written.",
        }
    }
}

impl fmt::Display for CmdStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl From<CmdStatus> for u8 {
    fn from(member: CmdStatus) -> Self {
        member as Self
    }
}

impl TryFrom<u8> for CmdStatus {
    type Error = UnknownCode;

    fn try_from(code: u8) -> Result<Self, UnknownCode> {
        match code {
            0 => Ok(Self::Ok),
            1 => Ok(Self::BadOp),
            2 => Ok(Self::BadTable),
            3 => Ok(Self::BadIndex),
            4 => Ok(Self::ReadOnly),
            _ => Err(UnknownCode { kind: "cmd_status", code }),
        }
    }
}

/// Kind of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum EventKind {
    /// A packet was dropped; rate limited.
    Drop = 1,
    /// A packet needs an outbound SA that is missing: at most one event per SA and interval (event_interval), the others count in lost.
    Acquire = 2,
    /// An SA reached a soft limit: once per limit and SA. `info` bit 0: 1 outbound; bits 2:1: which (`sa_limit`).
    SaSoft = 3,
    /// An SA reached a hard limit and takes no more packets: once per SA. `info` as in SaSoft.
    SaHard = 4,
    /// Port link state changed; `info` bits 7:0 are the port, bit 8 is 1 when the link is up.
    Link = 6,
    /// A DMA access was refused; `info` is the ring, `addr` the address.
    DmaError = 7,
}

impl EventKind {
    /// Bits of the code.
    pub const BITS: usize = 8;
    /// Every member, by code.
    pub const ALL: &'static [Self] = &[Self::Drop, Self::Acquire, Self::SaSoft, Self::SaHard, Self::Link, Self::DmaError];

    /// The code.
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// Name as in the reference page.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Drop => "Drop",
            Self::Acquire => "Acquire",
            Self::SaSoft => "SaSoft",
            Self::SaHard => "SaHard",
            Self::Link => "Link",
            Self::DmaError => "DmaError",
        }
    }

    /// What it means, in a sentence.
    pub const fn doc(self) -> &'static str {
        match self {
            Self::Drop => "A packet was dropped; rate limited.",
            Self::Acquire => "A packet needs an outbound SA that is missing: at most one event per SA and interval (event_interval), the others count in lost.",
            Self::SaSoft => "An SA reached a soft limit: once per limit and SA. `info` bit 0: 1 outbound; bits 2:1: which (`sa_limit`).",
            Self::SaHard => "An SA reached a hard limit and takes no more packets: once per SA. `info` as in SaSoft.",
            Self::Link => "Port link state changed; `info` bits 7:0 are the port, bit 8 is 1 when the link is up.",
            Self::DmaError => "A DMA access was refused; `info` is the ring, `addr` the address.",
        }
    }
}

impl fmt::Display for EventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl From<EventKind> for u8 {
    fn from(member: EventKind) -> Self {
        member as Self
    }
}

impl TryFrom<u8> for EventKind {
    type Error = UnknownCode;

    fn try_from(code: u8) -> Result<Self, UnknownCode> {
        match code {
            1 => Ok(Self::Drop),
            2 => Ok(Self::Acquire),
            3 => Ok(Self::SaSoft),
            4 => Ok(Self::SaHard),
            6 => Ok(Self::Link),
            7 => Ok(Self::DmaError),
            _ => Err(UnknownCode { kind: "event_kind", code }),
        }
    }
}

/// Limit of an SA.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum SaLimit {
    /// Packets since the SA was written.
    Packets = 0,
    /// Bytes since the SA was written, as its state counts them.
    Bytes = 1,
    /// Sequence numbers used under the key.
    Sequence = 2,
}

impl SaLimit {
    /// Bits of the code.
    pub const BITS: usize = 2;
    /// Every member, by code.
    pub const ALL: &'static [Self] = &[Self::Packets, Self::Bytes, Self::Sequence];

    /// The code.
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// Name as in the reference page.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Packets => "Packets",
            Self::Bytes => "Bytes",
            Self::Sequence => "Sequence",
        }
    }

    /// What it means, in a sentence.
    pub const fn doc(self) -> &'static str {
        match self {
            Self::Packets => "Packets since the SA was written.",
            Self::Bytes => "Bytes since the SA was written, as its state counts them.",
            Self::Sequence => "Sequence numbers used under the key.",
        }
    }
}

impl fmt::Display for SaLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl From<SaLimit> for u8 {
    fn from(member: SaLimit) -> Self {
        member as Self
    }
}

impl TryFrom<u8> for SaLimit {
    type Error = UnknownCode;

    fn try_from(code: u8) -> Result<Self, UnknownCode> {
        match code {
            0 => Ok(Self::Packets),
            1 => Ok(Self::Bytes),
            2 => Ok(Self::Sequence),
            _ => Err(UnknownCode { kind: "sa_limit", code }),
        }
    }
}

/// Rings. The number is also the MSI-X vector.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Ring {
    /// Commands and their completions.
    Cmd = 0,
    /// Events (completion ring only).
    Event = 1,
    /// Packets to the host.
    Rx0 = 2,
    /// Packets from the host.
    Tx0 = 3,
}

impl Ring {
    /// Bits of the code.
    pub const BITS: usize = 3;
    /// Every member, by code.
    pub const ALL: &'static [Self] = &[Self::Cmd, Self::Event, Self::Rx0, Self::Tx0];

    /// The code.
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// Name as in the reference page.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Cmd => "Cmd",
            Self::Event => "Event",
            Self::Rx0 => "Rx0",
            Self::Tx0 => "Tx0",
        }
    }

    /// What it means, in a sentence.
    pub const fn doc(self) -> &'static str {
        match self {
            Self::Cmd => "Commands and their completions.",
            Self::Event => "Events (completion ring only).",
            Self::Rx0 => "Packets to the host.",
            Self::Tx0 => "Packets from the host.",
        }
    }
}

impl fmt::Display for Ring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl From<Ring> for u8 {
    fn from(member: Ring) -> Self {
        member as Self
    }
}

impl TryFrom<u8> for Ring {
    type Error = UnknownCode;

    fn try_from(code: u8) -> Result<Self, UnknownCode> {
        match code {
            0 => Ok(Self::Cmd),
            1 => Ok(Self::Event),
            2 => Ok(Self::Rx0),
            3 => Ok(Self::Tx0),
            _ => Err(UnknownCode { kind: "ring", code }),
        }
    }
}

/// Why a ring stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum RingError {
    /// Running or disabled.
    None = 0,
    /// Reading a descriptor failed.
    SqRead = 1,
    /// Writing a completion failed.
    CqWrite = 2,
    /// Writing the indices back failed.
    IndexWrite = 3,
    /// The doorbell announced more entries than the ring holds.
    BadTail = 4,
}

impl RingError {
    /// Bits of the code.
    pub const BITS: usize = 4;
    /// Every member, by code.
    pub const ALL: &'static [Self] = &[Self::None, Self::SqRead, Self::CqWrite, Self::IndexWrite, Self::BadTail];

    /// The code.
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// Name as in the reference page.
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "None",
            Self::SqRead => "SqRead",
            Self::CqWrite => "CqWrite",
            Self::IndexWrite => "IndexWrite",
            Self::BadTail => "BadTail",
        }
    }

    /// What it means, in a sentence.
    pub const fn doc(self) -> &'static str {
        match self {
            Self::None => "Running or disabled.",
            Self::SqRead => "Reading a descriptor failed.",
            Self::CqWrite => "Writing a completion failed.",
            Self::IndexWrite => "Writing the indices back failed.",
            Self::BadTail => "The doorbell announced more entries than the ring holds.",
        }
    }
}

impl fmt::Display for RingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl From<RingError> for u8 {
    fn from(member: RingError) -> Self {
        member as Self
    }
}

impl TryFrom<u8> for RingError {
    type Error = UnknownCode;

    fn try_from(code: u8) -> Result<Self, UnknownCode> {
        match code {
            0 => Ok(Self::None),
            1 => Ok(Self::SqRead),
            2 => Ok(Self::CqWrite),
            3 => Ok(Self::IndexWrite),
            4 => Ok(Self::BadTail),
            _ => Err(UnknownCode { kind: "ring_error", code }),
        }
    }
}

/// Where a packet of the tx ring goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum TxDest {
    /// Out of port 0, unchanged.
    Port0 = 0,
    /// Out of port 1, unchanged.
    Port1 = 1,
    /// Into the pipeline at the routing step: the buffer starts with the IP header, looked up in `vrf`.
    Route = 2,
}

impl TxDest {
    /// Bits of the code.
    pub const BITS: usize = 2;
    /// Every member, by code.
    pub const ALL: &'static [Self] = &[Self::Port0, Self::Port1, Self::Route];

    /// The code.
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// Name as in the reference page.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Port0 => "Port0",
            Self::Port1 => "Port1",
            Self::Route => "Route",
        }
    }

    /// What it means, in a sentence.
    pub const fn doc(self) -> &'static str {
        match self {
            Self::Port0 => "Out of port 0, unchanged.",
            Self::Port1 => "Out of port 1, unchanged.",
            Self::Route => "Into the pipeline at the routing step: the buffer starts with the IP header, looked up in `vrf`.",
        }
    }
}

impl fmt::Display for TxDest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl From<TxDest> for u8 {
    fn from(member: TxDest) -> Self {
        member as Self
    }
}

impl TryFrom<u8> for TxDest {
    type Error = UnknownCode;

    fn try_from(code: u8) -> Result<Self, UnknownCode> {
        match code {
            0 => Ok(Self::Port0),
            1 => Ok(Self::Port1),
            2 => Ok(Self::Route),
            _ => Err(UnknownCode { kind: "tx_dest", code }),
        }
    }
}

/// Status of an rx or tx completion.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum IoStatus {
    /// Done.
    Ok = 0,
    /// The buffer could not be read or written.
    DmaError = 1,
    /// Bad length, alignment or destination.
    BadDescriptor = 2,
    /// The packet did not fit the buffer.
    TooSmall = 3,
}

impl IoStatus {
    /// Bits of the code.
    pub const BITS: usize = 4;
    /// Every member, by code.
    pub const ALL: &'static [Self] = &[Self::Ok, Self::DmaError, Self::BadDescriptor, Self::TooSmall];

    /// The code.
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// Name as in the reference page.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ok => "Ok",
            Self::DmaError => "DmaError",
            Self::BadDescriptor => "BadDescriptor",
            Self::TooSmall => "TooSmall",
        }
    }

    /// What it means, in a sentence.
    pub const fn doc(self) -> &'static str {
        match self {
            Self::Ok => "Done.",
            Self::DmaError => "The buffer could not be read or written.",
            Self::BadDescriptor => "Bad length, alignment or destination.",
            Self::TooSmall => "The packet did not fit the buffer.",
        }
    }
}

impl fmt::Display for IoStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl From<IoStatus> for u8 {
    fn from(member: IoStatus) -> Self {
        member as Self
    }
}

impl TryFrom<u8> for IoStatus {
    type Error = UnknownCode;

    fn try_from(code: u8) -> Result<Self, UnknownCode> {
        match code {
            0 => Ok(Self::Ok),
            1 => Ok(Self::DmaError),
            2 => Ok(Self::BadDescriptor),
            3 => Ok(Self::TooSmall),
            _ => Err(UnknownCode { kind: "io_status", code }),
        }
    }
}

/// Logical interface.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Intf {
    /// Interface is up.
    pub valid: bool,
    /// Accept MPLS frames.
    pub mpls: bool,
    /// VRF of packets that arrive here in clear; the FVRF of ESP that arrives here.
    pub vrf: u16,
    /// Our MAC address on this interface.
    pub mac: u64,
}

impl Intf {
    /// Bits of the packed form.
    pub const BITS: usize = 80;
    /// Bytes of the packed form.
    pub const BYTES: usize = 10;

    /// The packed form: bit 0 is bit 0 of byte 0, reserved fields are zero.
    pub fn to_bytes(&self) -> [u8; 10] {
        let mut buffer = [0; 10];
        self.pack_into(&mut buffer, 0);
        buffer
    }

    /// The value of a packed form; reserved fields are ignored.
    ///
    /// # Errors
    /// `buffer` has less than [`Self::BYTES`] bytes.
    pub fn from_bytes(buffer: &[u8]) -> Result<Self, ShortBuffer> {
        ShortBuffer::check(buffer, Self::BYTES)?;
        Ok(Self::unpack_from(buffer, 0))
    }
}

impl Packed for Intf {
    const BITS: usize = 80;

    fn pack_into(&self, buffer: &mut [u8], at: usize) {
        bits::put(buffer, at, 1, u64::from(self.valid));
        bits::put(buffer, at + 1, 1, u64::from(self.mpls));
        bits::clear(buffer, at + 2, 6);
        bits::put(buffer, at + 8, 12, u64::from(self.vrf));
        bits::clear(buffer, at + 20, 12);
        bits::put(buffer, at + 32, 48, self.mac);
    }

    fn unpack_from(buffer: &[u8], at: usize) -> Self {
        Self {
            valid: bits::get(buffer, at, 1) != 0,
            mpls: bits::get(buffer, at + 1, 1) != 0,
            vrf: bits::get(buffer, at + 8, 12) as u16,
            mac: bits::get(buffer, at + 32, 48),
        }
    }
}

impl Record for Intf {
    const TABLE: Table = Table::Intf;
    const DEPTH: u32 = 256;
    const READ_ONLY: bool = false;
}

/// One entry of the inbound SA hash: exact match of (SPI, destination, protocol, FVRF).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SaHash {
    /// Entry in use.
    pub valid: bool,
    /// Destination is IPv6.
    pub ipv6: bool,
    /// IP protocol: 50 ESP, 51 AH.
    pub proto: u8,
    /// FVRF.
    pub fvrf: u16,
    /// SPI.
    pub spi: u32,
    /// Outer destination address.
    pub dst: u128,
    /// Index into SaIn.
    pub sa: u16,
}

impl SaHash {
    /// Bits of the packed form.
    pub const BITS: usize = 208;
    /// Bytes of the packed form.
    pub const BYTES: usize = 26;

    /// The packed form: bit 0 is bit 0 of byte 0, reserved fields are zero.
    pub fn to_bytes(&self) -> [u8; 26] {
        let mut buffer = [0; 26];
        self.pack_into(&mut buffer, 0);
        buffer
    }

    /// The value of a packed form; reserved fields are ignored.
    ///
    /// # Errors
    /// `buffer` has less than [`Self::BYTES`] bytes.
    pub fn from_bytes(buffer: &[u8]) -> Result<Self, ShortBuffer> {
        ShortBuffer::check(buffer, Self::BYTES)?;
        Ok(Self::unpack_from(buffer, 0))
    }
}

impl Packed for SaHash {
    const BITS: usize = 208;

    fn pack_into(&self, buffer: &mut [u8], at: usize) {
        bits::put(buffer, at, 1, u64::from(self.valid));
        bits::put(buffer, at + 1, 1, u64::from(self.ipv6));
        bits::clear(buffer, at + 2, 6);
        bits::put(buffer, at + 8, 8, u64::from(self.proto));
        bits::put(buffer, at + 16, 12, u64::from(self.fvrf));
        bits::clear(buffer, at + 28, 4);
        bits::put(buffer, at + 32, 32, u64::from(self.spi));
        bits::put_wide(buffer, at + 64, 128, self.dst);
        bits::put(buffer, at + 192, 16, u64::from(self.sa));
    }

    fn unpack_from(buffer: &[u8], at: usize) -> Self {
        Self {
            valid: bits::get(buffer, at, 1) != 0,
            ipv6: bits::get(buffer, at + 1, 1) != 0,
            proto: bits::get(buffer, at + 8, 8) as u8,
            fvrf: bits::get(buffer, at + 16, 12) as u16,
            spi: bits::get(buffer, at + 32, 32) as u32,
            dst: bits::get_wide(buffer, at + 64, 128),
            sa: bits::get(buffer, at + 192, 16) as u16,
        }
    }
}

impl Record for SaHash {
    const TABLE: Table = Table::SaHash;
    const DEPTH: u32 = 2056;
    const READ_ONLY: bool = false;
}

/// One traffic selector pair as prefixes (RFC 4301 4.4.1.1). Source and destination as seen in the inner packet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Selector {
    /// Source prefix.
    pub src: u128,
    /// Destination prefix.
    pub dst: u128,
    /// Source prefix length.
    pub src_len: u8,
    /// Destination prefix length.
    pub dst_len: u8,
    /// Protocol; 0 is any.
    pub proto: u8,
    /// Selector is IPv6.
    pub ipv6: bool,
    /// Everything passes, prefixes are not looked at.
    pub any: bool,
}

impl Selector {
    /// Bits of the packed form.
    pub const BITS: usize = 288;
    /// Bytes of the packed form.
    pub const BYTES: usize = 36;

    /// The packed form: bit 0 is bit 0 of byte 0, reserved fields are zero.
    pub fn to_bytes(&self) -> [u8; 36] {
        let mut buffer = [0; 36];
        self.pack_into(&mut buffer, 0);
        buffer
    }

    /// The value of a packed form; reserved fields are ignored.
    ///
    /// # Errors
    /// `buffer` has less than [`Self::BYTES`] bytes.
    pub fn from_bytes(buffer: &[u8]) -> Result<Self, ShortBuffer> {
        ShortBuffer::check(buffer, Self::BYTES)?;
        Ok(Self::unpack_from(buffer, 0))
    }
}

impl Packed for Selector {
    const BITS: usize = 288;

    fn pack_into(&self, buffer: &mut [u8], at: usize) {
        bits::put_wide(buffer, at, 128, self.src);
        bits::put_wide(buffer, at + 128, 128, self.dst);
        bits::put(buffer, at + 256, 8, u64::from(self.src_len));
        bits::put(buffer, at + 264, 8, u64::from(self.dst_len));
        bits::put(buffer, at + 272, 8, u64::from(self.proto));
        bits::put(buffer, at + 280, 1, u64::from(self.ipv6));
        bits::put(buffer, at + 281, 1, u64::from(self.any));
        bits::clear(buffer, at + 282, 6);
    }

    fn unpack_from(buffer: &[u8], at: usize) -> Self {
        Self {
            src: bits::get_wide(buffer, at, 128),
            dst: bits::get_wide(buffer, at + 128, 128),
            src_len: bits::get(buffer, at + 256, 8) as u8,
            dst_len: bits::get(buffer, at + 264, 8) as u8,
            proto: bits::get(buffer, at + 272, 8) as u8,
            ipv6: bits::get(buffer, at + 280, 1) != 0,
            any: bits::get(buffer, at + 281, 1) != 0,
        }
    }
}

/// AES-GCM key material of one SA (RFC 4106).
#[derive(Clone, Default, PartialEq, Eq)]
pub struct GcmKey {
    /// AES key; AES-128 uses the first 16 bytes.
    pub key: [u8; 32],
    /// Salt, the first 4 nonce bytes.
    pub salt: [u8; 4],
    /// H^1, the hash key.
    pub h1: [u8; 16],
    /// H^2.
    pub h2: [u8; 16],
    /// H^3.
    pub h3: [u8; 16],
    /// H^4.
    pub h4: [u8; 16],
    /// H^(4L), L = GHASH multiplier latency (capability register): feedback power of the phase scheme.
    pub hfb: [u8; 16],
    /// 256-bit key; else 128-bit.
    pub aes256: bool,
    /// ICV length in bytes: 8, 12 or 16.
    pub icv_len: u8,
}

impl GcmKey {
    /// Bits of the packed form.
    pub const BITS: usize = 936;
    /// Bytes of the packed form.
    pub const BYTES: usize = 117;

    /// The packed form: bit 0 is bit 0 of byte 0, reserved fields are zero.
    pub fn to_bytes(&self) -> [u8; 117] {
        let mut buffer = [0; 117];
        self.pack_into(&mut buffer, 0);
        buffer
    }

    /// The value of a packed form; reserved fields are ignored.
    ///
    /// # Errors
    /// `buffer` has less than [`Self::BYTES`] bytes.
    pub fn from_bytes(buffer: &[u8]) -> Result<Self, ShortBuffer> {
        ShortBuffer::check(buffer, Self::BYTES)?;
        Ok(Self::unpack_from(buffer, 0))
    }
}

impl Packed for GcmKey {
    const BITS: usize = 936;

    fn pack_into(&self, buffer: &mut [u8], at: usize) {
        bits::put_bytes(buffer, at, &self.key);
        bits::put_bytes(buffer, at + 256, &self.salt);
        bits::put_bytes(buffer, at + 288, &self.h1);
        bits::put_bytes(buffer, at + 416, &self.h2);
        bits::put_bytes(buffer, at + 544, &self.h3);
        bits::put_bytes(buffer, at + 672, &self.h4);
        bits::put_bytes(buffer, at + 800, &self.hfb);
        bits::put(buffer, at + 928, 1, u64::from(self.aes256));
        bits::put(buffer, at + 929, 5, u64::from(self.icv_len));
        bits::clear(buffer, at + 934, 2);
    }

    fn unpack_from(buffer: &[u8], at: usize) -> Self {
        Self {
            key: bits::get_bytes(buffer, at),
            salt: bits::get_bytes(buffer, at + 256),
            h1: bits::get_bytes(buffer, at + 288),
            h2: bits::get_bytes(buffer, at + 416),
            h3: bits::get_bytes(buffer, at + 544),
            h4: bits::get_bytes(buffer, at + 672),
            hfb: bits::get_bytes(buffer, at + 800),
            aes256: bits::get(buffer, at + 928, 1) != 0,
            icv_len: bits::get(buffer, at + 929, 5) as u8,
        }
    }
}

impl fmt::Debug for GcmKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GcmKey")
            .field("key", &format_args!("<secret>"))
            .field("salt", &format_args!("<secret>"))
            .field("h1", &format_args!("<secret>"))
            .field("h2", &format_args!("<secret>"))
            .field("h3", &format_args!("<secret>"))
            .field("h4", &format_args!("<secret>"))
            .field("hfb", &format_args!("<secret>"))
            .field("aes256", &self.aes256)
            .field("icv_len", &self.icv_len)
            .finish()
    }
}

impl Drop for GcmKey {
    fn drop(&mut self) {
        self.key.zeroize();
        self.salt.zeroize();
        self.h1.zeroize();
        self.h2.zeroize();
        self.h3.zeroize();
        self.h4.zeroize();
        self.hfb.zeroize();
    }
}

/// Inbound security association.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SaIn {
    /// SA in use.
    pub valid: bool,
    /// Extended sequence numbers (RFC 4304).
    pub esn: bool,
    /// Tunnel mode; else transport mode.
    pub tunnel: bool,
    /// ESP comes in UDP to NattPort (RFC 3948), from any source port; else bare.
    pub udp: bool,
    /// Tunnel mode: leave the inner ECN field as it is; else combine it with the outer one (RFC 6040 4.2).
    pub no_ecn: bool,
    /// Generation, changed by the driver whenever the index is reused.
    pub gen: u8,
    /// Anti-replay window in packets, 0 (off) to 1024.
    pub replay_window: u16,
    /// VRF in which the decrypted packet is looked up.
    pub ivrf: u16,
    /// Soft limit: event SaSoft when so many packets were accepted. 0: none.
    pub soft_packets: u64,
    /// Hard limit: so many packets are accepted, then none. 0: none.
    pub hard_packets: u64,
    /// Soft limit in bytes as the state counts them. 0: none.
    pub soft_bytes: u64,
    /// Hard limit in bytes as the state counts them: the packet that reaches it is the last one accepted. 0: none.
    pub hard_bytes: u64,
    /// Key material.
    pub gcm: GcmKey,
    /// Inbound selector check: source is the remote side, destination ours.
    pub sel: Selector,
}

impl SaIn {
    /// Bits of the packed form.
    pub const BITS: usize = 1464;
    /// Bytes of the packed form.
    pub const BYTES: usize = 183;

    /// The packed form: bit 0 is bit 0 of byte 0, reserved fields are zero.
    pub fn to_bytes(&self) -> [u8; 183] {
        let mut buffer = [0; 183];
        self.pack_into(&mut buffer, 0);
        buffer
    }

    /// The value of a packed form; reserved fields are ignored.
    ///
    /// # Errors
    /// `buffer` has less than [`Self::BYTES`] bytes.
    pub fn from_bytes(buffer: &[u8]) -> Result<Self, ShortBuffer> {
        ShortBuffer::check(buffer, Self::BYTES)?;
        Ok(Self::unpack_from(buffer, 0))
    }
}

impl Packed for SaIn {
    const BITS: usize = 1464;

    fn pack_into(&self, buffer: &mut [u8], at: usize) {
        bits::put(buffer, at, 1, u64::from(self.valid));
        bits::put(buffer, at + 1, 1, u64::from(self.esn));
        bits::put(buffer, at + 2, 1, u64::from(self.tunnel));
        bits::put(buffer, at + 3, 1, u64::from(self.udp));
        bits::put(buffer, at + 4, 1, u64::from(self.no_ecn));
        bits::clear(buffer, at + 5, 3);
        bits::put(buffer, at + 8, 8, u64::from(self.gen));
        bits::put(buffer, at + 16, 12, u64::from(self.replay_window));
        bits::clear(buffer, at + 28, 4);
        bits::put(buffer, at + 32, 12, u64::from(self.ivrf));
        bits::clear(buffer, at + 44, 4);
        bits::put(buffer, at + 48, 48, self.soft_packets);
        bits::put(buffer, at + 96, 48, self.hard_packets);
        bits::put(buffer, at + 144, 48, self.soft_bytes);
        bits::put(buffer, at + 192, 48, self.hard_bytes);
        self.gcm.pack_into(buffer, at + 240);
        self.sel.pack_into(buffer, at + 1176);
    }

    fn unpack_from(buffer: &[u8], at: usize) -> Self {
        Self {
            valid: bits::get(buffer, at, 1) != 0,
            esn: bits::get(buffer, at + 1, 1) != 0,
            tunnel: bits::get(buffer, at + 2, 1) != 0,
            udp: bits::get(buffer, at + 3, 1) != 0,
            no_ecn: bits::get(buffer, at + 4, 1) != 0,
            gen: bits::get(buffer, at + 8, 8) as u8,
            replay_window: bits::get(buffer, at + 16, 12) as u16,
            ivrf: bits::get(buffer, at + 32, 12) as u16,
            soft_packets: bits::get(buffer, at + 48, 48),
            hard_packets: bits::get(buffer, at + 96, 48),
            soft_bytes: bits::get(buffer, at + 144, 48),
            hard_bytes: bits::get(buffer, at + 192, 48),
            gcm: GcmKey::unpack_from(buffer, at + 240),
            sel: Selector::unpack_from(buffer, at + 1176),
        }
    }
}

impl Record for SaIn {
    const TABLE: Table = Table::SaIn;
    const DEPTH: u32 = 1024;
    const READ_ONLY: bool = false;
}

/// State of an inbound SA.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SaInState {
    /// Highest authenticated sequence number.
    pub seq_top: u64,
    /// Packets accepted.
    pub packets: u64,
    /// Payload bytes accepted: the inner packet (tunnel mode, with the sender's TFC zeros) or what follows the IP header (transport mode), without ESP padding.
    pub bytes: u64,
    /// Packets dropped with IcvMismatch.
    pub auth_fail: u32,
    /// Packets dropped with ReplayDuplicate or ReplayOld.
    pub replay_fail: u32,
    /// SaSoft was raised, by limit (bit number is `sa_limit`).
    pub soft_done: u8,
    /// SaHard was raised.
    pub hard_done: bool,
}

impl SaInState {
    /// Bits of the packed form.
    pub const BITS: usize = 260;
    /// Bytes of the packed form.
    pub const BYTES: usize = 33;

    /// The packed form: bit 0 is bit 0 of byte 0, reserved fields are zero.
    pub fn to_bytes(&self) -> [u8; 33] {
        let mut buffer = [0; 33];
        self.pack_into(&mut buffer, 0);
        buffer
    }

    /// The value of a packed form; reserved fields are ignored.
    ///
    /// # Errors
    /// `buffer` has less than [`Self::BYTES`] bytes.
    pub fn from_bytes(buffer: &[u8]) -> Result<Self, ShortBuffer> {
        ShortBuffer::check(buffer, Self::BYTES)?;
        Ok(Self::unpack_from(buffer, 0))
    }
}

impl Packed for SaInState {
    const BITS: usize = 260;

    fn pack_into(&self, buffer: &mut [u8], at: usize) {
        bits::put(buffer, at, 64, self.seq_top);
        bits::put(buffer, at + 64, 64, self.packets);
        bits::put(buffer, at + 128, 64, self.bytes);
        bits::put(buffer, at + 192, 32, u64::from(self.auth_fail));
        bits::put(buffer, at + 224, 32, u64::from(self.replay_fail));
        bits::put(buffer, at + 256, 3, u64::from(self.soft_done));
        bits::put(buffer, at + 259, 1, u64::from(self.hard_done));
    }

    fn unpack_from(buffer: &[u8], at: usize) -> Self {
        Self {
            seq_top: bits::get(buffer, at, 64),
            packets: bits::get(buffer, at + 64, 64),
            bytes: bits::get(buffer, at + 128, 64),
            auth_fail: bits::get(buffer, at + 192, 32) as u32,
            replay_fail: bits::get(buffer, at + 224, 32) as u32,
            soft_done: bits::get(buffer, at + 256, 3) as u8,
            hard_done: bits::get(buffer, at + 259, 1) != 0,
        }
    }
}

impl Record for SaInState {
    const TABLE: Table = Table::SaInState;
    const DEPTH: u32 = 1024;
    const READ_ONLY: bool = true;
}

/// Outbound security association.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SaOut {
    /// SA in use.
    pub valid: bool,
    /// Extended sequence numbers (RFC 4304).
    pub esn: bool,
    /// Tunnel mode; else transport mode.
    pub tunnel: bool,
    /// Outer header is IPv6.
    pub ipv6: bool,
    /// Copy the inner DSCP to the outer header; else use `dscp`.
    pub copy_dscp: bool,
    /// Tunnel mode: set DF in the outer IPv4 header.
    pub df: bool,
    /// Tunnel mode: outer DF is set when `df` is, or when the inner packet is IPv4 with DF or IPv6.
    pub copy_df: bool,
    /// ESP in UDP (RFC 3948), outer IPv4 only; UDP checksum 0.
    pub udp: bool,
    /// Generation, changed by the driver whenever the index is reused; an adjacency names the one it means.
    pub gen: u8,
    /// DSCP of the outer header when not copied.
    pub dscp: u8,
    /// Outer ECN field is 0, the compatibility mode of RFC 6040 4.1; else copied.
    pub no_ecn: bool,
    /// TTL or hop limit of the outer header in tunnel mode.
    pub ttl: u8,
    /// SPI.
    pub spi: u32,
    /// Outer source address in tunnel mode.
    pub src: u128,
    /// Outer destination address in tunnel mode.
    pub dst: u128,
    /// UDP source port.
    pub sport: u16,
    /// UDP destination port: 4500, or where the peer's NAT put it.
    pub dport: u16,
    /// Sequence numbers used under this key before: the first packet gets the next one. 0 for a new key.
    pub seq: u64,
    /// Soft limit: event SaSoft when so many packets were sent. 0: none.
    pub soft_packets: u64,
    /// Hard limit: so many packets are sent, then none. 0: none.
    pub hard_packets: u64,
    /// Soft limit in bytes as the state counts them. 0: none.
    pub soft_bytes: u64,
    /// Hard limit in bytes as the state counts them: the packet that reaches it is the last one sent. 0: none.
    pub hard_bytes: u64,
    /// Soft limit: event SaSoft when this sequence number is used. 0: none. The hard limit is the end of the number space.
    pub soft_seq: u64,
    /// Check value of the key for the driver, which recognises by it a key that has been used; the card ignores it.
    pub key_check: u32,
    /// Key material.
    pub gcm: GcmKey,
}

impl SaOut {
    /// Bits of the packed form.
    pub const BITS: usize = 1640;
    /// Bytes of the packed form.
    pub const BYTES: usize = 205;

    /// The packed form: bit 0 is bit 0 of byte 0, reserved fields are zero.
    pub fn to_bytes(&self) -> [u8; 205] {
        let mut buffer = [0; 205];
        self.pack_into(&mut buffer, 0);
        buffer
    }

    /// The value of a packed form; reserved fields are ignored.
    ///
    /// # Errors
    /// `buffer` has less than [`Self::BYTES`] bytes.
    pub fn from_bytes(buffer: &[u8]) -> Result<Self, ShortBuffer> {
        ShortBuffer::check(buffer, Self::BYTES)?;
        Ok(Self::unpack_from(buffer, 0))
    }
}

impl Packed for SaOut {
    const BITS: usize = 1640;

    fn pack_into(&self, buffer: &mut [u8], at: usize) {
        bits::put(buffer, at, 1, u64::from(self.valid));
        bits::put(buffer, at + 1, 1, u64::from(self.esn));
        bits::put(buffer, at + 2, 1, u64::from(self.tunnel));
        bits::put(buffer, at + 3, 1, u64::from(self.ipv6));
        bits::put(buffer, at + 4, 1, u64::from(self.copy_dscp));
        bits::put(buffer, at + 5, 1, u64::from(self.df));
        bits::put(buffer, at + 6, 1, u64::from(self.copy_df));
        bits::put(buffer, at + 7, 1, u64::from(self.udp));
        bits::put(buffer, at + 8, 8, u64::from(self.gen));
        bits::put(buffer, at + 16, 6, u64::from(self.dscp));
        bits::put(buffer, at + 22, 1, u64::from(self.no_ecn));
        bits::clear(buffer, at + 23, 1);
        bits::put(buffer, at + 24, 8, u64::from(self.ttl));
        bits::put(buffer, at + 32, 32, u64::from(self.spi));
        bits::put_wide(buffer, at + 64, 128, self.src);
        bits::put_wide(buffer, at + 192, 128, self.dst);
        bits::put(buffer, at + 320, 16, u64::from(self.sport));
        bits::put(buffer, at + 336, 16, u64::from(self.dport));
        bits::put(buffer, at + 352, 64, self.seq);
        bits::put(buffer, at + 416, 48, self.soft_packets);
        bits::put(buffer, at + 464, 48, self.hard_packets);
        bits::put(buffer, at + 512, 48, self.soft_bytes);
        bits::put(buffer, at + 560, 48, self.hard_bytes);
        bits::put(buffer, at + 608, 64, self.soft_seq);
        bits::put(buffer, at + 672, 32, u64::from(self.key_check));
        self.gcm.pack_into(buffer, at + 704);
    }

    fn unpack_from(buffer: &[u8], at: usize) -> Self {
        Self {
            valid: bits::get(buffer, at, 1) != 0,
            esn: bits::get(buffer, at + 1, 1) != 0,
            tunnel: bits::get(buffer, at + 2, 1) != 0,
            ipv6: bits::get(buffer, at + 3, 1) != 0,
            copy_dscp: bits::get(buffer, at + 4, 1) != 0,
            df: bits::get(buffer, at + 5, 1) != 0,
            copy_df: bits::get(buffer, at + 6, 1) != 0,
            udp: bits::get(buffer, at + 7, 1) != 0,
            gen: bits::get(buffer, at + 8, 8) as u8,
            dscp: bits::get(buffer, at + 16, 6) as u8,
            no_ecn: bits::get(buffer, at + 22, 1) != 0,
            ttl: bits::get(buffer, at + 24, 8) as u8,
            spi: bits::get(buffer, at + 32, 32) as u32,
            src: bits::get_wide(buffer, at + 64, 128),
            dst: bits::get_wide(buffer, at + 192, 128),
            sport: bits::get(buffer, at + 320, 16) as u16,
            dport: bits::get(buffer, at + 336, 16) as u16,
            seq: bits::get(buffer, at + 352, 64),
            soft_packets: bits::get(buffer, at + 416, 48),
            hard_packets: bits::get(buffer, at + 464, 48),
            soft_bytes: bits::get(buffer, at + 512, 48),
            hard_bytes: bits::get(buffer, at + 560, 48),
            soft_seq: bits::get(buffer, at + 608, 64),
            key_check: bits::get(buffer, at + 672, 32) as u32,
            gcm: GcmKey::unpack_from(buffer, at + 704),
        }
    }
}

impl Record for SaOut {
    const TABLE: Table = Table::SaOut;
    const DEPTH: u32 = 1024;
    const READ_ONLY: bool = false;
}

/// State of an outbound SA.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SaOutState {
    /// Last sequence number used.
    pub seq: u64,
    /// Packets sent.
    pub packets: u64,
    /// Payload bytes sent: the inner packet (tunnel mode, without TFC zeros) or what follows the IP header (transport mode), without ESP padding.
    pub bytes: u64,
    /// SaSoft was raised, by limit (bit number is `sa_limit`).
    pub soft_done: u8,
    /// SaHard was raised.
    pub hard_done: bool,
}

impl SaOutState {
    /// Bits of the packed form.
    pub const BITS: usize = 196;
    /// Bytes of the packed form.
    pub const BYTES: usize = 25;

    /// The packed form: bit 0 is bit 0 of byte 0, reserved fields are zero.
    pub fn to_bytes(&self) -> [u8; 25] {
        let mut buffer = [0; 25];
        self.pack_into(&mut buffer, 0);
        buffer
    }

    /// The value of a packed form; reserved fields are ignored.
    ///
    /// # Errors
    /// `buffer` has less than [`Self::BYTES`] bytes.
    pub fn from_bytes(buffer: &[u8]) -> Result<Self, ShortBuffer> {
        ShortBuffer::check(buffer, Self::BYTES)?;
        Ok(Self::unpack_from(buffer, 0))
    }
}

impl Packed for SaOutState {
    const BITS: usize = 196;

    fn pack_into(&self, buffer: &mut [u8], at: usize) {
        bits::put(buffer, at, 64, self.seq);
        bits::put(buffer, at + 64, 64, self.packets);
        bits::put(buffer, at + 128, 64, self.bytes);
        bits::put(buffer, at + 192, 3, u64::from(self.soft_done));
        bits::put(buffer, at + 195, 1, u64::from(self.hard_done));
    }

    fn unpack_from(buffer: &[u8], at: usize) -> Self {
        Self {
            seq: bits::get(buffer, at, 64),
            packets: bits::get(buffer, at + 64, 64),
            bytes: bits::get(buffer, at + 128, 64),
            soft_done: bits::get(buffer, at + 192, 3) as u8,
            hard_done: bits::get(buffer, at + 195, 1) != 0,
        }
    }
}

impl Record for SaOutState {
    const TABLE: Table = Table::SaOutState;
    const DEPTH: u32 = 1024;
    const READ_ONLY: bool = true;
}

/// Tree-bitmap node of stride 4. `internal` bit (2^len - 1 + value) marks the prefix `value/len` (len 0 to 3) of this node;
/// `external` bit i marks a child for nibble i. The child of nibble i is node child_base + popcount(external bits below i) of the
/// next level; the result of internal bit i is result_base + popcount(internal bits below i).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FibNode {
    /// Prefixes that end in this node.
    pub internal: u16,
    /// Children.
    pub external: u16,
    /// First child in the next level.
    pub child_base: u32,
    /// First result of this node.
    pub result_base: u32,
}

impl FibNode {
    /// Bits of the packed form.
    pub const BITS: usize = 80;
    /// Bytes of the packed form.
    pub const BYTES: usize = 10;

    /// The packed form: bit 0 is bit 0 of byte 0, reserved fields are zero.
    pub fn to_bytes(&self) -> [u8; 10] {
        let mut buffer = [0; 10];
        self.pack_into(&mut buffer, 0);
        buffer
    }

    /// The value of a packed form; reserved fields are ignored.
    ///
    /// # Errors
    /// `buffer` has less than [`Self::BYTES`] bytes.
    pub fn from_bytes(buffer: &[u8]) -> Result<Self, ShortBuffer> {
        ShortBuffer::check(buffer, Self::BYTES)?;
        Ok(Self::unpack_from(buffer, 0))
    }
}

impl Packed for FibNode {
    const BITS: usize = 80;

    fn pack_into(&self, buffer: &mut [u8], at: usize) {
        bits::put(buffer, at, 15, u64::from(self.internal));
        bits::clear(buffer, at + 15, 1);
        bits::put(buffer, at + 16, 16, u64::from(self.external));
        bits::put(buffer, at + 32, 24, u64::from(self.child_base));
        bits::put(buffer, at + 56, 24, u64::from(self.result_base));
    }

    fn unpack_from(buffer: &[u8], at: usize) -> Self {
        Self {
            internal: bits::get(buffer, at, 15) as u16,
            external: bits::get(buffer, at + 16, 16) as u16,
            child_base: bits::get(buffer, at + 32, 24) as u32,
            result_base: bits::get(buffer, at + 56, 24) as u32,
        }
    }
}

impl Record for FibNode {
    const TABLE: Table = Table::FibNode;
    const DEPTH: u32 = 36864;
    const READ_ONLY: bool = false;
}

/// What a route leads to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FibResult {
    /// Route present.
    pub valid: bool,
    /// Adjacency.
    pub adj: u16,
}

impl FibResult {
    /// Bits of the packed form.
    pub const BITS: usize = 24;
    /// Bytes of the packed form.
    pub const BYTES: usize = 3;

    /// The packed form: bit 0 is bit 0 of byte 0, reserved fields are zero.
    pub fn to_bytes(&self) -> [u8; 3] {
        let mut buffer = [0; 3];
        self.pack_into(&mut buffer, 0);
        buffer
    }

    /// The value of a packed form; reserved fields are ignored.
    ///
    /// # Errors
    /// `buffer` has less than [`Self::BYTES`] bytes.
    pub fn from_bytes(buffer: &[u8]) -> Result<Self, ShortBuffer> {
        ShortBuffer::check(buffer, Self::BYTES)?;
        Ok(Self::unpack_from(buffer, 0))
    }
}

impl Packed for FibResult {
    const BITS: usize = 24;

    fn pack_into(&self, buffer: &mut [u8], at: usize) {
        bits::put(buffer, at, 1, u64::from(self.valid));
        bits::clear(buffer, at + 1, 7);
        bits::put(buffer, at + 8, 16, u64::from(self.adj));
    }

    fn unpack_from(buffer: &[u8], at: usize) -> Self {
        Self {
            valid: bits::get(buffer, at, 1) != 0,
            adj: bits::get(buffer, at + 8, 16) as u16,
        }
    }
}

impl Record for FibResult {
    const TABLE: Table = Table::FibResult;
    const DEPTH: u32 = 16384;
    const READ_ONLY: bool = false;
}

/// Action of an incoming label (NHLFE, RFC 3031 3.10).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Label {
    /// Action.
    pub op: u8,
    /// VRF of PopVrf.
    pub vrf: u16,
    /// Adjacency of PopAdj and Swap.
    pub adj: u16,
}

impl Label {
    /// Bits of the packed form.
    pub const BITS: usize = 32;
    /// Bytes of the packed form.
    pub const BYTES: usize = 4;

    /// The packed form: bit 0 is bit 0 of byte 0, reserved fields are zero.
    pub fn to_bytes(&self) -> [u8; 4] {
        let mut buffer = [0; 4];
        self.pack_into(&mut buffer, 0);
        buffer
    }

    /// The value of a packed form; reserved fields are ignored.
    ///
    /// # Errors
    /// `buffer` has less than [`Self::BYTES`] bytes.
    pub fn from_bytes(buffer: &[u8]) -> Result<Self, ShortBuffer> {
        ShortBuffer::check(buffer, Self::BYTES)?;
        Ok(Self::unpack_from(buffer, 0))
    }

    /// Field `op` as [`LabelOp`].
    ///
    /// # Errors
    /// The code has no meaning.
    pub fn op_code(&self) -> Result<LabelOp, UnknownCode> {
        LabelOp::try_from(self.op)
    }
}

impl Packed for Label {
    const BITS: usize = 32;

    fn pack_into(&self, buffer: &mut [u8], at: usize) {
        bits::put(buffer, at, 2, u64::from(self.op));
        bits::clear(buffer, at + 2, 2);
        bits::put(buffer, at + 4, 12, u64::from(self.vrf));
        bits::put(buffer, at + 16, 16, u64::from(self.adj));
    }

    fn unpack_from(buffer: &[u8], at: usize) -> Self {
        Self {
            op: bits::get(buffer, at, 2) as u8,
            vrf: bits::get(buffer, at + 4, 12) as u16,
            adj: bits::get(buffer, at + 16, 16) as u16,
        }
    }
}

impl Record for Label {
    const TABLE: Table = Table::Label;
    const DEPTH: u32 = 65536;
    const READ_ONLY: bool = false;
}

/// Adjacency: how to reach a next hop.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Adj {
    /// Installed.
    pub valid: bool,
    /// What to do.
    pub kind: u8,
    /// Where the packet leaves.
    pub egress: u8,
    /// Labels to push, 0 to 3.
    pub label_count: u8,
    /// Protect: the SA is in transport mode; else in tunnel mode. When SA and adjacency differ the packet is dropped as SaOutInvalid.
    pub transport: bool,
    /// Protect in tunnel mode: traffic flow confidentiality (RFC 4303 2.7). Inner packets shorter than this many bytes are followed by zeros up to it. 0: none.
    pub tfc_len: u16,
    /// Largest IP packet in bytes (before labels and ESP) that this adjacency takes.
    pub mtu: u16,
    /// Outbound SA of Protect.
    pub sa: u16,
    /// Generation that this SA must have when the packet is sealed; else SaOutInvalid. So a packet that waited in a queue does not meet another SA at the same index, unless the index was rewritten 256 times meanwhile.
    pub sa_gen: u8,
    /// Destination MAC address.
    pub dmac: u64,
    /// Source MAC address.
    pub smac: u64,
    /// Outermost label.
    pub label0: u32,
    /// Second label.
    pub label1: u32,
    /// Third label.
    pub label2: u32,
    /// TTL of pushed labels; 0 copies the IP TTL as in the uniform model of RFC 3443. Popping is always pipe: a label's TTL never goes back into the IP header.
    pub label_ttl: u8,
    /// Traffic class of pushed labels when not copied.
    pub label_exp: u8,
    /// Traffic class of pushed labels = IP precedence.
    pub copy_exp: bool,
}

impl Adj {
    /// Bits of the packed form.
    pub const BITS: usize = 233;
    /// Bytes of the packed form.
    pub const BYTES: usize = 30;

    /// The packed form: bit 0 is bit 0 of byte 0, reserved fields are zero.
    pub fn to_bytes(&self) -> [u8; 30] {
        let mut buffer = [0; 30];
        self.pack_into(&mut buffer, 0);
        buffer
    }

    /// The value of a packed form; reserved fields are ignored.
    ///
    /// # Errors
    /// `buffer` has less than [`Self::BYTES`] bytes.
    pub fn from_bytes(buffer: &[u8]) -> Result<Self, ShortBuffer> {
        ShortBuffer::check(buffer, Self::BYTES)?;
        Ok(Self::unpack_from(buffer, 0))
    }

    /// Field `kind` as [`AdjKind`].
    ///
    /// # Errors
    /// The code has no meaning.
    pub fn kind_code(&self) -> Result<AdjKind, UnknownCode> {
        AdjKind::try_from(self.kind)
    }

    /// Field `egress` as [`Egress`].
    ///
    /// # Errors
    /// The code has no meaning.
    pub fn egress_code(&self) -> Result<Egress, UnknownCode> {
        Egress::try_from(self.egress)
    }
}

impl Packed for Adj {
    const BITS: usize = 233;

    fn pack_into(&self, buffer: &mut [u8], at: usize) {
        bits::put(buffer, at, 1, u64::from(self.valid));
        bits::put(buffer, at + 1, 3, u64::from(self.kind));
        bits::put(buffer, at + 4, 2, u64::from(self.egress));
        bits::put(buffer, at + 6, 2, u64::from(self.label_count));
        bits::put(buffer, at + 8, 1, u64::from(self.transport));
        bits::put(buffer, at + 9, 16, u64::from(self.tfc_len));
        bits::put(buffer, at + 25, 16, u64::from(self.mtu));
        bits::put(buffer, at + 41, 16, u64::from(self.sa));
        bits::put(buffer, at + 57, 8, u64::from(self.sa_gen));
        bits::put(buffer, at + 65, 48, self.dmac);
        bits::put(buffer, at + 113, 48, self.smac);
        bits::put(buffer, at + 161, 20, u64::from(self.label0));
        bits::put(buffer, at + 181, 20, u64::from(self.label1));
        bits::put(buffer, at + 201, 20, u64::from(self.label2));
        bits::put(buffer, at + 221, 8, u64::from(self.label_ttl));
        bits::put(buffer, at + 229, 3, u64::from(self.label_exp));
        bits::put(buffer, at + 232, 1, u64::from(self.copy_exp));
    }

    fn unpack_from(buffer: &[u8], at: usize) -> Self {
        Self {
            valid: bits::get(buffer, at, 1) != 0,
            kind: bits::get(buffer, at + 1, 3) as u8,
            egress: bits::get(buffer, at + 4, 2) as u8,
            label_count: bits::get(buffer, at + 6, 2) as u8,
            transport: bits::get(buffer, at + 8, 1) != 0,
            tfc_len: bits::get(buffer, at + 9, 16) as u16,
            mtu: bits::get(buffer, at + 25, 16) as u16,
            sa: bits::get(buffer, at + 41, 16) as u16,
            sa_gen: bits::get(buffer, at + 57, 8) as u8,
            dmac: bits::get(buffer, at + 65, 48),
            smac: bits::get(buffer, at + 113, 48),
            label0: bits::get(buffer, at + 161, 20) as u32,
            label1: bits::get(buffer, at + 181, 20) as u32,
            label2: bits::get(buffer, at + 201, 20) as u32,
            label_ttl: bits::get(buffer, at + 221, 8) as u8,
            label_exp: bits::get(buffer, at + 229, 3) as u8,
            copy_exp: bits::get(buffer, at + 232, 1) != 0,
        }
    }
}

impl Record for Adj {
    const TABLE: Table = Table::Adj;
    const DEPTH: u32 = 4096;
    const READ_ONLY: bool = false;
}

/// Command (256 bytes).
#[derive(Clone, PartialEq, Eq)]
pub struct CmdEntry {
    /// Operation.
    pub op: u8,
    /// Table.
    pub table_id: u8,
    /// Returned in the completion.
    pub cookie: u16,
    /// Record index.
    pub index: u32,
    /// The record, from its bit 0.
    pub record: [u8; 224],
}

impl CmdEntry {
    /// Bits of the packed form.
    pub const BITS: usize = 2048;
    /// Bytes of the packed form.
    pub const BYTES: usize = 256;

    /// The packed form: bit 0 is bit 0 of byte 0, reserved fields are zero.
    pub fn to_bytes(&self) -> [u8; 256] {
        let mut buffer = [0; 256];
        self.pack_into(&mut buffer, 0);
        buffer
    }

    /// The value of a packed form; reserved fields are ignored.
    ///
    /// # Errors
    /// `buffer` has less than [`Self::BYTES`] bytes.
    pub fn from_bytes(buffer: &[u8]) -> Result<Self, ShortBuffer> {
        ShortBuffer::check(buffer, Self::BYTES)?;
        Ok(Self::unpack_from(buffer, 0))
    }

    /// Field `op` as [`CmdOp`].
    ///
    /// # Errors
    /// The code has no meaning.
    pub fn op_code(&self) -> Result<CmdOp, UnknownCode> {
        CmdOp::try_from(self.op)
    }

    /// Field `table_id` as [`Table`].
    ///
    /// # Errors
    /// The code has no meaning.
    pub fn table_id_code(&self) -> Result<Table, UnknownCode> {
        Table::try_from(self.table_id)
    }
}

impl Packed for CmdEntry {
    const BITS: usize = 2048;

    fn pack_into(&self, buffer: &mut [u8], at: usize) {
        bits::put(buffer, at, 8, u64::from(self.op));
        bits::put(buffer, at + 8, 8, u64::from(self.table_id));
        bits::put(buffer, at + 16, 16, u64::from(self.cookie));
        bits::put(buffer, at + 32, 32, u64::from(self.index));
        bits::clear(buffer, at + 64, 192);
        bits::put_bytes(buffer, at + 256, &self.record);
    }

    fn unpack_from(buffer: &[u8], at: usize) -> Self {
        Self {
            op: bits::get(buffer, at, 8) as u8,
            table_id: bits::get(buffer, at + 8, 8) as u8,
            cookie: bits::get(buffer, at + 16, 16) as u16,
            index: bits::get(buffer, at + 32, 32) as u32,
            record: bits::get_bytes(buffer, at + 256),
        }
    }
}

impl Default for CmdEntry {
    fn default() -> Self {
        Self {
            op: Default::default(),
            table_id: Default::default(),
            cookie: Default::default(),
            index: Default::default(),
            record: [0; 224],
        }
    }
}

impl fmt::Debug for CmdEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CmdEntry")
            .field("op", &self.op)
            .field("table_id", &self.table_id)
            .field("cookie", &self.cookie)
            .field("index", &self.index)
            .field("record", &format_args!("<secret>"))
            .finish()
    }
}

impl Drop for CmdEntry {
    fn drop(&mut self) {
        self.record.zeroize();
    }
}

/// Completion of a command (256 bytes).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CmdCompletion {
    /// Flips each time the ring wraps; the first pass writes 1.
    pub phase: bool,
    /// Status.
    pub status: u8,
    /// Cookie of the command.
    pub cookie: u16,
    /// Index of the command.
    pub index: u32,
    /// The record that was read; zero for other operations.
    pub record: [u8; 224],
}

impl CmdCompletion {
    /// Bits of the packed form.
    pub const BITS: usize = 2048;
    /// Bytes of the packed form.
    pub const BYTES: usize = 256;

    /// The packed form: bit 0 is bit 0 of byte 0, reserved fields are zero.
    pub fn to_bytes(&self) -> [u8; 256] {
        let mut buffer = [0; 256];
        self.pack_into(&mut buffer, 0);
        buffer
    }

    /// The value of a packed form; reserved fields are ignored.
    ///
    /// # Errors
    /// `buffer` has less than [`Self::BYTES`] bytes.
    pub fn from_bytes(buffer: &[u8]) -> Result<Self, ShortBuffer> {
        ShortBuffer::check(buffer, Self::BYTES)?;
        Ok(Self::unpack_from(buffer, 0))
    }

    /// Field `status` as [`CmdStatus`].
    ///
    /// # Errors
    /// The code has no meaning.
    pub fn status_code(&self) -> Result<CmdStatus, UnknownCode> {
        CmdStatus::try_from(self.status)
    }
}

impl Packed for CmdCompletion {
    const BITS: usize = 2048;

    fn pack_into(&self, buffer: &mut [u8], at: usize) {
        bits::put(buffer, at, 1, u64::from(self.phase));
        bits::clear(buffer, at + 1, 7);
        bits::put(buffer, at + 8, 8, u64::from(self.status));
        bits::put(buffer, at + 16, 16, u64::from(self.cookie));
        bits::put(buffer, at + 32, 32, u64::from(self.index));
        bits::clear(buffer, at + 64, 192);
        bits::put_bytes(buffer, at + 256, &self.record);
    }

    fn unpack_from(buffer: &[u8], at: usize) -> Self {
        Self {
            phase: bits::get(buffer, at, 1) != 0,
            status: bits::get(buffer, at + 8, 8) as u8,
            cookie: bits::get(buffer, at + 16, 16) as u16,
            index: bits::get(buffer, at + 32, 32) as u32,
            record: bits::get_bytes(buffer, at + 256),
        }
    }
}

impl Default for CmdCompletion {
    fn default() -> Self {
        Self {
            phase: Default::default(),
            status: Default::default(),
            cookie: Default::default(),
            index: Default::default(),
            record: [0; 224],
        }
    }
}

/// Event (128 bytes).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventEntry {
    /// Flips each time the ring wraps; the first pass writes 1.
    pub phase: bool,
    /// Kind.
    pub kind: u8,
    /// Stage that raised it.
    pub stage: u8,
    /// Where the packet entered.
    pub ingress: u8,
    /// Drop reason of Drop.
    pub reason: u8,
    /// Events that were suppressed or found no room since the last one written, saturating.
    pub lost: u16,
    /// Packet length at that stage in bytes.
    pub len: u16,
    /// VRF.
    pub vrf: u16,
    /// SA index; 0xffff when none.
    pub sa: u16,
    /// SPI; 0 when none.
    pub spi: u32,
    /// Depends on the kind.
    pub info: u32,
    /// Depends on the kind: refused DMA address, or the sequence number.
    pub addr: u64,
    /// Core clock cycles since reset.
    pub cycle: u64,
    /// First 64 bytes of the packet as it is at that stage; zero for Commit and for packets that were decrypted (no plaintext of an SA leaves this way).
    pub data: [u8; 64],
}

impl EventEntry {
    /// Bits of the packed form.
    pub const BITS: usize = 1024;
    /// Bytes of the packed form.
    pub const BYTES: usize = 128;

    /// The packed form: bit 0 is bit 0 of byte 0, reserved fields are zero.
    pub fn to_bytes(&self) -> [u8; 128] {
        let mut buffer = [0; 128];
        self.pack_into(&mut buffer, 0);
        buffer
    }

    /// The value of a packed form; reserved fields are ignored.
    ///
    /// # Errors
    /// `buffer` has less than [`Self::BYTES`] bytes.
    pub fn from_bytes(buffer: &[u8]) -> Result<Self, ShortBuffer> {
        ShortBuffer::check(buffer, Self::BYTES)?;
        Ok(Self::unpack_from(buffer, 0))
    }

    /// Field `kind` as [`EventKind`].
    ///
    /// # Errors
    /// The code has no meaning.
    pub fn kind_code(&self) -> Result<EventKind, UnknownCode> {
        EventKind::try_from(self.kind)
    }

    /// Field `stage` as [`Stage`].
    ///
    /// # Errors
    /// The code has no meaning.
    pub fn stage_code(&self) -> Result<Stage, UnknownCode> {
        Stage::try_from(self.stage)
    }

    /// Field `ingress` as [`Ingress`].
    ///
    /// # Errors
    /// The code has no meaning.
    pub fn ingress_code(&self) -> Result<Ingress, UnknownCode> {
        Ingress::try_from(self.ingress)
    }
}

impl Packed for EventEntry {
    const BITS: usize = 1024;

    fn pack_into(&self, buffer: &mut [u8], at: usize) {
        bits::put(buffer, at, 1, u64::from(self.phase));
        bits::clear(buffer, at + 1, 7);
        bits::put(buffer, at + 8, 8, u64::from(self.kind));
        bits::put(buffer, at + 16, 4, u64::from(self.stage));
        bits::put(buffer, at + 20, 2, u64::from(self.ingress));
        bits::clear(buffer, at + 22, 2);
        bits::put(buffer, at + 24, 8, u64::from(self.reason));
        bits::put(buffer, at + 32, 16, u64::from(self.lost));
        bits::put(buffer, at + 48, 16, u64::from(self.len));
        bits::put(buffer, at + 64, 16, u64::from(self.vrf));
        bits::put(buffer, at + 80, 16, u64::from(self.sa));
        bits::put(buffer, at + 96, 32, u64::from(self.spi));
        bits::put(buffer, at + 128, 32, u64::from(self.info));
        bits::put(buffer, at + 160, 64, self.addr);
        bits::put(buffer, at + 224, 64, self.cycle);
        bits::clear(buffer, at + 288, 224);
        bits::put_bytes(buffer, at + 512, &self.data);
    }

    fn unpack_from(buffer: &[u8], at: usize) -> Self {
        Self {
            phase: bits::get(buffer, at, 1) != 0,
            kind: bits::get(buffer, at + 8, 8) as u8,
            stage: bits::get(buffer, at + 16, 4) as u8,
            ingress: bits::get(buffer, at + 20, 2) as u8,
            reason: bits::get(buffer, at + 24, 8) as u8,
            lost: bits::get(buffer, at + 32, 16) as u16,
            len: bits::get(buffer, at + 48, 16) as u16,
            vrf: bits::get(buffer, at + 64, 16) as u16,
            sa: bits::get(buffer, at + 80, 16) as u16,
            spi: bits::get(buffer, at + 96, 32) as u32,
            info: bits::get(buffer, at + 128, 32) as u32,
            addr: bits::get(buffer, at + 160, 64),
            cycle: bits::get(buffer, at + 224, 64),
            data: bits::get_bytes(buffer, at + 512),
        }
    }
}

impl Default for EventEntry {
    fn default() -> Self {
        Self {
            phase: Default::default(),
            kind: Default::default(),
            stage: Default::default(),
            ingress: Default::default(),
            reason: Default::default(),
            lost: Default::default(),
            len: Default::default(),
            vrf: Default::default(),
            sa: Default::default(),
            spi: Default::default(),
            info: Default::default(),
            addr: Default::default(),
            cycle: Default::default(),
            data: [0; 64],
        }
    }
}

/// Receive buffer posted by the host (64 bytes).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RxDesc {
    /// IOVA of the buffer, 64-byte aligned.
    pub addr: u64,
    /// Bytes of the buffer, a multiple of 64.
    pub len: u32,
    /// Returned in the completion.
    pub cookie: u32,
}

impl RxDesc {
    /// Bits of the packed form.
    pub const BITS: usize = 512;
    /// Bytes of the packed form.
    pub const BYTES: usize = 64;

    /// The packed form: bit 0 is bit 0 of byte 0, reserved fields are zero.
    pub fn to_bytes(&self) -> [u8; 64] {
        let mut buffer = [0; 64];
        self.pack_into(&mut buffer, 0);
        buffer
    }

    /// The value of a packed form; reserved fields are ignored.
    ///
    /// # Errors
    /// `buffer` has less than [`Self::BYTES`] bytes.
    pub fn from_bytes(buffer: &[u8]) -> Result<Self, ShortBuffer> {
        ShortBuffer::check(buffer, Self::BYTES)?;
        Ok(Self::unpack_from(buffer, 0))
    }
}

impl Packed for RxDesc {
    const BITS: usize = 512;

    fn pack_into(&self, buffer: &mut [u8], at: usize) {
        bits::put(buffer, at, 64, self.addr);
        bits::put(buffer, at + 64, 32, u64::from(self.len));
        bits::put(buffer, at + 96, 32, u64::from(self.cookie));
        bits::clear(buffer, at + 128, 384);
    }

    fn unpack_from(buffer: &[u8], at: usize) -> Self {
        Self {
            addr: bits::get(buffer, at, 64),
            len: bits::get(buffer, at + 64, 32) as u32,
            cookie: bits::get(buffer, at + 96, 32) as u32,
        }
    }
}

/// A packet given to the host (64 bytes).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RxCompletion {
    /// Flips each time the ring wraps; the first pass writes 1.
    pub phase: bool,
    /// The packet came out of SA `sa` and starts with its IP header.
    pub decrypted: bool,
    /// The buffer starts with an IP header; else with an Ethernet header.
    pub l3: bool,
    /// Status.
    pub status: u8,
    /// Host reason (`host_reason`).
    pub reason: u8,
    /// Where the packet entered.
    pub ingress: u8,
    /// VRF.
    pub vrf: u16,
    /// Inbound SA; 0xffff when none.
    pub sa: u16,
    /// Bytes of the packet.
    pub len: u16,
    /// Logical interface.
    pub intf: u16,
    /// Cookie of the buffer.
    pub cookie: u32,
    /// Core clock cycle at which the packet entered.
    pub cycle: u64,
}

impl RxCompletion {
    /// Bits of the packed form.
    pub const BITS: usize = 512;
    /// Bytes of the packed form.
    pub const BYTES: usize = 64;

    /// The packed form: bit 0 is bit 0 of byte 0, reserved fields are zero.
    pub fn to_bytes(&self) -> [u8; 64] {
        let mut buffer = [0; 64];
        self.pack_into(&mut buffer, 0);
        buffer
    }

    /// The value of a packed form; reserved fields are ignored.
    ///
    /// # Errors
    /// `buffer` has less than [`Self::BYTES`] bytes.
    pub fn from_bytes(buffer: &[u8]) -> Result<Self, ShortBuffer> {
        ShortBuffer::check(buffer, Self::BYTES)?;
        Ok(Self::unpack_from(buffer, 0))
    }

    /// Field `status` as [`IoStatus`].
    ///
    /// # Errors
    /// The code has no meaning.
    pub fn status_code(&self) -> Result<IoStatus, UnknownCode> {
        IoStatus::try_from(self.status)
    }

    /// Field `ingress` as [`Ingress`].
    ///
    /// # Errors
    /// The code has no meaning.
    pub fn ingress_code(&self) -> Result<Ingress, UnknownCode> {
        Ingress::try_from(self.ingress)
    }
}

impl Packed for RxCompletion {
    const BITS: usize = 512;

    fn pack_into(&self, buffer: &mut [u8], at: usize) {
        bits::put(buffer, at, 1, u64::from(self.phase));
        bits::put(buffer, at + 1, 1, u64::from(self.decrypted));
        bits::put(buffer, at + 2, 1, u64::from(self.l3));
        bits::clear(buffer, at + 3, 1);
        bits::put(buffer, at + 4, 4, u64::from(self.status));
        bits::put(buffer, at + 8, 8, u64::from(self.reason));
        bits::put(buffer, at + 16, 2, u64::from(self.ingress));
        bits::clear(buffer, at + 18, 6);
        bits::put(buffer, at + 24, 16, u64::from(self.vrf));
        bits::put(buffer, at + 40, 16, u64::from(self.sa));
        bits::put(buffer, at + 56, 16, u64::from(self.len));
        bits::put(buffer, at + 72, 16, u64::from(self.intf));
        bits::put(buffer, at + 88, 32, u64::from(self.cookie));
        bits::put(buffer, at + 120, 64, self.cycle);
        bits::clear(buffer, at + 184, 328);
    }

    fn unpack_from(buffer: &[u8], at: usize) -> Self {
        Self {
            phase: bits::get(buffer, at, 1) != 0,
            decrypted: bits::get(buffer, at + 1, 1) != 0,
            l3: bits::get(buffer, at + 2, 1) != 0,
            status: bits::get(buffer, at + 4, 4) as u8,
            reason: bits::get(buffer, at + 8, 8) as u8,
            ingress: bits::get(buffer, at + 16, 2) as u8,
            vrf: bits::get(buffer, at + 24, 16) as u16,
            sa: bits::get(buffer, at + 40, 16) as u16,
            len: bits::get(buffer, at + 56, 16) as u16,
            intf: bits::get(buffer, at + 72, 16) as u16,
            cookie: bits::get(buffer, at + 88, 32) as u32,
            cycle: bits::get(buffer, at + 120, 64),
        }
    }
}

/// Packet to send (64 bytes).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TxDesc {
    /// IOVA of the packet, 64-byte aligned.
    pub addr: u64,
    /// Bytes, 14 (ports) or 20 (route) to MaxFrameBytes.
    pub len: u32,
    /// Returned in the completion.
    pub cookie: u32,
    /// Destination.
    pub dest: u8,
    /// VRF of `Route`.
    pub vrf: u16,
}

impl TxDesc {
    /// Bits of the packed form.
    pub const BITS: usize = 512;
    /// Bytes of the packed form.
    pub const BYTES: usize = 64;

    /// The packed form: bit 0 is bit 0 of byte 0, reserved fields are zero.
    pub fn to_bytes(&self) -> [u8; 64] {
        let mut buffer = [0; 64];
        self.pack_into(&mut buffer, 0);
        buffer
    }

    /// The value of a packed form; reserved fields are ignored.
    ///
    /// # Errors
    /// `buffer` has less than [`Self::BYTES`] bytes.
    pub fn from_bytes(buffer: &[u8]) -> Result<Self, ShortBuffer> {
        ShortBuffer::check(buffer, Self::BYTES)?;
        Ok(Self::unpack_from(buffer, 0))
    }

    /// Field `dest` as [`TxDest`].
    ///
    /// # Errors
    /// The code has no meaning.
    pub fn dest_code(&self) -> Result<TxDest, UnknownCode> {
        TxDest::try_from(self.dest)
    }
}

impl Packed for TxDesc {
    const BITS: usize = 512;

    fn pack_into(&self, buffer: &mut [u8], at: usize) {
        bits::put(buffer, at, 64, self.addr);
        bits::put(buffer, at + 64, 32, u64::from(self.len));
        bits::put(buffer, at + 96, 32, u64::from(self.cookie));
        bits::put(buffer, at + 128, 2, u64::from(self.dest));
        bits::clear(buffer, at + 130, 6);
        bits::put(buffer, at + 136, 16, u64::from(self.vrf));
        bits::clear(buffer, at + 152, 360);
    }

    fn unpack_from(buffer: &[u8], at: usize) -> Self {
        Self {
            addr: bits::get(buffer, at, 64),
            len: bits::get(buffer, at + 64, 32) as u32,
            cookie: bits::get(buffer, at + 96, 32) as u32,
            dest: bits::get(buffer, at + 128, 2) as u8,
            vrf: bits::get(buffer, at + 136, 16) as u16,
        }
    }
}

/// A packet was taken from the host (64 bytes).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TxCompletion {
    /// Flips each time the ring wraps; the first pass writes 1.
    pub phase: bool,
    /// Status.
    pub status: u8,
    /// Cookie of the descriptor.
    pub cookie: u32,
}

impl TxCompletion {
    /// Bits of the packed form.
    pub const BITS: usize = 512;
    /// Bytes of the packed form.
    pub const BYTES: usize = 64;

    /// The packed form: bit 0 is bit 0 of byte 0, reserved fields are zero.
    pub fn to_bytes(&self) -> [u8; 64] {
        let mut buffer = [0; 64];
        self.pack_into(&mut buffer, 0);
        buffer
    }

    /// The value of a packed form; reserved fields are ignored.
    ///
    /// # Errors
    /// `buffer` has less than [`Self::BYTES`] bytes.
    pub fn from_bytes(buffer: &[u8]) -> Result<Self, ShortBuffer> {
        ShortBuffer::check(buffer, Self::BYTES)?;
        Ok(Self::unpack_from(buffer, 0))
    }

    /// Field `status` as [`IoStatus`].
    ///
    /// # Errors
    /// The code has no meaning.
    pub fn status_code(&self) -> Result<IoStatus, UnknownCode> {
        IoStatus::try_from(self.status)
    }
}

impl Packed for TxCompletion {
    const BITS: usize = 512;

    fn pack_into(&self, buffer: &mut [u8], at: usize) {
        bits::put(buffer, at, 1, u64::from(self.phase));
        bits::clear(buffer, at + 1, 3);
        bits::put(buffer, at + 4, 4, u64::from(self.status));
        bits::clear(buffer, at + 8, 24);
        bits::put(buffer, at + 32, 32, u64::from(self.cookie));
        bits::clear(buffer, at + 64, 448);
    }

    fn unpack_from(buffer: &[u8], at: usize) -> Self {
        Self {
            phase: bits::get(buffer, at, 1) != 0,
            status: bits::get(buffer, at + 4, 4) as u8,
            cookie: bits::get(buffer, at + 32, 32) as u32,
        }
    }
}

/// Index block that the card writes to host memory at a ring's index address (64 bytes).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RingIndices {
    /// Descriptors the card has consumed, modulo 2^32.
    pub sq_head: u32,
    /// Completions the card has produced, modulo 2^32.
    pub cq_tail: u32,
}

impl RingIndices {
    /// Bits of the packed form.
    pub const BITS: usize = 512;
    /// Bytes of the packed form.
    pub const BYTES: usize = 64;

    /// The packed form: bit 0 is bit 0 of byte 0, reserved fields are zero.
    pub fn to_bytes(&self) -> [u8; 64] {
        let mut buffer = [0; 64];
        self.pack_into(&mut buffer, 0);
        buffer
    }

    /// The value of a packed form; reserved fields are ignored.
    ///
    /// # Errors
    /// `buffer` has less than [`Self::BYTES`] bytes.
    pub fn from_bytes(buffer: &[u8]) -> Result<Self, ShortBuffer> {
        ShortBuffer::check(buffer, Self::BYTES)?;
        Ok(Self::unpack_from(buffer, 0))
    }
}

impl Packed for RingIndices {
    const BITS: usize = 512;

    fn pack_into(&self, buffer: &mut [u8], at: usize) {
        bits::put(buffer, at, 32, u64::from(self.sq_head));
        bits::put(buffer, at + 32, 32, u64::from(self.cq_tail));
        bits::clear(buffer, at + 64, 448);
    }

    fn unpack_from(buffer: &[u8], at: usize) -> Self {
        Self {
            sq_head: bits::get(buffer, at, 32) as u32,
            cq_tail: bits::get(buffer, at + 32, 32) as u32,
        }
    }
}

/// One beat of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Beat {
    /// Bytes; those past `bytes` are zero.
    pub data: [u8; 64],
    /// Valid bytes, 1 to 64; 64 on every beat but the last.
    pub bytes: u8,
    /// First beat.
    pub sop: bool,
    /// Last beat.
    pub eop: bool,
}

impl Beat {
    /// Bits of the packed form.
    pub const BITS: usize = 521;
    /// Bytes of the packed form.
    pub const BYTES: usize = 66;

    /// The packed form: bit 0 is bit 0 of byte 0, reserved fields are zero.
    pub fn to_bytes(&self) -> [u8; 66] {
        let mut buffer = [0; 66];
        self.pack_into(&mut buffer, 0);
        buffer
    }

    /// The value of a packed form; reserved fields are ignored.
    ///
    /// # Errors
    /// `buffer` has less than [`Self::BYTES`] bytes.
    pub fn from_bytes(buffer: &[u8]) -> Result<Self, ShortBuffer> {
        ShortBuffer::check(buffer, Self::BYTES)?;
        Ok(Self::unpack_from(buffer, 0))
    }
}

impl Packed for Beat {
    const BITS: usize = 521;

    fn pack_into(&self, buffer: &mut [u8], at: usize) {
        bits::put_bytes(buffer, at, &self.data);
        bits::put(buffer, at + 512, 7, u64::from(self.bytes));
        bits::put(buffer, at + 519, 1, u64::from(self.sop));
        bits::put(buffer, at + 520, 1, u64::from(self.eop));
    }

    fn unpack_from(buffer: &[u8], at: usize) -> Self {
        Self {
            data: bits::get_bytes(buffer, at),
            bytes: bits::get(buffer, at + 512, 7) as u8,
            sop: bits::get(buffer, at + 519, 1) != 0,
            eop: bits::get(buffer, at + 520, 1) != 0,
        }
    }
}

impl Default for Beat {
    fn default() -> Self {
        Self {
            data: [0; 64],
            bytes: Default::default(),
            sop: Default::default(),
            eop: Default::default(),
        }
    }
}

/// What the parser found in the header window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Parsed {
    /// A header is truncated or a length contradicts the packet.
    pub malformed: bool,
    /// IPv4 header checksum wrong.
    pub csum_bad: bool,
    /// IPv4 header present at `l3_off`.
    pub is_ipv4: bool,
    /// IPv6 header present at `l3_off`.
    pub is_ipv6: bool,
    /// ARP.
    pub is_arp: bool,
    /// At least one label.
    pub is_mpls: bool,
    /// IPv4 options present.
    pub has_options: bool,
    /// Fragment (offset not 0, or more fragments).
    pub is_fragment: bool,
    /// DF bit.
    pub df: bool,
    /// ESP header at `l4_off`.
    pub is_esp: bool,
    /// Authentication Header.
    pub is_ah: bool,
    /// ESP inside UDP to NattPort; `l4_off` is that of the ESP header.
    pub udp_encap: bool,
    /// An IPv6 extension header follows the IPv6 header.
    pub ip6_ext: bool,
    /// Group bit of the destination MAC set.
    pub mac_bcast: bool,
    /// 802.1Q tags.
    pub vlan_count: u8,
    /// Labels recorded, 0 to 4.
    pub label_count: u8,
    /// No bottom of stack within 4 labels.
    pub stack_too_deep: bool,
    /// Offset of the IP header (after labels) in bytes.
    pub l3_off: u8,
    /// Offset of the header after IP in bytes.
    pub l4_off: u8,
    /// IP packet length from its header.
    pub ip_len: u16,
    /// EtherType after VLAN tags.
    pub ethertype: u16,
    /// Destination MAC address.
    pub dmac: u64,
    /// VLAN id of the outer tag.
    pub vid0: u16,
    /// Top label stack entry: label, TC, S, TTL (RFC 3032).
    pub label0: u32,
    /// Second entry.
    pub label1: u32,
    /// Third entry.
    pub label2: u32,
    /// Fourth entry.
    pub label3: u32,
    /// IP source.
    pub src: u128,
    /// IP destination.
    pub dst: u128,
    /// IP protocol.
    pub proto: u8,
    /// TTL or hop limit.
    pub ttl: u8,
    /// TOS or traffic class.
    pub tos: u8,
    /// IPv4 header checksum field.
    pub ip_csum: u16,
    /// IPv4 identification (low 16 bits) or IPv6 flow label.
    pub ip_id: u32,
    /// Source port of TCP or UDP.
    pub sport: u16,
    /// Destination port of TCP or UDP.
    pub dport: u16,
    /// SPI.
    pub spi: u32,
    /// ESP sequence number field.
    pub seq: u32,
}

impl Parsed {
    /// Bits of the packed form.
    pub const BITS: usize = 668;
    /// Bytes of the packed form.
    pub const BYTES: usize = 84;

    /// The packed form: bit 0 is bit 0 of byte 0, reserved fields are zero.
    pub fn to_bytes(&self) -> [u8; 84] {
        let mut buffer = [0; 84];
        self.pack_into(&mut buffer, 0);
        buffer
    }

    /// The value of a packed form; reserved fields are ignored.
    ///
    /// # Errors
    /// `buffer` has less than [`Self::BYTES`] bytes.
    pub fn from_bytes(buffer: &[u8]) -> Result<Self, ShortBuffer> {
        ShortBuffer::check(buffer, Self::BYTES)?;
        Ok(Self::unpack_from(buffer, 0))
    }
}

impl Packed for Parsed {
    const BITS: usize = 668;

    fn pack_into(&self, buffer: &mut [u8], at: usize) {
        bits::put(buffer, at, 1, u64::from(self.malformed));
        bits::put(buffer, at + 1, 1, u64::from(self.csum_bad));
        bits::put(buffer, at + 2, 1, u64::from(self.is_ipv4));
        bits::put(buffer, at + 3, 1, u64::from(self.is_ipv6));
        bits::put(buffer, at + 4, 1, u64::from(self.is_arp));
        bits::put(buffer, at + 5, 1, u64::from(self.is_mpls));
        bits::put(buffer, at + 6, 1, u64::from(self.has_options));
        bits::put(buffer, at + 7, 1, u64::from(self.is_fragment));
        bits::put(buffer, at + 8, 1, u64::from(self.df));
        bits::put(buffer, at + 9, 1, u64::from(self.is_esp));
        bits::put(buffer, at + 10, 1, u64::from(self.is_ah));
        bits::put(buffer, at + 11, 1, u64::from(self.udp_encap));
        bits::put(buffer, at + 12, 1, u64::from(self.ip6_ext));
        bits::put(buffer, at + 13, 1, u64::from(self.mac_bcast));
        bits::put(buffer, at + 14, 2, u64::from(self.vlan_count));
        bits::put(buffer, at + 16, 3, u64::from(self.label_count));
        bits::put(buffer, at + 19, 1, u64::from(self.stack_too_deep));
        bits::put(buffer, at + 20, 8, u64::from(self.l3_off));
        bits::put(buffer, at + 28, 8, u64::from(self.l4_off));
        bits::put(buffer, at + 36, 16, u64::from(self.ip_len));
        bits::put(buffer, at + 52, 16, u64::from(self.ethertype));
        bits::put(buffer, at + 68, 48, self.dmac);
        bits::put(buffer, at + 116, 12, u64::from(self.vid0));
        bits::put(buffer, at + 128, 32, u64::from(self.label0));
        bits::put(buffer, at + 160, 32, u64::from(self.label1));
        bits::put(buffer, at + 192, 32, u64::from(self.label2));
        bits::put(buffer, at + 224, 32, u64::from(self.label3));
        bits::put_wide(buffer, at + 256, 128, self.src);
        bits::put_wide(buffer, at + 384, 128, self.dst);
        bits::put(buffer, at + 512, 8, u64::from(self.proto));
        bits::put(buffer, at + 520, 8, u64::from(self.ttl));
        bits::put(buffer, at + 528, 8, u64::from(self.tos));
        bits::put(buffer, at + 536, 16, u64::from(self.ip_csum));
        bits::put(buffer, at + 552, 20, u64::from(self.ip_id));
        bits::put(buffer, at + 572, 16, u64::from(self.sport));
        bits::put(buffer, at + 588, 16, u64::from(self.dport));
        bits::put(buffer, at + 604, 32, u64::from(self.spi));
        bits::put(buffer, at + 636, 32, u64::from(self.seq));
    }

    fn unpack_from(buffer: &[u8], at: usize) -> Self {
        Self {
            malformed: bits::get(buffer, at, 1) != 0,
            csum_bad: bits::get(buffer, at + 1, 1) != 0,
            is_ipv4: bits::get(buffer, at + 2, 1) != 0,
            is_ipv6: bits::get(buffer, at + 3, 1) != 0,
            is_arp: bits::get(buffer, at + 4, 1) != 0,
            is_mpls: bits::get(buffer, at + 5, 1) != 0,
            has_options: bits::get(buffer, at + 6, 1) != 0,
            is_fragment: bits::get(buffer, at + 7, 1) != 0,
            df: bits::get(buffer, at + 8, 1) != 0,
            is_esp: bits::get(buffer, at + 9, 1) != 0,
            is_ah: bits::get(buffer, at + 10, 1) != 0,
            udp_encap: bits::get(buffer, at + 11, 1) != 0,
            ip6_ext: bits::get(buffer, at + 12, 1) != 0,
            mac_bcast: bits::get(buffer, at + 13, 1) != 0,
            vlan_count: bits::get(buffer, at + 14, 2) as u8,
            label_count: bits::get(buffer, at + 16, 3) as u8,
            stack_too_deep: bits::get(buffer, at + 19, 1) != 0,
            l3_off: bits::get(buffer, at + 20, 8) as u8,
            l4_off: bits::get(buffer, at + 28, 8) as u8,
            ip_len: bits::get(buffer, at + 36, 16) as u16,
            ethertype: bits::get(buffer, at + 52, 16) as u16,
            dmac: bits::get(buffer, at + 68, 48),
            vid0: bits::get(buffer, at + 116, 12) as u16,
            label0: bits::get(buffer, at + 128, 32) as u32,
            label1: bits::get(buffer, at + 160, 32) as u32,
            label2: bits::get(buffer, at + 192, 32) as u32,
            label3: bits::get(buffer, at + 224, 32) as u32,
            src: bits::get_wide(buffer, at + 256, 128),
            dst: bits::get_wide(buffer, at + 384, 128),
            proto: bits::get(buffer, at + 512, 8) as u8,
            ttl: bits::get(buffer, at + 520, 8) as u8,
            tos: bits::get(buffer, at + 528, 8) as u8,
            ip_csum: bits::get(buffer, at + 536, 16) as u16,
            ip_id: bits::get(buffer, at + 552, 20) as u32,
            sport: bits::get(buffer, at + 572, 16) as u16,
            dport: bits::get(buffer, at + 588, 16) as u16,
            spi: bits::get(buffer, at + 604, 32) as u32,
            seq: bits::get(buffer, at + 636, 32) as u32,
        }
    }
}

/// Metadata that travels with the first beat of a packet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Meta {
    /// Where it entered.
    pub ingress: u8,
    /// Decision so far.
    pub op: u8,
    /// Reason of Drop.
    pub drop: u8,
    /// Reason of Host.
    pub host: u8,
    /// The stream starts with an IP header, not Ethernet.
    pub starts_l3: bool,
    /// Bytes in the stream.
    pub len: u16,
    /// Logical interface.
    pub intf: u16,
    /// VRF for the next lookup.
    pub vrf: u16,
    /// Cycle at which the first beat entered.
    pub cycle: u64,
    /// ESP packet without an SA.
    pub esp_miss: bool,
    /// Came out of SA `sa_in`.
    pub decrypted: bool,
    /// Inbound SA index; 0xffff when none.
    pub sa_in: u16,
    /// Generation of the inbound SA.
    pub sa_in_gen: u8,
    /// SPI of the inbound SA.
    pub spi: u32,
    /// Inferred 64-bit sequence number (RFC 4303 appendix A2).
    pub seq: u64,
    /// ICV bytes at the end of the stream.
    pub icv_len: u8,
    /// Parser output of the latest parse.
    pub parsed: Parsed,
    /// Bytes that rewrite removes from the front.
    pub strip: u8,
    /// Rewrite decrements the IPv4 TTL found right behind the stripped bytes.
    pub patch_ttl: bool,
    /// Kind of adjacency.
    pub adj_kind: u8,
    /// Protect in transport mode: rewrite strips the IP header too, esp_encap makes the new one from `parsed`.
    pub transport: bool,
    /// Bytes to which esp_encap pads the packet with zeros; 0 none.
    pub tfc_len: u16,
    /// Where it leaves.
    pub egress: u8,
    /// Beats reserved in the egress buffer by the QoS scheduler.
    pub resv: u8,
    /// Outbound SA of Protect.
    pub sa_out: u16,
    /// Generation that it must have.
    pub sa_out_gen: u8,
    /// MAC addresses of the frame to send.
    pub dmac: u64,
    /// MAC addresses of the frame to send.
    pub smac: u64,
    /// Labels that rewrite pushes.
    pub push_count: u8,
    /// Outermost label stack entry to push, S bit included.
    pub push0: u32,
    /// Second entry.
    pub push1: u32,
    /// Third entry.
    pub push2: u32,
    /// EtherType of the new Ethernet header.
    pub push_ethertype: u16,
}

impl Meta {
    /// Bits of the packed form.
    pub const BITS: usize = 1193;
    /// Bytes of the packed form.
    pub const BYTES: usize = 150;

    /// The packed form: bit 0 is bit 0 of byte 0, reserved fields are zero.
    pub fn to_bytes(&self) -> [u8; 150] {
        let mut buffer = [0; 150];
        self.pack_into(&mut buffer, 0);
        buffer
    }

    /// The value of a packed form; reserved fields are ignored.
    ///
    /// # Errors
    /// `buffer` has less than [`Self::BYTES`] bytes.
    pub fn from_bytes(buffer: &[u8]) -> Result<Self, ShortBuffer> {
        ShortBuffer::check(buffer, Self::BYTES)?;
        Ok(Self::unpack_from(buffer, 0))
    }

    /// Field `ingress` as [`Ingress`].
    ///
    /// # Errors
    /// The code has no meaning.
    pub fn ingress_code(&self) -> Result<Ingress, UnknownCode> {
        Ingress::try_from(self.ingress)
    }

    /// Field `op` as [`Op`].
    ///
    /// # Errors
    /// The code has no meaning.
    pub fn op_code(&self) -> Result<Op, UnknownCode> {
        Op::try_from(self.op)
    }

    /// Field `drop` as [`DropReason`].
    ///
    /// # Errors
    /// The code has no meaning.
    pub fn drop_code(&self) -> Result<DropReason, UnknownCode> {
        DropReason::try_from(self.drop)
    }

    /// Field `host` as [`HostReason`].
    ///
    /// # Errors
    /// The code has no meaning.
    pub fn host_code(&self) -> Result<HostReason, UnknownCode> {
        HostReason::try_from(self.host)
    }

    /// Field `adj_kind` as [`AdjKind`].
    ///
    /// # Errors
    /// The code has no meaning.
    pub fn adj_kind_code(&self) -> Result<AdjKind, UnknownCode> {
        AdjKind::try_from(self.adj_kind)
    }

    /// Field `egress` as [`Egress`].
    ///
    /// # Errors
    /// The code has no meaning.
    pub fn egress_code(&self) -> Result<Egress, UnknownCode> {
        Egress::try_from(self.egress)
    }
}

impl Packed for Meta {
    const BITS: usize = 1193;

    fn pack_into(&self, buffer: &mut [u8], at: usize) {
        bits::put(buffer, at, 2, u64::from(self.ingress));
        bits::put(buffer, at + 2, 3, u64::from(self.op));
        bits::put(buffer, at + 5, 6, u64::from(self.drop));
        bits::put(buffer, at + 11, 5, u64::from(self.host));
        bits::put(buffer, at + 16, 1, u64::from(self.starts_l3));
        bits::put(buffer, at + 17, 16, u64::from(self.len));
        bits::put(buffer, at + 33, 16, u64::from(self.intf));
        bits::put(buffer, at + 49, 12, u64::from(self.vrf));
        bits::put(buffer, at + 61, 64, self.cycle);
        bits::put(buffer, at + 125, 1, u64::from(self.esp_miss));
        bits::put(buffer, at + 126, 1, u64::from(self.decrypted));
        bits::put(buffer, at + 127, 16, u64::from(self.sa_in));
        bits::put(buffer, at + 143, 8, u64::from(self.sa_in_gen));
        bits::put(buffer, at + 151, 32, u64::from(self.spi));
        bits::put(buffer, at + 183, 64, self.seq);
        bits::put(buffer, at + 247, 5, u64::from(self.icv_len));
        self.parsed.pack_into(buffer, at + 252);
        bits::put(buffer, at + 920, 8, u64::from(self.strip));
        bits::put(buffer, at + 928, 1, u64::from(self.patch_ttl));
        bits::put(buffer, at + 929, 3, u64::from(self.adj_kind));
        bits::put(buffer, at + 932, 1, u64::from(self.transport));
        bits::put(buffer, at + 933, 16, u64::from(self.tfc_len));
        bits::put(buffer, at + 949, 2, u64::from(self.egress));
        bits::put(buffer, at + 951, 8, u64::from(self.resv));
        bits::put(buffer, at + 959, 16, u64::from(self.sa_out));
        bits::put(buffer, at + 975, 8, u64::from(self.sa_out_gen));
        bits::put(buffer, at + 983, 48, self.dmac);
        bits::put(buffer, at + 1031, 48, self.smac);
        bits::put(buffer, at + 1079, 2, u64::from(self.push_count));
        bits::put(buffer, at + 1081, 32, u64::from(self.push0));
        bits::put(buffer, at + 1113, 32, u64::from(self.push1));
        bits::put(buffer, at + 1145, 32, u64::from(self.push2));
        bits::put(buffer, at + 1177, 16, u64::from(self.push_ethertype));
    }

    fn unpack_from(buffer: &[u8], at: usize) -> Self {
        Self {
            ingress: bits::get(buffer, at, 2) as u8,
            op: bits::get(buffer, at + 2, 3) as u8,
            drop: bits::get(buffer, at + 5, 6) as u8,
            host: bits::get(buffer, at + 11, 5) as u8,
            starts_l3: bits::get(buffer, at + 16, 1) != 0,
            len: bits::get(buffer, at + 17, 16) as u16,
            intf: bits::get(buffer, at + 33, 16) as u16,
            vrf: bits::get(buffer, at + 49, 12) as u16,
            cycle: bits::get(buffer, at + 61, 64),
            esp_miss: bits::get(buffer, at + 125, 1) != 0,
            decrypted: bits::get(buffer, at + 126, 1) != 0,
            sa_in: bits::get(buffer, at + 127, 16) as u16,
            sa_in_gen: bits::get(buffer, at + 143, 8) as u8,
            spi: bits::get(buffer, at + 151, 32) as u32,
            seq: bits::get(buffer, at + 183, 64),
            icv_len: bits::get(buffer, at + 247, 5) as u8,
            parsed: Parsed::unpack_from(buffer, at + 252),
            strip: bits::get(buffer, at + 920, 8) as u8,
            patch_ttl: bits::get(buffer, at + 928, 1) != 0,
            adj_kind: bits::get(buffer, at + 929, 3) as u8,
            transport: bits::get(buffer, at + 932, 1) != 0,
            tfc_len: bits::get(buffer, at + 933, 16) as u16,
            egress: bits::get(buffer, at + 949, 2) as u8,
            resv: bits::get(buffer, at + 951, 8) as u8,
            sa_out: bits::get(buffer, at + 959, 16) as u16,
            sa_out_gen: bits::get(buffer, at + 975, 8) as u8,
            dmac: bits::get(buffer, at + 983, 48),
            smac: bits::get(buffer, at + 1031, 48),
            push_count: bits::get(buffer, at + 1079, 2) as u8,
            push0: bits::get(buffer, at + 1081, 32) as u32,
            push1: bits::get(buffer, at + 1113, 32) as u32,
            push2: bits::get(buffer, at + 1145, 32) as u32,
            push_ethertype: bits::get(buffer, at + 1177, 16) as u16,
        }
    }
}

/// Everything the GCM engine needs for one packet. Valid with the first beat.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GcmCtx {
    /// Process; else the packet passes unchanged.
    pub crypt: bool,
    /// Key material.
    pub gcm: GcmKey,
    /// Explicit IV, the last 8 nonce bytes.
    pub iv: [u8; 8],
    /// SPI, \[sequence high,\] sequence low, as on the wire.
    pub aad: [u8; 12],
    /// AAD is 12 bytes (ESN); else 8.
    pub aad12: bool,
    /// Bytes to encrypt or decrypt from the start of the stream; the rest (ICV room) passes unchanged.
    pub len: u16,
}

impl GcmCtx {
    /// Bits of the packed form.
    pub const BITS: usize = 1114;
    /// Bytes of the packed form.
    pub const BYTES: usize = 140;

    /// The packed form: bit 0 is bit 0 of byte 0, reserved fields are zero.
    pub fn to_bytes(&self) -> [u8; 140] {
        let mut buffer = [0; 140];
        self.pack_into(&mut buffer, 0);
        buffer
    }

    /// The value of a packed form; reserved fields are ignored.
    ///
    /// # Errors
    /// `buffer` has less than [`Self::BYTES`] bytes.
    pub fn from_bytes(buffer: &[u8]) -> Result<Self, ShortBuffer> {
        ShortBuffer::check(buffer, Self::BYTES)?;
        Ok(Self::unpack_from(buffer, 0))
    }
}

impl Packed for GcmCtx {
    const BITS: usize = 1114;

    fn pack_into(&self, buffer: &mut [u8], at: usize) {
        bits::put(buffer, at, 1, u64::from(self.crypt));
        self.gcm.pack_into(buffer, at + 1);
        bits::put_bytes(buffer, at + 937, &self.iv);
        bits::put_bytes(buffer, at + 1001, &self.aad);
        bits::put(buffer, at + 1097, 1, u64::from(self.aad12));
        bits::put(buffer, at + 1098, 16, u64::from(self.len));
    }

    fn unpack_from(buffer: &[u8], at: usize) -> Self {
        Self {
            crypt: bits::get(buffer, at, 1) != 0,
            gcm: GcmKey::unpack_from(buffer, at + 1),
            iv: bits::get_bytes(buffer, at + 937),
            aad: bits::get_bytes(buffer, at + 1001),
            aad12: bits::get(buffer, at + 1097, 1) != 0,
            len: bits::get(buffer, at + 1098, 16) as u16,
        }
    }
}

/// Header that esp_finish puts in front of an encrypted packet (Ethernet, tags, IP, UDP, ESP, IV).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OuterHdr {
    /// Bytes used; 0 when there is nothing to prepend.
    pub len: u8,
    /// ICV bytes to append.
    pub icv_len: u8,
    /// Header bytes.
    pub data: [u8; 96],
}

impl OuterHdr {
    /// Bits of the packed form.
    pub const BITS: usize = 781;
    /// Bytes of the packed form.
    pub const BYTES: usize = 98;

    /// The packed form: bit 0 is bit 0 of byte 0, reserved fields are zero.
    pub fn to_bytes(&self) -> [u8; 98] {
        let mut buffer = [0; 98];
        self.pack_into(&mut buffer, 0);
        buffer
    }

    /// The value of a packed form; reserved fields are ignored.
    ///
    /// # Errors
    /// `buffer` has less than [`Self::BYTES`] bytes.
    pub fn from_bytes(buffer: &[u8]) -> Result<Self, ShortBuffer> {
        ShortBuffer::check(buffer, Self::BYTES)?;
        Ok(Self::unpack_from(buffer, 0))
    }
}

impl Packed for OuterHdr {
    const BITS: usize = 781;

    fn pack_into(&self, buffer: &mut [u8], at: usize) {
        bits::put(buffer, at, 8, u64::from(self.len));
        bits::put(buffer, at + 8, 5, u64::from(self.icv_len));
        bits::put_bytes(buffer, at + 13, &self.data);
    }

    fn unpack_from(buffer: &[u8], at: usize) -> Self {
        Self {
            len: bits::get(buffer, at, 8) as u8,
            icv_len: bits::get(buffer, at + 8, 5) as u8,
            data: bits::get_bytes(buffer, at + 13),
        }
    }
}

impl Default for OuterHdr {
    fn default() -> Self {
        Self {
            len: Default::default(),
            icv_len: Default::default(),
            data: [0; 96],
        }
    }
}

/// A limit that an SA reached, on its way to the event ring.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SaEvent {
    /// SaHard; else SaSoft.
    pub hard: bool,
    /// Outbound SA.
    pub out: bool,
    /// Which limit.
    pub limit: u8,
    /// SA index.
    pub sa: u16,
    /// SPI.
    pub spi: u32,
    /// Sequence number of the packet that raised it: the one that reached the limit, or a later one if there was no room for the event.
    pub seq: u64,
}

impl SaEvent {
    /// Bits of the packed form.
    pub const BITS: usize = 116;
    /// Bytes of the packed form.
    pub const BYTES: usize = 15;

    /// The packed form: bit 0 is bit 0 of byte 0, reserved fields are zero.
    pub fn to_bytes(&self) -> [u8; 15] {
        let mut buffer = [0; 15];
        self.pack_into(&mut buffer, 0);
        buffer
    }

    /// The value of a packed form; reserved fields are ignored.
    ///
    /// # Errors
    /// `buffer` has less than [`Self::BYTES`] bytes.
    pub fn from_bytes(buffer: &[u8]) -> Result<Self, ShortBuffer> {
        ShortBuffer::check(buffer, Self::BYTES)?;
        Ok(Self::unpack_from(buffer, 0))
    }

    /// Field `limit` as [`SaLimit`].
    ///
    /// # Errors
    /// The code has no meaning.
    pub fn limit_code(&self) -> Result<SaLimit, UnknownCode> {
        SaLimit::try_from(self.limit)
    }
}

impl Packed for SaEvent {
    const BITS: usize = 116;

    fn pack_into(&self, buffer: &mut [u8], at: usize) {
        bits::put(buffer, at, 1, u64::from(self.hard));
        bits::put(buffer, at + 1, 1, u64::from(self.out));
        bits::put(buffer, at + 2, 2, u64::from(self.limit));
        bits::put(buffer, at + 4, 16, u64::from(self.sa));
        bits::put(buffer, at + 20, 32, u64::from(self.spi));
        bits::put(buffer, at + 52, 64, self.seq);
    }

    fn unpack_from(buffer: &[u8], at: usize) -> Self {
        Self {
            hard: bits::get(buffer, at, 1) != 0,
            out: bits::get(buffer, at + 1, 1) != 0,
            limit: bits::get(buffer, at + 2, 2) as u8,
            sa: bits::get(buffer, at + 4, 16) as u16,
            spi: bits::get(buffer, at + 20, 32) as u32,
            seq: bits::get(buffer, at + 52, 64),
        }
    }
}

/// A drop as a stage reports it to the drop monitor, with the counted reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DropRecord {
    /// Reason.
    pub reason: u8,
    /// Stage.
    pub stage: u8,
    /// Where the packet entered.
    pub ingress: u8,
    /// Packet length.
    pub len: u16,
    /// VRF.
    pub vrf: u16,
    /// SA index; 0xffff when none.
    pub sa: u16,
    /// SPI.
    pub spi: u32,
    /// Sequence number.
    pub seq: u64,
    /// First beat of the packet; zero for Commit and for packets that were decrypted.
    pub data: [u8; 64],
}

impl DropRecord {
    /// Bits of the packed form.
    pub const BITS: usize = 664;
    /// Bytes of the packed form.
    pub const BYTES: usize = 83;

    /// The packed form: bit 0 is bit 0 of byte 0, reserved fields are zero.
    pub fn to_bytes(&self) -> [u8; 83] {
        let mut buffer = [0; 83];
        self.pack_into(&mut buffer, 0);
        buffer
    }

    /// The value of a packed form; reserved fields are ignored.
    ///
    /// # Errors
    /// `buffer` has less than [`Self::BYTES`] bytes.
    pub fn from_bytes(buffer: &[u8]) -> Result<Self, ShortBuffer> {
        ShortBuffer::check(buffer, Self::BYTES)?;
        Ok(Self::unpack_from(buffer, 0))
    }

    /// Field `reason` as [`DropReason`].
    ///
    /// # Errors
    /// The code has no meaning.
    pub fn reason_code(&self) -> Result<DropReason, UnknownCode> {
        DropReason::try_from(self.reason)
    }

    /// Field `stage` as [`Stage`].
    ///
    /// # Errors
    /// The code has no meaning.
    pub fn stage_code(&self) -> Result<Stage, UnknownCode> {
        Stage::try_from(self.stage)
    }

    /// Field `ingress` as [`Ingress`].
    ///
    /// # Errors
    /// The code has no meaning.
    pub fn ingress_code(&self) -> Result<Ingress, UnknownCode> {
        Ingress::try_from(self.ingress)
    }
}

impl Packed for DropRecord {
    const BITS: usize = 664;

    fn pack_into(&self, buffer: &mut [u8], at: usize) {
        bits::put(buffer, at, 6, u64::from(self.reason));
        bits::put(buffer, at + 6, 4, u64::from(self.stage));
        bits::put(buffer, at + 10, 2, u64::from(self.ingress));
        bits::put(buffer, at + 12, 16, u64::from(self.len));
        bits::put(buffer, at + 28, 12, u64::from(self.vrf));
        bits::put(buffer, at + 40, 16, u64::from(self.sa));
        bits::put(buffer, at + 56, 32, u64::from(self.spi));
        bits::put(buffer, at + 88, 64, self.seq);
        bits::put_bytes(buffer, at + 152, &self.data);
    }

    fn unpack_from(buffer: &[u8], at: usize) -> Self {
        Self {
            reason: bits::get(buffer, at, 6) as u8,
            stage: bits::get(buffer, at + 6, 4) as u8,
            ingress: bits::get(buffer, at + 10, 2) as u8,
            len: bits::get(buffer, at + 12, 16) as u16,
            vrf: bits::get(buffer, at + 28, 12) as u16,
            sa: bits::get(buffer, at + 40, 16) as u16,
            spi: bits::get(buffer, at + 56, 32) as u32,
            seq: bits::get(buffer, at + 88, 64),
            data: bits::get_bytes(buffer, at + 152),
        }
    }
}

impl Default for DropRecord {
    fn default() -> Self {
        Self {
            reason: Default::default(),
            stage: Default::default(),
            ingress: Default::default(),
            len: Default::default(),
            vrf: Default::default(),
            sa: Default::default(),
            spi: Default::default(),
            seq: Default::default(),
            data: [0; 64],
        }
    }
}

/// Every table.
pub const TABLES: [TableInfo; 10] = [
    TableInfo { table: Table::Intf, depth: 256, record_bits: 80, read_only: false },
    TableInfo { table: Table::SaHash, depth: 2056, record_bits: 208, read_only: false },
    TableInfo { table: Table::SaIn, depth: 1024, record_bits: 1464, read_only: false },
    TableInfo { table: Table::SaInState, depth: 1024, record_bits: 260, read_only: true },
    TableInfo { table: Table::SaOut, depth: 1024, record_bits: 1640, read_only: false },
    TableInfo { table: Table::SaOutState, depth: 1024, record_bits: 196, read_only: true },
    TableInfo { table: Table::FibNode, depth: 36864, record_bits: 80, read_only: false },
    TableInfo { table: Table::FibResult, depth: 16384, record_bits: 24, read_only: false },
    TableInfo { table: Table::Label, depth: 65536, record_bits: 32, read_only: false },
    TableInfo { table: Table::Adj, depth: 4096, record_bits: 233, read_only: false },
];

/// Registers: byte offsets in BAR0 and fields.
pub mod reg {
    use crate::bits;

    /// Bytes of BAR0.
    pub const BAR0_BYTES: u64 = 0x10000;

    /// Identity: ASCII 'HEAD' as a big-endian word.
    pub const ID: u64 = 0x0000;
    /// Value of [`ID`] after reset.
    pub const ID_RESET: u32 = 0x48454144;

    /// Interface version; see \[interface\].
    pub const INTERFACE: u64 = 0x0004;

    bitflags::bitflags! {
        /// Fields of [`INTERFACE`].
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct Interface: u32 {
            /// Bits with numbers, and bits of later versions.
            const _ = !0;
        }
    }

    impl Interface {
        /// Number.
        pub const fn minor(self) -> u32 {
            bits::field(self.bits(), 0, 16)
        }

        /// The same with another `minor`; excess bits of `value` are cut off.
        #[must_use]
        pub const fn with_minor(self, value: u32) -> Self {
            Self::from_bits_retain(bits::with_field(self.bits(), 0, 16, value))
        }

        /// Number.
        pub const fn major(self) -> u32 {
            bits::field(self.bits(), 16, 16)
        }

        /// The same with another `major`; excess bits of `value` are cut off.
        #[must_use]
        pub const fn with_major(self, value: u32) -> Self {
            Self::from_bits_retain(bits::with_field(self.bits(), 16, 16, value))
        }
    }

    /// First 32 bits of the git commit the card was built from; 0 in simulation.
    pub const BUILD: u64 = 0x0008;

    /// Capabilities.
    pub const CAPS0: u64 = 0x000c;

    bitflags::bitflags! {
        /// Fields of [`CAPS0`].
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct Caps0: u32 {
            /// ESN works.
            const ESN = 1 << 12;
            /// AES-128.
            const AES128 = 1 << 13;
            /// AES-256.
            const AES256 = 1 << 14;
            /// IPv6 forwarding.
            const IPV6 = 1 << 15;
            /// ESP transport mode.
            const TRANSPORT = 1 << 16;
            /// ESP in UDP over IPv4.
            const UDP_ENCAP = 1 << 17;
            /// ESP over IPv6.
            const OUTER_IPV6 = 1 << 20;
            /// Soft and hard limits of SAs.
            const SA_LIMITS = 1 << 18;
            /// Traffic flow confidentiality padding.
            const TFC = 1 << 19;
            /// Bits with numbers, and bits of later versions.
            const _ = !0;
        }
    }

    impl Caps0 {
        /// Ethernet ports.
        pub const fn ports(self) -> u32 {
            bits::field(self.bits(), 0, 4)
        }

        /// The same with another `ports`; excess bits of `value` are cut off.
        #[must_use]
        pub const fn with_ports(self, value: u32) -> Self {
            Self::from_bits_retain(bits::with_field(self.bits(), 0, 4, value))
        }

        /// Pipelines.
        pub const fn pipes(self) -> u32 {
            bits::field(self.bits(), 4, 4)
        }

        /// The same with another `pipes`; excess bits of `value` are cut off.
        #[must_use]
        pub const fn with_pipes(self, value: u32) -> Self {
            Self::from_bits_retain(bits::with_field(self.bits(), 4, 4, value))
        }

        /// L: GHASH multiplier latency; sa records carry H^(4L).
        pub const fn ghash_latency(self) -> u32 {
            bits::field(self.bits(), 8, 4)
        }

        /// The same with another `ghash_latency`; excess bits of `value` are cut off.
        #[must_use]
        pub const fn with_ghash_latency(self, value: u32) -> Self {
            Self::from_bits_retain(bits::with_field(self.bits(), 8, 4, value))
        }
    }

    /// Control.
    pub const CONTROL: u64 = 0x0010;

    bitflags::bitflags! {
        /// Fields of [`CONTROL`].
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct Control: u32 {
            /// Ports receive. While 0, received frames are discarded before the receive FIFO and not counted; nothing is sent in clear or otherwise.
            const ENABLE = 1 << 0;
            /// Write 1: stop and reset all rings. Tables and counters keep their values. Reads 1 until done.
            const SOFT_RESET = 1 << 1;
            /// Bits with numbers, and bits of later versions.
            const _ = !0;
        }
    }

    /// Status.
    pub const STATUS: u64 = 0x0014;

    bitflags::bitflags! {
        /// Fields of [`STATUS`].
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct Status: u32 {
            /// A packet, DMA transfer or command is in flight.
            const BUSY = 1 << 0;
            /// Port 0 link is up.
            const LINK0 = 1 << 8;
            /// Port 1 link is up.
            const LINK1 = 1 << 9;
            /// Bits with numbers, and bits of later versions.
            const _ = !0;
        }
    }

    /// Shortest distance of two Drop events in core clock cycles, and the time in which an outbound SA gets at most one Acquire or SeqExhausted event; drops in between are counted in `lost`.
    pub const EVENT_INTERVAL: u64 = 0x0018;
    /// Value of [`EVENT_INTERVAL`] after reset.
    pub const EVENT_INTERVAL_RESET: u32 = 0x00000040;

    /// DMA accesses that the host refused.
    pub const DMA_ERRORS: u64 = 0x001c;

    /// Core clock cycles since reset, low word; latches the high word.
    pub const CYCLE_LO: u64 = 0x0020;

    /// High word of cycle.
    pub const CYCLE_HI: u64 = 0x0024;

    /// Entries of table n, by table number; 0 where there is none. The driver takes table sizes from here.
    pub const TABLE_DEPTH: u64 = 0x0040;
    /// How many there are of [`TABLE_DEPTH`].
    pub const TABLE_DEPTH_COUNT: usize = 16;
    /// Bytes from one [`TABLE_DEPTH`] to the next.
    pub const TABLE_DEPTH_STRIDE: u64 = 0x4;
    /// Offset of [`TABLE_DEPTH`] number `n`.
    ///
    /// # Panics
    /// There is no such register.
    pub const fn table_depth(n: usize) -> u64 {
        assert!(n < TABLE_DEPTH_COUNT);
        TABLE_DEPTH + n as u64 * TABLE_DEPTH_STRIDE
    }

    /// Ring control.
    pub const RING_CONTROL: u64 = 0x0100;
    /// How many there are of [`RING_CONTROL`].
    pub const RING_CONTROL_COUNT: usize = 4;
    /// Bytes from one [`RING_CONTROL`] to the next.
    pub const RING_CONTROL_STRIDE: u64 = 0x40;
    /// Offset of [`RING_CONTROL`] number `n`.
    ///
    /// # Panics
    /// There is no such register.
    pub const fn ring_control(n: usize) -> u64 {
        assert!(n < RING_CONTROL_COUNT);
        RING_CONTROL + n as u64 * RING_CONTROL_STRIDE
    }

    bitflags::bitflags! {
        /// Fields of [`RING_CONTROL`].
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct RingControl: u32 {
            /// Run. Writing 0 stops the ring and resets its indices, phases and error; it reads 1 until DMA under way has ended. Base, index address and sizes can be written only while it reads 0.
            const ENABLE = 1 << 0;
            /// Raise the ring's MSI-X vector when completions were written.
            const IRQ_ENABLE = 1 << 1;
            /// Bits with numbers, and bits of later versions.
            const _ = !0;
        }
    }

    impl RingControl {
        /// log2 of the submission ring's entries.
        pub const fn sq_log2(self) -> u32 {
            bits::field(self.bits(), 8, 4)
        }

        /// The same with another `sq_log2`; excess bits of `value` are cut off.
        #[must_use]
        pub const fn with_sq_log2(self, value: u32) -> Self {
            Self::from_bits_retain(bits::with_field(self.bits(), 8, 4, value))
        }

        /// log2 of the completion ring's entries.
        pub const fn cq_log2(self) -> u32 {
            bits::field(self.bits(), 16, 4)
        }

        /// The same with another `cq_log2`; excess bits of `value` are cut off.
        #[must_use]
        pub const fn with_cq_log2(self, value: u32) -> Self {
            Self::from_bits_retain(bits::with_field(self.bits(), 16, 4, value))
        }
    }

    /// Ring status.
    pub const RING_STATUS: u64 = 0x0104;
    /// How many there are of [`RING_STATUS`].
    pub const RING_STATUS_COUNT: usize = 4;
    /// Bytes from one [`RING_STATUS`] to the next.
    pub const RING_STATUS_STRIDE: u64 = 0x40;
    /// Offset of [`RING_STATUS`] number `n`.
    ///
    /// # Panics
    /// There is no such register.
    pub const fn ring_status(n: usize) -> u64 {
        assert!(n < RING_STATUS_COUNT);
        RING_STATUS + n as u64 * RING_STATUS_STRIDE
    }

    bitflags::bitflags! {
        /// Fields of [`RING_STATUS`].
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct RingStatus: u32 {
            /// Enabled, or still stopping, and not in error.
            const RUNNING = 1 << 0;
            /// Bits with numbers, and bits of later versions.
            const _ = !0;
        }
    }

    impl RingStatus {
        /// Why it stopped (`ring_error`).
        pub const fn error(self) -> u32 {
            bits::field(self.bits(), 4, 4)
        }

        /// The same with another `error`; excess bits of `value` are cut off.
        #[must_use]
        pub const fn with_error(self, value: u32) -> Self {
            Self::from_bits_retain(bits::with_field(self.bits(), 4, 4, value))
        }
    }

    /// IOVA of the submission ring, 4,096-byte aligned, low word.
    pub const RING_SQ_BASE_LO: u64 = 0x0108;
    /// How many there are of [`RING_SQ_BASE_LO`].
    pub const RING_SQ_BASE_LO_COUNT: usize = 4;
    /// Bytes from one [`RING_SQ_BASE_LO`] to the next.
    pub const RING_SQ_BASE_LO_STRIDE: u64 = 0x40;
    /// Offset of [`RING_SQ_BASE_LO`] number `n`.
    ///
    /// # Panics
    /// There is no such register.
    pub const fn ring_sq_base_lo(n: usize) -> u64 {
        assert!(n < RING_SQ_BASE_LO_COUNT);
        RING_SQ_BASE_LO + n as u64 * RING_SQ_BASE_LO_STRIDE
    }

    /// High word.
    pub const RING_SQ_BASE_HI: u64 = 0x010c;
    /// How many there are of [`RING_SQ_BASE_HI`].
    pub const RING_SQ_BASE_HI_COUNT: usize = 4;
    /// Bytes from one [`RING_SQ_BASE_HI`] to the next.
    pub const RING_SQ_BASE_HI_STRIDE: u64 = 0x40;
    /// Offset of [`RING_SQ_BASE_HI`] number `n`.
    ///
    /// # Panics
    /// There is no such register.
    pub const fn ring_sq_base_hi(n: usize) -> u64 {
        assert!(n < RING_SQ_BASE_HI_COUNT);
        RING_SQ_BASE_HI + n as u64 * RING_SQ_BASE_HI_STRIDE
    }

    /// IOVA of the completion ring, 4,096-byte aligned, low word.
    pub const RING_CQ_BASE_LO: u64 = 0x0110;
    /// How many there are of [`RING_CQ_BASE_LO`].
    pub const RING_CQ_BASE_LO_COUNT: usize = 4;
    /// Bytes from one [`RING_CQ_BASE_LO`] to the next.
    pub const RING_CQ_BASE_LO_STRIDE: u64 = 0x40;
    /// Offset of [`RING_CQ_BASE_LO`] number `n`.
    ///
    /// # Panics
    /// There is no such register.
    pub const fn ring_cq_base_lo(n: usize) -> u64 {
        assert!(n < RING_CQ_BASE_LO_COUNT);
        RING_CQ_BASE_LO + n as u64 * RING_CQ_BASE_LO_STRIDE
    }

    /// High word.
    pub const RING_CQ_BASE_HI: u64 = 0x0114;
    /// How many there are of [`RING_CQ_BASE_HI`].
    pub const RING_CQ_BASE_HI_COUNT: usize = 4;
    /// Bytes from one [`RING_CQ_BASE_HI`] to the next.
    pub const RING_CQ_BASE_HI_STRIDE: u64 = 0x40;
    /// Offset of [`RING_CQ_BASE_HI`] number `n`.
    ///
    /// # Panics
    /// There is no such register.
    pub const fn ring_cq_base_hi(n: usize) -> u64 {
        assert!(n < RING_CQ_BASE_HI_COUNT);
        RING_CQ_BASE_HI + n as u64 * RING_CQ_BASE_HI_STRIDE
    }

    /// IOVA of the index block (struct ring_indices), 64-byte aligned, low word.
    pub const RING_INDEX_LO: u64 = 0x0118;
    /// How many there are of [`RING_INDEX_LO`].
    pub const RING_INDEX_LO_COUNT: usize = 4;
    /// Bytes from one [`RING_INDEX_LO`] to the next.
    pub const RING_INDEX_LO_STRIDE: u64 = 0x40;
    /// Offset of [`RING_INDEX_LO`] number `n`.
    ///
    /// # Panics
    /// There is no such register.
    pub const fn ring_index_lo(n: usize) -> u64 {
        assert!(n < RING_INDEX_LO_COUNT);
        RING_INDEX_LO + n as u64 * RING_INDEX_LO_STRIDE
    }

    /// High word.
    pub const RING_INDEX_HI: u64 = 0x011c;
    /// How many there are of [`RING_INDEX_HI`].
    pub const RING_INDEX_HI_COUNT: usize = 4;
    /// Bytes from one [`RING_INDEX_HI`] to the next.
    pub const RING_INDEX_HI_STRIDE: u64 = 0x40;
    /// Offset of [`RING_INDEX_HI`] number `n`.
    ///
    /// # Panics
    /// There is no such register.
    pub const fn ring_index_hi(n: usize) -> u64 {
        assert!(n < RING_INDEX_HI_COUNT);
        RING_INDEX_HI + n as u64 * RING_INDEX_HI_STRIDE
    }

    /// Doorbell: descriptors the host has produced, modulo 2^32. Ignored while the ring is not enabled.
    pub const RING_SQ_TAIL: u64 = 0x0120;
    /// How many there are of [`RING_SQ_TAIL`].
    pub const RING_SQ_TAIL_COUNT: usize = 4;
    /// Bytes from one [`RING_SQ_TAIL`] to the next.
    pub const RING_SQ_TAIL_STRIDE: u64 = 0x40;
    /// Offset of [`RING_SQ_TAIL`] number `n`.
    ///
    /// # Panics
    /// There is no such register.
    pub const fn ring_sq_tail(n: usize) -> u64 {
        assert!(n < RING_SQ_TAIL_COUNT);
        RING_SQ_TAIL + n as u64 * RING_SQ_TAIL_STRIDE
    }

    /// Doorbell: completions the host has consumed, modulo 2^32. The card never overruns it.
    pub const RING_CQ_HEAD: u64 = 0x0124;
    /// How many there are of [`RING_CQ_HEAD`].
    pub const RING_CQ_HEAD_COUNT: usize = 4;
    /// Bytes from one [`RING_CQ_HEAD`] to the next.
    pub const RING_CQ_HEAD_STRIDE: u64 = 0x40;
    /// Offset of [`RING_CQ_HEAD`] number `n`.
    ///
    /// # Panics
    /// There is no such register.
    pub const fn ring_cq_head(n: usize) -> u64 {
        assert!(n < RING_CQ_HEAD_COUNT);
        RING_CQ_HEAD + n as u64 * RING_CQ_HEAD_STRIDE
    }

    /// Descriptors the card has consumed.
    pub const RING_SQ_HEAD: u64 = 0x0128;
    /// How many there are of [`RING_SQ_HEAD`].
    pub const RING_SQ_HEAD_COUNT: usize = 4;
    /// Bytes from one [`RING_SQ_HEAD`] to the next.
    pub const RING_SQ_HEAD_STRIDE: u64 = 0x40;
    /// Offset of [`RING_SQ_HEAD`] number `n`.
    ///
    /// # Panics
    /// There is no such register.
    pub const fn ring_sq_head(n: usize) -> u64 {
        assert!(n < RING_SQ_HEAD_COUNT);
        RING_SQ_HEAD + n as u64 * RING_SQ_HEAD_STRIDE
    }

    /// Completions the card has produced.
    pub const RING_CQ_TAIL: u64 = 0x012c;
    /// How many there are of [`RING_CQ_TAIL`].
    pub const RING_CQ_TAIL_COUNT: usize = 4;
    /// Bytes from one [`RING_CQ_TAIL`] to the next.
    pub const RING_CQ_TAIL_STRIDE: u64 = 0x40;
    /// Offset of [`RING_CQ_TAIL`] number `n`.
    ///
    /// # Panics
    /// There is no such register.
    pub const fn ring_cq_tail(n: usize) -> u64 {
        assert!(n < RING_CQ_TAIL_COUNT);
        RING_CQ_TAIL + n as u64 * RING_CQ_TAIL_STRIDE
    }

    /// Packets dropped, by drop_reason. The Rx reasons (1 to 4) are the sum over ports; per port see port_rx_drops.
    pub const DROP_COUNT: u64 = 0x1000;
    /// How many there are of [`DROP_COUNT`].
    pub const DROP_COUNT_COUNT: usize = 64;
    /// Bytes from one [`DROP_COUNT`] to the next.
    pub const DROP_COUNT_STRIDE: u64 = 0x8;
    /// Offset of [`DROP_COUNT`] number `n`.
    ///
    /// # Panics
    /// There is no such register.
    pub const fn drop_count(n: usize) -> u64 {
        assert!(n < DROP_COUNT_COUNT);
        DROP_COUNT + n as u64 * DROP_COUNT_STRIDE
    }

    /// Packets that entered a stage, by stage number.
    pub const STAGE_IN: u64 = 0x1200;
    /// How many there are of [`STAGE_IN`].
    pub const STAGE_IN_COUNT: usize = 16;
    /// Bytes from one [`STAGE_IN`] to the next.
    pub const STAGE_IN_STRIDE: u64 = 0x8;
    /// Offset of [`STAGE_IN`] number `n`.
    ///
    /// # Panics
    /// There is no such register.
    pub const fn stage_in(n: usize) -> u64 {
        assert!(n < STAGE_IN_COUNT);
        STAGE_IN + n as u64 * STAGE_IN_STRIDE
    }

    /// Packets that left a stage (not dropped), by stage number.
    pub const STAGE_OUT: u64 = 0x1280;
    /// How many there are of [`STAGE_OUT`].
    pub const STAGE_OUT_COUNT: usize = 16;
    /// Bytes from one [`STAGE_OUT`] to the next.
    pub const STAGE_OUT_STRIDE: u64 = 0x8;
    /// Offset of [`STAGE_OUT`] number `n`.
    ///
    /// # Panics
    /// There is no such register.
    pub const fn stage_out(n: usize) -> u64 {
        assert!(n < STAGE_OUT_COUNT);
        STAGE_OUT + n as u64 * STAGE_OUT_STRIDE
    }

    /// Packets handed to the host, by host_reason.
    pub const HOST_REASON_COUNT: u64 = 0x1300;
    /// How many there are of [`HOST_REASON_COUNT`].
    pub const HOST_REASON_COUNT_COUNT: usize = 32;
    /// Bytes from one [`HOST_REASON_COUNT`] to the next.
    pub const HOST_REASON_COUNT_STRIDE: u64 = 0x8;
    /// Offset of [`HOST_REASON_COUNT`] number `n`.
    ///
    /// # Panics
    /// There is no such register.
    pub const fn host_reason_count(n: usize) -> u64 {
        assert!(n < HOST_REASON_COUNT_COUNT);
        HOST_REASON_COUNT + n as u64 * HOST_REASON_COUNT_STRIDE
    }

    /// Frames received by a port while enabled, dropped ones included.
    pub const PORT_RX_FRAMES: u64 = 0x1400;
    /// How many there are of [`PORT_RX_FRAMES`].
    pub const PORT_RX_FRAMES_COUNT: usize = 2;
    /// Bytes from one [`PORT_RX_FRAMES`] to the next.
    pub const PORT_RX_FRAMES_STRIDE: u64 = 0x8;
    /// Offset of [`PORT_RX_FRAMES`] number `n`.
    ///
    /// # Panics
    /// There is no such register.
    pub const fn port_rx_frames(n: usize) -> u64 {
        assert!(n < PORT_RX_FRAMES_COUNT);
        PORT_RX_FRAMES + n as u64 * PORT_RX_FRAMES_STRIDE
    }

    /// Bytes of those frames, without FCS.
    pub const PORT_RX_BYTES: u64 = 0x1410;
    /// How many there are of [`PORT_RX_BYTES`].
    pub const PORT_RX_BYTES_COUNT: usize = 2;
    /// Bytes from one [`PORT_RX_BYTES`] to the next.
    pub const PORT_RX_BYTES_STRIDE: u64 = 0x8;
    /// Offset of [`PORT_RX_BYTES`] number `n`.
    ///
    /// # Panics
    /// There is no such register.
    pub const fn port_rx_bytes(n: usize) -> u64 {
        assert!(n < PORT_RX_BYTES_COUNT);
        PORT_RX_BYTES + n as u64 * PORT_RX_BYTES_STRIDE
    }

    /// Frames dropped by the receive FIFO, for any Rx reason.
    pub const PORT_RX_DROPS: u64 = 0x1420;
    /// How many there are of [`PORT_RX_DROPS`].
    pub const PORT_RX_DROPS_COUNT: usize = 2;
    /// Bytes from one [`PORT_RX_DROPS`] to the next.
    pub const PORT_RX_DROPS_STRIDE: u64 = 0x8;
    /// Offset of [`PORT_RX_DROPS`] number `n`.
    ///
    /// # Panics
    /// There is no such register.
    pub const fn port_rx_drops(n: usize) -> u64 {
        assert!(n < PORT_RX_DROPS_COUNT);
        PORT_RX_DROPS + n as u64 * PORT_RX_DROPS_STRIDE
    }

    /// Frames sent by a port.
    pub const PORT_TX_FRAMES: u64 = 0x1430;
    /// How many there are of [`PORT_TX_FRAMES`].
    pub const PORT_TX_FRAMES_COUNT: usize = 2;
    /// Bytes from one [`PORT_TX_FRAMES`] to the next.
    pub const PORT_TX_FRAMES_STRIDE: u64 = 0x8;
    /// Offset of [`PORT_TX_FRAMES`] number `n`.
    ///
    /// # Panics
    /// There is no such register.
    pub const fn port_tx_frames(n: usize) -> u64 {
        assert!(n < PORT_TX_FRAMES_COUNT);
        PORT_TX_FRAMES + n as u64 * PORT_TX_FRAMES_STRIDE
    }

    /// Bytes of those frames, padding included, without FCS.
    pub const PORT_TX_BYTES: u64 = 0x1440;
    /// How many there are of [`PORT_TX_BYTES`].
    pub const PORT_TX_BYTES_COUNT: usize = 2;
    /// Bytes from one [`PORT_TX_BYTES`] to the next.
    pub const PORT_TX_BYTES_STRIDE: u64 = 0x8;
    /// Offset of [`PORT_TX_BYTES`] number `n`.
    ///
    /// # Panics
    /// There is no such register.
    pub const fn port_tx_bytes(n: usize) -> u64 {
        assert!(n < PORT_TX_BYTES_COUNT);
        PORT_TX_BYTES + n as u64 * PORT_TX_BYTES_STRIDE
    }

    /// Packets delivered to the host on rx\[0\].
    pub const HOST_RX_FRAMES: u64 = 0x1450;

    /// Descriptors taken from tx\[0\], dropped ones included. Conservation: rx frames + host_tx = tx frames + host_rx + drops + in flight.
    pub const HOST_TX_FRAMES: u64 = 0x1458;
}

/// Registers of one ring.
#[repr(C)]
pub struct RingBlock {
    /// Ring control.
    pub control: RW<u32>,
    /// Ring status.
    pub status: RO<u32>,
    /// IOVA of the submission ring, 4,096-byte aligned, low word.
    pub sq_base_lo: RW<u32>,
    /// High word.
    pub sq_base_hi: RW<u32>,
    /// IOVA of the completion ring, 4,096-byte aligned, low word.
    pub cq_base_lo: RW<u32>,
    /// High word.
    pub cq_base_hi: RW<u32>,
    /// IOVA of the index block (struct ring_indices), 64-byte aligned, low word.
    pub index_lo: RW<u32>,
    /// High word.
    pub index_hi: RW<u32>,
    /// Doorbell: descriptors the host has produced, modulo 2^32. Ignored while the ring is not enabled.
    pub sq_tail: RW<u32>,
    /// Doorbell: completions the host has consumed, modulo 2^32. The card never overruns it.
    pub cq_head: RW<u32>,
    /// Descriptors the card has consumed.
    pub sq_head: RO<u32>,
    /// Completions the card has produced.
    pub cq_tail: RO<u32>,
    _gap0: [RO<u32>; 4],
}

const _: () = {
    assert!(offset_of!(RingBlock, control) == 0x0);
    assert!(offset_of!(RingBlock, status) == 0x4);
    assert!(offset_of!(RingBlock, sq_base_lo) == 0x8);
    assert!(offset_of!(RingBlock, sq_base_hi) == 0xc);
    assert!(offset_of!(RingBlock, cq_base_lo) == 0x10);
    assert!(offset_of!(RingBlock, cq_base_hi) == 0x14);
    assert!(offset_of!(RingBlock, index_lo) == 0x18);
    assert!(offset_of!(RingBlock, index_hi) == 0x1c);
    assert!(offset_of!(RingBlock, sq_tail) == 0x20);
    assert!(offset_of!(RingBlock, cq_head) == 0x24);
    assert!(offset_of!(RingBlock, sq_head) == 0x28);
    assert!(offset_of!(RingBlock, cq_tail) == 0x2c);
    assert!(size_of::<RingBlock>() == 0x40);
};

/// BAR0, for a backend that maps it.
#[repr(C)]
pub struct Bar0 {
    /// Identity: ASCII 'HEAD' as a big-endian word.
    pub id: RO<u32>,
    /// Interface version; see \[interface\].
    pub interface: RO<u32>,
    /// First 32 bits of the git commit the card was built from; 0 in simulation.
    pub build: RO<u32>,
    /// Capabilities.
    pub caps0: RO<u32>,
    /// Control.
    pub control: RW<u32>,
    /// Status.
    pub status: RO<u32>,
    /// Shortest distance of two Drop events in core clock cycles, and the time in which an outbound SA gets at most one Acquire or SeqExhausted event; drops in between are counted in `lost`.
    pub event_interval: RW<u32>,
    /// DMA accesses that the host refused.
    pub dma_errors: RO<u32>,
    /// Core clock cycles since reset, low word; latches the high word.
    pub cycle_lo: RO<u32>,
    /// High word of cycle.
    pub cycle_hi: RO<u32>,
    _gap0: [RO<u32>; 6],
    /// Entries of table n, by table number; 0 where there is none. The driver takes table sizes from here.
    pub table_depth: [RO<u32>; 16],
    _gap1: [RO<u32>; 32],
    /// Registers of each ring.
    pub ring: [RingBlock; 4],
    _gap2: [RO<u32>; 896],
    /// Packets dropped, by drop_reason. The Rx reasons (1 to 4) are the sum over ports; per port see port_rx_drops.
    pub drop_count: [Counter; 64],
    /// Packets that entered a stage, by stage number.
    pub stage_in: [Counter; 16],
    /// Packets that left a stage (not dropped), by stage number.
    pub stage_out: [Counter; 16],
    /// Packets handed to the host, by host_reason.
    pub host_reason_count: [Counter; 32],
    /// Frames received by a port while enabled, dropped ones included.
    pub port_rx_frames: [Counter; 2],
    /// Bytes of those frames, without FCS.
    pub port_rx_bytes: [Counter; 2],
    /// Frames dropped by the receive FIFO, for any Rx reason.
    pub port_rx_drops: [Counter; 2],
    /// Frames sent by a port.
    pub port_tx_frames: [Counter; 2],
    /// Bytes of those frames, padding included, without FCS.
    pub port_tx_bytes: [Counter; 2],
    /// Packets delivered to the host on rx\[0\].
    pub host_rx_frames: Counter,
    /// Descriptors taken from tx\[0\], dropped ones included. Conservation: rx frames + host_tx = tx frames + host_rx + drops + in flight.
    pub host_tx_frames: Counter,
    _gap3: [RO<u32>; 15080],
}

const _: () = {
    assert!(offset_of!(Bar0, id) == 0x0);
    assert!(offset_of!(Bar0, interface) == 0x4);
    assert!(offset_of!(Bar0, build) == 0x8);
    assert!(offset_of!(Bar0, caps0) == 0xc);
    assert!(offset_of!(Bar0, control) == 0x10);
    assert!(offset_of!(Bar0, status) == 0x14);
    assert!(offset_of!(Bar0, event_interval) == 0x18);
    assert!(offset_of!(Bar0, dma_errors) == 0x1c);
    assert!(offset_of!(Bar0, cycle_lo) == 0x20);
    assert!(offset_of!(Bar0, cycle_hi) == 0x24);
    assert!(offset_of!(Bar0, table_depth) == 0x40);
    assert!(offset_of!(Bar0, ring) == 0x100);
    assert!(offset_of!(Bar0, drop_count) == 0x1000);
    assert!(offset_of!(Bar0, stage_in) == 0x1200);
    assert!(offset_of!(Bar0, stage_out) == 0x1280);
    assert!(offset_of!(Bar0, host_reason_count) == 0x1300);
    assert!(offset_of!(Bar0, port_rx_frames) == 0x1400);
    assert!(offset_of!(Bar0, port_rx_bytes) == 0x1410);
    assert!(offset_of!(Bar0, port_rx_drops) == 0x1420);
    assert!(offset_of!(Bar0, port_tx_frames) == 0x1430);
    assert!(offset_of!(Bar0, port_tx_bytes) == 0x1440);
    assert!(offset_of!(Bar0, host_rx_frames) == 0x1450);
    assert!(offset_of!(Bar0, host_tx_frames) == 0x1458);
    assert!(size_of::<Bar0>() == 0x10000);
};

/// Calls macro `$test` with every packed type.
#[cfg(test)]
macro_rules! with_packed_types {
    ($test:ident) => {
        $test! {
        Intf,
        SaHash,
        Selector,
        GcmKey,
        SaIn,
        SaInState,
        SaOut,
        SaOutState,
        FibNode,
        FibResult,
        Label,
        Adj,
        CmdEntry,
        CmdCompletion,
        EventEntry,
        RxDesc,
        RxCompletion,
        TxDesc,
        TxCompletion,
        RingIndices,
        Beat,
        Parsed,
        Meta,
        GcmCtx,
        OuterHdr,
        SaEvent,
        DropRecord,
        }
    };
}
#[cfg(test)]
pub(crate) use with_packed_types;
