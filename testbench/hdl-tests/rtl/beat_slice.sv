// SPDX-License-Identifier: Apache-2.0
//
// Test module: a beat stream with a side signal through one skid buffer, and a table of 16 records. `fault_i`
// breaks a rule of the stream, so that the tests of the agents can see them notice.
//
// Latency: 1 cycle (stream), 2 cycles (table). Data byte 0 in bits 7:0.

`default_nettype none

module beat_slice
(
  input  wire                            clk_i,
  input  wire                            rst_ni,
  input  wire  [1:0]                     fault_i,  // 0 none, 1 dirty last beat, 2 valid falls, 3 payload changes

  input  wire                            s_valid_i,
  output logic                           s_ready_o,
  input  wire  headend_tables_pkg::beat_t s_beat_i,
  input  wire  [15:0]                    s_side_i,

  output logic                           m_valid_o,
  input  wire                            m_ready_i,
  output logic [520:0]                   m_beat_o,
  output logic [15:0]                    m_side_o,

  input  wire                            tbl_req_i,
  input  wire                            tbl_we_i,
  input  wire  [7:0]                     tbl_sel_i,
  input  wire  [31:0]                    tbl_index_i,
  input  wire  [headend_tables_pkg::RecordBits-1:0] tbl_wdata_i,
  output logic                           tbl_ack_o,
  output logic [headend_tables_pkg::RecordBits-1:0] tbl_rdata_o
);

  logic                      valid;
  logic                      toggle_q;
  headend_tables_pkg::beat_t beat;

  skid_buffer #(
    .Width ($bits(headend_tables_pkg::beat_t) + 16)
  ) u_skid (
    .clk_i,
    .rst_ni,
    .s_valid_i,
    .s_ready_o,
    .s_data_i  ({s_side_i, s_beat_i}),
    .m_valid_o (valid),
    .m_ready_i,
    .m_data_o  ({m_side_o, beat})
  );

  assign m_valid_o = valid && !(fault_i == 2'd2 && toggle_q);
  assign m_beat_o  = beat ^ {9'd0, fault_i == 2'd1 && beat.eop, 511'd0} ^ {520'd0, fault_i == 2'd3 && toggle_q};

  logic [headend_tables_pkg::RecordBits-1:0] mem [0:15];
  logic          ack_q;

  always_ff @(posedge clk_i) begin
    toggle_q <= rst_ni && !toggle_q;
    ack_q    <= rst_ni && tbl_req_i && tbl_sel_i == 8'd7;
    if (tbl_req_i && tbl_we_i) mem[tbl_index_i[3:0]] <= tbl_wdata_i;
    tbl_ack_o   <= ack_q;
    tbl_rdata_o <= ack_q ? mem[tbl_index_i[3:0]] : '0;
  end

endmodule

`default_nettype wire
