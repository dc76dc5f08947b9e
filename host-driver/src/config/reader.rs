// SPDX-License-Identifier: Apache-2.0
//! Reads TOML with places: each value knows its key path and line, and each mistake is noted, not just the first.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fmt;
use std::ops::{Range, RangeInclusive};
use std::path::{Path, PathBuf};

use toml::de::{DeTable, DeValue};
use toml::Spanned;

/// One mistake in a configuration file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// The file.
    pub file: PathBuf,
    /// Line, from 1.
    pub line: usize,
    /// The key, as a path: `tunnel.acme.in.spi`; empty for a syntax error.
    pub key: String,
    /// What is wrong, and what was expected.
    pub problem: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: ", self.file.display(), self.line)?;
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        f.write_str(&self.problem)
    }
}

/// All mistakes of a configuration file, in the order of its lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigErrors(pub Vec<Mistake>);

impl ConfigErrors {
    /// How many mistakes there are, as text.
    #[must_use]
    pub fn summary(&self) -> String {
        match self.0.len() {
            1 => "1 mistake in the configuration".into(),
            count => format!("{count} mistakes in the configuration"),
        }
    }
}

impl std::error::Error for ConfigErrors {}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, mistake) in self.0.iter().enumerate() {
            if i > 0 {
                writeln!(f)?;
            }
            mistake.fmt(f)?;
        }
        Ok(())
    }
}

/// The file being read, and the mistakes found so far.
pub(super) struct Source<'t> {
    pub(super) file: &'t Path,
    /// Offsets of the newlines, ascending.
    newlines: Vec<usize>,
    mistakes: RefCell<Vec<Mistake>>,
}

impl<'t> Source<'t> {
    pub(super) fn new(file: &'t Path, text: &str) -> Self {
        let newlines =
            text.bytes().enumerate().filter(|&(_, byte)| byte == b'\n').map(|(at, _)| at).collect();
        Self { file, newlines, mistakes: RefCell::new(Vec::new()) }
    }

    /// Line of a byte offset.
    pub(super) fn line(&self, offset: usize) -> usize {
        self.newlines.partition_point(|&newline| newline < offset) + 1
    }

    pub(super) fn mistake(&self, span: &Range<usize>, key: &str, problem: impl Into<String>) {
        self.mistakes.borrow_mut().push(Mistake {
            file: self.file.to_owned(),
            line: self.line(span.start),
            key: key.to_owned(),
            problem: problem.into(),
        });
    }

    /// The mistakes, or `value` when there are none.
    pub(super) fn finish<T>(self, value: T) -> Result<T, ConfigErrors> {
        let mut mistakes = self.mistakes.into_inner();
        if mistakes.is_empty() {
            return Ok(value);
        }
        mistakes.sort_by_key(|mistake| mistake.line);
        mistakes.dedup();
        Err(ConfigErrors(mistakes))
    }
}

/// Most characters that messages show of a rejected value of a tunnel: it may be a key in the wrong place.
const SHOWN: usize = 8;
/// Longest unknown key that messages show in full: names are shorter, AES keys in hexadecimal longer.
const LONGEST_NAME: usize = 24;

/// The first [`SHOWN`] characters of a longer text.
fn shorten(text: &str) -> Cow<'_, str> {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}...", &text[..end]).into(),
        None => text.into(),
    }
}

/// A key that was rejected as messages show it: what is longer than any name may be a secret.
pub(super) fn shown_name(key: &str) -> Cow<'_, str> {
    if key.len() > LONGEST_NAME {
        shorten(key)
    } else {
        key.into()
    }
}

/// A noun with its article.
pub(super) fn article(noun: &str) -> String {
    let article = if noun.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
    format!("{article} {noun}")
}

/// The type of a value, with its article.
fn kind(value: &DeValue<'_>) -> String {
    article(value.type_str())
}

/// A table of the file. Keys that nobody asked for are mistakes, found by [`Section::finish`].
pub(super) struct Section<'t> {
    pub(super) source: &'t Source<'t>,
    pub(super) path: String,
    pub(super) span: Range<usize>,
    table: &'t DeTable<'t>,
    asked: RefCell<BTreeSet<&'static str>>,
}

impl<'t> Section<'t> {
    pub(super) fn new(
        source: &'t Source<'t>,
        path: String,
        span: Range<usize>,
        table: &'t DeTable<'t>,
    ) -> Self {
        Self { source, path, span, table, asked: RefCell::new(BTreeSet::new()) }
    }

    fn key_path(&self, key: &str) -> String {
        if self.path.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.path)
        }
    }

    /// The value of a key, if present.
    pub(super) fn get(&self, key: &'static str) -> Option<Item<'t>> {
        self.asked.borrow_mut().insert(key);
        let value = self.table.get(key)?;
        Some(Item { source: self.source, path: self.key_path(key), value })
    }

    /// The value of a key that must be there.
    pub(super) fn need(&self, key: &'static str, expected: &str) -> Option<Item<'t>> {
        let item = self.get(key);
        if item.is_none() {
            self.source.mistake(&self.span, &self.key_path(key), format!("missing; expected {expected}"));
        }
        item
    }

    /// A mistake about the section as a whole.
    pub(super) fn mistake(&self, problem: impl Into<String>) {
        self.source.mistake(&self.span, &self.path, problem);
    }

    /// The sections of a table of tables: `[vrf.NAME]` for key `vrf`, with their names.
    pub(super) fn named(&self, key: &'static str) -> Vec<(String, Section<'t>)> {
        let Some(item) = self.get(key) else { return Vec::new() };
        let Some(table) = item.value.get_ref().as_table() else {
            item.mistake(format!("is {}; expected tables as in [{key}.NAME]", item.kind()));
            return Vec::new();
        };
        let mut sections = Vec::new();
        for (name, value) in table {
            let path = format!("{}.{}", item.path, name.get_ref());
            match value.get_ref().as_table() {
                Some(table) => {
                    let section = Section::new(self.source, path, name.span(), table);
                    sections.push((name.get_ref().to_string(), section));
                }
                None => self.source.mistake(
                    &name.span(),
                    &path,
                    format!("is {}; expected a table as in [{key}.NAME]", kind(value.get_ref())),
                ),
            }
        }
        sections.sort_by_key(|(_, section)| section.span.start);
        sections
    }

    /// The sections of an array of tables: `[[route]]` for key `route`.
    pub(super) fn list(&self, key: &'static str) -> Vec<Section<'t>> {
        let Some(item) = self.get(key) else { return Vec::new() };
        let entries = item.value.get_ref().as_array();
        let Some(entries) = entries else {
            item.mistake(format!("is {}; expected a list as in [[{key}]]", item.kind()));
            return Vec::new();
        };
        let mut sections = Vec::new();
        for (i, value) in entries.iter().enumerate() {
            let path = format!("{}[{}]", item.path, i + 1);
            match value.get_ref().as_table() {
                Some(table) => sections.push(Section::new(self.source, path, value.span(), table)),
                None => self.source.mistake(
                    &value.span(),
                    &path,
                    format!("is {}; expected a table as in [[{key}]]", kind(value.get_ref())),
                ),
            }
        }
        sections
    }

    /// The table under a key, if present.
    pub(super) fn section(&self, key: &'static str) -> Option<Section<'t>> {
        let item = self.get(key)?;
        match item.value.get_ref().as_table() {
            Some(table) => Some(Section::new(self.source, item.path, item.value.span(), table)),
            None => {
                item.mistake(format!("is {}; expected a table", item.kind()));
                None
            }
        }
    }

    /// Notes every key that nobody asked for.
    pub(super) fn finish(&self) {
        let asked = self.asked.borrow();
        for (key, _) in self.table {
            let name = key.get_ref().as_ref();
            if !asked.contains(name) {
                let known: Vec<&str> = asked.iter().copied().collect();
                let problem = format!("unknown key; expected {}", known.join(", "));
                self.source.mistake(&key.span(), &self.key_path(&shown_name(name)), problem);
            }
        }
    }
}

/// A value of the file.
#[derive(Clone)]
pub(super) struct Item<'t> {
    source: &'t Source<'t>,
    pub(super) path: String,
    value: &'t Spanned<DeValue<'t>>,
}

impl<'t> Item<'t> {
    pub(super) fn span(&self) -> Range<usize> {
        self.value.span()
    }

    pub(super) fn mistake(&self, problem: impl Into<String>) {
        self.source.mistake(&self.span(), &self.path, problem);
    }

    /// A rejected value as messages show it.
    pub(super) fn shown<'s>(&self, value: &'s str) -> Cow<'s, str> {
        if self.path.starts_with("tunnel") {
            shorten(value)
        } else {
            value.into()
        }
    }

    fn kind(&self) -> String {
        kind(self.value.get_ref())
    }

    /// A string.
    pub(super) fn text(&self, expected: &str) -> Option<&'t str> {
        let text = self.value.get_ref().as_str();
        if text.is_none() {
            self.mistake(format!("is {}; expected {expected} in quotes", self.kind()));
        }
        text
    }

    /// A string that `read` understands; its error says what was expected.
    pub(super) fn parse<T>(&self, expected: &str, read: impl Fn(&str) -> Result<T, String>) -> Option<T> {
        let text = self.text(expected)?;
        match read(text) {
            Ok(value) => Some(value),
            Err(problem) => {
                self.mistake(format!("`{}`: {problem}", self.shown(text)));
                None
            }
        }
    }

    /// A string that must not appear in messages.
    pub(super) fn secret<T>(&self, expected: &str, read: impl Fn(&str) -> Result<T, String>) -> Option<T> {
        match read(self.text(expected)?) {
            Ok(value) => Some(value),
            Err(problem) => {
                self.mistake(problem);
                None
            }
        }
    }

    pub(super) fn boolean(&self) -> Option<bool> {
        let value = self.value.get_ref().as_bool();
        if value.is_none() {
            self.mistake(format!("is {}; expected true or false", self.kind()));
        }
        value
    }

    /// An integer of a range, decimal or 0x hexadecimal.
    pub(super) fn integer(&self, range: RangeInclusive<u32>) -> Option<u32> {
        let wide = u64::from(*range.start())..=u64::from(*range.end());
        self.wide(wide).and_then(|value| u32::try_from(value).ok())
    }

    /// An integer of a range that needs more than 32 bits.
    pub(super) fn wide(&self, range: RangeInclusive<u64>) -> Option<u64> {
        let expected = format!("expected a number from {} to {}", range.start(), range.end());
        let Some(integer) = self.value.get_ref().as_integer() else {
            self.mistake(format!("is {}; {expected}", self.kind()));
            return None;
        };
        let value = i128::from_str_radix(integer.as_str(), integer.radix()).ok();
        let value = value.and_then(|value| u64::try_from(value).ok()).filter(|value| range.contains(value));
        if value.is_none() {
            let shown = integer.to_string();
            self.mistake(format!("{} is out of range; {expected}", self.shown(&shown)));
        }
        value
    }

    /// Whether the value is a string, for keys that take a word or a number.
    pub(super) fn is_text(&self) -> bool {
        self.value.get_ref().is_str()
    }

    /// The elements of an array.
    pub(super) fn array(&self, expected: &str) -> Option<Vec<Item<'t>>> {
        let Some(array) = self.value.get_ref().as_array() else {
            self.mistake(format!("is {}; expected {expected}", self.kind()));
            return None;
        };
        let item =
            |(i, value)| Item { source: self.source, path: format!("{}[{}]", self.path, i + 1), value };
        Some(array.iter().enumerate().map(item).collect())
    }
}
