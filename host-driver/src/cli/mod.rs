// SPDX-License-Identifier: Apache-2.0
//! The `headend` command: looks at a card and programs it.
//!
//! It opens the card itself. Exit status: 0 done, 1 the card could not be reached or failed, 2 wrong usage, 3 the
//! configuration has mistakes.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use nix::sys::resource::{setrlimit, Resource};

use crate::backend::{kernel, Location};
use crate::config::Config;
use crate::{apply, diff, Card, Error, Options};

mod events;
mod lists;
mod names;
mod sas;
mod show;
mod stats;
mod table;
#[cfg(test)]
mod tests;

use names::NamesFrom;

const FAILED: u8 = 1;
const BAD_CONFIG: u8 = 3;

/// Looks at a Headend card and programs it.
#[derive(Debug, Parser)]
#[command(name = "headend", version, about, arg_required_else_help = true)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Args)]
struct Global {
    /// The card: vfio-user:PATH (socket of headend-card) or pci:0000:01:00.0 (function bound to vfio-pci).
    #[arg(long, env = "HEADEND_CARD", global = true, value_name = "CARD")]
    card: Option<Location>,
    /// Print JSON, errors too.
    ///
    /// An error is one line on standard output, {"error": TEXT}; of a configuration also "mistakes", a list of
    /// {"file", "line", "key", "text"}. `events` prints one object per line. Exit statuses are the same as without;
    /// wrong usage of the command line is told as text.
    #[arg(long, global = true)]
    json: bool,
    /// Seconds that a simulated card may take for an answer, at most a day.
    #[arg(long, global = true, value_name = "SECONDS", default_value_t = 10,
          value_parser = clap::value_parser!(u64).range(1..=86_400))]
    timeout: u64,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// The card itself.
    Card {
        #[command(subcommand)]
        command: CardCommand,
    },
    /// Program the card with a configuration file, replacing everything it holds.
    ///
    /// The whole file is checked before the first write. SAs that are on the card unchanged keep their sequence numbers
    /// and replay windows; interfaces are down while the tables change.
    Apply {
        /// The file (TOML), see host-driver/README.md.
        file: PathBuf,
        /// Only check the file; no card is needed.
        #[arg(long)]
        check: bool,
    },
    /// Show what `apply` would change on the card; nothing is written.
    Diff {
        /// The file (TOML), see host-driver/README.md.
        file: PathBuf,
    },
    /// Security associations.
    Sa {
        #[command(subcommand)]
        command: SaCommand,
    },
    /// Routes.
    Route {
        #[command(subcommand)]
        command: RouteCommand,
    },
    /// MPLS labels.
    Label {
        #[command(subcommand)]
        command: LabelCommand,
    },
    /// Counters by stage, with drop reasons, ports, and whether they add up.
    Stats,
    /// Watch events: drops as they happen, SAs at their limits, refused DMA. With --json one object per line.
    Events {
        /// Stop after so many events.
        #[arg(long, value_name = "N")]
        count: Option<u64>,
        /// Stop after so many seconds, at most a year.
        #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(..=31_536_000))]
        seconds: Option<u64>,
        #[command(flatten)]
        names: NamesFrom,
    },
}

#[derive(Debug, Subcommand)]
enum CardCommand {
    /// Identity, capabilities, table sizes, links.
    Info,
    /// Give a PCI function to vfio-pci, so that this driver can use it. Needs root.
    ///
    /// Checks first that it is a Headend card, that the IOMMU is on, and that nothing else in its IOMMU group is in use.
    Bind {
        /// PCI address: 0000:01:00.0.
        #[arg(value_parser = crate::backend::pci_address)]
        address: String,
        /// Take a function that is no Headend card too; its driver loses it.
        #[arg(long)]
        any: bool,
    },
    /// Give a PCI function back to the kernel's usual driver. Needs root; waits for a program that still uses it.
    Unbind {
        /// PCI address: 0000:01:00.0.
        #[arg(value_parser = crate::backend::pci_address)]
        address: String,
        /// Give back a function that is no Headend card too.
        #[arg(long)]
        any: bool,
    },
}

#[derive(Debug, Subcommand)]
enum SaCommand {
    /// List both directions with their modes, counters and limits. Keys are never shown.
    List {
        #[command(flatten)]
        names: NamesFrom,
    },
}

#[derive(Debug, Subcommand)]
enum RouteCommand {
    /// List routes, read from the card's trie.
    List {
        /// Only this VRF's, by number; by name if the configuration is given.
        #[arg(long, value_name = "VRF")]
        vrf: Option<String>,
        #[command(flatten)]
        names: NamesFrom,
    },
}

#[derive(Debug, Subcommand)]
enum LabelCommand {
    /// List incoming labels.
    List {
        /// Read the whole table, for cards that another program has written.
        #[arg(long)]
        scan: bool,
        #[command(flatten)]
        names: NamesFrom,
    },
}

/// Parses the command line, does what it says, prints errors; gives the exit status.
#[must_use]
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let mut out = io::stdout().lock();
    match keep_out_of_dumps().and_then(|()| run(&cli, &mut out)) {
        Ok(()) => ExitCode::SUCCESS,
        // The reader of a pipe has seen enough.
        Err(Failure::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(failure) => {
            if cli.global.json {
                // Whoever closed our output has no use for the error either.
                let _ = writeln!(out, "{}", failure.json());
            } else {
                eprintln!("headend: {failure}");
            }
            ExitCode::from(failure.status())
        }
    }
}

/// Lets no crash write this process's memory, and the keys in it, into a file, and no other process of the user read it.
fn keep_out_of_dumps() -> Result<(), Failure> {
    nix::sys::prctl::set_dumpable(false)
        .and_then(|()| setrlimit(Resource::RLIMIT_CORE, 0, 0))
        .map_err(|errno| Failure::Dumps(errno.into()))
}

#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Card(#[from] Error),
    #[error("writing the output: {0}")]
    Output(#[from] io::Error),
    #[error("forbidding crash dumps, which would hold keys: {0}")]
    Dumps(io::Error),
    #[error("which card? Give --card vfio-user:PATH or --card pci:0000:01:00.0, or set HEADEND_CARD")]
    NoCard,
    #[error("no VRF is called `{0}`: give its number, or the configuration that was applied by --config")]
    Vrf(String),
    #[error("{summary}; the card was not touched:\n{0}", summary = .0.summary())]
    Config(crate::config::ConfigErrors),
}

impl Failure {
    /// The same as an object of JSON.
    fn json(&self) -> serde_json::Value {
        let Self::Config(errors) = self else {
            return serde_json::json!({"error": self.to_string()});
        };
        let mistake = |mistake: &crate::config::Mistake| {
            serde_json::json!({
                "file": mistake.file.display().to_string(),
                "line": mistake.line,
                "key": mistake.key,
                "text": mistake.problem,
            })
        };
        let mistakes: Vec<_> = errors.0.iter().map(mistake).collect();
        serde_json::json!({"error": errors.summary(), "mistakes": mistakes})
    }

    fn status(&self) -> u8 {
        match self {
            Self::Config(_) => BAD_CONFIG,
            Self::NoCard | Self::Vrf(_) => 2,
            Self::Card(_) | Self::Output(_) | Self::Dumps(_) => FAILED,
        }
    }
}

fn run(cli: &Cli, out: &mut dyn Write) -> Result<(), Failure> {
    if let Command::Apply { file, check } = &cli.command {
        let config = load(file)?;
        if *check {
            let text = format!("{}: no mistakes", file.display());
            return print(out, cli.global.json, &text, &serde_json::json!({"mistakes": []}));
        }
        let report = apply(&mut open(&cli.global, false)?, &config)?;
        return show::report(&report, cli.global.json, out);
    }
    if let Command::Diff { file } = &cli.command {
        let config = load(file)?;
        return show::differences(&diff(&mut open(&cli.global, false)?, &config)?, cli.global.json, out);
    }
    if let Command::Card { command } = &cli.command {
        let binding = match command {
            CardCommand::Bind { address, any } => Some((address, kernel::bind(address, *any))),
            CardCommand::Unbind { address, any } => Some((address, kernel::unbind(address, *any))),
            CardCommand::Info => None,
        };
        if let Some((address, binding)) = binding {
            return show::binding(address, &binding.map_err(Error::from)?, cli.global.json, out);
        }
    }
    let events = matches!(cli.command, Command::Events { .. });
    look(&cli.command, cli.global.json, &mut open(&cli.global, events)?, out)
}

/// The commands that only look at the card.
fn look(command: &Command, json: bool, card: &mut Card, out: &mut dyn Write) -> Result<(), Failure> {
    match command {
        Command::Card { command: CardCommand::Info } => show::info(&card.info()?, json, out),
        Command::Sa { command: SaCommand::List { names } } => sas::list(card, &names.load()?, json, out),
        Command::Route { command: RouteCommand::List { vrf, names } } => {
            lists::routes(card, vrf.as_deref(), &names.load()?, json, out)
        }
        Command::Label { command: LabelCommand::List { scan, names } } => {
            lists::labels(card, *scan, &names.load()?, json, out)
        }
        Command::Stats => stats::show(&crate::stats::Stats::read(card)?, json, out),
        Command::Events { count, seconds, names } => {
            events::watch(card, *count, seconds.map(Duration::from_secs), &names.load()?, json, out)
        }
        Command::Apply { .. } | Command::Diff { .. } | Command::Card { .. } => Ok(()),
    }
}

fn load(file: &std::path::Path) -> Result<Config, Failure> {
    Config::load(file).map_err(|error| match error {
        Error::Config(mistakes) => Failure::Config(mistakes),
        other => Failure::Card(other),
    })
}

fn open(global: &Global, packet_io: bool) -> Result<Card, Failure> {
    let location = global.card.as_ref().ok_or(Failure::NoCard)?;
    let timeout = Duration::from_secs(global.timeout);
    Ok(Card::open(location, Options { timeout, command_timeout: timeout, packet_io, ..Options::default() })?)
}

/// Prints a text, or the JSON that says the same.
fn print(out: &mut dyn Write, json: bool, text: &str, value: &serde_json::Value) -> Result<(), Failure> {
    if json {
        writeln!(out, "{value:#}")?;
    } else {
        writeln!(out, "{}", text.trim_end())?;
    }
    Ok(())
}
