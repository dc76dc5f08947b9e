// SPDX-License-Identifier: Apache-2.0
//! A loaded model and its port table.

use crate::instance::Instance;
use crate::Error;
use std::collections::HashMap;
use std::ffi::{c_char, c_int, c_void, CStr};
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::Arc;

/// Version of the interface of `shim.cpp`.
const ABI: u32 = 1;

/// Direction of a port, seen from the module.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Input of the module.
    Input,
    /// Output of the module.
    Output,
}

/// Name and shape of a port.
#[derive(Debug, Clone)]
pub struct PortInfo {
    /// Name in the source.
    pub name: String,
    /// Bits.
    pub width: u32,
    /// Direction.
    pub direction: Direction,
}

/// A port, found once by name ([`Library::port`]) and used often.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Port {
    pub(crate) library: u32,
    pub(crate) slot: u32,
    pub(crate) width: u32,
}

impl Port {
    /// Bits of the port.
    pub fn width(self) -> u32 {
        self.width
    }

    /// Bytes that hold the port.
    pub fn bytes(self) -> usize {
        self.width.div_ceil(8) as usize
    }
}

#[repr(C)]
struct RawPort {
    name: *const c_char,
    width: u32,
    direction: u32,
}

/// Entry points of `shim.cpp`.
pub(crate) struct Shim {
    pub(crate) create: unsafe extern "C" fn(*mut *mut c_void, u64) -> *mut c_void,
    pub(crate) destroy: unsafe extern "C" fn(*mut c_void),
    pub(crate) eval: unsafe extern "C" fn(*mut c_void) -> *const c_char,
    pub(crate) clear_failure: unsafe extern "C" fn(),
    pub(crate) trace: unsafe extern "C" fn(*mut c_void, *const c_char) -> c_int,
    pub(crate) trace_flush: unsafe extern "C" fn(*mut c_void),
}

/// A loaded model: makes instances and knows the ports.
pub struct Library {
    pub(crate) id: u32,
    pub(crate) shim: Shim,
    ports: Vec<PortInfo>,
    by_name: HashMap<String, u32>,
    /// Keeps the code mapped; declared last so that it outlives the function pointers above.
    _object: libloading::Library,
}

impl std::fmt::Debug for Library {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Library").field("ports", &self.ports).finish_non_exhaustive()
    }
}

impl Library {
    /// Loads a shared object that [`crate::Model::build_object`] made.
    ///
    /// # Errors
    /// The file does not load or was not made by this version.
    ///
    /// # Safety
    /// Loading runs the code in the file, and every [`Instance`] runs more of it: the file is one that `build_object` made, for this
    /// kind of processor (`-march=native`), and nobody has changed it since.
    pub unsafe fn load(path: &Path) -> Result<Self, Error> {
        static NEXT_ID: AtomicU32 = AtomicU32::new(0);
        let fail = |reason: String| Error::Load { path: path.display().to_string(), reason };
        // SAFETY: the object is one of our own builds (see above); its initialisers only set up the C++ runtime of the model.
        let object = unsafe { libloading::Library::new(path) }.map_err(|e| fail(e.to_string()))?;
        // SAFETY: `shim.cpp` defines these functions with these very signatures; `hv_abi` is checked first.
        let (shim, raw) = unsafe {
            let abi =
                *object.get::<unsafe extern "C" fn() -> u32>(b"hv_abi\0").map_err(|e| fail(e.to_string()))?;
            if abi() != ABI {
                return Err(fail(format!("interface version {}, expected {ABI}", abi())));
            }
            macro_rules! symbol {
                ($name:literal) => {
                    *object.get(concat!($name, "\0").as_bytes()).map_err(|e| fail(e.to_string()))?
                };
            }
            let shim = Shim {
                create: symbol!("hv_create"),
                destroy: symbol!("hv_destroy"),
                eval: symbol!("hv_eval"),
                clear_failure: symbol!("hv_clear_failure"),
                trace: symbol!("hv_trace"),
                trace_flush: symbol!("hv_trace_flush"),
            };
            let table: unsafe extern "C" fn() -> *const RawPort = symbol!("hv_ports");
            (shim, table())
        };
        let ports = read_table(raw);
        let by_name = ports.iter().enumerate().map(|(i, p)| (p.name.clone(), i as u32)).collect();
        let id = NEXT_ID.fetch_add(1, Ordering::Relaxed);
        Ok(Self { id, shim, ports, by_name, _object: object })
    }

    /// A new instance with its own state. All inputs start as zero.
    pub fn instance(self: &Arc<Self>) -> Instance {
        Instance::new(self.clone(), 1)
    }

    /// A new instance; `seed` decides the power-up values of a checked model.
    pub fn instance_seeded(self: &Arc<Self>, seed: u64) -> Instance {
        Instance::new(self.clone(), seed)
    }

    /// The ports in the order of the generated header.
    pub fn ports(&self) -> &[PortInfo] {
        &self.ports
    }

    /// Finds a port, or `None`.
    pub fn find_port(&self, name: &str) -> Option<Port> {
        let slot = *self.by_name.get(name)?;
        Some(Port { library: self.id, slot, width: self.ports[slot as usize].width })
    }

    /// Finds a port.
    ///
    /// # Panics
    /// There is no such port; the message lists those there are.
    pub fn port(&self, name: &str) -> Port {
        self.find_port(name).unwrap_or_else(|| {
            let names: Vec<&str> = self.ports.iter().map(|p| p.name.as_str()).collect();
            panic!("no port `{name}`; the module has {}", names.join(", "))
        })
    }
}

/// Copies the table that ends with a null name.
fn read_table(mut raw: *const RawPort) -> Vec<PortInfo> {
    let mut ports = Vec::new();
    loop {
        // SAFETY: `raw` walks the static table of the loaded shim, which ends with a null name.
        let row = unsafe { &*raw };
        if row.name.is_null() {
            return ports;
        }
        // SAFETY: a name is a string literal of the shim.
        let name = unsafe { CStr::from_ptr(row.name) }.to_string_lossy().into_owned();
        let direction = if row.direction == 0 { Direction::Input } else { Direction::Output };
        ports.push(PortInfo { name, width: row.width, direction });
        raw = raw.wrapping_add(1);
    }
}
