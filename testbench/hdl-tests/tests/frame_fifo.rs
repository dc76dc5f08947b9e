// SPDX-License-Identifier: Apache-2.0
//! frame_fifo: frames appear whole, aborted ones never, the side word belongs to its frame.

use headend_hdl_tests::{Bench, Rng};
use headend_verilated::{Library, Model};
use std::collections::VecDeque;
use std::sync::Arc;

fn library() -> Arc<Library> {
    Model::new("frame_fifo")
        .param("Width", 16)
        .param("Depth", 8)
        .param("SideWidth", 12)
        .param("MaxFrames", 3)
        .checked()
        .build()
        .unwrap()
}

/// Random frames, aborts and stalls against a queue of the committed words.
#[test]
fn only_whole_frames_come_out_in_order() {
    let mut bench = Bench::new(&library(), 100_000);
    let mut rng = Rng::new(11);
    let mut writing: Vec<u64> = Vec::new();
    let mut length = 3;
    let mut committed: VecDeque<(u64, bool, u64)> = VecDeque::new();
    let mut next = 0;
    let (mut frames, mut aborted, mut out) = (0u64, 0, 0);
    let mut offer = false;
    for _ in 0..40_000 {
        // An offered word stays until it is taken, or the frame is aborted.
        offer = offer || rng.chance(70);
        let abort = rng.chance(3);
        let eop = writing.len() as u64 + 1 == length;
        let ready = rng.chance(if (out / 500) % 2 == 0 { 80 } else { 20 });
        bench.set("s_valid_i", offer.into());
        bench.set("s_data_i", next);
        bench.set("s_eop_i", eop.into());
        bench.set("s_abort_i", abort.into());
        bench.set("s_side_i", frames % 4096);
        bench.set("m_ready_i", ready.into());
        bench.settle();
        let accepted = offer && bench.get("s_ready_o") == 1 && !abort;
        if bench.get("m_valid_o") == 1 && ready {
            let (word, last, side) = committed.pop_front().expect("a word that no committed frame holds");
            assert_eq!((bench.get("m_data_o"), bench.get("m_eop_o") == 1), (word, last));
            assert_eq!(bench.get("m_side_o"), side);
            out += 1;
        }
        bench.edge();
        if abort {
            aborted += usize::from(!writing.is_empty());
            writing.clear();
            offer = false;
            length = rng.range(1, 8);
        } else if accepted {
            writing.push(next);
            next = (next + 1) % 65536;
            offer = false;
            if eop {
                let last = writing.len() - 1;
                committed.extend(writing.drain(..).enumerate().map(|(i, w)| (w, i == last, frames % 4096)));
                frames += 1;
                length = rng.range(1, 8);
            }
        }
    }
    assert!(out > 5_000 && aborted > 200 && frames > 1_000, "{out} {aborted} {frames}");
}

#[test]
fn an_unfinished_frame_stays_inside_and_its_room_comes_back() {
    let mut bench = Bench::new(&library(), 1_000);
    bench.set("m_ready_i", 1);
    bench.set("s_valid_i", 1);
    bench.set("s_eop_i", 0);
    for _ in 0..20 {
        bench.settle();
        assert_eq!(bench.get("m_valid_o"), 0);
        bench.edge();
    }
    bench.settle();
    assert_eq!((bench.get("free_o"), bench.get("s_ready_o")), (0, 0));
    bench.set("s_abort_i", 1);
    bench.clock();
    bench.set("s_abort_i", 0);
    bench.set("s_valid_i", 0);
    bench.settle();
    assert_eq!((bench.get("free_o"), bench.get("s_ready_o")), (8, 1));
}

#[test]
fn first_word_leaves_two_cycles_after_the_last_one_and_without_gaps() {
    let mut bench = Bench::new(&library(), 1_000);
    bench.set("m_ready_i", 1);
    for i in 0..4u64 {
        bench.set("s_valid_i", 1);
        bench.set("s_data_i", i);
        bench.set("s_eop_i", (i == 3).into());
        bench.clock();
    }
    bench.set("s_valid_i", 0);
    bench.settle();
    assert_eq!(bench.get("m_valid_o"), 0, "one cycle after the last word");
    for i in 0..4u64 {
        bench.clock();
        bench.settle();
        assert_eq!((bench.get("m_valid_o"), bench.get("m_data_o")), (1, i));
    }
    bench.clock();
    bench.settle();
    assert_eq!(bench.get("m_valid_o"), 0);
}
