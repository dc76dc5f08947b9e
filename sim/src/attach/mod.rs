// SPDX-License-Identifier: Apache-2.0
//! What a port is plugged into: TAP interface, pcap files, datagram sockets, or nothing.

mod dgram;
mod pcap;
mod tap;

use std::os::fd::BorrowedFd;
use std::path::PathBuf;
use std::str::FromStr;

/// Bytes of the largest frame an attachment can read: more than the card takes, so that the card itself counts what
/// is too long.
pub(crate) const MAX_READ: usize = 65536;

/// What went wrong with an attachment.
#[derive(Debug, thiserror::Error)]
pub enum AttachError {
    /// The text does not describe an attachment.
    #[error("attachment `{text}`: {reason}; expected tap:NAME, pcap:IN,OUT, dgram:LOCAL,REMOTE or none")]
    Syntax {
        /// What was given.
        text: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A device, file or socket cannot be opened.
    #[error("{what}: {source}{hint}")]
    Open {
        /// What was opened.
        what: String,
        /// Why it failed.
        source: std::io::Error,
        /// What to do, with a leading separator; or empty.
        hint: &'static str,
    },
    /// A file has the wrong format, or reading it failed half-way.
    #[error("{path}: {reason}")]
    Format {
        /// File.
        path: String,
        /// What is wrong.
        reason: String,
    },
}

impl AttachError {
    fn open(what: impl Into<String>, source: impl Into<std::io::Error>) -> Self {
        Self::Open { what: what.into(), source: source.into(), hint: "" }
    }
}

/// Description of an attachment, as on the command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AttachSpec {
    /// `tap:NAME`: a TAP interface, made if there is none.
    Tap(String),
    /// `pcap:IN,OUT`: frames of IN enter the port once, frames that leave it go to OUT. Either may be empty.
    Pcap {
        /// Capture to replay.
        input: Option<PathBuf>,
        /// Capture to write.
        output: Option<PathBuf>,
    },
    /// `dgram:LOCAL,REMOTE`: Unix datagram sockets, one frame in a datagram.
    Dgram {
        /// Where we receive.
        local: PathBuf,
        /// Where we send.
        remote: PathBuf,
    },
    /// `none`: nothing enters, what leaves is discarded.
    None,
}

impl FromStr for AttachSpec {
    type Err = AttachError;

    fn from_str(text: &str) -> Result<Self, AttachError> {
        let fail = |reason: &str| AttachError::Syntax { text: text.to_string(), reason: reason.to_string() };
        let (kind, rest) = text.split_once(':').unwrap_or((text, ""));
        let pair =
            || rest.split_once(',').ok_or_else(|| fail("two paths with a comma between them are needed"));
        match kind {
            "none" if rest.is_empty() => Ok(Self::None),
            "none" => Err(fail("`none` takes no argument")),
            "tap" => {
                let valid = (1..=15).contains(&rest.len()) && !rest.contains(['/', ' ', '%']);
                valid
                    .then(|| Self::Tap(rest.to_string()))
                    .ok_or_else(|| fail("interface names have 1 to 15 characters"))
            }
            "pcap" => {
                let (input, output) = pair()?;
                let path = |p: &str| (!p.is_empty()).then(|| PathBuf::from(p));
                if input.is_empty() && output.is_empty() {
                    return Err(fail("at least one of the files is needed"));
                }
                Ok(Self::Pcap { input: path(input), output: path(output) })
            }
            "dgram" => {
                let (local, remote) = pair()?;
                if local.is_empty() || remote.is_empty() {
                    return Err(fail("both sockets are needed"));
                }
                Ok(Self::Dgram { local: local.into(), remote: remote.into() })
            }
            _ => Err(fail("unknown kind")),
        }
    }
}

impl AttachSpec {
    /// Opens it.
    ///
    /// # Errors
    /// The device, file or socket cannot be opened.
    pub fn open(&self) -> Result<Box<dyn Attachment>, AttachError> {
        Ok(match self {
            Self::Tap(name) => Box::new(tap::Tap::open(name)?),
            Self::Pcap { input, output } => Box::new(pcap::Pcap::open(input.as_deref(), output.as_deref())?),
            Self::Dgram { local, remote } => Box::new(dgram::Dgram::open(local, remote)?),
            Self::None => Box::new(Unplugged),
        })
    }
}

/// One end of a cable.
pub trait Attachment: std::fmt::Debug + Send {
    /// What to poll for frames to read; `None` when frames never arrive by themselves.
    fn fd(&self) -> Option<BorrowedFd<'_>>;

    /// A frame can be read now without polling (a capture file).
    fn has_input(&self) -> bool {
        false
    }

    /// Reads the next frame into `buffer`; `None` when there is none now.
    ///
    /// # Errors
    /// The attachment failed for good; it gives nothing any more.
    fn receive(&mut self, buffer: &mut Vec<u8>) -> Result<Option<()>, AttachError>;

    /// Takes a frame that left the port at `nanos` of simulated time; false when it is lost.
    fn send(&mut self, frame: Vec<u8>, nanos: u64) -> bool;

    /// Sends what had to wait; true when something still waits. Called again within a millisecond then.
    fn retry(&mut self) -> bool {
        false
    }

    /// Writes out what is buffered.
    ///
    /// # Errors
    /// Writing failed.
    fn flush(&mut self) -> Result<(), AttachError> {
        Ok(())
    }
}

/// No cable.
#[derive(Debug)]
struct Unplugged;

impl Attachment for Unplugged {
    fn fd(&self) -> Option<BorrowedFd<'_>> {
        None
    }

    fn receive(&mut self, _: &mut Vec<u8>) -> Result<Option<()>, AttachError> {
        Ok(None)
    }

    fn send(&mut self, _: Vec<u8>, _: u64) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn specs_parse() {
        let parse = |text: &str| text.parse::<AttachSpec>().unwrap();
        assert_eq!(parse("none"), AttachSpec::None);
        assert_eq!(parse("tap:he0"), AttachSpec::Tap("he0".into()));
        assert_eq!(
            parse("pcap:a.pcap,b.pcap"),
            AttachSpec::Pcap { input: Some("a.pcap".into()), output: Some("b.pcap".into()) }
        );
        assert_eq!(parse("pcap:,b"), AttachSpec::Pcap { input: None, output: Some("b".into()) });
        assert_eq!(parse("dgram:/a,/b"), AttachSpec::Dgram { local: "/a".into(), remote: "/b".into() });
    }

    #[test]
    fn bad_specs_say_what_is_wrong() {
        for (text, part) in [
            ("", "unknown kind"),
            ("eth:0", "unknown kind"),
            ("none:x", "no argument"),
            ("tap:", "1 to 15"),
            ("tap:a-name-that-is-too-long", "1 to 15"),
            ("tap:a/b", "1 to 15"),
            ("pcap:a", "comma"),
            ("pcap:,", "at least one"),
            ("dgram:a,", "both sockets"),
        ] {
            let error = text.parse::<AttachSpec>().unwrap_err().to_string();
            assert!(error.contains(part) && error.contains("expected tap:NAME"), "{text}: {error}");
        }
    }
}
