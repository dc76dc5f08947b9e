// SPDX-License-Identifier: Apache-2.0
//! Kernel modules for a guest: the wanted ones and what they depend on, in loading order.

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{ensure, Context, Result};

use crate::cache::require_tool;
use crate::initramfs::Initramfs;

/// Directory of the modules inside the guest; `order` in it lists them, one file name a line.
pub const MODULE_DIR: &str = "lib/m";

/// Adds the modules `wanted` (names without `.ko`) and all they need. Names that the kernel has built in are
/// skipped, so a kernel that turned a module into a built-in still works.
///
/// # Errors
/// A name is neither a module nor built in, or a file cannot be read.
pub fn add_modules(fs_image: &mut Initramfs, modules: &Path, wanted: &[&str]) -> Result<()> {
    let depends = fs::read_to_string(modules.join("modules.dep")).context("read modules.dep")?;
    let built_in = fs::read_to_string(modules.join("modules.builtin")).context("read modules.builtin")?;
    let by_name: HashMap<String, (&str, Vec<&str>)> = depends
        .lines()
        .filter_map(|line| line.split_once(':'))
        .map(|(path, needs)| (module_name(path), (path, needs.split_whitespace().collect())))
        .collect();
    let mut order: Vec<&str> = Vec::new();
    for name in wanted {
        let Some((path, needs)) = by_name.get(&name.replace('-', "_")) else {
            let known = built_in.lines().any(|path| module_name(path) == name.replace('-', "_"));
            ensure!(known, "the guest kernel has no module {name}");
            continue;
        };
        // modules.dep lists what must be loaded first last.
        for path in needs.iter().rev().chain([path]) {
            if !order.contains(path) {
                order.push(path);
            }
        }
    }
    let mut list = String::new();
    for path in order {
        let file = path.rsplit('/').next().unwrap_or(path);
        let (file, data) = plain_module(&modules.join(path), file)?;
        fs_image.file(&format!("{MODULE_DIR}/{file}"), &data);
        list.push_str(file);
        list.push('\n');
    }
    fs_image.file(&format!("{MODULE_DIR}/order"), list.as_bytes());
    Ok(())
}

/// Name and contents of a module, unpacked if the distribution packs its modules.
fn plain_module<'a>(path: &Path, file: &'a str) -> Result<(&'a str, Vec<u8>)> {
    for (ending, tool) in [(".xz", "xz"), (".zst", "zstd")] {
        if let Some(plain) = file.strip_suffix(ending) {
            let output = Command::new(require_tool(tool)?).args(["-d", "-c"]).arg(path).output()?;
            ensure!(output.status.success(), "{tool} cannot unpack {}", path.display());
            return Ok((plain, output.stdout));
        }
    }
    Ok((file, fs::read(path).with_context(|| format!("read module {}", path.display()))?))
}

/// `kernel/net/ipv4/esp4.ko.xz` -> `esp4`, with underscores for hyphens as the kernel compares names.
fn module_name(path: &str) -> String {
    let file = path.rsplit('/').next().unwrap_or(path);
    file.split(".ko").next().unwrap_or(file).replace('-', "_")
}
