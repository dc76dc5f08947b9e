// SPDX-License-Identifier: Apache-2.0
//! `hdl/tables.toml` as written. Names carry their position, so that a mistake can say its line.

use serde::Deserialize;
use toml::Spanned;

/// The whole file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// Interface version.
    pub interface: Interface,
    /// Sizes.
    #[serde(default)]
    pub param: Vec<Param>,
    /// Codes.
    #[serde(default, rename = "enum")]
    pub enums: Vec<Enum>,
    /// Records.
    #[serde(default, rename = "struct")]
    pub structs: Vec<Struct>,
    /// BAR0.
    pub bar0: Bar,
    /// Registers of BAR0.
    #[serde(default)]
    pub register: Vec<Register>,
}

/// Interface version.
#[derive(Deserialize, Clone)]
#[serde(deny_unknown_fields)]
pub struct Interface {
    /// Changes that old drivers cannot work with.
    pub major: u16,
    /// Additions.
    pub minor: u16,
}

/// A size.
#[derive(Deserialize, Clone)]
#[serde(deny_unknown_fields)]
pub struct Param {
    /// CamelCase name.
    pub name: Spanned<String>,
    /// Value.
    pub value: u64,
    /// Meaning.
    pub doc: String,
}

/// A set of codes.
#[derive(Deserialize, Clone)]
#[serde(deny_unknown_fields)]
pub struct Enum {
    /// snake_case name.
    pub name: Spanned<String>,
    /// Bits, at most 8.
    pub width: u32,
    /// Meaning.
    pub doc: String,
    /// Codes.
    pub values: Vec<EnumValue>,
}

/// One code.
#[derive(Deserialize, Clone)]
#[serde(deny_unknown_fields)]
pub struct EnumValue {
    /// CamelCase name.
    pub name: Spanned<String>,
    /// Code.
    pub value: u64,
    /// The pipeline stage it belongs to (drop reasons only).
    pub stage: Option<String>,
    /// Meaning.
    pub doc: String,
}

/// A packed record.
#[derive(Deserialize, Clone)]
#[serde(deny_unknown_fields)]
pub struct Struct {
    /// snake_case name.
    pub name: Spanned<String>,
    /// The table it is the record of.
    pub table: Option<String>,
    /// Entries of that table: sums and products of params and numbers.
    pub depth: Option<String>,
    /// `ro` when commands cannot write it.
    pub access: Option<String>,
    /// Meaning.
    pub doc: String,
    /// Fields, least significant first.
    pub fields: Vec<Field>,
}

/// A field of a record: `width`, `enum` or `struct` gives its size.
#[derive(Deserialize, Clone)]
#[serde(deny_unknown_fields)]
pub struct Field {
    /// snake_case name; reserved ones start with `rsvd`.
    pub name: Spanned<String>,
    /// Bits.
    pub width: Option<u32>,
    /// Codes it holds.
    #[serde(rename = "enum")]
    pub enum_name: Option<String>,
    /// Record it holds.
    #[serde(rename = "struct")]
    pub struct_name: Option<String>,
    /// A byte string rather than a number.
    #[serde(default)]
    pub bytes: bool,
    /// Never shown, read back as zero, wiped from memory.
    #[serde(default)]
    pub secret: bool,
    /// Meaning.
    pub doc: String,
}

/// Size of a BAR.
#[derive(Deserialize, Clone)]
#[serde(deny_unknown_fields)]
pub struct Bar {
    /// Bytes, a power of two.
    pub size: u64,
}

/// A 32-bit register, a 64-bit counter (`wide`), or an array of them.
#[derive(Deserialize, Clone)]
#[serde(deny_unknown_fields)]
pub struct Register {
    /// snake_case name.
    pub name: Spanned<String>,
    /// Byte offset in BAR0.
    pub offset: u64,
    /// `ro` or `rw`.
    pub access: String,
    /// Value after reset.
    #[serde(default)]
    pub reset: u32,
    /// How many.
    pub count: Option<u64>,
    /// Bytes from one to the next.
    pub stride: Option<u64>,
    /// 64 bits: low word, then high word.
    #[serde(default)]
    pub wide: bool,
    /// Meaning.
    pub doc: String,
    /// Fields.
    #[serde(default)]
    pub fields: Vec<RegisterField>,
}

/// Bits of a register.
#[derive(Deserialize, Clone)]
#[serde(deny_unknown_fields)]
pub struct RegisterField {
    /// snake_case name.
    pub name: Spanned<String>,
    /// Lowest bit.
    pub lsb: u32,
    /// Bits.
    pub width: u32,
    /// Meaning.
    #[serde(default)]
    pub doc: String,
}
