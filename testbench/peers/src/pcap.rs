// SPDX-License-Identifier: Apache-2.0
//! Capture files that Wireshark opens (classic pcap, microseconds, link type Ethernet), and the keys beside them.

use std::io::Write;
use std::time::UNIX_EPOCH;

use anyhow::Result;

use crate::site::Sa;
use crate::wire::Seen;

const MAGIC_MICROSECONDS: u32 = 0xa1b2_c3d4;
const SNAP_LENGTH: u32 = 65_535;
const LINK_ETHERNET: u32 = 1;

/// Writes frames as a pcap file, in the order given.
///
/// # Errors
/// Writing fails, or a time is before 1970.
pub fn write_pcap(out: &mut impl Write, frames: &[Seen]) -> Result<()> {
    out.write_all(&MAGIC_MICROSECONDS.to_le_bytes())?;
    out.write_all(&2u16.to_le_bytes())?;
    out.write_all(&4u16.to_le_bytes())?;
    for word in [0, 0, SNAP_LENGTH, LINK_ETHERNET] {
        out.write_all(&word.to_le_bytes())?;
    }
    for seen in frames {
        let time = seen.time.duration_since(UNIX_EPOCH)?;
        let length = u32::try_from(seen.frame.len())?;
        for word in [u32::try_from(time.as_secs())?, time.subsec_micros(), length, length] {
            out.write_all(&word.to_le_bytes())?;
        }
        out.write_all(&seen.frame)?;
    }
    Ok(())
}

/// One line of Wireshark's file `esp_sa` (Preferences, Protocols, ESP) for an SA between two IPv4 addresses.
#[must_use]
pub fn esp_sa_line(source: &str, destination: &str, sa: &Sa) -> String {
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let key = hex(&sa.key.key) + &hex(&sa.key.salt);
    esp_sa_of(source, destination, sa.spi, &key, sa.key.icv_len)
}

/// The same for addresses of either family, with key and salt in hexadecimal.
#[must_use]
pub fn esp_sa_of(source: &str, destination: &str, spi: u32, key: &str, icv_len: usize) -> String {
    let family = if source.contains(':') { "IPv6" } else { "IPv4" };
    format!(
        "\"{family}\",\"{source}\",\"{destination}\",\"0x{spi:08x}\",\
         \"AES-GCM with {icv_len} octet ICV [RFC4106]\",\"0x{key}\",\"NULL\",\"\"\n"
    )
}
