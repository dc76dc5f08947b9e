// SPDX-License-Identifier: Apache-2.0
//! `headend-gen`: writes everything that is generated from `hdl/tables.toml`, or checks that it is fresh.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;

/// Generates SystemVerilog, Rust and documentation from hdl/tables.toml.
#[derive(Parser)]
#[command(version)]
struct Args {
    /// Write nothing; fail when a generated file is stale.
    #[arg(long)]
    check: bool,
    /// Root of the repository.
    #[arg(long, default_value = ".")]
    root: PathBuf,
}

fn main() -> ExitCode {
    let args = Args::parse();
    match run(&args.root, args.check) {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("{e}");
            ExitCode::FAILURE
        }
    }
}

fn run(root: &Path, check: bool) -> Result<(), String> {
    let model = headend_gen::load(root)?;
    let mut stale = Vec::new();
    for output in headend_gen::outputs(&model) {
        let path = root.join(&output.path);
        if std::fs::read_to_string(&path).is_ok_and(|old| old == output.text) {
            continue;
        }
        if check {
            stale.push(format!("{}: stale; run `make gen` and commit the result", output.path.display()));
            continue;
        }
        let in_file = |e: std::io::Error| format!("{}: {e}", path.display());
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent).map_err(in_file)?;
        }
        std::fs::write(&path, output.text).map_err(in_file)?;
        println!("wrote {}", output.path.display());
    }
    if stale.is_empty() {
        Ok(())
    } else {
        Err(stale.join("\n"))
    }
}
