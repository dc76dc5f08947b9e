// SPDX-License-Identifier: Apache-2.0
//! The command ring: the only way tables change.

use std::time::{Duration, Instant};

use headend_regs::{param, CmdCompletion, CmdEntry, CmdOp, CmdStatus, Packed, Record, Ring, Table};
use zeroize::{Zeroize, Zeroizing};

use super::core::Shape;
use super::{check_running, RingCore, Waiter, FIRST_NAP};
use crate::backend::deadline;
use crate::dma::IovaAllocator;
use crate::registers::Registers;
use crate::{Error, Result};

/// Bytes of the largest record.
pub const MAX_RECORD_BYTES: usize = param::RECORD_BITS / 8;

/// One command. Its record is wiped when dropped, because it may hold keys; it is not shown by `Debug`.
#[derive(Clone)]
pub struct Command {
    op: CmdOp,
    table: Option<Table>,
    index: u32,
    record: Zeroizing<Vec<u8>>,
}

impl std::fmt::Debug for Command {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.op)?;
        match self.table {
            Some(table) => write!(f, " {table}[{}]", self.index),
            None => Ok(()),
        }
    }
}

impl Command {
    /// Writes a record.
    #[must_use]
    pub fn write<R: Record>(index: u32, record: &R) -> Self {
        let mut bytes = Zeroizing::new(vec![0; R::RECORD_BYTES]);
        record.pack_into(&mut bytes, 0);
        Self { op: CmdOp::Write, table: Some(R::TABLE), index, record: bytes }
    }

    /// Reads a record of a table.
    #[must_use]
    pub fn read(table: Table, index: u32) -> Self {
        Self { op: CmdOp::Read, table: Some(table), index, record: Zeroizing::default() }
    }

    /// Completes after every packet that was in the lookup stages has left them.
    #[must_use]
    pub fn fence() -> Self {
        Self { op: CmdOp::Fence, table: None, index: 0, record: Zeroizing::default() }
    }

    /// The operation.
    #[must_use]
    pub fn op(&self) -> CmdOp {
        self.op
    }

    /// The table, if the operation has one.
    #[must_use]
    pub fn table(&self) -> Option<Table> {
        self.table
    }

    /// The index.
    #[must_use]
    pub fn index(&self) -> u32 {
        self.index
    }

    /// The record of a write as `R`; `None` for other operations and other tables.
    #[must_use]
    pub fn record<R: Record>(&self) -> Option<R> {
        let fits =
            self.op == CmdOp::Write && self.table == Some(R::TABLE) && self.record.len() == R::RECORD_BYTES;
        fits.then(|| R::unpack_from(&self.record, 0))
    }

    fn entry(&self, cookie: u16) -> CmdEntry {
        let mut record = [0; MAX_RECORD_BYTES];
        let len = self.record.len().min(MAX_RECORD_BYTES);
        record[..len].copy_from_slice(&self.record[..len]);
        let entry = CmdEntry {
            op: self.op.code(),
            table_id: self.table.map_or(0, Table::code),
            cookie,
            index: self.index,
            record,
        };
        record.zeroize();
        entry
    }
}

/// The command ring.
#[derive(Debug)]
pub struct CommandRing {
    core: RingCore,
    waiter: Waiter,
    /// Longest time without any completion while commands are outstanding.
    stall: Duration,
}

impl CommandRing {
    /// Starts the ring with 2^`log2` entries; a card that completes nothing for `stall` has failed.
    ///
    /// # Errors
    /// Memory, mapping or register access failed.
    pub(crate) fn start(
        regs: &mut Registers,
        iovas: &mut IovaAllocator,
        log2: u32,
        waiter: Waiter,
        stall: Duration,
    ) -> Result<Self> {
        let entry_bytes = param::CMD_ENTRY_BYTES;
        let shape = Shape { ring: Ring::Cmd, sq_log2: Some(log2), cq_log2: log2, entry_bytes };
        Ok(Self { core: RingCore::start(regs, iovas, shape, waiter.interrupts())?, waiter, stall })
    }

    pub(crate) fn into_parts(self) -> (RingCore, Waiter) {
        (self.core, self.waiter)
    }

    /// Carries the commands out in order, and gives their completions in order; a ring's worth is in flight at a time.
    /// All commands are carried out even when one is refused.
    ///
    /// # Errors
    /// The first refused command; or the card stalls, stops the ring or misbehaves, and the ring is given up.
    pub fn run(&mut self, regs: &mut Registers, commands: &[Command]) -> Result<Vec<CmdCompletion>> {
        let result = self.exchange(regs, commands);
        if result.is_err() {
            self.core.kill();
            // Keys of commands that were not completed must not stay. A ring that cannot be stopped may still be read:
            // it is wiped when it is dropped.
            if regs.ring_stop(Ring::Cmd).is_ok() {
                self.core.wipe_all();
            }
        }
        let completions = result?;
        for (command, completion) in commands.iter().zip(&completions) {
            let status = completion.status_code().map_err(|e| Error::misbehaves(Ring::Cmd, e.to_string()))?;
            if status != CmdStatus::Ok {
                let table = command.table.map_or_else(|| "-".to_owned(), |table| table.to_string());
                return Err(Error::Command { op: command.op, table, index: command.index, status });
            }
        }
        Ok(completions)
    }

    fn exchange(&mut self, regs: &mut Registers, commands: &[Command]) -> Result<Vec<CmdCompletion>> {
        let mut completions = Vec::with_capacity(commands.len());
        let mut sent = 0;
        let mut limit = deadline(self.stall);
        let mut nap = FIRST_NAP;
        while completions.len() < commands.len() {
            if self.send(&commands[sent..], &mut sent)? {
                self.core.ring_doorbell(regs)?;
            }
            let before = completions.len();
            self.collect(commands, &mut completions)?;
            if completions.len() > before {
                limit = deadline(self.stall);
                nap = FIRST_NAP;
                self.core.report(regs, false)?;
                continue;
            }
            self.core.report(regs, true)?;
            if Instant::now() >= limit {
                check_running(regs, Ring::Cmd)?;
                let left = commands.len() - before;
                return Err(Error::Timeout { what: format!("{left} commands"), after: self.stall });
            }
            self.waiter.sleep(regs, &mut nap, limit)?;
            if nap >= super::LONGEST_NAP {
                check_running(regs, Ring::Cmd)?;
            }
        }
        self.core.report(regs, true)?;
        Ok(completions)
    }

    /// Pushes as many commands as fit; whether there were any.
    fn send(&mut self, commands: &[Command], sent: &mut usize) -> Result<bool> {
        let room = self.core.sq_size().saturating_sub(self.core.outstanding()) as usize;
        for command in commands.iter().take(room) {
            let mut bytes = command.entry(*sent as u16).to_bytes();
            let pushed = self.core.push(&bytes);
            bytes.zeroize();
            match pushed {
                Ok(_) => *sent += 1,
                // The card completes before it writes its index back: the slot is free in a moment.
                Err(Error::RingFull(_)) => break,
                Err(error) => return Err(error),
            }
        }
        Ok(room > 0 && !commands.is_empty())
    }

    fn collect(&mut self, commands: &[Command], completions: &mut Vec<CmdCompletion>) -> Result<()> {
        let mut bytes = [0; param::CMD_ENTRY_BYTES];
        while completions.len() < commands.len() && self.core.pop(&mut bytes)? {
            let number = completions.len();
            let completion = CmdCompletion::unpack_from(&bytes, 0);
            let command = &commands[number];
            if completion.cookie != number as u16 || completion.index != command.index {
                let (cookie, index) = (completion.cookie, completion.index);
                let detail = format!(
                    "completion with cookie {cookie}, index {index}; expected {}, {}",
                    number as u16, command.index
                );
                return Err(Error::misbehaves(Ring::Cmd, detail));
            }
            if command.table.is_some_and(holds_secrets) && command.op == CmdOp::Write {
                self.core.wipe(self.core.last_completed())?;
            }
            completions.push(completion);
        }
        Ok(())
    }
}

fn holds_secrets(table: Table) -> bool {
    matches!(table, Table::SaIn | Table::SaOut)
}
