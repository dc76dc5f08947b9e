// SPDX-License-Identifier: Apache-2.0
//! The SystemVerilog package.

use std::fmt::Write;

use crate::model::{Field, Kind, Model, Register, Struct, TABLE_SLOTS};
use crate::names::upper;
use crate::schema;

const PREAMBLE: &str = "\
// SPDX-License-Identifier: Apache-2.0
// Generated from hdl/tables.toml by `make gen`: do not edit.
//
// Sizes, codes, records and registers of the card, as docs/registers.md describes them. In a packed
// struct the last field is the least significant: the file lists them in the reverse order.

`default_nettype none

// Users take what they need from here.
/* verilator lint_off UNUSED */

package headend_tables_pkg;
";

/// The text of `headend_tables_pkg.sv`.
pub fn emit(model: &Model) -> String {
    let mut o = String::from(PREAMBLE);
    let _ = writeln!(o, "\n  // Interface version");
    let _ = writeln!(o, "  localparam int unsigned InterfaceMajor = {};", model.interface.major);
    let _ = writeln!(o, "  localparam int unsigned InterfaceMinor = {};", model.interface.minor);
    let _ = writeln!(o, "\n  // Sizes\n");
    for p in &model.params {
        comment(&mut o, 2, &p.doc);
        let _ = writeln!(o, "  localparam int unsigned {} = {};", p.name.get_ref(), p.value);
    }
    let _ = writeln!(o, "\n  // Codes");
    for e in &model.enums {
        emit_enum(&mut o, e);
    }
    let _ = writeln!(o, "\n  // Records");
    for s in &model.structs {
        emit_struct(&mut o, s);
    }
    emit_tables(&mut o, model);
    let _ = writeln!(o, "\n  // Registers of BAR0\n");
    let _ = writeln!(o, "  localparam int unsigned Bar0Bytes = {};", model.bar0);
    for r in &model.registers {
        emit_register(&mut o, r);
    }
    o.push_str("\nendpackage\n\n/* verilator lint_on UNUSED */\n\n`default_nettype wire\n");
    o
}

/// `doc` as line comments, indented.
fn comment(o: &mut String, indent: usize, doc: &str) {
    for line in doc.lines() {
        let _ = writeln!(o, "{:indent$}// {line}", "");
    }
}

fn emit_enum(o: &mut String, e: &schema::Enum) {
    let name = e.name.get_ref();
    let _ = writeln!(o);
    comment(o, 2, &e.doc);
    let _ = writeln!(o, "  localparam int unsigned {}_W = {};", upper(name), e.width);
    let _ = writeln!(o, "  typedef enum logic [{}:0] {{", e.width - 1);
    for (i, v) in e.values.iter().enumerate() {
        let comma = if i + 1 == e.values.len() { "" } else { "," };
        let member = format!("{}_{}", upper(name), upper(v.name.get_ref()));
        let _ = writeln!(o, "    {member} = {}'d{}{comma}  // {}", e.width, v.value, v.doc);
    }
    let _ = writeln!(o, "  }} {name}_e;");
}

/// Type of a field, such as `logic [7:0]`.
fn field_type(f: &Field) -> String {
    match &f.kind {
        Kind::Struct(name) => format!("{name}_t"),
        Kind::Enum(name) => format!("logic [{}_W-1:0]", upper(name)),
        Kind::Number | Kind::Bytes if f.width == 1 => "logic".to_owned(),
        Kind::Number | Kind::Bytes => format!("logic [{}:0]", f.width - 1),
    }
}

fn emit_struct(o: &mut String, s: &Struct) {
    let _ = writeln!(o);
    comment(o, 2, &s.doc);
    let _ = writeln!(o, "  localparam int unsigned {}_W = {};", upper(&s.name), s.width);
    let _ = writeln!(o, "  typedef struct packed {{");
    for f in s.fields.iter().rev() {
        let msb = f.lsb + f.width - 1;
        let secret = if f.secret { " (secret)" } else { "" };
        let _ = writeln!(o, "    {} {};  // [{msb}:{}] {}{secret}", field_type(f), f.name, f.lsb, f.doc);
    }
    let _ = writeln!(o, "  }} {}_t;", s.name);
}

fn emit_tables(o: &mut String, model: &Model) {
    let _ = writeln!(o, "\n  // Tables: entries and record bits, then vectors indexed by table number.\n");
    let mut slots: Vec<(u64, u32, bool)> = vec![(0, 0, false); TABLE_SLOTS as usize];
    for s in &model.structs {
        let Some(t) = &s.table else { continue };
        let _ = writeln!(o, "  localparam int unsigned {}_DEPTH = {};", upper(&s.name), t.depth_text);
        if let Some(slot) = slots.get_mut(t.number as usize) {
            *slot = (t.depth, s.width, t.read_only);
        }
    }
    let _ = writeln!(o, "\n  localparam int unsigned TableSlots = {TABLE_SLOTS};");
    vector(o, "Depth of table n in bits 32*n +: 32.", "TABLE_DEPTHS", 32, slots.iter().map(|s| s.0));
    vector(
        o,
        "Record bits of table n in bits 16*n +: 16.",
        "TABLE_WIDTHS",
        16,
        slots.iter().map(|s| u64::from(s.1)),
    );
    vector(
        o,
        "Bit n: commands cannot write table n.",
        "TABLE_READ_ONLY",
        1,
        slots.iter().map(|s| u64::from(s.2)),
    );
}

/// A packed constant of equal elements, element 0 lowest.
fn vector(o: &mut String, doc: &str, name: &str, width: u64, values: impl DoubleEndedIterator<Item = u64>) {
    let list: Vec<String> = values.rev().map(|v| format!("{width}'d{v}")).collect();
    let bits = width * list.len() as u64;
    let _ = writeln!(o, "  // {doc}");
    let _ = writeln!(o, "  localparam logic [{}:0] {name} = {{", bits - 1);
    let rows: Vec<String> = list.chunks(8).map(|row| format!("    {}", row.join(", "))).collect();
    let _ = writeln!(o, "{}\n  }};", rows.join(",\n"));
}

fn emit_register(o: &mut String, r: &Register) {
    let name = format!("REG_{}", upper(&r.name));
    let _ = writeln!(o);
    comment(o, 2, &r.doc);
    let _ = writeln!(o, "  localparam logic [15:0] {name} = 16'h{:04x};", r.offset);
    if r.array {
        let _ = writeln!(o, "  localparam int unsigned {name}_COUNT = {};", r.count);
        let _ = writeln!(o, "  localparam int unsigned {name}_STRIDE = {};", r.stride);
    }
    if r.reset != 0 {
        let _ = writeln!(o, "  localparam logic [31:0] {name}_RESET = 32'h{:08x};", r.reset);
    }
    for f in &r.fields {
        let field = format!("{name}_{}", upper(f.name.get_ref()));
        let mask = ((1u64 << f.width) - 1) << f.lsb;
        if !f.doc.is_empty() {
            comment(o, 2, &f.doc);
        }
        let _ = writeln!(o, "  localparam int unsigned {field}_LSB = {};", f.lsb);
        let _ = writeln!(o, "  localparam int unsigned {field}_W = {};", f.width);
        let _ = writeln!(o, "  localparam logic [31:0] {field}_MASK = 32'h{mask:08x};");
    }
}
