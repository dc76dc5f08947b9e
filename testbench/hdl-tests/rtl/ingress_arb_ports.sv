// SPDX-License-Identifier: Apache-2.0
//
// For tests: ingress_arb with the ports of each source by itself.

`default_nettype none

module ingress_arb_ports (
    input  logic                        clk_i,
    input  logic                        rst_ni,
    input  logic                        s0_valid_i,
    output logic                        s0_ready_o,
    input  headend_tables_pkg::beat_t   s0_beat_i,
    input  headend_tables_pkg::meta_t   s0_meta_i,
    input  logic                        s1_valid_i,
    output logic                        s1_ready_o,
    input  headend_tables_pkg::beat_t   s1_beat_i,
    input  headend_tables_pkg::meta_t   s1_meta_i,
    input  logic                        s2_valid_i,
    output logic                        s2_ready_o,
    input  headend_tables_pkg::beat_t   s2_beat_i,
    input  headend_tables_pkg::meta_t   s2_meta_i,
    output logic                        m_valid_o,
    input  logic                        m_ready_i,
    output headend_tables_pkg::beat_t   m_beat_o,
    output headend_tables_pkg::meta_t   m_meta_o
);

  ingress_arb u_arb (
      .clk_i,
      .rst_ni,
      .s_valid_i({s2_valid_i, s1_valid_i, s0_valid_i}),
      .s_ready_o({s2_ready_o, s1_ready_o, s0_ready_o}),
      .s_beat_i ({s2_beat_i, s1_beat_i, s0_beat_i}),
      .s_meta_i ({s2_meta_i, s1_meta_i, s0_meta_i}),
      .m_valid_o,
      .m_ready_i,
      .m_beat_o,
      .m_meta_o
  );

endmodule

`default_nettype wire
