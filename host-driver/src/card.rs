// SPDX-License-Identifier: Apache-2.0
//! A card, opened: registers, interrupts, rings.

use std::time::Duration;

use headend_regs::reg::Caps0;
use headend_regs::{reg, CmdCompletion, Record, Ring, Table, TxDest};

use crate::backend::kernel::Kernel;
use crate::backend::vfio_user::{VfioUser, DEFAULT_TIMEOUT};
use crate::backend::{BackendError, DeviceIds, EventFd, Location, PciBackend, Region};
use crate::dma::IovaAllocator;
use crate::registers::Registers;
use crate::rings::{
    Command, CommandRing, Event, EventRing, RingSizes, RxPacket, RxRing, TxDone, TxRing, Waiter,
};
use crate::{Error, Result};

/// PCI command register: memory space and bus master.
const PCI_COMMAND: u64 = 0x04;
const PCI_MEMORY_AND_BUS_MASTER: u32 = 0x6;

/// How to open a card.
#[derive(Clone, Debug)]
pub struct Options {
    /// Longest wait for an answer of a vfio-user server.
    pub timeout: Duration,
    /// Longest time in which the card may complete no command while some are waiting.
    pub command_timeout: Duration,
    /// Sizes of the rings.
    pub rings: RingSizes,
    /// Connect MSI-X vectors; else rings are polled.
    pub interrupts: bool,
    /// Start rx\[0\], tx\[0\] and the event ring too; else only the command ring, for programs that program tables only.
    pub packet_io: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            timeout: DEFAULT_TIMEOUT,
            command_timeout: DEFAULT_TIMEOUT,
            rings: RingSizes::default(),
            interrupts: true,
            packet_io: true,
        }
    }
}

/// What there is to know about a card.
#[derive(Clone, Debug)]
pub struct CardInfo {
    /// Where it is.
    pub location: String,
    /// PCI identity.
    pub ids: DeviceIds,
    /// Interface version, major and minor.
    pub interface: (u32, u32),
    /// First 32 bits of the git commit it was built from; 0 in simulation.
    pub build: u32,
    /// Capabilities.
    pub caps: Caps0,
    /// Entries by table.
    pub tables: Vec<(Table, u32)>,
    /// MSI-X vectors.
    pub vectors: u32,
    /// Whether the ports receive.
    pub enabled: bool,
    /// Link of port 0 and port 1.
    pub links: [bool; 2],
}

/// An open card. Dropping it stops its rings; tables and ports stay as they are.
pub struct Card {
    regs: Registers,
    iovas: IovaAllocator,
    options: Options,
    rings: Option<Rings>,
    depths: Vec<(Table, u32)>,
    caps: Caps0,
}

struct Rings {
    cmd: CommandRing,
    packet: Option<PacketRings>,
}

struct PacketRings {
    event: EventRing,
    rx: RxRing,
    tx: TxRing,
}

impl Card {
    /// Opens the card at a location.
    ///
    /// # Errors
    /// The card cannot be reached, is none of ours, or its rings do not start.
    pub fn open(location: &Location, options: Options) -> Result<Self> {
        let backend: Box<dyn PciBackend> = match location {
            Location::VfioUser(path) => Box::new(VfioUser::connect(path, options.timeout)?),
            Location::Pci(address) => Box::new(Kernel::open(address)?),
        };
        Self::with_backend(backend, options)
    }

    /// Opens the card behind a backend.
    ///
    /// # Errors
    /// The card is none of ours, or its rings do not start.
    pub fn with_backend(mut backend: Box<dyn PciBackend>, options: Options) -> Result<Self> {
        let command = backend.read32(Region::Config, PCI_COMMAND)?;
        // The status half is write-1-to-clear: zeros leave it alone.
        backend.write32(Region::Config, PCI_COMMAND, (command & 0xffff) | PCI_MEMORY_AND_BUS_MASTER)?;
        let mut regs = Registers::new(backend)?;
        let mut depths = Vec::new();
        for &table in Table::ALL {
            depths.push((table, regs.table_depth(table)?));
        }
        let caps = regs.caps()?;
        regs.reset_rings()?;
        let mut card = Self { regs, iovas: IovaAllocator::new(), options, rings: None, depths, caps };
        card.start_rings()?;
        Ok(card)
    }

    fn start_rings(&mut self) -> Result<()> {
        let mut waiters = self.waiters()?;
        let (regs, iovas, sizes) = (&mut self.regs, &mut self.iovas, self.options.rings);
        let mut waiter = |ring: Ring| waiters[usize::from(ring.code())].take().ok_or(Error::RingDead(ring));
        let cmd =
            CommandRing::start(regs, iovas, sizes.cmd, waiter(Ring::Cmd)?, self.options.command_timeout)?;
        let packet = if self.options.packet_io {
            Some(PacketRings {
                event: EventRing::start(regs, iovas, sizes.event, waiter(Ring::Event)?)?,
                rx: RxRing::start(regs, iovas, sizes.rx, waiter(Ring::Rx0)?)?,
                tx: TxRing::start(regs, iovas, sizes.tx, waiter(Ring::Tx0)?)?,
            })
        } else {
            None
        };
        self.rings = Some(Rings { cmd, packet });
        Ok(())
    }

    /// One waiter per ring, its vector connected if the card has enough of them.
    fn waiters(&mut self) -> Result<Vec<Option<Waiter>>> {
        let backend = self.regs.backend();
        let interrupts = self.options.interrupts && backend.vectors() as usize >= Ring::ALL.len();
        let make = || EventFd::new(nix::libc::EFD_NONBLOCK | nix::libc::EFD_CLOEXEC);
        let eventfds: Vec<EventFd> = Ring::ALL
            .iter()
            .map(|_| make())
            .collect::<Result<_, _>>()
            .map_err(|e| BackendError::io("creating an eventfd", e))?;
        if interrupts {
            backend.set_vectors(&eventfds)?;
        }
        Ok(eventfds.into_iter().map(|eventfd| Some(Waiter::new(eventfd, interrupts))).collect())
    }

    /// Stops all rings and starts them anew with fresh memory, after an error that gave one up. Packets and commands
    /// in flight are lost; tables and counters keep their values.
    ///
    /// # Errors
    /// As when opening the card.
    pub fn restart_rings(&mut self) -> Result<()> {
        self.stop_rings()?;
        self.start_rings()
    }

    fn stop_rings(&mut self) -> Result<()> {
        let Some(rings) = self.rings.take() else { return Ok(()) };
        self.regs.reset_rings()?;
        let mut cores = vec![rings.cmd.into_parts().0];
        let mut pools = Vec::new();
        if let Some(packet) = rings.packet {
            let (rx, rx_pool, _) = packet.rx.into_parts();
            let (tx, tx_pool, _) = packet.tx.into_parts();
            cores.extend([packet.event.into_parts().0, rx, tx]);
            pools.extend([rx_pool, tx_pool]);
        }
        for core in cores {
            core.stop(&mut self.regs, &mut self.iovas)?;
        }
        for pool in pools {
            self.regs.backend().dma_unmap(&pool)?;
            self.iovas.release(&pool);
        }
        Ok(())
    }

    /// Everything about the card.
    ///
    /// # Errors
    /// Register access failed.
    pub fn info(&mut self) -> Result<CardInfo> {
        let version = self.regs.interface()?;
        let status = self.regs.status()?;
        Ok(CardInfo {
            location: self.regs.backend().location(),
            ids: self.regs.backend().device_ids()?,
            interface: (version.major(), version.minor()),
            build: self.regs.read(reg::BUILD)?,
            caps: self.regs.caps()?,
            tables: self.depths.clone(),
            vectors: self.regs.backend().vectors(),
            enabled: self.regs.enabled()?,
            links: [status.contains(reg::Status::LINK0), status.contains(reg::Status::LINK1)],
        })
    }

    /// The registers.
    pub fn registers(&mut self) -> &mut Registers {
        &mut self.regs
    }

    /// Entries of a table on this card.
    #[must_use]
    pub fn depth(&self, table: Table) -> u32 {
        self.depths.iter().find(|(other, _)| *other == table).map_or(0, |(_, depth)| *depth)
    }

    /// GHASH multiplier latency L of this card; SA records carry H^(4L).
    #[must_use]
    pub fn ghash_latency(&self) -> u32 {
        self.caps.ghash_latency()
    }

    /// Capabilities of this card.
    #[must_use]
    pub fn caps(&self) -> Caps0 {
        self.caps
    }

    /// Lets the ports receive, or not.
    ///
    /// # Errors
    /// Register access failed.
    pub fn set_enabled(&mut self, on: bool) -> Result<()> {
        self.regs.set_enabled(on)
    }

    /// Carries commands out in order, see [`CommandRing::run`].
    ///
    /// # Errors
    /// A command was refused, or the ring failed.
    pub fn run(&mut self, commands: &[Command]) -> Result<Vec<CmdCompletion>> {
        let rings = self.rings.as_mut().ok_or(Error::RingDead(Ring::Cmd))?;
        rings.cmd.run(&mut self.regs, commands)
    }

    /// Writes one record.
    ///
    /// # Errors
    /// As [`Self::run`].
    pub fn write<R: Record>(&mut self, index: u32, record: &R) -> Result<()> {
        self.run(&[Command::write(index, record)]).map(drop)
    }

    /// Reads one record; secret fields read as zero.
    ///
    /// # Errors
    /// As [`Self::run`].
    pub fn read<R: Record>(&mut self, index: u32) -> Result<R> {
        Ok(self.read_many::<R>(&[index])?.remove(0))
    }

    /// Reads records; secret fields read as zero.
    ///
    /// # Errors
    /// As [`Self::run`].
    pub fn read_many<R: Record>(&mut self, indices: &[u32]) -> Result<Vec<R>> {
        let commands: Vec<Command> = indices.iter().map(|&index| Command::read(R::TABLE, index)).collect();
        let completions = self.run(&commands)?;
        Ok(completions.iter().map(|completion| R::unpack_from(&completion.record, 0)).collect())
    }

    fn packet(&mut self) -> Result<(&mut PacketRings, &mut Registers)> {
        let rings = self.rings.as_mut().and_then(|rings| rings.packet.as_mut());
        let rings = rings.ok_or_else(|| Error::Invalid("the card was opened without packet rings".into()))?;
        Ok((rings, &mut self.regs))
    }

    /// Sends a frame out of a port, or an IP packet to be routed in `vrf`. Gives its number, which [`Self::sent`]
    /// reports.
    ///
    /// # Errors
    /// [`Error::RingFull`] when the card takes no packets; the packet's length; or the ring failed.
    pub fn send(&mut self, dest: TxDest, vrf: u16, packet: &[u8]) -> Result<u64> {
        let (rings, regs) = self.packet()?;
        rings.tx.send(regs, dest, vrf, packet)
    }

    /// Takes the next completion of a sent packet, waiting up to `timeout`.
    ///
    /// # Errors
    /// The ring failed.
    pub fn sent(&mut self, timeout: Duration) -> Result<Option<TxDone>> {
        let (rings, regs) = self.packet()?;
        rings.tx.wait(regs, timeout)
    }

    /// Takes the next packet for the host, waiting up to `timeout` (by the ring's MSI-X vector if connected).
    ///
    /// # Errors
    /// The ring failed.
    pub fn receive(&mut self, timeout: Duration) -> Result<Option<RxPacket>> {
        let (rings, regs) = self.packet()?;
        rings.rx.wait(regs, timeout)
    }

    /// Takes the next event, waiting up to `timeout`.
    ///
    /// # Errors
    /// The ring failed.
    pub fn event(&mut self, timeout: Duration) -> Result<Option<Event>> {
        let (rings, regs) = self.packet()?;
        rings.event.wait(regs, timeout)
    }

    /// The eventfd of a packet ring's vector, to wait for it together with other descriptors; `None` when the ring is
    /// not running or its vector not connected.
    #[must_use]
    pub fn eventfd(&self, ring: Ring) -> Option<&EventFd> {
        let packet = self.rings.as_ref()?.packet.as_ref()?;
        let waiter = match ring {
            Ring::Event => packet.event.waiter(),
            Ring::Rx0 => packet.rx.waiter(),
            Ring::Tx0 => packet.tx.waiter(),
            Ring::Cmd => return None,
        };
        waiter.interrupts().then(|| waiter.eventfd())
    }
}

impl Drop for Card {
    fn drop(&mut self) {
        // The card may be gone already; its memory is ours to free only when it is stopped or disconnected, and
        // the backend, dropped next, disconnects it.
        let _ = self.stop_rings();
        if self.options.interrupts {
            let _ = self.regs.backend().set_vectors(&[]);
        }
    }
}
