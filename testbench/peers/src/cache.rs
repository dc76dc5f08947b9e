// SPDX-License-Identifier: Apache-2.0
//! Guest kernels and QEMU versions, fetched once as Debian packages and kept under `target/peers/`.
//!
//! Nothing is installed: packages are downloaded with `apt-get` and unpacked with `dpkg-deb`.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{bail, ensure, Context, Result};
use nix::fcntl::{Flock, FlockArg};

/// A Linux kernel package, unpacked.
#[derive(Debug, Clone)]
pub struct Kernel {
    /// The kernel image.
    pub image: PathBuf,
    /// The directory with `modules.dep`.
    pub modules: PathBuf,
}

/// How to start a QEMU: the words that come before its arguments.
#[derive(Debug, Clone)]
pub struct Qemu {
    /// Program and leading arguments.
    pub command: Vec<String>,
    /// Directory with its firmware.
    pub data: PathBuf,
}

/// Cargo's target directory, found from the running program.
///
/// # Errors
/// The program does not run from below a target directory.
pub fn target_dir() -> Result<PathBuf> {
    let program = std::env::current_exe().context("find the running program")?;
    program
        .ancestors()
        .find(|dir| dir.join(".fingerprint").is_dir())
        .and_then(Path::parent)
        .map(Path::to_path_buf)
        .with_context(|| format!("{} is not below Cargo's target directory", program.display()))
}

/// A program of this workspace that was built beside the running one (same profile).
///
/// # Errors
/// It has not been built; the message says how.
pub fn workspace_program(name: &str, package: &str) -> Result<PathBuf> {
    let program = std::env::current_exe().context("find the running program")?;
    program.ancestors().map(|dir| dir.join(name)).find(|path| path.is_file()).with_context(|| {
        format!(
            "{name} is not built: run `cargo build -p {package} --bin {name}` with the same profile first"
        )
    })
}

/// The kernel that Debian's `linux-image-amd64` depends on.
///
/// # Errors
/// It cannot be downloaded or unpacked; the message holds the failing command's words.
pub fn kernel() -> Result<Kernel> {
    let dir = cache_dir("kernel")?;
    once(&dir, |dir| {
        let package = download_kernel(dir)?;
        unpack_all(dir, dir)?;
        let version = package.trim_start_matches("linux-image-");
        run(Command::new(tool("depmod")?).arg("-b").arg(dir.join("root")).arg(version))
    })?;
    let root = dir.join("root");
    Ok(Kernel {
        image: only_entry(&root.join("boot"), "vmlinuz-")?,
        modules: only_entry(&root.join("lib/modules"), "")?,
    })
}

/// The QEMU of this machine's distribution.
///
/// # Errors
/// `qemu-system-x86_64` is not installed.
pub fn qemu_installed() -> Result<Qemu> {
    let program = tool("qemu-system-x86_64")?;
    Ok(Qemu { command: vec![program.to_string_lossy().into_owned()], data: PathBuf::from("/usr/share/qemu") })
}

/// QEMU 11 of Debian 13's backports (it has the device `vfio-user-pci`), run through its own loader and libraries.
///
/// # Errors
/// It cannot be downloaded or unpacked.
pub fn qemu_vfio_user() -> Result<Qemu> {
    let dir = cache_dir("qemu")?;
    once(&dir, fetch_backports_qemu)?;
    let root = dir.join("root");
    let path = |inside: &str| root.join(inside).to_string_lossy().into_owned();
    Ok(Qemu {
        command: vec![
            path("usr/lib64/ld-linux-x86-64.so.2"),
            "--library-path".to_owned(),
            path("usr/lib/x86_64-linux-gnu"),
            path("usr/bin/qemu-system-x86_64"),
        ],
        data: root.join("usr/share/qemu"),
    })
}

/// Runs apt with lists and a status file of its own, so that neither the machine's sources nor its installed
/// packages are touched.
fn fetch_backports_qemu(dir: &Path) -> Result<()> {
    let mirror = debian_mirror()?;
    let keys = "/usr/share/keyrings/debian-archive-keyring.gpg";
    for sub in ["state/lists/partial", "cache/archives/partial"] {
        fs::create_dir_all(dir.join(sub))?;
    }
    fs::write(dir.join("state/status"), "")?;
    let sources: String = ["trixie", "trixie-backports"]
        .map(|suite| format!("deb [signed-by={keys}] {mirror} {suite} main\n"))
        .concat();
    fs::write(dir.join("sources.list"), sources)?;
    let apt = || {
        let mut command = Command::new("apt-get");
        for (key, value) in [
            ("Dir::State", dir.join("state")),
            ("Dir::State::status", dir.join("state/status")),
            ("Dir::Cache", dir.join("cache")),
            ("Dir::Etc::sourcelist", dir.join("sources.list")),
            ("Dir::Etc::sourceparts", PathBuf::from("/dev/null")),
        ] {
            command.arg("-o").arg(format!("{key}={}", value.display()));
        }
        let user = nix::unistd::User::from_uid(nix::unistd::getuid()).ok().flatten();
        let user = user.map_or_else(|| "root".to_owned(), |user| user.name);
        command.args(["-o", "Acquire::Languages=none", "-o", "Debug::NoLocking=1"]);
        command.arg("-o").arg(format!("APT::Sandbox::User={user}"));
        command
    };
    run(apt().args(["-q", "update"]))?;
    run(apt().args(["-q", "-y", "--no-install-recommends", "-t", "trixie-backports"]).args([
        "--download-only",
        "install",
        "qemu-system-x86",
    ]))?;
    unpack_all(&dir.join("cache/archives"), dir)
}

/// The address of the machine's own Debian archive.
fn debian_mirror() -> Result<String> {
    let mut texts = vec![fs::read_to_string("/etc/apt/sources.list").unwrap_or_default()];
    if let Ok(entries) = fs::read_dir("/etc/apt/sources.list.d") {
        let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
        files.retain(|path| path.extension().is_some_and(|kind| kind == "list" || kind == "sources"));
        files.sort();
        texts.extend(files.iter().filter_map(|path| fs::read_to_string(path).ok()));
    }
    texts
        .iter()
        .flat_map(|text| text.lines())
        .filter(|line| line.starts_with("deb ") || line.starts_with("URIs:"))
        .flat_map(str::split_whitespace)
        .find(|word| word.contains("://") && word.trim_end_matches('/').ends_with("/debian"))
        .map(str::to_owned)
        .context("no Debian archive in /etc/apt/sources.list or sources.list.d: QEMU 11 cannot be fetched")
}

/// Downloads the kernel package and returns its name. Package lists that are too old are brought up to date once.
fn download_kernel(dir: &Path) -> Result<String> {
    let download = || -> Result<String> {
        let package = kernel_package()?;
        run(Command::new("apt-get").current_dir(dir).args(["-q", "download", &package]))?;
        Ok(package)
    };
    download().or_else(|first| {
        run(Command::new("apt-get").args(["-q", "update"]))
            .with_context(|| format!("{first:#}; updating the lists"))?;
        download()
    })
}

fn kernel_package() -> Result<String> {
    let output = Command::new("apt-cache").args(["depends", "linux-image-amd64"]).output()?;
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter_map(|line| line.trim().strip_prefix("Depends: "))
        .find(|name| name.starts_with("linux-image-"))
        .map(str::to_owned)
        .context("apt knows no linux-image-amd64: run `apt-get update` first")
}

/// Finds an installed program, in the administrator's directories too.
fn tool(name: &str) -> Result<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(["/usr/sbin", "/sbin", "/usr/local/sbin"].map(PathBuf::from))
        .map(|dir| dir.join(name))
        .find(|path| path.is_file())
        .with_context(|| {
            format!("{name} is not installed: run `make setup`, or see scripts/setup.sh for the packages")
        })
}

/// A tool that must be there before a guest can be built or started.
///
/// # Errors
/// It is not installed; the message says what to do.
pub fn require_tool(name: &str) -> Result<PathBuf> {
    tool(name)
}

/// Waits until no other guest runs on this machine's share of the target directory, and takes the turn.
///
/// # Errors
/// The lock file cannot be made.
pub fn guest_turn() -> Result<Flock<File>> {
    let file = File::create(cache_dir("guest")?.with_extension("turn"))?;
    Flock::lock(file, FlockArg::LockExclusive).map_err(|(_, errno)| errno.into())
}

fn cache_dir(name: &str) -> Result<PathBuf> {
    let dir = target_dir()?.join("peers").join(name);
    fs::create_dir_all(&dir).with_context(|| format!("create {}", dir.display()))?;
    Ok(dir)
}

/// Runs `fill` on an emptied directory unless an earlier run finished; processes that come together wait in turn.
fn once(dir: &Path, fill: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
    let lock = File::create(dir.with_extension("lock"))?;
    let _held = Flock::lock(lock, FlockArg::LockExclusive).map_err(|(_, errno)| errno)?;
    let done = dir.join("complete");
    if done.exists() {
        return Ok(());
    }
    fs::remove_dir_all(dir)?;
    fs::create_dir_all(dir)?;
    fill(dir)?;
    Ok(fs::write(done, "")?)
}

fn unpack_all(from: &Path, into: &Path) -> Result<()> {
    let root = into.join("root");
    let mut count = 0;
    for entry in fs::read_dir(from)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "deb") {
            run(Command::new("dpkg-deb").arg("-x").arg(&path).arg(&root))?;
            fs::remove_file(&path)?;
            count += 1;
        }
    }
    ensure!(count > 0, "no package was downloaded into {}", from.display());
    Ok(())
}

fn only_entry(dir: &Path, prefix: &str) -> Result<PathBuf> {
    let mut found: Vec<PathBuf> = fs::read_dir(dir)
        .with_context(|| format!("list {}", dir.display()))?
        .flatten()
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(prefix))
        .map(|entry| entry.path())
        .collect();
    match (found.pop(), found.is_empty()) {
        (Some(path), true) => Ok(path),
        _ => bail!(
            "{}: exactly one entry {prefix}* was expected; delete the directory to fetch it again",
            dir.display()
        ),
    }
}

fn run(command: &mut Command) -> Result<()> {
    let output = command.output().with_context(|| format!("run {:?}", command.get_program()))?;
    ensure!(
        output.status.success(),
        "{:?} failed ({}): {}",
        command,
        output.status,
        String::from_utf8_lossy(&output.stderr).trim()
    );
    Ok(())
}
