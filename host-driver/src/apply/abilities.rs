// SPDX-License-Identifier: Apache-2.0
//! What a configuration needs and not every card can do.

use headend_regs::reg::Caps0;

use crate::config::{Config, Lifetime, Mode, Tunnel};
use crate::{Error, Result};

/// Refuses a configuration that needs what the card cannot do, naming every tunnel and key.
pub(super) fn check(config: &Config, caps: Caps0) -> Result<()> {
    let lacks: Vec<String> = config
        .tunnels
        .iter()
        .flat_map(|tunnel| needs(tunnel).map(move |need| (tunnel, need)))
        .filter(|(_, (_, needed, _))| !caps.contains(*needed))
        .map(|(tunnel, (key, _, what))| format!("tunnel.{}.{key}: no {what}", tunnel.name))
        .collect();
    if lacks.is_empty() {
        Ok(())
    } else {
        Err(Error::Incapable(lacks))
    }
}

/// What a tunnel needs: key of the configuration, capability, and what that is.
fn needs(tunnel: &Tunnel) -> impl Iterator<Item = (&'static str, Caps0, &'static str)> {
    let limits = "lifetimes of SAs";
    let limited = |lifetime: Option<Lifetime>| lifetime.is_some_and(|limits| limits != Lifetime::default());
    let (inbound, outbound) = (tunnel.inbound.as_ref(), tunnel.outbound.as_ref());
    let key_bytes =
        [inbound.map(|sa| &sa.key), outbound.map(|sa| &sa.key)].map(|key| key.map(|key| key.0.len()));
    let aes256 = key_bytes.iter().flatten().any(|&bytes| bytes > 32);
    [
        (!aes256, ("algorithm", Caps0::AES128, "AES-128")),
        (aes256, ("algorithm", Caps0::AES256, "AES-256")),
        (tunnel.esn, ("esn", Caps0::ESN, "extended sequence numbers")),
        (tunnel.mode == Mode::Transport, ("mode", Caps0::TRANSPORT, "transport mode")),
        (tunnel.local.is_ipv6(), ("local", Caps0::OUTER_IPV6, "ESP over IPv6")),
        (tunnel.udp.is_some(), ("udp", Caps0::UDP_ENCAP, "ESP in UDP")),
        (limited(inbound.map(|sa| sa.lifetime)), ("in.lifetime", Caps0::SA_LIMITS, limits)),
        (limited(outbound.map(|sa| sa.lifetime)), ("out.lifetime", Caps0::SA_LIMITS, limits)),
        (
            outbound.is_some_and(|sa| sa.tfc > 0),
            ("out.tfc", Caps0::TFC, "traffic flow confidentiality padding"),
        ),
    ]
    .into_iter()
    .filter(|(needed, _)| *needed)
    .map(|(_, need)| need)
}
