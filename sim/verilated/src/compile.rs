// SPDX-License-Identifier: Apache-2.0
//! Runs Verilator and the C++ compiler.

use crate::model::{Flavour, Fnv, Lock, Model};
use crate::progress::{Progress, Step};
use crate::sources::Sources;
use crate::Error;
use std::ffi::OsStr;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Mutex;

/// The C++ side of the binding, the same for every model.
const SHIM: &str = include_str!("shim.cpp");
/// Hot code. Verilator's own default, -Os, costs more than half of the speed.
const OPT_FAST: &str = "-O2";
/// Code that runs once, constructors and initial blocks, and the huge functions that copy every signal to a trace: at -O2 they
/// take minutes.
const OPT_SLOW: &str = "-O1";
/// Below this size of generated C++ a single translation unit builds fastest.
const UNITY_BYTES: u64 = 600_000;
/// Compilers at once.
const JOBS: usize = 2;

const COMMON_FLAGS: &[&str] = &[
    "-march=native",
    "-fPIC",
    "-faligned-new",
    "-fvisibility=hidden",
    "-fvisibility-inlines-hidden",
    "-fno-strict-aliasing",
    "-w",
    "-DVERILATOR=1",
    "-DVM_COVERAGE=0",
    "-DVM_SC=0",
    "-DVM_TRACE_VCD=0",
    "-DVL_USER_STOP",
    "-DVL_USER_FINISH",
];

/// The installed tools.
pub(crate) struct Toolchain {
    verilator: PathBuf,
    cxx: PathBuf,
    clang: bool,
}

impl Toolchain {
    pub(crate) fn find() -> Result<Self, Error> {
        let verilator =
            which("verilator").ok_or(Error::NoTool { tool: "verilator", package: "verilator" })?;
        let cxx = match std::env::var_os("HEADEND_CXX") {
            Some(name) => which(&name),
            None => which("clang++").or_else(|| which("g++")),
        };
        let cxx = cxx.ok_or(Error::NoTool { tool: "clang++ or g++", package: "clang" })?;
        let clang = cxx.to_string_lossy().contains("clang");
        Ok(Self { verilator, cxx, clang })
    }

    /// Mixes in what decides the result beside the sources: tools, flags, shim, processor.
    pub(crate) fn add_to(&self, hash: &mut Fnv) {
        for tool in [&self.verilator, &self.cxx] {
            hash.add(tool.as_os_str().as_encoded_bytes());
            if let Ok(meta) = std::fs::metadata(tool) {
                let time = meta.modified().ok().and_then(|t| t.duration_since(std::time::UNIX_EPOCH).ok());
                hash.add(format!("{} {time:?}", meta.len()).as_bytes());
            }
        }
        hash.add(format!("{COMMON_FLAGS:?} {OPT_FAST} {OPT_SLOW}").as_bytes());
        hash.add(SHIM.as_bytes());
        let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        hash.add(cpu.lines().find(|l| l.starts_with("flags")).unwrap_or_default().as_bytes());
    }

    fn root(&self) -> Result<PathBuf, Error> {
        let out = run(Command::new(&self.verilator).arg("-getenv").arg("VERILATOR_ROOT"), "VERILATOR_ROOT")?;
        Ok(PathBuf::from(out.trim()))
    }

    fn flags(&self, root: &Path, trace: bool) -> Vec<String> {
        let mut flags: Vec<String> = COMMON_FLAGS.iter().map(|f| (*f).to_string()).collect();
        for sub in ["include", "include/vltstd"] {
            flags.push(format!("-I{}", root.join(sub).display()));
        }
        flags.push(format!("-DVM_TRACE={}", u8::from(trace)));
        flags.push(format!("-DVM_TRACE_FST={}", u8::from(trace)));
        flags.push(if self.clang { "-fbracket-depth=4096" } else { "-fno-gnu-unique" }.to_string());
        flags
    }
}

/// Builds `model` into `dir`, which appears only when it is complete.
pub(crate) fn build(
    model: &Model,
    sources: &Sources,
    tools: &Toolchain,
    cache: &Path,
    dir: &Path,
) -> Result<(), Error> {
    let started = std::time::Instant::now();
    eprintln!("verilated: building {} ({:?}) ...", model.top, model.flavour);
    let progress = Progress::start(&model.top);
    let work = dir.with_extension("tmp");
    if work.exists() {
        std::fs::remove_dir_all(&work).map_err(Error::io("remove", &work))?;
    }
    std::fs::create_dir_all(&work).map_err(Error::io("create", &work))?;
    let root = tools.root()?;
    let runtime = build_runtime(tools, &root, cache, model.trace)?;
    progress.step(Step::Verilate);
    verilate(model, sources, tools, &work)?;
    write(&work.join("ports.inc"), &port_table(&work.join("Vmodel.h"))?)?;
    write(&work.join("shim.cpp"), SHIM)?;
    let mut flags = tools.flags(&root, model.trace);
    flags.push(format!("-I{}", work.display()));
    let units = translation_units(&work)?;
    let mut objects = compile_all(tools, &flags, units, &model.top, &progress)?;
    objects.extend(runtime);
    link(tools, &objects, &work.join("model.so"), model)?;
    strip_work(&work)?;
    std::fs::rename(&work, dir).map_err(Error::io("rename", &work))?;
    drop(progress);
    eprintln!("verilated: built {} in {:.1} s", model.top, started.elapsed().as_secs_f64());
    Ok(())
}

fn verilate(model: &Model, sources: &Sources, tools: &Toolchain, work: &Path) -> Result<(), Error> {
    let mut cmd = Command::new(&tools.verilator);
    cmd.args(["--cc", "-sv", "--no-timing", "-Wno-lint", "-Wno-style", "-Wno-fatal", "--prefix", "Vmodel"]);
    cmd.args(["--output-split", "20000", "-O3", "--top-module", &model.top, "-Mdir"]).arg(work);
    match model.flavour {
        Flavour::Fast => cmd.args(["--x-assign", "fast", "--x-initial", "fast", "--noassert"]),
        Flavour::Checked => cmd.args(["--x-assign", "unique", "--x-initial", "unique", "--assert"]),
    };
    if model.trace {
        cmd.args(["--trace-fst", "--trace-structs", "--trace-underscore"]);
    }
    for (name, value) in &model.params {
        cmd.arg(format!("-G{name}={value}"));
    }
    cmd.args(sources.files.iter().map(|f| &f.0));
    run(&mut cmd, &model.top).map(drop)
}

/// Turns the port declarations of the generated header, `VL_INW(&s_data_i,511,0,16);`, into rows of the
/// shim's port table.
fn port_table(header: &Path) -> Result<String, Error> {
    let text = std::fs::read_to_string(header).map_err(Error::io("read", header))?;
    let mut table = String::new();
    for line in text.lines().map(str::trim) {
        let (direction, rest) = match (line.strip_prefix("VL_IN"), line.strip_prefix("VL_OUT")) {
            (Some(rest), _) => (0, rest),
            (_, Some(rest)) => (1, rest),
            _ => continue,
        };
        let Some((_, args)) = rest.split_once("(&") else { continue };
        let args: Vec<&str> = args.trim_end_matches(");").split(',').map(str::trim).collect();
        let bounds = args
            .get(1)
            .and_then(|m| m.parse::<u32>().ok())
            .zip(args.get(2).and_then(|l| l.parse::<u32>().ok()));
        let Some((msb, lsb)) = bounds else { continue };
        writeln!(table, "HV_PORT({}, {}, {direction})", args[0], msb - lsb + 1).expect("writing to a String");
    }
    Ok(table)
}

/// One C++ file to compile: path and whether its speed matters.
struct Unit {
    path: PathBuf,
    fast: bool,
}

/// Groups the generated files: those that run once into one unit, the fast ones too while they are small.
fn translation_units(work: &Path) -> Result<Vec<Unit>, Error> {
    let mut fast = vec![work.join("shim.cpp")];
    let mut slow = Vec::new();
    let mut trace = Vec::new();
    let mut bytes = 0;
    for entry in std::fs::read_dir(work).map_err(Error::io("read folder", work))? {
        let path = entry.map_err(Error::io("read folder", work))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.extension() != Some(OsStr::new("cpp")) || name == "shim.cpp" {
            continue;
        }
        if name.contains("__Slow") || name.contains("__Syms") || name.contains("__ConstPool") {
            slow.push(path);
        } else if name.contains("__Trace__") {
            trace.push(path);
        } else {
            bytes += path.metadata().map_err(Error::io("read", &path))?.len();
            fast.push(path);
        }
    }
    fast.sort();
    slow.sort();
    let mut units = Vec::new();
    if bytes < UNITY_BYTES {
        fast = vec![unity(work, "all_fast.cpp", &fast)?];
    }
    units.extend(fast.into_iter().map(|path| Unit { path, fast: true }));
    units.extend(trace.into_iter().map(|path| Unit { path, fast: false }));
    if !slow.is_empty() {
        units.push(Unit { path: unity(work, "all_slow.cpp", &slow)?, fast: false });
    }
    Ok(units)
}

fn unity(work: &Path, name: &str, files: &[PathBuf]) -> Result<PathBuf, Error> {
    let mut text = String::new();
    for file in files {
        let file = file.file_name().unwrap_or_default().to_string_lossy();
        writeln!(text, "#include \"{file}\"").expect("writing to a String");
    }
    let path = work.join(name);
    write(&path, &text)?;
    Ok(path)
}

/// Verilator's own run-time library, compiled once for all models.
fn build_runtime(tools: &Toolchain, root: &Path, cache: &Path, trace: bool) -> Result<Vec<PathBuf>, Error> {
    let mut names = vec!["verilated", "verilated_threads"];
    if trace {
        names.push("verilated_fst_c");
    }
    let mut hash = Fnv::new();
    tools.add_to(&mut hash);
    let dir = cache.join(format!("runtime{}-{:016x}", if trace { "-fst" } else { "" }, hash.finish()));
    let objects: Vec<_> = names.iter().map(|n| dir.join(format!("{n}.o"))).collect();
    let _lock = Lock::take(&dir)?;
    if objects.iter().all(|o| o.exists()) {
        return Ok(objects);
    }
    std::fs::create_dir_all(&dir).map_err(Error::io("create", &dir))?;
    let flags = tools.flags(root, trace);
    for (name, object) in names.iter().zip(&objects) {
        let partial = object.with_extension("partial");
        let source = root.join("include").join(format!("{name}.cpp"));
        compile(tools, &flags, &Unit { path: source, fast: true }, &partial, "the Verilator runtime")?;
        std::fs::rename(&partial, object).map_err(Error::io("rename", &partial))?;
    }
    Ok(objects)
}

fn compile_all(
    tools: &Toolchain,
    flags: &[String],
    units: Vec<Unit>,
    what: &str,
    progress: &Progress,
) -> Result<Vec<PathBuf>, Error> {
    let (next, done) = (AtomicUsize::new(0), AtomicUsize::new(0));
    progress.step(Step::Compile(0, units.len()));
    let failed = Mutex::new(None);
    std::thread::scope(|scope| {
        for _ in 0..JOBS.min(units.len()) {
            scope.spawn(|| {
                while let Some(unit) = units.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if let Err(error) = compile(tools, flags, unit, &unit.path.with_extension("o"), what) {
                        *failed.lock().unwrap_or_else(|p| p.into_inner()) = Some(error);
                        next.store(units.len(), Ordering::Relaxed);
                    }
                    progress.step(Step::Compile(done.fetch_add(1, Ordering::Relaxed) + 1, units.len()));
                }
            });
        }
    });
    match failed.into_inner().unwrap_or_else(|p| p.into_inner()) {
        Some(error) => Err(error),
        None => Ok(units.iter().map(|u| u.path.with_extension("o")).collect()),
    }
}

fn compile(tools: &Toolchain, flags: &[String], unit: &Unit, object: &Path, what: &str) -> Result<(), Error> {
    let mut cmd = Command::new(&tools.cxx);
    cmd.args(flags).arg(if unit.fast { OPT_FAST } else { OPT_SLOW });
    cmd.arg("-c").arg("-o").arg(object).arg(&unit.path);
    run(&mut cmd, what).map(drop)
}

/// Links without references to anything outside, so that several models live in one process.
fn link(tools: &Toolchain, objects: &[PathBuf], out: &Path, model: &Model) -> Result<(), Error> {
    let mut cmd = Command::new(&tools.cxx);
    cmd.args(["-shared", "-Wl,-Bsymbolic", "-Wl,-z,defs", "-o"]).arg(out).args(objects);
    cmd.args(["-pthread", "-lpthread", "-latomic"]);
    if model.trace {
        cmd.arg("-lz");
    }
    run(&mut cmd, &model.top).map(drop)
}

/// Leaves the shared object and the generated C++ (worth reading when speed is the question).
fn strip_work(work: &Path) -> Result<(), Error> {
    for entry in std::fs::read_dir(work).map_err(Error::io("read folder", work))? {
        let path = entry.map_err(Error::io("read folder", work))?.path();
        if path.extension() == Some(OsStr::new("o")) {
            std::fs::remove_file(&path).map_err(Error::io("remove", &path))?;
        }
    }
    Ok(())
}

fn write(path: &Path, text: &str) -> Result<(), Error> {
    std::fs::write(path, text).map_err(Error::io("write", path))
}

/// Runs a command; its output is in the error when it fails.
fn run(cmd: &mut Command, what: &str) -> Result<String, Error> {
    let tool = cmd.get_program().to_string_lossy().into_owned();
    let out = cmd.output().map_err(Error::io("run", Path::new(&tool)))?;
    let text = String::from_utf8_lossy(&out.stdout).into_owned();
    if out.status.success() {
        return Ok(text);
    }
    let output = format!("{text}{}", String::from_utf8_lossy(&out.stderr));
    Err(Error::Tool { tool, what: what.to_string(), output })
}

fn which(program: impl AsRef<OsStr>) -> Option<PathBuf> {
    let program = Path::new(program.as_ref());
    if program.components().count() > 1 {
        return program.is_file().then(|| program.to_path_buf());
    }
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|dir| dir.join(program)).find(|p| p.is_file())
}
