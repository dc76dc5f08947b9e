// SPDX-License-Identifier: Apache-2.0
//! The rules of a description.

use std::collections::{HashMap, HashSet};

use toml::Spanned;

use crate::model::{Field, Kind, Mistake, Register, Struct, TableOf, TABLE_SLOTS};
use crate::names::{is_camel, is_keyword, is_snake, upper};
use crate::{expr, schema};

/// Widest table record: the record field of a command.
const MAX_RECORD_BITS: u32 = 1792;

/// Structs that must fill their ring entry exactly, and the param that gives the entry's bytes.
const EXACT: &[(&str, &str)] = &[
    ("cmd_entry", "CmdEntryBytes"),
    ("cmd_completion", "CmdEntryBytes"),
    ("event_entry", "EventEntryBytes"),
    ("rx_desc", "RingEntryBytes"),
    ("rx_completion", "RingEntryBytes"),
    ("tx_desc", "RingEntryBytes"),
    ("tx_completion", "RingEntryBytes"),
    ("ring_indices", "RingEntryBytes"),
];

/// Checks `raw` and works out its structs and registers.
///
/// # Errors
/// Every mistake found, by position.
pub(crate) fn check(raw: &schema::File) -> Result<(Vec<Struct>, Vec<Register>), Vec<Mistake>> {
    let mut c = Checker { mistakes: Vec::new() };
    c.names(raw);
    for e in &raw.enums {
        c.check_enum(e, &raw.enums);
    }
    let structs = c.structs(raw);
    c.tables(raw, &structs);
    c.exact_widths(raw, &structs);
    let registers = c.registers(raw);
    if !c.mistakes.is_empty() {
        c.mistakes.sort_by_key(|m| m.at);
        return Err(c.mistakes);
    }
    Ok((structs, registers))
}

struct Checker {
    mistakes: Vec<Mistake>,
}

impl Checker {
    fn complain(&mut self, at: &Spanned<String>, what: String) {
        self.mistakes.push(Mistake { at: at.span().start, what });
    }

    fn require(&mut self, ok: bool, at: &Spanned<String>, what: impl FnOnce() -> String) -> bool {
        if !ok {
            self.complain(at, what());
        }
        ok
    }

    fn unique<'a>(&mut self, what: &str, names: impl Iterator<Item = &'a Spanned<String>>) {
        let mut seen = HashSet::new();
        for name in names {
            let spelled = upper(name.get_ref());
            self.require(seen.insert(spelled), name, || {
                format!("{what} `{}` is defined twice; names must be unique", name.get_ref())
            });
        }
    }

    fn snake(&mut self, what: &str, name: &Spanned<String>) {
        self.require(is_snake(name.get_ref()), name, || {
            format!("{what} `{}` must be in snake_case", name.get_ref())
        });
    }

    fn camel(&mut self, what: &str, name: &Spanned<String>) {
        self.require(is_camel(name.get_ref()), name, || {
            format!("{what} `{}` must be in CamelCase", name.get_ref())
        });
    }

    /// Spelling and uniqueness of everything, within each language's name spaces.
    fn names(&mut self, raw: &schema::File) {
        self.unique("param", raw.param.iter().map(|p| &p.name));
        // Both become `<NAME>_W` in SystemVerilog and a type in Rust.
        self.unique(
            "enum or struct",
            raw.enums.iter().map(|e| &e.name).chain(raw.structs.iter().map(|s| &s.name)),
        );
        self.unique("register", raw.register.iter().map(|r| &r.name));
        for p in &raw.param {
            self.camel("param", &p.name);
        }
        for e in &raw.enums {
            self.snake("enum", &e.name);
            self.unique("value", e.values.iter().map(|v| &v.name));
            for v in &e.values {
                self.camel("value", &v.name);
            }
        }
        for s in &raw.structs {
            self.snake("struct", &s.name);
            self.unique("field", s.fields.iter().map(|f| &f.name));
            for f in &s.fields {
                self.snake("field", &f.name);
                self.require(!is_keyword(f.name.get_ref()), &f.name, || {
                    format!(
                        "field `{}` is a keyword of SystemVerilog or Rust; choose another name",
                        f.name.get_ref()
                    )
                });
            }
        }
        for r in &raw.register {
            self.snake("register", &r.name);
            self.unique("field", r.fields.iter().map(|f| &f.name));
            for f in &r.fields {
                self.snake("field", &f.name);
            }
        }
    }

    fn check_enum(&mut self, e: &schema::Enum, all: &[schema::Enum]) {
        self.require((1..=8).contains(&e.width), &e.name, || {
            format!("enum `{}` has width {}, expected 1 to 8", e.name.get_ref(), e.width)
        });
        let mut codes: HashMap<u64, &str> = HashMap::new();
        for v in &e.values {
            let label = format!("{}.{}", e.name.get_ref(), v.name.get_ref());
            self.require(v.value >> e.width.min(8) == 0, &v.name, || {
                format!("value {} of `{label}` does not fit {} bits", v.value, e.width)
            });
            if let Some(other) = codes.insert(v.value, v.name.get_ref()) {
                self.complain(
                    &v.name,
                    format!("value {} of `{label}` is already that of `{other}`", v.value),
                );
            }
            if let Some(stage) = &v.stage {
                let known = all
                    .iter()
                    .find(|e| e.name.get_ref() == "stage")
                    .is_some_and(|e| e.values.iter().any(|v| v.name.get_ref() == stage));
                self.require(known, &v.name, || {
                    format!("`{label}` names stage `{stage}`, which enum `stage` lacks")
                });
            }
        }
    }

    fn structs(&mut self, raw: &schema::File) -> Vec<Struct> {
        let mut done: Vec<Struct> = Vec::new();
        for s in &raw.structs {
            let mut lsb = 0;
            let mut fields = Vec::new();
            for f in &s.fields {
                let Some((width, kind)) = self.field_kind(s, f, raw, &done) else { continue };
                fields.push(Field {
                    name: f.name.get_ref().clone(),
                    lsb,
                    width,
                    kind,
                    secret: f.secret,
                    doc: f.doc.clone(),
                });
                lsb += width;
            }
            let table = self.table_of(s, raw);
            done.push(Struct {
                name: s.name.get_ref().clone(),
                width: lsb,
                table,
                doc: s.doc.clone(),
                fields,
            });
        }
        done
    }

    fn field_kind(
        &mut self,
        s: &schema::Struct,
        f: &schema::Field,
        raw: &schema::File,
        done: &[Struct],
    ) -> Option<(u32, Kind)> {
        let label = format!("{}.{}", s.name.get_ref(), f.name.get_ref());
        match (f.width, &f.enum_name, &f.struct_name) {
            (Some(width), None, None) => {
                let fits = width > 0 && (!f.bytes || width.is_multiple_of(8));
                self.require(fits, &f.name, || {
                    format!("width {width} of `{label}` must be at least 1, and a multiple of 8 for bytes")
                });
                let number_ok = f.bytes || width <= 128 || f.name.get_ref().starts_with("rsvd");
                self.require(number_ok, &f.name, || {
                    format!(
                        "`{label}` is a number of {width} bits, at most 128 are possible; say `bytes = true`"
                    )
                });
                Some((width, if f.bytes { Kind::Bytes } else { Kind::Number }))
            }
            (None, Some(name), None) => match raw.enums.iter().find(|e| e.name.get_ref() == name) {
                Some(e) => Some((e.width, Kind::Enum(name.clone()))),
                None => {
                    self.complain(
                        &f.name,
                        format!("`{label}` refers to enum `{name}`, which does not exist"),
                    );
                    None
                }
            },
            (None, None, Some(name)) => match done.iter().find(|d| &d.name == name) {
                Some(d) => Some((d.width, Kind::Struct(name.clone()))),
                None => {
                    self.complain(
                        &f.name,
                        format!("`{label}` refers to struct `{name}`, which is not defined before it"),
                    );
                    None
                }
            },
            _ => {
                self.complain(
                    &f.name,
                    format!("`{label}` needs exactly one of `width`, `enum` and `struct`"),
                );
                None
            }
        }
    }

    fn table_of(&mut self, s: &schema::Struct, raw: &schema::File) -> Option<TableOf> {
        let label = s.name.get_ref();
        let read_only = match s.access.as_deref() {
            None => false,
            Some("ro") => true,
            Some(other) => {
                self.complain(
                    &s.name,
                    format!("access `{other}` of struct `{label}`: expected `ro` or nothing"),
                );
                false
            }
        };
        let (name, depth_text) = match (&s.table, &s.depth) {
            (Some(t), Some(d)) => (t.clone(), d.clone()),
            (None, None) => {
                self.require(!read_only, &s.name, || format!("struct `{label}` has `access` but no `table`"));
                return None;
            }
            _ => {
                self.complain(
                    &s.name,
                    format!("struct `{label}` must give both `table` and `depth`, or neither"),
                );
                return None;
            }
        };
        let number = raw
            .enums
            .iter()
            .find(|e| e.name.get_ref() == "table")
            .and_then(|e| e.values.iter().find(|v| v.name.get_ref() == &name))
            .map(|v| v.value);
        let Some(number) = number else {
            self.complain(
                &s.name,
                format!("struct `{label}` names table `{name}`, which enum `table` lacks"),
            );
            return None;
        };
        let depth =
            expr::eval(&depth_text, |n| raw.param.iter().find(|p| p.name.get_ref() == n).map(|p| p.value));
        match depth {
            Ok(depth) if (1..=u64::from(u32::MAX)).contains(&depth) => {
                Some(TableOf { name, number, depth_text, depth, read_only })
            }
            Ok(depth) => {
                self.complain(
                    &s.name,
                    format!("depth `{depth_text}` of struct `{label}` is {depth}, expected 1 to 2^32-1"),
                );
                None
            }
            Err(e) => {
                self.complain(&s.name, format!("depth `{depth_text}` of struct `{label}`: {e}"));
                None
            }
        }
    }

    fn tables(&mut self, raw: &schema::File, structs: &[Struct]) {
        let Some(tables) = raw.enums.iter().find(|e| e.name.get_ref() == "table") else { return };
        for v in &tables.values {
            let name = v.name.get_ref();
            let records =
                structs.iter().filter(|s| s.table.as_ref().is_some_and(|t| &t.name == name)).count();
            self.require(records == 1, &v.name, || {
                format!("table `{name}` is the table of {records} structs, expected exactly one")
            });
            self.require(v.value < TABLE_SLOTS, &v.name, || {
                format!("table `{name}` has number {}, expected less than {TABLE_SLOTS}", v.value)
            });
        }
        for (s, r) in structs.iter().zip(&raw.structs) {
            let ok = s.table.is_none() || s.width <= MAX_RECORD_BITS;
            self.require(ok, &r.name, || {
                format!(
                    "record `{}` has {} bits, a command carries at most {MAX_RECORD_BITS}",
                    s.name, s.width
                )
            });
        }
    }

    fn exact_widths(&mut self, raw: &schema::File, structs: &[Struct]) {
        for (s, r) in structs.iter().zip(&raw.structs) {
            let Some((_, param)) = EXACT.iter().find(|(name, _)| *name == s.name) else { continue };
            let bytes = raw.param.iter().find(|p| p.name.get_ref() == param).map(|p| p.value);
            match bytes {
                None => self.complain(
                    &r.name,
                    format!("struct `{}` needs param `{param}`, which is missing", s.name),
                ),
                Some(bytes) => {
                    self.require(u64::from(s.width) == bytes * 8, &r.name, || {
                        format!(
                            "struct `{}` has {} bits, expected exactly {} ({param} * 8)",
                            s.name,
                            s.width,
                            bytes * 8
                        )
                    });
                }
            }
        }
    }

    fn registers(&mut self, raw: &schema::File) -> Vec<Register> {
        let mut taken: HashMap<u64, &str> = HashMap::new();
        let mut done = Vec::new();
        for r in &raw.register {
            let label = r.name.get_ref();
            let (count, stride) = self.register_shape(r);
            self.require(r.access == "ro" || r.access == "rw", &r.name, || {
                format!("access `{}` of register `{label}`: expected `ro` or `rw`", r.access)
            });
            self.register_fields(r);
            let size = if r.wide { 8 } else { 4 };
            for offset in
                (0..count).flat_map(|n| (0..size).step_by(4).map(move |w| r.offset + n * stride + w))
            {
                let inside = offset + 4 <= raw.bar0.size;
                if !self.require(inside, &r.name, || {
                    format!(
                        "register `{label}` reaches {offset:#x}, beyond the {:#x} bytes of BAR0",
                        raw.bar0.size
                    )
                }) {
                    break;
                }
                if let Some(other) = taken.insert(offset, label) {
                    self.complain(&r.name, format!("register `{label}` overlaps `{other}` at {offset:#x}"));
                    break;
                }
            }
            done.push(Register {
                name: label.clone(),
                offset: r.offset,
                writable: r.access == "rw",
                reset: r.reset,
                count,
                stride,
                array: r.count.is_some(),
                wide: r.wide,
                doc: r.doc.clone(),
                fields: r.fields.clone(),
            });
        }
        done.sort_by_key(|r| r.offset);
        done
    }

    /// Count and stride of a register; 1 and its size for a single one.
    fn register_shape(&mut self, r: &schema::Register) -> (u64, u64) {
        let label = r.name.get_ref();
        let size = if r.wide { 8 } else { 4 };
        self.require(r.offset.is_multiple_of(size), &r.name, || {
            format!("offset {:#x} of register `{label}` is not a multiple of {size}", r.offset)
        });
        self.require(!(r.wide && (r.access == "rw" || !r.fields.is_empty())), &r.name, || {
            format!("register `{label}` is wide: it must be `ro` and have no fields")
        });
        match (r.count, r.stride) {
            (None, None) => (1, size),
            (Some(count), Some(stride)) => {
                let ok = count >= 1 && stride >= size && stride.is_multiple_of(size);
                self.require(ok, &r.name, || {
                    format!("register `{label}`: count must be at least 1 and stride a multiple of {size}")
                });
                (count, stride)
            }
            _ => {
                self.complain(
                    &r.name,
                    format!("register `{label}` must give both `count` and `stride`, or neither"),
                );
                (1, size)
            }
        }
    }

    fn register_fields(&mut self, r: &schema::Register) {
        let mut used: u64 = 0;
        for f in &r.fields {
            let label = format!("{}.{}", r.name.get_ref(), f.name.get_ref());
            let fits = f.width >= 1 && f.width <= 32 && f.lsb + f.width <= 32;
            if !self.require(fits, &f.name, || {
                format!("bits {}+{} of `{label}` do not fit 32 bits", f.lsb, f.width)
            }) {
                continue;
            }
            let mask = ((1u64 << f.width) - 1) << f.lsb;
            self.require(used & mask == 0, &f.name, || format!("`{label}` overlaps another field"));
            used |= mask;
        }
    }
}
