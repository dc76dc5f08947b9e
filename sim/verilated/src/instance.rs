// SPDX-License-Identifier: Apache-2.0
//! One running model.

use crate::library::{Direction, Library, Port};
use std::ffi::{c_void, CStr, CString};
use std::path::Path;
use std::sync::Arc;

/// Keeps [`PortRef`] to the types of this file: what `resolve` gives decides which memory is touched.
mod sealed {
    pub trait Sealed {}
    impl Sealed for crate::library::Port {}
    impl Sealed for &str {}
}

/// A port given by handle (fast) or by name (convenient in tests). Nobody else can implement it.
pub trait PortRef: Copy + sealed::Sealed {
    /// Finds the port in `library`; a handle is its own answer, and [`Instance`] checks that it belongs to the model.
    ///
    /// # Panics
    /// There is no port of this name.
    fn resolve(self, library: &Library) -> Port;
}

impl PortRef for Port {
    fn resolve(self, _: &Library) -> Port {
        self
    }
}

impl PortRef for &str {
    fn resolve(self, library: &Library) -> Port {
        library.port(self)
    }
}

/// One model with its own state.
///
/// Time runs by [`Instance::clock`]: the clock falls, inputs that were set take effect, combinational outputs
/// settle ([`Instance::settle`]); then it rises and the registers take their next value ([`Instance::edge`]).
/// What a port shows between the two is what the module and its neighbours see in that cycle.
pub struct Instance {
    library: Arc<Library>,
    raw: *mut c_void,
    storage: Box<[*mut u8]>,
    clk: Option<Port>,
    cycles: u64,
}

// SAFETY: a Verilated model keeps its state in the instance and its context; it may move between threads as
// long as only one uses it at a time, which `&mut self` on `eval` and the lack of `Sync` enforce.
unsafe impl Send for Instance {}

impl std::fmt::Debug for Instance {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Instance").field("cycles", &self.cycles).finish_non_exhaustive()
    }
}

impl Instance {
    pub(crate) fn new(library: Arc<Library>, seed: u64) -> Self {
        let mut pointers: Vec<*mut c_void> = vec![std::ptr::null_mut(); library.ports().len()];
        // SAFETY: the shim writes one pointer per row of its table, and `pointers` has that length.
        let raw = unsafe { (library.shim.create)(pointers.as_mut_ptr(), seed) };
        let storage = pointers.into_iter().map(|p| p.cast::<u8>()).collect();
        let clk = library.find_port("clk_i");
        let mut instance = Self { library: library.clone(), raw, storage, clk, cycles: 0 };
        for info in library.ports().iter().filter(|p| p.direction == Direction::Input) {
            instance.set_bytes(info.name.as_str(), &[]);
        }
        instance.eval();
        instance
    }

    /// The model this is an instance of.
    pub fn library(&self) -> &Arc<Library> {
        &self.library
    }

    /// Finds a port once, for use in a loop.
    ///
    /// # Panics
    /// There is no such port.
    pub fn port(&self, name: &str) -> Port {
        self.library.port(name)
    }

    /// Clock cycles since creation ([`Instance::edge`] and [`Instance::clock`]).
    pub fn cycles(&self) -> u64 {
        self.cycles
    }

    /// Storage of a port of this model: a `u8`, `u16`, `u32` or `u64` for up to 64 bits, an array of `u32` beyond.
    fn slice(&self, port: Port) -> (*mut u8, usize) {
        assert_eq!(port.library, self.library.id, "port of another model");
        (self.storage[port.slot as usize], storage_bytes(port.width))
    }

    /// Sets an input of at most 64 bits; higher bits of `value` are cut off.
    ///
    /// # Panics
    /// The port is wider than 64 bits, or does not exist.
    pub fn set(&mut self, port: impl PortRef, value: u64) {
        let port = port.resolve(&self.library);
        assert!(port.width <= 64, "port of {} bits: use set_bytes or set_u128", port.width);
        let value = if port.width == 64 { value } else { value & ((1 << port.width) - 1) };
        let (at, bytes) = self.slice(port);
        // SAFETY: `at` is the port's storage inside the live model, `bytes` its size and alignment (1, 2, 4 or 8).
        unsafe {
            match bytes {
                1 => at.write(value as u8),
                2 => at.cast::<u16>().write(value as u16),
                4 => at.cast::<u32>().write(value as u32),
                _ => at.cast::<u64>().write(value),
            }
        }
    }

    /// Reads a port of at most 64 bits.
    ///
    /// # Panics
    /// The port is wider than 64 bits, or does not exist.
    pub fn get(&self, port: impl PortRef) -> u64 {
        let port = port.resolve(&self.library);
        assert!(port.width <= 64, "port of {} bits: use get_bytes or get_u128", port.width);
        let (at, bytes) = self.slice(port);
        // SAFETY: as in `set`.
        unsafe {
            match bytes {
                1 => u64::from(at.read()),
                2 => u64::from(at.cast::<u16>().read()),
                4 => u64::from(at.cast::<u32>().read()),
                _ => at.cast::<u64>().read(),
            }
        }
    }

    /// Reads a one-bit port.
    ///
    /// # Panics
    /// The port is wider than 64 bits, or does not exist.
    pub fn get_bool(&self, port: impl PortRef) -> bool {
        self.get(port) != 0
    }

    /// Sets an input from its little-endian bytes: byte 0 is bits 7:0. Missing bytes are zero; bits beyond the
    /// port's width are cut off.
    ///
    /// # Panics
    /// `value` has more bytes than the port, or there is no such port.
    pub fn set_bytes(&mut self, port: impl PortRef, value: &[u8]) {
        let port = port.resolve(&self.library);
        assert!(value.len() <= port.bytes(), "{} bytes for a port of {} bits", value.len(), port.width);
        let (at, bytes) = self.slice(port);
        // SAFETY: `at` points to `bytes` bytes of storage that nothing else borrows; the host is little-endian,
        // so the bytes of Verilator's words are in the order of the bits.
        let storage = unsafe { std::slice::from_raw_parts_mut(at, bytes) };
        storage[..value.len()].copy_from_slice(value);
        storage[value.len()..].fill(0);
        let spare = port.bytes() as u32 * 8 - port.width;
        storage[port.bytes() - 1] &= 0xff >> spare;
    }

    /// The little-endian bytes of a port: byte 0 is bits 7:0. The borrow ends before the model can change them.
    ///
    /// # Panics
    /// There is no such port.
    pub fn get_bytes(&self, port: impl PortRef) -> &[u8] {
        let port = port.resolve(&self.library);
        let (at, _) = self.slice(port);
        // SAFETY: the storage has at least `port.bytes()` bytes, and the model writes it only in `&mut self` calls.
        unsafe { std::slice::from_raw_parts(at, port.bytes()) }
    }

    /// Sets an input of any width from an integer; higher bits are cut off or zero.
    ///
    /// # Panics
    /// There is no such port.
    pub fn set_u128(&mut self, port: impl PortRef, value: u128) {
        let port = port.resolve(&self.library);
        self.set_bytes(port, &value.to_le_bytes()[..port.bytes().min(16)]);
    }

    /// Reads the low 128 bits of a port.
    ///
    /// # Panics
    /// There is no such port.
    pub fn get_u128(&self, port: impl PortRef) -> u128 {
        let bytes = self.get_bytes(port);
        let mut value = [0; 16];
        let len = bytes.len().min(16);
        value[..len].copy_from_slice(&bytes[..len]);
        u128::from_le_bytes(value)
    }

    /// Lets the model react to its inputs, without a clock edge of its own making.
    ///
    /// # Panics
    /// An assertion of the RTL failed (checked models); the message names file and line.
    pub fn eval(&mut self) {
        // SAFETY: `raw` is the live instance that `create` gave.
        let failure = unsafe { (self.library.shim.eval)(self.raw) };
        if !failure.is_null() {
            // SAFETY: the shim gives a NUL-terminated buffer of this thread.
            let text = unsafe { CStr::from_ptr(failure) }.to_string_lossy().into_owned();
            // SAFETY: no arguments; clears that buffer.
            unsafe { (self.library.shim.clear_failure)() };
            panic!("{text} (cycle {})", self.cycles);
        }
    }

    /// First half of a cycle: clock low, inputs take effect, combinational outputs settle.
    ///
    /// # Panics
    /// The module has no `clk_i`, or an assertion failed.
    pub fn settle(&mut self) {
        let clk = self.clk.expect("the module has no clk_i");
        self.set(clk, 0);
        self.eval();
    }

    /// Second half of a cycle: the clock rises.
    ///
    /// # Panics
    /// The module has no `clk_i`, or an assertion failed.
    pub fn edge(&mut self) {
        let clk = self.clk.expect("the module has no clk_i");
        self.set(clk, 1);
        self.eval();
        self.cycles += 1;
    }

    /// One whole cycle.
    ///
    /// # Panics
    /// The module has no `clk_i`, or an assertion failed.
    pub fn clock(&mut self) {
        self.settle();
        self.edge();
    }

    /// Holds `rst_ni` low for `cycles` clocks.
    ///
    /// # Panics
    /// The module has no `clk_i` or `rst_ni`.
    pub fn reset(&mut self, cycles: u32) {
        self.set("rst_ni", 0);
        for _ in 0..cycles {
            self.clock();
        }
        self.set("rst_ni", 1);
    }

    /// Writes an FST trace to `path` from now on; one time unit is half a clock.
    ///
    /// # Errors
    /// The model was built without trace support ([`crate::Model::traced`]), or the file cannot be written.
    pub fn trace(&mut self, path: &Path) -> Result<(), crate::Error> {
        let fail =
            |reason: &str| crate::Error::Load { path: path.display().to_string(), reason: reason.into() };
        let text = CString::new(path.as_os_str().as_encoded_bytes()).map_err(|_| fail("NUL in the path"))?;
        // SAFETY: live instance, NUL-terminated path.
        match unsafe { (self.library.shim.trace)(self.raw, text.as_ptr()) } {
            0 => Ok(()),
            1 => Err(fail("the model was built without trace support")),
            _ => Err(fail("the trace file cannot be written")),
        }
    }

    /// Writes out what the trace has buffered.
    pub fn flush_trace(&mut self) {
        // SAFETY: live instance.
        unsafe { (self.library.shim.trace_flush)(self.raw) }
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        // SAFETY: `raw` came from `create`, is destroyed once, and the library is still loaded.
        unsafe { (self.library.shim.destroy)(self.raw) }
    }
}

/// Bytes of Verilator's storage for a port of `width` bits.
fn storage_bytes(width: u32) -> usize {
    match width {
        0..=8 => 1,
        9..=16 => 2,
        17..=32 => 4,
        33..=64 => 8,
        _ => width.div_ceil(32) as usize * 4,
    }
}
