// SPDX-License-Identifier: Apache-2.0
//
// Skid buffer: cuts a ready/valid path in both directions.
//
// `m_valid_o`, `m_data_o` and `s_ready_o` come straight from registers, so neither valid nor ready passes
// through combinationally. One transfer per cycle is sustained.
//
// Latency: 1 cycle.

`default_nettype none

module skid_buffer #(
  parameter int unsigned Width = 8
) (
  input  wire              clk_i,
  input  wire              rst_ni,

  input  wire              s_valid_i,
  output logic             s_ready_o,
  input  wire  [Width-1:0] s_data_i,

  output logic             m_valid_o,
  input  wire              m_ready_i,
  output logic [Width-1:0] m_data_o
);

  // `skid_q` holds the word that arrived in the cycle in which the output stalled.
  logic             valid_q;
  logic             skid_valid_q;
  logic [Width-1:0] data_q;
  logic [Width-1:0] skid_q;

  logic             out_free;
  assign out_free  = !valid_q || m_ready_i;

  assign s_ready_o = !skid_valid_q;
  assign m_valid_o = valid_q;
  assign m_data_o  = data_q;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      valid_q      <= 1'b0;
      skid_valid_q <= 1'b0;
    end else if (out_free) begin
      valid_q      <= skid_valid_q || s_valid_i;
      skid_valid_q <= 1'b0;
    end else if (s_valid_i) begin
      skid_valid_q <= 1'b1;
    end
  end

  always_ff @(posedge clk_i) begin
    if (out_free) begin
      if (skid_valid_q) begin
        data_q <= skid_q;
      end else if (s_valid_i) begin
        data_q <= s_data_i;
      end
    end else if (s_valid_i && !skid_valid_q) begin
      skid_q <= s_data_i;
    end
  end

endmodule

`default_nettype wire
