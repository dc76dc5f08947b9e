// SPDX-License-Identifier: Apache-2.0
//! Finds the files a module needs by following the names it instantiates.

use crate::Error;
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

/// Every SystemVerilog file below some folders, by module (or package) name. The rule of the RTL is that
/// a file defines the one module or package it is named after.
#[derive(Debug)]
pub struct SourceTree {
    roots: Vec<PathBuf>,
    files: HashMap<String, PathBuf>,
}

/// The files one module needs, packages and leaves first, so that their order suits every tool.
#[derive(Debug, Clone)]
pub struct Sources {
    /// Path and text of each file.
    pub files: Vec<(PathBuf, String)>,
}

impl SourceTree {
    /// Lists the `.sv` files below `roots`.
    ///
    /// # Errors
    /// A folder cannot be read, or two files have the same name.
    pub fn scan(roots: &[PathBuf]) -> Result<Self, Error> {
        let mut tree = Self { roots: roots.to_vec(), files: HashMap::new() };
        for root in roots {
            tree.scan_dir(root)?;
        }
        Ok(tree)
    }

    fn scan_dir(&mut self, dir: &Path) -> Result<(), Error> {
        for entry in std::fs::read_dir(dir).map_err(Error::io("read folder", dir))? {
            let path = entry.map_err(Error::io("read folder", dir))?.path();
            if path.is_dir() {
                self.scan_dir(&path)?;
                continue;
            }
            if path.extension().is_none_or(|e| e != "sv") {
                continue;
            }
            let Some(stem) = path.file_stem().and_then(|s| s.to_str()) else { continue };
            if let Some(first) = self.files.get(stem) {
                return Err(Error::DuplicateModule {
                    first: first.display().to_string(),
                    second: path.display().to_string(),
                });
            }
            self.files.insert(stem.to_string(), path);
        }
        Ok(())
    }

    /// Collects `top` and everything it instantiates or refers to as a package.
    ///
    /// # Errors
    /// `top` has no file, or a file cannot be read.
    pub fn closure(&self, top: &str) -> Result<Sources, Error> {
        if !self.files.contains_key(top) {
            let roots: Vec<_> = self.roots.iter().map(|r| r.display().to_string()).collect();
            return Err(Error::NoModule { module: top.to_string(), roots: roots.join(", ") });
        }
        let mut sources = Sources { files: Vec::new() };
        self.visit(top, &mut HashSet::new(), &mut sources)?;
        Ok(sources)
    }

    fn visit(&self, name: &str, seen: &mut HashSet<String>, out: &mut Sources) -> Result<(), Error> {
        if !seen.insert(name.to_string()) {
            return Ok(());
        }
        let path = &self.files[name];
        let text = std::fs::read_to_string(path).map_err(Error::io("read", path))?;
        for used in references(&text, |word| self.files.contains_key(word)) {
            self.visit(&used, seen, out)?;
        }
        out.files.push((path.clone(), text));
        Ok(())
    }
}

/// Names in `text` that `known` accepts and that stand where a module is instantiated
/// (`name #(`, `name u_x (`) or a package is used (`name::`), in order of appearance.
fn references(text: &str, known: impl Fn(&str) -> bool) -> Vec<String> {
    let tokens = tokenize(text);
    let mut found: Vec<String> = Vec::new();
    for (i, token) in tokens.iter().enumerate() {
        let next = tokens.get(i + 1).copied().unwrap_or("");
        let after = tokens.get(i + 2).copied().unwrap_or("");
        let after_that = tokens.get(i + 3).copied().unwrap_or("");
        let package = next == ":" && after == ":";
        let with_parameters = next == "#" && after == "(";
        let plain = is_word(next) && (after == "(" || (after == "[" && is_word(after_that)));
        let used = (package || with_parameters || plain) && is_word(token) && known(token);
        if used && !found.iter().any(|f| f == token) {
            found.push((*token).to_string());
        }
    }
    found
}

fn is_word(token: &str) -> bool {
    token.starts_with(|c: char| c.is_alphanumeric() || c == '_' || c == '$')
}

/// Words and single punctuation characters, without comments and strings.
fn tokenize(text: &str) -> Vec<&str> {
    let bytes = text.as_bytes();
    let mut tokens = Vec::new();
    let mut i = 0;
    while i < bytes.len() {
        let rest = &text.as_bytes()[i..];
        if rest.starts_with(b"//") {
            i += rest.iter().position(|&b| b == b'\n').unwrap_or(rest.len());
        } else if rest.starts_with(b"/*") {
            i += rest.windows(2).skip(2).position(|w| w == b"*/").map_or(rest.len(), |p| p + 4);
        } else if rest[0] == b'"' {
            i += rest[1..].iter().position(|&b| b == b'"').map_or(rest.len(), |p| p + 2);
        } else if rest[0].is_ascii_whitespace() || !rest[0].is_ascii() {
            i += 1;
        } else {
            let word = |b: &u8| b.is_ascii_alphanumeric() || *b == b'_' || *b == b'$';
            let len = rest.iter().take_while(|b| word(b)).count().max(1);
            tokens.push(&text[i..i + len]);
            i += len;
        }
    }
    tokens
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instances_and_packages_are_references() {
        let text = "// leaf u_no (\n/* leaf #( */ module top (input leaf_t a); \n localparam x = pkg::W;\n\
                    fifo #(.W(1)) u_f (.a);\n leaf u_l (.b);\n assign y = leaf(3); $display(\"leaf u_x (\");";
        let known = ["fifo", "leaf", "pkg"];
        assert_eq!(references(text, |w| known.contains(&w)), ["pkg", "fifo", "leaf"]);
        assert!(references("assign y = leaf(3); // leaf u_l (", |w| w == "leaf").is_empty());
    }

    #[test]
    fn closure_puts_leaves_first_and_ignores_the_rest() {
        let dir = tempfile::tempdir().unwrap();
        let put = |name: &str, text: &str| std::fs::write(dir.path().join(name), text).unwrap();
        put("top.sv", "module top; mid u_mid (); endmodule");
        put("mid.sv", "module mid; leaf #(.A(1)) u_a (); leaf #(.A(2)) u_b (); endmodule");
        put("leaf.sv", "module leaf; endmodule");
        put("broken.sv", "modul broken");
        let tree = SourceTree::scan(&[dir.path().to_path_buf()]).unwrap();
        let names: Vec<_> = tree.closure("top").unwrap().files.iter().map(|f| f.0.clone()).collect();
        let stems: Vec<_> = names.iter().map(|p| p.file_stem().unwrap().to_str().unwrap()).collect();
        assert_eq!(stems, ["leaf", "mid", "top"]);
        let missing = tree.closure("absent").unwrap_err().to_string();
        assert!(missing.contains("absent.sv"), "{missing}");
    }
}
