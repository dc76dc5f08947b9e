// SPDX-License-Identifier: Apache-2.0
//! Cables made of Unix datagram sockets: one datagram is one Ethernet frame, as QEMU's `-netdev dgram` and
//! headend-card's `dgram:` attachment speak it.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context, Result};

/// Largest frame that a wire carries, in bytes; a little more than the card takes, so that tests can overdo it.
const MAX_FRAME: usize = 16 * 1024;
/// How often a waiting thread looks whether it should stop.
const POLL: Duration = Duration::from_millis(50);
/// How long a sender waits for a peer whose queue is full.
const SEND_LIMIT: Duration = Duration::from_secs(5);

/// One end of a cable.
#[derive(Debug)]
pub struct Wire {
    socket: UnixDatagram,
    remote: PathBuf,
}

impl Wire {
    /// Binds `local` (a stale socket file is replaced); frames are sent to `remote`.
    ///
    /// # Errors
    /// The socket cannot be made.
    pub fn bind(local: &Path, remote: &Path) -> Result<Self> {
        if local.exists() {
            fs::remove_file(local).with_context(|| format!("remove {}", local.display()))?;
        }
        let socket = UnixDatagram::bind(local).with_context(|| format!("bind {}", local.display()))?;
        socket.set_write_timeout(Some(SEND_LIMIT))?;
        Ok(Self { socket, remote: remote.to_path_buf() })
    }

    /// A second handle on the same end.
    ///
    /// # Errors
    /// The process has no file descriptor left.
    pub fn try_clone(&self) -> Result<Self> {
        Ok(Self { socket: self.socket.try_clone()?, remote: self.remote.clone() })
    }

    /// Sends one frame.
    ///
    /// # Errors
    /// Nobody is at the other end, or it takes no frame within five seconds.
    pub fn send(&self, frame: &[u8]) -> Result<()> {
        self.socket
            .send_to(frame, &self.remote)
            .with_context(|| format!("send {} bytes to {}", frame.len(), self.remote.display()))?;
        Ok(())
    }

    /// The next frame, or `None` when none comes within `limit`.
    ///
    /// # Errors
    /// The socket fails.
    pub fn receive(&self, limit: Duration) -> Result<Option<Vec<u8>>> {
        self.socket.set_read_timeout(Some(limit.max(Duration::from_millis(1))))?;
        let mut frame = vec![0; MAX_FRAME];
        match self.socket.recv(&mut frame) {
            Ok(length) => {
                frame.truncate(length);
                Ok(Some(frame))
            }
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => Ok(None),
            Err(error) => Err(error).context("receive a frame"),
        }
    }
}

/// A frame seen on a cable.
#[derive(Debug, Clone)]
pub struct Seen {
    /// When it was seen.
    pub time: SystemTime,
    /// Towards the card; else from the card.
    pub to_card: bool,
    /// The frame, without FCS.
    pub frame: Vec<u8>,
}

/// What was seen on a cable, shared between the threads that serve it and the test that looks.
#[derive(Debug, Clone, Default)]
pub struct Capture(Arc<Mutex<Vec<Seen>>>);

impl Capture {
    /// Adds a frame, stamped with the time of day.
    pub fn push(&self, to_card: bool, frame: &[u8]) {
        let seen = Seen { time: SystemTime::now(), to_card, frame: frame.to_vec() };
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(seen);
    }

    /// A copy of everything seen so far, oldest first.
    #[must_use]
    pub fn frames(&self) -> Vec<Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits until `count` frames in the given direction satisfy `wanted`, and returns those that do.
    #[must_use]
    pub fn wait_for(
        &self,
        to_card: bool,
        count: usize,
        limit: Duration,
        wanted: impl Fn(&[u8]) -> bool,
    ) -> Vec<Seen> {
        let end = Instant::now() + limit;
        loop {
            let mut found = self.frames();
            found.retain(|seen| seen.to_card == to_card && wanted(&seen.frame));
            if found.len() >= count || Instant::now() > end {
                return found;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

/// A thread that stops when its owner is dropped.
#[derive(Debug)]
pub struct Service {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Service {
    /// Calls `handle` for each frame that arrives on `wire`, until dropped. A wire that fails ends the service.
    pub fn spawn(wire: Wire, mut handle: impl FnMut(Vec<u8>) + Send + 'static) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let asked = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            while !asked.load(Ordering::Relaxed) {
                match wire.receive(POLL) {
                    Ok(Some(frame)) => handle(frame),
                    Ok(None) => {}
                    Err(error) => {
                        eprintln!("wire: {error:#}");
                        break;
                    }
                }
            }
        });
        Self { stop, thread: Some(thread) }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// What a relay does to the frames of one direction.
pub type Change = Box<dyn FnMut(&mut Vec<u8>) + Send>;

/// A cable with a listening post in the middle: passes frames both ways, keeps a copy of each as it goes on, and lets a test
/// change them on the way, or put frames of its own in. A peer's IPv6 multicast (router solicitations, listener
/// reports) ends here, so that what the card counts is what the test sent.
pub struct Relay {
    to_card: Wire,
    capture: Capture,
    changes: [Arc<Mutex<Option<Change>>>; 2],
    _services: [Service; 2],
}

/// First bytes of the MAC addresses of IPv6 multicast (RFC 2464 7).
const IPV6_MULTICAST: [u8; 2] = [0x33, 0x33];

impl Relay {
    /// Joins the two ends; `peer` faces the peer, `card` the card. A frame for a peer that is not there (yet) is
    /// lost, as on a cable.
    ///
    /// # Errors
    /// The process has no file descriptor left.
    pub fn start(peer: Wire, card: Wire) -> Result<Self> {
        let capture = Capture::default();
        let (to_peer, to_card, inject) = (peer.try_clone()?, card.try_clone()?, card.try_clone()?);
        let (up, down) = (capture.clone(), capture.clone());
        let changes = [Arc::<Mutex<Option<Change>>>::default(), Arc::default()];
        let [change_up, change_down] = changes.clone();
        let upward = Service::spawn(peer, move |mut frame| {
            if frame.starts_with(&IPV6_MULTICAST) {
                return;
            }
            apply(&change_up, &mut frame);
            up.push(true, &frame);
            let _ = to_card.send(&frame);
        });
        let downward = Service::spawn(card, move |mut frame| {
            apply(&change_down, &mut frame);
            down.push(false, &frame);
            let _ = to_peer.send(&frame);
        });
        Ok(Self { to_card: inject, capture, changes, _services: [upward, downward] })
    }

    /// From now on, changes every frame that passes in one direction; `None` stops that.
    pub fn change(&self, to_card: bool, change: Option<Change>) {
        let direction = &self.changes[usize::from(!to_card)];
        *direction.lock().unwrap_or_else(PoisonError::into_inner) = change;
    }

    /// What passed, both ways; injected frames are not in it.
    #[must_use]
    pub fn capture(&self) -> &Capture {
        &self.capture
    }

    /// Sends a frame to the card as if the peer had sent it.
    ///
    /// # Errors
    /// The card is not there.
    pub fn inject(&self, frame: &[u8]) -> Result<()> {
        self.to_card.send(frame)
    }
}

fn apply(change: &Mutex<Option<Change>>, frame: &mut Vec<u8>) {
    if let Some(change) = change.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
        change(frame);
    }
}

impl std::fmt::Debug for Relay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Relay").field("to_card", &self.to_card).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relay_passes_both_ways_records_and_injects() {
        let dir = tempfile::tempdir().expect("directory");
        let path = |name: &str| dir.path().join(name);
        let (peer, card) = (path("peer"), path("card"));
        let peer_end = Wire::bind(&peer, &path("relay-peer")).expect("bind");
        let card_end = Wire::bind(&card, &path("relay-card")).expect("bind");
        let relay = Relay::start(
            Wire::bind(&path("relay-peer"), &peer).expect("bind"),
            Wire::bind(&path("relay-card"), &card).expect("bind"),
        )
        .expect("start");
        let second = Duration::from_secs(1);
        peer_end.send(b"up").expect("send");
        assert_eq!(card_end.receive(second).expect("receive"), Some(b"up".to_vec()));
        card_end.send(b"down").expect("send");
        assert_eq!(peer_end.receive(second).expect("receive"), Some(b"down".to_vec()));
        relay.inject(b"mine").expect("inject");
        assert_eq!(card_end.receive(second).expect("receive"), Some(b"mine".to_vec()));
        assert_eq!(relay.capture().wait_for(true, 1, second, |frame| frame == b"up").len(), 1);
        assert_eq!(relay.capture().wait_for(false, 1, second, |frame| frame == b"down").len(), 1);
        assert_eq!(relay.capture().frames().len(), 2);
        relay.change(true, Some(Box::new(|frame| frame.push(b'!'))));
        peer_end.send(b"up").expect("send");
        assert_eq!(card_end.receive(second).expect("receive"), Some(b"up!".to_vec()));
        relay.change(true, None);
        peer_end.send(&[0x33, 0x33, 0, 0]).expect("send");
        peer_end.send(b"last").expect("send");
        assert_eq!(card_end.receive(second).expect("receive"), Some(b"last".to_vec()));
    }
}
