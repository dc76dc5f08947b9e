// SPDX-License-Identifier: Apache-2.0
//! The reference page.

use std::fmt::Write;

use crate::model::{Field, Kind, Model, Register, Struct};
use crate::schema;

const PREAMBLE: &str = "\
<!-- SPDX-License-Identifier: Apache-2.0 -->
<!-- Generated from hdl/tables.toml by `make gen`: do not edit. -->
# Registers, tables and descriptors

Everything that crosses the boundary between the card and its software. A record is a little-endian
byte string: bit 0 is bit 0 of byte 0. Numbers are plain integers (10.0.0.1 is 0x0a000001); byte strings
keep stream order, byte 0 in the lowest bits. Reserved fields are written as zero and ignored when read.
";

/// The text of `docs/registers.md`.
pub fn emit(model: &Model) -> String {
    let mut o = String::from(PREAMBLE);
    let _ = writeln!(o, "\nInterface version {}.{}.", model.interface.major, model.interface.minor);
    emit_registers(&mut o, model);
    emit_tables(&mut o, model);
    let _ = writeln!(o, "\n## Records\n\nTable records, ring entries, and the streams inside the card.");
    for s in &model.structs {
        emit_struct(&mut o, s);
    }
    let _ = writeln!(o, "\n## Codes");
    for e in &model.enums {
        emit_enum(&mut o, e);
    }
    let _ = writeln!(o, "\n## Sizes\n\n| name | value | meaning |\n| --- | ---: | --- |");
    for p in &model.params {
        let _ = writeln!(o, "| `{}` | {} | {} |", p.name.get_ref(), p.value, cell(&p.doc));
    }
    o
}

/// Text that fits a table cell.
fn cell(text: &str) -> String {
    text.replace('\n', " ").replace('|', "\\|")
}

fn emit_registers(o: &mut String, model: &Model) {
    let _ = writeln!(o, "\n## Registers of BAR0\n\n{} bytes, 32-bit accesses, little endian.", model.bar0);
    let _ = writeln!(o, "A 64-bit counter has its low word at the offset and its high word 4 above;");
    let _ = writeln!(o, "reading the low word latches the high one.\n");
    let _ = writeln!(o, "| offset | name | access | reset | meaning |\n| --- | --- | --- | --- | --- |");
    for r in &model.registers {
        let _ = writeln!(
            o,
            "| {} | `{}` | {}{} | {:#x} | {} |",
            position(r),
            r.name,
            if r.writable { "rw" } else { "ro" },
            if r.wide { ", 64 bits" } else { "" },
            r.reset,
            cell(&r.doc)
        );
    }
    for r in model.registers.iter().filter(|r| !r.fields.is_empty()) {
        let _ = writeln!(o, "\n### Register `{}`\n\n| bits | field | meaning |\n| --- | --- | --- |", r.name);
        for f in &r.fields {
            let _ = writeln!(o, "| {} | `{}` | {} |", range(f.lsb, f.width), f.name.get_ref(), cell(&f.doc));
        }
    }
}

fn position(r: &Register) -> String {
    if r.array {
        format!("{:#06x} + {:#x} n, n < {}", r.offset, r.stride, r.count)
    } else {
        format!("{:#06x}", r.offset)
    }
}

/// `msb:lsb`, or the one bit.
fn range(lsb: u32, width: u32) -> String {
    if width == 1 {
        lsb.to_string()
    } else {
        format!("{}:{lsb}", lsb + width - 1)
    }
}

fn emit_tables(o: &mut String, model: &Model) {
    let _ = writeln!(o, "\n## Tables\n\n| number | table | entries | record bits | commands |\n| ---: | --- | ---: | ---: | --- |");
    for (s, t) in model.structs.iter().filter_map(|s| s.table.as_ref().map(|t| (s, t))) {
        let commands = if t.read_only { "read" } else { "read, write" };
        let _ = writeln!(
            o,
            "| {} | [`{}`](#struct-{}) | {} | {} | {commands} |",
            t.number, t.name, s.name, t.depth, s.width
        );
    }
}

fn emit_struct(o: &mut String, s: &Struct) {
    let _ = writeln!(o, "\n### Struct `{}`\n\n{}\n\n{} bits", s.name, s.doc, s.width);
    if let Some(t) = &s.table {
        let _ = writeln!(o, "; table `{}`, {} entries (`{}`).\n", t.name, t.depth, t.depth_text);
    } else {
        let _ = writeln!(o, ".\n");
    }
    let _ = writeln!(o, "| bits | field | kind | meaning |\n| --- | --- | --- | --- |");
    for f in &s.fields {
        let secret = if f.secret { ", secret" } else { "" };
        let _ = writeln!(
            o,
            "| {} | `{}` | {}{secret} | {} |",
            range(f.lsb, f.width),
            f.name,
            kind(f),
            cell(&f.doc)
        );
    }
}

fn kind(f: &Field) -> String {
    match &f.kind {
        Kind::Number => "number".to_owned(),
        Kind::Bytes => "bytes".to_owned(),
        Kind::Enum(name) => format!("[`{name}`](#enum-{name})"),
        Kind::Struct(name) => format!("[`{name}`](#struct-{name})"),
    }
}

fn emit_enum(o: &mut String, e: &schema::Enum) {
    let staged = e.values.iter().any(|v| v.stage.is_some());
    let _ = writeln!(o, "\n### Enum `{}`\n\n{}\n", e.name.get_ref(), e.doc);
    let (head, rule) = if staged { (" stage |", " --- |") } else { ("", "") };
    let _ = writeln!(o, "| code | name |{head} meaning |\n| ---: | --- |{rule} --- |");
    for v in &e.values {
        let stage = if staged { format!(" {} |", v.stage.as_deref().unwrap_or("")) } else { String::new() };
        let _ = writeln!(o, "| {} | `{}` |{stage} {} |", v.value, v.name.get_ref(), cell(&v.doc));
    }
}
