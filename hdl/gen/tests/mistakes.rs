// SPDX-License-Identifier: Apache-2.0
//! Each kind of mistake in a description is refused with its line and what was expected.

/// A small description that is right.
const RIGHT: &str = r#"
[interface]
major = 1
minor = 0
[[param]]
name = "Depth"
value = 16
doc = "Depth."
[[param]]
name = "RingEntryBytes"
value = 64
doc = "Bytes."
[[enum]]
name = "table"
width = 8
doc = "Tables."
values = [ { name = "Intf", value = 1, doc = "Interfaces." } ]
[[enum]]
name = "op"
width = 2
doc = "Operations."
values = [
  { name = "Nop", value = 0, doc = "Nothing." },
  { name = "Run", value = 3, doc = "Something." },
]
[[struct]]
name = "inner"
doc = "Inside another."
fields = [ { name = "secret", width = 128, bytes = true, secret = true, doc = "Key." } ]
[[struct]]
name = "intf"
table = "Intf"
depth = "Depth * 2 + 1"
doc = "Interface."
fields = [
  { name = "valid", width = 1, doc = "Valid." },
  { name = "op", enum = "op", doc = "Operation." },
  { name = "rsvd", width = 5, doc = "Zero." },
  { name = "inner", struct = "inner", doc = "Inside." },
]
[[struct]]
name = "rx_desc"
doc = "Descriptor."
fields = [ { name = "addr", width = 64, doc = "Address." }, { name = "rsvd", width = 448, doc = "Zero." } ]
[bar0]
size = 4096
[[register]]
name = "control"
offset = 0x10
access = "rw"
doc = "Control."
fields = [ { name = "enable", lsb = 0, width = 1 }, { name = "level", lsb = 4, width = 4 } ]
[[register]]
name = "count"
offset = 0x100
count = 4
stride = 8
access = "ro"
wide = true
doc = "Counters."
"#;

/// `RIGHT` with `old` replaced by `new` must be refused at the line of `line` with text `what`.
fn refused(old: &str, new: &str, line: &str, what: &str) {
    assert!(RIGHT.contains(old), "the test is stale: {old}");
    let text = RIGHT.replacen(old, new, 1);
    let Err(error) = headend_gen::parse(&text) else { panic!("accepted {new}") };
    assert!(error.contains(what), "expected `{what}` in: {error}");
    let number = 1 + text[..text.find(line).unwrap()].matches('\n').count();
    assert!(error.contains(&format!("tables.toml:{number}: ")), "expected line {number} in: {error}");
}

#[test]
fn the_right_one_is_accepted() {
    let model = headend_gen::parse(RIGHT).unwrap();
    let intf = &model.structs[1];
    assert_eq!(intf.width, 136);
    assert_eq!(intf.table.as_ref().unwrap().depth, 33);
    assert_eq!(intf.fields[3].lsb, 8);
}

#[test]
fn a_code_must_fit_its_width() {
    refused("value = 3,", "value = 4,", "\"Run\"", "value 4 of `op.Run` does not fit 2 bits");
}

#[test]
fn codes_are_unique() {
    refused("value = 3,", "value = 0,", "\"Run\"", "value 0 of `op.Run` is already that of `Nop`");
}

#[test]
fn names_are_unique() {
    refused("\"Run\"", "\"Nop\"", "\"Nop\", value = 3", "value `Nop` is defined twice");
    refused("\"RingEntryBytes\"", "\"Depth\"", "\"Depth\"\nvalue = 64", "param `Depth` is defined twice");
    refused("\"inner\"\ndoc", "\"op\"\ndoc", "\"op\"\ndoc", "`op` is defined twice");
    refused("\"level\"", "\"enable\"", "fields = [ { name = \"enable\"", "field `enable` is defined twice");
    refused(
        "name = \"count\"",
        "name = \"control\"",
        "\"control\"\noffset = 0x100",
        "register `control` is defined twice",
    );
}

#[test]
fn names_have_the_shape_of_their_kind() {
    refused("\"Run\"", "\"run\"", "\"run\"", "must be in CamelCase");
    refused("name = \"valid\"", "name = \"Valid\"", "\"Valid\"", "must be in snake_case");
    refused("name = \"valid\"", "name = \"table\"", "name = \"table\", width = 1", "`table` is a keyword");
}

#[test]
fn a_field_has_exactly_one_kind_of_size() {
    refused("name = \"valid\", width = 1", "name = \"valid\"", "name = \"valid\"", "exactly one of");
    refused("enum = \"op\"", "enum = \"op\", width = 2", "name = \"op\", enum", "exactly one of");
}

#[test]
fn what_a_field_refers_to_exists() {
    refused("enum = \"op\"", "enum = \"po\"", "name = \"op\", enum", "enum `po`, which does not exist");
    refused("struct = \"inner\"", "struct = \"rx_desc\"", "struct = \"rx_desc\"", "not defined before it");
}

#[test]
fn a_wide_number_must_be_bytes() {
    refused("width = 64, doc", "width = 136, doc", "\"addr\"", "a number of 136 bits");
    refused("width = 128, bytes", "width = 127, bytes", "\"secret\"", "multiple of 8 for bytes");
}

#[test]
fn ring_entries_have_their_exact_size() {
    refused("width = 448", "width = 440", "\"rx_desc\"", "has 504 bits, expected exactly 512");
}

#[test]
fn a_table_has_one_record_and_a_depth() {
    refused("table = \"Intf\"", "table = \"Adj\"", "\"intf\"", "table `Adj`, which enum `table` lacks");
    refused("depth = \"Depth * 2 + 1\"\n", "", "\"intf\"", "both `table` and `depth`");
    refused("Depth * 2", "Width * 2", "\"intf\"", "`Width` is neither a number nor a param");
    refused("Depth * 2 + 1", "0", "\"intf\"", "is 0, expected 1");
    refused(
        "value = 1, doc = \"Interfaces.\" }",
        "value = 1, doc = \"I.\" }, { name = \"Adj\", value = 2, doc = \"A.\" }",
        "\"Adj\"",
        "table `Adj` is the table of 0 structs",
    );
    refused("depth = ", "access = \"rw\"\ndepth = ", "\"intf\"", "expected `ro` or nothing");
    refused("name = \"rsvd\", width = 5", "name = \"rsvd\", width = 1780", "\"intf\"", "at most 1792");
}

#[test]
fn a_stage_must_exist() {
    refused("name = \"Run\", value", "name = \"Run\", stage = \"Qos\", value", "\"Run\"", "stage `Qos`");
}

#[test]
fn registers_do_not_overlap() {
    refused("offset = 0x100", "offset = 0x10", "\"count\"", "overlaps `control` at 0x10");
    refused("lsb = 4", "lsb = 0", "fields = [ { name = \"enable\"", "`control.level` overlaps another field");
    refused("lsb = 4, width = 4", "lsb = 30, width = 4", "\"level\"", "do not fit 32 bits");
}

#[test]
fn registers_stay_inside_the_bar() {
    refused("offset = 0x100", "offset = 0xff8", "\"count\"", "beyond the 0x1000 bytes");
    refused("offset = 0x10\n", "offset = 0x12\n", "\"control\"", "not a multiple of 4");
}

#[test]
fn register_shapes_are_checked() {
    refused("access = \"rw\"", "access = \"wo\"", "\"control\"", "expected `ro` or `rw`");
    refused("stride = 8\n", "", "\"count\"", "both `count` and `stride`");
    refused("stride = 8\n", "stride = 4\n", "\"count\"", "stride a multiple of 8");
    refused("access = \"ro\"\nwide", "access = \"rw\"\nwide", "\"count\"", "it must be `ro`");
}

#[test]
fn an_unknown_key_is_refused() {
    let text = RIGHT.replacen("major = 1", "major = 1\nmayor = 2", 1);
    let Err(error) = headend_gen::parse(&text) else { panic!("accepted") };
    assert!(error.contains("unknown field `mayor`") && error.contains("line 4"), "{error}");
}

#[test]
fn an_empty_depth_or_width_does_not_panic() {
    refused("name = \"valid\", width = 1", "name = \"valid\", width = 0", "\"valid\"", "must be at least 1");
    refused("\"op\"\nwidth = 2", "\"op\"\nwidth = 70", "\"op\"\nwidth", "expected 1 to 8");
}

#[test]
fn system_verilog_lists_the_first_field_last() {
    let model = headend_gen::parse(RIGHT).unwrap();
    let text = headend_gen::emit_sv::emit(&model);
    let order: Vec<usize> =
        ["    inner_t inner;", "    logic [4:0] rsvd;", "    logic [OP_W-1:0] op;", "    logic valid;"]
            .iter()
            .map(|line| text.find(line).unwrap_or_else(|| panic!("`{line}` missing")))
            .collect();
    assert!(order.is_sorted());
    for line in [
        "localparam int unsigned INTF_W = 136;",
        "OP_RUN = 2'd3",
        "} op_e;",
        "localparam int unsigned INTF_DEPTH = Depth * 2 + 1;",
        "localparam logic [15:0] REG_COUNT = 16'h0100;",
        "localparam logic [31:0] REG_CONTROL_LEVEL_MASK = 32'h000000f0;",
    ] {
        assert!(text.contains(line), "`{line}` missing");
    }
}

#[test]
fn a_stale_output_is_named() {
    let root = std::env::temp_dir().join(format!("headend-gen-{}", std::process::id()));
    std::fs::create_dir_all(root.join("hdl")).unwrap();
    std::fs::write(root.join("hdl/tables.toml"), RIGHT).unwrap();
    let run = |check: bool| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_headend-gen"));
        command.arg("--root").arg(&root);
        if check {
            command.arg("--check");
        }
        command.output().unwrap()
    };
    assert!(!run(true).status.success());
    assert!(run(false).status.success());
    assert!(run(true).status.success());
    std::fs::write(root.join("docs/registers.md"), "old").unwrap();
    let stale = run(true);
    let message = String::from_utf8_lossy(&stale.stderr).into_owned();
    std::fs::remove_dir_all(&root).unwrap();
    assert!(!stale.status.success());
    assert_eq!(message.trim(), "docs/registers.md: stale; run `make gen` and commit the result");
}
