// SPDX-License-Identifier: Apache-2.0
//! Spelling of names in the generated languages.

/// `NoRoute`, `sa_in` -> `NO_ROUTE`, `SA_IN`.
pub fn upper(name: &str) -> String {
    let mut out = String::new();
    let mut previous = '_';
    for c in name.chars() {
        if c.is_ascii_uppercase() && previous != '_' && !previous.is_ascii_uppercase() {
            out.push('_');
        }
        out.push(c.to_ascii_uppercase());
        previous = c;
    }
    out
}

/// `sa_in` -> `SaIn`.
pub fn camel(name: &str) -> String {
    name.split('_')
        .map(|word| {
            let mut chars = word.chars();
            chars
                .next()
                .map_or(String::new(), |first| first.to_ascii_uppercase().to_string() + chars.as_str())
        })
        .collect()
}

/// Lower case letters, digits and underscores, starting with a letter.
pub fn is_snake(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

/// Letters and digits, starting with an upper case letter.
pub fn is_camel(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_uppercase()) && name.chars().all(|c| c.is_ascii_alphanumeric())
}

/// Words that cannot name a field in SystemVerilog or in Rust, as far as they are lower case words
/// that a description might well use.
pub fn is_keyword(name: &str) -> bool {
    const WORDS: &[&str] = &[
        // SystemVerilog
        "accept_on",
        "alias",
        "always",
        "and",
        "assert",
        "assign",
        "assume",
        "automatic",
        "before",
        "begin",
        "bind",
        "bins",
        "bit",
        "break",
        "buf",
        "byte",
        "case",
        "cell",
        "checker",
        "class",
        "clocking",
        "config",
        "constraint",
        "context",
        "continue",
        "cover",
        "cross",
        "deassign",
        "default",
        "design",
        "disable",
        "dist",
        "do",
        "edge",
        "else",
        "end",
        "event",
        "expect",
        "export",
        "extends",
        "extern",
        "final",
        "first_match",
        "for",
        "force",
        "forever",
        "fork",
        "forkjoin",
        "function",
        "generate",
        "global",
        "highz0",
        "highz1",
        "if",
        "iff",
        "implies",
        "import",
        "include",
        "initial",
        "inout",
        "input",
        "inside",
        "instance",
        "int",
        "integer",
        "interface",
        "join",
        "large",
        "let",
        "liblist",
        "library",
        "local",
        "logic",
        "longint",
        "matches",
        "medium",
        "modport",
        "module",
        "nand",
        "negedge",
        "new",
        "nexttime",
        "nor",
        "not",
        "null",
        "or",
        "output",
        "package",
        "packed",
        "parameter",
        "posedge",
        "primitive",
        "priority",
        "program",
        "property",
        "protected",
        "pull0",
        "pull1",
        "pure",
        "rand",
        "real",
        "ref",
        "reg",
        "release",
        "repeat",
        "restrict",
        "return",
        "scalared",
        "sequence",
        "shortint",
        "signed",
        "small",
        "soft",
        "solve",
        "specify",
        "static",
        "string",
        "strong",
        "strong0",
        "strong1",
        "struct",
        "super",
        "supply0",
        "supply1",
        "table",
        "tagged",
        "task",
        "this",
        "throughout",
        "time",
        "timeout",
        "tran",
        "tri",
        "tri0",
        "tri1",
        "type",
        "typedef",
        "union",
        "unique",
        "unsigned",
        "until",
        "use",
        "var",
        "vectored",
        "virtual",
        "void",
        "wait",
        "wand",
        "weak",
        "weak0",
        "weak1",
        "while",
        "wildcard",
        "wire",
        "with",
        "within",
        "wor",
        "xnor",
        "xor",
        // Rust 2021
        "as",
        "async",
        "await",
        "const",
        "crate",
        "dyn",
        "enum",
        "false",
        "fn",
        "impl",
        "in",
        "loop",
        "match",
        "mod",
        "move",
        "mut",
        "pub",
        "self",
        "trait",
        "true",
        "unsafe",
        "where",
        "abstract",
        "become",
        "box",
        "macro",
        "override",
        "priv",
        "try",
        "typeof",
        "unsized",
        "yield",
    ];
    WORDS.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings() {
        assert_eq!(upper("NoRoute"), "NO_ROUTE");
        assert_eq!(upper("sa_in"), "SA_IN");
        assert_eq!(upper("QueueFullPort0"), "QUEUE_FULL_PORT0");
        assert_eq!(upper("Rx0"), "RX0");
        assert_eq!(upper("MaxRingLog2"), "MAX_RING_LOG2");
        assert_eq!(camel("drop_reason"), "DropReason");
        assert_eq!(camel("caps0"), "Caps0");
    }

    #[test]
    fn name_shapes() {
        assert!(is_snake("sa_in") && !is_snake("SaIn") && !is_snake("0a") && !is_snake("a-b"));
        assert!(is_camel("SaIn") && !is_camel("sa_in") && !is_camel("Sa_In"));
        assert!(is_keyword("table") && is_keyword("mod") && !is_keyword("label"));
    }
}
