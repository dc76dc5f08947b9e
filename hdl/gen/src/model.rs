// SPDX-License-Identifier: Apache-2.0
//! The description with every rule checked and every width, position and depth worked out.

use crate::names::camel;
use crate::schema;

/// Number of slots of the table number, as in the `table_depth` registers.
pub const TABLE_SLOTS: u64 = 16;

/// A mistake in the description.
#[derive(Debug)]
pub struct Mistake {
    /// Byte position in the file.
    pub at: usize,
    /// What is wrong and what was expected.
    pub what: String,
}

/// What a field holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A number.
    Number,
    /// A byte string, byte 0 lowest.
    Bytes,
    /// A code of the named enum.
    Enum(String),
    /// The named struct.
    Struct(String),
}

/// A field of a struct.
pub struct Field {
    /// snake_case name.
    pub name: String,
    /// Position of its lowest bit.
    pub lsb: u32,
    /// Bits.
    pub width: u32,
    /// What it holds.
    pub kind: Kind,
    /// Never shown.
    pub secret: bool,
    /// Meaning.
    pub doc: String,
}

impl Field {
    /// Written as zero and ignored.
    pub fn is_reserved(&self) -> bool {
        self.name.starts_with("rsvd")
    }
}

/// The table a struct is the record of.
pub struct TableOf {
    /// Member of enum `table`.
    pub name: String,
    /// Its code.
    pub number: u64,
    /// Entries, as written.
    pub depth_text: String,
    /// Entries.
    pub depth: u64,
    /// Commands cannot write it.
    pub read_only: bool,
}

/// A packed record.
pub struct Struct {
    /// snake_case name.
    pub name: String,
    /// Bits.
    pub width: u32,
    /// The table, when it is a table record.
    pub table: Option<TableOf>,
    /// Meaning.
    pub doc: String,
    /// Fields, least significant first.
    pub fields: Vec<Field>,
}

impl Struct {
    /// Holds a secret in a field of its own.
    pub fn has_secret(&self) -> bool {
        self.fields.iter().any(|f| f.secret)
    }
}

/// A register or an array of registers.
pub struct Register {
    /// snake_case name.
    pub name: String,
    /// Byte offset of the first.
    pub offset: u64,
    /// The host may write it.
    pub writable: bool,
    /// Value after reset.
    pub reset: u32,
    /// How many; 1 when `array` is false.
    pub count: u64,
    /// Bytes from one to the next.
    pub stride: u64,
    /// Declared with a count.
    pub array: bool,
    /// 64 bits.
    pub wide: bool,
    /// Meaning.
    pub doc: String,
    /// Fields.
    pub fields: Vec<schema::RegisterField>,
}

impl Register {
    /// Bytes of one.
    pub fn size(&self) -> u64 {
        if self.wide {
            8
        } else {
            4
        }
    }
}

/// The checked description.
pub struct Model {
    /// Interface version.
    pub interface: schema::Interface,
    /// Sizes.
    pub params: Vec<schema::Param>,
    /// Codes.
    pub enums: Vec<schema::Enum>,
    /// Records, each after those it contains.
    pub structs: Vec<Struct>,
    /// Bytes of BAR0.
    pub bar0: u64,
    /// Registers by offset.
    pub registers: Vec<Register>,
}

impl Model {
    /// Checks `raw`.
    ///
    /// # Errors
    /// Every mistake found.
    pub fn build(raw: schema::File) -> Result<Self, Vec<Mistake>> {
        let (structs, registers) = crate::check::check(&raw)?;
        Ok(Self {
            interface: raw.interface,
            params: raw.param,
            enums: raw.enums,
            structs,
            bar0: raw.bar0.size,
            registers,
        })
    }

    /// The enum called `name`, which the checks have found to exist.
    pub fn enum_named(&self, name: &str) -> Option<&schema::Enum> {
        self.enums.iter().find(|e| e.name.get_ref() == name)
    }
}

/// Registers that repeat together, such as those of a ring.
pub struct Block<'a> {
    /// Common prefix of the names, such as `ring`.
    pub name: String,
    /// Offset of the first register of copy 0.
    pub offset: u64,
    /// Copies.
    pub count: u64,
    /// Bytes from one copy to the next.
    pub stride: u64,
    /// Registers of one copy.
    pub registers: Vec<&'a Register>,
}

/// One item of BAR0.
pub enum Item<'a> {
    /// A register, or an array without gaps.
    Register(&'a Register),
    /// Repeated registers.
    Block(Block<'a>),
}

impl Model {
    /// BAR0 as a list of single registers, dense arrays and repeated blocks, by offset. A block is a
    /// run of registers that share their first name part, count and stride.
    pub fn bar0_items(&self) -> Vec<Item<'_>> {
        let mut items: Vec<Item<'_>> = Vec::new();
        for r in &self.registers {
            if r.count == 1 || r.stride == r.size() {
                items.push(Item::Register(r));
                continue;
            }
            let prefix = r.name.split('_').next().unwrap_or(&r.name);
            if let Some(Item::Block(b)) = items.last_mut() {
                if b.name == prefix
                    && b.count == r.count
                    && b.stride == r.stride
                    && r.offset < b.offset + b.stride
                {
                    b.registers.push(r);
                    continue;
                }
            }
            items.push(Item::Block(Block {
                name: prefix.to_owned(),
                offset: r.offset,
                count: r.count,
                stride: r.stride,
                registers: vec![r],
            }));
        }
        items
    }
}

/// Rust type name of a struct, enum or register.
pub fn type_name(name: &str) -> String {
    camel(name)
}
