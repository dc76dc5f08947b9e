// SPDX-License-Identifier: Apache-2.0
//
// For tests: tx_port for two pipelines with the ports of each by itself.

`default_nettype none

module tx_port_pipes (
  input  wire                             clk_i,
  input  wire                             rst_ni,
  input  wire                             enable_i,
  input  wire                             s0_valid_i,
  output logic                            s0_ready_o,
  input  wire  headend_tables_pkg::beat_t s0_beat_i,
  output logic [15:0]                     free0_o,
  input  wire                             s1_valid_i,
  output logic                            s1_ready_o,
  input  wire  headend_tables_pkg::beat_t s1_beat_i,
  output logic [15:0]                     free1_o,
  output logic                            m_axis_tvalid,
  input  wire                             m_axis_tready,
  output logic [511:0]                    m_axis_tdata,
  output logic [63:0]                     m_axis_tkeep,
  output logic                            m_axis_tlast,
  output logic                            tx_frame_o,
  output logic [15:0]                     tx_bytes_o
);

  tx_port #(
    .NumPipes(2)
  ) u_tx_port (
    .clk_i,
    .rst_ni,
    .enable_i,
    .s_valid_i({s1_valid_i, s0_valid_i}),
    .s_ready_o({s1_ready_o, s0_ready_o}),
    .s_beat_i ({s1_beat_i, s0_beat_i}),
    .free_o   ({free1_o, free0_o}),
    .m_axis_tvalid,
    .m_axis_tready,
    .m_axis_tdata,
    .m_axis_tkeep,
    .m_axis_tlast,
    .tx_frame_o,
    .tx_bytes_o
  );

endmodule

`default_nettype wire
