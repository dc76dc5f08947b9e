// SPDX-License-Identifier: Apache-2.0
// Test module of headend-verilated: one register behind every port width class, and a combinational output.
// Latency: 1 cycle (q outputs), 0 cycles (sum_o). Byte 0 in bits 7:0.
`default_nettype none
module echo_wide #(
  parameter int unsigned Width = 100
) (
  input  wire logic             clk_i,
  input  wire logic             rst_ni,
  input  wire logic             bit_i,
  input  wire logic [4:0]       d5_i,
  input  wire logic [15:0]      d16_i,
  input  wire logic [26:0]      d27_i,
  input  wire logic [63:0]      d64_i,
  input  wire logic [Width-1:0] wide_i,
  output logic                  bit_o,
  output logic [4:0]            q5_o,
  output logic [15:0]           q16_o,
  output logic [26:0]           q27_o,
  output logic [63:0]           q64_o,
  output logic [Width-1:0]      wide_o,
  output logic [5:0]            sum_o
);
  assign sum_o = {1'b0, d5_i} + {5'd0, bit_i};

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      bit_o <= 1'b0;
      q5_o  <= '0;
      q16_o <= '0;
      q27_o <= '0;
      q64_o <= '0;
      wide_o <= '0;
    end else begin
      bit_o <= bit_i;
      q5_o  <= d5_i;
      q16_o <= d16_i;
      q27_o <= d27_i;
      q64_o <= d64_i;
      wide_o <= wide_i;
      assert (d16_i != 16'hdead) else $error("d16_i is dead");
    end
  end
endmodule
`default_nettype wire
