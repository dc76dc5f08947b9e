// SPDX-License-Identifier: Apache-2.0
//! Runs inside the guest: drives the card through the guest kernel's VFIO with the product's own driver.
//!
//! `headend-guest-check pci:0000:00:03.0 FRAMES`: sends FRAMES frames out of port 0 by tx[0], takes the echoes that
//! the other end sends back by rx[0], waiting for MSI-X interrupts, then points a ring at memory that is not mapped.
//! The card must be programmed and enabled. Prints one line per check, and `all checks passed` at the end.

use std::fs;
use std::time::Duration;

use anyhow::{bail, ensure, Context, Result};
use headend_driver::backend::Location;
use headend_driver::registers::RingRegister;
use headend_driver::{Card, Options};
use headend_regs::{reg, EventKind, HostReason, Ring, RingError, TxDest};
use headend_testbench::packet::{ethernet, mac, ETHERTYPE_ARP};

/// Longest wait for a packet or completion; an emulated guest is slow.
const LIMIT: Duration = Duration::from_secs(20);
/// An IOVA that the driver never allocates, below the IOMMU's 39 bits.
const UNMAPPED_IOVA: u64 = 0x7f_0000_0000;

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let location: Location = arguments
        .next()
        .context("usage: headend-guest-check LOCATION FRAMES")?
        .parse()
        .map_err(anyhow::Error::msg)?;
    let frames: u16 = arguments.next().context("number of frames")?.parse().context("number of frames")?;
    packets_by_interrupt(&location, frames)?;
    unmapped_dma_is_refused(&location)?;
    println!("all checks passed");
    Ok(())
}

/// Frames go out by tx[0] and their echoes come in by rx[0], in order and unchanged.
fn packets_by_interrupt(location: &Location, frames: u16) -> Result<()> {
    let mut card = Card::open(location, Options::default())?;
    for number in 0..frames {
        let sent = frame(number);
        card.send(TxDest::Port0, 0, &sent)?;
        let done = card.sent(LIMIT)?.context("tx[0] gave no completion")?;
        ensure!(done.status == headend_regs::IoStatus::Ok, "tx[0] completed with {:?}", done.status);
        let packet = card.receive(LIMIT)?.with_context(|| format!("echo {number} did not come"))?;
        ensure!(packet.reason == HostReason::Arp, "echo {number} came as {}", packet.reason);
        let want = if sent.len() < 60 { [&sent[..], &vec![0; 60 - sent.len()]].concat() } else { sent };
        ensure!(packet.data == want, "echo {number} differs from the frame sent");
    }
    let (rx, tx) = (interrupts_taken(Ring::Rx0)?, interrupts_taken(Ring::Tx0)?);
    ensure!(rx > 0 && tx > 0, "MSI-X interrupts of rx[0] and tx[0]: {rx} and {tx}; expected some of both");
    println!(
        "{frames} frames out by tx[0] and back by rx[0]; MSI-X interrupts: {rx} of rx[0], {tx} of tx[0]"
    );
    Ok(())
}

/// An ARP frame (the card hands it to the host) of a size that depends on its number.
fn frame(number: u16) -> Vec<u8> {
    let size = 28 + usize::from(number) * 37 % 1400;
    let payload: Vec<u8> = (0..size).map(|at| (at as u8) ^ (number as u8)).collect();
    ethernet(mac(0xffff_ffff_ffff), mac(0x0200_0000_0001), ETHERTYPE_ARP, &payload)
}

/// Interrupts that the guest kernel counted on a ring's vector, over all processors.
fn interrupts_taken(ring: Ring) -> Result<u64> {
    let text = fs::read_to_string("/proc/interrupts")?;
    let name = format!("vfio-msix[{}]", ring.code());
    let line = text.lines().find(|line| line.contains(&name));
    let line = line.with_context(|| format!("no {name} in /proc/interrupts"))?;
    Ok(line.split_whitespace().skip(1).map_while(|word| word.parse::<u64>().ok()).sum())
}

/// A descriptor ring outside of the mapped memory: the access is refused, counted, reported as an event, and only that
/// ring stops.
fn unmapped_dma_is_refused(location: &Location) -> Result<()> {
    let mut card = Card::open(location, Options::default())?;
    let before = card.registers().read(reg::DMA_ERRORS)?;
    let regs = card.registers();
    regs.ring_stop(Ring::Tx0)?;
    regs.ring_address(Ring::Tx0, RingRegister::SqBase, UNMAPPED_IOVA)?;
    regs.ring_address(Ring::Tx0, RingRegister::CqBase, UNMAPPED_IOVA + 0x10_0000)?;
    regs.ring_address(Ring::Tx0, RingRegister::Index, UNMAPPED_IOVA + 0x20_0000)?;
    let control = reg::RingControl::ENABLE.with_sq_log2(4).with_cq_log2(4);
    regs.ring_write(Ring::Tx0, RingRegister::Control, control.bits())?;
    regs.ring_write(Ring::Tx0, RingRegister::SqTail, 1)?;
    let error = wait_for_error(&mut card)?;
    ensure!(error == RingError::SqRead, "tx[0] stopped with {error:?}, not SqRead");
    let after = card.registers().read(reg::DMA_ERRORS)?;
    ensure!(after > before, "the refused access was not counted");
    let event = loop {
        let event = card.event(LIMIT)?.context("no event told of the refused access")?;
        if event.kind == EventKind::DmaError {
            break event;
        }
    };
    let (ring, address) = (event.entry.info, event.entry.addr);
    ensure!(ring == u32::from(Ring::Tx0.code()), "the event names ring {ring}");
    ensure!(address == UNMAPPED_IOVA, "the event names address {address:#x}, not {UNMAPPED_IOVA:#x}");
    // The other rings go on: a command still completes.
    let version = card.info()?.interface;
    card.run(&[headend_driver::rings::Command::fence()])?;
    println!(
        "DMA at an unmapped address refused: ring error {error}, {} counted; interface {version:?}",
        after - before
    );
    Ok(())
}

fn wait_for_error(card: &mut Card) -> Result<RingError> {
    for _ in 0..2000 {
        let code = card.registers().ring_status(Ring::Tx0)?.error();
        if code != 0 {
            let code = u8::try_from(code).context("ring error code")?;
            return RingError::try_from(code).map_err(|_| anyhow::anyhow!("unknown ring error {code}"));
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    bail!("tx[0] did not stop on a descriptor ring in unmapped memory");
}
