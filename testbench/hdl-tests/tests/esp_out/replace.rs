// SPDX-License-Identifier: Apache-2.0
//! SAs that are replaced, deleted and read while packets of theirs are everywhere in the pipelines.

use crate::rig::{job, library, record, Rig, GEN};
use headend_hdl_tests::Rng;
use headend_regs::SaOut;

/// Every packet leaves under the record that stood when it was judged, or not at all; the model replays the order.
#[test]
fn records_change_between_two_packets_whole() {
    let library = library();
    for (seed, stalls) in [(1, [0, 0, 0]), (2, [40, 0, 0]), (3, [0, 50, 0]), (4, [30, 30, 30])] {
        let mut rng = Rng::new(60 + seed);
        let mut rig = Rig::new(&library, stalls);
        let mut gens = [GEN; 4];
        for index in 0..4 {
            let sa = record(&mut rng);
            rig.install(index, sa);
        }
        for _ in 0..400 {
            for _ in 0..rng.below(16) {
                let sa = rng.below(4) as u16;
                let len = rng.range(1, 200) as usize;
                let (data, mut meta) = job(&mut rng, sa, len);
                // Some packets were meant for the record that comes, or for one that has gone.
                meta.sa_out_gen =
                    gens[usize::from(sa)].wrapping_add([0, 0, 0, 1, 255][rng.below(5) as usize]);
                rig.push(rng.below(2) as usize, (data, meta));
            }
            rig.run(rng.below(20));
            let index = rng.below(4) as usize;
            match rng.below(4) {
                0 => {
                    rig.state(index);
                }
                1 => rig.install(index, SaOut::default()),
                _ => {
                    gens[index] = gens[index].wrapping_add(1);
                    let base = record(&mut rng);
                    let (hard_packets, soft_packets) = (rng.below(12), rng.below(6));
                    rig.install(index, SaOut { gen: gens[index], hard_packets, soft_packets, ..base });
                }
            }
        }
        rig.drain();
        rig.check(true);
    }
}

/// The write falls into every cycle of a packet of several beats, and of a row of short ones.
#[test]
fn a_packet_on_its_way_keeps_the_record_it_was_judged_by() {
    let library = library();
    let mut rng = Rng::new(70);
    for offset in 0..40 {
        let mut rig = Rig::new(&library, [0, 0, 0]);
        let old = record(&mut rng);
        rig.install(2, old);
        for n in 0..30 {
            let packet = job(&mut rng, 2, if n % 7 == 0 { 700 } else { 30 });
            rig.push(n % 2, packet);
        }
        rig.run(offset);
        let fresh = SaOut { gen: GEN + 1, ..record(&mut rng) };
        rig.install(2, fresh.clone());
        for n in 0..20 {
            let (data, meta) = job(&mut rng, 2, 30);
            rig.push(n % 2, (data, headend_regs::Meta { sa_out_gen: GEN + 1, ..meta }));
        }
        rig.drain();
        let state = rig.state(2);
        assert_eq!((state.seq, state.packets, state.bytes), (fresh.seq + 20, 20, 600));
        rig.check(true);
    }
}
