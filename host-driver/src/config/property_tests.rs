// SPDX-License-Identifier: Apache-2.0
//! Files that nobody meant: the reader never panics, names a line that exists, and shows no key.

use proptest::prelude::*;

use super::*;

const EXAMPLE: &str = include_str!("../../examples/pe.toml");
/// What the example's tunnels do not use, so that changed files reach its rules too.
const MORE: &str = r#"
[tunnel.spare]
mode = "transport"
local = "2001:db8::1"
remote = "2001:db8:9::9"
vrf = "vpn1"
algorithm = "aes256gcm12"
[tunnel.spare.in]
spi = 0x1003
key = "0x606162636465666768696a6b6c6d6e6f707172737475767778797a7b7c7d7e7f00000005"
lifetime = { soft_packets = 5, hard_packets = 6, soft_bytes = 7, hard_bytes = 8 }
[tunnel.spare.out]
spi = 0x2003
key = "0x808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f00000006"
via = "gateway"
lifetime.soft_sequence = 0x100000
[tunnel.nat]
local = "192.0.2.1"
remote = "203.0.113.77"
udp = { local = 4500, remote = 31000 }
ecn = false
vrf = "vpn2"
algorithm = "aes128gcm8"
out = { spi = 0x2004, key = "0xa0a1a2a3a4a5a6a7a8a9aaabacadaeaf00000007", via = "gateway", tfc = 300, df = "copy" }
"#;

/// Values that fit somewhere and are wrong elsewhere.
const VALUES: [&str; 24] = [
    "0",
    "-1",
    "1",
    "255",
    "0x10000",
    "4294967296",
    "0xffffffffffffffff",
    "99999999999999999999999",
    "1.5",
    "nan",
    "true",
    "\"\"",
    "\"copy\"",
    "\"set\"",
    "\"transport\"",
    "\"::\"",
    "\"::1\"",
    "\"10.0.0.0/8\"",
    "\"aes192gcm16\"",
    "\"gateway\"",
    "[]",
    "[1, 2, 3]",
    "{}",
    "{ hard_packets = 1, soft_packets = 2 }",
];

fn whole() -> String {
    format!("{EXAMPLE}{MORE}")
}

/// One change of a text.
#[derive(Clone, Debug)]
enum Change {
    /// The value of the n-th `key = value` becomes another one.
    Value(usize, &'static str),
    /// The n-th line goes.
    Remove(usize),
    /// The n-th line comes again.
    Repeat(usize),
    /// The n-th line changes place.
    Move(usize, usize),
    /// A character becomes another one.
    Character(usize, char),
    /// The text ends here.
    Cut(usize),
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        6 => (any::<usize>(), proptest::sample::select(&VALUES[..])).prop_map(|(at, value)| Change::Value(at, value)),
        2 => any::<usize>().prop_map(Change::Remove),
        1 => any::<usize>().prop_map(Change::Repeat),
        1 => any::<(usize, usize)>().prop_map(|(from, to)| Change::Move(from, to)),
        2 => (any::<usize>(), any::<char>()).prop_map(|(at, with)| Change::Character(at, with)),
        1 => any::<usize>().prop_map(Change::Cut),
    ]
}

fn changed(text: &str, change: &Change) -> String {
    let mut lines: Vec<&str> = text.lines().collect();
    let count = lines.len().max(1);
    let joined = |lines: Vec<&str>| lines.iter().map(|line| format!("{line}\n")).collect::<String>();
    match *change {
        Change::Value(n, value) => {
            let places: Vec<usize> = text.match_indices(" = ").map(|(at, _)| at + 3).collect();
            let Some(&at) = places.get(n % places.len().max(1)) else { return text.to_owned() };
            let end = text[at..].find(['\n', ',', '}']).map_or(text.len(), |length| at + length);
            format!("{}{value}{}", &text[..at], &text[end..])
        }
        Change::Remove(n) => {
            if !lines.is_empty() {
                lines.remove(n % count);
            }
            joined(lines)
        }
        Change::Repeat(n) => {
            if let Some(line) = lines.get(n % count).copied() {
                lines.insert(n % count, line);
            }
            joined(lines)
        }
        Change::Move(from, to) => {
            if !lines.is_empty() {
                let line = lines.remove(from % count);
                lines.insert(to % count, line);
            }
            joined(lines)
        }
        Change::Character(n, with) => {
            let at = n % text.chars().count().max(1);
            text.chars().enumerate().map(|(i, old)| if i == at { with } else { old }).collect()
        }
        Change::Cut(n) => text.chars().take(n % (text.chars().count() + 1)).collect(),
    }
}

/// All runs of hexadecimal digits of the text's keys; messages may show eight digits, the first ones.
fn secrets(text: &str) -> Vec<String> {
    let digits = |piece: &str| piece.len() >= 40 && piece.chars().all(|c| c == 'x' || c.is_ascii_hexdigit());
    let keys = text.split('"').filter(|piece| digits(piece));
    keys.map(|key| key.trim_start_matches("0x").chars().skip(6).take(16).collect()).collect()
}

fn judge(text: &str) -> Result<(), TestCaseError> {
    let Err(errors) = Config::parse(Path::new("pe.toml"), text) else { return Ok(()) };
    prop_assert!(!errors.0.is_empty());
    let shown = format!("{errors}\n{errors:?}");
    for mistake in &errors.0 {
        prop_assert!((1..=text.lines().count() + 1).contains(&mistake.line), "{}", mistake);
        prop_assert!(!mistake.problem.is_empty() && mistake.problem.len() < 600, "{}", mistake);
    }
    for secret in secrets(&whole()) {
        prop_assert!(!shown.contains(&secret), "{}\n{}", secret, shown);
    }
    Ok(())
}

#[test]
fn the_unchanged_file_is_right() {
    let config = Config::parse(Path::new("pe.toml"), &whole()).unwrap();
    assert_eq!((config.tunnels.len(), secrets(&whole()).len()), (4, 7));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]
    #[test]
    fn changed_files_give_mistakes_with_places_and_no_keys(changes in proptest::collection::vec(change(), 1..6)) {
        let text = changes.iter().fold(whole(), |text, change| changed(&text, change));
        judge(&text)?;
    }

    #[test]
    fn any_text_is_read_without_panic(text in "\\PC{0,200}") {
        judge(&text)?;
    }

    #[test]
    fn any_words_of_the_language_are_read_without_panic(words in proptest::collection::vec(
        proptest::sample::select(vec!["[tunnel.a]\n", "[tunnel.a.in]\n", "[[route]]\n", "[vrf.a]\n", "udp", "lifetime",
            "in", "out", "mode", "=", "{", "}", "\n", ",", "\"transport\"", "\"a\"", "1", "true", "local", "remote", "via", "."]), 0..40)) {
        judge(&words.join(" "))?;
    }
}
