// SPDX-License-Identifier: Apache-2.0
//! Turns `hdl/tables.toml`, the one description of the boundary between hardware and software, into
//! a SystemVerilog package, Rust types and a reference page.
//!
//! [`schema`] is the file as written, [`model`] the same with every rule checked and every width
//! known, and the three emitters turn a model into text.

mod check;
pub mod emit_md;
pub mod emit_rust;
pub mod emit_sv;
pub mod expr;
pub mod model;
pub mod names;
pub mod schema;

use std::path::{Path, PathBuf};

pub use model::Model;

/// A generated file.
pub struct Output {
    /// Path relative to the root of the repository.
    pub path: PathBuf,
    /// Contents.
    pub text: String,
}

/// Everything that is generated from `model`.
pub fn outputs(model: &Model) -> Vec<Output> {
    vec![
        Output { path: "hdl/rtl/pkg/headend_tables_pkg.sv".into(), text: emit_sv::emit(model) },
        Output { path: "host-driver/regs/src/generated.rs".into(), text: emit_rust::emit(model) },
        Output { path: "docs/registers.md".into(), text: emit_md::emit(model) },
    ]
}

/// Path of the description, relative to the root of the repository.
pub const SOURCE: &str = "hdl/tables.toml";

/// Reads and checks the description below `root`.
///
/// # Errors
/// Every mistake found, one per line, as `file:line: what is wrong`.
pub fn load(root: &Path) -> Result<Model, String> {
    let path = root.join(SOURCE);
    let text = std::fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))?;
    parse(&text)
}

/// Parses and checks a description.
///
/// # Errors
/// As [`load`].
pub fn parse(text: &str) -> Result<Model, String> {
    let raw: schema::File = toml::from_str(text).map_err(|e| format!("{SOURCE}: {e}"))?;
    Model::build(raw).map_err(|mistakes| {
        let lines: Vec<String> = mistakes
            .iter()
            .map(|m| {
                format!("{SOURCE}:{}: {}", 1 + text[..m.at.min(text.len())].matches('\n').count(), m.what)
            })
            .collect();
        lines.join("\n")
    })
}
