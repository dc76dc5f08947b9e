// SPDX-License-Identifier: Apache-2.0
//! The configuration file of `headend apply`: TOML, described key by key in `host-driver/README.md`.
//!
//! Reading finds every mistake in one go, with file, line, key and what was expected. Nothing is written to a card
//! unless the whole file is right.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use toml::de::DeTable;
use zeroize::Zeroizing;

mod model;
mod reader;
mod rules;
mod values;

#[cfg(test)]
mod tests;

pub use model::{
    Config, Inbound, Interface, Key, LabelAction, LabelRule, Neighbour, Outbound, Push, Route, Selector,
    Target, Tunnel, Vrf,
};
pub use reader::{ConfigErrors, Mistake};

use crate::backend::BackendError;
use crate::Result;
use reader::{Section, Source};

impl Config {
    /// Reads and checks a file. One that holds keys and that everybody may read is refused.
    ///
    /// # Errors
    /// The file cannot be read, or it has mistakes: all of them.
    pub fn load(file: &Path) -> Result<Self> {
        let io = |e| BackendError::io(format!("reading {}", file.display()), e);
        let text = Zeroizing::new(std::fs::read_to_string(file).map_err(io)?);
        let mode = std::fs::metadata(file).map_err(io)?.permissions().mode();
        Ok(parse(file, &text, mode & 0o004 != 0)?)
    }

    /// Reads and checks a text; `file` is for messages.
    ///
    /// # Errors
    /// All mistakes.
    pub fn parse(file: &Path, text: &str) -> Result<Self, ConfigErrors> {
        parse(file, text, false)
    }
}

fn parse(file: &Path, text: &str, world_readable: bool) -> Result<Config, ConfigErrors> {
    let source = Source::new(file, text);
    let (document, errors) = DeTable::parse_recoverable(text);
    for error in &errors {
        let span = error.span().unwrap_or(0..0);
        source.mistake(&span, "", error.message());
    }
    if !errors.is_empty() {
        return source.finish(Config::default());
    }
    let config = {
        let root = Section::new(&source, String::new(), 0..0, document.get_ref());
        let config = rules::read(&root);
        root.finish();
        if world_readable {
            refuse_readable_keys(&root);
        }
        config
    };
    source.finish(config)
}

/// Notes a mistake at the first key of a file that everybody may read.
fn refuse_readable_keys(root: &Section<'_>) {
    for (_, tunnel) in root.named("tunnel") {
        for direction in ["in", "out"] {
            if let Some(item) = tunnel.section(direction).and_then(|section| section.get("key")) {
                let file = root.source.file.display();
                item.mistake(format!("this file holds keys and every user may read it: chmod 600 {file}"));
                return;
            }
        }
    }
}
