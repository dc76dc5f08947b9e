// SPDX-License-Identifier: Apache-2.0
//! Clients that came while the card had one already. Each is told so as soon as it has said its first word, because the answer
//! repeats the id of that message; nobody waits for it.

use super::connection::{Closed, Connection};
use std::collections::VecDeque;
use std::os::fd::BorrowedFd;

/// Most that may wait; one more cuts off the one that has been silent longest.
pub const MAX_WAITING: usize = 8;

/// Clients in the order in which they came.
#[derive(Debug, Default)]
pub struct Waiting(VecDeque<Connection>);

impl Waiting {
    /// Adds one.
    pub fn push(&mut self, connection: Connection) {
        if self.0.len() == MAX_WAITING {
            eprintln!(
                "headend-card: a second client was cut off: it said nothing, and {MAX_WAITING} more came"
            );
            self.0.pop_front();
        }
        self.0.push_back(connection);
    }

    /// Takes out the one that came first, whose turn it is.
    pub fn take_next(&mut self) -> Option<Connection> {
        self.0.pop_front()
    }

    /// Number of clients.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Nobody waits.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Their sockets, for `poll`.
    pub fn fds(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        self.0.iter().map(Connection::fd)
    }

    /// Refuses those that have said something by EBUSY and forgets those that have gone.
    pub fn refuse(&mut self) {
        self.0.retain_mut(|connection| {
            let told = match connection.receive() {
                Ok(None) => return true,
                Ok(Some(message)) => connection.send(&message.header.refuse(libc::EBUSY)),
                Err(closed) => Err(closed),
            };
            if let Err(closed) = told {
                if !matches!(closed, Closed::ByClient) {
                    eprintln!("headend-card: a second client was cut off: {closed}");
                }
            }
            false
        });
    }
}
