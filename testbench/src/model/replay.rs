// SPDX-License-Identifier: Apache-2.0
//! The receiver's view of sequence numbers: ESN inference and the anti-replay window (RFC 4303).

use headend_regs::param;
use std::collections::BTreeSet;

/// The verdict of the window on an authenticated packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replay {
    /// Not seen before; now recorded.
    Fresh,
    /// Inside the window and seen before.
    Duplicate,
    /// Left of the window.
    Old,
}

/// Anti-replay state of one inbound SA. Kept as the set of numbers seen, so that it is obviously right.
#[derive(Clone, Debug, Default)]
pub struct ReplayState {
    /// Window size W in packets; 0 is off.
    window: u32,
    /// T: highest authenticated number.
    top: u64,
    /// Numbers seen that are still inside the window.
    seen: BTreeSet<u64>,
}

impl ReplayState {
    /// The state of a new SA.
    pub fn new(window: u32) -> ReplayState {
        ReplayState { window, top: 0, seen: BTreeSet::new() }
    }

    /// Highest authenticated sequence number.
    pub fn top(&self) -> u64 {
        self.top
    }

    /// The 64-bit number that `low` stands for on an SA with ESN (RFC 4303 A2.2, cases A and B). All
    /// arithmetic is modulo 2^32, as in the RFC's figure. An SA without a window still needs one here:
    /// the largest.
    pub fn infer(&self, low: u32) -> u64 {
        let (th, tl) = ((self.top >> 32) as u32, self.top as u32);
        let window = if self.window == 0 { param::REPLAY_WINDOW_MAX as u32 } else { self.window };
        let bottom = tl.wrapping_sub(window).wrapping_add(1);
        let high = if tl >= window - 1 {
            // Case A: the window lies in one 2^32 subspace.
            if low >= bottom {
                th
            } else {
                th.wrapping_add(1)
            }
        } else if low >= bottom {
            // Case B: the window starts in the subspace before.
            th.wrapping_sub(1)
        } else {
            th
        };
        u64::from(high) << 32 | u64::from(low)
    }

    /// Checks an authenticated number against the window (RFC 4303 3.4.3).
    pub fn check(&self, seq: u64) -> Replay {
        let width = u64::from(self.window);
        if width == 0 || seq > self.top {
            Replay::Fresh
        } else if self.top - seq >= width {
            Replay::Old
        } else if self.seen.contains(&seq) {
            Replay::Duplicate
        } else {
            Replay::Fresh
        }
    }

    /// Records a number that is [`Replay::Fresh`].
    pub fn record(&mut self, seq: u64) {
        let width = u64::from(self.window);
        self.top = self.top.max(seq);
        if width > 0 {
            self.seen.insert(seq);
            let bottom = self.top.saturating_sub(width - 1);
            self.seen = self.seen.split_off(&bottom);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl ReplayState {
        fn accept(&mut self, seq: u64) -> Replay {
            let verdict = self.check(seq);
            if verdict == Replay::Fresh {
                self.record(seq);
            }
            verdict
        }
    }

    #[test]
    fn window_is_exact_at_both_edges() {
        let mut r = ReplayState::new(4);
        assert_eq!(r.accept(10), Replay::Fresh);
        assert_eq!(r.accept(7), Replay::Fresh);
        assert_eq!(r.accept(6), Replay::Old);
        assert_eq!(r.accept(10), Replay::Duplicate);
        assert_eq!(r.accept(7), Replay::Duplicate);
        assert_eq!(r.accept(11), Replay::Fresh);
        assert_eq!(r.accept(7), Replay::Old);
        assert_eq!(r.accept(8), Replay::Fresh);
        assert_eq!(r.top(), 11);
    }

    #[test]
    fn window_zero_accepts_everything_and_keeps_the_top() {
        let mut r = ReplayState::new(0);
        for seq in [5, 5, 1, 9, 3] {
            assert_eq!(r.accept(seq), Replay::Fresh);
        }
        assert_eq!(r.top(), 9);
    }

    #[test]
    fn inference_follows_the_cases_of_rfc_4303_a2() {
        let at = |top| ReplayState { window: 64, top, seen: BTreeSet::new() };
        // Case A: the window is 0x5_0000_03c1 to 0x5_0000_0400.
        let a = at(0x5_0000_0400);
        assert_eq!(a.infer(0x0000_0400), 0x5_0000_0400);
        assert_eq!(a.infer(0x0000_03c1), 0x5_0000_03c1);
        assert_eq!(a.infer(0x0000_03c0), 0x6_0000_03c0);
        assert_eq!(a.infer(0xffff_ffff), 0x5_ffff_ffff);
        // Case B: the window is 0x4_ffff_ffd1 to 0x5_0000_0010.
        let b = at(0x5_0000_0010);
        assert_eq!(b.infer(0xffff_ffd1), 0x4_ffff_ffd1);
        assert_eq!(b.infer(0xffff_ffd0), 0x5_ffff_ffd0);
        assert_eq!(b.infer(0x0000_0000), 0x5_0000_0000);
        assert_eq!(b.infer(0x0000_0011), 0x5_0000_0011);
    }

    #[test]
    fn a_wrap_of_the_low_half_is_followed() {
        let mut r = ReplayState { window: 32, top: 0x1_ffff_fffe, seen: BTreeSet::new() };
        for low in [0xffff_ffff, 0x0000_0002, 0x0000_0000, 0x0000_0001u32] {
            let seq = r.infer(low);
            assert_eq!(r.accept(seq), Replay::Fresh, "{low:#x}");
        }
        assert_eq!(r.top(), 0x2_0000_0002);
        assert_eq!(r.infer(0xffff_ffff), 0x1_ffff_ffff);
    }
}
