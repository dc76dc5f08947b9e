// SPDX-License-Identifier: Apache-2.0
//! Capture files: one replayed into the port, one written of what leaves it.
//!
//! Classic pcap, link type Ethernet. Input may have micro- or nanosecond stamps and either byte order; its stamps are not
//! looked at, frames enter as fast as the port takes them. Output has nanosecond stamps of simulated time.

use super::{AttachError, Attachment};
use std::fs::{File, OpenOptions};
use std::io::{BufReader, BufWriter, ErrorKind, Read, Write};
use std::os::fd::BorrowedFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

const MAGIC_MICROS: u32 = 0xa1b2_c3d4;
const MAGIC_NANOS: u32 = 0xa1b2_3c4d;
const LINK_ETHERNET: u32 = 1;
/// Largest record accepted: what tcpdump's default snapshot length allows.
const MAX_RECORD: u32 = 262_144;

#[derive(Debug)]
struct Input {
    reader: BufReader<File>,
    path: String,
    swapped: bool,
}

#[derive(Debug)]
struct Output {
    writer: BufWriter<File>,
    path: String,
    /// First error; reported by `flush`.
    failed: Option<std::io::Error>,
}

/// A port between two capture files.
#[derive(Debug)]
pub(super) struct Pcap {
    input: Option<Input>,
    output: Option<Output>,
}

impl Pcap {
    pub(super) fn open(input: Option<&Path>, output: Option<&Path>) -> Result<Self, AttachError> {
        let input = input.map(Input::open).transpose()?;
        let output = output.map(Output::create).transpose()?;
        Ok(Self { input, output })
    }
}

/// Opens a file, but nothing that could keep us waiting: the card has one thread, and a pipe without a writer would stop it.
fn open_regular(path: &Path, options: &mut OpenOptions) -> Result<File, AttachError> {
    let name = path.display().to_string();
    let fail = |e: std::io::Error| AttachError::open(format!("capture {name}"), e);
    let irregular = || {
        AttachError::Format {
        path: name.clone(),
        reason: "not a regular file; the card reads and writes captures only as such (write a pipe to a file first, or use dgram:LOCAL,REMOTE)".into(),
    }
    };
    match options.custom_flags(libc::O_NONBLOCK).open(path) {
        Ok(file) if file.metadata().map_err(fail)?.is_file() => Ok(file),
        Ok(_) => Err(irregular()),
        // A pipe without a reader, a socket.
        Err(e) if e.raw_os_error() == Some(libc::ENXIO) => Err(irregular()),
        Err(e) => Err(fail(e)),
    }
}

impl Input {
    fn open(path: &Path) -> Result<Self, AttachError> {
        let name = path.display().to_string();
        let file = open_regular(path, OpenOptions::new().read(true))?;
        let mut input = Self { reader: BufReader::new(file), path: name, swapped: false };
        let mut header = [0; 24];
        if input.reader.read_exact(&mut header).is_err() {
            return Err(input.bad("shorter than a pcap header"));
        }
        let magic = word(&header, 0, false);
        input.swapped = matches!(magic.swap_bytes(), MAGIC_MICROS | MAGIC_NANOS);
        if !input.swapped && !matches!(magic, MAGIC_MICROS | MAGIC_NANOS) {
            return Err(input.bad("not a pcap file (pcapng: convert it by `editcap -F pcap`)"));
        }
        match word(&header, 20, input.swapped) & 0xffff {
            LINK_ETHERNET => Ok(input),
            other => Err(input.bad(&format!("link type {other}; expected {LINK_ETHERNET}, Ethernet"))),
        }
    }

    fn bad(&self, reason: &str) -> AttachError {
        AttachError::Format { path: self.path.clone(), reason: reason.to_string() }
    }

    fn next(&mut self, buffer: &mut Vec<u8>) -> Result<Option<()>, AttachError> {
        loop {
            let mut header = [0; 16];
            match self.reader.read(&mut header[..1]) {
                Ok(0) => return Ok(None),
                Ok(_) => {}
                Err(e) if e.kind() == ErrorKind::Interrupted => continue,
                Err(e) => return Err(self.bad(&e.to_string())),
            }
            let whole = self.reader.read_exact(&mut header[1..]).is_ok();
            let len = word(&header, 8, self.swapped);
            if !whole || len > MAX_RECORD {
                return Err(self.bad("record header truncated or damaged"));
            }
            buffer.resize(len as usize, 0);
            if self.reader.read_exact(buffer).is_err() {
                return Err(self.bad("last record truncated"));
            }
            if !buffer.is_empty() {
                return Ok(Some(()));
            }
        }
    }
}

fn word(bytes: &[u8], at: usize, swapped: bool) -> u32 {
    let value = u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
    if swapped {
        value.swap_bytes()
    } else {
        value
    }
}

impl Output {
    fn create(path: &Path) -> Result<Self, AttachError> {
        let name = path.display().to_string();
        let file = open_regular(path, OpenOptions::new().write(true).create(true))?;
        file.set_len(0).map_err(|e| AttachError::open(format!("capture {name}"), e))?;
        let mut output = Self { writer: BufWriter::new(file), path: name, failed: None };
        // Version 2.4, no time zone, no accuracy, snapshot length, link type.
        let mut header = Vec::with_capacity(24);
        header.extend(MAGIC_NANOS.to_le_bytes());
        header.extend([2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        header.extend(MAX_RECORD.to_le_bytes());
        header.extend(LINK_ETHERNET.to_le_bytes());
        output.put(&header);
        output.flush()?;
        Ok(output)
    }

    fn put(&mut self, bytes: &[u8]) {
        if let (None, Err(error)) = (&self.failed, self.writer.write_all(bytes)) {
            self.failed = Some(error);
        }
    }

    fn record(&mut self, frame: &[u8], nanos: u64) -> bool {
        let mut header = Vec::with_capacity(16);
        let len = frame.len() as u32;
        for value in [(nanos / 1_000_000_000) as u32, (nanos % 1_000_000_000) as u32, len, len] {
            header.extend(value.to_le_bytes());
        }
        self.put(&header);
        self.put(frame);
        self.failed.is_none()
    }

    fn flush(&mut self) -> Result<(), AttachError> {
        let result = match self.failed.take() {
            Some(error) => Err(error),
            None => self.writer.flush(),
        };
        result.map_err(|e| AttachError::open(format!("writing {}", self.path), e))
    }
}

impl Attachment for Pcap {
    fn fd(&self) -> Option<BorrowedFd<'_>> {
        None
    }

    fn has_input(&self) -> bool {
        self.input.is_some()
    }

    fn receive(&mut self, buffer: &mut Vec<u8>) -> Result<Option<()>, AttachError> {
        let Some(input) = &mut self.input else { return Ok(None) };
        let next = input.next(buffer);
        if !matches!(next, Ok(Some(()))) {
            self.input = None;
        }
        next
    }

    fn send(&mut self, frame: Vec<u8>, nanos: u64) -> bool {
        self.output.as_mut().is_none_or(|output| output.record(&frame, nanos))
    }

    fn flush(&mut self) -> Result<(), AttachError> {
        self.output.as_mut().map_or(Ok(()), Output::flush)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn capture(big: bool, magic: u32, link: u32, frames: &[&[u8]]) -> Vec<u8> {
        let put = |v: u32| if big { v.to_be_bytes() } else { v.to_le_bytes() };
        let mut bytes: Vec<u8> = [magic, 0, 0, 0, 65535, link].into_iter().flat_map(put).collect();
        for frame in frames {
            bytes.extend([1, 2, frame.len() as u32, frame.len() as u32].into_iter().flat_map(put));
            bytes.extend_from_slice(frame);
        }
        bytes
    }

    fn read_all(bytes: &[u8]) -> Result<Vec<Vec<u8>>, AttachError> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("in.pcap");
        std::fs::write(&path, bytes).unwrap();
        let mut pcap = Pcap::open(Some(&path), None)?;
        let mut frames = Vec::new();
        let mut buffer = Vec::new();
        while pcap.receive(&mut buffer)?.is_some() {
            frames.push(buffer.clone());
        }
        assert!(!pcap.has_input(), "a capture is replayed once");
        Ok(frames)
    }

    #[test]
    fn every_flavour_of_capture_is_read() {
        for (big, magic) in
            [(false, MAGIC_MICROS), (true, MAGIC_MICROS), (false, MAGIC_NANOS), (true, MAGIC_NANOS)]
        {
            let frames = read_all(&capture(big, magic, 1, &[&[1; 60], &[], &[2; 9999]])).unwrap();
            assert_eq!(frames, [vec![1; 60], vec![2; 9999]], "empty records are no frames");
        }
    }

    #[test]
    fn damaged_captures_are_clear_errors() {
        let good = capture(false, MAGIC_NANOS, 1, &[&[1; 60]]);
        let error = |bytes: &[u8]| read_all(bytes).unwrap_err().to_string();
        assert!(error(&good[..10]).contains("shorter than"));
        assert!(error(&[0; 24]).contains("not a pcap file"));
        assert!(error(&capture(false, MAGIC_NANOS, 113, &[])).contains("link type 113"));
        assert!(error(&good[..good.len() - 1]).contains("truncated"));
        assert!(error(&good[..30]).contains("truncated"));
        let mut huge = good;
        huge[32..36].copy_from_slice(&u32::MAX.to_le_bytes());
        assert!(error(&huge).contains("damaged"));
    }

    #[test]
    fn what_is_written_reads_back() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("out.pcap");
        let mut pcap = Pcap::open(None, Some(&path)).unwrap();
        assert!(pcap.send(vec![5; 60], 3_000_000_007));
        pcap.flush().unwrap();
        let bytes = std::fs::read(&path).unwrap();
        assert_eq!((word(&bytes, 24, false), word(&bytes, 28, false)), (3, 7));
        assert_eq!(read_all(&bytes).unwrap(), [vec![5; 60]]);
        let error = Pcap::open(None, Some(&dir.path().join("no/such/dir"))).unwrap_err().to_string();
        assert!(error.contains("no/such/dir"), "{error}");
    }
}
