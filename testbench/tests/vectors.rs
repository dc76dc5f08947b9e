// SPDX-License-Identifier: Apache-2.0
//! Published vectors of AES-GCM in ESP, through the model's crypto and through the whole card.
//!
//! The cases are those of draft-mcgrew-gcm-test-01 section 4 ("Test Cases for the use of GCM and GMAC in
//! IPsec ESP", the companion of RFC 4106), but the one with a 192-bit key, which the card leaves to the
//! host. Their plaintexts end in transport-mode trailers (next header 1). An SA in transport mode hands the
//! plaintext to the host; one in tunnel mode must drop it as EspNextHeader, a verdict that is reached
//! only when the ICV compared equal and the decrypted trailer reads as published. Cases whose 64-bit sequence number lies beyond the first 2^32
//! cannot be reached by a fresh SA (RFC 4303 A2); they are checked on the model only.

use headend_regs::DropReason;
use headend_testbench::harness::{run, SimulatedCard};
use headend_testbench::model::{Action, Adjacency, Interface, Model, Prefix, Route, SaIn, Tables, Verdict};
use headend_testbench::packet::{ethernet, mac, EspKey, EspPayload, Ipv4, ETHERTYPE_IPV4, PROTO_ESP};
use headend_testbench::traffic::{Profile, Scenario, Step, Stimulus};

/// One published case, all in hexadecimal.
struct Case {
    key: &'static str,
    spi: u32,
    /// Eight digits without ESN, sixteen with it.
    seq: &'static str,
    /// Salt and IV.
    nonce: &'static str,
    plaintext: &'static str,
    /// Ciphertext and ICV.
    sealed: &'static str,
}

const CASES: &[Case] = &[
    Case {
        key: "4c80cdefbb5d10da906ac73c3613a634",
        spi: 0x4321,
        seq: "8765432100000000",
        nonce: "2e443b684956ed7e3b244cfe",
        plaintext: "45000048699a000080114db7c0a80102c0a801010a9bf15638d3010000010000\
                    00000000045f736970045f756470037369700963796265726369747902646b00\
                    0021000101020201",
        sealed: "fecf537e729d5b07dc30df528dd22b768d1b98736696a6fd348509fa13ceac34\
                 cfa2436f14a3f3cf65925bf1f4a13c5d15b21e1884f5ff6247aeabb786b93bce\
                 61bc17d768fd9732459018148f6cbe722fd04796562dfdb4",
    },
    Case {
        key: "feffe9928665731c6d6a8f9467308308",
        spi: 0xa5f8,
        seq: "0000000a",
        nonce: "cafebabefacedbaddecaf888",
        plaintext: "4500003e698f000080114dccc0a80102c0a801010a980035002a2343b2d00100\
                    000100000000000003736970096379626572636974790264\
                    6b00000100010001",
        sealed: "deb22cd9b07c72c16e3a65beeb8df304a5a5897d33ae530f1ba76d5d114d2a5c\
                 3de81827c10e9a4f51330d0eec416642cfbb85a5b47e48a4ec3b9ba95d918bd1\
                 83b70d3aa8bc6ee4c309e9d85a41ad4a",
    },
    Case {
        key: "abbccddef00112233445566778899aababbccddef00112233445566778899aab",
        spi: 0x4a2c_bfe3,
        seq: "00000002",
        nonce: "112233440102030405060708",
        plaintext: "4500003069a6400080062690c0a801029389155e0a9e008b2dc57ee000000000\
                    7002400020bf0000020405b40101040201020201",
        sealed: "ff425c9b724599df7a3bcd510194e00d6a78107f1b0b1cbf06efae9d65a5d763\
                 748a637985771d347f0545659f14e99def842d8eb335f4eecfdbf831824b4c49\
                 15956c96",
    },
    Case {
        key: "00000000000000000000000000000000",
        spi: 0,
        seq: "00000001",
        nonce: "000000000000000000000000",
        plaintext: "4500003c99c500008001cb7a40679318010101010800075c0200440061626364\
                    65666768696a6b6c6d6e6f707172737475767761626364656667686901020201",
        sealed: "4688daf2f973a392732909c331d56d60f694abaa414b5e7ff5fdcdfff5e9a284\
                 456476492719ffb64de7d9dca1e1d894bc3bd57873ed4d181d19d4d5c8c18af3\
                 f821d496eeb096e98ad2b69e4799c71d",
    },
    Case {
        key: "3de09874b388e6491988d0c3607eae1f",
        spi: 0x42f6_7e3f,
        seq: "1010101010101010",
        nonce: "57690e434e280000a2fca1a3",
        plaintext: "4500003c99c300008001cb7c40679318010101010800085c0200430061626364\
                    65666768696a6b6c6d6e6f707172737475767761626364656667686901020201",
        sealed: "fba2caa4853cf9f0f22cb10d86dd83b0fec75691cf1a04b00d1138ec9c357917\
                 65acbd8701ad79845bf9fe3fba487bc91755e6662b4c8d0d1f5e22739530320a\
                 e0d731cc978ecafaeae88f00e80d6e48",
    },
    Case {
        key: "3de09874b388e6491988d0c3607eae1f",
        spi: 0x42f6_7e3f,
        seq: "1010101010101010",
        nonce: "57690e434e280000a2fca1a3",
        plaintext: "4500001c42a200008001441f406793b6e00000020a00f5ff01020201",
        sealed: "fba2ca845e5df9f0f22c3e6e86dd831e1fc65792cd1af9130e1379ed369f071f\
                 35e034be95f112e4e7d05d35",
    },
    Case {
        key: "abbccddef00112233445566778899aab",
        spi: 0x100,
        seq: "0000000000000001",
        nonce: "decaf888cafedebaceface74",
        plaintext: "4500004933ba00007f119106c3fb1d10c2b1d326c02831ce0035dd7b800302d5\
                    00004e20001e8c18d75b81dc91baa0476b91b924b280389d92c963bac046ec95\
                    9b6266c04722b14923010101",
        sealed: "18a6fd42f72cbf4ab2a2ea901f73d814e3e7f243d95412e1c349c1d2fbec168f\
                 9190feebaf2cb01984e65863965d7472b79da345e0e780191f0d2f0e0f496c22\
                 6f2127b27db35724e7845d68651f57e65f354f75ff17015769623436",
    },
    Case {
        key: "abbccddef00112233445566778899aababbccddef00112233445566778899aab",
        spi: 0x1740_5e67,
        seq: "156f3126dd0db99b",
        nonce: "73616c74616e640169766563",
        plaintext: "45080028732c00004006e9f90a0106120a01038f06b88023dd6bafbecb712602\
                    50101f646d540001",
        sealed: "f2d69ecdbd5a0d5b8d5ef38bad4da58d1f278fde98ef67549d524a3018d9a57f\
                 f4d3a31ce673119e451626c2415771e3b7eebca614c89b35",
    },
    Case {
        key: "3de09874b388e6491988d0c3607eae1f",
        spi: 0x42f6_7e3f,
        seq: "1010101010101010",
        nonce: "57690e434e280000a2fca1a3",
        plaintext: "45000049333e00007f119182c3fb1d10c2b1d326c02831ce0035cb458003025b\
                    000001e0001e8c18d65759d52284a0352c71475c8880391c764d6e5ee0496b32\
                    5ae270c03899493915010101",
        sealed: "fba2cad12fc1f9f00d3cebf305410db83d7784b607323d220f24b0a97d541828\
                 00cadb0f68d99ef0e0c0c89ae9bea8884e52d65bc1afd0740f742444747b5b39\
                 ab533163aad4550ee5160975cdb608c5769189609763b8e18caa81e2",
    },
    Case {
        key: "abbccddef00112233445566778899aababbccddef00112233445566778899aab",
        spi: 0x1740_5e67,
        seq: "156f3126dd0db99b",
        nonce: "73616c74616e640169766563",
        plaintext: "636973636f0172756c657301746865016e6574776501646566696e6501746865\
                    746563686e6f6c6f67696573017468617477696c6c01646566696e65746f6d6f\
                    72726f7701020201",
        sealed: "d4b7ed86a1777f2ea13d6973d324c69e7b43f826fb56831226508bebd2dceb18\
                 d0a6df10e5487df074113e14c641024e3e6773d91a62ee429b043a10e3efe6b0\
                 12a49363412364f8c0cac587f249e56b11e24f30e44ccc76",
    },
    Case {
        key: "7d773d00c144c525ac619d18c84a3f47",
        spi: 0x3354_67ae,
        seq: "ffffffff",
        nonce: "d966426743457e9182443bc6",
        plaintext: "01020201",
        sealed: "437f866bcb3f699fe9b0822bac961c4504bef270",
    },
    Case {
        key: "abbccddef00112233445566778899aab",
        spi: 0x100,
        seq: "0000000000000001",
        nonce: "decaf888cafedebaceface74",
        plaintext: "746f016265016f72016e6f7401746f0162650001",
        sealed: "29c9fc69a197d038ccdd14e2ddfcaa0543332164412503524303ed3c6c5f2838\
                 43af8c3e",
    },
    Case {
        key: "6c6567616c697a656d6172696a75616e61616e64646f69746265666f72656961",
        spi: 0x796b_6963,
        seq: "ffffffffffffffff",
        nonce: "7475726e333021696765746d",
        plaintext: "45000030da3a00008001df3bc0a80005c0a800010800c6cd0200070061626364\
                    65666768696a6b6c6d6e6f707172737401020201",
        sealed: "f97ab2aa356d8edce17644ac8c78e25dd24dedbb29ebf1b64a274b39b49c3a86\
                 4cd3d78ca4ae68a32b42458fb57dbe821dcc63b9d0937ba2945f669368661a32\
                 9fb4c053",
    },
];

const GATEWAY: u32 = 0xc000_0201;

fn bytes(hex: &str) -> Vec<u8> {
    assert!(hex.len().is_multiple_of(2));
    let digits = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).expect("hexadecimal");
    (0..hex.len()).step_by(2).map(digits).collect()
}

impl Case {
    fn seq(&self) -> u64 {
        u64::from_str_radix(self.seq, 16).expect("hexadecimal")
    }

    fn key(&self) -> EspKey {
        let salt = bytes(&self.nonce[..8]).try_into().expect("four bytes");
        EspKey { key: bytes(self.key), salt, icv_len: 16, esn: self.seq.len() == 16 }
    }

    fn iv(&self) -> [u8; 8] {
        bytes(&self.nonce[8..]).try_into().expect("eight bytes")
    }

    /// The ESP packet from SPI to ICV.
    fn packet(&self) -> Vec<u8> {
        let mut p = self.spi.to_be_bytes().to_vec();
        p.extend_from_slice(&(self.seq() as u32).to_be_bytes());
        p.extend_from_slice(&self.iv());
        p.extend(bytes(self.sealed));
        p
    }

    /// A fresh SA infers the published sequence number.
    fn reachable(&self) -> bool {
        !self.key().esn || self.seq() >> 32 == 0
    }

    /// Tables with this case's SA.
    fn tables(&self) -> Tables {
        let mut t = Tables::default();
        t.interfaces.insert(0, Interface { vrf: 0, mac: mac(2), mpls: false });
        let sa = SaIn { window: 64, ivrf: 1, ..SaIn::tunnel(self.spi, GATEWAY, self.key()) };
        t.sas_in.insert(3, sa);
        t
    }

    /// The same with the SA in transport mode and the way of its packets to the host.
    fn transport_tables(&self) -> Tables {
        let mut t = self.tables();
        t.sas_in.get_mut(&3).expect("the SA").transport = true;
        t.adjacencies.insert(0, Adjacency { mtu: 9000, action: Action::Host });
        t.routes.push(Route { vrf: 1, prefix: Prefix { addr: GATEWAY, len: 32 }, adj: 0 });
        t
    }

    fn frame(&self, packet: &[u8]) -> Vec<u8> {
        ethernet(mac(2), mac(4), ETHERTYPE_IPV4, &Ipv4::new(1, GATEWAY, PROTO_ESP).build(packet))
    }
}

#[test]
fn the_models_crypto_agrees_with_the_published_packets() {
    for (n, case) in CASES.iter().enumerate() {
        let payload = EspPayload { plaintext: bytes(case.plaintext) };
        assert_eq!(case.key().seal(case.spi, case.seq(), case.iv(), &payload), case.packet(), "case {n}");
        assert_eq!(case.key().open(&case.packet(), case.seq()), Some(payload), "case {n}");
    }
}

/// Sends frames into port 0 of a simulated card and holds what comes out against the model.
fn on_the_card(case: usize, tables: Tables, frames: impl Iterator<Item = Vec<u8>>) {
    let step = |bytes| Step {
        stimulus: Stimulus::Frame { port: 0, bytes, bad: false },
        after_drain: false,
        intent: "published vector",
    };
    let steps: Vec<_> = frames.map(step).collect();
    let profile = Profile { packets: steps.len(), max_inner: 0, both_ports: false };
    let scenario = Scenario { seed: case as u64, profile, tables, steps };
    let mut card = SimulatedCard::new().expect("the simulated card starts");
    if let Err(mismatch) = run(&mut card, &scenario, 8_000) {
        panic!("case {case}: {mismatch}");
    }
}

#[test]
fn the_card_hands_out_the_published_plaintexts_in_transport_mode() {
    let mut delivered = 0;
    for (n, case) in CASES.iter().enumerate().filter(|(_, case)| case.reachable()) {
        let frame = case.frame(&case.packet());
        let plain = bytes(case.plaintext);
        let padding = usize::from(plain[plain.len() - 2]);
        let payload = &plain[..plain.len() - 2 - padding];
        let mut model = Model::new(case.transport_tables());
        match model.receive(0, &frame, false) {
            Verdict::Host(delivery) => {
                assert!(delivery.bytes.ends_with(payload), "case {n}");
                delivered += 1;
            }
            // One case has nothing but its trailer.
            other => assert!(payload.is_empty(), "case {n}: {}", other.name()),
        }
        on_the_card(n, case.transport_tables(), [frame].into_iter());
    }
    assert_eq!(delivered, 5);
}

#[test]
fn the_card_accepts_published_packets_and_refuses_them_with_one_bit_flipped() {
    let mut tested = 0;
    for (n, case) in CASES.iter().enumerate().filter(|(_, case)| case.reachable()) {
        let good = case.packet();
        // One bit of every byte behind the sequence number, then the packet itself.
        let mut packets: Vec<Vec<u8>> = (8..good.len())
            .map(|at| {
                let mut bad = good.clone();
                bad[at] ^= 1 << (at % 8);
                bad
            })
            .collect();
        packets.push(good);
        let mut model = Model::new(case.tables());
        for (i, packet) in packets.iter().enumerate() {
            let last = i + 1 == packets.len();
            let want = if last { DropReason::EspNextHeader } else { DropReason::IcvMismatch };
            assert_eq!(model.receive(0, &case.frame(packet), false), Verdict::Dropped(want), "case {n}");
        }
        on_the_card(n, case.tables(), packets.iter().map(|p| case.frame(p)));
        tested += 1;
    }
    assert_eq!(tested, 6, "AES-128 and AES-256, with and without ESN");
}
