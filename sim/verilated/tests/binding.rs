// SPDX-License-Identifier: Apache-2.0
//! The binding against a module that echoes ports of every storage class.

use headend_verilated::{Direction, Error, Library, Model};
use std::sync::Arc;

fn model(width: u64) -> Model {
    let dir = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/rtl");
    Model::new("echo_wide").source_dir(dir).param("Width", width)
}

fn checked() -> Arc<Library> {
    model(100).checked().build().unwrap()
}

#[test]
fn every_width_class_round_trips() {
    let mut dut = checked().instance();
    dut.reset(2);
    dut.set("bit_i", 3);
    dut.set("d5_i", 0x15);
    dut.set("d16_i", 0xbeef);
    dut.set("d27_i", 0x7ff_ff01);
    dut.set("d64_i", 0x0123_4567_89ab_cdef);
    let wide: Vec<u8> = (1..=13).collect();
    dut.set_bytes("wide_i", &wide);
    dut.settle();
    assert_eq!(dut.get("sum_o"), 0x16, "combinational output after settle");
    assert_eq!(dut.get("q5_o"), 0, "register before the edge");
    dut.edge();
    assert_eq!(dut.get("bit_o"), 1);
    assert_eq!(dut.get("q5_o"), 0x15);
    assert_eq!(dut.get("q16_o"), 0xbeef);
    assert_eq!(dut.get("q27_o"), 0x7ff_ff01);
    assert_eq!(dut.get("q64_o"), 0x0123_4567_89ab_cdef);
    assert_eq!(dut.get_bytes("wide_o"), &wide[..], "bits 99:96 hold the low half of byte 12");
    dut.set_u128("wide_i", u128::MAX);
    dut.clock();
    assert_eq!(dut.get_u128("wide_o"), (1 << 100) - 1, "cut to the port's width");
    assert_eq!(dut.cycles(), 4);
}

#[test]
fn port_table_has_names_widths_and_directions() {
    let library = checked();
    let find = |name: &str| library.ports().iter().find(|p| p.name == name).unwrap();
    assert_eq!((find("wide_o").width, find("wide_o").direction), (100, Direction::Output));
    assert_eq!((find("d27_i").width, find("d27_i").direction), (27, Direction::Input));
    assert!(library.find_port("absent").is_none());
}

#[test]
fn parameters_override_the_source() {
    let library = model(777).build().unwrap();
    let mut dut = library.instance();
    let (wide_i, wide_o) = (dut.port("wide_i"), dut.port("wide_o"));
    assert_eq!((wide_i.width(), wide_i.bytes()), (777, 98));
    dut.reset(1);
    let value: Vec<u8> = (0..98).map(|i| if i == 97 { 1 } else { i as u8 ^ 0x5a }).collect();
    dut.set_bytes(wide_i, &value);
    dut.clock();
    assert_eq!(dut.get_bytes(wide_o), &value[..]);
}

#[test]
#[should_panic(expected = "port of another model")]
fn a_port_of_another_model_is_refused() {
    let wide = model(777).build().unwrap().port("wide_i");
    checked().instance().set_bytes(wide, &[0; 98]);
}

#[test]
fn instances_do_not_share_state() {
    let library = checked();
    let (mut a, mut b) = (library.instance(), library.instance());
    a.reset(1);
    b.reset(1);
    a.set("d5_i", 7);
    a.clock();
    b.clock();
    assert_eq!((a.get("q5_o"), b.get("q5_o")), (7, 0));
}

#[test]
fn failed_assertion_panics_in_checked_models_only() {
    let mut dut = checked().instance();
    dut.reset(1);
    dut.set("d16_i", 0xdead);
    let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| dut.clock())).unwrap_err();
    let text = panic.downcast_ref::<String>().unwrap();
    assert!(text.contains("echo_wide.sv"), "{text}");
    let mut fast = model(100).build().unwrap().instance();
    fast.reset(1);
    fast.set("d16_i", 0xdead);
    fast.clock();
    assert_eq!(fast.get("q16_o"), 0xdead);
}

#[test]
fn trace_is_written_and_refused_without_support() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("t.fst");
    let mut dut = model(100).traced(true).build().unwrap().instance();
    dut.trace(&file).unwrap();
    dut.reset(2);
    for i in 0..50 {
        dut.set("d64_i", i);
        dut.clock();
    }
    drop(dut);
    assert!(std::fs::metadata(&file).unwrap().len() > 200);
    let mut plain = checked().instance();
    assert!(plain.trace(&file).unwrap_err().to_string().contains("without trace support"));
}

#[test]
fn errors_say_what_is_wrong() {
    let missing = Model::new("no_such_module").build().unwrap_err();
    assert!(matches!(missing, Error::NoModule { .. }), "{missing}");
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("bad_syntax.sv"), "module bad_syntax; assign = ;\nendmodule\n").unwrap();
    let broken = Model::new("bad_syntax").source_dir(dir.path()).build().unwrap_err().to_string();
    assert!(broken.contains("bad_syntax.sv:1"), "{broken}");
}
