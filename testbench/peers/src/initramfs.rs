// SPDX-License-Identifier: Apache-2.0
//! Initial RAM file systems for guests: a cpio archive ("newc" format, see `cpio(5)`) written in memory.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{bail, Context, Result};

const MODE_DIR: u32 = 0o040_755;
const MODE_FILE: u32 = 0o100_644;
const MODE_PRIVATE: u32 = 0o100_600;
const MODE_PROGRAM: u32 = 0o100_755;
const MODE_LINK: u32 = 0o120_777;

/// A cpio archive under construction. Parent directories are added as they are needed.
#[derive(Debug, Default)]
pub struct Initramfs {
    archive: Vec<u8>,
    names: BTreeSet<String>,
    inode: u32,
}

impl Initramfs {
    /// An empty archive.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a regular file. `name` has no leading slash. A name that is already there is left as it was.
    pub fn file(&mut self, name: &str, data: &[u8]) -> &mut Self {
        self.entry(name, MODE_FILE, data)
    }

    /// Adds a regular file that only its owner, root, may read and write.
    pub fn private_file(&mut self, name: &str, data: &[u8]) -> &mut Self {
        self.entry(name, MODE_PRIVATE, data)
    }

    /// Adds an executable file.
    pub fn program(&mut self, name: &str, data: &[u8]) -> &mut Self {
        self.entry(name, MODE_PROGRAM, data)
    }

    /// Adds a symbolic link.
    pub fn link(&mut self, name: &str, target: &str) -> &mut Self {
        self.entry(name, MODE_LINK, target.as_bytes())
    }

    /// Adds an empty directory.
    pub fn directory(&mut self, name: &str) -> &mut Self {
        self.entry(name, MODE_DIR, &[])
    }

    /// Adds a program of the host under `name`, with every shared library that `ldd` finds for it at the
    /// library's own path.
    ///
    /// # Errors
    /// The program or one of its libraries cannot be read, or `ldd` reports a missing library.
    pub fn host_program(&mut self, name: &str, path: &Path) -> Result<&mut Self> {
        let data = fs::read(path).with_context(|| format!("read {}", path.display()))?;
        self.program(name, &data);
        for library in shared_libraries(path)? {
            let data = fs::read(&library).with_context(|| format!("read {}", library.display()))?;
            let inside = library.to_string_lossy().trim_start_matches('/').to_owned();
            self.program(&inside, &data);
        }
        Ok(self)
    }

    /// The finished archive.
    #[must_use]
    pub fn finish(mut self) -> Vec<u8> {
        self.write_entry("TRAILER!!!", 0, &[]);
        self.archive
    }

    fn entry(&mut self, name: &str, mode: u32, data: &[u8]) -> &mut Self {
        if let Some((parent, _)) = name.rsplit_once('/') {
            if !self.names.contains(parent) {
                self.entry(parent, MODE_DIR, &[]);
            }
        }
        if self.names.insert(name.to_owned()) {
            self.write_entry(name, mode, data);
        }
        self
    }

    fn write_entry(&mut self, name: &str, mode: u32, data: &[u8]) {
        self.inode += 1;
        let size = u32::try_from(data.len()).expect("a file of an initramfs is smaller than 4 GiB");
        let name_size = u32::try_from(name.len() + 1).expect("short name");
        let links = 1;
        let fields = [self.inode, mode, 0, 0, links, 0, size, 0, 0, 0, 0, name_size, 0];
        self.archive.extend_from_slice(b"070701");
        for field in fields {
            self.archive.extend_from_slice(format!("{field:08x}").as_bytes());
        }
        self.archive.extend_from_slice(name.as_bytes());
        self.archive.push(0);
        self.align();
        self.archive.extend_from_slice(data);
        self.align();
    }

    fn align(&mut self) {
        while !self.archive.len().is_multiple_of(4) {
            self.archive.push(0);
        }
    }
}

/// The shared libraries of a host program, the dynamic loader included; none for a static program.
fn shared_libraries(path: &Path) -> Result<Vec<PathBuf>> {
    let output = Command::new("ldd").arg(path).output().context("run ldd")?;
    let text = String::from_utf8_lossy(&output.stdout);
    if let Some(missing) = text.lines().find(|line| line.contains("not found")) {
        bail!("{}: library {}", path.display(), missing.trim());
    }
    Ok(text
        .lines()
        .filter_map(|line| line.split_whitespace().find(|word| word.starts_with('/')))
        .map(PathBuf::from)
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn archive_lists_parents_once_and_ends_with_the_trailer() {
        let mut fs = Initramfs::new();
        fs.file("etc/a", b"one").file("etc/b", b"two").link("bin", "usr/bin");
        let archive = fs.finish();
        let text = String::from_utf8_lossy(&archive);
        assert_eq!(text.matches("etc\0").count(), 1);
        assert!(text.contains("etc/a\0") && text.contains("etc/b\0") && text.contains("TRAILER!!!"));
        assert_eq!(archive.len() % 4, 0);
        assert_eq!(text.matches("070701").count(), 5);
    }

    #[test]
    fn host_program_brings_its_loader() {
        let mut fs = Initramfs::new();
        fs.host_program("bin/true", Path::new("/bin/true")).expect("coreutils' true is dynamic");
        assert!(String::from_utf8_lossy(&fs.finish()).contains("ld-linux-x86-64"));
    }
}
