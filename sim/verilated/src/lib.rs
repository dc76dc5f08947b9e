// SPDX-License-Identifier: Apache-2.0
//! Builds Verilator models of the RTL on first use and calls them from Rust.
//!
//! ```no_run
//! # fn main() -> Result<(), headend_verilated::Error> {
//! use headend_verilated::Model;
//!
//! let library = Model::new("fifo_sync").param("Width", 8).param("Depth", 4).checked().build()?;
//! let mut dut = library.instance();
//! dut.reset(2);
//! dut.set("s_valid_i", 1);
//! dut.set("s_data_i", 0x5a);
//! dut.clock();
//! # Ok(())
//! # }
//! ```
//!
//! - [`Model`] describes what to build: top module, parameters, fast or checked, with or without trace.
//!   The shared object lands in `target/verilated/<top>-<hash>/`; the hash covers the source files that
//!   this module really instantiates, every flag and the tools, so an edit elsewhere rebuilds nothing and a
//!   broken file elsewhere breaks nothing. A file lock lets parallel test processes build it once.
//! - [`Library`] is the loaded model with its port table.
//! - [`Instance`] is one model with its own state: [`Instance::get`], [`Instance::set`], [`Instance::clock`].
//!
//! Data path ports are byte strings: byte 0 is in bits 7:0, as [`Instance::set_bytes`] and
//! [`Instance::get_bytes`] have it, and as the types of `headend-regs` lay themselves out.
//!
//! Environment: `HEADEND_HDL` (RTL folder, default `hdl/rtl` of the source tree), `HEADEND_VERILATED`
//! (cache folder, default `target/verilated` there), `HEADEND_CXX` (compiler, default clang++, else g++).
#![warn(missing_docs, unreachable_pub)]

mod compile;
mod instance;
mod library;
mod model;
mod progress;
mod sources;

pub use instance::{Instance, PortRef};
pub use library::{Direction, Library, Port, PortInfo};
pub use model::{Flavour, Model};
pub use sources::{SourceTree, Sources};

/// What can go wrong when a model is built or loaded.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No file `<module>.sv` below the source folders.
    #[error("no file {module}.sv below {roots}: each module stands in a file of its own name")]
    NoModule {
        /// Module that was asked for.
        module: String,
        /// Folders that were searched.
        roots: String,
    },
    /// Two files of the same name below the source folders.
    #[error("{first} and {second} define the same module")]
    DuplicateModule {
        /// One of them.
        first: String,
        /// The other.
        second: String,
    },
    /// A file or folder could not be read or written.
    #[error("cannot {action} {path}: {source}")]
    Io {
        /// What was attempted.
        action: &'static str,
        /// On which file.
        path: String,
        /// Why it failed.
        source: std::io::Error,
    },
    /// A tool is not installed.
    #[error("{tool} not found in PATH: install it with `apt-get install {package}`")]
    NoTool {
        /// Program name.
        tool: &'static str,
        /// Debian package.
        package: &'static str,
    },
    /// Verilator or the compiler reported an error.
    #[error("{tool} failed on {what}:\n{output}")]
    Tool {
        /// Program name.
        tool: String,
        /// Model or file it worked on.
        what: String,
        /// What it printed.
        output: String,
    },
    /// The built object cannot be used.
    #[error("cannot load {path}: {reason}")]
    Load {
        /// Shared object.
        path: String,
        /// Why.
        reason: String,
    },
}

impl Error {
    pub(crate) fn io(action: &'static str, path: &std::path::Path) -> impl FnOnce(std::io::Error) -> Error {
        let path = path.display().to_string();
        move |source| Error::Io { action, path, source }
    }
}
