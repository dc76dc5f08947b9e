// SPDX-License-Identifier: Apache-2.0
//! Every byte of an ESP packet wrong in turn, cut off at every byte, with lengths that disagree: over IPv4, over
//! IPv6 and in UDP, in tunnel and in transport mode. The model says what must become of each packet, and of those
//! whose protected bytes were touched that is never the decrypted packet.

use headend_testbench::harness::{run, SimulatedCard};
use headend_testbench::model::{
    Action, Adjacency, Interface, Link, Model, Prefix, Route, SaIn, Tables, Verdict,
};
use headend_testbench::packet::{
    checksum, ethernet, mac, udp, Address, EspKey, EspPayload, Ipv4, Ipv6, ETHERTYPE_IPV4, ETHERTYPE_IPV6,
    PROTO_ESP, PROTO_UDP,
};
use headend_testbench::traffic::{Profile, Scenario, Step, Stimulus};

const OURS: u64 = 0x0200_0000_0001;
const GATEWAY: u32 = 0xc000_0201;
const GATEWAY6: u128 = 0x2001_0db8 << 96 | 0x201;
/// What is done to a byte.
const MASKS: [u8; 3] = [0x01, 0x80, 0xff];
/// Largest number of bytes under way at once.
const BATCH: usize = 8000;
const SEED: u64 = 0;

/// One way of carrying ESP.
#[derive(Clone, Copy, Debug)]
struct Form {
    ipv6: bool,
    udp: bool,
    transport: bool,
    icv_len: usize,
    esn: bool,
}

const FORMS: [Form; 6] = [
    Form { ipv6: false, udp: false, transport: false, icv_len: 16, esn: false },
    Form { ipv6: true, udp: false, transport: false, icv_len: 12, esn: true },
    Form { ipv6: false, udp: true, transport: false, icv_len: 8, esn: false },
    Form { ipv6: false, udp: false, transport: true, icv_len: 8, esn: true },
    Form { ipv6: true, udp: false, transport: true, icv_len: 16, esn: false },
    Form { ipv6: false, udp: true, transport: true, icv_len: 12, esn: false },
];

impl Form {
    fn sa(self) -> SaIn {
        let dst = if self.ipv6 { Address::V6(GATEWAY6) } else { Address::V4(GATEWAY) };
        let key = EspKey { key: vec![0x5c; 32], salt: [4, 3, 2, 1], icv_len: self.icv_len, esn: self.esn };
        SaIn { transport: self.transport, udp: self.udp, window: 1024, ..SaIn::tunnel(0x1234_5678, dst, key) }
    }

    /// The SA in VRF 0, where 10.0.0.0/8 leaves on port 1 and the gateway is the host.
    fn tables(self) -> Tables {
        let mut t = Tables::default();
        for port in 0..2 {
            t.interfaces.insert(port, Interface { vrf: 0, mac: mac(OURS), mpls: false });
        }
        let link = Link { port: 1, dmac: mac(9), smac: mac(OURS) };
        t.adjacencies.insert(1, Adjacency { mtu: 9000, action: Action::Ip(link) });
        t.adjacencies.insert(2, Adjacency { mtu: 9000, action: Action::Host });
        t.routes.push(Route { vrf: 0, prefix: Prefix { addr: 0x0a00_0000, len: 8 }, adj: 1 });
        t.routes.push(Route { vrf: 0, prefix: Prefix { addr: GATEWAY, len: 32 }, adj: 2 });
        t.sas_in.insert(7, self.sa());
        t
    }

    /// Offset of the SPI in a frame.
    fn esp_at(self) -> usize {
        14 + if self.ipv6 { 40 } else { 20 } + if self.udp { 8 } else { 0 }
    }

    /// A good frame around this plaintext.
    fn frame(self, seq: u64, payload: &EspPayload) -> Vec<u8> {
        let sa = self.sa();
        let esp = sa.key.seal(sa.spi, seq, seq.to_be_bytes(), payload);
        let (proto, body) = match self.udp {
            true => (PROTO_UDP, udp(5, GATEWAY, 61_000, 4500, &esp)),
            false => (PROTO_ESP, esp),
        };
        match self.ipv6 {
            true => ethernet(mac(OURS), mac(3), ETHERTYPE_IPV6, &Ipv6::new(5, GATEWAY6, proto).build(&body)),
            false => ethernet(mac(OURS), mac(3), ETHERTYPE_IPV4, &Ipv4::new(5, GATEWAY, proto).build(&body)),
        }
    }

    /// What the SA carries, and its next header.
    fn content(self) -> (Vec<u8>, u8) {
        match self.transport {
            true => (vec![0x77; 45], PROTO_UDP),
            false => {
                (Ipv4 { tos: 2, ..Ipv4::new(0x0b00_0001, 0x0a01_0203, PROTO_UDP) }.build(&[0x66; 27]), 4)
            }
        }
    }

    fn good(self, seq: u64) -> Vec<u8> {
        let (content, next_header) = self.content();
        self.frame(seq, &EspPayload::new(&content, next_header))
    }

    /// Makes the IP header say so many bytes, and its checksum right.
    fn set_ip_len(self, frame: &mut [u8], len: usize) {
        match self.ipv6 {
            true => frame[18..20].copy_from_slice(&(len.wrapping_sub(40) as u16).to_be_bytes()),
            false => frame[16..18].copy_from_slice(&(len as u16).to_be_bytes()),
        }
        self.fix_checksum(frame);
    }

    fn fix_checksum(self, frame: &mut [u8]) {
        if !self.ipv6 && frame.len() >= 34 {
            frame[24..26].fill(0);
            let sum = checksum(&frame[14..34]);
            frame[24..26].copy_from_slice(&sum.to_be_bytes());
        }
    }
}

/// The packets of one form, numbered as they are made.
struct Attack {
    form: Form,
    seq: u64,
    steps: Vec<Step>,
    /// Steps that must not come out decrypted, whatever else the model says.
    forged: Vec<usize>,
}

impl Attack {
    fn new(form: Form) -> Attack {
        Attack { form, seq: 0, steps: vec![], forged: vec![] }
    }

    /// The number of the next packet.
    fn next(&mut self) -> u64 {
        self.seq += 1;
        self.seq
    }

    fn send(&mut self, bytes: Vec<u8>, intent: &'static str) {
        let stimulus = Stimulus::Frame { port: 0, bytes, bad: false };
        // A wrong number on an SA with ESN is inferred from the window as it stands.
        let after_drain = self.form.esn && intent == "protected byte";
        self.steps.push(Step { stimulus, after_drain, intent });
    }

    /// Every byte of the frame, each in three ways; outside of ESP also with the IP checksum made right.
    fn every_byte(&mut self) {
        let esp_at = self.form.esp_at();
        for at in 0..self.form.good(1).len() {
            for mask in MASKS {
                let seq = self.next();
                let mut frame = self.form.good(seq);
                frame[at] ^= mask;
                if at >= esp_at {
                    self.forged.push(self.steps.len());
                    self.send(frame, "protected byte");
                    continue;
                }
                self.send(frame.clone(), "outer byte");
                self.form.fix_checksum(&mut frame);
                self.send(frame, "outer byte, checksum right");
            }
        }
    }

    /// Cut off at every byte: with the lengths of the whole frame, and with lengths that agree.
    fn every_truncation(&mut self) {
        for len in 1..self.form.good(1).len() {
            let seq = self.next();
            let mut frame = self.form.good(seq);
            frame.truncate(len);
            self.send(frame.clone(), "cut off");
            if len >= self.form.esp_at() {
                self.form.set_ip_len(&mut frame, len - 14);
                self.forged.push(self.steps.len());
                self.send(frame, "cut off, IP length agrees");
            }
        }
    }

    /// IP and UDP lengths around the right ones and far off, with and without bytes behind the packet.
    fn every_length(&mut self) {
        let right = self.form.good(1).len() - 14;
        let around = (0..80).map(|n| right + 40 - n).chain([0, 1, 19, 20, 39, 40, 28, 48, 65_535]);
        for len in around {
            for padding in [0, 3, 64] {
                let seq = self.next();
                let mut frame = self.form.good(seq);
                frame.resize(frame.len() + padding, 0x5a);
                self.form.set_ip_len(&mut frame, len);
                self.send(frame, "IP length");
            }
        }
        if self.form.udp {
            for len in [0, 7, 8, 9, 16, 65_535] {
                let seq = self.next();
                let mut frame = self.form.good(seq);
                frame[38..40].copy_from_slice(&u16::to_be_bytes(len));
                self.send(frame, "UDP length");
            }
        }
    }

    /// Authentic packets whose trailer or inner header is wrong.
    fn every_plaintext(&mut self) {
        let (content, next_header) = self.form.content();
        for value in 0..=255 {
            let seq = self.next();
            let mut payload = EspPayload::with_padding(&content, next_header, 5);
            let n = payload.plaintext.len();
            payload.plaintext[n - 2] = value;
            self.send(self.form.frame(seq, &payload), "pad length");
            let seq = self.next();
            self.send(self.form.frame(seq, &EspPayload::new(&content, value)), "next header");
            let pad = usize::from(value) / 4 * 4 + 1;
            let seq = self.next();
            self.send(self.form.frame(seq, &EspPayload::with_padding(&content, next_header, pad)), "padding");
            let seq = self.next();
            let mut payload = EspPayload::with_padding(&content, next_header, pad);
            payload.plaintext[content.len() + usize::from(value) % pad] ^= 0x40;
            self.send(self.form.frame(seq, &payload), "wrong padding");
        }
        for at in 0..content.len() {
            for mask in MASKS {
                let seq = self.next();
                let mut content = content.clone();
                content[at] ^= mask;
                self.send(self.form.frame(seq, &EspPayload::new(&content, next_header)), "inner byte");
            }
        }
        for len in 0..content.len() {
            let seq = self.next();
            self.send(self.form.frame(seq, &EspPayload::new(&content[..len], next_header)), "inner cut off");
        }
    }
}

fn attack(form: Form, pipes: usize) {
    let mut attack = Attack::new(form);
    attack.every_byte();
    attack.every_truncation();
    attack.every_length();
    attack.every_plaintext();
    let last = attack.next();
    attack.send(form.good(last), "a good packet at the end");
    let profile = Profile { packets: attack.steps.len(), max_inner: 100, both_ports: false };
    let scenario = Scenario { seed: SEED, profile, tables: form.tables(), steps: attack.steps };

    let mut model = Model::new(form.tables());
    let verdicts: Vec<Verdict> = scenario.steps.iter().map(|step| model.offer(&step.stimulus)).collect();
    for step in attack.forged {
        // Without an SA it may be the host's, as it came.
        let decrypted = match &verdicts[step] {
            Verdict::Dropped(_) => false,
            Verdict::Host(delivery) => delivery.sa.is_some(),
            Verdict::Sent { .. } => true,
        };
        assert!(!decrypted, "{form:?}: {:?}", scenario.steps[step]);
    }
    assert!(!matches!(verdicts.last(), Some(Verdict::Dropped(_))), "{form:?}: nothing passes any more");

    let mut card = SimulatedCard::with_pipes(pipes).expect("the simulated card starts");
    match run(&mut card, &scenario, BATCH) {
        Ok(summary) => println!("{form:?}, {pipes} pipelines: {summary:?}"),
        Err(mismatch) => panic!("{form:?}, {pipes} pipelines: {mismatch}"),
    }
}

#[test]
fn nothing_forged_passes_one_pipeline() {
    FORMS.iter().for_each(|form| attack(*form, 1));
}

#[test]
fn nothing_forged_passes_two_pipelines() {
    FORMS.iter().for_each(|form| attack(*form, 2));
}
