// SPDX-License-Identifier: Apache-2.0
//
// For tests: egress_demux with the ports of each output by itself.

`default_nettype none

module egress_demux_ports (
    input  logic                        clk_i,
    input  logic                        rst_ni,
    input  logic                        s_valid_i,
    output logic                        s_ready_o,
    input  headend_tables_pkg::beat_t   s_beat_i,
    input  headend_tables_pkg::meta_t   s_meta_i,
    output logic                        m0_valid_o,
    input  logic                        m0_ready_i,
    output headend_tables_pkg::beat_t   m0_beat_o,
    output headend_tables_pkg::meta_t   m0_meta_o,
    output logic                        m1_valid_o,
    input  logic                        m1_ready_i,
    output headend_tables_pkg::beat_t   m1_beat_o,
    output headend_tables_pkg::meta_t   m1_meta_o,
    output logic                        m2_valid_o,
    input  logic                        m2_ready_i,
    output headend_tables_pkg::beat_t   m2_beat_o,
    output headend_tables_pkg::meta_t   m2_meta_o,
    output logic                        rel_valid_o,
    output logic [1:0]                  rel_egress_o,
    output logic [7:0]                  rel_beats_o
);

  headend_tables_pkg::beat_t beat;
  headend_tables_pkg::meta_t meta;
  egress_demux u_demux (
      .clk_i,
      .rst_ni,
      .s_valid_i,
      .s_ready_o,
      .s_beat_i,
      .s_meta_i,
      .m_valid_o({m2_valid_o, m1_valid_o, m0_valid_o}),
      .m_ready_i({m2_ready_i, m1_ready_i, m0_ready_i}),
      .m_beat_o (beat),
      .m_meta_o (meta),
      .rel_valid_o,
      .rel_egress_o,
      .rel_beats_o
  );
  assign m0_beat_o = beat;
  assign m1_beat_o = beat;
  assign m2_beat_o = beat;
  assign m0_meta_o = meta;
  assign m1_meta_o = meta;
  assign m2_meta_o = meta;

endmodule

`default_nettype wire
