// SPDX-License-Identifier: Apache-2.0
//! Description of a model and the cache it is built into.

use crate::compile::{self, Toolchain};
use crate::library::Library;
use crate::sources::SourceTree;
use crate::Error;
use std::collections::HashMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

/// Models of one top module that stay in the cache; the oldest go first.
const KEEP_PER_TOP: usize = 12;

/// How a model is built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flavour {
    /// As fast as possible; assertions are compiled out.
    Fast,
    /// Assertions stop the test that trips them; unknown values are random, so that a missing reset shows.
    Checked,
}

/// A model to build: module name, parameters and options.
#[derive(Debug, Clone)]
pub struct Model {
    pub(crate) top: String,
    pub(crate) params: Vec<(String, String)>,
    pub(crate) flavour: Flavour,
    pub(crate) trace: bool,
    source_dirs: Vec<PathBuf>,
}

impl Model {
    /// Model of module `top`: fast, without trace, parameters as in the source.
    pub fn new(top: &str) -> Self {
        Self {
            top: top.to_string(),
            params: Vec::new(),
            flavour: Flavour::Fast,
            trace: false,
            source_dirs: vec![hdl_dir()],
        }
    }

    /// Overrides a parameter of the top module.
    #[must_use]
    pub fn param(self, name: &str, value: u64) -> Self {
        self.param_text(name, &value.to_string())
    }

    /// Overrides a parameter by a SystemVerilog literal, `128'hff..` say.
    #[must_use]
    pub fn param_text(mut self, name: &str, value: &str) -> Self {
        self.params.push((name.to_string(), value.to_string()));
        self
    }

    /// Keeps assertions and makes unknown values random ([`Flavour::Checked`]).
    #[must_use]
    pub fn checked(mut self) -> Self {
        self.flavour = Flavour::Checked;
        self
    }

    /// Builds with support for FST traces ([`crate::Instance::trace`]). Such a model is slower even while no
    /// trace is open.
    #[must_use]
    pub fn traced(mut self, trace: bool) -> Self {
        self.trace = trace;
        self
    }

    /// Searches one more folder for modules, beside the RTL of the card.
    #[must_use]
    pub fn source_dir(mut self, dir: impl Into<PathBuf>) -> Self {
        self.source_dirs.push(dir.into());
        self
    }

    /// Builds the model unless the cache has it, and loads it. Within a process the same model is loaded once.
    ///
    /// # Errors
    /// A source file, Verilator or a compiler is missing, or one of them reports an error (its text is in the error).
    pub fn build(&self) -> Result<Arc<Library>, Error> {
        static LOADED: Mutex<Option<HashMap<PathBuf, Arc<Library>>>> = Mutex::new(None);
        let path = self.build_object()?;
        let mut loaded = LOADED.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let loaded = loaded.get_or_insert_with(HashMap::new);
        if let Some(library) = loaded.get(&path) {
            return Ok(library.clone());
        }
        // SAFETY: built just now or found in our cache, under a key that covers sources, flags, tools and processor.
        let library = Arc::new(unsafe { Library::load(&path) }?);
        loaded.insert(path, library.clone());
        Ok(library)
    }

    /// Builds the model unless the cache has it and gives the path of its shared object, which
    /// [`Library::load`] takes later, on a machine without Verilator too if its processor is of the same kind.
    ///
    /// # Errors
    /// As [`Model::build`].
    pub fn build_object(&self) -> Result<PathBuf, Error> {
        let tools = Toolchain::find()?;
        let sources = SourceTree::scan(&self.source_dirs)?.closure(&self.top)?;
        let mut hash = Fnv::new();
        for (path, text) in &sources.files {
            hash.add(path.file_name().unwrap_or_default().as_encoded_bytes());
            hash.add(text.as_bytes());
        }
        hash.add(format!("{:?} {} {:?}", self.flavour, self.trace, self.params).as_bytes());
        tools.add_to(&mut hash);
        let cache = cache_dir();
        std::fs::create_dir_all(&cache).map_err(Error::io("create", &cache))?;
        let dir = cache.join(format!("{}-{:016x}", self.top, hash.finish()));
        let object = dir.join("model.so");
        if object.exists() {
            return Ok(object);
        }
        let _lock = Lock::take(&dir)?;
        if !object.exists() {
            prune(&cache, &self.top);
            compile::build(self, &sources, &tools, &cache, &dir)?;
        }
        Ok(object)
    }
}

/// Folder of the RTL.
pub(crate) fn hdl_dir() -> PathBuf {
    std::env::var_os("HEADEND_HDL").map_or_else(|| project_root().join("hdl/rtl"), PathBuf::from)
}

/// Folder of built models.
fn cache_dir() -> PathBuf {
    if let Some(dir) = std::env::var_os("HEADEND_VERILATED") {
        return PathBuf::from(dir);
    }
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| project_root().join("target"), PathBuf::from);
    target.join("verilated")
}

/// The source tree: that of the package cargo runs, or the one the program stands in, or the one it was built from.
/// (Trees that share a target folder share programs too, so the last alone would mislead.)
fn project_root() -> PathBuf {
    let package = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    let program = std::env::current_exe().ok();
    let with_rtl =
        |start: PathBuf| start.ancestors().find(|d| d.join("hdl/rtl").is_dir()).map(Path::to_path_buf);
    let found = package.into_iter().chain(program).find_map(with_rtl);
    found.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../.."))
}

/// Removes the oldest models of `top` beyond [`KEEP_PER_TOP`]. A process that has one loaded keeps it. What
/// cannot be removed stays: it costs space only.
fn prune(cache: &Path, top: &str) {
    let Ok(entries) = std::fs::read_dir(cache) else { return };
    let mut models: Vec<_> = entries
        .filter_map(Result::ok)
        .filter(|e| {
            let name = e.file_name().to_string_lossy().into_owned();
            name.rsplit_once('-').is_some_and(|(t, h)| t == top && h.len() == 16) && e.path().is_dir()
        })
        .filter_map(|e| Some((e.metadata().ok()?.modified().ok()?, e.path())))
        .collect();
    models.sort();
    let surplus = (models.len() + 1).saturating_sub(KEEP_PER_TOP);
    for (_, path) in models.iter().take(surplus) {
        drop(std::fs::remove_dir_all(path));
    }
}

/// Exclusive lock between processes, held until dropped.
pub(crate) struct Lock(#[allow(dead_code, reason = "closing the file releases the lock")] File);

impl Lock {
    /// Waits for the lock of `path`; its file is `path` with `.lock` added.
    pub(crate) fn take(path: &Path) -> Result<Self, Error> {
        let lock = path.with_extension("lock");
        let file = File::create(&lock).map_err(Error::io("create", &lock))?;
        file.lock().map_err(Error::io("lock", &lock))?;
        Ok(Self(file))
    }
}

/// FNV-1a, 64 bits, with the length of each piece mixed in. Collisions are improbable, not impossible; nobody attacks this cache.
pub(crate) struct Fnv(u64);

impl Fnv {
    pub(crate) fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    pub(crate) fn add(&mut self, piece: &[u8]) {
        for byte in piece.iter().chain(&(piece.len() as u64).to_le_bytes()) {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }

    pub(crate) fn finish(&self) -> u64 {
        self.0
    }
}
