// SPDX-License-Identifier: Apache-2.0
//! Runs inside a guest: what busybox and `ip` cannot do.
//!
//! * `headend-guest-net natt PORT` has the kernel take ESP on UDP port PORT until it is killed (RFC 3948).
//! * `headend-guest-net echo FROM TO PORT TOS DF BYTES` sends BYTES bytes by UDP from address FROM to TO:PORT with this TOS
//!   (decimal), with (`df`) or without (`nodf`) DF, and waits for the same bytes to come back.

use std::net::UdpSocket;
use std::os::fd::AsRawFd;
use std::time::Duration;

use anyhow::{bail, ensure, Context, Result};
use nix::libc;

/// Longest wait for an echo; the guest and the card are emulated.
const LIMIT: Duration = Duration::from_secs(10);
/// `UDP_ENCAP` and `UDP_ENCAP_ESPINUDP` of linux/udp.h.
const UDP_ENCAP: (i32, i32) = (100, 2);
/// `IP_MTU_DISCOVER` of linux/in.h: 0 never sets DF, 2 always.
const NO_DF: i32 = 0;
const DF: i32 = 2;

fn main() -> Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["natt", port] => natt(port.parse()?),
        ["echo", from, to, port, tos, df, bytes] => {
            let df = match df {
                "df" => DF,
                "nodf" => NO_DF,
                other => bail!("`{other}`: expected df or nodf"),
            };
            echo((from, 0), (to, port.parse()?), tos.parse()?, df, bytes.parse()?)
        }
        _ => bail!("usage: headend-guest-net natt PORT | echo FROM TO PORT TOS df|nodf BYTES"),
    }
}

fn set(socket: &UdpSocket, level: i32, (name, value): (i32, i32)) -> Result<()> {
    let size = libc::socklen_t::try_from(size_of_val(&value))?;
    // SAFETY: the descriptor is open for as long as `socket` lives, and the kernel reads `size` bytes of `value`, which
    // lives until the call returns.
    let status =
        unsafe { libc::setsockopt(socket.as_raw_fd(), level, name, std::ptr::from_ref(&value).cast(), size) };
    ensure!(status == 0, "setsockopt {level}, {name}: {}", std::io::Error::last_os_error());
    Ok(())
}

fn natt(port: u16) -> Result<()> {
    let socket = UdpSocket::bind(("0.0.0.0", port)).with_context(|| format!("bind UDP port {port}"))?;
    set(&socket, libc::IPPROTO_UDP, UDP_ENCAP)?;
    println!("the kernel takes ESP on UDP port {port}");
    loop {
        std::thread::park();
    }
}

fn echo(from: (&str, u16), to: (&str, u16), tos: i32, df: i32, bytes: usize) -> Result<()> {
    let socket = UdpSocket::bind(from).context("bind")?;
    set(&socket, libc::IPPROTO_IP, (libc::IP_TOS, tos))?;
    set(&socket, libc::IPPROTO_IP, (libc::IP_MTU_DISCOVER, df))?;
    socket.set_read_timeout(Some(LIMIT))?;
    socket.connect(to).context("connect")?;
    let sent: Vec<u8> = (0..bytes).map(|n| n as u8).collect();
    socket.send(&sent).context("send")?;
    let mut back = vec![0; bytes + 1];
    let length = socket.recv(&mut back).context("no echo")?;
    ensure!(back[..length] == sent[..], "the echo differs: {length} bytes of {bytes}");
    println!("echo of {bytes} bytes");
    Ok(())
}
