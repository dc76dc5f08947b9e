// SPDX-License-Identifier: Apache-2.0
//! Where a syntax mistake is: the TOML reader tells a place in the text, people want the key.

use std::collections::HashMap;

use super::reader::{shown_name, Source};

/// What a line defines, seen without understanding the rest of the file.
struct Place {
    /// Path of the section or key, as messages show it; empty before the first.
    path: String,
    /// Name under which a second definition would collide with this one; empty when the line defines nothing.
    name: String,
}

/// Notes syntax mistakes, given as byte offset and message, each with the key of its line, and where that key was
/// defined first if it is there twice.
pub(super) fn note<'e>(
    source: &Source<'_>,
    text: &str,
    mistakes: impl IntoIterator<Item = (usize, &'e str)>,
) {
    let mut section = String::new();
    let mut counts = HashMap::new();
    let places: Vec<Place> =
        text.lines().map(|line| read_line(line.trim(), &mut section, &mut counts)).collect();
    let mut first = HashMap::new();
    for (line, place) in (1..).zip(&places).filter(|(_, place)| !place.name.is_empty()) {
        first.entry(place.name.as_str()).or_insert(line);
    }
    for (offset, message) in mistakes {
        let line = source.line(offset);
        // A mistake at the end of the text has no line of its own.
        let place = places.get(line - 1);
        let before = place.and_then(|place| first.get(place.name.as_str()).filter(|&&before| before < line));
        let problem = match before {
            Some(before) if message.contains("duplicate") => {
                format!("{message}: first in line {before}; expected it once")
            }
            _ => message.to_owned(),
        };
        source.mistake(&(offset..offset), place.map_or("", |place| &place.path), problem);
    }
}

/// What one line defines; a header changes the path in `section`.
fn read_line(line: &str, section: &mut String, counts: &mut HashMap<String, usize>) -> Place {
    if let Some(header) = line.strip_prefix('[') {
        let list = header.starts_with('[');
        let name = header.trim_start_matches('[').split(']').next().unwrap_or_default().trim().to_owned();
        section.clone_from(&name);
        if list {
            let count = counts.entry(name.clone()).and_modify(|count| *count += 1).or_insert(1);
            *section = format!("{name}[{count}]");
        }
        return Place { path: section.clone(), name };
    }
    let key = line.split_once('=').map_or("", |(key, _)| key.trim());
    let word = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
    if key.is_empty() || !key.chars().all(word) {
        return Place { path: section.clone(), name: String::new() };
    }
    let join = |key: &str| if section.is_empty() { key.to_owned() } else { format!("{section}.{key}") };
    Place { path: join(&shown_name(key)), name: join(key) }
}
