// SPDX-License-Identifier: Apache-2.0
//! `card info`, and the report of `apply`.

use std::io::Write;

use serde_json::json;

use super::table::Table;
use super::{print, Failure};
use crate::backend::kernel::Binding;
use crate::{ApplyReport, CardInfo, Change, Difference};

/// Capabilities by name.
fn capabilities(info: &CardInfo) -> Vec<(&'static str, bool)> {
    use headend_regs::reg::Caps0;
    vec![
        ("aes128", info.caps.contains(Caps0::AES128)),
        ("aes256", info.caps.contains(Caps0::AES256)),
        ("esn", info.caps.contains(Caps0::ESN)),
        ("ipv6", info.caps.contains(Caps0::IPV6)),
        ("transport", info.caps.contains(Caps0::TRANSPORT)),
        ("outer_ipv6", info.caps.contains(Caps0::OUTER_IPV6)),
        ("udp_encap", info.caps.contains(Caps0::UDP_ENCAP)),
        ("sa_limits", info.caps.contains(Caps0::SA_LIMITS)),
        ("tfc", info.caps.contains(Caps0::TFC)),
    ]
}

pub(super) fn info(info: &CardInfo, json: bool, out: &mut dyn Write) -> Result<(), Failure> {
    let caps = capabilities(info);
    let links = info.links.map(|up| if up { "up" } else { "down" });
    let tables: serde_json::Map<String, serde_json::Value> =
        info.tables.iter().map(|(table, depth)| (table.name().to_owned(), json!(depth))).collect();
    let value = json!({
        "card": info.location,
        "pci": {
            "vendor": format!("{:04x}", info.ids.vendor),
            "device": format!("{:04x}", info.ids.device),
            "revision": info.ids.revision,
        },
        "interface": {"major": info.interface.0, "minor": info.interface.1},
        "build": format!("{:08x}", info.build),
        "ports": info.caps.ports(),
        "pipelines": info.caps.pipes(),
        "ghash_latency": info.caps.ghash_latency(),
        "capabilities": caps.iter().filter(|(_, on)| *on).map(|(name, _)| *name).collect::<Vec<_>>(),
        "enabled": info.enabled,
        "links": links,
        "msix_vectors": info.vectors,
        "tables": tables,
    });
    let build = match info.build {
        0 => "simulation".to_owned(),
        commit => format!("commit {commit:08x}"),
    };
    let on: Vec<&str> = caps.iter().filter(|(_, on)| *on).map(|(name, _)| *name).collect();
    let mut text = format!("Card          {}\n", info.location);
    text += &format!(
        "PCI           {:04x}:{:04x} revision {}, {} MSI-X vectors\n",
        info.ids.vendor, info.ids.device, info.ids.revision, info.vectors
    );
    text += &format!("Interface     {}.{}, built from {build}\n", info.interface.0, info.interface.1);
    text += &format!("Can           {}\n", on.join(", "));
    text += &format!(
        "Ports         {} ports, {} pipeline(s), {}\n",
        info.caps.ports(),
        info.caps.pipes(),
        if info.enabled { "receiving" } else { "not receiving: no configuration was applied" }
    );
    text += &format!("Links         port 0 {}, port 1 {}\n\n", links[0], links[1]);
    let mut table = Table::new(&["Table", ">Entries", "What"]);
    for (name, depth) in info.tables.iter().filter(|(_, depth)| *depth > 0) {
        table.row([name.name().to_owned(), depth.to_string(), name.doc().to_owned()]);
    }
    text += &table.render();
    print(out, json, &text, &value)
}

/// What `card bind` and `card unbind` did.
pub(super) fn binding(
    address: &str,
    binding: &Binding,
    json: bool,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let name = |driver: &Option<String>| driver.clone().unwrap_or_else(|| "no driver".into());
    let mut text = if binding.before == binding.now {
        format!("{address} stays with {}.", name(&binding.now))
    } else {
        format!("{address} went from {} to {}.", name(&binding.before), name(&binding.now))
    };
    if binding.now.as_deref() == Some("vfio-pci") {
        text += &format!(" Use it as --card pci:{address}");
    }
    print(out, json, &text, &json!({"address": address, "before": binding.before, "now": binding.now}))
}

/// What `apply` would change, one line each.
pub(super) fn differences(found: &[Difference], json: bool, out: &mut dyn Write) -> Result<(), Failure> {
    let sign = |change| match change {
        Change::Added => '+',
        Change::Removed => '-',
        Change::Changed => '~',
    };
    let lines: Vec<String> = found.iter().map(|one| format!("{} {}", sign(one.change), one.what)).collect();
    let text = if lines.is_empty() { "No differences.".to_owned() } else { lines.join("\n") };
    print(out, json, &text, &serde_json::to_value(found).unwrap_or_default())
}

pub(super) fn report(report: &ApplyReport, json: bool, out: &mut dyn Write) -> Result<(), Failure> {
    let value = serde_json::to_value(report).unwrap_or_default();
    if report.unchanged {
        let text =
            "Nothing to do: the card holds this configuration already. Interfaces and SAs were not touched.";
        return print(out, json, text, &value);
    }
    let mut text = format!(
        "Applied: {} interfaces up, {} routes, {} labels, {} adjacencies.\n",
        report.interfaces, report.routes, report.labels, report.adjacencies
    );
    text += &format!("SAs: {} installed, {} removed", report.sas_installed, report.sas_removed);
    if report.sas_kept > 0 {
        text += &format!(
            ", {} kept as they were, with their sequence numbers (a new key needs a new SPI)",
            report.sas_kept
        );
    }
    text += &format!(".\n{} commands carried out by the card.\n", report.commands);
    print(out, json, &text, &value)
}
