// SPDX-License-Identifier: Apache-2.0
//! The Rust types of crate `headend-regs`.

use std::fmt::Write;

use crate::model::{type_name, Block, Field, Item, Kind, Model, Register, Struct};
use crate::names::upper;
use crate::schema;

const PREAMBLE: &str = "\
// SPDX-License-Identifier: Apache-2.0
// Generated from hdl/tables.toml by `make gen`: do not edit.

use core::fmt;
use core::mem::{offset_of, size_of};

use volatile_register::{RO, RW};
use zeroize::Zeroize;

use crate::bits;
use crate::{Counter, Packed, Record, ShortBuffer, TableInfo, UnknownCode};
";

/// The text of `generated.rs`.
pub fn emit(model: &Model) -> String {
    let mut o = String::from(PREAMBLE);
    emit_params(&mut o, model);
    for e in &model.enums {
        emit_enum(&mut o, e);
    }
    for s in &model.structs {
        emit_struct(&mut o, model, s);
    }
    emit_tables(&mut o, model);
    emit_offsets(&mut o, model);
    emit_bar0(&mut o, model);
    emit_test_list(&mut o, model);
    o
}

/// `text` as a doc comment.
fn doc(o: &mut String, indent: usize, text: &str) {
    for line in text.lines() {
        let mut in_code = false;
        let mut escaped = String::new();
        for c in line.chars() {
            in_code ^= c == '`';
            if !in_code && (c == '[' || c == ']') {
                escaped.push('\\');
            }
            escaped.push(c);
        }
        let _ = writeln!(o, "{:indent$}/// {escaped}", "");
    }
}

fn emit_params(o: &mut String, model: &Model) {
    let _ = writeln!(o, "\n/// Interface version: changes that old drivers cannot work with.");
    let _ = writeln!(o, "pub const INTERFACE_MAJOR: u16 = {};", model.interface.major);
    let _ = writeln!(o, "/// Interface version: additions.");
    let _ = writeln!(o, "pub const INTERFACE_MINOR: u16 = {};", model.interface.minor);
    let _ = writeln!(o, "\n/// Sizes.\npub mod param {{");
    for p in &model.params {
        doc(o, 4, &p.doc);
        let _ = writeln!(o, "    pub const {}: usize = {};", upper(p.name.get_ref()), p.value);
    }
    let _ = writeln!(o, "}}");
}

fn emit_enum(o: &mut String, e: &schema::Enum) {
    let name = type_name(e.name.get_ref());
    let _ = writeln!(o);
    doc(o, 0, &e.doc);
    let _ = writeln!(o, "#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]");
    let _ = writeln!(o, "#[repr(u8)]\npub enum {name} {{");
    for v in &e.values {
        doc(o, 4, &v.doc);
        let _ = writeln!(o, "    {} = {},", v.name.get_ref(), v.value);
    }
    let _ = writeln!(o, "}}\n\nimpl {name} {{");
    let all: Vec<String> = e.values.iter().map(|v| format!("Self::{}", v.name.get_ref())).collect();
    let _ = writeln!(o, "    /// Bits of the code.\n    pub const BITS: usize = {};", e.width);
    let _ = writeln!(o, "    /// Every member, by code.");
    let _ = writeln!(o, "    pub const ALL: &'static [Self] = &[{}];\n", all.join(", "));
    let _ =
        writeln!(o, "    /// The code.\n    pub const fn code(self) -> u8 {{\n        self as u8\n    }}\n");
    method(o, "Name as in the reference page.", "name", e, |v| format!("{:?}", v.name.get_ref()));
    let _ = writeln!(o);
    method(o, "What it means, in a sentence.", "doc", e, |v| format!("{:?}", v.doc));
    if e.values.iter().any(|v| v.stage.is_some()) {
        emit_stage(o, e);
    }
    let _ = writeln!(o, "}}\n\nimpl fmt::Display for {name} {{");
    let _ = writeln!(o, "    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {{");
    let _ = writeln!(o, "        f.pad(self.name())\n    }}\n}}");
    let _ = writeln!(o, "\nimpl From<{name}> for u8 {{\n    fn from(member: {name}) -> Self {{\n        member as Self\n    }}\n}}");
    let _ = writeln!(o, "\nimpl TryFrom<u8> for {name} {{\n    type Error = UnknownCode;\n");
    let _ = writeln!(o, "    fn try_from(code: u8) -> Result<Self, UnknownCode> {{\n        match code {{");
    for v in &e.values {
        let _ = writeln!(o, "            {} => Ok(Self::{}),", v.value, v.name.get_ref());
    }
    let _ = writeln!(o, "            _ => Err(UnknownCode {{ kind: {:?}, code }}),", e.name.get_ref());
    let _ = writeln!(o, "        }}\n    }}\n}}");
}

/// A method that maps each member to a string.
fn method(
    o: &mut String,
    what: &str,
    name: &str,
    e: &schema::Enum,
    text: impl Fn(&schema::EnumValue) -> String,
) {
    let _ = writeln!(
        o,
        "    /// {what}\n    pub const fn {name}(self) -> &'static str {{\n        match self {{"
    );
    for v in &e.values {
        let _ = writeln!(o, "            Self::{} => {},", v.name.get_ref(), text(v));
    }
    let _ = writeln!(o, "        }}\n    }}");
}

fn emit_stage(o: &mut String, e: &schema::Enum) {
    let _ = writeln!(o, "\n    /// The pipeline stage it belongs to; the receive FIFO of port 0 stands for that of every port.");
    let _ = writeln!(o, "    pub const fn stage(self) -> Option<Stage> {{\n        match self {{");
    for v in &e.values {
        let stage = v.stage.as_ref().map_or("None".to_owned(), |s| format!("Some(Stage::{s})"));
        let _ = writeln!(o, "            Self::{} => {stage},", v.name.get_ref());
    }
    let _ = writeln!(o, "        }}\n    }}");
}

/// Rust type of a field.
fn field_type(f: &Field) -> String {
    match &f.kind {
        Kind::Struct(name) => type_name(name),
        Kind::Bytes => format!("[u8; {}]", f.width / 8),
        Kind::Enum(_) => "u8".to_owned(),
        Kind::Number => match f.width {
            1 => "bool".to_owned(),
            2..=8 => "u8".to_owned(),
            9..=16 => "u16".to_owned(),
            17..=32 => "u32".to_owned(),
            33..=64 => "u64".to_owned(),
            _ => "u128".to_owned(),
        },
    }
}

/// Fields that software sees.
fn visible(s: &Struct) -> impl Iterator<Item = &Field> {
    s.fields.iter().filter(|f| !f.is_reserved())
}

fn derives(model: &Model, s: &Struct) -> String {
    let long_bytes = visible(s).any(|f| f.kind == Kind::Bytes && f.width > 256);
    let mut names = vec!["Clone"];
    if !holds_secret(model, s) {
        names.push("Copy");
    }
    if !s.has_secret() {
        names.push("Debug");
    }
    if !long_bytes {
        names.push("Default");
    }
    names.extend(["PartialEq", "Eq"]);
    names.join(", ")
}

/// Holds a secret, itself or in a struct inside it.
fn holds_secret(model: &Model, s: &Struct) -> bool {
    s.has_secret()
        || s.fields.iter().any(|f| match &f.kind {
            Kind::Struct(inner) => model.structs.iter().any(|m| &m.name == inner && holds_secret(model, m)),
            _ => false,
        })
}

fn emit_struct(o: &mut String, model: &Model, s: &Struct) {
    let name = type_name(&s.name);
    let derives = derives(model, s);
    let _ = writeln!(o);
    doc(o, 0, &s.doc);
    let _ = writeln!(o, "#[derive({derives})]\npub struct {name} {{");
    for f in visible(s) {
        doc(o, 4, &f.doc);
        let _ = writeln!(o, "    pub {}: {},", f.name, field_type(f));
    }
    let _ = writeln!(o, "}}");
    emit_codec(o, s, &name);
    if !derives.contains("Default") {
        emit_default(o, s, &name);
    }
    if s.has_secret() {
        emit_secret(o, s, &name);
    }
    if let Some(t) = &s.table {
        let _ = writeln!(o, "\nimpl Record for {name} {{");
        let _ = writeln!(o, "    const TABLE: Table = Table::{};", t.name);
        let _ = writeln!(o, "    const DEPTH: u32 = {};", t.depth);
        let _ = writeln!(o, "    const READ_ONLY: bool = {};\n}}", t.read_only);
    }
}

fn emit_codec(o: &mut String, s: &Struct, name: &str) {
    let bytes = s.width.div_ceil(8);
    let _ = writeln!(o, "\nimpl {name} {{");
    let _ = writeln!(o, "    /// Bits of the packed form.\n    pub const BITS: usize = {};", s.width);
    let _ = writeln!(o, "    /// Bytes of the packed form.\n    pub const BYTES: usize = {bytes};\n");
    let _ = writeln!(o, "    /// The packed form: bit 0 is bit 0 of byte 0, reserved fields are zero.");
    let _ = writeln!(o, "    pub fn to_bytes(&self) -> [u8; {bytes}] {{");
    let _ = writeln!(o, "        let mut buffer = [0; {bytes}];\n        self.pack_into(&mut buffer, 0);\n        buffer\n    }}\n");
    let _ = writeln!(o, "    /// The value of a packed form; reserved fields are ignored.\n    ///");
    let _ = writeln!(o, "    /// # Errors\n    /// `buffer` has less than [`Self::BYTES`] bytes.");
    let _ = writeln!(o, "    pub fn from_bytes(buffer: &[u8]) -> Result<Self, ShortBuffer> {{");
    let _ = writeln!(
        o,
        "        ShortBuffer::check(buffer, Self::BYTES)?;\n        Ok(Self::unpack_from(buffer, 0))\n    }}"
    );
    for f in visible(s) {
        if let Kind::Enum(code) = &f.kind {
            let code = type_name(code);
            let _ = writeln!(o, "\n    /// Field `{}` as [`{code}`].\n    ///", f.name);
            let _ = writeln!(o, "    /// # Errors\n    /// The code has no meaning.");
            let _ = writeln!(o, "    pub fn {}_code(&self) -> Result<{code}, UnknownCode> {{", f.name);
            let _ = writeln!(o, "        {code}::try_from(self.{})\n    }}", f.name);
        }
    }
    let _ = writeln!(o, "}}\n\nimpl Packed for {name} {{\n    const BITS: usize = {};\n", s.width);
    let _ = writeln!(o, "    fn pack_into(&self, buffer: &mut [u8], at: usize) {{");
    for f in &s.fields {
        let _ = writeln!(o, "        {}", pack(f));
    }
    let _ = writeln!(o, "    }}\n\n    fn unpack_from(buffer: &[u8], at: usize) -> Self {{\n        Self {{");
    for f in visible(s) {
        let _ = writeln!(o, "            {}: {},", f.name, unpack(f));
    }
    let _ = writeln!(o, "        }}\n    }}\n}}");
}

/// Where the field starts in the buffer.
fn position(f: &Field) -> String {
    if f.lsb == 0 {
        "at".to_owned()
    } else {
        format!("at + {}", f.lsb)
    }
}

fn pack(f: &Field) -> String {
    let (at, width, name) = (position(f), f.width, &f.name);
    if f.is_reserved() {
        return format!("bits::clear(buffer, {at}, {width});");
    }
    match &f.kind {
        Kind::Struct(_) => format!("self.{name}.pack_into(buffer, {at});"),
        Kind::Bytes => format!("bits::put_bytes(buffer, {at}, &self.{name});"),
        Kind::Number | Kind::Enum(_) if width > 64 => {
            format!("bits::put_wide(buffer, {at}, {width}, self.{name});")
        }
        Kind::Number | Kind::Enum(_) => {
            let value = if width > 32 { format!("self.{name}") } else { format!("u64::from(self.{name})") };
            format!("bits::put(buffer, {at}, {width}, {value});")
        }
    }
}

fn unpack(f: &Field) -> String {
    let (at, width) = (position(f), f.width);
    let ty = field_type(f);
    match &f.kind {
        Kind::Struct(name) => format!("{}::unpack_from(buffer, {at})", type_name(name)),
        Kind::Bytes => format!("bits::get_bytes(buffer, {at})"),
        Kind::Number | Kind::Enum(_) if width > 64 => format!("bits::get_wide(buffer, {at}, {width})"),
        Kind::Number | Kind::Enum(_) if width == 1 && ty == "bool" => {
            format!("bits::get(buffer, {at}, 1) != 0")
        }
        Kind::Number | Kind::Enum(_) if width > 32 => format!("bits::get(buffer, {at}, {width})"),
        Kind::Number | Kind::Enum(_) => format!("bits::get(buffer, {at}, {width}) as {ty}"),
    }
}

fn emit_default(o: &mut String, s: &Struct, name: &str) {
    let _ = writeln!(o, "\nimpl Default for {name} {{\n    fn default() -> Self {{\n        Self {{");
    for f in visible(s) {
        let zero = if f.kind == Kind::Bytes {
            format!("[0; {}]", f.width / 8)
        } else {
            "Default::default()".to_owned()
        };
        let _ = writeln!(o, "            {}: {zero},", f.name);
    }
    let _ = writeln!(o, "        }}\n    }}\n}}");
}

fn emit_secret(o: &mut String, s: &Struct, name: &str) {
    let _ = writeln!(o, "\nimpl fmt::Debug for {name} {{");
    let _ = writeln!(o, "    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {{");
    let _ = writeln!(o, "        f.debug_struct({name:?})");
    for f in visible(s) {
        let value =
            if f.secret { "&format_args!(\"<secret>\")".to_owned() } else { format!("&self.{}", f.name) };
        let _ = writeln!(o, "            .field({:?}, {value})", f.name);
    }
    let _ = writeln!(o, "            .finish()\n    }}\n}}");
    let _ = writeln!(o, "\nimpl Drop for {name} {{\n    fn drop(&mut self) {{");
    for f in visible(s).filter(|f| f.secret) {
        let _ = writeln!(o, "        self.{}.zeroize();", f.name);
    }
    let _ = writeln!(o, "    }}\n}}");
}

fn emit_tables(o: &mut String, model: &Model) {
    let rows: Vec<String> = model
        .structs
        .iter()
        .filter_map(|s| s.table.as_ref().map(|t| (s, t)))
        .map(|(s, t)| {
            format!(
                "    TableInfo {{ table: Table::{}, depth: {}, record_bits: {}, read_only: {} }},",
                t.name, t.depth, s.width, t.read_only
            )
        })
        .collect();
    let _ = writeln!(
        o,
        "\n/// Every table.\npub const TABLES: [TableInfo; {}] = [\n{}\n];",
        rows.len(),
        rows.join("\n")
    );
}

fn emit_offsets(o: &mut String, model: &Model) {
    let _ = writeln!(
        o,
        "\n/// Registers: byte offsets in BAR0 and fields.\npub mod reg {{\n    use crate::bits;\n"
    );
    let _ = writeln!(o, "    /// Bytes of BAR0.\n    pub const BAR0_BYTES: u64 = {:#x};", model.bar0);
    for r in &model.registers {
        let _ = writeln!(o);
        doc(o, 4, &r.doc);
        let name = upper(&r.name);
        let _ = writeln!(o, "    pub const {name}: u64 = {:#06x};", r.offset);
        if r.array {
            let _ = writeln!(
                o,
                "    /// How many there are of [`{name}`].\n    pub const {name}_COUNT: usize = {};",
                r.count
            );
            let _ = writeln!(
                o,
                "    /// Bytes from one [`{name}`] to the next.\n    pub const {name}_STRIDE: u64 = {:#x};",
                r.stride
            );
            let _ = writeln!(o, "    /// Offset of [`{name}`] number `n`.\n    ///\n    /// # Panics\n    /// There is no such register.");
            let _ = writeln!(o, "    pub const fn {}(n: usize) -> u64 {{", r.name);
            let _ = writeln!(
                o,
                "        assert!(n < {name}_COUNT);\n        {name} + n as u64 * {name}_STRIDE\n    }}"
            );
        }
        if r.reset != 0 {
            let _ = writeln!(
                o,
                "    /// Value of [`{name}`] after reset.\n    pub const {name}_RESET: u32 = {:#010x};",
                r.reset
            );
        }
        if !r.fields.is_empty() {
            emit_flags(o, r);
        }
    }
    let _ = writeln!(o, "}}");
}

fn emit_flags(o: &mut String, r: &Register) {
    let name = type_name(&r.name);
    let _ = writeln!(o, "\n    bitflags::bitflags! {{\n        /// Fields of [`{}`].", upper(&r.name));
    let _ = writeln!(
        o,
        "        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]\n        pub struct {name}: u32 {{"
    );
    for f in r.fields.iter().filter(|f| f.width == 1) {
        doc(o, 12, if f.doc.is_empty() { "Flag." } else { &f.doc });
        let _ = writeln!(o, "            const {} = 1 << {};", upper(f.name.get_ref()), f.lsb);
    }
    let _ = writeln!(
        o,
        "            /// Bits with numbers, and bits of later versions.\n            const _ = !0;"
    );
    let _ = writeln!(o, "        }}\n    }}");
    if r.fields.iter().all(|f| f.width == 1) {
        return;
    }
    let _ = writeln!(o, "\n    impl {name} {{");
    for (i, f) in r.fields.iter().filter(|f| f.width > 1).enumerate() {
        let field = f.name.get_ref();
        if i > 0 {
            let _ = writeln!(o);
        }
        doc(o, 8, if f.doc.is_empty() { "Number." } else { &f.doc });
        let _ = writeln!(o, "        pub const fn {field}(self) -> u32 {{");
        let _ = writeln!(o, "            bits::field(self.bits(), {}, {})\n        }}\n", f.lsb, f.width);
        let _ =
            writeln!(o, "        /// The same with another `{field}`; excess bits of `value` are cut off.");
        let _ = writeln!(
            o,
            "        #[must_use]\n        pub const fn with_{field}(self, value: u32) -> Self {{"
        );
        let _ = writeln!(
            o,
            "            Self::from_bits_retain(bits::with_field(self.bits(), {}, {}, value))\n        }}",
            f.lsb, f.width
        );
    }
    let _ = writeln!(o, "    }}");
}

/// Members of a `repr(C)` block as text, and the checks of their offsets.
struct Layout {
    ty: String,
    at: u64,
    gaps: u32,
    members: String,
    checks: String,
}

impl Layout {
    fn new(ty: &str) -> Self {
        Self { ty: ty.to_owned(), at: 0, gaps: 0, members: String::new(), checks: String::new() }
    }

    fn pad(&mut self, to: u64) {
        if to > self.at {
            let _ = writeln!(self.members, "    _gap{}: [RO<u32>; {}],", self.gaps, (to - self.at) / 4);
            self.gaps += 1;
            self.at = to;
        }
    }

    fn member(&mut self, text: &str, name: &str, ty: &str, offset: u64, bytes: u64) {
        self.pad(offset);
        doc(&mut self.members, 4, text);
        let _ = writeln!(self.members, "    pub {name}: {ty},");
        let _ = writeln!(self.checks, "    assert!(offset_of!({}, {name}) == {offset:#x});", self.ty);
        self.at = offset + bytes;
    }

    fn finish(mut self, o: &mut String, text: &str, bytes: u64) {
        self.pad(bytes);
        let ty = &self.ty;
        let _ = writeln!(o, "\n/// {text}\n#[repr(C)]\npub struct {ty} {{\n{}}}", self.members);
        let _ = writeln!(
            o,
            "\nconst _: () = {{\n{}    assert!(size_of::<{ty}>() == {bytes:#x});\n}};",
            self.checks
        );
    }
}

fn register_type(r: &Register) -> &'static str {
    match (r.wide, r.writable) {
        (true, _) => "Counter",
        (false, true) => "RW<u32>",
        (false, false) => "RO<u32>",
    }
}

fn emit_bar0(o: &mut String, model: &Model) {
    let mut bar = Layout::new("Bar0");
    for item in model.bar0_items() {
        match item {
            Item::Register(r) if r.count > 1 => {
                let ty = format!("[{}; {}]", register_type(r), r.count);
                bar.member(&r.doc, &r.name, &ty, r.offset, r.count * r.stride);
            }
            Item::Register(r) => bar.member(&r.doc, &r.name, register_type(r), r.offset, r.size()),
            Item::Block(b) => {
                let ty = emit_block(o, &b);
                let text = format!("Registers of each {}.", b.name);
                bar.member(&text, &b.name, &format!("[{ty}; {}]", b.count), b.offset, b.count * b.stride);
            }
        }
    }
    bar.finish(o, "BAR0, for a backend that maps it.", model.bar0);
}

/// Emits the type of a repeated block and returns its name.
fn emit_block(o: &mut String, b: &Block<'_>) -> String {
    let ty = format!("{}Block", type_name(&b.name));
    let mut layout = Layout::new(&ty);
    for r in &b.registers {
        let name = r.name.strip_prefix(&format!("{}_", b.name)).unwrap_or(&r.name);
        layout.member(&r.doc, name, register_type(r), r.offset - b.offset, r.size());
    }
    layout.finish(o, &format!("Registers of one {}.", b.name), b.stride);
    ty
}

fn emit_test_list(o: &mut String, model: &Model) {
    let names: Vec<String> =
        model.structs.iter().map(|s| format!("        {},", type_name(&s.name))).collect();
    let _ = writeln!(
        o,
        "\n/// Calls macro `$test` with every packed type.\n#[cfg(test)]\nmacro_rules! with_packed_types {{"
    );
    let _ = writeln!(
        o,
        "    ($test:ident) => {{\n        $test! {{\n{}\n        }}\n    }};\n}}",
        names.join("\n")
    );
    let _ = writeln!(o, "#[cfg(test)]\npub(crate) use with_packed_types;");
}
