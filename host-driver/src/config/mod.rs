// SPDX-License-Identifier: Apache-2.0
//! The configuration file of `headend apply`: TOML, described key by key in `host-driver/README.md`.
//!
//! Reading finds every mistake in one go, with file, line, key and what was expected. Nothing is written to a card
//! unless the whole file is right.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use toml::de::DeTable;
use zeroize::Zeroizing;

mod model;
mod reader;
mod rules;
mod syntax;
mod tunnels;
mod values;

#[cfg(test)]
mod property_tests;
#[cfg(test)]
mod tests;

pub use model::{
    Config, Df, Inbound, Interface, Key, LabelAction, LabelRule, Lifetime, Limit, Mode, Neighbour, Outbound,
    Push, Route, Selector, Target, Tunnel, Udp, Vrf,
};
pub use reader::{ConfigErrors, Mistake};

use crate::backend::BackendError;
use crate::Result;
use reader::{Section, Source};

impl Config {
    /// Reads and checks a file. One that holds keys and that anybody but its owner may read or write is refused.
    ///
    /// # Errors
    /// The file cannot be read, or it has mistakes: all of them.
    pub fn load(file: &Path) -> Result<Self> {
        let io = |e| BackendError::io(format!("reading {}", file.display()), e);
        let mut opened = File::open(file).map_err(io)?;
        // Of the file that was opened, not of its name: another file may have that by now.
        let metadata = opened.metadata().map_err(io)?;
        // With room for all of it at once, growing leaves no copies behind.
        let room = usize::try_from(metadata.len()).unwrap_or(0).saturating_add(1).min(LARGEST_GUESS);
        let mut bytes = Zeroizing::new(Vec::with_capacity(room));
        opened.read_to_end(&mut bytes).map_err(io)?;
        let text =
            std::str::from_utf8(&bytes).map_err(|error| not_text(file, &bytes[..error.valid_up_to()]))?;
        Ok(parse(file, text, metadata.permissions().mode() & 0o777)?)
    }

    /// Reads and checks a text; `file` is for messages.
    ///
    /// # Errors
    /// All mistakes.
    pub fn parse(file: &Path, text: &str) -> Result<Self, ConfigErrors> {
        parse(file, text, PRIVATE)
    }
}

/// Permissions of a file that only its owner may use.
const PRIVATE: u32 = 0o600;
/// Most bytes that are set aside for a file before it is read.
const LARGEST_GUESS: usize = 1 << 26;

/// The mistake of a file that is UTF-8 no longer than `valid`.
fn not_text(file: &Path, valid: &[u8]) -> ConfigErrors {
    let line = valid.iter().filter(|&&byte| byte == b'\n').count() + 1;
    let problem = "is no text: expected TOML in UTF-8".to_owned();
    ConfigErrors(vec![Mistake { file: file.to_owned(), line, key: String::new(), problem }])
}

fn parse(file: &Path, text: &str, mode: u32) -> Result<Config, ConfigErrors> {
    let source = Source::new(file, text);
    let (document, errors) = DeTable::parse_recoverable(text);
    if !errors.is_empty() {
        let place = |error: &toml::de::Error| error.span().map_or(0, |span| span.start);
        syntax::note(&source, text, errors.iter().map(|error| (place(error), error.message())));
        return source.finish(Config::default());
    }
    let config = {
        let root = Section::new(&source, String::new(), 0..0, document.get_ref());
        let config = rules::read(&root);
        root.finish();
        if mode & 0o077 != 0 {
            refuse_open_keys(&root, mode);
        }
        config
    };
    source.finish(config)
}

/// Notes a mistake at the first key of a file that more than its owner may use.
fn refuse_open_keys(root: &Section<'_>, mode: u32) {
    for (_, tunnel) in root.named("tunnel") {
        for direction in ["in", "out"] {
            if let Some(item) = tunnel.section(direction).and_then(|section| section.get("key")) {
                let file = root.source.file.display();
                item.mistake(format!(
                    "this file holds keys, and its mode {mode:03o} lets others than its owner use it: chmod 600 {file}"
                ));
                return;
            }
        }
    }
}
